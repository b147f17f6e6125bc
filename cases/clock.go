package cases

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// ClockKind says what a clock waits for. Kinds are data: a profile may name more of
// them than there are constants.
type ClockKind string

// ClockCallback is the clock of a missed call.
const ClockCallback ClockKind = "callback"

// ClockState is where a clock stands.
type ClockState string

// The states of a clock. The set is mirrored by a CHECK in the schema.
const (
	ClockArmed     ClockState = "armed"
	ClockFired     ClockState = "fired"     // its time came first
	ClockMet       ClockState = "met"       // what it waited for came first
	ClockCancelled ClockState = "cancelled" // it no longer applies
)

// Clock measures how long something takes, and holds it to a due time if its terms
// have one. It is a value: what changes it returns another one. It keeps the terms it
// started under, whatever becomes of the policy they are from.
type Clock struct {
	Kind ClockKind `json:"clock"`
	Gen  int       `json:"gen"`           // sequence of the event that started it; starting again makes a new one
	Due  time.Time `json:"due,omitzero"`  // last instant in time, UTC; zero: only measured, or paused
	Of   PolicyRef `json:"of,omitzero"`   // policy it started under; zero: it is telephony's
	On   Terms     `json:"on,omitzero"`   // terms it started on
	From time.Time `json:"from,omitzero"` // when it started

	Promised   time.Time               `json:"promised,omitzero"` // the time promised, if the terms say so
	Reached    map[Milestone]time.Time `json:"reached,omitempty"` // of what it stops at
	Stopped    time.Time               `json:"stopped,omitzero"`  // zero: it runs
	Cancelled  bool                    `json:"cancelled,omitempty"`
	Pauses     []Pause                 `json:"pauses,omitempty"` // in order, without overlap
	Extensions []Extension             `json:"extensions,omitempty"`
	Revisions  []Revision              `json:"revisions,omitempty"`
}

// PolicyRef names one version of a policy.
type PolicyRef struct {
	ID      string `json:"id"`
	Version string `json:"version"`
}

// Pause is a time in which a clock stands still.
type Pause struct {
	From   time.Time   `json:"from"`
	To     time.Time   `json:"to,omitzero"` // zero: it still does
	Reason PauseReason `json:"reason"`
}

// Extension is a later due time somebody granted.
type Extension struct {
	At     time.Time `json:"at"` // when it came into force: approved and, where the policy asks for it, told
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
	By     string    `json:"by"` // user of who approved it
}

// Revision gives a running clock other terms, since something new is known of its case.
type Revision struct {
	At time.Time `json:"at"`
	On Terms     `json:"on"`
}

// Errors of what cannot be done to a clock.
var (
	ErrClockStopped = errors.New("the clock has stopped")
	ErrPause        = errors.New("a pause comes after the start of the clock and the end of the one before, and ends later")
	ErrExtension    = errors.New("an extension comes before the clock is due, has a reason and ends later")
)

// Terms are how long something may take: one entry of a policy's clocks.
type Terms struct {
	Kind ClockKind `json:"clock"`

	// For which cases: empty means all.
	Classes []Class      `json:"class,omitempty"`
	Types   []MatterType `json:"type,omitempty"`
	Levels  []int        `json:"level,omitempty"`  // of an emergency; 1 is the most severe
	If      []Flag       `json:"if,omitempty"`     // every one of these
	Unless  []Flag       `json:"unless,omitempty"` // none of these

	Start Milestone   `json:"start"`
	Stop  []Milestone `json:"stop"`           // when all of these were reached
	Void  []Milestone `json:"void,omitempty"` // when one of these was reached first, the clock does not apply: what was solved is not passed on
	Limit *Limit      `json:"limit"`          // nil: measured, never breached (∅)
	By    []Party     `json:"by,omitempty"`

	Tolerance *Limit        `json:"tolerance,omitempty"` // what "immediate" may take; nil: measured, never breached
	Remind    int           `json:"remind,omitempty"`    // percent of the time; 0: as the policy says
	AtRisk    int           `json:"at_risk,omitempty"`
	Ladder    []Party       `json:"ladder,omitempty"` // whom a breach is escalated to, first to last; empty: as the policy says
	Every     *Limit        `json:"every,omitempty"`  // between two levels of it; nil: as the policy says
	Pause     []PauseReason `json:"pause,omitempty"`  // that may stop it for a while

	WorkingDayEnds DayEnd `json:"working_day_ends,omitempty"` // empty: as the policy says
	SameDayEnds    DayEnd `json:"same_day_ends,omitempty"`

	Rules    []string `json:"rules,omitempty"`    // of the catalogue
	Inferred bool     `json:"inferred,omitempty"` // its start is not stated in the text (X34)
}

