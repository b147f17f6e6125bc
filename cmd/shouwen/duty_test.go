package main

import (
	"testing"
	"time"

	"shouwen/ivr/acd"
	"shouwen/ivr/call"
)

// TestAgentTakesABreak: by dialling a code an agent is not rung, by another he
// is again.
func TestAgentTakesABreak(t *testing.T) {
	t.Parallel()
	b := newBed(t, 2)
	phones := b.agents(2)
	state := func(i int) acd.State { return b.server.board.Snapshot().Agents[i].State }
	dial := func(code string) {
		t.Helper()
		c := phones[0].Dial(code)
		c.Answered()
		c.Ended() // after the beep
	}

	dial(call.NotReadyCode)
	if s := state(0); s != acd.Paused {
		t.Errorf("after %s: %s", call.NotReadyCode, s)
	}
	waiting := b.caller(numbered(1)).Dial(b.Hotline)
	phones[1].Incoming()
	if n := phones[0].Count("INVITE"); n != 0 {
		t.Errorf("%d calls rang a phone whose agent has a break", n)
	}
	dial(call.ReadyCode)
	phones[0].Incoming() // he joins the round that is ringing
	waiting.Hangup()

	if m := b.caller(numbered(2)).Dial(call.ReadyCode).Ended(); m.Status != 404 {
		t.Errorf("the code from outside: %d, want 404", m.Status)
	}
}

// TestWhoIsAskedInATransfer: whose phone declines is left alone for a while; who
// gets the caller has the queue's time to finish the call, and who was only spoken
// with has nothing to finish.
func TestWhoIsAskedInATransfer(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2, func(c *Config) { c.Queues[0].WrapUp = Duration(time.Minute) })
	becomes := func(i int, want acd.State) {
		t.Helper()
		until(t, string(want), func() bool { return p.server.board.Snapshot().Agents[i].State == want })
	}
	p.consult("*2").Reject(603)
	becomes(1, acd.Paused)
	p.back()
	p.server.board.Ready(p.Agents[1].User)
	target := p.consulted()
	p.agent.Press("**")
	target.Ended()
	becomes(1, acd.Ready)
	p.back()
	target = p.consulted()
	p.last("*4")
	becomes(0, acd.WrapUp)
	p.talk(target, 1)
	p.end(target, 1, started, failed, started, failed, started, completed)
}

// TestTargetWrapsUp: who got the caller by transfer finishes the call as who got
// him from the queue does.
func TestTargetWrapsUp(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2, func(c *Config) { c.Queues[0].WrapUp = Duration(time.Minute) })
	target := p.consulted()
	p.last("*4")
	p.talk(target, 1)
	p.caller.Hangup()
	target.Ended()
	until(t, "wrap-up", func() bool { return p.server.board.Snapshot().Agents[1].State == acd.WrapUp })
}
