package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"shouwen/cases/store/storetest"
	"shouwen/ivr/acd"
	"shouwen/sip/siptest"
)

// TestAgentStatesSurvive: a pause, a wrap-up and the day's work are there again
// after a restart, at another node, and when the database is away at the start.
func TestAgentStatesSurvive(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Queues[0].WrapUp = Duration(time.Hour)
	opt := serverOptions{agents: 2, database: storetest.URL(t), anyPort: true}
	b := startBed(t, cfg, opt)
	phones := b.agents(2)
	caller := b.dial(numbered(1))
	ringing := incoming(phones)
	ringing[0].Answer()
	ringing[1].Ended()
	caller.Hears(toneOf(0))
	caller.Hangup()
	ringing[0].Ended()
	b.server.board.Pause(b.Agents[1].User, "lunch")
	first := func(b *bed) acd.Presence { return b.server.board.Snapshot().Agents[0] }
	until(t, "wrap-up", func() bool { return first(b).State == acd.WrapUp })
	was := first(b)
	b.stop()

	check := func(name string, b *bed) {
		t.Helper()
		b.server.board.Registered(b.Agents[0].User, true)
		b.server.board.Registered(b.Agents[1].User, true)
		got := b.server.board.Snapshot().Agents
		if got[0].State != acd.WrapUp || got[0].Until.Sub(was.Until).Abs() > time.Millisecond || got[0].Calls != 1 || got[0].Talked < was.Talked.Truncate(time.Millisecond) {
			t.Errorf("%s: who wrapped up is %+v, was %+v", name, got[0], was)
		}
		if got[1].State != acd.Paused || got[1].Reason != "lunch" {
			t.Errorf("%s: who had a pause is %+v", name, got[1])
		}
	}
	again := startBed(t, cfg, opt)
	check("after a restart", again)
	again.stop()

	without := opt
	without.database = "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"
	alone := startBed(t, cfg, without)
	check("without the database", alone)
	alone.stop()

	other := cfg
	other.Data, other.Node = dataDir(t), 2
	copyPasswords(t, cfg.Data, other.Data)
	check("at another node", startBed(t, other, opt))
}

func copyPasswords(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(from, passwordsFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, passwordsFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBrokenLastKnownStates: the server starts, and takes what PostgreSQL has.
func TestBrokenLastKnownStates(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	opt := serverOptions{agents: 1, database: storetest.URL(t), anyPort: true}
	b := startBed(t, cfg, opt)
	b.server.board.Pause(b.Agents[0].User, "lunch")
	b.stop()
	for _, text := range []string{"{", "null", `{"1001": 1}`} {
		if err := os.WriteFile(filepath.Join(cfg.Data, dutiesFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		b = startBed(t, cfg, opt)
		b.server.board.Registered(b.Agents[0].User, true)
		if p := b.server.board.Snapshot().Agents[0]; p.State != acd.Paused || p.Reason != "lunch" {
			t.Errorf("%s: agent %+v", text, p)
		}
		b.stop()
	}
}

// TestTwoNodesShareAgents: who speaks at one node is not rung by the other, and what
// he says of himself there is known here.
func TestTwoNodesShareAgents(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	opt := serverOptions{agents: 2, database: storetest.URL(t), anyPort: true}
	one := startBed(t, cfg, opt)
	other := cfg
	other.Data, other.Node = dataDir(t), 2
	copyPasswords(t, cfg.Data, other.Data)
	two := startBed(t, other, opt)

	phone := one.agent(0, siptest.Config{})
	atTwo := two.agent(0, siptest.Config{})
	caller := one.dial(numbered(1))
	call := phone.Incoming()
	call.Answer()
	caller.Hears(toneOf(0))
	state := func(b *bed, i int) acd.Presence { return b.server.board.Snapshot().Agents[i] }
	until(t, "the other node knows", func() bool { return state(two, 0).State == acd.Talking })
	waiting := two.caller(numbered(2)).Dial(two.Hotline)
	waiting.Answered()
	one.server.board.Pause(one.Agents[1].User, "lunch")
	until(t, "the other node knows of the pause", func() bool {
		two.server.board.Registered(two.Agents[1].User, true)
		return state(two, 1).State == acd.Paused
	})
	if n := atTwo.Count("INVITE"); n != 0 {
		t.Errorf("a phone in a call at one node was rung %d times by the other", n)
	}
	caller.Hangup()
	call.Ended()
	atTwo.Incoming().Answer() // as soon as he is free
	waiting.Hears(toneOf(0))
}
