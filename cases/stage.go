package cases

import (
	"fmt"
	"time"
)

// FiredStage is a stage that made itself heard: of a case, or of what an inspection found.
// In JSON it is what the outbox has.
type FiredStage struct {
	Case       CaseNumber `json:"case,omitempty"`
	Inspection int64      `json:"inspection,omitempty"`
	Finding    int        `json:"finding,omitempty"` // of the inspection, from 1
	Clock      ClockKind  `json:"clock"`
	Gen        int        `json:"gen"`
	Due        time.Time  `json:"due"`
	Stage      Stage      `json:"stage"`
	Late       Span       `json:"late_seconds"` // after its time, by the clock of the database
	Department string     `json:"department"`   // that had the case; empty: the first-asker's own
	Class      Class      `json:"class"`
	Call       string     `json:"-"` // that opened the case; empty: not known
}

// StageBody is what the ledger says of a fired stage.
type StageBody struct {
	Clock ClockKind `json:"clock"`
	Gen   int       `json:"gen"`
	Due   time.Time `json:"due"`
	Level int       `json:"level,omitempty"` // of an escalation, from 1
	Late  Span      `json:"late_seconds"`
	To    []Party   `json:"to,omitempty"`
	Told  []string  `json:"told,omitempty"` // users; see Directory.Told
}

var stageEvents = map[StageKind]EventKind{
	StageRemind: EventReminded, StageAtRisk: EventAtRisk, StageBreach: EventBreached, StageEscalate: EventEscalated,
}

// Event returns how the ledger calls a stage of this kind; empty: there is no such kind.
func (k StageKind) Event() EventKind { return stageEvents[k] }

// Fire returns c with a stage of one of its clocks on its ledger, and that event. The
// id is a UUID of its own, which keeps the stage from being there twice.
func (c Case) Fire(f FiredStage, told []string, id string) (Case, Event, error) {
	kind := f.Stage.Kind.Event()
	if kind == "" {
		return c, Event{}, fmt.Errorf("case %s: no such stage: %q", c.Number, f.Stage.Kind)
	}
	e := Event{Kind: kind, At: micros(f.Stage.At.Add(time.Duration(f.Late))), Fact: id}
	eff, err := recorded(c.Call, c, e, StageBody{
		Clock: f.Clock, Gen: f.Gen, Due: f.Due, Level: f.Stage.Level, Late: f.Late, To: f.Stage.To, Told: told,
	})
	if err != nil {
		return c, Event{}, err
	}
	return eff.Case, *eff.Event, nil
}

// Actor is p as somebody who moves cases, or is told of them.
func (p Person) Actor() Actor {
	return Actor{User: p.User, Department: p.Department, Roles: p.Roles, Posts: p.Posts}
}

// Recipient is somebody who is told of a case, and as what.
type Recipient struct {
	Person Person
	As     Party
}

// Told returns who in d is told what is meant for the parties to, everybody once, in
// the order of the parties. Where nobody is such a party, e.g. a case has no handler
// yet, the supervisors are told in its place. Nobody is told who may not see c (C27).
func (d Directory) Told(c Case, to []Party) []Recipient {
	return d.told(to, func(a Actor, party Party) bool { return c.isParty(a, party) && c.Visible(a) })
}

// told is Told where is says who is which party, and may be told.
func (d Directory) told(to []Party, is func(Actor, Party) bool) []Recipient {
	var all []Recipient
	known := map[string]bool{}
	tell := func(who, as Party) (found bool) {
		for _, p := range d.People {
			if !is(p.Actor(), who) {
				continue
			}
			found = true
			if !known[p.User] {
				known[p.User] = true
				all = append(all, Recipient{p, as})
			}
		}
		return found
	}
	for _, party := range to {
		if !tell(party, party) {
			tell(PartySupervisor, party)
		}
	}
	return all
}
