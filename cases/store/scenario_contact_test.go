package store_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/store"
)

// TestE01_FirstPickUpBinds: S02-R2, S07-R9, S12-R7, S24-R7. Who is rung in vain, and
// who has the caller later, is not his first-asker.
func TestE01_FirstPickUpBinds(t *testing.T) {
	t.Parallel()
	o := under(t, "property_csc")
	call, number, came := o.call("09:00:00", caller)
	o.apply(came,
		cases.Fact{At: at("09:00:01"), Call: call, Offered: &cases.Offered{Round: 1, Agents: []string{"asker", "neighbour", "manager"}, Reason: "all_ready"}},
		cases.Fact{At: at("09:00:05"), Call: call, Case: number, PickedUp: &cases.PickedUp{Agent: "asker", Extension: "1001"}})
	sc := &scene{stage: o, Case: cases.Case{Number: number}}
	sc.look()
	sc.stands(cases.Open, "asker", "asker")
	if !sc.Opened.Equal(at("09:00:05")) || !sc.Milestones[cases.AtContact].Equal(at("09:00:05")) {
		t.Errorf("opened %s, contact %s, want the answer", sc.Opened, sc.Milestones[cases.AtContact])
	}
	sc.saw("09:00:30", cases.Fact{PickedUp: &cases.PickedUp{Agent: "neighbour", Extension: "1002"}}) // his phone died
	sc.stands(cases.Open, "asker", "asker")
	if !sc.Milestones[cases.AtContact].Equal(at("09:00:05")) {
		t.Errorf("contact %s", sc.Milestones[cases.AtContact])
	}
	sc.does("09:01", asker, cases.Registration{Content: "no water"})
	if sc.File.Matter.Phone != string(caller) {
		t.Errorf("phone %q, want the caller ID", sc.File.Matter.Phone)
	}
}

// TestE02_SimultaneousAnswerHigherRankWins: S34-R3. Who won, over whom and why, is in the
// ledger; who was late never is first-asker.
func TestE02_SimultaneousAnswerHigherRankWins(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]cases.TieBreak{"gov_bureau_basic": cases.HigherRank, "property_csc": cases.FirstAnswer} {
		t.Run(policy, func(t *testing.T) {
			o := under(t, policy)
			if got := o.s.Rules.Policy.FirstAsker.TieBreak; got != want {
				t.Fatalf("ties are decided by %s", got)
			}
			call, number, came := o.call("09:00", caller)
			o.apply(came,
				cases.Fact{At: at("09:00:01"), Call: call, Case: number, PickedUp: &cases.PickedUp{Agent: "section", Extension: "1002", Tied: []string{"asker"}, TieBreak: want}})
			sc := &scene{stage: o, Case: cases.Case{Number: number}}
			events := sc.look()
			sc.stands(cases.Open, "section", "section")
			var said cases.PickedUp
			if err := json.Unmarshal(events[0].Body, &said); err != nil || !slices.Equal(said.Tied, []string{"asker"}) || said.TieBreak != want {
				t.Errorf("the ledger says %s, %v", events[0].Body, err)
			}
		})
	}
}

// TestE03_AgencyStaffCount: S02-R1, S19-R2. Whoever answers is first-asker, staff of an
// agency too; where only a window may be, it is on record, and somebody of the window
// takes the case over.
func TestE03_AgencyStaffCount(t *testing.T) {
	t.Parallel()
	staff := cases.Directory{People: []cases.Person{
		{User: "asker", Extension: "1001"}, {User: "neighbour", Extension: "1002"}, {User: "counter", Extension: "1003", Posts: []cases.Party{cases.PartyWindow}},
	}}
	window, _ := staff.Actor("counter")
	for policy, want := range map[string]cases.FirstAskers{
		"property_csc":    {Pool: cases.PoolAnyone, Agency: true, OffPool: "accept", TieBreak: cases.FirstAnswer},
		"gov_city_window": {Pool: cases.PoolWindow, Agency: true, OffPool: cases.Warn, TieBreak: cases.FirstAnswer},
	} {
		t.Run(policy, func(t *testing.T) {
			o := under(t, policy)
			pool := o.s.Rules.Policy.FirstAsker
			if diff := cmp.Diff(want, pool); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			offered := staff.OffPool(pool, "asker")
			if warned := pool.OffPool == cases.Warn; warned != slices.Equal(offered, []string{"counter"}) || staff.OffPool(pool, "counter") != nil {
				t.Errorf("offered to %v", offered)
			}
			call, number, came := o.call("09:00", caller)
			o.apply(came, cases.Fact{At: at("09:00"), Call: call, Case: number, PickedUp: &cases.PickedUp{Agent: "asker", Extension: "1001", OffPool: len(offered) > 0}})
			sc := &scene{stage: o, Case: cases.Case{Number: number}}
			sc.look()
			sc.stands(cases.Open, "asker", "asker")
			list, _, err := o.s.Cases(t.Context(), store.Filter{Flag: cases.FlagOffPool})
			if err != nil || len(list) != len(offered) {
				t.Errorf("%d cases to be taken over, %v", len(list), err)
			}
			if len(offered) == 0 {
				sc.refused("09:01", window, cases.Take{}, cases.RefusedRole)
				return
			}
			sc.refused("09:01", neighbour, cases.Take{}, cases.RefusedRole)
			sc.does("09:02", window, cases.Take{})
			sc.stands(cases.Open, "asker", "counter") // who picked up stays on record
			sc.refused("09:03", window, cases.Take{}, cases.RefusedRole)
		})
	}
}

