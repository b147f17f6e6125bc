package main

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
	"shouwen/ivr/call"
	"shouwen/sip"
	"shouwen/sip/siptest"
)

// billed lets calls to the outside cost money: numbers of the tests' callers 1 each
// three seconds, those of spend more; and 100 there is.
func billed(c *Config) {
	c.Outbound.SpendPerDay, c.Outbound.TariffPer = "100", Duration(3*time.Second)
	c.Outbound.Tariffs = map[string]string{"+86": "1", "+86138": "30", "+86139": "5"}
}

// spend spends what is left of the day's money.
func spend(b *bed) {
	b.t.Helper()
	for _, number := range []cases.Number{"+8613800138000", "+8613900139000", "+8615000150000"} {
		for i := 0; ; i++ {
			_, err := b.server.calls.Outbound.Place(call.Placing{
				Actor: "spender", Number: number, Dialing: sip.Dialing{Caller: b.Hotline, Log: b.server.log, Events: func(sip.Event) {}},
				Record: func(cases.Fact) {},
			})
			if err != nil {
				break
			}
			if i > 30 {
				b.t.Fatal("the money has no end")
			}
		}
	}
}

// TestMoneyEndsACall: when the day's money is spent the agent hears so, then the call
// outside ends, and is on record as one that neither of the two wanted to end.
func TestMoneyEndsACall(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 1, billed)
	c := b.missed(numbered(1))
	agent := b.back(0, c)
	agent.Answered()
	in := b.carrier.Incoming()
	in.Answer()
	agent.Hears(reachedSays)
	spend(b.bed)
	agent.HearsNext(callEndsSays)
	in.Ended()
	agent.Ended()
	over := b.recorded(func(c cases.Case) bool { return c.Call.Cause != "" || !c.CallbackDue.IsZero() })
	if over.CallbackDue.IsZero() {
		t.Errorf("%+v", over)
	}
	events := b.wantKinds(c, cases.EventMissed, cases.EventCallbackStarted, cases.EventOutboundDecided, cases.EventCallbackAnswered,
		cases.EventOutboundDecided, cases.EventEnded)
	decided, ended := lastBody[cases.OutboundDecided](t, events, cases.EventOutboundDecided), lastBody[cases.Ended](t, events, cases.EventEnded)
	if decided.Allowed || decided.Reason != string(call.OutboundSpend) || decided.Actor != b.Agents[0].User || ended.Cause != cases.EndSpent {
		t.Errorf("decided %+v, ended %+v", decided, ended)
	}
	if n := b.metric("shouwen_outbound_decisions_total", "spend"); n < 1 {
		t.Errorf("%v calls counted that money ended", n)
	}
}

