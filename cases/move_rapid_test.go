package cases_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shouwen/cases"
	"shouwen/cases/profile"
)

// t0 is Tuesday, 4 March 2025, 09:00 in Shanghai.
var t0 = time.Date(2025, 3, 4, 1, 0, 0, 0, time.UTC)

// rulebook is a policy that comes with Shouwen, and the calendar of an office in China.
func rulebook(t testing.TB, name string) cases.Rulebook {
	t.Helper()
	p, err := profile.Policy(name)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	cal, err := profile.Calendar("china", zone)
	if err != nil {
		t.Fatal(err)
	}
	return cases.Rulebook{Policy: p, Calendar: cal}
}

// openedBy is a case that agent opened by answering a call at at.
func openedBy(agent string, at time.Time, r cases.Rulebook) cases.Case {
	c := cases.Case{
		Number: "250304-1-0001", State: cases.Open, Opened: at, FirstAsker: agent, Responsible: agent, Handler: agent,
		Call: cases.Call{ID: "018f0000-0000-7000-8000-000000000001", Caller: cases.Caller{E164: "+8613900000001"}},
	}
	return c.Reach(cases.AtContact, at, r)
}

var cast = []cases.Actor{
	{User: "asker", Department: "desk"},
	{User: "other", Department: "desk", Roles: []cases.Role{cases.RoleAgent}},
	{User: "smith", Department: "repairs", Roles: []cases.Role{cases.RoleHandler}},
	{User: "boss", Department: "repairs", Roles: []cases.Role{cases.RoleLeader}},
	{User: "clerk", Department: "billing", Roles: []cases.Role{cases.RoleHandler}},
	{User: "chief", Department: "desk", Roles: []cases.Role{cases.RoleSupervisor, cases.RoleLeader}},
	{User: "judge", Roles: []cases.Role{cases.RoleArbiter}},
	{User: "centre", Roles: []cases.Role{cases.RoleComplaintCentre}},
	{User: "reader", Roles: []cases.Role{cases.RoleAuditor}},
	{User: "admin", Roles: []cases.Role{cases.RoleAdministrator}},
}

var proof = cases.Evidence{Call: "018f0000-0000-7000-8000-000000000001"}

