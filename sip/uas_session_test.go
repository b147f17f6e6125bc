package sip_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// Offer and answer inside a caller's dialog (RFC 3261 14, RFC 3264, RFC 3311).

// echoing sends every leg its own audio back, as soon as there is some.
func echoing(b *bed, _ *sip.Config) {
	b.onCall = func(l *sip.Leg) { b.echo(l) }
}

func TestInviteWithoutOfferGetsOurs(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][]string{
		"no body":                    nil,
		"an empty body of type SDP":  {"Content-Type: application/sdp"},
		"an empty body, length zero": {"Content-Type: application/sdp", "Content-Length: 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, echoing)
			p := b.script(t)
			invite := p.Send(p.Request("INVITE", b.hotline()).With(change...))
			leg := receive(t, b.calls)
			leg.Answer()
			ok := p.Expect("200 INVITE")
			if !strings.Contains(ok.Body, " 8 0 101") {
				t.Errorf("offer: %s", ok.Body)
			}
			audio := p.NewAudio()
			p.Send(invite.Ack(ok).WithSDP(audio.Answer(ok.Body)))
			next[sip.Answered](t, b, leg)
			audio.Say(700)
			audio.Hears(700)
			b.hangup(t, p, siptest.Caller(invite, ok), leg)
		})
	}
}

func TestOurOfferNotAnsweredInTheAck(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"no answer":  "",
		"bad answer": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 18\r\n",
		"no SDP":     "hello\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			p := b.script(t)
			invite := p.Send(p.Request("INVITE", b.hotline()))
			leg := receive(t, b.calls)
			leg.Answer()
			ok := p.Expect("200 INVITE")
			p.Send(invite.Ack(ok).WithSDP(answer))
			bye := p.Expect("BYE")
			if !strings.Contains(bye.Get("Reason"), "cause=488") {
				t.Errorf("Reason: %s", bye.Get("Reason"))
			}
			p.Reply(bye, 200, "")
			b.over(t, leg, sip.EndMedia)
		})
	}
}

func TestHoldInItsFourForms(t *testing.T) {
	t.Parallel()
	for hold, want := range map[siptest.Direction]string{
		siptest.SendOnly: "a=recvonly", siptest.Inactive: "a=inactive",
		siptest.HoldZero: "", siptest.HoldSession: "a=recvonly",
	} {
		for _, method := range []string{"INVITE", "UPDATE"} {
			t.Run(method+" "+string(hold), func(t *testing.T) {
				t.Parallel()
				b := newBed(t, echoing)
				c, leg := b.talk(t, siptest.Config{Tone: 900})
				c.Hears(900)
				for range 2 {
					res := c.Do(method, c.SDP(hold))
					if res.Status != 200 || !strings.Contains(res.Body, want) || strings.Contains(res.Body, "0.0.0.0") || strings.Contains(res.Body, "a=sendrecv") {
						t.Fatalf("answer to hold: %s", res)
					}
					next[sip.Held](t, b, leg)
					c.Silent(900, 200*time.Millisecond)
					if res := c.Do(method, c.SDP(siptest.SendRecv)); res.Status != 200 || !strings.Contains(res.Body, "a=sendrecv") {
						t.Fatalf("answer to resume: %s", res)
					}
					next[sip.Resumed](t, b, leg)
					c.Hears(900)
				}
				c.Hangup()
				b.over(t, leg, sip.EndHangup)
			})
		}
	}
}

func TestReinviteWithoutOfferGetsAFullOne(t *testing.T) {
	t.Parallel()
	b := newBed(t, echoing)
	c, leg := b.talk(t, siptest.Config{Tone: 900})
	res := c.Do("INVITE", "")
	if res.Status != 200 || !strings.Contains(res.Body, " 8 0 101") || !strings.Contains(res.Body, "a=sendrecv") {
		t.Errorf("offer: %s", res)
	}
	c.Hears(900)
	c.Hangup()
	b.over(t, leg, sip.EndHangup)
}

func TestReinviteWithoutOfferNorAnswerEndsTheCall(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	leg, d, _, _ := b.scripted(t, p)
	again := p.Send(d.Request("INVITE"))
	p.Send(again.Ack(p.Expect("200 INVITE")))
	p.Reply(p.Expect("BYE"), 200, "")
	b.over(t, leg, sip.EndMedia)
}

