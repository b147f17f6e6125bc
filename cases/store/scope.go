package store

import (
	"maps"
	"slices"
	"strings"

	"shouwen/cases"
)

// Figures are the numbers of one metric about the whole installation, told apart by the
// values of its labels: those of the first number, then those of the second, and so on.
type Figures struct {
	Name   string    `json:"name"`
	Labels []string  `json:"labels,omitempty"`
	Of     []string  `json:"of,omitempty"`
	Values []float64 `json:"values"`
}

// Scope is what figures are about: every one that can be expected exists from the start,
// and what is in no directory and no policy is somebody other's.
type Scope struct {
	Policy    cases.Policy
	Directory cases.Directory
	Topics    []string // of the outbox
}

// prefix begins the names of all figures.
const prefix = "shouwen_state_"

// sheet is figures as they are put together.
type sheet struct {
	known          map[string]map[string]bool // values of the labels that have others to fall back to
	users, peopled map[string]bool            // who there is, and the departments with anybody in them
	unclassified   cases.Class                // that of cases nobody has classified
	families       map[string]*family
}

// family is the figures of one name as they are put together.
type family struct {
	labels  []string // sorted
	figures map[string]*figure
}

// figure is a number and what it is of: the values of the labels.
type figure struct {
	of    []string
	value float64
}

// department is one of the directory, as figures look at it.
type department struct {
	name    string
	peopled bool
	inFront bool // its people answer callers
	behind  bool // cases are handed over to it
}

func (s Scope) departments() []department {
	homeless := slices.ContainsFunc(s.Directory.People, func(p cases.Person) bool { return p.Department == "" })
	all := []department{{name: nobodys, peopled: homeless, inFront: true}}
	for _, d := range s.Directory.Departments {
		one := department{name: d.Name}
		for _, p := range s.Directory.People {
			if p.Department == d.Name {
				one.peopled = true
				one.inFront = one.inFront || p.Has(cases.RoleAgent)
				one.behind = one.behind || p.Has(cases.RoleHandler) || p.Has(cases.RoleLeader)
			}
		}
		one.behind = one.behind || !one.inFront || slices.ContainsFunc(s.Directory.Categories, func(c cases.Category) bool { return c.Department == d.Name })
		all = append(all, one)
	}
	return all
}

// sheet returns figures of which each is 0.
func (s Scope) sheet() *sheet {
	sh := &sheet{known: map[string]map[string]bool{"department": {}, "clock": {}, "class": {}, "topic": {}}, users: map[string]bool{}, peopled: map[string]bool{}, families: map[string]*family{}}
	for _, p := range s.Directory.People {
		sh.users[p.User] = true
	}
	departments, deadlines := s.departments(), s.Policy.Deadlines()
	for _, d := range departments {
		sh.known["department"][d.name], sh.peopled[d.name] = true, d.peopled
	}
	for _, k := range deadlines {
		sh.known["clock"][string(k.Kind)] = true
	}
	for i, c := range s.Policy.Classification.Classes {
		if i == 0 {
			sh.unclassified = c.Class
		}
		sh.known["class"][string(c.Class)] = true
	}
	for _, topic := range s.Topics {
		sh.known["topic"][topic] = true
	}
	for _, d := range departments {
		s.declareDepartment(sh, d)
		for _, k := range deadlines {
			if k.Behind || k.InFront && d.inFront {
				sh.declare("deadline_most_overdue_seconds", "department", d.name, "clock", string(k.Kind))
				sh.each("deadlines_open", "state", deadlineStates, "department", d.name, "clock", string(k.Kind))
				sh.each("deadlines_due_total", "result", []string{"met", "breached"}, "department", d.name, "clock", string(k.Kind))
				sh.each("deadlines_due_today", "result", []string{"met", "breached"}, "department", d.name, "clock", string(k.Kind))
			}
		}
	}
	s.declareRest(sh, deadlines)
	return sh
}

// The values of labels.
var (
	agentStates    = []string{"available", "ringing", "talking", "hold", "wrapup", "break", "away"}
	deadlineStates = []string{"ok", "at_risk", "overdue", "paused"}
	levels         = []string{"1", "2", "3", "4"}
	yesAndNo       = []string{"yes", "no"}

	statesInFront = []string{string(cases.Open), string(cases.Registered), string(cases.Solved), string(cases.Replied), string(cases.Visited)}
	statesBehind  = []string{string(cases.HandedOver), string(cases.Accepted), string(cases.ResultIn), string(cases.Replied), string(cases.Visited)}
)

