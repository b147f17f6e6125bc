package store_test

import (
	"slices"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
)

// slip is a case of another department, as repairs has it at 10:00.
func (o *stage) slip(from cases.Number) *scene {
	o.t.Helper()
	sc := o.opens("09:55", from, asker)
	sc.does("09:58", asker, matter("a pipe leaks"), cases.Classify{Class: "other"})
	sc.does("10:00", asker, over("repairs", "smith"))
	return sc
}

// over passes a case to somebody of a department who takes it, its manager knowing.
func over(department, person string) cases.HandOver {
	return cases.HandOver{Department: department, Person: person, Mode: cases.WarmRequired, Reached: true, OwnAsked: true, Copied: true, Told: []cases.Told{"department", "contact", "person"}}
}

// TestE11_ContradictionEscalationCounted: S33-R8, S33-R7. Only what goes to the
// director counts.
func TestE11_ContradictionEscalationCounted(t *testing.T) {
	t.Parallel()
	sc := under(t, "property_slip").slip(caller)
	sc.does("10:30", smith, cases.Return{Code: "not_ours", Opinion: "it is the heating", To: "billing"})
	sc.does("10:40", clerk, cases.Return{Code: "not_ours", Opinion: "it is the pipe"})
	sc.refused("10:41", asker, over("repairs", "smith"), cases.RefusedPolicy) // they do not bounce it on
	sc.refused("10:42", asker, cases.Escalate{To: cases.PartyFunctional, Person: "functional"}, cases.RefusedFields, "why")
	sc.does("10:43", asker, cases.Escalate{To: cases.PartyFunctional, Person: "functional", Why: "whose pipe it is"})
	if slices.Contains(sc.File.Matter.Flags, cases.FlagContradiction) {
		t.Error("it counts before it is the director's")
	}
	sc.does("11:30", asker, cases.Escalate{To: cases.PartyDirector, Person: "director", Why: "still whose pipe it is"})
	var counted []cases.Escalate
	for _, step := range sc.File.Ladder {
		if step.Counted {
			counted = append(counted, step)
		}
	}
	if len(sc.File.Ladder) != 2 || len(counted) != 1 || counted[0].To != cases.PartyDirector || !counted[0].At.Equal(at("11:30")) {
		t.Errorf("ladder %+v", sc.File.Ladder)
	}
	if !slices.Contains(sc.File.Matter.Flags, cases.FlagContradiction) {
		t.Errorf("flags %v", sc.File.Matter.Flags)
	}
	if top, below := sc.counted(cases.CountEscalations, "level", "4"), sc.counted(cases.CountEscalations, "level", "1"); top != 1 || below != 1 {
		t.Errorf("counted %d to the director, %d to the functional department", top, below)
	}
	sc.does("12:00", judge, cases.Arbitrate{Department: "repairs", Reason: "it is before the meter"})
	sc.refused("12:10", smith, cases.Return{Code: "not_ours", Opinion: "no"}, cases.RefusedPolicy)
}

// flood is a class-1 report at 02:00, by an owner.
func (o *stage) flood(from cases.Number, plan cases.Flag) *scene {
	o.t.Helper()
	sc := o.opens("02:00", from, asker)
	sc.does("02:01", asker, matter("water floods the riser"), cases.Classify{Class: "class_1", Category: "flood", Set: []cases.Flag{plan}})
	sc.running(cases.ClockReportManager, true)
	sc.does("02:02", asker, cases.Contact{Party: cases.PartyManagerOnDuty, Person: "manager"})
	sc.running(cases.ClockReportManager, false)
	sc.running(cases.ClockConfirm, true)
	return sc
}

