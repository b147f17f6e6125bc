package cases_test

import (
	"errors"
	"testing"
	"time"

	"shouwen/cases"
)

// TestS35R1_DepartmentsAreTakenInOneByOne: until its day a department's matters are its
// substitute's or somebody outside's, as the policy says; from then on its own.
func TestS35R1_DepartmentsAreTakenInOneByOne(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 8*3600)
	at := func(s string) time.Time {
		t.Helper()
		v, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	d := cases.Directory{
		Departments: []cases.Department{{Name: "office"}, {Name: "roads", From: "2027-01-01", Substitute: "office"}, {Name: "parks", From: cases.Later}},
		Categories:  []cases.Category{{Name: "pothole", Department: "roads"}, {Name: "tree", Department: "parks"}, {Name: "form", Department: "office"}},
	}
	if faults := d.Check(); faults != nil {
		t.Fatal(faults)
	}
	for name, tt := range map[string]struct {
		before             cases.Beforehand
		at                 string
		roads, parks       string // who has a matter of theirs; empty: nobody of us
		pothole, tree, own string // who is competent
	}{
		"the last minute":        {cases.BeforeSubstitute, "2026-12-31 23:59", "office", "", "office", "", "office"},
		"its first day":          {cases.BeforeSubstitute, "2027-01-01 00:00", "roads", "", "roads", "", "office"},
		"no substitutes":         {cases.BeforeOutside, "2026-12-31 23:59", "", "", "", "", "office"},
		"its first day, as well": {cases.BeforeOutside, "2027-01-01 00:00", "roads", "", "roads", "", "office"},
	} {
		r, now := cases.RollOut{Before: tt.before}, at(tt.at)
		for department, want := range map[string]string{"office": "office", "roads": tt.roads, "parks": tt.parks} {
			of, _ := d.Department(department)
			if got, ours := r.Instead(of, now, zone); ours != (want != "") || ours && got != want {
				t.Errorf("%s: a matter of %s is %s's, %t, want %q", name, department, got, ours, want)
			}
		}
		seen := d.At(now, r, zone)
		for category, want := range map[string]string{"pothole": tt.pothole, "tree": tt.tree, "form": tt.own} {
			if got, _ := seen.ByCategory(category); got.Name != want {
				t.Errorf("%s: for a %s %q is competent, want %q", name, category, got.Name, want)
			}
		}
	}

	wrong := cases.Directory{Departments: []cases.Department{
		{Name: "a", From: "soon"}, {Name: "b", Substitute: "a"}, {Name: "c", From: cases.Later, Substitute: "nobody"},
	}}
	if faults := wrong.Check(); len(faults) != 4 {
		t.Errorf("%v", faults)
	}
}

// TestS35R1_ACaseOfADepartmentOutside: it is handed to the substitute, and why is on the
// ledger; without one the move is refused, and the caller is referred there.
func TestS35R1_ACaseOfADepartmentOutside(t *testing.T) {
	t.Parallel()
	r := rulebook(t, "none")
	r.People = func() cases.Directory {
		return cases.Directory{Departments: []cases.Department{
			{Name: "office"}, {Name: "roads", From: "2025-03-05", Substitute: "office"}, {Name: "parks", From: cases.Later},
		}}
	}
	clerk := cases.Actor{User: "clerk"}
	move := func(c cases.Case, m cases.Move, at time.Time) (cases.Case, error) {
		is, _, err := c.Move(m, clerk, at, r)
		return is, err
	}
	c := openedBy("clerk", t0, r)
	c, err := move(c, cases.Registration{Content: "a pothole"}, t0)
	if err != nil {
		t.Fatal(err)
	}
	to := func(department string) cases.HandOver {
		return cases.HandOver{Department: department, Mode: cases.WarmRequired, Reached: true, Told: []cases.Told{"department", "contact"}}
	}
	instead, err := move(c, to("roads"), t0)
	if err != nil || instead.Department != "office" || instead.File.Handed[0].Meant != "roads" {
		t.Errorf("to the substitute: %s, %+v, %v", instead.Department, instead.File.Handed, err)
	}
	_, err = move(c, to("parks"), t0)
	if no, ok := errors.AsType[*cases.MoveError](err); !ok || no.Reason != cases.RefusedPolicy || no.Rule != "S35-R1" {
		t.Errorf("to nobody of us: %v", err)
	}
	outside, err := move(c, cases.ReferOut{Body: "parks", Helped: "rang them"}, t0)
	if err != nil || outside.File.Outside == nil {
		t.Errorf("referred there: %v", err)
	}
	inside, err := move(c, to("roads"), t0.AddDate(0, 0, 1))
	if err != nil || inside.Department != "roads" || inside.File.Handed[0].Meant != "" {
		t.Errorf("once it takes part: %s, %v", inside.Department, err)
	}
	r.Policy.RollOut.Before = cases.BeforeOutside
	if _, err = move(c, to("roads"), t0); err == nil {
		t.Error("handed over, though the policy has no substitutes")
	}
	if back, err := move(c, to("office"), t0); err != nil || back.Department != "office" {
		t.Errorf("to a department that always took part: %v", err)
	}
}
