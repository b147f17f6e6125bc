package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
	"shouwen/ivr/call"
	"shouwen/sip/media"
	"shouwen/sip/siptest"
)

// answering takes messages of callers whom nobody is there to answer.
func answering(c *Config) {
	c.HTTP = HTTPConfig{Console: "127.0.0.1:0", Metrics: "127.0.0.1:0"}
	c.Queues[0].WhenNobody = call.LeaveMessage
	c.Queues[0].Voicemail = VoicemailConfig{Longest: Duration(8 * time.Second), Silence: Duration(2 * time.Second)}
}

// listen fetches the message of a case as a program would.
func (b *bed) listen(t *testing.T, n cases.CaseNumber) []int16 {
	t.Helper()
	req, err := http.NewRequest("GET", b.API.Base+"/cases/"+string(n)+"/voicemail", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+b.API.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	wav, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("message: %s, %v", res.Status, err)
	}
	samples, err := media.ReadWAV(bytes.NewReader(wav))
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

// message waits until a message is on record and returns its case.
func (b *bed) message(t *testing.T) (c cases.Case) {
	t.Helper()
	until(t, "message on record", func() bool {
		all := recordedCases(t, b.server.database.store)
		if len(all) == 1 && !all[0].Call.Ended.IsZero() {
			c = all[0]
			return true
		}
		return false
	})
	return c
}

// TestVoicemail: however a message ends, it is in a case that owes a callback, can
// be played, and has what the caller said after the tone.
func TestVoicemail(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end  func(c siptest.TestCall)
		kept bool // the caller hears that it is
		most time.Duration
	}{
		"by #":       {func(c siptest.TestCall) { c.Press("#") }, true, 7 * time.Second},
		"by silence": {func(c siptest.TestCall) { c.Say(0) }, true, 7 * time.Second},
		"by hang-up": {func(c siptest.TestCall) { c.Hangup() }, false, 7 * time.Second},
		"by length":  {func(siptest.TestCall) {}, true, 9 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, 1, answering)
			c := b.dial(numbered(1))
			c.Say(0)
			c.HearsNext(leaveMessageSays)
			c.HearsNext(1000)
			c.Silent(1000, silentFor)
			c.Say(callerSays)
			c.Silent(1000, 1500*time.Millisecond) // says so long
			tt.end(c)
			if tt.kept {
				c.HearsNext(messageKeptSays)
				c.HearsNext(goodbyeSays)
			}
			c.Ended()
			got := b.message(t)
			missedCase(t, got, cases.MissedVoicemail, 30*time.Minute)
			length := time.Duration(got.Voicemail.Length)
			if length < 1500*time.Millisecond || length > tt.most {
				t.Errorf("message of %s", length)
			}
			said := b.listen(t, got.Number)
			if d := time.Duration(len(said)) * time.Second / 8000; d != length.Truncate(125*time.Microsecond) {
				t.Errorf("%s of audio, on record are %s", d, length)
			}
			if d := says(said, callerSays); d < 500*time.Millisecond {
				t.Errorf("the caller is in his message for %s", d)
			}
			file := filepath.Join(b.DataDir, "voicemail", filepath.FromSlash(got.Voicemail.File))
			if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
				t.Errorf("file: %v, %v", st, err)
			}
			b.scrapes(t, `shouwen_calls_total{direction="inbound",result="voicemail"} 1`)
		})
	}
}

// TestNothingSaid: a caller who says nothing left no message, but was missed.
func TestNothingSaid(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, answering)
	c := b.dial(numbered(1))
	c.Say(0)
	c.HearsNext(leaveMessageSays)
	c.HearsNext(apologySays)
	c.Ended()
	got := only(t, b.cases())
	missedCase(t, got, cases.MissedNoAnswer, 30*time.Minute)
	if got.Voicemail.File != "" {
		t.Errorf("message %+v", got.Voicemail)
	}
	err := filepath.WalkDir(filepath.Join(b.DataDir, "voicemail"), func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			t.Errorf("left behind: %s", p)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// messageSoFar is how many octets of messages are on the disk.
func (b *bed) messageSoFar() (octets int64) {
	_ = filepath.WalkDir(filepath.Join(b.DataDir, "voicemail"), func(_ string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			octets += info.Size()
		}
		return err
	})
	return octets
}

