package media

import (
	"log/slog"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Session is the audio of one leg: an even/odd pair of UDP sockets and one
// outgoing SSRC for its whole life. Its methods may be called from any
// goroutine, also from a Sink or a digit function, and also after Close.
type Session struct {
	pool *Pool
	port uint16
	log  *slog.Logger
	rtp  packetConn
	rtcp packetConn

	cname      string    // of RTCP
	nextReport time.Time // guarded by the pool's lock

	rx receiver
	tx sender

	sink  atomic.Pointer[Sink]
	taps  atomic.Pointer[[]Sink] // never changed in place
	digit atomic.Pointer[func(byte)]
	codes codes
	keys  chan struct{} // holds a token while SendDigit runs

	tapping sync.Mutex // held to change taps

	begin     time.Time    // the zero of the following times
	heard     atomic.Int64 // last packet accepted, RTP or RTCP; 0: none
	arrived   atomic.Int64 // last packet of any kind
	malformed atomic.Uint64
	closed    atomic.Bool

	pkt Packet // of the RTP reader; here because handing it to a Sink lets it escape
}

// newSession returns a session over two sockets, which nobody reads yet.
func newSession(p *Pool, port uint16, log *slog.Logger, rtp, rtcp packetConn) *Session {
	now := time.Now()
	return &Session{
		pool: p, port: port, log: log, rtp: rtp, rtcp: rtcp,
		rx: receiver{started: now}, tx: newSender(rtp), cname: newCNAME(),
		nextReport: now.Add(spread(reportEvery / 2)), keys: make(chan struct{}, 1), begin: now,
	}
}

// Port returns the local RTP port, which is even, for the SDP. RTCP is on the
// next one.
func (s *Session) Port() uint16 { return s.port }

// Apply takes over what an offer/answer round agreed: what is sent from now on
// goes there, what arrives is judged by it. The source proven so far stays
// proven unless the remote address has changed.
func (s *Session) Apply(n Negotiated) {
	n.Remote, n.RemoteRTCP, n.SignalAddr = unmapped(n.Remote), unmapped(n.RemoteRTCP), n.SignalAddr.Unmap()
	for _, a := range []*netip.AddrPort{&n.Remote, &n.RemoteRTCP} {
		if s.pool.owns(*a) {
			s.log.Warn("audio destination is a port of our own, nothing is sent there", "remote", *a)
			*a = netip.AddrPort{}
		}
	}
	s.rx.mu.Lock()
	defer s.rx.mu.Unlock()
	s.tx.apply(n, s.rx.apply(n))
}

// unmapped returns a with an IPv4 address as such.
func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// SetSink sets where received audio goes from the next packet on; nil discards
// it.
func (s *Session) SetSink(k Sink) {
	if k == nil {
		s.sink.Store(nil)
		return
	}
	s.sink.Store(&k)
}

// OnDigit sets the function that hears the keys pressed (RFC 4733): one of
// 0-9 * # A-D, once a press, at its beginning. It runs in the reader's
// goroutine and must not block. nil: nobody hears them.
func (s *Session) OnDigit(f func(d byte)) {
	if f == nil {
		s.digit.Store(nil)
		return
	}
	s.digit.Store(&f)
}

// Heard returns when the last RTP or RTCP of the far end came, with monotonic
// clock reading; zero if none did. Packets from implausible sources do not count.
func (s *Session) Heard() time.Time { return s.instant(s.heard.Load()) }

func (s *Session) instant(since int64) time.Time {
	if since == 0 {
		return time.Time{}
	}
	return s.begin.Add(time.Duration(since))
}

// Close ends the session: BYE goes out over RTCP, nothing is sent or passed on
// any more, and the sockets go into quarantine. Idempotent; the error is always
// nil.
func (s *Session) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.sink.Store(nil)
	s.untapAll()
	s.tx.close()
	s.sendReport(time.Now(), true)
	s.pool.retire(s)
	return nil
}

// used reports whether anything came to s, or it was told of a far end.
func (s *Session) used() bool {
	s.rx.mu.Lock()
	defer s.rx.mu.Unlock()
	return s.rx.n != Negotiated{} || s.arrived.Load() != 0
}

// receive handles one datagram from the RTP socket, which may be RTCP
// (RFC 5761). Any reader may call it, one call at a time; buf may be overwritten.
func (s *Session) receive(buf []byte, from netip.AddrPort, at time.Time) {
	s.arrived.Store(int64(at.Sub(s.begin)))
	if s.closed.Load() {
		return
	}
	if isRTCP(buf) {
		s.receiveRTCP(buf, from, at)
		return
	}
	p := &s.pkt
	p.At = at
	t := s.take(p, buf, unmapped(from))
	if t.malformed {
		s.malformed.Add(1)
	}
	if !t.accepted {
		return
	}
	s.heard.Store(int64(at.Sub(s.begin)))
	p.Code = p.Event && s.codes.withhold(p) // before anybody hears of the key
	if f := s.digit.Load(); t.key != 0 && f != nil {
		(*f)(t.key)
	}
	if t.deliver {
		s.pass(p)
	}
}

// take judges p, the datagram buf, and sends to its source from now on if that
// is news.
func (s *Session) take(p *Packet, buf []byte, from netip.AddrPort) taken {
	s.rx.mu.Lock()
	defer s.rx.mu.Unlock()
	t := s.rx.receive(p, buf, from)
	if t.latched {
		s.tx.redirect(from)
		s.log.Debug("RTP source latched", "source", from)
	}
	return t
}

// start reads both sockets until they are closed.
func (s *Session) start() {
	s.rtp.serve(func(b []byte, from netip.AddrPort) { s.survive(s.receive, b, from) })
	s.rtcp.serve(func(b []byte, from netip.AddrPort) { s.survive(s.receiveRTCP, b, from) })
}

// survive handles one datagram; a panic costs that datagram only.
func (s *Session) survive(handle func(b []byte, from netip.AddrPort, at time.Time), buf []byte, from netip.AddrPort) {
	defer func() {
		if v := recover(); v != nil {
			s.malformed.Add(1)
			s.log.Error("panic over a datagram", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	handle(buf, from, time.Now())
}

// stop closes the sockets. A reader of s must not call it.
func (s *Session) stop() {
	s.rtp.Close()
	s.rtcp.Close()
}
