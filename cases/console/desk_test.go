package console

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/profile"
	"shouwen/ivr/acd"
)

// TestTheDeskLeadsFromRingToClosed: an agent does everything a case takes by the pages
// alone.
func TestTheDeskLeadsFromRingToClosed(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	o := &orders{}
	s.Callers = o
	s.Agents = func() acd.Snapshot {
		return acd.Snapshot{Agents: []acd.Presence{{Agent: acd.Agent{User: "clerk"}, State: acd.Ringing, Call: id(1)}}}
	}
	h := s.Handler()
	apply(t, st, answered(1, from("+861055550101"), "clerk"), answered(2, from("+861055550102"), "clerk"), answered(3, from("+861055550103"), "aide"))
	r := ask(h, "POST", "/sign-in", "user=1001&password=clerkclerk")
	if r.Header.Get("Location") != "/desk" {
		t.Fatalf("after the sign-in: %v", r.Header)
	}
	cookie := r.Cookies()[0].Name + "=" + r.Cookies()[0].Value
	show := func(target string) string {
		t.Helper()
		r := ask(h, "GET", target, "", "Cookie", cookie, "Accept-Language", "en")
		if r.StatusCode != 200 {
			t.Fatalf("%s: %s", target, r.Status)
		}
		return html.UnescapeString(text(t, r))
	}
	const n = "261123-1-0001"
	desk := show("/desk")
	wants(t, desk, "My open cases", "+15550111", "late by", "due 2026-11-23 12:31:02; because: ", "[S02-R8]")
	if first, second := strings.Index(desk, n), strings.Index(desk, "261123-1-0002"); first < 0 || second < first || strings.Contains(desk, "261123-1-0003") {
		t.Errorf("not his own cases by their due time:\n%s", desk)
	}

	hidden := regexp.MustCompile(`name="key" value="([^"]+)"><input type="hidden" name="seen" value="(\d+)"`)
	press := func(kind cases.MoveKind, want int, values url.Values) string {
		t.Helper()
		page := show("/cases/" + n)
		_, form, ok := strings.Cut(page, `action="/cases/`+n+`/moves/`+string(kind)+`"`)
		m := hidden.FindStringSubmatch(form)
		if !ok || m == nil {
			t.Fatalf("no button for %s", kind)
		}
		values.Set("key", m[1])
		values.Set("seen", m[2])
		r := ask(h, "POST", "/cases/"+n+"/moves/"+string(kind), values.Encode(), "Cookie", cookie, "Accept-Language", "en")
		body := html.UnescapeString(text(t, r))
		if r.StatusCode != want {
			t.Fatalf("%s: %s\n%s", kind, r.Status, body)
		}
		return body
	}
	page := show("/cases/" + n)
	wants(t, page, `name="phone" value="+861055550101"`, `name="read_back"`, `name="fields.answer"`, `Name <span class="must">*</span> <small>before: close, hand over</small>`)
	if strings.Contains(page, "/moves/accept") {
		t.Error("a button for what is not his to do")
	}
	press(cases.MoveRegister, 303, url.Values{"phone": {"+861055550101"}, "name": {"张"}, "content": {"no water"}, "read_back": {"on"}, "fields.answer": {"opened the valve"}})
	body := press(cases.MovePromise, 422, url.Values{"what": {"a <call>"}})
	wants(t, body, `value="a <call>"`, "By when: a time to come")
	press(cases.MoveSolve, 303, url.Values{"manner": {"by phone"}, "result": {"water runs"}})
	press(cases.MoveReply, 303, url.Values{"time": {"today"}, "manner": {"by phone"}, "result": {"water runs"}, "evidence.call": {id(1_000_001)}})
	press(cases.MoveClose, 303, url.Values{})
	if desk := show("/desk"); strings.Contains(desk, n) {
		t.Error("closed, and still on the desk")
	}
	c, _, err := st.Case(t.Context(), n)
	if err != nil || c.State != cases.Closed || c.File.Matter.Content != "no water" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestTheDeskShowsCallbacksWithAButton(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	o := &orders{}
	s.Callers = o
	h := s.Handler()
	apply(t, st, missed(1, from("+861055550101"), noon.Add(30*time.Minute)))
	aide := signInAs(t, h, "aide")
	if r := ask(h, "POST", "/cases/261123-1-0001/call", "", "Cookie", aide); r.StatusCode != 303 || !slices.Equal(o.given, []string{"call back 261123-1-0001 aide"}) {
		t.Errorf("%s, %q", r.Status, o.given)
	}
	if desk := text(t, ask(h, "GET", "/desk", "", "Cookie", aide)); !strings.Contains(desk, `action="/cases/261123-1-0001/call"`) {
		t.Errorf("no button in\n%s", desk)
	}
	if desk := text(t, ask(h, "GET", "/desk", "", "Cookie", signInAs(t, h, "chief"))); strings.Contains(desk, "261123-1-0001") {
		t.Error("a handler elsewhere has it on his desk")
	}
	o.err = &Refusal{409, cases.Words{ZH: "您正在通话", EN: "you are in a call"}}
	for lang, why := range map[string]string{"zh": "您正在通话", "en": "you are in a call"} {
		r := ask(h, "POST", "/cases/261123-1-0001/call", "", "Cookie", aide, "Accept-Language", lang)
		if page := text(t, r); r.StatusCode != 409 || !strings.Contains(page, why) {
			t.Errorf("while he talks: %s\n%s", r.Status, page)
		}
	}
	if r := ask(h, "POST", "/cases/261123-1-0009/call", "", "Cookie", aide); r.StatusCode != 404 {
		t.Errorf("no such case: %s", r.Status)
	}
	for body, want := range map[string]int{"": 400, "key=1": 400, "key=" + uuid.NewString(): 403} {
		if r := ask(h, "POST", "/cases/261123-1-0001/moves/promise", body, "Cookie", aide, "Content-Type", "application/x-www-form-urlencoded"); r.StatusCode != want {
			t.Errorf("a move with %q: %s", body, r.Status)
		}
	}
	if r := ask(h, "POST", "/cases/261123-1-0001/moves/vanish", "key="+uuid.NewString(), "Cookie", aide); r.StatusCode != 404 {
		t.Errorf("no such move: %s", r.Status)
	}
	if r := ask(h, "GET", "/desk", "", "Cookie", signIn(t, h)); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/" {
		t.Errorf("with the token: %s", r.Status)
	}
}

