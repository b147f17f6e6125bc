package call

import (
	"time"

	"shouwen/cases"
)

// Interrupted returns what is to be recorded of the calls that were alive when
// the program died: last holds the last fact of each. Whether he was talking or
// waiting, the caller was cut off by us and is owed a callback.
func Interrupted(last []cases.Fact, now time.Time, callbackWithin time.Duration) []cases.Fact {
	now = now.UTC()
	due := now.Add(callbackWithin)
	var facts []cases.Fact
	for _, l := range last {
		f := cases.Fact{At: now, Call: l.Call, Case: l.Case}
		switch {
		case l.CallbackStarted != nil: // nobody had answered
			f.CallbackMissed = &cases.CallbackMissed{Agent: l.CallbackStarted.By, Result: cases.CallbackFailed, Attempt: l.CallbackStarted.Attempt, Next: now}
		case spoke(l):
			f.Ended = &cases.Ended{Cause: cases.EndInterrupted, CallbackDue: due} // how long they spoke is not known
		default:
			f.Missed = &cases.Missed{Reason: missedAfter(l), CallbackDue: due}
		}
		facts = append(facts, f)
	}
	return facts
}

// spoke says whether a call was with an agent, rather than waiting for one, when
// f happened to it.
func spoke(f cases.Fact) bool {
	return f.PickedUp != nil || f.CallbackAnswered != nil || f.TransferStarted != nil || f.TransferSwitched != nil || f.TransferCompleted != nil && f.TransferCompleted.To+string(f.TransferCompleted.Number) != "" ||
		f.TransferFailed != nil && f.TransferFailed.Caller == cases.CallerWithAgent
}

// missedAfter says why the caller of a call was not answered in the end, of which
// f was the last.
func missedAfter(f cases.Fact) cases.MissedReason {
	switch {
	case f.CallbackTaken != nil:
		return cases.MissedCallbackTaken
	case f.Voicemail != nil:
		return cases.MissedVoicemail
	}
	return cases.MissedInterrupted
}
