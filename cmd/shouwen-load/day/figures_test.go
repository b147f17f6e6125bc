package day

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const exposition = `# HELP shouwen_calls_total Calls finished.
# TYPE shouwen_calls_total counter
shouwen_calls_total{direction="inbound",result="answered"} 3
shouwen_calls_total{direction="inbound",result="abandoned"} 0
shouwen_queue_wait_seconds_bucket{outcome="answered",queue="hotline",le="5"} 1
shouwen_queue_wait_seconds_count{outcome="answered",queue="hotline"} 3
shouwen_sip_requests_total{direction="received",method="INVITE"} 5
shouwen_sip_requests_total{direction="received",method="BYE"} 9
shouwen_state_presses_total{department="water"} 2
shouwen_state_promises_broken_total 1e+00
go_goroutines 9
`

// TestFiguresAreSummed: over nodes what each has seen, and what the database says once.
func TestFiguresAreSummed(t *testing.T) {
	t.Parallel()
	of := func(name, instance string, value float64, labels ...string) string {
		pairs := fmt.Sprintf(`"__name__":%q,"instance":%q,"job":"shouwen"`, name, instance)
		for i := 0; i < len(labels); i += 2 {
			pairs += fmt.Sprintf(",%q:%q", labels[i], labels[i+1])
		}
		return fmt.Sprintf(`{"metric":{%s},"value":[1795000000.1,"%g"]}`, pairs, value)
	}
	answer := `{"status":"success","data":{"resultType":"vector","result":[` + strings.Join([]string{
		of("shouwen_calls_total", "a", 2, "direction", "inbound", "result", "answered"),
		of("shouwen_calls_total", "b", 1, "direction", "inbound", "result", "answered"),
		of("shouwen_queue_wait_seconds_count", "a", 3, "queue", "hotline", "outcome", "answered"),
		of("shouwen_sip_requests_total", "a", 5, "method", "INVITE", "direction", "received"),
		of("shouwen_state_presses_total", "a", 1, "department", "water"), // of the snapshot before
		of("shouwen_state_presses_total", "b", 2, "department", "water"),
		of("shouwen_state_promises_broken_total", "a", 1),
		of("shouwen_state_promises_broken_total", "b", 1),
	}, ",") + `]}}`
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, exposition) })
	mux.HandleFunc("/api/v1/query", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) })
	s := httptest.NewServer(mux)
	defer s.Close()
	want := Counts{
		`shouwen_calls_total{direction="inbound",result="answered"}`: 3, `shouwen_queue_wait_seconds_count{queue="hotline",outcome="answered"}`: 3,
		`shouwen_sip_requests_total{method="INVITE",direction="received"}`: 5,
		`shouwen_state_presses_total{department="water"}`:                  2, `shouwen_state_promises_broken_total`: 1,
	}
	for name, from := range map[string]source{"a node": {url: s.URL + "/metrics"}, "Prometheus": {url: s.URL, prometheus: true}} {
		got, _, err := figures(t.Context(), []source{from})
		if err != nil {
			t.Fatal(err)
		}
		delete(got, `shouwen_calls_total{direction="inbound",result="abandoned"}`) // 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if _, _, err := figures(t.Context(), []source{{url: s.URL + "/nothing"}}); err == nil {
		t.Error("figures were read from nowhere")
	}
}

