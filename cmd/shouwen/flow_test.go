package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/ivr"
	"shouwen/ivr/call"
	"shouwen/metrics"
	"shouwen/sip/siptest"
)

// What the prompts of the flows say, in Hz.
const (
	menuSays   = 1300
	askSays    = 1500
	closedSays = 1700
)

// testFlow has every kind of node. slow never answers.
const testFlow = `
start: menu
nodes:
  menu:
    menu:
      play: [our_menu]
      tries: 2
      timeout: 3s
      keys: {1: other, 2: extension, 3: staff, 4: bye, 5: lookup, 6: rate, 7: department, 8: gone}
      else: agents
  agents: {queue: {name: hotline}}
  other: {set: {class: repair, priority: 4, language: en, next: goother}}
  goother: {queue: {name: other}}
  extension: {extension: {name: "1002"}}
  department: {extension: {name: "8000"}}
  gone: {extension: {name: "1003"}}
  staff: {collect: {play: [our_ask], into: who, min: 4, max: 4, timeout: 5s, next: complain, else: agents}}
  complain: {set: {class: complaint, priority: 7, avoid: who, next: agents}}
  bye: {hangup: {play: [our_ask]}}
  lookup: {http: {play: [our_ask], get: "URL", send: {number: caller, line: hotline}, limit: 10s, take: {level: level}, by: level, cases: {gold: other}, next: agents, fail: agents}}
  rate: {survey: {play: [our_ask], timeout: 5s, next: agents, else: agents}}
`

// flowBed is a server whose hotline has a flow. The second queue, other, is served
// by the second agent; the third is a supervisor, and no agent.
func flowBed(t *testing.T, flow string, change ...func(*Config)) *bed {
	t.Helper()
	return newBed(t, 3, append([]func(*Config){func(c *Config) {
		book := examplePhonebook(3)
		book.Departments[0].Extension = "8000"
		book.Departments = append(book.Departments, cases.Department{Name: "office"})
		book.People[1].Department = "office"
		book.People[2].Department, book.People[2].Roles, book.People[2].Rank = "office", []cases.Role{cases.RoleSupervisor}, 5
		if err := book.save(c.Data); err != nil {
			t.Fatal(err)
		}
		c.Queues[0].Members = []string{"1001", "1002"}
		c.Queues = append(c.Queues, defaultQueue("other"))
		c.Queues[1].Members = []string{"1002"}
		tonePrompt(t, c.Prompts, "closed", closedSays)
		c.Languages = []string{"en"}
		if flow != "" {
			c.Hotlines[0].Flow = writeFlow(t, c, "menu", flow)
		}
	}}, change...)...)
}

// writeFlow makes the file of a flow, and the prompts it plays.
func writeFlow(t *testing.T, c *Config, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(c.Prompts, "en"), 0o700); err != nil {
		t.Fatal(err)
	}
	for prompt, says := range map[string]struct {
		hz     int
		length time.Duration
	}{"our_menu": {menuSays, 600 * time.Millisecond}, "our_ask": {askSays, 3 * time.Second}} { // the caller does something in the middle of it
		if strings.Contains(text, prompt) {
			writeTone(t, filepath.Join(c.Prompts, prompt+".wav"), says.hz, says.length)
			writeTone(t, filepath.Join(c.Prompts, "en", prompt+".wav"), says.hz, says.length)
		}
	}
	file := filepath.Join(t.TempDir(), name+".yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func tonePrompt(t *testing.T, dir, name string, hz int) {
	t.Helper()
	writeTone(t, filepath.Join(dir, name+".wav"), hz, 600*time.Millisecond)
}

