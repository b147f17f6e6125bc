package store_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	osexec "os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"shouwen/cases"
	"shouwen/cases/deadline"
	"shouwen/cases/outbox"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
	"shouwen/metrics"
)

const (
	nodeDatabase = "STORE_TEST_DATABASE" // makes the test program a node of the database with that URL
	nodeNumber   = "STORE_TEST_NODE"

	patience = 2 * time.Minute // longer than a lease; the machine may be busy with others
)

// runNode scans, and puts what fired on the ledger, until it is killed. It says when it
// has found the database.
func runNode(url string) {
	ctx, log := context.Background(), slog.New(slog.NewTextHandler(os.Stderr, nil))
	s, err := store.Open(ctx, url)
	for err != nil || s.Ping(ctx) != nil {
		log.Error("no database", "err", err)
		os.Exit(1)
	}
	node, _ := strconv.Atoi(os.Getenv(nodeNumber))
	m := metrics.New("", "")
	scanner := deadline.Scanner{Stages: s, Node: node, Metrics: m.Deadlines, Log: log}
	stages := outbox.Pump{
		Kind: cases.OutgoingStage, Rows: s, Effect: outbox.Stages(s, func() cases.Directory { return cases.Directory{} }, outbox.Channels{Webhooks: []string{"crm"}}),
		Attempts: 12, First: time.Millisecond, Aside: scanner.Behind, Metrics: m.Outbox, Log: log,
	}
	go stages.Run(ctx)
	fmt.Println("up")
	_ = scanner.Run(ctx)
}

// node is a process that scans.
type node struct {
	t   testing.TB
	cmd *osexec.Cmd
}

func startNode(t testing.TB, url string, number int) node {
	t.Helper()
	cmd := osexec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), nodeDatabase+"="+url, nodeNumber+"="+strconv.Itoa(number))
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := node{t, cmd}
	t.Cleanup(n.kill)
	if !bufio.NewScanner(out).Scan() {
		t.Fatal("the node does not come up")
	}
	return n
}

func (n node) signal(s syscall.Signal) {
	n.t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		n.t.Fatal(err)
	}
}

// kill ends the node like a power cut; again does nothing.
func (n node) kill() {
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait()
}

// clocks is a database with cases whose clocks are coming due.
type clocks struct {
	t    *testing.T
	url  string
	s    *store.Store
	c    *pgx.Conn
	made int
}

func newClocks(t *testing.T) *clocks {
	t.Helper()
	url := storetest.URL(t)
	s := storetest.Open(t, url)
	return &clocks{t: t, url: url, s: s, c: direct(t, url)}
}

// open opens n cases.
func (k *clocks) open(n int) {
	k.t.Helper()
	var facts []cases.Fact
	at := time.Now().UTC()
	for range n {
		k.made++
		call := id(1_000_000 + k.made)
		facts = append(facts,
			cases.Fact{ID: id(2 * k.made), At: at, Call: call, Arrived: &cases.Arrived{Hotline: "12345"}},
			cases.Fact{ID: id(2*k.made + 1), At: at, Call: call, Case: cases.NewCaseNumber(at, 1, k.made), PickedUp: &cases.PickedUp{Agent: "aide", Extension: "1001"}})
	}
	if err := k.s.Apply(k.t.Context(), facts); err != nil {
		k.t.Fatal(err)
	}
}

// arm gives every case a clock. The first stages come evenly over that time, from now
// on; the second and the third of each a little later.
func (k *clocks) arm(over time.Duration) {
	k.t.Helper()
	_, err := k.c.Exec(k.t.Context(), `
		insert into deadline (case_id, kind, gen, due_at, stages, next_at)
		select id, 'promise', 1, at, jsonb_build_array(
			jsonb_build_object('kind', 'remind', 'at', at),
			jsonb_build_object('kind', 'breach', 'at', at + interval '100 ms'),
			jsonb_build_object('kind', 'escalate', 'level', 1, 'at', at + interval '100 ms')), at
		from (select id, now() + $1::interval * split_part(number, '-', 3)::int / $2::int as at from cases) c`, over, k.made)
	if err != nil {
		k.t.Fatal(err)
	}
}

// fired is how many stages have fired.
func (k *clocks) fired() (n int) {
	k.t.Helper()
	if err := k.c.QueryRow(k.t.Context(), `select sum(stage) from deadline`).Scan(&n); err != nil {
		k.t.Fatal(err)
	}
	return n
}

// until waits until something holds.
func (k *clocks) until(what string, holds func() bool) {
	k.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); !holds(); {
		select {
		case <-tick.C:
		case <-late:
			k.t.Fatalf("never: %s; %d fired", what, k.fired())
		}
	}
}

// recorded waits until all that fired is on the ledgers.
func (k *clocks) recorded() {
	k.t.Helper()
	k.until("all is on the ledgers", func() bool {
		b, err := k.s.Backlog(k.t.Context())
		return err == nil && b[cases.OutgoingStage].Pending == 0
	})
}

