package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
	"shouwen/cases/store"
)

// holder is a node that takes snapshots, or would.
type holder struct {
	holds chan bool
	stop  func()
}

func (h *house) holder(s *store.Store) holder {
	ctx, stop := context.WithCancel(h.t.Context())
	o, ended := holder{holds: make(chan bool, 100)}, make(chan struct{})
	o.stop = func() { stop(); <-ended }
	p := store.Snapshotter{Store: s, Scope: func() store.Scope { return h.scope }, Every: 20 * time.Millisecond, Holds: func(is bool) { o.holds <- is }, Log: slog.New(slog.NewTextHandler(h.t.Output(), nil))}
	go func() {
		defer close(ended)
		if err := p.Run(ctx); !errors.Is(err, context.Canceled) {
			h.t.Errorf("it ended by %v", err)
		}
	}()
	h.t.Cleanup(o.stop)
	return o
}

// says waits until a node says that it begins or ceases to take snapshots.
func (o holder) says(t *testing.T, want bool) {
	t.Helper()
	select {
	case is := <-o.holds:
		if is != want {
			t.Fatalf("holds: %t", is)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("nobody says that it holds: %t", want)
	}
}

// TestAnotherNodeTakesOver: while the node that takes the snapshots dies, or stops, every
// node goes on telling what is so, and another takes them.
func TestAnotherNodeTakesOver(t *testing.T) {
	t.Parallel()
	h := settle(t, 2)
	h.does(h.saw(time.Minute, "", pickedUp("asker")), time.Minute, asker, cases.Press{Text: "hurry"})
	h.snapshot()
	told := make(chan string, 1)
	watch, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { // who scrapes all the while
		pace := time.NewTicker(10 * time.Millisecond)
		defer pace.Stop()
		for n := 0; watch.Err() == nil; n++ {
			<-pace.C
			text := served(t, h.nodes[n%2])
			if !strings.Contains(text, "\nshouwen_state_up 1\n") || !strings.Contains(text, `shouwen_state_presses_total{department="desk"} 1`) {
				told <- text
				return
			}
		}
		told <- ""
	}()
	first, second := h.holder(h.nodes[0]), holder{}
	first.says(t, true)
	second = h.holder(h.nodes[1])
	c := direct(t, h.url)
	advances := func() {
		t.Helper()
		exec(t, c, `create temporary table if not exists before as select taken_at from metric_snapshot`)
		exec(t, c, `update before set taken_at = (select taken_at from metric_snapshot)`)
		waitFor(t, c, `select m.taken_at > b.taken_at from metric_snapshot m, before b`)
	}
	advances()
	exec(t, c, `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`)
	first.says(t, false)
	holds, waits := first, second
	select { // whoever asks first
	case <-first.holds:
	case <-second.holds:
		holds, waits = second, first
	case <-time.After(30 * time.Second):
		t.Fatal("nobody takes over")
	}
	advances()
	holds.stop()
	holds.says(t, false)
	waits.says(t, true)
	advances()
	stop()
	if text := <-told; text != "" {
		t.Errorf("there was a gap:\n%s", text)
	}
	waits.stop()
	exec(t, c, `update metric_snapshot set taken_at = clock_timestamp() - interval '61 s'`)
	for _, s := range h.nodes {
		if text := served(t, s); strings.Contains(text, "presses") || !strings.Contains(text, "\nshouwen_state_up 0\n") {
			t.Errorf("an old snapshot is served:\n%s", text)
		}
	}
}

// grows makes the organisation the largest planned, whose every department answers callers
// and handles cases.
func (h *house) grows() {
	h.t.Helper()
	p, d := &h.scope.Policy, cases.Directory{}
	for n := range 60 {
		name := fmt.Sprintf("department%d", n)
		d.Departments = append(d.Departments, cases.Department{Name: name})
		d.People = append(d.People, cases.Person{User: name, Department: name, Roles: []cases.Role{cases.RoleAgent, cases.RoleHandler}})
	}
	p.Clocks = append(p.Clocks, cases.Terms{Kind: cases.ClockRegister, Limit: p.Clocks[0].Limit})
	p.Escalation.Levels = []cases.Party{cases.PartySupervisor, cases.PartySectionHead, cases.PartyLeaderInCharge, cases.PartyDirector}
	h.scope.Directory, h.scope.Topics = d, []string{"stage", "email", "sip", "webhook:1", "webhook:2", "webhook:3", "webhook:4", "webhook:5", "webhook:6", "webhook:7"}
	if n := len(p.Deadlines()); n != 6 {
		h.t.Fatalf("%d kinds of clocks", n)
	}
}

func TestNoMoreFiguresThanThereIsRoomFor(t *testing.T) {
	t.Parallel()
	h := settle(t, 1)
	h.grows()
	const budget = 7500
	if n := len(figuresOf(h.snapshot())) + 3; n > budget || n < budget*9/10 { // three more are served
		t.Errorf("%d figures, there is room for %d", n, budget)
	}
}

// generate makes so many cases with four clocks each; of one in every so many cases,
// which has not ended, two clocks run.
func (h *house) generate(n, every int) *pgx.Conn {
	h.t.Helper()
	c := direct(h.t, h.url)
	for _, sql := range []string{`
		insert into call (id, caller, caller_raw, display, withheld, verified, diverted, hotline, trunk, arrived, agent, extension, waited, talk)
		values ('00000000-0000-7000-8000-000000000001', '', '', '', true, false, '{}', '12345', '', now(), '', '', '0', '0')`, `
		insert into cases (number, call, state, opened, caller, first_asker, responsible, handler, events, head, department, desk, handed)
		select 'generated-' || n, '00000000-0000-7000-8000-000000000001',
			case when n % $2 > 0 then 'closed' else (array['registered', 'handed_over', 'accepted', 'replied'])[1 + n / $2 % 4] end,
			now() - interval '1 min' * (n % 100000), '', 'user' || n % 499, 'user' || n % 499, 'user' || n % 491, 1, decode(repeat('00', 32), 'hex'),
			'department' || n % 60, 'department' || n % 60, n % 5
		from generate_series(1, $1) n`, `
		insert into deadline (case_id, kind, gen, due_at, state, desk, at_risk_at)
		select c.id, (array['reply_caller', 'accept', 'return_visit', 'promise'])[k], k, now() + interval '1 s' * (c.id % 7200 - 600),
			case when k <= 2 and c.state <> 'closed' then 'armed' else 'met' end, c.desk, now() + interval '1 s' * (c.id % 7200 - 1200)
		from cases c, generate_series(1, 4) k where $1::int + $2::int > 0`} {
		var args []any
		if strings.Contains(sql, "$1") {
			args = []any{n, every}
		}
		if _, err := c.Exec(h.t.Context(), sql, args...); err != nil {
			h.t.Fatalf("%s: %v", sql, err)
		}
	}
	for _, table := range []string{"cases", "deadline"} {
		exec(h.t, c, `vacuum analyze `+table)
	}
	return c
}

// TestFiguresReadWhatIsOpenOnly: whatever there is that is over, the queries about what
// is open read its index alone.
func TestFiguresReadWhatIsOpenOnly(t *testing.T) {
	t.Parallel()
	c := settle(t, 1).generate(10_000, 20)
	exec(t, c, `set max_parallel_workers_per_gather = 0`)
	for sql, q := range map[string]struct {
		arg     any
		indexes []string
	}{
		store.OpenClocks: {time.Duration(0), []string{"deadline_open"}}, store.OpenCases: {3, []string{"cases_open"}},
		store.PressingClocks: {"any", []string{"deadline_open", "cases_open"}},
	} {
		rows, err := c.Query(t.Context(), `explain `+sql, q.arg)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		for _, index := range q.indexes {
			if text := strings.Join(plan, "\n"); !strings.Contains(text, "Index Only Scan using "+index+" ") {
				t.Errorf("%s is not used:\n%s", index, text)
			}
		}
	}
}
