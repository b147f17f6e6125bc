package main

import (
	"encoding/json"
	"slices"
	"testing"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/sip/siptest"
)

// toneHz is what an agent hears of a phone that rings, or does not answer.
const toneHz = 450

// passed is a caller whom the first of some agents is about to pass on.
type passed struct {
	*bed
	phones        []siptest.TestPhone
	caller, agent siptest.TestCall
}

// passOn brings a caller to the first of n agents.
func passOn(t *testing.T, n int, change ...func(*Config)) *passed {
	t.Helper()
	return newBed(t, n, change...).passOn(n)
}

func (b *bed) passOn(n int) *passed {
	b.t.Helper()
	p := &passed{bed: b, phones: b.agents(n)}
	p.caller = b.dial(numbered(1))
	p.pickUp()
	return p
}

// pickUp lets the first agent have the caller, for whom every phone rings.
func (p *passed) pickUp() {
	p.t.Helper()
	ringing := incoming(p.phones)
	ringing[0].Answer()
	ringing[0].Answered()
	for _, c := range ringing[1:] {
		c.Ended()
	}
	p.agent = ringing[0]
	p.caller.Hears(toneOf(0))
	p.agent.Hears(callerSays)
}

// ext is the extension of the i-th agent.
func (p *passed) ext(i int) string { return p.Agents[i].Ext }

// consult lets the agent ring the second one for the caller.
func (p *passed) consult(code string) siptest.TestCall {
	p.t.Helper()
	p.agent.Press(code + p.ext(1) + "#")
	target := p.phones[1].Incoming()
	p.caller.Hears(musicSays)
	return target
}

// consulted lets the two agents speak with each other.
func (p *passed) consulted() siptest.TestCall {
	p.t.Helper()
	target := p.consult("*2")
	target.Answer()
	target.Hears(toneOf(0))
	p.agent.Hears(toneOf(1))
	p.caller.Hears(musicSays)
	return target
}

// conferred lets all three speak with each other.
func (p *passed) conferred() siptest.TestCall {
	p.t.Helper()
	target := p.consulted()
	p.agent.Press("*3")
	p.together(target)
	return target
}

// together checks that caller, agent and target hear each other, and nothing else.
func (p *passed) together(target siptest.TestCall) {
	p.t.Helper()
	for listener, hears := range map[siptest.TestCall][2]int{
		p.caller: {toneOf(0), toneOf(1)}, p.agent: {callerSays, toneOf(1)}, target: {callerSays, toneOf(0)},
	} {
		listener.Hears(hears[0])
		listener.Hears(hears[1])
		listener.Silent(musicSays, silentFor)
	}
}

// talk checks that the caller and who, the i-th agent, hear each other and the
// caller no music.
func (p *passed) talk(who siptest.TestCall, i int) {
	p.t.Helper()
	p.caller.Hears(toneOf(i))
	who.Hears(callerSays)
	p.caller.Silent(musicSays, silentFor)
}

// ledger ends the server and returns the one case with its ledger, but for the
// quality, which every answered call has.
func (p *passed) ledger() (cases.Case, []cases.Event) {
	p.t.Helper()
	return p.ledgerOf(only(p.t, p.cases()).Number)
}

// ledgerOf returns a case of the ended server with its ledger, but for the quality
// and whom the agent switched to.
func (p *passed) ledgerOf(number cases.CaseNumber) (cases.Case, []cases.Event) {
	p.t.Helper()
	c, events := p.all(number)
	return c, slices.DeleteFunc(events, func(e cases.Event) bool {
		return e.Kind == cases.EventQuality || e.Kind == cases.EventTransferSwitched
	})
}

// all returns a case of the ended server with all of its ledger.
func (p *passed) all(number cases.CaseNumber) (cases.Case, []cases.Event) {
	p.t.Helper()
	st, err := store.Open(p.t.Context(), p.database)
	if err != nil {
		p.t.Fatal(err)
	}
	defer st.Close()
	c, events, err := st.Case(p.t.Context(), number)
	if err != nil {
		p.t.Fatal(err)
	}
	return c, events
}

// last presses a code that ends the agent's part: the phone may be hung up before
// the key is.
func (p *passed) last(code string) {
	p.t.Helper()
	_ = p.agent.Call.Audio.Press(p.t.Context(), code)
	p.agent.Ended()
}

// back checks that the agent, after a tone if any, has the caller again and the
// target's phone, if it rang, does no more.
func (p *passed) back() {
	p.t.Helper()
	p.talk(p.agent, 0)
	p.agent.Silent(toneOf(1), silentFor)
}

// end hangs up the caller, who speaks with who, and checks the case: its
// first-asker is the first agent, its handler the one given, and the events after
// the pick-up are of these kinds.
func (p *passed) end(who siptest.TestCall, handler int, kinds ...cases.EventKind) []cases.Event {
	p.t.Helper()
	p.caller.Hangup()
	who.Ended()
	return p.check(handler, append(kinds, cases.EventEnded)...)
}

func (p *passed) check(handler int, kinds ...cases.EventKind) []cases.Event {
	p.t.Helper()
	c, events := p.ledger()
	p.is(c, events, handler, kinds...)
	return events
}

// is checks who has a case, and the kinds of its events after the first.
func (p *passed) is(c cases.Case, events []cases.Event, handler int, kinds ...cases.EventKind) {
	p.t.Helper()
	if c.FirstAsker != p.Agents[0].User || c.Responsible != c.FirstAsker || c.Handler != p.Agents[handler].User {
		p.t.Errorf("first-asker %s, responsible %s, handler %s", c.FirstAsker, c.Responsible, c.Handler)
	}
	var got []cases.EventKind
	for _, e := range events[1:] {
		got = append(got, e.Kind)
	}
	if !slices.Equal(got, kinds) {
		p.t.Errorf("events %v, want %v", got, kinds)
	}
}

const (
	started   = cases.EventTransferStarted
	completed = cases.EventTransferCompleted
	failed    = cases.EventTransferFailed
	pickedUp  = cases.EventPickedUp
)

// failure returns why a transfer failed, from the event about it, and where the
// caller was left.
func failure(t *testing.T, events []cases.Event) (cases.TransferFailure, cases.CallerWith) {
	t.Helper()
	for _, e := range events {
		if e.Kind == failed {
			var f cases.TransferFailed
			if err := json.Unmarshal(e.Body, &f); err != nil {
				t.Fatal(err)
			}
			return f.Reason, f.Caller
		}
	}
	t.Error("no transfer failed")
	return "", ""
}
