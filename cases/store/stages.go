package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// FireStages fires at most limit stages that are due, the oldest first, puts each into
// the outbox under a key of its own, and counts breaches and escalations. It is one
// statement: whatever becomes of this program, a stage is fired with its outbox row and
// counted, or not at all. now() is the start of the statement, so that rows becoming due
// meanwhile are the next one's. It is planned each time: most often nothing is due, and
// then a burst is. What it returns has only the clocks, how late they are, and the calls
// of their cases.
func (s *Store) FireStages(ctx context.Context, node, limit int) ([]cases.FiredStage, error) {
	var clocks []cases.ClockKind
	var late []time.Duration
	var calls []string
	err := s.db.QueryRow(ctx, `
		with due as (
			select id, breached, stages -> stage as which from deadline where next_at <= now()
			order by next_at limit $2 for update skip locked),
		fired as (
			update deadline d set
				stage = d.stage + 1,
				next_at = (d.stages -> (d.stage + 1) ->> 'at')::timestamptz,
				state = case when which ->> 'kind' = 'breach' then 'fired' else d.state end,
				breached = d.breached or which ->> 'kind' = 'breach',
				level = case when which ->> 'kind' = 'escalate' then least((which ->> 'level')::int, $5) else d.level end,
				fired_at = case when which ->> 'kind' = 'breach' then clock_timestamp() else d.fired_at end,
				fired_by = case when which ->> 'kind' = 'breach' then $1::text else d.fired_by end
			from due, cases c where d.id = due.id and c.id = d.case_id
			returning d.id, d.kind, d.gen, d.due_at, d.stage, d.desk, d.level, d.breached and not due.breached as breach,
				which, clock_timestamp() - (which ->> 'at')::timestamptz as late, c.number, c.department, c.class, c.call),
		told as (
			insert into outbox (key, kind, payload)
			select 'stage:' || f.id || ':' || f.gen || ':' || f.stage, 'stage', jsonb_build_object(
				'case', f.number, 'clock', f.kind, 'gen', f.gen, 'due', f.due_at, 'stage', f.which,
				'late_seconds', extract(epoch from f.late), 'department', f.department, 'class', f.class)
			from fired f
			order by (f.which ->> 'at')::timestamptz, f.id
			on conflict (key) do nothing),
		counted as (`+counting("$3", "$4", `
			select 'deadlines_due', jsonb_build_object('department', desk, 'clock', kind, 'result', 'breached') from fired where breach
			union all
			select 'promises_broken', jsonb_build_object('department', desk) from fired where breach and kind = 'promise'
			union all
			select 'escalations', jsonb_build_object('department', desk, 'level', level::text) from fired where which ->> 'kind' = 'escalate'`)+`)
		select coalesce(array_agg(f.kind), '{}'), coalesce(array_agg(f.late), '{}'), coalesce(array_agg(f.call::text), '{}')
		from fired f`, pgx.QueryExecModeCacheDescribe, fmt.Sprint(node), limit, -node, s.east(), cases.HighestLevel).Scan(&clocks, &late, &calls)
	if err != nil {
		return nil, fmt.Errorf("fire stages: %w", err)
	}
	fired := make([]cases.FiredStage, len(clocks))
	for i := range clocks {
		fired[i] = cases.FiredStage{Clock: clocks[i], Late: cases.Span(late[i]), Call: calls[i]}
	}
	return fired, nil
}

// ComingBreaches returns the breaches of cases of classes that come within a time, the
// earliest first, with the summons they will call for.
func (s *Store) ComingBreaches(ctx context.Context, classes []cases.Class, within time.Duration) ([]cases.ComingBreach, error) {
	rows, err := s.db.Query(ctx, `
		select 'stage:' || d.id || ':' || d.gen || ':' || b.n, (b.stage ->> 'at')::timestamptz as at,
			c.number, c.call::text, c.class, coalesce(c.file ->> 'accused', ''), c.events
		from deadline d join cases c on c.id = d.case_id, jsonb_array_elements(d.stages) with ordinality as b (stage, n)
		where d.next_at <= now() + $2::interval and c.class = any($1)
			and b.n > d.stage and b.stage ->> 'kind' = 'breach' and (b.stage ->> 'at')::timestamptz <= now() + $2::interval
		order by at`, classes, within)
	return collect("coming breaches", rows, err, func(row pgx.CollectableRow) (b cases.ComingBreach, err error) {
		var stage string
		err = row.Scan(&stage, &b.At, &b.Case, &b.Call, &b.Class, &b.Accused, &b.After)
		b.Key = cases.StageSummons(stage)
		return b, err
	})
}
