package sip_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"shouwen/sip"
	"shouwen/sip/media"
	"shouwen/sip/siptest"
)

const (
	gcm = "AEAD_AES_128_GCM"
	cm  = "AES_CM_128_HMAC_SHA1_80"
)

// demanding makes a bed with TLS that demands s of its phones and of its trunk.
func demanding(t *testing.T, s sip.Security) *bed {
	t.Helper()
	return newBed(t, withTLS(t), echoing, func(b *bed, cfg *sip.Config) {
		b.security, cfg.Trunks[0].Security = s, s
	})
}

// at makes cfg that of a phone on a network of b.
func (b *bed) at(network string, cfg siptest.Config) (server string, _ siptest.Config) {
	cfg.Network, cfg.TLS = network, &tls.Config{InsecureSkipVerify: true}
	if cfg.User == "" {
		cfg.User = "+861055550100"
	}
	return b.ua.Addr(network).String(), cfg
}

// TestSecureCalls: callers and phones over TLS, by what they want and what we
// want: SRTP where both can, 488 where one must and the other does not, and the
// tone comes back through it.
func TestSecureCalls(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		ours   sip.SRTP
		theirs string
		suites []string
		in     string // suite of a call from the phone, "": plain, "488"
		out    string // of a call to it
	}{
		"off, none":                  {sip.SRTPOff, "", nil, "", ""},
		"off, wished":                {sip.SRTPOff, siptest.AVP, nil, "", ""},
		"off, a must":                {sip.SRTPOff, siptest.SAVP, nil, "488", "488"},
		"offered, none":              {sip.SRTPOffer, "", nil, "", ""},
		"offered, wished":            {sip.SRTPOffer, siptest.AVP, nil, cm, gcm},
		"offered, a must":            {sip.SRTPOffer, siptest.SAVP, nil, cm, gcm},
		"offered, GCM only":          {sip.SRTPOffer, siptest.SAVP, []string{gcm}, gcm, gcm},
		"required, none":             {sip.SRTPRequire, "", nil, "488", "488"},
		"required, wished":           {sip.SRTPRequire, siptest.AVP, nil, cm, gcm},
		"required, a must, CM only":  {sip.SRTPRequire, siptest.SAVP, []string{cm}, cm, cm},
		"required, a must, GCM only": {sip.SRTPRequire, siptest.SAVP, []string{gcm}, gcm, gcm},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := demanding(t, sip.Security{SRTP: tt.ours})
			cfg := siptest.Config{SRTP: tt.theirs, Suites: tt.suites, Tone: 700}
			p := b.streamPhone(t, "tls", cfg)
			server, outside := b.at("tls", cfg)
			for who, phone := range map[string]siptest.TestPhone{"phone": p, "trunk": siptest.New(t, server, outside)} {
				c := phone.Dial(b.hotline())
				if tt.in == "488" {
					if res := c.Ended(); res.Status != 488 {
						t.Errorf("call by the %s: %d", who, res.Status)
					}
					continue
				}
				leg := receive(t, b.calls)
				leg.Answer()
				c.Answered()
				if got := c.Suite(); got != tt.in {
					t.Errorf("call by the %s: suite %q, want %q", who, got, tt.in)
				}
				c.Hears(700)
				c.Press("5")
				if d := next[sip.Answered](t, b, leg); d != (sip.Answered{}) {
					t.Error(d)
				}
				if d := next[sip.Digit](t, b, leg); d.Key != '5' {
					t.Errorf("digit %c", d.Key)
				}
				c.Hangup()
				b.ended(t, leg)
				if st := leg.Media().Stats(); st.Forged > 0 || c.Unopened() > 0 {
					t.Errorf("%d packets not opened here, %d there", st.Forged, c.Unopened())
				}
			}
			leg := b.dial(t, "1001")
			in := p.Incoming()
			if err := in.Call.Answer(); tt.out == "488" {
				if e := lastEvent(t, b, leg); err == nil && e.Cause != sip.EndMedia || err != nil && e.Code != 488 {
					t.Errorf("call to the phone: %v, %+v", err, e)
				}
				return
			}
			in.Answered()
			b.echo(leg)
			in.Hears(700)
			if got := in.Suite(); got != tt.out {
				t.Errorf("call to the phone: suite %q, want %q", got, tt.out)
			}
			in.Hangup()
			gone(t, leg)
		})
	}
}

// ended waits for the hang-up of leg.
func (b *bed) ended(t *testing.T, leg *sip.Leg) {
	t.Helper()
	next[sip.Ended](t, b, leg)
	gone(t, leg)
}

