package store_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"shouwen/cases"
	"shouwen/cases/store"
)

// overdue returns a database in which the stages of a missed call's callback clock are
// in the outbox.
func overdue(t *testing.T) (*store.Store, *pgx.Conn) {
	t.Helper()
	s, c := filled(t)
	exec(t, c, `insert into deadline (case_id, kind, gen, due_at, stages, next_at)
		select id, 'promise', 1, now() - interval '1 h',
			jsonb_build_array(jsonb_build_object('kind', 'remind', 'at', now() - interval '2 h', 'to', jsonb_build_array('first_asker')),
				jsonb_build_object('kind', 'breach', 'at', now() - interval '1 h', 'to', jsonb_build_array('supervisor'))),
			now() - interval '2 h'
		from cases where number = '261123-1-0001'`)
	exec(t, c, `update deadline set next_at = null where kind = 'callback'`)
	for range 2 {
		if fired, err := s.FireStages(t.Context(), 1, 10); err != nil || len(fired) != 1 {
			t.Fatal(fired, err)
		}
	}
	return s, c
}

func tellsLi(_ string, c cases.Case, f cases.FiredStage) ([]string, []cases.Outgoing) {
	payload, _ := json.Marshal(cases.Notice{Event: f.Stage.Kind.Event(), Stage: &f, User: "aide"})
	return []string{"aide"}, []cases.Outgoing{{Key: string(c.Number) + string(f.Stage.Kind), Kind: "email", Payload: payload}}
}

