package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"shouwen/cases"
	"shouwen/sip/siptest"
)

// refer sends a REFER in call to that extension, with that Replaces if it is not
// empty, and wants this status.
func (p *passed) refer(call siptest.TestCall, extension, replaces string, status int) {
	p.t.Helper()
	uri := "sip:" + extension + "@" + p.SIP.Domain
	if replaces != "" {
		uri += "?Replaces=" + url.QueryEscape(replaces)
	}
	if res := call.Do("REFER", "", "Refer-To: <"+uri+">"); res.Status != status {
		p.t.Fatalf("REFER to %s: %d, want %d", uri, res.Status, status)
	}
}

// told checks which statuses the phone is told of its REFER, in this order.
func (p *passed) told(call siptest.TestCall, statuses ...int) {
	p.t.Helper()
	for _, want := range statuses {
		m := call.Expect("NOTIFY")
		if !strings.HasPrefix(m.Body, fmt.Sprintf("SIP/2.0 %d ", want)) {
			p.t.Fatalf("NOTIFY tells %q, want %d", m.Body, want)
		}
		if over := strings.HasPrefix(m.Get("Subscription-State"), "terminated"); over != (want >= 200) {
			p.t.Errorf("%d: %s", want, m.Get("Subscription-State"))
		}
	}
}

// replaces names a call as its phone does to the server: m is any response to its
// INVITE, or the ACK it got.
func replaces(m *siptest.Message, incoming bool) string {
	server, phone := m.Param("To", "tag"), m.Param("From", "tag")
	if incoming {
		server, phone = phone, server
	}
	return m.Get("Call-ID") + ";to-tag=" + server + ";from-tag=" + phone
}

// onHold lets the agent's phone hold the caller.
func (p *passed) onHold() {
	p.t.Helper()
	p.agent.Do("INVITE", p.agent.SDP(siptest.SendOnly))
	p.caller.Hears(musicSays)
}

// resume lets it take him back.
func (p *passed) resume() {
	p.t.Helper()
	p.agent.Do("INVITE", p.agent.SDP(siptest.SendRecv))
	p.talk(p.agent, 0)
}

// byRefer checks that a completed transfer is on record as one by REFER.
func byRefer(t *testing.T, kind cases.TransferKind, events []cases.Event) {
	t.Helper()
	for _, e := range events {
		if e.Kind != completed {
			continue
		}
		var done cases.TransferCompleted
		if err := json.Unmarshal(e.Body, &done); err != nil {
			t.Fatal(err)
		}
		if done.How != cases.ByRefer || done.Kind != kind || done.Extension == "" || done.Talk <= 0 {
			t.Errorf("%+v, want a %s one by REFER", done, kind)
		}
	}
}

// TestBlindRefer: the phone's transfer key passes the caller on; the agent is hung
// up when his phone knows that it worked, unless it hangs up before.
func TestBlindRefer(t *testing.T) {
	t.Parallel()
	t.Run("the agent waits", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2)
		p.onHold()
		p.refer(p.agent, p.ext(1), "", 202)
		p.told(p.agent, 100, 180)
		target := p.phones[1].Incoming()
		p.caller.Hears(musicSays)
		target.Answer()
		p.told(p.agent, 200)
		p.agent.Ended()
		p.talk(target, 1)
		byRefer(t, cases.TransferBlind, p.end(target, 1, started, completed))
	})
	t.Run("the agent hangs up after the 202", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2)
		p.refer(p.agent, p.ext(1), "", 202)
		p.agent.Hangup()
		target := p.phones[1].Incoming()
		p.caller.Hears(musicSays)
		target.Answer()
		p.talk(target, 1)
		p.end(target, 1, started, completed)
	})
	t.Run("BYE comes with the REFER", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2)
		p.onHold() // the server knows the phone's numbers
		d := p.agent.TakeOver()
		refer := d.Request("REFER").With("Refer-To: <sip:" + p.ext(1) + "@" + p.SIP.Domain + ">")
		p.phones[0].Send(refer)
		p.phones[0].Send(d.Request("BYE"))
		target := p.phones[1].Incoming()
		target.Answer()
		p.talk(target, 1)
		p.end(target, 1, started, completed)
	})
	t.Run("twice", func(t *testing.T) { // and on, by who was passed the caller
		t.Parallel()
		p := passOn(t, 3)
		p.refer(p.agent, p.ext(1), "", 202)
		second := p.phones[1].Incoming()
		second.Answer()
		p.agent.Ended()
		p.talk(second, 1)
		p.refer(second, p.ext(2), "", 202)
		third := p.phones[2].Incoming()
		p.told(second, 100, 180)
		third.Answer()
		p.told(second, 200)
		second.Ended()
		p.talk(third, 2)
		byRefer(t, cases.TransferBlind, p.end(third, 2, started, completed, started, completed))
	})
}

