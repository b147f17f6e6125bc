package cases

import (
	"fmt"
	"slices"
	"time"
)

// Asides are facts that tell something about a call without moving its
// caller or its case: they go into the ledger and leave the case as it is.

// MonitorMode is what a supervisor on the line may do. He hears everybody in all
// of them.
type MonitorMode string

// The modes of a supervisor on the line.
const (
	MonitorListen  MonitorMode = "listen"  // nobody hears him
	MonitorWhisper MonitorMode = "whisper" // the agent alone does
	MonitorBarge   MonitorMode = "barge"   // everybody does
)

// Monitor says who was on whose line and how.
type Monitor struct {
	By    string      `json:"by"`    // user of the supervisor
	Agent string      `json:"agent"` // user of the agent he follows
	Mode  MonitorMode `json:"mode"`
}

// MonitorStarted: a supervisor came on the line, or changed the mode; that is the
// end of the mode before it.
type MonitorStarted struct {
	Monitor
}

// MonitorEnded: a supervisor left the line, or changed the mode.
type MonitorEnded struct {
	Monitor
	From   time.Time `json:"from"` // when it started
	Lasted Span      `json:"lasted_seconds"`
}

// RecordingMode says which calls of a queue are recorded.
type RecordingMode string

// The modes of recording.
const (
	RecordNever    RecordingMode = "never"
	RecordAlways   RecordingMode = "always"
	RecordOnDemand RecordingMode = "on_demand" // when the agent asks for it
	RecordShare    RecordingMode = "share"     // a share of the calls, picked by chance
)

// RecordingStarted: from now on what caller and agent say is written to a file.
type RecordingStarted struct {
	Mode      RecordingMode `json:"mode"`
	By        string        `json:"by,omitempty"`        // user who asked for it; empty: the rule of the queue
	Announced bool          `json:"announced,omitempty"` // the caller was told before
	Keep      time.Time     `json:"keep_until,omitzero"` // then the file is deleted; zero: never
}

// RecordingPaused: from now on nothing is kept, until RecordingResumed.
type RecordingPaused struct {
	By string `json:"by"` // user
}

// RecordingResumed ends a pause.
type RecordingResumed struct {
	By string `json:"by"` // user
}

// RecordingResult says what became of a recording.
type RecordingResult string

// The results. The set is mirrored by a CHECK in the schema.
const (
	RecordingOK      RecordingResult = "ok"
	RecordingPartial RecordingResult = "partial" // it ended before the call; see the reason
	RecordingFailed  RecordingResult = "failed"  // there is none
)

// RecordingReason says why a recording is not whole.
type RecordingReason string

// The reasons.
const (
	RecordingDiskFull    RecordingReason = "disk_full"
	RecordingDiskFailed  RecordingReason = "disk_failed"
	RecordingInterrupted RecordingReason = "interrupted" // Shouwen died during the call
)

// Stretch is a part of a recording, from its beginning.
type Stretch struct {
	From  Span `json:"from_seconds"`
	Until Span `json:"until_seconds"`
}

// RecordingEnded: the file is complete, or there will be none.
type RecordingEnded struct {
	Result RecordingResult `json:"result"`
	Reason RecordingReason `json:"reason,omitempty"` // empty if Result is ok
	File   string          `json:"file,omitempty"`   // below the folder of recordings; empty: none
	Length Span            `json:"length_seconds"`
	Bytes  int64           `json:"bytes"`
	SHA256 string          `json:"sha256,omitempty"` // of the file, hexadecimal
	Pauses []Stretch       `json:"pauses,omitempty"` // silence, marked in the file
}

// RecordingDeleted: the file is gone for good, because its time was over.
type RecordingDeleted struct {
	File string `json:"file"`
}

// MessageDelivered: a program that sends messages to callers says that one has reached
// the caller of the case.
type MessageDelivered struct {
	ID string `json:"id"` // as that program has it
	To Number `json:"to"`
}

// LegalHold: recordings and the message of the case are kept whatever their time, or no longer.
type LegalHold struct {
	On     bool   `json:"on"`
	By     string `json:"by"`
	Reason string `json:"reason,omitempty"`
}

// Side is as whom somebody takes part in a call.
type Side string

// The sides of a call.
const (
	CallerSide     Side = "caller"
	AgentSide      Side = "agent"
	SupervisorSide Side = "supervisor"
)

// LegQuality is how well one leg of a call was heard, from its RTP and RTCP.
type LegQuality struct {
	Side      Side    `json:"side"`
	User      string  `json:"user,omitempty"`  // of the phone
	Trunk     string  `json:"trunk,omitempty"` // that brought the caller
	Codec     string  `json:"codec"`
	Packets   uint64  `json:"packets"` // received from it
	Lost      uint64  `json:"lost"`
	Jitter    Span    `json:"jitter_seconds"`
	RoundTrip Span    `json:"round_trip_seconds,omitzero"` // by RTCP; left out: not told
	FarLost   uint64  `json:"far_lost"`                    // of what was sent to it, as it reports
	FarJitter Span    `json:"far_jitter_seconds"`
	MOS       float64 `json:"mos,omitempty"`      // 1 to 4.5; left out: see Unscored
	Unscored  string  `json:"unscored,omitempty"` // no_media, too_short or no_rtcp
}

