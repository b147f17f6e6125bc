package cases

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Errors of a fact that can never be projected; trying again does not help.
var (
	ErrFact  = errors.New("malformed fact")
	ErrOrder = errors.New("fact out of order")
)

// accepts lists which facts a call may meet in each phase. Who was picked up may
// be offered, picked up or missed again: a phone died and its caller went back
// to the front of the queue. A survey comes when the call is over.
var accepts = map[Phase][]FactKind{
	Unknown: {FactArrived, FactCallbackStarted},
	Waiting: {FactCallbackAnswered, FactCallbackMissed, FactOutboundDecided,
		FactOffered, FactPickedUp, FactMissed, FactCallbackTaken, FactVoicemail, FactFlowLeft, FactEmergency, FactSelfServed},
	Talking: {FactOffered, FactPickedUp, FactMissed, FactEnded, FactCallbackTaken, FactVoicemail, FactEmergency,
		FactOutboundDecided, FactTransferStarted, FactTransferSwitched, FactTransferCompleted, FactTransferFailed,
		FactMonitorStarted, FactMonitorEnded, FactRecordingStarted, FactRecordingPaused, FactRecordingResumed,
		FactRecordingEnded, FactLegalHold, FactQuality, FactMessageDelivered, FactSummoned},
	Over: {FactCallbackMarked, FactFlowLeft, FactRecordingEnded, FactRecordingDeleted, FactVoicemailDeleted, FactLegalHold, FactMessageDelivered, FactSummoned},
}

// FactKind names which field of a Fact is set.
type FactKind string

// The kinds of facts.
const (
	FactArrived  FactKind = "arrived"
	FactOffered  FactKind = "offered"
	FactPickedUp FactKind = "picked_up"
	FactMissed   FactKind = "missed"
	FactEnded    FactKind = "ended"

	FactCallbackTaken FactKind = "callback_taken"
	FactVoicemail     FactKind = "voicemail"
	FactFlowLeft      FactKind = "flow_left"
	FactEmergency     FactKind = "emergency"
	FactSelfServed    FactKind = "self_served"

	FactCallbackStarted  FactKind = "callback_started"
	FactCallbackAnswered FactKind = "callback_answered"
	FactCallbackMissed   FactKind = "callback_missed"
	FactCallbackMarked   FactKind = "callback_marked"
	FactOutboundDecided  FactKind = "outbound_decided"

	FactTransferStarted   FactKind = "transfer_started"
	FactTransferSwitched  FactKind = "transfer_switched"
	FactTransferCompleted FactKind = "transfer_completed"
	FactTransferFailed    FactKind = "transfer_failed"

	FactMonitorStarted   FactKind = "monitor_started"
	FactMonitorEnded     FactKind = "monitor_ended"
	FactRecordingStarted FactKind = "recording_started"
	FactRecordingPaused  FactKind = "recording_paused"
	FactRecordingResumed FactKind = "recording_resumed"
	FactRecordingEnded   FactKind = "recording_ended"
	FactRecordingDeleted FactKind = "recording_deleted"
	FactVoicemailDeleted FactKind = "voicemail_deleted"
	FactLegalHold        FactKind = "legal_hold"
	FactQuality          FactKind = "quality"
	FactMessageDelivered FactKind = "message_delivered"
	FactSummoned         FactKind = "summoned"
)

