package console

import (
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
)

var (
	byClerk = cases.Actor{User: "clerk"}
	matter  = cases.Registration{Name: "三楼住户", Content: "三楼停水", ReadBack: true, Fields: map[string]string{"answer": "noted"}}
)

// TestWhoHasPromisedSomethingHandsItOver (E21): he does not sign out without a note to a
// successor, who then has the case; the first-asker stays who he is.
func TestWhoHasPromisedSomethingHandsItOver(t *testing.T) {
	t.Parallel()
	st, s := hotline(t, answered(1, from("+861055550101"), "clerk"), answered(2, from("+861055550102"), "clerk"))
	h := s.Handler()
	const n = "261123-1-0001"
	cookie := signInAs(t, h, "clerk")
	if r := ask(h, "POST", "/sign-out", "", "Cookie", signInAs(t, h, "clerk")); r.Header.Get("Location") != "/sign-in" {
		t.Errorf("nothing is promised: sent to %s", r.Header.Get("Location"))
	}
	moves(t, st, n, "clerk", noon.Add(30*time.Minute), matter, cases.Promise{What: "a call by six", Due: noon.Add(6 * time.Hour)})
	if r := ask(h, "POST", "/sign-out", "", "Cookie", cookie); r.StatusCode != 303 || r.Header.Get("Location") != "/handover" {
		t.Errorf("with an open promise: %s to %s", r.Status, r.Header.Get("Location"))
	}
	page := text(t, ask(h, "GET", "/handover", "", "Cookie", cookie, "Accept-Language", "en"))
	wants(t, page, "Shift handover", "a call by six", n)
	if strings.Contains(page, "261123-1-0002") {
		t.Error("a case in which nothing is promised is to be handed over")
	}
	hand := func(status int, values url.Values) string {
		t.Helper()
		r := ask(h, "POST", "/handover", values.Encode(), "Cookie", cookie, "Accept-Language", "zh")
		body := html.UnescapeString(text(t, r))
		if r.StatusCode != status {
			t.Fatalf("%v: %s\n%s", values, r.Status, body)
		}
		return body
	}
	wants(t, hand(422, url.Values{"to": {"aide"}}), "交接内容：未办的事项和已作的承诺", "未办的事项和已作的承诺", `value="aide"`)
	wants(t, hand(422, url.Values{"to": {"nobody"}, "note-" + n: {"call him"}}), "接班人", "call him")
	wants(t, hand(422, url.Values{"to": {"clerk"}, "note-" + n: {"call him"}}), "接班人")
	hand(303, url.Values{"to": {"aide"}, "note-" + n: {"call him by six"}})
	if r := ask(h, "GET", "/desk", "", "Cookie", cookie); r.StatusCode != http.StatusSeeOther {
		t.Errorf("still signed in: %s", r.Status)
	}
	c, _, err := st.Case(t.Context(), n)
	if err != nil || c.Handler != "aide" || c.FirstAsker != "clerk" || c.File.Shift == nil || c.File.Shift.Note != "call him by six" || c.File.Promise == nil {
		t.Errorf("%v, handler %s, first-asker %s, %+v", err, c.Handler, c.FirstAsker, c.File.Shift)
	}
	wants(t, text(t, ask(h, "GET", "/desk", "", "Cookie", signInAs(t, h, "aide"))), n)
	wants(t, text(t, ask(h, "GET", "/cases/"+n, "", "Cookie", signInAs(t, h, "aide"))), "call him by six")
}

// TestNobodyIsKeptWhileTheDatabaseIsAway: what is promised cannot be known.
func TestNobodyIsKeptWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	s, _ := newServer(deadStore(t))
	h := s.Handler()
	if r := ask(h, "POST", "/sign-out", "", "Cookie", signInAs(t, h, "clerk")); r.Header.Get("Location") != "/sign-in" {
		t.Errorf("sent to %s", r.Header.Get("Location"))
	}
}

