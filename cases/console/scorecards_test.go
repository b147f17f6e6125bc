package console

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/profile"
	"shouwen/cases/store"
)

// visited is a console of a township whose clerk answered so many callers, who said what
// they think of it: 5, 4, 3, 5, 4, 3, …
func visited(t *testing.T, callers int) (*store.Store, http.Handler) {
	t.Helper()
	st, s := hotline(t)
	var err error
	if st.Rules.Policy, err = profile.Policy("township"); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= callers; n++ {
		apply(t, st, answered(n, from(cases.Number(fmt.Sprintf("+86105555%04d", n))), "clerk"))
		number, at := cases.NewCaseNumber(noon, 1, n), noon.Add(time.Duration(n)*time.Minute+30*time.Second)
		said := 5 - (n-1)%3
		proof := cases.Evidence{Call: id(1_000_000 + n)}
		moves(t, st, number, "clerk", at, cases.Registration{Content: "a form"}, cases.Solve{Manner: "told", Result: "has it"})
		moves(t, st, number, "qian", at, cases.Reply{Result: "has it", Evidence: proof}, cases.Visit{Answered: true, Solved: true, Satisfied: &said, Evidence: proof})
	}
	return st, s.Handler()
}

func askAs(h http.Handler, target, who string) *http.Response {
	return ask(h, "GET", target, "", "Authorization", "Bearer "+token, byHeader, who)
}

// TestScorecardsAreShownAndTakenAway: S04-R9 by figures that are said with their formula;
// everybody sees his own, nobody else's unless he oversees.
func TestScorecardsAreShownAndTakenAway(t *testing.T) {
	t.Parallel()
	_, h := visited(t, 4)
	all := decode[scorecardsBody](t, askAs(h, "/api/v1/scorecards"+november, "qian"), 200)
	kept, satisfied, mean, inTime := 100.0, 75.0, 4.25, 100.0
	want := cardBody{
		Who: "clerk", Name: "王", FirstAsked: 4, Kept: 4, AsHandler: timingBody{Due: 4}, Answers: 4, Satisfied: 3, Mean: &mean,
		Rates: ratesBody{Kept: &kept, Repeat: new(float64), Handler: &inTime, Satisfied: &satisfied},
	}
	if len(all.People) != 1 {
		t.Fatalf("people %+v", all.People)
	}
	if diff := cmp.Diff(want, all.People[0]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for target, status := range map[string]map[string]int{
		"/api/v1/scorecards" + november:                                 {"clerk": 403, "qian": 200, "sun": 200},
		"/api/v1/scorecards/clerk" + november:                           {"clerk": 200, "aide": 403, "sun": 200},
		"/api/v1/reports/scorecards" + november:                         {"clerk": 403, "qian": 200},
		"/api/v1/scorecards/clerk/rating" + november + "&group=90":      {"clerk": 403},
		"/api/v1/scorecards?from=2026-11-02&until=2026-11-01":           {"qian": 422},
		"/api/v1/scorecards/clerk?from=2026-11-02&until=2026-11-01":     {"qian": 422},
		"/api/v1/reports/scorecards?from=2026-11-02&until=2026-11-01":   {"qian": 422},
		"/api/v1/scorecards/clerk/rating?from=2026-11-02&until=2026-11": {"qian": 422},
	} {
		for who, want := range status {
			if r := askAs(h, target, who); r.StatusCode != want {
				t.Errorf("%s for %s: %s, want %d", target, who, r.Status, want)
			}
		}
	}
	own := decode[cardBody](t, askAs(h, "/api/v1/scorecards/clerk"+november, "clerk"), 200)
	if diff := cmp.Diff(want, own); diff != "" {
		t.Errorf("own: -want +got\n%s", diff)
	}
	if none := decode[cardBody](t, askAs(h, "/api/v1/scorecards/aide"+november, "aide"), 200); none.Who != "aide" || none.FirstAsked != 0 || none.Rates.Kept != nil {
		t.Errorf("of who did nothing: %+v", none)
	}
	rows := readCSV(t, fetched(t, h, "/api/v1/reports/scorecards"+november+"&format=csv", "qian", "scorecards_2026-11-01_2026-11-30.csv"))
	if len(rows) != 4 || rows[1][1] != "clerk" || rows[1][3] != "4" || rows[1][5] != "100" || rows[2][0] != "部门" || rows[3][0] != "合计" {
		t.Errorf("file %q", rows)
	}
	rows, notes := readXLSX(t, fetched(t, h, "/api/v1/reports/scorecards"+november, "qian", "scorecards_2026-11-01_2026-11-30.xlsx"))
	if i := slices.IndexFunc(notes, func(n []string) bool { return n[0] == "首问办结率 %" }); i < 0 || notes[i][1] != "自行办结 ÷ 首问件数" || rows[1][21] != "75" {
		t.Errorf("notes %q, rows %q", notes, rows)
	}
}

// TestRatingsDrawTheCallersByLot: S24-R35 twenty callers or more, drawn by a seed that is
// told, the same again with the same; S24-R36 their grade; S24-R37 what a failure has be
// proposed.
func TestRatingsDrawTheCallersByLot(t *testing.T) {
	t.Parallel()
	_, h := visited(t, 24)
	const rating = "/api/v1/scorecards/clerk/rating" + november
	all := decode[ratingBody](t, askAs(h, rating+"&group=90&size=24", "qian"), 200)
	if all.Asked != 24 || all.Of != 24 || all.Recipients != 80 || all.Score != 86 || all.Grade != "pass" || !all.Excellent || len(all.Proposed) > 0 || len(all.Seed) != 32 {
		t.Errorf("of all: %+v", all)
	}
	drawn := decode[ratingBody](t, askAs(h, rating+"&group=90", "qian"), 200)
	if drawn.Asked != 20 || drawn.Of != 24 {
		t.Errorf("of twenty: %+v", drawn)
	}
	if diff := cmp.Diff(drawn, decode[ratingBody](t, askAs(h, rating+"&group=90&seed="+drawn.Seed, "qian"), 200)); diff != "" {
		t.Errorf("drawn again: %s", diff)
	}
	failed := decode[ratingBody](t, askAs(h, rating+"&group=10&size=24", "qian"), 200)
	if failed.Grade != "fail" || failed.Excellent || !slices.Equal(failed.Proposed, []string{"circular", "accountability", "no_excellent"}) {
		t.Errorf("failed: %+v", failed)
	}
	p := decode[huma.ErrorModel](t, askAs(h, rating+"&group=90&size=19", "qian"), 422)
	if !strings.Contains(p.Detail, "the profile wants 20") {
		t.Errorf("nineteen: %+v", p)
	}
	for query, location := range map[string]string{"": "query.group", "&group=101": "query.group", "&group=90&seed=x": "query.seed", "&group=90&size=0": "query.size"} {
		if p := decode[huma.ErrorModel](t, askAs(h, rating+query, "qian"), 422); len(p.Errors) == 0 || p.Errors[0].Location != location {
			t.Errorf("%s: %+v", query, p)
		}
	}
}
