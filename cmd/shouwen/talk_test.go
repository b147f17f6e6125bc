package main

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/sip/siptest"
)

// talk puts a caller through to the i-th of phones.
func (b *bed) talk(phones []siptest.TestPhone, i int) (caller, agent siptest.TestCall) {
	b.t.Helper()
	caller = b.dial(numbered(1))
	agent = incoming(phones)[i]
	agent.Answer()
	agent.Answered()
	caller.Hears(toneOf(i))
	agent.Hears(callerSays)
	return caller, agent
}

// unplug takes the power from a phone in a call. Its ports are kept from others,
// who would hear what is still sent there.
func unplug(t testing.TB, p siptest.TestPhone, c siptest.TestCall) {
	t.Helper()
	p.Close()
	for _, a := range []netip.AddrPort{p.Phone.Addr(), c.Addr()} {
		s, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(a))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue // somebody was faster
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
	}
}

// TestHold: in whatever form the agent's phone holds, the caller hears music,
// and afterwards the agent again; the same the other way round.
func TestHold(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1)
	caller, agent := b.talk(b.agents(1), 0)
	for _, hold := range []siptest.Direction{siptest.SendOnly, siptest.Inactive, siptest.HoldZero, siptest.HoldSession} {
		for _, method := range []string{"INVITE", "UPDATE"} {
			if res := agent.Do(method, agent.SDP(hold)); res.Status != 200 {
				t.Fatalf("%s with %s: %d", method, hold, res.Status)
			}
			caller.Hears(musicSays)
			caller.Silent(toneOf(0), silentFor)
			if res := agent.Do(method, agent.SDP(siptest.SendRecv)); res.Status != 200 {
				t.Fatalf("%s to resume: %d", method, res.Status)
			}
			caller.Hears(toneOf(0))
			caller.Silent(musicSays, silentFor)
			agent.Hears(callerSays)
		}
	}
	agent.Do("INVITE", agent.SDP(siptest.SendOnly)) // both hold
	caller.Hears(musicSays)
	caller.Do("INVITE", caller.SDP(siptest.SendOnly))
	agent.Do("INVITE", agent.SDP(siptest.SendRecv))
	agent.Hears(musicSays) // the caller still does
	caller.Do("INVITE", caller.SDP(siptest.SendRecv))
	agent.Hears(callerSays)
	caller.Hears(toneOf(0))
	caller.Silent(musicSays, silentFor)
	agent.Silent(musicSays, silentFor)
	for who, s := range map[string][]siptest.Stream{"caller": caller.Streams(), "agent": agent.Streams()} {
		if len(s) != 1 {
			t.Errorf("the %s was sent %d streams, want one with a stable SSRC", who, len(s))
		} else if s[0].Jumps > 0 || s[0].Late > 0 || s[0].Lost > 0 {
			t.Errorf("the %s's stream is broken: %+v", who, s[0])
		}
	}
	agent.Call.Hangup(t.Context())
	caller.Ended()
	if c := only(t, b.cases()); c.Call.Cause != cases.EndAgent || c.Events != 3 {
		t.Errorf("cause %s, %d events", c.Call.Cause, c.Events)
	}
}

// TestDeadPhone: the phone of the first-asker loses its power; the caller goes
// back to the front of the queue, and the case stays the first-asker's.
func TestDeadPhone(t *testing.T) {
	t.Parallel()
	b := newBed(t, 2, func(c *Config) { c.RTP.MediaTimeout = Duration(2 * time.Second) })
	phones := b.agents(2)
	caller, agent := b.talk(phones, 0)
	unplug(t, phones[0], agent)
	second := phones[1].Incoming()
	caller.Hears(musicSays)
	second.Answer()
	caller.Hears(toneOf(1))
	second.Hears(callerSays)
	caller.Hangup()
	second.Ended()
	c := only(t, b.cases())
	if c.FirstAsker != b.Agents[0].User || c.Handler != b.Agents[1].User {
		t.Errorf("first-asker %s, handler %s", c.FirstAsker, c.Handler)
	}
	if c.Call.Cause != cases.EndCaller || !c.CallbackDue.IsZero() {
		t.Errorf("call %+v, callback due %s", c.Call, c.CallbackDue)
	}
}

// TestDeadPhoneAndNobodyElse: the caller who loses his agent and gives up is owed
// a callback, in the same case.
func TestDeadPhoneAndNobodyElse(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, func(c *Config) { c.RTP.MediaTimeout = Duration(2 * time.Second) })
	phones := b.agents(1)
	caller, agent := b.talk(phones, 0)
	unplug(t, phones[0], agent)
	caller.HearsNext(allBusySays)
	caller.Hangup()
	c := only(t, b.cases())
	if c.FirstAsker != b.Agents[0].User || c.Call.Missed != cases.MissedAbandoned || c.CallbackDue.IsZero() {
		t.Errorf("case %+v", c)
	}
}

// TestSilence: no audio from either side for as long as is configured ends the call, and
// no sooner. Everybody is asked whether he is there after half of that, and again after as
// long: by how often, it is told that the end was in time.
func TestSilence(t *testing.T) {
	t.Parallel()
	const longest = 2 * time.Second
	b := newBed(t, 1, func(c *Config) { c.RTP.MediaTimeout = Duration(longest) })
	phones := map[string]siptest.TestPhone{"caller": b.caller(numbered(1)), "agent": b.agent(0, siptest.Config{})}
	caller := phones["caller"].Dial(b.Hotline)
	agent := phones["agent"].Incoming()
	agent.Answer()
	caller.Hears(toneOf(0))
	agent.Hears(callerSays)
	caller.Mute(true)
	agent.Mute(true)
	asked := map[string]int{}
	for who, p := range phones {
		asked[who] = p.Count("OPTIONS")
	}
	m := caller.Ended()
	if m.Method != "BYE" {
		t.Errorf("the caller got %s", m.Method)
	}
	for who, c := range map[string]siptest.TestCall{"caller": caller, "agent": agent} {
		if d := m.At.Sub(c.Spoke()); d < longest {
			t.Errorf("ended when the %s was silent for %s, want %s", who, d, longest)
		}
	}
	if m := agent.Ended(); m.Method != "BYE" {
		t.Errorf("the agent got %s", m.Method)
	}
	for who, p := range phones {
		if n := p.Count("OPTIONS") - asked[who]; n > 3 { // on its way when both were silent, after 1 s, and just before the end
			t.Errorf("the %s was asked %d times whether he is there", who, n)
		}
	}
	if c := only(t, b.cases()); c.Call.Cause != cases.EndSilence {
		t.Errorf("cause %s", c.Call.Cause)
	}
}

// TestOneSideSilent: who listens in silence but is there is not hung up.
func TestOneSideSilent(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, func(c *Config) { c.RTP.MediaTimeout = Duration(time.Second) })
	caller, agent := b.talk(b.agents(1), 0)
	agent.Mute(true)
	agent.Silent(1, 3*time.Second) // three times the timeout pass
	agent.Hears(callerSays)
	agent.Mute(false)
	caller.Hears(toneOf(0))
	caller.Hangup()
	agent.Ended()
	if c := only(t, b.cases()); c.Call.Cause != cases.EndCaller {
		t.Errorf("cause %s", c.Call.Cause)
	}
}
