package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// runs and unended are the predicates of the indexes on clocks that run and on cases that
// have not ended.
const (
	runs    = `state in ('armed', 'fired')`
	unended = `state not in ('closed', 'refused', 'withdrawn', 'merged')`
)

// bouncedFrom is how often a case has been handed over when it is kicked about like a
// ball (踢皮球).
const bouncedFrom = 3

// fill asks for everything at once, by the clock of the database, whose offset from
// Greenwich is east.
func (sh *sheet) fill(ctx context.Context, tx pgx.Tx, east time.Duration) error {
	var b pgx.Batch
	sh.askClocks(&b, east)
	sh.askCases(&b)
	sh.askCallbacks(&b)
	sh.askAgents(&b)
	sh.askCounters(&b, east)
	sh.askBacklogs(&b)
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("figures: %w", err)
	}
	return nil
}

// ask queues a query whose rows are scanned into the variables, and added one by one.
func ask(b *pgx.Batch, into []any, add func(), sql string, args ...any) {
	b.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, into, func() error {
			add()
			return nil
		})
		return err
	})
}

// openClocks is the query over all clocks that run. Who only measures has no due time,
// nor has he who stands still.
var openClocks = `
	select kind, desk,
		count(due_at),
		count(*) filter (where due_at >= now() and at_risk_at <= now()),
		count(*) filter (where due_at < now()),
		count(*) filter (where due_at is null and paused),
		count(*) filter (where due_at >= now() and due_at < (select (` + dayOf("now()", "$1") + ` + 1)::timestamp at time zone 'UTC' - $1::interval)),
		count(*),
		coalesce(extract(epoch from greatest(now() - min(due_at), '0')), 0)::float
	from deadline where ` + runs + ` group by kind, desk`

// pressingClocks is the query over those that press: the others need not be asked for
// their cases. No clock runs of a case that has ended; should one, it presses all the same.
const pressingClocks = `
	select coalesce(nullif(c.class, ''), $1), count(*) filter (where d.due_at >= now()), count(*) filter (where d.due_at < now())
	from deadline d left join cases c on c.id = d.case_id and c.` + unended + `
	where d.` + runs + ` and (d.due_at < now() or d.at_risk_at <= now()) group by 1`

func (sh *sheet) askClocks(b *pgx.Batch, east time.Duration) {
	var kind, desk string
	var due, atRisk, overdue, paused, today, all, worst float64
	ask(b, []any{&kind, &desk, &due, &atRisk, &overdue, &paused, &today, &all, &worst}, func() {
		if due+paused > 0 {
			of := []string{"department", desk, "clock", kind}
			for i, n := range []float64{due - atRisk - overdue, atRisk, overdue, paused} {
				sh.add("deadlines_open", n, append(of, "state", deadlineStates[i])...)
			}
			sh.most("deadline_most_overdue_seconds", worst, of...)
		}
		if kind == string(cases.ClockReturnVisit) {
			sh.add("return_visits_open", all-today-overdue, "department", desk, "state", "waiting")
			sh.add("return_visits_open", today, "department", desk, "state", "due")
			sh.add("return_visits_open", overdue, "department", desk, "state", "overdue")
		}
	}, openClocks, east)

	var class string
	ask(b, []any{&class, &atRisk, &overdue}, func() {
		sh.add("deadlines_pressing", atRisk, "class", class, "state", "at_risk")
		sh.add("deadlines_pressing", overdue, "class", class, "state", "overdue")
	}, pressingClocks, sh.unclassified)

	var unfired, oldest float64
	ask(b, []any{&unfired, &oldest}, func() {
		sh.add("deadlines_unfired", unfired)
		sh.add("deadline_oldest_unfired_seconds", oldest)
	}, `
		select count(*), coalesce(extract(epoch from now() - min(next_at)), 0)::float
		from (select next_at from deadline union all select next_at from inspection) as due where next_at <= now()`)
}

// openCases is the query over all cases that have not ended.
const openCases = `
	select desk, state, department <> '', first_asker <> '', case when department = '' then responsible else '' end, count(*), count(*) filter (where handed >= $1)
	from cases where ` + unended + ` group by 1, 2, 3, 4, 5`

