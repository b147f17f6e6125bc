package sip_test

import (
	"strings"
	"testing"
	"time"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// Calls we make (RFC 3261 9.1, 13.2, 15; RFC 6026).

func TestPhoneSaysNo(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"busy": 486, "declines": 603, "is elsewhere": 302, "wants credentials": 401, "knows no such user": 404} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			p, leg, invite := b.rung(t, siptest.Config{})
			p.Reply(invite, status, "", "Contact: <sip:1003@127.0.0.1:9>", `WWW-Authenticate: Digest realm="x", nonce="y"`)
			p.Expect("ACK")
			if e := b.over(t, leg, sip.EndRejected); e.Code != status {
				t.Errorf("%+v", e)
			}
			p.Never("INVITE", 100*time.Millisecond) // nobody is asked again or instead
		})
	}
}

func TestRejectionIsShownWithoutControlCharacters(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, invite := b.rung(t, siptest.Config{})
	res := invite.Response(486, "tag")
	res.Reason = "Busy \u202ehere"
	p.Send(res)
	p.Expect("ACK")
	if e := b.over(t, leg, sip.EndRejected); e.Reason != "Busy here" {
		t.Errorf("%q", e.Reason)
	}
}

// TestPhoneNeverAnswersAtAll: it is asked again after 500 ms, 1 s more and so on (RFC 3261
// 17.1.1.2), until the call is given up.
func TestPhoneNeverAnswersAtAll(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(_ *bed, cfg *sip.Config) { cfg.T1 = 20 * time.Millisecond }) // 64·T1 is 1.28 s
	began := time.Now()
	p, leg, invite := b.rung(t, siptest.Config{})
	if e := b.over(t, leg, sip.EndTimeout); e.Code != 408 {
		t.Errorf("%+v", e)
	}
	most, took := 1, time.Since(began)
	for wait := 500 * time.Millisecond; took >= wait; wait *= 2 {
		most, took = most+1, took-wait
	}
	if n := p.CountAll("INVITE"); n < 2 || n > most {
		t.Errorf("%d INVITE sent, want 2 to %d", n, most)
	}
	p.Reply(invite, 200, p.NewAudio().Answer(invite.Body)) // nobody is there any more
	quiet(t, p, "INVITE", 100*time.Millisecond)
}

func TestPhoneOnlySaysTrying(t *testing.T) {
	t.Parallel()
	b := newBed(t, hasty)
	p, leg, invite := b.rung(t, siptest.Config{})
	p.Reply(invite, 100, "")
	quiet(t, p, "INVITE", time.Second) // longer than a phone that says nothing is waited for
	leg.Hangup(sip.Hangup{Cause: sip.EndLocal})
	p.Reply(p.Expect("CANCEL"), 200, "")
	p.Reply(invite, 487, "")
	p.Expect("ACK")
	b.over(t, leg, sip.EndLocal) // and it never rang
}

func TestPhoneRingsTwentyTimes(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, invite := b.rung(t, siptest.Config{})
	for range 20 {
		p.Reply(invite, 180, "")
		next[sip.Ringing](t, b, leg)
	}
	d, _ := b.pickUp(t, p, leg, invite)
	b.hangup(t, p, d, leg)
}

func TestAnswerCounts(t *testing.T) {
	t.Parallel()
	for name, sdp := range map[string]func(early, late string) string{
		"the 200 says otherwise than the 183": func(_, late string) string { return late },
		"the 200 repeats the 183":             func(early, _ string) string { return early },
		"the 200 says nothing":                func(string, string) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			p, leg, invite := b.rung(t, siptest.Config{})
			early, late := p.NewAudio(), p.NewAudio()
			first, second := early.Answer(invite.Body), late.Answer(invite.Body)
			p.Reply(invite, 183, first)
			if e := next[sip.Ringing](t, b, leg); e.Code != 183 {
				t.Errorf("%+v", e)
			}
			p.Reply(invite, 180, "")
			next[sip.Ringing](t, b, leg)
			body := sdp(first, second)
			ok := p.Reply(invite, 200, body)
			p.Expect("ACK")
			next[sip.Answered](t, b, leg)
			used, other := early, late
			if body == second {
				used, other = late, early
			}
			used.Say(800)
			stop := b.echo(leg)
			used.Hears(800)
			other.Silent(800, 100*time.Millisecond)
			stop()
			b.hangup(t, p, siptest.Callee(invite, ok), leg)
		})
	}
}

