package sip_test

import (
	"testing"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

func TestCallerHangsUp(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.caller(t, siptest.Config{}).Dial(b.hotline())
	leg := receive(t, b.calls)
	if in := leg.Incoming(); in.Dialed != "12345" || in.Trunk != "loopback" || in.Caller.E164 != "+861055550100" {
		t.Errorf("incoming = %+v", in)
	}
	leg.Ring()
	c.Ringing()
	leg.Answer()
	c.Answered()
	next[sip.Answered](t, b, leg)
	c.Hangup()
	if e := next[sip.Ended](t, b, leg); e.Cause != sip.EndHangup {
		t.Errorf("ended = %+v", e)
	}
	gone(t, leg)
}

func TestWeHangUp(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.caller(t, siptest.Config{}).Dial(b.hotline())
	leg := receive(t, b.calls)
	leg.Answer()
	c.Answered()
	next[sip.Answered](t, b, leg)
	leg.Hangup(sip.Hangup{})
	c.Ended()
	if e := next[sip.Ended](t, b, leg); e.Cause != sip.EndLocal {
		t.Errorf("ended = %+v", e)
	}
	gone(t, leg)
}

func TestPhoneAnswers(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone(t, "1001", siptest.Config{})
	leg := b.dial(t, "1001")
	in := p.Incoming()
	next[sip.Ringing](t, b, leg)
	in.Answer()
	next[sip.Answered](t, b, leg)
	in.Hangup()
	if e := next[sip.Ended](t, b, leg); e.Cause != sip.EndHangup {
		t.Errorf("ended = %+v", e)
	}
	gone(t, leg)
}

func TestPhoneRejects(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone(t, "1001", siptest.Config{})
	leg := b.dial(t, "1001")
	in := p.Incoming()
	next[sip.Ringing](t, b, leg)
	in.Reject(486)
	if e := next[sip.Ended](t, b, leg); e.Cause != sip.EndRejected || e.Code != 486 {
		t.Errorf("ended = %+v", e)
	}
	gone(t, leg)
}

func TestWeCancel(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone(t, "1001", siptest.Config{})
	leg := b.dial(t, "1001")
	in := p.Incoming()
	next[sip.Ringing](t, b, leg)
	leg.Hangup(sip.Hangup{Reason: `SIP;cause=200;text="Call completed elsewhere"`})
	next[sip.Ended](t, b, leg)
	in.Ended()
	if got := p.Expect("CANCEL").Get("Reason"); got != `SIP;cause=200;text="Call completed elsewhere"` {
		t.Errorf("Reason = %q", got)
	}
	gone(t, leg)
}
