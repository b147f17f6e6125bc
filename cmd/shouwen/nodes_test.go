package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
	"shouwen/ivr/acd"
	"shouwen/sip/siptest"
)

// apart is a caller whom the first agent has at one node, while the phones of both
// agents call each other by another one.
type apart struct {
	*passed
	two    *bed
	second siptest.TestPhone // of the first agent, at the other node
}

// comeApart starts two nodes of one PostgreSQL, and brings a caller to the first agent at
// the first.
func comeApart(t *testing.T, change ...func(*Config)) *apart {
	t.Helper()
	cfg := testConfig(t)
	cfg.Queues[0].Members = []string{"1001"}
	for _, c := range change {
		c(&cfg)
	}
	opt := serverOptions{agents: 2, database: storetest.URL(t), anyPort: true}
	one := startBed(t, cfg, opt)
	other := cfg
	other.Data, other.Node = dataDir(t), 2
	copyPasswords(t, cfg.Data, other.Data)
	a := &apart{passed: &passed{bed: one}, two: startBed(t, other, opt)}
	until(t, "the nodes know each other", func() bool { return len(one.server.leases.nodes()) == 1 && len(a.two.server.leases.nodes()) == 1 })
	a.phones = []siptest.TestPhone{one.agent(0, siptest.Config{}), a.two.agent(1, siptest.Config{})}
	first := a.Agents[0]
	a.second = siptest.New(t, a.two.SIP.UDP, siptest.Config{
		User: first.User, Password: first.Password, Domain: a.SIP.Domain, Tone: toneOf(0), Patience: patience,
	})
	a.caller = one.dial(numbered(1))
	a.agent = a.phones[0].Incoming()
	a.agent.Answer()
	a.talk(a.agent, 0)
	return a
}

// speaks lets the first agent hold the caller and speak with the second, at the other
// node.
func (a *apart) speaks() (line, target siptest.TestCall, replace string) {
	a.t.Helper()
	a.onHold()
	line = a.second.Dial(a.ext(1))
	target = a.phones[1].Incoming()
	target.Answer()
	ok := line.Answered()
	target.Hears(toneOf(0))
	return line, target, replaces(ok, false)
}

// joined is speaks, and the agent's phone has joined caller and second agent.
func (a *apart) joined() (target siptest.TestCall) {
	a.t.Helper()
	line, target, replace := a.speaks()
	a.refer(a.agent, a.ext(1), replace, 202)
	a.told(a.agent, 100, 200)
	for _, c := range []siptest.TestCall{line, a.agent} {
		if m := c.Ended(); m.Method != "BYE" {
			a.t.Errorf("a line of the agent got %s", m.Method)
		}
	}
	a.talk(target, 1)
	return target
}

// settled is joined, longer ago than a hang-up counts as a race.
func (a *apart) settled() (target siptest.TestCall) {
	a.t.Helper()
	target = a.joined()
	a.caller.Silent(musicSays, 4*time.Second)
	return target
}

// are waits until both nodes say that the agents do that.
func (a *apart) are(first, second acd.State) {
	a.t.Helper()
	for node, b := range map[string]*bed{"one": a.bed, "two": a.two} {
		until(a.t, "agents are "+string(first)+" and "+string(second)+" at node "+node, func() bool {
			b.server.board.Registered(b.Agents[0].User, true)
			b.server.board.Registered(b.Agents[1].User, true)
			all := b.server.board.Snapshot().Agents
			return all[0].State == first && all[1].State == second
		})
	}
}

// TestAttendedAcrossNodes: the agent's phone joins its caller to whom it called by another
// node. He who is free is free everywhere, who has the caller nowhere, and may pass him on.
func TestAttendedAcrossNodes(t *testing.T) {
	t.Parallel()
	a := comeApart(t)
	target := a.joined()
	a.are(acd.Ready, acd.Talking)
	if res := target.Do("REFER", "", "Refer-To: <sip:"+a.ext(0)+"@"+a.SIP.Domain+">"); res.Status != 603 {
		t.Errorf("REFER to the node that does not have the caller: %d", res.Status)
	}
	target.Press("*2" + a.ext(0) + "#") // is one of the node that has him
	back := a.phones[0].Incoming()
	a.caller.Hears(musicSays)
	back.Answer()
	back.Hears(toneOf(1))
	_ = target.Call.Audio.Press(t.Context(), "*4") // the phone may be hung up before the key is
	target.Ended()
	a.talk(back, 0)
	a.are(acd.Talking, acd.Ready)
	byRefer(t, cases.TransferWarm, a.end(back, 0, started, completed, started, completed)[:3])
	if live := a.two.server.calls.Live(); len(live) != 0 {
		t.Errorf("at the other node there are still %+v", live)
	}
}

