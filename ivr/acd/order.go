package acd

import (
	"cmp"
	"slices"
	"time"
)

// Priority of a caller's matter.
type Priority int

// The priorities, from 0 to 10, the larger first. A flow may give any from 1 to 9.
// Before Emergency come callers with Front.
const (
	Normal    Priority = 0
	Repeat    Priority = 5  // calls again about what is not settled
	Emergency Priority = 10 // is turned away by nothing, waits for no stand-in's turn and for no first-asker
)

// arrange puts the callers of all queues into the order of service: by class,
// then by how long they have waited times the weight of their queue, then by who
// entered first.
func (b *Board) arrange(now time.Time) {
	slices.SortStableFunc(b.waiting, func(a, b *Ticket) int {
		return cmp.Or(cmp.Compare(b.caller.class(), a.caller.class()), cmp.Compare(b.patience(now), a.patience(now)))
	})
}

// class is the rank of a caller among those who wait, before how long they have.
func (c Caller) class() int {
	switch {
	case c.Priority == Emergency:
		return int(Emergency) + 1
	case c.Front:
		return int(Emergency)
	}
	return int(c.Priority)
}

func (t *Ticket) patience(now time.Time) time.Duration {
	return now.Sub(t.since) * time.Duration(t.queue.Weight)
}