func TestForkedAnswers(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, invite := b.rung(t, siptest.Config{})
	one, two := "To: "+invite.Get("To")+";tag=one", "To: "+invite.Get("To")+";tag=two"
	first, second := p.NewAudio(), p.NewAudio()
	p.Reply(invite, 180, "", one)
	next[sip.Ringing](t, b, leg)
	p.Reply(invite, 183, second.Answer(invite.Body), two)
	next[sip.Ringing](t, b, leg)
	won := p.Reply(invite, 200, first.Answer(invite.Body), one)
	if tag := p.Expect("ACK").Param("To", "tag"); tag != "one" {
		t.Errorf("ACK to %s", tag)
	}
	next[sip.Answered](t, b, leg)
	lost := p.Reply(invite, 200, second.Answer(invite.Body), two)
	if tag := p.Expect("ACK").Param("To", "tag"); tag != "two" {
		t.Errorf("ACK to %s", tag)
	}
	bye := p.Expect("BYE")
	if tag := bye.Param("To", "tag"); tag != "two" {
		t.Errorf("BYE to %s", tag)
	}
	p.Reply(bye, 200, "")
	for _, repeated := range []*siptest.Message{lost, won, lost} { // each gets its own ACK, nobody another BYE
		p.Send(repeated)
		if got, want := p.Expect("ACK").Param("To", "tag"), repeated.Param("To", "tag"); got != want {
			t.Errorf("ACK to %s, want %s", got, want)
		}
	}
	stop := b.echo(leg)
	first.Say(800)
	second.Say(1500)
	first.Hears(800)
	second.Silent(800, 100*time.Millisecond)
	stop()
	p.Never("BYE", 50*time.Millisecond)
	b.hangup(t, p, siptest.Callee(invite, won), leg)
}

func TestRepeatedAnswerGetsTheSameAck(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, invite := b.rung(t, siptest.Config{})
	ok := p.Reply(invite, 200, p.NewAudio().Answer(invite.Body))
	ack := p.Expect("ACK")
	next[sip.Answered](t, b, leg)
	for range 5 {
		p.Send(ok)
		if again := p.Expect("ACK"); again.Get("CSeq") != ack.Get("CSeq") || again.URI != ack.URI {
			t.Errorf("%s, want %s", again, ack)
		}
	}
	if n, _ := ack.CSeq(); n != 1 {
		t.Errorf("CSeq of ACK: %d", n)
	}
	leg.Hangup(sip.Hangup{})
	bye := p.Expect("BYE")
	p.Send(ok) // the ACK was lost all the time
	p.Expect("ACK")
	p.Reply(bye, 200, "")
	b.over(t, leg, sip.EndLocal)
}

// A 2xx may come when the transaction of its INVITE is long over.
func TestAnswerWithoutATransaction(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, invite := b.rung(t, siptest.Config{})
	branch := invite.Param("Via", "branch")
	stray := func(m *siptest.Message) *siptest.Message {
		return m.Clone().With("Via: " + strings.Replace(invite.Get("Via"), branch, "z9hG4bKstray", 1))
	}
	p.Send(stray(invite.Response(200, "one").WithSDP(p.NewAudio().Answer(invite.Body)).With("Contact: " + p.Contact())))
	p.Never("ACK", 100*time.Millisecond) // it answers nothing of ours yet
	ok := p.Reply(invite, 200, p.NewAudio().Answer(invite.Body))
	p.Expect("ACK")
	next[sip.Answered](t, b, leg)
	p.Send(stray(ok))
	if got := p.Expect("ACK").Param("To", "tag"); got != ok.Param("To", "tag") {
		t.Errorf("ACK to %s", got)
	}
	fork := p.Send(stray(invite.Response(200, "two").WithSDP(ok.Body).With("Contact: " + p.Contact())))
	p.Expect("ACK")
	bye := p.Expect("BYE")
	if bye.Param("To", "tag") != fork.Param("To", "tag") {
		t.Errorf("%s", bye)
	}
	p.Reply(bye, 200, "")
	p.Send(stray(ok.Clone().With("CSeq: 9 INVITE")))
	p.Send(stray(ok.Clone().With("Call-ID: another")))
	p.Never("ACK", 100*time.Millisecond)
	b.hangup(t, p, siptest.Callee(invite, ok), leg)
}

func TestHangupBeforeAnyResponseCancelsAfterTheFirst(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, invite := b.rung(t, siptest.Config{})
	leg.Hangup(sip.Hangup{Reason: `SIP;cause=200;text="Call completed elsewhere"`})
	if e := next[sip.Ended](t, b, leg); e.Cause != sip.EndLocal { // at once
		t.Errorf("%+v", e)
	}
	p.Never("CANCEL", 200*time.Millisecond)
	p.Reply(invite, 180, "")
	cancel := p.Expect("CANCEL")
	if got := cancel.Get("Reason"); got != `SIP;cause=200;text="Call completed elsewhere"` {
		t.Errorf("Reason: %s", got)
	}
	if cancel.Get("Via") != invite.Get("Via") || cancel.Get("To") != invite.Get("To") || cancel.URI != invite.URI {
		t.Errorf("%s does not match %s", cancel, invite)
	}
	p.Reply(cancel, 200, "")
	p.Reply(invite, 487, "")
	p.Expect("ACK")
	gone(t, leg)
}

