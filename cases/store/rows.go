package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"shouwen/cases"
)

// callColumns are those of call k, in the order of callFields.
const callColumns = `k.id::text, k.caller, k.caller_raw, k.display, k.withheld, k.verified, k.diverted, k.hotline, k.trunk,
	k.arrived, k.answered, k.agent, k.extension, k.waited, k.ended, k.missed, k.cause, k.talk, k.flow, k.emergency, k.calls_back, k.marked`

func callFields(c *cases.Call) []any {
	return []any{
		&c.ID, &c.Caller.E164, &c.Caller.Raw, &c.Caller.Display, &c.Caller.Withheld, &c.Caller.Verified, &c.Caller.Diverted,
		&c.Hotline, &c.Trunk, &c.Arrived, (*zeronull.Timestamptz)(&c.Answered), &c.Agent, &c.Extension, &c.Waited,
		(*zeronull.Timestamptz)(&c.Ended), (*zeronull.Text)(&c.Missed), (*zeronull.Text)(&c.Cause), &c.Talk,
		&c.Flow, (*zeronull.Timestamptz)(&c.Emergency), &c.CallsBack, (*zeronull.Text)(&c.Marked),
	}
}

// caseColumns are those of case c and its call k, in the order of caseFields.
// The case before it is looked up by time, so that one replayed late finds its
// place.
const caseColumns = `c.number, c.state, c.opened, c.first_asker, c.responsible, c.handler, c.events, c.head,
	c.department, c.file, c.milestones,
	coalesce((select json_agg(d.clock order by d.id) from deadline d where d.case_id = c.id and d.clock is not null), '[]'),
	(select p.number from cases p
	 where p.caller = c.caller and p.caller <> '' and (p.opened, p.number) < (c.opened, c.number)
	 order by p.opened desc, p.number desc limit 1),
	(select min(d.due_at) from deadline d
	 where d.case_id = c.id and d.kind = 'callback' and d.state in ('armed', 'fired')),
	(select p.number from place p where p.case_id = c.id),
	coalesce((select cb.attempts from callback cb where cb.case_id = c.id), 0),
	coalesce((select cb.result from callback cb where cb.case_id = c.id), ''),
	coalesce((select cb.call from callback cb where cb.case_id = c.id), ''),
	(select cb.next from callback cb where cb.case_id = c.id),
	coalesce((select cb.exhausted from callback cb where cb.case_id = c.id), false),
	(select v.file from voicemail v where v.case_id = c.id and v.deleted is null),
	coalesce((select v.length from voicemail v where v.case_id = c.id and v.deleted is null), '0'),
	` + callColumns

func caseFields(c *cases.Case, head *[]byte) []any {
	return append([]any{
		&c.Number, &c.State, &c.Opened, &c.FirstAsker, &c.Responsible, &c.Handler, &c.Events, head,
		&c.Department, &c.File, &c.Milestones, &c.Clocks,
		(*zeronull.Text)(&c.Previous), (*zeronull.Timestamptz)(&c.CallbackDue),
		(*zeronull.Text)(&c.CallBackAt),
		&c.CalledBack.Attempts, &c.CalledBack.Last, &c.CalledBack.Call, (*zeronull.Timestamptz)(&c.CalledBack.Next), &c.CalledBack.Exhausted,
		(*zeronull.Text)(&c.Voicemail.File), (*time.Duration)(&c.Voicemail.Length),
	}, callFields(&c.Call)...)
}

func scanCall(row pgx.CollectableRow) (cases.Call, error) {
	var c cases.Call
	err := row.Scan(callFields(&c)...)
	return c, err
}

func scanCase(row pgx.CollectableRow) (c cases.Case, err error) {
	err = scanBehind(row, &c)
	return c, err
}

// scanBehind reads a case behind other columns.
func scanBehind(row pgx.CollectableRow, c *cases.Case, before ...any) error {
	var head []byte
	err := row.Scan(append(before, caseFields(c, &head)...)...)
	copy(c.Head[:], head)
	return err
}

// lockCases returns those of the cases there are, and keeps others from changing them until
// tx ends. Everybody locks them in one order, so that nobody waits in a circle.
func lockCases(ctx context.Context, tx pgx.Tx, numbers ...cases.CaseNumber) (map[cases.CaseNumber]cases.Case, error) {
	rows, err := tx.Query(ctx, `select `+caseColumns+` from cases c join call k on k.id = c.call
		where c.number = any($1) order by c.id for update of c`, numbers)
	all, err := collect("cases", rows, err, scanCase)
	if err != nil {
		return nil, err
	}
	locked := map[cases.CaseNumber]cases.Case{}
	for _, c := range all {
		locked[c.Number] = c
	}
	return locked, nil
}

