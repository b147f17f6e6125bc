package deploy

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAlertmanagerTakesItsConfiguration(t *testing.T) {
	t.Parallel()
	run(t, "prometheus-alertmanager", "amtool", "check-config", "alertmanager/alertmanager.yml")
}

// TestAlertsReachTheirPeople: by audience, severity and department.
func TestAlertsReachTheirPeople(t *testing.T) {
	t.Parallel()
	for labels, receivers := range map[string]string{
		"audience=supervisor severity=critical":                  "supervisors-urgent",
		"audience=supervisor severity=warning queue=hotline":     "supervisors",
		"audience=supervisor severity=warning department=water":  "department,supervisors",
		"audience=supervisor severity=critical department=water": "department,supervisors-urgent",
		"audience=telephony severity=warning":                    "telephony",
		"audience=telephony severity=critical trunk=provider":    "telephony-urgent",
		"audience=platform severity=warning":                     "platform",
		"audience=platform severity=critical":                    "platform-urgent",
		"alertname=Watchdog":                                     "platform",
	} {
		args := []string{"config", "routes", "test", "--config.file=alertmanager/alertmanager.yml", "--verify.receivers=" + receivers}
		run(t, "prometheus-alertmanager", "amtool", append(args, strings.Fields(labels)...)...)
	}
}

// TestNothingUrgentIsMuted: only routes that urgent alerts do not take rest at night.
func TestNothingUrgentIsMuted(t *testing.T) {
	t.Parallel()
	type route struct {
		Receiver string
		Matchers []string
		Mute     []string `yaml:"mute_time_intervals"`
		Continue bool
		Routes   []route
	}
	var config struct{ Route route }
	load(t, "alertmanager/alertmanager.yml", &config)
	muted := 0
	var walk func(r route, urgentTaken bool)
	walk = func(r route, urgentTaken bool) {
		if len(r.Mute) > 0 {
			muted++
			excluded := strings.Contains(strings.Join(r.Matchers, " "), `severity!="critical"`)
			if !urgentTaken && !excluded {
				t.Errorf("urgent alerts for %s rest at night", r.Receiver)
			}
		}
		taken := false
		for _, child := range r.Routes {
			walk(child, taken)
			taken = taken || !child.Continue && strings.Join(child.Matchers, " ") == `severity="critical"`
		}
	}
	walk(config.Route, false)
	if muted != 4 {
		t.Errorf("%d routes rest at night, want 4", muted)
	}
}

// TestMailsSayWhatIsWrong: subject and text, of an alert that fires and of one that is over.
func TestMailsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	type alert struct {
		Status              string
		Labels, Annotations map[string]string
		StartsAt, EndsAt    string
	}
	notes := map[string]string{"summary_zh": "water 有 7 个时限已超时", "summary_en": "7 clocks of water have run out", "runbook": "deploy/README.md#shouwendeadlineoverdue"}
	overdue := alert{"firing", map[string]string{"alertname": "ShouwenDeadlineOverdue"}, notes, "2026-11-26T08:00:00Z", "0001-01-01T00:00:00Z"}
	data := map[string]any{
		"receiver": "supervisors", "status": "firing", "alerts": []alert{overdue, overdue},
		"commonLabels": map[string]string{"severity": "warning", "department": "water"},
	}
	for _, tt := range []struct {
		template string
		want     []string
	}{
		{"shouwen.subject", []string{"[warning] water water 有 7 个时限已超时 (+1)"}},
		{"shouwen.text", []string{"water 有 7 个时限已超时\n7 clocks of water have run out\n", "/deploy/README.md#shouwendeadlineoverdue"}},
	} {
		b, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "data.json")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		got := run(t, "prometheus-alertmanager", "amtool", "template", "render", "--template.glob=alertmanager/*.tmpl",
			"--template.text={{ template \""+tt.template+"\" . }}", "--template.data="+file)
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s says\n%s\nwant %s", tt.template, got, want)
			}
		}
	}
}
