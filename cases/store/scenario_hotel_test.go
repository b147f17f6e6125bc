package store_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/store"
)

// room is the matter of a guest.
func room(content string) cases.Registration {
	m := matter(content)
	m.Fields["room"] = "510"
	return m
}

// lostPhone is the case of a guest who asks for a number at 03:00.
func (o *stage) lostPhone() *scene {
	o.t.Helper()
	sc := o.opens("03:00", caller, asker)
	m := room("left my phone in the chess-and-cards room")
	m.ReadBack = false
	sc.does("03:01", asker, m, cases.Classify{Class: "other"})
	return sc
}

// TestE19_LostPhoneNumberSpoken: S30-R12, S30-R13, S30-R14. To say a number is not to
// help, and a transfer nobody answers comes back.
func TestE19_LostPhoneNumberSpoken(t *testing.T) {
	t.Parallel()
	sc := under(t, "hotel").lostPhone()
	spoken := over("card room", "cards")
	spoken.Mode, spoken.Reached, spoken.Spoken = cases.NumberOnly, false, "3669068"
	sc.refused("03:02", asker, spoken, cases.RefusedPolicy)
	sc.refused("03:02", asker, over("card room", "cards"), cases.RefusedFields, "read_back")
	sc.does("03:03", asker, cases.Registration{ReadBack: true})
	warm := cases.Transfer{Kind: cases.TransferWarm, How: cases.ByAPI, By: "asker", Extension: "8068", Department: "card room"}
	sc.saw("03:03", cases.Fact{TransferStarted: &cases.TransferStarted{Transfer: warm}})
	sc.saw("03:04", cases.Fact{TransferFailed: &cases.TransferFailed{Transfer: warm, Reason: cases.TransferNoAnswer, Caller: cases.CallerWithAgent}})
	if sc.Handler != "asker" || sc.Department != "" {
		t.Errorf("handler %s of %q, want who answered first", sc.Handler, sc.Department)
	}
	sc.running(cases.ClockTransfer, true) // it was not passed on
	want := []cases.Task{
		{What: cases.TaskContact, Text: "card room", For: "asker", Since: at("03:04").UTC()},
		{What: cases.TaskReport, For: "asker", Since: at("03:04").UTC()},
	}
	if diff := cmp.Diff(want, sc.File.ToDo()); diff != "" {
		t.Errorf("to do: -want +got\n%s", diff)
	}
	sc.refused("03:05", asker, cases.Entrust{}, cases.RefusedFields, "text", "for")
	sc.does("03:05", asker, cases.Contact{Party: cases.PartyPersons, Person: "security", Said: "goes there"}, cases.Entrust{Text: "secure the door", For: "security"})
	sc.does("03:06", asker, cases.Contact{Party: cases.PartyOwnLeader, Person: "leader"})
	sc.refused("03:06", asker, cases.Close{}, cases.RefusedEvidence, "reply", "handover_note", "tasks")
	sc.refused("03:07", neighbour, cases.Finish{Task: 3}, cases.RefusedFields, "task")
	sc.refused("03:07", asker, cases.Finish{Task: 1}, cases.RefusedFields, "task") // it is done
	sc.does("03:10", cases.Actor{User: "security"}, cases.Finish{Task: 3})
	if todo := sc.File.ToDo(); len(todo) > 0 || sc.File.Tasks[2].By != "security" {
		t.Errorf("still to do: %+v of %+v", todo, sc.File.Tasks)
	}
	sc.stands(cases.Registered, "asker", "asker")
}

