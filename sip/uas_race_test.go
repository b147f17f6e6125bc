package sip_test

import (
	"testing"
	"time"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// Races of a caller's first INVITE (RFC 3261 9, 13.3, 14, 15; RFC 5407).

func TestCancelBeforeRinging(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	leg := receive(t, b.calls)
	p.Send(invite.Cancel())
	p.Expect("200 CANCEL")
	p.Send(invite.Ack(p.Expect("487 INVITE")))
	b.over(t, leg, sip.EndCancelled)
}

func TestCancelWhileRingingEndsTheCall(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.caller(t, siptest.Config{}).Dial(b.hotline())
	leg := receive(t, b.calls)
	leg.Ring()
	c.Ringing()
	c.Hangup()
	if m := c.Ended(); m.Status != 487 {
		t.Errorf("the caller's end: %s", m)
	}
	b.over(t, leg, sip.EndCancelled)
}

// The CANCEL is served while the leg still has to act on something that came
// before: whatever it sends then must not take the place of the 487.
func TestCancelCrossingOurResponse(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(*sip.Leg){
		"a 200":            (*sip.Leg).Answer,
		"a 180":            (*sip.Leg).Ring,
		"a 486":            func(l *sip.Leg) { l.Reject(486, "Busy Here") },
		"a hang-up":        func(l *sip.Leg) { l.Hangup(sip.Hangup{}) },
		"a 180, then 200":  func(l *sip.Leg) { l.Ring(); l.Answer() },
		"nothing from us ": func(*sip.Leg) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			busy := make(chan struct{})
			b := newBed(t, func(b *bed, _ *sip.Config) { b.onCall = func(*sip.Leg) { <-busy } })
			p := b.script(t)
			invite := b.invite(t, p)
			leg := receive(t, b.calls)
			act(leg)
			p.Send(invite.Cancel())
			p.Expect("200 CANCEL")
			p.Expect("487 INVITE")
			close(busy)
			b.over(t, leg, sip.EndCancelled)
			p.Expect("487 INVITE") // sipgo repeats its last response after T1 of its own, 500 ms
			p.Expect("487 INVITE")
			p.Send(invite) // and to a repeated INVITE
			res := p.Expect("487 INVITE")
			for _, wrong := range []string{"2xx INVITE", "18x INVITE", "180 INVITE", "480 INVITE", "486 INVITE"} {
				if n := p.Count(wrong); n > 0 {
					t.Errorf("%d × %s after 487", n, wrong)
				}
			}
			p.Send(invite.Ack(res))
		})
	}
}

func TestCancelOvertakingItsInvite(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := p.Request("INVITE", b.hotline()).WithSDP(p.NewAudio().SDP(siptest.SendRecv)).
		With("Via: SIP/2.0/UDP " + p.Addr().String() + ";branch=z9hG4bKovertaken;rport")
	p.Send(invite.Cancel())
	p.Expect("481 CANCEL")
	p.Send(invite)
	p.Send(invite.Ack(p.Expect("487 INVITE")))
	if code := receive(t, b.refused); code != 487 {
		t.Errorf("refused with %d", code)
	}
	if n := len(b.calls); n > 0 {
		t.Errorf("%d calls", n)
	}
}

func TestCancelAfterOurAnswerChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	leg := receive(t, b.calls)
	leg.Answer()
	ok := p.Expect("200 INVITE")
	p.Send(invite.Cancel())
	p.Expect("200 CANCEL")
	p.Send(invite.Ack(ok))
	next[sip.Answered](t, b, leg)
	p.Never("487 INVITE", 200*time.Millisecond)
	b.hangup(t, p, siptest.Caller(invite, ok), leg)
}

func TestByeBeforeAckEndsTheCall(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	leg := receive(t, b.calls)
	leg.Answer()
	ok := p.Expect("200 INVITE")
	next[sip.Answered](t, b, leg)
	b.hangup(t, p, siptest.Caller(invite, ok), leg)
	quiet(t, p, "200 INVITE", 300*time.Millisecond)
}

