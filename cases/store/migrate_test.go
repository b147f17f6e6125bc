package store_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

// TestAnOldDatabaseIsBroughtUpToDate: what an early program has written is there after
// all migrations, its ledger verifies, and its cases go on.
func TestAnOldDatabaseIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	dump, err := os.ReadFile(filepath.Join("testdata", "schema_005.sql"))
	if err != nil {
		t.Fatal(err)
	}
	url := storetest.Bare(t)
	exec(t, direct(t, url), string(dump))
	s := storetest.Open(t, url)
	s.Rules = rulebook(t, "property_csc")
	for range 2 { // again changes nothing
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.VerifyLedger(t.Context()); err != nil || n != 14 {
		t.Errorf("%d events, %v, want 14", n, err)
	}
	all, _, err := s.Cases(t.Context(), store.Filter{})
	if err != nil || len(all) != 5 || all[4].FirstAsker != "agent1" || all[3].Handler != "agent1" || all[2].Previous != all[4].Number {
		t.Errorf("%+v, %v", all, err)
	}
	if r, err := s.Recordings(t.Context(), "261123-1-0001"); err != nil || len(r) != 1 || r[0].Bytes != 1920044 {
		t.Errorf("recordings %+v, %v", r, err)
	}
	if p, err := s.Phones(t.Context()); err != nil || len(p) != 1 || p[0].User != "agent1" {
		t.Errorf("phones %+v, %v", p, err)
	}
	owed, err := s.Callbacks(t.Context(), store.CallbackFilter{})
	if err != nil || len(owed) != 3 || owed[1].CallBackAt != "+861055550104" || owed[2].Voicemail.Length != cases.Span(7*time.Second) {
		t.Errorf("callbacks %+v, %v", owed, err)
	}

	// Clocks of then make themselves heard now, facts of then are not taken twice, and
	// people go on with the cases.
	fired, err := s.FireStages(t.Context(), 1, 10)
	if due := slices.DeleteFunc(owed, func(c cases.Case) bool { return c.CallbackDue.After(time.Now()) }); err != nil || len(fired) != len(due) {
		t.Errorf("fired %+v of %d due, %v", fired, len(due), err)
	}
	if err := s.Apply(t.Context(), slices.Concat(answered(2, "+861055550102", "agent2"), answered(6, "+861055550101", "agent1"))); err != nil {
		t.Fatal(err)
	}
	if rejected, err := s.Rejected(t.Context(), 10); err != nil || len(rejected) > 0 {
		t.Errorf("rejected %+v, %v", rejected, err)
	}
	c, err := s.Move(t.Context(), store.Order{
		Case: "261123-1-0001", By: cases.Actor{User: "agent1"}, At: noon.Add(time.Hour), Key: uuid.NewString(),
		Move: cases.Registration{Name: "a caller", Content: "no water", ReadBack: true},
	})
	if err != nil || c.State != cases.Registered {
		t.Errorf("%+v, %v", c, err)
	}
	if n, err := s.VerifyLedger(t.Context()); err != nil || n != 17 {
		t.Errorf("%d events, %v, want 17", n, err)
	}
}
