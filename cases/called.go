package cases

import (
	"fmt"
	"slices"
	"time"
)

// CallbackResult says what became of an attempt to call somebody back.
type CallbackResult string

// The results of an attempt. The set is mirrored by a CHECK in the schema.
const (
	CallbackReached     CallbackResult = "reached"        // somebody answered
	CallbackBusy        CallbackResult = "busy"           //
	CallbackNoAnswer    CallbackResult = "no_answer"      //
	CallbackRejected    CallbackResult = "rejected"       // declined by who was called
	CallbackInvalid     CallbackResult = "invalid_number" // the network knows no such number
	CallbackFailed      CallbackResult = "failed"         // no trunk took the call, or Shouwen could not make it
	CallbackDenied      CallbackResult = "denied"         // the policy does not allow the call
	CallbackCancelled   CallbackResult = "cancelled"      // the agent thought better of it; no attempt
	CallbackWrongNumber CallbackResult = "wrong_number"   // said by the agent: somebody else answered
	CallbackVoicemail   CallbackResult = "voicemail"      // said by the agent: a machine did
)

// CalledBack is how far the callback of a case has come.
type CalledBack struct {
	Attempts  int            // since it was owed
	Last      CallbackResult // of the last attempt; empty: none yet
	Call      string         // of the last attempt
	Next      time.Time      // when Shouwen tries again by itself; zero: it does not
	Exhausted bool           // the last attempt failed, it is the supervisor's now
}

// CallbackStarted: an agent is on the phone and the caller of a case is about to be
// called. It begins a call of its own, which belongs to the case.
type CallbackStarted struct {
	By      string `json:"by"`      // user of the agent
	Number  Number `json:"number"`  // to be called
	Hotline string `json:"hotline"` // whose number is shown
	Attempt int    `json:"attempt"` // from 1
}

// CallbackAnswered: somebody answered, and speaks with the agent. That is what the
// callback clock waited for. Who calls back on a case nobody had picked up is its
// first-asker.
type CallbackAnswered struct {
	Agent     string `json:"agent"`
	Extension string `json:"extension"`
	Trunk     string `json:"trunk"`
	Attempt   int    `json:"attempt"`
	Rang      Span   `json:"rang_seconds"`
}

// CallbackMissed: the attempt reached nobody, and its call is over.
type CallbackMissed struct {
	Agent     string         `json:"agent"`
	Result    CallbackResult `json:"result"`
	Attempt   int            `json:"attempt"`
	Next      time.Time      `json:"next,omitzero"`       // of the next attempt by Shouwen itself; zero: none
	Exhausted bool           `json:"exhausted,omitempty"` // it is the supervisor's from now on
}

// CallbackMarked: who answered was not the caller, as an agent says: a machine, or
// somebody else. The callback is owed again.
type CallbackMarked struct {
	By        string         `json:"by"`
	Result    CallbackResult `json:"result"` // CallbackWrongNumber or CallbackVoicemail
	Attempt   int            `json:"attempt"`
	Next      time.Time      `json:"next,omitzero"`
	Exhausted bool           `json:"exhausted,omitempty"`
	Due       time.Time      `json:"callback_due"`
}

// OutboundDecided: a call to the outside was asked for, and allowed or not. A call about
// no case has no other fact.
type OutboundDecided struct {
	Actor   string `json:"actor"` // user on whose behalf
	Number  Number `json:"number"`
	Allowed bool   `json:"allowed"`
	Reason  string `json:"reason"`
}

var (
	missedResults = []CallbackResult{CallbackBusy, CallbackNoAnswer, CallbackRejected, CallbackInvalid, CallbackFailed, CallbackDenied, CallbackCancelled}
	markedResults = []CallbackResult{CallbackWrongNumber, CallbackVoicemail}
)

// callback says whether f is about a callback being made.
func (f Fact) callback() bool {
	return f.CallbackStarted != nil || f.CallbackAnswered != nil || f.CallbackMissed != nil || f.CallbackMarked != nil
}

// Outside says whether f is about a call to the outside that is about no case.
func (f Fact) Outside() bool { return f.OutboundDecided != nil && f.Case == "" }

// checkCallback returns what makes a fact of a callback unfit; empty: nothing.
func (f Fact) checkCallback() string {
	started, answered, missed, marked := f.CallbackStarted, f.CallbackAnswered, f.CallbackMissed, f.CallbackMarked
	switch {
	case started != nil && (started.By == "" || started.Number == "" || started.Attempt < 1):
		return "callback by nobody, to nobody, or without its attempt"
	case answered != nil && answered.Agent == "":
		return "callback answered to nobody"
	case missed != nil && !slices.Contains(missedResults, missed.Result):
		return fmt.Sprintf("callback result %q", missed.Result)
	case marked != nil && (marked.By == "" || !slices.Contains(markedResults, marked.Result)):
		return fmt.Sprintf("callback marked %q by %q", marked.Result, marked.By)
	case missed != nil && missed.Next.Year() > 9999, marked != nil && (marked.Next.Year() > 9999 || marked.Due.IsZero() || marked.Due.Year() > 9999):
		return "time of the next callback"
	}
	return ""
}

// calledBack projects the facts of a callback.
func calledBack(call Call, c Case, f Fact, at time.Time) (Effect, error) {
	e := Event{Kind: EventKind(f.Kind()), At: at, Fact: f.ID}
	switch {
	case f.CallbackStarted != nil:
		s := *f.CallbackStarted
		s.Number, s.Hotline = Number(Clean(string(s.Number))), Clean(s.Hotline)
		call = Call{ID: f.Call, Caller: Caller{E164: s.Number}, Hotline: s.Hotline, Arrived: at, CallsBack: c.Number}
		e.By = s.By
		return recorded(call, c, e, s)
	case f.CallbackAnswered != nil:
		a := *f.CallbackAnswered
		call.Answered, call.Agent, call.Extension, call.Trunk = at, a.Agent, a.Extension, Clean(a.Trunk)
		call.Waited = time.Duration(a.Rang).Truncate(time.Microsecond)
		if c.FirstAsker == "" {
			c.FirstAsker, c.Responsible = a.Agent, a.Agent
		}
		c.Handler, e.By, c.CallbackDue = a.Agent, a.Agent, time.Time{}
		c.CalledBack = CalledBack{Attempts: a.Attempt, Last: CallbackReached, Call: f.Call}
		eff, err := recorded(call, c, e, a)
		eff.Met, eff.Callback = ClockCallback, true
		return eff, err
	case f.CallbackMissed != nil:
		m := *f.CallbackMissed
		call.Ended, call.Missed = at, MissedNotReached
		e.By = m.Agent
		c.CalledBack = CalledBack{Attempts: m.Attempt, Last: m.Result, Call: f.Call, Next: micros(m.Next), Exhausted: m.Exhausted}
		eff, err := recorded(call, c, e, m)
		eff.Callback = true
		return eff, err
	}
	m := *f.CallbackMarked
	call.Marked = m.Result
	e.By = m.By
	c.CalledBack = CalledBack{Attempts: m.Attempt, Last: m.Result, Call: f.Call, Next: micros(m.Next), Exhausted: m.Exhausted}
	eff, err := recorded(call, c, e, m)
	eff.Callback = true
	eff.owe(m.Due)
	return eff, err
}
