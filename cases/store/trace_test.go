package store_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

// TestWatchNamesWhatIsAsked: every statement, alone, in a transaction or in a batch,
// is told of under the name of the method that asks, and every failure with its state.
func TestWatchNamesWhatIsAsked(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	var mu sync.Mutex
	asked, failed := map[string]int{}, []string{}
	s.Watch = store.Watch{
		Asked: func(operation string, took time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			if asked[operation]++; took <= 0 {
				t.Errorf("%s took %s", operation, took)
			}
		},
		Failed: func(state string, late bool) {
			mu.Lock()
			defer mu.Unlock()
			failed = append(failed, state)
			if late {
				t.Errorf("%q came late", state)
			}
		},
	}
	ctx := t.Context()
	if _, err := s.FireStages(ctx, 1, 10); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(ctx, missed(1, caller)); err != nil { // a transaction with batches, by unexported functions
		t.Fatal(err)
	}
	none := func(cases.LedgerHead) []cases.Outgoing { return nil }
	if _, err := s.LedgerHead(ctx, "2026-11-26", none); err != nil {
		t.Fatal(err)
	}
	if _, err := s.LedgerHead(ctx, "no day", none); err == nil {
		t.Error("that was no day")
	}
	nowhere, err := store.Open(ctx, "postgres://nobody@127.0.0.1:1/nothing")
	if err != nil {
		t.Fatal(err)
	}
	defer nowhere.Close()
	nowhere.Watch = s.Watch
	if nowhere.Ping(ctx) == nil {
		t.Error("there is no database")
	}
	known := store.Operations()
	for operation := range asked {
		if !slices.Contains(known, operation) {
			t.Errorf("%q is no operation", operation)
		}
	}
	if !slices.Contains(known, "snapshotter_run") {
		t.Error("what is asked for the snapshot has no name")
	}
	for _, want := range []string{"fire_stages", "apply", "ledger_head"} {
		if asked[want] == 0 {
			t.Errorf("%s was not told of: %v", want, slices.Collect(maps.Keys(asked)))
		}
	}
	const invalidDatetime = "22007"
	if failed = slices.Compact(failed); !slices.Equal(failed, []string{invalidDatetime, ""}) {
		t.Errorf("failures %q", failed)
	}
	if strings.Contains(strings.Join(known, " "), "close") || len(known) > 100 {
		t.Errorf("%d operations: %v", len(known), known)
	}
}
