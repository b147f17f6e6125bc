package call

import (
	"time"

	"shouwen/cases"
)

// Interrupted returns what is to be recorded of the calls that were alive when
// the program died: last holds the last fact of each. A caller who was talking
// had a call that ended; one who was waiting is owed a callback.
func Interrupted(last []cases.Fact, now time.Time, callbackWithin time.Duration) []cases.Fact {
	now = now.UTC()
	var facts []cases.Fact
	for _, l := range last {
		f := cases.Fact{At: now, Call: l.Call, Case: l.Case}
		if l.PickedUp != nil {
			f.Ended = &cases.Ended{Cause: cases.EndInterrupted} // how long they spoke is not known
		} else {
			f.Missed = &cases.Missed{Reason: cases.MissedInterrupted, CallbackDue: now.Add(callbackWithin)}
		}
		facts = append(facts, f)
	}
	return facts
}