// TestAttendedAcrossNodesEnds: whoever hangs up, the call is over; whose phone dies has not
// hung up, and the caller goes to the front of the queue.
func TestAttendedAcrossNodesEnds(t *testing.T) {
	t.Parallel()
	t.Run("the caller hangs up", func(t *testing.T) {
		t.Parallel()
		a := comeApart(t)
		target := a.joined()
		a.end(target, 1, started, completed)
		_, events := a.all(a.firstCase().Number)
		heard := lastBody[cases.Quality](t, events, cases.EventQuality).Legs
		if !slices.ContainsFunc(heard, func(q cases.LegQuality) bool { return q.User == a.Agents[1].User && q.Packets > 0 }) {
			t.Errorf("the target was not heard: %+v", heard)
		}
	})
	t.Run("the target hangs up", func(t *testing.T) {
		t.Parallel()
		a := comeApart(t)
		a.settled().Hangup()
		a.caller.Ended()
		a.are(acd.Ready, acd.Ready)
		a.check(1, started, completed, callEnded)
	})
	t.Run("the target's phone dies", func(t *testing.T) {
		t.Parallel()
		a := comeApart(t, soonDead)
		unplug(t, a.phones[1], a.settled())
		a.caller.Hears(musicSays)
		a.pickUpFirst()
		a.end(a.agent, 0, started, completed, pickedUp)
	})
	t.Run("the other node stops", func(t *testing.T) {
		t.Parallel()
		a := comeApart(t)
		target := a.settled()
		go a.two.stop()
		target.Ended()
		a.caller.Hears(musicSays)
		a.pickUpFirst()
		a.end(a.agent, 0, started, completed, pickedUp)
	})
}

// TestAttendedAcrossNodesFails: what the phone wants joined is not there, or not to be had;
// its two calls are as they were.
func TestAttendedAcrossNodesFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		replace func(a *apart, replace string) string
		to      func(a *apart) string
		told    int
	}{
		"no such call there": {func(_ *apart, replace string) string { return "x" + replace }, nil, 480},
		"no such node":       {func(*apart, string) string { return "x;to-tag=7.1;from-tag=2" }, nil, 481},
		"no line of text": {func(_ *apart, replace string) string {
			call, tags, _ := strings.Cut(replace, ";")
			return call + "\r\nVia: x;" + tags
		}, nil, 481},
		"not if it was answered": {func(_ *apart, replace string) string { return replace + ";early-only" }, nil, 486},
		"with somebody else":     {nil, func(a *apart) string { return a.ext(0) }, 480},
		"with nobody":            {nil, func(*apart) string { return "9999" }, 481},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := comeApart(t)
			line, target, replace := a.speaks()
			to := a.ext(1)
			if tt.replace != nil {
				replace = tt.replace(a, replace)
			}
			if tt.to != nil {
				to = tt.to(a)
			}
			a.refer(a.agent, to, replace, 202)
			a.told(a.agent, 100, tt.told)
			line.Hears(toneOf(1))
			target.Hears(toneOf(0))
			line.Hangup()
			target.Ended()
			a.resume()
			a.caller.Hangup()
			a.agent.Ended()
		})
	}
	t.Run("it rings", func(t *testing.T) {
		t.Parallel()
		a := comeApart(t)
		a.onHold()
		line := a.second.Dial(a.ext(1))
		target := a.phones[1].Incoming()
		a.refer(a.agent, a.ext(1), replaces(line.Ringing(), false), 202)
		a.told(a.agent, 100, 480)
		target.Answer()
		line.Hears(toneOf(1))
		line.Hangup()
		target.Ended()
		a.resume()
	})
}

// TestTakeOverAcrossNodes: a phone that wants to take the place of another one, in a call
// at another node, is sent there.
func TestTakeOverAcrossNodes(t *testing.T) {
	t.Parallel()
	a := comeApart(t)
	name := replaces(a.agent.Answered(), true)
	m := a.second.Dial(a.ext(0), "Replaces: "+name).Ended()
	if to := m.Get("Contact"); m.Status != 302 || !strings.HasPrefix(to, "<sip:"+a.ext(0)+"@"+a.SIP.UDP+"?Replaces=") {
		t.Fatalf("%d to %s", m.Status, to)
	}
	a.agent = a.takeOver(0, name, 200)
	a.talk(a.agent, 0)
	a.end(a.agent, 0)
}
