package cases_test

import (
	"testing"

	"shouwen/cases"
)

// TestFlowClassifies: what the flow before the queue found out is on the case when it
// opens, whatever opens it, and decides which clocks run.
func TestFlowClassifies(t *testing.T) {
	t.Parallel()
	r := rulebook(t, "property_classes")
	message := cases.Fact{ID: factID, At: at, Call: callID, Case: "261123-1-0001",
		Voicemail: &cases.Voicemail{File: "2026/11/23/" + callID + ".wav", Length: cases.Span(1e9)}}
	tests := map[string]struct {
		class string
		opens cases.Fact
		want  cases.Class
		runs  bool // the clock of class_3, of which a case is that nobody has classified
	}{
		"picked up":                  {"class_2", pickedUp("a"), "class_2", false},
		"picked up, class of all":    {"class_3", pickedUp("a"), "class_3", true},
		"missed":                     {"class_1", missed(), "class_1", false},
		"message":                    {"class_2", message, "class_2", false},
		"a class the policy has not": {"complaint", pickedUp("a"), "", true},
		"a flow that finds no class": {"", pickedUp("a"), "", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			left := flowLeft()
			left.FlowLeft.Class, left.FlowLeft.Category = test.class, "burst\x00pipe"
			eff, _, err := project(arrived(), left, test.opens)
			if err != nil {
				t.Fatal(err)
			}
			c := eff.Case.After(test.opens, r)
			if m := c.File.Matter; m.Class != test.want || m.Category != "burst\uFFFDpipe" {
				t.Errorf("class %q, category %q", m.Class, m.Category)
			}
			if got := clockOf(c, cases.ClockHandle); got != (test.runs && test.opens.PickedUp != nil) {
				t.Errorf("clocks %+v", c.Clocks)
			}
		})
	}
}

// TestFlowDoesNotReclassify: what people have said of a case stands, whoever picks it
// up after, and so it does when there was no flow.
func TestFlowDoesNotReclassify(t *testing.T) {
	t.Parallel()
	r := rulebook(t, "property_classes")
	left := flowLeft()
	left.FlowLeft.Class = "class_2"
	eff, _, err := project(arrived(), left, pickedUp("a"))
	if err != nil {
		t.Fatal(err)
	}
	c := eff.Case.After(pickedUp("a"), r)
	c.File.Matter.Class = "class_1"
	if eff, err = cases.Project(eff.Call, c, pickedUp("b")); err != nil {
		t.Fatal(err)
	}
	if c = eff.Case.After(pickedUp("b"), r); c.File.Matter.Class != "class_1" {
		t.Errorf("class %q after another picked up", c.File.Matter.Class)
	}
	if eff, _, err = project(arrived(), pickedUp("a")); err != nil {
		t.Fatal(err)
	}
	if c = eff.Case.After(pickedUp("a"), r); c.File.Matter.Class != "" || !clockOf(c, cases.ClockHandle) {
		t.Errorf("without a flow: class %q, clocks %+v", c.File.Matter.Class, c.Clocks)
	}
}

func clockOf(c cases.Case, kind cases.ClockKind) bool {
	for _, k := range c.Clocks {
		if k.Kind == kind && k.Running() {
			return true
		}
	}
	return false
}
