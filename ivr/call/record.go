package call

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"time"

	"shouwen/cases"
	"shouwen/ivr/prompts"
	"shouwen/metrics"
	"shouwen/sip"
	"shouwen/sip/media"
)

// RecordingRule says which calls of a queue are recorded, and how. The zero rule
// records none.
type RecordingRule struct {
	Mode     cases.RecordingMode
	Share    int           // with RecordShare: of so many calls in a hundred
	Announce prompts.Name  // the caller hears it before; empty: he is not told
	Holds    bool          // what the caller says while he is on hold is recorded, too
	Keep     time.Duration // then the file is deleted; 0: never
}

// Recordings is where calls are recorded.
type Recordings struct {
	Archive *media.Archive
	MinFree uint64 // octets of the disk recordings leave to others; those that are not for every call leave twice as much
}

// ErrNotRecorded is returned by the commands for a recording when there is none.
var ErrNotRecorded = errors.New("the call is not recorded")

// RecordingAction is what may be asked of a recording.
type RecordingAction string

// The actions.
const (
	RecordingStart  RecordingAction = "start" // of a call that is recorded on demand
	RecordingPause  RecordingAction = "pause" // nothing is kept
	RecordingResume RecordingAction = "resume"
)

// Record starts, pauses or resumes the recording of a call for user by, its agent
// or a supervisor. To start what is under way, to pause what is paused or to
// resume what is not changes nothing. The error is ErrNoCall, ErrNotAgent,
// ErrNotRecorded or ErrNotNow.
func (s *Switch) Record(call, by string, action RecordingAction) error {
	return s.ask(call, event{kind: evRecord, user: by, action: action})
}

// recording is the recording of a call under way.
type recording struct {
	*media.Recorder
	stop   context.CancelFunc
	holds  bool                          // what the caller says on hold is recorded, too
	sides  map[*media.Session]media.Side // who is recorded now
	paused bool
}

// rule is how calls of this queue are recorded.
func (c *Conversation) rule() RecordingRule { return c.waitsIn.Recording }

// records says whether this call is recorded without being asked.
func (c *Conversation) records() bool {
	switch r := c.rule(); r.Mode {
	case cases.RecordAlways:
		return true
	case cases.RecordShare:
		return chance(c.id) < r.Share
	}
	return false
}

// chance is 0 to 99, as the random end of a call's id has it.
func chance(id string) int {
	n, _ := strconv.ParseUint(id[len(id)-4:], 16, 16) // a UUID
	return int(n % 100)
}

// notice is what a caller must hear before he is recorded; nil: nothing.
func (c *Conversation) notice() *media.Prompt { return c.sounds.Words[c.rule().Announce] }

// notices are what a caller is told about recording when he is greeted.
func (c *Conversation) notices() []*media.Prompt {
	notice := c.notice()
	if notice == nil || !c.records() {
		return nil
	}
	return []*media.Prompt{notice}
}

// beginRecording records the call, for user by or, if empty, because of the rule.
// The caller is told first, where he must be and was not yet.
func (c *Conversation) beginRecording(by string) {
	notice := c.notice()
	if notice == nil || c.announced {
		c.startRecording(by)
		return
	}
	c.tell(c.caller, notice, func(heard bool) {
		if heard && c.agent != nil {
			c.announced = true
			c.startRecording(by)
		}
	})
}

