package store_test

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

// aside makes a fact beside the last one of facts.
func aside(facts []cases.Fact, n int, after time.Duration) cases.Fact {
	f := cases.Fact{ID: id(3<<32 + n), At: facts[len(facts)-1].At.Add(after), Call: facts[0].Call, Case: facts[len(facts)-1].Case}
	return f
}

// recordedCall are the facts of call n, which was recorded until keep.
func recordedCall(n int, keep time.Time) []cases.Fact {
	facts := answered(n, "+861055550101", "agent1")
	begin := aside(facts, 2*n, -time.Second)
	begin.RecordingStarted = &cases.RecordingStarted{Mode: cases.RecordAlways, Announced: true, Keep: keep}
	end := aside(facts, 2*n+1, time.Second)
	end.RecordingEnded = &cases.RecordingEnded{
		Result: cases.RecordingOK, File: "2026/11/23/" + facts[0].Call + ".wav", Length: cases.Span(time.Minute), Bytes: 1920044,
		SHA256: strings.Repeat("ab", 32), Pauses: []cases.Stretch{{From: cases.Span(time.Second), Until: cases.Span(2 * time.Second)}},
	}
	return append(slices.Insert(facts, len(facts)-1, begin), end)
}

func TestRecordings(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	s := storetest.Open(t, url)
	first, second := recordedCall(1, noon.Add(time.Hour)), recordedCall(2, noon.Add(2*time.Hour))
	facts := slices.Concat(first, second)
	for range 2 { // replayed
		if err := s.Apply(t.Context(), facts); err != nil {
			t.Fatal(err)
		}
	}
	if bad, err := s.Rejected(t.Context(), 10); err != nil || len(bad) > 0 {
		t.Fatalf("rejected %+v, %v", bad, err)
	}
	r, err := s.Recording(t.Context(), first[0].Call)
	if err != nil {
		t.Fatal(err)
	}
	sum, _ := hex.DecodeString(strings.Repeat("ab", 32))
	want := store.Recording{
		Call: first[0].Call, Case: "261123-1-0001", Mode: cases.RecordAlways, Started: first[len(first)-3].At, Ended: first[len(first)-1].At,
		Result: cases.RecordingOK, File: first[len(first)-1].RecordingEnded.File, Length: time.Minute, Bytes: 1920044, SHA256: sum,
		Pauses: []cases.Stretch{{From: cases.Span(time.Second), Until: cases.Span(2 * time.Second)}}, KeepUntil: noon.Add(time.Hour),
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if list, err := s.Recordings(t.Context(), "261123-1-0002"); err != nil || len(list) != 1 || list[0].Call != second[0].Call {
		t.Errorf("of the second case: %+v, %v", list, err)
	}
	none := recordedCall(3, time.Time{})
	none[len(none)-1].RecordingEnded = &cases.RecordingEnded{Result: cases.RecordingFailed, Reason: cases.RecordingDiskFull}
	if err := s.Apply(t.Context(), none); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Recording(t.Context(), none[0].Call); err != nil || r.Result != cases.RecordingFailed || r.Ended.IsZero() || r.SHA256 != nil {
		t.Errorf("one that failed: %+v, %v", r, err)
	}
	if _, err := s.Recording(t.Context(), "none"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown one: %v", err)
	}
	if _, err := s.VerifyLedger(t.Context()); err != nil {
		t.Error(err)
	}
}

// Recordings go when their time is over, unless their case is on hold.
func TestOutdatedRecordings(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.URL(t))
	s.Node = 1
	first, second, forGood := recordedCall(1, noon.Add(time.Hour)), recordedCall(2, noon.Add(2*time.Hour)), recordedCall(3, time.Time{})
	apply := func(facts ...cases.Fact) {
		t.Helper()
		if err := s.Apply(t.Context(), facts); err != nil {
			t.Fatal(err)
		}
	}
	apply(slices.Concat(first, second, forGood)...)
	check := func(what string, at time.Time, want ...string) {
		t.Helper()
		var got []string
		list, err := s.OutdatedRecordings(t.Context(), at, 10)
		for _, r := range list {
			got = append(got, r.Call)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v; want %v", what, got, err, want)
		}
	}
	check("before their time", noon.Add(time.Minute))
	check("after the first's", noon.Add(90*time.Minute), first[0].Call)
	check("after both", noon.Add(3*time.Hour), first[0].Call, second[0].Call)
	hold := aside(first, 100, time.Minute)
	hold.LegalHold = &cases.LegalHold{On: true, By: "boss", Reason: "court"}
	apply(hold)
	check("on hold", noon.Add(3*time.Hour), second[0].Call)
	gone := aside(second, 101, time.Minute)
	gone.RecordingDeleted = &cases.RecordingDeleted{File: "x"}
	apply(gone)
	check("deleted", noon.Add(3*time.Hour))
	off := aside(first, 102, 2*time.Minute)
	off.LegalHold = &cases.LegalHold{By: "boss"}
	apply(off)
	check("no longer on hold", noon.Add(3*time.Hour), first[0].Call)
	s.Node = 2
	check("at another node, which has not the file", noon.Add(3*time.Hour))
}

// Who looked into a recording stays on record.
func TestAccessesAreKept(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	s := storetest.Open(t, url)
	facts := recordedCall(1, time.Time{})
	if err := s.Apply(t.Context(), facts); err != nil {
		t.Fatal(err)
	}
	want := []store.Access{
		{Call: facts[0].Call, Who: "token", Source: "192.0.2.1", Part: "bytes=0-1"},
		{Call: facts[0].Call, Who: "boss", Source: "192.0.2.2"},
	}
	for _, a := range want {
		if err := s.LogAccess(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Accesses(t.Context(), facts[0].Call)
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i := range got {
		if time.Since(got[i].At).Abs() > time.Minute {
			t.Errorf("at %s", got[i].At)
		}
		got[i].At = time.Time{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	c := direct(t, url)
	for _, sql := range []string{`delete from recording_access`, `update recording_access set who = 'x'`, `truncate recording_access`} {
		if _, err := c.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if err := s.LogAccess(t.Context(), store.Access{Call: "01930000-0000-7000-8000-000000000000", Who: "x"}); err == nil {
		t.Error("a look into no recording is on record")
	}
}

// TestAPlayerReadsNoWholeTable: every part of a recording that is played is looked up by
// an index, however many there are.
func TestAPlayerReadsNoWholeTable(t *testing.T) {
	t.Parallel()
	c := direct(t, storetest.URL(t))
	exec(t, c, `set enable_seqscan = off`) // of a table with nothing in it nobody takes an index
	for _, sql := range []string{store.RecordingOfCall, store.AccessesOfCall} {
		rows, err := c.Query(t.Context(), `explain `+sql, uuid.NewString())
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if text := strings.Join(plan, "\n"); err != nil || !strings.Contains(text, "Index Cond: (call = ") {
			t.Errorf("%s: %v\n%s", sql, err, text)
		}
	}
}
