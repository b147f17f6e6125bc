package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// CallbackResult says what became of an attempt to call somebody back.
type CallbackResult string

// The results of an attempt.
const (
	CallbackReached   CallbackResult = "reached"
	CallbackBusy      CallbackResult = "busy"
	CallbackNoAnswer  CallbackResult = "no_answer"
	CallbackRejected  CallbackResult = "rejected"
	CallbackInvalid   CallbackResult = "invalid_number"
	CallbackFailed    CallbackResult = "failed"
	CallbackDenied    CallbackResult = "denied"    // policy did not allow the call
	CallbackCancelled CallbackResult = "cancelled" // the agent thought better of it
)

// CallbackMark is what an agent says of who answered a callback.
type CallbackMark string

// The marks.
const (
	CallbackWrongNumber CallbackMark = "wrong_number"
	CallbackVoicemail   CallbackMark = "voicemail"
)

// CallsOut counts calls to the outside.
type CallsOut struct {
	decisions counters
	attempts  counters
	marks     counters
	delay     histograms
	exhausted prometheus.Counter
}

func newCallsOut(r registrar) *CallsOut {
	return &CallsOut{
		decisions: r.counters("shouwen_outbound_decisions_total", "Calls to the outside that were asked for, by why they were allowed or not.", decisionReason),
		attempts:  r.counters("shouwen_callback_attempts_total", "Dial attempts of callbacks.", attemptResult),
		marks:     r.counters("shouwen_callback_marks_total", "Callbacks that were answered, but not by the caller, as agents say.", callbackMark),
		delay: r.histograms("shouwen_callback_delay_seconds", "Start of the first attempt minus promised time, early counts as 0, by the agent's department.",
			[]float64{0, 60, 300, 900, 1800, 3600, 14400}, departmentLabel),
		exhausted: r.counter("shouwen_callbacks_exhausted_total", "Callbacks that went to the supervisor after the last attempt."),
	}
}

// Decided counts a decision whether a call may be made; reason is a constant.
func (o *CallsOut) Decided(reason string) { o.decisions.of(reason).Inc() }

// Began observes how late the first attempt of a callback begins, by an agent of a
// department; early is below 0.
func (o *CallsOut) Began(department string, late time.Duration) {
	o.delay.of(department).Observe(max(late, 0).Seconds())
}

// Attempted counts an attempt to call somebody back.
func (o *CallsOut) Attempted(res CallbackResult) { o.attempts.of(string(res)).Inc() }

// Marked counts what an agent says of who answered.
func (o *CallsOut) Marked(as CallbackMark) { o.marks.of(string(as)).Inc() }

// Exhausted counts a callback that is not tried again.
func (o *CallsOut) Exhausted() { o.exhausted.Inc() }
