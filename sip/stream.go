package sip

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"
)

const acceptBackoff = 50 * time.Millisecond

// streamListener is a TCP or TLS listener. It accepts, shakes hands and waits
// for the first message in goroutines of its own and hands sipgo connections
// that already spoke SIP, because sipgo's loop does one at a time.
type streamListener struct {
	t       *transport
	network string // "tcp" or "tls"
	local   netip.AddrPort
	tls     *tls.Config // nil for TCP

	finished chan net.Conn // connections for sipgo
	done     chan struct{} // closed by close
	stop     sync.Once
	first    sync.Once // sipgo accepts

	mu    sync.Mutex
	inner net.Listener
}

func listenStream(network string, addr netip.AddrPort, conf *tls.Config, t *transport) (*streamListener, error) {
	if err := checkListen(network, addr); err != nil {
		return nil, err
	}
	l := &streamListener{
		t:        t,
		network:  network,
		local:    addr,
		tls:      conf,
		finished: make(chan net.Conn),
		done:     make(chan struct{}),
	}
	if err := l.bind(); err != nil {
		return nil, listenError(network, addr, err)
	}
	l.local = unmapped(l.inner.Addr().(*net.TCPAddr).AddrPort())
	return l, nil
}

func (l *streamListener) bind() error {
	inner, err := net.Listen("tcp", l.local.String())
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.done:
		return errors.Join(net.ErrClosed, inner.Close())
	default:
	}
	l.inner = inner
	return nil
}

func (l *streamListener) socket() net.Listener {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inner
}

func (l *streamListener) close() {
	l.stop.Do(func() { close(l.done) })
	_ = l.socket().Close()
}

// run serves until ctx ends.
func (l *streamListener) run(ctx context.Context) {
	defer l.first.Do(l.t.serving.Done)
	for ctx.Err() == nil {
		why := l.serve()
		if ctx.Err() != nil {
			return
		}
		l.t.restarted(l.network, l.local, why)
		_ = l.socket().Close()
		pause(ctx, restartDelay)
		for err := l.bind(); err != nil && ctx.Err() == nil; err = l.bind() {
			l.t.log.Error("SIP listener cannot be bound again", "network", l.network, "address", l.local, "err", err)
			pause(ctx, time.Second)
		}
	}
}

// serve accepts until the socket fails.
func (l *streamListener) serve() error {
	failed := make(chan error, 1)
	inner := l.socket()
	l.t.panics.start("sip_accept", func() {
		defer close(failed)
		failed <- l.accept(inner)
	})
	v := &visible{streamListener: l, failed: make(chan struct{})}
	ended := make(chan error, 1)
	l.t.panics.start("sip_stream", func() {
		defer close(ended)
		layer := l.t.ua.TransportLayer()
		if l.network == "tls" {
			ended <- layer.ServeTLS(v)
		} else {
			ended <- layer.ServeTCP(v)
		}
	})
	select {
	case err := <-failed:
		close(v.failed)
		<-ended
		return err
	case err := <-ended:
		_ = inner.Close()
		<-failed
		return err
	}
}

// accept takes connections from the kernel until that fails for good.
func (l *streamListener) accept(inner net.Listener) error {
	for {
		conn, err := inner.Accept()
		if passing(err) {
			l.t.drop("accept")
			time.Sleep(acceptBackoff)
			continue
		}
		if err != nil {
			return err
		}
		l.t.panics.start("sip_connection", func() { l.greet(conn) })
	}
}

// passing says whether an error of Accept is about one connection or about a
// shortage that may end.
func passing(err error) bool {
	return slices.ContainsFunc([]error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EINTR,
	}, func(e error) bool { return errors.Is(err, e) })
}

// greet makes a connection ready for sipgo or closes it.
func (l *streamListener) greet(conn net.Conn) {
	c := newAcceptedConn(l, conn)
	if !l.t.flows.add(c) {
		l.t.drop("connections")
		_ = conn.Close()
		return
	}
	if !c.open() {
		_ = c.Close()
		return
	}
	select {
	case l.finished <- c:
	case <-l.done:
		_ = c.Close()
	}
}

// visible is the net.Listener sipgo sees.
type visible struct {
	*streamListener
	failed chan struct{} // closed when the socket failed
}

// Accept implements net.Listener.
func (v *visible) Accept() (net.Conn, error) {
	v.first.Do(v.t.serving.Done)
	select {
	case conn := <-v.finished:
		return conn, nil
	case <-v.failed:
		return nil, net.ErrClosed
	case <-v.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (v *visible) Close() error { return nil }

// Addr implements net.Listener.
func (v *visible) Addr() net.Addr { return net.TCPAddrFromAddrPort(v.local) }
