package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"shouwen/cases"
	"shouwen/cases/store"
)

// armed is the database of a million cases, each with a clock that comes due in a year.
type armed struct {
	*store.Store
	b   *testing.B
	c   *pgx.Conn
	url string
}

var arming sync.Once

func aMillionArmed(b *testing.B) armed {
	s := aMillion(b)
	c, err := pgx.Connect(b.Context(), year.url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close(context.Background()) })
	a := armed{s, b, c, year.url}
	arming.Do(func() {
		a.exec(`insert into deadline (case_id, kind, gen, due_at, stages, next_at)
			select id, 'handle', 1, at, jsonb_build_array(jsonb_build_object('kind', 'breach', 'at', at)), at
			from (select id, now() + interval '1 y' + id * interval '1 s' as at from cases) c`)
		a.exec(`vacuum analyze deadline`)
	})
	return a
}

func (a armed) exec(sql string, args ...any) {
	a.b.Helper()
	if _, err := a.c.Exec(a.b.Context(), sql, args...); err != nil {
		a.b.Fatalf("%s: %v", sql, err)
	}
}

// due gives n cases a clock of a kind. They come due evenly over a time, from in on.
func (a armed) due(kind string, n int, in, over time.Duration) {
	a.b.Helper()
	a.exec(`insert into deadline (case_id, kind, gen, due_at, stages, next_at)
		select id, $1, 1, at, jsonb_build_array(jsonb_build_object('kind', 'breach', 'at', at)), at
		from (select id, now() + $3::interval + $4::interval * row_number() over (order by id) / $2::int as at
			from (select id from cases order by id limit $2) c) c`, kind, n, in, over)
}

// lateness waits until all clocks of a kind have fired, and reports how late they did.
func (a armed) lateness(kind string) {
	a.b.Helper()
	const left = `select min(next_at) < now() + interval '1 d' from deadline` // to look at the kind would take PostgreSQL longer than to fire
	for some := true; some; time.Sleep(50 * time.Millisecond) {
		if err := a.c.QueryRow(a.b.Context(), left).Scan(&some); err != nil {
			a.b.Fatal(err)
		}
	}
	var n int
	var p50, p99, worst float64
	err := a.c.QueryRow(a.b.Context(), `
		select count(*), percentile_cont(0.5) within group (order by late), percentile_cont(0.99) within group (order by late), max(late)
		from (select (payload ->> 'late_seconds')::float * 1000 as late from outbox where kind = 'stage' and payload ->> 'clock' = $1) f`, kind).Scan(&n, &p50, &p99, &worst)
	if err != nil {
		a.b.Fatal(err)
	}
	a.b.ReportMetric(0, "ns/op")
	a.b.ReportMetric(float64(n), "fired")
	a.b.ReportMetric(p50, "p50-ms-late")
	a.b.ReportMetric(p99, "p99-ms-late")
	a.b.ReportMetric(worst, "max-ms-late")
}

// BenchmarkClocks measures how late stages fire among a million armed clocks, by two
// processes that scan: undisturbed, and when one of them is killed or frozen.
func BenchmarkClocks(b *testing.B) {
	const perSecond, seconds = 50, 10
	for what, disturb := range map[string]func(node){
		"undisturbed": func(node) {},
		"killed":      node.kill,
		"frozen":      func(n node) { n.signal(syscall.SIGSTOP) },
	} {
		b.Run(what, func(b *testing.B) {
			a := aMillionArmed(b)
			one, _ := startNode(b, a.url, 1), startNode(b, a.url, 2)
			a.due(what, perSecond*seconds, 2*time.Second, seconds*time.Second)
			time.Sleep(2*time.Second + seconds*time.Second/2)
			disturb(one)
			a.lateness(what)
		})
	}
}

// BenchmarkBurst measures how late the last of many clocks fires that come due within
// the same second.
func BenchmarkBurst(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a := aMillionArmed(b)
			a.due(fmt.Sprint("burst", n), n, 20*time.Second, time.Second)
			a.exec(`analyze deadline`)
			startNode(b, a.url, 1)
			startNode(b, a.url, 2)
			a.lateness(fmt.Sprint("burst", n))
		})
	}
}

// BenchmarkNothingDue measures a look at a million clocks none of which is due.
func BenchmarkNothingDue(b *testing.B) {
	a := aMillionArmed(b)
	for b.Loop() {
		if _, err := a.FireStages(b.Context(), 1, 500); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMoves measures moves of several people at once among a million cases.
func BenchmarkMoves(b *testing.B) {
	for _, people := range []int{1, 8} {
		b.Run(fmt.Sprint("people=", people), func(b *testing.B) {
			a := aMillionArmed(b)
			a.Rules = rulebook(b, "property_slip")
			var numbers []cases.CaseNumber
			rows, err := a.c.Query(b.Context(), `select number from cases where state = 'accepted' limit 20000`)
			if err == nil {
				numbers, err = pgx.CollectRows(rows, pgx.RowTo[cases.CaseNumber])
			}
			if err != nil {
				b.Fatal(err)
			}
			boss := cases.Actor{User: "boss", Roles: []cases.Role{cases.RoleSupervisor}}
			moves := []cases.Move{
				cases.Press{Text: "how does it stand?"}, cases.Answer{Text: "the part is ordered"}, cases.Classify{Class: "other"},
				cases.Promise{What: "done", Due: time.Now().Add(time.Hour)}, cases.Keep{},
			}
			var mu sync.Mutex
			var took []time.Duration
			var work sync.WaitGroup
			began, each := time.Now(), max(b.N, 4000)/people
			for p := range people {
				work.Go(func() {
					for i := range each {
						n, at := numbers[(i/len(moves)*people+p)%len(numbers)], time.Now() // all of the moves, one after the other
						_, err := a.Move(b.Context(), store.Order{Case: n, Move: moves[i%len(moves)], By: boss, At: at, Key: uuid.NewString()})
						if err != nil {
							b.Error(err)
							return
						}
						mu.Lock()
						took = append(took, time.Since(at))
						mu.Unlock()
					}
				})
			}
			work.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(len(took))/time.Since(began).Seconds(), "moves/s")
			b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100])/1e6, "p99-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}
