package cases_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
)

// heard are the stages of an inspection that come until a time, with who is told.
func (i *inspecting) heard(until time.Time) string {
	var lines []string
	is, fired := i.Fire(until, i.rules.Policy.In(i.rules.Calendar))
	i.Inspection = is
	for _, f := range fired {
		var who []string
		for _, r := range i.Told(townHall, f) {
			who = append(who, r.Person.User)
		}
		lines = append(lines, fmt.Sprintf("%s of %d: %s", f.Stage.Kind, f.Finding, strings.Join(who, " ")))
	}
	return strings.Join(lines, "\n")
}

// TestRectificationsMakeThemselvesHeard: S26-R4 what was found is followed: who puts it
// right is reminded, who leads the inspection is told in time, the supervisors when it is
// late, each once, and anew when there is another time limit.
func TestRectificationsMakeThemselvesHeard(t *testing.T) {
	t.Parallel()
	i := inspect(t, "enterprise_hotline")
	i.rules.Policy.Warn, i.rules.Policy.Escalation = cases.Warnings{Remind: 50, AtRisk: 75}, cases.Escalation{Levels: []cases.Party{cases.PartyOwnLeader}}
	cal := i.rules.Policy.In(i.rules.Calendar)
	i.take("eye", cases.Inspect{By: cases.InspectBody, Department: "civil"})
	if !i.Next(cal).IsZero() {
		t.Errorf("nothing was found, and next is %s", i.Next(cal))
	}
	one := fault
	one.Due = i.at.AddDate(0, 0, 10)
	found := i.at
	i.take("eye", one)
	for _, tt := range []struct {
		days float64
		want string
	}{
		{4.9, ""}, {5.1, "remind of 1: li"}, {5.2, ""}, {7.6, "at_risk of 1: li eye"}, {10.1, "breach of 1: boss\nescalate of 1: head"}, {11, ""},
	} {
		until := found.Add(time.Duration(tt.days * 24 * float64(time.Hour)))
		if diff := cmp.Diff(tt.want, i.heard(until)); diff != "" {
			t.Errorf("after %g days: %s", tt.days, diff)
		}
		if next := i.Next(cal); !next.IsZero() && !next.After(until) {
			t.Errorf("after %g days: next is %s", tt.days, next)
		}
	}
	i.at = found.AddDate(0, 0, 11)
	i.take("li", cases.Rectified{Finding: 1, Done: "told", Evidence: "a call"})
	i.take("eye", cases.CheckRectified{Finding: 1, Opinion: "half", Due: i.at.AddDate(0, 0, 2)})
	if got := i.heard(i.at.AddDate(0, 0, 3)); got != "remind of 1: li\nat_risk of 1: li eye\nbreach of 1: boss\nescalate of 1: head" {
		t.Errorf("with another time limit: %s", got)
	}
	i.take("li", cases.Rectified{Finding: 1, Done: "told", Evidence: "a call"})
	i.take("eye", cases.CheckRectified{Finding: 1, Opinion: "good", OK: true})
	if got := i.heard(i.at.AddDate(1, 0, 0)); got != "" || !i.Next(cal).IsZero() {
		t.Errorf("verified, and still %s", got)
	}
}
