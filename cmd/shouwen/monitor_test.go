package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/ivr/call"
	"shouwen/sip/siptest"
)

// watched is a call of the first of two agents, and a supervisor, the third person.
type watched struct {
	*passed
	boss     siptest.TestPhone
	bossTone int
}

// supervised makes the i-th person of n a supervisor, who takes no calls.
func supervised(n, i int) func(*Config) {
	return func(c *Config) {
		b := examplePhonebook(n)
		b.People[i].Roles = []cases.Role{cases.RoleSupervisor}
		if err := b.save(c.Data); err != nil {
			panic(err)
		}
	}
}

// watch brings a caller, who speaks PCMU, to the first agent, who speaks PCMA.
func watch(t *testing.T, change ...func(*Config)) *watched {
	t.Helper()
	b := newBed(t, 3, append(change, supervised(3, 2))...)
	w := &watched{passed: &passed{bed: b}, bossTone: toneOf(2)}
	w.phones = []siptest.TestPhone{b.agent(0, siptest.Config{Codecs: []uint8{8}}), b.agent(1, siptest.Config{})}
	w.boss = b.agent(2, siptest.Config{})
	w.caller = siptest.New(t, b.SIP.UDP, siptest.Config{User: numbered(1), Tone: callerSays, Patience: patience, Codecs: []uint8{0}}).Dial(b.Hotline)
	w.pickUp()
	return w
}

// listens lets the supervisor dial himself onto the line of the first agent.
func (w *watched) listens() siptest.TestCall {
	w.t.Helper()
	c := w.boss.Dial(call.MonitorCode + w.ext(0))
	c.Answered()
	c.Hears(callerSays)
	c.Hears(toneOf(0))
	return c
}

// hears checks that of the caller and the agent, who hear each other, these hear
// the supervisor, who hears both.
func (w *watched) hears(boss siptest.TestCall, caller, agent bool) {
	w.t.Helper()
	boss.Hears(callerSays)
	boss.Hears(toneOf(0))
	for _, who := range []struct {
		siptest.TestCall
		hears bool
		other int
	}{{w.caller, caller, toneOf(0)}, {w.agent, agent, callerSays}} {
		who.Hears(who.other)
		if who.hears {
			who.Hears(w.bossTone)
		} else {
			who.Silent(w.bossTone, silentFor)
		}
	}
}

// modes are the modes that were started and ended, in their order, with who did so.
func (w *watched) modes(events []cases.Event) (got []string) {
	w.t.Helper()
	for _, e := range events {
		var m cases.MonitorEnded
		if e.Kind != cases.EventMonitorStarted && e.Kind != cases.EventMonitorEnded {
			continue
		}
		if err := json.Unmarshal(e.Body, &m); err != nil {
			w.t.Fatal(err)
		}
		what := "+"
		if e.Kind == cases.EventMonitorEnded {
			what = "-"
			if span := e.At.Sub(m.From); m.Lasted <= 0 || (span-time.Duration(m.Lasted)).Abs() > time.Second {
				w.t.Errorf("%s lasted %v, from %s to %s", m.Mode, time.Duration(m.Lasted), m.From, e.At)
			}
		}
		if m.By != w.Agents[2].User || e.By != m.By || m.Agent != w.Agents[0].User {
			w.t.Errorf("%+v by %s", m, e.By)
		}
		got = append(got, what+string(m.Mode))
	}
	return got
}

