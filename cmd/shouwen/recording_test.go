package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/ivr/call"
	"shouwen/sip/media"
	"shouwen/sip/siptest"
)

// recorded sets the rule of the queue.
func recorded(mode cases.RecordingMode, announce string) func(*Config) {
	return func(c *Config) {
		c.Queues[0].Recording.Mode, c.Queues[0].Recording.Announce = mode, announce
	}
}

// stereo is a recording as a player has it.
type stereo struct {
	left, right []int16
	marks       int // regions
}

func readStereo(t *testing.T, file string) (s stereo) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	size := binary.LittleEndian.Uint32(b[40:])
	if string(b[:4]) != "RIFF" || string(b[36:40]) != "data" || b[22] != 2 || int(size) > len(b)-44 || int(binary.LittleEndian.Uint32(b[4:]))+8 != len(b) {
		t.Fatalf("%s is no WAV of two channels: % x", file, b[:44])
	}
	for audio := b[44 : 44+size]; len(audio) >= 4; audio = audio[4:] {
		s.left = append(s.left, int16(binary.LittleEndian.Uint16(audio)))
		s.right = append(s.right, int16(binary.LittleEndian.Uint16(audio[2:])))
	}
	s.marks = strings.Count(string(b[44+size:]), "ltxt")
	return s
}

// says is how long a channel has a tone, in steps of 50 ms.
func says(channel []int16, hz int) (d time.Duration) {
	for block := range slices.Chunk(channel, 400) {
		if media.ToneLevel(block, float64(hz)) > 0.1 {
			d += 50 * time.Millisecond
		}
	}
	return d
}

// cut is for how long anything may be heard in a beginning or an end.
const cut = 50 * time.Millisecond

// check checks which tones the channels have, for 300 ms at least, and which not.
func (s stereo) check(t *testing.T, left, right, neither []int) {
	t.Helper()
	for _, hz := range slices.Concat(left, right, neither) {
		for name, c := range map[string]struct {
			audio []int16
			want  []int
		}{"left": {s.left, left}, "right": {s.right, right}} {
			d := says(c.audio, hz)
			if want := slices.Contains(c.want, hz); want && d < 300*time.Millisecond || !want && d > cut {
				t.Errorf("%s says %d Hz for %s, want %t", name, hz, d, want)
			}
		}
	}
}

// withoutPauseTone checks that nobody hears what told the agent of a pause. A caller's
// tone is too near to it to tell them apart when packets came late.
func (s stereo) withoutPauseTone(t *testing.T) {
	t.Helper()
	if d := says(s.right, 450); d > cut {
		t.Errorf("right says the tone of a pause for %s", d)
	}
}

// recording stops the server and returns the one there is.
func (p *passed) recording() store.Recording {
	p.t.Helper()
	c := only(p.t, p.cases())
	st, err := store.Open(p.t.Context(), p.database)
	if err != nil {
		p.t.Fatal(err)
	}
	defer st.Close()
	list, err := st.Recordings(p.t.Context(), c.Number)
	if err != nil || len(list) != 1 {
		p.t.Fatalf("recordings %+v, %v", list, err)
	}
	return list[0]
}