// lastEvent passes over the events of leg to its end.
func lastEvent(t *testing.T, b *bed, leg *sip.Leg) sip.Ended {
	t.Helper()
	for {
		if e, ok := receive(t, b.events).event.(sip.Ended); ok {
			gone(t, leg)
			return e
		}
	}
}

// TestKeysGoOverTLSOnly: over UDP and TCP no key is offered, nor taken; who must
// have SRTP or TLS is told why he has no call and no registration.
func TestKeysGoOverTLSOnly(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"udp", "tcp"} {
		b := demanding(t, sip.Security{SRTP: sip.SRTPOffer})
		server, cfg := b.at(network, siptest.Config{SRTP: siptest.AVP, Tone: 700})
		c := siptest.New(t, server, cfg).Dial(b.hotline())
		receive(t, b.calls).Answer()
		if ok := c.Answered(); strings.Contains(ok.Body, "crypto") || c.Suite() != "" {
			t.Errorf("over %s the answer has keys:\n%s", network, ok.Body)
		}
		c.Hears(700)
		c.Hangup()
		server, cfg = b.at(network, siptest.Config{SRTP: siptest.SAVP})
		if res := siptest.New(t, server, cfg).Dial(b.hotline()).Ended(); res.Status != 488 {
			t.Errorf("SRTP over %s: %d", network, res.Status)
		}
		_, cfg = b.at(network, siptest.Config{User: "1001", Password: phonePassword("1001"), Domain: domain})
		p := siptest.New(t, server, cfg)
		p.Register()
		leg := b.dial(t, "1001")
		in := p.Incoming()
		if strings.Contains(in.Invite.Body, "crypto") {
			t.Errorf("our offer over %s has keys:\n%s", network, in.Invite.Body)
		}
		in.Reject(486)
		gone(t, leg)

		for name, s := range map[string]sip.Security{"SRTP": {SRTP: sip.SRTPRequire}, "TLS": {RequireTLS: true}} {
			b := demanding(t, s)
			server, cfg := b.at(network, siptest.Config{SRTP: siptest.SAVP})
			if res := siptest.New(t, server, cfg).Dial(b.hotline()).Ended(); res.Status != 403 || res.Reason != "TLS Required" {
				t.Errorf("%s required, INVITE over %s: %d %s", name, network, res.Status, res.Reason)
			}
			if code := receive(t, b.refused); code != 403 {
				t.Errorf("the refused call is told as %d", code)
			}
			_, cfg = b.at(network, siptest.Config{User: "1001", Password: phonePassword("1001"), Domain: domain})
			p := siptest.New(t, server, cfg)
			res, err := p.Phone.Register(t.Context())
			if res == nil || res.Status != 403 || res.Reason != "TLS Required" || len(b.ua.Contacts("1001")) > 0 {
				t.Errorf("%s required, REGISTER over %s: %v, %v", name, network, res, err)
			}
			if res := p.Dial(b.hotline()).Ended(); res.Status != 403 {
				t.Errorf("%s required, INVITE of a phone over %s: %d", name, network, res.Status)
			}
			if _, err := b.ua.Dial(sip.Binding{User: "1001", Transport: network}, sip.Dialing{Log: testLog()}); err == nil || !strings.Contains(err.Error(), "TLS") {
				t.Errorf("%s required, our call over %s: %v", name, network, err)
			}
		}

		b = demanding(t, sip.Security{SRTP: sip.SRTPRequire, SRTPWithoutTLS: true})
		server, cfg = b.at(network, siptest.Config{SRTP: siptest.SAVP, Tone: 700})
		c = siptest.New(t, server, cfg).Dial(b.hotline())
		receive(t, b.calls).Answer()
		c.Answered()
		c.Hears(700)
		if c.Suite() != cm {
			t.Errorf("keys in the clear were allowed over %s, suite %q", network, c.Suite())
		}
	}
}

// TestSecureDialogStaysOnTLS: a re-INVITE or UPDATE of a call with keys that comes
// over UDP is refused, and the call goes on.
func TestSecureDialogStaysOnTLS(t *testing.T) {
	t.Parallel()
	b := demanding(t, sip.Security{SRTP: sip.SRTPOffer})
	server, cfg := b.at("tls", siptest.Config{SRTP: siptest.SAVP, Tone: 700})
	c := siptest.New(t, server, cfg).Dial(b.hotline())
	leg := receive(t, b.calls)
	leg.Answer()
	c.Answered()
	c.Hears(700)
	d := c.TakeOver()
	other := b.script(t)
	for _, method := range []string{"INVITE", "UPDATE"} {
		req := d.Request(method).WithSDP(c.SDP(siptest.SendRecv))
		req.URI = "sip:" + leg.ID() + "@" + b.server()
		if res := other.Do(req); res.Status != 403 {
			t.Errorf("%s over UDP: %d", method, res.Status)
		}
	}
	c.Say(900)
	c.Hears(900)
}