// TestE12_Class1FloodWithPlan: S05-R5, S05-R9, S05-R10, S05-R11, S05-R13, S05-R14,
// S05-R15. The manager on duty at once, the owner asked back, orders by the plan, and
// a day until owner and first-asker both know.
func TestE12_Class1FloodWithPlan(t *testing.T) {
	t.Parallel()
	o := under(t, "property_classes", func(p *cases.Policy) { p.Emergency.Plans = []string{"flood"} })
	sc := o.flood(caller, cases.FlagPlan)
	order := cases.Order{Plan: "flood", Instruction: "close the riser, pump the cellar"}
	sc.refused("02:03", manager, order, cases.RefusedFields, "confirm")
	sc.does("02:04", manager, cases.Confirm{Evidence: sc.proof()})
	sc.refused("02:05", manager, cases.Order{Plan: "fire", Instruction: "x"}, cases.RefusedFields, "plan")
	sc.does("02:06", manager, order)
	sc.running(cases.ClockOrder, false)
	sc.due(cases.ClockEmergencyNews, "5 Mar 02:01")
	sc.does("03:00", manager, cases.Tell{Of: cases.TellProgress, Said: "the riser is closed", Evidence: sc.proof()})
	sc.running(cases.ClockEmergencyNews, true) // the first-asker is still to know
	sc.does("03:10", manager, cases.Contact{Party: cases.PartyFirstAsker, Person: "asker"})
	sc.running(cases.ClockEmergencyNews, false)
	sc.late(cases.ClockEmergencyNews, "6 Mar 09:00", 0)
	sc.running(cases.ClockRelay, true) // his own word is a duty of its own
	sc.does("09:00", asker, cases.Relay{Said: "it is dry again", Evidence: sc.proof()})
	sc.running(cases.ClockRelay, false)
	sc.does("09:30", asker, cases.Solve{Manner: "pumped", Result: "dry again"})
	sc.does("10:00", manager, cases.Reply{Result: "dry again", Evidence: sc.proof()})
	sc.stands(cases.Solved, "asker", "asker") // both answer
	sc.does("10:05", asker, cases.Reply{Result: "dry again", Evidence: sc.proof()})
	sc.refused("10:06", asker, cases.Close{}, cases.RefusedFields, "file", "special_report", "work_record")
	sc.does("11:00", manager, cases.FileIt{Text: "the valve broke"})
	sc.does("11:05", asker, cases.Registration{Fields: map[string]string{"work_record": "27"}}, cases.Close{})
	sc.stands(cases.Closed, "asker", "asker")
}

// TestE13_Class1WithoutPlan: S05-R12. Nothing is ordered before the leader in charge
// has said so.
func TestE13_Class1WithoutPlan(t *testing.T) {
	t.Parallel()
	sc := under(t, "property_classes").flood(caller, cases.FlagNoPlan)
	sc.does("02:04", manager, cases.Confirm{Evidence: sc.proof()})
	sc.running(cases.ClockReportLeader, true)
	order := cases.Order{Leader: "leader", Instruction: "call the fire brigade"}
	sc.refused("02:05", manager, order, cases.RefusedFields, "leader")
	sc.does("02:06", manager, cases.Contact{Party: cases.PartyLeaderInCharge, Person: "leader", Said: "call the fire brigade"})
	sc.running(cases.ClockReportLeader, false)
	sc.refused("02:07", manager, cases.Order{Instruction: "call the fire brigade"}, cases.RefusedFields, "leader_instruction")
	sc.does("02:08", manager, order)
}