// TestCrashWhileAMessageIsLeft: what the caller had said is kept.
func TestCrashWhileAMessageIsLeft(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, answering)
	c := b.dial(numbered(1))
	c.HearsNext(leaveMessageSays)
	until(t, "two seconds of the message are on the disk", func() bool {
		return b.messageSoFar() >= 44+2*8000*4
	})
	image := dataDir(t) // the disk as a crash would leave it
	for _, part := range []string{"journal", "voicemail"} {
		if err := os.CopyFS(filepath.Join(image, part), os.DirFS(filepath.Join(b.DataDir, part))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(image, "journal", "checkpoint")); err != nil && !os.IsNotExist(err) {
		t.Fatal(err) // it is about another database
	}
	c.Hangup()
	cfg := testConfig(t)
	answering(&cfg)
	cfg.Data = image
	again := startBed(t, cfg, serverOptions{agents: 1, database: storetest.URL(t), anyPort: true})
	got := again.message(t)
	missedCase(t, got, cases.MissedVoicemail, 30*time.Minute)
	said := again.listen(t, got.Number)
	if d := time.Duration(len(said)) * time.Second / 8000; d < 2*time.Second {
		t.Errorf("%s of the message were kept, want the two that were on the disk", d)
	}
	if d := says(said, callerSays); d < 500*time.Millisecond {
		t.Errorf("the caller is in his message for %s", d)
	}
}

// TestDispositions: what becomes of callers whom a queue cannot serve.
func TestDispositions(t *testing.T) {
	t.Parallel()
	full := func(c *Config, d call.Disposition) {
		c.Queues[0].Limit, c.Queues[0].WhenFull = 1, d
		c.Queues[0].MaxWait = Duration(time.Minute)
	}
	nobody := func(c *Config, d call.Disposition) { c.Queues[0].WhenNobody = d }
	waited := func(c *Config, d call.Disposition) {
		c.Queues[0].WhenWaited, c.Queues[0].MaxWait = d, Duration(4*time.Second)
	}
	tests := map[string]struct {
		when  func(*Config, call.Disposition)
		d     call.Disposition
		hears int
		why   cases.MissedReason // if he hangs up when he hears it
	}{
		"full: announcement":   {full, call.Announcement, apologySays, cases.MissedRefused},
		"full: voicemail":      {full, call.LeaveMessage, leaveMessageSays, cases.MissedRefused},
		"full: callback":       {full, call.TakeCallback, callbackNumberSays, cases.MissedRefused},
		"full: another":        {full, "queue:second", musicSays, cases.MissedAbandoned},
		"nobody: announcement": {nobody, call.Announcement, apologySays, cases.MissedNoAnswer},
		"nobody: voicemail":    {nobody, call.LeaveMessage, leaveMessageSays, cases.MissedNoAnswer},
		"nobody: callback":     {nobody, call.TakeCallback, callbackNumberSays, cases.MissedNoAnswer},
		"nobody: another":      {nobody, "queue:second", musicSays, cases.MissedAbandoned},
		"nobody: wait":         {nobody, call.Wait, musicSays, cases.MissedAbandoned},
		"waited: announcement": {waited, call.Announcement, apologySays, cases.MissedNoAnswer},
		"waited: voicemail":    {waited, call.LeaveMessage, leaveMessageSays, cases.MissedNoAnswer},
		"waited: callback":     {waited, call.TakeCallback, callbackNumberSays, cases.MissedNoAnswer},
		"waited: another":      {waited, "queue:second", allBusySays, cases.MissedAbandoned},
		"waited: a circle":     {waited, "queue:circle", apologySays, cases.MissedNoAnswer},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, 1, func(c *Config) {
				second, circle := c.Queues[0], c.Queues[0]
				second.Name, second.MaxWait = "second", Duration(time.Minute)
				circle.Name, circle.WhenWaited, circle.MaxWait = "circle", "queue:hotline", Duration(time.Second)
				c.Queues = append(c.Queues, second, circle)
				tt.when(c, tt.d)
			})
			if strings.HasPrefix(name, "full") {
				first := b.dial(numbered(9))
				first.Hears(musicSays)
			}
			c := b.dial(numbered(1))
			c.Say(0) // leaves no message
			if strings.HasSuffix(name, "another") && strings.HasPrefix(name, "waited") {
				c.Hears(musicSays)
			}
			c.HearsNext(tt.hears)
			c.Hangup()
			until(t, "on record", func() bool {
				for _, k := range recordedCases(t, b.server.database.store) {
					if k.Call.Caller.E164 == cases.Number(numbered(1)) {
						missedCase(t, k, tt.why, 30*time.Minute)
						return true
					}
				}
				return false
			})
		})
	}
}

// TestOverflowKeepsTheWait: in the second queue an agent takes the caller, who is
// not counted as having come only then.
func TestOverflowKeepsTheWait(t *testing.T) {
	t.Parallel()
	b := newBed(t, 2, func(c *Config) {
		c.Queues[0].MaxWait, c.Queues[0].WhenWaited = Duration(1200*time.Millisecond), "queue:second"
		second := c.Queues[0]
		second.Name, second.WhenWaited = "second", call.Announcement
		c.Queues[0].Members, second.Members = []string{"1001"}, []string{"1002"}
		c.Queues = append(c.Queues, second)
	})
	b.agent(1, siptest.Config{Answer: siptest.AnswerAfter(0)})
	c := b.dial(numbered(1))
	c.Hears(toneOf(1))
	c.Hangup()
	if got := only(t, b.cases()); got.FirstAsker != b.Agents[1].User || got.Call.Waited < 1200*time.Millisecond {
		t.Errorf("first-asker %s after %s", got.FirstAsker, got.Call.Waited)
	}
}

