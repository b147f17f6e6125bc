package sip

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

const (
	readChunk = 4 << 10                  // bytes read at once, or more
	rateDelay = time.Second / sourceRate // until a stranger above its rate is tried again
)

// acceptedConn is an accepted connection. It cuts the stream into messages, answers or
// drops what admission does not pass and gives sipgo the others in canonical
// form; only lost framing closes it. sipgo reads from one goroutine and writes
// from any.
type acceptedConn struct {
	net.Conn // tls.Conn for TLS
	l        *streamListener
	remote   netip.AddrPort
	life     limits
	closed   chan struct{}
	shut     sync.Once

	writing sync.Mutex

	mu      sync.Mutex
	lost    bool      // the peer is gone; sipgo does not know yet
	greeted bool      // a whole message came
	passed  time.Time // when the last message was passed

	// Owned by the reading goroutine.
	buf   []byte    // received and not yet cut
	need  int       // length of the first message in buf, once its header section is there
	began time.Time // of the incomplete message in buf
	out   []byte    // for sipgo
}

func newAcceptedConn(l *streamListener, conn net.Conn) *acceptedConn {
	f := &acceptedConn{
		Conn:   conn,
		l:      l,
		remote: unmapped(conn.RemoteAddr().(*net.TCPAddr).AddrPort()),
		life:   l.t.cfg.limits,
		closed: make(chan struct{}),
	}
	if l.tls != nil {
		f.Conn = tls.Server(conn, l.tls)
	}
	return f
}

// open shakes hands and waits for the first message that passes; until then
// sipgo has no part in the connection.
func (f *acceptedConn) open() bool {
	if secure, ok := f.Conn.(*tls.Conn); ok {
		ctx, cancel := context.WithTimeout(context.Background(), f.life.handshake)
		defer cancel()
		if err := secure.HandshakeContext(ctx); err != nil {
			f.l.t.drop("tls_handshake")
			return false
		}
	}
	f.began = time.Now() // the first message has the time of any message
	return f.fill() == nil
}

// Read implements net.Conn. What sipgo reads is complete messages. The end of
// the connection is told it only some time after the last one, for sipgo
// answers a lost connection's requests by dialling what their Via names.
func (f *acceptedConn) Read(p []byte) (int, error) {
	if len(f.out) == 0 {
		if err := f.fill(); err != nil {
			f.end()
			return 0, err
		}
	}
	n := copy(p, f.out)
	f.out = f.out[n:]
	return n, nil
}

// SetReadDeadline implements net.Conn. The deadlines are fill's, not sipgo's.
func (f *acceptedConn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn; Write has its own.
func (f *acceptedConn) SetWriteDeadline(time.Time) error { return nil }

// Write implements net.Conn. A peer that does not read loses its connection.
func (f *acceptedConn) Write(p []byte) (int, error) {
	f.writing.Lock()
	defer f.writing.Unlock()
	if err := f.Conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	n, err := f.Conn.Write(p)
	if err != nil {
		_ = f.Conn.Close() // half a message may be out; the reader ends too
	}
	return n, err
}

// Close implements net.Conn.
func (f *acceptedConn) Close() error {
	f.shut.Do(func() {
		close(f.closed)
		f.l.t.flows.remove(f)
	})
	return f.Conn.Close()
}

// end notes that nothing more comes and waits until sipgo may know.
func (f *acceptedConn) end() {
	f.mu.Lock()
	f.lost = true
	wait := time.Until(f.passed.Add(f.life.linger))
	f.mu.Unlock()
	select {
	case <-f.closed: // by us
		return
	default:
		f.l.t.panics.safely("sip_lost", func() { f.l.t.cfg.lost(f.l.network, f.remote) })
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.closed:
	}
}

// gone returns whether the peer has closed the connection.
func (f *acceptedConn) gone() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lost
}

// fill reads until there is a message for sipgo.
func (f *acceptedConn) fill() error {
	for {
		message, ok, err := f.cut()
		if err != nil {
			return err
		}
		if !ok {
			if err := f.receive(); err != nil {
				return err
			}
			continue
		}
		if f.admit(message) {
			return nil
		}
	}
}

// errFraming means that no one can tell where the next message begins.
var errFraming = errors.New("message boundary lost")

