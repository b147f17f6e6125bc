package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
	"shouwen/metrics"
	"shouwen/sip/siptest"
)

// TestWarmTransfer: the agent speaks with a colleague, to and fro with the
// caller, and leaves the two to each other.
func TestWarmTransfer(t *testing.T) {
	t.Parallel()
	p := passOn(t, 3)
	target := p.consult("*2")
	if from := target.Invite.Get("From"); !strings.Contains(from, numbered(1)) || !strings.Contains(from, "-1-0001") {
		t.Errorf("the target's phone shows %s, want the caller and the case", from)
	}
	if number := target.Invite.Get("X-Shouwen-Case"); !strings.HasSuffix(number, "-1-0001") {
		t.Errorf("X-Shouwen-Case of the target's INVITE: %q", number)
	}
	if by := target.Invite.Get("Referred-By"); !strings.Contains(by, "sip:"+p.Agents[0].User+"@") {
		t.Errorf("Referred-By of the target's INVITE: %q", by)
	}
	if l := p.server.calls.Live()[0]; l.Target != p.Agents[1].User || l.Agent != p.Agents[0].User || l.Case == "" {
		t.Errorf("the call is shown with %q, who passes it to %q, case %q", l.Agent, l.Target, l.Case)
	}
	p.agent.Hears(toneHz)
	p.agent.Silent(callerSays, 0)
	target.Answer()
	target.Hears(toneOf(0))
	p.agent.Hears(toneOf(1))
	p.caller.Hears(musicSays)
	p.agent.Press("*1")
	p.talk(p.agent, 0)
	target.Hears(musicSays)
	p.agent.Press("*1")
	p.agent.Hears(toneOf(1))
	target.Hears(toneOf(0))
	p.caller.Hears(musicSays)
	p.last("*4")
	p.talk(target, 1)
	if l := p.server.calls.Live()[0]; l.Target != "" || l.Agent != p.Agents[1].User {
		t.Errorf("the call is shown with %q, who passes it to %q", l.Agent, l.Target)
	}
	if keys := p.caller.Pressed() + target.Pressed(); keys != "" {
		t.Errorf("others heard the keys %s", keys)
	}
	waiting := p.bed.caller(numbered(2)).Dial(p.Hotline) // the first agent is free, the second is not
	in := p.phones[0].Incoming()
	waiting.Answered()
	if n := p.phones[1].Count("INVITE"); n != 2 {
		t.Errorf("the target's phone was rung %d times, want twice", n)
	}
	waiting.Hangup()
	in.Ended()

	p.caller.Hangup()
	target.Ended()
	all := p.cases()
	if len(all) != 2 || all[0].FirstAsker != p.Agents[0].User || all[0].Handler != p.Agents[1].User {
		t.Errorf("cases %+v", all)
	}
}

// TestTransferOnRecord: who passed the caller on to whom, and how long each of
// them spoke.
func TestTransferOnRecord(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2)
	target := p.consulted()
	p.agent.Call.Hangup(t.Context()) // is a way to complete it
	p.talk(target, 1)
	events := p.end(target, 1, started, completed)
	var done cases.TransferCompleted
	if err := json.Unmarshal(events[2].Body, &done); err != nil {
		t.Fatal(err)
	}
	want := cases.Transfer{Kind: cases.TransferWarm, How: cases.ByFeatureCode, By: p.Agents[0].User, To: p.Agents[1].User, Extension: p.ext(1)}
	if done.Transfer != want || events[2].By != want.By {
		t.Errorf("by %s: %+v, want %+v", events[2].By, done.Transfer, want)
	}
	span := cases.Span(events[2].At.Sub(events[0].At))
	if done.Consulted <= 0 || done.Consulted >= done.Talk || done.Talk > span+cases.Span(time.Second) {
		t.Errorf("talked %v, of which with the target %v; the case was open for %v", done.Talk, done.Consulted, span)
	}
}

// TestBlindTransfer: the caller gets the target as soon as it picks up, whether
// the agent waits for that or not.
func TestBlindTransfer(t *testing.T) {
	t.Parallel()
	for name, leaves := range map[string]bool{"the agent listens": false, "the agent leaves": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2)
			target := p.consult("*6")
			p.agent.Hears(toneHz)
			if leaves {
				p.agent.Call.Hangup(t.Context())
				p.agent.Ended()
				p.caller.Hears(musicSays)
				if l := p.server.calls.Live()[0]; l.Agent != "" || l.State != metrics.Held {
					t.Errorf("the call is shown as %s with %q", l.State, l.Agent)
				}
			}
			target.Answer()
			p.agent.Ended()
			p.talk(target, 1)
			p.end(target, 1, started, completed)
		})
	}
}

