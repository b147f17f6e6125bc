package main

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"shouwen/cases"
)

// TestConference: the agent brings caller and target together, from either of the
// two, and leaves them to each other.
func TestConference(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2)
	target := p.conferred()
	p.agent.Press("*1") // alone with the target again
	p.caller.Hears(musicSays)
	target.Hears(toneOf(0))
	p.agent.Hears(toneOf(1))
	p.agent.Silent(callerSays, silentFor)
	p.agent.Press("*1")
	p.talk(p.agent, 0)
	target.Hears(musicSays)
	p.agent.Press("*3")
	p.together(target)
	p.last("*4")
	p.talk(target, 1)
	events := p.end(target, 1, started, completed)
	var done cases.TransferCompleted
	if err := json.Unmarshal(events[2].Body, &done); err != nil {
		t.Fatal(err)
	}
	_, all := p.all(events[0].Case)
	var with []cases.AgentWith
	for _, e := range all {
		var s cases.TransferSwitched
		if e.Kind != cases.EventTransferSwitched {
			continue
		}
		if err := json.Unmarshal(e.Body, &s); err != nil {
			t.Fatal(err)
		}
		if with = append(with, s.With); e.By != p.Agents[0].User || s.To != p.Agents[1].User || e.At.Before(done.PickedUp) || e.At.After(events[2].At) {
			t.Errorf("%+v by %s at %s", s, e.By, e.At)
		}
	}
	if want := []cases.AgentWith{cases.AgentWithBoth, cases.AgentWithTarget, cases.AgentWithCaller, cases.AgentWithBoth}; !slices.Equal(with, want) {
		t.Errorf("the agent switched to %v, want %v", with, want)
	}
	var over cases.Ended
	if err := json.Unmarshal(events[3].Body, &over); err != nil {
		t.Fatal(err)
	}
	if leg := events[3].At.Sub(done.PickedUp); (leg-time.Duration(over.TargetTalk)).Abs() > time.Second || over.TargetTalk >= over.Talk {
		t.Errorf("the target talked for %v of %v, its leg was up for %v", over.TargetTalk, over.Talk, leg)
	}
	if done.Conferred < cases.Span(silentFor) || done.Conferred >= done.Consulted {
		t.Errorf("spoke together for %v, of %v with the target", time.Duration(done.Conferred), time.Duration(done.Consulted))
	}
}

// TestConferenceCancelled: the target leaves, the caller and the agent go on.
func TestConferenceCancelled(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2)
	target := p.conferred()
	p.agent.Press("**")
	if m := target.Ended(); m.Method != "BYE" {
		t.Errorf("the target got %s", m.Method)
	}
	p.back()
	if why, _ := failure(t, p.end(p.agent, 0, started, failed)); why != cases.TransferCancelled {
		t.Errorf("failed because of %s", why)
	}
}

// TestConferenceNeedsThree: without a target who picked up there is nobody to
// bring together.
func TestConferenceNeedsThree(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2)
	target := p.consult("*2")
	p.agent.Press("*3")
	p.agent.Hears(toneHz)
	p.agent.Silent(callerSays, silentFor)
	p.caller.Hears(musicSays)
	target.Answer()
	target.Hears(toneOf(0))
	p.last("*4")
	p.talk(target, 1)
	p.end(target, 1, started, completed)
}
