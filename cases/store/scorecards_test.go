package store_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/store"
)

// TestScorecardsSplitTheFault: S33-R17 what was late counts against whose stage it was;
// S04-R8 the whole chain, S04-R9 speed and effect, S03-R3 by figures that are said, S09-R10
// and S31-R5 of every person and department; S30-R11 and S33-R10 what callers said in
// visits; S05-R1 how satisfied they were.
func TestScorecardsSplitTheFault(t *testing.T) {
	t.Parallel()
	o := under(t, "property_slip")
	o.people(asker, neighbour, smith, clerk)
	four, two := 4, 2
	visit := func(sc *scene, when string, satisfied *int) {
		sc.does(when, asker, cases.Contact{Party: cases.PartyDepartmentHead, Person: "section"}, cases.Contact{Party: cases.PartyFirstAsker, Person: "asker"},
			cases.Visit{Answered: true, Solved: true, Satisfied: satisfied, Evidence: sc.proof()})
	}

	// Kept, and answered on the spot.
	kept := o.opens("09:00", caller, asker)
	kept.does("09:05", asker, matter("a door jams"), cases.Classify{Class: "own", Category: "doors"}, cases.Solve{Manner: "planed", Result: "it shuts"})
	kept.does("09:06", manager, cases.Reply{Result: "it shuts", Evidence: kept.proof()})
	visit(kept, "09:10", &four)

	// Handed over in time, answered late by the department; the caller comes again.
	late := o.slip(caller)
	late.does("10:10", asker, cases.Classify{Category: "pipes"})
	late.does("10:20", smith, cases.Accept{})
	late.does("6 Mar 11:00", smith, cases.Report{Result: "tight"}, cases.Reply{Result: "tight", Evidence: late.proof()}) // a day too late
	visit(late, "6 Mar 12:00", &two)

	// Passed on too late, to the wrong department, and then to the right one.
	wrong := o.opens("7 Mar 09:00", caller, asker)
	wrong.does("7 Mar 09:05", asker, matter("a pipe again"), cases.Classify{Class: "other", Category: "pipes"})
	wrong.does("7 Mar 10:30", asker, over("billing", "clerk"))
	wrong.does("7 Mar 10:40", clerk, cases.Return{Code: "not_ours", Opinion: "it is a pipe"})
	wrong.does("7 Mar 10:50", asker, over("repairs", "smith"))

	// Given back though it was theirs: an arbiter says so.
	theirs := o.opens("10 Mar 09:00", "+8613900000002", neighbour)
	theirs.does("10 Mar 09:05", neighbour, matter("the heating"), cases.Classify{Class: "other"})
	theirs.does("10 Mar 09:10", neighbour, over("repairs", "smith"))
	theirs.does("10 Mar 09:20", smith, cases.Return{Code: "not_ours", Opinion: "no"})
	theirs.does("10 Mar 09:30", neighbour, over("repairs", "smith"))
	theirs.does("10 Mar 09:40", smith, cases.Return{Code: "not_ours", Opinion: "no again"})
	theirs.does("10 Mar 10:00", judge, cases.Arbitrate{Department: "repairs", Reason: "it is"})

	o.misses("11 Mar 09:00", "+8613900000003")
	o.opens("1 Apr 09:00", caller, asker) // of another month

	march := store.Window{From: at("1 Mar 00:00"), Until: at("1 Apr 00:00")}
	got, err := o.s.Scorecards(t.Context(), march, at("11 Mar 12:00"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]cases.Card{
		{Who: "asker", FirstAsked: 3, Kept: 1, HandedOver: 2, Misrouted: 1, Repeated: 1, AsFirstAsker: cases.Timing{Due: 2, Late: 1}, Answers: 2, Satisfied: 1, Sum: 6},
		{Who: "clerk", Returned: 1},
		{Who: "neighbour", FirstAsked: 1, HandedOver: 1, AsFirstAsker: cases.Timing{Due: 1}},
		{Who: "smith", Received: 2, Returned: 1, Overruled: 1, AsHandler: cases.Timing{Due: 2, Late: 2}, Answers: 1, Sum: 2},
	}, got.People); diff != "" {
		t.Errorf("people: -want +got\n%s", diff)
	}
	if diff := cmp.Diff([]cases.Card{
		{Who: "billing", Received: 1, Returned: 1},
		{Who: "desk", FirstAsked: 4, Kept: 1, HandedOver: 3, Misrouted: 1, Repeated: 1, AsFirstAsker: cases.Timing{Due: 3, Late: 1}, Answers: 2, Satisfied: 1, Sum: 6},
		{Who: "repairs", Received: 3, Returned: 1, Overruled: 1, AsHandler: cases.Timing{Due: 3, Late: 3}, Answers: 1, Sum: 2},
	}, got.Departments); diff != "" {
		t.Errorf("departments: -want +got\n%s", diff)
	}
	if diff := cmp.Diff(cases.Card{
		FirstAsked: 4, Kept: 1, HandedOver: 3, Misrouted: 1, Repeated: 1, Received: 4, Returned: 2, Overruled: 1,
		AsFirstAsker: cases.Timing{Due: 3, Late: 1}, AsHandler: cases.Timing{Due: 3, Late: 3}, Answers: 2, Satisfied: 1, Sum: 6,
	}, got.All); diff != "" || got.Unowned != 1 { // S35-R3: the missed call is nobody's
		t.Errorf("all, %d unowned: -want +got\n%s", got.Unowned, diff)
	}
	o.s.Rules.Policy.Repeat.Window = &cases.Limit{N: 1, Unit: cases.Hours} // C26: what repeats is the policy's to say
	if soon, err := o.s.Scorecards(t.Context(), march, at("11 Mar 12:00")); err != nil || soon.All.Repeated != 0 {
		t.Errorf("within an hour %d came again, %v", soon.All.Repeated, err)
	}
	none, err := o.s.Scorecards(t.Context(), store.Window{From: at("1 May 00:00"), Until: at("1 Jun 00:00")}, at("1 Jun 00:00"))
	if err != nil || len(none.People) > 0 || none.All != (cases.Card{}) {
		t.Errorf("of no cases: %+v, %v", none, err)
	}
}

// people puts them into the directory, with their departments.
func (o *stage) people(all ...cases.Actor) {
	o.t.Helper()
	var d cases.Directory
	for i, a := range all {
		if _, ok := d.Department(a.Department); !ok {
			d.Departments = append(d.Departments, cases.Department{Name: a.Department})
		}
		d.People = append(d.People, cases.Person{User: a.User, Extension: fmt.Sprint(1001 + i), Department: a.Department, Roles: a.Roles})
	}
	if _, err := o.s.Revise(o.t.Context(), store.Revision{By: "test", Directory: d}); err != nil {
		o.t.Fatal(err)
	}
}
