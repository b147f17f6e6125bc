package sip_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	phone "github.com/icholy/digest"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// Trunks that take calls to the outside (RFC 3261 10.2, 22; RFC 3263 4.3).

const (
	account  = "acct-7"
	password = "trunk-secret"
	realm    = "carrier.example"
)

// carrier is a server of a trunk that does only what the test tells it to.
func carrier(t testing.TB) siptest.TestPhone {
	return siptest.New(t, "", siptest.Config{Manual: true})
}

// carriers are one trunk for each server.
func carriers(change func(*sip.Outbound), servers ...siptest.TestPhone) func(*bed, *sip.Config) {
	return func(_ *bed, cfg *sip.Config) {
		for i, s := range servers {
			o := &sip.Outbound{
				Servers: []string{s.Addr().String()}, Transport: "udp", Domain: realm, Realm: realm,
				User: account, Password: password, Format: sip.FormatE164, Priority: i,
			}
			change(o)
			cfg.Trunks = append(cfg.Trunks, sip.Trunk{Name: fmt.Sprintf("carrier%d", i+1), Plan: sip.NumberingPlan{Country: "CN"}, Outbound: o})
		}
	}
}

func asIs(*sip.Outbound) {}

func registering(o *sip.Outbound) { o.Register = true }

// quick makes the seconds of waits last 5 ms.
func quick(_ *bed, cfg *sip.Config) { cfg.SetSecond(5 * time.Millisecond) }

const challenge = `WWW-Authenticate: Digest realm="carrier.example", nonce="one", algorithm=MD5, qop="auth"`

// callOut calls somebody outside.
func (b *bed) callOut(t testing.TB) *sip.Leg {
	t.Helper()
	var leg *sip.Leg
	known := make(chan struct{})
	leg, err := b.ua.DialOut("+8613800138000", sip.Dialing{Caller: "12345", Log: testLog(), Events: func(e sip.Event) {
		<-known
		b.onEvent(legEvent{leg, e})
	}})
	close(known)
	if err != nil {
		t.Fatal(err)
	}
	return leg
}

// answered checks that req answers the challenge with this nonce.
func answered(t testing.TB, req *siptest.Message, header, nonce string) {
	t.Helper()
	c, err := phone.ParseCredentials(req.Get(header))
	if err != nil {
		t.Fatalf("%s: %v in\n%s", header, err, req)
	}
	want, err := phone.Digest(&phone.Challenge{Realm: realm, Nonce: nonce, Algorithm: "MD5", QOP: []string{"auth"}},
		phone.Options{Method: req.Method, URI: req.URI, Username: account, Password: password, Cnonce: c.Cnonce, Count: c.Nc})
	if err != nil || c.Response != want.Response {
		t.Errorf("response %s, want %s (%v)", c.Response, want.Response, err)
	}
}

// state waits until the first server is up or down, which it says in the log.
func (b *bed) state(t testing.TB, up bool) sip.TrunkState {
	t.Helper()
	for limit := time.After(patience); ; {
		s := b.ua.Trunks()[0]
		if s.Up == up {
			return s
		}
		select {
		case <-b.logged:
		case <-limit:
			t.Fatalf("trunk stays %+v", s)
		}
	}
}

func TestRegistersAtATrunk(t *testing.T) {
	t.Parallel()
	c := carrier(t)
	b := newBed(t, quick, carriers(registering, c))
	first := c.Expect("REGISTER")
	if first.URI != "sip:carrier.example" || !strings.Contains(first.Get("To"), "sip:acct-7@carrier.example") || first.Get("Authorization") != "" {
		t.Errorf("first\n%s", first)
	}
	if s := b.ua.Trunks()[0]; s.Up || s.Reason == "" {
		t.Errorf("before the answer: %+v", s)
	}
	c.Reply(first, 401, "", challenge)
	second := c.Expect("REGISTER")
	answered(t, second, "Authorization", "one")
	if second.Get("Call-ID") != first.Get("Call-ID") {
		t.Error("another Call-ID")
	}
	c.Reply(second, 423, "", "Min-Expires: 900")
	third := c.Expect("REGISTER")
	if third.Get("Expires") != "900" {
		t.Errorf("after 423: Expires %s", third.Get("Expires"))
	}
	c.Reply(third, 200, "", "Contact: "+third.Get("Contact")+";expires=60", "Service-Route: <sip:elsewhere.example;lr>", "Path: <sip:x.example;lr>")
	b.state(t, true)
	if up := b.metric(t, "shouwen_sip_trunk_up", `trunk="carrier1"`); up != 1 {
		t.Errorf("metric %v", up)
	}
	again := c.Expect("REGISTER") // after 42 to 48 s of 60
	c.Reply(again, 200, "")
	if again.Peer != third.Peer || len(again.List("Route")) > 0 {
		t.Errorf("renewed from %s with Route %v", again.Peer, again.List("Route"))
	}
	drained, cancel := context.WithCancel(t.Context())
	cancel()
	b.ua.Drain(drained)
	last := c.Expect("REGISTER")
	if last.Get("Expires") != "0" {
		t.Errorf("draining: Expires %s", last.Get("Expires"))
	}
	c.Reply(last, 200, "")
}

func TestRegistrationRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status  int
		header  string
		answers int // challenges answered
	}{
		"forbidden":             {403, "", 0},
		"unknown":               {404, "", 0},
		"the password is wrong": {401, challenge, 1},
		"stale for ever":        {407, `Proxy-Authenticate: Digest realm="carrier.example", nonce="x", stale=true, algorithm=MD5`, 2},
		"another's realm":       {401, `WWW-Authenticate: Digest realm="bank.example", nonce="x", algorithm=MD5`, 0},
		"423 without a number":  {423, "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := carrier(t)
			b := newBed(t, carriers(registering, c)) // waits in full
			for range tt.answers + 1 {
				var headers []string
				if tt.header != "" {
					headers = append(headers, tt.header)
				}
				req := c.Expect("REGISTER")
				if auth := req.Get("Authorization") + req.Get("Proxy-Authorization"); tt.answers == 0 && auth != "" {
					t.Errorf("gave %s", auth)
				}
				c.Reply(req, tt.status, "", headers...)
			}
			quiet(t, c, "REGISTER", 200*time.Millisecond)
			s := b.ua.Trunks()[0]
			if s.Up || strings.Contains(s.Reason, "not registered yet") || strings.Contains(s.Reason, password) {
				t.Errorf("%+v", s)
			}
			if n := b.metric(t, "shouwen_sip_registration_failures_total", `kind="trunk"`); n != 1 {
				t.Errorf("%v failures counted", n)
			}
		})
	}
}

func TestRegistrationIsTriedAgain(t *testing.T) {
	t.Parallel()
	c := carrier(t)
	b := newBed(t, quick, carriers(registering, c))
	for range 3 {
		c.Reply(c.Expect("REGISTER"), 500, "")
	}
	c.Reply(c.Expect("REGISTER"), 200, "")
	b.state(t, true)
}

func TestTrunkIsAskedByOptions(t *testing.T) {
	t.Parallel()
	c := carrier(t)
	b := newBed(t, quick, hasty, carriers(func(o *sip.Outbound) { o.Probe = 10 * time.Second }, c))
	if s := b.ua.Trunks()[0]; !s.Up {
		t.Errorf("at first %+v", s)
	}
	b.state(t, false) // it says nothing
	if s := b.ua.Trunks()[0]; s.Reason != "no answer to OPTIONS" {
		t.Errorf("%+v", s)
	}
	if up := b.metric(t, "shouwen_sip_trunk_up", `trunk="carrier1"`); up != 0 {
		t.Errorf("metric %v", up)
	}
	alive := make(chan struct{})
	go func() {
		defer close(alive)
		for {
			m, err := c.Phone.Expect(t.Context(), "OPTIONS")
			if err != nil {
				return
			}
			_, _ = c.Phone.Reply(m, 405, "") // any answer but 408 and 503 will do
			if b.ua.Trunks()[0].Up {
				return
			}
		}
	}()
	b.state(t, true)
	<-alive
}