// collect returns what the rows of a query are read as, or the error of either, with what
// was asked for.
func collect[T any](what string, rows pgx.Rows, err error, read pgx.RowToFunc[T]) (all []T, _ error) {
	if err == nil {
		all, err = pgx.CollectRows(rows, read)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return all, nil
}

// eventColumns are those of event e, in the order of eventFields.
const eventColumns = `e.seq, e.kind, e.state, e.at, e.by, coalesce(e.fact::text, ''), e.body, e.hash`

func eventFields(e *cases.Event, sum *[]byte) []any {
	return []any{&e.Seq, &e.Kind, &e.State, &e.At, &e.By, &e.Fact, &e.Body, sum}
}

func queueCall(b *pgx.Batch, c cases.Call) {
	b.Queue(`
		insert into call (id, caller, caller_raw, display, withheld, verified, diverted, hotline, trunk, arrived,
		                  answered, agent, extension, waited, ended, missed, cause, talk, flow, emergency, calls_back, marked)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
		on conflict (id) do update set
			answered = excluded.answered, agent = excluded.agent, extension = excluded.extension, waited = excluded.waited,
			trunk = excluded.trunk, ended = excluded.ended, missed = excluded.missed, cause = excluded.cause, talk = excluded.talk,
			flow = excluded.flow, emergency = excluded.emergency, marked = excluded.marked`,
		c.ID, c.Caller.E164, c.Caller.Raw, c.Caller.Display, c.Caller.Withheld, c.Caller.Verified, list(c.Caller.Diverted),
		c.Hotline, c.Trunk, c.Arrived, zeronull.Timestamptz(c.Answered), c.Agent, c.Extension, c.Waited,
		zeronull.Timestamptz(c.Ended), zeronull.Text(c.Missed), zeronull.Text(c.Cause), c.Talk,
		c.Flow, zeronull.Timestamptz(c.Emergency), c.CallsBack, zeronull.Text(c.Marked))
}

func queueCase(b *pgx.Batch, c cases.Case, p cases.Policy) {
	b.Queue(`
		insert into cases (number, call, state, opened, caller, first_asker, responsible, handler, events, head, department, file, milestones,
		                   desk, handed, level)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, `+deskOf("$11", "$7")+`, $14, $15)
		on conflict (number) do update set
			state = excluded.state, first_asker = excluded.first_asker, responsible = excluded.responsible,
			handler = excluded.handler, events = excluded.events, head = excluded.head,
			department = excluded.department, file = excluded.file, milestones = excluded.milestones,
			desk = excluded.desk, handed = excluded.handed, level = excluded.level`,
		c.Number, c.Call.ID, c.State, c.Opened, c.Call.Caller.E164, c.FirstAsker, c.Responsible, c.Handler, c.Events, c.Head[:],
		c.Department, c.File, milestones(c), len(c.File.Handed), c.Level(p))
}

// milestones returns those of c for a column that is never null.
func milestones(c cases.Case) map[cases.Milestone]time.Time {
	if c.Milestones == nil {
		return map[cases.Milestone]time.Time{}
	}
	return c.Milestones
}

func queueOffer(b *pgx.Batch, f cases.Fact) {
	b.Queue(`insert into offer (call, fact, round, at, agents, reason) values ($1, $2, $3, $4, $5, $6)`,
		f.Call, f.ID, f.Offered.Round, f.At, list(f.Offered.Agents), f.Offered.Reason)
}

func queueScores(b *pgx.Batch, f cases.Fact) {
	for _, node := range slices.Sorted(maps.Keys(f.FlowLeft.Scores)) {
		b.Queue(`insert into score (call, fact, node, score, at) values ($1, $2, $3, $4, $5)`,
			f.Call, f.ID, node, f.FlowLeft.Scores[node], f.At)
	}
}

func queueEvent(b *pgx.Batch, e cases.Event) {
	b.Queue(`
		insert into case_event (case_id, seq, kind, state, at, by, fact, body, hash)
		select id, $2, $3, $4, $5, $6, $7, $8, $9 from cases where number = $1`,
		e.Case, e.Seq, e.Kind, e.State, e.At, e.By, zeronull.Text(e.Fact), e.Body, e.Sum[:])
}

// list returns s for a column that is never null.
func list(s []string) []string { return append([]string{}, s...) }

// inOrder returns rows as compare orders them: those of several nodes that write the same
// ones at once must not wait for each other in a circle.
func inOrder[T any](rows []T, compare func(a, b T) int) []T {
	return slices.SortedStableFunc(slices.Values(rows), compare)
}