// TestNoRoomForMessages: who cannot leave a message is owed a callback all the same.
func TestNoRoomForMessages(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, answering)
	if err := os.Remove(filepath.Join(b.DataDir, "voicemail")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.DataDir, "voicemail"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := b.dial(numbered(1))
	c.HearsNext(leaveMessageSays)
	c.HearsNext(apologySays)
	c.Ended()
	missedCase(t, only(t, b.cases()), cases.MissedNoAnswer, 30*time.Minute)
}

// TestEmergencyInAMessage: the emergency key ends the message, which is kept, and
// whoever is there is rung.
func TestEmergencyInAMessage(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, answering, func(c *Config) { c.Queues[0].MaxWait = Duration(time.Minute) })
	c := b.dial(numbered(1))
	c.HearsNext(leaveMessageSays)
	c.HearsNext(1000)
	c.Silent(1000, 2*time.Second)
	b.agent(0, siptest.Config{Answer: siptest.AnswerAfter(0)})
	c.Press("9")
	c.Hears(toneOf(0))
	c.Hangup()
	if got := b.message(t); got.FirstAsker != b.Agents[0].User || got.Voicemail.File == "" {
		t.Errorf("case %+v", got)
	}
}

// TestVoicemailRetention: a message whose time is over is deleted, and that is on
// record; the callback is owed as before.
func TestVoicemailRetention(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, answering, func(c *Config) { c.Queues[0].Voicemail.Retention = Retention(time.Millisecond) })
	c := b.dial(numbered(1))
	c.Say(0)
	c.HearsNext(leaveMessageSays)
	c.HearsNext(1000)
	c.Say(callerSays)
	c.Silent(1000, 1500*time.Millisecond)
	c.Press("#")
	c.Ended()
	got := b.message(t)
	file := filepath.Join(b.DataDir, "voicemail", filepath.FromSlash(got.Voicemail.File))
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	ret := b.server.messageRetention()
	ret.Interval = time.Millisecond
	go func() { _ = ret.Run(t.Context()) }()
	until(t, "the case says that it is gone", func() bool {
		now, events, err := b.server.database.store.Case(t.Context(), got.Number)
		return err == nil && now.Voicemail.File == "" && events[len(events)-1].Kind == cases.EventVoicemailDeleted && now.CallbackDue.Equal(got.CallbackDue)
	})
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the file: %v", err)
	}
}

// TestVoicemailSettings: what is wrong is named with its remedy.
func TestVoicemailSettings(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"retention: 12h": "",
		"longest: 1m, silence: 3s, retention: 0d": "",
		"retention: soon":                         "is no time to keep something; write it like 90d",
		"longest: 1s":                             "queues[0].voicemail.longest: is 1s, want 5s to 1h",
		"longest: 10s, silence: 20s":              "queues[0].voicemail.silence: is 20s, want 1s to the longest message",
	} {
		file := filepath.Join(t.TempDir(), "shouwen.yaml")
		if err := os.WriteFile(file, []byte("queues: [{name: hotline, voicemail: {"+text+"}}]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadConfig(file); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	days := func(d ...int) (c Config) {
		for _, n := range d {
			c.Queues = append(c.Queues, QueueConfig{Voicemail: VoicemailConfig{Retention: Retention(time.Duration(n) * 24 * time.Hour)}})
		}
		return c
	}
	if got := days(3, 9, 5).keepMessages(); got != 9*24*time.Hour {
		t.Errorf("of an unknown queue: %s", got)
	}
	if got := days(3, 0, 5).keepMessages(); got != 0 {
		t.Errorf("of an unknown queue, one of which keeps them for good: %s", got)
	}
}

// TestTheLastAgentLeaves: who waits then is not left with the music.
func TestTheLastAgentLeaves(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, answering, func(c *Config) { c.Queues[0].Announce.Every, c.Queues[0].MaxWait = 0, Duration(5*time.Minute) })
	b.agent(0, siptest.Config{})
	user := b.Agents[0].User
	b.server.board.Busy(user, "between extensions")
	c := b.dial(numbered(1))
	c.Say(0)
	c.Hears(musicSays)
	b.server.board.Pause(user, "lunch")
	c.Hears(musicSays)
	b.server.board.Released(user, "between extensions")
	c.HearsNext(leaveMessageSays)
	c.Hangup()
	missedCase(t, only(t, b.cases()), cases.MissedNoAnswer, 30*time.Minute)
}