func TestCallToTheOutside(t *testing.T) {
	t.Parallel()
	c := carrier(t)
	b := newBed(t, carriers(func(o *sip.Outbound) {
		o.Format, o.Prefix, o.Assert, o.Caller = sip.FormatNational, "9", true, "+861055550100"
	}, c))
	leg := b.callOut(t)
	first := c.Expect("INVITE")
	if first.URI != "sip:913800138000@carrier.example" {
		t.Errorf("calls %s", first.URI)
	}
	for _, h := range []string{"From", "P-Asserted-Identity"} {
		if !strings.Contains(first.Get(h), "<sip:01055550100@carrier.example>") {
			t.Errorf("%s: %s", h, first.Get(h))
		}
	}
	c.Reply(first, 407, "", "Proxy-Authenticate: "+strings.TrimPrefix(challenge, "WWW-Authenticate: "))
	c.Expect("ACK")
	second := c.Expect("INVITE")
	answered(t, second, "Proxy-Authorization", "one")
	if second.Get("Call-ID") != first.Get("Call-ID") || second.Get("CSeq") != "2 INVITE" {
		t.Errorf("second\n%s", second)
	}
	c.Reply(second, 180, "")
	if e := next[sip.Ringing](t, b, leg); e.Audio {
		t.Error("audio without a description")
	}
	audio := c.NewAudio()
	c.Reply(second, 200, audio.Answer(second.Body))
	if ack := c.Expect("ACK"); ack.Get("Proxy-Authorization") != second.Get("Proxy-Authorization") {
		t.Errorf("ACK with other credentials (RFC 3261 22.1)\n%s", ack)
	}
	next[sip.Answered](t, b, leg)
	if leg.Trunk() != "carrier1" {
		t.Errorf("by trunk %q", leg.Trunk())
	}
	audio.Say(800)
	stop := b.echo(leg)
	audio.Hears(800)
	stop()
	leg.Hangup(sip.Hangup{})
	bye := c.Expect("BYE")
	c.Reply(bye, 401, "", challenge)
	bye = c.Expect("BYE")
	answered(t, bye, "Authorization", "one")
	if bye.Get("CSeq") != "4 BYE" {
		t.Errorf("second BYE is %s", bye.Get("CSeq"))
	}
	c.Reply(bye, 200, "")
	b.over(t, leg, sip.EndLocal)
}

func TestRefreshIsChallenged(t *testing.T) {
	t.Parallel()
	for name, allow := range map[string]string{"UPDATE": "INVITE, ACK, BYE, UPDATE", "INVITE": "INVITE, ACK, BYE"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := carrier(t)
			b := newBed(t, carriers(asIs, c), func(_ *bed, cfg *sip.Config) { cfg.SetSecond(20 * time.Millisecond) })
			leg := b.callOut(t)
			invite := c.Expect("INVITE")
			audio := c.NewAudio()
			c.Reply(invite, 200, audio.Answer(invite.Body), "Allow: "+allow, "Session-Expires: 200;refresher=uac", "Require: timer")
			c.Expect("ACK")
			next[sip.Answered](t, b, leg)
			c.Reply(c.Expect(name), 401, "", challenge)
			if name == "INVITE" {
				c.Expect("ACK")
			}
			again := c.Expect(name)
			answered(t, again, "Authorization", "one")
			body := ""
			if name == "INVITE" {
				body = audio.Answer(again.Body)
			}
			c.Reply(again, 200, body, "Session-Expires: 20000;refresher=uac")
			if name == "INVITE" {
				c.Expect("ACK")
			}
			leg.Hangup(sip.Hangup{})
			c.Reply(c.Expect("BYE"), 200, "")
			b.over(t, leg, sip.EndLocal)
		})
	}
}

func TestCredentialsAreForTheOwnRealmOnly(t *testing.T) {
	t.Parallel()
	c := carrier(t)
	b := newBed(t, carriers(asIs, c))
	leg := b.callOut(t)
	c.Reply(c.Expect("INVITE"), 401, "", `WWW-Authenticate: Digest realm="the callee's", nonce="x", algorithm=MD5`)
	c.Expect("ACK")
	if e := b.over(t, leg, sip.EndRejected); e.Code != 401 {
		t.Errorf("%+v", e)
	}
	quiet(t, c, "INVITE", 100*time.Millisecond)
}

func TestFinalAnswersAreNotTriedElsewhere(t *testing.T) {
	t.Parallel()
	for _, status := range []int{302, 404, 480, 486, 600, 603} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			one, two := carrier(t), carrier(t)
			b := newBed(t, carriers(asIs, one, two))
			leg := b.callOut(t)
			one.Reply(one.Expect("INVITE"), status, "", "Contact: <sip:+19005550100@premium.example>")
			one.Expect("ACK")
			if e := b.over(t, leg, sip.EndRejected); e.Code != status {
				t.Errorf("%+v", e)
			}
			quiet(t, two, "INVITE", 50*time.Millisecond)
		})
	}
}

func TestNextTrunkTakesTheCall(t *testing.T) {
	t.Parallel()
	for _, status := range []int{403, 408, 500, 502, 503} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			one, two := carrier(t), carrier(t)
			b := newBed(t, carriers(asIs, one, two))
			leg := b.callOut(t)
			first := one.Expect("INVITE")
			one.Reply(first, 100, "")
			one.Reply(first, status, "")
			one.Expect("ACK")
			invite := two.Expect("INVITE")
			if invite.Get("Call-ID") == first.Get("Call-ID") {
				t.Error("the same Call-ID")
			}
			two.Reply(invite, 180, "")
			next[sip.Ringing](t, b, leg)
			d, _ := b.pickUp(t, two, leg, invite)
			if leg.Trunk() != "carrier2" {
				t.Errorf("by %s", leg.Trunk())
			}
			b.hangup(t, two, d, leg)
		})
	}
}

