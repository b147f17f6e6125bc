package sip_test

import (
	"context"
	"crypto/tls"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// Where requests of a dialog go: route sets, targets, connections (RFC 3261 12.2.1.1, 18).

func TestRouteSet(t *testing.T) {
	t.Parallel()
	const (
		near, far  = "<sip:near.example;lr>", "<sip:far.example;lr>"
		strictNear = "<sip:near.example>"
	)
	for name, c := range map[string]struct {
		inbound bool     // the dialog's INVITE was theirs
		record  string   // Record-Route, as on the wire
		uri     string   // of our BYE; target: the peer's Contact
		route   []string // of our BYE
	}{
		"of a caller, loose":  {inbound: true, record: near + ", " + far, uri: "target", route: []string{near, far}},
		"of a caller, strict": {inbound: true, record: strictNear + ", " + far, uri: "sip:near.example", route: []string{far, "target"}},
		"of a phone, loose":   {record: far + ", " + near, uri: "target", route: []string{near, far}},
		"of a phone, strict":  {record: far + ", " + strictNear, uri: "sip:near.example", route: []string{far, "target"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			var leg *sip.Leg
			var p siptest.TestPhone
			if c.inbound {
				p = b.script(t)
				invite := b.invite(t, p, "Record-Route: "+c.record)
				leg = receive(t, b.calls)
				leg.Answer()
				ok := p.Expect("200 INVITE")
				if got := strings.Join(ok.All("Record-Route"), ", "); got != c.record {
					t.Errorf("Record-Route of the 200: %s", got)
				}
				p.Send(invite.Ack(ok).With("Route:").With("Via:")) // as if a proxy had taken its route off
			} else {
				var invite *siptest.Message
				p, leg, invite = b.rung(t, siptest.Config{})
				p.Reply(invite, 200, p.NewAudio().Answer(invite.Body), "Record-Route: "+c.record)
				p.Expect("ACK")
			}
			next[sip.Answered](t, b, leg)
			leg.Hangup(sip.Hangup{})
			bye := p.Expect("BYE")
			p.Reply(bye, 200, "")
			b.over(t, leg, sip.EndLocal)

			target := strings.Trim(p.Contact(), "<>")
			uri, route := strings.ReplaceAll(c.uri, "target", target), slices.Clone(c.route)
			for i := range route {
				route[i] = strings.ReplaceAll(route[i], "target", "<"+target+">")
			}
			if bye.URI != uri || !slices.Equal(bye.List("Route"), route) {
				t.Errorf("%s, Route: %q; want %s, %q", bye.URI, bye.List("Route"), uri, route)
			}
		})
	}
}

func TestInviteTakesThePathOfTheRegistration(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := siptest.New(t, b.server(), siptest.Config{User: "1001", Password: phonePassword("1001"), Domain: domain, Manual: true})
	p.Register("Path: <sip:edge.example;lr>", "Supported: path")
	receive(t, b.present)
	leg := b.dial(t, "1001")
	invite := p.Expect("INVITE")
	if got := invite.Get("Route"); got != "<sip:edge.example;lr>" || invite.URI != strings.Trim(p.Contact(), "<>") {
		t.Errorf("%s, Route: %s", invite.URI, got)
	}
	leg.Hangup(sip.Hangup{})
	p.Reply(invite, 100, "")
	cancel := p.Expect("CANCEL")
	if cancel.Get("Route") != invite.Get("Route") {
		t.Errorf("Route of CANCEL: %s", cancel.Get("Route"))
	}
	p.Reply(cancel, 200, "")
	p.Reply(invite, 487, "")
	p.Expect("ACK")
	gone(t, leg)
}

func TestContactOfAReinviteIsTheTarget(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"INVITE", "UPDATE"} {
		b := newBed(t)
		p := b.script(t)
		leg, d, _, _ := b.scripted(t, p)
		target := "sip:moved@" + p.Addr().String()
		req := d.Request(method).With("Contact: <" + target + ">")
		if method == "INVITE" {
			req.WithSDP(p.NewAudio().SDP(siptest.SendRecv))
		}
		p.Send(req)
		res := p.Expect("200 " + method)
		if method == "INVITE" {
			p.Send(req.Ack(res))
		}
		leg.Hangup(sip.Hangup{})
		bye := p.Expect("BYE")
		p.Reply(bye, 200, "")
		if bye.URI != target {
			t.Errorf("BYE after %s to %s, want %s", method, bye.URI, target)
		}
		b.over(t, leg, sip.EndLocal)
	}
}

func withTLS(t *testing.T) func(*bed, *sip.Config) {
	return func(_ *bed, cfg *sip.Config) {
		cfg.Transport.TLS = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}
		cfg.Transport.DataDir = t.TempDir()
	}
}

