package console

import (
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
)

// page returns the page at target as a signed-in reader of English sees it.
func page(t *testing.T, h http.Handler, target string, status int) string {
	t.Helper()
	r := ask(h, "GET", target, "", "Cookie", signIn(t, h), "Accept-Language", "en")
	body := text(t, r)
	if r.StatusCode != status || r.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%s: %s, %s", target, r.Status, body)
	}
	return body
}

// wants checks that body has texts, of which a plus is escaped.
func wants(t *testing.T, body string, texts ...string) {
	t.Helper()
	body = html.UnescapeString(body)
	for _, want := range texts {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
}

func TestTheBoardShowsCallsAgentsCasesAndCallbacks(t *testing.T) {
	t.Parallel()
	_, s := hotline(t, answered(1, from("+861055550101"), "clerk"), missed(2, from("+861055550102"), noon.Add(time.Hour)))
	body := page(t, s.Handler(), "/", 200)
	wants(t, body,
		"+15550111", "Number withheld", `href="/cases/261123-1-0007"`, // live calls
		"aide <small class=\"number\">1002", "Repairs", "Ready", // agents
		`href="/cases/261123-1-0001"`, "+861055550101", "12:01:02", // cases, in the zone of the organisation
		"Caller gave up", "+861055550102", `datetime="2026-11-23T05:00:00Z"`) // callbacks
}

func TestTheCasePageShowsItsLedgerAndThePreviousCase(t *testing.T) {
	t.Parallel()
	st, s := hotline(t, answered(1, from("+861055550101"), "clerk"), answered(2, from("+861055550101"), "aide"))
	_, ledger, err := st.Case(t.Context(), "261123-1-0002")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, page(t, s.Handler(), "/cases/261123-1-0002", 200),
		`href="/cases/261123-1-0001"`, "Chain intact", "Picked up", "Call ended", ledger[0].Sum.String(), ledger[1].Sum.String(), "vouched for")
	wants(t, page(t, s.Handler(), "/cases/261123-1-0003", 404), "There is no such page or case.")
	wants(t, page(t, s.Handler(), "/cases/nonsense", 404), "There is no such page or case.")
}

func TestABrokenChainIsShown(t *testing.T) {
	s, _ := newServer(deadStore(t))
	x := newSite(s)
	h := x.guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.render(w, r, 200, "case", casePage{
			Case: cases.Case{Number: "261123-1-0001", State: cases.Open}, Chain: chainBody{Seq: 2, Problem: "hash differs"},
			Ledger: eventsOf(cases.Case{}, []cases.Event{{Seq: 1}, {Seq: 2}}),
		})
	}))
	wants(t, text(t, ask(h, "GET", "/", "", "Accept-Language", "en")), "Chain broken", "entry 2: hash differs")
}

func TestWithoutTheDatabaseThePageShowsWhatIsLive(t *testing.T) {
	t.Parallel()
	s, _ := newServer(deadStore(t))
	h := s.Handler()
	wants(t, page(t, h, "/", 200), "The database does not answer.", "+15550111", "Repairs")
	wants(t, page(t, h, "/cases/261123-1-0001", 503), "The database does not answer.")
}

func TestWhatCallersClaimIsOnlyText(t *testing.T) {
	t.Parallel()
	hostile := "<script>alert(1)</script><img src=x onerror=alert(1)>\"'=cmd|' /C calc'!A0\u202Egpj\u2066\r\nX: y\x1b[31m" + strings.Repeat("W", 1000)
	caller := cases.Caller{Raw: hostile, E164: cases.Number(hostile), Display: hostile, Diverted: []string{hostile}}
	_, s := hotline(t, answered(1, caller, hostile), missed(2, caller, noon))
	s.Calls = func() []Call {
		return []Call{{ID: id(1), Direction: "inbound", State: "talking", Caller: caller, Dialed: hostile, Agent: hostile, Since: noon}}
	}
	s.Agents = func() acd.Snapshot {
		a := acd.Agent{User: hostile, Extension: hostile, Department: hostile}
		return acd.Snapshot{Agents: []acd.Presence{{Agent: a, State: acd.Talking, Call: id(1)}}}
	}
	h := s.Handler()
	for _, target := range []string{"/", "/cases/261123-1-0001", "/cases/261123-1-0002"} {
		body := page(t, h, target, 200)
		for _, bad := range []string{"<script>alert", "<img src=x", "\u202E", "\u2066", "\x1b", strings.Repeat("W", 600)} {
			if strings.Contains(body, bad) {
				t.Errorf("%s: %q in\n%s", target, bad, body)
			}
		}
	}
}