// TestReferFails: the phone is told why, and has its caller when it takes him back.
func TestReferFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		extension func(p *passed) string
		reject    int // by the target; 0: it is not rung
		told      int
		why       cases.TransferFailure
	}{
		"unknown extension": {func(*passed) string { return "9999" }, 0, 404, cases.TransferUnknown},
		"an outside number": {func(*passed) string { return "01055550199" }, 0, 404, cases.TransferUnknown},
		"not registered":    {func(p *passed) string { return p.ext(2) }, 0, 480, cases.TransferUnreachable},
		"the agent himself": {func(p *passed) string { return p.ext(0) }, 0, 486, cases.TransferBusy},
		"busy":              {func(p *passed) string { return p.ext(1) }, 486, 486, cases.TransferBusy},
		"declined":          {func(p *passed) string { return p.ext(1) }, 603, 603, cases.TransferDeclined},
		"not available":     {func(p *passed) string { return p.ext(1) }, 480, 408, cases.TransferNoAnswer},
		"no common codec":   {func(p *passed) string { return p.ext(1) }, 488, 488, cases.TransferNotAcceptable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 3)
			p.phones[2].Unregister()
			p.onHold()
			p.refer(p.agent, tt.extension(p), "", 202)
			if tt.reject != 0 {
				target := p.phones[1].Incoming()
				p.told(p.agent, 100, 180)
				target.Reject(tt.reject)
				p.told(p.agent, tt.told)
			} else {
				p.told(p.agent, 100, tt.told)
			}
			p.caller.Hears(musicSays)
			p.resume()
			if why, caller := failure(t, p.end(p.agent, 0, started, failed)); why != tt.why || caller != cases.CallerWithAgent {
				t.Errorf("failed because of %s, caller with %s", why, caller)
			}
		})
	}
}

// TestReferringPhoneGivesUp: phones that hang up when their transfer failed have
// the caller again by picking up.
func TestReferringPhoneGivesUp(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2)
	p.refer(p.agent, p.ext(1), "", 202)
	target := p.phones[1].Incoming()
	p.told(p.agent, 100, 180)
	target.Reject(486)
	p.told(p.agent, 486)
	p.agent.Hangup()
	p.caller.Hears(musicSays)
	again := p.phones[0].Incoming()
	again.Answer()
	p.talk(again, 0)
	p.end(again, 0, started, failed, pickedUp)
}

// TestReferNotNow: one transfer at a time, and not by who has no caller.
func TestReferNotNow(t *testing.T) {
	t.Parallel()
	p := passOn(t, 3)
	target := p.consulted()
	p.refer(p.agent, p.ext(2), "", 491)
	p.refer(target, p.ext(2), "", 403)
	p.last("*4")
	p.talk(target, 1)

	inside := p.phones[0].Dial(p.Hotline) // an agent is the caller
	third := p.phones[2].Incoming()
	third.Answer()
	inside.Answered()
	inside.Hears(toneOf(2))
	p.refer(inside, p.ext(1), "", 403)
	inside.Hears(toneOf(2))
	inside.Hangup()
	third.Ended()
	p.caller.Hangup()
	target.Ended()
}

// TestCallerHangsUpInRefer: the phones stop, and the agent's is told.
func TestCallerHangsUpInRefer(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2)
	p.refer(p.agent, p.ext(1), "", 202)
	target := p.phones[1].Incoming()
	p.told(p.agent, 100, 180)
	p.caller.Hangup()
	p.told(p.agent, 487)
	p.agent.Ended()
	target.Ended()
	if why, caller := failure(t, p.check(0, started, failed, callEnded)); why != cases.TransferCallEnded || caller != cases.CallerGone {
		t.Errorf("failed because of %s, caller with %s", why, caller)
	}
}

// second lets the agent hold the caller and call the target himself, on a second
// line of his phone.
func (p *passed) second() (line, target siptest.TestCall) {
	p.t.Helper()
	p.onHold()
	line = p.phones[0].Dial(p.ext(1))
	target = p.phones[1].Incoming()
	line.Ringing()
	return line, target
}

// spoken is second, and the target has picked up.
func (p *passed) spoken() (line, target siptest.TestCall, replace string) {
	p.t.Helper()
	line, target = p.second()
	target.Answer()
	ok := line.Answered()
	line.Hears(toneOf(1))
	target.Hears(toneOf(0))
	return line, target, replaces(ok, false)
}