// TestE04_RegistrationGateAndReadBack: S02-R12, S02-R13, S09-R5. All that is missing is
// named at once.
func TestE04_RegistrationGateAndReadBack(t *testing.T) {
	t.Parallel()
	o := under(t, "property_csc")
	over := cases.HandOver{Department: "service centre", Mode: cases.WarmRequired, Reached: true, Told: []cases.Told{"department", "contact"}}
	sc := o.opens("09:00", caller, asker)
	sc.refused("09:01", asker, over, cases.RefusedState) // not before it is registered
	sc.does("09:02", asker, cases.Registration{Content: "no water"})
	sc.refused("09:03", asker, over, cases.RefusedFields, "caller_name", "read_back")
	sc.does("09:04", asker, cases.Registration{Name: "a caller", ReadBack: true})
	sc.does("09:05", asker, over)
	sc.stands(cases.HandedOver, "asker", "asker")

	hidden := o.opens("09:10", "", asker)
	hidden.does("09:11", asker, matter("no light"))
	hidden.refused("09:12", asker, over, cases.RefusedFields, "caller_phone")
	hidden.does("09:13", asker, cases.Registration{Phone: "13900000002"}, over)
}

// TestE05_Class3SolvedOnTheSpot: S05-R7, S05-R21, S02-R7. In writing, and no clock of
// passing it on ever ran.
func TestE05_Class3SolvedOnTheSpot(t *testing.T) {
	t.Parallel()
	sc := under(t, "property_classes").opens("09:00", caller, asker)
	sc.does("09:01", asker, matter("where is the pharmacy?"), cases.Classify{Class: "class_3"},
		cases.Reply{Result: "left of the gate", Evidence: sc.proof()}, cases.Close{})
	sc.stands(cases.Closed, "asker", "asker")
	for _, kind := range []cases.ClockKind{cases.ClockTransfer, cases.ClockReportManager, cases.ClockReportReception} {
		if all := sc.clocks(kind); len(all) > 0 {
			t.Errorf("%s ran: %+v", kind, all)
		}
	}
	if r := sc.Register(); r[cases.FieldContent] == "" || r[cases.FieldResult] == "" || r[cases.FieldClass] != "class_3" {
		t.Errorf("register %v", r)
	}
}

// TestE06_CSCLimitAtTheEdge: S02-R8, S02-R9. 30 minutes until the service centre has
// the caller, to the second.
func TestE06_CSCLimitAtTheEdge(t *testing.T) {
	t.Parallel()
	o := under(t, "property_csc")
	for answered, late := range map[string]time.Duration{"09:29:59": 0, "09:30:00": 0, "09:30:01": time.Second} {
		t.Run(answered, func(t *testing.T) {
			sc := o.in(t).opens("09:00:00", caller, asker)
			sc.does("09:05", asker, matter("no water"), cases.Classify{Class: "ordinary"})
			warm := cases.Transfer{Kind: cases.TransferWarm, How: cases.ByAPI, By: "asker", To: "centre", Extension: "8000"}
			sc.saw("09:20", cases.Fact{TransferStarted: &cases.TransferStarted{Transfer: warm}})
			sc.saw(answered, cases.Fact{TransferCompleted: &cases.TransferCompleted{Transfer: warm, PickedUp: at(answered)}})
			sc.due(cases.ClockTransfer, "09:30:00")
			sc.late(cases.ClockTransfer, "18:00", late)
			if sc.clock(cases.ClockTransfer).Kind.Number() != "K05" || len(sc.clocks(cases.ClockTransfer)) != 1 {
				t.Errorf("clocks %+v", sc.Clocks)
			}
			over := cases.HandOver{Department: "service centre", Person: "centre", Mode: cases.WarmRequired, Reached: true}
			sc.does("09:31", asker, over)
			sc.does("09:32", centre, cases.Accept{})
			sc.does("09:40", centre, cases.Report{Result: "turned on"}, cases.Contact{Party: cases.PartyFirstAsker, Person: "asker"})
			sc.does("09:45", asker, cases.Enter{}, cases.Reply{Result: "turned on", Evidence: sc.proof()})
			sc.refused("09:46", asker, cases.Close{}, cases.RefusedFields, "tell") // nor did he learn who had it
			sc.does("09:47", asker, cases.Tell{Of: cases.TellHandOver, Told: []cases.Told{"department", "contact"}, Evidence: sc.proof()}, cases.Close{})
			sc.late(cases.ClockTransfer, "18:00", late)
		})
	}
}

