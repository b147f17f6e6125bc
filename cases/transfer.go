package cases

import (
	"fmt"
	"slices"
	"time"
)

// TransferKind says how a caller is passed on.
type TransferKind string

// The kinds of a transfer.
const (
	TransferWarm  TransferKind = "warm"  // the agent speaks with the target first (三方通话)
	TransferBlind TransferKind = "blind" // the caller gets whoever picks up
)

// TransferHow says by what an agent passes a caller on.
type TransferHow string

// The ways to ask for a transfer.
const (
	ByFeatureCode TransferHow = "feature_code" // dialled in the call
	ByRefer       TransferHow = "refer"        // the phone's own key (RFC 3515)
	ByAPI         TransferHow = "api"          // the console, or a program
)

// Transfer says who passes a caller on to whom.
type Transfer struct {
	Kind      TransferKind `json:"kind"`
	How       TransferHow  `json:"how"`
	By        string       `json:"by"`           // user of the agent
	To        string       `json:"to,omitempty"` // user of the target; empty: nobody has picked up, or nobody has that extension
	Extension string       `json:"extension"`    // as dialled; empty: another way to name the target

	Department string `json:"department,omitempty"` // asked for; empty: none
	Queue      string `json:"queue,omitempty"`      // whose agents were asked for; empty: none
	Number     Number `json:"number,omitempty"`     // outside, as asked for; empty: none
}

// TransferStarted: an agent asked for a target. TransferCompleted, TransferFailed
// or the end of the call follows.
type TransferStarted struct {
	Transfer
}

// TransferCompleted: the target has the caller, and is handler of the case from
// now on; or a queue has him, and its agent will be. First-asker and responsible stay who they are.
type TransferCompleted struct {
	Transfer
	PickedUp  time.Time `json:"picked_up,omitzero"`         // when the target took it; zero: it was left to a queue
	Talk      Span      `json:"talk_seconds"`               // of the agent in the call, from his pick-up to his leaving
	Consulted Span      `json:"consulted_seconds"`          // of which with the target
	Conferred Span      `json:"conferred_seconds,omitzero"` // of which with target and caller
}

// AgentWith is whom an agent speaks with while he passes a caller on.
type AgentWith string

// Those an agent speaks with.
const (
	AgentWithCaller AgentWith = "caller"
	AgentWithTarget AgentWith = "target"
	AgentWithBoth   AgentWith = "both" // all three speak (三方通话)
)

// TransferSwitched: the agent, who spoke with the target, speaks with somebody else
// from now on, or with it again.
type TransferSwitched struct {
	Transfer
	With AgentWith `json:"with"`
}

// TransferFailure says why a target did not get the caller.
type TransferFailure string

// The reasons of a failed transfer.
const (
	TransferUnknown         TransferFailure = "unknown"          // nobody has that extension
	TransferNobodyCompetent TransferFailure = "nobody_competent" // no department is named for the case's category, or it has none
	TransferClosed          TransferFailure = "closed"           // outside of the department's hours
	TransferUnreachable     TransferFailure = "unreachable"      // the target's phone is not registered, or vanished
	TransferBusy            TransferFailure = "busy"             // the target is in another call
	TransferDenied          TransferFailure = "denied"           // policy lets the agent not call that number
	TransferDeclined        TransferFailure = "declined"         // the target wanted no call
	TransferNoAnswer        TransferFailure = "no_answer"        // the target did not pick up in time
	TransferNotAcceptable   TransferFailure = "not_acceptable"   // the target's phone and we have no codec, or no encryption, in common
	TransferHungUp          TransferFailure = "hung_up"          // the target hung up before he had the caller
	TransferCancelled       TransferFailure = "cancelled"        // the agent thought better of it
	TransferAvoided         TransferFailure = "avoided"          // the caller complains of the target
	TransferCallEnded       TransferFailure = "call_ended"       // the call ended first: most often the caller hung up
)

// CallerWith is where a failed transfer leaves the caller.
type CallerWith string

// The places a failed transfer leaves a caller in.
const (
	CallerWithAgent CallerWith = "agent" // with the agent who began it
	CallerInQueue   CallerWith = "queue" // that agent has left: in front of the queue
	CallerGone      CallerWith = "gone"
)

// TransferFailed: the target did not get the caller.
type TransferFailed struct {
	Transfer
	Reason TransferFailure `json:"reason"`
	Caller CallerWith      `json:"caller"`
	Talk   Span            `json:"talk_seconds,omitzero"` // of the agent in the call, if he has left it
	Agent  AgentWith       `json:"agent,omitempty"`       // whom the agent goes on speaking with though the caller is gone; empty: nobody
}

var (
	transferHows     = []TransferHow{ByFeatureCode, ByRefer, ByAPI}
	transferKinds    = []TransferKind{TransferWarm, TransferBlind}
	transferFailures = []TransferFailure{TransferUnknown, TransferNobodyCompetent, TransferClosed, TransferDenied, TransferUnreachable, TransferBusy, TransferDeclined,
		TransferNoAnswer, TransferNotAcceptable, TransferHungUp, TransferCancelled, TransferAvoided, TransferCallEnded}
	agentsWith  = []AgentWith{AgentWithCaller, AgentWithTarget, AgentWithBoth}
	callersWith = []CallerWith{CallerWithAgent, CallerInQueue, CallerGone}
)

// transfer returns what f says of a transfer; nil: nothing.
func (f Fact) transfer() *Transfer {
	switch {
	case f.TransferStarted != nil:
		return &f.TransferStarted.Transfer
	case f.TransferSwitched != nil:
		return &f.TransferSwitched.Transfer
	case f.TransferCompleted != nil:
		return &f.TransferCompleted.Transfer
	case f.TransferFailed != nil:
		return &f.TransferFailed.Transfer
	}
	return nil
}

// checkTransfer returns what makes a fact of a transfer unfit; empty: nothing.
func (f Fact) checkTransfer() string {
	t, failed := f.transfer(), f.TransferFailed
	switch {
	case t == nil:
		return ""
	case !slices.Contains(transferKinds, t.Kind):
		return fmt.Sprintf("transfer kind %q", t.Kind)
	case !slices.Contains(transferHows, t.How):
		return fmt.Sprintf("transferred by %q", t.How)
	case t.By == "":
		return "transferred by nobody"
	case f.TransferCompleted != nil && t.To == "" && t.Queue == "" && t.Number == "":
		return "transferred to nobody"
	case f.TransferSwitched != nil && !slices.Contains(agentsWith, f.TransferSwitched.With):
		return fmt.Sprintf("agent with %q", f.TransferSwitched.With)
	case failed != nil && !slices.Contains(transferFailures, failed.Reason):
		return fmt.Sprintf("transfer failure %q", failed.Reason)
	case failed != nil && !slices.Contains(callersWith, failed.Caller):
		return fmt.Sprintf("caller with %q", failed.Caller)
	}
	return ""
}
