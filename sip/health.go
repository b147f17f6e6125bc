package sip

import "time"

// How often in a row a server must fail to be down, and answer to be up again.
const (
	downAfter = 2
	upAfter   = 2
)

// health judges whether a server is up. It begins up, since nothing is known
// against it. It is a plain value without a clock.
type health struct {
	down   bool
	reason string // of the last failure
	since  time.Time
	streak int // of answers that speak against the state
}

// heard takes one answer into account, failure being why it is none or empty,
// and tells whether the state changed.
func (h *health) heard(failure string, now time.Time) (changed bool) {
	if failure != "" {
		h.reason = failure
	}
	if (failure != "") == h.down {
		h.streak = 0
		return false
	}
	h.streak++
	need := downAfter
	if h.down {
		need = upAfter
	}
	if h.streak < need {
		return false
	}
	h.down, h.streak, h.since = !h.down, 0, now
	if !h.down {
		h.reason = ""
	}
	return true
}

// doubtful says whether the next answer should come soon.
func (h *health) doubtful() bool { return h.down || h.streak > 0 }
