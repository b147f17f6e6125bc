package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/profile"
	"shouwen/cases/store"
)

// TestS35R1_ThePersonnelOfTheSubstituteHasTheCase: what the store keeps of a case of a
// department that does not take part yet: it is on the substitute's desk, and its ledger
// says whose matter it is.
func TestS35R1_ThePersonnelOfTheSubstituteHasTheCase(t *testing.T) {
	t.Parallel()
	s, _ := filled(t)
	var err error
	if s.Rules.Policy, err = profile.Policy("none"); err != nil {
		t.Fatal(err)
	}
	s.Rules.Calendar = cases.Plain(time.UTC)
	s.Rules.People = func() cases.Directory {
		return cases.Directory{Departments: []cases.Department{{Name: "office"}, {Name: "roads", From: "2027-01-01", Substitute: "office"}}}
	}
	agent := cases.Actor{User: "agent1"}
	for i, m := range []cases.Move{
		cases.Registration{Content: "a pothole"},
		cases.HandOver{Department: "roads", Mode: cases.WarmRequired, Reached: true, Told: []cases.Told{"department", "contact"}},
	} {
		at := noon.Add(time.Duration(10+i) * time.Minute)
		if _, err := s.Move(t.Context(), store.Order{Case: "261123-1-0001", Move: m, By: agent, At: at, Key: uuid.NewString()}); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := s.Desk(t.Context(), "somebody", "office", 10); err != nil || len(list) != 1 || list[0].Department != "office" {
		t.Errorf("desk of the substitute: %v, %v", list, err)
	}
	if list, err := s.Desk(t.Context(), "somebody", "roads", 10); err != nil || len(list) != 0 {
		t.Errorf("desk of who does not take part: %v, %v", list, err)
	}
	c, ledger, err := s.Case(t.Context(), "261123-1-0001")
	if err != nil || c.File.Handed[0].Meant != "roads" || ledger[len(ledger)-1].Kind != cases.EventHandedOver {
		t.Errorf("%+v, %v", c.File.Handed, err)
	}
}
