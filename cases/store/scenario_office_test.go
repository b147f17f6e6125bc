package store_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shouwen/cases"
)

// TestE26_ResponsibilityMovesInInsurance: S17-R3, S17-R1. To the first who has the
// authority; no clock begins again.
func TestE26_ResponsibilityMovesInInsurance(t *testing.T) {
	t.Parallel()
	sc := under(t, "insurance").opens("09:00", caller, asker)
	sc.does("09:05", asker, matter("my car was hit"), over("claims", "smith"))
	before := sc.clock(cases.ClockHandle)
	sc.refused("09:10", cases.Actor{User: "smith", Department: "claims"}, cases.Accept{}, cases.RefusedPolicy)
	sc.stands(cases.HandedOver, "asker", "asker")
	sc.does("09:11", cases.Actor{User: "smith", Department: "claims"}, cases.Accept{Authority: true})
	sc.stands(cases.Accepted, "asker", "smith") // who was asked first stays on record, who answers for it moves
	if after := sc.clock(cases.ClockHandle); !after.From.Equal(before.From) || !after.From.Equal(at("09:00")) || len(sc.clocks(cases.ClockHandle)) != 1 {
		t.Errorf("handle runs from %s", after.From)
	}
	for _, e := range sc.look() {
		if e.Kind == cases.EventResponsibilityMoved && strings.Contains(string(e.Body), "asker") && strings.Contains(string(e.Body), "smith") {
			return
		}
	}
	t.Error("the ledger does not say from whom to whom")
}

// TestE27_PromisedArrivalVsActual: S17-R7, S17-R8. The promise is 40 minutes late; when
// the customer was first called is measured.
func TestE27_PromisedArrivalVsActual(t *testing.T) {
	t.Parallel()
	sc := under(t, "insurance").opens("22:55", caller, asker)
	sc.does("22:58", asker, matter("my car was hit"), over("claims", "smith"))
	sc.does("23:00", leader, cases.Order{Instruction: "smith surveys it"})
	sc.running(cases.ClockDispatchCall, true)
	sc.running(cases.ClockDeparture, true)
	surveyor := cases.Actor{User: "smith", Department: "claims"}
	sc.does("23:02", surveyor, cases.Tell{Of: cases.TellState, Said: "there at 23:20", Evidence: sc.proof()}, cases.Promise{What: "surveyor", Due: at("23:20")})
	sc.does("23:05", surveyor, cases.Arrive{Who: "smith", Departed: true})
	sc.due(cases.ClockPromise, "23:20")
	sc.does("5 Mar 00:00", surveyor, cases.Arrive{Who: "smith"})
	sc.running(cases.ClockPromise, false)
	sc.late(cases.ClockPromise, "5 Mar 09:00", 40*time.Minute)
	if todo := sc.File.ToDo(); len(todo) != 1 || todo[0].What != cases.TaskApologise || todo[0].For != sc.Responsible || !todo[0].Since.Equal(at("5 Mar 00:00")) {
		t.Errorf("to do: %+v", todo)
	}
	sorry := cases.Tell{Of: cases.TellApology, Evidence: sc.proof()}
	sc.refused("5 Mar 00:01", surveyor, sorry, cases.RefusedFields, "said")
	sorry.Said = "sorry to have kept you waiting"
	sc.does("5 Mar 00:01", surveyor, sorry)
	if todo := sc.File.ToDo(); len(todo) > 0 {
		t.Errorf("still to do: %+v", todo)
	}
	if called := sc.clock(cases.ClockDispatchCall).Stopped; !called.Equal(at("23:02")) {
		t.Errorf("first call to the customer at %s", called)
	}
	if got := sc.clock(cases.ClockPromise).Kind.Number(); got != "K18" {
		t.Errorf("it is %s", got)
	}
}