// TestMonitorModes: who hears whom in each mode, by keys and by command; both
// sides hear each other all along, and what came of it is on record.
func TestMonitorModes(t *testing.T) {
	t.Parallel()
	w := watch(t)
	boss := w.listens()
	w.hears(boss, false, false)
	if l := w.server.calls.Live()[0]; l.Supervisor != w.Agents[2].User || l.Monitor != cases.MonitorListen {
		t.Errorf("shown: %+v", l)
	}
	boss.Press("5")
	w.hears(boss, false, true)
	boss.Press("6")
	w.hears(boss, true, true)
	boss.Press("9")
	boss.Press("4")
	w.hears(boss, false, false)
	id := w.server.calls.Live()[0].ID
	if err := w.server.calls.SetMonitor(id, w.Agents[2].User, cases.MonitorWhisper); err != nil {
		t.Fatal(err)
	}
	w.hears(boss, false, true)
	boss.Hangup()
	w.talk(w.agent, 0)
	w.agent.Silent(w.bossTone, silentFor)
	for _, s := range [][]siptest.Stream{w.caller.Streams(), w.agent.Streams()} {
		if len(s) != 1 || s[0].Lost > 0 || s[0].Late > 0 || s[0].Jumps > 0 {
			t.Errorf("heard %+v, want one stream without a break", s)
		}
	}
	w.caller.Hangup()
	w.agent.Ended()
	_, events := w.ledger()
	want := []string{"+listen", "-listen", "+whisper", "-whisper", "+barge", "-barge", "+listen", "-listen", "+whisper", "-whisper"}
	if got := w.modes(events); !slices.Equal(got, want) {
		t.Errorf("on record: %v, want %v", got, want)
	}
}

// TestMonitorFromAfar: the console rings the supervisor's phone, which picks up or
// does not, and hangs it up.
func TestMonitorFromAfar(t *testing.T) {
	t.Parallel()
	w := watch(t)
	sw, by := w.server.calls, w.Agents[2].User
	id := sw.Live()[0].ID
	for name, tt := range map[string]struct {
		err  error
		want error
	}{
		"no call":        {sw.Monitor("none", by, cases.MonitorListen), call.ErrNoCall},
		"no supervisor":  {sw.Monitor(id, w.Agents[1].User, cases.MonitorListen), call.ErrNotSupervisor},
		"unknown person": {sw.Monitor(id, "nobody", cases.MonitorListen), call.ErrNotSupervisor},
		"mode of nobody": {sw.SetMonitor(id, by, cases.MonitorBarge), call.ErrNotMonitored},
		"end of nobody":  {sw.EndMonitor(id, by), call.ErrNotMonitored},
	} {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("%s: %v, want %v", name, tt.err, tt.want)
		}
	}
	rung := func() siptest.TestCall {
		t.Helper()
		if err := sw.Monitor(id, by, cases.MonitorBarge); err != nil {
			t.Fatal(err)
		}
		return w.boss.Incoming()
	}
	rung().Reject(486)
	until(t, "nobody on the line", func() bool { return sw.Live()[0].Supervisor == "" })
	in := rung()
	if err := sw.Monitor(id, by, cases.MonitorListen); !errors.Is(err, call.ErrMonitored) {
		t.Errorf("a second time: %v", err)
	}
	in.Answer()
	w.hears(in, true, true)
	if err := sw.EndMonitor(id, by); err != nil {
		t.Fatal(err)
	}
	in.Ended()
	w.talk(w.agent, 0)
	w.caller.Hangup()
	w.agent.Ended()
	if _, events := w.ledger(); !slices.Equal(w.modes(events), []string{"+barge", "-barge"}) {
		t.Errorf("on record: %v", w.modes(events))
	}
}

// TestMonitorRefused: only supervisors, only agents in a call, one at a time.
func TestMonitorRefused(t *testing.T) {
	t.Parallel()
	w := watch(t)
	for name, tt := range map[string]struct {
		who    siptest.TestPhone
		dials  string
		status int
	}{
		"an agent":              {w.phones[1], w.ext(0), 403},
		"an unknown extension":  {w.boss, "9999", 404},
		"an agent without call": {w.boss, w.ext(1), 480},
	} {
		if m := w.refused(tt.who, call.MonitorCode+tt.dials); m != tt.status {
			t.Errorf("%s gets %d, want %d", name, m, tt.status)
		}
	}
	outsider := w.bed.caller(numbered(2))
	if m := w.refused(outsider, call.MonitorCode+w.ext(0)); m != 404 {
		t.Errorf("somebody outside gets %d", m)
	}
	w.talk(w.agent, 0)
	w.end(w.agent, 0)
}

