package sip_test

import (
	"strings"
	"testing"
	"time"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// Session timers (RFC 4028) and glare (RFC 3261 14.1), with short seconds.

func fast(second time.Duration) func(*bed, *sip.Config) {
	return func(_ *bed, cfg *sip.Config) { cfg.SetSecond(second) }
}

const noUpdate = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS"

// A relaxed session is refreshed after half its time and has almost as much again
// before it expires; a brisk one has a sixth.
const (
	relaxed = "1800"
	brisk   = "90"
)

// timed is a call of script with a session timer, refreshed by refresher (uac: the
// caller).
func (b *bed) timed(t *testing.T, p siptest.TestPhone, interval, refresher string, change ...string) (*sip.Leg, *siptest.Dialog, *siptest.Message) {
	t.Helper()
	invite := b.invite(t, p, append(change, "Supported: timer", "Session-Expires: "+interval+";refresher="+refresher)...)
	leg := receive(t, b.calls)
	leg.Answer()
	ok := p.Expect("200 INVITE")
	if got := ok.Get("Session-Expires"); got != interval+";refresher="+refresher {
		t.Errorf("Session-Expires: %s", got)
	}
	p.Send(invite.Ack(ok))
	next[sip.Answered](t, b, leg)
	return leg, siptest.Caller(invite, ok), ok
}

func origin(sdp string) string {
	_, o, _ := strings.Cut(sdp, "o=")
	o, _, _ = strings.Cut(o, "\r\n")
	return o
}

func TestWeRefreshByUpdate(t *testing.T) {
	t.Parallel()
	b := newBed(t, fast(500*time.Microsecond))
	p := b.script(t)
	leg, d, _ := b.timed(t, p, relaxed, "uas")
	for range 3 { // twice as long as the session would have lived
		update := p.Expect("UPDATE")
		if update.Body != "" || update.Get("Session-Expires") != "1800;refresher=uac" || update.Get("Contact") == "" {
			t.Errorf("refresh: %s", update)
		}
		p.Reply(update, 200, "", "Session-Expires: 1800;refresher=uac")
	}
	b.hangup(t, p, d, leg)
}

func TestWeRefreshByReinviteWithTheSameDescription(t *testing.T) {
	t.Parallel()
	b := newBed(t, fast(500*time.Microsecond))
	p := b.script(t)
	leg, d, ok := b.timed(t, p, relaxed, "uas", noUpdate)
	audio := p.NewAudio()
	for range 3 {
		again := p.Expect("INVITE")
		if got := origin(again.Body); got != origin(ok.Body) || got == "" {
			t.Errorf("o=%s, want %s", got, origin(ok.Body))
		}
		p.Reply(again, 200, audio.Answer(again.Body), "Session-Expires: 1800;refresher=uac")
		p.Expect("ACK")
	}
	b.hangup(t, p, d, leg)
}

func TestPeerRefreshesUntilItDoesNot(t *testing.T) {
	t.Parallel()
	b := newBed(t, fast(500*time.Microsecond))
	p := b.script(t)
	leg, d, ok := b.timed(t, p, relaxed, "uac")
	if ok.Get("Require") != "timer" {
		t.Errorf("Require: %s", ok.Get("Require"))
	}
	for range 4 {
		p.Never("BYE", 300*time.Millisecond)
		p.Send(d.Request("UPDATE").With("Supported: timer", "Session-Expires: 1800;refresher=uac"))
		if res := p.Expect("200 UPDATE"); res.Get("Session-Expires") != "1800;refresher=uac" {
			t.Errorf("%s", res)
		}
	}
	bye := p.Expect("BYE")
	p.Reply(bye, 200, "")
	if !strings.Contains(bye.Get("Reason"), "Session expired") {
		t.Errorf("Reason: %s", bye.Get("Reason"))
	}
	b.over(t, leg, sip.EndExpired)
}

func TestSessionExpiresWhenOurRefreshIsRefused(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"no answer": 0, "500": 500, "a challenge": 401, "501": 501} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, fast(10*time.Millisecond))
			p := b.script(t)
			leg, _, _ := b.timed(t, p, brisk, "uas")
			update := p.Expect("UPDATE")
			if status > 0 {
				p.Reply(update, status, "")
			}
			p.Reply(p.Expect("BYE"), 200, "")
			b.over(t, leg, sip.EndExpired)
		})
	}
}

func TestRefreshOfACallThePeerForgot(t *testing.T) {
	t.Parallel()
	for _, status := range []int{481, 408} {
		for method, allow := range map[string]string{"UPDATE": "Allow: UPDATE", "INVITE": noUpdate} {
			t.Run(method, func(t *testing.T) {
				t.Parallel()
				b := newBed(t, fast(500*time.Microsecond))
				p := b.script(t)
				leg, _, _ := b.timed(t, p, relaxed, "uas", allow)
				p.Reply(p.Expect(method), status, "")
				p.Reply(p.Expect("BYE"), 481, "")
				b.over(t, leg, sip.EndGone)
			})
		}
	}
}