// streamPhone is phone 1001, registered over a connection.
func (b *bed) streamPhone(t *testing.T, network string, cfg siptest.Config) siptest.TestPhone {
	t.Helper()
	cfg.Network, cfg.TLS = network, &tls.Config{InsecureSkipVerify: true} // our own certificate, made a moment ago
	cfg.User, cfg.Password, cfg.Domain = "1001", phonePassword("1001"), domain
	p := siptest.New(t, b.ua.Addr(network).String(), cfg)
	p.Register()
	receive(t, b.present)
	return p
}

func TestPhonesBehindConnections(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp", "tls"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, withTLS(t))
			p := b.streamPhone(t, network, siptest.Config{Tone: 700})
			for _, phoneHangsUp := range []bool{true, false} {
				leg := b.dial(t, "1001")
				in := p.Incoming() // through the connection: the phone listens nowhere
				if via := in.Invite.Get("Via"); !strings.HasPrefix(via, "SIP/2.0/"+strings.ToUpper(network)) ||
					!strings.Contains(in.Invite.Get("Contact"), "transport="+network) {
					t.Errorf("Via: %s, Contact: %s", via, in.Invite.Get("Contact"))
				}
				next[sip.Ringing](t, b, leg)
				in.Answer()
				next[sip.Answered](t, b, leg)
				stop := b.echo(leg)
				in.Hears(700)
				stop()
				if phoneHangsUp {
					in.Hangup()
					b.over(t, leg, sip.EndHangup)
				} else {
					leg.Hangup(sip.Hangup{})
					in.Ended()
					b.over(t, leg, sip.EndLocal)
				}
			}
			c := p.Dial("sip:12345@" + b.ua.Addr(network).String())
			leg := receive(t, b.calls)
			if got := leg.Incoming().Account; got != "1001" {
				t.Errorf("account %q", got)
			}
			leg.Answer()
			c.Answered()
			next[sip.Answered](t, b, leg)
			leg.Hangup(sip.Hangup{})
			c.Ended()
			b.over(t, leg, sip.EndLocal)
		})
	}
}

// When the phone's connection is closed nothing is dialled in its place: behind a
// NAT there would be nobody, or somebody else.
func TestConnectionOfThePhoneIsClosed(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp", "tls"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, withTLS(t))
			p := b.streamPhone(t, network, siptest.Config{})
			contact := b.ua.Contacts("1001")[0]
			leg := b.dial(t, "1001")
			in := p.Incoming()
			next[sip.Ringing](t, b, leg)
			in.Answer()
			next[sip.Answered](t, b, leg)
			p.Close()
			for b.ua.HasFlow(network, p.Addr()) {
				runtime.Gosched()
			}
			leg.Probe()
			if e := b.over(t, leg, sip.EndGone); !strings.Contains(e.Reason, "connection to the peer is gone") {
				t.Errorf("%+v", e)
			}

			again, err := b.ua.Dial(contact, sip.Dialing{Log: testLog(), Events: func(e sip.Event) { b.events <- legEvent{nil, e} }})
			if err != nil {
				t.Fatal(err)
			}
			gone(t, again)
			if e, ok := receive(t, b.events).event.(sip.Ended); !ok || e.Cause != sip.EndGone || !strings.Contains(e.Reason, "connection to the peer is gone") {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestPhoneComesBackOnAnotherConnection(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.streamPhone(t, "tcp", siptest.Config{Manual: true})
	leg := b.dial(t, "1001")
	invite := p.Expect("INVITE")
	ok := p.Reply(invite, 200, p.NewAudio().Answer(invite.Body))
	p.Expect("ACK")
	next[sip.Answered](t, b, leg)
	p.Close()
	back := siptest.New(t, b.ua.Addr("tcp").String(), siptest.Config{Network: "tcp", User: "1001", Manual: true})
	d := siptest.Callee(invite, ok)
	move := back.Send(d.Request("INVITE").WithSDP(back.NewAudio().SDP(siptest.SendRecv)))
	back.Send(move.Ack(back.Expect("200 INVITE")))
	leg.Hangup(sip.Hangup{})
	back.Reply(back.Expect("BYE"), 200, "")
	b.over(t, leg, sip.EndLocal)
}

func TestRefusalsOverAConnection(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := siptest.New(t, b.ua.Addr("tcp").String(), siptest.Config{Network: "tcp", User: "+861055550100"})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	c := p.Dial("sip:12345@" + b.ua.Addr("tcp").String())
	leg := receive(t, b.calls)
	leg.Reject(486, "Busy Here")
	if m, err := c.Call.Ended(ctx); err != nil || m.Status != 486 {
		t.Errorf("%v, %v", m, err)
	}
	b.over(t, leg, sip.EndLocal)
}
