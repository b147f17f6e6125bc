package call

import (
	"sync"
	"time"
)

// arrivals measures how long callers wait until their call is on record: from the
// reading of the INVITE to the turn of the conversation after the disk. All that a
// call has to go through lies in between: processor, queues and journal. Safe from
// any goroutine.
type arrivals struct {
	mu    sync.Mutex
	open  map[string]time.Time // by call, when its INVITE was read
	ended bool                 // some wait did, since lag was called
	least time.Duration        // of those waits
}

func (a *arrivals) begin(call string, read time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == nil {
		a.open = make(map[string]time.Time)
	}
	a.open[call] = read
}

// end does nothing for a call whose wait is over.
func (a *arrivals) end(call string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	read, ok := a.open[call]
	if !ok {
		return
	}
	delete(a.open, call)
	waited := max(0, now.Sub(read))
	if !a.ended || waited < a.least {
		a.ended, a.least = true, waited
	}
}

// lag returns the shortest wait that ended since it was called last: what nobody
// escaped, unlike a burst (as CoDel does, RFC 8289 3.2). If none ended, it is the
// longest one that goes on.
func (a *arrivals) lag(now time.Time) (lag time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		a.ended = false
		return a.least
	}
	for _, read := range a.open {
		lag = max(lag, now.Sub(read))
	}
	return lag
}

// Lag returns how long new calls have had to wait at least since it was called
// last; one owner calls it.
func (s *Switch) Lag(now time.Time) time.Duration { return s.arrivals.lag(now) }
