package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"shouwen/cases"
)

// Order is a move to be made.
type Order struct {
	Case cases.CaseNumber
	Move cases.Move
	By   cases.Actor
	At   time.Time
	Key  string // UUID; the same one again changes nothing
	Seen int    // length of the ledger as whoever moves has seen it; 0: he has not looked
}

// ErrKey reports a key that a move of another case, or a step of another inspection, had.
var ErrKey = errors.New("the key is that of something else")

// Move makes a move, in one transaction: the case, its ledger and its clocks. It
// returns the case after it. The error wraps ErrNotFound, ErrKey, cases.ErrStale if somebody
// else moved the case since it was seen, or cases.ErrMove, and then nothing has changed.
// A move already made returns the case as it is now.
func (s *Store) Move(ctx context.Context, o Order) (cases.Case, error) {
	var is cases.Case
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		into := cases.CaseNumber("") // the case it is continued in
		if m, ok := o.Move.(cases.Merge); ok {
			into = cases.CaseNumber(cases.Clean(string(m.Into)))
		}
		locked, err := lockCases(ctx, tx, o.Case, into)
		if err != nil {
			return err
		}
		was, there := locked[o.Case]
		if !there {
			return ErrNotFound
		}
		fresh, stale, err := s.fresh(ctx, tx, o, was)
		if err != nil || !fresh {
			is = was
			return err
		}
		if stale {
			return cases.ErrStale
		}
		other := locked[into]
		if !other.Visible(o.By) {
			other = cases.Case{} // there is none, as far as he knows
		}
		if into != "" {
			if err := was.MayMerge(other, s.Rules.Policy); err != nil {
				return err
			}
		}
		late, err := breached(ctx, tx, o.Case)
		if err != nil {
			return err
		}
		var events []cases.Event
		if is, events, err = was.Move(o.Move, o.By, o.At, s.Rules); err != nil {
			return err
		}
		if m, ok := o.Move.(cases.Citing); ok {
			if err := mayCite(ctx, tx, was, m); err != nil {
				return err
			}
		}
		change := cases.Change{Was: was, Is: is, Events: events, Breached: late[o.Case]}
		if v, ok := o.Move.(cases.Verify); ok && v.True {
			if change.Verified, err = verified(ctx, tx, v.Against, v.Offence, o.Case); err != nil {
				return err
			}
			change.Verified++
		}
		var b pgx.Batch
		queueCase(&b, is, s.Rules.Policy)
		for _, e := range events {
			queueEvent(&b, e)
		}
		queueClocks(&b, was, is, s.Rules.Calendar)
		if m, ok := is.Summon(was, s.Rules.Policy); ok {
			queueOutgoing(&b, []cases.Outgoing{m.Outgoing()})
		}
		if other.Number != "" {
			linked, event, err := other.Continue(is, o.By.User, o.At, "")
			if err != nil {
				return err
			}
			queueCase(&b, linked, s.Rules.Policy)
			queueEvent(&b, event)
		}
		if is.State.Over() && !was.State.Over() {
			queueOver(&b, is, o.At)
		}
		var sum tallies
		sum.add(is.Number, change.Tallies(s.Rules.Policy))
		sum.queue(&b, s)
		return tx.SendBatch(ctx, &b).Close()
	})
	if err != nil {
		return cases.Case{}, fmt.Errorf("move %s: %w", o.Case, err)
	}
	return is, nil
}

// mayCite looks at what a move of was cites as evidence: a call of the case, also of one
// that was merged into it, or one in which its caller was called back; a message to him.
func mayCite(ctx context.Context, tx pgx.Tx, was cases.Case, m cases.Citing) error {
	var found cases.Found
	e := m.Cites()
	if id, err := uuid.Parse(e.Call); err == nil {
		numbers := append(was.File.Linked(), was.Number)
		rows, err := tx.Query(ctx, `
			select `+callColumns+` from call k where k.id = $1::text::uuid
			and (k.calls_back = any($2) or exists (select from cases c where c.number = any($2) and c.call = k.id))`, id.String(), numbers)
		if err != nil {
			return err
		}
		found.Call, err = pgx.CollectExactlyOneRow(rows, scanCall)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
	}
	if e.Message != "" {
		err := tx.QueryRow(ctx, `
			select exists (select from case_event e join cases c on c.id = e.case_id
				where c.number = $1 and e.kind = 'message_delivered' and e.body ->> 'id' = $2)`, was.Number, cases.Clean(e.Message)).Scan(&found.Message)
		if err != nil {
			return err
		}
	}
	return was.MayCite(m, found)
}

