package deploy

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"shouwen/ivr/call"
	"shouwen/metrics"
)

// expression is PromQL and where it stands.
type expression struct{ where, text string }

// dashboards returns every expression of the dashboards, of their panels and variables.
func dashboards(t *testing.T) (all []expression) {
	t.Helper()
	files, err := filepath.Glob("grafana/dashboards/*.json")
	if err != nil || len(files) != 5 {
		t.Fatalf("dashboards %v: %v", files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
			Templating struct {
				List []struct {
					Name, Type string
					Query      json.RawMessage
				}
			}
		}
		if err := json.Unmarshal(b, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		name := filepath.Base(file)
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				all = append(all, expression{name + " " + p.Title, target.Expr})
			}
		}
		for _, v := range d.Templating.List {
			var q struct{ Query string }
			if v.Type != "query" {
				continue
			}
			if err := json.Unmarshal(v.Query, &q); err != nil {
				t.Fatalf("%s: variable %s: %v", file, v.Name, err)
			}
			inner := regexp.MustCompile(`^(?:query_result\((.*)\)|label_values\((.*), \w+\))$`).FindStringSubmatch(q.Query)
			if inner == nil {
				t.Fatalf("%s: variable %s: %s", file, v.Name, q.Query)
			}
			all = append(all, expression{name + " $" + v.Name, inner[1] + inner[2]})
		}
	}
	return all
}

// everything is every expression there is.
func everything(t *testing.T) []expression {
	all := dashboards(t)
	for _, file := range []string{"recording.yml", "alerts.yml"} {
		for _, r := range rules(t, file) {
			all = append(all, expression{file + " " + r.name(), r.Expr})
		}
	}
	return all
}

