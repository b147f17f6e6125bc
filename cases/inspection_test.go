package cases_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
)

// townHall is a town office with a department that supervises.
var townHall = cases.Directory{
	Departments: []cases.Department{{Name: "civil"}, {Name: "farming"}, {Name: "watch", Supervises: true}},
	People: []cases.Person{
		{User: "head", Department: "civil", Roles: []cases.Role{cases.RoleLeader}},
		{User: "li", Department: "civil"},
		{User: "wu", Department: "civil"},
		{User: "vet", Department: "farming", Roles: []cases.Role{cases.RoleLeader}},
		{User: "eye", Department: "watch"},
		{User: "boss", Roles: []cases.Role{cases.RoleSupervisor}},
		{User: "sun", Roles: []cases.Role{cases.RoleAuditor}},
	},
}

// inspecting is an inspection that is going on.
type inspecting struct {
	t *testing.T
	cases.Inspection
	rules cases.Rulebook
	at    time.Time
}

func inspect(t *testing.T, policy string) *inspecting {
	t.Helper()
	return &inspecting{t, cases.Inspection{}, rulebook(t, policy), time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)}
}

// take takes steps, a minute apart.
func (i *inspecting) take(who string, steps ...cases.InspectionStep) {
	i.t.Helper()
	for _, s := range steps {
		if err := i.try(who, s); err != nil {
			i.t.Fatalf("%s: %v", who, err)
		}
	}
}

// try takes a step, and returns why it is refused.
func (i *inspecting) try(who string, s cases.InspectionStep) error {
	a, known := townHall.Actor(who)
	if !known {
		i.t.Fatalf("no user %s", who)
	}
	i.at = i.at.Add(time.Minute)
	was := i.Inspection
	is, err := was.Take(s, a, i.at, i.rules, townHall)
	if err != nil && cmp.Diff(was, is) != "" {
		i.t.Errorf("refused, and changed: %s", cmp.Diff(was, is))
	}
	i.Inspection = is
	return err
}

// refused says why a step is refused: its reason, the rule, and the fields that are wrong.
func (i *inspecting) refused(who string, s cases.InspectionStep) string {
	i.t.Helper()
	no, ok := errors.AsType[*cases.InspectionError](i.try(who, s))
	if !ok {
		i.t.Fatalf("%s may %s", who, s.Step())
	}
	words := []string{string(no.Reason), no.Rule}
	for _, f := range no.Fields {
		words = append(words, f.Field)
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

var fault = cases.RecordFinding{
	Kind: cases.FoundFault, Text: "nobody told the caller", Standard: "S01-R10", Case: "261123-1-0001", Department: "civil", Person: "li",
	Rectify: "tell him, and train the shift", For: "li",
}

// TestWhoInspectsWhom: S03-R6 the department for supervision, S03-R7 one department
// another, S03-R8 a body outside, S22-R6 everybody his own.
func TestWhoInspectsWhom(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		who  string
		step cases.Inspect
		want string // empty: it begins
	}{
		"the department for supervision": {"eye", cases.Inspect{By: cases.InspectBody, Department: "civil"}, ""},
		"all departments at once":        {"eye", cases.Inspect{By: cases.InspectBody}, ""},
		"another department":             {"li", cases.Inspect{By: cases.InspectBody, Department: "farming"}, "role S03-R6"},
		"one another":                    {"vet", cases.Inspect{By: cases.InspectMutual, Department: "civil"}, ""},
		"the own, as if another's":       {"li", cases.Inspect{By: cases.InspectMutual, Department: "civil"}, "role S03-R7"},
		"somebody of none":               {"sun", cases.Inspect{By: cases.InspectMutual, Department: "civil"}, "role S03-R7"},
		"the own, by any rank":           {"li", cases.Inspect{By: cases.InspectSelf, Department: "civil", Members: []string{"head"}}, ""},
		"another's own":                  {"vet", cases.Inspect{By: cases.InspectSelf, Department: "civil"}, "role S22-R6"},
		"nobody's own":                   {"boss", cases.Inspect{By: cases.InspectSelf}, "fields department"},
		"from outside":                   {"sun", cases.Inspect{By: cases.InspectExternal, Body: "市行评团"}, ""},
		"from outside, by whom?":         {"sun", cases.Inspect{By: cases.InspectExternal}, "fields body"},
		"from outside, says an agent":    {"li", cases.Inspect{By: cases.InspectExternal, Body: "市行评团"}, "role S03-R8"},
		"with strangers":                 {"eye", cases.Inspect{By: cases.InspectBody, Department: "lost", Members: []string{"ghost"}}, "fields department members"},
		"due before it begins":           {"eye", cases.Inspect{By: cases.InspectBody, Due: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}, "fields due"},
		"by nobody there is":             {"eye", cases.Inspect{By: "chance"}, "fields by"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			i := inspect(t, "enterprise_hotline")
			if tt.want == "" {
				i.take(tt.who, tt.step)
				if i.Lead != tt.who || !i.Open() || i.Opened.IsZero() {
					t.Errorf("%+v", i.Inspection)
				}
			} else if got := i.refused(tt.who, tt.step); got != tt.want {
				t.Errorf("refused for %q, want %q", got, tt.want)
			}
		})
	}
}

