package cases

import (
	"maps"
	"slices"
	"time"
)

// Reach returns c after milestone m came at at: clocks start and stop at it. That a
// milestone came before is remembered, so that a clock which turns out later to apply
// starts when it should have.
func (c Case) Reach(m Milestone, at time.Time, r Rulebook) Case {
	c = c.clone()
	cal := r.Policy.In(r.Calendar)
	at = micros(at)
	for i, k := range c.Clocks {
		c.Clocks[i] = k.Reach(m, at, cal)
	}
	if _, before := c.Milestones[m]; !before {
		c.Milestones = maps.Clone(c.Milestones)
		if c.Milestones == nil {
			c.Milestones = map[Milestone]time.Time{}
		}
		c.Milestones[m] = at
	}
	return c.start(m, at, r)
}

// start starts the clocks that begin at m and never ran.
func (c Case) start(m Milestone, at time.Time, r Rulebook) Case {
	for _, k := range r.Policy.Start(m, c.Facts(r.Policy), at, r.Calendar) {
		if slices.ContainsFunc(c.Clocks, func(o Clock) bool { return o.Kind == k.Kind && !o.Cancelled }) {
			continue
		}
		k.Gen = c.Events + 1
		for stop, when := range c.Milestones { // it may have come before anybody knew that the clock applies
			if !when.Before(at) && stop != m {
				k = k.Reach(stop, when, r.Policy.In(r.Calendar))
			}
		}
		if k.Running() || !k.Stopped.IsZero() {
			c.Clocks = append(c.Clocks, k)
		}
	}
	return c
}

// revise returns c with the clocks that apply to it as it is known now: terms that
// changed are revised, clocks that do not apply any more are cancelled, and those that
// should have started run from when they should have.
func (c Case) revise(at time.Time, r Rulebook) Case {
	terms := r.Policy.Terms(c.Facts(r.Policy))
	for i, k := range c.Clocks {
		switch {
		case k.Of.ID == "" || !k.Running() || k.Kind == ClockPromise:
		case !slices.ContainsFunc(terms, func(t Terms) bool { return t.Kind == k.Kind }):
			c.Clocks[i] = k.Cancel(at)
		default:
			c.Clocks[i] = r.Policy.Revise(k, c.Facts(r.Policy), at, r.Calendar)
		}
	}
	came := slices.SortedFunc(maps.Keys(c.Milestones), func(a, b Milestone) int {
		return c.Milestones[a].Compare(c.Milestones[b])
	})
	for _, m := range came {
		c = c.start(m, c.Milestones[m], r)
	}
	return c
}

// Facts returns what p looks at in c. A case nobody has classified is of its first class.
func (c Case) Facts(p Policy) Facts {
	m := c.File.Matter
	if m.Class == "" && len(p.Classification.Classes) > 0 {
		m.Class = p.Classification.Classes[0].Class
	}
	return Facts{Class: m.Class, Type: m.Type, Flags: m.Flags, Level: m.Level, Category: m.Category}
}

// clock returns the running clock of a kind, and where it is.
func (c Case) clock(kind ClockKind) (Clock, int, bool) {
	i := slices.IndexFunc(c.Clocks, func(k Clock) bool { return k.Kind == kind && k.Running() })
	if i < 0 {
		return Clock{}, 0, false
	}
	return c.Clocks[i], i, true
}

// found returns c, which has just opened, with what is known of its matter: that it is a
// complaint about one of us, by the line; by the flow before the category, and the class
// if r knows it.
func (c Case) found(r Rulebook) Case {
	if slices.Contains(r.Complaints, c.Call.Hotline) {
		c.File.Matter.Type, c.File.Accused = StaffComplaint, AccusedUnnamed
	}
	flow := c.Call.Flow
	if flow == nil {
		return c
	}
	c.File.Matter.Category = Clean(flow.Category)
	if _, known := r.Policy.Class(Class(flow.Class)); known {
		c.File.Matter.Class = Class(flow.Class)
	}
	return c
}

// unanswered returns c after nobody took its caller whom an agent wanted to pass him on
// to: he is absent (C13), and where the policy says so, the agent sees to it.
func (c Case) unanswered(t TransferFailed, at time.Time, r Rulebook) Case {
	if !slices.Contains([]TransferFailure{TransferNoAnswer, TransferUnreachable, TransferDeclined}, t.Reason) {
		return c
	}
	if m := &c.File.Matter; len(r.Policy.AbsentHandler) > 0 && !slices.Contains(m.Flags, FlagHandlerAbsent) {
		m.Flags = append(slices.Clone(m.Flags), FlagHandlerAbsent)
		slices.Sort(m.Flags)
		c = c.revise(at, r)
	}
	if r.Policy.Transfer.FollowUp {
		c.File.Tasks = assign(c.File.Tasks, Task{What: TaskContact, Text: t.Department, For: t.By, Since: at})
		c.File.Tasks = assign(c.File.Tasks, Task{What: TaskReport, For: t.By, Since: at})
	}
	return c
}

// After returns c after telephony saw f, which c has been through already: what the
// flow found out when it opens, and what the clocks of r make of it.
func (c Case) After(f Fact, r Rulebook) Case {
	if c.Events == 1 && f.OpensCase() {
		c = c.found(r)
	}
	if f.PickedUp != nil && f.PickedUp.OffPool && !slices.Contains(c.File.Matter.Flags, FlagOffPool) {
		c.File.Matter.Flags = append(slices.Clone(c.File.Matter.Flags), FlagOffPool)
	}
	c.Events-- // clocks name the event that starts them, which has been recorded
	var came []Milestone
	switch f.Kind() {
	case FactPickedUp:
		if c.Call.Answered.Equal(micros(f.At)) { // not after a transfer failed
			c = c.Reach(AtRing, c.Call.Arrived, r)
			came = []Milestone{AtContact}
		}
	case FactMissed:
		c = c.Reach(AtRing, c.Call.Arrived, r)
		came = []Milestone{AtMissed}
	case FactTransferFailed:
		c = c.unanswered(*f.TransferFailed, f.At, r)
	case FactTransferCompleted: // somebody there has taken it
		c.File.Tasks = finish(c.File.Tasks, TaskContact, f.TransferCompleted.By, f.At)
		came = []Milestone{AtDeskReached, AtHandlerNotified}
	case FactSummoned:
		came = f.Summoned.reached()
	case FactCallbackAnswered:
		came = []Milestone{AtContact, AtCalledBack, AtCustomerCalled}
	}
	for _, m := range came {
		c = c.Reach(m, f.At, r)
	}
	c.Events++
	return c
}