// refused dials and returns the final status.
func (w *watched) refused(p siptest.TestPhone, number string) int {
	w.t.Helper()
	c, err := p.Phone.Dial(number)
	if err != nil {
		w.t.Fatal(err)
	}
	m, err := c.Ended(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return m.Status
}

// TestMonitorFollowsTheAgent: through a hold and a consultation, and until he
// leaves the call. Nobody notices that the supervisor goes.
func TestMonitorFollowsTheAgent(t *testing.T) {
	t.Parallel()
	w := watch(t)
	boss := w.listens()
	boss.Press("5")
	w.hears(boss, false, true)
	w.agent.Do("INVITE", w.agent.SDP(siptest.SendOnly))
	w.caller.Hears(musicSays)
	boss.Silent(callerSays, silentFor)
	w.agent.Do("INVITE", w.agent.SDP(siptest.SendRecv))
	w.hears(boss, false, true)
	target := w.consult("*2")
	boss.Silent(callerSays, silentFor)
	target.Answer()
	boss.Hears(toneOf(1))
	boss.Hears(toneOf(0))
	boss.Silent(callerSays, silentFor)
	target.Hears(toneOf(0))
	target.Silent(w.bossTone, silentFor)
	w.agent.Hears(w.bossTone)
	w.caller.Hears(musicSays)
	w.agent.Press("*1")
	w.hears(boss, false, true)
	target.Hears(musicSays)
	w.last("*4")
	boss.Ended()
	w.talk(target, 1)
	w.caller.Hangup()
	target.Ended()
	_, events := w.ledger()
	if got := w.modes(events); !slices.Equal(got, []string{"+listen", "-listen", "+whisper", "-whisper"}) {
		t.Errorf("on record: %v", got)
	}
}

// TestMonitorEndsWithTheCall: whoever hangs up, and when the agent's phone is lost.
func TestMonitorEndsWithTheCall(t *testing.T) {
	t.Parallel()
	w := watch(t)
	boss := w.listens()
	w.caller.Hangup()
	w.agent.Ended()
	boss.Ended()
	until(t, "no calls", func() bool { return len(w.server.calls.Live()) == 0 })
}

// TestMonitorByAPI: what the console's API is asked for comes true, and who may not
// is refused.
func TestMonitorByAPI(t *testing.T) {
	t.Parallel()
	w := watch(t, recorded(cases.RecordAlways, ""), func(c *Config) { c.HTTP.Console = "127.0.0.1:0" })
	id := w.server.calls.Live()[0].ID
	call := w.API.Base + "/calls/" + id
	ask := func(method, url, body string, want int) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+w.API.Token)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s %s %s: %s, want %d", method, url, body, res.Status, want)
		}
	}
	boss := w.ext(2)
	ask("POST", call+"/monitor", `{"mode": "listen", "phone": "`+w.ext(1)+`"}`, 403)
	ask("POST", w.API.Base+"/calls/01930000-0000-7000-8000-000000000000/monitor", `{"mode": "listen", "phone": "`+boss+`"}`, 404)
	ask("DELETE", call+"/monitor?phone="+boss, "", 409)
	ask("POST", call+"/monitor", `{"mode": "listen", "phone": "`+boss+`"}`, 204)
	in := w.boss.Incoming()
	in.Answer()
	w.hears(in, false, false)
	ask("POST", call+"/monitor", `{"mode": "barge", "phone": "`+boss+`"}`, 204)
	w.hears(in, true, true)
	ask("DELETE", call+"/monitor?phone="+boss, "", 204)
	in.Ended()
	ask("POST", call+"/recording", `{"action": "pause", "by": "`+w.Agents[1].User+`"}`, 403)
	ask("POST", call+"/recording", `{"action": "pause", "by": "`+w.Agents[0].User+`"}`, 204)
	ask("POST", call+"/recording", `{"action": "resume", "by": "`+w.Agents[2].User+`"}`, 204)
	w.talk(w.agent, 0)
	w.caller.Hangup()
	w.agent.Ended()
	audio := w.API.Base + "/recordings/" + id + "/audio"
	until(t, "the recording can be played", func() bool { code, _ := fetch(t, audio, w.API.Token); return code == 200 })
	if _, body := fetch(t, audio, w.API.Token); !strings.HasPrefix(body, "RIFF") {
		t.Errorf("%.20q is no recording", body)
	}
	if code, body := fetch(t, w.API.Base+"/recordings/"+id+"/accesses", w.API.Token); code != 200 || strings.Count(body, "api token") < 2 {
		t.Errorf("accesses: %d %s", code, body)
	}
	_, events := w.ledger()
	want := []string{"+listen", "-listen", "+barge", "-barge"}
	if got := w.modes(events); !slices.Equal(got, want) {
		t.Errorf("on record: %v", got)
	}
	r := w.recording()
	if len(r.Pauses) != 1 {
		t.Errorf("pauses %v", r.Pauses)
	}
	s := readStereo(t, filepath.Join(w.server.cfg.Data, "recordings", r.File))
	s.check(t, []int{callerSays}, []int{toneOf(0), w.bossTone}, nil) // barged in, but not listening
}

