package main

import (
	"testing"
	"time"

	"shouwen/cases"
)

// TestS35R1_TelephonySeeksWhoTakesPart: a caller about a matter of a department that does
// not take part yet is put through to its substitute, or to nobody, as the policy says.
func TestS35R1_TelephonySeeksWhoTakesPart(t *testing.T) {
	t.Parallel()
	s := &server{roster: &roster{}, zone: time.UTC}
	s.roster.now.Store(&edition{Directory: cases.Directory{
		Departments: []cases.Department{{Name: "office", Extension: "200"}, {Name: "roads", Extension: "300", From: cases.Later, Substitute: "office"}},
		Categories:  []cases.Category{{Name: "pothole", Department: "roads"}},
	}})
	for before, want := range map[cases.Beforehand]string{cases.BeforeSubstitute: "office", cases.BeforeOutside: ""} {
		d := s.competent(cases.Policy{RollOut: cases.RollOut{Before: before}})()
		if got, _ := d.ByCategory("pothole"); got.Name != want {
			t.Errorf("%s: %q is competent, want %q", before, got.Name, want)
		}
		if target, ok := d.Lookup("300"); !ok || target.Department.Name != "roads" { // whoever dials it means it
			t.Errorf("%s: the extension reaches %+v", before, target)
		}
	}
}