// start returns a clock on terms t that started at. The promise is the time promised;
// zero unless the limit is AsPromised.
func (t Terms) start(of PolicyRef, at, promise time.Time, cal Calendar) Clock {
	c := Clock{Kind: t.Kind, Of: of, On: t, From: micros(at), Promised: promise}
	return c.timed(cal)
}

// due returns when t, begun at, is over; zero: never.
func (t Terms) due(at time.Time, cal Calendar) time.Time {
	l := t.Limit
	if l != nil && l.Unit == Immediate {
		l = t.Tolerance
	}
	if l == nil || l.Unit == AsPromised {
		return time.Time{}
	}
	return t.in(cal).Add(at, *l)
}

// in returns cal with the ends of days that t demands.
func (t Terms) in(cal Calendar) Calendar {
	if t.WorkingDayEnds != "" {
		cal.WorkingDayEnds = t.WorkingDayEnds
	}
	if t.SameDayEnds != "" {
		cal.SameDayEnds = t.SameDayEnds
	}
	return cal
}

// timed returns c with its due time: what the terms say, put off by pauses and
// extensions, and changed by revisions, each in its turn.
func (c Clock) timed(cal Calendar) Clock {
	c.Due = c.On.due(c.From, cal)
	if !c.Promised.IsZero() {
		c.Due = c.Promised
	}
	terms := c.On
	var paused []Pause
	for _, step := range c.steps() {
		switch was := c.Due; {
		case step.pause != nil:
			if was.IsZero() || step.at.After(was) { // nothing to put off, or too late
				continue
			}
			if step.pause.To.IsZero() {
				c.Due = time.Time{}
				return c
			}
			paused = append(paused, *step.pause)
			c.Due = terms.later(was, *step.pause, cal)
		case step.extension != nil:
			if !was.IsZero() && step.extension.Until.After(was) {
				c.Due = step.extension.Until
			}
		default:
			terms = step.revision.On
			c.Due = revised(c.From, step.at, was, terms, cal, paused)
		}
	}
	return c
}

// revised returns the due time after new terms came at. Tighter ones count from then,
// laxer ones from the start, as if they had always been; a breach is not undone.
func revised(from, at, was time.Time, terms Terms, cal Calendar, paused []Pause) time.Time {
	due := terms.due(from, cal)
	if due.IsZero() {
		if !was.IsZero() && at.After(was) {
			return was
		}
		return due
	}
	for _, p := range paused {
		due = terms.later(due, p, cal)
	}
	switch fresh := terms.due(at, cal); {
	case was.IsZero():
		return fresh
	case due.Before(was) && fresh.Before(was):
		return fresh
	case due.Before(was), at.After(was):
		return was
	}
	return due
}

// later returns due put off by p, in what t counts in.
func (t Terms) later(due time.Time, p Pause, cal Calendar) time.Time {
	hours := t.hours(cal)
	return cal.after(due, between(p.From, p.To, cal.Zone, hours), hours)
}

// hours are those that count for t: open hours, whole working days, or all.
func (t Terms) hours(cal Calendar) func(Date) []Interval {
	switch {
	case t.Limit != nil && t.Limit.Unit == WorkingHours:
		return cal.Hours
	case t.Limit != nil && t.Limit.Unit == WorkingDays:
		return cal.wholeDays
	}
	return func(Date) []Interval { return wholeDay }
}

// step is what changes a due time; one of its pointers is set.
type step struct {
	at        time.Time
	pause     *Pause
	extension *Extension
	revision  *Revision
}

func (c Clock) steps() (all []step) {
	for i := range c.Pauses {
		all = append(all, step{at: c.Pauses[i].From, pause: &c.Pauses[i]})
	}
	for i := range c.Extensions {
		all = append(all, step{at: c.Extensions[i].At, extension: &c.Extensions[i]})
	}
	for i := range c.Revisions {
		all = append(all, step{at: c.Revisions[i].At, revision: &c.Revisions[i]})
	}
	slices.SortStableFunc(all, func(a, b step) int { return a.at.Compare(b.at) })
	return all
}

