package call

import (
	"time"

	"shouwen/metrics"
)

// handling is the part of an agent in a call, from when he has the caller until he has
// him no longer. The zero value is nobody's.
type handling struct {
	agent string // user
	queue string // the caller came from
	since time.Time
	held  time.Duration // the caller was on hold
	hold  time.Time     // since when he is; zero: he is not
}

// handles notes that the agent has the caller from now on.
func (c *Conversation) handles() {
	c.handling = handling{agent: c.agent.User, queue: c.waitsIn.Name, since: time.Now()}
}

// holds notes whether the caller is on hold.
func (h *handling) holds(on bool, now time.Time) {
	if !h.hold.IsZero() {
		h.held += now.Sub(h.hold)
	}
	if h.hold = (time.Time{}); on {
		h.hold = now
	}
}

// handled measures the part of the agent, who is about to be released.
func (c *Conversation) handled() {
	h, now := c.handling, time.Now()
	if c.handling = (handling{}); h.agent == "" {
		return
	}
	h.holds(false, now)
	c.sw.Board.Handled(h.agent, c.id, metrics.Contact{Queue: h.queue, Talk: now.Sub(h.since) - h.held, Hold: h.held})
}
