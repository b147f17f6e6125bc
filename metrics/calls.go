package metrics

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
	total counters
}

func newCalls(r registrar) *Calls {
	return &Calls{r, r.counters("shouwen_calls_total", "Calls finished.", callDirection, callResult)}
}

// Finished counts one finished call.
func (c *Calls) Finished(d Direction, res Result) { c.total.of(string(d), string(res)).Inc() }

// ReadLive makes read, which must be safe from any goroutine, the source of the
// calls in progress. Call it once.
func (c *Calls) ReadLive(read func() Live) {
	c.r.sampled([]gauge{{"shouwen_calls_in_progress", "Calls this process holds now.", []*label{callDirection, callState}}},
		func(emit func(int, float64, ...string)) {
			live := read()
			for _, d := range callDirection.values {
				for _, s := range callState.values {
					emit(0, float64(live[Direction(d)][CallState(s)]), d, s)
				}
			}
		})
}
