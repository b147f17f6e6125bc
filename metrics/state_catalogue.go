package metrics

import (
	"slices"
	"strings"
)

// StateMetric is one metric of the database. It is a counter if its name ends so.
type StateMetric struct {
	Name   string
	Labels []string
	Help   string

	sorted []string // Labels
	about  string   // what stands above its figures
}

func (m StateMetric) kind() string {
	if strings.HasSuffix(m.Name, "_total") {
		return "counter"
	}
	return "gauge"
}

// StateCatalogue has every metric of the database there is. Departments and clocks are
// those of the directory and the profile, and other for what is in neither.
var StateCatalogue = []StateMetric{
	{Name: "shouwen_state_up", Help: "1 if this node has read a snapshot of the last minute; if not there is nothing else."},
	{Name: "shouwen_state_snapshot_timestamp_seconds", Help: "When the snapshot was taken, in Unix time."},
	{Name: "shouwen_state_snapshot_duration_seconds", Help: "How long it took to compute."},
	{Name: "shouwen_state_profile_info", Labels: []string{"profile", "responsibility", "name_zh", "name_en"}, Help: "1, with the profile cases are held to and what becomes of the first-asker's responsibility under it: stays, moves, or consent."},
	{Name: "shouwen_state_department_info", Labels: []string{"department", "name_zh", "name_en"}, Help: "1, with what a department is called."},
	{Name: "shouwen_state_clock_info", Labels: []string{"clock", "name_zh", "name_en", "against"}, Help: "1, with what a clock is called and whom it is held against: first_asker, department, or either, as the case's class has it."},
	{Name: "shouwen_state_class_info", Labels: []string{"class", "name_zh", "name_en"}, Help: "1, with what a class of cases is called."},

	{Name: "shouwen_state_agents", Labels: []string{"department", "state"}, Help: "Agents by what they do."},
	{Name: "shouwen_state_cases_open", Labels: []string{"department", "state"}, Help: "Cases that have not ended, by the department that has them, or else of who is responsible."},
	{Name: "shouwen_state_cases_bounced", Labels: []string{"department"}, Help: "Open cases handed over three times or more."},
	{Name: "shouwen_state_first_asker_cases_open", Labels: []string{"department", "ownership"}, Help: "Open cases somebody picked up, by who has them now; orphaned: nobody who can act."},
	{Name: "shouwen_state_first_asker_closed_total", Labels: []string{"department", "result"}, Help: "Cases closed, by department of the first-asker and by who finished them."},
	{Name: "shouwen_state_handovers_total", Labels: []string{"department", "result", "attempt"}, Help: "Hand-overs decided, by the department that received them; timed_out: accepted too late. One accepted and sent back counts as both."},

	{Name: "shouwen_state_deadlines_open", Labels: []string{"department", "clock", "state"}, Help: "Clocks that run and have, or had before a pause, a due time."},
	{Name: "shouwen_state_deadlines_pressing", Labels: []string{"class", "state"}, Help: "Clocks past their warning (at_risk) or their due time (overdue), by the class of their cases."},
	{Name: "shouwen_state_deadline_most_overdue_seconds", Labels: []string{"department", "clock"}, Help: "How late the worst of them is, 0 if none is."},
	{Name: "shouwen_state_deadlines_due_total", Labels: []string{"department", "clock", "result"}, Help: "Deadlines decided: met in time, or breached, at the instant they were due."},
	{Name: "shouwen_state_deadlines_due_today", Labels: []string{"department", "clock", "result"}, Help: "Deadlines decided since midnight."},
	{Name: "shouwen_state_deadline_extensions_total", Labels: []string{"department", "reason"}, Help: "Extensions and pauses granted."},
	{Name: "shouwen_state_promises_broken_total", Labels: []string{"department"}, Help: "Promised times missed."},
	{Name: "shouwen_state_deadlines_unfired", Help: "Stages of clocks whose time has come and that nobody has fired."},
	{Name: "shouwen_state_deadline_oldest_unfired_seconds", Help: "For how long the oldest of them has been due, 0 if there is none."},

	{Name: "shouwen_state_callbacks_open", Labels: []string{"department", "state"}, Help: "Callbacks owed."},
	{Name: "shouwen_state_callbacks_closed_total", Labels: []string{"department", "result"}, Help: "Callbacks that are owed no longer, by what became of them."},
	{Name: "shouwen_state_return_visits_open", Labels: []string{"department", "state"}, Help: "Return visits owed; due: today."},
	{Name: "shouwen_state_visit_answers_total", Labels: []string{"department", "question", "answer"}, Help: "What callers said at return visits."},
	{Name: "shouwen_state_visit_answers_today", Labels: []string{"department", "question", "answer"}, Help: "What callers said at return visits since midnight."},
	{Name: "shouwen_state_escalations_open", Labels: []string{"level"}, Help: "Open cases that were escalated, by the highest level."},
	{Name: "shouwen_state_escalations_total", Labels: []string{"department", "level"}, Help: "Escalations by clocks and by people."},
	{Name: "shouwen_state_contacts_total", Labels: []string{"repeat"}, Help: "Cases, once it is known what they are about or they are over; repeat: of the same number and category as one before, within the profile's repeat.window (7 days unless it says otherwise)."},
	{Name: "shouwen_state_contacts_today", Labels: []string{"repeat"}, Help: "The same since midnight."},
	{Name: "shouwen_state_presses_total", Labels: []string{"department"}, Help: "How often who has a case was pressed."},
	{Name: "shouwen_state_sanctions_proposed_total", Labels: []string{"department"}, Help: "Sanctions proposed, by the department of whom they are proposed against."},

	{Name: "shouwen_state_recordings_pending", Help: "Recordings of calls that are over whose file is not there yet."},
	{Name: "shouwen_state_outbox_pending", Labels: []string{"topic"}, Help: "What is to leave the house and has not yet."},
	{Name: "shouwen_state_outbox_oldest_seconds", Labels: []string{"topic"}, Help: "For how long the oldest of it has been there."},
	{Name: "shouwen_state_outbox_dead", Labels: []string{"topic"}, Help: "What was given up; a person has to look."},
}

// stateMetrics is the catalogue by name.
var stateMetrics = func() map[string]StateMetric {
	all := make(map[string]StateMetric, len(StateCatalogue))
	for _, m := range StateCatalogue {
		m.sorted = slices.Sorted(slices.Values(m.Labels))
		m.about = "# HELP " + m.Name + " " + m.Help + "\n# TYPE " + m.Name + " " + m.kind() + "\n"
		all[m.Name] = m
	}
	return all
}()
