package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

func TestCasesPages(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	var facts []cases.Fact
	for n := 1; n <= 23; n++ {
		caller, agent := cases.Number("+86105555010"+fmt.Sprint(n%2)), []string{"agent1", "agent2"}[n%2]
		if n%5 == 0 {
			facts = append(facts, missed(n, caller)...)
		} else {
			facts = append(facts, answered(n, caller, agent)...)
		}
	}
	if err := s.Apply(t.Context(), facts); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		filter store.Filter
		want   int
		keeps  func(cases.Case) bool
	}{
		"all":            {store.Filter{}, 23, func(cases.Case) bool { return true }},
		"of a caller":    {store.Filter{Caller: "+861055550101"}, 12, func(c cases.Case) bool { return c.Call.Caller.E164 == "+861055550101" }},
		"of a person":    {store.Filter{FirstAsker: "agent2"}, 10, func(c cases.Case) bool { return c.FirstAsker == "agent2" }},
		"in a state":     {store.Filter{State: cases.Open}, 23, func(c cases.Case) bool { return c.State == cases.Open }},
		"in another one": {store.Filter{State: cases.Closed}, 0, func(cases.Case) bool { return false }},
		"of both":        {store.Filter{Caller: "+861055550100", FirstAsker: "agent2"}, 0, func(cases.Case) bool { return false }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, limit := range []int{0, 1, 7, 23} {
				tt.filter.Limit, tt.filter.After = limit, ""
				var got []cases.Case
				for {
					page, next, err := s.Cases(t.Context(), tt.filter)
					if err != nil {
						t.Fatal(err)
					}
					if limit > 0 && len(page) > limit {
						t.Fatalf("page of %d", len(page))
					}
					got = append(got, page...)
					if tt.filter.After = next; next == "" {
						break
					}
				}
				newestFirst := slices.IsSortedFunc(got, func(a, b cases.Case) int { return b.Opened.Compare(a.Opened) })
				if len(got) != tt.want || !newestFirst || slices.ContainsFunc(got, func(c cases.Case) bool { return !tt.keeps(c) }) {
					t.Errorf("limit %d: %d cases, newest first %t, want %d", limit, len(got), newestFirst, tt.want)
				}
			}
		})
	}
}

func TestHostileQueriesFindNothing(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	for _, after := range []store.Cursor{"junk", ".", "1.", "1.x", "1.261123-1-0001\x00", "zzzzzzzzzzzzzzz.261123-1-0001", "1y2p0ij32e8e7.261123-1-0001"} {
		if _, _, err := s.Cases(t.Context(), store.Filter{After: after}); !errors.Is(err, store.ErrCursor) {
			t.Errorf("after %q: %v", after, err)
		}
	}
	for _, junk := range []string{"\x00", "\xff", "' or true --"} {
		list, _, err := s.Cases(t.Context(), store.Filter{Caller: cases.Number(junk), FirstAsker: junk, State: cases.State(junk)})
		if err != nil || len(list) > 0 {
			t.Errorf("%q: %v, %v", junk, list, err)
		}
		if _, _, err := s.Case(t.Context(), cases.CaseNumber(junk)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", junk, err)
		}
	}
}

