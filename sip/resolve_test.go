package sip_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// Servers of trunks that DNS knows by SRV (RFC 3263, RFC 2782).

func TestServersAreLookedUp(t *testing.T) {
	t.Parallel()
	n := newNameserver(t)
	n.srv("_sip._udp.carrier.test.", record(20, 0, 5080, "two.carrier.test."), record(10, 5, 5070, "one.carrier.test."))
	n.srv("_sip._tcp.carrier.test.", record(1, 1, 5090, "two.carrier.test."))
	n.srv("_sips._tcp.carrier.test.", record(1, 1, 5091, "two.carrier.test."))
	n.srv("_sip._udp.half.test.", record(10, 0, 5070, "nowhere.test."), record(20, 0, 5080, "two.carrier.test."))
	n.srv("_sip._udp.gone.test.", record(10, 0, 5070, "nowhere.test."))
	n.srv("_sip._udp.no.test.", record(0, 0, 0, "."))
	n.host("no.test.", "192.0.2.9")
	n.host("one.carrier.test.", "192.0.2.1", "2001:db8::1")
	n.host("two.carrier.test.", "192.0.2.2", "192.0.2.3")
	n.host("plain.test.", "192.0.2.4")
	for name, tt := range map[string]struct {
		server, network, family string
		want                    []string // none: an error
	}{
		"by priority":             {"carrier.test", "udp", "ip4", []string{"192.0.2.1:5070 10 5", "192.0.2.2:5080 20 0", "192.0.2.3:5080 20 0"}},
		"over TCP":                {"carrier.test", "tcp", "ip4", []string{"192.0.2.2:5090 1 1", "192.0.2.3:5090 1 1"}},
		"over TLS":                {"carrier.test", "tls", "ip4", []string{"192.0.2.2:5091 1 1", "192.0.2.3:5091 1 1"}},
		"over IPv6":               {"carrier.test", "udp", "ip6", []string{"[2001:db8::1]:5070 10 5"}},
		"one target is not known": {"half.test", "udp", "ip4", []string{"192.0.2.2:5080 20 0", "192.0.2.3:5080 20 0"}},
		"no target is known":      {"gone.test", "udp", "ip4", nil},
		"decidedly not":           {"no.test", "udp", "ip4", nil},
		"no SRV":                  {"plain.test", "udp", "ip4", []string{"192.0.2.4:5060 0 0"}},
		"no SRV, over TLS":        {"plain.test", "tls", "ip4", []string{"192.0.2.4:5061 0 0"}},
		"a port":                  {"plain.test:5077", "udp", "ip4", []string{"192.0.2.4:5077 0 0"}},
		"a port, and SRV":         {"two.carrier.test:5077", "udp", "ip4", []string{"192.0.2.2:5077 0 0", "192.0.2.3:5077 0 0"}},
		"an address":              {"192.0.2.5", "udp", "ip4", []string{"192.0.2.5:5060 0 0"}},
		"unknown":                 {"unknown.test", "udp", "ip4", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := sip.LookUp(t.Context(), n.resolver(), tt.network, tt.family, tt.server)
			slices.Sort(got)
			if slices.Sort(tt.want); !slices.Equal(got, tt.want) || (err == nil) != (tt.want != nil) {
				t.Errorf("%v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

// bySRV is a trunk that DNS knows as carrier.test, with these servers in their order.
func (n *nameserver) bySRV(change func(*sip.Outbound), servers ...siptest.TestPhone) func(*bed, *sip.Config) {
	n.host("one.carrier.test.", "127.0.0.1")
	n.servers(servers...)
	return func(b *bed, cfg *sip.Config) {
		b.resolver = n.resolver()
		carriers(func(o *sip.Outbound) {
			o.Servers = []string{"carrier.test"}
			change(o)
		}, servers[0])(b, cfg)
	}
}

// servers makes these those of carrier.test, in their order.
func (n *nameserver) servers(servers ...siptest.TestPhone) {
	n.srv("_sip._udp.carrier.test.")
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, s := range servers {
		r := record(uint16(10*i), 5, s.Addr().Port(), "one.carrier.test.")
		n.zone["_sip._udp.carrier.test."] = append(n.zone["_sip._udp.carrier.test."], &r)
	}
}

// TestSRVNextServerTakesTheCall from who says that he cannot, or nothing for 8·T1.
func TestSRVNextServerTakesTheCall(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"says nothing": 0, "cannot": 503} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, one, two := newNameserver(t), carrier(t), carrier(t)
			b := newBed(t, n.bySRV(asIs, one, two))
			b.state(t, true)
			began := time.Now()
			leg := b.callOut(t)
			invite := one.Expect("INVITE")
			if status != 0 {
				one.Reply(invite, status, "")
				one.Expect("ACK")
			}
			invite = two.Expect("INVITE")
			if d := invite.At.Sub(began); status == 0 && d < 400*time.Millisecond {
				t.Errorf("the second was called after %s", d)
			}
			if invite.URI != "sip:+8613800138000@carrier.example" {
				t.Errorf("calls %s", invite.URI)
			}
			d, _ := b.pickUp(t, two, leg, invite)
			b.hangup(t, two, d, leg)
		})
	}
}

// TestSRVIsLookedUpAgain: calls go where DNS says now; while it says nothing, where it
// said last.
func TestSRVIsLookedUpAgain(t *testing.T) {
	t.Parallel()
	n, one, two := newNameserver(t), carrier(t), carrier(t)
	b := newBed(t, n.bySRV(asIs, one), func(_ *bed, cfg *sip.Config) { cfg.SetSecond(time.Millisecond) })
	b.state(t, true)
	call := func(s siptest.TestPhone) {
		t.Helper()
		leg := b.callOut(t)
		s.Reply(s.Expect("INVITE"), 486, "")
		s.Expect("ACK")
		b.over(t, leg, sip.EndRejected)
	}
	call(one)
	n.servers(two)
	n.asks(t, 4) // two lookups of two questions: the first may have begun before
	call(two)
	n.fail(true)
	n.asks(t, 4)
	call(two)
	n.fail(false)
	n.servers(one, two)
	n.asks(t, 4)
	call(one)
}

// TestSRVUnknownAtFirst: a name that DNS does not know at the start is looked up soon
// again.
func TestSRVUnknownAtFirst(t *testing.T) {
	t.Parallel()
	n, one := newNameserver(t), carrier(t)
	n.fail(true)
	b := newBed(t, quick, n.bySRV(asIs, one))
	if s := b.state(t, false); s.Reason != "name not resolved" || s.Server != "carrier.test" {
		t.Errorf("%+v", s)
	}
	if _, err := b.ua.DialOut("+8613800138000", sip.Dialing{Log: testLog(), Events: func(sip.Event) {}}); err != sip.ErrNoTrunk {
		t.Errorf("err = %v", err)
	}
	n.fail(false)
	b.state(t, true)
}

// TestSRVRegistersOnce: at the first server that can take it, and renews it there.
func TestSRVRegistersOnce(t *testing.T) {
	t.Parallel()
	n, one, two := newNameserver(t), carrier(t), carrier(t)
	b := newBed(t, quick, n.bySRV(registering, one, two))
	one.Reply(one.Expect("REGISTER"), 503, "")
	for range 2 {
		reg := two.Expect("REGISTER")
		two.Reply(reg, 200, "", "Contact: "+reg.Get("Contact")+";expires=60")
		b.state(t, true)
	}
	if n := one.Count("REGISTER"); n != 1 {
		t.Errorf("%d REGISTER to the server that could not", n)
	}
	drained, cancel := context.WithCancel(t.Context())
	cancel()
	b.ua.Drain(drained)
	for {
		if last := two.Expect("REGISTER"); last.Get("Expires") == "0" {
			two.Reply(last, 200, "")
			break
		} else {
			two.Reply(last, 200, "", "Contact: "+last.Get("Contact")+";expires=60")
		}
	}
	if s := b.ua.Trunks()[0]; s.Up || !strings.Contains(s.Reason, "draining") {
		t.Errorf("%+v", s)
	}
}