// declareDepartment makes the figures of a department exist that do not depend on clocks.
func (s Scope) declareDepartment(sh *sheet, d department) {
	of := []string{"department", d.name}
	sh.each("first_asker_cases_open", "ownership", []string{"orphaned"}, of...)
	for _, name := range []string{"cases_bounced", "promises_broken_total", "presses_total"} {
		sh.declare(name, of...)
	}
	if len(s.Policy.Sanctions.Offences) > 0 {
		sh.declare("sanctions_proposed_total", of...)
	}
	sh.each("deadline_extensions_total", "reason", s.Policy.ExtensionReasons(), of...)
	sh.each("escalations_total", "level", levels[:s.Policy.Levels()], of...)
	for _, when := range []string{"today", "total"} {
		sh.each("visit_answers_"+when, "answer", yesAndNo, append(of, "question", "contacted")...)
		sh.each("visit_answers_"+when, "answer", yesAndNo, append(of, "question", "solved")...)
		sh.each("visit_answers_"+when, "answer", []string{"yes", "no", "not_given"}, append(of, "question", "satisfied")...)
	}
	for _, t := range s.Policy.Clocks {
		if t.Kind == cases.ClockReturnVisit && (t.Behind() || d.inFront) {
			sh.each("return_visits_open", "state", []string{"waiting", "due", "overdue"}, of...)
		}
	}
	if d.peopled {
		sh.each("agents", "state", agentStates, of...)
	}
	if d.inFront {
		sh.each("cases_open", "state", statesInFront, of...)
		sh.each("first_asker_cases_open", "ownership", []string{"with_first_asker"}, of...)
		sh.each("first_asker_closed_total", "result", []string{"by_first_asker", "after_handover"}, of...)
		sh.each("callbacks_open", "state", []string{"scheduled", "due", "overdue", "in_progress", "exhausted"}, of...)
		sh.each("callbacks_closed_total", "result", []string{"kept", "late", "unreachable", "cancelled"}, of...)
	}
	if d.behind {
		sh.each("cases_open", "state", statesBehind, of...)
		sh.each("first_asker_cases_open", "ownership", []string{"handover_pending", "handed_over"}, of...)
		for _, attempt := range []string{"first", "later"} {
			sh.each("handovers_total", "result", []string{"accepted", "returned", "refused", "timed_out"}, append(of, "attempt", attempt)...)
		}
	}
}

// declareRest makes the figures exist that are no department's, and says what those of
// the others are called.
func (s Scope) declareRest(sh *sheet, deadlines []cases.Held) {
	sh.each("escalations_open", "level", levels)
	sh.each("contacts_today", "repeat", yesAndNo)
	sh.each("contacts_total", "repeat", yesAndNo)
	for _, name := range []string{"recordings_pending", "deadlines_unfired", "deadline_oldest_unfired_seconds"} {
		sh.declare(name)
	}
	for _, name := range []string{"outbox_pending", "outbox_oldest_seconds", "outbox_dead"} {
		sh.each(name, "topic", s.Topics)
	}
	p := s.Policy
	sh.set("profile_info", 1, "profile", p.ID, "responsibility", string(p.Responsibility.Mode), "name_zh", p.Title.ZH, "name_en", p.Title.EN)
	for class := range sh.known["class"] {
		sh.each("deadlines_pressing", "state", []string{"at_risk", "overdue"}, "class", class)
	}
	sh.each("deadlines_pressing", "state", []string{"at_risk", "overdue"}, "class", nobodys)
	for _, c := range p.Classification.Classes {
		sh.set("class_info", 1, "class", string(c.Class), "name_zh", c.Title.ZH, "name_en", c.Title.EN)
	}
	sh.set("class_info", 1, "class", nobodys, "name_zh", "其他", "name_en", "other")
	sh.set("department_info", 1, "department", nobodys, "name_zh", "其他", "name_en", "other")
	for _, d := range s.Directory.Departments {
		title := d.Title
		if title == "" {
			title = d.Name
		}
		sh.set("department_info", 1, "department", d.Name, "name_zh", title, "name_en", d.Name)
	}
	for _, k := range deadlines {
		w := k.Kind.Words()
		sh.set("clock_info", 1, "clock", string(k.Kind), "name_zh", w.ZH, "name_en", w.EN, "against", against(k))
	}
}

// against says whom a kind of clock is held against.
func against(k cases.Held) string {
	switch {
	case k.Behind && k.InFront:
		return "either"
	case k.Behind:
		return "department"
	}
	return "first_asker"
}

// declare makes a figure exist. Labels are names and values in turn.
func (sh *sheet) declare(name string, labels ...string) { sh.at(name, labels) }

// each declares a figure for each value of a label.
func (sh *sheet) each(name, label string, values []string, labels ...string) {
	for _, v := range values {
		sh.at(name, append(slices.Clip(labels), label, v))
	}
}

func (sh *sheet) set(name string, v float64, labels ...string) { sh.at(name, labels).value = v }
func (sh *sheet) add(name string, v float64, labels ...string) { sh.at(name, labels).value += v }
func (sh *sheet) most(name string, v float64, labels ...string) {
	f := sh.at(name, labels)
	f.value = max(f.value, v)
}

// at returns a figure. What no directory and no policy knows must not make series of its
// own; what another version of this program counted by other labels is not told.
func (sh *sheet) at(name string, labels []string) *figure {
	fam, ok := sh.families[name]
	if !ok {
		fam = &family{figures: map[string]*figure{}}
		for i := 0; i < len(labels); i += 2 {
			fam.labels = append(fam.labels, labels[i])
		}
		slices.Sort(fam.labels)
		sh.families[name] = fam
	}
	of := make([]string, len(fam.labels))
	for i := 0; i < len(labels); i += 2 {
		label, v := labels[i], labels[i+1]
		at := slices.Index(fam.labels, label)
		if at < 0 || len(labels) != 2*len(of) {
			return &figure{}
		}
		if known, bounded := sh.known[label]; bounded && !known[v] {
			v = nobodys
		}
		of[at] = v
	}
	key := strings.Join(of, "\x00")
	f, ok := fam.figures[key]
	if !ok {
		f = &figure{of: of}
		fam.figures[key] = f
	}
	return f
}

// list returns the figures, sorted.
func (sh *sheet) list() []Figures {
	all := make([]Figures, 0, len(sh.families))
	for _, name := range slices.Sorted(maps.Keys(sh.families)) {
		fam := sh.families[name]
		one := Figures{Name: prefix + name, Labels: fam.labels}
		for _, key := range slices.Sorted(maps.Keys(fam.figures)) {
			f := fam.figures[key]
			one.Of, one.Values = append(one.Of, f.of...), append(one.Values, f.value)
		}
		all = append(all, one)
	}
	return all
}
