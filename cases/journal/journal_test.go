package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"shouwen/cases"
	"shouwen/cases/journal"
	"shouwen/metrics"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
	}
	goleak.VerifyTestMain(m)
}

// small makes segments short, so that tests see many of them.
func small(dir string) journal.Config {
	return journal.Config{Dir: dir, Node: 1, Location: time.UTC, SegmentSize: 4 << 10}
}

// running is a journal under Run; what it applied is in applied.
type running struct {
	*journal.Journal
	stop func() // ends Run and waits for it

	mu      sync.Mutex
	applied []cases.Fact
	grown   chan struct{} // something was applied
}

func (r *running) apply(_ context.Context, facts []cases.Fact) error {
	r.mu.Lock()
	r.applied = append(r.applied, facts...)
	r.mu.Unlock()
	select {
	case r.grown <- struct{}{}:
	default:
	}
	return nil
}

// waitApplied returns the facts applied when there are n of them.
func (r *running) waitApplied(n int) []cases.Fact {
	for {
		r.mu.Lock()
		facts := slices.Clone(r.applied)
		r.mu.Unlock()
		if len(facts) >= n {
			return facts
		}
		<-r.grown
	}
}

func open(t testing.TB, cfg journal.Config) (*journal.Journal, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	j, err := journal.Open(cfg, metrics.New("", "").Journal, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return j, &log
}

type apply func(context.Context, []cases.Fact) error

// start opens and runs a journal; a nil apply collects.
func start(t testing.TB, cfg journal.Config, f apply) *running {
	t.Helper()
	j, _ := open(t, cfg)
	return run(t, j, f)
}

func run(t testing.TB, j *journal.Journal, f apply) *running {
	r := &running{Journal: j, grown: make(chan struct{}, 1)}
	if f == nil {
		f = r.apply
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- j.Run(ctx, f) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

func (r *running) append(t testing.TB, f cases.Fact) cases.Fact {
	t.Helper()
	got, err := r.Append(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func at(s string) time.Time {
	t, err := time.Parse(time.DateTime, s)
	if err != nil {
		panic(err)
	}
	return t
}

func arrived(call string) cases.Fact {
	return cases.Fact{Call: call, Arrived: &cases.Arrived{Hotline: "12345", Caller: cases.Caller{Raw: "+861055550101"}}}
}

func pickedUp(call string) cases.Fact {
	return cases.Fact{Call: call, PickedUp: &cases.PickedUp{Agent: "a1", Extension: "1001"}}
}

func missed(call string) cases.Fact {
	return cases.Fact{Call: call, Missed: &cases.Missed{Reason: cases.MissedAbandoned}}
}

func ended(call string) cases.Fact {
	return cases.Fact{Call: call, Ended: &cases.Ended{Cause: cases.EndCaller}}
}

func ids(facts []cases.Fact) []string {
	var s []string
	for _, f := range facts {
		s = append(s, f.ID)
	}
	return s
}

func TestAppendedFactsAreAppliedInOrderOnce(t *testing.T) {
	dir := t.TempDir()
	var want []string
	down := start(t, small(dir), func(context.Context, []cases.Fact) error { return errors.New("database away") })
	for i := range 60 {
		want = append(want, down.append(t, arrived(fmt.Sprint(i))).ID)
	}
	if n, _ := down.Pending(); n != 60 {
		t.Errorf("pending = %d", n)
	}
	down.stop()
	up := start(t, small(dir), nil)
	for i := range 60 {
		want = append(want, up.append(t, pickedUp(fmt.Sprint(i))).ID)
	}
	if got := ids(up.waitApplied(120)); !slices.Equal(got, want) {
		t.Errorf("applied %d facts: %v, want %v", len(got), got, want)
	}
	up.stop()
	if n, oldest := up.Pending(); n != 0 || oldest != 0 {
		t.Errorf("pending = %d, %v", n, oldest)
	}
	again := start(t, small(dir), nil)
	again.append(t, arrived("last"))
	if got := again.waitApplied(1); len(got) != 1 || got[0].Call != "last" {
		t.Errorf("applied again after a clean stop: %v", got)
	}
}

func TestARestartGoesOnBehindWhatWasApplied(t *testing.T) {
	cfg := journal.Config{Dir: t.TempDir(), Location: time.UTC}
	var want, got []string
	stuck := make(chan struct{}, 1)
	first := start(t, cfg, func(_ context.Context, facts []cases.Fact) error {
		if len(got) < 10 {
			got = append(got, ids(facts)...)
			return nil
		}
		select {
		case stuck <- struct{}{}:
		default:
		}
		return errors.New("database away")
	})
	for i := range 600 {
		want = append(want, first.append(t, arrived(fmt.Sprint(i))).ID)
	}
	<-stuck
	first.stop()
	second := start(t, cfg, nil)
	got = append(got, ids(second.waitApplied(600-len(got)))...)
	if !slices.Equal(got, want) {
		t.Errorf("applied %d facts of %d, or in another order", len(got), len(want))
	}
}

func TestLostSegmentsHideNoNewFacts(t *testing.T) {
	cfg := small(t.TempDir())
	r := start(t, cfg, nil)
	for i := range 20 {
		r.append(t, arrived(fmt.Sprint(i)))
	}
	r.waitApplied(20)
	r.stop()
	segments, err := filepath.Glob(filepath.Join(cfg.Dir, "*.wal"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range segments {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	j, log := open(t, cfg)
	if !strings.Contains(log.String(), "segments of the journal are missing") {
		t.Errorf("no word about it: %s", log)
	}
	r = run(t, j, nil)
	f := r.append(t, arrived("new"))
	if got := ids(r.waitApplied(1)); got[0] != f.ID {
		t.Errorf("applied %v, want %s", got, f.ID)
	}
}

func TestCaseNumbers(t *testing.T) {
	shanghai := time.FixedZone("Asia/Shanghai", 8*3600)
	cfg := small(t.TempDir())
	cfg.Location, cfg.Node = shanghai, 7
	steps := []struct {
		does string
		at   string // UTC
		fact cases.Fact
		want cases.CaseNumber
	}{
		{"an arrival has no number", "2026-03-01 15:59:59", arrived("a"), ""},
		{"a pick-up before midnight", "2026-03-01 15:59:59", pickedUp("a"), "260301-7-0001"},
		{"a missed call at midnight", "2026-03-01 16:00:00", missed("b"), "260302-7-0001"},
		{"the clock goes back", "2026-03-01 12:00:00", pickedUp("c"), "260301-7-0002"},
		{"and forward again", "2026-03-01 16:00:01", pickedUp("d"), "260302-7-0002"},
		{"an end keeps its number", "2026-03-01 16:00:02", cases.Fact{Case: "260302-7-0002", Ended: &cases.Ended{}}, "260302-7-0002"},
		{"a case that has a number keeps it", "2026-03-01 16:00:03", cases.Fact{Case: "260301-7-0002", PickedUp: &cases.PickedUp{}}, "260301-7-0002"},
		{"the clock goes back by days, twice", "2026-02-25 12:00:00", pickedUp("e"), "260225-7-0001"},
		{"again", "2026-02-25 12:00:00", pickedUp("f"), "260225-7-0002"},
	}
	for _, s := range steps { // a process each, as if killed in between
		r := start(t, cfg, nil)
		s.fact.At = at(s.at)
		if got := r.append(t, s.fact).Case; got != s.want {
			t.Errorf("%s: %q, want %q", s.does, got, s.want)
		}
		r.stop()
	}
	r := start(t, cfg, nil)
	r.Floor("260301", 41)
	r.Floor("260302", 1)
	for when, want := range map[string]cases.CaseNumber{"2026-03-01 12:00:00": "260301-7-0042", "2026-03-02 12:00:00": "260302-7-0003"} {
		f := missed("g")
		f.At = at(when)
		if got := r.append(t, f).Case; got != want {
			t.Errorf("after Floor: %s, want %s", got, want)
		}
	}
}

func TestUnfinishedCallsAreKnownAfterRestart(t *testing.T) {
	cfg := small(t.TempDir())
	r := start(t, cfg, nil)
	for i := range 50 { // several segments
		call := fmt.Sprint(i)
		r.append(t, arrived(call))
		r.append(t, missed(call))
	}
	r.append(t, arrived("waits"))
	r.append(t, arrived("talks"))
	talks := r.append(t, pickedUp("talks"))
	r.append(t, arrived("over"))
	r.append(t, pickedUp("over"))
	r.append(t, ended("over"))
	r.append(t, pickedUp("never arrived"))
	back := cases.Fact{Call: "back", Case: "261123-1-0001", CallbackStarted: &cases.CallbackStarted{By: "clerk", Number: "1", Attempt: 1}}
	notReached := cases.Fact{Call: "not reached", Case: back.Case, CallbackMissed: &cases.CallbackMissed{Result: cases.CallbackBusy}}
	r.append(t, back)
	r.append(t, cases.Fact{Call: notReached.Call, Case: back.Case, CallbackStarted: back.CallbackStarted})
	r.append(t, notReached)
	r.stop()
	r = start(t, cfg, nil)
	got := r.Unfinished()
	slices.SortFunc(got, func(a, b cases.Fact) int { return strings.Compare(b.Call, a.Call) })
	if len(got) != 3 || got[2].CallbackStarted == nil || got[0].Call != "waits" || got[0].Arrived == nil || got[1].ID != talks.ID || got[1].Case != talks.Case {
		t.Errorf("unfinished = %+v", got)
	}
	r.append(t, missed("waits"))
	r.append(t, ended("talks"))
	notReached.Call = back.Call
	r.append(t, notReached)
	if got := r.Unfinished(); len(got) != 0 {
		t.Errorf("unfinished at the end = %+v", got)
	}
}

func TestManyAppendersShareTheDisk(t *testing.T) {
	r := start(t, small(t.TempDir()), nil)
	const appenders, each = 64, 20
	var wg sync.WaitGroup
	numbers := make(chan cases.CaseNumber, appenders*each)
	for a := range appenders {
		wg.Go(func() {
			for i := range each {
				f, err := r.Append(t.Context(), pickedUp(fmt.Sprintf("%d-%d", a, i)))
				if err != nil {
					t.Error(err)
				}
				numbers <- f.Case
			}
		})
	}
	wg.Wait()
	close(numbers)
	seen := map[cases.CaseNumber]bool{}
	for n := range numbers {
		seen[n] = true
	}
	if len(seen) != appenders*each {
		t.Errorf("%d distinct numbers of %d", len(seen), appenders*each)
	}
	next := map[string]int{}
	for _, f := range r.waitApplied(appenders * each) {
		var a, i int
		fmt.Sscanf(f.Call, "%d-%d", &a, &i)
		if key := fmt.Sprint(a); next[key] != i {
			t.Fatalf("appender %d: fact %d applied, want %d", a, i, next[key])
		} else {
			next[key]++
		}
	}
}

func TestReplayOutlastsTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls []time.Time
		var applied []string
		up := time.Now().Add(10 * time.Minute)
		r := start(t, small(t.TempDir()), func(_ context.Context, facts []cases.Fact) error {
			calls = append(calls, time.Now())
			if len(facts) > 500 {
				t.Errorf("%d facts at once", len(facts))
			}
			if time.Now().Before(up) {
				return errors.New("database away")
			}
			applied = append(applied, ids(facts)...)
			return nil
		})
		var want []string
		for i := range 1200 {
			want = append(want, r.append(t, arrived(fmt.Sprint(i))).ID)
		}
		time.Sleep(9 * time.Minute)
		n, oldest := r.Pending()
		if n != 1200 || oldest < 9*time.Minute-time.Second {
			t.Errorf("pending = %d, %v", n, oldest)
		}
		time.Sleep(time.Minute + 10*time.Second)
		r.stop()
		if !slices.Equal(applied, want) {
			t.Errorf("applied %d facts of %d, or in another order", len(applied), len(want))
		}
		if len(calls) < 600 || len(calls) > 1300 {
			t.Errorf("apply was called %d times in ten minutes", len(calls))
		}
		for i := range calls[1:] {
			if d := calls[i+1].Sub(calls[i]); d > time.Second {
				t.Errorf("%v between two attempts", d)
			}
		}
	})
}

func TestAppliedSegmentsGoAfterKeep(t *testing.T) {
	cfg := small(t.TempDir())
	cfg.Keep = time.Nanosecond
	segments := func() int {
		names, err := filepath.Glob(filepath.Join(cfg.Dir, "*.wal"))
		if err != nil {
			t.Fatal(err)
		}
		return len(names)
	}
	away := start(t, cfg, func(context.Context, []cases.Fact) error { return errors.New("database away") })
	var last cases.CaseNumber
	for i := range 100 {
		last = away.append(t, missed(fmt.Sprint(i))).Case
	}
	away.stop()
	before := segments()
	if before < 5 {
		t.Fatalf("%d segments: too few for this test", before)
	}
	back := start(t, cfg, nil)
	back.waitApplied(100)
	back.stop() // writes the checkpoint and prunes
	if n := segments(); n != 1 {
		t.Errorf("%d segments stay of %d", n, before)
	}
	r := start(t, cfg, nil)
	if got := r.append(t, missed("next")).Case; got != cases.NewCaseNumber(time.Now().UTC(), 1, 101) {
		t.Errorf("number after %s is %s", last, got)
	}
	if facts := r.waitApplied(1); len(facts) != 1 {
		t.Errorf("applied %d facts again", len(facts)-1)
	}
}

func TestTwoProcessesCannotShareAJournal(t *testing.T) {
	dir, spare := t.TempDir(), t.TempDir()
	first := start(t, journal.Config{Dir: dir, Spare: spare}, nil)
	for _, cfg := range []journal.Config{{Dir: dir}, {Dir: spare}, {Dir: t.TempDir(), Spare: spare}} {
		_, err := journal.Open(cfg, metrics.New("", "").Journal, slog.New(slog.DiscardHandler))
		if !errors.Is(err, journal.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid())) {
			t.Errorf("second Open: %v", err)
		}
	}
	first.stop()
	start(t, journal.Config{Dir: dir}, nil)
}

func TestFilesAreForTheirOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "journal")
	r := start(t, small(dir), nil)
	r.append(t, arrived("a"))
	r.waitApplied(1)
	r.stop()
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAppendErrors(t *testing.T) {
	r := start(t, small(t.TempDir()), nil)
	huge := arrived("huge")
	huge.Arrived.Caller.Raw = strings.Repeat("1", 1<<20)
	if _, err := r.Append(t.Context(), huge); err == nil || !strings.Contains(err.Error(), "more than 65536") {
		t.Errorf("a fact of 1 MiB: %v", err)
	}
	r.stop()
	if _, err := r.Append(t.Context(), arrived("late")); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("after Run: %v", err)
	}
	j, _ := open(t, small(t.TempDir()))
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("caller gone")
	cancel(gone)
	if _, err := j.Append(ctx, arrived("gone")); !errors.Is(err, gone) {
		t.Errorf("with a context that ended: %v", err)
	}
	run(t, j, nil)
}
