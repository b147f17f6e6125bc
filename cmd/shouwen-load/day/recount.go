package day

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// nobodys is the department of what no department has.
const nobodys = "other"

// recount counts what the ledgers of all cases say, by itself: from the events and
// clocks the API shows, not from what the server has counted.
func recount(all []caseBody, d directoryBody) Counts {
	counts := Counts{}
	of := map[string]string{} // department by user
	for _, p := range d.People {
		of[p.User] = p.Department
	}
	byNumber := map[string]caseBody{}
	for _, c := range all {
		byNumber[c.Number] = c
	}
	for _, c := range all {
		r := &reader{caseBody: c, counts: counts, of: of}
		r.read()
		r.card()
		r.contact(all, byNumber)
		if !r.over() {
			counts.add(casesOpen, c.State)
		}
	}
	return counts
}

// reader reads the ledger of a case.
type reader struct {
	caseBody
	counts Counts
	of     map[string]string

	department string          // that has the case at this point
	handed     int             // how often it was handed over so far
	received   map[string]bool // departments it was handed over to
	said       *int            // how satisfied the caller said last that he is; nil: he did not
	owed       *time.Time
	broken     map[string]bool // clocks whose breach was noticed, by kind
}

func (r *reader) over() bool {
	return slices.Contains([]string{"closed", "refused", "withdrawn", "merged"}, r.State)
}

// desk is the department something of the case counts for: its own, or that of a user.
func (r *reader) desk(user string) string { return cmp.Or(r.department, r.of[user], nobodys) }

func (r *reader) read() {
	r.broken, r.received = map[string]bool{}, map[string]bool{}
	slices.SortStableFunc(r.Events, func(a, b eventBody) int { return a.At.Compare(b.At) }) // what a clock did is written down a moment later
	for _, e := range r.Events {
		r.event(e)
	}
	for _, k := range r.Clocks {
		r.clock(k)
	}
	if r.owed != nil && r.broken["callback"] {
		r.counts.add(deadlinesDue, "callback", "breached")
	}
}

// attempt is whether a hand-over is the first.
func (r *reader) attempt() string {
	if r.handed > 1 {
		return "later"
	}
	return "first"
}

func (r *reader) event(e eventBody) {
	var b struct {
		Department  string     `json:"department"`
		Clock       string     `json:"clock"`
		Level       int        `json:"level"`
		Answered    bool       `json:"answered"`
		Solved      bool       `json:"solved"`
		Satisfied   *int       `json:"satisfied"`
		CallbackDue *time.Time `json:"callback_due"`
	}
	_ = json.Unmarshal(e.Body, &b) // bodies have what they have
	switch e.Kind {
	case "missed", "ended", "callback_marked":
		if b.CallbackDue != nil {
			r.owed = b.CallbackDue
		}
	case "callback_answered":
		r.calledBack(e.At)
	case "handed_over", "arbitrated":
		r.department, r.received[b.Department] = b.Department, true
		r.handed++
	case "returned":
		r.counts.add(handovers, r.desk(r.FirstAsker), "returned", r.attempt())
		r.department = ""
	case "accepted":
		r.counts.add(handovers, r.desk(r.FirstAsker), r.accepted(e.At), r.attempt())
	case "extended":
		r.counts.add(extensions, r.desk(r.FirstAsker))
	case "pressed":
		r.counts.add(presses, r.desk(r.FirstAsker))
	case "breached":
		r.broken[b.Clock] = true
	case "escalated":
		r.counts.add(escalations, strconv.Itoa(b.Level))
	case "visited":
		r.said = b.Satisfied
		satisfied := "not_given"
		if b.Satisfied != nil {
			satisfied = yesNo(*b.Satisfied >= 4)
		}
		r.counts.add(visitAnswers, "contacted", yesNo(b.Answered))
		r.counts.add(visitAnswers, "solved", yesNo(b.Solved))
		r.counts.add(visitAnswers, "satisfied", satisfied)
	case "closed":
		r.closed(e.At)
	}
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// accepted is how a hand-over ended that was accepted at a time.
func (r *reader) accepted(at time.Time) string {
	late := slices.ContainsFunc(r.Clocks, func(k clockBody) bool {
		return k.Kind == "accept" && k.Stopped != nil && k.Stopped.Equal(at) && k.Late > 0
	})
	if late {
		return "timed_out"
	}
	return "accepted"
}

// calledBack is the callback that was made at a time.
func (r *reader) calledBack(at time.Time) {
	switch {
	case r.owed == nil:
		return
	case at.After(*r.owed):
		r.counts.add(callbacksClosed, "late")
		r.counts.add(deadlinesDue, "callback", "breached")
	default:
		r.counts.add(callbacksClosed, "kept")
		r.counts.add(deadlinesDue, "callback", "met")
	}
	r.owed = nil
}

func (r *reader) closed(at time.Time) {
	if r.FirstAsker != "" {
		by := "by_first_asker"
		if r.handed > 0 {
			by = "after_handover"
		}
		r.counts.add(firstAskerClosed, cmp.Or(r.of[r.FirstAsker], nobodys), by)
	}
	if r.owed != nil { // a supervisor has signed
		r.counts.add(callbacksClosed, "unreachable")
		if at.After(*r.owed) {
			r.counts.add(deadlinesDue, "callback", "breached")
		}
		r.owed = nil
	}
}

// clock counts a clock once it is decided.
func (r *reader) clock(k clockBody) {
	result := ""
	switch {
	case k.Due == nil: // only measured
	case k.Stopped != nil && k.Late > 0 || r.broken[k.Kind]:
		result = "breached"
	case k.State == "stopped":
		result = "met"
	}
	if result == "" {
		return
	}
	r.counts.add(deadlinesDue, k.Kind, result)
	r.decided(k.Kind, result == "breached")
	if k.Kind == "promise" && result == "breached" {
		r.counts.add(promisesBroken)
	}
}

// contact counts a case once it is known whether somebody called about the same in the
// days before.
func (r *reader) contact(all []caseBody, byNumber map[string]caseBody) {
	about := cmp.Or(r.File.Matter.Category, byNumber[r.File.Into].File.Matter.Category)
	if r.File.Matter.Category == "" && !r.over() {
		return
	}
	repeats := slices.ContainsFunc(all, func(e caseBody) bool {
		before := e.Opened.Before(r.Opened) || e.Opened.Equal(r.Opened) && e.Number < r.Number
		return before && e.Call.Caller.E164 == r.Call.Caller.E164 && about != "" && e.File.Matter.Category == about
	})
	r.counts.add(contacts, yesNo(repeats))
}