// Kind returns which field of f is set; empty unless it is exactly one. It is asked
// several times for every fact, so it allocates nothing.
func (f Fact) Kind() (found FactKind) {
	for _, field := range [...]struct {
		kind FactKind
		set  bool
	}{
		{FactArrived, f.Arrived != nil}, {FactOffered, f.Offered != nil}, {FactPickedUp, f.PickedUp != nil},
		{FactMissed, f.Missed != nil}, {FactEnded, f.Ended != nil}, {FactCallbackTaken, f.CallbackTaken != nil},
		{FactVoicemail, f.Voicemail != nil}, {FactTransferStarted, f.TransferStarted != nil}, {FactFlowLeft, f.FlowLeft != nil},
		{FactEmergency, f.Emergency != nil}, {FactSelfServed, f.SelfServed != nil},
		{FactCallbackStarted, f.CallbackStarted != nil}, {FactCallbackAnswered, f.CallbackAnswered != nil},
		{FactCallbackMissed, f.CallbackMissed != nil}, {FactCallbackMarked, f.CallbackMarked != nil},
		{FactOutboundDecided, f.OutboundDecided != nil}, {FactTransferSwitched, f.TransferSwitched != nil},
		{FactTransferCompleted, f.TransferCompleted != nil}, {FactTransferFailed, f.TransferFailed != nil},
		{FactMonitorStarted, f.MonitorStarted != nil}, {FactMonitorEnded, f.MonitorEnded != nil},
		{FactRecordingStarted, f.RecordingStarted != nil}, {FactRecordingPaused, f.RecordingPaused != nil},
		{FactRecordingResumed, f.RecordingResumed != nil}, {FactRecordingEnded, f.RecordingEnded != nil},
		{FactRecordingDeleted, f.RecordingDeleted != nil}, {FactVoicemailDeleted, f.VoicemailDeleted != nil},
		{FactLegalHold, f.LegalHold != nil}, {FactQuality, f.Quality != nil}, {FactMessageDelivered, f.MessageDelivered != nil},
		{FactSummoned, f.Summoned != nil},
	} {
		switch {
		case field.set && found != "":
			return ""
		case field.set:
			found = field.kind
		}
	}
	return found
}

// Effect is what a fact does: the call and the case after it, and what is to be
// appended.
type Effect struct {
	Call  Call
	Case  Case   // without Number: the call has no case yet
	Event *Event // nil: nothing for the ledger
	Clock *Clock // nil: no clock starts

	Met      ClockKind // clocks of this kind have got what they waited for; empty: none
	Callback bool      // CalledBack of the case has changed
}

// Project returns what f does to its call and to the case of number f.Case; both
// are zero as long as there is none. It changes neither; f has passed Check. The
// error wraps ErrFact or ErrOrder.
func Project(call Call, c Case, f Fact) (Effect, error) {
	kind, phase := f.Kind(), call.Phase()
	switch {
	case !slices.Contains(accepts[phase], kind):
		return Effect{}, fmt.Errorf("call %s: %s while %s: %w", f.Call, kind, phase, ErrOrder)
	case c.Number != "" && c.Call.ID != f.Call && call.CallsBack != c.Number && kind != FactCallbackStarted:
		return Effect{}, fmt.Errorf("call %s: case %s belongs to call %s: %w", f.Call, c.Number, c.Call.ID, ErrFact)
	case (kind == FactEnded || f.transfer() != nil || f.Aside() || f.callback() || kind == FactFlowLeft && phase == Over) && c.Number == "":
		return Effect{}, fmt.Errorf("call %s: %s without its case: %w", f.Call, kind, ErrOrder)
	}
	at := micros(f.At)
	switch kind {
	case FactArrived:
		return Effect{Call: arrived(f, at)}, nil
	case FactOffered:
		return Effect{Call: call, Case: c}, nil
	case FactPickedUp:
		return pickedUp(call, c, f, at)
	case FactMissed:
		return missed(call, c, f, at)
	case FactCallbackTaken:
		return promised(call, c, f, at)
	case FactVoicemail:
		return messageLeft(call, c, f, at)
	case FactFlowLeft:
		return flowLeft(call, c, f, at)
	case FactEmergency:
		return emergency(call, c, f, at)
	case FactSelfServed:
		return selfServed(call, c, at), nil
	case FactCallbackStarted, FactCallbackAnswered, FactCallbackMissed, FactCallbackMarked:
		return calledBack(call, c, f, at)
	case FactTransferStarted, FactTransferSwitched, FactTransferCompleted, FactTransferFailed:
		return transferred(call, c, f, at)
	case FactEnded:
		return ended(call, c, f, at)
	}
	return noted(call, c, f, at)
}

