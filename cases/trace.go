package cases

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"
)

// Holding is a stretch of a case's life in which one person, or a department that has
// named nobody yet, had it: a link of the chain of responsibility (S26-R3).
type Holding struct {
	User       string // who had it; empty: nobody in particular
	Department string // that had it; empty: the first-asker's own
	From       time.Time
	Until      time.Time // when the next one had it, or the case was over; zero: he has it now
	How        EventKind // how he came to have it
	By         string    // who saw to that
	Said       string    // with what words: the opinion it came back with, the note of a shift
}

// StepUp is a step up: somebody asked a leader (S26-R5).
type StepUp struct {
	At     time.Time
	To     Party
	Person string
	By     string
	Why    string
}

// Trace walks the ledger of a case, oldest event first, and returns who had it when,
// and whom they asked upward.
func Trace(events []Event) (chain []Holding, up []StepUp, err error) {
	t := tracing{}
	for _, e := range events {
		if err := t.event(e); err != nil {
			return nil, nil, fmt.Errorf("case %s, event %d: %w", e.Case, e.Seq, err)
		}
	}
	return t.chain, t.up, nil
}

type tracing struct {
	chain []Holding
	up    []StepUp
}

func (t *tracing) event(e Event) error {
	now := t.last()
	switch e.Kind {
	case EventPickedUp, EventCallbackAnswered:
		return t.pass(e, Holding{User: e.By}, "")
	case EventRegistered:
		if len(t.chain) == 0 { // nobody picked up: he came in person
			return t.pass(e, Holding{User: e.By}, "")
		}
	case EventTransferCompleted:
		var m TransferCompleted
		return t.read(e, &m, func() { t.begin(e, Holding{User: m.To, Department: now.Department}, "") })
	case EventHandedOver:
		var m HandOver
		return t.read(e, &m, func() { t.begin(e, Holding{User: m.Person, Department: m.Department}, "") })
	case EventAccepted:
		var m Accept
		return t.read(e, &m, func() {
			t.begin(e, Holding{User: cmp.Or(m.Named, e.By), Department: now.Department}, "")
		})
	case EventAssigned:
		var m Assign
		return t.read(e, &m, func() { t.begin(e, Holding{User: m.Person, Department: now.Department}, "") })
	case EventReturned:
		var m Return
		return t.read(e, &m, func() {
			next := Holding{Department: m.To}
			if m.To == "" {
				next.User = t.first()
			}
			t.begin(e, next, m.Opinion)
		})
	case EventArbitrated:
		var m Arbitrate
		return t.read(e, &m, func() { t.begin(e, Holding{Department: m.Department}, m.Reason) })
	case EventHandedOff:
		var m HandOff
		return t.read(e, &m, func() { t.begin(e, Holding{User: m.To, Department: now.Department}, m.Note) })
	case EventEscalated:
		if e.Fact != "" { // a clock said so, nobody did
			return nil
		}
		var m Escalate
		return t.read(e, &m, func() { t.up = append(t.up, StepUp{e.At, m.To, m.Person, e.By, m.Why}) })
	case EventReopened:
		if e.State == Registered {
			return t.pass(e, Holding{User: t.first()}, "")
		}
		return t.pass(e, Holding{User: now.User, Department: now.Department}, "")
	}
	if e.State.Over() && len(t.chain) > 0 && now.Until.IsZero() {
		t.chain[len(t.chain)-1].Until = e.At
	}
	return nil
}

// last is who has the case now.
func (t *tracing) last() Holding {
	if n := len(t.chain); n > 0 {
		return t.chain[n-1]
	}
	return Holding{}
}

// first is the first-asker.
func (t *tracing) first() string {
	if len(t.chain) > 0 {
		return t.chain[0].User
	}
	return ""
}

func (t *tracing) read(e Event, body any, then func()) error {
	if err := json.Unmarshal(e.Body, body); err != nil {
		return err
	}
	then()
	return nil
}

func (t *tracing) pass(e Event, next Holding, said string) error {
	t.begin(e, next, said)
	return nil
}

// begin has the case pass to next.
func (t *tracing) begin(e Event, next Holding, said string) {
	if n := len(t.chain); n > 0 && t.chain[n-1].Until.IsZero() {
		t.chain[n-1].Until = e.At
	}
	next.From, next.How, next.By, next.Said = e.At, e.Kind, e.By, said
	t.chain = append(t.chain, next)
}