// Connected returns the calls in which the caller of c was on the line, those of cases
// merged into it and those in which he was called back too, oldest first.
func (s *Store) Connected(ctx context.Context, c cases.Case) ([]cases.Call, error) {
	rows, err := s.db.Query(ctx, `
		select `+callColumns+` from call k where k.answered is not null and k.id in (
			select c.call from cases c where c.number = any($1)
			union select b.id from call b where b.calls_back = any($1) and b.calls_back <> '' and b.answered is not null)
		order by k.answered`, append(c.File.Linked(), c.Number))
	return collect(fmt.Sprintf("calls of %s", c.Number), rows, err, scanCall)
}

// fresh notes the key of o, false if it was there; and whether the case moved since it
// was seen. What telephony adds meanwhile is no move.
func (s *Store) fresh(ctx context.Context, tx pgx.Tx, o Order, was cases.Case) (fresh, stale bool, err error) {
	tag, err := tx.Exec(ctx, `
		insert into move (key, case_id, seq) select $1, id, $3 from cases where number = $2 on conflict do nothing`,
		o.Key, o.Case, was.Events+1)
	if err != nil {
		return false, false, err
	}
	if tag.RowsAffected() == 0 {
		var of cases.CaseNumber
		if err := tx.QueryRow(ctx, `select c.number from move m join cases c on c.id = m.case_id where m.key = $1`, o.Key).Scan(&of); err != nil {
			return false, false, err
		}
		if of != o.Case {
			return false, false, ErrKey
		}
		return false, false, nil
	}
	if o.Seen > 0 {
		err = tx.QueryRow(ctx, `
			select exists (select from case_event e join cases c on c.id = e.case_id where c.number = $1 and e.seq > $2 and e.fact is null)`,
			o.Case, o.Seen).Scan(&stale)
	}
	return true, stale, err
}

// queueClocks writes the clocks of is that are not as they were, or not whose they were.
func queueClocks(b *pgx.Batch, was, is cases.Case, cal cases.Calendar) {
	moved := was.Number != "" && was.Desk() != is.Desk()
	for i, k := range is.Clocks {
		if i < len(was.Clocks) && same(was.Clocks[i], k) && !(moved && k.Running()) {
			continue
		}
		queueClock(b, is, k, cal)
	}
	if moved {
		b.Queue(`
			update deadline set desk = `+deskOf("''", "$2")+`
			where clock is null and state in ('armed', 'fired') and case_id = (select id from cases where number = $1)`, is.Number, is.Responsible)
	}
}

func same(a, b cases.Clock) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// queueClock writes a clock of c as it is. Stages that came stay; those to come are as it
// says now. A breach that was counted stays so, even if the clock runs again.
func queueClock(b *pgx.Batch, c cases.Case, k cases.Clock, cal cases.Calendar) {
	stages := append([]cases.Stage{}, k.Stages(cal)...)
	var atRisk time.Time
	if i := slices.IndexFunc(stages, func(s cases.Stage) bool { return s.Kind == cases.StageAtRisk }); i >= 0 {
		atRisk = stages[i].At
	}
	desk := k.Desk(c)
	state := cases.ClockArmed
	switch {
	case k.Cancelled:
		state = cases.ClockCancelled
	case !k.Running():
		state = cases.ClockMet
	}
	var clock any = k
	if k.Of.ID == "" {
		clock = nil
	}
	b.Queue(`
		insert into deadline as d (case_id, kind, gen, due_at, clock, stages, state, next_at, desk, at_risk_at, paused, breached)
		select id, $2, $3, $4, $5, $6::jsonb, $7::text, ($6::jsonb -> 0 ->> 'at')::timestamptz, `+deskOf("$8::text", "$9::text")+`, $10, $11, $12
		from cases where number = $1
		on conflict (case_id, kind, gen) do update set
			due_at = excluded.due_at, clock = excluded.clock,
			desk = excluded.desk, at_risk_at = excluded.at_risk_at, paused = excluded.paused, breached = d.breached or excluded.breached,
			stages = case when excluded.state in ('met', 'cancelled') then d.stages else excluded.stages end,
			state = case when d.state = 'fired' and excluded.state = 'armed' and excluded.due_at <= d.fired_at then 'fired' else excluded.state end,
			next_at = (excluded.stages -> d.stage ->> 'at')::timestamptz`,
		c.Number, k.Kind, k.Gen, zeronull.Timestamptz(k.Due), clock, stages, state,
		desk.Department, desk.User, zeronull.Timestamptz(atRisk), k.Suspended(cal), !k.Running() && k.Late(k.Stopped) > 0)
}
