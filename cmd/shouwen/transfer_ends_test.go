package main

import (
	"errors"
	"slices"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
	"shouwen/ivr/call"
	"shouwen/metrics"
	"shouwen/sip/siptest"
)

const callEnded = cases.EventEnded

// stage is a point of a transfer to which a test brings a caller; target is
// nobody's call before it rings.
type stage func(p *passed) (target siptest.TestCall)

var stages = map[string]stage{
	"while the agent dials": func(p *passed) (none siptest.TestCall) {
		p.agent.Press("*2")
		p.caller.Hears(musicSays)
		return none
	},
	"while the target rings":         func(p *passed) siptest.TestCall { return p.consult("*2") },
	"while the target rings blindly": func(p *passed) siptest.TestCall { return p.consult("*6") },
	"after the agent left": func(p *passed) siptest.TestCall {
		target := p.consult("*2")
		p.last("*4")
		p.caller.Hears(musicSays)
		return target
	},
	"while the two agents speak": (*passed).consulted,
	"while the target waits": func(p *passed) siptest.TestCall {
		target := p.consulted()
		p.agent.Press("*1")
		p.talk(p.agent, 0)
		target.Hears(musicSays)
		return target
	},
	"while all three speak": (*passed).conferred,
	"while the agent is told": func(p *passed) (none siptest.TestCall) {
		p.agent.Press("*29999#")
		p.agent.Hears(toneHz)
		p.caller.Hears(musicSays)
		return none
	},
}

// talkStages are those in which agent and target have each other.
var talkStages = []string{"while the two agents speak", "while the target waits", "while all three speak"}

// TestCallerHangsUpInTransfer: every phone stops at once, but for two agents who have
// each other, and the case says what the caller had; who was left alone is called
// back.
func TestCallerHangsUpInTransfer(t *testing.T) {
	t.Parallel()
	for name, reach := range stages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2)
			target := reach(p)
			p.caller.Hangup()
			if slices.Contains(talkStages, name) {
				p.recordedEnd()
				p.agent.Hangup()
			} else {
				p.agent.Ended()
			}
			if target.Call != nil {
				target.Ended()
			}
			p.idle()
			c, events := p.ledger()
			last := events[len(events)-1].Kind
			if alone := name == "after the agent left"; alone != !c.CallbackDue.IsZero() || alone != (last == cases.EventMissed) {
				t.Errorf("callback due %s, last event %s", c.CallbackDue, last)
			}
			if target.Call == nil {
				return
			}
			if why, caller := failure(t, events); why != cases.TransferCallEnded || caller != cases.CallerGone {
				t.Errorf("failed because of %s, caller with %s", why, caller)
			}
		})
	}
}

// TestColleaguesTalkOn: when the caller hangs up, agent and target go on speaking until
// one of them has enough; both are busy for so long, and the agent then has his
// wrap-up. The case is over when the caller is gone.
func TestColleaguesTalkOn(t *testing.T) {
	t.Parallel()
	for i, name := range talkStages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2, func(c *Config) { c.Queues[0].WrapUp = Duration(time.Hour) })
			target := stages[name](p)
			p.caller.Hangup()
			over := p.recordedEnd()
			p.agent.Hears(toneOf(1))
			target.Hears(toneOf(0))
			live := p.server.calls.Live()
			if len(live) != 1 || live[0].Direction != metrics.Internal || live[0].State != metrics.Talking || live[0].Agent != p.Agents[1].User {
				t.Errorf("live: %+v", live)
			}
			for _, a := range p.server.board.Snapshot().Agents {
				if a.State != acd.Talking {
					t.Errorf("%s is %s", a.User, a.State)
				}
			}
			p.agent.Press("*4") // is a code no more
			target.HearsDigits("*4")
			p.agent.Do("INVITE", p.agent.SDP(siptest.SendOnly))
			target.Hears(musicSays)
			p.agent.Do("INVITE", p.agent.SDP(siptest.SendRecv))
			target.Hears(toneOf(0))
			two := []siptest.TestCall{p.agent, target}
			two[i%2].Hangup()
			two[1-i%2].Ended()
			p.idle()
			if a := p.server.board.Snapshot().Agents; a[0].State != acd.WrapUp || a[1].State == acd.WrapUp {
				t.Errorf("the agent is %s, the target %s", a[0].State, a[1].State)
			}
			c, events := p.ledger()
			f := lastBody[cases.TransferFailed](t, events, failed)
			if f.Reason != cases.TransferCallEnded || f.Caller != cases.CallerGone || f.Agent != cases.AgentWithTarget {
				t.Errorf("failed: %+v", f)
			}
			if c.Call.Cause != cases.EndCaller || !c.Call.Ended.Equal(over) {
				t.Errorf("ended at %s by %s, had at %s", c.Call.Ended, c.Call.Cause, over)
			}
		})
	}
	t.Run("not with somebody outside", func(t *testing.T) {
		t.Parallel()
		carrier := siptest.New(t, "", siptest.Config{User: "carrier", Tone: reachedSays, Patience: patience})
		p := passOn(t, 1, byCarrier(carrier))
		p.asked("*201055550199#")
		there := carrier.Incoming()
		there.Answer()
		p.agent.Hears(reachedSays)
		p.caller.Hangup()
		there.Ended()
		p.agent.Ended()
	})
	t.Run("the server stops", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2)
		target := p.consulted()
		p.caller.Hangup()
		p.recordedEnd()
		p.stop()
		p.agent.Ended()
		target.Ended()
	})
}

