package acd

import (
	"time"

	"shouwen/metrics"
)

// rest is how long an agent whose phone did not take a call is left alone, so
// that a phone that refuses at once is not rung in a tight loop.
const rest = 10 * time.Second

// Agent is somebody who answers calls, as the directory knows him.
type Agent struct {
	User       string // account of the phone; unique
	Extension  string
	Department string
	Rank       int // higher is more senior; decides ties (S34-R3)
}

// State is what an agent is doing.
type State string

// The states of an agent. He is in exactly one.
const (
	Ready   State = "ready"   // may be offered a call
	Ringing State = "ringing" // his phone rings for one call of a queue
	Talking State = "talking" // in a call, of a queue or not
	Paused  State = "paused"  // wants no calls, or has just let one pass
	Away    State = "away"    // his phone is not registered or cannot be reached
)

// Presence is an agent and what he is doing.
type Presence struct {
	Agent
	State State
	Since time.Time // when the state began
	Call  string    // the call he rings for or talks in, else empty
}

// member is an agent with the facts his state follows from. Owned by Board.Run.
type member struct {
	Agent

	registered bool
	paused     bool
	restUntil  time.Time      // left alone until then …
	restFor    metrics.Missed // … for this reason
	ticket     *Ticket        // his phone rings for it; nil: for none
	offered    time.Time      // when it began to ring, or last did
	calls      []string       // calls he is in

	seen  State // as of the last settle
	since time.Time
}

// state derives the state at now. A phone that rings stays Ringing whatever else
// becomes of the agent, until the offer is over: only then may others have him.
func (m *member) state(now time.Time) State {
	resting := now.Before(m.restUntil)
	switch {
	case m.ticket != nil:
		return Ringing
	case len(m.calls) > 0:
		return Talking
	case !m.registered, resting && m.restFor == metrics.Unreachable:
		return Away
	case m.paused, resting:
		return Paused
	}
	return Ready
}

func (m *member) presence(now time.Time) Presence {
	p := Presence{Agent: m.Agent, State: m.state(now), Since: m.since}
	switch {
	case m.ticket != nil:
		p.Call = m.ticket.caller.Call
	case len(m.calls) > 0:
		p.Call = m.calls[0]
	}
	return p
}
