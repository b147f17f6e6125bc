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