func TestByeBeforeOurAnswer(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	leg := receive(t, b.calls)
	leg.Ring()
	ringing := p.Expect("180 INVITE")
	p.Send(siptest.Caller(invite, ringing).Request("BYE"))
	p.Expect("200 BYE")
	p.Send(invite.Ack(p.Expect("487 INVITE")))
	b.over(t, leg, sip.EndCancelled)
}

func TestAnswerIsRepeatedUntilItsAckNeverComes(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	b.invite(t, p)
	leg := receive(t, b.calls)
	leg.Answer()
	next[sip.Answered](t, b, leg)
	const t1 = 50 * time.Millisecond
	first := p.Expect("200 INVITE")
	var want time.Duration
	for i, wait := range []time.Duration{t1, 2 * t1, 4 * t1, 8 * t1, 8 * t1} {
		want += wait
		// A busy machine is late, with the first, too; doubling must be seen all the
		// same.
		if got := p.Expect("200 INVITE").At.Sub(first.At); got < want-3*t1 || got > want+20*t1 {
			t.Errorf("repetition %d after %s, want %s", i+1, got, want)
		}
	}
	bye := p.Expect("BYE")
	if got := bye.At.Sub(first.At); got < 60*t1 || got > 100*t1 {
		t.Errorf("BYE after %s, want %s", got, 64*t1)
	}
	p.Reply(bye, 200, "")
	b.over(t, leg, sip.EndNoAck)
	if n := b.metric(t, "shouwen_sip_retransmissions_total", `method="INVITE"`); n < 7 {
		t.Errorf("%v retransmissions counted", n)
	}
}

// BYE may not overtake the ACK: a caller who missed the 200 would know of neither.
func TestOurByeWaitsForTheAck(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	leg := receive(t, b.calls)
	leg.Answer()
	next[sip.Answered](t, b, leg)
	leg.Hangup(sip.Hangup{Reason: "Q.850;cause=16"})
	if e := next[sip.Ended](t, b, leg); e.Cause != sip.EndLocal { // at once
		t.Errorf("%+v", e)
	}
	p.Expect("200 INVITE")
	p.Expect("200 INVITE")
	ok := p.Expect("200 INVITE")
	p.Never("BYE", time.Millisecond)
	p.Send(invite.Ack(ok))
	bye := p.Expect("BYE")
	if bye.Get("Reason") != "Q.850;cause=16" {
		t.Errorf("Reason: %s", bye.Get("Reason"))
	}
	p.Reply(bye, 200, "")
	gone(t, leg)
	if n := len(b.events); n > 0 {
		t.Errorf("%d events after the end", n)
	}
}

func TestAckWithTheBranchOfItsInvite(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	leg := receive(t, b.calls)
	leg.Answer()
	ok := p.Expect("200 INVITE")
	next[sip.Answered](t, b, leg)
	p.Send(invite.Ack(ok).With("Via: " + invite.Get("Via")))
	d := siptest.Caller(invite, ok)
	p.Send(d.Request("OPTIONS")) // the ACK is served once this is
	p.Expect("200 OPTIONS")
	quiet(t, p, "200 INVITE", 500*time.Millisecond)
	b.hangup(t, p, d, leg)
}

func TestAckOfAnotherCSeqStopsNothing(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	leg := receive(t, b.calls)
	leg.Answer()
	ok := p.Expect("200 INVITE")
	next[sip.Answered](t, b, leg)
	p.Send(invite.Ack(ok).With("CSeq: 77 ACK"))
	p.Send(invite.Ack(ok).With("From: <sip:somebody@127.0.0.1>;tag=else"))
	p.Expect("200 INVITE")
	p.Expect("200 INVITE")
	p.Send(invite.Ack(ok))
	d := siptest.Caller(invite, ok)
	p.Send(d.Request("OPTIONS"))
	p.Expect("200 OPTIONS")
	quiet(t, p, "200 INVITE", 500*time.Millisecond)
	b.hangup(t, p, d, leg)
}

