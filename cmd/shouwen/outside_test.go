package main

import (
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/ivr/call"
	"shouwen/metrics"
	"shouwen/sip/siptest"
)

// someone is a number outside who never called.
const someone, someoneE164 = "13800138000", "+8613800138000"

// outsideCalls waits for what is on record of n calls about no case, the first first.
func (b *outBed) outsideCalls(n int) (all []store.OutsideCall) {
	b.t.Helper()
	until(b.t, "calls to the outside are on record", func() bool {
		var err error
		if all, err = b.server.database.store.OutsideCalls(b.t.Context(), "", time.Now().Add(time.Hour), 100); err != nil {
			b.t.Fatal(err)
		}
		return len(all) >= n
	})
	if len(all) > n {
		b.t.Errorf("%d calls on record, want %d: %v", len(all), n, all)
	}
	for i := range n / 2 {
		all[i], all[n-1-i] = all[n-1-i], all[i]
	}
	return all
}

// TestAgentDialsOutside: his phone rings as long as the other does, the two speak, and no
// case comes of it; who asked for it is on record.
func TestAgentDialsOutside(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 2)
	agent := b.phones[0].Dial(someone)
	in := b.carrier.Incoming()
	agent.Ringing()
	if uri, from := in.Invite.URI, in.Invite.Get("From"); uri != "sip:"+someoneE164+"@carrier.example" || !strings.Contains(from, "<sip:12345@carrier.example>") {
		t.Errorf("called %s as %s", uri, from)
	}
	if l := b.server.calls.Live()[0]; l.Direction != metrics.Outbound || l.State != metrics.Ringing || l.Agent != b.Agents[0].User || l.Caller.E164 != someoneE164 {
		t.Errorf("shown as %+v", l)
	}
	in.Answer()
	agent.Answered()
	agent.Hears(reachedSays)
	in.Hears(toneOf(0))
	agent.Press("5") // for whatever answers there
	in.HearsDigits("5")
	waiting := b.dial(numbered(1)) // who speaks with somebody is not rung
	b.phones[1].Incoming().Answer()
	waiting.Hears(toneOf(1))
	if n := b.phones[0].Count("INVITE"); n != 0 {
		t.Errorf("rung %d times in the call", n)
	}
	waiting.Hangup()
	in.Hangup()
	agent.Ended()

	agent = b.phones[0].Dial(someone)
	in = b.carrier.Incoming()
	agent.Ringing()
	agent.Hangup() // thinks better of it
	if m := in.Ended(); m.Method != "CANCEL" {
		t.Errorf("given up: got %s, want CANCEL", m.Method)
	}
	for _, status := range []int{486, 404} {
		agent = b.phones[0].Dial(someone)
		b.carrier.Incoming().Reject(status)
		if m := agent.Ended(); m.Status != status {
			t.Errorf("the phone is told %d, want %d", m.Status, status)
		}
	}
	for _, c := range b.outsideCalls(4) {
		if c.Actor != b.Agents[0].User || c.Number != someoneE164 || !c.Allowed || c.Reason != string(call.OutboundAllowed) {
			t.Errorf("on record %+v", c)
		}
	}
	only(t, b.cases()) // of the caller
}

