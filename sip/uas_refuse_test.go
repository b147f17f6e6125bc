package sip_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// What a UAS refuses (RFC 3261 8.2, 12.2.2), and what it serves all the same.

func TestUnknownToTagIsAnsweredWith481(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	for _, method := range []string{"INVITE", "BYE", "CANCEL", "OPTIONS", "UPDATE", "INFO", "PRACK", "REFER", "NOTIFY", "MESSAGE", "SUBSCRIBE"} {
		req := p.Send(p.Request(method, b.hotline()).WithTag("To", "unknown"))
		res := p.Expect("4xx " + method)
		if res.Status != 481 {
			t.Errorf("%s: %d", method, res.Status)
		}
		if method == "INVITE" {
			p.Send(req.Ack(res))
		}
	}
	p.Send(p.Request("ACK", b.hotline()).WithTag("To", "unknown")) // is not answered
	p.Never("4xx ACK", 50*time.Millisecond)
}

func TestRequestOfAnotherDialogDoesNotReachTheLeg(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	leg, d, _, _ := b.scripted(t, p)
	for name, change := range map[string]func(*siptest.Dialog){
		"From tag": func(d *siptest.Dialog) { d.Local = "<sip:somebody@127.0.0.1>;tag=else" },
		"Call-ID":  func(d *siptest.Dialog) { d.CallID = "another" },
	} {
		for _, method := range []string{"INVITE", "BYE", "OPTIONS", "UPDATE", "INFO", "REFER"} {
			other := *d
			change(&other)
			req := p.Send(other.Request(method))
			res := p.Expect("4xx " + method)
			if res.Status != 481 {
				t.Errorf("%s with another %s: %d", method, name, res.Status)
			}
			if method == "INVITE" {
				p.Send(req.Ack(res))
			}
		}
	}
	b.hangup(t, p, d, leg)
}

func TestRequestOlderThanTheLastIsRefused(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	leg, d, _, _ := b.scripted(t, p)
	d.CSeq = 20 // gaps are legal
	p.Send(d.Request("INFO"))
	p.Expect("200 INFO")
	old := *d
	for _, method := range []string{"INFO", "OPTIONS", "UPDATE", "BYE"} {
		for _, seq := range []int{4, 21} { // long past, and a number used before
			old.CSeq = seq - 1
			p.Send(old.Request(method))
			p.Expect("500 " + method)
		}
	}
	b.hangup(t, p, d, leg)
}

// sipgo hands messages over on goroutines of their own.
func TestRequestsSentBackToBackAreAllServed(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	leg, d, _, _ := b.scripted(t, p)
	for range 50 {
		p.Send(d.Request("OPTIONS"))
		p.Send(d.Request("INFO"))
		p.Send(d.Request("UPDATE"))
		p.Expect("200 OPTIONS")
		p.Expect("200 INFO")
		p.Expect("200 UPDATE")
	}
	b.hangup(t, p, d, leg)
}

func TestOptionsOutsideOfCallsTellsWhatIsServed(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.caller(t, siptest.Config{})
	res := p.Do(p.Request("OPTIONS", b.hotline()))
	for name, want := range map[string]string{"Allow": "UPDATE", "Accept": "application/sdp", "Supported": "timer"} {
		if got := res.Get(name); res.Status != 200 || !strings.Contains(got, want) {
			t.Errorf("%d, %s: %s", res.Status, name, got)
		}
	}
}

func TestOptionsInACallIsAnswered(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c, leg := b.talk(t, siptest.Config{})
	if res := c.Do("OPTIONS", ""); res.Status != 200 || res.Get("Allow") == "" {
		t.Errorf("%s", res)
	}
	c.Hangup()
	b.over(t, leg, sip.EndHangup)
}

func TestMethodsWeDoNotServe(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.caller(t, siptest.Config{})
	for method, want := range map[string]int{"MESSAGE": 405, "SUBSCRIBE": 405, "PUBLISH": 405, "FROBNICATE": 501} {
		res := p.Do(p.Request(method, b.hotline()))
		if res.Status != want || !strings.Contains(res.Get("Allow"), "INVITE") {
			t.Errorf("%s: %d, Allow: %s", method, res.Status, res.Get("Allow"))
		}
	}
	c, leg := b.talk(t, siptest.Config{})
	if res := c.Do("PUBLISH", ""); res.Status != 405 || res.Get("Allow") == "" {
		t.Errorf("PUBLISH in a call: %s", res)
	}
	c.Hangup()
	b.over(t, leg, sip.EndHangup)
}

