package cases_test

import (
	"slices"
	"testing"

	"shouwen/cases"
)

// TestTheDirectorySaysWhoseDutyWhatIs: S07-R2 which department a matter is for, S24-R1 who
// holds a post, S03-R1 who leads, manages and does the work, S09-R9 what somebody can.
func TestTheDirectorySaysWhoseDutyWhatIs(t *testing.T) {
	t.Parallel()
	d := cases.Directory{
		Departments: []cases.Department{{Name: "water"}, {Name: "desk"}},
		Categories:  []cases.Category{{Name: "burst_pipe", Department: "water"}},
		People: []cases.Person{
			{User: "chief", Extension: "1001", Department: "water", Roles: []cases.Role{cases.RoleLeader}, Posts: []cases.Party{cases.PartyLeaderInCharge}},
			{User: "smith", Extension: "1002", Department: "water", Roles: []cases.Role{cases.RoleHandler}},
			{User: "asker", Extension: "1003", Department: "desk", Skills: map[string]int{"english": 2}},
		},
	}
	if err := d.Check(); err != nil {
		t.Fatal(err)
	}
	if dept, ok := d.ByCategory("burst_pipe"); !ok || dept.Name != "water" {
		t.Errorf("a burst pipe is for %+v", dept)
	}
	if _, ok := d.ByCategory("noise"); ok {
		t.Error("noise is for somebody")
	}
	chief, _ := d.Actor("chief")
	smith, _ := d.Actor("smith")
	if !slices.Contains(chief.Posts, cases.PartyLeaderInCharge) || !chief.Has(cases.RoleLeader) || !smith.Has(cases.RoleHandler) || smith.Has(cases.RoleLeader) || smith.Has(cases.RoleAgent) {
		t.Errorf("chief %+v, smith %+v", chief, smith)
	}
	if asker, _ := d.Person("asker"); asker.Skills["english"] != 2 || !asker.Has(cases.RoleAgent) {
		t.Errorf("asker %+v", asker)
	}
	d.Categories[0].Department = "gas"
	if d.Check() == nil {
		t.Error("a matter is for a department that is not there")
	}
}
