package media

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// wire is a network in memory, for tests with a fake clock: what sockets of
// one wire send is on record, what they receive the test puts in.
type wire struct {
	slow func() // runs in each write

	mu    sync.Mutex
	socks map[uint16]*wireConn
	sent  []sentDatagram
}

type sentDatagram struct {
	from uint16
	to   netip.AddrPort
	at   time.Time
	b    []byte
}

type wireConn struct {
	wire   *wire
	port   uint16
	in     chan []byte
	closed chan struct{}
	once   sync.Once
}

func newWire() *wire { return &wire{socks: map[uint16]*wireConn{}, slow: func() {}} }

func (w *wire) run(ctx context.Context) error { return portable{}.run(ctx) }

func (w *wire) listen(at netip.AddrPort) (packetConn, error) {
	c := &wireConn{wire: w, port: at.Port(), in: make(chan []byte, 64), closed: make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.socks[at.Port()] = c
	return &readConn{blocking: c}, nil
}

// unread is a socket of w to which nothing comes.
func (w *wire) unread(port uint16) packetConn {
	return &readConn{blocking: &wireConn{wire: w, port: port}}
}

// phoneAddr is where datagrams put into a wire come from.
var phoneAddr = netip.MustParseAddrPort("192.0.2.9:4000")

// put delivers b to a port, as if from phoneAddr.
func (w *wire) put(port uint16, b []byte) {
	w.mu.Lock()
	c := w.socks[port]
	w.mu.Unlock()
	c.in <- b
}

// record returns what was sent from a port.
func (w *wire) record(port uint16) (out []sentDatagram) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.sent {
		if d.from == port {
			out = append(out, d)
		}
	}
	return out
}

func (w *wire) isOpen(port uint16) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.socks[port].closed:
		return false
	default:
		return true
	}
}

func (c *wireConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case d := <-c.in:
		return copy(b, d), phoneAddr, nil
	case <-c.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (c *wireConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	c.wire.slow()
	c.wire.mu.Lock()
	defer c.wire.mu.Unlock()
	c.wire.sent = append(c.wire.sent, sentDatagram{c.port, to, time.Now(), append([]byte(nil), b...)})
	return len(b), nil
}

func (c *wireConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

// wirePool returns a pool of n pairs on a wire. The caller runs it.
func wirePool(t testing.TB, n int) (*Pool, *wire) {
	t.Helper()
	w := newWire()
	p, err := newPool(loopback, 30000, uint16(30000+2*n-1), w)
	if err != nil {
		t.Fatal(err)
	}
	return p, w
}

// wireSession returns a session on a wire that talks to phoneAddr.
func wireSession(t testing.TB, p *Pool) *Session {
	t.Helper()
	s, err := p.Open(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	format := Format{Codec: PCMU, EventPT: 101}
	s.Apply(Negotiated{Remote: phoneAddr, Send: format, Recv: format, SendOK: true, RecvOK: true})
	return s
}