func TestInviteThatCannotBeServed(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	const g729 = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 18\r\n"
	for name, c := range map[string]struct {
		change       []string
		body         string
		status       int
		field, value string
	}{
		"an unknown extension":         {change: []string{"Require: foo"}, status: 420, field: "Unsupported", value: "foo"},
		"reliable provisional answers": {change: []string{"Require: timer, 100rel"}, status: 420, field: "Unsupported", value: "100rel"},
		"a body that is no SDP":        {change: []string{"Content-Type: text/plain"}, status: 415, field: "Accept", value: "application/sdp"},
		"a compressed body":            {change: []string{"Content-Encoding: gzip"}, status: 415, field: "Accept-Encoding", value: "identity"},
		"a multipart without SDP":      {change: []string{"Content-Type: multipart/mixed;boundary=b"}, body: "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n", status: 415, field: "Accept", value: "application/sdp"},
		"no codec of ours":             {body: g729, status: 488},
		"an SDP that cannot be read":   {body: "v=0\r\nhello\r\n", status: 400},
		"too short a session interval": {change: []string{"Supported: timer", "Session-Expires: 30"}, status: 422, field: "Min-SE", value: "90"},
		"a bad session interval":       {change: []string{"Session-Expires: soon"}, status: 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := b.script(t)
			invite := p.Request("INVITE", b.hotline()).WithSDP(p.NewAudio().SDP(siptest.SendRecv))
			if c.body != "" {
				invite.WithSDP(c.body)
			}
			p.Send(invite.With(c.change...))
			res := p.Expect("4xx INVITE")
			p.Send(invite.Ack(res))
			if res.Status != c.status || c.field != "" && !strings.Contains(res.Get(c.field), c.value) {
				t.Errorf("%d, %s: %q", res.Status, c.field, res.Get(c.field))
			}
		})
	}
}

func TestInviteWithoutContactIsRefused(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	invite := p.Request("INVITE", b.hotline()).WithSDP(p.NewAudio().SDP(siptest.SendRecv)).With(
		"Via: SIP/2.0/UDP "+p.Addr().String()+";branch=z9hG4bKnocontact;rport", "Max-Forwards: 70")
	p.SendRaw(invite.String())
	p.Send(invite.Ack(p.Expect("400 INVITE")))
	if code := receive(t, b.refused); code != 400 {
		t.Errorf("refused with %d", code)
	}
}

func TestMaxForwardsZeroIsForUs(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.caller(t, siptest.Config{})
	if res := p.Do(p.Request("OPTIONS", b.hotline()).With("Max-Forwards: 0")); res.Status != 200 {
		t.Errorf("OPTIONS: %s", res)
	}
	c := p.Dial(b.hotline(), "Max-Forwards: 0")
	leg := receive(t, b.calls)
	leg.Answer()
	c.Answered()
	next[sip.Answered](t, b, leg)
	c.Hangup()
	b.over(t, leg, sip.EndHangup)
}

func TestDrainTakesNoCallsAndEndsTheLiveOnes(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	phone := b.phone(t, "1001", siptest.Config{})
	c, leg := b.talk(t, siptest.Config{})
	ringing := b.caller(t, siptest.Config{}).Dial(b.hotline())
	waiting := receive(t, b.calls)

	ctx, cancel := context.WithCancel(t.Context())
	drained := make(chan struct{})
	go func() { b.ua.Drain(ctx); close(drained) }()
	p := b.caller(t, siptest.Config{})
	for p.Do(p.Request("OPTIONS", b.hotline())).Status != 503 { // until Drain has begun
	}
	if m := p.Dial(b.hotline()).Ended(); m.Status != 503 {
		t.Errorf("new call: %s", m)
	}
	if code := receive(t, b.refused); code != 503 {
		t.Errorf("refused with %d", code)
	}
	if _, err := b.ua.Dial(b.ua.Contacts("1001")[0], sip.Dialing{Log: testLog(), Events: func(sip.Event) {}}); err != sip.ErrDraining {
		t.Errorf("Dial: %v", err)
	}
	phone.Never("INVITE", 50*time.Millisecond)
	if res := c.Do("INVITE", c.SDP(siptest.SendOnly)); res.Status != 200 {
		t.Errorf("re-INVITE of a live call: %s", res)
	}
	next[sip.Held](t, b, leg)

	cancel() // time is up
	if bye := c.Ended(); !strings.Contains(bye.Get("Reason"), "cause=503") {
		t.Errorf("the live call's end: %s", bye)
	}
	if m := ringing.Ended(); m.Status != 503 {
		t.Errorf("the ringing call's end: %s", m)
	}
	receive(t, drained)
	gone(t, leg)
	gone(t, waiting)
	for range 2 {
		if e := receive(t, b.events).event.(sip.Ended); e.Cause != sip.EndShutdown {
			t.Errorf("%+v", e)
		}
	}
}