// TestAttendedTransfer: what phones do by themselves, hold, call, and join the two,
// by a REFER on either line.
func TestAttendedTransfer(t *testing.T) {
	t.Parallel()
	for name, join := range map[string]func(p *passed, line siptest.TestCall, replace string) (referred siptest.TestCall){
		"on the caller's line": func(p *passed, _ siptest.TestCall, replace string) siptest.TestCall {
			p.refer(p.agent, p.ext(1), replace, 202)
			return p.agent
		},
		"on the target's line": func(p *passed, line siptest.TestCall, _ string) siptest.TestCall {
			p.refer(line, numbered(1), replaces(p.agent.Answered(), true), 202)
			return line
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 3)
			line, target, replace := p.spoken()
			line.Do("INVITE", line.SDP(siptest.SendOnly)) // as many phones do
			target.Hears(musicSays)
			p.told(join(p, line, replace), 100, 200)
			for _, c := range []siptest.TestCall{line, p.agent} {
				if m := c.Ended(); m.Method != "BYE" {
					t.Errorf("a line of the agent got %s", m.Method)
				}
			}
			p.talk(target, 1)
			free := p.bed.caller(numbered(2)).Dial(p.Hotline) // rings the free, and not the target
			p.phones[0].Incoming()
			if n := p.phones[1].Count("INVITE"); n != 2 {
				t.Errorf("the target's phone was rung %d times, want twice", n)
			}
			free.Hangup()
			byRefer(t, cases.TransferWarm, p.endFirst(target, 1, started, completed))
		})
	}
	t.Run("the target had called the agent", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2)
		p.onHold()
		target := p.phones[1].Dial(p.ext(0))
		line := p.phones[0].Incoming()
		line.Answer()
		target.Answered()
		target.Hears(toneOf(0))
		p.refer(p.agent, p.ext(1), replaces(line.Answered(), true), 202)
		p.told(p.agent, 100, 200)
		line.Ended()
		p.agent.Ended()
		p.talk(target, 1)
		byRefer(t, cases.TransferWarm, p.end(target, 1, started, completed))
	})
	t.Run("the agent hangs up at once", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2)
		line, target, replace := p.spoken()
		p.refer(p.agent, p.ext(1), replace, 202)
		_ = p.agent.Call.Hangup(t.Context())
		_ = line.Call.Hangup(t.Context())
		p.talk(target, 1)
		p.end(target, 1, started, completed)
	})
}

// TestReferOfOurConsultation: the agent consults by his keys and then joins the two by
// his phone's, which can only name the one call it has.
func TestReferOfOurConsultation(t *testing.T) {
	t.Parallel()
	own := func(p *passed) string { return replaces(p.agent.Answered(), true) }
	for name, reach := range map[string]stage{
		"while the two agents speak": (*passed).consulted,
		"while the target waits":     stages["while the target waits"],
		"while all three speak":      (*passed).conferred,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2)
			target := reach(p)
			p.refer(p.agent, p.ext(1), own(p), 202)
			p.told(p.agent, 100, 200)
			if m := p.agent.Ended(); m.Method != "BYE" {
				t.Errorf("the agent got %s", m.Method)
			}
			p.talk(target, 1)
			p.end(target, 1, started, completed)
		})
	}
	t.Run("while the target rings, who picks up", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2)
		target := p.consult("*2")
		p.refer(p.agent, p.ext(1), own(p), 202)
		p.agent.Ended()
		p.caller.Hears(musicSays)
		target.Answer()
		p.talk(target, 1)
		p.end(target, 1, started, completed)
	})
	t.Run("while the target rings, who does not", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2)
		target := p.consult("*2")
		p.refer(p.agent, p.ext(1), own(p), 202)
		p.agent.Ended()
		target.Reject(486)
		p.caller.Hears(musicSays)
		p.pickUpFirst()
		p.end(p.agent, 0, started, failed, pickedUp)
	})
}

// firstCase stops the server and returns the first case there is.
func (p *passed) firstCase() cases.Case {
	p.t.Helper()
	all := p.cases()
	if len(all) == 0 {
		p.t.Fatal("no case is on record")
	}
	return all[0]
}

// endFirst is end for the first of several cases.
func (p *passed) endFirst(who siptest.TestCall, handler int, kinds ...cases.EventKind) []cases.Event {
	p.t.Helper()
	p.caller.Hangup()
	who.Ended()
	c, events := p.ledgerOf(p.firstCase().Number)
	p.is(c, events, handler, append(kinds, cases.EventEnded)...)
	return events
}

// TestAttendedWhileRinging: a phone may join the two before the target picked up;
// it rings on for the caller.
func TestAttendedWhileRinging(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pickedUp bool
		leaves   bool
	}{
		"it picks up": {true, false}, "the agent leaves, it picks up": {true, true},
		"it does not": {false, false}, "the agent leaves, it does not": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2)
			line, target := p.second()
			p.refer(p.agent, p.ext(1), replaces(line.Ringing(), false)+";early-only", 202)
			p.told(p.agent, 100, 180)
			if m := line.Ended(); m.Status != 487 {
				t.Errorf("the line that rang got %d", m.Status)
			}
			p.caller.Hears(musicSays)
			if tt.leaves {
				p.agent.Hangup()
			}
			switch {
			case tt.pickedUp:
				target.Answer()
				p.agent.Ended()
				p.talk(target, 1)
				p.end(target, 1, started, completed)
			case tt.leaves:
				target.Reject(486)
				p.pickUpFirst()
				p.end(p.agent, 0, started, failed, pickedUp)
			default:
				target.Reject(486)
				p.told(p.agent, 486)
				p.resume()
				p.end(p.agent, 0, started, failed)
			}
		})
	}
}

