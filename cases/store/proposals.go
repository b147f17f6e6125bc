package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// VerifiedCase is a case in which an offence was verified, and how often that was then.
type VerifiedCase struct {
	Case  cases.Case
	At    time.Time // when it was last verified
	Count int       // how often the same was verified of the same person, this time included
}

// VerifiedCases returns the cases of which it was verified in w that somebody did
// something, the latest first; of one user if against is not empty. Nobody gets those
// about himself.
func (s *Store) VerifiedCases(ctx context.Context, w Window, against string, who *cases.Actor) ([]VerifiedCase, error) {
	var q condition
	q.and("v.at >= %s and v.at < %s", w.From, w.Until)
	if against != "" {
		q.and("v.against = %s", against)
	}
	if who != nil {
		q.and("v.against <> %s", who.User)
	}
	visible(&q, who)
	rows, err := s.db.Query(ctx, `
		with verified as (
			select c.id, c.file #>> '{verified,against}' as against, c.file #>> '{verified,offence}' as offence,
				(select max(e.at) from case_event e where e.case_id = c.id and e.kind = 'verified') as at
			from cases c where c.verified @> '{"true": true}' and c.verified is not null),
		v as (select *, row_number() over (partition by against, offence order by at, id) as count from verified)
		select v.at, v.count, `+caseColumns+` from v join cases c on c.id = v.id join call k on k.id = c.call `+q.clause()+`
		order by v.at desc, c.number limit 500`, append([]any{pgx.QueryExecModeCacheDescribe}, q.args...)...)
	return collect("verified cases", rows, err, func(row pgx.CollectableRow) (v VerifiedCase, err error) {
		err = scanBehind(row, &v.Case, &v.At, &v.Count)
		return v, err
	})
}

// Suspect is a case that may show signs of an offence.
type Suspect struct {
	Case  cases.Case
	Again []cases.CaseNumber // in which its caller complained about the same within the policy's time
}

// Suspects returns cases opened in w with something on record that a policy may suspect
// an offence by, the latest first, at most limit.
func (s *Store) Suspects(ctx context.Context, w Window, now time.Time, who *cases.Actor, limit int) ([]Suspect, error) {
	var q condition
	q.and("c.opened >= %s and c.opened < %s", w.From, w.Until)
	q.and(`(exists (select from deadline d where d.case_id = c.id and (d.breached or d.state in ('armed', 'fired') and d.due_at < %s))
		or c.file ?| '{violations,returned}' or jsonb_array_length(c.file -> 'notices') > 1
		or c.file @@ '$.visits[*].answered == false' or cardinality(a.numbers) > 0)`, now)
	visible(&q, who)
	window := q.arg(s.Rules.Policy.Repeat.Within())
	rows, err := s.db.Query(ctx, `select a.numbers, `+caseColumns+` from cases c join call k on k.id = c.call,
		lateral (select coalesce(array_agg(r.number order by r.opened), '{}') as numbers from cases r
			where r.caller = c.caller and r.caller <> '' and (r.opened, r.number) > (c.opened, c.number) and r.opened <= c.opened + `+window+`::interval
				and r.category = c.category and r.category <> '' and r.file #>> '{matter,type}' in ('complaint', 'staff_complaint')) a `+
		q.clause()+` order by c.opened desc, c.number desc limit `+q.arg(limit), append([]any{pgx.QueryExecModeCacheDescribe}, q.args...)...)
	return collect("suspects", rows, err, func(row pgx.CollectableRow) (v Suspect, err error) {
		err = scanBehind(row, &v.Case, &v.Again)
		return v, err
	})
}
