package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/metrics"
	"shouwen/sip/siptest"
)

// Whom callers are passed on to in the tests of targets, beside people.
const (
	toWater = "8001" // a primary, the second agent, and a stand-in, the third
	toGas   = "8002" // two primaries, the fourth and the fifth agent
	toEmpty = "8003" // nobody
	toNight = "8004" // closed
	toDesk  = "8005" // the agents of queue other: the fifth
	toOther = "12346"
)

// office brings a caller to the first agent, who alone serves the hotline.
func office(t *testing.T, change ...func(*Config)) *passed {
	t.Helper()
	b := newBed(t, 5, append([]func(*Config){func(c *Config) {
		book := examplePhonebook(5)
		book.Departments = append(book.Departments,
			cases.Department{Name: "water", Extension: toWater}, cases.Department{Name: "gas", Extension: toGas},
			cases.Department{Name: "empty", Extension: toEmpty}, cases.Department{Name: "night", Extension: toNight, Hours: "office"},
			cases.Department{Name: "desk", Extension: toDesk, Queue: "other"})
		book.Categories = []cases.Category{{Name: "burst_pipe", Department: "water"}}
		for i, department := range []string{"", "water", "water", "gas", "gas"} {
			book.People[i].Department = department
		}
		book.People[1].Post, book.People[2].Post, book.People[2].Penalty = "pipes", "pipes", 1
		if err := book.save(c.Data); err != nil {
			t.Fatal(err)
		}
		c.Hours = map[string]string{"office": closedNow(t)}
		tonePrompt(t, c.Prompts, "closed", closedSays)
		c.Queues[0].Members = []string{"1001"}
		c.Queues = append(c.Queues, defaultQueue("other"))
		c.Queues[1].Members = []string{"1005"}
		c.Hotlines = append(c.Hotlines, c.Hotlines[0])
		c.Hotlines[1].Number, c.Hotlines[1].Queue = toOther, "other"
		c.HTTP.Console = "127.0.0.1:0"
	}}, change...)...)
	p := &passed{bed: b, phones: b.agents(5), caller: b.dial(numbered(1))}
	p.agent = p.phones[0].Incoming()
	p.agent.Answer()
	p.talk(p.agent, 0)
	return p
}