func TestWithheldNumbersAreNotShownThoughTheNetworkToldThem(t *testing.T) {
	t.Parallel()
	secret := cases.Caller{Raw: `sip:"+861055550142"@192.0.2.1`, Withheld: true}
	st, s := hotline(t)
	s.Calls = func() []Call {
		return []Call{{ID: id(1), Direction: "inbound", State: "queued", Caller: secret, Since: noon}}
	}
	apply(t, st, missed(1, secret, noon))
	h := s.Handler()
	for _, body := range []string{
		page(t, h, "/", 200), page(t, h, "/cases/261123-1-0001", 200),
		text(t, askAPI(h, "/api/v1/cases")), text(t, askAPI(h, "/api/v1/calls")), text(t, askAPI(h, "/api/v1/callbacks")),
		text(t, askAPI(h, "/api/v1/cases/261123-1-0001")),
	} {
		if strings.Contains(body, "55550142") {
			t.Errorf("the number is in\n%s", body)
		}
	}
}

func TestLongListsAreCutAndCounted(t *testing.T) {
	s, _ := newServer(deadStore(t))
	s.Agents = func() acd.Snapshot { return acd.Snapshot{} }
	s.Calls = func() []Call {
		calls := make([]Call, 5000)
		for i := range calls {
			calls[i] = Call{ID: id(i), Direction: "inbound", State: "queued", Caller: from("+15550111"), Since: noon}
		}
		return calls
	}
	body := page(t, s.Handler(), "/", 200)
	wants(t, body, "<b>5000</b>", "in total 5000")
	if n := strings.Count(html.UnescapeString(body), "+15550111"); n != callRows {
		t.Errorf("%d calls shown", n)
	}
}