func (p *passed) kinds() (kinds []cases.EventKind) {
	_, events := p.ledger()
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// TestRecordedCall: the caller is told, then left is what he says, right what his
// agents say, without what was paused, said to others or played on hold.
func TestRecordedCall(t *testing.T) {
	t.Parallel()
	b := newBed(t, 2, recorded(cases.RecordAlways, "recording_notice"))
	p := &passed{bed: b, phones: b.agents(2)}
	p.caller = b.dial(numbered(1))
	p.caller.HearsNext(noticeSays)
	p.pickUp()
	until(t, "recording", func() bool { return p.server.calls.Live()[0].Recording == "on" })
	p.talk(p.agent, 0)

	p.agent.Press("*9")
	p.agent.HearsNext(450) // the tone of a pause
	until(t, "paused", func() bool { return p.server.calls.Live()[0].Recording == "paused" })
	p.talk(p.agent, 0)
	p.caller.Say(1200)
	p.agent.Hears(1200)
	p.caller.Say(callerSays)
	p.agent.Hears(callerSays)
	p.agent.Press("*9")
	until(t, "resumed", func() bool { return p.server.calls.Live()[0].Recording == "on" })
	p.talk(p.agent, 0)

	target := p.consult("*2")
	target.Answer()
	p.agent.Hears(toneOf(1))
	p.agent.Say(1500)
	target.Hears(1500)
	p.caller.Say(1600)
	p.caller.Hears(musicSays)
	p.agent.Say(toneOf(0))
	p.caller.Say(callerSays)
	target.Hears(toneOf(0))
	p.caller.Silent(1600, 0)
	p.last("*4")
	p.talk(target, 1)
	p.caller.Hangup()
	target.Ended()

	r := p.recording()
	file := filepath.Join(p.server.cfg.Data, "recordings", r.File)
	s := readStereo(t, file)
	s.check(t, []int{callerSays}, []int{toneOf(0), toneOf(1)}, []int{1200, 1500, 1600, musicSays, noticeSays})
	s.withoutPauseTone(t)
	length := time.Duration(len(s.left)) * time.Second / 8000
	if r.Result != cases.RecordingOK || r.Mode != cases.RecordAlways || r.Length != length || len(r.Pauses) != 1 || s.marks != 1 {
		t.Errorf("%+v with %d marks, the file has %s", r, s.marks, length)
	}
	if gap := says(s.left, callerSays); gap > length-time.Duration(r.Pauses[0].Until-r.Pauses[0].From) {
		t.Errorf("the caller is heard for %s of %s, in spite of %v", gap, length, r.Pauses)
	}
	content, err := os.ReadFile(file)
	if sum := sha256.Sum256(content); err != nil || !slices.Equal(r.SHA256, sum[:]) || r.Bytes != int64(len(content)) {
		t.Errorf("sum %x, %d octets; %v", r.SHA256, r.Bytes, err)
	}
	if want := r.Started.In(p.server.zone).Format("2006/01/02/") + r.Call + ".wav"; r.File != want {
		t.Errorf("file %s, want %s", r.File, want)
	}
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	if keep := r.KeepUntil.Sub(r.Started); (keep - 90*24*time.Hour).Abs() > time.Minute {
		t.Errorf("kept for %s", keep)
	}
	want := []cases.EventKind{cases.EventPickedUp, cases.EventRecordingStarted, cases.EventRecordingPaused, cases.EventRecordingResumed,
		started, completed, cases.EventEnded, cases.EventRecordingEnded}
	if got := p.kinds(); !slices.Equal(got, want) {
		t.Errorf("events %v", got)
	}
}

// TestRecordingOnDemand: it begins when the agent asks for it and the caller was
// told; what others ask for is refused.
func TestRecordingOnDemand(t *testing.T) {
	t.Parallel()
	p := passOn(t, 2, recorded(cases.RecordOnDemand, "recording_notice"))
	sw := p.server.calls
	id, agent := sw.Live()[0].ID, p.Agents[0].User
	for name, tt := range map[string]struct {
		err  error
		want error
	}{
		"pause of none": {sw.Record(id, agent, call.RecordingPause), call.ErrNotRecorded},
		"another agent": {sw.Record(id, p.Agents[1].User, call.RecordingStart), call.ErrNotAgent},
		"no call":       {sw.Record("none", agent, call.RecordingStart), call.ErrNoCall},
	} {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("%s: %v, want %v", name, tt.err, tt.want)
		}
	}
	p.caller.Say(1200)
	p.agent.Hears(1200)
	if l := sw.Live()[0]; l.Recording != "" {
		t.Errorf("recording is %s before it was asked for", l.Recording)
	}
	p.caller.Say(callerSays)
	p.agent.Hears(callerSays)
	if err := sw.Record(id, agent, call.RecordingStart); err != nil {
		t.Fatal(err)
	}
	p.caller.HearsNext(noticeSays)
	p.talk(p.agent, 0)
	until(t, "recording", func() bool { return sw.Live()[0].Recording == "on" })
	p.talk(p.agent, 0)
	p.caller.Hangup()
	p.agent.Ended()
	r := p.recording()
	s := readStereo(t, filepath.Join(p.server.cfg.Data, "recordings", r.File))
	s.check(t, []int{callerSays}, []int{toneOf(0)}, []int{1200, noticeSays})
	s.withoutPauseTone(t)
	if r.Mode != cases.RecordOnDemand || r.Result != cases.RecordingOK {
		t.Errorf("%+v", r)
	}
}

