package day

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// family is a figure of the server that is compared, summed over all but some of its
// labels.
type family struct {
	Name   string
	Labels []string
	Only   string // value of the first label that is compared; empty: all are
}

// The figures compared. Those of the first kind are counted from what the phones saw,
// those of the second from the ledgers of the cases.
var (
	callsTotal    = family{"shouwen_calls_total", []string{"direction", "result"}, ""}
	queueEntered  = family{"shouwen_queue_entered_total", []string{"queue"}, ""}
	queueWaits    = family{"shouwen_queue_wait_seconds_count", []string{"queue", "outcome"}, ""}
	handled       = family{"shouwen_contact_handle_seconds_count", []string{"queue"}, ""}
	rings         = family{"shouwen_agent_ring_seconds_count", []string{"queue"}, ""}
	agentMissed   = family{"shouwen_agent_missed_total", []string{"department", "reason"}, ""}
	transfers     = family{"shouwen_transfers_total", []string{"queue", "kind", "target", "result"}, ""}
	callbackTries = family{"shouwen_callback_attempts_total", []string{"result"}, ""}
	requests      = family{"shouwen_sip_requests_total", []string{"method", "direction"}, "INVITE"}

	deadlinesDue     = family{"shouwen_state_deadlines_due_total", []string{"clock", "result"}, ""}
	extensions       = family{"shouwen_state_deadline_extensions_total", []string{"department"}, ""}
	promisesBroken   = family{"shouwen_state_promises_broken_total", nil, ""}
	firstAskerClosed = family{"shouwen_state_first_asker_closed_total", []string{"department", "result"}, ""}
	handovers        = family{"shouwen_state_handovers_total", []string{"department", "result", "attempt"}, ""}
	callbacksClosed  = family{"shouwen_state_callbacks_closed_total", []string{"result"}, ""}
	visitAnswers     = family{"shouwen_state_visit_answers_total", []string{"question", "answer"}, ""}
	escalations      = family{"shouwen_state_escalations_total", []string{"level"}, ""}
	contacts         = family{"shouwen_state_contacts_total", []string{"repeat"}, ""}
	presses          = family{"shouwen_state_presses_total", []string{"department"}, ""}
	casesOpen        = family{"shouwen_state_cases_open", []string{"state"}, ""}
	pressing         = family{"shouwen_state_deadlines_pressing", []string{"state", "class"}, "overdue"}
)

var (
	ofPhones  = []family{callsTotal, queueEntered, queueWaits, rings, handled, agentMissed, transfers, callbackTries, requests}
	ofLedgers = []family{deadlinesDue, extensions, promisesBroken, firstAskerClosed, handovers, callbacksClosed, visitAnswers, escalations, contacts, presses, casesOpen, pressing}
)

// of returns a figure of f with these values of its labels, as it is written.
func (f family) of(values ...string) string {
	if len(values) == 0 {
		return f.Name
	}
	pairs := make([]string, len(values))
	for i, v := range values {
		pairs[i] = fmt.Sprintf("%s=%q", f.Labels[i], v)
	}
	return f.Name + "{" + strings.Join(pairs, ",") + "}"
}

// Counts are figures by name and labels, as family.of writes them. What is not there
// is 0.
type Counts map[string]int

func (c Counts) add(f family, values ...string) { c[f.of(values...)]++ }

// sum adds n; what is 0 stays left out.
func (c Counts) sum(n int, f family, values ...string) {
	if n != 0 {
		c[f.of(values...)] += n
	}
}

// What figures are of.
func ofScorecards(name string) bool { return strings.HasPrefix(name, cards) }
func ofRegisters(name string) bool  { return strings.HasPrefix(name, registers) }
func ofDatabase(name string) bool   { return strings.HasPrefix(name, "shouwen_state_") }
func ofProcesses(name string) bool {
	return !ofScorecards(name) && !ofRegisters(name) && !ofDatabase(name)
}

// only returns those of c whose names are as wanted.
func (c Counts) only(wanted func(name string) bool) Counts {
	some := Counts{}
	for name, n := range c {
		if wanted(name) {
			some[name] = n
		}
	}
	return some
}

// names returns what is counted, sorted.
func (c Counts) names() []string { return slices.Sorted(maps.Keys(c)) }

// tally is Counts that many count in.
type tally struct {
	mu     sync.Mutex
	counts Counts // guarded by mu
}

func (t *tally) add(f family, values ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = Counts{}
	}
	t.counts.add(f, values...)
}

// now returns the counts so far.
func (t *tally) now() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}
