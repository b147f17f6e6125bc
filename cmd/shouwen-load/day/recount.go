package day

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// nobodys is the department of what no department has.
const nobodys = "other"

// recount counts what the ledgers of all cases say, by itself: from the events and
// clocks the API shows, not from what the server has counted. It counts what was so at a
// moment, though clocks have run out since. What people do it takes for done: they have
// gone home.
func recount(all []caseBody, d directoryBody, at time.Time) Counts {
	counts := Counts{}
	of := map[string]string{} // department by user
	for _, p := range d.People {
		of[p.User] = p.Department
	}
	byNumber := map[string]caseBody{}
	for _, c := range all {
		byNumber[c.Number] = c
	}
	cards := newDealt()
	for _, c := range all {
		r := &reader{caseBody: c, counts: counts, cards: cards, of: of, at: at}
		r.read()
		r.card(all)
		r.contact(all, byNumber)
		if !r.over() {
			counts.add(casesOpen, c.State)
		}
	}
	cards.counts(counts)
	return counts
}

// reader reads the ledger of a case.
type reader struct {
	caseBody
	counts Counts
	cards  *dealt
	of     map[string]string
	at     time.Time // what is later is not counted

	department string    // that has the case at this point
	stays      []stay    // where it has been
	handed     []handed  // to whom it was handed over so far
	returned   *returned // who gave it back last; nil: nobody
	arbiter    string    // who decided whose it is; empty: nobody
	said       *int      // how satisfied the caller said last that he is; nil: he did not
	notes      []note    // to the next shift
	owed       *time.Time
	broken     map[string]bool // clocks whose breach was noticed, by kind

	registered, handled, signed, visited bool // it was ever
	result, promised                     bool // is on record; is open
}

// stay is that a department has the case from a time on; none: the first-asker's own.
type stay struct {
	from       time.Time
	department string
}

// handed is one time the case was handed over.
type handed struct{ department, by string }

// returned is that a department gave the case back.
type returned struct{ department, by, code string }

// desk is the department something of the case counts for: its own, or that of a user.
func (r *reader) desk(user string) string { return cmp.Or(r.department, r.of[user], nobodys) }

// deskAt is the department of the case at a time, or that of a user.
func (r *reader) deskAt(at time.Time, user string) string {
	department := ""
	for _, s := range r.stays {
		if !s.from.After(at) {
			department = s.department
		}
	}
	return cmp.Or(department, r.of[user], nobodys)
}

// goesTo notes that a department has the case from a time on.
func (r *reader) goesTo(department string, from time.Time) {
	r.department, r.stays = department, append(r.stays, stay{from, department})
}

func (r *reader) read() {
	r.broken = map[string]bool{}
	slices.SortStableFunc(r.Events, func(a, b eventBody) int { return a.At.Compare(b.At) }) // what a clock did is written down a moment later
	for _, e := range r.Events {
		if !e.At.After(r.at) {
			r.event(e)
		}
	}
	for _, k := range r.Clocks {
		r.clock(k)
	}
	if r.owed != nil && r.broken["callback"] {
		r.counts.add(deadlinesDue, "callback", "breached")
	}
	if r.owed != nil && r.owed.Before(r.at) {
		r.presses()
	}
}

// presses counts a clock that has run out and still runs.
func (r *reader) presses() {
	r.counts.add(pressing, "overdue", cmp.Or(r.File.Matter.Class, classes[0]))
}

// attempt is whether a hand-over is the first.
func (r *reader) attempt() string {
	if len(r.handed) > 1 {
		return "later"
	}
	return "first"
}

func (r *reader) event(e eventBody) {
	var b struct {
		Department  string     `json:"department"`
		Code        string     `json:"code"`
		Clock       string     `json:"clock"`
		Level       int        `json:"level"`
		To          any        `json:"to"` // of a note a user, of a stage those who are told
		Note        string     `json:"note"`
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
		r.goesTo(b.Department, e.At)
		r.handed = append(r.handed, handed{b.Department, e.By})
		if e.Kind == "arbitrated" {
			r.arbiter = e.By
		}
	case "returned":
		r.counts.add(handovers, r.desk(r.FirstAsker), "returned", r.attempt())
		r.returned = &returned{r.department, e.By, b.Code}
		r.goesTo("", e.At)
	case "accepted":
		r.signed = true
		r.counts.add(handovers, r.desk(r.FirstAsker), r.accepted(e.At), r.attempt())
	case "extended":
		r.counts.add(extensions, r.desk(r.FirstAsker))
	case "pressed":
		r.counts.add(presses, r.desk(r.FirstAsker))
	case "breached":
		r.broken[b.Clock] = true
	case "escalated":
		r.counts.add(escalations, strconv.Itoa(b.Level))
	case "registered":
		r.registered = e.State != "open" // or kept as far as it goes
	case "solved", "reported", "replied":
		r.handled, r.result = true, true
	case "promised":
		r.promised = true
	case "kept":
		r.promised = false
	case "handed_off":
		r.notes = append(r.notes, note{e.By, fmt.Sprint(b.To), b.Note})
	case "visited":
		r.said, r.visited = b.Satisfied, true
		r.result = r.result && b.Answered && b.Solved // else another answer is owed
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
		if len(r.handed) > 0 {
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

// clock counts a clock: once it is decided, and while it presses.
func (r *reader) clock(k clockBody) {
	if k.Due == nil {
		return // only measured
	}
	stopped := k.Stopped != nil && !k.Stopped.After(r.at)
	overdue := !stopped && k.State != "cancelled" && k.Due.Before(r.at)
	late := stopped && k.Late > 0 || r.broken[k.Kind]
	if overdue {
		r.presses()
	}
	r.timed(k, stopped, late || overdue)
	switch {
	case late:
		r.counts.add(deadlinesDue, k.Kind, "breached")
		if k.Kind == "promise" {
			r.counts.add(promisesBroken)
		}
	case stopped && k.State == "stopped":
		r.counts.add(deadlinesDue, k.Kind, "met")
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