// TestE28_CityWindow: S19-R5, S19-R7, S19-R8. A receipt at once, two working days to the
// handling body, and the register of what was picked up.
func TestE28_CityWindow(t *testing.T) {
	t.Parallel()
	o := under(t, "gov_city_window")
	for received, late := range map[string]time.Duration{"10 Mar 14:59": 0, "10 Mar 15:01": time.Minute} {
		t.Run(received, func(t *testing.T) {
			sc := o.in(t).opens("6 Mar 14:50", caller, asker)
			sc.does("6 Mar 15:00", asker, matter("a licence"))
			if got := sc.Register()["receipt_number"]; got != string(sc.Number) {
				t.Errorf("receipt %q", got)
			}
			sc.due(cases.ClockDistribute, "10 Mar 15:00")
			sc.does(received, asker, over("repairs", "smith"))
			sc.late(cases.ClockDistribute, "20 Mar 09:00", late)
			sc.does("11 Mar 09:00", asker, cases.Press{Text: "how does it stand?"}) // the window keeps pressing
			sc.does("11 Mar 10:00", smith, cases.Accept{}, cases.Report{Result: "granted"})
			sc.does("11 Mar 11:00", asker, cases.Enter{}, cases.Reply{Result: "granted", Evidence: sc.proof()})
			sc.refused("11 Mar 11:01", asker, cases.Close{}, cases.RefusedFields, "pickup_entry")
			sc.does("12 Mar 09:00", asker, cases.Deliver{What: "the licence"}, cases.Close{})
			sc.stands(cases.Closed, "asker", "asker")
		})
	}
}

// TestE29_ReassignmentNeedsConsentAndNotice: S21-R6. Until both are there, who has it
// answers for it.
func TestE29_ReassignmentNeedsConsentAndNotice(t *testing.T) {
	t.Parallel()
	sc := under(t, "service_centre").opens("09:00", caller, asker)
	sc.does("09:05", asker, matter("a licence"))
	sc.refused("09:10", asker, cases.Decide{Of: cases.AskedReassignment, Approve: true}, cases.RefusedRole)
	sc.does("09:10", asker, cases.Reassign{To: "neighbour", Reason: "on leave"})
	sc.stands(cases.Registered, "asker", "asker")
	sc.refused("09:11", section, cases.Decide{Of: cases.AskedReassignment, Approve: true}, cases.RefusedRole) // not his to consent
	sc.does("09:12", principal, cases.Decide{Of: cases.AskedReassignment, Approve: true})
	sc.stands(cases.Registered, "asker", "asker") // the notice is pending
	if x := sc.File.Reassign; x == nil || x.Consent != "principal" || x.Told {
		t.Errorf("asked for %+v", x)
	}
	sc.does("09:20", asker, cases.Tell{Of: cases.TellReassignment, Said: "a colleague", Evidence: sc.proof()})
	sc.stands(cases.Registered, "asker", "neighbour")
	if n := sc.events(cases.EventResponsibilityMoved); n != 1 || sc.File.Reassign != nil {
		t.Errorf("moved %d times, pending %+v", n, sc.File.Reassign)
	}
}

