package cases_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"shouwen/cases"
)

// TestDrawIsReproducible: S33-R10 what a manager checks is drawn by lot, and whoever has
// the seed draws the same, in any order and on any machine.
func TestDrawIsReproducible(t *testing.T) {
	t.Parallel()
	var from []cases.CaseNumber
	for i := range 10 {
		from = append(from, cases.CaseNumber(fmt.Sprintf("261123-1-%04d", i+1)))
	}
	// printf '%s\n261123-1-%04d' seed n | sha256sum, sorted
	want := []cases.CaseNumber{"261123-1-0005", "261123-1-0008", "261123-1-0007"}
	if got := cases.Draw("seed", from, 3); !slices.Equal(got, want) {
		t.Errorf("drawn %v, want %v", got, want)
	}
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.Permutation(from).Draw(t, "from")
		seed, n := rapid.String().Draw(t, "seed"), rapid.IntRange(-1, 12).Draw(t, "n")
		drawn := cases.Draw(seed, all, n)
		if !slices.Equal(drawn, cases.Draw(seed, from, n)) || len(drawn) != max(0, min(n, len(from))) {
			t.Fatalf("%d: %v", n, drawn)
		}
		if len(drawn) > 0 && len(drawn) < len(from) { // without one that was not drawn, the same are
			rest := slices.DeleteFunc(slices.Clone(all), func(c cases.CaseNumber) bool { return slices.Contains(drawn, c) })
			fewer := slices.DeleteFunc(slices.Clone(all), func(c cases.CaseNumber) bool { return c == rest[0] })
			if !slices.Equal(drawn, cases.Draw(seed, fewer, n)) {
				t.Fatalf("%s counts", rest[0])
			}
		}
	})
}

func TestEveryCaseIsDrawnAboutAsOften(t *testing.T) {
	t.Parallel()
	var from []cases.CaseNumber
	for i := range 20 {
		from = append(from, cases.CaseNumber(fmt.Sprintf("261123-1-%04d", i+1)))
	}
	times := map[cases.CaseNumber]int{}
	for seed := range 4000 {
		for _, n := range cases.Draw(fmt.Sprint(seed), from, 5) {
			times[n]++
		}
	}
	for _, n := range from {
		if times[n] < 850 || times[n] > 1150 { // 1000 are expected, the deviation is 27
			t.Errorf("%s was drawn %d times", n, times[n])
		}
	}
}

func TestSampleSize(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ all, percent, want int }{
		{0, 10, 0}, {1, 10, 1}, {4, 10, 1}, {15, 10, 2}, {14, 10, 1}, {100, 10, 10}, {100, 0, 0}, {100, 100, 100}, {100, 120, 100}, {-1, 10, 0},
	} {
		if got := cases.SampleSize(tt.all, tt.percent); got != tt.want {
			t.Errorf("%d %% of %d: %d, want %d", tt.percent, tt.all, got, tt.want)
		}
	}
}
