package acd

import (
	"iter"
	"slices"
	"time"
)

// Caller is a caller who asks for an agent.
type Caller struct {
	Call     string // call id
	Queue    string // name of the queue
	Priority Priority
	Front    bool      // goes before all but emergencies: thrown back by no fault of his
	Since    time.Time // when he began to wait, for a callback that keeps its place; zero: now

	Kept bool // he is not on the phone: his place is kept, as long as it takes, for a callback

	// The user whom he is tied to by an open case. If that agent serves the queue
	// and is there, he alone is rung for so long after Enter.
	First    string
	FirstFor time.Duration

	// The extension of an agent who is never rung for him, whatever First and
	// Priority say: the person he complains of. Empty: none.
	Avoid string

	// Skills with their least levels, from 1; for the strategy skills. Nil: the queue's.
	Required map[string]int // who lacks one is not rung
	Wished   map[string]int // who has more of them is rung earlier
}

// A Strategy decides in which order agents are rung for a caller: the first tier
// together, when its round is over the next, after the last the first again.
// Agents it leaves out are not rung. Candidates are Ready, or Ringing for this
// very caller; they come in the order of the directory and are not kept. The reason is a constant
// of the strategy, for the log and the record of the call.
//
// A strategy is pure, and whether two agents share a tier depends on the two and
// the caller alone. It is asked again when somebody becomes ready, and if he shares
// the tier that is ringing he joins in.
type Strategy func(candidates []Presence, c Caller) (tiers iter.Seq[[]Presence], reason string)

// turn says why a tier is the one to ring. It is appended to the strategy's reason.
type turn string

const (
	first  turn = ""        // a tier not rung before
	joined turn = "_joined" // the tier is ringing, others of it became ready
	again  turn = "_again"  // every tier was rung: from the top
	nobody turn = "_nobody" // the strategy leaves out everybody who is ready
)

// next returns the tier to ring, nil if there is none; rings is whether any of its
// agents ring already.
func next(tiers iter.Seq[[]Presence], rings bool, tried map[string]bool) ([]Presence, turn) {
	ringing := func(p Presence) bool { return p.State == Ringing }
	untried := func(p Presence) bool { return !tried[p.User] }
	if rings {
		for tier := range tiers {
			if slices.ContainsFunc(tier, ringing) {
				return tier, joined
			}
		}
	}
	for tier := range tiers {
		if slices.ContainsFunc(tier, untried) {
			return tier, first
		}
	}
	for tier := range tiers {
		if len(tier) > 0 {
			return tier, again
		}
	}
	return nil, nobody
}
