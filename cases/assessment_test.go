package cases_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"shouwen/cases"
)

// TestRate: S24-R35 60 % of the group, 40 % of twenty recipients or more; S24-R36 the
// grades, with the gap between 89 and 90 as a setting; S24-R37 who fails cannot be
// excellent, S03-R5 who does well can.
func TestRate(t *testing.T) {
	t.Parallel()
	town := cases.Assessment{GroupWeight: 60, RecipientsWeight: 40, MinRecipients: 20, Pass: 60, PassUpTo: 89, Excellent: 90, GapPolicy: cases.GapFloor}
	same := func(n int, score float64) []float64 { return slices.Repeat([]float64{score}, n) }
	gap := func(g cases.GapPolicy) cases.Assessment { a := town; a.GapPolicy = g; return a }
	for name, tt := range map[string]struct {
		a          cases.Assessment
		group      float64
		recipients []float64
		want       float64
		grade      cases.Grade
		err        error
	}{
		"in the gap, down":        {town, 90, same(20, 88), 89.2, cases.GradePass, nil},
		"in the gap, rounded":     {gap(cases.GapRound), 90, same(20, 88), 89.2, cases.GradePass, nil},
		"in the gap, rounded up":  {gap(cases.GapRound), 90, same(20, 89), 89.6, cases.GradeExcellent, nil},
		"in the gap, the next":    {gap(cases.GapNextGrade), 90, same(20, 88), 89.2, cases.GradeExcellent, nil},
		"excellent":               {town, 90, same(20, 90), 90, cases.GradeExcellent, nil},
		"at the top of pass":      {gap(cases.GapNextGrade), 89, same(20, 89), 89, cases.GradePass, nil},
		"just passed":             {town, 60, same(25, 60), 60, cases.GradePass, nil},
		"just failed":             {town, 59.99, same(25, 60), 59.994, cases.GradeFail, nil},
		"not even rounded":        {gap(cases.GapRound), 59.99, same(25, 60), 59.994, cases.GradeFail, nil},
		"the mean counts":         {town, 80, append(same(10, 100), same(10, 60)...), 80, cases.GradePass, nil},
		"too few":                 {town, 90, same(19, 88), 0, "", cases.ErrSample},
		"nobody":                  {town, 90, nil, 0, "", cases.ErrSample},
		"more than all":           {town, 101, same(20, 88), 0, "", cases.ErrUnrated},
		"less than nothing":       {town, 90, same(20, -1), 0, "", cases.ErrUnrated},
		"not a number":            {town, math.NaN(), same(20, 88), 0, "", cases.ErrUnrated},
		"no formula in the rules": {cases.Assessment{}, 90, same(20, 88), 0, "", cases.ErrUnrated},
	} {
		r, err := tt.a.Rate(tt.group, tt.recipients)
		if !errors.Is(err, tt.err) || math.Abs(r.Score-tt.want) > 1e-9 || r.Grade != tt.grade || r.Excellent != (err == nil && tt.grade != cases.GradeFail) {
			t.Errorf("%s: %+v, %v, want %v %s, %v", name, r, err, tt.want, tt.grade, tt.err)
		}
	}
	for answer, want := range map[int]float64{1: 20, 3: 60, 5: 100} {
		if got := cases.OnScale(answer); got != want {
			t.Errorf("an answer of %d is %v", answer, got)
		}
	}
}

// TestRateIsBetweenBothAndNeverFallsWithAnAnswer: whatever the policy, a better answer
// never makes a worse grade.
func TestRateIsBetweenBothAndNeverFallsWithAnAnswer(t *testing.T) {
	t.Parallel()
	order := []cases.Grade{cases.GradeFail, cases.GradePass, cases.GradeExcellent}
	rapid.Check(t, func(t *rapid.T) {
		weight := rapid.IntRange(0, 100).Draw(t, "weight")
		a := cases.Assessment{GroupWeight: weight, RecipientsWeight: 100 - weight, MinRecipients: rapid.IntRange(0, 30).Draw(t, "least"),
			Pass: 60, PassUpTo: 89, Excellent: 90, GapPolicy: rapid.SampledFrom([]cases.GapPolicy{cases.GapFloor, cases.GapRound, cases.GapNextGrade}).Draw(t, "gap")}
		group := rapid.Float64Range(0, 100).Draw(t, "group")
		given := rapid.SliceOfN(rapid.Float64Range(0, 99), 1, 40).Draw(t, "recipients")
		r, err := a.Rate(group, given)
		if (err != nil) != (len(given) < a.MinRecipients) {
			t.Fatalf("%d asked of %d: %v", len(given), a.MinRecipients, err)
		}
		if err != nil {
			return
		}
		if r.Score < min(r.Group, r.Recipients)-1e-9 || r.Score > max(r.Group, r.Recipients)+1e-9 {
			t.Fatalf("%+v", r)
		}
		given[rapid.IntRange(0, len(given)-1).Draw(t, "whose")] += 1
		better, err := a.Rate(group, given)
		if err != nil || slices.Index(order, better.Grade) < slices.Index(order, r.Grade) {
			t.Fatalf("%+v, then %+v, %v", r, better, err)
		}
	})
}
