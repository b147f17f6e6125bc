package console

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/profile"
)

// send sends JSON with the token, and with headers given as name and value in turn.
func send(h http.Handler, target, body string, header ...string) *http.Response {
	return ask(h, "POST", target, body, append([]string{"Authorization", "Bearer " + token, "Content-Type", "application/json"}, header...)...)
}

// move has user make a move in a case.
func move(h http.Handler, user, number string, kind cases.MoveKind, body string) *http.Response {
	return send(h, "/api/v1/cases/"+number+"/moves/"+string(kind), body, "By", user, "Idempotency-Key", uuid.NewString())
}

const (
	registration = `{"phone": "+861055550101", "name": "张", "content": "no water", "read_back": true}`
	handOver     = `{"department": "repairs", "person": "chief", "mode": "warm_required", "reached": true, "own_asked": true, "copied": true, "told": ["department", "person", "contact"]}`
)

func TestACaseIsMovedFromPickUpToClosed(t *testing.T) {
	t.Parallel()
	_, s := hotline(t, answered(1, from("+861055550101"), "clerk"))
	h := s.Handler()
	const n = "261123-1-0001"
	var c caseBody
	for _, step := range []struct {
		user string
		kind cases.MoveKind
		body string
		want cases.State
	}{
		{"clerk", cases.MoveRegister, registration, cases.Registered},
		{"clerk", cases.MoveHandOver, handOver, cases.HandedOver},
		{"chief", cases.MoveAccept, `{"authority": true}`, cases.Accepted},
		{"chief", cases.MoveReport, `{"manner": "on site", "result": "the pipe is mended"}`, cases.ResultIn},
		{"clerk", cases.MoveEnter, `{}`, cases.ResultIn},
		{"clerk", cases.MoveReply, `{"time": "today", "manner": "by phone", "result": "water runs", "evidence": {"call": "` + id(1_000_001) + `"}}`, cases.Replied},
		{"clerk", cases.MoveClose, `{}`, cases.Closed},
	} {
		c = decode[caseBody](t, move(h, step.user, n, step.kind, step.body), 200)
		if c.State != string(step.want) {
			t.Fatalf("%s: %s, want %s", step.kind, c.State, step.want)
		}
	}
	if !c.Chain.OK || c.FirstAsker != "clerk" || c.Department != "repairs" || c.File.Matter.Content != "no water" || c.Events[len(c.Events)-1].By != "clerk" {
		t.Errorf("%+v", c)
	}
	for _, k := range c.Clocks {
		if k.State != clockStopped && k.State != clockCancelled {
			t.Errorf("closed, and %s is %s", k.Kind, k.State)
		}
	}
}

func TestAMoveIsMadeOnceAndOnWhatWasSeen(t *testing.T) {
	t.Parallel()
	_, s := hotline(t, answered(1, from("+861055550101"), "clerk"))
	h := s.Handler()
	const target = "/api/v1/cases/261123-1-0001/moves/register"
	key := uuid.NewString()
	first := decode[caseBody](t, send(h, target+"?seen=2", registration, "By", "clerk", "Idempotency-Key", key), 200)
	again := decode[caseBody](t, send(h, target+"?seen=2", registration, "By", "clerk", "Idempotency-Key", key), 200)
	if first.EventCount != again.EventCount {
		t.Errorf("made twice: %d and %d events", first.EventCount, again.EventCount)
	}
	r := send(h, target+"?seen=2", registration, "By", "clerk", "Idempotency-Key", uuid.NewString())
	if p := decode[moveProblem](t, r, 409); p.Type != "/problems/stale" || r.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("on what is no longer so: %+v, %s", p, r.Header.Get("Content-Type"))
	}
}