// system is an outside system that answers after release is closed.
func system(t *testing.T, answer string, release <-chan struct{}) (url string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
			_, _ = io.WriteString(w, answer)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// now is what an outside system that answers at once waits for.
var now = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// way is what a flow put on record before the case.
func wayOf(l *cases.FlowLeft) string {
	if l == nil {
		return "no flow"
	}
	var on []string
	for _, s := range l.Steps {
		on = append(on, s.Node+" "+s.On)
	}
	return strings.Join(on, ", ")
}

// TestFlowExits: a key leads to whoever it should, and nobody else rings.
func TestFlowExits(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		keys  string
		rings []int // agents
		way   string
	}{
		"another queue":     {"1", []int{1}, "menu key 1, other next, goother queue"},
		"an extension":      {"2", []int{1}, "menu key 2, extension extension"},
		"a department":      {"7", []int{0}, "menu key 7, department extension"},
		"nobody of a phone": {"8", []int{0, 1}, "menu key 8, gone extension"},
		"no key":            {"", []int{0, 1}, "menu silent, menu silent, menu else, agents queue"},
		"a wrong key":       {"0", []int{0, 1}, "menu invalid, menu silent, menu else, agents queue"},
		"an outside system": {"5", []int{1}, "menu key 5, lookup is gold, other next, goother queue"},
		"a score":           {"64", []int{0, 1}, "menu key 6, rate score, agents queue"},
		"the emergency key": {"9", []int{2}, "menu emergency"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := flowBed(t, strings.ReplaceAll(testFlow, "URL", system(t, `{"level": "gold"}`, now)))
			phones := b.agents(3)
			if name == "nobody of a phone" {
				phones[2].Unregister()
			}
			caller := b.dial(numbered(1))
			caller.HearsNext(menuSays)
			if tt.keys != "" {
				caller.Press(tt.keys)
			}
			var rung []siptest.TestCall
			for _, i := range tt.rings {
				rung = append(rung, phones[i].Incoming())
			}
			rung[0].Answer()
			caller.Hears(toneOf(tt.rings[0]))
			rung[0].Hears(callerSays)
			for i, p := range phones {
				want := 0
				for _, j := range tt.rings {
					if i == j {
						want = 1
					}
				}
				if got := p.Count("INVITE"); got != want {
					t.Errorf("phone %d was rung %d times, want %d", i, got, want)
				}
			}
			caller.Hangup()
			c := only(t, b.cases())
			if c.FirstAsker != b.Agents[tt.rings[0]].User {
				t.Errorf("first-asker %q", c.FirstAsker)
			}
			if got := wayOf(c.Call.Flow); got != tt.way {
				t.Errorf("way %q, want %q", got, tt.way)
			}
			if name == "a score" && c.Call.Flow.Scores["rate"] != 4 {
				t.Errorf("scores %v", c.Call.Flow.Scores)
			}
			if name == "the emergency key" && c.Call.Emergency.IsZero() {
				t.Error("no emergency on record")
			}
		})
	}
}

// TestServedByTheFlow: who is told goodbye by a flow has no case and is owed nothing.
func TestServedByTheFlow(t *testing.T) {
	t.Parallel()
	b := flowBed(t, strings.ReplaceAll(testFlow, "URL", "http://192.0.2.1"))
	caller := b.dial(numbered(1))
	caller.Press("4")
	if m := caller.Ended(); m.Method != "BYE" || !caller.Heard(askSays) {
		t.Errorf("ended by %s; the prompt was heard: %t", m.Method, caller.Heard(askSays))
	}
	if all := b.cases(); len(all) != 0 {
		t.Errorf("cases %+v", all)
	}
}

// TestExtensionThatDoesNotAnswer: the caller is not lost, the queue has him.
func TestExtensionThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	b := flowBed(t, strings.ReplaceAll(testFlow, "URL", "http://192.0.2.1"))
	phones := b.agents(3)
	caller := b.dial(numbered(1))
	caller.Press("2")
	phones[1].Incoming().Reject(486)
	caller.Hears(musicSays)
	in := phones[0].Incoming()
	in.Answer()
	caller.Hears(toneOf(0))
	caller.Hangup()
	in.Ended()
}

// nodeKinds are ways into a node of each kind, where the caller then is.
var nodeKinds = map[string]struct {
	keys  string
	hears int
	node  string
	only  string // the emergency key by itself
}{
	"menu":    {"", menuSays, "menu", "9"},
	"collect": {"3", askSays, "staff", "9#"},
	"survey":  {"6", askSays, "rate", "9"},
	"http":    {"5", musicSays, "lookup", "9"},
	"leaf":    {"4", askSays, "bye", "9"},
}

