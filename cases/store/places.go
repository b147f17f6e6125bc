package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"shouwen/cases"
)

// attemptLasts is longer than it takes to know whether a caller who is called back
// answers. What is still not known then was lost with its node.
const attemptLasts = 3 * time.Minute

// Places returns whom this node is to call back by itself now: who stands in line
// without being on the phone, and whose time for another attempt has come, but nobody who
// is being called already; the first to come first, at most limit. A case is the node's
// that opened it, or, while that is dead, the first living one's: no caller is called by
// two.
func (s *Store) Places(ctx context.Context, limit int) ([]cases.Place, error) {
	rows, err := s.db.Query(ctx, `
		select c.number, k.id::text, k.caller, k.caller_raw, k.display, k.withheld, k.verified, k.diverted, k.hotline,
		       coalesce(p.number, k.caller), coalesce(p.queue, ''), coalesce(p.since, o.due), o.due,
		       coalesce(p.priority, 0), coalesce(p.avoid, ''), c.first_asker, coalesce(cb.attempts, 0),
		       p.case_id is not null, (c.file ->> 'may_ring')::timestamptz
		from cases c
		join (select case_id, min(due_at) as due from deadline
		      where kind = 'callback' and state in ('armed', 'fired') group by case_id) o on o.case_id = c.id
		left join place p on p.case_id = c.id
		left join callback cb on cb.case_id = c.id
		join call k on k.id = coalesce(p.call, c.call)
		where not coalesce(cb.exhausted, false)
		  and (cb.next <= now() or p.case_id is not null and coalesce(cb.attempts, 0) = 0)
		  and not exists (select from call a where a.calls_back = c.number and a.calls_back <> ''
		                  and a.answered is null and a.ended is null and a.arrived > now() - $3::interval)
		  and (split_part(c.number, '-', 2)::int = $2
		       or $2 = (select min(node) from node_lease where until > now())
		          and not exists (select from node_lease where node = split_part(c.number, '-', 2)::int and until > now()))
		order by coalesce(p.since, o.due), c.id limit $1`, limit, s.Node, attemptLasts)
	return collect("places in line", rows, err, func(row pgx.CollectableRow) (p cases.Place, err error) {
		err = row.Scan(&p.Case, &p.Call, &p.Caller.E164, &p.Caller.Raw, &p.Caller.Display, &p.Caller.Withheld, &p.Caller.Verified,
			&p.Caller.Diverted, &p.Hotline, &p.Number, &p.Queue, &p.Since, &p.Due, &p.Priority, &p.Avoid, &p.FirstAsker, &p.Attempts,
			&p.Taken, (*zeronull.Timestamptz)(&p.MayRing))
		return p, err
	})
}

// OpenCase is the open case of a caller.
type OpenCase struct {
	Caller     cases.Number
	Case       cases.CaseNumber
	FirstAsker string // empty: nobody picked up
}

// OpenCases returns the cases of known callers that are not at an end, the newest
// first, at most limit. Complaints about staff are not among them: phones would show them
// to whom they are about.
func (s *Store) OpenCases(ctx context.Context, limit int) ([]OpenCase, error) {
	rows, err := s.db.Query(ctx, `
		select caller, number, first_asker from cases
		where caller <> '' and accused = '' and `+unended+`
		order by opened desc, number desc limit $1`, limit)
	return collect("open cases", rows, err, pgx.RowToStructByPos[OpenCase])
}

// queuePlace keeps the latest place of a case.
func queuePlace(b *pgx.Batch, f cases.Fact) {
	t := f.CallbackTaken
	b.Queue(`
		insert into place (case_id, call, number, queue, since, priority, avoid)
		select id, $2, $3, $4, $5, $6, $7 from cases where number = $1
		on conflict (case_id) do update set
			call = excluded.call, number = excluded.number, queue = excluded.queue, since = excluded.since,
			priority = excluded.priority, avoid = excluded.avoid`,
		f.Case, f.Call, cases.Clean(string(t.Number)), cases.Clean(t.Queue), t.Since, t.Priority, cases.Clean(t.Avoid))
}
