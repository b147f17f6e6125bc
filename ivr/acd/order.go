package acd

import (
	"cmp"
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

// inTurn compares two callers of one queue by the order of service: by class, then
// by who began to wait first, then by who entered first.
func inTurn(a, b *Ticket) int {
	return cmp.Or(cmp.Compare(b.caller.class(), a.caller.class()), a.since.Compare(b.since), a.number-b.number)
}

// before tells whether t is served before a caller of another queue: by class, then
// by how long they have waited times the weight of their queue, then by who entered
// first.
func (t *Ticket) before(other *Ticket, now time.Time) bool {
	return cmp.Or(
		cmp.Compare(other.caller.class(), t.caller.class()), cmp.Compare(other.patience(now), t.patience(now)), t.number-other.number,
	) < 0
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
