package main

import (
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/sip/siptest"
)

const completedElsewhere = `SIP;cause=200;text="Call completed elsewhere"`

// TestHotlineCall is the story of the README, with every promise checked.
func TestHotlineCall(t *testing.T) {
	t.Parallel()
	b := newBed(t, 3, func(c *Config) { c.Hotlines[0].Greeting = "greeting" })
	phones := b.agents(3)
	began := time.Now()

	caller := b.caller(numbered(1)).Dial(b.Hotline)
	caller.Ringing()
	caller.Answered()
	caller.HearsNext(greetingSays)
	ringing := incoming(phones)
	caller.Hears(musicSays)
	agent := ringing[1]
	agent.Answer()
	agent.Answered()
	for _, i := range []int{0, 2} {
		if m := ringing[i].Ended(); m.Method != "CANCEL" || m.Get("Reason") != completedElsewhere {
			t.Errorf("phone %d stopped ringing by %s with Reason %q", i, m.Method, m.Get("Reason"))
		}
	}
	caller.Hears(toneOf(1))
	agent.Hears(callerSays)
	caller.Silent(musicSays, silentFor)
	for _, i := range []int{0, 2} {
		if caller.Heard(toneOf(i)) || len(ringing[i].Streams()) > 0 {
			t.Errorf("phone %d is in the call it did not get", i)
		}
	}
	caller.Hangup()
	if m := agent.Ended(); m.Method != "BYE" {
		t.Errorf("the agent's phone got %s, want BYE", m.Method)
	}

	for _, headers := range [][]string{ // the same caller again, then somebody who hides
		nil,
		{`From: "Anonymous" <sip:anonymous@anonymous.invalid>`, "Privacy: id"},
	} {
		again := b.caller(numbered(1)).Dial(b.Hotline, headers...)
		first := incoming(phones)[0]
		first.Answer()
		first.Answered()
		again.Hears(toneOf(0))
		first.Call.Hangup(t.Context())
		again.Ended()
	}

	all := b.cases()
	if len(all) != 3 {
		t.Fatalf("%d cases, want 3", len(all))
	}
	one, two, hidden := all[0], all[1], all[2]
	if !strings.HasSuffix(string(one.Number), "-1-0001") || one.State != cases.Open {
		t.Errorf("case %s is %s", one.Number, one.State)
	}
	if one.FirstAsker != b.Agents[1].User || one.Responsible != one.FirstAsker || one.Call.Extension != b.Agents[1].Ext {
		t.Errorf("first-asker %q, responsible %q, extension %q", one.FirstAsker, one.Responsible, one.Call.Extension)
	}
	who := one.Call.Caller
	if who.E164 != cases.Number(numbered(1)) || !strings.Contains(who.Raw, numbered(1)) || who.Withheld {
		t.Errorf("caller %+v", who)
	}
	call := one.Call
	if call.Hotline != b.Hotline || call.Trunk != "loopback" || call.Cause != cases.EndCaller {
		t.Errorf("call %+v", call)
	}
	if call.Arrived.Before(began) || call.Answered.Before(call.Arrived) || call.Ended.Before(call.Answered) ||
		call.Waited <= 0 || call.Waited > call.Answered.Sub(call.Arrived) || call.Talk <= 0 {
		t.Errorf("times of the call %+v", call)
	}
	if one.Previous != "" || two.Previous != one.Number || hidden.Previous != "" {
		t.Errorf("previous cases: %q, %q, %q", one.Previous, two.Previous, hidden.Previous)
	}
	if two.Call.Cause != cases.EndAgent {
		t.Errorf("the agent hung up, on record is %s", two.Call.Cause)
	}
	if !hidden.Call.Caller.Withheld || hidden.Call.Caller.E164 != "" {
		t.Errorf("hidden caller %+v", hidden.Call.Caller)
	}
}