func TestWhoRangIsNotCalledByAnotherTrunk(t *testing.T) {
	t.Parallel()
	one, two := carrier(t), carrier(t)
	b := newBed(t, carriers(asIs, one, two))
	leg := b.callOut(t)
	invite := one.Expect("INVITE")
	one.Reply(invite, 180, "")
	next[sip.Ringing](t, b, leg)
	one.Reply(invite, 504, "")
	one.Expect("ACK")
	b.over(t, leg, sip.EndRejected)
	quiet(t, two, "INVITE", 50*time.Millisecond)
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	one, two := carrier(t), carrier(t)
	b := newBed(t, carriers(asIs, one, two))
	leg := b.callOut(t)
	one.Reply(one.Expect("INVITE"), 503, "", "Retry-After: 120 (overload)")
	one.Expect("ACK")
	for range 2 { // of this call, and of the next
		two.Reply(two.Expect("INVITE"), 486, "")
		two.Expect("ACK")
		b.over(t, leg, sip.EndRejected)
		if s := b.ua.Trunks()[0]; s.Up || s.Reason != "asked to be left alone" {
			t.Errorf("%+v", s)
		}
		leg = b.callOut(t)
	}
	leg.Hangup(sip.Hangup{})
	if n := one.Count("INVITE"); n != 1 {
		t.Errorf("%d calls to who asked to be left alone", n)
	}
}

// TestSilentTrunk: the next is called when the time of the silent one is over, and not
// sooner; what the silent one says when it is too late costs nobody anything. That the
// last of them is called within 4 s is proved by TestServersShareTheTime.
func TestSilentTrunk(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]int{"says nothing": 0, "rings late": 180, "answers late": 200} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, two, three := carrier(t), carrier(t), carrier(t)
			b := newBed(t, carriers(asIs, one, two, three)) // 8·T1 is 0.4 s
			began := time.Now()
			leg := b.callOut(t)
			first := one.Expect("INVITE")
			two.Expect("INVITE")
			invite := three.Expect("INVITE")
			if d := invite.At.Sub(began); d < 400*time.Millisecond {
				t.Errorf("the third was called after %s", d)
			}
			d, audio := b.pickUp(t, three, leg, invite)
			switch late {
			case 180:
				one.Reply(first, 180, "")
				cancel := one.Expect("CANCEL")
				one.Reply(cancel, 200, "")
				one.Reply(first, 487, "")
				one.Expect("ACK")
			case 200:
				one.Reply(first, 200, one.NewAudio().Answer(first.Body))
				one.Expect("ACK")
				one.Reply(one.Expect("BYE"), 200, "")
			}
			audio.Say(800)
			stop := b.echo(leg)
			audio.Hears(800)
			stop()
			b.hangup(t, three, d, leg)
		})
	}
}

func TestNoTrunkNoCall(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	if _, err := b.ua.DialOut("+8613800138000", sip.Dialing{Log: testLog(), Events: func(sip.Event) {}}); err != sip.ErrNoTrunk {
		t.Errorf("err = %v", err)
	}
}

func TestNetworkAnnouncementIsHeard(t *testing.T) {
	t.Parallel()
	c := carrier(t)
	b := newBed(t, carriers(asIs, c))
	leg := b.callOut(t)
	invite := c.Expect("INVITE")
	early, late := c.NewAudio(), c.NewAudio()
	c.Reply(invite, 183, early.Answer(invite.Body))
	if e := next[sip.Ringing](t, b, leg); e.Code != 183 || !e.Audio {
		t.Errorf("%+v", e)
	}
	early.Say(700)
	stop := b.echo(leg)
	early.Hears(700)
	stop()
	ok := c.Reply(invite, 200, late.Answer(invite.Body))
	c.Expect("ACK")
	next[sip.Answered](t, b, leg)
	late.Say(900)
	stop = b.echo(leg)
	late.Hears(900)
	stop()
	b.hangup(t, c, siptest.Callee(invite, ok), leg)
}

