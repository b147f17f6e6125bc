package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/embedded"
)

// ready is a log handler that tells of each time the server became ready.
type ready chan struct{}

func (ready) Enabled(context.Context, slog.Level) bool { return true }
func (r ready) WithAttrs([]slog.Attr) slog.Handler     { return r }
func (r ready) WithGroup(string) slog.Handler          { return r }

func (r ready) Handle(_ context.Context, rec slog.Record) error {
	if rec.Message == "PostgreSQL is ready" {
		r <- struct{}{}
	}
	return nil
}

// serve runs a server that survives its own death; stop stops it.
func serve(t *testing.T, dir string) (url string, up ready, stop func()) {
	t.Helper()
	up = make(ready, 10)
	ctx, cancel := context.WithCancel(context.Background())
	pg, err := embedded.OpenUnsafe(ctx, dir, slog.New(up))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- pg.Run(ctx) }()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := pg.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	<-up
	return pg.URL(), up, stop
}

// An error of Apply means "again later": with that alone, nothing is lost or
// doubled, or counted twice, when the database dies at any moment, or is stopped and
// started.
func TestApplyOverOutages(t *testing.T) {
	t.Parallel()
	top, err := os.MkdirTemp("/tmp", "shouwen-outage-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	if err := os.Chmod(top, 0o711); err != nil { // PostgreSQL may run as another user
		t.Fatal(err)
	}
	dir := filepath.Join(top, "pg")
	url, up, stop := serve(t, dir)
	defer func() { stop() }()
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}

	const calls, batch = 600, 10
	figures, over := context.WithCancel(t.Context())
	scope := func() store.Scope { return store.Scope{} }
	p := store.Snapshotter{Store: s, Scope: scope, Every: 100 * time.Millisecond, Log: slog.New(slog.DiscardHandler)}
	told := make(chan error, 1)
	go func() { told <- p.Run(figures) }()
	tells := func(what string) {
		t.Helper()
		pace, late := time.NewTicker(20*time.Millisecond), time.After(patience)
		defer pace.Stop()
		for {
			text := served(t, s)
			if strings.Contains(text, "\n"+what+"\n") {
				return
			}
			select {
			case <-pace.C:
			case <-late:
				t.Fatalf("never %s:\n%s", what, text)
			}
		}
	}
	progress := make(chan int)
	go func() {
		defer close(progress)
		for n := 1; n <= calls; n += batch {
			var facts []cases.Fact
			for i := range batch {
				facts = append(facts, answered(n+i, "+861055550101", "agent1")...)
			}
			facts = append(facts, missed(calls+n, "+861055550102")...)
			facts = append(facts, attempt(calls+n, 1, answeredBack)...)
			for s.Apply(t.Context(), facts) != nil {
				if t.Context().Err() != nil {
					return
				}
			}
			progress <- n
		}
	}()
	for n := range progress {
		switch n {
		case 101, 301:
			kill(t, dir)
			<-up
		case 201:
			tells("shouwen_state_up 1")
			stop()
			if err := s.Ping(t.Context()); err == nil {
				t.Error("it answers after it was stopped")
			}
			if text := served(t, s); strings.Count(text, "\nshouwen_") != 1 || !strings.Contains(text, "\nshouwen_state_up 0\n") {
				t.Errorf("figures without a database:\n%s", text)
			}
			_, up, stop = serve(t, dir)
		}
	}
	checked, err := s.VerifyLedger(t.Context())
	if err != nil || checked != 2*calls+3*calls/batch {
		t.Errorf("%d events, %v, want %d", checked, err, 2*calls+3*calls/batch)
	}
	want := map[string]int{"callbacks_closed other kept": calls / batch, "deadlines_due callback other met": calls / batch}
	if diff := cmp.Diff(want, counted(t, direct(t, url))); diff != "" {
		t.Errorf("counted: -want +got\n%s", diff)
	}
	tells(fmt.Sprintf(`shouwen_state_callbacks_closed_total{department="other",result="kept"} %d`, calls/batch))
	over()
	<-told
	if rejected, err := s.Rejected(t.Context(), 10); err != nil || len(rejected) > 0 {
		t.Errorf("rejected %v, %v", rejected, err)
	}
	if last, err := s.LastNumber(t.Context(), 1, "261123"); err != nil || last == 0 {
		t.Error(last, err)
	}
}

// kill ends the server in dir as if it had crashed.
func kill(t *testing.T, dir string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.Split(string(b), "\n")[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(fmt.Errorf("kill %d: %w", pid, err))
	}
}