// TestE30_Extension: S23-R17, S21-R7. In time, with a reason, approved by whom it is
// for, and told: else the old due time stays.
func TestE30_Extension(t *testing.T) {
	t.Parallel()
	letter := func(o *stage) *scene {
		sc := o.opens("09:00", caller, asker)
		sc.does("09:05", asker, matter("my compensation"), cases.Classify{Class: "citizen_letter"})
		sc.due(cases.ClockReplyLetter, "7 Mar 09:00")
		return sc
	}
	o := under(t, "gov_bureau_migration")
	later := cases.Extend{Clock: cases.ClockReplyLetter, Until: at("12 Mar 09:00"), Reason: "the archive is away"}

	sc := letter(o)
	nothing := later
	nothing.Reason = ""
	sc.refused("6 Mar 09:00", asker, nothing, cases.RefusedFields, "reason")
	sc.does("6 Mar 09:00", asker, later)
	sc.refused("6 Mar 09:10", section, cases.Decide{Of: cases.AskedExtension, Approve: true}, cases.RefusedRole)
	sc.does("6 Mar 09:20", leader, cases.Decide{Of: cases.AskedExtension, Approve: true})
	sc.due(cases.ClockReplyLetter, "7 Mar 09:00")
	sc.does("6 Mar 10:00", asker, cases.Tell{Of: cases.TellExtension, Said: "by the 12th", Evidence: sc.proof()})
	sc.due(cases.ClockReplyLetter, "12 Mar 09:00")

	untold := letter(o)
	untold.does("6 Mar 09:00", asker, later)
	untold.does("6 Mar 09:20", leader, cases.Decide{Of: cases.AskedExtension, Approve: true})
	untold.does("7 Mar 09:30", asker, cases.Tell{Of: cases.TellExtension, Said: "by the 12th", Evidence: untold.proof()}) // too late
	untold.due(cases.ClockReplyLetter, "7 Mar 09:00")
	if untold.events(cases.EventExtensionLapsed) != 1 {
		t.Error("it did not lapse")
	}

	late := letter(o)
	late.refused("7 Mar 09:01", asker, later, cases.RefusedPolicy)
	late.late(cases.ClockReplyLetter, "7 Mar 10:00", time.Hour)

	reported := under(t, "service_centre", func(p *cases.Policy) { // its own limit: the regulation names none
		p.Clocks = []cases.Terms{{Kind: cases.ClockHandle, Start: cases.AtAcceptance, Stop: []cases.Milestone{cases.AtHandled}, Limit: &cases.Limit{N: 5, Unit: cases.WorkingDays}}}
	}).opens("09:00", caller, asker)
	reported.does("09:00", asker, matter("a licence"))
	reported.due(cases.ClockHandle, "11 Mar 09:00")
	later.Clock, later.Until = cases.ClockHandle, at("14 Mar 09:00")
	reported.refused("10:00", asker, later, cases.RefusedFields, "reported")
	later.Reported = "principal"
	reported.does("10:00", asker, later)
	reported.due(cases.ClockHandle, "11 Mar 09:00")
	reported.does("10:10", asker, cases.Tell{Of: cases.TellExtension, Said: "by the 14th", Evidence: reported.proof()})
	reported.due(cases.ClockHandle, "14 Mar 09:00")
}

