package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// Scorecards are how everybody did with the cases opened in a time.
type Scorecards struct {
	People      []cases.Card // by user
	Departments []cases.Card // by name; "other" is what no department has
	All         cases.Card
	Unowned     int // cases nobody answers for, though they are not over (S35-R3)
}

// scores is one statement: each case makes facts about its first-asker, those who had it
// and gave it back, whom its clocks are held against, and what its caller said; they are
// added up by person, by department and in all. A caller who comes again within the
// policy's time about the same category repeats.
const scores = `
	with brief as materialized ( -- what is sorted has no files in it
		select id, call, state, opened, caller, category, first_asker, responsible, department, handed > 0 as passed, file -> 'handed' as hands,
			case when department <> '' then handler else responsible end as behind,
			(file #>> '{visits,-1,satisfied}')::int as said,
			file -> 'returned' as returned, file ->> 'arbiter' is not null and department = file #>> '{returned,from}' as overruled
		from cases where opened >= $1 and opened < $2::timestamptz + $5::interval),
	opened as materialized (
		select *, coalesce(lead(opened) over (partition by caller, category order by opened) <= opened + $5::interval, false)
			and caller <> '' and category <> '' as again
		from brief),
	c as (select * from opened where opened < $2),
	facts (username, department, first_asked, kept, handed_over, misrouted, repeated, received, returned, overruled,
	       front_due, front_late, behind_due, behind_late, answers, satisfied, total) as (
		select c.first_asker, ` + personsOwn + `, 1, (not passed and state in ('replied', 'visited', 'closed'))::int, passed::int,
			(returned ->> 'code' = 'not_ours' and not overruled)::int, again::int,
			0, 0, 0, 0, 0, 0, 0, (said is not null)::int, (said >= 4)::int, said
		from c left join person p on p.username = c.first_asker where c.first_asker <> ''
		union all
		select case when h.department = c.department then c.behind else '' end, h.department, 0, 0, 0, 0, 0,
			1, 0, 0, 0, 0, 0, 0, (heard is not null)::int, (heard >= 4)::int, heard
		from c, lateral (select distinct x ->> 'department' as department from jsonb_array_elements(hands) x) h,
			lateral (select case when h.department = c.department and c.behind <> c.first_asker then said end as heard) v
		where passed
		union all
		select returned ->> 'by', returned ->> 'from', 0, 0, 0, 0, 0,
			0, 1, overruled::int, 0, 0, 0, 0, 0, 0, 0
		from c where returned is not null
		union all
		select case when is_behind then c.behind else c.responsible end, d.desk, 0, 0, 0, 0, 0, 0, 0, 0,
			(not is_behind)::int, (not is_behind and late)::int, is_behind::int, (is_behind and late)::int, 0, 0, 0
		from c join deadline d on d.case_id = c.id and d.case_id between (select min(id) from c) and (select max(id) from c), -- or all clocks there are would be read
			lateral (select d.breached or d.state in ('armed', 'fired') and d.due_at < $3 as late) l,
			lateral (select coalesce(d.clock #> '{on,by}' ?| $4::text[], true) as is_behind) b
		where d.due_at is not null and d.clock is not null and (late or d.state = 'met')
		union all
		select c.first_asker, ` + personsOwn + `, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, (s.score >= 4)::int, s.score
		from c join score s on s.call = c.call left join person p on p.username = c.first_asker where c.first_asker <> '')
	select grouping(department) = 0, grouping(username) = 0, coalesce(username, department, ''),
		sum(first_asked), sum(kept), sum(handed_over), coalesce(sum(misrouted), 0), sum(repeated), sum(received), sum(returned), sum(overruled),
		sum(front_due), sum(front_late), sum(behind_due), sum(behind_late), sum(answers), coalesce(sum(satisfied), 0), coalesce(sum(total), 0),
		coalesce(sum(answers) filter (where received = 0), 0), coalesce(sum(satisfied) filter (where received = 0), 0), coalesce(sum(total) filter (where received = 0), 0)
	from facts group by grouping sets ((username), (department), ()) having count(*) > 0 order by 3`

// personsOwn is the SQL of the department of person p.
const personsOwn = `coalesce(nullif(p.department, ''), '` + nobodys + `')`

// Scorecards returns how everybody did with the cases opened in w, as it stands at now.
func (s *Store) Scorecards(ctx context.Context, w Window, now time.Time) (all Scorecards, err error) {
	err = pgx.BeginTxFunc(ctx, s.db, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `set local work_mem = '64MB'`); err != nil { // a month of a busy hotline
			return err
		}
		rows, err := tx.Query(ctx, scores, pgx.QueryExecModeCacheDescribe, w.From, w.Until, now, cases.PartiesBehind(), s.Rules.Policy.Repeat.Within())
		if err != nil {
			return err
		}
		var ofDepartment, ofPerson bool
		var c cases.Card
		var once struct{ answers, satisfied, sum int } // what a caller says is heard by his first-asker and by who handled his case
		_, err = pgx.ForEachRow(rows, []any{
			&ofDepartment, &ofPerson, &c.Who, &c.FirstAsked, &c.Kept, &c.HandedOver, &c.Misrouted, &c.Repeated, &c.Received, &c.Returned, &c.Overruled,
			&c.AsFirstAsker.Due, &c.AsFirstAsker.Late, &c.AsHandler.Due, &c.AsHandler.Late, &c.Answers, &c.Satisfied, &c.Sum, &once.answers, &once.satisfied, &once.sum,
		}, func() error {
			switch {
			case ofPerson && c.Who != "":
				all.People = append(all.People, c)
			case ofDepartment && c.Who != "":
				all.Departments = append(all.Departments, c)
			case !ofPerson && !ofDepartment:
				all.All = c
				all.All.Answers, all.All.Satisfied, all.All.Sum = once.answers, once.satisfied, once.sum
			}
			return nil
		})
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			select count(*) from cases where opened >= $1 and opened < $2 and responsible = '' and `+unended,
			w.From, w.Until).Scan(&all.Unowned)
	})
	if err != nil {
		return Scorecards{}, fmt.Errorf("scorecards: %w", err)
	}
	return all, nil
}

// Answers returns what callers said, from 1 to 5, in the last return visit of each case
// opened in w that user was first asked in or handled.
func (s *Store) Answers(ctx context.Context, w Window, user string) (map[cases.CaseNumber]int, error) {
	rows, err := s.db.Query(ctx, `
		select number, (file #>> '{visits,-1,satisfied}')::int from cases
		where opened >= $1 and opened < $2 and (first_asker = $3 or handler = $3) and file #>> '{visits,-1,satisfied}' is not null`,
		w.From, w.Until, cases.Clean(user))
	if err != nil {
		return nil, fmt.Errorf("answers: %w", err)
	}
	all := map[cases.CaseNumber]int{}
	var n cases.CaseNumber
	var said int
	_, err = pgx.ForEachRow(rows, []any{&n, &said}, func() error {
		all[n] = said
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("answers: %w", err)
	}
	return all, nil
}