func arrived(f Fact, at time.Time) Call {
	a := f.Arrived
	who := a.Caller
	who.Raw, who.Display, who.E164 = Clean(who.Raw), Clean(who.Display), Number(Clean(string(who.E164)))
	who.Diverted = slices.Clone(who.Diverted)
	for i := range who.Diverted {
		who.Diverted[i] = Clean(who.Diverted[i])
	}
	return Call{ID: f.Call, Caller: who, Hotline: Clean(a.Hotline), Trunk: Clean(a.Trunk), Arrived: at}
}

func pickedUp(call Call, c Case, f Fact, at time.Time) (Effect, error) {
	p := *f.PickedUp
	if call.Answered.IsZero() {
		call.Answered, call.Agent, call.Extension, call.Waited = at, p.Agent, p.Extension, time.Duration(p.Waited).Truncate(time.Microsecond)
	}
	c, before := opened(call, c, f.Case, at)
	if c.FirstAsker == "" {
		c.FirstAsker, c.Responsible = p.Agent, p.Agent
	}
	c.Handler = p.Agent
	body := struct {
		Call    string `json:"call"`
		Caller  Caller `json:"caller"`
		Hotline string `json:"hotline"`
		PickedUp
		beforeCase
	}{call.ID, call.Caller, call.Hotline, p, before}
	return recorded(call, c, Event{Kind: EventPickedUp, At: at, By: p.Agent, Fact: f.ID}, body)
}

func missed(call Call, c Case, f Fact, at time.Time) (Effect, error) {
	m := *f.Missed
	call.Ended, call.Missed = at, m.Reason
	if call.Answered.IsZero() {
		call.Waited = time.Duration(m.Waited).Truncate(time.Microsecond)
	}
	c, before := opened(call, c, f.Case, at)
	body := struct {
		Call    string `json:"call"`
		Caller  Caller `json:"caller"`
		Hotline string `json:"hotline"`
		Missed
		beforeCase
	}{call.ID, call.Caller, call.Hotline, m, before}
	eff, err := recorded(call, c, Event{Kind: EventMissed, At: at, Fact: f.ID}, body)
	eff.oweAnew(m.CallbackDue)
	return eff, err
}

func ended(call Call, c Case, f Fact, at time.Time) (Effect, error) {
	call.Ended, call.Cause, call.Talk = at, f.Ended.Cause, time.Duration(f.Ended.Talk).Truncate(time.Microsecond)
	eff, err := recorded(call, c, Event{Kind: EventEnded, At: at, Fact: f.ID}, *f.Ended)
	eff.oweAnew(f.Ended.CallbackDue)
	return eff, err
}

func transferred(call Call, c Case, f Fact, at time.Time) (Effect, error) {
	e := Event{At: at, By: f.transfer().By, Fact: f.ID}
	switch {
	case f.TransferStarted != nil:
		e.Kind = EventTransferStarted
		return recorded(call, c, e, *f.TransferStarted)
	case f.TransferSwitched != nil:
		e.Kind = EventTransferSwitched
		return recorded(call, c, e, *f.TransferSwitched)
	case f.TransferFailed != nil:
		e.Kind = EventTransferFailed
		return recorded(call, c, e, *f.TransferFailed)
	}
	e.Kind, c.Handler = EventTransferCompleted, cmp.Or(f.TransferCompleted.To, c.Handler)
	return recorded(call, c, e, *f.TransferCompleted)
}

// owe starts the callback clock; a zero due owes nothing.
func (e *Effect) owe(due time.Time) {
	if !due.IsZero() {
		e.Case.CallbackDue = micros(due)
		e.Clock = &Clock{Kind: ClockCallback, Gen: e.Case.Events, Due: e.Case.CallbackDue}
	}
}

// oweAnew is owe for a call that ended without its caller: no attempt counts yet.
func (e *Effect) oweAnew(due time.Time) {
	if !due.IsZero() {
		e.owe(due)
		e.Case.CalledBack, e.Callback = CalledBack{}, true
	}
}

