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

// Agents counts what becomes of agents; what they do now the database knows, see State.
type Agents struct {
	paused counters
}

func newAgents(r registrar) *Agents {
	return &Agents{r.counters("shouwen_agents_paused_total", "Agents paused because their phones were not answered.", departmentLabel)}
}

// Paused counts an agent who was paused because his phone was not answered.
func (a *Agents) Paused(department string) { a.paused.of(department).Inc() }
