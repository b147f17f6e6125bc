package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// known is what the database says of the calls and cases of a batch of facts,
// and then what those facts make of it.
type known struct {
	calls   map[string]cases.Call
	cases   map[cases.CaseNumber]cases.Case
	before  map[cases.CaseNumber]cases.Case // the cases as they were found
	late    map[cases.CaseNumber][]cases.ClockKind
	changes []change // in the order of the facts
	sum     tallies
	rules   cases.Rulebook
	node    int // whose files facts are about
}

// change is a fact with its effect.
type change struct {
	fact cases.Fact
	cases.Effect
}

// load reads and locks what facts are about.
func (s *Store) load(ctx context.Context, tx pgx.Tx, facts []cases.Fact) (*known, error) {
	k := &known{calls: map[string]cases.Call{}, rules: s.Rules, node: s.Node, changes: make([]change, 0, len(facts))}
	var calls []string
	var numbers []cases.CaseNumber
	for _, f := range facts {
		calls = append(calls, f.Call)
		if f.Case != "" {
			numbers = append(numbers, f.Case)
		}
		if f.Missed != nil && f.Missed.OpenCase != "" {
			numbers = append(numbers, f.Missed.OpenCase)
		}
	}
	rows, err := tx.Query(ctx, `select `+callColumns+` from call k
		where k.id = any($1::text[]::uuid[]) order by k.id for update`, calls)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, scanCall)
	if err != nil {
		return nil, err
	}
	for _, c := range found {
		k.calls[c.ID] = c
	}
	if k.before, err = lockCases(ctx, tx, numbers...); err != nil {
		return nil, err
	}
	k.cases = maps.Clone(k.before)
	k.late, err = breached(ctx, tx, numbers...)
	return k, err
}

// project does what f says, or reports why it never can.
func (k *known) project(f cases.Fact) error {
	eff, err := cases.Project(k.calls[f.Call], k.cases[f.Case], f)
	if err != nil {
		return err
	}
	k.calls[f.Call] = eff.Call
	attached, ok, err := k.attach(f, eff.Case)
	switch {
	case err != nil:
		return err
	case ok:
		eff.Clock, eff.Callback, eff.Case.CallbackDue = nil, false, time.Time{} // it is owed there
		k.change(f, eff)
		k.change(f, attached.Merged)
		k.change(cases.Fact{Call: f.Call, Case: attached.Open.Case.Number}, attached.Open)
	default:
		if eff.Event != nil {
			eff.Case = eff.Case.After(f, k.rules)
		}
		k.change(f, eff)
	}
	return nil
}

// attach makes a call nobody answered part of its caller's open case, if it is.
func (k *known) attach(f cases.Fact, opened cases.Case) (cases.Attached, bool, error) {
	if f.Missed == nil {
		return cases.Attached{}, false, nil
	}
	id := func(what string) string { return uuid.NewSHA1(attachments, []byte(f.ID+what)).String() }
	return cases.Attach(opened, f, k.cases[f.Missed.OpenCase], [2]string{id("merged"), id("linked")})
}

// attachments are the UUIDs of the events of attached calls (RFC 9562 5.5).
var attachments = uuid.MustParse("5b1c2a4e-7a5f-4d0b-9d53-1a0a6f0d0017")

// change notes what a fact does.
func (k *known) change(f cases.Fact, eff cases.Effect) {
	if eff.Event != nil {
		change := cases.Change{Was: k.cases[f.Case], Is: eff.Case, Events: []cases.Event{*eff.Event}, Breached: k.late[f.Case]}
		k.sum.add(f.Case, change.Tallies(k.rules.Policy))
		if eff.Clock != nil { // what was late is another
			k.late[f.Case] = slices.DeleteFunc(k.late[f.Case], func(kind cases.ClockKind) bool { return kind == eff.Clock.Kind })
		}
		k.cases[f.Case] = eff.Case
	}
	k.changes = append(k.changes, change{f, eff})
}

// save writes what the facts changed: each call and case once, as it is after
// all of them, in the order of opening, so that ids follow it.
func (k *known) save(ctx context.Context, tx pgx.Tx) error {
	var b pgx.Batch
	calls, numbers := map[string]bool{}, map[cases.CaseNumber]bool{}
	for _, c := range k.changes {
		if id := c.fact.Call; !calls[id] && c.fact.Offered == nil { // an offer leaves the call as it is
			calls[id] = true
			queueCall(&b, k.calls[id])
		}
		if n := c.fact.Case; c.Event != nil && !numbers[n] {
			numbers[n] = true
			queueCase(&b, k.cases[n], k.rules.Policy)
		}
	}
	for _, c := range k.changes {
		if c.fact.Offered != nil {
			queueOffer(&b, c.fact)
		}
		if c.fact.CallbackTaken != nil {
			queuePlace(&b, c.fact)
		}
		if c.fact.Voicemail != nil {
			queueVoicemail(&b, c.fact, k.node)
		}
		if c.fact.FlowLeft != nil {
			queueScores(&b, c.fact)
		}
		queueAside(&b, c.fact, k.node)
		if c.Event != nil {
			queueEvent(&b, *c.Event)
		}
		if c.Met != "" {
			queueMet(&b, c.Case.Number, c.Met, c.Event.At)
		}
		if c.Callback {
			queueCallback(&b, c.Case)
		}
		if c.Clock != nil {
			queueClock(&b, c.Case, *c.Clock, k.rules.Calendar)
		}
	}
	for n := range numbers {
		if m, ok := k.cases[n].Summon(k.before[n], k.rules.Policy); ok {
			queueOutgoing(&b, []cases.Outgoing{m.Outgoing()})
		}
		queueClocks(&b, k.before[n], k.cases[n], k.rules.Calendar)
	}
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	return nil
}
