package cases

import "slices"

// Counter names a figure that only grows. In metrics it is shouwen_state_<counter>_total.
type Counter string

// What is counted. Everything else is looked up.
const (
	CountDeadlinesDue     Counter = "deadlines_due"       // clocks met in time, or breached
	CountExtensions       Counter = "deadline_extensions" // extensions and pauses granted
	CountPromisesBroken   Counter = "promises_broken"
	CountFirstAskerClosed Counter = "first_asker_closed" // cases closed, by who finished them
	CountHandovers        Counter = "handovers"          // hand-overs decided
	CountCallbacksClosed  Counter = "callbacks_closed"
	CountVisitAnswers     Counter = "visit_answers" // what callers say of how they were served
	CountEscalations      Counter = "escalations"
	CountContacts         Counter = "contacts" // cases, once it is known whether they repeat another
	CountPresses          Counter = "presses"
	CountSanctions        Counter = "sanctions_proposed"
)

// Desk says whose something is: a department's, or that of a person.
type Desk struct {
	Department string
	User       string // if Department is empty
}

// Desk returns who has c: its department, or who is responsible for it.
func (c Case) Desk() Desk { return Desk{c.Department, c.Responsible} }

// behind are the parties who are in the department that has the case. All others are in
// front of it, with the first-asker.
var behind = []Party{
	PartyHandler, PartyPersons, PartyDepartment, PartyDepartmentHead, PartyManager, PartySectionHead, PartyCoordinator, PartyFunctional, PartyCSC,
}

// Behind reports whether a clock on t is held against the department that has the case,
// not against who is responsible for the case wherever it may be.
func (t Terms) Behind() bool {
	return len(t.By) == 0 || slices.ContainsFunc(t.By, func(p Party) bool { return slices.Contains(behind, p) })
}

// Desk returns whom k of case c is held against.
func (k Clock) Desk(c Case) Desk {
	if telephony := k.Of.ID == "" && k.On.Kind == ""; telephony || !k.terms().Behind() {
		return Desk{User: c.Responsible}
	}
	return c.Desk()
}

// Tally is one thing to be counted.
type Tally struct {
	Counter Counter
	Desk    Desk
	Labels  map[string]string // besides the department; nil: none
}

// Change is what somebody did to a case, or telephony saw.
type Change struct {
	Was, Is  Case
	Events   []Event     // that say so
	Breached []ClockKind // of the clocks of Was that run: their breach was counted when it came
	Verified int         // if it verifies an offence: how often that was verified of the same person, this time included
}

// Tallies returns what ch makes count under p. What comes by itself, breaches and their
// escalations, is counted where it fires.
func (ch Change) Tallies(p Policy) []Tally {
	all := slices.Concat(ch.ofClocks(p), ch.ofCallback(), ch.ofHandOver(), ch.ofFile(p))
	for _, e := range ch.Events {
		switch {
		case e.Kind == EventPressed:
			all = append(all, Tally{CountPresses, ch.Is.Desk(), nil})
		case e.Kind == EventClosed && ch.Is.FirstAsker != "":
			by := "by_first_asker"
			if len(ch.Is.File.Handed) > 0 {
				by = "after_handover"
			}
			all = append(all, Tally{CountFirstAskerClosed, Desk{User: ch.Is.FirstAsker}, map[string]string{"result": by}})
		case e.Kind == EventVerified:
			for _, against := range p.Sanctions.Proposals(*ch.Is.File.Verified, ch.Is.File.Returned, ch.Verified) {
				all = append(all, Tally{CountSanctions, Desk{User: against.Against}, nil})
			}
		}
	}
	if ch.Is.settled() && !ch.Was.settled() {
		all = append(all, Tally{Counter: CountContacts})
	}
	return all
}

// settled reports whether it is known, or never will be, what c is about.
func (c Case) settled() bool { return c.File.Matter.Category != "" || c.State.Over() }

// ofClocks counts clocks that stopped, and what they were granted.
func (ch Change) ofClocks(p Policy) (all []Tally) {
	for i, k := range ch.Is.Clocks {
		var was Clock // one that has just started ran before, too
		desk, noticed := k.Desk(ch.Is), false
		if i < len(ch.Was.Clocks) {
			was, desk, noticed = ch.Was.Clocks[i], k.Desk(ch.Was), slices.Contains(ch.Breached, k.Kind)
		}
		if len(k.Extensions) > len(was.Extensions) {
			all = append(all, Tally{CountExtensions, desk, map[string]string{"reason": p.Extension.reason(k.Kind)}})
		}
		if n := len(k.Pauses); n > len(was.Pauses) {
			all = append(all, Tally{CountExtensions, desk, map[string]string{"reason": string(k.Pauses[n-1].Reason)}})
		}
		if was.Running() && !noticed {
			all = append(all, decided(k, desk)...)
		}
	}
	return all
}