func TestRepeatedInviteIsOneCall(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	leg := receive(t, b.calls)
	p.Send(invite)
	leg.Ring()
	p.Expect("180 INVITE")
	p.Send(invite)
	p.Expect("180 INVITE")
	leg.Answer()
	ok := p.Expect("200 INVITE")
	p.Send(invite.Ack(ok))
	next[sip.Answered](t, b, leg)
	p.Send(invite) // late: the call is up
	b.hangup(t, p, siptest.Caller(invite, ok), leg)
	if n := len(b.calls); n > 0 {
		t.Errorf("%d more calls", n)
	}
	if n := b.metric(t, "shouwen_sip_requests_total", `direction="received",method="INVITE"`); n != 1 {
		t.Errorf("%v INVITE counted", n)
	}
}

// sipgo says 100 only to who waits for it.
func TestCallerInAHurryIsToldTrying(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	p.Send(invite)
	p.Send(invite)
	trying(t, p, invite)
	leg := receive(t, b.calls)
	p.Send(invite.Cancel())
	p.Send(invite.Ack(p.Expect("487 INVITE")))
	b.over(t, leg, sip.EndCancelled)
}

func TestInviteThatCameTwoWaysIsRefused(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	leg := receive(t, b.calls)
	merged := p.Send(invite.Clone().With("Via:"))
	p.Send(merged.Ack(p.Expect("482 INVITE")))
	leg.Answer()
	ok := p.Expect("200 INVITE")
	p.Send(invite.Ack(ok))
	next[sip.Answered](t, b, leg)
	b.hangup(t, p, siptest.Caller(invite, ok), leg)
	if n := len(b.refused); n > 0 {
		t.Errorf("a merged request is no refused call: %d", <-b.refused)
	}
}

func TestSecondInviteBeforeTheFirstIsAnswered(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	leg := receive(t, b.calls)
	leg.Ring()
	d := siptest.Caller(invite, p.Expect("180 INVITE"))
	again := p.Send(d.Request("INVITE").WithSDP(p.NewAudio().SDP(siptest.SendRecv)))
	res := p.Expect("500 INVITE")
	p.Send(again.Ack(res))
	if res.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	leg.Answer()
	p.Send(invite.Ack(p.Expect("200 INVITE")))
	next[sip.Answered](t, b, leg)
	b.hangup(t, p, d, leg)
}

func TestReinviteBeforeTheAckWaitsForIt(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	leg := receive(t, b.calls)
	leg.Answer()
	ok := p.Expect("200 INVITE")
	next[sip.Answered](t, b, leg)
	d := siptest.Caller(invite, ok)
	hold := p.Send(d.Request("INVITE").WithSDP(p.NewAudio().SDP(siptest.SendOnly)))
	trying(t, p, hold)
	third := p.Send(d.Request("INVITE").WithSDP(p.NewAudio().SDP(siptest.SendOnly)))
	p.Send(third.Ack(p.Expect("500 INVITE"))) // one waits, no more
	p.Send(invite.Ack(ok))
	next[sip.Held](t, b, leg)
	for {
		res := p.Expect("200 INVITE")
		if res.Get("CSeq") == hold.Get("CSeq") {
			p.Send(hold.Ack(res))
			break
		}
	}
	b.hangup(t, p, d, leg)
}

func TestReinviteWithoutTheAckIsRefusedInTheEnd(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	leg := receive(t, b.calls)
	leg.Answer()
	ok := p.Expect("200 INVITE")
	next[sip.Answered](t, b, leg)
	d := siptest.Caller(invite, ok)
	again := p.Send(d.Request("INVITE").WithSDP(p.NewAudio().SDP(siptest.SendRecv)))
	p.Send(again.Ack(p.Expect("491 INVITE")))
	p.Send(invite.Ack(ok))
	b.hangup(t, p, d, leg)
}

func TestByeAnswersTheInviteThatWaits(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	leg := receive(t, b.calls)
	leg.Answer()
	ok := p.Expect("200 INVITE")
	next[sip.Answered](t, b, leg)
	d := siptest.Caller(invite, ok)
	again := p.Send(d.Request("INVITE").WithSDP(p.NewAudio().SDP(siptest.SendRecv)))
	trying(t, p, again)
	b.hangup(t, p, d, leg)
	p.Send(again.Ack(p.Expect("487 INVITE")))
}