// TestTieWindow: of answers within the window the higher rank is first-asker.
func TestTieWindow(t *testing.T) {
	t.Parallel()
	b := newBed(t, 3, func(c *Config) {
		c.Queues[0].TieWindow = Duration(5 * time.Second)
		b := examplePhonebook(3)
		b.People[1].Rank = 5
		if err := b.save(c.Data); err != nil {
			t.Fatal(err)
		}
	})
	phones := b.agents(3)
	caller := b.dial(numbered(1))
	ringing := incoming(phones)
	ringing[0].Answer()
	ringing[0].Answered()
	ringing[1].Answer()
	caller.Hears(toneOf(1))
	ringing[1].Hears(callerSays)
	if m := ringing[0].Ended(); m.Method != "BYE" || m.Get("Reason") != completedElsewhere {
		t.Errorf("the junior's phone got %s with Reason %q, want BYE", m.Method, m.Get("Reason"))
	}
	ringing[2].Ended()
	if ringing[0].Heard(callerSays) || caller.Heard(toneOf(0)) {
		t.Error("the junior was in the call")
	}
	caller.Hangup()
	ringing[1].Ended()
	if c := only(t, b.cases()); c.FirstAsker != b.Agents[1].User {
		t.Errorf("first-asker %q, want the senior %q", c.FirstAsker, b.Agents[1].User)
	}
}

// TestNobodyAnswers: round after round, then an apology and a callback owed.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	b := newBed(t, 2, func(c *Config) {
		c.Queues[0].RingTime, c.Queues[0].MaxWait = Duration(400*time.Millisecond), Duration(5*time.Second)
		c.Hotlines[0].CallbackWithin = Duration(10 * time.Minute)
	})
	phones := b.agents(2)
	caller := b.dial(numbered(1))
	for range 2 {
		for _, c := range incoming(phones) {
			if m := c.Ended(); m.Method != "CANCEL" || m.Get("Reason") != "" {
				t.Errorf("end of a round: %s with Reason %q", m.Method, m.Get("Reason"))
			}
		}
	}
	caller.HearsNext(apologySays)
	if m := caller.Ended(); m.Method != "BYE" {
		t.Errorf("dismissed by %s, want BYE", m.Method)
	}
	if !caller.Heard(goodbyeSays) || !caller.Heard(musicSays) {
		t.Error("the caller did not hear music and goodbye")
	}
	missedCase(t, only(t, b.cases()), cases.MissedNoAnswer, 10*time.Minute)
}

// missedCase checks a case nobody answered: it owes a callback.
func missedCase(t *testing.T, c cases.Case, why cases.MissedReason, within time.Duration) {
	t.Helper()
	if c.Call.Missed != why || c.FirstAsker != "" || !c.Call.Answered.IsZero() || c.State != cases.Open {
		t.Errorf("missed %q, first-asker %q, answered %s, state %s; want missed %q", c.Call.Missed, c.FirstAsker, c.Call.Answered, c.State, why)
	}
	if got := c.CallbackDue.Sub(c.Call.Ended); got < within-time.Second || got > within+time.Second {
		t.Errorf("callback due %s after the call, want %s", got, within)
	}
}

// TestNoAgent: nobody is registered; the caller is told so and not forgotten.
func TestNoAgent(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, func(c *Config) { c.Queues[0].MaxWait = Duration(4 * time.Second) })
	caller := b.dial(numbered(1))
	caller.HearsNext(allBusySays)
	caller.Hears(musicSays)
	caller.HearsNext(apologySays)
	caller.Ended()
	missedCase(t, only(t, b.cases()), cases.MissedNoAnswer, 30*time.Minute)
}

// TestPhonesThatDoNotAnswer: one declines, one has lost its power; the third has
// the call.
func TestPhonesThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	b := newBed(t, 3)
	phones := b.agents(3)
	phones[1].Close()
	caller := b.dial(numbered(1))
	declines, answers := phones[0].Incoming(), phones[2].Incoming()
	declines.Reject(486)
	declines.Ended()
	answers.Answer()
	caller.Hears(toneOf(2))
	answers.Hears(callerSays)
	caller.Hangup()
	answers.Ended()
	if c := only(t, b.cases()); c.FirstAsker != b.Agents[2].User {
		t.Errorf("first-asker %q", c.FirstAsker)
	}
	if n := phones[0].Count("INVITE"); n != 1 {
		t.Errorf("the phone that declined was rung %d times", n)
	}
}

// TestEverybodyDeclines: the caller waits on, is not dropped, and is owed a
// callback when his time is over.
func TestEverybodyDeclines(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, func(c *Config) { c.Queues[0].MaxWait = Duration(4 * time.Second) })
	phone := b.agent(0, siptest.Config{})
	caller := b.dial(numbered(1))
	phone.Incoming().Reject(486)
	caller.Hears(musicSays)
	caller.HearsNext(apologySays)
	caller.Ended()
	missedCase(t, only(t, b.cases()), cases.MissedNoAnswer, 30*time.Minute)
}