// cut takes the first whole message out of buf; ok is false if there is none
// yet.
func (f *acceptedConn) cut() (message []byte, ok bool, err error) {
	if f.need == 0 {
		if err := f.measure(); err != nil {
			return nil, false, err
		}
	}
	if f.need == 0 || len(f.buf) < f.need {
		return nil, false, nil
	}
	message, f.buf = f.buf[:f.need], f.buf[f.need:]
	f.need, f.began = 0, time.Now()
	return message, true, nil
}

// measure sets need if buf has a whole header section.
func (f *acceptedConn) measure() error {
	f.keepAlive()
	if len(f.buf) == 0 || len(f.buf) == 1 && f.buf[0] == '\r' {
		return nil
	}
	head, _, ok := splitMessage(f.buf)
	switch {
	case !ok && len(f.buf) > maxHeaderBytes, !isTokenChar(f.buf[0]):
		f.l.t.drop("framing")
		return errFraming
	case !ok:
		return nil
	}
	n, ok := headerLength(head)
	if !ok || n > maxBody {
		f.refuse(f.buf) // 400 or 513, if an answer can be built
		return errFraming
	}
	f.need = len(head) + len("\r\n") + n
	return nil
}

// headerLength returns the length of the body that follows head.
func headerLength(head []byte) (n int, ok bool) {
	var fields []wireField
	for _, line := range unfold(head) {
		if f, ok := splitField(line); ok {
			fields = append(fields, f)
		}
	}
	n, ok = declaredLength(fields)
	return n, ok && n >= 0
}

// keepAlive takes CRLFs from before a message and answers pings (RFC 5626 4.4.1).
func (f *acceptedConn) keepAlive() {
	for bytes.HasPrefix(f.buf, []byte("\r\n")) {
		if f.buf = f.buf[2:]; bytes.HasPrefix(f.buf, []byte("\r\n")) {
			f.buf = f.buf[2:]
			_, _ = f.Write([]byte("\r\n"))
		}
	}
}

// receive reads more from the peer, and waits no longer than limits allow.
func (f *acceptedConn) receive() error {
	for {
		if err := f.Conn.SetReadDeadline(f.deadline()); err != nil {
			return err
		}
		if cap(f.buf)-len(f.buf) < readChunk {
			f.buf = append(make([]byte, 0, len(f.buf)+2*readChunk), f.buf...)
		}
		n, err := f.Conn.Read(f.buf[len(f.buf):cap(f.buf)])
		if n > 0 && len(f.buf) == 0 {
			f.began = time.Now()
		}
		f.buf = f.buf[:len(f.buf)+n]
		if n > 0 {
			return nil
		}
		if err == nil {
			err = io.ErrNoProgress
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if len(f.buf) > 0 || !f.hasGreeted() {
			f.l.t.drop("incomplete")
			return err
		}
		if !f.l.t.gate.known(f.remote) {
			f.l.t.drop("idle")
			return err
		}
	}
}

func (f *acceptedConn) deadline() time.Time {
	if len(f.buf) > 0 || !f.hasGreeted() {
		return f.began.Add(f.life.message)
	}
	return time.Now().Add(f.life.idle)
}

func (f *acceptedConn) hasGreeted() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.greeted
}

// admit passes message to sipgo, or answers or drops it. A stranger above its
// rate waits, and so the peer does.
func (f *acceptedConn) admit(message []byte) (passed bool) {
	gate := f.l.t.gate
	why := gate.before(message, f.remote, time.Now())
	for why == "rate" {
		select {
		case <-time.After(rateDelay):
		case <-f.closed:
			return false
		}
		why = gate.before(message, f.remote, time.Now())
	}
	if why != "" {
		gate.metrics.Dropped(why)
		return false
	}
	v := gate.judge(message, f.remote, true, time.Now())
	if v.action == answerMessage {
		_, _ = f.Write(v.answer)
	}
	if v.action != passMessage {
		return false
	}
	f.mu.Lock()
	f.greeted, f.passed = true, time.Now()
	f.mu.Unlock()
	f.out = v.canonical
	return true
}

// refuse answers what cannot be cut out of the stream.
func (f *acceptedConn) refuse(raw []byte) {
	if v := f.l.t.gate.judge(raw, f.remote, true, time.Now()); v.action == answerMessage {
		_, _ = f.Write(v.answer)
	}
}