// recordedEnd waits until the end of the call is on record, and returns when it was.
func (p *passed) recordedEnd() (at time.Time) {
	p.t.Helper()
	until(p.t, "the end is on record", func() bool {
		all := recordedCases(p.t, p.server.database.store)
		at = all[0].Call.Ended
		return !at.IsZero()
	})
	return at
}

// TestAgentHangsUpInTransfer: who hangs up leaves the caller to the target if
// there is one, and else to the front of the queue.
func TestAgentHangsUpInTransfer(t *testing.T) {
	t.Parallel()
	for name, reach := range stages {
		if name == "after the agent left" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2)
			target := reach(p)
			p.agent.Call.Hangup(t.Context())
			p.agent.Ended()
			if target.Call == nil {
				p.pickUp()
				p.caller.Hangup()
				p.agent.Ended()
				p.ledger()
				return
			}
			_ = target.Call.Answer() // an error: he has picked up
			p.talk(target, 1)
			p.end(target, 1, started, completed)
		})
	}
}

// TestTargetFailsAfterTheAgentLeft: the caller hears music until somebody of the
// queue has him, before those who came after him.
func TestTargetFailsAfterTheAgentLeft(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"*2", "*6"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2)
			target := p.consult(code)
			behind := p.dial(numbered(2)) // both agents are busy
			behind.Hears(musicSays)
			p.last("*4")
			rings := p.phones[0].Incoming() // for the one behind
			target.Reject(486)
			p.caller.Hears(musicSays)
			again := p.phones[1].Incoming() // for the one in front
			again.Answer()
			p.talk(again, 1)
			behind.Hangup()
			rings.Ended()
			p.caller.Hangup()
			again.Ended()
			one := p.firstCase()
			if one.FirstAsker != p.Agents[0].User || one.Handler != p.Agents[1].User || !one.CallbackDue.IsZero() {
				t.Errorf("case %+v", one)
			}
		})
	}
}

// TestFirstAskerRingsFirst: whoever lost the caller, a first-asker who is free is
// rung before the queue.
func TestFirstAskerRingsFirst(t *testing.T) {
	t.Parallel()
	p := passOn(t, 3)
	second := p.consult("*6")
	second.Answer()
	p.agent.Ended()
	p.talk(second, 1)
	second.Press("*2" + p.ext(2) + "#")
	third := p.phones[2].Incoming()
	second.Hangup()
	third.Reject(603)
	first := p.phones[0].Incoming()
	p.caller.Silent(toneOf(1), silentFor)
	for i, phone := range p.phones[1:] {
		if n := phone.Count("INVITE"); n != 2 { // by the queue at the beginning, and for a transfer
			t.Errorf("phone %d was rung %d times, want twice", i+1, n)
		}
	}
	first.Answer()
	p.talk(first, 0)
	p.end(first, 0, started, completed, started, failed, pickedUp)
}

