package cases_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"shouwen/cases"
)

// TestNobodyNamesATimeThousandsOfYearsAhead: clocks count its days, in every statement
// that writes them.
func TestNobodyNamesATimeThousandsOfYearsAhead(t *testing.T) {
	r := rulebook(t, "property_csc")
	r.Policy.Extension = cases.ExtensionPolicy{Mode: cases.ByApproval}
	r.Policy.Joint.JointLimit = true
	far := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	c := openedBy("asker", t0, r)
	for field, of := range map[string]struct {
		state cases.State
		move  cases.Move
	}{
		"due":   {cases.Open, cases.Promise{What: "a visit", Due: far}},
		"until": {cases.Open, cases.Extend{Clock: "reply_caller", Until: far, Reason: "rain"}},
		"limit": {cases.Registered, cases.Join{Departments: []string{"repairs", "billing"}, Coordinator: "other", Limit: far}},
	} {
		c.State = of.state
		_, _, err := c.Move(of.move, cast[0], t0, r)
		no, ok := errors.AsType[*cases.MoveError](err)
		if !ok || !slices.ContainsFunc(no.Fields, func(f cases.FieldError) bool { return f.Field == field }) {
			t.Errorf("%s until %s: %v", of.move.Kind(), far, err)
		}
	}
	i := inspect(t, "township")
	if got := i.refused("eye", cases.Inspect{By: cases.InspectBody, Department: "civil", Due: far}); got != "fields due" {
		t.Errorf("to be concluded by %s: %s", far, got)
	}
}
