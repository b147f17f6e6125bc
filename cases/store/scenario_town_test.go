package store_test

import (
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
)

// TestE35_TownComplaintLimits: S24-R25. The same day, 7 days, or 15; what is late stays late.
func TestE35_TownComplaintLimits(t *testing.T) {
	t.Parallel()
	o := under(t, "township")
	complaint := func(set ...cases.Flag) *scene {
		sc := o.opens("09:00", caller, asker)
		sc.does("09:05", asker, matter("a dog barks"), cases.Classify{Class: "matter", Type: "complaint", Set: set})
		return sc
	}
	solvable := complaint(cases.FlagSolvable)
	solvable.late(cases.ClockReplyCaller, "23:59", 0)
	solvable.late(cases.ClockReplyCaller, "5 Mar 00:01", time.Minute+time.Microsecond)
	solvable.does("5 Mar 00:01", leader, cases.Reply{Result: "the owner was told", Evidence: solvable.proof()})
	solvable.late(cases.ClockReplyCaller, "20 Mar 09:00", time.Minute+time.Microsecond) // midnight is the next day

	normal := complaint()
	normal.due(cases.ClockReplyCaller, "11 Mar 09:00")
	normal.late(cases.ClockReplyCaller, "11 Mar 09:01", time.Minute)

	special := complaint(cases.FlagSpecial)
	special.due(cases.ClockReplyCaller, "19 Mar 09:00")

	inTime := complaint()
	inTime.does("10 Mar 09:00", asker, cases.Classify{Set: []cases.Flag{cases.FlagSpecial}})
	inTime.due(cases.ClockReplyCaller, "19 Mar 09:00")

	tooLate := complaint()
	tooLate.does("12 Mar 09:00", asker, cases.Classify{Set: []cases.Flag{cases.FlagSpecial}})
	tooLate.late(cases.ClockReplyCaller, "12 Mar 09:00", 24*time.Hour)
}

// TestE36_EmergencyArrivalClocks: S24-R27, S24-R28, S24-R29, S24-R30. What makes leaders
// set out, and how fast; a worse level tightens a clock that runs.
func TestE36_EmergencyArrivalClocks(t *testing.T) {
	t.Parallel()
	o := under(t, "township")
	alarm := func(class cases.Class) *scene {
		sc := o.opens("09:00", caller, asker)
		sc.does("09:00", asker, matter("an emergency"), cases.Classify{Class: class})
		return sc
	}
	flood := alarm("flood")
	flood.does("09:05", asker, cases.Alarm{Level: 3, Condition: "rain for 1 h 59 min"})
	flood.running(cases.ClockArrival, false)
	flood.does("10:00", asker, cases.Alarm{Level: 3, Condition: "rain for 2 h", Set: []cases.Flag{cases.FlagRain}})
	flood.due(cases.ClockArrival, "10:30")
	flood.does("10:31", asker, cases.Arrive{Who: "leader"})
	flood.late(cases.ClockArrival, "18:00", time.Minute)

	worse := alarm("safety")
	worse.does("09:10", asker, cases.Alarm{Level: 4, Condition: "smoke in the mill"})
	worse.due(cases.ClockArrival, "10:10")
	worse.does("09:30", asker, cases.Alarm{Level: 3, Condition: "fire in the mill"})
	worse.due(cases.ClockArrival, "10:00")

	severe := alarm("safety")
	severe.does("09:10", asker, cases.Alarm{Level: 2, Condition: "the mill burns, arson"})
	severe.due(cases.ClockArrival, "09:40")
	hasty := func(kind cases.EventKind) (flagged bool) { // the texts of its last event
		t.Helper()
		for _, e := range severe.look() {
			if e.Kind == kind {
				flagged = strings.Contains(string(e.Body), `"unconfirmed": true`) || strings.Contains(string(e.Body), `"unconfirmed":true`)
			}
		}
		return flagged
	}
	severe.does("10:00", asker, cases.FileIt{Text: "the mill was set on fire"})
	if !hasty(cases.EventAlarm) || !hasty(cases.EventReportFiled) || !severe.File.Special.Unconfirmed {
		t.Error("causes are named before they are known, and nobody sees it")
	}
	severe.does("12:00", leader, cases.Confirm{Cause: "a short circuit", Evidence: severe.proof()})
	severe.does("12:10", asker, cases.FileIt{Text: "a short circuit"})
	if hasty(cases.EventReportFiled) || severe.File.Cause != "a short circuit" {
		t.Errorf("the cause %q is known", severe.File.Cause)
	}

	county := alarm("petition_county")
	county.does("09:10", asker, cases.Alarm{Condition: "twenty at the county's gate"})
	county.due(cases.ClockArrival, "10:40")

	city := alarm("petition_city")
	city.does("09:10", asker, cases.Alarm{Condition: "twenty on the train"})
	city.due(cases.ClockArrival, "") // at once: how long that takes is measured
	city.running(cases.ClockArrival, true)
}

// TestE37_StaffComplaintLine: S13-R12, S23-R2, S24-R21, S14-R6. Whom it is about neither
// has the case nor sees it, and a finding proposes, it does not punish.
func TestE37_StaffComplaintLine(t *testing.T) {
	t.Parallel()
	o := under(t, "gov_bureau_migration")
	o.s.Rules.Complaints = []string{"12345"} // the line he calls
	sc := o.opens("09:00", caller, neighbour)
	if sc.File.Matter.Type != cases.StaffComplaint {
		t.Errorf("a %q", sc.File.Matter.Type)
	}
	sees := func(who cases.Actor, want bool) {
		t.Helper()
		list, _, err := o.s.Cases(t.Context(), store.Filter{For: &who})
		if err != nil || (len(list) == 1) != want || sc.Visible(who) != want || len(sc.Moves(who, o.s.Rules.Policy)) > 0 != want {
			t.Errorf("%s sees it: %t, listed %d, %v", who.User, sc.Visible(who), len(list), err)
		}
	}
	for _, who := range []cases.Actor{asker, manager, section} { // it may be any of them
		sees(who, false)
	}
	sees(neighbour, true)
	sees(complaints, true)
	sc.does("09:05", neighbour, matter("asker was rude"), cases.Complain{Accused: "asker"})
	sees(asker, false)
	sees(manager, true)
	sees(complaints, true)
	if open, err := o.s.OpenCases(t.Context(), 10); err != nil || len(open) != 0 { // phones would show it
		t.Errorf("known to phones: %+v, %v", open, err)
	}
	sc.refused("09:06", asker, cases.Press{Text: "what?"}, cases.RefusedRole)
	sc.refused("09:06", neighbour, over("desk", "asker"), cases.RefusedFields, "person")
	sc.running(cases.ClockComplaintAnswered, true)
	sc.refused("10:00", neighbour, cases.Verify{True: true, Offence: "uncivil_phone", Against: "asker", Finding: "heard the recording"}, cases.RefusedRole)
	sc.does("10:00", complaints, cases.Verify{True: true, Offence: "uncivil_phone", Against: "asker", Finding: "heard the recording"})
	if got := sc.proposed()["asker"]; len(got) == 0 || sc.State != cases.Registered { // a proposal, no more
		t.Errorf("proposed %v, the case is %s", got, sc.State)
	}
	sc.does("10:30", complaints, cases.Reply{Result: "it was so, we apologise", Evidence: sc.proof()})
	sc.running(cases.ClockComplaintAnswered, false)
	sc.refused("10:31", complaints, cases.Close{}, cases.RefusedRole) // who registered it closes it
	sc.does("10:32", neighbour, cases.Close{})
	sc.stands(cases.Closed, "neighbour", "neighbour")
}
