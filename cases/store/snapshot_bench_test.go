package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"shouwen/cases/store"
)

// BenchmarkSnapshot measures what a snapshot of the largest organisation costs when 20,000
// cases are open, with two clocks each: the time of the processor, ours and that of
// PostgreSQL's process. What is over is to cost nothing.
func BenchmarkSnapshot(b *testing.B) {
	const open = 20_000
	for _, all := range []int{2 * open, 100 * open} {
		b.Run(fmt.Sprint("cases=", all), func(b *testing.B) {
			h := settle(b, 1)
			h.grows()
			h.generate(all, all/open)
			h.counts(4)
			p := &store.Snapshotter{Store: h.nodes[0], Scope: func() store.Scope { return h.scope }, Log: slog.New(slog.DiscardHandler)}
			c, err := store.ConnectSnapshotter(p, b.Context())
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { c.Close(context.Background()) })
			take := func() {
				if err := store.TakeSnapshot(p, b.Context(), c); err != nil {
					b.Fatal(err)
				}
			}
			for range 10 { // until all statements are planned for good
				take()
			}
			w := watch{pid: c.PgConn().PID()}
			for b.Loop() {
				w.during(b, take)
			}
			w.report(b)
		})
	}
}

// BenchmarkScrapeState measures what it costs to serve the figures of the largest
// organisation, zipped: those of a new snapshot, as to one Prometheus that scrapes as often
// as there are snapshots, and those that somebody was served before.
func BenchmarkScrapeState(b *testing.B) {
	h := settle(b, 1)
	h.grows()
	h.counts(1)
	h.snapshot()
	node, c := h.nodes[0], direct(b, h.url)
	handler := stateHandler(node)
	serve := func() {
		r := httptest.NewRequest("GET", "/metrics/state", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, r); w.Body.Len() < 10_000 {
			b.Fatal(w.Body)
		}
	}
	serve()
	used, idle, _ := node.Connections()
	var w watch
	if err := c.QueryRow(b.Context(), `select pid from pg_stat_activity where datname = current_database() and query like 'select taken_at, took%'`).Scan(&w.pid); err != nil || used+idle != 1 {
		b.Fatal(used, idle, err)
	}
	for _, what := range []string{"new", "again"} {
		b.Run(what, func(b *testing.B) {
			w := w
			for b.Loop() {
				if what == "new" {
					exec(b, c, `update metric_snapshot set taken_at = clock_timestamp()`)
				}
				w.during(b, serve)
			}
			w.report(b)
		})
	}
}

// counts has every counter of the organisation counted, in so many slots.
func (h *house) counts(slots int) {
	h.t.Helper()
	var names, labels []string
	for figure := range figuresOf(h.snapshot()) {
		of := strings.Fields(figure)
		name, ok := strings.CutSuffix(of[0], "_total")
		if !ok {
			continue
		}
		set := map[string]string{}
		for _, pair := range of[1:] {
			label, v, _ := strings.Cut(pair, "=")
			set[label] = v
		}
		text, err := json.Marshal(set)
		if err != nil {
			h.t.Fatal(err)
		}
		names, labels = append(names, name), append(labels, string(text))
	}
	c := direct(h.t, h.url)
	_, err := c.Exec(h.t.Context(), `
		insert into kpi_counter (name, labels, slot, value, day, today) select name, labels::jsonb, slot, 1000, current_date, 10
		from unnest($1::text[], $2::text[]) of (name, labels), generate_series(1, $3) slot`, names, labels, slots)
	if err != nil {
		h.t.Fatal(err)
	}
	exec(h.t, c, `vacuum analyze kpi_counter`)
}

// watch is for how long processors were busy with something that was done n times.
type watch struct {
	pid          uint32 // of PostgreSQL's process
	n            int
	ours, theirs time.Duration
}

// during watches do.
func (w *watch) during(b *testing.B, do func()) {
	ours, theirs := w.busy(b)
	do()
	nowOurs, nowTheirs := w.busy(b)
	w.n, w.ours, w.theirs = w.n+1, w.ours+nowOurs-ours, w.theirs+nowTheirs-theirs
}

// busy is for how long this process has been, all its collecting of garbage included, and
// PostgreSQL's of the connection; 0 where the system does not say the latter.
func (w *watch) busy(b *testing.B) (ours, theirs time.Duration) {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", w.pid)); err == nil {
		if _, err := fmt.Sscan(string(text), &theirs); err != nil {
			b.Fatal(err)
		}
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), theirs
}

func (w *watch) report(b *testing.B) {
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(w.n) }
	b.ReportMetric(ms(w.ours), "ms-ours")
	b.ReportMetric(ms(w.theirs), "ms-postgres")
	b.ReportMetric(ms(w.ours+w.theirs), "ms-both")
}