// TestHangUpInEveryNode: it is on record where, and a callback is owed.
func TestHangUpInEveryNode(t *testing.T) {
	t.Parallel()
	for name, tt := range nodeKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := flowBed(t, strings.ReplaceAll(testFlow, "URL", system(t, "{}", nil)))
			caller := b.dial(numbered(1))
			caller.HearsNext(menuSays)
			if tt.keys != "" {
				caller.Press(tt.keys)
			}
			caller.HearsNext(tt.hears)
			caller.Hangup()
			until(t, "over", func() bool { return len(b.server.calls.Live()) == 0 })
			c := only(t, b.cases())
			missedCase(t, c, cases.MissedAbandoned, 30*time.Minute)
			if got, want := wayOf(c.Call.Flow), tt.node+" hung up"; !strings.HasSuffix(got, want) {
				t.Errorf("way %q, want the end %q", got, want)
			}
		})
	}
}

// TestEmergencyKeyInEveryNode: the supervisor rings at once, and nobody else.
func TestEmergencyKeyInEveryNode(t *testing.T) {
	t.Parallel()
	for name, tt := range nodeKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := flowBed(t, strings.ReplaceAll(testFlow, "URL", system(t, "{}", nil)))
			phones := b.agents(3)
			caller := b.dial(numbered(1))
			caller.HearsNext(menuSays)
			if tt.keys != "" {
				caller.Press(tt.keys)
			}
			caller.HearsNext(tt.hears)
			caller.Press(tt.only)
			manager := phones[2].Incoming()
			caller.Hears(musicSays)
			manager.Answer()
			caller.Hears(toneOf(2))
			if n := phones[0].Count("INVITE") + phones[1].Count("INVITE"); n != 0 {
				t.Errorf("%d calls rang others", n)
			}
			caller.Hangup()
			manager.Ended()
			c := only(t, b.cases())
			if c.Call.Emergency.IsZero() || !strings.HasSuffix(wayOf(c.Call.Flow), "emergency") || c.FirstAsker != b.Agents[2].User {
				t.Errorf("emergency at %s, way %q, first-asker %q", c.Call.Emergency, wayOf(c.Call.Flow), c.FirstAsker)
			}
		})
	}
}

// TestEmergencyWhileWaiting: without a flow too. Who is highest rings; when nobody
// who is comes, the whole queue does, before anybody who waited longer.
func TestEmergencyWhileWaiting(t *testing.T) {
	t.Parallel()
	b := flowBed(t, "")
	manager := b.agent(2, siptest.Config{})
	first := b.dial(numbered(1))
	first.Hears(musicSays)
	caller := b.dial(numbered(2))
	caller.Hears(musicSays)
	caller.Press("9")
	in := manager.Incoming()
	caller.HearsNext(pleaseHoldSays)
	in.Reject(603)
	until(t, "both callers wait", func() bool { return len(b.server.board.Snapshot().Queues[0].Waiting) == 2 })
	agent := b.agent(0, siptest.Config{}).Incoming()
	agent.Answer()
	caller.Hears(toneOf(0))
	caller.Press("9") // means nothing any more
	first.Silent(toneOf(0), 0)
	caller.Hangup()
	agent.Ended()
	first.Hangup()
	all := b.cases()
	if len(all) != 2 {
		t.Fatalf("%d cases", len(all))
	}
	for _, c := range all {
		if pressed := !c.Call.Emergency.IsZero(); pressed != (c.Call.Caller.E164 == cases.Number(numbered(2))) {
			t.Errorf("case %s: emergency %t", c.Number, pressed)
		}
	}
}

// TestEmergencyWhateverHeHears: the key means it before he waits, and when he has waited
// in vain.
func TestEmergencyWhateverHeHears(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		prompt string
		says   int
		change func(*Config)
		keys   string // until he hears it
	}{
		"the greeting": {"greeting", greetingSays, func(c *Config) { c.Hotlines[0].Greeting = "greeting" }, ""},
		"the apology":  {"apology", apologySays, func(c *Config) { c.Queues[0].MaxWait = Duration(time.Second) }, ""},
		"the promise of a callback": {"will_call_back", reasonSays, func(c *Config) {
			c.Queues[0].MaxWait, c.Queues[0].WhenWaited = Duration(time.Second), call.TakeCallback
		}, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := flowBed(t, "", tt.change, func(c *Config) {
				writeTone(t, filepath.Join(c.Prompts, tt.prompt+".wav"), tt.says, time.Minute)
			})
			manager := b.agent(2, siptest.Config{})
			caller := b.dial(numbered(1))
			if tt.keys != "" {
				caller.Hears(callbackNumberSays)
				caller.Press(tt.keys)
			}
			caller.Hears(tt.says)
			caller.Press("9")
			in := manager.Incoming()
			caller.Hears(musicSays)
			in.Answer()
			caller.Hears(toneOf(2))
			caller.Hangup()
			in.Ended()
			if c := only(t, b.cases()); c.Call.Emergency.IsZero() || c.FirstAsker != b.Agents[2].User {
				t.Errorf("emergency at %s, first-asker %q", c.Call.Emergency, c.FirstAsker)
			}
		})
	}
}

