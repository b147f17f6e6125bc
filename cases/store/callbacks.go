package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"shouwen/cases"
)

// CallbackView narrows the list of callbacks.
type CallbackView string

// The views; the empty one is all that are owed.
const (
	CallbacksDue        CallbackView = "due"        // not the supervisor's, and still in time
	CallbacksOverdue    CallbackView = "overdue"    // not the supervisor's, and too late
	CallbacksMine       CallbackView = "mine"       // of whom User is first-asker or handler
	CallbacksSupervisor CallbackView = "supervisor" // after the last attempt
)

// CallbackFilter narrows the list of callbacks; empty fields do not.
type CallbackFilter struct {
	View  CallbackView
	User  string       // of CallbacksMine
	For   *cases.Actor // only what he may see; nil: everything
	Limit int          // 1 to 500; 0 means 50
}

// Callbacks returns the cases whose caller must be called back, the most urgent
// first.
func (s *Store) Callbacks(ctx context.Context, f CallbackFilter) ([]cases.Case, error) {
	limit := min(f.Limit, 500)
	if limit < 1 {
		limit = 50
	}
	var q condition
	switch f.View {
	case CallbacksDue:
		q.and(`not coalesce(cb.exhausted, false) and o.due >= now()`)
	case CallbacksOverdue:
		q.and(`not coalesce(cb.exhausted, false) and o.due < now()`)
	case CallbacksMine:
		q.and(`(c.first_asker = %s or c.handler = %s)`, f.User, f.User)
	case CallbacksSupervisor:
		q.and(`cb.exhausted`)
	}
	visible(&q, f.For)
	return s.selectCases(ctx, `
		join (select case_id, min(due_at) as due from deadline
		      where kind = 'callback' and state in ('armed', 'fired') group by case_id) o on o.case_id = c.id
		left join callback cb on cb.case_id = c.id
		`+q.clause()+`
		order by o.due, c.number limit `+q.arg(limit), q.args...)
}

// queueCallback keeps how far the callback of a case has come.
func queueCallback(b *pgx.Batch, c cases.Case) {
	cb := c.CalledBack
	b.Queue(`
		insert into callback (case_id, attempts, result, call, next, exhausted)
		select id, $2, $3, $4, $5, $6 from cases where number = $1
		on conflict (case_id) do update set
			attempts = excluded.attempts, result = excluded.result, call = excluded.call, next = excluded.next, exhausted = excluded.exhausted`,
		c.Number, cb.Attempts, cb.Last, cb.Call, zeronull.Timestamptz(cb.Next), cb.Exhausted)
}

// queueMet stops the clocks of a kind that wait for what has happened.
func queueMet(b *pgx.Batch, n cases.CaseNumber, kind cases.ClockKind, at time.Time) {
	b.Queue(`
		update deadline set state = 'met', next_at = null, breached = breached or due_at < $3
		where kind = $2 and state in ('armed', 'fired') and case_id = (select id from cases where number = $1)`, n, kind, at)
}

// queueOver ends what telephony owes in a case that is over: who takes his matter back
// is not rung any more. What is owed in a merged case is owed in the one it is
// continued in, once, by the earliest time.
func queueOver(b *pgx.Batch, c cases.Case, at time.Time) {
	b.Queue(`
		insert into deadline (case_id, kind, gen, due_at, stages, stage, state, next_at, fired_at, fired_by, desk, level, breached)
		select other.id, d.kind, other.events, d.due_at, d.stages, d.stage, d.state, d.next_at, d.fired_at, d.fired_by,
			`+deskOf("''", "other.responsible")+`, d.level, d.breached
		from deadline d join cases c on c.id = d.case_id join cases other on other.number = $2
		where c.number = $1 and d.kind = $3 and d.state in ('armed', 'fired')
		on conflict (case_id, kind) where state in ('armed', 'fired') do update set
			due_at = excluded.due_at, stages = excluded.stages, stage = excluded.stage, state = excluded.state,
			next_at = excluded.next_at, fired_at = excluded.fired_at, fired_by = excluded.fired_by,
			level = excluded.level, breached = deadline.breached or excluded.breached
		where excluded.due_at < deadline.due_at`, c.Number, c.File.Into, cases.ClockCallback)
	b.Queue(`
		update deadline set state = 'cancelled', next_at = null, breached = breached or due_at < $3
		where kind = $2 and state in ('armed', 'fired') and case_id = (select id from cases where number = $1)`, c.Number, cases.ClockCallback, at)
}
