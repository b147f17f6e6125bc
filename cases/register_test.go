package cases_test

import (
	"testing"

	"shouwen/cases"
)

// TestARegistrationFillsNoFieldTheCaseItselfHas: what somebody types into the further
// columns of a register stands beside what is on record, never in its place.
func TestARegistrationFillsNoFieldTheCaseItselfHas(t *testing.T) {
	r := rulebook(t, "property_csc")
	c, _, err := openedBy("asker", t0, r).Move(cases.Registration{Content: "no water", Fields: map[string]string{
		"first_asker": "other", "contact_time": "2020-01-01T00:00:00Z", "department_signature": "signed", "first_asker_entry": "yes", "room": "101",
	}}, cast[0], t0, r)
	if err != nil {
		t.Fatal(err)
	}
	got := c.Register()
	for field, want := range map[cases.Field]string{
		cases.FieldFirstAsker: "asker", cases.FieldContactTime: "2025-03-04T01:00:00Z", "department_signature": "", "first_asker_entry": "", "room": "101",
	} {
		if got[field] != want {
			t.Errorf("%s is %q, want %q", field, got[field], want)
		}
	}
}
