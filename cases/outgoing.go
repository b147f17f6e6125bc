package cases

import (
	"encoding/json"
	"time"
)

// Outgoing is something that is to leave the house: a row of the outbox.
type Outgoing struct {
	ID       int64
	Key      string // whoever gets it tells repeats by it
	Kind     string // which pump takes it: OutgoingStage, or a channel
	Payload  []byte // JSON; of stages a FiredStage, of summons a Summons, of channels a Notice
	Attempts int    // so far, this one included
}

// The kinds of rows that are no channel's.
const (
	OutgoingStage   = "stage"   // fired, and not on the ledger yet
	OutgoingSummons = "summons" // of an emergency, nobody has taken it yet
)

// Outgoing returns m as a row of the outbox.
func (m Summons) Outgoing() Outgoing {
	payload, err := json.Marshal(m)
	if err != nil {
		panic(err) // text only
	}
	return Outgoing{Key: m.Key, Kind: OutgoingSummons, Payload: payload}
}

// Outcome is what became of an attempt at an Outgoing.
type Outcome struct {
	Err   string        // empty: it is done
	Retry time.Duration // when to try again; 0: never, it is dead
}

// DeadLetter is an Outgoing that was given up.
type DeadLetter struct {
	Outgoing
	Error string // of the last attempt
	At    time.Time
}

// Backlog is how much of one kind has not left yet.
type Backlog struct {
	Pending, Dead int
	Oldest        time.Duration // for how long the oldest pending one has been there
}

// Notice is what a channel tells. Exactly one of the pointers is set.
type Notice struct {
	Event EventKind   `json:"event"` // of the stage, or ledger_head
	Stage *FiredStage `json:"stage,omitempty"`
	Head  *LedgerHead `json:"head,omitempty"`
	Told  []string    `json:"told,omitempty"` // every user who is told
	User  string      `json:"user,omitempty"` // whom this one is for; empty: a program
}