// Quality: how well the sides of a call were heard, at its end.
type Quality struct {
	Legs []LegQuality `json:"legs"`
}

// Aside says whether f tells something about its call without moving the caller:
// where he is, the facts before it say.
func (f Fact) Aside() bool {
	body, _ := f.aside()
	return body != nil
}

// aside returns what an aside says and who did it; nil: f is none.
func (f Fact) aside() (body any, by string) {
	switch {
	case f.MonitorStarted != nil:
		return *f.MonitorStarted, f.MonitorStarted.By
	case f.MonitorEnded != nil:
		return *f.MonitorEnded, f.MonitorEnded.By
	case f.RecordingStarted != nil:
		return *f.RecordingStarted, f.RecordingStarted.By
	case f.RecordingPaused != nil:
		return *f.RecordingPaused, f.RecordingPaused.By
	case f.RecordingResumed != nil:
		return *f.RecordingResumed, f.RecordingResumed.By
	case f.RecordingEnded != nil:
		return *f.RecordingEnded, ""
	case f.RecordingDeleted != nil:
		return *f.RecordingDeleted, ""
	case f.VoicemailDeleted != nil:
		return *f.VoicemailDeleted, ""
	case f.LegalHold != nil:
		return *f.LegalHold, f.LegalHold.By
	case f.OutboundDecided != nil:
		d := *f.OutboundDecided
		d.Number = Number(Clean(string(d.Number)))
		return d, d.Actor
	case f.Quality != nil:
		return *f.Quality, ""
	case f.Summoned != nil:
		return *f.Summoned, f.Summoned.User
	case f.MessageDelivered != nil:
		d := *f.MessageDelivered
		d.ID, d.To = Clean(d.ID), Number(Clean(string(d.To)))
		return d, ""
	}
	return nil, ""
}

// noted appends an aside to the ledger.
func noted(call Call, c Case, f Fact, at time.Time) (Effect, error) {
	body, by := f.aside()
	return recorded(call, c, Event{Kind: EventKind(f.Kind()), At: at, By: Clean(by), Fact: f.ID}, body)
}

var (
	monitorModes     = []MonitorMode{MonitorListen, MonitorWhisper, MonitorBarge}
	recordingResults = []RecordingResult{RecordingOK, RecordingPartial, RecordingFailed}
	recordingModes   = []RecordingMode{RecordAlways, RecordOnDemand, RecordShare}
)

// checkAside returns what makes an aside unfit; empty: nothing.
func (f Fact) checkAside() string {
	switch {
	case f.MonitorStarted != nil:
		return f.MonitorStarted.check()
	case f.MonitorEnded != nil:
		return f.MonitorEnded.check()
	case f.RecordingStarted != nil && !slices.Contains(recordingModes, f.RecordingStarted.Mode):
		return fmt.Sprintf("recording mode %q", f.RecordingStarted.Mode)
	case f.RecordingStarted != nil && f.RecordingStarted.Keep.Year() > 9999:
		return fmt.Sprintf("recording kept until %s", f.RecordingStarted.Keep)
	case f.RecordingPaused != nil && f.RecordingPaused.By == "", f.RecordingResumed != nil && f.RecordingResumed.By == "":
		return "recording paused or resumed by nobody"
	case f.RecordingEnded != nil:
		return f.RecordingEnded.check()
	case f.LegalHold != nil && f.LegalHold.By == "":
		return "legal hold by nobody"
	case f.Summoned != nil && (f.Summoned.User == "" || !slices.Contains(summonsResults, f.Summoned.Result)):
		return fmt.Sprintf("summons of %q: %q", f.Summoned.User, f.Summoned.Result)
	case f.MessageDelivered != nil && f.MessageDelivered.ID == "":
		return "message without an id"
	}
	return ""
}

func (m Monitor) check() string {
	switch {
	case m.By == "" || m.Agent == "":
		return "nobody monitors, or is monitored"
	case !slices.Contains(monitorModes, m.Mode):
		return fmt.Sprintf("monitor mode %q", m.Mode)
	}
	return ""
}

func (r RecordingEnded) check() string {
	switch {
	case !slices.Contains(recordingResults, r.Result):
		return fmt.Sprintf("recording result %q", r.Result)
	case (r.Result == RecordingFailed) != (r.File == ""):
		return fmt.Sprintf("recording %s with file %q", r.Result, r.File)
	case r.File != "" && len(r.SHA256) != 64:
		return fmt.Sprintf("recording with sum %q", r.SHA256)
	}
	return ""
}
