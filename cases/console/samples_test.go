package console

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
)

// TestSamplesAreDrawnByLotAndChecked: S33-R10 a manager samples handling and visits, S30-R11
// whatever a caller contradicts is among them; S01-R12 what was found is on record, once.
// Whoever has the seed and the candidates draws the same.
func TestSamplesAreDrawnByLotAndChecked(t *testing.T) {
	t.Parallel()
	st, h := visited(t, 10)
	no := cases.Visit{Said: "nobody called me", Evidence: cases.Evidence{Call: id(1_000_003)}}
	moves(t, st, "261123-1-0003", "qian", noon.Add(3600e9), no)
	const days = `"from": "2026-11-01", "until": "2026-11-30"`
	s := decode[sampleBody](t, postAs(h, "/api/v1/samples", "qian", `{`+days+`, "percent": 30}`), 200)
	var candidates, want, got []cases.CaseNumber
	for _, n := range s.Candidates {
		candidates = append(candidates, cases.CaseNumber(n))
	}
	want = append(cases.Draw(s.Seed, candidates, s.Size), "261123-1-0003")
	slices.Sort(want)
	want = slices.Compact(want)
	for _, c := range s.Cases {
		got = append(got, cases.CaseNumber(c.Number))
		if (c.Why == "contradicted") != (c.Number == "261123-1-0003") || c.Checked != nil || c.OK != nil {
			t.Errorf("%+v", c)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || s.Size != 3 || s.Among != 10 || len(candidates) != 10 || s.By != "qian" || len(s.Seed) != 32 {
		t.Errorf("%+v -want +got\n%s", s, diff)
	}
	again := decode[sampleBody](t, postAs(h, "/api/v1/samples", "qian", `{`+days+`, "percent": 30, "seed": "`+s.Seed+`"}`), 200)
	if diff := cmp.Diff(s.Cases, again.Cases); diff != "" {
		t.Errorf("drawn again: %s", diff)
	}
	const checked = `{"ok": false, "finding": "he was not called"}`
	for _, tt := range []struct {
		target, who, body string
		want              int
	}{
		{"/api/v1/samples/1/cases/261123-1-0003", "qian", checked, 204},
		{"/api/v1/samples/1/cases/261123-1-0003", "qian", checked, 409},
		{"/api/v1/samples/1/cases/261123-1-0099", "qian", checked, 404},
		{"/api/v1/samples/9/cases/261123-1-0003", "qian", checked, 404},
		{"/api/v1/samples/1/cases/261123-1-0003", "clerk", checked, 403},
		{"/api/v1/samples/1/cases/261123-1-0003", "sun", checked, 403}, // an auditor reads
		{"/api/v1/samples/1/cases/261123-1-0003", "qian", `{"ok": true, "finding": ""}`, 422},
		{"/api/v1/samples", "qian", `{` + days + `}`, 422}, // the profile has no share
		{"/api/v1/samples", "qian", `{"from": "2026-10-01", "until": "2026-10-31", "percent": 30}`, 422},
		{"/api/v1/samples", "clerk", `{` + days + `, "percent": 30}`, 403},
	} {
		if r := postAs(h, tt.target, tt.who, tt.body); r.StatusCode != tt.want {
			t.Errorf("%s by %s: %s, want %d", tt.target, tt.who, r.Status, tt.want)
		}
	}
	one := decode[sampleBody](t, askAs(h, "/api/v1/samples/1", "sun"), 200)
	i := slices.IndexFunc(one.Cases, func(c sampledBody) bool { return c.Number == "261123-1-0003" })
	if c := one.Cases[i]; c.OK == nil || *c.OK || c.Finding != "he was not called" || c.By != "qian" || c.Checked == nil {
		t.Errorf("checked: %+v", c)
	}
	// Nobody sees what was found of his own cases, nor checks them, whatever his roles.
	own := people
	own.People = slices.Clone(own.People)
	own.People[0].Roles = []cases.Role{cases.RoleSupervisor}
	s2, _ := newServer(st)
	s2.People = func() cases.Directory { return own }
	h = s2.Handler()
	if one := decode[sampleBody](t, askAs(h, "/api/v1/samples/1", "clerk"), 200); len(one.Cases) > 0 {
		t.Errorf("about himself: %+v", one.Cases)
	}
	for i, c := range one.Cases {
		if r := postAs(h, "/api/v1/samples/1/cases/"+c.Number, "clerk", checked); r.StatusCode != 404 {
			t.Errorf("he checks his own case %d: %s", i, r.Status)
		}
	}
	if list := decode[samplesBody](t, askAs(h, "/api/v1/samples", "sun"), 200); len(list.Samples) != 2 || list.Samples[0].ID != 2 || list.Samples[0].Among != 10 || len(list.Samples[0].Candidates) > 0 {
		t.Errorf("list %+v", list)
	}
}