// reason is what lets a clock of a kind be due later, as metrics call it.
func (x ExtensionPolicy) reason(kind ClockKind) string {
	if kind == ClockInquiry {
		return string(ClockInquiry)
	}
	return string(x.Mode)
}

// decided counts a clock that was met or, though nobody noticed yet, breached.
func decided(k Clock, desk Desk) []Tally {
	result := "met"
	switch {
	case k.Stopped.IsZero() || k.Due.IsZero(): // it runs, does not apply any more, or was only measured
		return nil
	case k.Late(k.Stopped) > 0:
		result = "breached"
	}
	all := []Tally{{CountDeadlinesDue, desk, map[string]string{"clock": string(k.Kind), "result": result}}}
	if k.Kind == ClockPromise && result == "breached" {
		all = append(all, Tally{CountPromisesBroken, desk, nil})
	}
	return all
}

// ofCallback counts a callback owed that was made, or is owed no longer since the case
// is over.
func (ch Change) ofCallback() []Tally {
	if ch.Was.CallbackDue.IsZero() || len(ch.Events) == 0 {
		return nil
	}
	k := Clock{Kind: ClockCallback, Due: ch.Was.CallbackDue}
	noticed := slices.Contains(ch.Breached, k.Kind)
	at := ch.Events[0].At
	result := ""
	switch {
	case ch.Events[0].Kind == EventCallbackAnswered:
		k.Stopped, result = at, "kept"
		if noticed || k.Late(at) > 0 {
			result = "late"
		}
	case !ch.Is.State.Over() || ch.Was.State.Over():
		return nil
	case ch.Is.State == Closed && len(ch.Is.File.Replies) == 0: // a supervisor signed
		k, result = k.Cancel(at), "unreachable"
	default:
		k, result = k.Cancel(at), "cancelled"
	}
	desk := k.Desk(ch.Was)
	all := []Tally{{CountCallbacksClosed, desk, map[string]string{"result": result}}}
	if !noticed {
		all = append(all, decided(k, desk)...)
	}
	return all
}

// ofHandOver counts a hand-over that was decided: accepted, in time or not, sent back,
// or refused with the case. Who sends a case back after he accepted it counts once more.
func (ch Change) ofHandOver() (all []Tally) {
	attempt := "first"
	if len(ch.Was.File.Handed) > 1 {
		attempt = "later"
	}
	for _, e := range ch.Events {
		result := ""
		switch {
		case e.Kind == EventAccepted && ch.acceptedLate():
			result = "timed_out"
		case e.Kind == EventAccepted:
			result = "accepted"
		case e.Kind == EventReturned:
			result = "returned"
		case e.Kind == EventRefused && ch.Was.State == HandedOver:
			result = "refused"
		default:
			continue
		}
		all = append(all, Tally{CountHandovers, ch.Was.Desk(), map[string]string{"result": result, "attempt": attempt}})
	}
	return all
}

// acceptedLate reports whether the clock of acceptance stopped late.
func (ch Change) acceptedLate() bool {
	for i, k := range ch.Is.Clocks {
		if k.Kind == ClockAccept && i < len(ch.Was.Clocks) && ch.Was.Clocks[i].Running() && !k.Running() && k.Late(k.Stopped) > 0 {
			return true
		}
	}
	return false
}

// ofFile counts return visits and steps up.
func (ch Change) ofFile(p Policy) (all []Tally) {
	desk := ch.Was.Desk()
	for _, v := range ch.Is.File.Visits[len(ch.Was.File.Visits):] {
		satisfied := "not_given"
		if v.Satisfied != nil {
			satisfied = yesNo(*v.Satisfied >= 4)
		}
		for _, said := range []struct{ question, answer string }{{"contacted", yesNo(v.Answered)}, {"solved", yesNo(v.Solved)}, {"satisfied", satisfied}} {
			all = append(all, Tally{CountVisitAnswers, desk, map[string]string{"question": said.question, "answer": said.answer}})
		}
	}
	for _, up := range ch.Is.File.Ladder[len(ch.Was.File.Ladder):] {
		all = append(all, Tally{CountEscalations, desk, map[string]string{"level": itoa(p.Escalation.Level(up.To))}})
	}
	return all
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// HighestLevel is that of the top; whatever ladder an organisation has, figures know so
// many.
const HighestLevel = 4

// Level returns how far up a party is, 1 to HighestLevel: the step of the policy's
// ladder, and the highest of all for the director.
func (e Escalation) Level(to Party) int {
	if to == PartyDirector || to == PartyDirectors {
		return HighestLevel
	}
	return min(max(slices.Index(e.Levels, to)+1, 1), HighestLevel)
}

// Level returns how far up anybody took c, 0 to HighestLevel.
func (c Case) Level(p Policy) (level int) {
	for _, up := range c.File.Ladder {
		level = max(level, p.Escalation.Level(up.To))
	}
	return level
}