// TestWhoMayDialOutside: nobody gets out but by the policy, and nobody outside at all.
func TestWhoMayDialOutside(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 1, func(c *Config) { c.Outbound.PerActor = ActorConfig{Calls: 2, Per: Duration(time.Hour)} })
	for _, tt := range []struct {
		dialled string
		status  int
		reason  call.OutboundReason
	}{
		{"0012125550100", 403, call.OutboundInternational},
		{"+12125550100", 403, call.OutboundInternational},
		{"110", 403, call.OutboundEmergency},
		{"16812345", 403, call.OutboundPremium},
		{"95588", 404, call.OutboundShort},
		{"99999999999", 404, call.OutboundInvalid},
	} {
		if m := b.phones[0].Dial(tt.dialled).Ended(); m.Status != tt.status {
			t.Errorf("%s: %d, want %d", tt.dialled, m.Status, tt.status)
		}
		if n := b.metric("shouwen_outbound_decisions_total", string(tt.reason)); n < 1 {
			t.Errorf("%s was not denied for %s", tt.dialled, tt.reason)
		}
	}
	for _, dialled := range []string{"9999", "*" + someone, "someone"} { // not a number outside by its form
		if m := b.phones[0].Dial(dialled).Ended(); m.Status != 404 {
			t.Errorf("%s: %d, want 404", dialled, m.Status)
		}
	}
	for _, dialled := range []string{someone, someoneE164, "110"} {
		if m := b.caller(numbered(1)).Dial(dialled).Ended(); m.Status != 404 {
			t.Errorf("%s from outside: %d, want 404", dialled, m.Status)
		}
	}
	if n := b.carrier.Count("INVITE"); n != 0 {
		t.Fatalf("%d calls went out", n)
	}
	for range 2 {
		agent := b.phones[0].Dial(someone)
		b.carrier.Incoming().Reject(486)
		agent.Ended()
	}
	if m := b.phones[0].Dial(someone).Ended(); m.Status != 403 || !strings.Contains(m.Reason, string(call.OutboundActorRate)) {
		t.Errorf("too many: %d %s", m.Status, m.Reason)
	}
	if all := b.outsideCalls(9); all[0].Reason != string(call.OutboundInternational) || all[0].Allowed || all[8].Reason != string(call.OutboundActorRate) {
		t.Errorf("on record %+v", all)
	}
}

// TestAgentCallsThePolice: where policy lets him, at any hour, himself and with the caller.
func TestAgentCallsThePolice(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 1, func(c *Config) {
		c.Outbound.Emergency, c.Outbound.Concurrent, c.Outbound.Hours = true, 1, []string{"00:00-00:01"}
	})
	agent := b.phones[0].Dial("110")
	in := b.carrier.Incoming()
	if uri := in.Invite.URI; uri != "sip:110@carrier.example" {
		t.Errorf("called %s", uri)
	}
	in.Answer()
	agent.Hears(reachedSays)
	agent.Hangup()
	in.Ended()

	caller := b.dial(numbered(1))
	agent = b.phones[0].Incoming()
	agent.Answer()
	caller.Hears(toneOf(0))
	agent.Press("*2110#")
	in = b.carrier.Incoming()
	in.Answer()
	agent.Hears(reachedSays)
	agent.Press("*3")
	caller.Hears(reachedSays)
	caller.Hears(toneOf(0))
	caller.Hangup()
	in.Ended()
	agent.Ended()
}

// TestAgentDialsACaller: who dials the number of a caller with an open case calls back
// about that.
func TestAgentDialsACaller(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 1)
	c := b.missed(numbered(1))
	agent := b.phones[0].Dial(strings.Replace(numbered(1), "+86", "0", 1))
	agent.Answered()
	in := b.carrier.Incoming()
	if uri := in.Invite.URI; uri != "sip:"+numbered(1)+"@carrier.example" {
		t.Errorf("called %s", uri)
	}
	in.Answer()
	agent.Hears(reachedSays)
	agent.Hangup()
	in.Ended()
	if met := b.recorded(func(c cases.Case) bool { return c.CallbackDue.IsZero() }); met.FirstAsker != b.Agents[0].User || met.CalledBack.Last != cases.CallbackReached {
		t.Errorf("%+v", met)
	}
	b.wantKinds(c, cases.EventMissed, cases.EventCallbackStarted, cases.EventOutboundDecided, cases.EventCallbackAnswered, cases.EventEnded)
	b.outsideCalls(0)
}

