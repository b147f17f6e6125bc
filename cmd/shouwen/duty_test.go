package main

import (
	"testing"

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
