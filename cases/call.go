package cases

import "time"

// Call is the record of one call to a hotline. Every caller who reached us has
// one, whether or not anybody answered.
type Call struct {
	ID        string // UUIDv7
	Caller    Caller
	Hotline   string
	Trunk     string // empty for one of our own phones
	Arrived   time.Time
	Answered  time.Time      // first pick-up; zero: nobody has
	Agent     string         // user of the first who picked up
	Extension string         // and the phone it was on
	Waited    time.Duration  // in the queue, until picked up or missed
	Ended     time.Time      // zero: still up
	Missed    MissedReason   // why nobody spoke with the caller in the end
	Cause     EndCause       // how an answered call ended
	Talk      time.Duration  // pick-up to end
	CallsBack CaseNumber     // the case whose caller we called; empty: he called us
	Marked    CallbackResult // who answered then was not the caller, as the agent says; empty: he was
	Flow      *FlowLeft      // how he left the flow before the queue; nil: there was none
	Emergency time.Time      // when he pressed the emergency key; zero: he did not
}

// Phase is how far a call has come.
type Phase string

// The phases of a call.
const (
	Unknown Phase = "unknown" // no fact of it was seen
	Waiting Phase = "waiting"
	Talking Phase = "talking" // it was picked up; the caller may wait again after a phone died
	Over    Phase = "over"
)

// Phase returns how far c has come.
func (c Call) Phase() Phase {
	switch {
	case c.ID == "":
		return Unknown
	case !c.Ended.IsZero():
		return Over
	case !c.Answered.IsZero():
		return Talking
	}
	return Waiting
}
