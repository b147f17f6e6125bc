package cases

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Move is something a person does to a case: one of the exported types of this
// package that have a Kind. Moves are plain values, good for JSON; the ledger keeps
// each as the body of its event.
type Move interface {
	Kind() MoveKind
	// do notes in d what the move does, or what it lacks.
	do(d *decision)
}

// Rulebook is what decides about moves: what the organisation demands, and when it
// works.
type Rulebook struct {
	Policy     Policy
	Calendar   Calendar
	Complaints []string // numbers of hotlines for complaints about staff (S13-R12)

	People func() Directory // who is who, as it is now, safe from any goroutine; nil: nobody is looked up
}

// Reason says why a move is refused. The same word is in the API's problem, on the
// page and in the metric.
type Reason string

// The reasons of a refused move.
const (
	RefusedState    Reason = "state"    // the case stands where that move does not exist
	RefusedRole     Reason = "role"     // it is not this person's to make
	RefusedFields   Reason = "fields"   // something required is missing or wrong; see Fields
	RefusedEvidence Reason = "evidence" // nothing proves that the caller was reached
	RefusedPolicy   Reason = "policy"   // the policy does not allow it
)

// ErrMove reports a move that is not allowed; it is a *MoveError.
var ErrMove = errors.New("case move not allowed")

// ErrStale reports that the case moved since it was read.
var ErrStale = errors.New("case has moved meanwhile")

// MoveError says why a move was refused. The case is as it was.
type MoveError struct {
	Case  CaseNumber
	Move  MoveKind
	State State
	Refusal
}

func (e *MoveError) Error() string {
	return fmt.Sprintf("case %s: %s while %s: %s", e.Case, e.Move, e.State, e.Refusal)
}

// Unwrap returns ErrMove.
func (e *MoveError) Unwrap() error { return ErrMove }

// decision is a move being made: the case as it becomes, what happened, and what is
// wrong with it.
type decision struct {
	Rulebook
	c    Case
	by   Actor
	at   time.Time
	to   State
	did  []happening
	sign bool // somebody signs for what the policy demands and nobody can bring
	Refusal
}

// happening is an event before it is in the ledger.
type happening struct {
	kind EventKind
	body any
}

// Move returns the case after m, made by by at at under r, and the events that record
// it. It changes nothing. The error is a *MoveError.
func (c Case) Move(m Move, by Actor, at time.Time, r Rulebook) (Case, []Event, error) {
	kind := m.Kind()
	turn := turns[kind]
	d := &decision{Rulebook: r, c: c.clone(), by: by, at: micros(at)}
	d.Calendar = r.Policy.In(r.Calendar)
	to := turn.leads[c.State]
	switch {
	case !c.Visible(by) || !c.stands(by, turn.by, r.Policy):
		d.refuse(RefusedRole, "")
	case len(to) == 0:
		d.refuse(RefusedState, "")
	default:
		d.to = to[0]
		d.happen(turn.event, m)
		m.do(d)
		if kind != MoveRegister && kind != MoveReassign && !d.sign { // the one keeps what there is, the other comes into force later
			d.gate(Step(kind))
		}
	}
	if d.Reason != "" {
		return c, nil, &MoveError{c.Number, kind, c.State, d.Refusal}
	}
	if !slices.Contains(to, d.to) {
		panic(fmt.Sprintf("%s from %s leads to %s: not in the table", kind, c.State, d.to))
	}
	d.c.State = d.to
	if !slices.Contains(live, d.to) {
		for i, k := range d.c.Clocks {
			d.c.Clocks[i] = k.Cancel(d.at)
		}
	}
	return d.c.record(d)
}

// record chains what happened to the ledger.
func (c Case) record(d *decision) (Case, []Event, error) {
	var events []Event
	for _, h := range d.did {
		body, err := json.Marshal(h.body)
		if err != nil {
			return c, nil, fmt.Errorf("case %s: %s: %w", c.Number, h.kind, err)
		}
		c.Events++
		e := Event{Case: c.Number, Seq: c.Events, Kind: h.kind, State: c.State, At: d.at, By: d.by.User, Body: body}
		e.Sum = e.Hash(c.Head)
		c.Head = e.Sum
		events = append(events, e)
	}
	return c, events, nil
}

// happen notes an event.
func (d *decision) happen(kind EventKind, body any) { d.did = append(d.did, happening{kind, body}) }

// notAccused refuses to give anything of the case to whom it is a complaint about (C27).
func (d *decision) notAccused(user, field string) {
	d.need(user == "" || user != d.c.File.Accused, field, Words{"不能是被投诉人", "somebody else than the complaint is about"})
}

// gate refuses the move unless everything the policy demands before it is on record,
// what the move brings included.
func (d *decision) gate(before Step) {
	err, failed := errors.AsType[*GateError](d.Policy.Gate(before, d.c.Facts(d.Policy), d.c.Register()))
	if !failed {
		return
	}
	for _, m := range err.Missing {
		name := m.Field.Words()
		d.need(false, string(m.Field), Words{name.ZH + cite(m.Rules), name.EN + cite(m.Rules)})
	}
}

// proven refuses the move unless e proves that the caller was reached.
func (d *decision) proven(e Evidence) {
	if !e.Proves() {
		d.lacks(RefusedEvidence, "", "evidence", Words{"告知来电人的通话、短信，或其签收的书面材料", "the call in which he was told, the message he got, or the paper he signed"})
	}
}

// reach notes milestones: clocks start and stop at them.
func (d *decision) reach(all ...Milestone) {
	for _, m := range all {
		d.c = d.c.Reach(m, d.at, d.Rulebook)
	}
	if _, _, open := d.c.clock(ClockPromise); !open && d.c.File.Promise != nil { // whatever it stopped at
		if d.Policy.Conduct.Apology && d.at.After(d.c.File.Promise.Due) {
			d.c.File.Tasks = assign(d.c.File.Tasks, Task{What: TaskApologise, For: d.c.Responsible, Since: d.at})
		}
		d.c.File.Promise = nil
	}
}