// TestE20_GuestDialsANumberNobodyAnswers: S30-R13, S30-R15, S30-R16. His missed calls
// are part of the case they are about, whose first-asker owes him one callback; who opens
// it by his number sees the whole night.
func TestE20_GuestDialsANumberNobodyAnswers(t *testing.T) {
	t.Parallel()
	o := under(t, "hotel")
	sc := o.lostPhone()
	sc.does("03:02", asker, cases.Registration{ReadBack: true, Fields: map[string]string{"number_spoken": "3669068", "number_dialled": "3669088"}})
	if !slices.Contains(sc.File.Matter.Flags, cases.FlagMisdial) {
		t.Errorf("flags %v", sc.File.Matter.Flags)
	}
	before := sc.Case
	for _, when := range []string{"03:05", "03:10", "03:15"} {
		missed := o.misses(when, caller, sc.Number)
		missed.stands(cases.Merged, "", "")
		if !missed.CallbackDue.IsZero() || missed.File.Into != sc.Number {
			t.Errorf("%s owes a callback by %s, continued in %q", missed.Number, missed.CallbackDue, missed.File.Into)
		}
	}
	sc.look()
	if !sc.CallbackDue.Equal(at("04:05")) || len(sc.File.Links) != 3 || sc.events(cases.EventLinked) != 3 || sc.File.Links[1].Missed != cases.MissedNoAnswer {
		t.Errorf("callback due %s, links %+v", sc.CallbackDue, sc.File.Links)
	}
	mine, err := o.s.Callbacks(t.Context(), store.CallbackFilter{View: store.CallbacksMine, User: asker.User})
	if err != nil || len(mine) != 1 || mine[0].Number != sc.Number {
		t.Errorf("%d callbacks are the first-asker's, %v", len(mine), err)
	}
	stale := sc.order("03:20", asker, cases.Promise{What: "call back", Due: at("03:30")})
	stale.Seen = before.Events // nobody has moved the case since, the phones have
	if _, err := o.s.Move(t.Context(), stale); err != nil {
		t.Error(err)
	}
	sc.look()
	sc.does("07:00", asker, cases.HandOff{To: "neighbour", Note: "guest of 510 misses his phone"})
	all, _, err := o.s.Cases(t.Context(), store.Filter{Caller: caller})
	if err != nil || len(all) != 4 || all[3].Number != sc.Number {
		t.Fatalf("%d cases of the number, %v", len(all), err)
	}
	for i, c := range all[:3] {
		if c.Previous != all[i+1].Number {
			t.Errorf("%s: before it %q", c.Number, c.Previous)
		}
	}
	if r := all[3].Register(); r["number_spoken"] != "3669068" || r["number_dialled"] != "3669088" || r["handover_note"] == "" {
		t.Errorf("register %v", r)
	}
	if sc.events(cases.EventHandedOff) != 1 || sc.FirstAsker != "asker" {
		t.Errorf("first-asker %s", sc.FirstAsker)
	}
}

// TestAMissedCallIsPartOfTheOpenCase, unless it is about something else, or that case
// is not open any more, or another's.
func TestAMissedCallIsPartOfTheOpenCase(t *testing.T) {
	t.Parallel()
	o := under(t, "none")
	open, other, over := o.misses("09:00", caller), o.opens("09:01", "+8613900000002", asker), o.opens("09:02", caller, asker)
	over.does("09:03", asker, cases.Withdraw{Reason: "it runs again", Evidence: over.proof()})
	alone := func(sc *scene) {
		t.Helper()
		if sc.State != cases.Open || sc.CallbackDue.IsZero() {
			t.Errorf("%s is %s, callback due %s", sc.Number, sc.State, sc.CallbackDue)
		}
	}
	alone(o.misses("09:10", caller, over.Number))
	alone(o.misses("09:11", caller, other.Number))
	alone(o.misses("09:12", "", open.Number))
	call, number, came := o.call("09:13", caller)
	o.apply(came, cases.Fact{At: at("09:13"), Call: call, Emergency: &cases.Emergency{}},
		cases.Fact{At: at("09:14"), Call: call, Case: number, Missed: &cases.Missed{Reason: cases.MissedAbandoned, CallbackDue: at("10:00"), OpenCase: open.Number}})
	urgent := &scene{stage: o, Case: cases.Case{Number: number}}
	urgent.look()
	alone(urgent)
	o.misses("09:20", caller, open.Number).stands(cases.Merged, "", "")
	if open.look(); !open.CallbackDue.Equal(at("10:00")) || len(open.File.Links) != 1 || len(other.File.Links) != 0 {
		t.Errorf("callback due %s, links %+v", open.CallbackDue, open.File.Links)
	}
}