// closedNow is a calendar that is not open today.
func closedNow(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hours.yaml")
	day := strings.ToLower(time.Now().AddDate(0, 0, 3).Weekday().String()[:3])
	if err := os.WriteFile(file, []byte("week:\n  "+day+": [09:00-10:00]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// asked lets the agent dial a code, and waits until the caller hears music.
func (p *passed) asked(code string) {
	p.t.Helper()
	p.agent.Press(code)
	p.caller.Hears(musicSays)
}

// taken completes the transfer to target, the i-th agent, and returns the fact of it.
func (p *passed) taken(target siptest.TestCall, i int) cases.TransferCompleted {
	p.t.Helper()
	target.Answer()
	target.Hears(toneOf(0))
	p.last("*4")
	p.talk(target, i)
	events := p.end(target, i, started, completed)
	var done cases.TransferCompleted
	if err := json.Unmarshal(events[2].Body, &done); err != nil {
		p.t.Fatal(err)
	}
	if done.To != p.Agents[i].User || done.PickedUp.Before(events[1].At) || done.PickedUp.After(events[2].At) {
		p.t.Errorf("%s took it at %s, between %s and %s", done.To, done.PickedUp, events[1].At, events[2].At)
	}
	return done
}

// TestToDepartment: its primaries ring, and who stands in for them when they do not
// come.
func TestToDepartment(t *testing.T) {
	t.Parallel()
	t.Run("its primary", func(t *testing.T) {
		t.Parallel()
		p := office(t)
		p.asked("*2" + toWater + "#")
		target := p.phones[1].Incoming()
		p.phones[2].Never("INVITE", silentFor)
		if l := p.server.calls.Live()[0]; l.Target != "water" || l.State != metrics.Held {
			t.Errorf("shown as %s, passed on to %q", l.State, l.Target)
		}
		if done := p.taken(target, 1); done.Department != "water" || done.Extension != toWater {
			t.Errorf("%+v", done)
		}
	})
	t.Run("who picks up first", func(t *testing.T) {
		t.Parallel()
		p := office(t)
		p.asked("*6" + toGas + "#")
		one, other := p.phones[3].Incoming(), p.phones[4].Incoming()
		other.Answer()
		if m := one.Ended(); m.Method != "CANCEL" {
			t.Errorf("the other primary got %s", m.Method)
		}
		p.agent.Ended()
		p.talk(other, 4)
		p.end(other, 4, started, completed)
	})
	for name, out := range map[string]func(p *passed){
		"is not registered": func(p *passed) { p.phones[1].Unregister() },
		"is on a break":     func(p *passed) { p.server.board.Pause(p.Agents[1].User, "lunch") },
		"is in a call": func(p *passed) {
			chat := p.phones[1].Dial(p.ext(3))
			p.phones[3].Incoming().Answer()
			chat.Hears(toneOf(3))
		},
	} {
		t.Run("its stand-in, when the primary "+name, func(t *testing.T) {
			t.Parallel()
			p := office(t)
			out(p)
			p.asked("*2" + toWater + "#")
			if done := p.taken(p.phones[2].Incoming(), 2); done.To != p.Agents[2].User {
				t.Errorf("%+v", done)
			}
		})
	}
	t.Run("its stand-in, when the primary declines", func(t *testing.T) {
		t.Parallel()
		p := office(t)
		p.asked("*2" + toWater + "#")
		p.phones[1].Incoming().Reject(603)
		p.taken(p.phones[2].Incoming(), 2)
	})
	t.Run("and all decline", func(t *testing.T) {
		t.Parallel()
		p := office(t)
		p.asked("*2" + toWater + "#")
		p.phones[1].Incoming().Reject(603)
		p.phones[2].Incoming().Reject(486)
		p.agent.Hears(toneHz)
		p.back()
		if why, _ := failure(t, p.end(p.agent, 0, started, failed)); why != cases.TransferBusy {
			t.Errorf("failed because of %s", why)
		}
	})
}

// TestNobodyToPassOnTo: whoever is not there, the agent is told and has his caller;
// a department is never empty without a word.
func TestNobodyToPassOnTo(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code string
		out  func(p *passed)
		why  cases.TransferFailure
	}{
		"a department of nobody":       {"*2" + toEmpty + "#", nil, cases.TransferUnreachable},
		"a department of the absent":   {"*6" + toWater + "#", func(p *passed) { p.phones[1].Unregister(); p.phones[2].Unregister() }, cases.TransferUnreachable},
		"a closed department":          {"*2" + toNight + "#", nil, cases.TransferClosed},
		"no category":                  {"*2#", nil, cases.TransferNobodyCompetent},
		"a queue that nobody serves":   {"*6" + toOther + "#", func(p *passed) { p.phones[4].Unregister() }, cases.TransferUnreachable},
		"a department of absent queue": {"*2" + toDesk + "#", func(p *passed) { p.phones[4].Unregister() }, cases.TransferUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := office(t)
			if tt.out != nil {
				tt.out(p)
			}
			p.asked(tt.code)
			p.agent.Hears(toneHz)
			if tt.why == cases.TransferClosed {
				p.agent.HearsNext(closedSays)
			}
			p.back()
			if why, caller := failure(t, p.end(p.agent, 0, started, failed)); why != tt.why || caller != cases.CallerWithAgent {
				t.Errorf("failed because of %s, caller with %s; want %s", why, caller, tt.why)
			}
		})
	}
}

// TestToQueue: blindly the caller waits there, in front; with the agent on the line
// its agents ring until one comes.
func TestToQueue(t *testing.T) {
	t.Parallel()
	t.Run("blind", func(t *testing.T) {
		t.Parallel()
		p := office(t)
		chat := p.phones[4].Dial(p.ext(3)) // its agent is busy
		p.phones[3].Incoming().Answer()
		chat.Hears(toneOf(3))
		behind := p.bed.caller(numbered(2)).Dial(toOther)
		behind.Answered()
		behind.Hears(musicSays)
		_ = p.agent.Call.Audio.Press(t.Context(), "*6"+toOther+"#")
		p.agent.Ended()
		p.caller.Hears(musicSays)
		if l := p.server.calls.Live()[0]; l.State != metrics.Queued || l.Agent != "" || l.Target != "" {
			t.Errorf("shown as %s with %q, passed on to %q", l.State, l.Agent, l.Target)
		}
		chat.Hangup()
		front := p.phones[4].Incoming()
		if number := front.Invite.Get("X-Shouwen-Case"); !strings.HasSuffix(number, "-1-0001") {
			t.Errorf("X-Shouwen-Case %q", number)
		}
		front.Answer()
		p.talk(front, 4)
		if n := p.phones[0].Count("INVITE"); n != 1 {
			t.Errorf("the first-asker's phone was rung %d times, want once", n)
		}
		behind.Hangup()
		p.endFirst(front, 4, started, completed, pickedUp)
	})
	for name, code := range map[string]string{"warm": toOther, "warm, by its department": toDesk} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := office(t)
			chat := p.phones[4].Dial(p.ext(3))
			p.phones[3].Incoming().Answer()
			chat.Hears(toneOf(3))
			p.asked("*2" + code + "#")
			p.agent.Hears(toneHz)
			chat.Hangup() // and somebody comes
			if done := p.taken(p.phones[4].Incoming(), 4); done.Queue != "other" {
				t.Errorf("%+v", done)
			}
		})
	}
	t.Run("warm, and the agent leaves", func(t *testing.T) {
		t.Parallel()
		p := office(t)
		p.asked("*2" + toOther + "#")
		target := p.phones[4].Incoming()
		p.last("*4")
		p.caller.Hears(musicSays)
		target.Answer()
		p.talk(target, 4)
		p.end(target, 4, started, completed)
	})
	t.Run("warm, and cancelled", func(t *testing.T) {
		t.Parallel()
		p := office(t)
		p.asked("*2" + toOther + "#")
		target := p.phones[4].Incoming()
		p.agent.Press("**")
		target.Ended()
		p.back()
		p.end(p.agent, 0, started, failed)
	})
	t.Run("warm, and the caller hangs up", func(t *testing.T) {
		t.Parallel()
		p := office(t)
		p.asked("*2" + toOther + "#")
		target := p.phones[4].Incoming()
		p.caller.Hangup()
		target.Ended()
		p.agent.Ended()
		p.check(0, started, failed, callEnded)
	})
	t.Run("warm, and nobody comes", func(t *testing.T) {
		t.Parallel()
		p := office(t, func(c *Config) { c.Queues[1].MaxWait = Duration(2 * time.Second) })
		p.asked("*2" + toOther + "#")
		p.phones[4].Incoming().Ended()
		p.agent.Hears(toneHz)
		p.back()
		if why, _ := failure(t, p.end(p.agent, 0, started, failed)); why != cases.TransferNoAnswer {
			t.Errorf("failed because of %s", why)
		}
	})
}

