package console

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/store"
)

// TestThePublicationTellsOfNobody: S04-R10, S33-R12, S03-R11 results are published, S22-R2
// with opinions and how many were adopted, S04-R11 by box, book and telephone.
func TestThePublicationTellsOfNobody(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	h := s.Handler()
	at := noon.Add(30 * time.Minute)
	for n := 1; n <= 7; n++ {
		apply(t, st, answered(n, from("+861055550101"), "clerk"))
		number := cases.NewCaseNumber(noon, 1, n)
		m := cases.Registration{Name: "王小明", Content: "开门太晚", ReadBack: true, Channel: []string{"box", "call"}[n%2]}
		c := cases.Classify{Category: "burst_pipe"}
		if n <= 6 {
			c.Type = "opinion"
		}
		moves(t, st, number, "clerk", at, m, c)
		if n <= 2 {
			moves(t, st, number, "qian", at, cases.Adopt{Adopted: n == 1, Reason: "from Monday on"})
		}
	}
	got := decode[publicationBody](t, askAs(h, "/api/v1/reports/publication"+november+"&k=3", "sun"), 200)
	want := publicationBody{
		K: 3, Period: "none", What: []string{}, Departments: got.Departments,
		Categories: []figuresBody{{Group: "burst_pipe", Cases: 7, InTime: got.Categories[0].InTime}},
		Opinions:   []opinionsBody{{Channel: "box", Received: 3}, {Channel: "call", Received: 3, Adopted: 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got.Departments) != 1 || got.Departments[0].Cases != 7 {
		t.Errorf("%+v -want +got\n%s", got.Departments, diff)
	}
	few := decode[publicationBody](t, askAs(h, "/api/v1/reports/publication"+november+"&k=8", "sun"), 200)
	if len(few.Departments)+len(few.Categories)+len(few.Opinions) > 0 {
		t.Errorf("of seven: %+v", few)
	}
	for target, status := range map[string]int{"&k=2": 422, "": 200} {
		if r := askAs(h, "/api/v1/reports/publication"+november+target, "qian"); r.StatusCode != status {
			t.Errorf("%s: %s", target, r.Status)
		}
	}
	if r := askAs(h, "/api/v1/reports/publication"+november, "clerk"); r.StatusCode != 403 {
		t.Errorf("an agent: %s", r.Status)
	}
	if got := opinionsOf([]store.Opinions{{Channel: "book", Received: 2, Adopted: 1}, {Channel: "box", Received: 2}}, 4); len(got) != 1 || got[0].Channel != "other" || got[0].Received != 4 {
		t.Errorf("few together: %+v", got)
	}
}
