package cases

import (
	"slices"
	"time"
)

// RollOut says how the system is taken up department by department (S35-R1).
type RollOut struct {
	Before Beforehand `json:"before"`
}

// Beforehand says what becomes of a matter of a department that does not take part yet.
type Beforehand string

// What becomes of it.
const (
	BeforeOutside    Beforehand = "outside"    // it is a matter of somebody outside: the caller is referred there
	BeforeSubstitute Beforehand = "substitute" // the department's substitute has it; without one it is outside, too
)

var beforehand = vocabulary[Beforehand]{
	BeforeOutside:    {"按外单位事项办理", "is one of somebody outside"},
	BeforeSubstitute: {"由指定的代办部门办理", "is its substitute's"},
}

// Later is the day of a department of which it is not known yet when it takes part.
const Later = "later"

// Inside tells whether t takes part at a time.
func (t Department) Inside(at time.Time, zone *time.Location) bool {
	if t.From == "" {
		return true
	}
	day, err := ParseDate(t.From)
	return err == nil && !at.Before(day.Start(zone))
}

// Instead returns who has a matter of t at a time: t itself, or its substitute as long as
// it does not take part; false if that is nobody of us.
func (r RollOut) Instead(t Department, at time.Time, zone *time.Location) (string, bool) {
	switch {
	case t.Inside(at, zone):
		return t.Name, true
	case r.Before == BeforeSubstitute && t.Substitute != "":
		return t.Substitute, true
	}
	return t.Name, false
}

// At returns d as it looks to whoever seeks who is competent at a time: a category of a
// department that does not take part is its substitute's, or nobody's of us.
func (d Directory) At(at time.Time, r RollOut, zone *time.Location) Directory {
	if !slices.ContainsFunc(d.Departments, func(t Department) bool { return !t.Inside(at, zone) }) {
		return d
	}
	var all []Category
	for _, k := range d.Categories {
		t, _ := d.Department(k.Department)
		if name, ours := r.Instead(t, at, zone); ours {
			k.Department = name
			all = append(all, k)
		}
	}
	d.Categories = all
	return d
}

// instead returns who takes a case that is meant for a department. It refuses the move if
// nobody of us does.
func (d *decision) instead(department string) string {
	if d.People == nil {
		return department
	}
	t, known := d.People().Department(department)
	if !known {
		return department
	}
	name, ours := d.Policy.RollOut.Instead(t, d.at, d.Calendar.Zone)
	if !ours {
		d.refuse(RefusedPolicy, "S35-R1")
	}
	return name
}
