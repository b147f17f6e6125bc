package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"shouwen/cases"
	"shouwen/cases/store/embedded"
	"shouwen/sip/siptest"
)

// outage takes a PostgreSQL away and brings it back.
type outage struct {
	url  string // for the server; empty: it has its own
	away func()
	back func()
}

// TestWithoutDatabase: PostgreSQL goes away in the middle of 20 calls. All are
// answered, bridged and numbered, and all cases are there when it is back.
func TestWithoutDatabase(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(t *testing.T, data string) outage{
		"stopped":   stoppable,
		"killed":    killable,
		"frozen":    freezable,
		"not there": absent,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig(t)
			o := make(t, cfg.Data)
			b := startBed(t, cfg, serverOptions{agents: 20, database: o.url, anyPort: true})
			outageDuringCalls(t, b, o)
		})
	}
}

func outageDuringCalls(t *testing.T, b *bed, o outage) {
	t.Helper()
	const before, after = 10, 10
	for i := range before + after {
		b.agent(i, siptest.Config{Answer: siptest.AnswerAfter(0), Tone: agentSays})
	}
	var mu sync.Mutex
	var calls []siptest.TestCall
	bridged := func(from, n int) {
		together(n, func(i int) {
			c, err := b.caller(numbered(from + i)).Phone.Dial(b.Hotline)
			if err != nil {
				t.Error(err)
				return
			}
			if err := c.Audio.Hears(t.Context(), agentSays); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			calls = append(calls, siptest.TestCall{Call: c})
		})
	}
	bridged(0, before)
	o.away()
	bridged(before, after)
	live := b.server.calls.Live()
	numbers := map[cases.CaseNumber]bool{}
	for _, l := range live {
		if l.Case == "" || l.Agent == "" {
			t.Errorf("call %+v without an agent or a case", l)
		}
		numbers[l.Case] = true
	}
	if len(numbers) != before+after {
		t.Errorf("%d calls have %d case numbers, want %d", len(live), len(numbers), before+after)
	}
	for _, c := range calls[:before] {
		if err := c.Call.Hangup(t.Context()); err != nil {
			t.Error(err)
		}
	}
	o.back()
	for _, c := range calls[before:] {
		if err := c.Call.Hangup(t.Context()); err != nil {
			t.Error(err)
		}
	}
	until(t, "all cases are in PostgreSQL", func() bool {
		n, _ := b.server.journal.Pending()
		return n == 0 && len(b.server.calls.Live()) == 0
	})
	all := recordedCases(t, b.server.database.store)
	if len(all) != before+after {
		t.Errorf("%d cases, want %d", len(all), before+after)
	}
	for i, c := range all {
		if sequence(t, c) != i+1 || c.FirstAsker == "" || c.Call.Cause != cases.EndCaller || c.Events != 3 {
			t.Errorf("case %s: first-asker %q, cause %q, %d events", c.Number, c.FirstAsker, c.Call.Cause, c.Events)
		}
	}
}

// stoppable is a PostgreSQL of somebody who stops it for maintenance.
func stoppable(t *testing.T, _ string) outage {
	dir := dataDir(t)
	start := func() (url string, stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		pg, err := embedded.OpenUnsafe(ctx, dir, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- pg.Run(ctx) }()
		if err := pg.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		return pg.URL(), sync.OnceFunc(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
	url, stop := start()
	t.Cleanup(func() { stop() })
	return outage{url, func() { stop() }, func() { _, stop = start() }}
}

// killable is the server's own PostgreSQL, which comes back by itself.
func killable(t *testing.T, data string) outage {
	return outage{"", func() {
		if err := syscall.Kill(postmaster(t, data), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}, func() {}}
}

// freezable is the server's own PostgreSQL, which does not answer any more but
// has not gone either.
func freezable(t *testing.T, data string) outage {
	signal := func(s syscall.Signal) {
		pid := postmaster(t, data)
		for _, p := range append(childrenOf(t, pid), pid) {
			if err := syscall.Kill(p, s); err != nil && s == syscall.SIGSTOP {
				t.Logf("signal to %d: %v", p, err) // a backend that has just ended
			}
		}
	}
	thaw := sync.OnceFunc(func() { signal(syscall.SIGCONT) })
	return outage{"", func() {
		t.Cleanup(thaw)
		signal(syscall.SIGSTOP)
	}, thaw}
}

// absent is a PostgreSQL that is not there when the server starts.
func absent(t *testing.T, _ string) outage {
	dir := dataDir(t)
	pg, err := embedded.OpenUnsafe(t.Context(), dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	begun := false
	t.Cleanup(func() {
		cancel()
		if begun {
			<-ended
		}
	})
	return outage{pg.URL(), func() {}, func() {
		begun = true
		go func() { ended <- pg.Run(ctx) }()
	}}
}

func postmaster(t *testing.T, data string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(data, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.Split(string(b), "\n")[0])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func childrenOf(t *testing.T, pid int) (all []int) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	if err != nil {
		t.Skipf("needs the list of child processes of Linux: %v", err)
	}
	for _, f := range strings.Fields(string(b)) {
		if p, err := strconv.Atoi(f); err == nil {
			all = append(all, p)
		}
	}
	return all
}
