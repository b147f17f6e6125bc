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
	RingTime   time.Duration  // of his phone; 0: the queue's
	Rank       int            // higher is more senior; decides ties (S34-R3)
	Penalty    int            // 0: a primary; n: a stand-in, rung after n times the queue's OverflowAfter
	Post       string         // the duty he holds as primary or stand-in (S08-R3); empty: none
	Weight     int            // his share of calls by weighted_random; 0: 1
	Skills     map[string]int // with levels, from 1
}

// State is what an agent is doing.
type State string

// The states of an agent. He is in exactly one.
const (
	Ready   State = "ready"   // may be offered a call
	Ringing State = "ringing" // his phone rings for one call of a queue
	Talking State = "talking" // in a call, of a queue or not
	WrapUp  State = "wrapup"  // finishes what a call of a queue left to do
	Paused  State = "paused"  // wants no calls, or has just let one pass
	Away    State = "away"    // his phone is not registered or cannot be reached
)

// Presence is an agent and what he is doing.
type Presence struct {
	Agent
	State  State
	Since  time.Time // when the state began
	Call   string    // the call he rings for or talks in, else empty
	Reason string    // why he is Paused: as given to Pause, or the reason of a missed offer
	Until  time.Time // when his WrapUp ends; zero in other states

	Elsewhere bool // the call is another node's
	Work
}

// Work is what an agent has done, for strategies and the eye.
type Work struct {
	Idle   time.Time     `json:"idle"`          // since when he has had no call and could have had one
	Rung   time.Time     `json:"rung,omitzero"` // when his phone last began to ring; zero: never
	Calls  int           `json:"calls"`         // of queues, taken today
	Talked time.Duration `json:"talked"`        // in finished calls of any kind, today
	Missed int           `json:"missed"`        // times in a row that his phone rang in vain
}

// member is an agent with the facts his state follows from. Owned by Board.Run.
type member struct {
	Agent
	place int     // in the directory
	gone  bool    // from there: he ends what he is in, and is forgotten
	post  *post   // nil: none
	lines []*line // that he serves
	work  Work

	registered bool
	paused     bool
	reason     string           // of the pause
	said       time.Time        // when a pause last began or ended
	wrapUntil  time.Time        // has something to finish until then
	wrapFrom   time.Time        // since when
	handled    *metrics.Contact // that he finishes; nil: none
	restUntil  time.Time        // left alone until then …
	restFor    metrics.Missed   // … for this reason
	ticket     *Ticket          // his phone rings for it; nil: for none
	calls      []talk           // calls he is in
	tied       []*Ticket        // for which he alone is to be rung
	lease      string           // call he is leased to this node for; empty: none
	elsewhere  string           // call another node has him in; empty: none

	seen   State // as of the last note
	abroad bool  // Talking because of elsewhere
	since  time.Time
	atWork bool  // counted in the staff of lines
	stale  bool  // in board.stale: seen may be of old
	alarm  alarm // when rest or wrap-up ends
}

// talk is a call an agent is in.
type talk struct {
	call     string
	wrapUp   time.Duration // what it leaves to do …
	reserved bool          // … unless he was only taken for it

	contact *metrics.Contact // with the caller, when it is over; nil: it is not, or there was none
}

// state derives the state at now. A phone that rings stays Ringing whatever else
// becomes of the agent, until the offer is over: only then may others have him.
func (m *member) state(now time.Time) State {
	resting := now.Before(m.restUntil)
	switch {
	case m.ticket != nil:
		return Ringing
	case len(m.calls) > 0, m.elsewhere != "":
		return Talking
	case !m.registered, resting && m.restFor == metrics.Unreachable:
		return Away
	case m.paused, resting:
		return Paused
	case now.Before(m.wrapUntil):
		return WrapUp
	}
	return Ready
}

// present tells whether an agent in that state holds his post.
func (s State) present() bool { return s != Away && s != Paused }

func (m *member) presence(now time.Time) Presence {
	p := Presence{Agent: m.Agent, State: m.state(now), Since: m.since, Work: m.work}
	switch p.State {
	case Ringing, Talking:
		p.Call, p.Elsewhere = m.call(), m.ticket == nil && len(m.calls) == 0
	case WrapUp:
		p.Until = m.wrapUntil
	case Paused:
		if p.Reason = m.reason; !m.paused {
			p.Reason = string(m.restFor)
		}
	}
	return p
}

// call returns the call he rings for or talks in, here or elsewhere, else nothing.
func (m *member) call() string {
	switch {
	case m.ticket != nil:
		return m.ticket.caller.Call
	case len(m.calls) > 0:
		return m.calls[0].call
	}
	return m.elsewhere
}

// note keeps since when the agent is in his state, and what he has done.
func (m *member) note(now time.Time) State {
	s, was, abroad := m.state(now), m.seen, m.abroad
	m.abroad = m.elsewhere != "" && m.ticket == nil && len(m.calls) == 0
	if s == was {
		return s
	}
	if was == Talking && !abroad { // else his work is noted there
		m.work.Talked += now.Sub(m.since)
	}
	if s == Ready && was != Ringing && !abroad { // a phone that rang in vain ends no idleness
		m.work.Idle = now
	}
	m.seen, m.since = s, now
	return s
}