// order asks the API for something about a call, and wants this status.
func (p *passed) order(call, what, body string, want int) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), "POST", p.API.Base+"/calls/"+call+"/"+what, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.API.Token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != want {
		p.t.Errorf("%s %s: %s, want %d", what, body, res.Status, want)
	}
	if kind := res.Header.Get("Content-Type"); want >= 400 && kind != "application/problem+json" {
		p.t.Errorf("%s %s: %s", what, body, kind)
	}
}

// TestTransferByAPI: the console's API does what the agent's phone can, and finds a
// case's department by its category.
func TestTransferByAPI(t *testing.T) {
	t.Parallel()
	p := office(t)
	id, me := p.server.calls.Live()[0].ID, `"by": "`+p.Agents[0].User+`"`
	p.order("01930000-0000-7000-8000-000000000000", "transfer", `{`+me+`, "kind": "warm", "extension": "1002"}`, 404)
	p.order(id, "transfer", `{"by": "1002", "kind": "warm", "extension": "1003"}`, 403)
	p.order(id, "transfer", `{`+me+`, "kind": "warm", "extension": "9999"}`, 409)
	p.order(id, "transfer", `{`+me+`, "kind": "warm", "queue": "nowhere"}`, 409)
	p.order(id, "transfer", `{`+me+`, "kind": "warm"}`, 409) // the case has no category
	p.order(id, "complete", `{`+me+`}`, 409)
	p.talk(p.agent, 0)
	p.order(id, "transfer", `{`+me+`, "kind": "warm", "category": "burst_pipe"}`, 204)
	target := p.phones[1].Incoming()
	target.Answer()
	target.Hears(toneOf(0))
	p.order(id, "toggle", `{`+me+`}`, 204)
	p.talk(p.agent, 0)
	p.order(id, "conference", `{`+me+`}`, 204)
	p.together(target)
	p.order(id, "cancel", `{`+me+`}`, 204)
	target.Ended()
	p.back()
	p.order(id, "transfer", `{`+me+`, "kind": "blind", "queue": "other"}`, 204)
	p.agent.Ended()
	last := p.phones[4].Incoming()
	last.Answer()
	p.talk(last, 4)
	none := []cases.EventKind{started, failed}
	events := p.end(last, 4, append(append(append(none, none...), none...), started, failed, started, completed, pickedUp)...)
	for _, e := range events {
		if e.Kind == started && !strings.Contains(string(e.Body), `"how":"api"`) {
			t.Errorf("%s", e.Body)
		}
	}
}

