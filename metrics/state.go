package metrics

import (
	"sync/atomic"
	"time"
)

// AgentHold is what the database alone knows of agents; the other states are those of the
// board.
const AgentHold AgentState = "hold" // the caller hears music

// State is the figures that are true of the whole installation, because the database
// has them: every node tells the same.
type State struct {
	holds atomic.Bool
}

func newState(r registrar) *State {
	s := &State{}
	r.gaugeFunc("shouwen_snapshot_holder", "1 on the node that computes the figures of the installation.", func() float64 {
		return number(s.holds.Load())
	})
	return s
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// Holds notes whether this node computes the figures. It is safe from any goroutine.
func (s *State) Holds(is bool) { s.holds.Store(is) }

// StateFigures are those of one metric in a snapshot, told apart by the values of its
// labels: those of the first figure, then those of the second, and so on.
type StateFigures struct {
	Name   string
	Labels []string
	Of     []string
	Values []float64
}

// StateSnapshot is the figures as they were at one moment.
type StateSnapshot struct {
	Taken   time.Time
	Took    time.Duration
	Age     time.Duration // by the clock that says when it was taken
	Figures []StateFigures
}
