package metrics

import "github.com/prometheus/client_golang/prometheus"

// AgentState is what an agent is doing, as dashboards name it.
type AgentState string

// The states of agents.
const (
	AgentAvailable AgentState = "available"
	AgentRinging   AgentState = "ringing"
	AgentTalking   AgentState = "talking"
	AgentWrapUp    AgentState = "wrapup"
	AgentBreak     AgentState = "break"
	AgentAway      AgentState = "away"
)

// Agents counts agents by what they do. Labels: department, state.
type Agents struct {
	r      registrar
	paused *prometheus.CounterVec
}

func newAgents(r registrar) *Agents {
	return &Agents{r, r.counterVec("shouwen_agents_paused_total", "Agents paused because their phones were not answered.", "department")}
}

// Declare makes the series of departments exist.
func (a *Agents) Declare(departments ...string) {
	for _, d := range departments {
		a.paused.WithLabelValues(d)
	}
}

// Paused counts an agent who was paused because his phone was not answered.
func (a *Agents) Paused(department string) { a.paused.WithLabelValues(department).Inc() }

// Read makes read, safe from any goroutine, the source of how many agents of each
// department are in each state. Call it once.
func (a *Agents) Read(read func() map[string]map[AgentState]int) {
	a.r.sampled("shouwen_state_agents", "Agents by state.", []string{"department", "state"}, func(emit func(float64, ...string)) {
		for department, states := range read() {
			for _, s := range []AgentState{AgentAvailable, AgentRinging, AgentTalking, AgentWrapUp, AgentBreak, AgentAway} {
				emit(float64(states[s]), department, string(s))
			}
		}
	})
}
