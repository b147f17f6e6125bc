package cases_test

import (
	"errors"
	"testing"

	"shouwen/cases"
)

// TestNobodyIsGivenAComplaintAboutHimself: whatever the move that names a person (C27).
func TestNobodyIsGivenAComplaintAboutHimself(t *testing.T) {
	r := rulebook(t, "township")
	r.Policy.AbsentHandler = []cases.Remedy{"stand_in"}
	boss := cases.Actor{User: "boss", Department: "repairs", Roles: []cases.Role{cases.RoleLeader, cases.RoleComplaintCentre}}
	c := openedBy("asker", t0, r)
	c.Department, c.State, c.File.Accused = "repairs", cases.HandedOver, "smith"
	for field, m := range map[string]cases.Move{
		"person":      cases.Assign{Person: "smith"},
		"named":       cases.Accept{Authority: true, Named: "smith"},
		"stand_in":    cases.Cover{Remedy: "stand_in", Absent: "jones", StandIn: "smith"},
		"coordinator": cases.Join{Departments: []string{"repairs", "billing"}, Coordinator: "smith"},
		"for":         cases.Entrust{Text: "look", For: "smith"},
		"to":          cases.HandOff{To: "smith", Note: "look"},
	} {
		_, _, err := c.Move(m, boss, t0, r)
		no, ok := errors.AsType[*cases.MoveError](err)
		if !ok || no.Reason != cases.RefusedFields || no.Fields[0].Field != field {
			t.Errorf("%s: %v", m.Kind(), err)
		}
	}
}