// TestE21_ShiftHandoverWithOpenPromise: S30-R12, S30-R14. The next shift has the case
// and the promise, the first-asker stays.
func TestE21_ShiftHandoverWithOpenPromise(t *testing.T) {
	t.Parallel()
	sc := under(t, "hotel").lostPhone()
	sc.does("03:05", asker, cases.Promise{What: "your phone at the lobby", Due: at("09:00")}, cases.Entrust{Text: "press the card room", For: "asker"})
	if !sc.Leaves(asker, sc.s.Rules.Policy) || sc.Leaves(neighbour, sc.s.Rules.Policy) {
		t.Error("he may go without a word")
	}
	sc.refused("07:00", asker, cases.HandOff{To: "neighbour"}, cases.RefusedFields, "note")
	sc.does("07:00", asker, cases.HandOff{To: "neighbour", Note: "his phone is to be at the lobby by nine"})
	sc.stands(cases.Registered, "asker", "asker")
	if sc.Handler != "neighbour" || sc.File.Promise == nil || sc.File.Tasks[0].For != "neighbour" || sc.Leaves(asker, sc.s.Rules.Policy) {
		t.Errorf("handler %s, promise %+v, tasks %+v", sc.Handler, sc.File.Promise, sc.File.Tasks)
	}
	next, err := sc.s.Desk(t.Context(), neighbour.User, "", 10)
	if err != nil || len(next) != 1 || next[0].Number != sc.Number {
		t.Errorf("the next shift has %+v, %v", next, err)
	}
	sc.due(cases.ClockPromise, "09:00")
	sc.does("08:50", neighbour, cases.Keep{})
	sc.running(cases.ClockPromise, false)
	sc.late(cases.ClockPromise, "18:00", 0)
}

// TestE22_SteamedBunsLost: S30-R18, S30-R19, S30-R8. An order told to somebody who wrote
// down nothing is delivered first; the record says whom it was told.
func TestE22_SteamedBunsLost(t *testing.T) {
	t.Parallel()
	o := under(t, "hotel")
	if none, _, err := o.s.Cases(t.Context(), store.Filter{Caller: caller}); err != nil || len(none) != 0 {
		t.Fatalf("a ticket for what nobody wrote down: %+v, %v", none, err)
	}
	sc := o.opens("12:30", caller, manager) // the assistant manager finds none, and opens one
	m := room("steamed buns, ordered at 11:50")
	m.Fields["told_to"] = "cook"
	sc.does("12:31", manager, m, cases.Classify{Class: "item"})
	sc.due(cases.ClockDelivery, "12:34")
	sc.does("12:31", manager, cases.Order{Instruction: "deliver first, ask afterwards"})
	sc.does("12:32", manager, over("kitchen", "smith"))
	sc.refused("13:00", manager, cases.Close{}, cases.RefusedEvidence, "reply", "pickup_entry")
	sc.does("13:10", smith, cases.Accept{}, cases.Deliver{What: "steamed buns"})
	sc.late(cases.ClockDelivery, "18:00", 36*time.Minute)
	if got := sc.Register()["told_to"]; got != "cook" {
		t.Errorf("told to %q", got)
	}
	if diff := cmp.Diff([]cases.Violation{{Of: cases.VerbalOrder, Who: "cook"}}, sc.File.Violations); diff != "" || sc.events(cases.EventViolation) != 1 {
		t.Errorf("-want +got\n%s", diff)
	}
	flagged, _, err := o.s.Cases(t.Context(), store.Filter{Flag: cases.FlagVerbalOrder, For: &manager}) // what the supervisor looks at
	if err != nil || len(flagged) != 1 || flagged[0].Number != sc.Number {
		t.Errorf("flagged %+v, %v", flagged, err)
	}
}