// TestE31_AbsentHandlerVariants: S07-R6, S07-R7, S11-R6, S23-R13, S34-R7, S27-R3. What
// is done for a caller whose handler is away is the policy's; he is never dropped.
func TestE31_AbsentHandlerVariants(t *testing.T) {
	t.Parallel()
	lacking := map[cases.Remedy]struct { // what it is refused for at first, and with it is not
		field string
		then  func(*cases.Cover)
	}{
		"take_materials":       {"receipt", func(c *cases.Cover) { c.Receipt = "R7" }},
		"note_and_pass":        {"contact", func(c *cases.Cover) { c.Contact = "13900000001" }},
		"record_and_transfer":  {"contact", func(c *cases.Cover) { c.Contact = "13900000001" }},
		"contact_him":          {"contact", func(c *cases.Cover) { c.Contact = "8800" }},
		"give_or_take_contact": {"contact", func(c *cases.Cover) { c.Contact = "8800" }},
		"tell_where":           {"contact", func(c *cases.Cover) { c.Contact = "room 7" }},
		"stand_in":             {"stand_in", func(c *cases.Cover) { c.StandIn = "neighbour" }},
		"accept_for_him":       {}, "find_or_promise": {},
	}
	for policy, remedies := range map[string][]cases.Remedy{
		"gov_bureau_basic": {"contact_him", "take_materials", "find_or_promise", "note_and_pass", "record_and_transfer", "tell_where"}, "gov_bureau_migration": {"give_or_take_contact"},
		"property_basic": {"accept_for_him"}, "hotel": {"stand_in"},
	} {
		t.Run(policy, func(t *testing.T) {
			o := under(t, policy)
			if diff := cmp.Diff(remedies, o.s.Rules.Policy.AbsentHandler, cmpopts.SortSlices(func(a, b cases.Remedy) bool { return a < b })); diff != "" {
				t.Errorf("remedies: -want +got\n%s", diff)
			}
			for _, remedy := range remedies {
				sc := o.opens("09:00", "", asker) // who withheld his number
				sc.does("09:05", asker, matter("my form"))
				rings := cases.Transfer{Kind: cases.TransferWarm, How: cases.ByAPI, By: "asker", To: "smith", Extension: "8001"}
				sc.saw("09:05", cases.Fact{TransferStarted: &cases.TransferStarted{Transfer: rings}})
				sc.saw("09:06", cases.Fact{TransferFailed: &cases.TransferFailed{Transfer: rings, Reason: cases.TransferNoAnswer, Caller: cases.CallerWithAgent}})
				if !slices.Contains(sc.File.Matter.Flags, cases.FlagHandlerAbsent) { // his extension rang out
					t.Errorf("%s: flags %v", remedy, sc.File.Matter.Flags)
				}
				sc.refused("09:06", asker, cases.Cover{Remedy: "hang_up", Absent: "smith"}, cases.RefusedFields, "remedy")
				cover := cases.Cover{Remedy: remedy, Absent: "smith", Materials: []string{"form 3"}}
				if lacks := lacking[remedy]; lacks.field != "" {
					sc.refused("09:06", asker, cover, cases.RefusedFields, lacks.field)
					lacks.then(&cover)
				}
				sc.does("09:07", asker, cover)
				if sc.FirstAsker != "asker" || sc.Responsible != "asker" || sc.File.Cover == nil || sc.Register()["receipt_number"] == "" {
					t.Errorf("%s: first-asker %s, responsible %s, register %v", remedy, sc.FirstAsker, sc.Responsible, sc.Register())
				}
				if remedy == "accept_for_him" && sc.Handler != "asker" || remedy == "stand_in" && sc.Handler != "neighbour" {
					t.Errorf("%s: handler %s", remedy, sc.Handler)
				}
				sc.refused("09:08", asker, cases.Close{}, cases.RefusedEvidence, "reply") // he is still owed an answer
				if policy == "gov_bureau_basic" {
					sc.running(cases.ClockNotifyHandler, true)
					sc.does("10:00", asker, cases.Contact{Party: cases.PartyHandler, Person: "smith"})
					sc.running(cases.ClockNotifyHandler, false)
				}
			}
		})
	}
}

// TestE32_UnclearOwnerStepByStep: S06-R14, S23-R14, S12-R5. One step up at a time, and
// the caller is called back until he is told.
func TestE32_UnclearOwnerStepByStep(t *testing.T) {
	t.Parallel()
	sc := under(t, "property_retirement").opens("09:00", caller, asker)
	sc.does("09:05", asker, matter("a smell"), cases.Classify{Class: "unclear", Set: []cases.Flag{cases.FlagUnclear}})
	sc.running(cases.ClockReportLeader, true)
	sc.running(cases.ClockFindOwner, true)
	sc.refused("09:06", asker, cases.Escalate{To: cases.PartyDirector, Person: "x", Why: "unclear"}, cases.RefusedFields, "to")
	for i, step := range []cases.Party{cases.PartyOwnLeader, cases.PartyLeaderInCharge, cases.PartyPrincipalLeader} {
		sc.does("09:1"+string(rune('0'+i)), asker, cases.Escalate{To: step, Person: string(step), Why: "unclear", Answer: "not mine"})
		sc.running(cases.ClockReportLeader, false)
	}
	if len(sc.File.Ladder) != 3 || sc.File.Ladder[2].To != cases.PartyPrincipalLeader {
		t.Errorf("ladder %+v", sc.File.Ladder)
	}
	sc.does("11:00", asker, cases.Find{Department: "repairs", How: "the principal leader"})
	sc.running(cases.ClockFindOwner, false)

	back := under(t, "gov_bureau_migration").opens("09:00", caller, asker)
	back.does("09:05", asker, matter("my compensation"), cases.Classify{Class: "unclear", Set: []cases.Flag{cases.FlagUnclear}})
	if back.File.Matter.Phone != string(caller) {
		t.Errorf("phone %q", back.File.Matter.Phone)
	}
	back.does("10:00", asker, cases.Find{Department: "repairs", How: "asked around"})
	back.running(cases.ClockFindOwner, true) // to have found out is not to have told
	back.does("11:00", asker, over("repairs", "smith"))
	back.does("11:10", smith, cases.Accept{}, cases.Report{Result: "ours"})
	back.does("11:20", asker, cases.Enter{})
	back.does("11:30", cases.Actor{User: "asker", Department: "repairs"}, cases.Reply{Result: "repairs has it", Evidence: back.proof()})
	back.running(cases.ClockFindOwner, false)
}