func TestRefreshAnsweredWith422IsLonger(t *testing.T) {
	t.Parallel()
	b := newBed(t, fast(500*time.Microsecond))
	p := b.script(t)
	leg, d, _ := b.timed(t, p, relaxed, "uas")
	p.Reply(p.Expect("UPDATE"), 422, "", "Min-SE: 3600")
	longer := p.Expect("UPDATE")
	if longer.Get("Session-Expires") != "3600;refresher=uac" || longer.Get("Min-SE") != "3600" {
		t.Errorf("%s", longer)
	}
	p.Reply(longer, 200, "", "Session-Expires: 3600;refresher=uac")
	b.hangup(t, p, d, leg)
}

func TestInviteAnsweredWith422IsSentAgain(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, first := b.rung(t, siptest.Config{})
	if got := first.Get("Session-Expires"); !strings.HasPrefix(got, "1800") || !strings.Contains(first.Get("Supported"), "timer") {
		t.Errorf("Session-Expires: %s", got)
	}
	p.Reply(first, 422, "", "Min-SE: 3600")
	p.Expect("ACK")
	again := p.Expect("INVITE")
	n, _ := again.CSeq()
	if again.Get("Session-Expires") != "3600" || again.Get("Min-SE") != "3600" || n != 2 || again.Get("Call-ID") != first.Get("Call-ID") {
		t.Errorf("%s", again)
	}
	b.pickUp(t, p, leg, again, "Session-Expires: 3600;refresher=uac")
	leg.Hangup(sip.Hangup{})
	p.Reply(p.Expect("BYE"), 200, "")
	b.over(t, leg, sip.EndLocal)
}

// Both sides send a re-INVITE at once: each gets 491, and we try again after a
// time that depends on who made the Call-ID.
func TestGlare(t *testing.T) {
	t.Parallel()
	const second = 50 * time.Millisecond
	glare := func(t *testing.T, b *bed, p siptest.TestPhone, d *siptest.Dialog, from, to time.Duration) {
		t.Helper()
		audio := p.NewAudio()
		ours := p.Expect("INVITE")
		theirs := p.Send(d.Request("INVITE").WithSDP(audio.SDP(siptest.SendOnly)))
		p.Send(theirs.Ack(p.Expect("491 INVITE")))
		p.Send(d.Request("UPDATE").WithSDP(audio.SDP(siptest.SendOnly)))
		p.Expect("491 UPDATE")
		p.Send(d.Request("UPDATE")) // no offer, no glare
		p.Expect("200 UPDATE")
		p.Reply(ours, 491, "")
		ack := p.Expect("ACK")
		again := p.Expect("INVITE")
		for again.Get("CSeq") == ours.Get("CSeq") { // sent again on a slow machine
			again = p.Expect("INVITE")
		}
		if wait := again.At.Sub(ack.At); wait < from-5*time.Millisecond || wait > to+2*time.Second { // a busy machine is late
			t.Errorf("tried again after %s, want %s to %s", wait, from, to)
		}
		p.Reply(again, 200, audio.Answer(again.Body), "Session-Expires: 90;refresher=uac")
		p.Expect("ACK")
	}
	t.Run("the caller made the Call-ID", func(t *testing.T) {
		t.Parallel()
		b := newBed(t, fast(second))
		p := b.script(t)
		leg, d, _ := b.timed(t, p, brisk, "uas", noUpdate)
		glare(t, b, p, d, 0, 2*second+time.Second)
		b.hangup(t, p, d, leg)
	})
	t.Run("we made the Call-ID", func(t *testing.T) {
		t.Parallel()
		b := newBed(t, fast(second))
		p, leg, invite := b.rung(t, siptest.Config{})
		d, _ := b.pickUp(t, p, leg, invite, noUpdate, "Session-Expires: 90;refresher=uac")
		glare(t, b, p, d, 2*second-5*time.Millisecond, 4*second+time.Second)
		b.hangup(t, p, d, leg)
	})
}

func TestByeDuringOurReinvite(t *testing.T) {
	t.Parallel()
	b := newBed(t, fast(500*time.Microsecond))
	p := b.script(t)
	leg, d, _ := b.timed(t, p, relaxed, "uas", noUpdate)
	again := p.Expect("INVITE")
	p.Reply(again, 100, "")
	b.hangup(t, p, d, leg)
	p.Reply(again, 487, "")
	p.Expect("ACK")
}

func TestOurByeDuringOurReinvite(t *testing.T) {
	t.Parallel()
	b := newBed(t, fast(500*time.Microsecond))
	p := b.script(t)
	leg, _, _ := b.timed(t, p, relaxed, "uas", noUpdate)
	again := p.Expect("INVITE")
	leg.Hangup(sip.Hangup{})
	bye := p.Expect("BYE")
	p.Reply(again, 200, p.NewAudio().Answer(again.Body))
	p.Expect("ACK")
	p.Reply(bye, 200, "")
	b.over(t, leg, sip.EndLocal)
}

func TestAnswerOfOurReinviteThatIsNone(t *testing.T) {
	t.Parallel()
	b := newBed(t, fast(500*time.Microsecond))
	p := b.script(t)
	leg, _, _ := b.timed(t, p, relaxed, "uas", noUpdate)
	p.Reply(p.Expect("INVITE"), 200, "")
	p.Expect("ACK")
	p.Reply(p.Expect("BYE"), 200, "")
	b.over(t, leg, sip.EndMedia)
}