// TestARectificationIsTracked: S26-R4 it starts from the problem, names the person and the
// standard, is due, is proved, is verified by somebody else, and done again if it was not
// enough; S01-R12 what was found is on record.
func TestARectificationIsTracked(t *testing.T) {
	t.Parallel()
	i := inspect(t, "enterprise_hotline")
	i.rules.Policy.Supervision.Rectification = &cases.Limit{N: 3, Unit: cases.WorkingDays}
	i.take("eye", cases.Inspect{By: cases.InspectBody, Department: "civil"})
	for want, step := range map[string]cases.InspectionStep{
		"fields kind text department rectify for": cases.RecordFinding{},
		"fields person standard":                  cases.RecordFinding{Kind: cases.FoundFault, Text: "x", Department: "civil", Rectify: "x", For: "li"},
		"fields finding":                          cases.Rectified{Finding: 1},
		"role":                                    cases.Attend{User: "vet"},
	} {
		who := map[string]string{"role": "li"}[want]
		if who == "" {
			who = "eye"
		}
		if got := i.refused(who, step); got != want {
			t.Errorf("refused for %q, want %q", got, want)
		}
	}
	if got := i.refused("li", fault); got != "role" {
		t.Errorf("somebody who does not inspect: %q", got)
	}
	i.take("eye", cases.Attend{User: "vet"})
	i.take("vet", fault)
	put := func() cases.Rectification { return i.Findings[0].Put }
	due := time.Date(2026, 11, 26, 12, 0, 0, 0, i.rules.Calendar.Zone)
	if got := put(); got.State() != cases.RectifyOpen || got.Clock.Due.Sub(due).Abs() > time.Hour || !strings.Contains(got.Clock.Explain("en", i.rules.Calendar), "S26-R4") {
		t.Errorf("due %s: %s", got.Clock.Due, got.Clock.Explain("en", i.rules.Calendar))
	}
	if got := i.refused("eye", cases.CheckRectified{Finding: 1, OK: true, Opinion: "good"}); got != "state" {
		t.Errorf("verified before it was done: %q", got)
	}
	if got := i.refused("wu", cases.Rectified{Finding: 1, Done: "told", Evidence: "a call"}); got != "role" {
		t.Errorf("done by whose it is not: %q", got)
	}
	if got := i.refused("li", cases.Rectified{Finding: 1, Done: "told"}); got != "fields evidence" {
		t.Errorf("without evidence: %q", got)
	}
	i.take("li", cases.Rectified{Finding: 1, Done: "told", Evidence: "call of 14:05"})
	i.take("eye", cases.Conclude{Conclusion: "one fault"})
	if !i.Open() || put().State() != cases.RectifyReported {
		t.Errorf("concluded, and what was found is forgotten: %+v", i.Inspection)
	}
	if got := i.refused("li", cases.CheckRectified{Finding: 1, OK: true, Opinion: "good"}); got != "role" {
		t.Errorf("verified by himself: %q", got)
	}
	was := put().Clock.Due
	i.take("vet", cases.CheckRectified{Finding: 1, Opinion: "the shift was not trained"})
	if got := put(); got.State() != cases.RectifyOpen || got.Reopened != 1 || !got.Clock.Due.Equal(was) || got.Done != "" {
		t.Errorf("not enough: %+v", got)
	}
	if late := put().Clock.Late(was.Add(time.Hour)); late != time.Hour {
		t.Errorf("late by %s", late)
	}
	i.take("head", cases.Rectified{Finding: 1, Done: "trained", Evidence: "list of who came"}) // for his people
	later := was.AddDate(0, 0, 7)
	i.take("eye", cases.CheckRectified{Finding: 1, Opinion: "half of them", Due: later})
	if got := put(); got.Reopened != 2 || !got.Clock.Due.Equal(later) || got.Clock.Gen != 3 {
		t.Errorf("given more time: %+v", got)
	}
	i.take("li", cases.Rectified{Finding: 1, Done: "trained all", Evidence: "list"})
	i.take("boss", cases.CheckRectified{Finding: 1, OK: true, Opinion: "seen"})
	if got := put(); i.Open() || got.State() != cases.RectifyVerified || got.Checked != "boss" || got.Clock.Late(later.Add(time.Hour)) != 0 {
		t.Errorf("verified: %+v", got)
	}
	if got := i.refused("eye", cases.RecordFinding{Kind: cases.FoundNeed, Text: "x", Department: "civil", Rectify: "x", For: "li"}); got != "state" {
		t.Errorf("found after the end: %q", got)
	}
}

