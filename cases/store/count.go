package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// nobodys is the department of what no department has.
const nobodys = "other"

// deskOf is the SQL of a department, or of that of a user if it is empty. Both are SQL.
func deskOf(department, user string) string {
	return `coalesce(nullif(` + department + `, ''), (select nullif(p.department, '') from person p where p.username = ` + user + `), '` + nobodys + `')`
}

// counting is the SQL that counts every row of rows, which have a name and labels, in a
// slot. Let it be the last of its transaction, so that nobody waits for a counter while
// somebody waits for him; of several rows everybody has the same order. The day is that
// of the database's clock so far east of Greenwich.
func counting(slot, east, rows string) string {
	return `
		insert into kpi_counter as k (name, labels, slot, value, day, today)
		select name, labels, ` + slot + `, count(*), ` + dayOf("now()", east) + `, count(*) from (` + rows + `) as counted (name, labels)
		group by name, labels order by name, labels
		on conflict (name, labels, slot) do update set
			value = k.value + excluded.value, day = excluded.day,
			today = case when k.day = excluded.day then k.today else 0 end + excluded.today`
}

// dayOf is the SQL of the day on which a time is so far east of Greenwich.
func dayOf(at, east string) string {
	return `((` + at + ` at time zone 'UTC') + ` + east + `::interval)::date`
}

// east returns how far the clocks of the organisation are before those of Greenwich.
// PostgreSQL need not know its zone.
func (s *Store) east() time.Duration {
	zone := s.Rules.Calendar.Zone
	if zone == nil {
		zone = time.UTC
	}
	_, seconds := time.Now().In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// tallies are what a transaction counts.
type tallies struct {
	names, labels, departments, users []string
	contacts                          []cases.CaseNumber // that can be told from repeated ones now
}

// add notes what is to be counted of a case.
func (t *tallies) add(n cases.CaseNumber, all []cases.Tally) {
	for _, one := range all {
		if one.Counter == cases.CountContacts {
			t.contacts = append(t.contacts, n)
			continue
		}
		labels, err := json.Marshal(one.Labels)
		if err != nil {
			panic(err) // text only
		}
		t.names, t.labels = append(t.names, string(one.Counter)), append(t.labels, string(labels))
		t.departments, t.users = append(t.departments, cases.Clean(one.Desk.Department)), append(t.users, cases.Clean(one.Desk.User))
	}
}

// queue counts. It must be the last of its transaction. A contact is counted once: when
// its matter is known, or its case over. What the caller of a merged case wanted is what
// the case is about that it was merged into.
func (t *tallies) queue(b *pgx.Batch, s *Store) {
	if len(t.names)+len(t.contacts) == 0 {
		return
	}
	b.Queue(`
		with contact as (
			update cases c set repeat = exists (
				select from cases e
				where e.caller = c.caller and e.caller <> '' and (e.opened, e.number) < (c.opened, c.number) and e.opened >= c.opened - $8::interval
					and e.category <> '' and e.category = coalesce(nullif(c.category, ''), (select i.category from cases i where i.number = c.file ->> 'into')))
			where c.number = any($7) and c.repeat is null
			returning c.repeat)`+
		counting("$1", "$2", `
			select t.name, coalesce(nullif(t.labels, 'null')::jsonb, '{}') || jsonb_build_object('department', `+deskOf("t.department", "t.username")+`)
			from unnest($3::text[], $4::text[], $5::text[], $6::text[]) as t (name, labels, department, username)
			union all
			select 'contacts', jsonb_build_object('repeat', case when repeat then 'yes' else 'no' end) from contact`),
		s.Node, s.east(), list(t.names), list(t.labels), list(t.departments), list(t.users), append([]cases.CaseNumber{}, t.contacts...), s.Rules.Policy.Repeat.Within())
}

// breached locks the clocks of cases that run, so that none of them fires meanwhile, and
// returns the kinds of those whose breach is counted.
func breached(ctx context.Context, tx pgx.Tx, numbers ...cases.CaseNumber) (map[cases.CaseNumber][]cases.ClockKind, error) {
	rows, err := tx.Query(ctx, `
		select c.number, d.kind, d.breached from deadline d join cases c on c.id = d.case_id
		where c.number = any($1) and d.state in ('armed', 'fired') order by d.id for update of d`, numbers)
	if err != nil {
		return nil, fmt.Errorf("running clocks: %w", err)
	}
	late := map[cases.CaseNumber][]cases.ClockKind{}
	var n cases.CaseNumber
	var kind cases.ClockKind
	var is bool
	_, err = pgx.ForEachRow(rows, []any{&n, &kind, &is}, func() error {
		if is {
			late[n] = append(late[n], kind)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("running clocks: %w", err)
	}
	return late, nil
}
