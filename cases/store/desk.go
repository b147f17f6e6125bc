package store

import (
	"context"
	"time"

	"shouwen/cases"
)

// Desk returns the open cases, at most limit, that somebody has to do with, by number:
// as first-asker, responsible or handler, with a task, or as handler of the department
// that has them, if one is given.
func (s *Store) Desk(ctx context.Context, user, department string, limit int) ([]cases.Case, error) {
	return s.selectCases(ctx, `
		where c.`+unended+`
		and (c.first_asker = $1 or c.responsible = $1 or c.handler = $1 or c.department = $2 and $2 <> ''
		     or c.tasked and jsonb_path_exists(c.file, '$.tasks[*] ? (@.for == $user && !exists(@.done))', jsonb_build_object('user', $1::text)))
		order by c.opened, c.number limit $3`, user, department, limit)
}

// Overdue returns the open cases, at most limit, with a clock that is over its due time,
// the most overdue first.
func (s *Store) Overdue(ctx context.Context, at time.Time, limit int) ([]cases.Case, error) {
	return s.selectCases(ctx, `
		join (select case_id, min(due_at) as due from deadline
		      where state = 'fired' and due_at < $1 group by case_id) late on late.case_id = c.id
		where c.`+unended+` order by late.due, c.number limit $2`, at, limit)
}

// Asked returns the open cases, at most limit, in which an extension or another
// responsible person was asked for, the oldest first.
func (s *Store) Asked(ctx context.Context, limit int) ([]cases.Case, error) {
	return s.selectCases(ctx, `
		where c.asked and c.`+unended+` order by c.opened, c.number limit $1`, limit)
}

// Running returns the open cases, at most limit, with a clock of one of those kinds that
// runs, the most urgent first.
func (s *Store) Running(ctx context.Context, kinds []cases.ClockKind, limit int) ([]cases.Case, error) {
	return s.selectCases(ctx, `
		join (select case_id, min(due_at) as due from deadline
		      where kind = any($1) and state in ('armed', 'fired') group by case_id) run on run.case_id = c.id
		where c.`+unended+` order by run.due, c.number limit $2`, kinds, limit)
}