// TestComplaintAvoidsThePerson: whom the caller complains of is rung by nothing in
// this call, not by a transfer either.
func TestComplaintAvoidsThePerson(t *testing.T) {
	t.Parallel()
	b := flowBed(t, strings.ReplaceAll(testFlow, "URL", "http://192.0.2.1"))
	phones := b.agents(3)
	caller := b.dial(numbered(1))
	caller.Press("31001")
	in := phones[1].Incoming()
	in.Answer()
	caller.Hears(toneOf(1))
	in.Press("*21001#")
	in.Hears(toneHz) // busy
	caller.Hears(toneOf(1))
	if n := phones[0].Count("INVITE"); n != 0 {
		t.Errorf("the person complained of was rung %d times", n)
	}
	line := phones[1].Dial(b.Agents[0].Ext) // the agent may call him, but not join the two
	him := phones[0].Incoming()
	him.Answer()
	p := &passed{bed: b}
	p.refer(in, b.Agents[0].Ext, replaces(line.Answered(), false), 202)
	p.told(in, 100, 603)
	line.Hangup()
	him.Ended()
	caller.Hears(toneOf(1))
	caller.Hangup()
	in.Ended()
	c := only(t, b.cases())
	if l := c.Call.Flow; l == nil || l.Class != "complaint" || l.Avoid != "1001" || l.Priority != 7 {
		t.Errorf("flow %+v", l)
	}
}

// TestFlowIsNeverSilent: between prompts, and while an outside system thinks.
func TestFlowIsNeverSilent(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	b := flowBed(t, strings.ReplaceAll(testFlow, "URL", system(t, `{}`, release)))
	phones := b.agents(2)
	caller := b.dial(numbered(1))
	caller.Press("5")
	caller.Hears(musicSays)
	if l := b.server.calls.Live()[0]; l.State != metrics.InIVR {
		t.Errorf("the call is shown as %s", l.State)
	}
	close(release)
	in := phones[0].Incoming()
	caller.Hangup()
	in.Ended()
}

const testSurvey = `
start: rate
emergency: off
nodes:
  rate: {survey: {play: [our_ask], tries: 2, timeout: 5s, next: thanks, else: thanks}}
  thanks: {hangup: {play: [goodbye]}}
`

// TestSurveyAfterTheCall: when the agent has hung up, and he is free meanwhile.
func TestSurveyAfterTheCall(t *testing.T) {
	t.Parallel()
	b := flowBed(t, "", func(c *Config) { c.Hotlines[0].Survey = writeFlow(t, c, "service", testSurvey) })
	agent := b.agent(0, siptest.Config{})
	pickUp := func(caller siptest.TestCall) siptest.TestCall {
		in := agent.Incoming()
		in.Answer()
		caller.Hears(toneOf(0))
		return in
	}
	caller := b.dial(numbered(1))
	pickUp(caller).Hangup()
	caller.HearsNext(askSays)
	next := b.dial(numbered(2))
	in := pickUp(next) // while the first is asked
	caller.Press("8")
	caller.Press("5")
	if m := caller.Ended(); m.Method != "BYE" || !caller.Heard(goodbyeSays) {
		t.Errorf("ended by %s; goodbye was said: %t", m.Method, caller.Heard(goodbyeSays))
	}
	in.Hangup()
	next.HearsNext(askSays)
	next.Hangup()
	third := b.dial(numbered(3))
	in = pickUp(third)
	third.Hangup() // nobody is there to be asked
	in.Ended()

	all := b.cases()
	st := recordOf(t, b)
	for i, want := range []string{"picked_up quality ended flow_left", "picked_up quality ended flow_left", "picked_up quality ended"} {
		_, events, err := st.Case(t.Context(), all[i].Number)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, e := range events {
			kinds = append(kinds, string(e.Kind))
		}
		if got := strings.Join(kinds, " "); got != want {
			t.Errorf("case %d: %s, want %s", i, got, want)
		}
		if i == 0 && !strings.Contains(string(events[3].Body), `"scores":{"rate":5}`) {
			t.Errorf("survey on record: %s", events[3].Body)
		}
	}
	if all[0].Call.Cause != cases.EndAgent || all[0].CallbackDue != (time.Time{}) {
		t.Errorf("the first call ended by %s, callback due %s", all[0].Call.Cause, all[0].CallbackDue)
	}
}