// TestRekeyInTheCall: hold, resume and new keys in re-INVITEs and UPDATEs; the
// tone goes on, as one stream.
func TestRekeyInTheCall(t *testing.T) {
	t.Parallel()
	for _, suite := range []string{gcm, cm} {
		t.Run(suite, func(t *testing.T) {
			t.Parallel()
			b := demanding(t, sip.Security{SRTP: sip.SRTPRequire})
			server, cfg := b.at("tls", siptest.Config{SRTP: siptest.SAVP, Suites: []string{suite}, Tone: 700})
			c := siptest.New(t, server, cfg).Dial(b.hotline())
			leg := receive(t, b.calls)
			leg.Answer()
			c.Answered()
			c.Hears(700)
			for i, method := range []string{"INVITE", "UPDATE", "INVITE"} {
				if i > 0 {
					c.Rekey()
				}
				c.Do(method, c.SDP(siptest.SendOnly))
				c.Do(method, c.SDP(siptest.SendRecv))
				c.Say(800 + 100*i)
				c.Hears(800 + 100*i)
			}
			if res := c.Do("INVITE", strings.ReplaceAll(c.SDP(siptest.SendRecv), "a=crypto", "a=x")); res.Status != 488 {
				t.Errorf("re-INVITE without keys: %d", res.Status)
			}
			c.Say(1500)
			c.Hears(1500)
			if s := c.Streams(); len(s) != 1 || c.Unopened() > 0 {
				t.Errorf("%d streams, %d packets not opened", len(s), c.Unopened())
			}
			c.Hangup()
		})
	}
}

// TestBridgedKinds: SRTP with plain RTP and with SRTP of another suite, in both
// directions, digits too. Somebody who sprays the ports is heard by nobody.
func TestBridgedKinds(t *testing.T) {
	t.Parallel()
	b := newBed(t, withTLS(t), func(b *bed, cfg *sip.Config) { cfg.Trunks[0].Security.SRTP = sip.SRTPOffer })
	call := func(network, profile, suite string, codec uint8, tone int) (siptest.TestCall, *sip.Leg) {
		server, cfg := b.at(network, siptest.Config{SRTP: profile, Suites: []string{suite}, Codecs: []uint8{codec}, Tone: tone})
		c := siptest.New(t, server, cfg).Dial(b.hotline())
		leg := receive(t, b.calls)
		leg.Answer()
		c.Answered()
		return c, leg
	}
	secure, s := call("tls", siptest.SAVP, gcm, 8, 700)
	for name, other := range map[string][2]string{"plain": {"udp", ""}, "the other suite": {"tls", siptest.AVP}} {
		c, l := call(other[0], other[1], cm, 0, 900)
		bridge := media.Connect(s.Media(), l.Media())
		calm, peace := spray(t, s.Media().Port()), spray(t, l.Media().Port())
		secure.Hears(900)
		c.Hears(700)
		secure.Press("1")
		c.Press("2")
		secure.HearsDigits("2")
		c.HearsDigits("1")
		secure.Silent(1700, 200*time.Millisecond)
		c.Silent(1700, 200*time.Millisecond)
		calm()
		peace()
		bridge.Disconnect()
		if st := s.Media().Stats(); st.Forged == 0 || st.Lost > 0 {
			t.Errorf("%s: %d packets of the stranger counted, %d lost", name, st.Forged, st.Lost)
		}
		c.Hangup()
		gone(t, l)
		if name != "plain" && b.metric(t, "shouwen_rtp_packets_forged_total", `leg="caller"`) == 0 {
			t.Error("the stranger's packets are not in the metrics")
		}
		if c.Unopened()+secure.Unopened() > 0 {
			t.Errorf("%s: %d and %d packets not opened", name, c.Unopened(), secure.Unopened())
		}
	}
}

// spray sends a tone in plain RTP to port from one nobody knows.
func spray(t *testing.T, port uint16) (stop func()) {
	t.Helper()
	conn, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	tone := media.PCMA.Encode(nil, media.Tone(1700, 20*time.Millisecond))
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(10 * time.Millisecond)
		for seq := byte(0); ; seq++ {
			select {
			case <-tick.C:
				_, _ = conn.Write(append([]byte{0x80, 8, 0, seq, 0, 0, seq, 0, 6, 6, 6, 6}, tone...))
			case <-done:
				_ = conn.Close()
				return
			}
		}
	}()
	return func() { close(done); <-over }
}