// TestE33_DenialFiling: S25-R3, S24-R24. Why, signed, filed and told.
func TestE33_DenialFiling(t *testing.T) {
	t.Parallel()
	sc := under(t, "personnel_bureau").opens("09:00", caller, asker)
	sc.does("09:05", asker, matter("a title"))
	no := cases.Refuse{Reason: "below the years of service", Archive: "2025-17", Evidence: sc.proof()}
	sc.refused("09:10", asker, no, cases.RefusedRole)
	sc.refused("09:10", leader, cases.Refuse{Evidence: sc.proof()}, cases.RefusedFields, "reason", "archive", "archive_number")
	sc.refused("09:10", section, no, cases.RefusedRole) // another signs
	sc.refused("09:10", leader, cases.Refuse{Reason: no.Reason, Archive: no.Archive}, cases.RefusedEvidence, "evidence")
	sc.does("09:11", leader, no)
	sc.stands(cases.Refused, "asker", "asker")
	if r := sc.Register(); r["archive_number"] != "2025-17" || r["leader_signature"] != "leader" || r["caller_told"] == "" {
		t.Errorf("register %v", r)
	}
}

// TestE34_MultiSectionMatter: S25-R5, S33-R7, S24-R26. One coordinator, one limit, and
// the caller speaks with nobody else.
func TestE34_MultiSectionMatter(t *testing.T) {
	t.Parallel()
	sc := under(t, "personnel_bureau").opens("09:00", caller, asker)
	sc.does("09:05", asker, matter("a move to another post"), over("repairs", "smith"))
	sc.refused("09:10", smith, cases.Join{Departments: []string{"repairs", "billing"}}, cases.RefusedFields, "coordinator", "limit")
	sc.does("09:11", smith, cases.Join{Departments: []string{"repairs", "billing"}, Coordinator: "smith", Limit: at("14 Mar 17:00")})
	sc.due(cases.ClockPromise, "14 Mar 17:00")
	sc.does("09:12", asker, cases.Tell{Of: cases.TellState, Said: "both, by the 14th", Evidence: sc.proof()})
	if r := sc.Register(); r["coordinator"] != "smith" || r["sections"] == "" {
		t.Errorf("register %v", r)
	}

	slip := under(t, "property_slip").opens("09:00", caller, asker)
	slip.does("09:05", asker, matter("a wall and its pipe"), cases.Classify{Class: "joint"})
	slip.refused("09:06", asker, over("repairs", "smith"), cases.RefusedFields, "coordinator")
	slip.does("09:07", asker, cases.Join{Departments: []string{"repairs", "billing"}, Coordinator: "smith"}, over("repairs", "smith"))
	slip.stands(cases.HandedOver, "asker", "asker")
}