// TestS22R6_AllRanksTakePartAndNeedsAreCollected: S22-R6 who leads and who works look at
// their own department, and what people need who were asked unasked is followed like a
// fault, of which nobody is to blame.
func TestS22R6_AllRanksTakePartAndNeedsAreCollected(t *testing.T) {
	t.Parallel()
	i := inspect(t, "township")
	i.take("li", cases.Inspect{By: cases.InspectSelf, Department: "civil", Members: []string{"wu"}})
	i.take("wu", cases.RecordFinding{Kind: cases.FoundNeed, Text: "孤寡老人不便来办", Department: "civil", Rectify: "上门办理", For: "wu", Due: i.at.AddDate(0, 0, 9)})
	if got := i.refused("li", cases.Conclude{Conclusion: "done"}); got != "fields S22-R6 members" {
		t.Errorf("without the leader: %q", got)
	}
	i.take("li", cases.Attend{User: "head"}, cases.Conclude{Conclusion: "done"})
	if f := i.Findings[0]; f.Person != "" || f.Put.For != "wu" || f.Put.Clock.Promised.IsZero() || !i.Open() {
		t.Errorf("%+v", f)
	}
}

// TestTheProgrammeOfInspections: S03-R8 regularly, by the number the organisation gives;
// where it gives none, when it was held last is known and nothing is due. A department that
// does not take part yet is not inspected (S35-R1).
func TestTheProgrammeOfInspections(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 8*3600)
	day := func(s string) time.Time {
		t.Helper()
		d, err := cases.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return d.Start(zone)
	}
	s := cases.Supervision{Inspections: []cases.InspectionPolicy{
		{By: cases.InspectSelf, Every: "quarterly"}, {By: cases.InspectMutual, Every: "regular"}, {By: cases.InspectBody, Every: "half_yearly"}, {By: cases.InspectExternal, Every: "yearly"},
	}}
	of := townHall
	of.Departments = append(slices.Clone(of.Departments), cases.Department{Name: "new", From: "2027-01-01"})
	var got []string
	for _, a := range s.Programme(of, []cases.Inspected{
		{By: cases.InspectSelf, Department: "civil", At: day("2026-08-03")}, {By: cases.InspectSelf, Department: "civil", At: day("2026-02-03")},
		{By: cases.InspectMutual, Department: "farming", At: day("2026-05-03")}, {By: cases.InspectBody, At: day("2025-12-31")}, {By: cases.InspectExternal, At: day("2026-11-01")},
	}, day("2025-05-01"), day("2026-11-23"), zone) {
		due := "-"
		if !a.Due.IsZero() {
			due = a.Due.In(zone).Format("2006-01-02 15:04:05")
		}
		got = append(got, strings.TrimSpace(string(a.By)+" "+a.Department)+": "+due)
	}
	want := []string{
		"self civil: 2026-12-31 23:59:59", "self farming: 2025-06-30 23:59:59", "self watch: 2025-06-30 23:59:59",
		"mutual civil: -", "mutual farming: -", "mutual watch: -",
		"body civil: 2026-06-30 23:59:59", "body farming: 2026-06-30 23:59:59",
		"external: 2027-12-31 23:59:59",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestWhoSeesAnInspection: who is found fault with sees that and no more.
func TestWhoSeesAnInspection(t *testing.T) {
	t.Parallel()
	i := inspect(t, "enterprise_hotline")
	other := fault
	other.Person, other.For, other.Department = "wu", "wu", "farming"
	i.take("eye", cases.Inspect{By: cases.InspectBody}, fault, other)
	for who, want := range map[string][]int{"eye": {0, 1}, "boss": {0, 1}, "sun": {0, 1}, "li": {0}, "wu": {1}, "head": {0}, "vet": {1}} {
		a, _ := townHall.Actor(who)
		if got := i.Shown(a, townHall); !slices.Equal(got, want) || !i.Visible(a, townHall) {
			t.Errorf("%s sees %v, want %v", who, got, want)
		}
	}
	if (cases.Inspection{By: cases.InspectBody, Lead: "eye"}).Visible(cases.Actor{User: "li", Department: "civil"}, townHall) {
		t.Error("everybody sees it")
	}
}
