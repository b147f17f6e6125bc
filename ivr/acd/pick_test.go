package acd_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shouwen/ivr/acd"
)

var morning = time.Date(2026, 9, 21, 9, 0, 0, 0, time.UTC)

func answer(user string, rank int, after time.Duration) acd.Answer {
	return acd.Answer{User: user, Rank: rank, At: morning.Add(after)}
}

func TestPick(t *testing.T) {
	const ms = time.Millisecond
	clerk, other, head := answer("clerk", 1, 0), answer("other", 1, 100*ms), answer("head", 5, 200*ms)
	type decision struct {
		Winner string
		Tied   []string
		Why    acd.TieBreak
	}
	tests := map[string]struct {
		answers []acd.Answer
		window  time.Duration
		want    decision
	}{
		"one answer wins": {[]acd.Answer{head}, 0, decision{"head", nil, acd.FirstOK}},
		"without a window the first wins, whoever he is":  {[]acd.Answer{head, clerk}, 0, decision{"clerk", nil, acd.FirstOK}},
		"within the window the higher rank wins":          {[]acd.Answer{clerk, head}, 200 * ms, decision{"head", []string{"clerk"}, acd.HigherRank}},
		"outside the window rank does not count":          {[]acd.Answer{clerk, head}, 199 * ms, decision{"clerk", nil, acd.FirstOK}},
		"of equal ranks the earlier wins":                 {[]acd.Answer{other, clerk}, 200 * ms, decision{"clerk", []string{"other"}, acd.FirstOK}},
		"the window is counted from the earliest":         {[]acd.Answer{clerk, other, head}, 150 * ms, decision{"clerk", []string{"other"}, acd.FirstOK}},
		"rank decides even when the higher was first too": {[]acd.Answer{answer("head", 5, 0), other}, 200 * ms, decision{"head", []string{"other"}, acd.HigherRank}},
		"at the same instant the one listed first wins":   {[]acd.Answer{answer("a", 1, 0), answer("b", 1, 0)}, 0, decision{"a", nil, acd.FirstOK}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			winner, tied, why := acd.Pick(tt.answers, tt.window)
			got := decision{Winner: winner.User, Why: why}
			for _, a := range tied {
				got.Tied = append(got.Tied, a.User)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestPickDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Distinct instants: only those decide equal ranks.
		at := rapid.SliceOfNDistinct(rapid.IntRange(0, 1000), 1, 8, rapid.ID).Draw(t, "at")
		var answers []acd.Answer
		for i, ms := range at {
			answers = append(answers, answer(string(rune('a'+i)), rapid.IntRange(1, 3).Draw(t, "rank"), time.Duration(ms)*time.Millisecond))
		}
		window := time.Duration(rapid.IntRange(0, 500).Draw(t, "window")) * time.Millisecond
		winner, tied, why := acd.Pick(answers, window)
		shuffled, tied2, why2 := acd.Pick(rapid.Permutation(answers).Draw(t, "shuffled"), window)
		if winner != shuffled || len(tied) != len(tied2) || why != why2 {
			t.Fatalf("%v %v %v, shuffled %v %v %v", winner, tied, why, shuffled, tied2, why2)
		}
		for _, a := range answers {
			if a.At.Add(window).Before(winner.At) {
				t.Fatalf("%v won, %v was earlier by more than %s", winner, a, window)
			}
		}
		for _, a := range tied {
			if a.Rank > winner.Rank || a.Rank == winner.Rank && a.At.Before(winner.At) {
				t.Fatalf("%v won over %v", winner, a)
			}
		}
	})
}
