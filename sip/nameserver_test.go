package sip_test

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// nameserver is a DNS server on loopback that knows what a test tells it.
type nameserver struct {
	conn  *net.UDPConn
	asked chan struct{} // a token for each question, as long as there is room

	mu     sync.Mutex // guards the following fields
	zone   map[string][]dnsmessage.ResourceBody
	broken bool // it answers SERVFAIL
}

func newNameserver(t testing.TB) *nameserver {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	n := &nameserver{conn: conn, asked: make(chan struct{}, 1000), zone: map[string][]dnsmessage.ResourceBody{}}
	done := make(chan struct{})
	go func() { defer close(done); n.serve() }()
	t.Cleanup(func() { conn.Close(); <-done })
	return n
}

// resolver asks n and nobody else.
func (n *nameserver) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp4", n.conn.LocalAddr().String())
	}}
}

// srv makes records those of an SRV name, like _sip._udp.carrier.test.
func (n *nameserver) srv(name string, records ...dnsmessage.SRVResource) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.zone[name] = nil
	for _, r := range records {
		n.zone[name] = append(n.zone[name], &r)
	}
}

// host makes addresses those of a name.
func (n *nameserver) host(name string, addresses ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.zone[name] = nil
	for _, text := range addresses {
		if a := netip.MustParseAddr(text); a.Is4() {
			n.zone[name] = append(n.zone[name], &dnsmessage.AResource{A: a.As4()})
		} else {
			n.zone[name] = append(n.zone[name], &dnsmessage.AAAAResource{AAAA: a.As16()})
		}
	}
}

// fail lets n answer nothing but SERVFAIL, or no longer.
func (n *nameserver) fail(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.broken = on
}

// asks waits for so many questions from now on.
func (n *nameserver) asks(t testing.TB, questions int) {
	t.Helper()
	for len(n.asked) > 0 {
		<-n.asked
	}
	for range questions {
		receive(t, n.asked)
	}
}

func (n *nameserver) serve() {
	buf := make([]byte, 1500)
	for {
		size, from, err := n.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if b := n.answer(buf[:size]); b != nil {
			_, _ = n.conn.WriteToUDPAddrPort(b, from)
		}
	}
}

func (n *nameserver) answer(query []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case n.asked <- struct{}{}:
	default:
	}
	q := m.Questions[0]
	m.Header = dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true, RecursionAvailable: true}
	m.Answers, m.Authorities, m.Additionals = nil, nil, nil
	known, ok := n.zone[q.Name.String()]
	switch {
	case n.broken:
		m.RCode = dnsmessage.RCodeServerFailure
	case !ok:
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, body := range known {
		var is dnsmessage.Type
		switch body.(type) {
		case *dnsmessage.SRVResource:
			is = dnsmessage.TypeSRV
		case *dnsmessage.AResource:
			is = dnsmessage.TypeA
		case *dnsmessage.AAAAResource:
			is = dnsmessage.TypeAAAA
		}
		if is == q.Type && !n.broken {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: is, Class: q.Class, TTL: 1}, Body: body})
		}
	}
	b, err := m.Pack()
	if err != nil {
		return nil
	}
	return b
}

// record is an SRV record.
func record(priority, weight, port uint16, target string) dnsmessage.SRVResource {
	return dnsmessage.SRVResource{Priority: priority, Weight: weight, Port: port, Target: dnsmessage.MustNewName(target)}
}