func TestReinviteWithoutAckEndsTheCall(t *testing.T) {
	t.Parallel()
	b := newBed(t, echoing)
	p := b.script(t)
	leg, d, _, _ := b.scripted(t, p)
	audio := p.NewAudio()
	p.Send(d.Request("INVITE").WithSDP(audio.SDP(siptest.SendRecv)))
	audio.Connect(p.Expect("200 INVITE").Body)
	audio.Say(900)
	audio.Hears(900) // the audio goes on meanwhile
	p.Expect("200 INVITE")
	p.Reply(p.Expect("BYE"), 200, "")
	b.over(t, leg, sip.EndNoAck)
}

func TestAudioFollowsToAnotherAddress(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"INVITE", "UPDATE"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, echoing)
			p := b.script(t)
			invite := p.Request("INVITE", b.hotline())
			first := p.NewAudio()
			p.Send(invite.WithSDP(first.SDP(siptest.SendRecv)))
			leg := receive(t, b.calls)
			leg.Answer()
			ok := p.Expect("200 INVITE")
			p.Send(invite.Ack(ok))
			next[sip.Answered](t, b, leg)
			first.Connect(ok.Body)
			first.Say(600)
			first.Hears(600)

			d, second := siptest.Caller(invite, ok), p.NewAudio()
			move := p.Send(d.Request(method).WithSDP(second.SDP(siptest.SendRecv)))
			res := p.Expect("200 " + method)
			if method == "INVITE" {
				p.Send(move.Ack(res))
			}
			first.Say(0)
			second.Connect(res.Body)
			second.Say(1300)
			second.Hears(1300)
			first.Silent(1300, 100*time.Millisecond)
			b.hangup(t, p, d, leg)
		})
	}
}

func TestRefusedReinviteChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBed(t, echoing)
	c, leg := b.talk(t, siptest.Config{Tone: 900})
	g729 := "v=0\r\no=- 9 9 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 18\r\n"
	for _, method := range []string{"INVITE", "UPDATE"} {
		if res := c.Do(method, g729); res.Status != 488 {
			t.Errorf("%s: %s", method, res)
		}
		if res := c.Do(method, "v=0\r\nhello\r\n"); res.Status != 400 {
			t.Errorf("%s: %s", method, res)
		}
		if res := c.Do(method, c.SDP(siptest.SendOnly), "Supported: timer", "Session-Expires: 20"); res.Status != 422 || res.Get("Min-SE") != "90" {
			t.Errorf("%s: %s", method, res)
		}
	}
	c.Hears(900)
	c.Hangup()
	b.over(t, leg, sip.EndHangup)
}

func TestUpdateWithoutOffer(t *testing.T) {
	t.Parallel()
	b := newBed(t, echoing)
	c, leg := b.talk(t, siptest.Config{Tone: 900})
	res := c.Do("UPDATE", "", "Supported: timer", "Session-Expires: 300;refresher=uac")
	if res.Status != 200 || res.Body != "" || res.Get("Session-Expires") != "300;refresher=uac" || res.Get("Contact") == "" {
		t.Errorf("%s", res)
	}
	c.Hears(900)
	c.Hangup()
	b.over(t, leg, sip.EndHangup)
}

func TestUpdateBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	leg := receive(t, b.calls)
	leg.Ring()
	d := siptest.Caller(invite, p.Expect("180 INVITE"))
	p.Send(d.Request("UPDATE"))
	if res := p.Expect("200 UPDATE"); res.Body != "" {
		t.Errorf("%s", res)
	}
	p.Send(d.Request("UPDATE").WithSDP(p.NewAudio().SDP(siptest.SendRecv)))
	if res := p.Expect("500 UPDATE"); res.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	other := *d
	other.CallID = "another"
	p.Send(other.Request("UPDATE"))
	p.Expect("481 UPDATE")
	leg.Answer()
	p.Send(invite.Ack(p.Expect("200 INVITE")))
	next[sip.Answered](t, b, leg)
	b.hangup(t, p, d, leg)
}

