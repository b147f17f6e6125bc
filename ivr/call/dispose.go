package call

import (
	"errors"
	"slices"
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// turnedAway is what becomes of a caller whom his queue does not take, or keeps no
// longer.
func (c *Conversation) turnedAway(err error) (Disposition, cases.MissedReason) {
	switch {
	case errors.Is(err, acd.ErrNobody):
		return c.waitsIn.WhenNobody, cases.MissedNoAnswer
	case errors.Is(err, acd.ErrFull):
		return c.waitsIn.WhenFull, cases.MissedRefused
	case errors.Is(err, acd.ErrClosed):
		return Announcement, cases.MissedRefused
	}
	return c.waitsIn.WhenWaited, cases.MissedNoAnswer
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