// TestSupervisorsSeeWhatWaitsForThem: requests that are theirs to decide on, what is late
// and emergencies; others do not.
func TestSupervisorsSeeWhatWaitsForThem(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	s.Now = func() time.Time { return noon.Add(3 * time.Hour) }
	st.Rules.Policy.Extension = cases.ExtensionPolicy{Mode: cases.ByApproval, Approver: cases.PartyLeaderInCharge}
	boss := cases.Person{User: "boss", Extension: "1999", Roles: []cases.Role{cases.RoleSupervisor, cases.RoleLeader}}
	d := people
	d.People = append(d.People[:len(d.People):len(d.People)], boss)
	s.People = func() cases.Directory { return d }
	s.Passwords = func() map[string]string {
		return map[string]string{"boss": passwords["clerk"], "clerk": passwords["clerk"]}
	}
	h := s.Handler()
	apply(t, st, answered(1, from("+861055550101"), "clerk"), answered(2, from("+861055550102"), "clerk"), answered(3, from("+861055550103"), "clerk"))
	moves(t, st, "261123-1-0001", "clerk", noon.Add(30*time.Minute), matter, cases.Promise{What: "x", Due: noon.Add(time.Hour)},
		cases.Extend{Clock: cases.ClockPromise, Until: noon.Add(9 * time.Hour), Reason: "the parts are late"})
	moves(t, st, "261123-1-0002", "clerk", noon.Add(30*time.Minute), matter, cases.Classify{Class: "emergency"})
	for fired := 1; fired > 0; {
		all, err := st.FireStages(t.Context(), 1, 100)
		if err != nil {
			t.Fatal(err)
		}
		fired = len(all)
	}
	desk := func(user string) string {
		t.Helper()
		r := ask(h, "GET", "/desk", "", "Cookie", signInWith(t, h, user, "clerkclerk"), "Accept-Language", "en")
		return html.UnescapeString(text(t, r))
	}
	page := desk("boss")
	wants(t, page, "Waiting for a decision", "the parts are late", `href="/cases/261123-1-0001#decide"`, "Emergencies", "261123-1-0002", "Late cases", "phones were not answered: qian")
	if _, late, _ := strings.Cut(page, "Late cases"); !strings.Contains(late, "261123-1-0003") {
		t.Error("what is late is not there")
	}
	for _, other := range []string{"Waiting for a decision", "Emergencies", "Late cases", "qian"} {
		if strings.Contains(desk("clerk"), other) {
			t.Errorf("an agent's desk has %q", other)
		}
	}
}

// TestWhoHasATaskSeesIt: on his desk though the case is another's, on its page, and with
// a form that says that it is done.
func TestWhoHasATaskSeesIt(t *testing.T) {
	t.Parallel()
	st, s := hotline(t, answered(1, from("+861055550101"), "clerk"), answered(2, from("+861055550102"), "clerk"))
	h := s.Handler()
	const n = "261123-1-0001"
	moves(t, st, n, "clerk", noon.Add(30*time.Minute), matter, cases.Entrust{Text: "lock the card room", For: "aide"}, cases.Entrust{Text: "write it down", For: "clerk"})
	get := func(user, target string) string {
		t.Helper()
		return html.UnescapeString(text(t, ask(h, "GET", target, "", "Cookie", signInAs(t, h, user), "Accept-Language", "en")))
	}
	desk := get("aide", "/desk")
	wants(t, desk, n, "☐ lock the card room<", "☐ write it down (王 clerk)")
	if strings.Contains(desk, "261123-1-0002") {
		t.Error("a case without a task of his is on his desk")
	}
	page := get("aide", "/cases/"+n)
	wants(t, page, "To do", "☐ lock the card room<", `<option value="1">lock the card room</option>`, `<option value="2">write it down</option>`)
	form := url.Values{"key": {uuid.NewString()}, "task": {"1"}}
	if r := ask(h, "POST", "/cases/"+n+"/moves/finish", form.Encode(), "Cookie", signInAs(t, h, "aide")); r.StatusCode != 303 {
		t.Errorf("done: %s\n%s", r.Status, text(t, r))
	}
	if strings.Contains(get("aide", "/desk"), n) {
		t.Error("what is done is still to be done")
	}
}

// TestAnAgentHasAManagerRung: with a button, for the call he is in.
func TestAnAgentHasAManagerRung(t *testing.T) {
	t.Parallel()
	s, _ := newServer(deadStore(t))
	did := &orders{}
	s.Commands = did
	h := s.Handler()
	wants(t, text(t, ask(h, "GET", "/desk", "", "Cookie", signInAs(t, h, "clerk"), "Accept-Language", "en")), `action="/desk/alarm"`, "ring the manager now")
	if page := text(t, ask(h, "GET", "/desk", "", "Cookie", signInAs(t, h, "aide"))); strings.Contains(page, "/desk/alarm") {
		t.Error("who is in no call has the button, too")
	}
	if r := ask(h, "POST", "/desk/alarm", "", "Cookie", signInAs(t, h, "clerk")); r.StatusCode != 303 || r.Header.Get("Location") != "/cases/261123-1-0007" {
		t.Errorf("%s to %s", r.Status, r.Header.Get("Location"))
	}
	if r := ask(h, "POST", "/desk/alarm", "", "Cookie", signInAs(t, h, "aide")); r.StatusCode != 409 {
		t.Errorf("in no call: %s", r.Status)
	}
	alone := people
	alone.People = slices.Clone(alone.People)
	alone.People[3].Roles, alone.People[3].Posts = nil, nil
	s.People = func() cases.Directory { return alone }
	if page := text(t, ask(h, "GET", "/desk", "", "Cookie", signInAs(t, h, "clerk"))); strings.Contains(page, "/desk/alarm") {
		t.Error("there is nobody to be rung")
	}
	if want := "alarm " + id(1) + " clerk"; len(did.given) != 1 || did.given[0] != want {
		t.Errorf("%q, want %q", did.given, want)
	}
}

