package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// Places returns who stands in line without being on the phone, the first to come
// first, at most limit.
func (s *Store) Places(ctx context.Context, limit int) ([]cases.Place, error) {
	rows, err := s.db.Query(ctx, `
		select c.number, p.call::text, k.caller, k.caller_raw, k.display, k.withheld, k.verified, k.diverted,
		       k.hotline, p.number, p.queue, p.since, o.due
		from place p
		join cases c on c.id = p.case_id
		join call k on k.id = p.call
		join (select case_id, min(due_at) as due from deadline
		      where kind = 'callback' and state in ('armed', 'fired') group by case_id) o on o.case_id = p.case_id
		order by p.since, p.case_id limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("places in line: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p cases.Place, err error) {
		err = row.Scan(&p.Case, &p.Call, &p.Caller.E164, &p.Caller.Raw, &p.Caller.Display, &p.Caller.Withheld, &p.Caller.Verified,
			&p.Caller.Diverted, &p.Hotline, &p.Number, &p.Queue, &p.Since, &p.Due)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("places in line: %w", err)
	}
	return list, nil
}

// queuePlace keeps the latest place of a case.
func queuePlace(b *pgx.Batch, f cases.Fact) {
	t := f.CallbackTaken
	b.Queue(`
		insert into place (case_id, call, number, queue, since)
		select id, $2, $3, $4, $5 from cases where number = $1
		on conflict (case_id) do update set
			call = excluded.call, number = excluded.number, queue = excluded.queue, since = excluded.since`,
		f.Case, f.Call, cases.Clean(string(t.Number)), cases.Clean(t.Queue), t.Since)
}