// Running reports whether c still waits, paused or not.
func (c Clock) Running() bool { return c.Stopped.IsZero() && !c.Cancelled }

// Paused reports whether c stands still.
func (c Clock) Paused() bool {
	return c.Running() && len(c.Pauses) > 0 && c.Pauses[len(c.Pauses)-1].To.IsZero()
}

// Suspended reports whether c stands still and has no due time until it runs on.
func (c Clock) Suspended(cal Calendar) bool {
	if !c.Paused() || !c.Due.IsZero() {
		return false
	}
	running, err := c.Resume(c.Pauses[len(c.Pauses)-1].From, cal)
	return err == nil && !running.Due.IsZero()
}

// Late returns by how much c is over its due time at now, or was when it stopped; 0: not.
func (c Clock) Late(now time.Time) time.Duration {
	if !c.Stopped.IsZero() {
		now = c.Stopped
	}
	if c.Due.IsZero() || c.Cancelled && c.Stopped.IsZero() {
		return 0
	}
	return max(0, now.Sub(c.Due))
}

// Reach returns c after a milestone was reached; it stops with the last one it waits
// for, and is cancelled by one that makes it void. A milestone it does not wait for,
// or knows already, changes nothing.
func (c Clock) Reach(m Milestone, at time.Time, cal Calendar) Clock {
	if slices.Contains(c.On.Void, m) {
		return c.Cancel(at)
	}
	if _, known := c.Reached[m]; known || !c.Running() || !slices.Contains(c.On.Stop, m) {
		return c
	}
	c.Reached = maps.Clone(c.Reached)
	if c.Reached == nil {
		c.Reached = map[Milestone]time.Time{}
	}
	c.Reached[m] = micros(at)
	if len(c.Reached) < len(c.On.Stop) {
		return c
	}
	if c.Paused() {
		c, _ = c.Resume(at, cal)
	}
	c.Stopped = micros(at)
	return c
}

// Revoke returns c after a milestone turned out not to be true: it runs again, with
// the due time it had. The caller says that nobody answered him (S30-R11).
func (c Clock) Revoke(m Milestone) Clock {
	if _, known := c.Reached[m]; known {
		c.Reached = maps.Clone(c.Reached)
		delete(c.Reached, m)
		c.Stopped = time.Time{}
	}
	return c
}

// Cancel returns c no longer applying. What was late stays late.
func (c Clock) Cancel(at time.Time) Clock {
	if !c.Running() {
		return c
	}
	if c.Late(at) > 0 {
		c.Stopped = micros(at)
	}
	c.Cancelled = true
	return c
}

// MayPause reports whether the terms of c let it stand still for reason.
func (c Clock) MayPause(reason PauseReason) bool { return slices.Contains(c.terms().Pause, reason) }

// terms are those c is on now.
func (c Clock) terms() Terms {
	if n := len(c.Revisions); n > 0 {
		return c.Revisions[n-1].On
	}
	return c.On
}

// Pause returns c standing still from at. The error wraps ErrClockStopped or ErrPause.
func (c Clock) Pause(reason PauseReason, at time.Time, cal Calendar) (Clock, error) {
	since := c.From
	if n := len(c.Pauses); n > 0 {
		since = c.Pauses[n-1].To
	}
	p := Pause{From: micros(at), Reason: reason}
	switch {
	case !c.Running():
		return c, fmt.Errorf("clock %s: %w", c.Kind, ErrClockStopped)
	case c.Paused() || p.From.Before(since):
		return c, fmt.Errorf("clock %s: %w", c.Kind, ErrPause)
	}
	c.Pauses = append(slices.Clone(c.Pauses), p)
	return c.timed(cal), nil
}

// Resume returns c running on from at. The error wraps ErrClockStopped or ErrPause.
func (c Clock) Resume(at time.Time, cal Calendar) (Clock, error) {
	at = micros(at)
	last := len(c.Pauses) - 1
	switch {
	case !c.Running():
		return c, fmt.Errorf("clock %s: %w", c.Kind, ErrClockStopped)
	case !c.Paused() || at.Before(c.Pauses[last].From):
		return c, fmt.Errorf("clock %s: %w", c.Kind, ErrPause)
	}
	c.Pauses = slices.Clone(c.Pauses)
	c.Pauses[last].To = at
	return c.timed(cal), nil
}