// TestTargetDoesNotCome: whatever becomes of the target, the agent is told by a
// tone and has the caller again.
func TestTargetDoesNotCome(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code   string
		status int
		why    cases.TransferFailure
	}{
		"busy":                   {"*2", 486, cases.TransferBusy},
		"busy, blindly":          {"*6", 486, cases.TransferBusy},
		"busy everywhere":        {"*2", 600, cases.TransferBusy},
		"declined":               {"*2", 603, cases.TransferDeclined},
		"unavailable":            {"*2", 480, cases.TransferNoAnswer},
		"no answer":              {"*2", 408, cases.TransferNoAnswer},
		"unknown to its network": {"*2", 404, cases.TransferUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2)
			p.consult(tt.code).Reject(tt.status)
			p.agent.Hears(toneHz)
			p.caller.Hears(musicSays)
			p.back()
			why, caller := failure(t, p.end(p.agent, 0, started, failed))
			if why != tt.why || caller != cases.CallerWithAgent {
				t.Errorf("failed because of %s, caller with %s; want %s", why, caller, tt.why)
			}
		})
	}
}

// TestWhyInWords: after the tone the agent is told in words why the target does not
// come.
func TestWhyInWords(t *testing.T) {
	t.Parallel()
	const wordsSay = 1750
	for prompt, out := range map[string]func(p *passed){
		"target_busy":        func(p *passed) { p.consult("*2").Reject(486) },
		"target_no_answer":   func(p *passed) { p.consult("*2").Reject(408) },
		"target_declined":    func(p *passed) { p.consult("*2").Reject(603) },
		"target_unreachable": func(p *passed) { p.consult("*2").Reject(488) },
		"target_denied":      func(p *passed) { p.agent.Press("*20012125550100#") },
	} {
		t.Run(prompt, func(t *testing.T) {
			t.Parallel()
			carrier := siptest.New(t, "", siptest.Config{User: "carrier", Patience: patience})
			p := passOn(t, 2, byCarrier(carrier), func(c *Config) { tonePrompt(t, c.Prompts, prompt, wordsSay) })
			out(p)
			p.agent.Hears(toneHz)
			p.agent.HearsNext(wordsSay)
			p.back()
			p.caller.Hangup()
			p.agent.Ended()
		})
	}
}

// TestNoTarget: an extension that cannot be rung is a failed transfer, a wrong
// code or half of one is none; the caller comes back.
func TestNoTarget(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		keys func(p *passed) string
		why  cases.TransferFailure // empty: no transfer on record
	}{
		"unknown extension": {func(*passed) string { return "*29999#" }, cases.TransferUnknown},
		"not registered":    {func(p *passed) string { return "*2" + p.ext(2) + "#" }, cases.TransferUnreachable},
		"the agent himself": {func(p *passed) string { return "*2" + p.ext(0) + "#" }, cases.TransferBusy},
		"no such code":      {func(*passed) string { return "*8" }, ""},
		"no category":       {func(*passed) string { return "*2#" }, cases.TransferNobodyCompetent},
		"nothing to cancel": {func(*passed) string { return "*4" }, ""},
		"5 s too slow":      {func(*passed) string { return "*210" }, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 3)
			p.phones[2].Unregister()
			p.agent.Press(tt.keys(p))
			p.caller.Hears(musicSays)
			p.agent.Hears(toneHz)
			p.back()
			if tt.why == "" {
				p.end(p.agent, 0)
				return
			}
			if got, _ := failure(t, p.end(p.agent, 0, started, failed)); got != tt.why {
				t.Errorf("failed because of %s, want %s", got, tt.why)
			}
		})
	}
}

// TestCodesAreKeptFromOthers: also the first one after a while.
func TestCodesAreKeptFromOthers(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2)
	target := p.consulted()
	p.agent.Silent(callerSays, 5500*time.Millisecond) // longer than a code may be left half dialled
	p.agent.Press("*1")
	p.talk(p.agent, 0)
	if keys := p.caller.Pressed() + target.Pressed(); keys != "" {
		t.Errorf("others heard the keys %s", keys)
	}
	p.agent.Press("7")
	p.caller.HearsDigits("7")
	target.Hangup()
	p.back()
	p.end(p.agent, 0, started, failed)
}

// TestBusyTarget: a colleague in another call is not rung.
func TestBusyTarget(t *testing.T) {
	t.Parallel()
	p := passOn(t, 3)
	chat := p.phones[1].Dial(p.ext(2))
	p.phones[2].Incoming().Answer()
	chat.Hears(toneOf(2))
	rung := p.phones[1].Count("INVITE")
	p.agent.Press("*2" + p.ext(1) + "#")
	p.agent.Hears(toneHz)
	p.back()
	if n := p.phones[1].Count("INVITE"); n != rung {
		t.Errorf("the busy phone was rung %d times", n-rung)
	}
	chat.Hears(toneOf(2))
	if why, _ := failure(t, p.end(p.agent, 0, started, failed)); why != cases.TransferBusy {
		t.Errorf("failed because of %s", why)
	}
}

