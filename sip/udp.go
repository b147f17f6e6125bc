package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// udpSocket is one UDP listener: the kernel's socket, and on it one generation
// after another of what sipgo takes for a socket. sipgo remembers every source
// address until the listener ends, so the listener ends now and then. The
// generations overlap, so no datagram waits and no address is missing.
type udpSocket struct {
	t     *transport
	local netip.AddrPort // bound; the same after a restart

	conn  atomic.Pointer[net.UDPConn]
	done  chan struct{} // closed by close
	stop  sync.Once
	first sync.Once // it is in sipgo's pool

	// Used by the generation that reads; they take turns.
	buf []byte
}

func listenUDP(addr netip.AddrPort, t *transport) (*udpSocket, error) {
	if err := checkListen("udp", addr); err != nil {
		return nil, err
	}
	s := &udpSocket{t: t, local: addr, done: make(chan struct{}), buf: make([]byte, maxDatagram+1)}
	if err := s.bind(); err != nil {
		return nil, listenError("udp", addr, err)
	}
	s.local = unmapped(s.conn.Load().LocalAddr().(*net.UDPAddr).AddrPort())
	return s, nil
}

func (s *udpSocket) bind() error {
	family := "udp4"
	if s.local.Addr().Is6() {
		family = "udp6"
	}
	conn, err := net.ListenUDP(family, net.UDPAddrFromAddrPort(s.local))
	if err != nil {
		return err
	}
	_ = conn.SetReadBuffer(receiveBuffer) // the kernel's default works too
	s.conn.Store(conn)
	select {
	case <-s.done: // meanwhile; whoever comes second closes conn
		return errors.Join(net.ErrClosed, conn.Close())
	default:
		return nil
	}
}

func (s *udpSocket) close() {
	s.stop.Do(func() { close(s.done) })
	_ = s.conn.Load().Close() // nothing is lost with a datagram socket
}

// run serves until ctx ends.
func (s *udpSocket) run(ctx context.Context) {
	defer s.first.Do(s.t.serving.Done)
	for ctx.Err() == nil {
		why := s.serve(ctx)
		if ctx.Err() != nil {
			return
		}
		s.t.restarted("udp", s.local, why)
		_ = s.conn.Load().Close() // it may have failed without being closed
		pause(ctx, restartDelay)
		for err := s.bind(); err != nil && ctx.Err() == nil; err = s.bind() {
			s.t.log.Error("SIP listener cannot be bound again", "network", "udp", "address", s.local, "err", err)
			pause(ctx, time.Second)
		}
	}
}

// serve starts generation after generation and returns when one ends that was
// not relieved, which means that the socket failed.
func (s *udpSocket) serve(ctx context.Context) error {
	for {
		g := &generation{udpSocket: s, UDPConn: s.conn.Load(), relieved: make(chan struct{})}
		ended := make(chan error, 1)
		s.t.panics.start("sip_udp", func() {
			defer close(ended)
			ended <- s.t.ua.TransportLayer().ServeUDP(g)
		})
		select {
		case <-g.relieved:
		case err := <-ended:
			return errors.Join(err, g.failure)
		case <-ctx.Done():
			<-ended
			return nil
		}
	}
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// generation is the net.PacketConn sipgo reads. sipgo calls ReadFrom from one
// goroutine and WriteTo from any.
type generation struct {
	*net.UDPConn // the socket it reads
	*udpSocket

	relieved chan struct{} // closed when the next generation is to read

	// Owned by the reading goroutine.
	last    netip.AddrPort
	sources int
	failure error // why ReadFrom ended; read by others after ServeUDP returned
}

// ReadFrom implements net.PacketConn. It returns admitted messages only, in
// canonical form, and no error but net.ErrClosed: any other would end sipgo's
// listener with nothing said.
func (g *generation) ReadFrom(p []byte) (int, net.Addr, error) {
	g.first.Do(g.t.serving.Done)
	if g.sources >= g.t.cfg.limits.sources {
		close(g.relieved)
		select {
		case <-time.After(g.t.cfg.limits.handover):
		case <-g.done:
		}
		return 0, nil, net.ErrClosed
	}
	for {
		n, from, err := g.UDPConn.ReadFromUDPAddrPort(g.buf)
		if err != nil {
			g.failure = err
			return 0, nil, net.ErrClosed
		}
		from = unmapped(from)
		message, answer := g.t.gate.datagram(g.buf[:n], from)
		if answer != nil {
			g.reply(answer.text, netip.AddrPortFrom(from.Addr(), answer.port))
		}
		if message == nil {
			continue
		}
		if len(message) > len(p) {
			g.t.drop("too_large")
			continue
		}
		if from != g.last {
			g.last = from
			g.sources++
		}
		return copy(p, message), net.UDPAddrFromAddrPort(from), nil
	}
}

func (g *generation) reply(text []byte, to netip.AddrPort) {
	if !g.t.egress.may(to, true) {
		g.t.drop("egress")
		return
	}
	_, _ = g.conn.Load().WriteToUDPAddrPort(text, to) // UDP: the peer repeats itself
}

// WriteTo implements net.PacketConn. It outlives the generation: transactions
// answer through it, on the socket there is by then.
func (g *generation) WriteTo(p []byte, to net.Addr) (int, error) {
	peer := unmapped(to.(*net.UDPAddr).AddrPort())
	if !g.t.egress.may(peer, isResponse(p)) {
		g.t.drop("egress")
		return 0, fmt.Errorf("send to %s: %w", peer, errEgress)
	}
	return g.conn.Load().WriteToUDPAddrPort(p, peer)
}

// Close implements net.PacketConn; the socket outlives its generations.
func (g *generation) Close() error { return nil }
