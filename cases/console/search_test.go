package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/store"
)

// moves has somebody make moves, none of which is refused.
func moves(t *testing.T, st *store.Store, n cases.CaseNumber, by string, at time.Time, all ...cases.Move) {
	t.Helper()
	actor, ok := people.Actor(by)
	if !ok {
		t.Fatalf("no user %s", by)
	}
	for _, m := range all {
		if _, err := st.Move(t.Context(), store.Order{Case: n, Move: m, By: actor, At: at, Key: uuid.NewString()}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCasesAreSearchedByWhoMaySeeThem: every filter has its parameter, and nobody finds
// a complaint about himself (C27).
func TestCasesAreSearchedByWhoMaySeeThem(t *testing.T) {
	t.Parallel()
	st, s := hotline(t, answered(1, from("+861055550101"), "clerk"), answered(2, from("+861055550102"), "aide"))
	h := s.Handler()
	at := noon.Add(5 * time.Minute)
	moves(t, st, "261123-1-0001", "clerk", at, cases.Registration{Name: "王小明", Content: "三楼停水", ReadBack: true},
		cases.HandOver{Department: "repairs", Mode: cases.WarmRequired, Reached: true, Told: []cases.Told{"department", "contact"}})
	moves(t, st, "261123-1-0002", "aide", at, cases.Registration{Name: "李", Content: "clerk 态度差", ReadBack: true}, cases.Complain{Accused: "clerk"})
	for query, want := range map[string]map[string][]string{
		"":                                      {"": {"261123-1-0002", "261123-1-0001"}, "clerk": {"261123-1-0001"}, "chief": {"261123-1-0001"}, "qian": {"261123-1-0002", "261123-1-0001"}},
		"?number=261123-1-0002":                 {"": {"261123-1-0002"}, "clerk": nil},
		"?caller=0102":                          {"aide": {"261123-1-0002"}, "clerk": nil},
		"?name=" + url.QueryEscape("小明"):        {"clerk": {"261123-1-0001"}},
		"?text=" + url.QueryEscape("态度"):        {"clerk": nil, "sun": {"261123-1-0002"}},
		"?department=repairs&state=handed_over": {"clerk": {"261123-1-0001"}},
		"?clock=reply_caller&clock_is=running":  {"aide": {"261123-1-0002", "261123-1-0001"}},
		"?clock_is=late":                        {"": {"261123-1-0002"}}, // its 30 minutes are over at one
		"?clock_is=paused":                      {"": nil},
		"?from=2026-11-23T04:02:00Z":            {"": {"261123-1-0002"}},
		"?until=" + url.QueryEscape("2026-11-23T12:02:00+08:00"): {"": {"261123-1-0001"}},
	} {
		for who, numbersWanted := range want {
			header := []string{"Authorization", "Bearer " + token}
			if who != "" {
				header = append(header, byHeader, who)
			}
			if got := numbers(decode[casePageBody](t, ask(h, "GET", "/api/v1/cases"+query, "", header...), http.StatusOK)); !slices.Equal(got, numbersWanted) {
				t.Errorf("%s for %q: %v, want %v", query, who, got, numbersWanted)
			}
		}
	}
	for query, location := range map[string]string{
		"?number=x": "query.number", "?name=" + url.QueryEscape("王"): "query.name", "?text=ab": "query.text", "?caller=12": "query.caller",
		"?clock_is=stopped": "query.clock_is", "?from=yesterday": "query.from", "?text=%00%00%00": "query.text",
	} {
		if p := decode[huma.ErrorModel](t, askAPI(h, "/api/v1/cases"+query), 422); len(p.Errors) == 0 || p.Errors[0].Location != location {
			t.Errorf("%s: %+v, want %s", query, p.Errors, location)
		}
	}
}

// TestCasesBehindAFigure: what links of a dashboard ask for is shown on a page, and what it
// is; whose a clock is, is whoever has the case, handed over or not.
func TestCasesBehindAFigure(t *testing.T) {
	t.Parallel()
	st, s := hotline(t, answered(1, from("+861055550101"), "clerk"), answered(2, from("+861055550102"), "clerk"))
	h := s.Handler()
	moves(t, st, "261123-1-0001", "clerk", noon.Add(5*time.Minute), cases.Registration{Name: "王小明", Content: "三楼停水", ReadBack: true},
		cases.HandOver{Department: "repairs", Mode: cases.WarmRequired, Reached: true, Told: []cases.Told{"department", "contact"}})
	moves(t, st, "261123-1-0002", "clerk", noon.Add(5*time.Minute), cases.Promise{What: "water", Due: noon.Add(20 * time.Minute)})
	clerk := signInAs(t, h, "clerk")
	show := func(query string) string {
		t.Helper()
		r := ask(h, "GET", "/cases?"+query, "", "Cookie", clerk, "Accept-Language", "en")
		if r.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", query, r.Status)
		}
		return text(t, r)
	}
	for name, query := range map[string]struct {
		query, told string
		found       []string
	}{
		"handed over":       {"state=handed_over", "Handed over", []string{"261123-1-0001"}},
		"late":              {"clock_is=late", "overdue", []string{"261123-1-0002"}},
		"late, of a kind":   {"clock_is=late&clock=promise", "keeping a promise · overdue", []string{"261123-1-0002"}},
		"late, of another":  {"clock_is=late&clock=accept", "acceptance by the department · overdue", nil},
		"of nobody's":       {"clock_is=late&desk=nobody", "nobody · overdue", nil},
		"nothing is asked":  {"clock_is=green", "Type two", nil},
		"of the one behind": {"desk=repairs", "Cases with", []string{"261123-1-0001"}},
	} {
		page := show(query.query)
		if !strings.Contains(page, query.told) {
			t.Errorf("%s: it does not say %q:\n%s", name, query.told, page)
		}
		for _, n := range []string{"261123-1-0001", "261123-1-0002"} {
			if got := strings.Contains(page, "/cases/"+n); got != slices.Contains(query.found, n) {
				t.Errorf("%s: %s is there: %t", name, n, got)
			}
		}
	}
}
