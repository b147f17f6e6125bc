package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"shouwen/cases"
	"shouwen/cases/store"
)

// counted returns what was counted, over all nodes: "deadlines_due met promise desk" is
// the name with its labels in their order.
func counted(t *testing.T, c *pgx.Conn) map[string]int {
	t.Helper()
	rows, err := c.Query(t.Context(), `
		select name || coalesce((select string_agg(' ' || value, '' order by key) from jsonb_each_text(labels)), ''), sum(value), sum(today)
		from kpi_counter group by name, labels`)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	var what string
	var value, today int
	if _, err := pgx.ForEachRow(rows, []any{&what, &value, &today}, func() error {
		all[what] = value
		if today != value {
			t.Errorf("%s: %d, of them %d today", what, value, today)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// overdueClocks gives a case n clocks that were due an hour ago.
func overdueClocks(t *testing.T, c *pgx.Conn, n int) {
	t.Helper()
	exec(t, c, fmt.Sprintf(`
		insert into deadline (case_id, kind, gen, due_at, stages, next_at, desk)
		select id, 'clock_' || n, 1, now() - interval '1 h',
			jsonb_build_array(jsonb_build_object('kind', 'breach', 'at', now() - interval '1 h'),
				jsonb_build_object('kind', 'escalate', 'level', 6, 'at', now() - interval '1 h')),
			now() - interval '1 h', 'water'
		from cases, generate_series(1, %d) n where number = '261123-1-0001'`, n))
	exec(t, c, `update deadline set next_at = null where kind = 'callback'`)
	exec(t, c, `delete from kpi_counter`)
}

// waitFor waits until a query says true.
func waitFor(t *testing.T, c *pgx.Conn, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	pace := time.NewTicker(5 * time.Millisecond)
	defer pace.Stop()
	for is := false; !is; <-pace.C {
		if err := c.QueryRow(ctx, sql).Scan(&is); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// TestABreachIsCountedOnce: a scanner dies between firing and the end of its statement,
// the others race for what it leaves.
func TestABreachIsCountedOnce(t *testing.T) {
	t.Parallel()
	const clocks = 40
	s, c := filled(t)
	overdueClocks(t, c, clocks)
	other := direct(t, c.Config().ConnString())
	exec(t, other, `begin`) // whoever counts for the first node has to wait
	exec(t, other, `insert into kpi_counter select 'deadlines_due', jsonb_build_object('department', 'water', 'clock', 'clock_1', 'result', 'breached'), -1, 0, now(), 0`)
	died := make(chan error, 1)
	go func() {
		_, err := s.FireStages(t.Context(), 1, 1000)
		died <- err
	}()
	const waiting = `from pg_stat_activity where datname = current_database() and application_name = 'shouwen' and wait_event_type = 'Lock'`
	waitFor(t, c, `select exists (select `+waiting+`)`)
	if fired, err := s.FireStages(t.Context(), 2, 1000); err != nil || len(fired) != 0 {
		t.Errorf("fired %d that another has, %v", len(fired), err)
	}
	exec(t, c, `select pg_terminate_backend(pid) `+waiting)
	if err := <-died; err == nil {
		t.Error("it lives")
	}
	exec(t, other, `rollback`)
	if got := counted(t, c); len(got) > 0 {
		t.Errorf("counted by the dead: %v", got)
	}
	var g errgroup.Group
	for node := range 4 {
		g.Go(func() error {
			for {
				if fired, err := s.FireStages(t.Context(), node, 3); err != nil || len(fired) == 0 {
					return err
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for { // who found every row locked gave up; one more finds what is left
		if fired, err := s.FireStages(t.Context(), 9, 1000); err != nil || len(fired) == 0 {
			break
		}
	}
	want := map[string]int{"escalations water 4": clocks}
	for n := range clocks {
		want[fmt.Sprintf("deadlines_due clock_%d water breached", n+1)] = 1
	}
	if diff := cmp.Diff(want, counted(t, c)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestABreachTheScannerSawIsNotCountedAgain: late fulfilments of clocks that fired count
// nothing, of those that nobody fired yet the breach; who is told that he was not
// answered after all has the clock run again, and it is late.
func TestABreachTheScannerSawIsNotCountedAgain(t *testing.T) {
	t.Parallel()
	for _, fires := range []bool{true, false} {
		t.Run(fmt.Sprint("fires ", fires), func(t *testing.T) {
			t.Parallel()
			s, c := filled(t)
			s.Rules = rulebook(t, "property_csc")
			exec(t, c, `insert into person values ('agent1', 'agent1', '1001', 'desk', 0)`)
			exec(t, c, `update deadline set next_at = null where kind = 'callback'`)
			does := func(at time.Time, m cases.Move) {
				t.Helper()
				if _, err := s.Move(t.Context(), store.Order{Case: "261123-1-0001", By: cases.Actor{User: "agent1"}, At: at, Key: uuid.NewString(), Move: m}); err != nil {
					t.Fatal(err)
				}
			}
			began := time.Date(2025, 3, 4, 1, 0, 0, 0, time.UTC)
			does(began, matter("no water"))
			does(began, cases.Promise{What: "water", Due: began.Add(time.Hour)})
			if fires {
				for range 5 {
					if _, err := s.FireStages(t.Context(), 1, 100); err != nil {
						t.Fatal(err)
					}
				}
			}
			want := map[string]int{"deadlines_due promise desk breached": 1, "promises_broken desk": 1}
			if fires {
				want["escalations desk 1"] = 1
				if diff := cmp.Diff(want, counted(t, c)); diff != "" {
					t.Errorf("before: -want +got\n%s", diff)
				}
			}
			does(began.Add(2*time.Hour), cases.Keep{})
			if diff := cmp.Diff(want, counted(t, c)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			exec(t, c, `update deadline set state = 'armed', stage = 0, next_at = now() where kind = 'promise'`) // as if it ran again
			for range 5 {
				if _, err := s.FireStages(t.Context(), 1, 100); err != nil {
					t.Fatal(err)
				}
			}
			if got := counted(t, c); got["deadlines_due promise desk breached"] != 1 {
				t.Errorf("counted again: %v", got)
			}
		})
	}
}

// TestWhatIsRolledBackIsNotCounted: a move that fails at its very end counts nothing.
func TestWhatIsRolledBackIsNotCounted(t *testing.T) {
	t.Parallel()
	s, c := filled(t)
	s.Rules = rulebook(t, "none")
	exec(t, c, `create function fail() returns trigger language plpgsql as $$ begin raise exception 'at the end'; end $$`)
	exec(t, c, `create constraint trigger fail after insert on case_event deferrable initially deferred for each row when (new.kind = 'pressed') execute function fail()`)
	press := func() error {
		_, err := s.Move(t.Context(), store.Order{Case: "261123-1-0001", By: cases.Actor{User: "agent1"}, At: noon, Key: uuid.NewString(), Move: cases.Press{Text: "hurry"}})
		return err
	}
	if err := press(); err == nil || !strings.Contains(err.Error(), "at the end") {
		t.Fatal(err)
	}
	if got := counted(t, c); len(got) > 0 {
		t.Errorf("counted: %v", got)
	}
	exec(t, c, `drop trigger fail on case_event`)
	if err := press(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"presses other": 1}, counted(t, c)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestTodayBeginsAtMidnight: what was counted before it stays in the sum only.
func TestTodayBeginsAtMidnight(t *testing.T) {
	t.Parallel()
	s, c := filled(t)
	s.Rules = rulebook(t, "none")
	press := func() {
		t.Helper()
		if _, err := s.Move(t.Context(), store.Order{Case: "261123-1-0001", By: cases.Actor{User: "agent1"}, At: noon, Key: uuid.NewString(), Move: cases.Press{Text: "hurry"}}); err != nil {
			t.Fatal(err)
		}
	}
	press()
	press()
	exec(t, c, `update kpi_counter set day = day - 1`)
	press()
	var value, today int
	var is bool
	if err := c.QueryRow(t.Context(), `select value, today, day = (now() at time zone 'Asia/Shanghai')::date from kpi_counter`).Scan(&value, &today, &is); err != nil {
		t.Fatal(err)
	}
	if value != 3 || today != 1 || !is {
		t.Errorf("%d, today %d, by the organisation's day: %t", value, today, is)
	}
}