func TestThePageSpeaksTheReadersLanguage(t *testing.T) {
	s, _ := newServer(deadStore(t))
	h := s.Handler()
	for name, tt := range map[string]struct {
		target, accept, cookie string
		want                   lang
	}{
		"nothing said":                         {"/sign-in", "", "", chinese},
		"the browser prefers English":          {"/sign-in", "en-GB,en;q=0.9,zh;q=0.8", "", english},
		"the browser prefers Chinese":          {"/sign-in", "fr,en;q=0.4,zh-Hans;q=0.6", "", chinese},
		"English refused":                      {"/sign-in", "en;q=0", "", chinese},
		"a weight that is none":                {"/sign-in", "en;q=x,zh;q=0.1", "", chinese},
		"a language we lack":                   {"/sign-in", "fr", "", chinese},
		"chosen earlier":                       {"/sign-in", "zh", "lang=en", english},
		"chosen now":                           {"/sign-in?lang=en", "zh", "lang=zh-CN", english},
		"chosen now, but not one that we have": {"/sign-in?lang=../etc", "zh", "lang=en", english},
	} {
		r := ask(h, "GET", tt.target, "", "Accept-Language", tt.accept, "Cookie", tt.cookie)
		if got := r.Header.Get("Content-Language"); got != string(tt.want) || !strings.Contains(text(t, r), fmt.Sprintf("<html lang=%q>", tt.want)) {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// templateTexts calls f with every template.
func templateTexts(t *testing.T, f func(name, text string)) {
	t.Helper()
	files, err := fs.Glob(templates, "templates/*.html")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		b, err := templates.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f(file, string(b))
	}
}

func TestEveryTextExistsInBothLanguagesAndIsUsed(t *testing.T) {
	used := map[string]bool{}
	templateTexts(t, func(name, text string) {
		for _, m := range regexp.MustCompile(`\bt "([^"]+)"`).FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
			if _, ok := words[m[1]]; !ok {
				t.Errorf("%s: no text for %q", name, m[1])
			}
		}
	})
	for _, key := range []string{"entry", "stale", "key of another", "not understood", "flag", "before", "not permitted", "no candidates", "no share", "checked already", "what was found", "too few said", "no formula", "speak to", "speak to at", string(wrong), string(tooMany)} {
		used[key] = true
	}
	term := regexp.MustCompile(`^(error|channel|asked|direction|call|called|agent|pause|case|missed|cause|event|move|clock|task|card|station|grade|why drawn) [a-z0-9_]+( rate| due| late)?( formula)?$`)
	for key, w := range words {
		if w[0] == "" || w[1] == "" {
			t.Errorf("%q: %q", key, w)
		}
		if !used[key] && !term.MatchString(key) {
			t.Errorf("%q is not used", key)
		}
	}
}

func TestEveryTermOfTheDocumentHasAWord(t *testing.T) {
	schemas := document(t)["components"].(map[string]any)["schemas"].(map[string]any)
	enum := func(schema, property string) []any {
		return schemas[schema].(map[string]any)["properties"].(map[string]any)[property].(map[string]any)["enum"].([]any)
	}
	for kind, terms := range map[string][]any{
		"case": enum("Case", "state"), "missed": enum("HotlineCall", "missed"), "cause": enum("HotlineCall", "cause"),
		"event": enum("Event", "kind"), "called": enum("Callback", "last"), "agent": enum("Agent", "state"),
		"call": {"ivr", "queued", "ringing", "talking", "held"}, "direction": {"inbound", "outbound", "internal"},
	} {
		for _, term := range terms {
			if _, ok := words[kind+" "+term.(string)]; !ok {
				t.Errorf("no word for %s %s", kind, term)
			}
		}
	}
}

func TestTemplatesNeedNothingThePolicyForbids(t *testing.T) {
	inline := regexp.MustCompile(`(?i)\sstyle=|\son[a-z]+=|<style|<script>|javascript:|https?://|//[a-z]`)
	templateTexts(t, func(name, text string) {
		if m := inline.FindString(text); m != "" {
			t.Errorf("%s: %q", name, m)
		}
	})
}

func TestSpansAndClocksAreReadable(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0:00", 1500 * time.Millisecond: "0:02", -65 * time.Second: "1:05", time.Hour: "1:00:00", 51*time.Hour + 2*time.Second: "51:00:02",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%v) = %q, want %q", d, got, want)
		}
	}
	for at, want := range map[time.Time]string{
		noon: "04:00:00", noon.AddDate(0, 0, -1): "11-22 04:00", noon.AddDate(1, 0, 0): "2027-11-23 04:00",
	} {
		if got := clock(at, noon); got != want {
			t.Errorf("clock(%v) = %q, want %q", at, got, want)
		}
	}
}

// TestTheOverviewIsAsLongForEverybody: complaints about staff, which few may see, take no
// room on the pages of others.
func TestTheOverviewIsAsLongForEverybody(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	h := s.Handler()
	for n := 1; n <= caseRows+2; n++ {
		apply(t, st, answered(n, from(cases.Number(fmt.Sprintf("+86105555%04d", n))), "clerk"))
	}
	newest := cases.NewCaseNumber(noon, 1, caseRows+2)
	moves(t, st, newest, "clerk", noon.Add(time.Hour), cases.Registration{Content: "the chief was rude"}, cases.Complain{Accused: "chief"})
	for user, hidden := range map[string]bool{"chief": true, "qian": false} {
		page := text(t, ask(h, "GET", "/", "", "Cookie", signInAs(t, h, user)))
		_, list, _ := strings.Cut(page, `id="board"`)
		links := map[string]bool{}
		for n := 1; n <= caseRows+2; n++ {
			if number := cases.NewCaseNumber(noon, 1, n); strings.Contains(list, "/cases/"+string(number)) {
				links[string(number)] = true
			}
		}
		if len(links) != caseRows || links[string(newest)] == hidden {
			t.Errorf("%s sees %d, the complaint: %t", user, len(links), links[string(newest)])
		}
	}
}
