package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
	"shouwen/ivr/call"
	"shouwen/sip/siptest"
)

// TestAgentTakesABreak: by dialling a code an agent is not rung, by another he
// is again.
func TestAgentTakesABreak(t *testing.T) {
	t.Parallel()
	b := newBed(t, 2, func(c *Config) { c.Codes[call.NotReady] = "*48" }) // *45 is as usual
	phones := b.agents(2)
	state := func(i int) acd.State { return b.server.board.Snapshot().Agents[i].State }
	dial := func(code string) {
		t.Helper()
		c := phones[0].Dial(code)
		c.Answered()
		c.Ended() // after the beep
	}

	if m := phones[0].Dial(call.NotReadyCode).Ended(); m.Status != 404 {
		t.Errorf("a code that means nothing any more: %d, want 404", m.Status)
	}
	dial("*48")
	if s := state(0); s != acd.Paused {
		t.Errorf("after *48: %s", s)
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

// TestWhoIsAskedInATransfer: whose phone declines is left alone for a while; who
// gets the caller has the queue's time to finish the call, and who was only spoken
// with has nothing to finish.
func TestWhoIsAskedInATransfer(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2, func(c *Config) { c.Queues[0].WrapUp = Duration(time.Minute) })
	becomes := func(i int, want acd.State) {
		t.Helper()
		until(t, string(want), func() bool { return p.server.board.Snapshot().Agents[i].State == want })
	}
	p.consult("*2").Reject(603)
	becomes(1, acd.Paused)
	p.back()
	p.server.board.Ready(p.Agents[1].User)
	target := p.consulted()
	p.agent.Press("**")
	target.Ended()
	becomes(1, acd.Ready)
	p.back()
	target = p.consulted()
	p.last("*4")
	becomes(0, acd.WrapUp)
	p.talk(target, 1)
	p.end(target, 1, started, failed, started, failed, started, completed)
}

// TestTargetWrapsUp: who got the caller by transfer finishes the call as who got
// him from the queue does.
func TestTargetWrapsUp(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2, func(c *Config) { c.Queues[0].WrapUp = Duration(time.Minute) })
	target := p.consulted()
	p.last("*4")
	p.talk(target, 1)
	p.caller.Hangup()
	target.Ended()
	until(t, "wrap-up", func() bool { return p.server.board.Snapshot().Agents[1].State == acd.WrapUp })
}

// TestPauseReasonsByDigit: the n-th reason is dialled as *46n; a digit without one is
// no code.
func TestPauseReasonsByDigit(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, func(c *Config) { c.Agents.PauseReasons = []string{"lunch", "training"} })
	phone := b.agent(0, siptest.Config{})
	dial := func(code string, status int) acd.Presence {
		t.Helper()
		c := phone.Dial(code)
		if status == 200 {
			c.Answered()
		}
		if m := c.Ended(); status != 200 && m.Status != status {
			t.Errorf("%s: %d, want %d", code, m.Status, status)
		}
		return b.server.board.Snapshot().Agents[0]
	}
	for code, reason := range map[string]string{"*46": "feature_code", "*461": "lunch", "*462": "training"} {
		if p := dial(code, 200); p.State != acd.Paused || p.Reason != reason {
			t.Errorf("%s: %s (%s), want %s", code, p.State, p.Reason, reason)
		}
	}
	b.server.board.Ready(b.Agents[0].User)
	for _, code := range []string{"*460", "*463", "*4611"} {
		if p := dial(code, 404); p.State == acd.Paused {
			t.Errorf("%s paused him", code)
		}
	}
}

// TestPhoneNobodyAnswers: after max_missed rounds its agent is paused, supervisors
// are told, and the API makes him ready again.
func TestPhoneNobodyAnswers(t *testing.T) {
	t.Parallel()
	b := newBed(t, 2, func(c *Config) {
		c.Agents.MaxMissed, c.Queues[0].RingTime = 2, Duration(time.Second)
		c.HTTP = HTTPConfig{Console: "127.0.0.1:0", Metrics: "127.0.0.1:0"}
		p := examplePhonebook(2)
		p.People[1].Roles = []cases.Role{cases.RoleSupervisor}
		if err := p.save(c.Data); err != nil {
			t.Fatal(err)
		}
	})
	b.agent(0, siptest.Config{})
	supervisor := b.agent(1, siptest.Config{})
	caller := b.dial(numbered(1))
	first := func() acd.Presence { return b.server.board.Snapshot().Agents[0] }
	until(t, "the agent is paused", func() bool { return first().State == acd.Paused })
	if first().Reason != "no_answer" {
		t.Errorf("agent %+v", first())
	}
	if text := supervisor.Expect("MESSAGE").Body; !strings.Contains(text, b.Agents[0].User) {
		t.Errorf("the supervisor is told %q", text)
	}
	caller.Hangup()
	post := func(path, body string, want int) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "POST", b.API.Base+"/agents/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+b.API.Token)
		r.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if problem := strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json"); res.StatusCode != want || problem != (want >= 400) {
			t.Errorf("%s %s: %s, want %d", path, body, res.Status, want)
		}
	}
	user := b.Agents[0].User
	post(user+"/wrap_up", `{"seconds": 30}`, 409)
	post(user+"/ready", "", 204)
	if s := first().State; s != acd.Ready {
		t.Errorf("made ready, he is %s", s)
	}
	post(user+"/pause", `{"reason": "lunch"}`, 204)
	if p := first(); p.State != acd.Paused || p.Reason != "lunch" {
		t.Errorf("agent %+v", p)
	}
	post(user+"/pause", `{"reason": "boredom"}`, 422)
	post("nobody/ready", "", 404)
	_, text := fetch(t, b.MetricsURL, "")
	for _, want := range []string{
		`shouwen_agents_paused_total{department="hotline"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics have no %s", want)
		}
	}
}

// TestSupervisorsOf: those of the department, or all when it has none.
func TestSupervisorsOf(t *testing.T) {
	t.Parallel()
	boss := []cases.Role{cases.RoleSupervisor}
	d := cases.Directory{People: []cases.Person{{User: "a", Department: "x", Roles: boss}, {User: "b", Department: "y", Roles: boss}, {User: "c", Department: "x"}}}
	for department, want := range map[string][]string{"x": {"a"}, "y": {"b"}, "z": {"a", "b"}} {
		if got := supervisors(d, department); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", department, got, want)
		}
	}
}