// TestSurveyOfAQueue: it is asked instead of the hotline's, and proved as that is.
func TestSurveyOfAQueue(t *testing.T) {
	t.Parallel()
	b := flowBed(t, "", func(c *Config) {
		c.Hotlines[0].Survey = writeFlow(t, c, "service", "start: bye\nemergency: off\nnodes: {bye: {hangup: {play: [goodbye]}}}\n")
		c.Queues[0].Survey = writeFlow(t, c, "counter", testSurvey)
	})
	agent := b.agent(0, siptest.Config{})
	caller := b.dial(numbered(1))
	in := agent.Incoming()
	in.Answer()
	caller.Hears(toneOf(0))
	in.Hangup()
	caller.HearsNext(askSays)
	caller.Press("4")
	caller.Ended()
	_, events, err := recordOf(t, b).Case(t.Context(), only(t, b.cases()).Number)
	if err != nil || !strings.Contains(string(events[len(events)-1].Body), `"flow":"counter"`) {
		t.Errorf("%v: %s", err, events[len(events)-1].Body)
	}
	cfg := testConfig(t)
	cfg.Queues[0].Survey = "nowhere.yaml"
	if _, err := cfg.loadFlows(); err == nil || !strings.Contains(err.Error(), "queues[0].survey") {
		t.Errorf("a survey there is not: %v", err)
	}
	cfg.Queues[0].Survey = writeFlow(t, &cfg, "loop", "start: a\nnodes: {a: {queue: {name: hotline}}}\n")
	if _, err := cfg.reception(cases.Directory{}, cases.Policy{}); err == nil {
		t.Error("a survey that leads into a queue")
	}
}

