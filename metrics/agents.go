package metrics

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
	paused counters
}

func newAgents(r registrar) *Agents {
	return &Agents{r, r.counters("shouwen_agents_paused_total", "Agents paused because their phones were not answered.", departmentLabel)}
}

// Paused counts an agent who was paused because his phone was not answered.
func (a *Agents) Paused(department string) { a.paused.of(department).Inc() }

// Read makes read, safe from any goroutine, the source of how many agents of each
// department are in each state. Call it once.
func (a *Agents) Read(read func() map[string]map[AgentState]int) {
	a.r.sampled([]gauge{{"shouwen_state_agents", "Agents by state.", []*label{departmentLabel, agentState}}},
		func(emit func(int, float64, ...string)) {
			for department, states := range read() {
				for _, s := range agentState.values {
					emit(0, float64(states[AgentState(s)]), department, s)
				}
			}
		})
}
