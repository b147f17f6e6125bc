package sip

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// placed returns an endpoint of each priority and weight.
func placed(all ...[2]uint16) (endpoints []*endpoint) {
	for _, p := range all {
		endpoints = append(endpoints, &endpoint{place: place{priority: p[0], weight: p[1]}})
	}
	return endpoints
}

func TestEndpointsTakeTurns(t *testing.T) {
	t.Parallel()
	first := func(all []*endpoint, number int) int {
		return slices.Index(all, inTurn(all, func(int) int { return number })[0])
	}
	for name, tt := range map[string]struct {
		all  []*endpoint
		want []int // which is the first for the numbers 0, 1, 2, …
	}{
		"the lower priority, whatever its weight": {placed([2]uint16{20, 100}, [2]uint16{10, 1}), []int{1, 1}},
		"as often as the weight says":             {placed([2]uint16{10, 1}, [2]uint16{10, 3}), []int{0, 0, 1, 1, 1}},
		"no weight has a small chance":            {placed([2]uint16{10, 3}, [2]uint16{10, 0}), []int{1, 0, 0, 0}},
		"without weights as they are":             {placed([2]uint16{0, 0}, [2]uint16{0, 0}), []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for number, want := range tt.want {
				if got := first(tt.all, number); got != want {
					t.Errorf("number %d: endpoint %d is the first, want %d", number, got, want)
				}
			}
		})
	}
}

// TestEveryEndpointIsTriedOnce in the order of the priorities, and the choice is made
// among all numbers there are (RFC 2782).
func TestEveryEndpointIsTriedOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var all []*endpoint
		for range rapid.IntRange(0, 8).Draw(t, "endpoints") {
			all = append(all, placed([2]uint16{uint16(rapid.IntRange(0, 2).Draw(t, "priority")), uint16(rapid.SampledFrom([]int{0, 0, 1, 5, 65535}).Draw(t, "weight"))})...)
		}
		got := inTurn(all, func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "number") })
		if len(got) != len(all) || !slices.IsSortedFunc(got, func(a, b *endpoint) int { return int(a.priority) - int(b.priority) }) {
			t.Fatalf("%d of %d endpoints, or out of order", len(got), len(all))
		}
		for _, e := range all {
			if !slices.Contains(got, e) {
				t.Fatal("one is left out")
			}
		}
	})
}