// TestE14_SameIncidentTwoCallers: S05-R2, S05-R14. Who reported it first is to be told;
// the second case is linked to his.
func TestE14_SameIncidentTwoCallers(t *testing.T) {
	t.Parallel()
	o := under(t, "property_classes")
	if !o.s.Rules.Policy.FirstAsker.FirstOwner {
		t.Error("the first owner has no right of his own")
	}
	first := o.flood(caller, cases.FlagPlan)
	second := o.opens("02:10", "+8613900000002", neighbour)
	second.does("02:11", neighbour, matter("fire and water"), cases.Classify{Class: "class_1"})
	second.refused("02:12", neighbour, cases.Merge{Into: second.Number}, cases.RefusedFields, "into")
	second.refused("02:12", neighbour, cases.Merge{Into: "250304-1-9999"}, cases.RefusedFields, "into")
	second.does("02:12", neighbour, cases.Merge{Into: first.Number})
	second.stands(cases.Merged, "neighbour", "neighbour")
	for _, k := range second.Clocks {
		if k.Running() {
			t.Errorf("%s still runs for the second caller", k.Kind)
		}
	}
	first.look()
	if second.File.Into != first.Number || !slices.Equal(first.File.Linked(), []cases.CaseNumber{second.Number}) || first.File.Links[0].Caller != "+8613900000002" {
		t.Errorf("linked to %s, from %+v", second.File.Into, first.File.Links)
	}
	first.refused("02:13", asker, cases.Merge{Into: second.Number}, cases.RefusedFields, "into") // not the first into the second
	first.does("03:00", manager, cases.Tell{Of: cases.TellProgress, Said: "closed", Evidence: first.proof()}, cases.Contact{Party: cases.PartyFirstAsker, Person: "asker"})
	first.running(cases.ClockEmergencyNews, false)
	first.stands(cases.Registered, "asker", "asker")
	if first.Call.Caller.E164 != caller {
		t.Errorf("first owner %s", first.Call.Caller.E164)
	}
}

// TestE15_PossibleHazardAdds24h: S05-R6, S05-R17, S05-R18, S05-R19.
func TestE15_PossibleHazardAdds24h(t *testing.T) {
	t.Parallel()
	o := under(t, "property_classes")
	for _, set := range [][]cases.Flag{{cases.FlagHazard}, nil} {
		sc := o.opens("10:00", caller, asker)
		sc.does("10:01", asker, matter("a lamp hangs loose"), cases.Classify{Class: "class_2", Set: set})
		sc.running(cases.ClockReportReception, true)
		sc.does("10:02", asker, cases.Contact{Party: cases.PartyReceptionist, Person: "receptionist"})
		sc.running(cases.ClockConfirm, true)
		sc.does("10:10", asker, cases.Confirm{Evidence: sc.proof()})
		sc.does("12:00", asker, cases.Solve{Manner: "screwed on", Result: "tight"})
		if set == nil {
			sc.running(cases.ClockHazardNotice, false)
			if len(sc.clocks(cases.ClockHazardNotice)) > 0 {
				t.Error("a hazard clock without a hazard")
			}
			continue
		}
		sc.due(cases.ClockHazardNotice, "5 Mar 12:00")
		sc.does("5 Mar 12:01", asker, cases.Reply{Result: "tight", Evidence: sc.proof()})
		sc.late(cases.ClockHazardNotice, "6 Mar 09:00", time.Minute)
	}
}

// TestE16_ResultBackIn60Minutes: S02-R11, S02-R15. The service centre tells the
// first-asker, who alone completes the register.
func TestE16_ResultBackIn60Minutes(t *testing.T) {
	t.Parallel()
	o := under(t, "property_csc")
	for told, late := range map[string]time.Duration{"14:59": 0, "15:01": time.Minute} {
		t.Run(told, func(t *testing.T) {
			sc := o.in(t).opens("13:00", caller, asker)
			sc.does("13:05", asker, matter("no water"), over("service centre", "centre"))
			sc.does("13:10", centre, cases.Accept{})
			sc.does("14:00", centre, cases.Report{Result: "turned on"})
			sc.due(cases.ClockResultToAsker, "15:00")
			sc.does("14:30", centre, cases.Reply{Result: "turned on", Evidence: sc.proof()})
			sc.refused("14:31", centre, cases.Close{}, cases.RefusedRole)
			sc.refused("14:32", centre, cases.Enter{}, cases.RefusedRole)
			sc.refused("14:33", asker, cases.Close{}, cases.RefusedFields, "first_asker_entry")
			sc.does(told, centre, cases.Contact{Party: cases.PartyFirstAsker, Person: "asker"})
			sc.does("15:10", asker, cases.Enter{}, cases.Close{})
			sc.late(cases.ClockResultToAsker, "18:00", late)
		})
	}
}