// TestAStageIsOnTheLedgerOnce lets pumps that believe to have the same rows race.
func TestAStageIsOnTheLedgerOnce(t *testing.T) {
	t.Parallel()
	s, c := overdue(t)
	rows, err := s.ClaimOutgoing(t.Context(), cases.OutgoingStage, 30*time.Second, 10)
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	var g errgroup.Group
	for range 6 {
		g.Go(func() error {
			for _, o := range rows {
				if err := s.RecordStage(t.Context(), o, tellsLi); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	is, events, err := s.Case(t.Context(), "261123-1-0001")
	if err != nil {
		t.Fatal(err)
	}
	if err := is.Verify(events); err != nil {
		t.Error(err)
	}
	var kinds []string
	for _, e := range events[2:] {
		kinds = append(kinds, string(e.Kind))
		var body cases.StageBody
		if err := json.Unmarshal(e.Body, &body); err != nil || body.Clock != "promise" || body.Late < cases.Span(time.Hour) || !slices.Equal(body.Told, []string{"aide"}) {
			t.Errorf("%s, %v", e.Body, err)
		}
	}
	if !slices.Equal(kinds, []string{"reminded", "breached"}) {
		t.Errorf("ledger has %v", kinds)
	}
	if out, err := s.ClaimOutgoing(t.Context(), "email", 30*time.Second, 10); err != nil || len(out) != 2 || out[0].Key != "261123-1-0001remind" {
		t.Errorf("to be told: %+v, %v", out, err)
	}
	// The key is in the schema, too, should a row ever come back.
	exec(t, c, `update outbox set done_at = null where kind = 'stage'`)
	if err := s.RecordStage(t.Context(), rows[0], tellsLi); err == nil || !strings.Contains(err.Error(), "case_event_fact_key") {
		t.Errorf("err = %v", err)
	}
}

func TestAClaimEndsWithItsLease(t *testing.T) {
	t.Parallel()
	s, c := overdue(t)
	claim := func(want int) []cases.Outgoing {
		t.Helper()
		rows, err := s.ClaimOutgoing(t.Context(), cases.OutgoingStage, 30*time.Second, 10)
		if err != nil || len(rows) != want {
			t.Fatalf("claimed %+v, %v, want %d", rows, err, want)
		}
		return rows
	}
	settle := func(o cases.Outgoing, r cases.Outcome) {
		t.Helper()
		if err := s.SettleOutgoing(t.Context(), o, r); err != nil {
			t.Fatal(err)
		}
	}
	frozen := claim(2)
	claim(0)
	var lease time.Duration
	if err := c.QueryRow(t.Context(), `select max(leased_until) - now() from outbox`).Scan(&lease); err != nil || lease > 30*time.Second || lease < 20*time.Second {
		t.Errorf("leased for %s, %v", lease, err)
	}
	exec(t, c, `update outbox set leased_until = now() - interval '1 s' where kind = 'stage'`)
	second := claim(2)
	if second[0].Attempts != 2 || second[0].Key != frozen[0].Key {
		t.Errorf("second attempt: %+v", second[0])
	}
	settle(frozen[0], cases.Outcome{Err: "late", Retry: time.Second}) // it thaws
	settle(frozen[1], cases.Outcome{Err: "late"})
	claim(0)
	if dead, err := s.DeadLetters(t.Context(), 10); err != nil || len(dead) != 0 {
		t.Errorf("buried by who had lost it: %+v, %v", dead, err)
	}
	settle(second[0], cases.Outcome{})
	settle(second[1], cases.Outcome{Err: "no\x00body"})
	dead, err := s.DeadLetters(t.Context(), 10)
	if err != nil || len(dead) != 1 || dead[0].Key != second[1].Key || dead[0].Error != "no\uFFFDbody" || dead[0].Attempts != 2 {
		t.Fatalf("dead: %+v, %v", dead, err)
	}
	if b, err := s.Backlog(t.Context()); err != nil || b["stage"].Dead != 1 || b["stage"].Pending != 0 {
		t.Errorf("backlog %+v, %v", b, err)
	}
	if err := s.Revive(t.Context(), dead[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Revive(t.Context(), dead[0].ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("revived twice: %v", err)
	}
	if again := claim(1); again[0].Attempts != 1 {
		t.Errorf("revived: %+v", again[0])
	}
}

// TestWhatIsDoneIsForgotten: after its time, oldest first; never what is not done.
func TestWhatIsDoneIsForgotten(t *testing.T) {
	t.Parallel()
	s, c := overdue(t)
	rows, err := s.ClaimOutgoing(t.Context(), cases.OutgoingStage, 30*time.Second, 10)
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	for _, o := range rows {
		if err := s.SettleOutgoing(t.Context(), o, cases.Outcome{}); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, c, `insert into outbox (key, kind, payload, done_at, dead_at, made) values
		('waits', 'x', '{}', null, null, now() - interval '90 d'), ('dead', 'x', '{}', null, now() - interval '90 d', now() - interval '90 d'),
		('old', 'x', '{}', now() - interval '31 d', null, now()), ('older', 'x', '{}', now() - interval '32 d', null, now())`)
	for limit, want := range []string{"dead old stage stage waits", "dead stage stage waits", "dead stage stage waits"} {
		if n, err := s.ForgetOutgoing(t.Context(), 30*24*time.Hour, 1); err != nil || n != int64(min(1, 2-min(2, limit))) {
			t.Errorf("forgot %d, %v", n, err)
		}
		var left string
		if err := c.QueryRow(t.Context(), `select string_agg(split_part(key, ':', 1), ' ' order by key) from outbox`).Scan(&left); err != nil || left != want {
			t.Errorf("left: %s, %v, want %s", left, err, want)
		}
	}
}

func TestTheLedgerHeadOfADayIsOne(t *testing.T) {
	t.Parallel()
	s, c := filled(t)
	tell := func(h cases.LedgerHead) []cases.Outgoing {
		return []cases.Outgoing{{Key: "head:" + h.Day, Kind: "webhook:x", Payload: []byte(`{}`)}}
	}
	first, err := s.LedgerHead(t.Context(), "2026-11-26", tell)
	if err != nil {
		t.Fatal(err)
	}
	var want cases.HeadSum
	for _, n := range []cases.CaseNumber{"261123-1-0001", "261123-1-0002", "261123-1-0003"} {
		is, _, err := s.Case(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		want.Add(n, is.Events, is.Head)
	}
	if first.Day != "2026-11-26" || first.Cases != 3 || first.Events != 5 || first.Sum != want.Sum().String() {
		t.Errorf("%+v, want %s", first, want.Sum())
	}
	if err := s.Apply(t.Context(), answered(4, "", "agent1")); err != nil {
		t.Fatal(err)
	}
	if again, err := s.LedgerHead(t.Context(), "2026-11-26", tell); err != nil || again != first {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	if next, err := s.LedgerHead(t.Context(), "2026-11-27", tell); err != nil || next.Sum == first.Sum || next.Events != 7 {
		t.Errorf("the next day: %+v, %v", next, err)
	}
	if out, err := s.ClaimOutgoing(t.Context(), "webhook:x", 30*time.Second, 10); err != nil || len(out) != 2 {
		t.Errorf("told: %+v, %v", out, err)
	}
	if _, err := c.Exec(t.Context(), `update ledger_head set events = 1`); err == nil {
		t.Error("a head was changed")
	}
}
