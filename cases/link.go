package cases

import (
	"fmt"
	"slices"
	"time"
)

// Link is another case that is continued in this one: of the same incident, or of a call
// of the same caller that nobody answered.
type Link struct {
	Case   CaseNumber   `json:"case"`
	Caller Number       `json:"caller,omitempty"`
	Missed MissedReason `json:"missed,omitempty"` // why nobody spoke with him; empty: somebody did
	At     time.Time    `json:"at"`               // of his call
}

// Linked returns the cases that are continued in the one of f.
func (f File) Linked() []CaseNumber {
	var all []CaseNumber
	for _, l := range f.Links {
		all = append(all, l.Case)
	}
	return all
}

// Continue returns c with other, which was merged into it, on its ledger, and that event.
// By is who merged it, and fact the UUID of the fact that did; one of them is empty.
func (c Case) Continue(other Case, by string, at time.Time, fact string) (Case, Event, error) {
	c = c.clone()
	link := Link{Case: other.Number, Caller: other.Call.Caller.E164, Missed: other.Call.Missed, At: other.Opened}
	c.File.Links = append(slices.Clone(c.File.Links), link)
	eff, err := recorded(c.Call, c, Event{Kind: EventLinked, At: micros(at), By: by, Fact: fact}, link)
	if err != nil {
		return c, Event{}, err
	}
	return eff.Case, *eff.Event, nil
}

// Attached is a call nobody answered that has become part of the open case of its caller.
type Attached struct {
	Merged, Open Effect // of the case it opened, and of the one it is part of now
}

// Attach makes a call nobody answered part of open, its caller's open case, whose
// first-asker calls him back, instead of a case of its own (S30-R15): c is the case f has
// just opened. It is false if f names no such case, if that is at an end, and for a call
// that is about something else: an emergency, or what a flow found out. The ids are UUIDs
// for the events of both.
func Attach(c Case, f Fact, open Case, ids [2]string) (a Attached, ok bool, err error) {
	call, flow := c.Call, c.Call.Flow
	about := !call.Emergency.IsZero() || flow != nil && (flow.Category != "" || flow.Class != "")
	who := call.Caller.E164
	if f.Missed == nil || f.Missed.OpenCase == "" || f.Missed.OpenCase != open.Number || c.Events != 1 ||
		!slices.Contains(live, open.State) || about || who == "" || who != open.Call.Caller.E164 {
		return a, false, nil
	}
	at := micros(f.At)
	c.State, c.File.Into = Merged, open.Number
	if a.Merged, err = recorded(call, c, Event{Kind: EventMerged, At: at, Fact: ids[0]}, Merge{Into: open.Number}); err != nil {
		return a, false, fmt.Errorf("attach: %w", err)
	}
	linked, event, err := open.Continue(c, "", at, ids[1])
	if err != nil {
		return a, false, fmt.Errorf("attach: %w", err)
	}
	a.Open = Effect{Call: linked.Call, Case: linked, Event: &event}
	if due := f.Missed.CallbackDue; !due.IsZero() {
		if open.CallbackDue.IsZero() { // else it is owed already, and earlier
			a.Open.owe(due)
		}
		a.Open.Case.CalledBack, a.Open.Callback = CalledBack{}, true
	}
	return a, true, nil
}
