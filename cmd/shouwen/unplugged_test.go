package main

import (
	"testing"
	"time"

	"shouwen/sip/siptest"
)

// soonDead has a phone that says nothing asked after a second whether it is there.
func soonDead(c *Config) { c.RTP.MediaTimeout = Duration(2 * time.Second) }

// holding is the stage of an agent who holds the caller.
func holding(how siptest.Direction) stage {
	return func(p *passed) (none siptest.TestCall) {
		p.t.Helper()
		p.agent.Do("INVITE", p.agent.SDP(how))
		p.caller.Hears(musicSays)
		return none
	}
}

// TestAgentUnplugged: in whatever state the agent's phone loses its power, the
// caller hears music until the target of his transfer has him, or the queue.
func TestAgentUnplugged(t *testing.T) {
	t.Parallel()
	for name, reach := range map[string]stage{
		"while he holds":                 holding(siptest.SendOnly),
		"while he holds without audio":   holding(siptest.Inactive),
		"while he dials":                 stages["while the agent dials"],
		"while the target rings blindly": stages["while the target rings blindly"],
		"while he is told":               stages["while the agent is told"],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2, soonDead)
			target := reach(p)
			unplug(t, p.phones[0], p.agent)
			if target.Call == nil {
				target = p.phones[1].Incoming() // for the queue
			} else {
				until(t, "the agent is out", func() bool { return p.server.board.Snapshot().Agents[0].Call == "" })
			}
			p.caller.Hears(musicSays)
			target.Answer()
			p.talk(target, 1)
			p.caller.Hangup()
			target.Ended()
			if c, _ := p.ledger(); c.FirstAsker != p.Agents[0].User || c.Handler != p.Agents[1].User || !c.CallbackDue.IsZero() {
				t.Errorf("case %+v", c)
			}
		})
	}
}

// TestTargetUnplugged: the agent has the caller again.
func TestTargetUnplugged(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"while the target waits", "while all three speak"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2, soonDead)
			unplug(t, p.phones[1], stages[name](p))
			until(t, "the target is out", func() bool { return p.server.board.Snapshot().Agents[1].Call == "" })
			p.back()
			p.end(p.agent, 0, started, failed)
		})
	}
}

// TestUnpluggedBetweenCalls: a phone that dies while it rings, or in the wrap-up,
// keeps no caller from those that live.
func TestUnpluggedBetweenCalls(t *testing.T) {
	t.Parallel()
	t.Run("while it rings", func(t *testing.T) {
		t.Parallel()
		b := newBed(t, 2)
		phones := b.agents(2)
		caller := b.dial(numbered(1))
		ringing := incoming(phones)
		unplug(t, phones[0], ringing[0])
		caller.Hears(musicSays)
		p := &passed{bed: b, caller: caller}
		ringing[1].Answer()
		p.talk(ringing[1], 1)
		caller.Hangup()
		ringing[1].Ended()
	})
	t.Run("in the wrap-up", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2, func(c *Config) { c.Queues[0].WrapUp = Duration(time.Second) })
		p.caller.Hangup()
		p.agent.Ended()
		unplug(t, p.phones[0], p.agent)
		p.caller = p.dial(numbered(2))
		next := p.phones[1].Incoming()
		until(t, "the wrap-up is over", func() bool { return p.server.board.Snapshot().Agents[0].Call != "" }) // it is rung, in vain
		p.caller.Hears(musicSays)
		next.Answer()
		p.talk(next, 1)
		p.caller.Hangup()
		next.Ended()
	})
}

// TestUnpluggedUnderWatch: the supervisor goes with the agent whose phone died, and
// his own dead phone is noticed by nobody else.
func TestUnpluggedUnderWatch(t *testing.T) {
	t.Parallel()
	t.Run("the agent's", func(t *testing.T) {
		t.Parallel()
		w := watch(t, soonDead)
		boss := w.listens()
		boss.Press("6")
		w.hears(boss, true, true)
		unplug(t, w.phones[0], w.agent)
		next := w.phones[1].Incoming()
		w.caller.Hears(musicSays)
		boss.Ended()
		next.Answer()
		w.talk(next, 1)
		w.caller.Silent(w.bossTone, silentFor)
		w.caller.Hangup()
		next.Ended()
	})
	t.Run("the supervisor's", func(t *testing.T) {
		t.Parallel()
		w := watch(t, soonDead)
		boss := w.listens()
		unplug(t, w.boss, boss)
		until(t, "the supervisor is out", func() bool { return w.server.calls.Live()[0].Supervisor == "" })
		w.talk(w.agent, 0)
		w.caller.Hangup()
		w.agent.Ended()
	})
}
