package cases

import "time"

// Fact is something telephony saw happen to one call. Facts are appended to the
// journal first and projected into PostgreSQL later, any number of times with
// the effect of once. Exactly one of the pointer fields is set.
type Fact struct {
	ID   string     `json:"id"`             // UUIDv7, the idempotency key; given by the journal
	At   time.Time  `json:"at"`             // when it happened, UTC, microseconds
	Call string     `json:"call"`           // call id (UUIDv7)
	Case CaseNumber `json:"case,omitempty"` // set from the fact that opened the case on

	Arrived  *Arrived  `json:"arrived,omitempty"`
	Offered  *Offered  `json:"offered,omitempty"`
	PickedUp *PickedUp `json:"picked_up,omitempty"`
	Missed   *Missed   `json:"missed,omitempty"`
	Ended    *Ended    `json:"ended,omitempty"`

	CallbackTaken *CallbackTaken `json:"callback_taken,omitempty"`
	Voicemail     *Voicemail     `json:"voicemail,omitempty"`
	FlowLeft      *FlowLeft      `json:"flow_left,omitempty"`
	Emergency     *Emergency     `json:"emergency,omitempty"`
	SelfServed    *SelfServed    `json:"self_served,omitempty"`

	CallbackStarted  *CallbackStarted  `json:"callback_started,omitempty"`
	CallbackAnswered *CallbackAnswered `json:"callback_answered,omitempty"`
	CallbackMissed   *CallbackMissed   `json:"callback_missed,omitempty"`
	CallbackMarked   *CallbackMarked   `json:"callback_marked,omitempty"`
	OutboundDecided  *OutboundDecided  `json:"outbound_decided,omitempty"`

	TransferStarted   *TransferStarted   `json:"transfer_started,omitempty"`
	TransferSwitched  *TransferSwitched  `json:"transfer_switched,omitempty"`
	TransferCompleted *TransferCompleted `json:"transfer_completed,omitempty"`
	TransferFailed    *TransferFailed    `json:"transfer_failed,omitempty"`

	MonitorStarted   *MonitorStarted   `json:"monitor_started,omitempty"`
	MonitorEnded     *MonitorEnded     `json:"monitor_ended,omitempty"`
	RecordingStarted *RecordingStarted `json:"recording_started,omitempty"`
	RecordingPaused  *RecordingPaused  `json:"recording_paused,omitempty"`
	RecordingResumed *RecordingResumed `json:"recording_resumed,omitempty"`
	RecordingEnded   *RecordingEnded   `json:"recording_ended,omitempty"`
	RecordingDeleted *RecordingDeleted `json:"recording_deleted,omitempty"`
	VoicemailDeleted *VoicemailDeleted `json:"voicemail_deleted,omitempty"`
	LegalHold        *LegalHold        `json:"legal_hold,omitempty"`
	Quality          *Quality          `json:"quality,omitempty"`
	MessageDelivered *MessageDelivered `json:"message_delivered,omitempty"`
	Summoned         *Summoned         `json:"summoned,omitempty"`
}

// Caller is who called, as the network said.
type Caller struct {
	Raw      string   `json:"raw"`                // as received
	E164     Number   `json:"e164,omitempty"`     // empty: withheld or not a number
	Display  string   `json:"display,omitempty"`  // display name, cleaned
	Withheld bool     `json:"withheld,omitempty"` // the caller asked for privacy
	Verified bool     `json:"verified,omitempty"` // a trusted trunk vouched for it
	Diverted []string `json:"diverted,omitempty"` // who forwarded the call, first to last
}

// Arrived: a caller reached a hotline. It is durable before the call is answered.
type Arrived struct {
	Caller  Caller `json:"caller"`
	Hotline string `json:"hotline"`         // the number dialled
	Trunk   string `json:"trunk,omitempty"` // the trunk, or empty for one of our own phones
}

// Offered: agents' phones were rung for the caller.
type Offered struct {
	Round  int      `json:"round"`  // from 1
	Agents []string `json:"agents"` // users
	Reason string   `json:"reason"` // of the strategy that chose them
}

// PickedUp: an agent won the call and is from now on its first-asker. The journal
// gives the case its number in this fact.
type PickedUp struct {
	Agent     string   `json:"agent"`               // user of the first-asker
	Extension string   `json:"extension"`           //
	Waited    Span     `json:"waited_seconds"`      // from entering the queue
	Tied      []string `json:"tied,omitempty"`      // who else answered within the tie window
	TieBreak  TieBreak `json:"tie_break,omitempty"` // why it is not one of them (S34-R3)
	OffPool   bool     `json:"off_pool,omitempty"`  // he is none of those who may be first-asker (S19-R2)

	OpenCase       CaseNumber `json:"open_case,omitempty"`        // that the caller had already
	OpenFirstAsker string     `json:"open_first_asker,omitempty"` // whose it is
}

// MissedReason says why nobody spoke with a caller.
type MissedReason string

// The reasons of a missed call. The set is mirrored by a CHECK in the schema.
const (
	MissedAbandoned   MissedReason = "abandoned"   // the caller gave up waiting
	MissedNoAnswer    MissedReason = "no_answer"   // nobody picked up within the longest wait
	MissedRefused     MissedReason = "refused"     // Shouwen could not take the call
	MissedInterrupted MissedReason = "interrupted" // Shouwen stopped while the caller waited

	MissedNotReached MissedReason = "not_reached" // of a callback: whom we called did not answer

	MissedCallbackTaken MissedReason = "callback_taken" // the caller chose to be called back
	MissedVoicemail     MissedReason = "voicemail"      // the caller left a message
	MissedSelfServed    MissedReason = "self_served"    // a flow gave him what he called for; of a call only
)

// Missed: the caller was not answered. It opens a case that owes a callback; the
// journal gives it a number.
type Missed struct {
	Reason      MissedReason `json:"reason"`
	Waited      Span         `json:"waited_seconds"`
	CallbackDue time.Time    `json:"callback_due"` // stage of the callback clock

	OpenCase CaseNumber `json:"open_case,omitempty"` // that the caller had already, see Attach
}

// EndCause says how an answered call ended.
type EndCause string

// The causes. The set is mirrored by a CHECK in the schema.
const (
	EndCaller      EndCause = "caller"      // the caller hung up
	EndAgent       EndCause = "agent"       // the agent hung up
	EndSilence     EndCause = "rtp_timeout" // both sides sent no audio for too long
	EndShutdown    EndCause = "shutdown"    // Shouwen was stopped
	EndFailure     EndCause = "failure"     // signalling failed, e.g. no ACK
	EndInterrupted EndCause = "interrupted" // Shouwen died during the call
	EndSpent       EndCause = "spent"       // the day's money for calls to the outside was
)

// Ended: an answered call is over.
type Ended struct {
	Cause EndCause `json:"cause"`
	Talk  Span     `json:"talk_seconds"` // pick-up to end

	TargetTalk Span `json:"target_talk_seconds,omitzero"` // of whom the caller was passed on to, from his pick-up to the end; zero: nobody was

	CallbackDue time.Time `json:"callback_due,omitzero"` // neither side wanted the end: a callback is owed; zero: none
}
