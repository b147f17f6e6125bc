package main

import (
	"testing"

	"shouwen/cases"
	"shouwen/sip/siptest"
)

// TestAnotherPhoneTakesOver: an INVITE with Replaces lets another phone of the agent
// take the place of the one he speaks on, and of nobody else.
func TestAnotherPhoneTakesOver(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2)
	name := replaces(p.agent.Answered(), true)
	for replace, want := range map[string]int{
		"unknown;to-tag=1;from-tag=2": 481, name + ";early-only": 486, "half;to-tag=1": 400,
		replaces(p.caller.Answered(), false): 481,
	} {
		if m := p.phones[0].Dial(p.ext(1), "Replaces: "+replace).Ended(); m.Status != want {
			t.Errorf("%s: %d, want %d", replace, m.Status, want)
		}
	}
	if m := p.phones[1].Dial(p.ext(0), "Replaces: "+name).Ended(); m.Status != 403 {
		t.Errorf("by another agent: %d", m.Status)
	}
	p.talk(p.agent, 0)
	over := p.phones[0].Dial(p.ext(0), "Replaces: "+name)
	over.Answered()
	if m := p.agent.Ended(); m.Method != "BYE" {
		t.Errorf("the first phone got %s", m.Method)
	}
	p.agent = over
	p.talk(over, 0)
	target := p.consulted()
	p.last("*4")
	p.talk(target, 1)
	p.end(target, 1, started, completed)
}

// takeOver dials with Replaces, and wants that status.
func (p *passed) takeOver(phone int, replace string, status int) (over siptest.TestCall) {
	p.t.Helper()
	over = p.phones[phone].Dial(p.ext(phone), "Replaces: "+replace)
	if status == 200 {
		over.Answered()
	} else if m := over.Ended(); m.Status != status {
		p.t.Fatalf("%s: %d, want %d", replace, m.Status, status)
	}
	return over
}

// ringing names a call that rings as the server knows it, once it does; stranger is
// the phone of somebody else.
func (p *passed) ringing(c siptest.TestCall, stranger int) (replace string) {
	p.t.Helper()
	replace = replaces(c.Ringing(), true)
	until(p.t, "the phone is known to ring, and nobody else's", func() bool {
		return p.phones[stranger].Dial(p.ext(stranger), "Replaces: "+replace).Ended().Status == 403
	})
	return replace
}

// TestAnotherPhonePicksUp: what rings on one phone of an agent is picked up on
// another by an INVITE with Replaces, but not by somebody else.
func TestAnotherPhonePicksUp(t *testing.T) {
	t.Parallel()
	t.Run("a caller", func(t *testing.T) {
		t.Parallel()
		p := &passed{bed: newBed(t, 2)}
		p.phones = p.agents(2)
		p.caller = p.dial(numbered(1))
		ringing := incoming(p.phones)
		over := p.takeOver(0, p.ringing(ringing[0], 1)+";early-only", 200)
		for _, c := range ringing {
			if m := c.Ended(); m.Method != "CANCEL" {
				t.Errorf("a phone got %s", m.Method)
			}
		}
		p.talk(over, 0)
		p.end(over, 0)
	})
	t.Run("a caller passed on", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2)
		target := p.consult("*2")
		over := p.takeOver(1, p.ringing(target, 0), 200)
		if m := target.Ended(); m.Method != "CANCEL" {
			t.Errorf("the phone that rang got %s", m.Method)
		}
		over.Hears(toneOf(0))
		p.last("*4")
		p.talk(over, 1)
		p.end(over, 1, started, completed)
	})
	t.Run("a colleague", func(t *testing.T) {
		t.Parallel()
		p := &passed{bed: newBed(t, 2)}
		p.phones = p.agents(2)
		a := p.phones[0].Dial(p.ext(1))
		rings := p.phones[1].Incoming()
		p.takeOver(0, replaces(a.Ringing(), false), 481) // his own call out is no ringing phone
		over := p.takeOver(1, p.ringing(rings, 0)+";early-only", 200)
		if m := rings.Ended(); m.Method != "CANCEL" {
			t.Errorf("the phone that rang got %s", m.Method)
		}
		a.Hears(toneOf(1))
		over.Hears(toneOf(0))
		a.Hangup()
		over.Ended()
		p.idle()
	})
}

// TestReplacesOfAnEndedCall is declined (RFC 3891 section 3).
func TestReplacesOfAnEndedCall(t *testing.T) {
	t.Parallel()
	p := passOn(t, 1)
	name := replaces(p.agent.Answered(), true)
	p.agent.Hangup()
	p.takeOver(0, name, 603)
	p.caller.Ended()
	p.takeOver(0, name+";early-only", 603)
	p.check(0, callEnded)
}

// TestTargetTakesOver: whom the agent consults may change his phone, too.
func TestTargetTakesOver(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2)
	target := p.consulted()
	p.agent.Press("*1")
	p.talk(p.agent, 0)
	target.Hears(musicSays)
	over := p.takeOver(1, replaces(target.Answered(), true), 200)
	target.Ended()
	over.Hears(musicSays)
	p.last("*4")
	p.talk(over, 1)
	p.end(over, 1, started, completed)
}