// TestToOutside: a number outside is called where policy lets the agent, and whoever
// is there has the caller, but none of an agent's codes.
func TestToOutside(t *testing.T) {
	t.Parallel()
	const national, abroad = "13800138000", "0012125550100"
	decided := cases.EventOutboundDecided
	t.Run("warm", func(t *testing.T) {
		t.Parallel()
		carrier := siptest.New(t, "", siptest.Config{User: "carrier", Tone: reachedSays, Patience: patience})
		p := passOn(t, 2, byCarrier(carrier))
		p.asked("*2" + national + "#")
		there := carrier.Incoming()
		there.Answer()
		there.Hears(toneOf(0))
		p.agent.Hears(reachedSays)
		p.last("*4")
		p.caller.Hears(reachedSays)
		there.Hears(callerSays)
		there.Press("*2" + p.ext(1) + "#")
		p.caller.HearsDigits("*2" + p.ext(1) + "#")
		p.caller.Hears(reachedSays)
		p.caller.Hangup()
		there.Ended()
		events := p.check(0, started, decided, completed, callEnded)
		if !strings.Contains(string(events[3].Body), `"number":"`+national+`"`) {
			t.Errorf("%s", events[3].Body)
		}
	})
	t.Run("by the phone's key, and nobody is there", func(t *testing.T) {
		t.Parallel()
		carrier := siptest.New(t, "", siptest.Config{User: "carrier", Tone: reachedSays, Patience: patience})
		p := passOn(t, 2, byCarrier(carrier))
		p.refer(p.agent, national, "", 202)
		there := carrier.Incoming()
		p.told(p.agent, 100, 180)
		there.Reject(486)
		p.told(p.agent, 486)
		p.back()
		p.end(p.agent, 0, started, decided, failed)
	})
	t.Run("where policy does not let him", func(t *testing.T) {
		t.Parallel()
		carrier := siptest.New(t, "", siptest.Config{User: "carrier", Tone: reachedSays, Patience: patience})
		p := passOn(t, 2, byCarrier(carrier))
		p.refer(p.agent, abroad, "", 202)
		p.told(p.agent, 100, 603)
		p.agent.Press("*2" + abroad + "#")
		p.agent.Hears(toneHz)
		p.back()
		if n := carrier.Count("INVITE"); n != 0 {
			t.Errorf("%d calls went out", n)
		}
		if why, _ := failure(t, p.end(p.agent, 0, started, decided, failed, started, decided, failed)); why != cases.TransferDenied {
			t.Errorf("failed because of %s", why)
		}
	})
}