// TestNeverRecorded: without a rule nothing is, whatever the agent dials.
func TestNeverRecorded(t *testing.T) {
	t.Parallel()
	p := passOn(t, 1)
	p.agent.Press("*9")
	p.agent.HearsNext(450)
	p.talk(p.agent, 0)
	p.end(p.agent, 0)
	files, err := filepath.Glob(filepath.Join(p.server.cfg.Data, "recordings", "*"))
	if err != nil || len(files) > 0 {
		t.Errorf("%v, %v", files, err)
	}
}

// TestRecordingWithoutSpace: a full disk costs the recording, at its beginning or
// later, never the call; the case and the metrics say so.
func TestRecordingWithoutSpace(t *testing.T) {
	t.Parallel()
	small := func(c *Config) {
		dir := filepath.Join(c.Data, "recordings")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
			t.Skipf("a small disk needs the right to mount: %v", err)
		}
		t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	}
	for name, tt := range map[string]struct {
		change  func(*Config)
		minFree uint64
		result  cases.RecordingResult
	}{
		"from the beginning": {func(*Config) {}, 1 << 62, cases.RecordingFailed},
		"after a while":      {small, 0, cases.RecordingPartial},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, 1, recorded(cases.RecordAlways, ""), tt.change)
			b.server.calls.Recordings.MinFree = tt.minFree
			p := &passed{bed: b, phones: b.agents(1)}
			p.caller = b.dial(numbered(1))
			p.pickUp()
			until(t, "no recording", func() bool { return p.server.calls.Live()[0].Recording == "" })
			p.talk(p.agent, 0)
			if p.agent.Streams()[0].Lost > 0 || p.caller.Streams()[0].Lost > 0 {
				t.Error("the call suffered")
			}
			p.caller.Hangup()
			p.agent.Ended()
			r := p.recording()
			if r.Result != tt.result || r.Reason != cases.RecordingDiskFull || (r.File == "") != (tt.result == cases.RecordingFailed) {
				t.Errorf("%+v", r)
			}
			if r.File != "" {
				s := readStereo(t, filepath.Join(p.server.cfg.Data, "recordings", r.File))
				s.check(t, []int{callerSays}, []int{toneOf(0)}, nil)
			}
		})
	}
}

// recordedSoFar is the audio of the one recording that goes on, as far as it is on the
// disk; none when none goes on.
func recordedSoFar(t *testing.T, data string) (audio []byte) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(data, "recordings"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".part") {
			return err
		}
		b, err := os.ReadFile(path)
		audio = b[min(len(b), 44):]
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return audio[:len(audio)/4*4] // 16 bits, stereo
}