// TestE07_ThreeClocksInOneDocument: S06-R9, S06-R10, S06-R17. 20 minutes to the person
// or 30 to the repair staff, inside 60 to the caller.
func TestE07_ThreeClocksInOneDocument(t *testing.T) {
	t.Parallel()
	o := under(t, "property_retirement")
	sc := o.opens("09:00", caller, asker)
	sc.does("09:05", asker, matter("my pension"), cases.Classify{Class: "retirement"})
	sc.running(cases.ClockTransfer, false)
	sc.does("09:21", asker, cases.Contact{Party: cases.PartyPersons, Person: "clerk"})
	sc.does("09:59", asker, cases.Tell{Of: cases.TellState, Said: "by Friday", Evidence: sc.proof()})
	sc.due(cases.ClockNotifyHandler, "09:20")
	sc.late(cases.ClockNotifyHandler, "18:00", time.Minute)
	sc.due(cases.ClockFirstReply, "10:00")
	sc.late(cases.ClockFirstReply, "18:00", 0)

	sc = o.opens("09:00", caller, asker)
	sc.does("09:05", asker, matter("a pipe leaks"), cases.Classify{Class: "property"})
	sc.does("09:29", asker, cases.HandOver{Department: "repairs", Person: "smith", Mode: cases.WarmRequired, Reached: true})
	sc.running(cases.ClockNotifyHandler, false)
	sc.due(cases.ClockTransfer, "09:30")
	sc.late(cases.ClockTransfer, "18:00", 0)
	sc.due(cases.ClockFirstReply, "10:00")
	sc.late(cases.ClockFirstReply, "10:00:01", time.Second)
}

// TestE08_OneHourSlipWithManagerCopy: S33-R4, S33-R5, S33-R13. Without the manager's
// copy it has not arrived; nobody refuses it without saying why in writing.
func TestE08_OneHourSlipWithManagerCopy(t *testing.T) {
	t.Parallel()
	o := under(t, "property_slip")
	for to, want := range map[string]cases.State{"": cases.Registered, "billing": cases.HandedOver} {
		sc := o.opens("09:55", caller, asker)
		sc.does("10:00", asker, matter("a pipe leaks"), cases.Classify{Class: "other"})
		sc.due(cases.ClockSlip, "11:00")
		sc.does("10:40", asker, cases.HandOver{Department: "repairs", Mode: cases.WarmRequired, Reached: true, OwnAsked: true})
		sc.running(cases.ClockSlip, true)
		sc.running(cases.ClockAssign, true) // at once
		sc.does("11:00:05", asker, cases.Contact{Party: cases.PartyManager, Person: "section"})
		sc.running(cases.ClockSlip, false)
		sc.late(cases.ClockSlip, "18:00", 5*time.Second)
		sc.refused("11:01", smith, cases.Return{Code: "not_ours", To: to}, cases.RefusedFields, "opinion")
		sc.does("11:02", smith, cases.Return{Code: "not_ours", Opinion: "the pipe is the neighbour's", To: to})
		sc.stands(want, "asker", "asker")
		if sc.Department != to || sc.File.Returned.Opinion == "" {
			t.Errorf("department %q, returned %+v", sc.Department, sc.File.Returned)
		}
		sc.due(cases.ClockSlip, "11:00") // a return moves no clock
	}
}

// TestE09_OneWorkingDayAcrossAWeekend: S33-R6.
func TestE09_OneWorkingDayAcrossAWeekend(t *testing.T) {
	t.Parallel()
	o := under(t, "property_slip")
	for answered, late := range map[string]time.Duration{"10 Mar 16:49": 0, "10 Mar 16:51": time.Minute} {
		t.Run(answered, func(t *testing.T) {
			sc := o.in(t).opens("7 Mar 16:00", caller, asker)
			sc.does("7 Mar 16:10", asker, matter("a pipe leaks"), cases.Classify{Class: "other"})
			sc.does("7 Mar 16:50", asker, cases.HandOver{Department: "repairs", Person: "smith", Mode: cases.WarmRequired, Reached: true, OwnAsked: true, Copied: true})
			sc.due(cases.ClockReplyDepartment, "10 Mar 16:50")
			sc.does("7 Mar 16:55", smith, cases.Accept{}, cases.Report{Result: "tight again"})
			sc.does(answered, smith, cases.Reply{Result: "tight again", Evidence: sc.proof()})
			sc.late(cases.ClockReplyDepartment, "11 Mar 09:00", late)
			sc.running(cases.ClockResultToManager, true) // he is still to be told
			sc.does(answered, smith, cases.Contact{Party: cases.PartyManager, Person: "section"})
			sc.running(cases.ClockResultToManager, false)
		})
	}
}