// TestCasesAreFound: by their number, the caller's or what was written down; not those
// that are not shown to who looks.
func TestCasesAreFound(t *testing.T) {
	t.Parallel()
	st, s := hotline(t, answered(1, from("+861055550101"), "clerk"), answered(2, from("+861055550102"), "clerk"))
	h := s.Handler()
	moves(t, st, "261123-1-0001", "clerk", noon.Add(30*time.Minute), matter)
	moves(t, st, "261123-1-0002", "clerk", noon.Add(30*time.Minute), matter, cases.Complain{Accused: "aide"})
	find := func(user, what string) string {
		t.Helper()
		r := ask(h, "GET", "/cases?"+url.Values{"q": {what}}.Encode(), "", "Cookie", signInAs(t, h, user), "Accept-Language", "en")
		if r.StatusCode == 303 {
			return r.Header.Get("Location")
		}
		return text(t, r)
	}
	if to := find("clerk", " 261123-1-0001 "); to != "/cases/261123-1-0001" {
		t.Errorf("by number: %s", to)
	}
	for _, what := range []string{"停水", "三楼住户", "+861055550101", "550101", "261123-1"} {
		if page := find("aide", what); !strings.Contains(page, "/cases/261123-1-0001") || strings.Contains(page, "261123-1-0002") {
			t.Errorf("%s: not the one that is there for him:\n%s", what, page)
		}
	}
	wants(t, find("aide", "水"), "Type two Chinese characters")
	wants(t, find("aide", "没有的"), "No case found")
}

// TestTheCaseOfALiveCallIsThereBeforeItsRow: it is on record, and the page waits for the
// database.
func TestTheCaseOfALiveCallIsThereBeforeItsRow(t *testing.T) {
	t.Parallel()
	s, _ := newServer(storetest.New(t))
	s.Calls = func() []Call {
		return []Call{{ID: id(1), Direction: "inbound", State: "talking", Caller: from("+15550111"), Agent: "clerk", Case: "261123-1-0009", Answered: noon}}
	}
	h := s.Handler()
	r := ask(h, "GET", "/cases/261123-1-0009", "", "Cookie", signInAs(t, h, "clerk"), "Accept-Language", "en")
	if body := text(t, r); r.StatusCode != 200 || !strings.Contains(body, "on its way to the database") {
		t.Errorf("%s\n%s", r.Status, body)
	}
	for user, number := range map[string]string{"aide": "261123-1-0009", "clerk": "261123-1-0008"} {
		if r := ask(h, "GET", "/cases/"+number, "", "Cookie", signInAs(t, h, user)); r.StatusCode != 404 {
			t.Errorf("%s, %s: %s", user, number, r.Status)
		}
	}
}

// TestTheFormKnowsWhatIsNeededAndPossible: the fields the move asks for are marked, what
// has to come first is named with the move that brings it, and what cannot be is not
// offered.
func TestTheFormKnowsWhatIsNeededAndPossible(t *testing.T) {
	t.Parallel()
	s, _ := newServer(deadStore(t))
	x := newSite(s)
	c := cases.Case{Number: "261123-1-0001", State: cases.Registered, FirstAsker: "clerk", Responsible: "clerk", Handler: "clerk"}
	o := forms{x: x, c: c, by: byClerk, l: english}
	over := o.of(cases.MoveHandOver)
	var needed []string
	for _, f := range over.Fields {
		if f.Required {
			needed = append(needed, f.Name)
		}
	}
	if strings.Join(needed, " ") != "department mode" {
		t.Errorf("needed to hand over: %q", needed)
	}
	by := map[string]cases.MoveKind{}
	for _, l := range over.Lacks {
		by[l.Field] = l.By
	}
	if by["caller_name"] != cases.MoveRegister || by["read_back"] != cases.MoveRegister {
		t.Errorf("what comes first: %v", over.Lacks)
	}
	first, rest := o.all()
	offered := map[cases.MoveKind]bool{}
	for _, f := range append(first, rest...) {
		offered[f.Kind] = true
	}
	for kind, want := range map[cases.MoveKind]bool{
		cases.MoveSolve: true, cases.MoveHandOver: true, cases.MovePromise: true, cases.MoveKeep: false, cases.MoveResume: false, cases.MoveDecide: false,
		cases.MoveArbitrate: false, cases.MoveOrder: false, cases.MoveAccept: false,
	} {
		if offered[kind] != want {
			t.Errorf("%s is offered: %t", kind, offered[kind])
		}
	}
	if first[0].Kind != cases.MoveReply || !first[0].Open {
		t.Errorf("first comes %s", first[0].Kind)
	}
}