// TestMoneyEndsNoEmergency: whoever is called in an emergency is called however much was
// spent, and for as long as it takes.
func TestMoneyEndsNoEmergency(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 1, billed)
	ended := map[call.Occasion]chan sip.Ended{call.Urgent: make(chan sip.Ended, 1), call.Asked: make(chan sip.Ended, 1)}
	place := func(on call.Occasion) siptest.TestCall {
		_, err := b.server.calls.Outbound.Place(call.Placing{
			Actor: "manager", Number: "+8615000150000", Occasion: on, Record: func(cases.Fact) {},
			Dialing: sip.Dialing{Caller: b.Hotline, Log: b.server.log, Events: func(e sip.Event) {
				if e, ok := e.(sip.Ended); ok {
					ended[on] <- e
				}
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		in := b.carrier.Incoming()
		in.Answer()
		return in
	}
	urgent := place(call.Urgent)
	other := place(call.Asked)
	spend(b.bed)
	other.Ended()
	if e := <-ended[call.Asked]; e.Cause != sip.EndSpent {
		t.Errorf("the other call ended by %s", e.Cause)
	}
	select {
	case e := <-ended[call.Urgent]:
		t.Errorf("the call of an emergency ended by %s", e.Cause)
	default:
	}
	urgent.Hangup()
	<-ended[call.Urgent]
}

// TestMoneyEndsATransfer: when there is no money for the target outside any more, the
// caller is where he was before, or in front of the queue.
func TestMoneyEndsATransfer(t *testing.T) {
	t.Parallel()
	const outside = "01055550199"
	begin := func(t *testing.T) (p *passed, there siptest.TestCall) {
		carrier := siptest.New(t, "", siptest.Config{User: "carrier", Tone: reachedSays, Patience: patience})
		p = passOn(t, 1, byCarrier(carrier), billed)
		p.asked("*2" + outside + "#")
		there = carrier.Incoming()
		there.Answer()
		p.agent.Hears(reachedSays)
		return p, there
	}
	decided := cases.EventOutboundDecided
	t.Run("while the agent speaks with it", func(t *testing.T) {
		t.Parallel()
		p, there := begin(t)
		spend(p.bed)
		p.agent.HearsNext(callEndsSays)
		there.Ended()
		p.back()
		if why, caller := failure(t, p.end(p.agent, 0, started, decided, decided, failed)); why != cases.TransferDenied || caller != cases.CallerWithAgent {
			t.Errorf("failed because of %s, caller with %s", why, caller)
		}
	})
	t.Run("when it has the caller", func(t *testing.T) {
		t.Parallel()
		p, there := begin(t)
		p.last("*4")
		p.caller.Hears(reachedSays)
		spend(p.bed)
		there.Ended()
		p.caller.Hears(musicSays)
		p.pickUpFirst()
		p.end(p.agent, 0, started, decided, completed, decided, pickedUp)
	})
}

// TestLimitsSurvive: who has called as often as he may before a restart may not after
// it, and money that was spent is.
func TestLimitsSurvive(t *testing.T) {
	t.Parallel()
	carrier := siptest.New(t, "", siptest.Config{User: "carrier", Tone: reachedSays, Patience: patience})
	cfg := testConfig(t)
	byCarrier(carrier)(&cfg)
	billed(&cfg)
	cfg.Outbound.PerActor = ActorConfig{Calls: 1, Per: Duration(time.Hour)}
	opt := serverOptions{agents: 2, database: storetest.URL(t), anyPort: true}
	want := func(b *bed, actor string, number cases.Number, reason call.OutboundReason) {
		t.Helper()
		if got := placed(b, actor, number); got != reason {
			t.Errorf("%s, want %s", got, reason)
		}
	}
	b := startBed(t, cfg, opt)
	for _, actor := range []string{"one", "two", "three"} { // 90 of 100
		want(b, actor, "+8613800138000", call.OutboundAllowed)
	}
	b.stop()
	b = startBed(t, cfg, opt)
	want(b, "one", "+861055550101", call.OutboundActorRate)
	want(b, "four", "+8613800138000", call.OutboundSpend)
	want(b, "four", "+861055550101", call.OutboundAllowed)
}

// placed has a number called, and hung up at once, for an actor; it says what was decided.
func placed(b *bed, actor string, number cases.Number) call.OutboundReason {
	b.t.Helper()
	ended := make(chan struct{})
	leg, err := b.server.calls.Outbound.Place(call.Placing{
		Actor: actor, Number: number, Dialing: sip.Dialing{Caller: b.Hotline, Log: b.server.log, Events: func(e sip.Event) {
			if _, ok := e.(sip.Ended); ok {
				close(ended)
			}
		}},
		Record: func(cases.Fact) {},
	})
	if denied, ok := err.(*call.DeniedError); ok {
		return denied.Reason
	}
	if err != nil {
		b.t.Fatal(err)
	}
	leg.Hangup(sip.Hangup{})
	<-ended
	return call.OutboundAllowed
}

// TestLimitsAreOfAllNodes: who calls by two nodes calls no more often, and spends no more,
// than by one. Without the database each goes on with what it knows.
func TestLimitsAreOfAllNodes(t *testing.T) {
	t.Parallel()
	carrier := siptest.New(t, "", siptest.Config{User: "carrier", Tone: reachedSays, Patience: patience})
	var nodes [2]*bed
	var db outage
	for i := range nodes {
		cfg := testConfig(t)
		byCarrier(carrier)(&cfg)
		billed(&cfg)
		cfg.Outbound.TariffPer = Duration(time.Hour)
		cfg.Node, cfg.Outbound.PerActor = i+1, ActorConfig{Calls: 4, Per: Duration(time.Hour), SpendPerDay: "70"}
		if i == 0 {
			db = stoppable(t, cfg.Data)
		}
		nodes[i] = startBed(t, cfg, serverOptions{agents: 1, database: db.url, anyPort: true}, func(s *server) { s.calls.Outbound.Patience = patience })
	}
	const dear, cheap = "+8613800138000", "+861055550101" // 30 and 1
	count := func(actor string, number cases.Number) (allowed int, denied call.OutboundReason) {
		t.Helper()
		var mu sync.Mutex
		together(6, func(i int) {
			got := placed(nodes[i%2], actor, number)
			mu.Lock()
			defer mu.Unlock()
			if got == call.OutboundAllowed {
				allowed++
			} else {
				denied = got
			}
		})
		return allowed, denied
	}
	if n, why := count("often", cheap); n != 4 || why != call.OutboundActorRate {
		t.Errorf("%d calls by two nodes, %s; want 4", n, why)
	}
	if n, why := count("dear", dear); n != 2 || why != call.OutboundActorSpend {
		t.Errorf("%d calls by two nodes, %s; want 2", n, why)
	}
	if n, why := count("another", dear); n != 1 || why != call.OutboundSpend { // 94 of 100 are spent
		t.Errorf("%d calls by two nodes, %s; want 1", n, why)
	}
	db.away()
	for _, b := range nodes {
		if got := placed(b, "often", cheap); got != call.OutboundActorRate {
			t.Errorf("without the database: %s", got)
		}
		if got := placed(b, "somebody", dear); got != call.OutboundSpend {
			t.Errorf("without the database: %s", got)
		}
		if got := placed(b, "somebody", cheap); got != call.OutboundAllowed {
			t.Errorf("without the database: %s", got)
		}
	}
}

// lastBody is what the last event of a kind says.
func lastBody[T any](t *testing.T, events []cases.Event, kind cases.EventKind) (body T) {
	t.Helper()
	for _, e := range slices.Backward(events) {
		if e.Kind == kind {
			if err := json.Unmarshal(e.Body, &body); err != nil {
				t.Fatal(err)
			}
			return body
		}
	}
	t.Fatalf("no event %s", kind)
	return body
}