// TestRefusedMovesSayWhy covers every problem there is.
func TestRefusedMovesSayWhy(t *testing.T) {
	t.Parallel()
	_, s := hotline(t, answered(1, from("+861055550101"), "clerk"))
	h := s.Handler()
	const n = "261123-1-0001"
	refused := func(r *http.Response, status int, why cases.Reason, fields ...string) moveProblem {
		t.Helper()
		p := decode[moveProblem](t, r, status)
		var got []string
		for _, f := range p.Fields {
			got = append(got, f.Field)
			if f.Want == "" {
				t.Errorf("%s: no remedy for %s", why, f.Field)
			}
		}
		if p.Type != "/problems/"+string(why) || p.Status != status || p.Case != n || p.Detail == "" || !slices.Equal(got, fields) {
			t.Errorf("%+v, want %s with %v", p, why, fields)
		}
		return p
	}
	refused(move(h, "clerk", n, cases.MoveArbitrate, `{}`), 403, cases.RefusedRole)
	refused(move(h, "clerk", n, cases.MoveHandOver, handOver), 409, cases.RefusedState)
	refused(move(h, "clerk", n, cases.MoveClassify, `{"clas": "emergency"}`), 422, problemBody)
	refused(move(h, "clerk", n, cases.MoveClassify, `[`), 422, problemBody)
	refused(move(h, "clerk", n, cases.MovePromise, `{}`), 422, cases.RefusedFields, "what", "due")
	decode[caseBody](t, move(h, "clerk", n, cases.MoveRegister, registration), 200)
	if p := refused(move(h, "clerk", n, cases.MoveReply, `{"time": "x", "manner": "x", "result": "x"}`), 422, cases.RefusedEvidence, "evidence"); p.State != "registered" {
		t.Errorf("state %q", p.State)
	}

	for name, tt := range map[string]struct {
		header   []string
		status   int
		location string
	}{
		"nobody":          {[]string{"Idempotency-Key", uuid.NewString()}, 422, "header.By"},
		"a stranger":      {[]string{"Idempotency-Key", uuid.NewString(), "By", "zhou"}, 422, "header.By"},
		"without a key":   {[]string{"By", "clerk"}, 422, "header.Idempotency-Key"},
		"with a key of 1": {[]string{"By", "clerk", "Idempotency-Key", "1"}, 422, "header.Idempotency-Key"},
	} {
		p := decode[huma.ErrorModel](t, send(h, "/api/v1/cases/"+n+"/moves/register", registration, tt.header...), tt.status)
		if len(p.Errors) == 0 || !strings.EqualFold(p.Errors[0].Location, tt.location) {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if r := move(h, "clerk", "261123-1-9999", cases.MoveRegister, registration); r.StatusCode != 404 {
		t.Errorf("no such case: %s", r.Status)
	}
	if r := move(h, "clerk", n, "vanish", `{}`); r.StatusCode != 404 {
		t.Errorf("no such move: %s", r.Status)
	}
}

func TestACaseSaysWhatIsDueAndWhatMayBeDone(t *testing.T) {
	t.Parallel()
	_, s := hotline(t, answered(1, from("+861055550101"), "clerk"))
	h := s.Handler()
	get := func(user, language string) caseBody {
		t.Helper()
		return decode[caseBody](t, ask(h, "GET", "/api/v1/cases/261123-1-0001", "", "Authorization", "Bearer "+token, "By", user, "Accept-Language", language), 200)
	}
	zh, en := get("clerk", "zh"), get("clerk", "en")
	i := slices.IndexFunc(en.Clocks, func(k clockBody) bool { return k.Kind == "transfer" })
	if i < 0 {
		t.Fatalf("clocks %+v", en.Clocks)
	}
	k := en.Clocks[i] // 30 minutes from the pick-up a minute after noon, asked an hour after noon
	if k.State != clockRunning || k.Late != 1738 || !strings.HasPrefix(k.Explanation, "due 2026-11-23 12:31:02; because: ") || !slices.Contains(k.Rules, "S02-R8") {
		t.Errorf("%+v", k)
	}
	if !strings.HasPrefix(zh.Clocks[i].Explanation, "到期 2026-11-23 12:31:02；因为：") {
		t.Errorf("%+v", zh.Clocks[i])
	}
	if !slices.Contains(en.Moves, "register") || slices.Contains(en.Moves, "accept") || !slices.IsSorted(en.Moves) {
		t.Errorf("moves %v", en.Moves)
	}
	if want := (requiredBody{"close", "caller_name", "caller's name", true}); !slices.Contains(en.Required, want) {
		t.Errorf("required %+v", en.Required)
	}
	if nobody := get("", "en"); len(nobody.Moves) != 0 {
		t.Errorf("without a user: %v", nobody.Moves)
	}
}

func TestNobodySeesAComplaintAboutHimself(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	o := &orders{}
	s.Callers = o
	h := s.Handler()
	apply(t, st, recorded(1), answered(2, from("+861055550102"), "clerk"))
	list := decode[casePageBody](t, askAPI(h, "/api/v1/cases"), 200)
	n, call := list.Cases[1].Number, list.Cases[1].Call.ID
	decode[caseBody](t, move(h, list.Cases[1].FirstAsker, n, cases.MoveRegister, registration), 200)
	decode[caseBody](t, move(h, list.Cases[1].FirstAsker, n, cases.MoveComplain, `{"accused": "qian"}`), 200)
	for _, target := range []string{"/api/v1/cases/" + n, "/api/v1/recordings?case=" + n, "/api/v1/recordings/" + call + "/accesses", "/api/v1/recordings/" + call + "/audio", "/api/v1/cases/" + n + "/voicemail"} {
		if r := ask(h, "GET", target, "", "Authorization", "Bearer "+token, "By", "qian"); r.StatusCode != 404 {
			t.Errorf("%s: %s", target, r.Status)
		}
	}
	if r := ask(h, "GET", "/api/v1/cases/"+n, "", "Authorization", "Bearer "+token, "By", "sun"); r.StatusCode != 200 {
		t.Errorf("the auditor: %s", r.Status)
	}
	if r := move(h, "qian", n, cases.MoveRegister, registration); r.StatusCode != 404 {
		t.Errorf("a move of his: %s", r.Status)
	}
	if r := send(h, "/api/v1/callbacks/"+n+"/call", `{"agent": "qian"}`, "By", "qian"); r.StatusCode != 404 || len(o.given) > 0 {
		t.Errorf("a call of his: %s, %q", r.Status, o.given)
	}
	got := numbers(decode[casePageBody](t, ask(h, "GET", "/api/v1/cases", "", "Authorization", "Bearer "+token, "By", "qian"), 200))
	if slices.Contains(got, n) || len(got) != 1 {
		t.Errorf("he sees %v", got)
	}
}

func TestTheDocumentShowsEveryMove(t *testing.T) {
	d := document(t)
	schemas := d["components"].(map[string]any)["schemas"].(map[string]any)
	for _, kind := range cases.MoveKinds() {
		op := d["paths"].(map[string]any)["/api/v1/cases/{number}/moves/"+string(kind)].(map[string]any)["post"].(map[string]any)
		ref := op["requestBody"].(map[string]any)["content"].(map[string]any)["application/json"].(map[string]any)["schema"].(map[string]any)["$ref"].(string)
		properties := schemas[ref[strings.LastIndex(ref, "/")+1:]].(map[string]any)["properties"].(map[string]any)
		for name := range properties {
			if _, err := cases.ReadMove(kind, []byte(`{"`+name+`": null}`)); err != nil {
				t.Errorf("%s is in the document: %v", name, err)
			}
		}
		if _, ok := words["move "+string(kind)]; !ok {
			t.Errorf("no word for move %s", kind)
		}
		for _, status := range []string{"403", "409", "422"} {
			if body, _ := json.Marshal(op["responses"].(map[string]any)[status]); !strings.Contains(string(body), "schemas/moveProblem") && !strings.Contains(string(body), "schemas/MoveProblem") {
				t.Errorf("%s %s: %s", kind, status, body)
			}
		}
	}
}

func TestProfileDirectoryAndCalendarAreShown(t *testing.T) {
	s, _ := newServer(deadStore(t))
	h := s.Handler()
	p := decode[profileBody](t, askAPI(h, "/api/v1/profile"), 200)
	if p.ID != "property_csc" || p.Version == "" || p.Classes[1] != (classBody{"emergency", "紧急", true}) || !strings.Contains(strings.Join(p.Explanation, "\n"), "S02-R11") {
		t.Errorf("profile %+v", p)
	}
	d := decode[directoryBody](t, askAPI(h, "/api/v1/directory"), 200)
	if diff := cmp.Diff(personBody{User: "qian", Extension: "1004", Department: "hotline", Roles: []string{"supervisor"}, Posts: []string{"leader_in_charge"}}, d.People[3]); diff != "" || len(d.Departments) != 2 || len(d.Categories) != 1 {
		t.Errorf("directory %+v\n%s", d, diff)
	}
	c := decode[calendarBody](t, askAPI(h, "/api/v1/calendar"), 200)
	if !slices.Contains(c.Years, 2026) || len(c.Week) != 7 || len(c.Week[0].Hours) != 0 || len(c.Week[1].Hours) == 0 || c.Dates[0].Date > c.Dates[1].Date {
		t.Errorf("calendar %+v", c)
	}
}

// TestE19_ARefusedNumberNamesWhomToSpeakTo: S30-R13 a number alone is refused, and the
// directory says whose extension is rung instead.
func TestE19_ARefusedNumberNamesWhomToSpeakTo(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	var err error
	if st.Rules.Policy, err = profile.Policy("hotel"); err != nil {
		t.Fatal(err)
	}
	st.Rules.Policy.Transfer.NamedPerson = false
	h := s.Handler()
	apply(t, st, answered(1, from("+861055550101"), "clerk"))
	const n = "261123-1-0001"
	decode[caseBody](t, move(h, "clerk", n, cases.MoveRegister, `{"name": "王", "content": "a phone in the card room", "read_back": true, "fields": {"room": "101"}}`), 200)
	for person, want := range map[string]string{"": "speak to 维修部 first, extension 200", "chief": "speak to chief first, extension 1003"} {
		p := decode[moveProblem](t, move(h, "clerk", n, cases.MoveHandOver, `{"department": "repairs", "person": "`+person+`", "mode": "number_only", "spoken": "3669068", "own_asked": true}`), 422)
		if p.Rule != "S30-R13" || len(p.Fields) == 0 || p.Fields[len(p.Fields)-1].Field != "mode" || !strings.HasPrefix(p.Fields[len(p.Fields)-1].Want, want) {
			t.Errorf("to %q: %+v", person, p)
		}
	}
}
