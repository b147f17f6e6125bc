package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/prometheus/promql/parser"
)

// rule is a recording or an alert rule of Prometheus.
type rule struct {
	Record, Alert, Expr string
	For                 string
	Labels, Annotations map[string]string
}

func (r rule) name() string { return r.Record + r.Alert }

// rules reads the rules of a file below prometheus.
func rules(t *testing.T, file string) (all []rule) {
	t.Helper()
	var f struct {
		Groups []struct {
			Name, Interval string
			Rules          []rule
		}
	}
	load(t, filepath.Join("prometheus", file), &f)
	for _, g := range f.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Fatalf("%s has no rules", file)
	}
	return all
}

// load reads a YAML file.
func load(t *testing.T, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// run runs a program of another package, if it is there, and returns what it prints.
func run(t *testing.T, debian, program string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("needs %s (Debian: apt install %s)", program, debian)
	}
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestPrometheusTakesItsConfiguration(t *testing.T) {
	t.Parallel()
	run(t, "prometheus", "promtool", "check", "config", "prometheus/prometheus.yml")
}

// TestRules has promtool run the unit tests of the rules.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, file := range ruleTests(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			run(t, "prometheus", "promtool", "test", "rules", file)
		})
	}
}

func ruleTests(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("prometheus/tests/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests of rules: %v", err)
	}
	return files
}

// TestEveryRuleIsTested: a recorded series is asked for by a test, an alert fires in one
// and does not in another, each on several instances.
func TestEveryRuleIsTested(t *testing.T) {
	t.Parallel()
	asked, fires, silent := "", map[string]bool{}, map[string]bool{}
	for _, file := range ruleTests(t) {
		var f struct {
			Tests []struct {
				Name   string
				Alerts []struct {
					Alertname string
					ExpAlerts []any `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
				Expression []struct {
					Expr    string
					Samples []struct{ Labels string } `yaml:"exp_samples"`
				} `yaml:"promql_expr_test"`
			}
		}
		load(t, file, &f)
		for _, test := range f.Tests {
			for _, a := range test.Alerts {
				if len(a.ExpAlerts) > 0 {
					fires[a.Alertname] = true
				} else {
					silent[a.Alertname] = true
				}
			}
			for _, e := range test.Expression {
				asked += e.Expr + "\n"
				for _, s := range e.Samples {
					asked += s.Labels + "\n"
				}
			}
		}
	}
	for _, r := range rules(t, "recording.yml") {
		if !regexp.MustCompile(regexp.QuoteMeta(r.Record) + `\b[^:]`).MatchString(asked) {
			t.Errorf("no test asks for %s", r.Record)
		}
	}
	for _, r := range rules(t, "alerts.yml") {
		if !fires[r.Alert] || !silent[r.Alert] {
			t.Errorf("%s: fires in a test: %t, is silent in one: %t", r.Alert, fires[r.Alert], silent[r.Alert])
		}
	}
}

// TestAlertsTellWhatToDo: who is told how urgently, what it is in both languages with its
// value, and a runbook that is there.
func TestAlertsTellWhatToDo(t *testing.T) {
	t.Parallel()
	state := factsOfTheDatabase(t)
	books := runbooks(t)
	for _, r := range rules(t, "alerts.yml") {
		if l := r.Labels["severity"]; l != "warning" && l != "critical" {
			t.Errorf("%s: severity %q", r.Alert, l)
		}
		if l := r.Labels["audience"]; !slices.Contains([]string{"supervisor", "telephony", "platform"}, l) {
			t.Errorf("%s: audience %q", r.Alert, l)
		}
		source := "process"
		for _, name := range selected(t, r.Expr) {
			if state[name] && name != "shouwen:state_snapshot_age_seconds" { // whose very absence is the alert
				source = "state"
			}
		}
		if got := r.Labels["source"]; got != source {
			t.Errorf("%s: source %q, want %q: it inhibits with the snapshot", r.Alert, got, source)
		}
		zh, en := r.Annotations["summary_zh"], r.Annotations["summary_en"]
		if !strings.ContainsFunc(zh, func(c rune) bool { return unicode.Is(unicode.Han, c) }) || strings.ContainsFunc(en, func(c rune) bool { return c > unicode.MaxASCII }) {
			t.Errorf("%s: summaries %q and %q", r.Alert, zh, en)
		}
		if !strings.Contains(zh, "$value") || !strings.Contains(en, "$value") {
			t.Errorf("%s: a summary has no value", r.Alert)
		}
		if want := "deploy/README.md#" + strings.ToLower(r.Alert); r.Annotations["runbook"] != want {
			t.Errorf("%s: runbook %q, want %q", r.Alert, r.Annotations["runbook"], want)
		}
		if len(books[r.Alert]) < 80 {
			t.Errorf("README.md has no section %s that says what to look at and to do", r.Alert)
		}
		delete(books, r.Alert)
	}
	for name := range books {
		t.Errorf("README.md has a runbook for %s, which is no alert", name)
	}
}

// runbooks returns the sections of README.md that are named like alerts.
func runbooks(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	books := map[string]string{}
	for _, section := range regexp.MustCompile(`(?m)^#+ `).Split(string(b), -1) {
		if title, text, _ := strings.Cut(section, "\n"); strings.HasPrefix(title, "Shouwen") && !strings.Contains(title, " ") {
			books[title] = strings.TrimSpace(text)
		}
	}
	return books
}

// factsOfTheDatabase are the recorded series that come from the snapshot, also through
// one another.
func factsOfTheDatabase(t *testing.T) map[string]bool {
	t.Helper()
	state := map[string]bool{}
	for range 2 { // rules that read rules
		for _, r := range rules(t, "recording.yml") {
			for _, name := range selected(t, r.Expr) {
				if strings.HasPrefix(name, "shouwen_state_") || state[name] {
					state[r.Record] = true
				}
			}
		}
	}
	return state
}

// TestBurnRatesCanBeReached: an alert on more than a multiple of a budget never fires if
// that is all there is, or more.
func TestBurnRatesCanBeReached(t *testing.T) {
	t.Parallel()
	products := 0
	for _, r := range rules(t, "alerts.yml") {
		parser.Inspect(parsed(t, r.Expr), func(n parser.Node, _ []parser.Node) error {
			compare, ok := n.(*parser.BinaryExpr)
			if !ok || compare.Op != parser.GTR {
				return nil
			}
			times, ok := compare.RHS.(*parser.BinaryExpr)
			if !ok || times.Op != parser.MUL {
				return nil
			}
			multiplier, ok := times.LHS.(*parser.NumberLiteral)
			budget, ok2 := times.RHS.(*parser.NumberLiteral)
			if !ok || !ok2 || budget.Val >= 1 { // octets, say
				return nil
			}
			products++
			if multiplier.Val*budget.Val >= 1 {
				t.Errorf("%s: %s of all is never missed", r.Alert, times)
			}
			return nil
		})
	}
	if products != 5 {
		t.Errorf("%d multiples of budgets, want 5: write them as multiplier * budget", products)
	}
}
