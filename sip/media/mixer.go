package media

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
)

// ErrMix is returned by Set for a mix of more sessions than there is room for,
// and by one that has ended.
var ErrMix = errors.New("no such mix")

const (
	maxMix    = 8  // sessions
	mixerRing = 32 // slots: what comes within a stall of 640 ms
	leadIn    = 6  // frames after which a member is not waited for: more than the delay at the beginning of a playout
)

// Mixer lets sessions hear the sum of others, each listener a sum of its own, every 20 ms: three
// on one line, and a supervisor who listens, whispers or barges in. Everybody is
// heard 60 to 200 ms late; telephone-events are not passed on. Who joins from a
// bridge hears by it until the mix has something to say, so that nothing gets
// lost. A session that a bridge or a playback takes over has left. Methods may be
// called from any goroutine.
type Mixer struct {
	mu      sync.Mutex // guards the following fields and what members own
	members []*member
	ended   bool
}

// member is one session in a mix.
type member struct {
	session *Session
	sink    Sink  // the member itself, as the session holds it
	in      *ring // from the session's reader
	play    playout
	hears   []*member
	said    [frameSamples]int16 // in this frame
	whole   bool                // said has no gap

	bridged *lane // that the session hears by until the mix is ready; nil: it hears the mix
	waited  int   // frames since it joined from the bridge
	onward  Sink  // of the bridge it came from, whose other side may still hear by it; nil: none
}

// Mix begins a mix of nobody, for Set to fill. It lasts until Close, or until
// the pacer stops.
func (p *Pacer) Mix() *Mixer {
	m := &Mixer{}
	p.add(m)
	return m
}

// Set says who hears whom from the next frame on: who is new joins, in place of
// what it heard and sent before; who is no longer there leaves and falls silent;
// the others go on without a break. At most 8 sessions; otherwise, and when the
// mix has ended, the error is ErrMix and nothing changes.
func (m *Mixer) Set(h Hears) error {
	parties := h.parties()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return fmt.Errorf("it has ended: %w", ErrMix)
	}
	if len(parties) > maxMix {
		return fmt.Errorf("%d sessions, there is room for %d: %w", len(parties), maxMix, ErrMix)
	}
	before, after := m.members, map[*Session]*member{}
	m.members = nil
	for _, e := range before {
		if slices.Contains(parties, e.session) && e.session.tx.has(e.turn()) {
			after[e.session] = e
			continue
		}
		e.leave()
	}
	for _, s := range parties {
		if after[s] == nil {
			after[s] = join(s)
		}
		m.members = append(m.members, after[s])
	}
	for _, e := range m.members {
		e.hears = nil
		for _, s := range h[e.session] {
			if s != e.session && !slices.Contains(e.hears, after[s]) {
				e.hears = append(e.hears, after[s])
			}
		}
	}
	return nil
}

// Close ends the mix: everybody leaves. Once it has returned, nothing of the mix
// is sent. Idempotent.
func (m *Mixer) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.members {
		e.leave()
	}
	m.members, m.ended = nil, true
}

func join(s *Session) *member {
	e := &member{session: s, in: newRing(mixerRing)}
	e.sink = e
	if old := s.sink.Load(); old != nil {
		if l, ok := (*old).(*lane); ok {
			e.onward = l
		}
	}
	if l, ok := s.tx.turn().(*lane); ok {
		e.bridged = l
	} else {
		s.tx.claim(e)
	}
	s.sink.Store(&e.sink)
	return e
}

func (e *member) leave() {
	e.session.sink.CompareAndSwap(&e.sink, nil)
	e.session.tx.release(e.turn())
}

// turn is who speaks in the session on behalf of e.
func (e *member) turn() any {
	if e.bridged != nil {
		return e.bridged
	}
	return e
}

// WriteRTP implements Sink.
func (e *member) WriteRTP(p *Packet) {
	if !p.Event {
		e.in.write(p)
	}
	if e.onward != nil {
		e.onward.WriteRTP(p)
	}
}

// interrupt implements turn.
func (m *Mixer) interrupt() { m.Close() }

// step implements turn: one frame of everybody to everybody.
func (m *Mixer) step(skipped int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.members {
		e.speak()
	}
	for _, e := range slices.Backward(m.members) {
		if !e.send(skipped) {
			m.part(e)
		}
	}
	return !m.ended
}

// send sends a frame to e's session; false when another speaks there.
func (e *member) send(skipped int) bool {
	if e.bridged != nil {
		if e.waited++; e.waited <= leadIn && !e.ready() {
			return true
		}
		if !e.session.tx.succeed(e, e.bridged) {
			return false
		}
		e.bridged = nil
	}
	return e.session.tx.frame(e, skipped)
}

// ready reports whether everybody e hears has something to say.
func (e *member) ready() bool {
	return !slices.ContainsFunc(e.hears, func(from *member) bool { return !from.whole })
}

// part removes a member whose session has another speaker. Locked.
func (m *Mixer) part(gone *member) {
	gone.leave()
	isGone := func(e *member) bool { return e == gone }
	m.members = slices.DeleteFunc(m.members, isGone)
	for _, e := range m.members {
		e.hears = slices.DeleteFunc(e.hears, isGone)
	}
}

// speak takes what e says in this frame.
func (e *member) speak() {
	for c := e.in.peek(); c != nil; c = e.in.peek() {
		e.play.put(c)
		e.in.drop()
	}
	e.whole = e.play.pull(&e.said)
}

// encode implements voice: the sum of those e hears.
func (e *member) encode(dst []byte, c Codec) {
	var sum [frameSamples]int32
	for _, from := range e.hears {
		for i, v := range &from.said {
			sum[i] += int32(v)
		}
	}
	var mixed [frameSamples]int16
	for i, v := range &sum {
		mixed[i] = int16(min(max(v, math.MinInt16), math.MaxInt16))
	}
	c.Encode(dst[:0], mixed[:])
}