// TestTargetHangsUp: the agent has the caller again.
func TestTargetHangsUp(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"while the two agents speak", "while the target waits", "while all three speak"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2)
			target := stages[name](p)
			target.Hangup()
			p.back()
			if why, _ := failure(t, p.end(p.agent, 0, started, failed)); why != cases.TransferHungUp {
				t.Errorf("failed because of %s", why)
			}
		})
	}
}

// TestBothAgentsHangUp at the same moment: whoever was faster, the caller is in
// front of the queue and somebody else has him next.
func TestBothAgentsHangUp(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2)
	for range 5 {
		p.agent.Press("*2" + p.ext(1) + "#")
		target := p.phones[1].Incoming()
		for target.Invite.Get("Referred-By") == "" { // the queue rang both, as he was not faster
			target.Ended()
			target = p.phones[1].Incoming()
		}
		target.Answer()
		target.Hears(toneOf(0))
		p.agent.Hears(toneOf(1))
		together(2, func(i int) {
			_ = []siptest.TestCall{p.agent, target}[i].Call.Hangup(t.Context())
		})
		p.agent = p.phones[0].Incoming() // alone, if he was faster and is free again
		p.agent.Answer()
		p.talk(p.agent, 0)
	}
	p.caller.Hangup()
	p.agent.Ended()
	if c, events := p.ledger(); c.FirstAsker != p.Agents[0].User || len(events) != 1+5*3+1 { // each round: started, its end, picked up
		t.Errorf("first-asker %s, %d events", c.FirstAsker, len(events))
	}
}

// TestAgentAndCallerHangUp at the same moment: the target is hung up.
func TestAgentAndCallerHangUp(t *testing.T) {
	t.Parallel()
	b := passOn(t, 2)
	for range 4 {
		target := b.consulted()
		together(2, func(i int) {
			_ = []siptest.TestCall{b.agent, b.caller}[i].Call.Hangup(t.Context())
		})
		target.Ended()
		b.caller = b.dial(numbered(1))
		b.pickUp()
	}
	b.caller.Hangup()
	b.agent.Ended()
	for _, c := range b.cases() {
		if c.FirstAsker != b.Agents[0].User || c.Call.Cause != cases.EndCaller {
			t.Errorf("case %+v", c)
		}
	}
}

// TestPhoneDiesInTransfer: an agent's dead phone is as if he had hung up, a
// target's as if it had not come.
func TestPhoneDiesInTransfer(t *testing.T) {
	t.Parallel()
	soon := func(c *Config) { c.RTP.MediaTimeout = Duration(2 * time.Second) }
	for _, name := range []string{"while the target rings", "while the two agents speak", "while the target waits", "while all three speak"} {
		t.Run("the agent's "+name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2, soon)
			target := stages[name](p)
			unplug(t, p.phones[0], p.agent)
			if name == "while the target rings" || name == "while all three speak" { // the target hears no difference
				until(t, "the agent is out", func() bool { return p.server.board.Snapshot().Agents[0].Call == "" })
			}
			_ = target.Call.Answer()
			p.talk(target, 1)
			p.end(target, 1, started, completed)
		})
	}
	t.Run("the agent's has forgotten the call", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2, soon)
		target := p.consult("*2")
		p.agent.Mute(true)
		p.agent.TakeOver()
		p.phones[0].Reply(p.phones[0].Expect("OPTIONS"), 481, "")
		until(t, "the agent is out", func() bool { return p.server.board.Snapshot().Agents[0].Call == "" })
		p.caller.Hears(musicSays)
		target.Answer()
		p.talk(target, 1)
		p.end(target, 1, started, completed)
	})
	t.Run("the target's", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2, soon)
		target := p.consulted()
		unplug(t, p.phones[1], target)
		p.back()
		if why, _ := failure(t, p.end(p.agent, 0, started, failed)); why != cases.TransferUnreachable {
			t.Errorf("failed because of %s", why)
		}
	})
}

