package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

// kept are the facts of call n, whose caller has waited since and takes a callback.
func kept(n int, since time.Time) []cases.Fact {
	facts := missed(n, "+861055550101")
	last := &facts[len(facts)-1]
	taken := *last
	taken.ID = id(2<<32 + n)
	taken.Missed, taken.CallbackTaken = nil, &cases.CallbackTaken{Number: "02155550102", Keyed: true, Queue: "hotline", Since: since, Priority: 5, Avoid: "1001"}
	last.Missed = &cases.Missed{Reason: cases.MissedCallbackTaken, CallbackDue: last.Missed.CallbackDue}
	return append(facts[:len(facts)-1:len(facts)-1], taken, *last)
}

// TestPlaces: in line stands who is owed a callback, in the order of waiting, as
// long as it is owed.
func TestPlaces(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	s := storetest.Open(t, url)
	s.Node = 1
	early, late := noon.Add(time.Minute), noon.Add(time.Hour)
	facts := append(kept(1, late), kept(2, early)...)
	facts = append(facts, missed(3, "+861055550103")...)
	for range 2 { // replayed
		if err := s.Apply(t.Context(), facts); err != nil {
			t.Fatal(err)
		}
	}
	places := func() (got []cases.CaseNumber) {
		list, err := s.Places(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			if p.Number != "02155550102" || p.Queue != "hotline" || p.Caller.E164 != "+861055550101" || p.Due.IsZero() || p.Priority != 5 || p.Avoid != "1001" {
				t.Errorf("place %+v", p)
			}
			got = append(got, p.Case)
		}
		return got
	}
	if diff := cmp.Diff([]cases.CaseNumber{"261123-1-0002", "261123-1-0001"}, places()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	c, _, err := s.Case(t.Context(), "261123-1-0002")
	if err != nil || c.CallBackAt != "02155550102" || c.Call.Missed != cases.MissedCallbackTaken {
		t.Errorf("case %+v, %v", c, err)
	}
	exec(t, direct(t, url), `update deadline d set state = 'met' from cases c where c.id = d.case_id and c.number = '261123-1-0002'`)
	if diff := cmp.Diff([]cases.CaseNumber{"261123-1-0001"}, places()); diff != "" {
		t.Errorf("after one was called back: -want +got\n%s", diff)
	}
}

// TestACallerIsCalledByOneNode: the one that has his case; while that is dead, the first
// that lives. Nobody calls who is being called.
func TestACallerIsCalledByOneNode(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	nodes := map[int]*store.Store{}
	for n := 1; n <= 3; n++ {
		s := storetest.Open(t, url)
		s.Node, nodes[n] = n, s
		if _, err := s.RenewAgents(t.Context(), store.Node{Number: n}, nil, nil, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	apply := func(facts ...cases.Fact) {
		t.Helper()
		if err := nodes[1].Apply(t.Context(), facts); err != nil {
			t.Fatal(err)
		}
	}
	calling := func(when string, want ...int) {
		t.Helper()
		var got []int
		for n := 1; n <= 3; n++ {
			list, err := nodes[n].Places(t.Context(), 10)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 1 {
				got = append(got, n)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", when, diff)
		}
	}
	apply(kept(1, noon)...)
	calling("all live", 1)
	try := attempt(1, 1, answeredBack)
	try[0].At = time.Now()
	apply(try[0])
	calling("he is being called")
	exec(t, direct(t, url), `update call set arrived = arrived - interval '1 hour' where calls_back <> ''`)
	calling("the node that called him died", 1)
	exec(t, direct(t, url), `update node_lease set until = now() where node = 1`)
	list, err := nodes[2].Places(t.Context(), 10)
	if err != nil || len(list) != 1 {
		t.Errorf("his node is dead: %v, %v", list, err)
	}
	if list, err := nodes[3].Places(t.Context(), 10); err != nil || len(list) != 0 {
		t.Errorf("his node is dead, and the last one calls him: %v, %v", list, err)
	}
}

func TestVoicemailOfACase(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	facts := missed(1, "+861055550101")
	left := facts[len(facts)-1]
	left.ID, left.Missed = id(2<<32+1), nil
	left.Voicemail = &cases.Voicemail{File: "2026/11/23/" + left.Call + ".wav", Length: cases.Span(90 * time.Second)}
	facts = append(facts[:len(facts)-1:len(facts)-1], left, facts[len(facts)-1])
	if err := s.Apply(t.Context(), facts); err != nil {
		t.Fatal(err)
	}
	c, ledger, err := s.Case(t.Context(), left.Case)
	if err != nil {
		t.Fatal(err)
	}
	if c.Voicemail != *left.Voicemail || ledger[0].Kind != cases.EventVoicemail || c.CallbackDue.IsZero() {
		t.Errorf("voicemail %+v, first event %s, callback %s", c.Voicemail, ledger[0].Kind, c.CallbackDue)
	}
}
