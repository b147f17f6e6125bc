package console

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"shouwen/cases"
	"shouwen/cases/profile"
	"shouwen/cases/store"
)

// inspected is a console of an organisation with a department that supervises, and two
// cases: the second is a complaint about clerk.
func inspected(t *testing.T) (*store.Store, *Server, *time.Time) {
	t.Helper()
	st, s := hotline(t)
	var err error
	if st.Rules.Policy, err = profile.Policy("enterprise_hotline"); err != nil {
		t.Fatal(err)
	}
	st.Rules.Policy.Supervision.Inspections[0].Every = "yearly" // the organisation's own number
	st.Rules.Policy.Supervision.Rectification = &cases.Limit{N: 2, Unit: cases.WorkingDays}
	of := people
	of.Departments = append(slices.Clone(of.Departments), cases.Department{Name: "watch", Title: "督查室", Supervises: true})
	of.People = append(slices.Clone(of.People), cases.Person{User: "eye", Name: "周", Extension: "1006", Department: "watch"})
	s.People = func() cases.Directory { return of }
	apply(t, st, answered(1, from("+861055550101"), "clerk"), answered(2, from("+861055550102"), "aide"))
	moves(t, st, "261123-1-0002", "aide", noon.Add(5*time.Minute), cases.Registration{Content: "态度差"}, cases.Complain{Accused: "clerk"})
	now := noon.Add(time.Hour)
	s.Now = func() time.Time { return now }
	return st, s, &now
}

// postAs sends a body to the API for somebody.
func postAs(h http.Handler, target, who, body string) *http.Response {
	return send(h, target, body, byHeader, who, "Idempotency-Key", uuid.NewString())
}

