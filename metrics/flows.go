package metrics

// FlowResult says how a caller left a flow.
type FlowResult string

// The results of flows.
const (
	FlowAgent      FlowResult = "agent"       // for a queue, an extension or the emergency path
	FlowMessage    FlowResult = "message"     // for voicemail or a callback
	FlowSelfServed FlowResult = "self_served" // had what he called for
	FlowHangup     FlowResult = "hangup"      // hung up
	FlowTimeout    FlowResult = "timeout"     // went where those go who press nothing
	FlowInvalid    FlowResult = "invalid"     // went where those go who press what means nothing
	FlowFailed     FlowResult = "failed"      // the flow did; he went to the queue
)

// Flows counts callers who leave flows.
type Flows struct{ total counters }

func newFlows(r registrar) *Flows {
	return &Flows{r.counters("shouwen_ivr_exits_total", "How callers leave a menu.", menuLabel, flowResult)}
}

// Left counts one caller.
func (f *Flows) Left(menu string, res FlowResult) { f.total.of(menu, string(res)).Inc() }