// pickUpFirst lets the first agent have the caller who rings for him alone.
func (p *passed) pickUpFirst() {
	p.t.Helper()
	p.agent = p.phones[0].Incoming()
	p.agent.Answer()
	p.talk(p.agent, 0)
}

// TestAttendedFails: what the phone wants joined is not there, or not its own; its
// two calls are as they were.
func TestAttendedFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		replace func(p *passed, line, target siptest.TestCall, replace string) string
		told    int
		gone    bool // the target has hung up
	}{
		"nobody's call": {func(*passed, siptest.TestCall, siptest.TestCall, string) string {
			return "unknown;to-tag=1;from-tag=2"
		}, 481, false},
		"the tags the other way round": {func(_ *passed, line, _ siptest.TestCall, _ string) string {
			return replaces(line.Answered(), true)
		}, 481, false},
		"not if it was answered": {func(_ *passed, _, _ siptest.TestCall, replace string) string {
			return replace + ";early-only"
		}, 486, false},
		"the target's own line": {func(_ *passed, _, target siptest.TestCall, _ string) string {
			return replaces(target.Answered(), true)
		}, 403, false},
		"the caller himself": {func(p *passed, _, _ siptest.TestCall, _ string) string {
			return replaces(p.caller.Answered(), false)
		}, 481, false},
		"the target hung up before": {func(_ *passed, line, target siptest.TestCall, replace string) string {
			target.Hangup()
			line.Ended()
			return replace
		}, 481, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2)
			line, target, replace := p.spoken()
			p.refer(p.agent, p.ext(1), tt.replace(p, line, target, replace), 202)
			p.told(p.agent, 100, tt.told)
			if !tt.gone {
				line.Hears(toneOf(1))
				target.Hears(toneOf(0))
				line.Hangup()
				target.Ended()
			}
			p.resume()
			p.end(p.agent, 0)
		})
	}
	t.Run("the caller hung up before", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 2)
		line, target, _ := p.spoken()
		replace := replaces(p.agent.Answered(), true)
		p.caller.Hangup()
		p.agent.Ended()
		p.refer(line, numbered(1), replace, 202)
		p.told(line, 100, 481)
		line.Hears(toneOf(1)) // untouched
		target.Hears(toneOf(0))
		line.Hangup()
		target.Ended()
		p.check(0, callEnded)
	})
	t.Run("a caller is nobody's to take", func(t *testing.T) {
		t.Parallel()
		p := passOn(t, 3)
		p.onHold()
		line := p.phones[0].Dial(p.Hotline) // the agent's second line is a case of its own
		third := p.phones[2].Incoming()
		third.Answer()
		p.refer(p.agent, p.ext(2), replaces(line.Answered(), false), 202)
		p.told(p.agent, 100, 603)
		line.Hears(toneOf(2))
		line.Hangup()
		third.Ended()
		p.resume()
	})
}

// TestAttendedRaces: caller, target or both hang up while the phone joins them.
func TestAttendedRaces(t *testing.T) {
	t.Parallel()
	for name, hangUp := range map[string]func(p *passed, target siptest.TestCall){
		"the caller": func(p *passed, _ siptest.TestCall) { _ = p.caller.Call.Hangup(p.t.Context()) },
		"the target": func(p *passed, target siptest.TestCall) { _ = target.Call.Hangup(p.t.Context()) },
		"both": func(p *passed, target siptest.TestCall) {
			together(2, func(i int) {
				_ = []siptest.TestCall{p.caller, target}[i].Call.Hangup(p.t.Context())
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := passOn(t, 2)
			line, target, replace := p.spoken()
			together(2, func(i int) {
				if i == 1 {
					hangUp(p, target)
					return
				}
				_, _ = p.agent.Call.Do(t.Context(), "REFER", "", "Refer-To: <sip:"+p.ext(1)+"@"+p.SIP.Domain+"?Replaces="+url.QueryEscape(replace)+">")
			})
			_ = p.caller.Call.Hangup(t.Context())
			_ = line.Call.Hangup(t.Context())
			until(t, "everybody is free", func() bool {
				for _, a := range p.server.board.Snapshot().Agents {
					if a.Call != "" {
						return false
					}
				}
				return true
			})
		})
	}
}
