package main

import (
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/sip/siptest"
)

// referStages are points of a transfer by the phone's own key; line is the agent's
// second one, nobody's call if there is none.
var referStages = map[string]func(p *passed) (line, target siptest.TestCall){
	"blind, while the target rings": func(p *passed) (none, target siptest.TestCall) {
		p.refer(p.agent, p.ext(1), "", 202)
		target = p.phones[1].Incoming()
		p.told(p.agent, 100, 180)
		return none, target
	},
	"attended, while the target rings": func(p *passed) (none, target siptest.TestCall) {
		line, target := p.second()
		p.refer(p.agent, p.ext(1), replaces(line.Ringing(), false), 202)
		p.told(p.agent, 100, 180)
		line.Ended()
		return none, target
	},
	"before it, while the target rings": (*passed).second,
	"before it, while the two agents speak": func(p *passed) (line, target siptest.TestCall) {
		line, target, _ = p.spoken()
		return line, target
	},
}

// TestReferringPhoneDies: a phone that dies without a word is as one that hangs up:
// once its transfer has begun, that goes on; before, the caller is in front of the
// queue.
func TestReferringPhoneDies(t *testing.T) {
	t.Parallel()
	soon := func(c *Config) { c.RTP.MediaTimeout = Duration(2 * time.Second) }
	for _, name := range []string{"blind, while the target rings", "attended, while the target rings"} {
		for how, answers := range map[string]bool{", who picks up": true, ", who declines": false} {
			t.Run(name+how, func(t *testing.T) {
				t.Parallel()
				p := passOn(t, 3, soon)
				_, target := referStages[name](p)
				unplug(t, p.phones[0], p.agent)
				until(t, "the agent is out", func() bool { return p.server.board.Snapshot().Agents[0].Call == "" })
				p.caller.Hears(musicSays)
				if answers {
					target.Answer()
					p.talk(target, 1)
					p.end(target, 1, started, completed)
					return
				}
				target.Reject(603)
				other := p.phones[2].Incoming() // by the queue: the first-asker's phone is lost
				other.Answer()
				p.talk(other, 2)
				p.end(other, 2, started, failed, pickedUp)
			})
		}
	}
	t.Run("before it, while the two agents speak", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 3, soon)
		_, target := referStages["before it, while the two agents speak"](p)
		unplug(t, p.phones[0], p.agent)
		target.Ended() // he is not left with a dead line
		other := p.phones[2].Incoming()
		other.Answer()
		p.talk(other, 2)
		p.end(other, 2, pickedUp)
	})
	t.Run("when it has joined the two", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2, soon)
		_, target, replace := p.spoken()
		p.refer(p.agent, p.ext(1), replace, 202)
		unplug(t, p.phones[0], p.agent)
		p.talk(target, 1)
		p.end(target, 1, started, completed)
	})
}

// TestReferWhileDraining: nobody new is rung, but those who speak can be joined; who
// is in a transfer when the time is up is hung up, and the caller called back.
func TestReferWhileDraining(t *testing.T) {
	t.Parallel()
	draining := func(p *passed) {
		go p.stop()
		options := siptest.New(t, p.SIP.UDP, siptest.Config{User: "monitor", Patience: patience})
		until(p.t, "OPTIONS is answered with 503", func() bool {
			return options.Do(options.Request("OPTIONS", "sip:"+p.SIP.UDP)).Status == 503
		})
	}
	long := func(c *Config) { c.DrainTimeout = Duration(time.Minute) }
	t.Run("blind", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2, long)
		draining(p)
		p.refer(p.agent, p.ext(1), "", 202)
		p.told(p.agent, 100, 480)
		p.back()
		if why, caller := failure(t, p.end(p.agent, 0, started, failed)); why != cases.TransferUnreachable || caller != cases.CallerWithAgent {
			t.Errorf("failed because of %s, caller with %s", why, caller)
		}
	})
	t.Run("attended", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2, long)
		line, target, replace := p.spoken()
		draining(p)
		p.refer(p.agent, p.ext(1), replace, 202)
		p.told(p.agent, 100, 200)
		p.agent.Ended()
		line.Ended()
		p.talk(target, 1)
		p.end(target, 1, started, completed)
	})
	for name, reach := range referStages {
		t.Run("the time is up: "+name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2)
			line, target := reach(p)
			go p.stop()
			for _, c := range []siptest.TestCall{p.caller, p.agent, line, target} {
				if c.Call != nil {
					c.Ended()
				}
			}
			if c, _ := p.ledger(); c.CallbackDue.IsZero() {
				t.Error("no callback owed")
			}
		})
	}
}