// Extend returns c due later. Whether x may be granted is for the policy to say, see
// Policy.Extends. The error wraps ErrClockStopped or ErrExtension.
func (c Clock) Extend(x Extension, cal Calendar) (Clock, error) {
	x.At, x.Until = micros(x.At), micros(x.Until)
	switch {
	case !c.Running():
		return c, fmt.Errorf("clock %s: %w", c.Kind, ErrClockStopped)
	case c.Due.IsZero() || x.At.After(c.Due) || x.Reason == "" || !x.Until.After(c.Due):
		return c, fmt.Errorf("clock %s: %w", c.Kind, ErrExtension)
	}
	c.Extensions = append(slices.Clone(c.Extensions), x)
	return c.timed(cal), nil
}

// StageKind says what is done when the stage of a clock comes.
type StageKind string

// The kinds of stages, in their order.
const (
	StageRemind   StageKind = "remind"
	StageAtRisk   StageKind = "at_risk"
	StageBreach   StageKind = "breach"
	StageEscalate StageKind = "escalate"
)

// Stage is a moment at which a clock makes itself heard.
type Stage struct {
	Kind  StageKind `json:"kind"`
	Level int       `json:"level,omitempty"` // of an escalation, from 1; else 0
	At    time.Time `json:"at"`
	To    []Party   `json:"to,omitempty"`
}

// Stages returns when c makes itself heard, in order; none if it is not due, or does
// not run. Reminders come after a share of the time that counts, and never when c's
// calendar is closed if that counts in working time. A breach is one microsecond
// after the last instant in time.
func (c Clock) Stages(cal Calendar) []Stage {
	if !c.Running() || c.Due.IsZero() {
		return nil
	}
	t := c.terms()
	var all []Stage
	for _, warn := range []Stage{{Kind: StageRemind, To: t.By}, {Kind: StageAtRisk, To: slices.Concat(t.By, []Party{PartyResponsible})}} {
		percent := t.Remind
		if warn.Kind == StageAtRisk {
			percent = t.AtRisk
		}
		if percent > 0 {
			warn.At = c.share(percent, cal)
			all = append(all, warn)
		}
	}
	late := c.Due.Add(time.Microsecond)
	all = append(all, Stage{Kind: StageBreach, At: late, To: []Party{PartySupervisor}})
	for i, to := range t.Ladder {
		all = append(all, Stage{Kind: StageEscalate, Level: i + 1, At: late, To: []Party{to}})
		if t.Every == nil {
			break
		}
		late = t.in(cal).Add(late, *t.Every)
	}
	return all
}

// share returns when so many percent of the time of c have passed.
func (c Clock) share(percent int, cal Calendar) time.Time {
	t := c.terms()
	hours := t.hours(cal)
	if t.Limit != nil && t.Limit.Unit == WorkingDays && cal.Between(c.From, c.Due) > 0 {
		hours = cal.Hours // nobody is reminded at night of what has days
	}
	total := c.counted(c.Due, hours, cal)
	left := total * time.Duration(percent) / 100
	at := c.From
	for _, p := range c.Pauses {
		run := between(at, p.From, cal.Zone, hours)
		if run >= left {
			break
		}
		left -= run
		at = p.To
	}
	return cal.after(at, left, hours)
}

// counted returns how much of hours passed from the start of c until end, without its pauses.
func (c Clock) counted(end time.Time, hours func(Date) []Interval, cal Calendar) time.Duration {
	sum := between(c.From, end, cal.Zone, hours)
	for _, p := range c.Pauses {
		to := cmp.Or(p.To, end)
		if to.After(end) {
			to = end
		}
		sum -= between(p.From, to, cal.Zone, hours)
	}
	return sum
}

// Taken returns how long c has run at now, or did until it stopped, in the time its
// terms count in and without its pauses.
func (c Clock) Taken(now time.Time, cal Calendar) time.Duration {
	return c.counted(cmp.Or(c.Stopped, now), c.terms().hours(cal), cal)
}
