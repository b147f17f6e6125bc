package metrics

import "github.com/prometheus/client_golang/prometheus"

// CallbackResult says what became of an attempt to call somebody back.
type CallbackResult string

// The results of an attempt.
const (
	CallbackReached     CallbackResult = "reached"
	CallbackBusy        CallbackResult = "busy"
	CallbackNoAnswer    CallbackResult = "no_answer"
	CallbackRejected    CallbackResult = "rejected"
	CallbackInvalid     CallbackResult = "invalid_number"
	CallbackFailed      CallbackResult = "failed"
	CallbackDenied      CallbackResult = "denied"
	CallbackCancelled   CallbackResult = "cancelled"
	CallbackWrongNumber CallbackResult = "wrong_number"
	CallbackVoicemail   CallbackResult = "voicemail"
)

// CallbackResults are all results of an attempt.
var CallbackResults = []CallbackResult{
	CallbackReached, CallbackBusy, CallbackNoAnswer, CallbackRejected, CallbackInvalid, CallbackFailed,
	CallbackDenied, CallbackCancelled, CallbackWrongNumber, CallbackVoicemail,
}

// CallsOut counts calls to the outside.
type CallsOut struct {
	decisions *prometheus.CounterVec
	attempts  *prometheus.CounterVec
	exhausted prometheus.Counter
}

func newCallsOut(r registrar) *CallsOut {
	o := &CallsOut{
		decisions: r.counterVec("shouwen_outbound_decisions_total", "Calls to the outside that were asked for, by why they were allowed or not.", "reason"),
		attempts:  r.counterVec("shouwen_callback_attempts_total", "Dial attempts of callbacks. What an agent found out counts once more, by what he says.", "result"),
		exhausted: r.counter("shouwen_callbacks_exhausted_total", "Callbacks that went to the supervisor after the last attempt."),
	}
	for _, res := range CallbackResults {
		o.attempts.WithLabelValues(string(res))
	}
	return o
}

// Declare makes the series of the reasons exist.
func (o *CallsOut) Declare(reasons ...string) {
	for _, r := range reasons {
		o.decisions.WithLabelValues(r)
	}
}

// Decided counts a decision whether a call may be made; reason is a constant.
func (o *CallsOut) Decided(reason string) { o.decisions.WithLabelValues(reason).Inc() }

// Attempted counts an attempt to call somebody back, and that it was the last.
func (o *CallsOut) Attempted(res CallbackResult, exhausted bool) {
	o.attempts.WithLabelValues(string(res)).Inc()
	if exhausted {
		o.exhausted.Inc()
	}
}