// TestClosedHotline: the caller is told so, and goes where the night service says;
// the emergency key is heard there too.
func TestClosedHotline(t *testing.T) {
	t.Parallel()
	closedFor := func(night NightConfig) func(*Config) {
		return func(c *Config) {
			file := filepath.Join(t.TempDir(), "hours.yaml")
			day := time.Now().AddDate(0, 0, 3).Weekday().String()[:3] // never now
			if err := os.WriteFile(file, []byte("week:\n  "+strings.ToLower(day)+": [09:00-10:00]\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			c.Hours = map[string]string{"office": file}
			c.Hotlines[0].Hours, c.Hotlines[0].Night = "office", night
		}
	}
	t.Run("hangup", func(t *testing.T) {
		t.Parallel()
		b := flowBed(t, "", closedFor(NightConfig{To: ivr.ToHangup}))
		caller := b.dial(numbered(1))
		caller.Ended()
		if !caller.Heard(closedSays) {
			t.Error("was not told")
		}
		if all := b.cases(); len(all) != 0 {
			t.Errorf("cases %+v", all)
		}
	})
	t.Run("queue", func(t *testing.T) {
		t.Parallel()
		b := flowBed(t, "", closedFor(NightConfig{To: ivr.ToQueue, Name: "other"}))
		phones := b.agents(2)
		caller := b.dial(numbered(1))
		in := phones[1].Incoming()
		caller.HearsNext(closedSays)
		if n := phones[0].Count("INVITE"); n != 0 {
			t.Errorf("the day's queue was rung %d times", n)
		}
		caller.Hangup()
		in.Ended()
	})
	t.Run("callback", func(t *testing.T) {
		t.Parallel()
		b := flowBed(t, "", closedFor(NightConfig{To: ivr.ToCallback}))
		caller := b.dial(numbered(1))
		caller.HearsNext(closedSays)
		caller.HearsNext(callbackConfirmSays)
		caller.Press("1") // yes, at this number
		caller.Ended()
		c := only(t, b.cases())
		missedCase(t, c, cases.MissedCallbackTaken, 30*time.Minute)
		if c.CallBackAt != cases.Number(numbered(1)) {
			t.Errorf("to be called at %s", c.CallBackAt)
		}
	})
	t.Run("voicemail", func(t *testing.T) {
		t.Parallel()
		b := flowBed(t, "", closedFor(NightConfig{To: ivr.ToVoicemail}), func(c *Config) {
			c.Queues[0].Voicemail.Longest = Duration(2 * time.Second)
		})
		caller := b.dial(numbered(1))
		caller.HearsNext(closedSays)
		caller.Ended()
		missedCase(t, only(t, b.cases()), cases.MissedVoicemail, 30*time.Minute)
	})
	t.Run("emergency", func(t *testing.T) {
		t.Parallel()
		b := flowBed(t, "", closedFor(NightConfig{To: ivr.ToHangup}))
		manager := b.agent(2, siptest.Config{})
		caller := b.dial(numbered(1))
		caller.Press("9")
		in := manager.Incoming()
		in.Answer()
		caller.Hears(toneOf(2))
		caller.Hangup()
		in.Ended()
	})
}

// TestLeavesOfMessages: a flow leads to voicemail, and to callbacks to the caller's
// own number or one he keyed in.
func TestLeavesOfMessages(t *testing.T) {
	t.Parallel()
	const flow = `
start: menu
nodes:
  menu: {menu: {play: [our_menu], keys: {1: message, 2: callback, 3: number}, else: callback}}
  message: {voicemail: {play: [our_ask], name: other}}
  callback: {callback: {play: [our_ask]}}
  number: {collect: {play: [our_ask], into: phone, min: 5, max: 15, next: elsewhere, else: callback}}
  elsewhere: {callback: {name: phone}}
`
	tests := map[string]struct {
		keys string
		want cases.MissedReason
		at   string
	}{
		"callback":             {"2", cases.MissedCallbackTaken, numbered(1)},
		"callback to a number": {"301055550199#", cases.MissedCallbackTaken, "+861055550199"},
		"voicemail":            {"1", cases.MissedVoicemail, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := flowBed(t, flow, func(c *Config) { c.Queues[1].Voicemail.Longest = Duration(2 * time.Second) })
			caller := b.dial(numbered(1))
			caller.Press(tt.keys)
			caller.Ended()
			c := only(t, b.cases())
			missedCase(t, c, tt.want, 30*time.Minute)
			if string(c.CallBackAt) != tt.at {
				t.Errorf("to be called at %q, want %q", c.CallBackAt, tt.at)
			}
			if c.Call.Flow == nil || strings.Contains(c.Call.Flow.Name, "55550199") {
				t.Errorf("flow %+v", c.Call.Flow)
			}
		})
	}
}

// TestGreetingOfAHotline: each has its own, or none.
func TestGreetingOfAHotline(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, func(c *Config) {
		tonePrompt(t, c.Prompts, "our_menu", menuSays)
		other := defaultHotline("12346")
		other.Greeting = "our_menu"
		c.Hotlines = append(c.Hotlines, other)
	})
	caller := b.caller(numbered(1)).Dial("12346")
	caller.HearsNext(menuSays)
	plain := b.dial(numbered(2))
	plain.HearsNext(musicSays)
	if plain.Heard(menuSays) {
		t.Error("the other hotline has the greeting too")
	}
}

// TestKeysOfFlowsCountOnce: told as events, as tones and by INFO, all at once, or as
// tones alone.
func TestKeysOfFlowsCountOnce(t *testing.T) {
	t.Parallel()
	for name, press := range map[string]func(c siptest.TestCall, keys string) error{
		"all at once": func(c siptest.TestCall, keys string) error {
			for _, key := range keys {
				c.Do("INFO", "Signal="+string(key)+"\r\n", "Content-Type: application/dtmf-relay")
			}
			return c.PressBoth(t.Context(), keys)
		},
		"tones alone": func(c siptest.TestCall, keys string) error { return c.PressTones(t.Context(), keys) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := flowBed(t, strings.ReplaceAll(testFlow, "URL", "http://192.0.2.1"), func(c *Config) { c.Trunks[0].DTMF = "inband" })
			agent := b.agents(2)[1]
			caller := b.dial(numbered(1))
			if err := press(caller, "31001"); err != nil {
				t.Fatal(err)
			}
			in := agent.Incoming()
			caller.Hangup()
			in.Ended()
			c := only(t, b.cases())
			if l := c.Call.Flow; l == nil || l.Avoid != "1001" || wayOf(l) != "menu key 3, staff digits, complain next, agents queue" {
				t.Errorf("flow %+v", l)
			}
		})
	}
}