func TestHangupBeforeAnyResponseOfAPhoneThatIsDead(t *testing.T) {
	t.Parallel()
	b := newBed(t, hasty)
	p, leg, _ := b.rung(t, siptest.Config{})
	leg.Hangup(sip.Hangup{})
	b.over(t, leg, sip.EndLocal)
	p.Never("CANCEL", 50*time.Millisecond)
}

// The phone is picked up when its leg is over already: it gets ACK and BYE, and
// nothing said on either side is heard on the other.
func TestPickedUpTooLate(t *testing.T) {
	t.Parallel()
	const elsewhere = `SIP;cause=200;text="Call completed elsewhere"`
	for name, c := range map[string]struct {
		rings  bool // before the hang-up
		cancel int  // answer to CANCEL; 0: none
	}{
		"crossing the CANCEL":                     {rings: true, cancel: 200},
		"and CANCEL gets 481":                     {rings: true, cancel: 481},
		"and CANCEL gets no answer":               {rings: true},
		"before CANCEL was allowed, as its first": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			p, leg, invite := b.rung(t, siptest.Config{})
			stop := b.echo(leg)
			defer stop()
			if c.rings {
				p.Reply(invite, 180, "")
				next[sip.Ringing](t, b, leg)
			}
			leg.Hangup(sip.Hangup{Reason: elsewhere})
			audio := p.NewAudio()
			sdp := audio.Answer(invite.Body)
			audio.Say(900)
			if c.rings {
				cancel := p.Expect("CANCEL")
				if c.cancel > 0 {
					p.Reply(cancel, c.cancel, "")
				}
			}
			p.Reply(invite, 200, sdp)
			p.Expect("ACK")
			bye := p.Expect("BYE")
			if bye.Get("Reason") != elsewhere {
				t.Errorf("Reason: %s", bye.Get("Reason"))
			}
			audio.Silent(900, 200*time.Millisecond)
			p.Reply(bye, 200, "")
			b.over(t, leg, sip.EndLocal)
			if n := leg.Media().Stats().PacketsOut; n > 0 {
				t.Errorf("%d packets sent", n)
			}
		})
	}
}

func TestPhoneIgnoresCancel(t *testing.T) {
	t.Parallel()
	b := newBed(t, hasty)
	p, leg, invite := b.rung(t, siptest.Config{})
	p.Reply(invite, 180, "")
	next[sip.Ringing](t, b, leg)
	leg.Hangup(sip.Hangup{})
	p.Expect("CANCEL")
	b.over(t, leg, sip.EndLocal) // after 64·T1
	if n := b.ua.Legs(); n > 0 {
		t.Errorf("%d legs", n)
	}
}

func TestAnswerThatIsNotUsable(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*siptest.Message){
		"no Contact":       func(m *siptest.Message) { m.With("Contact:") },
		"no SDP":           func(m *siptest.Message) { m.WithSDP("") },
		"an SDP like none": func(m *siptest.Message) { m.WithSDP("v=0\r\nhello\r\n") },
		"a refused stream": func(m *siptest.Message) {
			m.WithSDP("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 8\r\n")
		},
		"a codec not asked": func(m *siptest.Message) {
			m.WithSDP("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 18\r\n")
		},
		"another body": func(m *siptest.Message) { m.With("Content-Type: text/plain") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			p, leg, invite := b.rung(t, siptest.Config{})
			res := invite.Response(200, "tag").WithSDP(p.NewAudio().Answer(invite.Body)).With("Contact: " + p.Contact())
			change(res)
			p.Send(res)
			if ack := p.Expect("ACK"); ack.Param("To", "tag") != "tag" {
				t.Errorf("%s", ack)
			}
			p.Reply(p.Expect("BYE"), 200, "")
			b.over(t, leg, sip.EndMedia)
		})
	}
}

func TestByeOvertakingTheAnswer(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, invite := b.rung(t, siptest.Config{})
	ok := invite.Response(200, "tag").WithSDP(p.NewAudio().Answer(invite.Body)).With("Contact: " + p.Contact())
	p.Send(siptest.Callee(invite, ok).Request("BYE")) // as sipgo may hand them over
	p.Send(ok)
	p.Expect("ACK")
	p.Expect("200 BYE")
	next[sip.Answered](t, b, leg)
	b.over(t, leg, sip.EndHangup)
}

func TestRequestsBeforeTheAnswerAreRefusedInTheEnd(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, leg, invite := b.rung(t, siptest.Config{})
	ringing := p.Reply(invite, 180, "")
	next[sip.Ringing](t, b, leg)
	d := siptest.Callee(invite, ringing)
	for method, want := range map[string]string{"UPDATE": "491", "BYE": "481", "INFO": "481", "OPTIONS": "481"} {
		p.Send(d.Request(method))
		p.Expect(want + " " + method)
	}
	b.pickUp(t, p, leg, invite)
	b.hangup(t, p, d, leg)
}