// TestTransferByCommand: the console passes a caller on as the phone does, and
// only for the agent who has him.
func TestTransferByCommand(t *testing.T) {
	t.Parallel()
	p := passOn(t, 3, func(c *Config) { c.HTTP.Metrics = "127.0.0.1:0" })
	calls, id := p.server.calls, p.server.calls.Live()[0].ID
	me, colleague := p.Agents[0].User, p.ext(1)
	refused := func(err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	refused(calls.Transfer("no call", me, call.Target{Extension: colleague}, cases.TransferWarm), call.ErrNoCall)
	refused(calls.Transfer(id, p.Agents[1].User, call.Target{Extension: colleague}, cases.TransferWarm), call.ErrNotAgent)
	refused(calls.Complete(id, me), call.ErrNotNow)
	unknown, ok := errors.AsType[*call.TargetError](calls.Transfer(id, me, call.Target{Extension: "9999"}, cases.TransferWarm))
	if !ok || unknown.Reason != cases.TransferUnknown {
		t.Errorf("unknown extension: %v", unknown)
	}
	p.talk(p.agent, 0) // nothing has changed

	refused(calls.Transfer(id, me, call.Target{Extension: colleague}, cases.TransferWarm), nil)
	target := p.phones[1].Incoming()
	p.caller.Hears(musicSays)
	refused(calls.Transfer(id, me, call.Target{Extension: p.ext(2)}, cases.TransferWarm), call.ErrNotNow)
	refused(calls.Cancel(id, me), nil)
	target.Ended()
	p.back()

	refused(calls.Transfer(id, me, call.Target{Extension: colleague}, cases.TransferBlind), nil)
	target = p.phones[1].Incoming()
	refused(calls.Complete(id, me), nil) // while it rings
	p.agent.Ended()
	p.caller.Hears(musicSays)
	target.Answer()
	p.talk(target, 1)
	refused(calls.Transfer(id, me, call.Target{Extension: p.ext(2)}, cases.TransferWarm), call.ErrNotAgent)
	refused(calls.Transfer(id, p.Agents[1].User, call.Target{Extension: p.ext(0)}, cases.TransferWarm), nil) // and on
	first := p.phones[0].Incoming()
	first.Answer()
	first.Hears(toneOf(1))
	refused(calls.Toggle(id, p.Agents[1].User), nil)
	p.talk(target, 1)
	first.Hears(musicSays)
	refused(calls.Complete(id, p.Agents[1].User), nil)
	target.Ended()
	p.talk(first, 0)
	for _, want := range []string{
		`shouwen_transfers_total{kind="warm",queue="hotline",result="completed",target="agent"} 1`,
		`shouwen_transfers_total{kind="warm",queue="hotline",result="returned",target="agent"} 2`,
		`shouwen_transfers_total{kind="blind",queue="hotline",result="completed",target="agent"} 1`,
	} {
		p.scrapes(t, want)
	}
	p.caller.Hangup()
	first.Ended()
	p.check(0, started, failed, started, failed, started, completed, started, completed, callEnded)
}

// TestTransferWhileDraining: no new phone is rung, the caller stays with his
// agent; and whoever is in a transfer when the time is up is hung up.
func TestTransferWhileDraining(t *testing.T) {
	t.Parallel()
	t.Run("begun", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2, func(c *Config) { c.DrainTimeout = Duration(time.Minute) })
		go p.stop()
		options := siptest.New(t, p.SIP.UDP, siptest.Config{User: "monitor", Patience: patience})
		until(t, "OPTIONS is answered with 503", func() bool {
			return options.Do(options.Request("OPTIONS", "sip:"+p.SIP.UDP)).Status == 503
		})
		p.agent.Press("*2" + p.ext(1) + "#")
		p.agent.Hears(toneHz)
		p.back()
		p.end(p.agent, 0, started, failed)
	})
	for _, name := range []string{"while the target rings", "after the agent left", "while the two agents speak", "while all three speak"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2)
			target := stages[name](p)
			go p.stop()
			p.caller.Ended()
			p.agent.Ended()
			target.Ended()
			c, _ := p.ledger()
			if c.CallbackDue.IsZero() {
				t.Error("no callback owed")
			}
		})
	}
}
