package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// Signalling is what is measured of the calls themselves.
type Signalling struct {
	Ringing  Histogram // caller's INVITE to its 180
	Answered Histogram // caller's INVITE to its 200
	Offered  Histogram // caller's INVITE to the first INVITE at an agent
	PickedUp Histogram // caller's INVITE to the agent's 200
	Bye      Histogram // BYE to its 200
	Late     Histogram // how late a call was dialled: the generator's own fault

	mu       sync.Mutex // guards what follows
	outcomes map[string]int
	placed   int
	skipped  int // calls that were due when as many as allowed were up
	live     gauge
}

// completed is the outcome of a call in which everything went as it should.
const completed = "completed"

// begin counts a call that is placed, unless as many as limit are live.
func (s *Signalling) begin(limit int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live.now >= limit {
		s.skipped++
		return false
	}
	s.placed++
	s.live.add(1, time.Now())
	return true
}

// end counts a call that is over.
func (s *Signalling) end(outcome string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outcomes == nil {
		s.outcomes = make(map[string]int)
	}
	s.outcomes[outcome]++
	s.live.add(-1, time.Now())
}

// moment is where the counts stand at a time.
type moment struct {
	at                            time.Time
	placed, over, completed, live int
	callTime                      time.Duration // live calls × time so far
}

func (s *Signalling) moment() moment {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := moment{at: time.Now(), placed: s.placed, completed: s.outcomes[completed], live: s.live.now}
	for _, n := range s.outcomes {
		m.over += n
	}
	s.live.add(0, m.at)
	m.callTime = s.live.area
	return m
}

// gauge knows how many there are, were at most, and the area below the curve.
type gauge struct {
	now, peak int
	area      time.Duration
	since     time.Time
}

func (g *gauge) add(n int, at time.Time) {
	if !g.since.IsZero() {
		g.area += time.Duration(g.now) * at.Sub(g.since)
	}
	g.since = at
	g.now += n
	g.peak = max(g.peak, g.now)
}

// Audio is what is measured of the RTP of all legs.
type Audio struct {
	Sent     atomic.Uint64
	Unsent   atomic.Uint64 // frames left out because we were late or the socket was full
	Received atomic.Uint64
	Lost     atomic.Uint64 // by the sequence numbers of the server
	Stamped  atomic.Uint64 // of those received, with a stamp
	Missing  atomic.Uint64 // by the stamps: lost anywhere
	Deaf     atomic.Uint64 // legs that had heard nothing for a second when they ended

	Delay    Histogram // one way, of every stamped packet
	AtCaller Histogram // pick-up to the first audio at the caller
	AtAgent  Histogram // pick-up to the caller's first audio at the agent
	Late     Histogram // how late the wheel was: the generator's own fault
}

// reset forgets what the warm-up brought; calls are set up in it, so the times
// of that stay.
func (a *Audio) reset() {
	for _, n := range []*atomic.Uint64{&a.Sent, &a.Unsent, &a.Received, &a.Lost, &a.Stamped, &a.Missing, &a.Deaf} {
		n.Store(0)
	}
	a.Delay.Reset()
	a.Late.Reset()
}