// TestAnInspectionOverTheAPI: S03-R6 by the department for supervision, S01-R12 with date,
// finding and correction, S26-R4 followed until somebody else has verified it. Whoever may
// not see a case does not learn its number from a finding (C27).
func TestAnInspectionOverTheAPI(t *testing.T) {
	t.Parallel()
	_, s, now := inspected(t)
	h := s.Handler()
	const path = "/api/v1/inspections"
	const fault = `{"kind": "fault", "text": "was rude", "standard": "S01-R4", "case": "261123-1-0002", "department": "hotline", "person": "clerk", "rectify": "apologise", "for": "clerk"}`
	programme := decode[programmeBody](t, askAs(h, "/api/v1/inspection_programme", "clerk"), 200)
	if n := len(programme.Inspections); n != 6 || programme.Inspections[0].Due == nil || programme.Inspections[0].Last != nil || programme.Inspections[5].Due != nil {
		t.Errorf("%d asked for: %+v", n, programme)
	}
	i := decode[inspectionBody](t, postAs(h, path, "eye", `{"by": "body", "planned": true, "department": "hotline"}`), 200)
	if i.ID != 1 || i.Lead != "eye" || !i.Open || i.Due == nil || i.Due.Format(time.RFC3339) != "2026-12-31T15:59:59Z" {
		t.Errorf("begun: %+v", i)
	}
	for _, tt := range []struct {
		target, who, body string
		want              int
	}{
		{path, "", `{"by": "body"}`, 422},
		{path, "clerk", `{"by": "body"}`, 403},
		{path, "eye", `{"by": "chance"}`, 422},
		{path, "eye", `{"by": "body", "because": "x"}`, 422},
		{path + "/1/findings", "chief", fault, 404}, // he does not see it
		{path + "/1/findings", "qian", fault, 403},
		{path + "/1/findings", "eye", strings.Replace(fault, "0002", "0099", 1), 422},
		{path + "/1/findings", "eye", fault, 422}, // a complaint that is none of his business
		{path + "/9/findings", "eye", fault, 404},
		{path + "/1/checks", "eye", `{"finding": 1, "ok": true, "opinion": "good"}`, 422},
		{path + "/1/members", "eye", `{"user": "ghost"}`, 422},
		{path + "/1/members", "eye", `{"user": "qian"}`, 200},
		{path + "/1/findings", "qian", fault, 200},
		{path + "/1/findings", "eye", strings.NewReplacer("0002", "0001", "rude", "slow").Replace(fault), 200},
		{path + "/1/rectifications", "aide", `{"finding": 1, "done": "x", "evidence": "x"}`, 404},
		{path + "/1/rectifications", "clerk", `{"finding": 1, "done": "apologised", "evidence": "call 3"}`, 200},
		{path + "/1/checks", "clerk", `{"finding": 1, "ok": true, "opinion": "good"}`, 403},
		{path + "/1/checks", "eye", `{"finding": 1, "ok": false, "opinion": "nobody heard it"}`, 200},
		{path + "/1/checks", "eye", `{"finding": 1, "ok": true, "opinion": "good"}`, 409},
		{path + "/1/conclusion", "qian", `{"conclusion": "two faults"}`, 403},
		{path + "/1/conclusion", "eye", `{"conclusion": "two faults"}`, 200},
		{path + "/1/conclusion", "eye", `{"conclusion": "two faults"}`, 409},
	} {
		if r := postAs(h, tt.target, tt.who, tt.body); r.StatusCode != tt.want {
			t.Errorf("%s %s by %s: %s, want %d: %s", tt.target, tt.body, tt.who, r.Status, tt.want, text(t, r))
		}
	}
	*now = now.AddDate(0, 0, 3)
	for who, want := range map[string]string{
		"qian":  "261123-1-0002 1 late, 261123-1-0001 0 late",
		"eye":   " 1 late, 261123-1-0001 0 late", // not the complaint
		"clerk": " 1 late, 261123-1-0001 0 late", // nor he whom it is about
		"sun":   "261123-1-0002 1 late, 261123-1-0001 0 late",
	} {
		one := decode[inspectionBody](t, askAs(h, path+"/1", who), 200)
		var got []string
		for _, f := range one.Findings {
			late := ""
			if f.Late > 0 && f.State == "open" {
				late = " late"
			}
			got = append(got, fmt.Sprintf("%s %d%s", f.Case, f.Reopened, late))
		}
		if strings.Join(got, ", ") != want || !one.Open || one.Concluded == nil {
			t.Errorf("%s sees %q, want %q of %+v", who, got, want, one)
		}
	}
	for who, want := range map[string]int{"chief": 0, "aide": 0, "clerk": 1, "eye": 1, "": 1} {
		if list := decode[inspectionsBody](t, askAs(h, path+november+"&open=true", who), 200); len(list.Inspections) != want {
			t.Errorf("%s sees %d", who, len(list.Inspections))
		}
	}
	for who, want := range map[string]int{"qian": 200, "sun": 200, "eye": 403, "clerk": 403} {
		if r := askAs(h, path+"/1/steps", who); r.StatusCode != want {
			t.Errorf("%s asks for the log: %s", who, r.Status)
		}
	}
	if log := decode[inspectionStepsBody](t, askAPI(h, path+"/1/steps"), 200); len(log.Steps) != 7 || log.Steps[0].Step != "inspect" || log.Steps[6].By != "eye" || !strings.Contains(string(log.Steps[2].Body), "was rude") {
		t.Errorf("log %+v", log)
	}
	if r := askAs(h, path+"/1", "chief"); r.StatusCode != 404 {
		t.Errorf("seen by somebody else: %s", r.Status)
	}
	programme = decode[programmeBody](t, askAs(h, "/api/v1/inspection_programme", "qian"), 200)
	if first := programme.Inspections[0]; first.Department != "hotline" || first.Last == nil || first.Due == nil || first.Due.Year() != 2027 || first.Overdue {
		t.Errorf("held: %+v", first)
	}
}

// TestTheRegisterOfInspections: S26-R4 a line for each finding with how it was put right,
// as a file like the other registers, with the rules that ask for its columns; who gets it is
// on record.
func TestTheRegisterOfInspections(t *testing.T) {
	t.Parallel()
	_, s, _ := inspected(t)
	h := s.Handler()
	const path = "/api/v1/inspections"
	for _, step := range [][3]string{
		{path, "qian", `{"by": "external", "body": "市行评团"}`},
		{path + "/1/findings", "qian", `{"kind": "need", "text": "=ramp", "department": "repairs", "rectify": "build it", "for": "chief"}`},
		{path, "clerk", `{"by": "mutual", "department": "repairs"}`},
	} {
		if r := postAs(h, step[0], step[1], step[2]); r.StatusCode != 200 {
			t.Fatalf("%v: %s", step, text(t, r))
		}
	}
	const target = "/api/v1/reports/inspections" + november
	for who, status := range map[string]int{"clerk": 403, "qian": 200, "sun": 200} {
		if r := askAs(h, target, who); r.StatusCode != status {
			t.Errorf("%s: %s", who, r.Status)
		}
	}
	r := ask(h, "GET", target+"&format=csv", "", "Authorization", "Bearer "+token, byHeader, "qian", "Accept-Language", "en")
	body := text(t, r)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\uFEFF"))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%v, %v", err, rows)
	}
	if diff := cmp.Diff([]string{"2", "mutual inspection", "", "no", "维修部", "王 (clerk)", ""}, rows[1][:7]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"'=ramp", "need of people", "", "", "维修部", "", "build it", "chief", "2026-11-25 13:00", "being put right", "no", "", "", "", "", "", "0"}, rows[2][11:]); diff != "" {
		t.Error(diff)
	}
	book, err := excelize.OpenReader(bytes.NewReader([]byte(text(t, askAs(h, target, "sun")))))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if notes, err := book.GetRows("说明 notes"); err != nil || !slices.ContainsFunc(notes, func(n []string) bool { return len(n) == 2 && n[0] == "整改期限" && n[1] == "S26-R4" }) {
		t.Errorf("%v, %v", notes, err)
	}
}