func TestDigitsByInfo(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c, leg := b.talk(t, siptest.Config{})
	for _, press := range []struct {
		kind, body string
		key        byte
	}{
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5'},
		{"application/dtmf-relay", "Signal= *\r\n", '*'},
		{"application/dtmf-relay;charset=utf-8", "duration=100\r\nsignal=11", '#'},
		{"application/dtmf", "7", '7'},
		{"Application/DTMF", "d\r\n", 'D'},
	} {
		res := c.Do("INFO", press.body, "Content-Type: "+press.kind)
		if d := next[sip.Digit](t, b, leg); res.Status != 200 || d.Key != press.key || d.By != sip.ByInfo {
			t.Errorf("%s %q: %d, %+v", press.kind, press.body, res.Status, d)
		}
	}
	if res := c.Do("INFO", ""); res.Status != 200 {
		t.Errorf("empty INFO: %s", res)
	}
	for kind, body := range map[string]string{"application/dtmf": "42", "application/dtmf-relay": "Duration=5", "text/plain": "5"} {
		if res := c.Do("INFO", body, "Content-Type: "+kind); res.Status != 415 || res.Get("Accept") == "" {
			t.Errorf("%s %q: %s", kind, body, res)
		}
	}
	c.Hangup()
	b.over(t, leg, sip.EndHangup)
}

func TestDigitsByRTP(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c, leg := b.talk(t, siptest.Config{})
	c.Press("15*#D")
	for _, key := range []byte("15*#D") {
		if d := next[sip.Digit](t, b, leg); d.Key != key || d.By != sip.ByEvent {
			t.Errorf("%+v, want %c", d, key)
		}
	}
	c.Hangup()
	b.over(t, leg, sip.EndHangup)
}

func TestDigitToldTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c, leg := b.talk(t, siptest.Config{})
	pressed := make(chan error, 1)
	go func() { pressed <- c.TestAudio.Audio.Press(t.Context(), "5") }()
	if d := next[sip.Digit](t, b, leg); d.Key != '5' {
		t.Errorf("%+v", d)
	}
	if res := c.Do("INFO", "Signal=5\r\n", "Content-Type: application/dtmf-relay"); res.Status != 200 {
		t.Errorf("%s", res)
	}
	if err := receive(t, pressed); err != nil {
		t.Error(err)
	}
	c.Do("INFO", "Signal=6\r\n", "Content-Type: application/dtmf-relay")
	if d := next[sip.Digit](t, b, leg); d.Key != '6' {
		t.Errorf("%+v, want only 6", d)
	}
	c.Hangup()
	b.over(t, leg, sip.EndHangup)
}

// TestDigitsByTones: of a trunk that says so; told as events and by INFO too, each
// counts once.
func TestDigitsByTones(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(_ *bed, cfg *sip.Config) { cfg.Trunks[0].Inband = true })
	c, leg := b.talk(t, siptest.Config{})
	digits := func(want string, by ...sip.DigitSource) {
		t.Helper()
		for _, key := range []byte(want) {
			if d := next[sip.Digit](t, b, leg); d.Key != key || !slices.Contains(by, d.By) {
				t.Errorf("%+v, want %c", d, key)
			}
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.PressTones(t.Context(), "1590*#D"))
	digits("1590*#D", sip.ByTone)
	must(c.PressBoth(t.Context(), "2244"))
	for _, key := range "2244" {
		c.Do("INFO", "Signal="+string(key)+"\r\n", "Content-Type: application/dtmf-relay")
	}
	must(c.PressTones(t.Context(), "7"))
	digits("2244", sip.ByEvent, sip.ByTone)
	digits("7", sip.ByTone)
	c.Hangup()
	b.over(t, leg, sip.EndHangup)
}

func TestCancelledReinviteChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := b.invite(t, p)
	leg := receive(t, b.calls)
	leg.Answer()
	ok := p.Expect("200 INVITE")
	next[sip.Answered](t, b, leg)
	d := siptest.Caller(invite, ok)
	hold := p.Send(d.Request("INVITE").WithSDP(p.NewAudio().SDP(siptest.SendOnly))) // waits for the ACK
	trying(t, p, hold)
	p.Send(hold.Cancel())
	p.Expect("200 CANCEL")
	p.Send(hold.Ack(p.Expect("487 INVITE")))
	p.Send(invite.Ack(ok))
	b.hangup(t, p, d, leg) // and no Held before
	if n := p.Count("487 INVITE"); n != 1 {
		t.Errorf("%d × 487", n)
	}
}
