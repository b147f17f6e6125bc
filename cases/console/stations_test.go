package console

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
)

// TestS24R15_AnEmptyPostIsOnTheDeskAndInTheRegister: of who supervises, as long as it lasts,
// and with its end.
func TestS24R15_AnEmptyPostIsOnTheDeskAndInTheRegister(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	h := s.Handler()
	stations := []cases.Station{{Of: cases.StationDepartment, Name: "repairs", Users: []string{"chief"}}, {Of: cases.StationPost, Name: "front", Users: []string{"clerk"}}}
	watch := func(minute int, all []cases.Station, want int) {
		t.Helper()
		long, err := st.WatchStations(t.Context(), noon.Add(time.Duration(minute)*time.Minute), all, 5*time.Minute)
		if err != nil || len(long) != want {
			t.Fatalf("at minute %d: %+v, %v", minute, long, err)
		}
	}
	watch(1, stations, 0)
	watch(6, stations, 2)
	watch(20, stations[:1], 0)
	desk := func(user string) string {
		return text(t, ask(h, "GET", "/desk", "", "Cookie", signInAs(t, h, user), "Accept-Language", "en"))
	}
	page := desk("qian")
	wants(t, page, "Nobody is on post:", "department 维修部")
	if strings.Contains(page, "front") || strings.Contains(desk("clerk"), "Nobody is on post") {
		t.Error("what is over, or somebody else's to mend, is on the desk")
	}
	want := [][]string{
		{"类别", "岗位", "空岗开始", "空岗结束", "告知主管"},
		{"部门", "维修部", "2026-11-23 12:01", "", "2026-11-23 12:06"},
		{"岗位", "front", "2026-11-23 12:01", "2026-11-23 12:20", "2026-11-23 12:06"},
	}
	const target = "/api/v1/reports/registers/empty_posts" + november
	if diff := cmp.Diff(want, readCSV(t, fetched(t, h, target+"&format=csv", "qian", "empty_posts_2026-11-01_2026-11-30.csv"))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	rows, notes := readXLSX(t, fetched(t, h, target, "qian", "empty_posts_2026-11-01_2026-11-30.xlsx"))
	if len(rows) != 3 || len(notes) == 0 || !strings.Contains(notes[len(notes)-1][1], "S24-R15") {
		t.Errorf("rows %q, notes %q", rows, notes)
	}
	if r := askAs(h, target, "clerk"); r.StatusCode != http.StatusForbidden {
		t.Errorf("for who does not oversee: %s", r.Status)
	}
}
