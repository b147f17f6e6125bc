package cases

import (
	"fmt"
	"slices"
	"time"
)

// Fire returns i with the stages of its rectifications that came until now, each of them
// once, and those stages, in the order of its findings.
func (i Inspection) Fire(now time.Time, cal Calendar) (Inspection, []FiredStage) {
	var all []FiredStage
	i.Findings = slices.Clone(i.Findings)
	for n := range i.Findings {
		f := &i.Findings[n]
		k := f.Put.Clock
		for _, stage := range f.Put.toCome(cal) {
			if stage.At.After(now) {
				break
			}
			f.Put.Stage++
			all = append(all, FiredStage{
				Inspection: i.ID, Finding: n + 1, Clock: k.Kind, Gen: k.Gen, Due: k.Due, Stage: stage, Late: Span(now.Sub(stage.At)), Department: f.Department,
			})
		}
	}
	return i, all
}

// Next returns when the next stage of a rectification of i comes; zero: none does.
func (i Inspection) Next(cal Calendar) (next time.Time) {
	for _, f := range i.Findings {
		if all := f.Put.toCome(cal); len(all) > 0 && (next.IsZero() || all[0].At.Before(next)) {
			next = all[0].At
		}
	}
	return next
}

// toCome are the stages of the clock of r that have not come.
func (r Rectification) toCome(cal Calendar) []Stage {
	all := r.Clock.Stages(cal)
	return all[min(r.Stage, len(all)):]
}

// Key tells repeats of a stage of a rectification.
func (f FiredStage) Key() string {
	return fmt.Sprintf("inspection:%d:%d:%d:%s:%d", f.Inspection, f.Finding, f.Gen, f.Stage.Kind, f.Stage.Level)
}

// Told returns who in d is told of a stage of one of i's rectifications: who puts it right
// is its handler, who leads the inspection is responsible. Nobody is told who may not see it.
func (i Inspection) Told(d Directory, f FiredStage) []Recipient {
	found := i.Findings[f.Finding-1]
	as := Case{Handler: found.Put.For, Responsible: i.Lead, Department: found.Department}
	return d.told(f.Stage.To, func(a Actor, party Party) bool { return as.isParty(a, party) && i.Visible(a, d) })
}