// TestWhatDiffersIsSaid: both what the server has counted too often and what it has not.
func TestWhatDiffersIsSaid(t *testing.T) {
	t.Parallel()
	text := ""
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
	card := `{"all": {}}`
	mux.HandleFunc("/scorecards", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, card) })
	mux.HandleFunc("/reports/registers", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"registers": []}`) })
	mux.HandleFunc("/cases", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"cases": []}`) })
	s := httptest.NewServer(mux)
	defer s.Close()
	text = `shouwen_queue_entered_total{queue="hotline"} 7` // before the day
	p := &Player{api: &api{base: s.URL}}
	c, err := Compare(t.Context(), p, []string{s.URL + "/metrics"}, "")
	if err != nil {
		t.Fatal(err)
	}
	p.counts.add(queueEntered, "hotline")
	p.counts.add(queueEntered, "advice")
	for _, tt := range []struct {
		says string
		want []Difference
	}{
		{"shouwen_queue_entered_total{queue=\"hotline\"} 8\nshouwen_queue_entered_total{queue=\"advice\"} 1", nil},
		{"shouwen_queue_entered_total{queue=\"hotline\"} 9\nshouwen_state_presses_total{department=\"water\"} 1", []Difference{
			{`shouwen_queue_entered_total{queue="advice"}`, 1, 0, s.URL + "/metrics"},
			{`shouwen_queue_entered_total{queue="hotline"}`, 1, 2, s.URL + "/metrics"},
			{`shouwen_state_presses_total{department="water"}`, 0, 1, s.URL + "/metrics"},
		}},
	} {
		text = tt.says
		_, differ, err := c.Settle(t.Context(), time.Nanosecond)
		if diff := cmp.Diff(tt.want, differ); diff != "" || err != nil {
			t.Errorf("%s, %v", diff, err)
		}
	}
	card = `{"people": [{"who": "1001", "kept": 1}], "departments": [{"who": "water", "received": 2}], "all": {"as_handler": {"due": 3, "late": 1}}}`
	_, differ, err := c.Settle(t.Context(), time.Nanosecond)
	wantCards := []Difference{
		{`scorecard_all{of="behind_due"}`, 0, 3, "scorecards"}, {`scorecard_all{of="behind_late"}`, 0, 1, "scorecards"},
		{`scorecard_department{department="water",of="received"}`, 0, 2, "scorecards"}, {`scorecard_person{user="1001",of="kept"}`, 0, 1, "scorecards"},
	}
	if diff := cmp.Diff(wantCards, differ[:min(4, len(differ))]); diff != "" || err != nil {
		t.Errorf("%s, %v", diff, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.Settle(ctx, time.Minute); err == nil {
		t.Error("compared without an answer")
	}
}

// TestEachSourceIsHeldToItsMoment: a clock runs out after what Prometheus has was true,
// and another after the last snapshot. Both are on the ledger when it is read.
func TestEachSourceIsHeldToItsMoment(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Second)
	ago := func(seconds int) string {
		return now.Add(-time.Duration(seconds) * time.Second).UTC().Format(time.RFC3339)
	}
	breached := func(clock string, seconds int) string {
		return fmt.Sprintf(`{"kind": "breached", "at": %q, "body": {"clock": %q}}`, ago(seconds), clock)
	}
	clock := func(kind string, seconds int) string {
		return fmt.Sprintf(`{"kind": %q, "state": "running", "due": %q, "late_seconds": %d}`, kind, ago(seconds), seconds)
	}
	state := func(figure func(string, ...any) string, taken int, breaches ...string) (all []string) {
		all = []string{
			figure("shouwen_state_snapshot_timestamp_seconds", now.Add(-time.Duration(taken)*time.Second).Unix()),
			figure(`shouwen_state_cases_open{state="open"}`, 1), figure(`shouwen_state_deadlines_pressing{state="overdue",class="ordinary"}`, len(breaches)),
		}
		for _, clock := range breaches {
			all = append(all, figure(fmt.Sprintf("shouwen_state_deadlines_due_total{clock=%q,result=\"breached\"}", clock), 1))
		}
		return all
	}
	exposed := func(name string, v ...any) string { return fmt.Sprint(name, " ", v[0]) }
	scraped := func(name string, v ...any) string {
		metric, labels, _ := strings.Cut(strings.TrimSuffix(name, "}"), "{")
		pairs := fmt.Sprintf(`"__name__":%q`, metric)
		for _, l := range label.FindAllStringSubmatch(labels, -1) {
			pairs += fmt.Sprintf(`,%q:%q`, l[1], l[2])
		}
		return fmt.Sprintf(`{"metric":{%s},"value":[1,"%v"]}`, pairs, v[0])
	}
	mux := http.NewServeMux()
	for path, body := range map[string]string{
		"/metrics/state":     strings.Join(state(exposed, 20, "register"), "\n"),
		"/api/v1/query":      `{"data":{"result":[` + strings.Join(state(scraped, 40), ",") + `]}}`,
		"/reports/registers": `{"registers": []}`,
		"/scorecards":        fmt.Sprintf(`{"at": %q, "all": {"as_first_asker": {"due": 2, "late": 2}}, "departments": [{"who": "other", "as_first_asker": {"due": 2, "late": 2}}], "unowned": 1}`, ago(0)),
		"/cases":             `{"cases": [{"number": "1"}]}`,
		"/cases/1": fmt.Sprintf(`{"number": "1", "state": "open", "clocks": [%s, %s], "events": [%s, %s]}`,
			clock("register", 30), clock("reply_caller", 10), breached("register", 30), breached("reply_caller", 10)),
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	}
	s := httptest.NewServer(mux)
	defer s.Close()
	c, err := Compare(t.Context(), &Player{api: &api{base: s.URL}}, []string{s.URL + "/metrics/state"}, s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, differ, err := c.Settle(t.Context(), time.Nanosecond); err != nil || len(differ) > 0 {
		t.Errorf("%+v, %v", differ, err)
	}
}