// TestEveryFormFitsItsMove: what a form asks for is what the move reads.
func TestEveryFormFitsItsMove(t *testing.T) {
	t.Parallel()
	for _, kind := range cases.MoveKinds() {
		values := url.Values{}
		f := formOf(kind, english)
		for _, field := range f.Fields {
			values.Set(field.Name, map[string]string{"number": "2", "datetime-local": "2026-11-24T09:00", "checkbox": "on", "list": "a, b"}[field.Input])
			if values.Get(field.Name) == "" {
				values.Set(field.Name, "x")
			}
		}
		body := bodyOf(f.Fields, values, time.UTC)
		if _, err := cases.ReadMove(kind, body); err != nil {
			t.Errorf("%s: %v: %s", kind, err, body)
		}
	}
}

// TestNobodyGoesWithoutAWordToTheNextShift: S30-R12, S30-R14. Who has promised something
// hands the case off before he signs out, where the profile has shifts hand over.
func TestNobodyGoesWithoutAWordToTheNextShift(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	hotel, err := profile.Policy("hotel")
	if err != nil {
		t.Fatal(err)
	}
	st.Rules.Policy = hotel
	h := s.Handler()
	apply(t, st, answered(1, from("+861055550101"), "clerk"))
	const n = "261123-1-0001"
	moves(t, st, n, "clerk", noon, cases.Registration{Content: "lost my phone", Name: "a guest", ReadBack: true}, cases.Promise{What: "your phone", Due: noon.Add(time.Hour)})
	clerk := signInAs(t, h, "clerk")
	leave := func(want string) {
		t.Helper()
		if r := ask(h, "POST", "/sign-out", "", "Cookie", clerk); r.Header.Get("Location") != want {
			t.Errorf("led to %q, want %q", r.Header.Get("Location"), want)
		}
	}
	leave("/handover")
	wants(t, text(t, ask(h, "GET", "/handover", "", "Cookie", clerk, "Accept-Language", "en")), "Shift handover", n)
	moves(t, st, n, "clerk", noon, cases.HandOff{To: "aide", Note: "his phone is to be at the lobby"})
	leave("/sign-in")
}
