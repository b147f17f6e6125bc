package main

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"shouwen/sip/siptest"
)

// slots is how many turns a wheel has in the time of a frame: one a millisecond.
const slots = 20

// late is how far behind its schedule a wheel may be before it leaves frames out.
const late = 10 * frame

// A wheel carries the audio of all legs in one goroutine: a leg has one slot of
// 1 ms in every 20, in which it first reads what has come, then sends a frame.
// That is two system calls per frame, and nothing is woken by a packet.
type wheel struct {
	local netip.Addr // of the sockets
	echo  bool       // legs send back what they hear instead of frames of their own
	audio *Audio     // what is measured

	ids  atomic.Uint32
	legs sync.Map // by id; *leg

	mu      sync.Mutex // guards joining
	joining []*leg

	// Owned by run.
	slots [slots][]*leg
	inbox *inbox
}

func newWheel(local netip.Addr, echo bool, audio *Audio) *wheel {
	return &wheel{local: local, echo: echo, audio: audio, inbox: newInbox()}
}

// run turns until ctx ends, and closes the sockets that are left.
func (w *wheel) run(ctx context.Context) {
	defer w.stop()
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		w.join()
		slot := n % slots
		if len(w.slots[slot]) > 0 {
			w.audio.Late.Add(time.Since(next))
		}
		w.turn(slot)
		next = next.Add(frame / slots)
		if behind := time.Since(next).Truncate(frame); behind > late {
			w.audio.Unsent.Add(uint64(behind/frame) * w.sending())
			next = next.Add(behind)
		}
		timer.Reset(time.Until(next))
	}
}

func (w *wheel) stop() {
	w.join()
	for _, slot := range w.slots {
		for _, l := range slot {
			l.socket.close()
		}
	}
}

// sending returns how many legs have slots.
func (w *wheel) sending() (n uint64) {
	for _, slot := range w.slots {
		n += uint64(len(slot))
	}
	return n
}

// join gives legs that have come up their slots.
func (w *wheel) join() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.joining {
		i := l.id % slots
		w.slots[i] = append(w.slots[i], l)
	}
	w.joining = w.joining[:0]
}

// turn serves the legs of a slot.
func (w *wheel) turn(slot int) {
	kept := w.slots[slot][:0]
	for _, l := range w.slots[slot] {
		w.inbox.receive(l.socket, l.hear)
		if l.over.Load() {
			l.leave()
			continue
		}
		if !w.echo {
			l.speak()
		}
		kept = append(kept, l)
	}
	clear(w.slots[slot][len(kept):])
	w.slots[slot] = kept
}

// open returns a leg, of an agent or not, with a socket; Close it.
func (w *wheel) open(agent bool) (siptest.Media, error) {
	s, err := openSocket(w.local)
	if err != nil {
		return nil, err
	}
	l := newLeg(w.ids.Add(1), s, w)
	l.agent = agent
	w.legs.Store(l.id, l)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.joining = append(w.joining, l)
	return l, nil
}

// leg returns one of this wheel's legs, nil if it is gone or of another process.
func (w *wheel) leg(id uint32) *leg {
	if l, ok := w.legs.Load(id); ok {
		return l.(*leg)
	}
	return nil
}