// parsed parses PromQL with the intervals that Grafana fills in.
func parsed(t *testing.T, text string) parser.Expr {
	t.Helper()
	e, err := parser.ParseExpr(strings.NewReplacer("$__rate_interval", "1m", "$__range", "1h").Replace(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e
}

// selectors calls f with every selector of an expression and what it stands in, the
// outermost first.
func selectors(t *testing.T, text string, f func(*parser.VectorSelector, []parser.Node)) {
	t.Helper()
	parser.Inspect(parsed(t, text), func(n parser.Node, path []parser.Node) error {
		if s, ok := n.(*parser.VectorSelector); ok {
			f(s, path)
		}
		return nil
	})
}

func selected(t *testing.T, text string) (names []string) {
	t.Helper()
	selectors(t, text, func(s *parser.VectorSelector, _ []parser.Node) { names = append(names, s.Name) })
	return names
}

// TestFactsOfTheDatabaseAreCountedOnce: what every node exports alike is only read by
// recording rules, under the maximum or minimum of the nodes.
func TestFactsOfTheDatabaseAreCountedOnce(t *testing.T) {
	t.Parallel()
	found := 0
	for _, e := range everything(t) {
		selectors(t, e.text, func(s *parser.VectorSelector, path []parser.Node) {
			if !strings.HasPrefix(s.Name, "shouwen_state_") {
				return
			}
			found++
			if !strings.HasPrefix(e.where, "recording.yml") {
				t.Errorf("%s reads %s, of which there is one for every node: read what is recorded", e.where, s.Name)
			} else if !once(path) {
				t.Errorf("%s: %s is not under max or min without (instance)", e.where, s.Name)
			}
		})
	}
	if found < 30 {
		t.Errorf("only %d facts of the database are read", found)
	}
}

// once tells whether the innermost aggregation of path takes the maximum or minimum over
// the instances.
func once(path []parser.Node) bool {
	for _, n := range slices.Backward(path) {
		if a, ok := n.(*parser.AggregateExpr); ok {
			return (a.Op == parser.MAX || a.Op == parser.MIN) && a.Without == slices.Contains(a.Grouping, "instance")
		}
	}
	return false
}

func TestOnce(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"max without (instance) (shouwen_state_x)":                          true,
		"max without (instance, pod) (increase(shouwen_state_x_total[1h]))": true,
		"time() - max(shouwen_state_x)":                                     true,
		"min by (clock) (shouwen_state_x)":                                  true,
		"sum(max without (instance) (shouwen_state_x))":                     true,
		"shouwen_state_x":                                              false,
		"sum without (instance) (shouwen_state_x)":                     false,
		"max by (instance) (shouwen_state_x)":                          false,
		"max without (clock) (shouwen_state_x)":                        false,
		"max without (instance) (sum by (instance) (shouwen_state_x))": false,
		"increase(shouwen_state_x_total[1h])":                          false,
	} {
		selectors(t, text, func(_ *parser.VectorSelector, path []parser.Node) {
			if got := once(path); got != want {
				t.Errorf("%s: %t", text, got)
			}
		})
	}
}

// TestCountersAreRead: what only grows says something in a range alone, and bounds of
// histograms are 20 or 20.0.
func TestCountersAreRead(t *testing.T) {
	t.Parallel()
	grows := regexp.MustCompile(`^(shouwen|process)_.*_(total|bucket|sum|count)$`)
	for _, e := range everything(t) {
		selectors(t, e.text, func(s *parser.VectorSelector, path []parser.Node) {
			ranged := slices.ContainsFunc(path, func(n parser.Node) bool { _, is := n.(*parser.MatrixSelector); return is })
			if grows.MatchString(s.Name) && !ranged {
				t.Errorf("%s: %s grows for ever: take its rate or increase", e.where, s.Name)
			}
			for _, m := range s.LabelMatchers {
				if m.Name == "le" && m.Type == labels.MatchEqual && !strings.Contains(m.Value, ".") {
					t.Errorf("%s: le=%q may be stored as %[2]s.0", e.where, m.Value)
				}
			}
		})
	}
}

// TestMetricsExist: rules and dashboards read what Shouwen exports or rules record, by
// labels and values that there are. Every recorded series is read by something.
func TestMetricsExist(t *testing.T) {
	t.Parallel()
	exported, facts, recorded, read := exposition(t), stateLabels(), recordedLabels(t), map[string]bool{}
	for _, e := range everything(t) {
		selectors(t, e.text, func(s *parser.VectorSelector, _ []parser.Node) {
			read[s.Name] = true
			if has, is := facts[s.Name]; is {
				hasLabels(t, e, s, has)
			} else if has, is := recorded[s.Name]; is {
				hasLabels(t, e, s, has)
			} else if s.Name != "up" {
				exists(t, e, s, exported[s.Name])
			}
		})
	}
	for _, name := range slices.Sorted(maps.Keys(recorded)) {
		if !read[name] {
			t.Errorf("nothing reads %s", name)
		}
	}
}

// hasLabels checks that a selector selects by labels that the series has; nil: it is not
// known which.
func hasLabels(t *testing.T, e expression, s *parser.VectorSelector, has []string) {
	t.Helper()
	for _, m := range s.LabelMatchers {
		if has != nil && m.Name != labels.MetricName && !slices.Contains(has, m.Name) {
			t.Errorf("%s: %s has no label %s", e.where, s.Name, m.Name)
		}
	}
}

// exists checks that a selector takes some of all series of its name, and that every value
// it lists is there.
func exists(t *testing.T, e expression, s *parser.VectorSelector, all []labels.Labels) {
	t.Helper()
	if !slices.ContainsFunc(all, func(series labels.Labels) bool { return selects(s, series) }) {
		t.Errorf("%s: there is no %s", e.where, s)
	}
	for _, m := range s.LabelMatchers {
		if !regexp.MustCompile(`^\w+(\|\w+)+$`).MatchString(m.Value) {
			continue
		}
		for value := range strings.SplitSeq(m.Value, "|") {
			if !slices.ContainsFunc(all, func(series labels.Labels) bool { return series.Get(m.Name) == value }) {
				t.Errorf("%s: no %s has %s=%q", e.where, s.Name, m.Name, value)
			}
		}
	}
}

// selects tells whether a selector takes a series, whatever the viewer of a dashboard
// chose and whichever node it is of.
func selects(s *parser.VectorSelector, series labels.Labels) bool {
	return !slices.ContainsFunc(s.LabelMatchers, func(m *labels.Matcher) bool {
		open := m.Name == "job" || m.Name == "instance" || strings.HasPrefix(m.Value, "$") && series.Has(m.Name)
		return m.Name != labels.MetricName && !open && !m.Matches(series.Get(m.Name))
	})
}

// stateLabels are the facts of the database, by name, with their labels.
func stateLabels() map[string][]string {
	all := map[string][]string{}
	for _, m := range metrics.StateCatalogue {
		all[m.Name] = append([]string{}, m.Labels...)
	}
	return all
}

// recordedLabels are the recorded series, by name, with the labels of those that are one
// fact of the database without its instance; nil: the rule is not that simple.
func recordedLabels(t *testing.T) map[string][]string {
	t.Helper()
	facts, all := stateLabels(), map[string][]string{}
	for _, r := range rules(t, "recording.yml") {
		if _, twice := all[r.Record]; twice {
			t.Errorf("%s is recorded twice", r.Record)
		}
		all[r.Record] = nil
		if names := selected(t, r.Expr); len(names) == 1 && strings.HasPrefix(r.Expr, "max without (instance)") {
			all[r.Record] = facts[names[0]]
		}
	}
	return all
}

// exposition is what a process of a small installation exports, by name.
func exposition(t *testing.T) map[string][]labels.Labels {
	t.Helper()
	m := metrics.New("", "")
	m.Declare(metrics.Installation{
		Hotlines: map[string]string{"12345": "hotline"}, Queues: []string{"hotline"}, Departments: []string{"desk"}, Trunks: []string{"provider"},
		Menus: []string{"menu"}, Clocks: []string{"callback"}, Queries: []string{"apply"}, Decisions: call.OutboundReasons,
	})
	m.Calls.ReadLive(func() metrics.Live { return nil })
	m.Queue.ReadWaiting(func() map[string]metrics.Waiting { return map[string]metrics.Waiting{"hotline": {}} })
	m.SIP.ReadRegistrations(func() (int, int) { return 0, 0 })
	m.SIP.ReadTrunks(func() map[string]metrics.TrunkFigures {
		return map[string]metrics.TrunkFigures{"provider": {Watched: true, Limit: 1}}
	})
	m.RTP.ReadPorts(func() int { return 0 }, func() int { return 1 })
	m.Recordings.ReadFree(func() float64 { return 0 })
	m.Journal.ReadPending(func() (int, time.Duration) { return 0, 0 })
	m.Database.ReadConnections(func() (int, int, int) { return 0, 0, 1 })
	m.Database.ReadSkew(func() (time.Duration, bool) { return 0, true })
	res := httptest.NewRecorder()
	m.Handler().ServeHTTP(res, httptest.NewRequest("GET", "/metrics", nil))
	all := map[string][]labels.Labels{}
	for line := range strings.Lines(res.Body.String()) {
		if series, _, ok := strings.Cut(line, "} "); ok && !strings.HasPrefix(line, "#") {
			line = series + "}"
		} else {
			line, _, _ = strings.Cut(line, " ")
		}
		if line == "#" {
			continue
		}
		series, err := parser.ParseMetric(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all[series.Get(labels.MetricName)] = append(all[series.Get(labels.MetricName)], series)
	}
	return all
}