// anyMove is a move of kind that may or may not have all it needs.
func anyMove(t *rapid.T, kind cases.MoveKind, now time.Time, r cases.Rulebook) cases.Move {
	text := rapid.SampledFrom([]string{"water on the floor", "done", "settled", "no water", "told so", ""}).Draw(t, "text")
	user := cast[rapid.IntRange(0, len(cast)-1).Draw(t, "user")].User
	dept := rapid.SampledFrom([]string{"repairs", "billing", ""}).Draw(t, "department")
	later := now.Add(time.Duration(rapid.IntRange(-60, 6000).Draw(t, "minutes")) * time.Minute)
	ev := rapid.SampledFrom([]cases.Evidence{proof, proof, proof, {}}).Draw(t, "evidence")
	yes := rapid.Bool().Draw(t, "yes")
	class := rapid.SampledFrom(r.Policy.Classification.Classes).Draw(t, "class").Class
	full := map[string]string{}
	for _, step := range []cases.Step{cases.BeforeRegister, cases.BeforeSolve, cases.BeforeHandOver, cases.BeforeAccept, cases.BeforeReply, cases.BeforeClose} {
		for _, f := range r.Policy.Required(step, cases.Facts{Class: class}) {
			full[string(f)] = "x"
		}
	}
	all := map[cases.MoveKind]cases.Move{
		cases.MoveRegister:  cases.Registration{Name: "a caller", Content: text, Address: "3-201", Organisation: "x", Fields: full, ReadBack: yes},
		cases.MoveClassify:  cases.Classify{Class: class, Set: rapid.SliceOfN(rapid.SampledFrom([]cases.Flag{cases.FlagOwn, cases.FlagMajor, cases.FlagHazard, cases.FlagSpecial}), 0, 2).Draw(t, "flags")},
		cases.MoveNotify:    cases.Notify{Items: r.Policy.OneTimeNotice.Content, Form: r.Policy.OneTimeNotice.Form},
		cases.MoveConsult:   cases.Consult{Whom: user, Answer: text},
		cases.MovePropose:   cases.Propose{Proposal: text},
		cases.MoveComplain:  cases.Complain{Accused: user},
		cases.MoveVerify:    cases.Verify{True: yes, Against: user, Finding: text},
		cases.MoveViolation: cases.Violation{Of: cases.PushedAway, Who: user},
		cases.MoveInquiry:   cases.Inquiry{Step: rapid.SampledFrom([]cases.InquiryStep{cases.InquiryOpened, cases.InquiryProlonged, cases.InquiryReported, cases.InquiryDecided, cases.InquiryServed, cases.InquiryReviewRequested}).Draw(t, "step"), Approved: user, Reason: text, Outcome: "circular", For: cases.PartyComplainant},
		cases.MoveAdopt:     cases.Adopt{Adopted: yes, Reason: text},
		cases.MoveSolve:     cases.Solve{Manner: "at once", Result: text},
		cases.MoveHandOver:  cases.HandOver{Department: dept, Person: user, Mode: cases.WarmRequired, Reached: yes, OwnAsked: true, Copied: yes, Told: r.Policy.Transfer.Tell},
		cases.MoveContact:   cases.Contact{Party: rapid.SampledFrom([]cases.Party{cases.PartyHandler, cases.PartyCSC, cases.PartyManagerOnDuty, cases.PartyLeaderInCharge, cases.PartyFirstAsker}).Draw(t, "party"), Person: user},
		cases.MoveCover:     cases.Cover{Absent: user, Remedy: rapid.SampledFrom(append(r.Policy.AbsentHandler, "none")).Draw(t, "remedy"), Materials: []string{"form"}, Receipt: "7", StandIn: user},
		cases.MoveEscalate:  cases.Escalate{To: rapid.SampledFrom(append(r.Policy.Escalation.Levels, cases.PartyFunctional)).Draw(t, "to"), Person: user, Why: text},
		cases.MoveFind:      cases.Find{Department: dept},
		cases.MoveReferOut:  cases.ReferOut{Body: text, Told: r.Policy.Outside.Tell, Helped: "called them", Reported: "chief"},
		cases.MoveAccept:    cases.Accept{Authority: yes},
		cases.MoveAssign:    cases.Assign{Person: user},
		cases.MoveReturn:    cases.Return{Code: "not_ours", Opinion: text, To: rapid.SampledFrom([]string{"", "", dept}).Draw(t, "pass on")},
		cases.MoveArbitrate: cases.Arbitrate{Department: dept, Reason: text},
		cases.MoveJoin:      cases.Join{Departments: []string{"repairs", "billing"}, Coordinator: user, Limit: later},
		cases.MoveReport:    cases.Report{Result: text},
		cases.MoveEnter:     cases.Enter{},
		cases.MovePromise:   cases.Promise{What: text, Due: later},
		cases.MoveKeep:      cases.Keep{},
		cases.MoveWait:      cases.Wait{Reason: cases.PauseCaller, What: text},
		cases.MoveResume:    cases.Resume{},
		cases.MoveExtend:    cases.Extend{Clock: cases.ClockReplyCaller, Until: later, Reason: text, Agreed: ev, Reported: user},
		cases.MoveReassign:  cases.Reassign{To: user, Reason: text},
		cases.MoveDecide:    cases.Decide{Of: rapid.SampledFrom([]cases.Asked{cases.AskedExtension, cases.AskedReassignment}).Draw(t, "asked"), Approve: yes, Reason: text},
		cases.MoveTell:      cases.Tell{Of: rapid.SampledFrom([]cases.Telling{cases.TellState, cases.TellHandOver, cases.TellExtension, cases.TellReassignment, cases.TellProgress, cases.TellRing, cases.TellApology}).Draw(t, "of"), Told: r.Policy.Transfer.Tell, Said: text, Evidence: ev},
		cases.MovePress:     cases.Press{Text: text},
		cases.MoveAnswer:    cases.Answer{Text: text},
		cases.MoveHandOff:   cases.HandOff{To: user, Note: text},
		cases.MoveAlarm:     cases.Alarm{Level: rapid.IntRange(0, 4).Draw(t, "level"), Condition: text},
		cases.MoveConfirm:   cases.Confirm{Evidence: ev},
		cases.MoveOrder:     cases.Order{Leader: user, Instruction: text},
		cases.MoveArrive:    cases.Arrive{Who: user, Departed: yes},
		cases.MoveRelay:     cases.Relay{Said: text, Evidence: ev},
		cases.MoveFile:      cases.FileIt{Text: text, Copies: 2},
		cases.MoveDeliver:   cases.Deliver{What: text},
		cases.MoveAttempt:   cases.Attempt{Result: "no_answer"},
		cases.MoveReply:     cases.Reply{Time: "today", Manner: "by phone", Result: text, Evidence: ev},
		cases.MoveVisit:     cases.Visit{Answered: yes, Solved: rapid.Bool().Draw(t, "solved"), Said: text, Evidence: ev},
		cases.MoveReopen:    cases.Reopen{Reason: text},
		cases.MoveRefuse:    cases.Refuse{Reason: text, Archive: "A1", Evidence: ev},
		cases.MoveWithdraw:  cases.Withdraw{Reason: text, Evidence: ev},
		cases.MoveMerge:     cases.Merge{Into: "250304-1-0009"},
		cases.MoveTake:      cases.Take{},
		cases.MoveEntrust:   cases.Entrust{Text: text, For: user},
		cases.MoveFinish:    cases.Finish{Task: rapid.IntRange(0, 3).Draw(t, "task")},
		cases.MoveClose:     cases.Close{Signed: text},
	}
	return all[kind]
}