// TestNetworkSpeaksToWhoDials: what the network says before anybody answers is heard.
func TestNetworkSpeaksToWhoDials(t *testing.T) {
	t.Parallel()
	carrier := siptest.New(t, "", siptest.Config{User: "carrier", Manual: true, Patience: patience})
	b := newBed(t, 1, byCarrier(carrier))
	agent := b.agent(0, siptest.Config{}).Dial(someone)
	invite := carrier.Expect("INVITE")
	says := carrier.NewAudio()
	carrier.Reply(invite, 183, says.Answer(invite.Body))
	says.Say(reachedSays)
	agent.Answered()
	agent.Hears(reachedSays)
	carrier.Reply(invite, 404, "")
	agent.Ended()
}

// TestMoneyEndsWhatAnAgentDialled: he hears so before.
func TestMoneyEndsWhatAnAgentDialled(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 1, billed)
	agent := b.phones[0].Dial("01055550177")
	in := b.carrier.Incoming()
	in.Answer()
	agent.Hears(reachedSays)
	spend(b.bed)
	agent.HearsNext(callEndsSays)
	in.Ended()
	agent.Ended()
	if all := b.outsideCalls(2); !all[0].Allowed || all[1].Allowed || all[1].Reason != string(call.OutboundSpend) {
		t.Errorf("on record %+v", all)
	}
}

// TestWhoIsOutsideIsPassedOn: to a colleague, and to a caller, by the phone's own keys; he
// passes on nobody, and two outside are not left to each other.
func TestWhoIsOutsideIsPassedOn(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T, agents int) (*outBed, *passed) {
		b := newOutBed(t, agents)
		return b, &passed{bed: b.bed, phones: b.phones}
	}
	t.Run("to a colleague", func(t *testing.T) {
		t.Parallel()
		b, p := begin(t, 2)
		agent := p.phones[0].Dial(someone)
		in := b.carrier.Incoming()
		in.Answer()
		agent.Hears(reachedSays)
		p.refer(in, p.ext(1), "", 403)
		p.refer(agent, p.ext(1), "", 202)
		colleague := p.phones[1].Incoming()
		in.Hears(musicSays)
		if from, by := colleague.Invite.Get("From"), colleague.Invite.Get("Referred-By"); !strings.Contains(from, someoneE164) || !strings.Contains(by, p.Agents[0].User) {
			t.Errorf("his phone shows %s, passed on by %s", from, by)
		}
		colleague.Answer()
		agent.Ended()
		colleague.Hears(reachedSays)
		in.Hears(toneOf(1))
		colleague.Hangup()
		in.Ended()
		p.idle()
	})
	t.Run("to a caller", func(t *testing.T) {
		t.Parallel()
		b, p := begin(t, 1)
		p.caller = p.dial(numbered(1))
		p.pickUp()
		p.onHold()
		line := p.phones[0].Dial(someone)
		in := b.carrier.Incoming()
		in.Answer()
		line.Hears(reachedSays)
		p.refer(p.agent, someone, replaces(line.Answered(), false), 202)
		p.agent.Ended()
		line.Ended()
		p.caller.Hears(reachedSays)
		in.Hears(callerSays)
		p.caller.Hangup()
		in.Ended()
		events := p.check(0, started, completed, callEnded)
		if !strings.Contains(string(events[2].Body), someoneE164) {
			t.Errorf("%s", events[2].Body)
		}
	})
	t.Run("two to each other", func(t *testing.T) {
		t.Parallel()
		b, p := begin(t, 1)
		var lines, others [2]siptest.TestCall
		for i, number := range []string{someone, "13900139000"} {
			lines[i] = p.phones[0].Dial(number)
			others[i] = b.carrier.Incoming()
			others[i].Answer()
			lines[i].Hears(reachedSays)
		}
		p.refer(lines[0], someone, replaces(lines[1].Answered(), false), 202)
		p.told(lines[0], 100, 403)
		for i := range lines {
			lines[i].Hangup()
			others[i].Ended()
		}
		p.idle()
	})
}