// A node that replays late fills in: the case before is found by time.
func TestPreviousIsTheCaseBeforeHoweverLateItCame(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	order := []int{1, 2, 3, 4}
	rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	for _, n := range order {
		if err := s.Apply(t.Context(), answered(n, "+861055550101", "agent1")); err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= 4; n++ {
		want := cases.CaseNumber("")
		if n > 1 {
			want = cases.NewCaseNumber(noon, 1, n-1)
		}
		c, _, err := s.Case(t.Context(), cases.NewCaseNumber(noon, 1, n))
		if err != nil || c.Previous != want {
			t.Errorf("previous of %d = %q, %v, want %q (order %v)", n, c.Previous, err, want, order)
		}
	}
}

func TestWithheldNumbersHaveNoPreviousCase(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	if err := s.Apply(t.Context(), slices.Concat(answered(1, "", "agent1"), answered(2, "", "agent2"))); err != nil {
		t.Fatal(err)
	}
	c, _, err := s.Case(t.Context(), "261123-1-0002")
	if err != nil || c.Previous != "" || !c.Call.Caller.Withheld {
		t.Errorf("case %+v, %v", c, err)
	}
}

func TestCallbacksComeMostUrgentFirst(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	s := storetest.Open(t, url)
	facts := slices.Concat(missed(3, "+861055550103"), answered(1, "+861055550101", "agent1"), missed(2, "+861055550102"), missed(4, ""))
	if err := s.Apply(t.Context(), facts); err != nil {
		t.Fatal(err)
	}
	numbers := func(limit int) string {
		list, err := s.Callbacks(t.Context(), store.CallbackFilter{Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, c := range list {
			text += fmt.Sprint(c.Number, " due ", c.CallbackDue.Format(time.TimeOnly), "; ")
		}
		return text
	}
	const want = "261123-1-0002 due 05:02:31; 261123-1-0003 due 05:03:31; "
	if got := numbers(2); got != want {
		t.Errorf("callbacks = %s, want %s", got, want)
	}
	c := direct(t, url)
	exec(t, c, `update deadline set state = 'fired', fired_at = now() where case_id = (select id from cases where number = '261123-1-0002')`)
	exec(t, c, `update deadline set state = 'met' where case_id = (select id from cases where number = '261123-1-0003')`)
	const later = "261123-1-0002 due 05:02:31; 261123-1-0004 due 05:04:31; "
	if got := numbers(10); got != later {
		t.Errorf("callbacks = %s, want %s", got, later)
	}
}

func TestLastNumber(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	lost := answered(12000, "", "agent1")[3] // an end without its call is rejected, but its number is given out
	lost.Case = "261124-1-12000"
	if err := s.Apply(t.Context(), slices.Concat(answered(9, "", "agent1"), missed(10, ""), []cases.Fact{lost})); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		node int
		day  string
		want int
	}{{1, "261123", 10}, {1, "261124", 12000}, {1, "261125", 0}, {2, "261123", 0}, {11, "261123", 0}} {
		got, err := s.LastNumber(t.Context(), tt.node, tt.day)
		if err != nil || got != tt.want {
			t.Errorf("last of node %d on %s = %d, %v, want %d", tt.node, tt.day, got, err, tt.want)
		}
	}
}

func TestCaseNotFound(t *testing.T) {
	t.Parallel()
	if _, _, err := storetest.New(t).Case(t.Context(), "261123-1-0001"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("err = %v", err)
	}
}

func TestBindings(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	now := time.Now().UTC().Truncate(time.Microsecond)
	flow := netip.MustParseAddrPort("[fe80::1%eth0]:5060")
	a := store.Binding{User: "1001", Contact: "sip:1001@192.0.2.1", Path: []string{"<sip:p1;lr>", "<sip:p2;lr>"}, Transport: "udp",
		Local: flow, Remote: flow, Expires: now.Add(time.Hour), Updated: now, CallID: "c", CSeq: 1<<32 - 1, Q: 0.7, Node: 2}
	b := store.Binding{User: "1001", Contact: "sip:1001@192.0.2.2", Path: []string{}, Instance: "<urn:uuid:x>", RegID: 1,
		Expires: now.Add(time.Hour), Updated: now}
	gone := store.Binding{User: "1002", Contact: "sip:1002@192.0.2.3", Expires: now.Add(-time.Hour), Updated: now}
	if err := s.SaveBindings(t.Context(), []store.Binding{a, b, gone}); err != nil {
		t.Fatal(err)
	}
	a.CSeq, a.UserAgent = 7, "a\x00b\xff"
	if err := s.SaveBindings(t.Context(), []store.Binding{a}); err != nil {
		t.Fatal(err)
	}
	a.UserAgent = "a\uFFFDb\uFFFD"
	same := cmp.Comparer(func(x, y netip.AddrPort) bool { return x == y })
	got, err := s.Bindings(t.Context())
	if d := cmp.Diff([]store.Binding{a, b}, got, same); err != nil || d != "" {
		t.Fatalf("err %v, bindings (-want +got):\n%s", err, d)
	}
	if err := s.RemoveBindings(t.Context(), []store.Binding{a, {User: "nobody"}}); err != nil {
		t.Fatal(err)
	}
	got, err = s.Bindings(t.Context())
	if d := cmp.Diff([]store.Binding{b}, got, same); err != nil || d != "" {
		t.Errorf("err %v, bindings (-want +got):\n%s", err, d)
	}
}
