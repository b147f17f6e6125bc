package sip

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	msg "github.com/emiago/sipgo/sip"
)

// request is an OPTIONS of ours to peer.
func request(tp *transport, network string, peer netip.AddrPort) *msg.Request {
	req := msg.NewRequest(msg.OPTIONS, msg.Uri{Scheme: "sip", User: "peer", Host: peer.Addr().String(), Port: int(peer.Port())})
	via := &msg.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: strings.ToUpper(network), Host: "127.0.0.1", Port: int(tp.addr(network).Port()), Params: msg.NewParams()}
	via.Params.Add("branch", msg.GenerateBranch())
	for _, h := range []msg.Header{
		via, msg.NewHeader("From", "<sip:us@127.0.0.1>;tag=1"), msg.NewHeader("To", "<sip:peer@127.0.0.1>"),
		msg.NewHeader("Call-ID", msg.GenerateBranch()), &msg.CSeqHeader{SeqNo: 1, MethodName: msg.OPTIONS}, msg.NewHeader("Content-Length", "0"),
	} {
		req.AppendHeader(h)
	}
	req.SetTransport(strings.ToUpper(network))
	req.SetDestination(peer.String())
	if network == "udp" {
		local := tp.addr("udp")
		req.Laddr = msg.Addr{IP: local.Addr().AsSlice(), Port: int(local.Port())}
	}
	return req
}

func TestRequestsGoToAllowedPeersOnly(t *testing.T) {
	t.Parallel()
	tp := testTransport(t, nil)
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	tcp, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	for network, peer := range map[string]netip.AddrPort{
		"udp": netip.MustParseAddrPort(udp.LocalAddr().String()),
		"tcp": netip.MustParseAddrPort(tcp.Addr().String()),
	} {
		send := func() error { return tp.ua.TransportLayer().WriteMsg(request(tp, network, peer)) }
		if err := send(); !errors.Is(err, errEgress) {
			t.Errorf("%s to a stranger: %v, want %v", network, err, errEgress)
		}
		tp.allow(peer)
		tp.allow(peer)
		tp.forget(peer)
		if err := send(); err != nil {
			t.Errorf("%s to a peer allowed twice and forgotten once: %v", network, err)
		}
		tp.forget(peer)
		if network == "tcp" {
			continue // its connection is there
		}
		if err := send(); !errors.Is(err, errEgress) {
			t.Errorf("%s to a forgotten peer: %v, want %v", network, err, errEgress)
		}
	}
	_, from, err := udp.ReadFrom(make([]byte, 2000))
	if err != nil || from.String() != tp.addr("udp").String() {
		t.Errorf("request came from %v, %v, want the listener %s", from, err, tp.addr("udp"))
	}
}

// Addresses that are never a peer, in every disguise.
func TestEgressRefusesWhatIsNoPeer(t *testing.T) {
	t.Parallel()
	e := newEgress()
	now := time.Now()
	for _, addr := range []string{"0.0.0.0", "255.255.255.255", "224.0.0.1", "::", "ff02::1", "::ffff:255.255.255.255", "::ffff:0.0.0.0"} {
		peer := netip.AddrPortFrom(netip.MustParseAddr(addr), 5060)
		e.heard.add(peer.Addr(), now) // the source of a datagram can be forged
		e.allow(peer)
		if e.may(peer, true) {
			t.Errorf("%s may be sent to", peer)
		}
	}
	trunk := netip.MustParseAddrPort("192.0.2.1:5060")
	e.allow(trunk)
	for peer, want := range map[string]bool{
		"192.0.2.1:5060": true, "[::ffff:192.0.2.1]:5060": true, "192.0.2.1:5061": false, "192.0.2.1:0": false,
		"192.0.2.2:5060": false, "169.254.169.254:80": false, "[::1]:5060": false, "127.0.0.1:5432": false,
	} {
		if got := e.may(netip.MustParseAddrPort(peer), false); got != want {
			t.Errorf("%s: may be sent a request %v, want %v", peer, got, want)
		}
	}
}

func TestNamesAreNotResolved(t *testing.T) {
	t.Parallel()
	if _, err := noDNS.LookupHost(context.Background(), "trunk.example.com"); err == nil || !strings.Contains(err.Error(), errEgress.Error()) {
		t.Errorf("got %v, want %v", err, errEgress)
	}
}

func TestAddressesHeardAreRememberedLongEnough(t *testing.T) {
	t.Parallel()
	h := newHeard()
	at := time.Now()
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	for i := range 100_000 {
		h.add(addr(i), at)
	}
	h.add(addr(1<<20), at.Add((heardFor+1)*time.Second)) // the other filter learns
	wrong := 0
	for i := range 100_000 {
		if !h.has(addr(i)) {
			t.Fatalf("%s forgotten", addr(i))
		}
		if h.has(addr(1<<21 + i)) {
			wrong++
		}
	}
	if wrong > 5000 {
		t.Errorf("%d of 100000 addresses never heard pass", wrong)
	}
	h.add(addr(1<<20), at.Add(2*(heardFor+1)*time.Second))
	if h.has(addr(1)) && h.has(addr(2)) && h.has(addr(3)) {
		t.Error("addresses are never forgotten")
	}
}

// Where a phone is registered it may be called; where it no longer is, not.
func TestRegisteredPhonesMayBeCalled(t *testing.T) {
	t.Parallel()
	e := newEgress()
	r := newRegistrar(registrarConfig{Domain: testRealm, allow: e.allow, forget: e.forget}, newDirectory("1001", "1002"), nil,
		func(string, bool) {}, testMetrics().SIP, discard)
	now := time.Now()
	shared, own := netip.MustParseAddrPort("192.0.2.9:5061"), netip.MustParseAddrPort("192.0.2.10:5061")
	binding := func(user, contact string, remote netip.AddrPort, updated time.Time) Binding {
		return Binding{User: user, Contact: contact, Transport: "tls", Remote: remote, Updated: updated, Expires: now.Add(time.Hour)}
	}
	check := func(when string, sharedWant, ownWant bool) {
		t.Helper()
		if s, o := e.allowed(shared), e.allowed(own); s != sharedWant || o != ownWant {
			t.Errorf("%s: shared flow %v, own flow %v, want %v and %v", when, s, o, sharedWant, ownWant)
		}
	}
	check("before", false, false)
	r.learn([]Binding{binding("1001", "sip:a@192.0.2.9", shared, now), binding("1002", "sip:b@192.0.2.9", shared, now)}, now)
	check("two phones on one flow", true, false)
	r.learn([]Binding{binding("1001", "sip:a@192.0.2.9", own, now.Add(time.Second))}, now)
	check("one moved", true, true)
	r.forgetFlow("tls", shared)
	check("the shared flow is gone", false, true)
	r.forgetFlow("tls", own)
	check("both are gone", false, false)
}
