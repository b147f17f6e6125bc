package console

import (
	"html"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
)

// informed is the directory with what there is to know of the repairs.
func informed() cases.Directory {
	d := people
	d.Departments, d.Categories = slices.Clone(d.Departments), slices.Clone(d.Categories)
	d.Departments[1].Duties, d.Departments[1].Workflow, d.Departments[1].Contact, d.Departments[1].Hours = "水电维修", []string{"派单", "上门"}, "2号楼", "day"
	d.Categories[0].Title, d.Categories[0].Words = "水管爆裂", []string{"漏水"}
	d.Categories[0].Answer, d.Categories[0].Notice = "先关总阀", map[cases.NoticeItem]string{"limit": "24小时内"}
	d.Categories = append(d.Categories, cases.Category{Name: "keys", Department: "hotline"})
	return d
}

// TestS10R5_AnAgentLooksUpWhatHeTells: scenario E25, while the caller waits and the
// database is away: what the matter is called, who is competent, when they are there and
// what the notice has to say.
func TestS10R5_AnAgentLooksUpWhatHeTells(t *testing.T) {
	t.Parallel()
	s, _ := newServer(deadStore(t))
	s.People = informed
	zone := time.FixedZone("", 8*3600)
	hours := cases.Calendar{Zone: zone}
	for day := range hours.Week {
		hours.Week[day] = []cases.Interval{{From: 14 * 60, To: 18 * 60}} // it is 13:00
	}
	s.Hours = map[string]cases.Calendar{"day": hours}
	h := s.Handler()

	one := decode[knowledgeBody](t, askAs(h, "/api/v1/knowledge?text=%E6%88%91%E5%AE%B6%E6%BC%8F%E6%B0%B4%E4%BA%86", "clerk"), 200) // 我家漏水了
	opens := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	want := knowledgeBody{[]topicBody{{
		Category: "burst_pipe", Title: "水管爆裂", Answer: "先关总阀", Notice: []noticePointBody{{"limit", "时限", []string{"24小时内"}, false}},
		Department: departmentBody{Name: "repairs", Title: "维修部", Extension: "200", Hours: "day", Duties: "水电维修", Workflow: []string{"派单", "上门"}, Contact: "2号楼"},
		Hours:      []string{"14:00-18:00"}, Opens: &opens, People: []topicPersonBody{{"chief", "", "1003", "wrapup"}},
	}}}
	if diff := cmp.Diff(want, one); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for query, n := range map[string]int{"": 4, "?department=repairs": 2, "?category=keys": 1, "?category=none": 0, "?text=zzz": 0, "?department=hotline&category=burst_pipe": 0} {
		if got := decode[knowledgeBody](t, askAs(h, "/api/v1/knowledge"+query, "sun"), 200); len(got.Topics) != n {
			t.Errorf("%q: %+v", query, got)
		}
	}

	cookie := signIn(t, h)
	show := func(target string) string {
		t.Helper()
		r := ask(h, "GET", target, "", "Cookie", cookie, "Accept-Language", "en")
		if r.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", target, r.Status)
		}
		return html.UnescapeString(text(t, r))
	}
	wants(t, show("/know?q=%E6%BC%8F%E6%B0%B4"), "水管爆裂", "维修部", "先关总阀", "One-time notice: time limit", "24小时内", "派单", "14:00-18:00", "closed now", "2026-11-23 14:00", "Wrap-up")
	if page := show("/know?q=zzz"); strings.Contains(page, "维修部") || !strings.Contains(page, "Nothing is known of it") {
		t.Error("something was found")
	}
	if part := show("/know/topics?category=burst_pipe"); strings.Contains(part, "<html") || !strings.Contains(part, "先关总阀") {
		t.Errorf("part %s", part)
	}
	if part := show("/know/topics?q="); strings.TrimSpace(part) != "" {
		t.Errorf("of nothing: %s", part)
	}
}

// TestACaseShowsWhatThereIsToKnowOfItsCategory: from the moment its category is on record;
// the choice of another in the form asks for that one.
func TestACaseShowsWhatThereIsToKnowOfItsCategory(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	s.People = informed
	h := s.Handler()
	apply(t, st, answered(1, from("+861055550101"), "clerk"))
	cookie := signInWith(t, h, "clerk", "clerkclerk")
	show := func() string {
		return html.UnescapeString(text(t, ask(h, "GET", "/cases/261123-1-0001", "", "Cookie", cookie)))
	}
	before := show()
	if strings.Contains(before, "先关总阀") {
		t.Error("of no category")
	}
	wants(t, before, `name="category" hx-get="/know/topics" hx-target="#topics" hx-trigger="change"`, `id="topics"`)
	moves(t, st, "261123-1-0001", "clerk", noon.Add(time.Hour), cases.Classify{Category: "burst_pipe"})
	wants(t, show(), "先关总阀", "维修部")
}