// TestE17_ReturnVisitWithinTwoPlainDays: S06-R18. A weekend counts, and nothing closes
// without the visit.
func TestE17_ReturnVisitWithinTwoPlainDays(t *testing.T) {
	t.Parallel()
	o := under(t, "property_retirement")
	for visited, late := range map[string]time.Duration{"9 Mar 09:59": 0, "10 Mar 10:00": 24 * time.Hour} {
		t.Run(visited, func(t *testing.T) {
			sc := o.in(t).opens("7 Mar 09:00", caller, asker)
			sc.does("7 Mar 09:10", asker, matter("a door jams"))
			sc.does("7 Mar 10:00", asker, cases.Solve{Manner: "planed", Result: "it shuts"})
			sc.due(cases.ClockReturnVisit, "9 Mar 10:00")
			sc.does("7 Mar 10:05", asker, cases.Reply{Result: "it shuts", Evidence: sc.proof()})
			sc.refused("7 Mar 10:06", asker, cases.Close{}, cases.RefusedFields, "visit", "visit_record")
			sc.running(cases.ClockReturnVisit, true)
			sc.does(visited, asker, cases.Visit{Answered: true, Solved: true, Evidence: sc.proof()}, cases.Close{})
			sc.late(cases.ClockReturnVisit, "11 Mar 09:00", late)
		})
	}
}

// TestE18_ReturnVisitVerifiesTheDepartment: S30-R11, S33-R10. The caller says that
// nobody answered him: the case is open again, and the department is late.
func TestE18_ReturnVisitVerifiesTheDepartment(t *testing.T) {
	t.Parallel()
	sc := under(t, "hotel").opens("09:00", caller, asker)
	sc.does("09:05", asker, matter("the lamp is broken"), cases.Classify{Class: "other"}, over("repairs", "smith"))
	sc.does("09:10", smith, cases.Accept{}, cases.Report{Result: "a new bulb"}, cases.Reply{Result: "a new bulb", Evidence: sc.proof()})
	sc.due(cases.ClockReplyDepartment, "5 Mar 09:05")
	sc.running(cases.ClockReplyDepartment, false)
	sc.does("5 Mar 10:05", asker, cases.Visit{Said: "nobody called me", Evidence: sc.proof()})
	sc.stands(cases.Accepted, "asker", "asker")
	sc.running(cases.ClockReplyDepartment, true)
	sc.late(cases.ClockReplyDepartment, "5 Mar 10:05", time.Hour)
	if n := sc.events(cases.EventReopened); n != 1 || sc.File.Visits[0].Answered {
		t.Errorf("reopened %d times, visits %+v", n, sc.File.Visits)
	}
	sample, _, err := sc.s.Cases(t.Context(), store.Filter{Flag: cases.FlagDenied}) // what the manager has to look at
	if err != nil || len(sample) != 1 || sample[0].Number != sc.Number {
		t.Errorf("to be sampled: %+v, %v", sample, err)
	}
	sc.does("5 Mar 11:00", smith, cases.Report{Result: "a new bulb"}, cases.Reply{Result: "a new bulb", Evidence: sc.proof()})
	sc.running(cases.ClockReplyDepartment, false)
	sc.late(cases.ClockReplyDepartment, "8 Mar 09:00", time.Hour+55*time.Minute) // as if nobody had said so before
}

// TestASupervisorSignsForWhomNobodyReaches: what only the caller could say is not asked
// for then; who did not try often enough cannot sign.
func TestASupervisorSignsForWhomNobodyReaches(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"property_csc", "property_retirement"} {
		t.Run(policy, func(t *testing.T) {
			o := under(t, policy)
			sc := o.misses("09:00", caller)
			attempts := max(1, o.s.Rules.Policy.Closing.Attempts)
			for i := range attempts {
				if i == attempts-1 {
					sc.refused("10:00", manager, cases.Close{Signed: "nobody answers"}, cases.RefusedFields, "signed")
				}
				sc.does("10:00", asker, cases.Attempt{Result: "no_answer"})
			}
			sc.refused("10:01", manager, cases.Close{}, cases.RefusedEvidence, "reply")
			sc.does("10:02", manager, cases.Close{Signed: "nobody answers"})
			if sc.State != cases.Closed {
				t.Errorf("it is %s", sc.State)
			}
		})
	}
}
