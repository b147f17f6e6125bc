package store_test

import (
	"slices"
	"strings"
	"testing"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
)

func TestAFactThatCannotApplyHoldsUpNothing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil func([]cases.Fact) // the facts of an answered call
		want  []string           // errors of the rejected, in their order
	}{
		"malformed": {func(f []cases.Fact) { f[3].Ended.Cause = "bored" }, []string{`end cause "bored"`}},
		"an id that is none": {func(f []cases.Fact) { f[3].ID = "x\x00\xff" },
			[]string{"ids are UUIDs"}},
		"out of order": {func(f []cases.Fact) { f[0], f[1] = f[1], f[0] }, []string{"offered while unknown"}},
		"what the schema refuses": {func(f []cases.Fact) { f[1].Offered.Round = 0 },
			[]string{"offer_round_check"}},
		"too long for an index": {func(f []cases.Fact) { f[0].Arrived.Caller.E164 = cases.Number("+" + noise(20000)) },
			[]string{"index row", "ended while waiting"}},
		"the number of another call's case": {func(f []cases.Fact) { f[2].Case, f[3].Case = "261123-1-0002", "261123-1-0002" },
			[]string{"belongs to call", "ended while waiting"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := storetest.New(t)
			bad := answered(1, "+861055550101", "agent1")
			tt.spoil(bad)
			facts := slices.Concat(answered(2, "+861055550102", "agent2"), bad, answered(3, "+861055550103", "agent2"))
			for range 2 { // replay changes nothing
				if err := s.Apply(t.Context(), facts); err != nil {
					t.Fatal(err)
				}
			}
			rejected, err := s.Rejected(t.Context(), 10)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rejected {
				got = append(got, r.Error)
			}
			if !slices.EqualFunc(got, tt.want, strings.Contains) {
				t.Errorf("rejected = %q, want %q", got, tt.want)
			}
			for _, n := range []cases.CaseNumber{"261123-1-0002", "261123-1-0003"} {
				if c, _, err := s.Case(t.Context(), n); err != nil || c.Call.Cause != cases.EndCaller {
					t.Errorf("case %s: %+v, %v", n, c, err)
				}
			}
		})
	}
}

// noise returns n letters that do not compress.
func noise(n int) string {
	var b strings.Builder
	x := uint32(1)
	for range n {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b.WriteByte('!' + byte(x%90))
	}
	return b.String()
}

func TestRejectedFactsCanBeAppliedOnceWhatTheyMissedIsThere(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	facts := answered(1, "+861055550101", "agent1")
	if err := s.Apply(t.Context(), facts[1:]); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Case(t.Context(), "261123-1-0001"); err == nil {
		t.Fatal("a case without its caller")
	}
	if err := s.Apply(t.Context(), facts[:1]); err != nil {
		t.Fatal(err)
	}
	rejected, err := s.Rejected(t.Context(), 10)
	if err != nil || len(rejected) != 3 {
		t.Fatal(rejected, err)
	}
	var again []cases.Fact
	for _, r := range rejected {
		again = append(again, r.Fact)
	}
	if err := s.Apply(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	c, _, err := s.Case(t.Context(), "261123-1-0001")
	if err != nil || c.FirstAsker != "agent1" || c.Call.Cause != cases.EndCaller {
		t.Errorf("case %+v, %v", c, err)
	}
	if rejected, err := s.Rejected(t.Context(), 10); err != nil || len(rejected) != 0 {
		t.Errorf("still rejected: %v, %v", rejected, err)
	}
}
