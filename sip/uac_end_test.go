package sip_test

import (
	"testing"
	"time"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// Ends of answered calls, and whether there is still somebody (RFC 3261 12.2.1.2, 15).

func TestByeCrossingOurs(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, invite := b.rung(t, siptest.Config{})
	d, _ := b.pickUp(t, p, leg, invite)
	leg.Hangup(sip.Hangup{})
	ours := p.Expect("BYE")
	p.Send(d.Request("BYE"))
	p.Expect("200 BYE")
	p.Reply(ours, 200, "")
	b.over(t, leg, sip.EndLocal)
}

func TestOurByeGetsNoUsefulAnswer(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"a challenge": 401, "481": 481, "500": 500, "no answer": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, hasty)
			p, leg, invite := b.rung(t, siptest.Config{})
			b.pickUp(t, p, leg, invite)
			leg.Hangup(sip.Hangup{Cause: sip.EndShutdown, Reason: "Q.850;cause=16"})
			bye := p.Expect("BYE")
			if bye.Get("Reason") != "Q.850;cause=16" {
				t.Errorf("%s", bye)
			}
			if status > 0 {
				p.Reply(bye, status, "", `WWW-Authenticate: Digest realm="x", nonce="y"`)
			}
			b.over(t, leg, sip.EndShutdown)
			if status > 0 {
				quiet(t, p, "BYE", 50*time.Millisecond)
			}
		})
	}
}

func TestReasonOfAByeIsReadNotCopied(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, invite := b.rung(t, siptest.Config{})
	d, _ := b.pickUp(t, p, leg, invite)
	p.Send(d.Request("BYE").With("Reason: Q.850;cause=16;text=\"Normal\u202e clearing\", SIP;cause=200"))
	p.Expect("200 BYE")
	if e := b.over(t, leg, sip.EndHangup); e.Reason != "Q.850 16 Normal clearing" {
		t.Errorf("%q", e.Reason)
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int // 0: silence
		lost   bool
	}{
		"answered": {status: 200}, "not understood": {status: 501}, "challenged": {status: 401},
		"a call unknown": {status: 481, lost: true}, "a timeout on the way": {status: 408, lost: true}, "silence": {lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			p, leg, invite := b.rung(t, siptest.Config{})
			d, _ := b.pickUp(t, p, leg, invite)
			leg.Probe()
			leg.Probe() // while the first is open
			options := p.Expect("OPTIONS")
			if c.status > 0 {
				p.Reply(options, c.status, "")
			}
			if c.lost {
				p.Reply(p.Expect("BYE"), 481, "")
				b.over(t, leg, sip.EndGone)
				return
			}
			p.Never("BYE", 600*time.Millisecond) // longer than an answer may take
			p.Never("OPTIONS", time.Millisecond)
			b.hangup(t, p, d, leg)
		})
	}
}

func TestPhoneThatVanishedIsUnreachable(t *testing.T) {
	t.Parallel()
	b := newBed(t, hasty)
	p := b.phone(t, "1001", siptest.Config{})
	p.Close()
	leg := b.dial(t, "1001")
	b.over(t, leg, sip.EndTimeout)
}
