package main

import (
	"bufio"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwen/cases/store/storetest"
	"shouwen/metrics"
	"shouwen/sip/siptest"
)

// TestFiguresOfTheInstallation: a running server tells at /metrics/state, and nowhere
// else, what the database knows: all there is from the start, what agents do, and cases.
func TestFiguresOfTheInstallation(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.HTTP.Metrics = "127.0.0.1:0"
	b := startBed(t, cfg, serverOptions{agents: 2, database: storetest.URL(t), anyPort: true}, func(s *server) { s.figures.Every = 50 * time.Millisecond })
	phones := b.agents(2)
	url := b.MetricsURL + "/state"
	shows := func(what string) {
		t.Helper()
		until(t, what, func() bool {
			_, text := fetch(t, url, "")
			return strings.Contains(text, "\n"+what+"\n")
		})
	}
	shows(`shouwen_state_agents{department="hotline",state="available"} 2`)
	_, text := fetch(t, url, "")
	var names, want []string
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "# TYPE "); ok {
			name, _, _ = strings.Cut(name, " ")
			names = append(names, name)
		}
	}
	optional := []string{ // of clocks and rules that the profile does not have
		"shouwen_state_handovers_total", "shouwen_state_deadline_extensions_total", "shouwen_state_return_visits_open", "shouwen_state_sanctions_proposed_total",
	}
	for _, m := range metrics.StateCatalogue {
		if !slices.Contains(optional, m.Name) {
			want = append(want, m.Name)
		}
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("there are %v, want %v", names, want)
	}
	if _, live := fetch(t, b.MetricsURL, ""); strings.Contains(live, "\nshouwen_state_") || !strings.Contains(live, "\nshouwen_snapshot_holder 1\n") {
		t.Error("/metrics tells what is not this process's, or not what is")
	}

	_, agent := b.talk(phones, 0)
	shows(`shouwen_state_agents{department="hotline",state="talking"} 1`)
	shows(`shouwen_state_cases_open{department="hotline",state="open"} 1`)
	agent.Do("INVITE", agent.SDP(siptest.SendOnly))
	shows(`shouwen_state_agents{department="hotline",state="hold"} 1`)
	agent.Hangup()
	shows(`shouwen_state_agents{department="hotline",state="available"} 2`)
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Log("promtool is not installed (Debian: apt install prometheus): figures not linted")
		return
	}
	_, text = fetch(t, url, "")
	lint := exec.Command("promtool", "check", "metrics")
	lint.Stdin = strings.NewReader(text)
	if out, err := lint.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}
