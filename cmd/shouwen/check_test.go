package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/profile"
	"shouwen/ivr"
)

// checked writes files into a folder and checks the configuration among them.
func checked(t *testing.T, now time.Time, files map[string]string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	err := checkCmd{File: filepath.Join(dir, "shouwen.yaml")}.check(&out, now)
	return out.String(), err
}

const officeHours = "extends: china\nweek:\n  mon-thu: [09:00-12:00, 13:30-17:30]\n  fri: [09:00-12:00]\n  sat-sun: []\n"

// TestCheckProvesFlows: the example that comes with Shouwen is accepted, and shown.
func TestCheckProvesFlows(t *testing.T) {
	t.Parallel()
	out, err := checked(t, time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), map[string]string{
		"shouwen.yaml": `
data: /nonexistent
hours: {hotline: office.yaml}
queues: [{name: general}]
hotlines: [{number: '12345', queue: general, flow: menu.yaml, survey: survey.yaml}]
`,
		"office.yaml": officeHours, "menu.yaml": ivr.Example, "survey.yaml": strings.ReplaceAll(testSurvey, "our_ask", "rate_service"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"hours hotline: closed now, open next Monday 2026-11-30 at 09:00\n",
		"flow menu.yaml:\n\nflowchart TD\n", "flow survey.yaml:\n\nflowchart TD\n",
		"1 hotlines, 1 queues, 2 flows, 1 trunks\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("does not say %q:\n%s", want, out)
		}
	}
}

// TestCheckRefusesFlows: what is wrong is named with the file and the node.
func TestCheckRefusesFlows(t *testing.T) {
	t.Parallel()
	base := "data: /nonexistent\nprofile: property_classes\nhotlines:\n  - number: '1'\n"
	tests := map[string]struct{ key, flow, want string }{
		"a prompt there is not":       {"flow", "start: a\nnodes:\n  a: {hangup: {play: [our_hello]}}\n", `flow.yaml: node "a": no prompt "our_hello" in zh-CN`},
		"a queue there is not":        {"flow", "start: a\nnodes:\n  a: {queue: {name: other}}\n", `flow.yaml: node "a": no queue "other"`},
		"an extension there is not":   {"flow", "start: a\nnodes:\n  a: {extension: {name: '8000'}}\n", `flow.yaml: node "a": no extension "8000"`},
		"a class there is not":        {"flow", "start: a\nnodes:\n  a: {set: {class: repair, next: b}}\n  b: {hangup: {}}\n", `flow.yaml: node "a": no class "repair"`},
		"hours there are not":         {"flow", "start: a\nnodes:\n  a: {hours: {of: office, open: b, closed: b}}\n  b: {hangup: {}}\n", `flow.yaml: node "a": no hours "office"`},
		"a survey with a queue":       {"survey", "start: a\nemergency: off\nnodes:\n  a: {queue: {name: hotline}}\n", `flow.yaml: node "a": a survey ends with hangup, not with queue`},
		"a survey with emergencies":   {"survey", "start: a\nnodes:\n  a: {hangup: {}}\n", `flow.yaml: emergency is "9", want off`},
		"broken YAML":                 {"flow", "start: a\nnodes: [\n", "hotlines[0].flow"},
		"no such file":                {"flow", "", "no such file"},
		"a greeting there is not":     {"greeting", "", `there is no prompt "flow"`},
		"hotline hours there are not": {"hours", "", `there are no hours "flow.yaml"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := "flow.yaml"
			if tt.key == "greeting" {
				file = "flow"
			}
			files := map[string]string{"shouwen.yaml": base + "    " + tt.key + ": " + file + "\n"}
			if tt.flow != "" {
				files["flow.yaml"] = tt.flow
			}
			if _, err := checked(t, time.Now(), files); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want %s", err, tt.want)
			}
		})
	}
}

func TestOpensAt(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("CST", 8*3600)
	office, err := profile.LoadCalendar([]byte(officeHours), zone)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ now, want string }{
		"open":                      {"2026-11-26 10:00", "open now"},
		"over noon":                 {"2026-11-26 12:00", "closed now, open next today at 13:30"},
		"in the evening":            {"2026-11-26 20:00", "closed now, open next tomorrow, Friday at 09:00"},
		"before a weekend":          {"2026-11-27 12:00", "closed now, open next Monday 2026-11-30 at 09:00"},
		"in a holiday":              {"2026-10-02 10:00", "closed now, open next Thursday 2026-10-08 at 09:00"},
		"a make-up Saturday":        {"2026-10-10 10:00", "open now"},
		"a year nobody has settled": {"2030-11-26 10:00", "open now (holidays of 2030 are not known)"},
	}
	for name, tt := range tests {
		now, err := time.ParseInLocation("2006-01-02 15:04", tt.now, zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := opensAt(office, now); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// TestCheckAcceptsTheFlowOfTheReadme: and its command speaks its texts.
func TestCheckAcceptsTheFlowOfTheReadme(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("needs espeak-ng (package espeak-ng)")
	}
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(first string) string {
		t.Helper()
		_, rest, ok := strings.Cut(string(b), "\n    "+first)
		text, _, ended := strings.Cut(rest, "\n\n")
		if !ok || !ended {
			t.Fatalf("README has no block that begins %q", first)
		}
		return strings.ReplaceAll("\n    "+first+text+"\n", "\n    ", "\n")
	}
	data := dataDir(t)
	book := examplePhonebook(1)
	book.Categories = []cases.Category{{Name: "burst_pipe", Department: exampleDepartment}}
	if err := book.save(data); err != nil {
		t.Fatal(err)
	}
	out, err := checked(t, time.Now(), map[string]string{
		"shouwen.yaml": "data: " + data + "\nlanguages: [en]\nhours: {office: office.yaml}\nhotlines: [{number: '1', flow: menu.yaml}]\n" + block("tts:\n      command"),
		"menu.yaml":    block("start: hours"),
		"office.yaml":  block("extends: china"),
	})
	if err != nil || !strings.Contains(out, "flowchart TD") {
		t.Errorf("%v\n%s", err, out)
	}
}
