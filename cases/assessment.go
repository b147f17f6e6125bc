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

// Grade returns the grade of a score. The regulation leaves scores between the highest
// of pass and the lowest of excellent without one; GapPolicy decides (S24-R36).
func (a Assessment) Grade(score float64) Grade {
	inGap := score > float64(a.PassUpTo) && score < float64(a.Excellent)
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
