package media

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// ErrNoPorts is returned by Open when every port pair is in use, in quarantine
// or taken by another program.
var ErrNoPorts = errors.New("no free RTP port pair: widen rtp.ports")

const (
	poolTick    = 250 * time.Millisecond
	drainSilent = 2 * time.Second  // nothing more arrives: the port may be used again
	drainMax    = 60 * time.Second // however much arrives
)

// Pool owns a range of UDP port pairs and the sessions on them. A port that a
// session gives back stays open and is drained until it is silent, so that the
// late stream of an old peer reaches no new call. A port nobody used is free at
// once: the phones that rang in vain have one each.
type Pool struct {
	addr  netip.Addr
	first uint16 // even
	limit int
	sockets

	mu      sync.Mutex             // guards the following fields
	free    []uint16               // even ports
	live    map[uint16]*Session    // by RTP port
	resting map[*Session]time.Time // in quarantine since
	stopped bool                   // Run has returned: nobody drains
}

// NewPool returns a pool of the port pairs (even for RTP, odd for RTCP) within
// first to last on addr. It opens one pair to see that addr is of this machine.
func NewPool(addr netip.Addr, first, last uint16) (*Pool, error) {
	s, err := newSockets()
	if err != nil {
		return nil, err
	}
	return newPool(addr, first, last, s)
}

func newPool(addr netip.Addr, first, last uint16, s sockets) (*Pool, error) {
	p := &Pool{addr: addr.Unmap(), first: first + first%2, sockets: s,
		live: map[uint16]*Session{}, resting: map[*Session]time.Time{}}
	for port := int(first) + int(first)%2; port < int(last); port += 2 {
		p.free = append(p.free, uint16(port))
	}
	p.limit = len(p.free)
	if first == 0 || p.limit == 0 {
		return nil, fmt.Errorf("RTP ports %d-%d hold no pair of an even and the next port: widen rtp.ports", first, last)
	}
	probe, err := s.listen(netip.AddrPortFrom(p.addr, 0))
	if err != nil {
		return nil, fmt.Errorf("RTP address %s: %w", addr, err)
	}
	return p, probe.Close()
}

// Open returns a new session on a random free port pair. It receives and
// discards from now on, and sends nothing before Apply. log gets what happens to
// it. The error is ErrNoPorts, or of the system (too many open files).
func (p *Pool) Open(log *slog.Logger) (*Session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := ErrNoPorts
	for untried := len(p.free); untried > 0; untried-- {
		i := random(untried)
		port := p.free[i]
		p.free[i], p.free[untried-1] = p.free[untried-1], port
		rtp, rtcp, pairErr := p.pair(port)
		if errors.Is(pairErr, unix.EADDRINUSE) {
			continue // taken by another program
		}
		if pairErr != nil {
			err = pairErr // of no use to try the others
			break
		}
		p.free = slices.Delete(p.free, untried-1, untried)
		s := newSession(p, port, log, rtp, rtcp)
		p.live[port] = s
		s.start()
		return s, nil
	}
	return nil, fmt.Errorf("RTP ports %d-%d on %s: %w", p.first, int(p.first)+2*p.limit-1, p.addr, err)
}

// random returns a number from 0 to n-1 that nobody can foresee.
func random(n int) int {
	var b [8]byte
	rand.Read(b[:])
	return int(binary.BigEndian.Uint64(b[:]) % uint64(n))
}

func (p *Pool) pair(port uint16) (rtp, rtcp packetConn, err error) {
	rtp, err = p.listen(netip.AddrPortFrom(p.addr, port))
	if err != nil {
		return nil, nil, err
	}
	rtcp, err = p.listen(netip.AddrPortFrom(p.addr, port+1))
	if err != nil {
		rtp.Close()
	}
	return rtp, rtcp, err
}

// InUse returns the number of port pairs in use or in quarantine.
func (p *Pool) InUse() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.live) + len(p.resting)
}

// Limit returns the number of port pairs there are.
func (p *Pool) Limit() int { return p.limit }

// owns reports whether a is a port of one of the pool's sessions. Audio sent
// there could circle between our own sockets for ever.
func (p *Pool) owns(a netip.AddrPort) bool {
	p.mu.Lock()
	_, live := p.live[a.Port()&^1]
	p.mu.Unlock()
	return live && (a.Addr() == p.addr || p.addr.IsUnspecified() && ofThisMachine(a.Addr()))
}

// Run reads the sockets of all sessions, sends their RTCP reports and returns
// ports from quarantine, until ctx ends; then the ports in quarantine are closed,
// and those of sessions closed later are closed at once.
func (p *Pool) Run(ctx context.Context) error {
	var reading sync.WaitGroup
	defer reading.Wait()
	reading.Go(func() { _ = p.run(ctx) })
	tick := time.NewTicker(poolTick)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			p.report(now)
			p.reap(func(s *Session, since time.Time) bool {
				return drained(since, s.instant(s.arrived.Load()), now)
			})
		case <-ctx.Done():
			p.mu.Lock()
			p.stopped = true
			p.mu.Unlock()
			p.reap(func(*Session, time.Time) bool { return true })
			return context.Cause(ctx)
		}
	}
}

// drained reports whether a port that has rested since a time and has last
// received at another may be used again.
func drained(since, arrived, now time.Time) bool {
	if arrived.Before(since) {
		arrived = since
	}
	return now.Sub(arrived) >= drainSilent || now.Sub(since) >= drainMax
}

// report sends the RTCP reports that are due.
func (p *Pool) report(now time.Time) {
	p.mu.Lock()
	var due []*Session
	for _, s := range p.live {
		if !now.Before(s.nextReport) {
			s.nextReport = now.Add(spread(reportEvery))
			due = append(due, s)
		}
	}
	p.mu.Unlock()
	for _, s := range due {
		s.sendReport(now, false)
	}
}

// retire puts s into quarantine, or frees its port if it was not used.
func (p *Pool) retire(s *Session) {
	used := s.used()
	p.mu.Lock()
	delete(p.live, s.port)
	if used {
		p.resting[s] = time.Now()
	}
	stopped := p.stopped
	p.mu.Unlock()
	switch {
	case !used: // so no reader of s is the caller
		s.stop()
		p.mu.Lock()
		p.free = append(p.free, s.port)
		p.mu.Unlock()
	case stopped:
		go p.reap(func(r *Session, _ time.Time) bool { return r == s }) // the caller may be a reader of s
	}
}

// reap closes the resting sessions that are done and frees their ports.
func (p *Pool) reap(done func(s *Session, since time.Time) bool) {
	p.mu.Lock()
	var out []*Session
	for s, since := range p.resting {
		if done(s, since) {
			out = append(out, s)
			delete(p.resting, s)
		}
	}
	p.mu.Unlock()
	for _, s := range out {
		s.stop()
	}
	p.mu.Lock()
	for _, s := range out {
		p.free = append(p.free, s.port)
	}
	p.mu.Unlock()
}