// TestE24_BottleOfGlue: S30-R9, S30-R21. However many are asked, it is one chain with
// one first-asker.
func TestE24_BottleOfGlue(t *testing.T) {
	t.Parallel()
	sc := under(t, "hotel").opens("10:00", caller, asker)
	sc.does("10:01", asker, room("a bottle of glue"), cases.Classify{Class: "item"})
	sc.does("10:02", manager, cases.Violation{Of: cases.PushedAway, Who: "asker", Said: "please call the room centre"})
	sc.refused("10:02", manager, cases.Violation{Of: cases.BannedPhrase, Who: "asker", Said: "你好"}, cases.RefusedFields, "said")
	away := over("room centre", "")
	away.OwnAsked = false
	sc.refused("10:02", asker, away, cases.RefusedFields, "own_asked", "person")
	sc.does("10:03", asker, cases.Contact{Party: cases.PartyPersons, Person: "neighbour", Said: "none here"},
		cases.Contact{Party: cases.PartyDepartment, Person: "front desk", Said: "none here"},
		cases.Contact{Party: cases.PartyOwnLeader, Person: "leader", Said: "finance has one"},
		cases.Find{Department: "finance", How: "the front desk's superior"}, over("finance", "clerk"))
	sc.does("10:10", clerk, cases.Accept{}, cases.Report{Result: "a bottle of glue"})
	sc.refused("10:11", asker, cases.Close{}, cases.RefusedEvidence, "reply")
	sc.does("10:12", clerk, cases.Reply{Result: "it comes", Evidence: sc.proof()})
	sc.does("10:13", asker, cases.Visit{Answered: true, Solved: true, Evidence: sc.proof()}, cases.Enter{})
	sc.refused("10:14", asker, cases.Close{}, cases.RefusedFields, "pickup_entry") // he was told, and has no glue
	sc.does("10:15", clerk, cases.Deliver{What: "a bottle of glue"})
	sc.does("10:20", asker, cases.Close{})
	sc.stands(cases.Closed, "asker", "asker")
	if n, bad := sc.events(cases.EventContacted), sc.events(cases.EventViolation); n != 3 || bad != 1 {
		t.Errorf("%d contacts and %d violations in the ledger", n, bad)
	}
}

// TestE25_DirectionsAndRetelling: S30-R22, S30-R25, S29-R5, S30-R23. Who knows the answer
// gives it, and asks whether it is clear; who takes over has the question as it was
// recorded, and the post is covered by a stand-in before its agent leaves.
func TestE25_DirectionsAndRetelling(t *testing.T) {
	t.Parallel()
	o := under(t, "hotel")
	knows := o.opens("09:30", caller, asker)
	knows.does("09:31", asker, room("when is breakfast?"), cases.Classify{Class: "own"},
		cases.Reply{Result: "from six to ten", Clear: true, Evidence: knows.proof()})
	if !knows.File.Replies[0].Clear || knows.Register()["understood"] != "yes" {
		t.Errorf("answered %+v, register %v", knows.File.Replies, knows.Register())
	}
	sc := o.opens("10:00", caller, asker)
	sc.does("10:01", asker, room("how do I get to the old town hall?"), cases.Classify{Class: "other"})
	sc.refused("10:02", asker, cases.Cover{Remedy: "stand_in", Absent: "asker"}, cases.RefusedFields, "stand_in")
	sc.does("10:02", asker, cases.Cover{Remedy: "stand_in", Absent: "asker", StandIn: "neighbour"})
	if sc.Handler != "neighbour" || sc.FirstAsker != "asker" {
		t.Errorf("handler %s, first-asker %s", sc.Handler, sc.FirstAsker)
	}
	sc.does("10:03", asker, over("concierge", "smith"))
	sc.does("10:04", smith, cases.Accept{})
	if got := sc.File.Matter.Content; !strings.Contains(got, "old town hall") || !sc.File.Matter.ReadBack {
		t.Errorf("the concierge reads %q", got)
	}
	sc.does("10:05", manager, cases.Violation{Of: cases.Retold, Who: "smith"}) // and yet had him tell it again
	if sc.Handler != "smith" || sc.FirstAsker != "asker" || sc.File.Violations[0].Who != "smith" {
		t.Errorf("handler %s, first-asker %s, violations %+v", sc.Handler, sc.FirstAsker, sc.File.Violations)
	}
}
