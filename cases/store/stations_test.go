package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

// TestS24R15_GapsAreKeptAndToldOnce: S08-R3, whichever node sees them. What is short leaves
// no trace, and a station that need not be manned has no gap.
func TestS24R15_GapsAreKeptAndToldOnce(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	ctx := t.Context()
	states := func(does map[string]string) {
		t.Helper()
		if err := s.SaveAgentStates(ctx, 1, does); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.RenewAgents(ctx, store.Node{Number: 1}, nil, nil, time.Hour); err != nil {
		t.Fatal(err)
	}
	desk := cases.Station{Of: cases.StationPost, Name: "desk", Users: []string{"first", "second"}}
	office := cases.Station{Of: cases.StationDepartment, Name: "office", Users: []string{"third"}}
	both := []cases.Station{desk, office}
	at := func(minute int) time.Time { return time.Date(2026, 11, 23, 9, minute, 0, 0, time.UTC) }
	watch := func(minute int, all []cases.Station, want ...cases.Gap) {
		t.Helper()
		got, err := s.WatchStations(ctx, at(minute), all, 5*time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.Transformer("", func(t time.Time) string { return t.UTC().String() }), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("at minute %d: -want +got\n%s", minute, diff)
		}
	}
	kept := func(want ...cases.Gap) {
		t.Helper()
		got, err := s.Gaps(ctx, store.Window{From: at(0), Until: at(59)})
		if diff := cmp.Diff(want, got, cmp.Transformer("", func(t time.Time) string { return t.UTC().String() }), cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%v, kept: -want +got\n%s", err, diff)
		}
	}

	states(map[string]string{"first": "break", "second": "available", "third": "talking"})
	watch(0, both)
	states(map[string]string{"first": "break", "second": "away", "third": "talking"})
	watch(1, both)
	states(map[string]string{"first": "wrapup", "second": "away", "third": "talking"})
	watch(5, both) // he came before five minutes were over
	states(map[string]string{"first": "away", "second": "break", "third": "away"})
	watch(10, both)
	watch(14, both)
	deskGap := cases.Gap{Of: cases.StationPost, Name: "desk", From: at(10), Told: at(15)}
	officeGap := cases.Gap{Of: cases.StationDepartment, Name: "office", From: at(10), Told: at(15)}
	watch(15, both, deskGap, officeGap)
	watch(16, both) // told once
	kept(deskGap, officeGap)
	watch(20, []cases.Station{desk}) // the office has closed
	states(map[string]string{"first": "ringing"})
	watch(30, []cases.Station{desk})
	officeGap.Until, deskGap.Until = at(20), at(30)
	kept(deskGap, officeGap)
	if open, err := s.OpenGaps(ctx); err != nil || len(open) > 0 {
		t.Errorf("still open: %+v, %v", open, err)
	}
	states(map[string]string{})
	watch(40, []cases.Station{desk})
	watch(50, []cases.Station{desk}, cases.Gap{Of: cases.StationPost, Name: "desk", From: at(40), Told: at(50)}) // anew
}

// TestAStationIsMannedFromAnyNode: who is at another node is there, unless that has died.
func TestAStationIsMannedFromAnyNode(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	ctx := t.Context()
	station := []cases.Station{{Of: cases.StationQueue, Name: "hotline", Users: []string{"first"}}}
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for node, lease := range map[int]time.Duration{1: time.Hour, 2: time.Hour, 3: -time.Hour} {
		if _, err := s.RenewAgents(ctx, store.Node{Number: node}, nil, nil, lease); err != nil {
			t.Fatal(err)
		}
	}
	for i, does := range []map[int]string{{1: "away", 2: "available"}, {1: "away", 2: "away", 3: "available"}} {
		for node, state := range does {
			if err := s.SaveAgentStates(ctx, node, map[string]string{"first": state}); err != nil {
				t.Fatal(err)
			}
		}
		if long, err := s.WatchStations(ctx, now, station, 0); err != nil || len(long) != i {
			t.Errorf("%v: %+v, %v", does, long, err)
		}
	}
}
