package metrics

import "github.com/prometheus/client_golang/prometheus"

// FlowResult says how a caller left a flow.
type FlowResult string

// The results of flows.
const (
	FlowAgent      FlowResult = "agent"       // for a queue, an extension or the emergency path
	FlowMessage    FlowResult = "message"     // for voicemail or a callback
	FlowSelfServed FlowResult = "self_served" // had what he called for
	FlowHangup     FlowResult = "hangup"      // hung up
	FlowFailed     FlowResult = "failed"      // the flow did; he went to the queue
)

// Flows counts callers who leave flows.
type Flows struct{ total *prometheus.CounterVec }

func newFlows(r registrar) *Flows {
	return &Flows{r.counterVec("shouwen_ivr_exits_total", "Callers who left a flow.", "flow", "result")}
}

// Declare makes the series of a flow exist.
func (f *Flows) Declare(flow string) {
	for _, res := range []FlowResult{FlowAgent, FlowMessage, FlowSelfServed, FlowHangup, FlowFailed} {
		f.total.WithLabelValues(flow, string(res))
	}
}

// Left counts one caller.
func (f *Flows) Left(flow string, res FlowResult) { f.total.WithLabelValues(flow, string(res)).Inc() }