func TestHungUpWhileTheTrunkRings(t *testing.T) {
	t.Parallel()
	one, two := carrier(t), carrier(t)
	b := newBed(t, carriers(asIs, one, two))
	leg := b.callOut(t)
	invite := one.Expect("INVITE")
	one.Reply(invite, 100, "")
	leg.Hangup(sip.Hangup{})
	one.Reply(one.Expect("CANCEL"), 200, "")
	one.Reply(invite, 503, "") // not even now another is tried
	one.Expect("ACK")
	b.over(t, leg, sip.EndLocal)
	quiet(t, two, "INVITE", 50*time.Millisecond)
}

// TestCallFromARegisteredTrunk: the server we register at brings calls, also if
// it names the number dialled in To only.
func TestCallFromARegisteredTrunk(t *testing.T) {
	t.Parallel()
	c := carrier(t)
	b := newBed(t, quick, carriers(registering, c), func(_ *bed, cfg *sip.Config) { cfg.Trunks = cfg.Trunks[1:] })
	reg := c.Expect("REGISTER")
	c.Reply(reg, 200, "")
	contact := strings.Trim(strings.SplitN(reg.Get("Contact"), ";", 2)[0], "<>")
	invite := c.Request("INVITE", contact).WithSDP(c.NewAudio().SDP(siptest.SendRecv)).
		With("To: <sip:+861055550100@carrier.example>", "From: <sip:+8613800138000@carrier.example>;tag=x")
	invite.Peer = b.ua.Addr("udp")
	c.Send(invite)
	leg := receive(t, b.calls)
	in := leg.Incoming()
	if in.Trunk != "carrier1" || in.Dialed != "+861055550100" || in.Caller.E164 != "+8613800138000" {
		t.Errorf("%+v", in)
	}
	leg.Reject(486, "Busy Here")
	c.Send(invite.Ack(c.Expect("486 INVITE")))
}

// TestTrunkByTCP: the connection to a trunk is dialled, and again when it broke.
func TestTrunkByTCP(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b := newBed(t, quick, func(_ *bed, cfg *sip.Config) {
		cfg.Trunks = append(cfg.Trunks, sip.Trunk{Name: "stream", Outbound: &sip.Outbound{
			Register: true, Servers: []string{l.Addr().String()}, Transport: "tcp", Domain: realm, Realm: realm, User: account, Format: sip.FormatE164,
		}})
	})
	for range 2 {
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		req, err := siptest.ReadMessage(bufio.NewReader(conn))
		if err != nil || req.Method != "REGISTER" || !strings.Contains(req.Get("Contact"), "transport=tcp") {
			t.Fatalf("%v\n%s", err, req)
		}
		if _, err := conn.Write([]byte(req.Response(200, "t").With("Contact: " + req.Get("Contact") + ";expires=60").String())); err != nil {
			t.Fatal(err)
		}
		b.state(t, true)
		_ = conn.Close()
	}
}

func TestNumbersAreWrittenAsTheTrunkWants(t *testing.T) {
	t.Parallel()
	plan := sip.NumberingPlan{Country: "CN", AreaCode: "10"}
	tests := []struct {
		number string
		format sip.NumberFormat
		want   string
	}{
		{"+861055550101", sip.FormatE164, "+861055550101"},
		{"+861055550101", sip.FormatDigits, "861055550101"},
		{"+861055550101", sip.FormatNational, "01055550101"},
		{"+8613800138000", sip.FormatNational, "13800138000"},
		{"+441632960960", sip.FormatNational, "00441632960960"},
		{"12345", sip.FormatE164, "12345"},
		{"12345", sip.FormatNational, "12345"},
	}
	for _, tt := range tests {
		if got := plan.Write(tt.number, tt.format); got != tt.want {
			t.Errorf("%s as %s: %s, want %s", tt.number, tt.format, got, tt.want)
		}
	}
}

func TestKindsOfNumbers(t *testing.T) {
	t.Parallel()
	plan := sip.NumberingPlan{Country: "CN"}
	for number, want := range map[string]sip.NumberKind{
		"+861055550101": sip.NumberNational, "+8613800138000": sip.NumberNational, "+441632960960": sip.NumberInvalid,
		"+442079460000": sip.NumberInternational, "+449098790000": sip.NumberPremium, "+19002345678": sip.NumberPremium,
		"+8616812345": sip.NumberPremium, "110": sip.NumberEmergency, "119": sip.NumberEmergency, "12345": sip.NumberShort,
		"1001": sip.NumberShort, "": sip.NumberInvalid, "+": sip.NumberInvalid, "+86": sip.NumberInvalid, "01055550101": sip.NumberInvalid,
		"+999999999": sip.NumberInvalid,
	} {
		if got := plan.Kind(number); got != want {
			t.Errorf("%q: %s, want %s", number, got, want)
		}
	}
}
