package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Direction of a call.
type Direction string

// The directions of a call.
const (
	Inbound  Direction = "inbound"  // a caller reached the hotline
	Outbound Direction = "outbound" // Shouwen called somebody outside
	Internal Direction = "internal" // one extension called another
)

// Result says how a call ended.
type Result string

// The results of a call.
const (
	Answered      Result = "answered"
	Abandoned     Result = "abandoned" // the caller hung up while waiting
	Busy          Result = "busy"
	Rejected      Result = "rejected"
	Failed        Result = "failed"
	Voicemail     Result = "voicemail"
	CallbackTaken Result = "callback_taken"
	SelfServed    Result = "self_served"
)

// CallState is where a live call stands.
type CallState string

// The states of a live call.
const (
	InIVR   CallState = "ivr"
	Queued  CallState = "queued"
	Ringing CallState = "ringing"
	Talking CallState = "talking"
	Held    CallState = "held"
)

// Live counts live calls by direction and state.
type Live map[Direction]map[CallState]int

// Calls counts calls.
type Calls struct {
	r     registrar
	total *prometheus.CounterVec
}

func newCalls(r registrar) *Calls {
	c := &Calls{r, r.counterVec("shouwen_calls_total", "Calls finished.", "direction", "result")}
	for _, d := range []Direction{Inbound, Outbound, Internal} {
		for _, res := range []Result{Answered, Abandoned, Busy, Rejected, Failed, Voicemail, CallbackTaken, SelfServed} {
			c.total.WithLabelValues(string(d), string(res))
		}
	}
	return c
}

// Finished counts one finished call.
func (c *Calls) Finished(d Direction, res Result) {
	c.total.WithLabelValues(string(d), string(res)).Inc()
}

// ReadLive makes read, which must be safe from any goroutine, the source of the
// calls in progress. Call it once.
func (c *Calls) ReadLive(read func() Live) {
	c.r.sampled("shouwen_calls_in_progress", "Calls this process holds now.", []string{"direction", "state"},
		func(emit func(float64, ...string)) {
			live := read()
			for _, d := range []Direction{Inbound, Outbound, Internal} {
				for _, s := range []CallState{InIVR, Queued, Ringing, Talking, Held} {
					emit(float64(live[d][s]), string(d), string(s))
				}
			}
		})
}

// Outcome says how a wait in the queue ended.
type Outcome string

// The outcomes of a wait.
const (
	WaitAnswered  Outcome = "answered"
	WaitAbandoned Outcome = "abandoned"
	WaitOverflow  Outcome = "overflow" // nobody came in time, or the queue could not take the call
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

// Queue measures waiting and ringing.
type Queue struct {
	r       registrar
	entered *prometheus.CounterVec
	wait    *prometheus.HistogramVec
	ring    *prometheus.HistogramVec
	missed  *prometheus.CounterVec
}

func newQueue(r registrar) *Queue {
	return &Queue{
		r:       r,
		entered: r.counterVec("shouwen_queue_entered_total", "Calls that asked for a person.", "queue"),
		wait: r.histogramVec("shouwen_queue_wait_seconds", "Wait from entering the queue to the outcome.",
			[]float64{5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600}, "queue", "outcome"),
		ring: r.histogramVec("shouwen_agent_ring_seconds", "Offer to pick-up.",
			[]float64{2, 4, 6, 8, 10, 15, 20, 30}, "queue"),
		missed: r.counterVec("shouwen_agent_missed_total", "Offers not taken.", "department", "reason"),
	}
}

// Declare makes the series of a queue and of the departments it rings exist.
func (q *Queue) Declare(queue string, departments ...string) {
	q.entered.WithLabelValues(queue)
	q.ring.WithLabelValues(queue)
	for _, o := range []Outcome{WaitAnswered, WaitAbandoned, WaitOverflow, WaitCallback} {
		q.wait.WithLabelValues(queue, string(o))
	}
	for _, d := range departments {
		for _, m := range []Missed{NoAnswer, Declined, Unreachable} {
			q.missed.WithLabelValues(d, string(m))
		}
	}
}

// Entered counts a call that asked for a person.
func (q *Queue) Entered(queue string) { q.entered.WithLabelValues(queue).Inc() }

// Waited observes the wait of one call.
func (q *Queue) Waited(queue string, o Outcome, wait time.Duration) {
	q.wait.WithLabelValues(queue, string(o)).Observe(wait.Seconds())
}

// Rang observes the time from an offer to its pick-up.
func (q *Queue) Rang(queue string, d time.Duration) {
	q.ring.WithLabelValues(queue).Observe(d.Seconds())
}

// Missed counts an offer that was not taken.
func (q *Queue) Missed(department string, why Missed) {
	q.missed.WithLabelValues(department, string(why)).Inc()
}

// ReadWaiting makes read, safe from any goroutine, the source of the waiting
// callers by queue. Call it once.
func (q *Queue) ReadWaiting(read func() map[string]Waiting) {
	q.r.sampled("shouwen_queue_waiting", "Callers waiting.", []string{"queue"}, func(emit func(float64, ...string)) {
		for name, w := range read() {
			emit(float64(w.Callers), name)
		}
	})
	q.r.sampled("shouwen_queue_longest_wait_seconds", "Wait of the oldest waiting caller.", []string{"queue"},
		func(emit func(float64, ...string)) {
			for name, w := range read() {
				emit(w.Longest.Seconds(), name)
			}
		})
}
