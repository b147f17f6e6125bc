package sip_test

import (
	"runtime"
	"testing"
	"time"

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

// TestEndIsToldToWhoTakesOver: whoever handles a leg while it ends is told that it did,
// at whichever moment of its end he takes it over.
func TestEndIsToldToWhoTakesOver(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	caller := b.caller(t, siptest.Config{})
	for i := range 300 {
		c := caller.Dial(b.hotline())
		leg := receive(t, b.calls)
		answered, ended := make(chan sip.Event, 1), make(chan sip.Event, 1)
		leg.Handle(func(e sip.Event) {
			if _, is := e.(sip.Answered); is {
				answered <- e
			}
		})
		leg.Answer()
		c.Answered()
		receive(t, answered)
		go func() { _ = c.Call.Hangup(t.Context()) }()
		for at := time.Now().Add(time.Duration(i) * 4 * time.Microsecond); time.Now().Before(at); {
			runtime.Gosched()
		}
		leg.Handle(func(e sip.Event) {
			if _, is := e.(sip.Ended); is {
				ended <- e
			}
		})
		receive(t, ended)
		c.Ended()
	}
}