// forward are the moves that bring a case on.
var forward = []cases.MoveKind{
	cases.MoveRegister, cases.MoveSolve, cases.MoveHandOver, cases.MoveAccept, cases.MoveReturn, cases.MoveArbitrate, cases.MoveReport,
	cases.MoveEnter, cases.MoveReply, cases.MoveVisit, cases.MoveClose, cases.MoveReassign, cases.MoveDecide, cases.MoveExtend, cases.MoveAssign,
}

// TestAnyMovesKeepThePromises lets anybody try any move in any order: whatever comes of
// it, the first-asker stays, nothing is closed unanswered, no clock moves earlier or
// vanishes, and the ledger verifies.
func TestAnyMovesKeepThePromises(t *testing.T) {
	made, books := map[cases.MoveKind]int{}, map[string]cases.Rulebook{}
	for _, name := range profile.Policies() {
		books[name] = rulebook(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		r := books[rapid.SampledFrom(profile.Policies()).Draw(t, "policy")]
		now := t0
		c := openedBy("asker", now, r)
		var ledger []cases.Event
		for range rapid.IntRange(20, 120).Draw(t, "moves") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "later")) * time.Minute)
			by := rapid.SampledFrom(cast).Draw(t, "by")
			kinds := c.Moves(by, r.Policy)
			if rapid.Bool().Draw(t, "forward") { // most of the others leave the case where it is
				kinds = slices.DeleteFunc(kinds, func(k cases.MoveKind) bool { return !slices.Contains(forward, k) })
			}
			if rapid.IntRange(0, 9).Draw(t, "wild") == 0 || len(kinds) == 0 {
				kinds = cases.MoveKinds()
			}
			slices.Sort(kinds)
			kind := rapid.SampledFrom(kinds).Draw(t, "kind")
			m := anyMove(t, kind, now, r)
			was, before := c, asJSON(t, c)
			is, events, err := c.Move(m, by, now, r)
			if diff := cmp.Diff(before, asJSON(t, was)); diff != "" {
				t.Fatalf("%s changed the case it was made in, -was +is\n%s", kind, diff)
			}
			if err != nil {
				refused, ok := errors.AsType[*cases.MoveError](err)
				if !ok || !errors.Is(err, cases.ErrMove) || refused.Reason == "" || refused.Move != kind || refused.State != c.State {
					t.Fatalf("%s: %v", kind, err)
				}
				if events != nil || asJSON(t, is) != before {
					t.Fatalf("%s was refused and changed the case", kind)
				}
				continue
			}
			made[kind]++
			ledger = append(ledger, events...)
			promised(t, was, is, m, now)
			c = is
		}
		if err := cases.VerifyChain(ledger); err != nil {
			t.Fatal(err)
		}
		if len(ledger) > 0 && (c.Events != len(ledger) || c.Head != ledger[len(ledger)-1].Sum || c.State != ledger[len(ledger)-1].State) {
			t.Fatalf("%d events, head %s, state %s: not as the ledger says", c.Events, c.Head, c.State)
		}
	})
	for _, kind := range cases.MoveKinds() {
		if made[kind] == 0 {
			t.Logf("never made: %s", kind)
		}
	}
}