// opened returns c, or, when there is none, a new case and what came before it.
func opened(call Call, c Case, n CaseNumber, at time.Time) (Case, beforeCase) {
	if c.Number != "" {
		return c, beforeCase{}
	}
	return Case{Number: n, State: Open, Opened: at}, beforeCase{call.Flow, call.Emergency}
}

// recorded appends e with body to the ledger of c.
func recorded(call Call, c Case, e Event, body any) (Effect, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return Effect{}, fmt.Errorf("call %s: %w: %w", call.ID, ErrFact, err)
	}
	if call.CallsBack == "" {
		c.Call = call
	}
	c.Events++
	e.Case, e.Seq, e.State, e.Body = c.Number, c.Events, c.State, b
	e.Sum = e.Hash(c.Head)
	c.Head = e.Sum
	return Effect{Call: call, Case: c, Event: &e}, nil
}

// isUUID says whether s is one in lower case (RFC 9562 4). A regular expression takes
// nine times as long, for every fact.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8, i == 13, i == 18, i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

// Check reports what makes f unfit whatever came before it. The error wraps ErrFact.
func (f Fact) Check() error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrFact, fmt.Sprintf(format, args...))
	}
	switch {
	case f.Kind() == "":
		return wrong("want exactly one of arrived, offered, picked_up, missed, ended, callback_taken, voicemail, flow_left, emergency, self_served, " +
			"callback_started, callback_answered, callback_missed, callback_marked, outbound_decided, " +
			"transfer_started, transfer_switched, transfer_completed, transfer_failed, monitor_started, monitor_ended, " +
			"recording_started, recording_paused, recording_resumed, recording_ended, recording_deleted, voicemail_deleted, legal_hold, quality, message_delivered, summoned")
	case !isUUID(f.ID), !isUUID(f.Call):
		return wrong("fact and call ids are UUIDs in lower case")
	case f.At.IsZero() || f.At.Year() > 9999:
		return wrong("time %s", f.At)
	case f.Missed != nil && f.Missed.CallbackDue.Year() > 9999:
		return wrong("callback due %s", f.Missed.CallbackDue)
	case f.Ended != nil && f.Ended.CallbackDue.Year() > 9999:
		return wrong("callback due %s", f.Ended.CallbackDue)
	case f.PickedUp != nil && f.PickedUp.Agent == "":
		return wrong("picked up by nobody")
	case f.Missed != nil && !slices.Contains(missedReasons, f.Missed.Reason):
		return wrong("missed reason %q", f.Missed.Reason)
	case f.Ended != nil && !slices.Contains(endCauses, f.Ended.Cause):
		return wrong("end cause %q", f.Ended.Cause)
	case f.checkUnanswered() != "":
		return wrong("%s", f.checkUnanswered())
	case f.checkFlow() != "":
		return wrong("%s", f.checkFlow())
	case f.checkTransfer() != "":
		return wrong("%s", f.checkTransfer())
	case f.checkCallback() != "":
		return wrong("%s", f.checkCallback())
	case f.checkAside() != "":
		return wrong("%s", f.checkAside())
	}
	if f.Missed != nil && f.Missed.OpenCase != "" {
		if _, _, _, err := f.Missed.OpenCase.Parse(); err != nil {
			return fmt.Errorf("%w: %w", ErrFact, err)
		}
	}
	if f.OpensCase() || f.Ended != nil || f.transfer() != nil || f.callback() || f.Aside() && !f.Outside() {
		if _, _, _, err := f.Case.Parse(); err != nil {
			return fmt.Errorf("%w: %w", ErrFact, err)
		}
	}
	return nil
}

var (
	missedReasons = []MissedReason{MissedAbandoned, MissedNoAnswer, MissedRefused, MissedInterrupted, MissedNotReached, MissedCallbackTaken, MissedVoicemail}
	endCauses     = []EndCause{EndCaller, EndAgent, EndSilence, EndShutdown, EndFailure, EndInterrupted, EndSpent}
)

// Clean makes text of the network fit for the database, which takes neither NUL
// nor broken UTF-8; both become U+FFFD.
func Clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// micros returns t as the database keeps it.
func micros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
