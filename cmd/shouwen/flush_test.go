package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"shouwen/cases"
	"shouwen/cases/journal"
	"shouwen/metrics"
)

// TestStopWaitsForASlowDatabase: what happened last is in PostgreSQL when the server has
// stopped, if that only takes its time; nobody waits long for one that is away.
func TestStopWaitsForASlowDatabase(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		apply func() error
		most  time.Duration
		left  int
	}{
		"slow":   {func() error { time.Sleep(20 * time.Second); return nil }, 21 * time.Second, 0},
		"away":   {func() error { return errors.New("connection refused") }, 4 * time.Second, 1},
		"frozen": {func() error { time.Sleep(time.Hour); return nil }, 31 * time.Second, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				j, err := journal.Open(journal.Config{Dir: dir, Node: 1}, metrics.New("", "").Journal, slog.New(slog.DiscardHandler))
				if err != nil {
					t.Fatal(err)
				}
				life, stop := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() { ended <- j.Run(life, func(context.Context, []cases.Fact) error { return tt.apply() }) }()
				if _, err := j.Append(t.Context(), cases.Fact{Call: "01930000-0000-7000-8000-000000000000", Ended: &cases.Ended{}}); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				(&server{journal: j}).flush(3*time.Second, 30*time.Second)
				if took := time.Since(began); took > tt.most {
					t.Errorf("waited for %s", took)
				}
				if n, _ := j.Pending(); n != tt.left {
					t.Errorf("%d facts are left, want %d", n, tt.left)
				}
				stop()
				<-ended
			})
		})
	}
}