// TestColleaguesTakeOver: in a call between extensions either may change his phone,
// and pass on afterwards.
func TestColleaguesTakeOver(t *testing.T) {
	t.Parallel()
	p := &passed{bed: newBed(t, 3)}
	p.phones = p.agents(3)
	a := p.phones[0].Dial(p.ext(1))
	b := p.phones[1].Incoming()
	b.Answer()
	caller, called := replaces(a.Answered(), false), replaces(b.Answered(), true)
	a.Hears(toneOf(1))
	p.takeOver(1, caller, 403)
	p.takeOver(0, caller+";early-only", 486)
	a2 := p.takeOver(0, caller, 200)
	a.Ended()
	a2.Hears(toneOf(1))
	b.Hears(toneOf(0))
	b2 := p.takeOver(1, called, 200)
	b.Ended()
	a2.Hears(toneOf(1))
	b2.Hears(toneOf(0))
	p.refer(a2, p.ext(2), "", 202)
	c := p.phones[2].Incoming()
	p.told(a2, 100, 180)
	p.takeOver(0, replaces(a2.Answered(), false), 603)
	c2 := p.takeOver(2, p.ringing(c, 1), 200)
	c.Ended()
	p.told(a2, 200)
	a2.Ended()
	b2.Hears(toneOf(2))
	c2.Hears(toneOf(1))
	c2.Hangup()
	b2.Ended()
	p.idle()
}

// colleagues lets the first two agents speak, and the first call the third on a
// second line, who rings.
func colleagues(t *testing.T) (p *passed, first, second, line, third siptest.TestCall) {
	t.Helper()
	p = &passed{bed: newBed(t, 3)}
	p.phones = p.agents(3)
	first = p.phones[0].Dial(p.ext(1))
	second = p.phones[1].Incoming()
	second.Answer()
	first.Answered()
	second.Hears(toneOf(0))
	first.Do("INVITE", first.SDP(siptest.SendOnly))
	second.Hears(musicSays)
	line = p.phones[0].Dial(p.ext(2))
	third = p.phones[2].Incoming()
	line.Ringing()
	return p, first, second, line, third
}

// TestAttendedBetweenColleagues: who speaks with two colleagues leaves them to each
// other, once the second has picked up, or before.
func TestAttendedBetweenColleagues(t *testing.T) {
	t.Parallel()
	for name, ofSecond := range map[string]bool{"on the first line": false, "on the second": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, first, second, line, third := colleagues(t)
			third.Answer()
			third.Hears(toneOf(0))
			on, other := first, line
			if ofSecond {
				on, other = line, first
			}
			p.refer(on, p.ext(2), replaces(other.Answered(), false), 202)
			p.told(on, 100, 200)
			first.Ended()
			line.Ended()
			second.Hears(toneOf(2))
			third.Hears(toneOf(1))
			second.Hangup()
			third.Ended()
			p.idle()
		})
	}
	for name, comes := range map[string]bool{"who picks up": true, "who declines": false} {
		t.Run("ringing, "+name, func(t *testing.T) {
			t.Parallel()
			p, first, second, line, third := colleagues(t)
			p.refer(first, p.ext(2), replaces(line.Ringing(), false), 202)
			p.told(first, 100, 180)
			if m := line.Ended(); m.Status != 487 {
				t.Errorf("the line that rang got %d", m.Status)
			}
			second.Hears(musicSays)
			if comes {
				third.Answer()
				p.told(first, 200)
				first.Ended()
				second.Hears(toneOf(2))
				third.Hears(toneOf(1))
				third.Hangup()
			} else {
				third.Reject(603)
				p.told(first, 603)
				first.Do("INVITE", first.SDP(siptest.SendRecv))
				second.Hears(toneOf(0))
				first.Hangup()
			}
			second.Ended()
			p.idle()
		})
	}
	t.Run("no such call", func(t *testing.T) {
		t.Parallel()
		p, first, second, line, third := colleagues(t)
		p.refer(first, p.ext(2), "unknown;to-tag=1;from-tag=2", 202)
		p.told(first, 100, 481)
		p.refer(first, p.ext(2), p.ringing(third, 1), 202)
		p.told(first, 100, 403)
		third.Answer()
		line.Hears(toneOf(2))
		p.refer(first, p.ext(2), replaces(line.Answered(), false)+";early-only", 202)
		p.told(first, 100, 486)
		line.Hangup()
		third.Ended()
		first.Do("INVITE", first.SDP(siptest.SendRecv))
		second.Hears(toneOf(0))
		first.Hangup()
		second.Ended()
		p.idle()
	})
}

// TestTransferAcrossCodecs: caller and target need have none in common.
func TestTransferAcrossCodecs(t *testing.T) {
	t.Parallel()
	p := &passed{bed: newBed(t, 2)}
	p.phones = []siptest.TestPhone{p.bed.agent(0, siptest.Config{}), p.bed.agent(1, siptest.Config{Codecs: []uint8{0}})}
	p.caller = siptest.New(t, p.SIP.UDP, siptest.Config{User: numbered(1), Tone: callerSays, Codecs: []uint8{8}, Patience: patience}).Dial(p.Hotline)
	p.caller.Answered()
	p.pickUp()
	p.refer(p.agent, p.ext(1), "", 202)
	target := p.phones[1].Incoming()
	p.told(p.agent, 100, 180)
	target.Answer()
	p.told(p.agent, 200)
	p.agent.Ended()
	p.talk(target, 1)
	byRefer(t, cases.TransferBlind, p.end(target, 1, started, completed))
}
