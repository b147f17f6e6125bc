package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"shouwen/cases/store/storetest"
)

// ofTheDay are the figures a day changes, and whether they may change still when
// everybody has gone home: clocks run out, and Shouwen calls back by itself.
var ofTheDay = map[string]bool{
	"shouwen_calls_total": true, "shouwen_queue_entered_total": false, "shouwen_queue_wait_seconds_count": false,
	"shouwen_agent_ring_seconds_count": true, "shouwen_agent_missed_total": true, "shouwen_contact_handle_seconds_count": true,
	"shouwen_transfers_total": false, "shouwen_callback_attempts_total": true, "shouwen_sip_requests_total": true,

	"shouwen_state_deadlines_due_total": true, "shouwen_state_deadline_extensions_total": false, "shouwen_state_promises_broken_total": true,
	"shouwen_state_first_asker_closed_total": false, "shouwen_state_handovers_total": false, "shouwen_state_callbacks_closed_total": true,
	"shouwen_state_visit_answers_total": false, "shouwen_state_escalations_total": true, "shouwen_state_contacts_total": false,
	"shouwen_state_presses_total": false, "shouwen_state_cases_open": false, "shouwen_state_deadlines_pressing": true,

	"scorecard_person": false, "scorecard_department": false, "scorecard_all": false, "register_lines": false, "register_cells": false,
}

// onADay are figures that a day without fault or ado would not have.
var onADay = []string{
	`scorecard_all{of="kept"}`, `scorecard_all{of="handed_over"}`, `scorecard_all{of="misrouted"}`, `scorecard_all{of="repeated"}`,
	`scorecard_all{of="received"}`, `scorecard_all{of="returned"}`, `scorecard_all{of="overruled"}`, `scorecard_all{of="front_late"}`,
	`scorecard_all{of="behind_late"}`, `scorecard_all{of="satisfied"}`, `scorecard_all{of="mean_hundredths"}`,
	`register_lines{form="first_ask_register"}`, `register_lines{form="important_matters"}`, `register_lines{form="slip"}`,
	`register_lines{form="receipt"}`, `register_lines{form="pickup_register"}`, `register_lines{form="handover_log"}`,
}

// TestFiguresOfADay: a working day, played by callers, agents and departments with
// phones of their own and over the API, is in Prometheus, on the scorecards and in the
// registers to the unit. What the players have counted themselves equals that, whatever
// happened when; day play fails if it does not.
func TestFiguresOfADay(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("prometheus"); err != nil {
		t.Skip("needs prometheus (Debian: apt install prometheus)")
	}
	load := filepath.Join(t.TempDir(), "shouwen-load")
	dir, port := dataDir(t), freePort(t)
	at := func(above int) string { return fmt.Sprint("127.0.0.1:", port+above) }
	succeeds(t, "go", "build", "-o", load, "../shouwen-load")
	succeeds(t, load, "day", "set-up", dir, "--speedup=480", "--call-speedup=20", "--agents=10",
		fmt.Sprint("--port=", port), "--outside="+at(2), "--console=127.0.0.1:0", "--metrics=127.0.0.1:0")
	c := prepared{dir, filepath.Join(dir, "shouwen.yaml")}.start(t, "--database", storetest.URL(t))
	prometheus := scrape(t, at(3), c.MetricsURL)
	succeeds(t, load, "day", "play", dir, "--calls=60", "--settle=8m", "--prometheus="+prometheus, "--json="+filepath.Join(dir, "report.json"))

	var report struct{ Counts map[string]int }
	b, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err == nil {
		err = json.Unmarshal(b, &report)
	}
	if err != nil {
		t.Fatal(err)
	}
	counted := map[string]int{} // over all labels
	for name, own := range report.Counts {
		figure, _, _ := strings.Cut(name, "{")
		counted[figure] += own
		if strings.HasPrefix(figure, "scorecard_") || strings.HasPrefix(figure, "register_") { // not in Prometheus; shouwen-load has asked the API
			continue
		}
		got := asked(t, prometheus, "sum(max without (instance) ("+name+"))") // there is one node
		if got < own || got > own && !ofTheDay[figure] {
			t.Errorf("%s is %d in Prometheus, and was counted %d times", name, got, own)
		}
	}
	for figure := range ofTheDay {
		if counted[figure] == 0 {
			t.Errorf("nothing of %s happened all day", figure)
		}
	}
	for _, figure := range onADay {
		if report.Counts[figure] == 0 {
			t.Errorf("%s is 0 all day", figure)
		}
	}
	if n := asked(t, prometheus, `count(max by (class) (max_over_time(shouwen_state_deadlines_pressing{state="overdue"}[1h])) > 0)`); n < 2 {
		t.Errorf("clocks of %d classes ran out, want several", n)
	}
}

// succeeds runs a command.
func succeeds(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// scrape starts a Prometheus that scrapes a server, with more flags if there are any,
// and returns its address.
func scrape(t *testing.T, address, metrics string, flags ...string) string {
	t.Helper()
	dir := t.TempDir()
	u, err := url.Parse(metrics)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "prometheus.yml")
	err = os.WriteFile(config, fmt.Appendf(nil, `
global: {scrape_interval: 5s} # and as long may one take, on a busy machine
scrape_configs:
  - {job_name: shouwen, metrics_path: /metrics, static_configs: [{targets: [%q]}]}
  - {job_name: shouwen-state, metrics_path: /metrics/state, static_configs: [{targets: [%[1]q]}]}
`, u.Host), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	flags = append(flags, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "tsdb"), "--web.listen-address="+address, "--log.level=error")
	launchCommand(t, exec.Command("prometheus", flags...))
	until(t, "Prometheus is ready", func() bool {
		res, err := http.Get("http://" + address + "/-/ready")
		if err == nil {
			_ = res.Body.Close()
		}
		return err == nil && res.StatusCode == http.StatusOK
	})
	return "http://" + address
}

// asked is what Prometheus says a query amounts to; 0 if it knows nothing of it.
func asked(t *testing.T, prometheus, query string) int {
	t.Helper()
	code, body := fetch(t, prometheus+"/api/v1/query?"+url.Values{"query": {query}}.Encode(), "")
	var answer struct {
		Data struct{ Result []struct{ Value [2]any } }
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || code != http.StatusOK {
		t.Fatalf("%s: %d %s", query, code, body)
	}
	if len(answer.Data.Result) == 0 {
		return 0
	}
	n, err := strconv.ParseFloat(fmt.Sprint(answer.Data.Result[0].Value[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}
