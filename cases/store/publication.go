package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// Published is what may be said in public of the cases of a time, before small groups are
// taken together.
type Published struct {
	Departments []cases.Figures
	Categories  []cases.Figures // the empty one: of no category
	Opinions    []Opinions      // by channel
}

// Opinions are the opinions and suggestions that came by a channel (S04-R11, S22-R2).
type Opinions struct {
	Channel           string
	Received, Adopted int
}

// Published returns the figures of the cases opened in w, as they stand at now.
func (s *Store) Published(ctx context.Context, w Window, now time.Time) (p Published, err error) {
	rows, err := s.db.Query(ctx, `
		with c as materialized (
			select c.id, c.desk, c.category, (c.file #>> '{visits,-1,satisfied}')::int as said, k.due, k.late
			from cases c, lateral (
				select count(*) as due, count(*) filter (where l.late) as late
				from deadline d, lateral (select d.breached or d.state in ('armed', 'fired') and d.due_at < $3 as late) l
				where d.case_id = c.id and d.due_at is not null and d.clock is not null and (l.late or d.state = 'met')) k
			where c.opened >= $1 and c.opened < $2 and c.state <> 'merged')
		select grouping(desk) = 0, coalesce(desk, category), count(*), sum(due), sum(late), count(said), count(*) filter (where said >= 4)
		from c group by grouping sets ((desk), (category)) order by 1, 2`, pgx.QueryExecModeCacheDescribe, w.From, w.Until, now)
	if err != nil {
		return p, fmt.Errorf("publication: %w", err)
	}
	var ofDepartment bool
	var f cases.Figures
	_, err = pgx.ForEachRow(rows, []any{&ofDepartment, &f.Group, &f.Cases, &f.Clocks.Due, &f.Clocks.Late, &f.Answers, &f.Satisfied}, func() error {
		if ofDepartment {
			p.Departments = append(p.Departments, f)
		} else {
			p.Categories = append(p.Categories, f)
		}
		return nil
	})
	if err != nil {
		return p, fmt.Errorf("publication: %w", err)
	}
	rows, err = s.db.Query(ctx, `
		select coalesce(nullif(file #>> '{matter,channel}', ''), 'call'), count(*), count(*) filter (where file ->> 'adopted' = 'true')
		from cases where opened >= $1 and opened < $2 and file #>> '{matter,type}' in ('opinion', 'suggestion')
		group by 1 order by 1`, w.From, w.Until)
	if err != nil {
		return p, fmt.Errorf("publication: %w", err)
	}
	if p.Opinions, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Opinions]); err != nil {
		return p, fmt.Errorf("publication: %w", err)
	}
	return p, nil
}