func asJSON(t *rapid.T, c cases.Case) string {
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// promised checks what no move may break.
func promised(t *rapid.T, was, is cases.Case, m cases.Move, now time.Time) {
	if is.FirstAsker != was.FirstAsker {
		t.Fatalf("%s: first-asker was %s, is %s", m.Kind(), was.FirstAsker, is.FirstAsker)
	}
	if is.Responsible == "" || is.Responsible == is.File.Accused {
		t.Fatalf("%s: %q is responsible", m.Kind(), is.Responsible)
	}
	closing, _ := m.(cases.Close)
	if is.State == cases.Closed && was.State != cases.Closed && closing.Signed == "" && !slices.ContainsFunc(is.File.Replies, func(r cases.Reply) bool { return r.Evidence.Proves() }) {
		t.Fatalf("closed, and nothing proves that the caller was answered")
	}
	running := map[cases.ClockKind]bool{}
	for i, k := range is.Clocks {
		if k.Running() && running[k.Kind] {
			t.Fatalf("%s: two clocks %s run", m.Kind(), k.Kind)
		}
		running[k.Kind] = running[k.Kind] || k.Running()
		if i >= len(was.Clocks) {
			continue
		}
		old := was.Clocks[i]
		if old.Kind != k.Kind || old.Gen != k.Gen || !old.From.Equal(k.From) {
			t.Fatalf("%s: clock %s of %s vanished", m.Kind(), old.Kind, old.From)
		}
		judged := m.Kind() == cases.MoveClassify || m.Kind() == cases.MoveAlarm || m.Kind() == cases.MoveCover ||
			m.Kind() == cases.MoveJoin || m.Kind() == cases.MoveReferOut || m.Kind() == cases.MoveWait || m.Kind() == cases.MoveResume
		if k.Running() && old.Running() && !old.Due.IsZero() && !k.Due.IsZero() && k.Due.Before(old.Due) && !judged {
			t.Fatalf("%s: clock %s was due %s, is %s", m.Kind(), k.Kind, old.Due, k.Due)
		}
		if late := old.Late(now); late > 0 && k.Late(now) == 0 && k.Running() && !judged {
			t.Fatalf("%s: clock %s was late by %s, is not", m.Kind(), k.Kind, late)
		}
	}
	if len(is.Clocks) < len(was.Clocks) {
		t.Fatalf("%s: clocks vanished", m.Kind())
	}
	over := !slices.Contains([]cases.State{cases.Open, cases.Registered, cases.Solved, cases.HandedOver, cases.Accepted, cases.ResultIn, cases.Replied, cases.Visited}, is.State)
	if over && len(running) > 0 {
		for kind, on := range running {
			if on {
				t.Fatalf("%s: it is %s and clock %s runs", m.Kind(), is.State, kind)
			}
		}
	}
}
