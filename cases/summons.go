package cases

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// Summons calls for whoever manages an emergency: his phone rings, then the next one's,
// until somebody has taken it by a key (S05-R9).
type Summons struct {
	Key     string     `json:"key"` // tells repeats
	Case    CaseNumber `json:"case"`
	Call    string     `json:"call"` // id of the call that opened the case
	Class   Class      `json:"class,omitempty"`
	Accused string     `json:"accused,omitempty"` // user who is not to know of it
	After   int        `json:"after,omitempty"`   // length of the ledger then: whom somebody reaches later has it, too
}

// ComingBreach is a breach that calls for whoever manages the emergency when it comes.
type ComingBreach struct {
	At time.Time
	Summons
}

// StageSummons is the key of the Summons of a stage whose own key is stage.
func StageSummons(stage string) string { return stage + ":summons" }

// SummonsResult is what became of ringing somebody.
type SummonsResult string

// The results of ringing somebody for an emergency.
const (
	SummonsTaken       SummonsResult = "taken"       // he pressed the key
	SummonsNotTaken    SummonsResult = "not_taken"   // he picked up, and did not
	SummonsNoAnswer    SummonsResult = "no_answer"   //
	SummonsDeclined    SummonsResult = "declined"    //
	SummonsUnreachable SummonsResult = "unreachable" // his phone does not take calls, or he is in one
)

var summonsResults = []SummonsResult{SummonsTaken, SummonsNotTaken, SummonsNoAnswer, SummonsDeclined, SummonsUnreachable}

// Summoned: somebody was rung for an emergency.
type Summoned struct {
	Key     string        `json:"key"` // of the Summons
	User    string        `json:"user"`
	As      Party         `json:"as"`
	Attempt int           `json:"attempt"`
	Outside bool          `json:"outside,omitempty"` // at his number outside
	Result  SummonsResult `json:"result"`
}

// urgent tells whether c is one of its policy's emergencies, and its condition is met.
func (c Case) urgent(p Policy) bool {
	f := c.Facts(p)
	class, _ := p.Class(f.Class)
	if !class.Emergency || !slices.Contains(live, c.State) {
		return false
	}
	waits := slices.ContainsFunc(p.Terms(f), func(t Terms) bool { return t.Start == AtAlarm })
	_, alarmed := c.Milestones[AtAlarm]
	return alarmed || !waits
}

// Summon returns whom c calls for now that it has become what it is; was is what it was.
// It is false unless c has become an emergency, or a more severe one.
func (c Case) Summon(was Case, p Policy) (Summons, bool) {
	level, before := c.File.Matter.Level, was.File.Matter.Level
	worse := level > 0 && (before == 0 || level < before)
	if !c.urgent(p) || was.urgent(p) && !worse {
		return Summons{}, false
	}
	return c.Summons("summons:"+string(c.Number)+":"+itoa(c.Events), c.Facts(p).Class), true
}

// Summons calls for whoever manages c.
func (c Case) Summons(key string, class Class) Summons {
	return Summons{Key: key, Case: c.Number, Call: c.Call.ID, Class: class, Accused: c.File.Accused, After: c.Events}
}

// Taken tells whether somebody has taken what m calls for in c, whose ledger events is,
// or nobody needs to any more.
func (m Summons) Taken(c Case, events []Event) bool {
	return !slices.Contains(live, c.State) || slices.ContainsFunc(events, func(e Event) bool {
		switch e.Kind {
		case EventSummoned:
			var s Summoned
			return json.Unmarshal(e.Body, &s) == nil && s.Result == SummonsTaken && (s.Key == m.Key || e.Seq > m.After)
		case EventContacted:
			var s Contact
			return e.Seq > m.After && json.Unmarshal(e.Body, &s) == nil && slices.Contains(reachedBy[s.Party], AtManagerReached)
		}
		return false
	})
}

// Ladder returns who in d is rung for m under p, one after the other: the manager on duty,
// then the leaders the policy escalates to; where leaders are in charge of such cases,
// they come first. Of several the highest is the first.
func (d Directory) Ladder(p Policy, m Summons) []Recipient {
	var up []Party
	for _, party := range p.Escalation.Levels {
		if reached := reachedBy[party]; slices.Contains(reached, AtLeaderReached) {
			up = append(up, party)
		}
	}
	ladder := append([]Party{PartyManagerOnDuty}, up...)
	if class, _ := p.Class(m.Class); class.Route == "leader" {
		ladder = append(up, PartyManagerOnDuty)
	}
	var all []Recipient
	for _, party := range ladder {
		from := len(all)
		for _, one := range d.People {
			known := slices.ContainsFunc(all, func(r Recipient) bool { return r.Person.User == one.User })
			if !known && one.User != m.Accused && (Case{}).isParty(one.Actor(), party) {
				all = append(all, Recipient{one, party})
			}
		}
		slices.SortStableFunc(all[from:], func(a, b Recipient) int {
			holds := func(r Recipient) int { // the post before the role
				if slices.Contains(r.Person.Posts, party) {
					return 0
				}
				return 1
			}
			return cmp.Or(cmp.Compare(holds(a), holds(b)), cmp.Compare(b.Person.Rank, a.Person.Rank))
		})
	}
	return all
}

// reached are the milestones of somebody having taken it.
func (s Summoned) reached() []Milestone {
	if s.Result != SummonsTaken {
		return nil
	}
	return append([]Milestone{AtManagerReached}, reachedBy[s.As]...)
}