// TestKilledWhileRecording: after a kill -9 the recording can be played, all that was on
// the disk, and is on record as cut short.
func TestKilledWhileRecording(t *testing.T) {
	t.Parallel()
	p := prepare(t, time.Second)
	config, err := os.OpenFile(p.file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = config.WriteString("\nqueues: [{name: hotline, recording: {mode: always, announce: \"\"}}]\n")
	if err := errors.Join(err, config.Close()); err != nil {
		t.Fatal(err)
	}
	c := p.start(t, "--agents", "1")
	phone := register(t, c.Ready, 0, siptest.Config{})
	caller := outside(t, c.Ready, numbered(1)).Dial(c.Hotline)
	agent := phone.Incoming()
	agent.Answer()
	caller.Hears(toneOf(0))
	agent.Hears(callerSays)
	const second = 8000 * 4 // octets
	until(t, "what was said is on the disk", func() bool { return len(recordedSoFar(t, p.data)) >= 3*second })
	c.signal(syscall.SIGKILL)
	_ = c.wait()
	noneLeft(t, p.data)
	left := recordedSoFar(t, p.data)
	c = p.start(t, "--agents", "1")
	c.terminate()
	st, done, err := openStore(t.Context(), p.data, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	k := only(t, recordedCases(t, st))
	list, err := st.Recordings(t.Context(), k.Number)
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	r := list[0]
	length := time.Duration(len(left)) * time.Second / second
	if r.Result != cases.RecordingPartial || r.Reason != cases.RecordingInterrupted || r.Length != length {
		t.Errorf("%+v; %s were on the disk", r, length)
	}
	file := filepath.Join(p.data, "recordings", r.File)
	s := readStereo(t, file)
	s.check(t, []int{callerSays}, []int{toneOf(0)}, nil)
	if kept, err := os.ReadFile(file); err != nil || !bytes.Equal(kept[44:], left) {
		t.Errorf("kept are %d octets, %v, not the %d that were on the disk", len(kept)-44, err, len(left))
	}
	if again := recordedSoFar(t, p.data); len(again) > 0 {
		t.Errorf("%d octets are left of what has been kept", len(again))
	}
}

// TestRetention: a recording whose time is over is deleted, and that is on record;
// one on legal hold stays.
func TestRetention(t *testing.T) {
	t.Parallel()
	p := passOn(t, 1, recorded(cases.RecordAlways, ""), func(c *Config) { c.Queues[0].Recording.Retention = Retention(time.Millisecond) })
	until(t, "recording", func() bool { return p.server.calls.Live()[0].Recording == "on" })
	p.caller.Hangup()
	p.agent.Ended()
	st := p.server.database.store
	var r store.Outdated
	until(t, "a recording", func() bool {
		list, err := st.OutdatedRecordings(t.Context(), time.Now(), 1)
		if len(list) == 1 {
			r = list[0]
		}
		return err == nil && len(list) == 1
	})
	file := filepath.Join(p.server.cfg.Data, "recordings", r.File)
	hold := func(on bool) {
		f := cases.Fact{At: time.Now().UTC(), Call: r.Call, Case: r.Case, LegalHold: &cases.LegalHold{On: on, By: "boss"}}
		if _, err := p.server.journal.Append(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		until(t, "the hold", func() bool { r, err := st.Recording(t.Context(), r.Call); return err == nil && r.LegalHold == on })
	}
	sweep := func() {
		ret := p.server.recordingRetention()
		ret.Interval = time.Millisecond
		go func() { _ = ret.Run(t.Context()) }()
	}
	hold(true)
	sweep()
	if list, err := st.OutdatedRecordings(t.Context(), time.Now(), 1); err != nil || len(list) > 0 {
		t.Errorf("in spite of the hold: %+v, %v", list, err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("in spite of the hold: %v", err)
	}
	hold(false)
	until(t, "the file is gone", func() bool { _, err := os.Stat(file); return errors.Is(err, fs.ErrNotExist) })
	until(t, "the row says so", func() bool { r, err := st.Recording(t.Context(), r.Call); return err == nil && !r.Deleted.IsZero() })
	if got := p.kinds(); !slices.Contains(got, cases.EventRecordingDeleted) {
		t.Errorf("events %v", got)
	}
}

// TestRecordingSettings: what is wrong is named with its remedy.
func TestRecordingSettings(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"mode: share, share: 20%, retention: 12h, holds: true": "",
		"mode: always, announce: '', retention: 0d":            "",
		"mode: sometimes":                   "queues[0].recording.mode: is \"sometimes\", want never, always, on_demand or share",
		"mode: share":                       "queues[0].recording.share: is 0% with mode share",
		"share: 10%":                        "queues[0].recording.share: is 10% with mode never",
		"mode: share, share: 101%":          "is no share; write it like 20%",
		"mode: always, retention: for ever": "is no time to keep something; write it like 90d",
		"mode: always, retention: -1h":      "is no time to keep something",
	} {
		file := filepath.Join(t.TempDir(), "shouwen.yaml")
		if err := os.WriteFile(file, []byte("queues: [{name: hotline, recording: {"+text+"}}]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := LoadConfig(file)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if err != nil {
			continue
		}
		if _, err := c.Queues[0].Recording.rule(call.Sounds{}); (err == nil) != (c.Queues[0].Recording.Announce == "") {
			t.Errorf("%s without prompts: %v", text, err)
		}
	}
	if r := defaultRecording(); r.Mode != cases.RecordNever {
		t.Errorf("by default %+v", r)
	}
}

var alone = flag.Bool("alone", false, "of TestNothingIsLeft: nobody else is in this process")

// TestNothingIsLeft: calls that were monitored and recorded leave no goroutine and
// no descriptor behind. It has a process of its own, where nobody else makes any.
func TestNothingIsLeft(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("descriptors are counted on Linux")
	}
	if !*alone {
		t.Parallel()
		c := launchCommand(t, exec.Command(os.Args[0], "-test.run=^TestNothingIsLeft$", "-test.v", "-alone"))
		err := <-c.exited
		c.exited <- err
		if err != nil || !strings.Contains(c.output.String(), "--- PASS: TestNothingIsLeft") {
			t.Errorf("%v", err)
		}
		return
	}
	w := watch(t, recorded(cases.RecordAlways, ""))
	phone := w.bed.caller(numbered(9))
	monitored := func() {
		t.Helper()
		w.caller.Hears(toneOf(0))
		boss := w.listens()
		boss.Press("6")
		w.hears(boss, true, true)
		w.caller.Hangup()
		w.agent.Ended()
		boss.Ended()
		until(t, "the call is over", func() bool { return len(w.server.calls.Live()) == 0 })
	}
	again := func() {
		t.Helper()
		w.caller = phone.Dial(w.Hotline)
		w.pickUp()
		monitored()
	}
	descriptors := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	monitored()
	again() // everything has been made that is made once
	var goroutines, open int
	settled := func(g, o int) bool { return runtime.NumGoroutine() <= g && descriptors() <= o }
	until(t, "calm", func() bool {
		g, o := goroutines, open
		goroutines, open = runtime.NumGoroutine(), descriptors()
		return g == goroutines && o == open
	})
	for range 5 {
		again()
	}
	until(t, "as before", func() bool { return settled(goroutines, open) })
}

// TestNoticeIsHeardFirst: a caller whom nobody has told yet, because a flow took him
// to the queue, hears the notice when he is picked up, all of it, before anything
// is recorded.
func TestNoticeIsHeardFirst(t *testing.T) {
	t.Parallel()
	const lasts = 5 * time.Second
	b := flowBed(t, "start: agents\nemergency: off\nnodes:\n  agents: {queue: {name: hotline}}\n",
		recorded(cases.RecordAlways, "recording_notice"), func(c *Config) {
			writeTone(t, filepath.Join(c.Prompts, "recording_notice.wav"), noticeSays, lasts)
		})
	p := &passed{bed: b, phones: b.agents(2)}
	p.caller = b.dial(numbered(1))
	ringing := incoming(p.phones)
	ringing[0].Answer()
	p.agent = ringing[0]
	p.caller.HearsNext(noticeSays)
	p.agent.Do("INVITE", p.agent.SDP(siptest.SendOnly)) // in the middle of it
	p.caller.Hears(musicSays)
	if l := p.server.calls.Live()[0]; l.Recording != "" {
		t.Errorf("recording is %s before the caller knows", l.Recording)
	}
	p.agent.Do("INVITE", p.agent.SDP(siptest.SendRecv))
	p.caller.HearsNext(noticeSays)
	until(t, "recording", func() bool { return p.server.calls.Live()[0].Recording == "on" })
	p.caller.Silent(noticeSays, silentFor)
	p.talk(p.agent, 0)
	if heard := says(p.caller.Record(), noticeSays); heard > 2*lasts {
		t.Errorf("the caller has heard the notice for %s", heard)
	}
	p.caller.Hangup()
	p.agent.Ended()
	r := p.recording()
	s := readStereo(t, filepath.Join(p.server.cfg.Data, "recordings", r.File))
	s.check(t, []int{callerSays}, []int{toneOf(0)}, []int{noticeSays, musicSays})
}
