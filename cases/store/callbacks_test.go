package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

// attempt are the facts of the n-th attempt to call back the caller of case c, by
// agent2; the last says what became of it.
func attempt(c, n int, last func(*cases.Fact)) []cases.Fact {
	base := cases.Fact{At: noon.Add(time.Duration(n) * time.Minute), Call: id(100*c + n), Case: cases.CaseNumber(number(c))}
	started, ended := base, base
	started.ID, started.CallbackStarted = id(3<<32+100*c+n), &cases.CallbackStarted{By: "agent2", Number: "+861055550101", Hotline: "12345", Attempt: n}
	ended.ID = id(4<<32 + 100*c + n)
	last(&ended)
	return []cases.Fact{started, ended}
}

func number(n int) string { return string(cases.NewCaseNumber(noon, 1, n)) }

func answeredBack(f *cases.Fact) {
	f.CallbackAnswered = &cases.CallbackAnswered{Agent: "agent2", Extension: "1002", Trunk: "carrier", Attempt: 1}
}

func notReached(n int, next time.Time, exhausted bool) func(*cases.Fact) {
	return func(f *cases.Fact) {
		f.CallbackMissed = &cases.CallbackMissed{Agent: "agent2", Result: cases.CallbackNoAnswer, Attempt: n, Next: next, Exhausted: exhausted}
	}
}

// TestCallbackLists: who owes what to whom, by the facts of the attempts.
func TestCallbackLists(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	now := time.Now().UTC().Truncate(time.Microsecond)
	due := map[int]time.Time{1: now.Add(-time.Hour), 2: now.Add(time.Hour), 3: now.Add(2 * time.Hour), 4: now.Add(-2 * time.Hour), 5: now.Add(3 * time.Hour)}
	var facts []cases.Fact
	for n := 1; n <= 5; n++ {
		m := missed(n, "+861055550101")
		m[len(m)-1].Missed.CallbackDue = due[n]
		facts = append(facts, m...)
	}
	facts = append(facts, attempt(2, 1, notReached(1, now.Add(-time.Second), false))...) // to be tried again
	facts = append(facts, attempt(3, 1, notReached(1, now.Add(time.Hour), false))...)    // later
	facts = append(facts, attempt(4, 1, notReached(1, time.Time{}, true))...)            // never
	facts = append(facts, attempt(5, 1, answeredBack)...)
	for range 2 { // replayed
		if err := s.Apply(t.Context(), facts); err != nil {
			t.Fatal(err)
		}
	}
	if rejected, err := s.Rejected(t.Context(), 10); err != nil || len(rejected) > 0 {
		t.Fatalf("rejected %+v, %v", rejected, err)
	}
	for _, tt := range []struct {
		filter store.CallbackFilter
		want   []int
	}{
		{store.CallbackFilter{}, []int{4, 1, 2, 3}},
		{store.CallbackFilter{Limit: 2}, []int{4, 1}},
		{store.CallbackFilter{View: store.CallbacksDue}, []int{2, 3}},
		{store.CallbackFilter{View: store.CallbacksOverdue}, []int{1}},
		{store.CallbackFilter{View: store.CallbacksSupervisor}, []int{4}},
		{store.CallbackFilter{View: store.CallbacksMine, User: "agent2"}, nil},
	} {
		list, err := s.Callbacks(t.Context(), tt.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, c := range list {
			_, _, seq, _ := c.Number.Parse()
			got = append(got, seq)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%+v: %v, want %v", tt.filter, got, tt.want)
		}
	}
	s.Node = 1
	places, err := s.Places(t.Context(), 10)
	if err != nil || len(places) != 1 || places[0].Case != cases.CaseNumber(number(2)) || places[0].Attempts != 1 || places[0].Number != "+861055550101" {
		t.Errorf("to be called now %+v, %v", places, err)
	}
	c, _, err := s.Case(t.Context(), cases.CaseNumber(number(2)))
	want := cases.CalledBack{Attempts: 1, Last: cases.CallbackNoAnswer, Call: id(201), Next: now.Add(-time.Second)}
	if diff := cmp.Diff(want, c.CalledBack); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	c, ledger, err := s.Case(t.Context(), cases.CaseNumber(number(5)))
	if err != nil || c.FirstAsker != "agent2" || !c.CallbackDue.IsZero() || c.Verify(ledger) != nil || c.Call.Missed == "" {
		t.Errorf("called back: %+v, %v", c, err)
	}
}

// TestMarkedCallbackIsOwedAgain: what the agent says of who answered counts.
func TestMarkedCallbackIsOwedAgain(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	due := noon.Add(24 * time.Hour)
	facts := append(missed(1, "+861055550101"), attempt(1, 1, answeredBack)...)
	end, mark := facts[len(facts)-1], facts[len(facts)-1]
	end.ID, end.CallbackAnswered, end.Ended = id(5<<32), nil, &cases.Ended{Cause: cases.EndAgent}
	mark.ID, mark.CallbackAnswered = id(6<<32), nil
	mark.CallbackMarked = &cases.CallbackMarked{By: "agent2", Result: cases.CallbackWrongNumber, Attempt: 1, Exhausted: true, Due: due}
	if err := s.Apply(t.Context(), append(facts, end, mark)); err != nil {
		t.Fatal(err)
	}
	list, err := s.Callbacks(t.Context(), store.CallbackFilter{View: store.CallbacksSupervisor})
	if err != nil || len(list) != 1 || !list[0].CallbackDue.Equal(due) || list[0].CalledBack.Last != cases.CallbackWrongNumber {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := s.VerifyLedger(t.Context()); err != nil {
		t.Error(err)
	}
}