// TestMonitorConference: a supervisor hears all three and is heard by the agent
// alone, by all when he barges in; the recording has him then, too.
func TestMonitorConference(t *testing.T) {
	t.Parallel()
	w := watch(t, recorded(cases.RecordAlways, ""))
	target := w.consult("*2")
	target.Answer()
	target.Hears(toneOf(0))
	w.agent.Press("*3")
	w.caller.Hears(toneOf(1))
	w.caller.Hears(toneOf(0))
	boss := w.listens()
	boss.Hears(toneOf(1))
	boss.Press("5")
	w.hears(boss, false, true)
	target.Silent(w.bossTone, silentFor)
	boss.Press("6")
	w.hears(boss, true, true)
	target.Hears(w.bossTone)
	target.Hears(callerSays)
	boss.Hangup()
	target.Silent(w.bossTone, silentFor)
	w.caller.Hears(toneOf(1))
	w.caller.Hears(toneOf(0))
	w.caller.Hangup()
	w.recordedEnd()
	w.agent.Hangup() // the two talk on
	target.Ended()
	r := w.recording()
	s := readStereo(t, filepath.Join(w.server.cfg.Data, "recordings", r.File))
	s.check(t, []int{callerSays}, []int{toneOf(0), toneOf(1), w.bossTone}, []int{musicSays})
}

// TestMonitorFollowsToAnotherPhone: the agent changes his phone, and hears the
// whisper there.
func TestMonitorFollowsToAnotherPhone(t *testing.T) {
	t.Parallel()
	w := watch(t)
	boss := w.listens()
	boss.Press("5")
	w.hears(boss, false, true)
	first := w.agent
	w.agent = w.takeOver(0, replaces(first.Answered(), true), 200)
	first.Ended()
	w.hears(boss, false, true)
	boss.Press("6")
	w.hears(boss, true, true)
	boss.Hangup()
	w.talk(w.agent, 0)
	w.caller.Hangup()
	w.agent.Ended()
	c, events := w.ledger()
	if want := []string{"+listen", "-listen", "+whisper", "-whisper", "+barge", "-barge"}; !slices.Equal(w.modes(events), want) || c.Handler != w.Agents[0].User {
		t.Errorf("handler %s, modes %v, want %v", c.Handler, w.modes(events), want)
	}
}
