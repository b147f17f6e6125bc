package cases

import (
	"errors"
	"math"
	"slices"
)

// Grade is what a score amounts to.
type Grade string

// The grades.
const (
	GradeFail      Grade = "fail"
	GradePass      Grade = "pass"
	GradeExcellent Grade = "excellent"
)

// ErrSample means that too few recipients were asked for a score to count.
var ErrSample = errors.New("too few recipients were asked")

// Score returns the score, 0 to 100, of the group's and the recipients' scores by the
// weights of a, when so many recipients were asked (S24-R35). The error is ErrSample.
func (a Assessment) Score(group, recipients float64, asked int) (float64, error) {
	if asked < a.MinRecipients {
		return 0, ErrSample
	}
	return (float64(a.GroupWeight)*group + float64(a.RecipientsWeight)*recipients) / 100, nil
}

// Rating is what an assessment comes to.
type Rating struct {
	Group      float64 // score of the group's indicators, 0 to 100
	Recipients float64 // mean of the recipients' scores
	Asked      int     // recipients
	Score      float64 // of both, by their weights
	Grade      Grade
	Excellent  bool // may still be called excellent in his yearly appraisal (S24-R37)
}

// ErrUnrated means that a policy knows no formula, or that a score is none.
var ErrUnrated = errors.New("the policy has no formula for scores, or a score is not from 0 to 100")

// Rate returns the rating of a group's score and those the recipients gave, each 0 to
// 100 (S24-R35, S24-R36). The error is ErrSample or ErrUnrated.
func (a Assessment) Rate(group float64, recipients []float64) (Rating, error) {
	none := func(score float64) bool { return !(score >= 0 && score <= 100) } // NaN is none, too
	if a.GroupWeight+a.RecipientsWeight == 0 || none(group) || slices.ContainsFunc(recipients, none) {
		return Rating{}, ErrUnrated
	}
	sum := 0.0
	for _, score := range recipients {
		sum += score
	}
	r := Rating{Group: group, Recipients: sum / float64(max(1, len(recipients))), Asked: len(recipients)}
	var err error
	if r.Score, err = a.Score(group, r.Recipients, r.Asked); err != nil {
		return Rating{}, err
	}
	r.Grade = a.Grade(r.Score)
	r.Excellent = r.Grade != GradeFail
	return r, nil
}

// OnScale returns the score, 0 to 100, of an answer from 1 to 5.
func OnScale(answer int) float64 { return float64(answer) * 20 }

// Grade returns the grade of a score. The regulation leaves scores between the highest
// of pass and the lowest of excellent without one; GapPolicy decides (S24-R36).
func (a Assessment) Grade(score float64) Grade {
	inGap := a.InGap(score)
	switch {
	case inGap && a.GapPolicy == GapNextGrade:
		return GradeExcellent
	case inGap && a.GapPolicy == GapRound:
		score = math.Round(score)
	case inGap:
		score = math.Floor(score)
	}
	switch {
	case score >= float64(a.Excellent):
		return GradeExcellent
	case score >= float64(a.Pass):
		return GradePass
	}
	return GradeFail
}

// InGap tells whether the regulation has no grade for a score: whoever is told the grade
// is told that GapPolicy gave it (S24-R36).
func (a Assessment) InGap(score float64) bool {
	return score > float64(a.PassUpTo) && score < float64(a.Excellent)
}

// Propose returns the steps of the ladder that may be proposed for an offence which was
// verified for the count-th time (from 1) and had a consequence, from the mildest up: a
// person decides. Of steps by count it is the one for that count, and the last for all
// after it. Nothing is proposed for what nobody has verified (count 0).
func (s Sanctions) Propose(offence string, count int, consequence Consequence) (all []SanctionStep) {
	fits := func(step SanctionStep) bool {
		return (step.Offence == "" || step.Offence == offence) && (step.Consequence == "" || step.Consequence == consequence) && step.Count <= count
	}
	if count < 1 || !slices.ContainsFunc(s.Offences, func(o Offence) bool { return o.Code == offence }) {
		return nil
	}
	for _, step := range s.Steps {
		if !fits(step) {
			continue
		}
		if last := len(all) - 1; step.Count > 0 && last >= 0 && all[last].Count > 0 && all[last].Offence == step.Offence {
			all[last] = step
			continue
		}
		all = append(all, step)
	}
	return all
}
