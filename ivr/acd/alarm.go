package acd

import (
	"container/heap"
	"time"
)

// alarm is when something is due for a ticket or an agent by itself. Exactly one
// of them is set.
type alarm struct {
	ticket *Ticket
	member *member

	at   time.Time
	slot int // in the heap, from 1; 0: in none
}

// alarms is a heap: the first is the earliest. Owned by Board.Run.
type alarms []*alarm

func (h alarms) Len() int           { return len(h) }
func (h alarms) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h alarms) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].slot, h[j].slot = i+1, j+1
}

// Push implements heap.Interface.
func (h *alarms) Push(x any) {
	a := x.(*alarm)
	*h = append(*h, a)
	a.slot = len(*h)
}

// Pop implements heap.Interface.
func (h *alarms) Pop() any {
	last := len(*h) - 1
	a := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	a.slot = 0
	return a
}

// set moves a to another time; the zero time turns it off.
func (h *alarms) set(a *alarm, at time.Time) {
	switch {
	case at.IsZero() && a.slot > 0:
		heap.Remove(h, a.slot-1)
	case at.IsZero() || a.slot > 0 && at.Equal(a.at):
	case a.slot > 0:
		a.at = at
		heap.Fix(h, a.slot-1)
	default:
		a.at = at
		heap.Push(h, a)
	}
}

// due takes out the earliest alarm that is due at now; nil: none is.
func (h *alarms) due(now time.Time) *alarm {
	if len(*h) == 0 || now.Before((*h)[0].at) {
		return nil
	}
	return heap.Pop(h).(*alarm)
}

// soonest returns the earliest of the times after now, zero if there is none.
func soonest(now time.Time, times ...time.Time) (first time.Time) {
	for _, t := range times {
		if now.Before(t) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}
