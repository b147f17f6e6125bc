package metrics

import (
	"sync/atomic"
	"time"
)

// Outcome says how a wait in the queue ended.
type Outcome string

// The outcomes of a wait.
const (
	WaitAnswered  Outcome = "answered"
	WaitAbandoned Outcome = "abandoned"
	WaitOverflow  Outcome = "overflow" // nobody came in time, the queue could not take the call, or somebody else did
	WaitCallback  Outcome = "callback"
)

// Missed says why an offer was not taken.
type Missed string

// The reasons of a missed offer.
const (
	NoAnswer    Missed = "no_answer"
	Declined    Missed = "declined"
	Unreachable Missed = "unreachable"
)

// Waiting is one queue's callers now.
type Waiting struct {
	Callers int
	Longest time.Duration // wait of the oldest, 0 if none
}

// Contact is an agent's part in one call of a queue.
type Contact struct {
	Queue              string
	Talk, Hold, WrapUp time.Duration
}

// Queue measures waiting and ringing, and what agents do with the calls of queues.
type Queue struct {
	r       registrar
	entered counters
	wait    histograms
	ring    histograms
	missed  counters
	handle  histograms
	parts   counters
	of      atomic.Pointer[map[string]string] // the queue of each hotline

	// Of single agents; without any series unless the organisation wants them.
	agentContacts, agentSeconds, agentMissed counters
}

func newQueue(r registrar) *Queue {
	q := &Queue{
		r:       r,
		entered: r.counters("shouwen_queue_entered_total", "Calls that asked for a person.", queueLabel),
		wait: r.histograms("shouwen_queue_wait_seconds", "Wait from entering the queue to the outcome.",
			[]float64{5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600}, queueLabel, waitOutcome),
		ring:   r.histograms("shouwen_agent_ring_seconds", "Offer to pick-up.", []float64{2, 4, 6, 8, 10, 15, 20, 30}, queueLabel),
		missed: r.counters("shouwen_agent_missed_total", "Offered, not taken, each offer counted.", departmentLabel, missedReason),
		handle: r.histograms("shouwen_contact_handle_seconds", "Talk, hold and wrap-up of one agent in one call, observed once, when wrap-up ends.",
			[]float64{30, 60, 120, 180, 240, 300, 420, 600, 900, 1800}, queueLabel),
		parts: r.counters("shouwen_contact_stage_seconds_total", "The same time by part.", queueLabel, contactPart),

		agentContacts: r.counters("shouwen_agent_contacts_total", "Calls of queues an agent has handled.", agentLabel),
		agentSeconds:  r.counters("shouwen_agent_contact_seconds_total", "Time of an agent for them by part.", agentLabel, contactPart),
		agentMissed:   r.counters("shouwen_agent_offers_missed_total", "Offers an agent did not take.", agentLabel, missedReason),
	}
	info := gauge{"shouwen_hotline_info", "1, with the queue in which the callers of a hotline wait.", []*label{hotlineLabel, queueLabel}}
	r.sampled([]gauge{info}, func(emit func(int, float64, ...string)) {
		if of := q.of.Load(); of != nil {
			for hotline, queue := range *of {
				emit(0, 1, hotline, queue)
			}
		}
	})
	return q
}

// Entered counts a call that asked for a person.
func (q *Queue) Entered(queue string) { q.entered.of(queue).Inc() }

// Waited observes the wait of one call.
func (q *Queue) Waited(queue string, o Outcome, wait time.Duration, call string) {
	q.wait.observe(wait.Seconds(), call, queue, string(o))
}

// Rang observes the time from an offer to its pick-up.
func (q *Queue) Rang(queue string, d time.Duration) { q.ring.of(queue).Observe(d.Seconds()) }

// Missed counts an offer to an agent of a department that was not taken.
func (q *Queue) Missed(department, agent string, why Missed) {
	q.missed.of(department, string(why)).Inc()
	if q.agentMissed.has(agent) {
		q.agentMissed.of(agent, string(why)).Inc()
	}
}

// Handled observes an agent's part in a call, when his wrap-up has ended.
func (q *Queue) Handled(agent string, c Contact) {
	wanted := q.agentContacts.has(agent)
	q.handle.of(c.Queue).Observe((c.Talk + c.Hold + c.WrapUp).Seconds())
	for part, d := range map[string]time.Duration{"talk": c.Talk, "hold": c.Hold, "wrapup": c.WrapUp} {
		q.parts.of(c.Queue, part).Add(d.Seconds())
		if wanted {
			q.agentSeconds.of(agent, part).Add(d.Seconds())
		}
	}
	if wanted {
		q.agentContacts.of(agent).Inc()
	}
}

// ReadWaiting makes read, safe from any goroutine, the source of the waiting
// callers by queue. Call it once.
func (q *Queue) ReadWaiting(read func() map[string]Waiting) {
	q.r.sampled([]gauge{
		{"shouwen_queue_waiting", "Callers waiting.", []*label{queueLabel}},
		{"shouwen_queue_longest_wait_seconds", "Wait of the oldest waiting caller, 0 if none.", []*label{queueLabel}},
	}, func(emit func(int, float64, ...string)) {
		for name, w := range read() {
			emit(0, float64(w.Callers), name)
			emit(1, w.Longest.Seconds(), name)
		}
	})
}
