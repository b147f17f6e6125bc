package cases

import (
	"slices"
	"time"
)

// State is where a case stands in its life.
type State string

// The states of a case. The set is mirrored by a CHECK in the schema.
const (
	Open       State = "open"        // picked up or missed; the first-asker, if any, has it
	Registered State = "registered"  // the matter is written down
	Solved     State = "solved"      // settled by who registered it
	HandedOver State = "handed_over" // offered to a department
	Accepted   State = "accepted"    // the department took it
	ResultIn   State = "result_in"   // the department reported its result
	Replied    State = "replied"     // the caller was answered
	Visited    State = "visited"     // the caller was asked whether that is so
	Closed     State = "closed"      // nothing is owed any more
	Refused    State = "refused"     // declined with a signed reason on file
	Withdrawn  State = "withdrawn"   // the caller took it back
	Merged     State = "merged"      // continued in another case
)

// States lists the states in the order of a case's life.
func States() []State {
	return []State{Open, Registered, Solved, HandedOver, Accepted, ResultIn, Replied, Visited, Closed, Refused, Withdrawn, Merged}
}

// Over reports whether nothing happens any more to a case in s, unless it is opened again.
func (s State) Over() bool { return slices.Contains([]State{Closed, Refused, Withdrawn, Merged}, s) }

// Case is one caller's matter, from pick-up (or the missed call) to its end.
type Case struct {
	Number      CaseNumber
	Call        Call // the call that opened it
	State       State
	Opened      time.Time               // pick-up, or the moment the call was missed; UTC
	FirstAsker  string                  // user of who picked up, written once; empty while nobody has
	Responsible string                  // user of who answers for it; starts as the first-asker
	Handler     string                  // user of who works on it now
	Department  string                  // that has it; empty: the first-asker's own
	File        File                    // what the moves have put on record
	Clocks      []Clock                 // all there ever were, oldest first
	Milestones  map[Milestone]time.Time // when each was first reached
	Events      int                     // length of its ledger
	Head        Hash                    // hash of its last event
	Previous    CaseNumber              // the same number's case before it; found when read
	CallbackDue time.Time               // when the caller must have been called back; zero: nothing owed; found when read
	CallBackAt  Number                  // number to call back; empty: none was agreed, see the call's; found when read
	CalledBack  CalledBack              // how far its callback has come
	Voicemail   Voicemail               // the message its caller left; zero: none; found when read
}