// startRecording records the call from now on. What cannot be recorded goes on
// without.
func (c *Conversation) startRecording(by string) {
	rule, from := c.rule(), time.Now()
	if c.recorded || c.live.Case == "" { // once; the case gives the file its label
		return
	}
	c.recorded = true
	started := &cases.RecordingStarted{Mode: rule.Mode, By: by, Announced: c.announced}
	started.Keep = KeepUntil(from, rule.Keep)
	c.record(cases.Fact{RecordingStarted: started})
	least := c.sw.Recordings.MinFree
	if rule.Mode != cases.RecordAlways {
		least *= 2
	}
	rec, err := c.sw.Recordings.Archive.Record(c.id, string(c.live.Case), least)
	if err != nil {
		c.recordingEnded(event{fact: cases.Fact{RecordingEnded: c.sw.kept(media.RecInfo{}, err)}})
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	c.recording = &recording{Recorder: rec, stop: stop, holds: rule.Holds, sides: make(map[*media.Session]media.Side)}
	c.sw.wg.Go(func() {
		_ = rec.Run(ctx) // Close has the error, too
		c.post(event{kind: evRecordingEnded, fact: cases.Fact{RecordingEnded: c.sw.kept(rec.Close())}})
	})
	c.followRecording()
	c.showRecording()
}

// kept gives a recording that is over its lasting name, and says what became of
// it; err is what ended it.
func (s *Switch) kept(info media.RecInfo, err error) *cases.RecordingEnded {
	e := &cases.RecordingEnded{Result: cases.RecordingOK, Length: cases.Span(info.Duration)}
	for _, p := range info.Paused {
		e.Pauses = append(e.Pauses, cases.Stretch{From: cases.Span(p.From), Until: cases.Span(p.Until)})
	}
	if err != nil {
		e.Result, e.Reason = cases.RecordingPartial, cases.RecordingDiskFailed
		if errors.Is(err, media.ErrNoSpace) {
			e.Reason = cases.RecordingDiskFull
		}
		s.Log.Error("recording ended", "err", err)
	}
	if info.Path == "" {
		e.Result = cases.RecordingFailed
		return e
	}
	k, err := s.Recordings.Archive.Keep(info.Path)
	if err != nil {
		s.Log.Error("recording not kept", "err", err)
		return &cases.RecordingEnded{Result: cases.RecordingFailed, Reason: cases.RecordingDiskFailed}
	}
	e.File, e.Bytes, e.SHA256 = k.File, k.Bytes, hex.EncodeToString(k.SHA256[:])
	return e
}

// recordingEnded: the file is complete, because the call is over or the disk is
// full. The call goes on.
func (c *Conversation) recordingEnded(e event) {
	if c.recording != nil {
		c.recording.stop()
		c.recording = nil
	}
	f := e.fact.RecordingEnded
	c.sw.Metrics.Recordings.Ended(metrics.RecordingResult(f.Result), f.Bytes)
	c.record(e.fact)
	c.showRecording()
}

// stopRecording ends the recording; recordingEnded follows.
func (c *Conversation) stopRecording() {
	if c.recording != nil {
		c.recording.stop()
	}
}

// followRecording begins the recording when the caller speaks with an agent, and
// then records those who speak with him on the side of the agent. Nobody is
// recorded while he is on hold, unless the rule says so; what others say to each
// other meanwhile never is.
func (c *Conversation) followRecording() {
	spoke := c.meeting.spoke
	speaks := slices.Contains(spoke, c.caller)
	if speaks && !c.live.Answered.IsZero() && !c.recorded && c.records() {
		c.beginRecording("")
	}
	r, sides := c.recording, make(map[*media.Session]media.Side)
	if r == nil {
		return
	}
	if speaks {
		for _, l := range spoke {
			sides[l.Media()] = media.Right
		}
		if s := c.meeting.supervisor; s != nil && s.mode == cases.MonitorBarge {
			sides[s.legs[0].Media()] = media.Right
		}
	}
	if len(sides) > 0 || r.holds {
		sides[c.caller.Media()] = media.Left
	}
	for m := range r.sides {
		if _, ok := sides[m]; !ok {
			r.Remove(m)
		}
	}
	for m, side := range sides {
		if _, ok := r.sides[m]; !ok {
			r.Add(m, side)
		}
	}
	r.sides = sides
}

func (c *Conversation) showRecording() {
	c.live.Recording = ""
	if r := c.recording; r != nil {
		c.live.Recording = "on"
		if r.paused {
			c.live.Recording = "paused"
		}
	}
	c.show()
}

// actOnRecording does what Record asks for.
func (c *Conversation) actOnRecording(e event) {
	if (c.agent == nil || c.agent.User != e.user) && !c.oversees(e.user) {
		e.reply <- ErrNotAgent
		return
	}
	e.reply <- c.askRecording(e.user, e.action)
}

// askRecording starts, pauses or resumes the recording for user by.
func (c *Conversation) askRecording(by string, action RecordingAction) error {
	r := c.recording
	switch {
	case action == RecordingStart && r == nil:
		return c.demandRecording(by)
	case r == nil:
		return ErrNotRecorded
	case action == RecordingPause && !r.paused:
		r.Pause()
		c.record(cases.Fact{RecordingPaused: &cases.RecordingPaused{By: by}})
	case action == RecordingResume && r.paused:
		r.Resume()
		c.record(cases.Fact{RecordingResumed: &cases.RecordingResumed{By: by}})
	default:
		return nil
	}
	r.paused = !r.paused
	c.log.Info("recording", "paused", r.paused, "by", by)
	c.showRecording()
	return nil
}

// demandRecording starts the recording of a call that is recorded on demand; the
// caller is told first, where he must be.
func (c *Conversation) demandRecording(by string) error {
	switch {
	case c.rule().Mode != cases.RecordOnDemand || c.recorded:
		return ErrNotRecorded
	case !slices.Contains(c.meeting.spoke, c.caller):
		return ErrNotNow
	}
	c.beginRecording(by)
	return nil
}

// toggleRecording is what the feature code asks for: it starts what was not
// demanded yet, pauses what is recorded and resumes what is paused. The agent
// hears what came of it.
func (c *Conversation) toggleRecording() {
	action, tone := RecordingStart, onceTone
	if r := c.recording; r != nil {
		action, tone = RecordingPause, twiceTone
		if r.paused {
			action, tone = RecordingResume, onceTone
		}
	}
	if err := c.askRecording(c.agent.User, action); err != nil {
		c.log.Info("recording not changed", "action", action, "err", err)
		tone = congestionTone
	}
	c.tell(c.agent.legs[0], tone, func(bool) {})
}

// tell lets leg hear p instead of those it speaks with, calls then, and lets it
// hear them again: heard is false if something came between. One at a time: while
// another p is played, neither is done.
func (c *Conversation) tell(leg *sip.Leg, p *media.Prompt, then func(heard bool)) {
	if c.telling == nil {
		c.telling, c.told = c.sw.Pacer.Play(leg.Media(), p, false), then
	}
}

// toldAll goes on where tell began.
func (c *Conversation) toldAll(event) {
	heard := c.telling.Result() == media.PlayCompleted
	c.telling = nil
	c.told(heard)
	c.meeting.reconnect()
}

// Recovered returns what is to be recorded of the recordings that were cut short
// when the program died.
func Recovered(l media.CutShort, now time.Time) cases.Fact {
	return cases.Fact{At: now.UTC(), Call: l.ID, Case: cases.CaseNumber(l.Label), RecordingEnded: &cases.RecordingEnded{
		Result: cases.RecordingPartial, Reason: cases.RecordingInterrupted, Length: cases.Span(l.Duration),
		File: l.File, Bytes: l.Bytes, SHA256: hex.EncodeToString(l.SHA256[:]),
	}}
}