// TestAStepSentAgainIsTakenOnce: who does not know whether his request arrived sends it
// again under its key.
func TestAStepSentAgainIsTakenOnce(t *testing.T) {
	t.Parallel()
	_, s, _ := inspected(t)
	h := s.Handler()
	const path, need = "/api/v1/inspections", `{"kind": "need", "text": "a ramp", "department": "hotline", "rectify": "build it", "for": "clerk"}`
	post := func(target, key, body string) *http.Response {
		return send(h, target, body, byHeader, "eye", "Idempotency-Key", key)
	}
	began, found := uuid.NewString(), uuid.NewString()
	codes := make([]int, 4)
	var all sync.WaitGroup
	for n := range codes {
		all.Go(func() { codes[n] = post(path, began, `{"by": "body"}`).StatusCode })
	}
	all.Wait()
	if diff := cmp.Diff([]int{200, 200, 200, 200}, codes); diff != "" {
		t.Errorf("begun at once: %s", diff)
	}
	for range 2 {
		if i := decode[inspectionBody](t, post(path+"/1/findings", found, need), 200); i.ID != 1 || len(i.Findings) != 1 {
			t.Errorf("%+v", i)
		}
	}
	decode[inspectionBody](t, post(path, uuid.NewString(), `{"by": "body"}`), 200)
	for _, tt := range []struct {
		target, key, body string
		want              int
	}{
		{path + "/2/findings", found, need, 409}, {path, found, `{"by": "body"}`, 409}, {path + "/1/findings", began, need, 409},
		{path + "/1/findings", "", need, 422}, {path + "/1/findings", "once", need, 422},
	} {
		if r := post(tt.target, tt.key, tt.body); r.StatusCode != tt.want {
			t.Errorf("%s under %q: %s, want %d", tt.target, tt.key, r.Status, tt.want)
		}
	}
	if list := decode[inspectionsBody](t, askAs(h, path+"?from=2026-11-23&until=2026-11-23", "eye"), 200); len(list.Inspections) != 2 {
		t.Errorf("%d inspections", len(list.Inspections))
	}
}