// once checks that every stage of every clock had its effect once, in the order of
// each clock, and was counted once, and returns the first stages in the order of their
// firing.
func (k *clocks) once() (first []cases.FiredStage) {
	k.t.Helper()
	if fired := k.fired(); fired != 3*k.made {
		k.t.Errorf("%d stages fired, want %d", fired, 3*k.made)
	}
	seen := map[cases.CaseNumber][]cases.StageKind{}
	rows, err := k.c.Query(k.t.Context(), `select payload from outbox where kind = 'stage' order by id`)
	if err != nil {
		k.t.Fatal(err)
	}
	payloads, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		k.t.Fatal(err)
	}
	for _, p := range payloads {
		var f cases.FiredStage
		if err := json.Unmarshal(p, &f); err != nil {
			k.t.Fatal(err)
		}
		seen[f.Case] = append(seen[f.Case], f.Stage.Kind)
		if f.Stage.Kind == cases.StageRemind {
			first = append(first, f)
		}
	}
	want := []cases.StageKind{cases.StageRemind, cases.StageBreach, cases.StageEscalate}
	told := []cases.EventKind{cases.EventPickedUp, cases.EventReminded, cases.EventBreached, cases.EventEscalated}
	for number, kinds := range seen {
		if !slices.Equal(kinds, want) {
			k.t.Errorf("%s fired %v", number, kinds)
		}
		c, events, err := k.s.Case(k.t.Context(), number)
		if err != nil {
			k.t.Fatal(err)
		}
		var ledger []cases.EventKind
		for _, e := range events {
			ledger = append(ledger, e.Kind)
		}
		if err := c.Verify(events); err != nil || !slices.Equal(ledger, told) {
			k.t.Errorf("%s has %v, %v", number, ledger, err)
		}
	}
	var notices int
	if err := k.c.QueryRow(k.t.Context(), `select count(*) from outbox where kind = 'webhook:crm'`).Scan(&notices); err != nil || notices != 3*k.made || len(seen) != k.made {
		k.t.Errorf("%d notices of %d cases, %v, want %d of %d", notices, len(seen), err, 3*k.made, k.made)
	}
	counts := map[string]int{"deadlines_due promise other breached": k.made, "promises_broken other": k.made, "escalations other 1": k.made}
	if diff := cmp.Diff(counts, counted(k.t, k.c)); diff != "" {
		k.t.Errorf("counted: -want +got\n%s", diff)
	}
	return first
}

// TestEveryStageFiresOnceWhateverHappensToANode: of two nodes one is stopped while it
// works and goes on later, the other is killed, and another comes in its place.
func TestEveryStageFiresOnceWhateverHappensToANode(t *testing.T) {
	t.Parallel()
	k := newClocks(t)
	one, other := startNode(t, k.url, 1), startNode(t, k.url, 2)
	const n = 120
	k.open(n)
	k.arm(2 * time.Second)
	k.until("they fire", func() bool { return k.fired() > 0 })
	one.signal(syscall.SIGSTOP)
	was := k.fired()
	k.until("the other one goes on", func() bool { return k.fired() > was+n/2 })
	third := startNode(t, k.url, 3)
	other.kill()
	was = k.fired()
	k.until("the third one goes on", func() bool { return k.fired() > was+n/2 })
	one.signal(syscall.SIGCONT)
	k.until("all have fired", func() bool { return k.fired() == 3*n })
	third.kill() // its rows are the first one's, when their lease is over; most often it had none
	k.expireLeases()
	k.recorded()
	k.once()
}

// expireLeases lets what the dead have claimed be anybody's now.
func (k *clocks) expireLeases() {
	k.t.Helper()
	exec(k.t, k.c, `update outbox set leased_until = now() - interval '1 s' where leased_until is not null`)
}

// TestAfterAnOutageAllOverdueFire: in their order, and they say how late they are.
func TestAfterAnOutageAllOverdueFire(t *testing.T) {
	t.Parallel()
	k := newClocks(t)
	const n, outage = 120, 300 * time.Millisecond
	k.open(n)
	startNode(t, k.url, 1)
	outside, name := k.c.Config().Copy(), k.c.Config().Database
	outside.Database = "postgres"
	admin, err := pgx.ConnectConfig(t.Context(), outside)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	exec(t, admin, `alter database `+name+` allow_connections false`)
	exec(t, k.c, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '`+name+`' and pid <> pg_backend_pid()`)
	k.arm(outage)
	exec(t, k.c, fmt.Sprintf(`select pg_sleep(%f)`, (2*outage).Seconds()))
	if fired := k.fired(); fired > 0 {
		t.Fatalf("%d fired without a database", fired)
	}
	exec(t, admin, `alter database `+name+` allow_connections true`)
	k.until("all have fired", func() bool { return k.fired() == 3*n })
	k.recorded()
	var last time.Time
	for _, f := range k.once() {
		if f.Stage.At.Before(last) || time.Duration(f.Late) < outage {
			t.Errorf("%s after one of %s, late by %s", f.Stage.At, last, time.Duration(f.Late))
		}
		last = f.Stage.At
	}
}
