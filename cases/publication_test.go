package cases_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shouwen/cases"
)

// TestAnonymous: S03-R11, S04-R10, S33-R12, S24-R34 results are published; nobody is
// recognised in them.
func TestAnonymous(t *testing.T) {
	t.Parallel()
	group := func(name string, n int) cases.Figures { return cases.Figures{Group: name, Cases: n} }
	for name, tt := range map[string]struct{ in, want []cases.Figures }{
		"all large enough":           {[]cases.Figures{group("a", 5), group("b", 9)}, []cases.Figures{group("b", 9), group("a", 5)}},
		"small ones together":        {[]cases.Figures{group("a", 4), group("b", 9), group("c", 1)}, []cases.Figures{group("b", 9), group("other", 5)}},
		"one small, with the next":   {[]cases.Figures{group("a", 4), group("b", 9), group("c", 6)}, []cases.Figures{group("b", 9), group("other", 10)}},
		"too few in all":             {[]cases.Figures{group("a", 2), group("b", 2)}, nil},
		"nothing":                    {nil, nil},
		"an other there was already": {[]cases.Figures{group("other", 7), group("b", 9)}, []cases.Figures{group("b", 9), group("other", 7)}},
	} {
		if diff := cmp.Diff(tt.want, cases.Anonymous(tt.in, 5)); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
	for _, tt := range []struct {
		r    cases.Rate
		want int
		ok   bool
	}{{cases.Rate{Part: 4, Of: 5}, 80, true}, {cases.Rate{Part: 2, Of: 3}, 0, false}, {cases.Rate{Part: 2, Of: 6}, 33, true}, {cases.Rate{}, 0, false}} {
		if got, ok := tt.r.Publishable(5); got != tt.want || ok != tt.ok {
			t.Errorf("%+v: %d, %t", tt.r, got, ok)
		}
	}
}

func TestNothingSmallIsPublishedAndNothingLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(1, 12).Draw(t, "k")
		var in []cases.Figures
		total := 0
		for i, n := range rapid.SliceOfN(rapid.IntRange(1, 30), 0, 12).Draw(t, "cases") {
			in = append(in, cases.Figures{Group: string(rune('a' + i)), Cases: n})
			total += n
		}
		out, sum := cases.Anonymous(in, k), 0
		for _, g := range out {
			if g.Cases < k {
				t.Fatalf("%+v of fewer than %d", g, k)
			}
			sum += g.Cases
		}
		if sum != total && (total >= k || sum != 0) {
			t.Fatalf("%d of %d cases are published: %+v", sum, total, out)
		}
	})
}
