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

	"shouwen/cases"
	"shouwen/cases/profile"
)

// overseen shows pages to users, in English.
type overseen struct {
	t       *testing.T
	h       http.Handler
	cookies map[string]string
}

func (o *overseen) send(method, target, user string, form url.Values) *http.Response {
	o.t.Helper()
	if o.cookies[user] == "" {
		o.cookies[user] = signInAs(o.t, o.h, user)
	}
	return ask(o.h, method, target, form.Encode(), "Cookie", o.cookies[user], "Accept-Language", "en")
}

func (o *overseen) show(target, user string, status int) string {
	o.t.Helper()
	r := o.send("GET", target, user, nil)
	page := html.UnescapeString(text(o.t, r))
	if r.StatusCode != status {
		o.t.Fatalf("%s for %s: %s\n%s", target, user, r.Status, page)
	}
	return page
}

// TestASampleIsDrawnAndCheckedOnThePages: S33-R10, S01-R12: by who may, of cases that are
// not his own; an auditor reads, others have neither page nor link.
func TestASampleIsDrawnAndCheckedOnThePages(t *testing.T) {
	t.Parallel()
	_, h := visited(t, 10)
	o := &overseen{t, h, map[string]string{}}
	days := url.Values{"from": {"2026-11-01"}, "until": {"2026-11-30"}}
	page := o.show("/samples", "qian", 200)
	wants(t, page, "Nothing was drawn yet", `action="/samples"`, `href="/proposals"`, `href="/publication"`, `href="/rating"`)

	form := url.Values{"percent": {"20"}}
	for name, v := range days {
		form[name] = v
	}
	early := url.Values{"from": {"2026-10-01"}, "until": {"2026-10-31"}, "percent": {"20"}}
	if r := o.send("POST", "/samples", "qian", early); r.StatusCode != 422 {
		t.Errorf("of nothing: %s", r.Status)
	} else {
		wants(t, text(t, r), "No case of these days was answered", `value="2026-10-01"`)
	}
	r := o.send("POST", "/samples", "qian", form)
	if r.StatusCode != 303 || r.Header.Get("Location") != "/samples/1" {
		t.Fatalf("drawn: %s to %s", r.Status, r.Header.Get("Location"))
	}
	page = o.show("/samples/1", "qian", 200)
	wants(t, page, "2026-11-01 – 2026-11-30", "2 / 10")
	action := regexp.MustCompile(`action="(/samples/1/cases/[^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(action) != 2 {
		t.Fatalf("%d cases to check in\n%s", len(action), page)
	}
	if r := o.send("POST", action[0][1], "qian", url.Values{"ok": {"no"}, "finding": {" "}}); r.StatusCode != 422 {
		t.Errorf("without a finding: %s", r.Status)
	}
	if r := o.send("POST", action[0][1], "qian", url.Values{"ok": {"no"}, "finding": {"he was not <called>"}}); r.StatusCode != 303 {
		t.Errorf("checked: %s", r.Status)
	}
	if r := o.send("POST", action[0][1], "qian", url.Values{"ok": {"yes"}, "finding": {"again"}}); r.StatusCode != 409 || !strings.Contains(text(t, r), "It was checked already") {
		t.Errorf("checked twice: %s", r.Status)
	}
	page = o.show("/samples/1", "sun", 200)
	wants(t, page, "he was not <called>", "Not as the record says", "Not checked yet")
	if strings.Contains(page, "<form class=\"days\" method=\"post\"") || strings.Contains(o.show("/samples", "sun", 200), `method="post" action="/samples"`) {
		t.Error("an auditor may change something")
	}
	wants(t, o.show("/samples", "sun", 200), `href="/samples/1"`, "qian")
	for target, user := range map[string]string{"/samples": "clerk", "/samples/1": "clerk", "/publication": "clerk", "/rating": "chief", "/proposals": "chief"} {
		o.show(target, user, 403)
	}
	for _, target := range []string{"/samples/2", "/samples/x"} {
		o.show(target, "qian", 404)
	}
	for _, action := range []string{"/samples", action[1][1]} {
		if r := o.send("POST", action, "sun", form); r.StatusCode != 403 {
			t.Errorf("%s by an auditor: %s", action, r.Status)
		}
	}
}

// TestRatingAndPublicationArePages: S24-R35 by the formula and with the seed that draws the
// same again; S04-R10 what is hung out names nobody.
func TestRatingAndPublicationArePages(t *testing.T) {
	t.Parallel()
	_, h := visited(t, 20)
	o := &overseen{t, h, map[string]string{}}
	const days = "from=2026-11-01&until=2026-11-30"
	page := o.show("/rating?"+days+"&user=clerk&group=90", "qian", 200)
	wants(t, page, "20 / 20", "Draw the same again", "王 clerk")
	again := regexp.MustCompile(`href="(/rating\?[^"]+seed=[0-9a-f]+[^"]*)"`).FindStringSubmatch(page)
	score := regexp.MustCompile(`Score</dt><dd><b>([0-9.]+)`)
	if again == nil || score.FindString(page) == "" || score.FindString(o.show(again[1], "qian", 200)) != score.FindString(page) {
		t.Errorf("again %q of\n%s", again, page)
	}
	wants(t, o.show("/rating?"+days+"&user=aide&group=90", "qian", 422), "0 callers said how they were served, the profile wants 20")
	wants(t, o.show("/rating", "qian", 200), "60 %", "40 %")
	public := o.show("/publication?"+days+"&k=5", "qian", 200)
	wants(t, public, "20", "%", "By department")
	if strings.Contains(public, "261123-1-") {
		t.Error("a case is named")
	}
	wants(t, o.show("/publication?from=2026-11-30&until=2026-11-01", "qian", 422), "is after")
}

// TestProposalsArePages: S24-R11, S24-R22: what is suspected leads to verifying it, what is
// verified to the procedure; nobody sees what is about himself.
func TestProposalsArePages(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	var err error
	if st.Rules.Policy, err = profile.Policy("gov_bureau_basic"); err != nil {
		t.Fatal(err)
	}
	of := people
	of.People = slices.Clone(of.People)
	of.People[1].Roles = []cases.Role{cases.RoleComplaintCentre}
	s.People = func() cases.Directory { return of }
	h := s.Handler()
	at := noon.Add(5 * time.Minute)
	for n := 1; n <= 2; n++ {
		apply(t, st, answered(n, from("+861055550101"), "clerk"))
		moves(t, st, cases.NewCaseNumber(noon, 1, n), "clerk", at, cases.Registration{Content: "go away"}, cases.Violation{Of: cases.PushedAway, Who: "clerk", Said: "不归我管"})
	}
	moves(t, st, "261123-1-0001", "qian", at, cases.Verify{True: true, Offence: "bouncing", Against: "clerk", Finding: "the recording"})
	o := &overseen{t, h, map[string]string{}}
	page := o.show("/proposals?from=2026-11-01&until=2026-11-30", "qian", 200)
	wants(t, page, `href="/cases/261123-1-0001#inquiry"`, `href="/cases/261123-1-0002#verify"`, "the recording", "不归我管", "王 clerk")
	if r := ask(h, "GET", "/proposals?from=2026-11-01&until=2026-11-30", "", "Cookie", o.cookies["qian"], "Accept-Language", "zh"); !strings.Contains(text(t, r), "推诿扯皮") {
		t.Error("codes instead of words")
	}
	if centre := o.show("/proposals?from=2026-11-01&until=2026-11-30", "aide", 200); strings.Contains(centre, `href="/samples"`) || !strings.Contains(centre, `<a href="/proposals" aria-current="page">Proposals</a>`) {
		t.Errorf("the complaint centre sees\n%s", centre)
	}
	o.show("/samples", "aide", 403)

	own := of
	own.People = slices.Clone(of.People)
	own.People[0].Roles = []cases.Role{cases.RoleSupervisor}
	s.People = func() cases.Directory { return own }
	o.h, o.cookies = s.Handler(), map[string]string{}
	if page := o.show("/proposals?from=2026-11-01&until=2026-11-30", "clerk", 200); strings.Contains(page, "261123-1-") {
		t.Errorf("about himself:\n%s", page)
	}
}