func (sh *sheet) askCases(b *pgx.Batch) {
	var desk, stands, responsible string
	var away, asked bool
	var n, bounced float64
	ask(b, []any{&desk, &stands, &away, &asked, &responsible, &n, &bounced}, func() {
		sh.add("cases_open", n, "department", desk, "state", stands)
		sh.add("cases_bounced", bounced, "department", desk)
		if asked {
			sh.add("first_asker_cases_open", n, "department", desk, "ownership", sh.ownership(cases.State(stands), desk, away, responsible))
		}
	}, openCases, bouncedFrom)

	// Whom nobody has picked up nobody has, unless he is to be called back.
	ask(b, []any{&desk, &n}, func() { sh.add("first_asker_cases_open", n, "department", desk, "ownership", "orphaned") }, `
		select c.desk, count(*) from cases c
		where c.first_asker = '' and c.`+unended+`
			and not exists (select from deadline d where d.case_id = c.id and d.kind = 'callback' and d.`+runs+`)
		group by 1`)

	var level string
	ask(b, []any{&level, &n}, func() { sh.add("escalations_open", n, "level", level) }, `
		select level::text, count(*) from (
			select max(level) as level from (
				select case_id, level from deadline where level > 0 and `+runs+`
				union all
				select id, level from cases where level > 0 and `+unended+`) of
			group by case_id) highest
		group by 1`)
}

// ownership says who has a case that somebody picked up: its department, if it is away
// there, or who is responsible. Nobody can act where nobody is.
func (sh *sheet) ownership(stands cases.State, desk string, away bool, responsible string) string {
	switch {
	case away && !sh.peopled[desk], !away && !sh.users[responsible]:
		return "orphaned"
	case !away:
		return "with_first_asker"
	case stands == cases.HandedOver:
		return "handover_pending"
	}
	return "handed_over"
}

func (sh *sheet) askCallbacks(b *pgx.Batch) {
	var desk, stands string
	var n float64
	ask(b, []any{&desk, &stands, &n}, func() { sh.add("callbacks_open", n, "department", desk, "state", stands) }, `
		select d.desk, case
				when cb.exhausted then 'exhausted'
				when exists (select from call k where k.calls_back = c.number and k.calls_back <> '' and k.answered is null and k.ended is null) then 'in_progress'
				when d.due_at < now() then 'overdue'
				when cb.next > now() then 'scheduled'
				else 'due' end, count(*)
		from deadline d join cases c on c.id = d.case_id left join callback cb on cb.case_id = d.case_id
		where d.kind = 'callback' and d.`+runs+` group by 1, 2`)
}

// askAgents takes of each agent what most says that somebody has to do with him.
func (sh *sheet) askAgents(b *pgx.Batch) {
	var department, does string
	var n float64
	ask(b, []any{&department, &does, &n}, func() { sh.add("agents", n, "department", department, "state", does) }, `
		select coalesce(nullif(p.department, ''), $1), a.state, count(*)
		from (
			select distinct on (username) username, state from agent_state a join node_lease n on n.node = a.node and n.until > now()
			order by username, array_position(array['hold', 'talking', 'ringing', 'wrapup', 'break', 'available', 'away'], state)) a
		left join person p on p.username = a.username
		group by 1, 2`, nobodys)
}

// ofToday are the counters of which the share of today is told, too.
var ofToday = map[cases.Counter]bool{cases.CountDeadlinesDue: true, cases.CountVisitAnswers: true, cases.CountContacts: true}

func (sh *sheet) askCounters(b *pgx.Batch, east time.Duration) {
	var name cases.Counter
	var labels map[string]string
	var value, today float64
	ask(b, []any{&name, &labels, &value, &today}, func() {
		var of []string
		for label, v := range labels {
			of = append(of, label, v)
		}
		labels = nil
		sh.add(string(name)+"_total", value, of...)
		if ofToday[name] {
			sh.add(string(name)+"_today", today, of...)
		}
	}, `select name, labels, sum(value)::float, coalesce(sum(today) filter (where day = `+dayOf("now()", "$1")+`), 0)::float from kpi_counter group by 1, 2`, east)
}

func (sh *sheet) askBacklogs(b *pgx.Batch) {
	var topic string
	var pending, dead, oldest float64
	ask(b, []any{&topic, &pending, &dead, &oldest}, func() {
		sh.add("outbox_pending", pending, "topic", topic)
		sh.add("outbox_dead", dead, "topic", topic)
		sh.add("outbox_oldest_seconds", oldest, "topic", topic)
	}, `select kind, pending, dead, extract(epoch from oldest)::float from (`+backlogs+`) of`)

	var n float64
	ask(b, []any{&n}, func() { sh.add("recordings_pending", n) }, `
		select count(*) from recording r join call k on k.id = r.call where r.ended is null and k.ended is not null`)
}
