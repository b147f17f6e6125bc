package cases

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// EventKind says what happened to a case.
type EventKind string

// The kinds of events. The set is mirrored by a CHECK in the schema.
const (
	EventPickedUp EventKind = "picked_up" // an agent answered the caller
	EventMissed   EventKind = "missed"    // nobody did
	EventEnded    EventKind = "ended"     // the call is over

	EventCallbackTaken EventKind = "callback_taken" // the caller keeps his place and will be called
	EventVoicemail     EventKind = "voicemail"      // the caller left a message
	EventFlowLeft      EventKind = "flow_left"      // the caller came to the end of a flow; most often a survey
	EventEmergency     EventKind = "emergency"      // he pressed the emergency key

	EventCallbackStarted  EventKind = "callback_started"  // an agent is about to call the caller back
	EventCallbackAnswered EventKind = "callback_answered" // and speaks with him
	EventCallbackMissed   EventKind = "callback_missed"   // he was not reached
	EventCallbackMarked   EventKind = "callback_marked"   // who answered was not the caller
	EventOutboundDecided  EventKind = "outbound_decided"  // a call to the outside was allowed or not

	EventTransferStarted   EventKind = "transfer_started"   // an agent began to pass the caller on
	EventTransferSwitched  EventKind = "transfer_switched"  // the agent spoke with another of caller and target, or with both
	EventTransferCompleted EventKind = "transfer_completed" // another agent has the caller and is handler now
	EventTransferFailed    EventKind = "transfer_failed"    // the caller was not passed on

	EventMonitorStarted   EventKind = "monitor_started"   // a supervisor is on the line
	EventMonitorEnded     EventKind = "monitor_ended"     // he is not any more, or in another mode
	EventRecordingStarted EventKind = "recording_started" // the call is recorded
	EventRecordingPaused  EventKind = "recording_paused"
	EventRecordingResumed EventKind = "recording_resumed"
	EventRecordingEnded   EventKind = "recording_ended"   // and what became of it
	EventRecordingDeleted EventKind = "recording_deleted" // its time was over
	EventVoicemailDeleted EventKind = "voicemail_deleted" // its time was over
	EventLegalHold        EventKind = "legal_hold"        // recordings are kept whatever their time, or no longer
	EventQuality          EventKind = "quality"           // how well the sides heard each other
	EventSummoned         EventKind = "summoned"          // a manager was rung for an emergency
	EventMessageDelivered EventKind = "message_delivered" // the caller has got it

	EventLinked EventKind = "linked" // another case is continued in this one

	EventReminded EventKind = "reminded" // a clock made itself heard
	EventAtRisk   EventKind = "at_risk"
	EventBreached EventKind = "breached" // its time is over; escalating the breach is EventEscalated
)

// Event is one line of a case's ledger. It says what happened, not what the case
// looks like now, and is never changed.
type Event struct {
	Case  CaseNumber
	Seq   int // from 1, without gaps
	Kind  EventKind
	State State     // of the case after it
	At    time.Time // UTC, microseconds
	By    string    // user who did it; empty: the system
	Fact  string    // UUID of the fact or the fired stage it comes from; empty: a move
	Body  []byte    // JSON, kept byte for byte
	Sum   Hash      // as stored; see Hash
}

// Hash is a SHA-256 sum. The zero Hash comes before the first event of a case.
type Hash [sha256.Size]byte

// String returns h in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Hash returns the sum of e chained to prev: SHA-256 over prev and the fields in
// their order, each behind its length in eight bytes, big endian; numbers are
// eight bytes, the time is UTC microseconds since 1970.
func (e Event) Hash(prev Hash) Hash {
	var row []byte
	field := func(b []byte) {
		row = binary.BigEndian.AppendUint64(row, uint64(len(b)))
		row = append(row, b...)
	}
	number := func(n int64) { field(binary.BigEndian.AppendUint64(nil, uint64(n))) }

	row = append(row, prev[:]...)
	field([]byte(e.Case))
	number(int64(e.Seq))
	field([]byte(e.Kind))
	field([]byte(e.State))
	number(e.At.UnixMicro())
	field([]byte(e.By))
	field([]byte(e.Fact))
	field(e.Body)
	return sha256.Sum256(row)
}

// ChainError names the first row of a ledger that is not as it was written.
type ChainError struct {
	Case CaseNumber
	Seq  int // 0: the row of the case itself
	What string
}

func (e *ChainError) Error() string {
	if e.Seq == 0 {
		return fmt.Sprintf("case %s: %s", e.Case, e.What)
	}
	return fmt.Sprintf("case %s, event %d: %s", e.Case, e.Seq, e.What)
}

// VerifyChain checks the ledger of one case, oldest event first. The error is a
// *ChainError.
func VerifyChain(events []Event) error {
	var prev Hash
	for i, e := range events {
		first := events[0].Case
		switch {
		case e.Case != first:
			return &ChainError{first, i + 1, fmt.Sprintf("belongs to case %s", e.Case)}
		case e.Seq != i+1:
			return &ChainError{first, i + 1, fmt.Sprintf("missing, event %d is in its place", e.Seq)}
		case e.Sum != e.Hash(prev):
			return &ChainError{first, e.Seq, "hash differs: this row, its hash or the order was changed"}
		}
		prev = e.Sum
	}
	return nil
}

// Verify checks events, the whole ledger of c, and that c is what they say. It
// finds a cut-off end, which the chain alone cannot. The error is a *ChainError.
func (c Case) Verify(events []Event) error {
	if len(events) == 0 {
		return &ChainError{Case: c.Number, What: "has no events"}
	}
	if err := VerifyChain(events); err != nil {
		return err
	}
	first, last := events[0], events[len(events)-1]
	differs := func(what string, row, ledger any) error {
		return &ChainError{Case: c.Number, What: fmt.Sprintf("%s is %v, its ledger says %v", what, row, ledger)}
	}
	switch {
	case first.Case != c.Number:
		return differs("number", c.Number, first.Case)
	case c.Events != len(events):
		return differs("number of events", c.Events, len(events))
	case c.Head != last.Sum:
		return differs("last hash", c.Head, last.Sum)
	case c.State != last.State:
		return differs("state", c.State, last.State)
	case !c.Opened.Equal(first.At):
		return differs("opening time", c.Opened, first.At)
	case c.FirstAsker != firstAsker(events):
		return differs("first-asker", c.FirstAsker, firstAsker(events))
	}
	return nil
}

func firstAsker(events []Event) string {
	for _, e := range events {
		switch e.Kind {
		case EventPickedUp, EventCallbackAnswered, EventRegistered:
			return e.By
		}
	}
	return ""
}
