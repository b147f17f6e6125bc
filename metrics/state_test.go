package metrics

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// scraped is what a scrape of a snapshot has, without what is said of it.
func scraped(sn StateSnapshot, err error) (lines []string) {
	res := httptest.NewRecorder()
	StateHandler(func(context.Context) (StateSnapshot, error) { return sn, err }).
		ServeHTTP(res, httptest.NewRequest("GET", "/metrics/state", nil))
	for line := range strings.Lines(res.Body.String()) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// TestOldFiguresAreNotServed: no figure is better than an old one, and whatever is wrong
// is told by one.
func TestOldFiguresAreNotServed(t *testing.T) {
	t.Parallel()
	sn := StateSnapshot{Taken: time.Unix(1790000000, 500_000_000), Took: 20 * time.Millisecond, Figures: []StateFigure{
		{"shouwen_state_presses_total", map[string]string{"department": "water"}, 7},
		{"shouwen_state_cases_bounced", map[string]string{"department": "water"}, 2},
		{"shouwen_state_of_a_newer_version", nil, 1},
		{"shouwen_state_agents", map[string]string{"department": "water"}, 1},
		{"shouwen_state_agents", map[string]string{"department": "water", "shift": "late"}, 1},
	}}
	up := []string{
		`shouwen_state_cases_bounced{department="water"} 2`, `shouwen_state_presses_total{department="water"} 7`,
		`shouwen_state_snapshot_duration_seconds 0.02`, `shouwen_state_snapshot_timestamp_seconds 1.7900000005e+09`, `shouwen_state_up 1`,
	}
	down := []string{"shouwen_state_up 0"}
	for name, tt := range map[string]struct {
		age  time.Duration
		err  error
		want []string
	}{
		"fresh":        {0, nil, up},
		"just in time": {time.Minute, nil, up},
		"old":          {time.Minute + time.Microsecond, nil, down},
		"not read":     {0, errors.New("database is away"), down},
	} {
		t.Run(name, func(t *testing.T) {
			sn.Age = tt.age
			if got := scraped(sn, tt.err); !slices.Equal(got, tt.want) {
				t.Errorf("%s", strings.Join(got, "\n"))
			}
		})
	}
}

// TestTheCatalogueOfTheStateFollowsTheConventions has a figure of each metric linted.
func TestTheCatalogueOfTheStateFollowsTheConventions(t *testing.T) {
	t.Parallel()
	var sn StateSnapshot
	for _, m := range StateCatalogue {
		labels := map[string]string{}
		for _, l := range m.Labels {
			labels[l] = "x"
		}
		if !strings.HasPrefix(m.Name, "shouwen_state_") || m.Help == "" {
			t.Errorf("%+v", m)
		}
		if len(labels) > 0 || !strings.HasPrefix(m.Name, "shouwen_state_snapshot_") && m.Name != "shouwen_state_up" {
			sn.Figures = append(sn.Figures, StateFigure{m.Name, labels, 1})
		}
	}
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(stateCollector{sn, true})
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	if n, err := testutil.GatherAndCount(reg); err != nil || n != len(StateCatalogue) {
		t.Errorf("%d of %d, %v", n, len(StateCatalogue), err)
	}
}

func TestWhoComputesTheFigures(t *testing.T) {
	t.Parallel()
	m := New("", "")
	for _, is := range []bool{true, false} {
		m.State.Holds(is)
		if got, err := testutil.GatherAndCount(m.reg, "shouwen_snapshot_holder"); err != nil || got != 1 {
			t.Error(got, err)
		}
		want := "# HELP shouwen_snapshot_holder 1 on the node that computes the figures of the installation.\n# TYPE shouwen_snapshot_holder gauge\nshouwen_snapshot_holder " +
			map[bool]string{true: "1\n", false: "0\n"}[is]
		if err := testutil.GatherAndCompare(m.reg, strings.NewReader(want), "shouwen_snapshot_holder"); err != nil {
			t.Error(err)
		}
	}
}