// TestAnInspectionOnPages: S26-R4 from the form that begins it to the finding that is put
// right, verified, and on the desk of whoever has to do something about it until then; late
// ones are on the supervisor's.
func TestAnInspectionOnPages(t *testing.T) {
	t.Parallel()
	_, s, now := inspected(t)
	s.Passwords = func() map[string]string {
		all := maps.Clone(passwords)
		all["eye"] = passwords["clerk"]
		return all
	}
	h := s.Handler()
	eye, clerk, qian := signInWith(t, h, "eye", "clerkclerk"), signInAs(t, h, "clerk"), signInAs(t, h, "qian")
	show := func(cookie, target string) string {
		t.Helper()
		r := ask(h, "GET", target, "", "Cookie", cookie, "Accept-Language", "en")
		body := html.UnescapeString(text(t, r))
		if r.StatusCode != 200 {
			t.Fatalf("%s: %s", target, r.Status)
		}
		return body
	}
	post := func(cookie, target string, want int, values url.Values) string {
		t.Helper()
		values.Set("key", uuid.NewString())
		r := ask(h, "POST", target, values.Encode(), "Cookie", cookie, "Accept-Language", "en")
		body := html.UnescapeString(text(t, r))
		if r.StatusCode != want {
			t.Fatalf("%s %v: %s\n%s", target, values, r.Status, body)
		}
		return body
	}
	wants(t, show(eye, "/inspections"), `action="/inspections/0/steps/inspect"`, "What the profile asks for", "S03-R6", `<option value="hotline">`)
	wants(t, post(eye, "/inspections/0/steps/inspect", 422, url.Values{"by": {"self"}}), "The department that is inspected", `value="self" selected`)
	post(clerk, "/inspections/0/steps/inspect", 403, url.Values{"by": {"body"}})
	post(eye, "/inspections/0/steps/inspect", 303, url.Values{"by": {"body"}, "department": {"hotline"}, "planned": {"on"}})
	page := show(eye, "/inspections/1")
	wants(t, page, "Inspection by the supervision department", `action="/inspections/1/steps/finding"`, `action="/inspections/1/steps/conclude"`)
	if strings.Contains(page, "/steps/rectified") || strings.Contains(page, "/steps/check") {
		t.Error("forms for what was not found")
	}
	found := url.Values{"kind": {"fault"}, "text": {"was <rude>"}, "standard": {"S01-R4"}, "department": {"hotline"}, "person": {"clerk"}, "rectify": {"apologise"}}
	wants(t, post(eye, "/inspections/1/steps/finding", 422, found), "was <rude></textarea>", `id="finding-for-why"`)
	found.Set("for", "clerk")
	post(eye, "/inspections/1/steps/finding", 303, found)

	if r := ask(h, "POST", "/inspections/1/steps/finding", found.Encode(), "Cookie", eye); r.StatusCode != 303 { // the button was pressed twice
		t.Errorf("pressed again: %s", r.Status)
	}
	if page := show(eye, "/inspections/1"); strings.Count(page, "was <rude>") != 1 {
		t.Errorf("pressed twice, and found twice:\n%s", page)
	}

	wants(t, show(clerk, "/desk"), "To be put right", "was <rude>", "being put right", `href="/inspections/1"`)
	wants(t, show(clerk, "/inspections/1"), `action="/inspections/1/steps/rectified"`, `<option value="1" selected>`)
	if desk := show(qian, "/desk"); strings.Contains(desk, "was <rude>") {
		t.Error("not late, and on the supervisor's desk")
	}
	*now = now.AddDate(0, 0, 4)
	wants(t, show(qian, "/desk"), "was <rude>", "late by", "王 clerk")
	post(clerk, "/inspections/1/steps/rectified", 303, url.Values{"finding": {"1"}, "done": {"apologised"}, "evidence": {"call 7"}})
	if desk := show(clerk, "/desk"); strings.Contains(desk, "was <rude>") {
		t.Error("done, and still on his desk")
	}
	wants(t, show(eye, "/desk"), "was <rude>", "to be verified")
	post(clerk, "/inspections/1/steps/check", 403, url.Values{"finding": {"1"}, "ok": {"on"}, "opinion": {"good"}})
	post(eye, "/inspections/1/steps/check", 303, url.Values{"finding": {"1"}, "ok": {"on"}, "opinion": {"heard it"}})
	post(eye, "/inspections/1/steps/conclude", 303, url.Values{"conclusion": {"one fault"}})
	for _, cookie := range []string{eye, clerk, qian} {
		if desk := show(cookie, "/desk"); strings.Contains(desk, "was <rude>") {
			t.Error("verified, and still on a desk")
		}
	}
	wants(t, show(qian, "/inspections"), "Nothing is inspected")
	wants(t, show(qian, "/inspections/1/print"), "heard it", "S26-R4", "verified", `href="/inspections/1"`)
	for target, want := range map[string]int{"/inspections/2": 404, "/inspections/x": 404, "/inspections/2/print": 404} {
		if r := ask(h, "GET", target, "", "Cookie", qian); r.StatusCode != want {
			t.Errorf("%s: %s", target, r.Status)
		}
	}
	for target, want := range map[string]int{"/inspections/1/steps/vanish": 404, "/inspections/1/steps/inspect": 404, "/inspections/0/steps/conclude": 404} {
		if r := ask(h, "POST", target, "x=1", "Cookie", qian); r.StatusCode != want {
			t.Errorf("%s: %s", target, r.Status)
		}
	}
	if r := ask(h, "GET", "/inspections/1", "", "Cookie", signInAs(t, h, "chief")); r.StatusCode != 404 {
		t.Errorf("seen by somebody else: %s", r.Status)
	}
	if page := text(t, ask(h, "GET", "/inspections", "", "Cookie", signIn(t, h))); strings.Contains(page, "/inspections/0/steps/inspect") {
		t.Error("nobody is asked to inspect")
	}
}

// TestEveryFieldOfAStepHasANameInBothLanguages: what a form asks for is called something.
func TestEveryFieldOfAStepHasANameInBothLanguages(t *testing.T) {
	t.Parallel()
	x := newSite(&Server{Store: &store.Store{Rules: rules}, People: func() cases.Directory { return people }})
	for n, step := range steps {
		zh, en := x.formOfStep(n, "", chinese, nil), x.formOfStep(n, "", english, nil)
		for i, f := range zh.Fields {
			if !chineseIn(f.Label) || chineseIn(en.Fields[i].Label) || en.Fields[i].Label == "" {
				t.Errorf("%s %s is called %q, %q", step.empty.Step(), f.Name, f.Label, en.Fields[i].Label)
			}
		}
	}
}