// TestNoAnswer: the target rings as long as it may; then the agent has the caller
// again, or, if he has left, the queue.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	for name, longest := range map[string]time.Duration{"the agent waits": 2 * time.Second, "the agent has left": 8 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			leaves := name == "the agent has left" // for which there must be time
			opt := serverOptions{agents: 2, database: storetest.URL(t), anyPort: true}
			p := startBed(t, testConfig(t), opt, func(s *server) { s.calls.TargetRings = longest }).passOn(2)
			began := time.Now()
			target := p.consult("*2")
			if leaves {
				p.agent.Call.Hangup(t.Context())
			}
			if m := target.Ended(); m.Method != "CANCEL" {
				t.Errorf("the target got %s", m.Method)
			}
			if d := time.Since(began); d < longest {
				t.Errorf("rang for %s, want %s", d, longest)
			}
			if !leaves {
				p.agent.Hears(toneHz)
				p.back()
				p.end(p.agent, 0, started, failed)
				return
			}
			again := p.phones[0].Incoming()
			again.Answer()
			p.talk(again, 0)
			p.end(again, 0, started, failed, pickedUp)
		})
	}
}

// TestCancelledTransfer: the agent takes the caller back while the target rings,
// and while he speaks with it.
func TestCancelledTransfer(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string]bool{"while it rings": false, "while they speak": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2)
			target, want := p.consult("*2"), "CANCEL"
			if answers {
				target.Answer()
				target.Hears(toneOf(0))
				want = "BYE"
			}
			p.agent.Press("**")
			if m := target.Ended(); m.Method != want {
				t.Errorf("the target got %s, want %s", m.Method, want)
			}
			p.back()
			if why, _ := failure(t, p.end(p.agent, 0, started, failed)); why != cases.TransferCancelled {
				t.Errorf("failed because of %s", why)
			}
		})
	}
}

// TestCancelCrossesPickUp: the target picks up while the agent cancels.
func TestCancelCrossesPickUp(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2)
	for range 5 {
		target := p.consult("*2")
		p.agent.Press("*")
		together(2, func(i int) {
			if i == 0 {
				_ = target.Call.Answer()
			} else {
				_ = p.agent.Call.Audio.Press(t.Context(), "*")
			}
		})
		target.Ended()
		p.back()
	}
	p.caller.Hangup()
	p.agent.Ended()
}

// TestTransferByINFO: phones that tell keys by SIP INFO have the same codes.
func TestTransferByINFO(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2)
	press := func(keys string) {
		for _, key := range keys {
			if res := p.agent.Do("INFO", fmt.Sprintf("Signal=%c\r\nDuration=160\r\n", key), "Content-Type: application/dtmf-relay"); res.Status != 200 {
				t.Fatalf("INFO: %d", res.Status)
			}
		}
	}
	press("*2" + p.ext(1) + "#")
	target := p.phones[1].Incoming()
	p.caller.Hears(musicSays)
	target.Answer()
	target.Hears(toneOf(0))
	press("*4")
	p.agent.Ended()
	p.talk(target, 1)
	p.end(target, 1, started, completed)
}

// TestHoldInTransfer: the hold key works on the target too, and what the caller's
// phone holds stays on hold when the agent is back.
func TestHoldInTransfer(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2)
	target := p.consulted()
	p.agent.Do("INVITE", p.agent.SDP(siptest.SendOnly))
	target.Hears(musicSays)
	p.caller.Hears(musicSays)
	p.agent.Do("INVITE", p.agent.SDP(siptest.SendRecv))
	target.Hears(toneOf(0))
	p.caller.Do("INVITE", p.caller.SDP(siptest.SendOnly))
	p.agent.Press("**")
	target.Ended()
	p.agent.Hears(musicSays)
	p.caller.Do("INVITE", p.caller.SDP(siptest.SendRecv))
	p.back()
	p.end(p.agent, 0, started, failed)
}

// TestKeysOfTheAgent: the caller hears what the agent presses, but for codes and
// what he takes for one.
func TestKeysOfTheAgent(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2)
	p.agent.Press("51")
	p.caller.HearsDigits("51")
	p.agent.Press("*88") // no code: the second 8 comes after the refusal has begun
	p.agent.Hears(toneHz)
	p.back()
	p.agent.Press("7")
	p.caller.HearsDigits("7")
	p.agent.Press("*2" + p.ext(1) + "#")
	target := p.phones[1].Incoming()
	target.Answer()
	target.Hears(toneOf(0))
	p.agent.Press("6")
	target.HearsDigits("6")
	p.agent.Press("*1")
	p.talk(p.agent, 0)
	p.agent.Press("8")
	p.caller.HearsDigits("8")
	if at, by := p.caller.Pressed(), target.Pressed(); at != "5178" || by != "6" {
		t.Errorf("the caller heard %q, the target %q", at, by)
	}
	p.last("*4")
	p.talk(target, 1)
	p.end(target, 1, started, completed)
}
