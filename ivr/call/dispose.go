package call

import (
	"slices"
	"time"

	"shouwen/cases"
	"shouwen/metrics"
)

// nobodyThere says whether no agent of the queue is there, and that is to change
// what becomes of its callers.
func (c *Conversation) nobodyThere() bool {
	q := c.waitsIn
	return q.WhenNobody != "" && q.WhenNobody != Wait && c.sw.Board.Staff(q.Name) == 0
}

// dispose does d with a caller whom his queue cannot serve. Why says what he was
// missed for unless somebody serves him yet.
func (c *Conversation) dispose(d Disposition, why cases.MissedReason) {
	c.log.Info("queue cannot serve the caller", "queue", c.waitsIn.Name, "why", why, "disposition", d)
	c.wait, c.missed = metrics.WaitOverflow, why
	c.leaveQueue()
	if queue, ok := d.OverflowTo(); ok {
		c.overflow(queue)
		return
	}
	switch {
	case c.back != nil: // he was called: what he is owed is on record
		c.sorry()
	case d == LeaveMessage:
		c.takeMessage()
	case d == TakeCallback:
		c.askCallback()
	default:
		c.sorry()
	}
}

// overflow takes the caller into another queue; not into one he has been in.
func (c *Conversation) overflow(queue string) {
	if slices.Contains(c.tried, queue) {
		c.sorry()
		return
	}
	c.into(queue)
	c.wait, c.missed = metrics.WaitAbandoned, cases.MissedAbandoned
	c.queue(event{})
}

// into makes queue the one the caller is to wait in.
func (c *Conversation) into(queue string) {
	c.waitsIn = c.sw.queue(queue)
	c.tried = append(c.tried, queue)
	c.tape = tape{tracks: c.waitsIn.Music}
	c.forecast, c.offered = forecast{}, false
}

// checkWaiting looks after a caller who waits, every second.
func (c *Conversation) checkWaiting(e event) {
	c.checkCaller(e)
	c.announce(time.Now())
}
