package metrics

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// stateOf is a scrape of a snapshot.
func stateOf(sn StateSnapshot, err error) string {
	res := httptest.NewRecorder()
	StateHandler(func(context.Context, time.Time) (StateSnapshot, error) { return sn, err }).
		ServeHTTP(res, httptest.NewRequest("GET", "/metrics/state", nil))
	return res.Body.String()
}

// samples are a scrape without what is said of it.
func samples(text string) (lines []string) {
	for line := range strings.Lines(text) {
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
	one := []float64{1}
	sn := StateSnapshot{Taken: time.Unix(1790000000, 500_000_000), Took: 20 * time.Millisecond, Figures: []StateFigures{
		{"shouwen_state_presses_total", []string{"department"}, []string{"water", "gas"}, []float64{7, 1e21}},
		{"shouwen_state_cases_bounced", []string{"department"}, []string{"water"}, []float64{2}},
		{"shouwen_state_of_a_newer_version", nil, nil, one},
		{"shouwen_state_agents", []string{"department"}, []string{"water"}, one},
		{"shouwen_state_agents", []string{"department", "shift", "state"}, []string{"water", "late", "away"}, one},
		{"shouwen_state_agents", []string{"department", "shift"}, []string{"water", "late"}, one},
		{"shouwen_state_agents", []string{"department", "state"}, []string{"water"}, one},
	}}
	up := []string{
		`shouwen_state_cases_bounced{department="water"} 2`, `shouwen_state_presses_total{department="water"} 7`, `shouwen_state_presses_total{department="gas"} 1e+21`,
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
			if got := samples(stateOf(sn, tt.err)); !slices.Equal(got, tt.want) {
				t.Errorf("%s", strings.Join(got, "\n"))
			}
		})
	}
}

// TestASnapshotIsWrittenOnce: who has it is not given it again, everybody is served the
// same, zipped or not, and what is newer, or too old, is not held back.
func TestASnapshotIsWrittenOnce(t *testing.T) {
	t.Parallel()
	var had []time.Time
	sn := StateSnapshot{Taken: time.Unix(1790000000, 0)}
	h := StateHandler(func(_ context.Context, at time.Time) (StateSnapshot, error) {
		had = append(had, at)
		told := sn
		if !at.Equal(sn.Taken) {
			told.Figures = []StateFigures{{"shouwen_state_deadlines_unfired", nil, nil, []float64{float64(sn.Taken.Unix() % 100)}}}
		}
		return told, nil
	})
	tells := func(accepts string, want ...string) {
		t.Helper()
		res, req := httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics/state", nil)
		req.Header.Set("Accept-Encoding", accepts)
		h.ServeHTTP(res, req)
		body, zipped := io.Reader(res.Body), res.Header().Get("Content-Encoding") == "gzip"
		if zips := accepts != "" && !strings.HasSuffix(accepts, "q=0"); zips != zipped {
			t.Fatalf("%q: zipped: %t", accepts, zipped)
		}
		if zipped {
			z, err := gzip.NewReader(body)
			if err != nil {
				t.Fatal(err)
			}
			body = z
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		if got := samples(string(text)); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	page := func(n int) []string {
		return []string{fmt.Sprint("shouwen_state_deadlines_unfired ", n), "shouwen_state_snapshot_duration_seconds 0", fmt.Sprintf("shouwen_state_snapshot_timestamp_seconds 1.7900000%02de+09", n), "shouwen_state_up 1"}
	}
	sn.Taken = sn.Taken.Add(11 * time.Second)
	tells("", page(11)...)
	tells("deflate, gzip;q=0.5", page(11)...)
	sn.Age = time.Hour
	tells("gzip", "shouwen_state_up 0")
	sn.Age = 0
	tells("gzip;q=0", page(11)...)
	first := sn.Taken
	sn.Taken = sn.Taken.Add(time.Second)
	tells("gzip", page(12)...)
	tells("", page(12)...)
	if want := []time.Time{{}, first, first, first, first, sn.Taken}; !slices.EqualFunc(had, want, time.Time.Equal) {
		t.Errorf("it had those of %v, want %v", had, want)
	}
}

// everyState is a snapshot with figures of each metric of the catalogue.
func everyState() (sn StateSnapshot) {
	for _, m := range StateCatalogue {
		if strings.HasPrefix(m.Name, "shouwen_state_snapshot_") || m.Name == "shouwen_state_up" {
			continue
		}
		f := StateFigures{Name: m.Name, Labels: slices.Sorted(slices.Values(m.Labels)), Values: []float64{math.Pi}}
		if len(m.Labels) > 0 {
			f.Values = append(f.Values, -1, 2e30)
		}
		for i := range f.Values {
			for range m.Labels {
				f.Of = append(f.Of, []string{"a \"b\"\n", "a\\n", "水"}[i])
			}
		}
		sn.Figures = append(sn.Figures, f)
	}
	sn.Taken, sn.Took = time.Unix(1790000000, 500_000_000), time.Microsecond
	return sn
}

// asMetrics is a snapshot as the library of Prometheus tells it, by which ours is judged.
type asMetrics StateSnapshot

// Describe implements prometheus.Collector.
func (asMetrics) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (sn asMetrics) Collect(ch chan<- prometheus.Metric) {
	tell := func(name string, labels, of []string, v float64) {
		kind := prometheus.GaugeValue
		if strings.HasSuffix(name, "_total") {
			kind = prometheus.CounterValue
		}
		ch <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, stateMetrics[name].Help, labels, nil), kind, v, of...)
	}
	for _, f := range sn.Figures {
		for i, v := range f.Values {
			tell(f.Name, f.Labels, f.Of[i*len(f.Labels):][:len(f.Labels)], v)
		}
	}
	tell("shouwen_state_up", nil, nil, 1)
	tell("shouwen_state_snapshot_timestamp_seconds", nil, nil, float64(sn.Taken.UnixMicro())/1e6)
	tell("shouwen_state_snapshot_duration_seconds", nil, nil, sn.Took.Seconds())
}

// TestTheStateIsWrittenAsPrometheusDoes: the library of Prometheus writes the same, to the
// octet, and finds nothing wrong with it.
func TestTheStateIsWrittenAsPrometheusDoes(t *testing.T) {
	t.Parallel()
	sn := everyState()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(asMetrics(sn))
	res := httptest.NewRecorder()
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(res, httptest.NewRequest("GET", "/metrics/state", nil))
	got := stateOf(sn, nil)
	if diff := cmp.Diff(res.Body.String(), got); diff != "" {
		t.Errorf("-library +ours\n%s", diff)
	}
	problems, err := promlint.New(strings.NewReader(got)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	if n := strings.Count(got, "# TYPE "); n != len(StateCatalogue) {
		t.Errorf("%d of %d", n, len(StateCatalogue))
	}
	for _, m := range StateCatalogue {
		if !strings.HasPrefix(m.Name, "shouwen_state_") || m.Help == "" || strings.ContainsAny(m.Help, "\\\n") {
			t.Errorf("%s: %s", m.Name, m.Help)
		}
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
