package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"shouwen/cases"
	"shouwen/ivr/call"
	"shouwen/ivr/prompts"
	"shouwen/sip/media"
)

// AnnounceConfig is what callers who wait are told.
type AnnounceConfig struct {
	Position bool     `yaml:"position"` // their place in line, and the wait still ahead once it can be measured
	Every    Duration `yaml:"every"`    // 0: nothing is announced
	Play     []string `yaml:"play"`     // prompts that are said then, too
}

func (a AnnounceConfig) prompts() []prompts.Name {
	names := make([]prompts.Name, len(a.Play))
	for i, name := range a.Play {
		names[i] = prompts.Name(name)
	}
	return names
}

// VoicemailConfig bounds the messages callers leave.
type VoicemailConfig struct {
	Longest   Duration  `yaml:"longest"`
	Silence   Duration  `yaml:"silence"`   // that ends a message
	Retention Retention `yaml:"retention"` // then messages are deleted; 0: never
}

// keepMessages is the retention of a message of which nobody knows any more in which
// queue it was left: the longest.
func (c Config) keepMessages() (longest time.Duration) {
	for _, q := range c.Queues {
		if q.Voicemail.Retention == 0 {
			return 0
		}
		longest = max(longest, time.Duration(q.Voicemail.Retention))
	}
	return longest
}

// CallersConfig says who is a caller that calls again.
type CallersConfig struct {
	SharedNumbers []string     `yaml:"shared_numbers"` // of many people, as a company's switchboard: as the cases show them
	Repeat        RepeatConfig `yaml:"repeat"`
}

// RepeatConfig says who is served before those who call for the first time, besides
// callers with an open case.
type RepeatConfig struct {
	Calls  int      `yaml:"calls"` // so many, the present one too; 0: nobody
	Within Duration `yaml:"within"`
}

func (c CallersConfig) check() error {
	for i, n := range c.SharedNumbers {
		if !sharedNumber.MatchString(n) {
			return bad(fmt.Sprintf("callers.shared_numbers[%d]", i), "is %q, want a number as the cases show it, like +861055550100", n)
		}
	}
	if c.Repeat.Calls < 0 || c.Repeat.Calls > 20 {
		return bad("callers.repeat.calls", "is %d, want 0 (never) to 20", c.Repeat.Calls)
	}
	if c.Repeat.Within <= 0 {
		return bad("callers.repeat.within", "is %s, want more than 0", time.Duration(c.Repeat.Within))
	}
	return nil
}

var sharedNumber = regexp.MustCompile(`^\+?[0-9]{2,15}$`)

// callers is what callers who call again are known by.
func (c CallersConfig) callers() *call.Callers {
	k := &call.Callers{RepeatCalls: c.Repeat.Calls, RepeatWithin: time.Duration(c.Repeat.Within)}
	for _, n := range c.SharedNumbers {
		k.Shared = append(k.Shared, cases.Number(n))
	}
	return k
}

var dispositions = []call.Disposition{call.Announcement, call.LeaveMessage, call.TakeCallback}

// checkWaiting reports what cannot work of what the callers of a queue experience.
func (c Config) checkWaiting(q QueueConfig, at string) error {
	if q.Announce.Every != 0 && q.Announce.Every < Duration(time.Second) {
		return bad(at+".announce.every", "is %s, want 0s (never) or at least 1s", time.Duration(q.Announce.Every))
	}
	if q.Announce.Every == 0 && len(q.Announce.Play) > 0 {
		return bad(at+".announce.play", "is never said, as every is 0s")
	}
	if q.StickyFor < 0 || q.StickyFor > Duration(time.Minute) {
		return bad(at+".sticky_for", "is %s, want 0s (not at all) to 1m: the caller waits for it", time.Duration(q.StickyFor))
	}
	if q.CallbackOfferAfter < 0 {
		return bad(at+".callback_offer_after", "is %s, want 0s (never) or more", time.Duration(q.CallbackOfferAfter))
	}
	if q.Voicemail.Longest < Duration(5*time.Second) || q.Voicemail.Longest > Duration(time.Hour) {
		return bad(at+".voicemail.longest", "is %s, want 5s to 1h", time.Duration(q.Voicemail.Longest))
	}
	if q.Voicemail.Silence < Duration(time.Second) || q.Voicemail.Silence > q.Voicemail.Longest {
		return bad(at+".voicemail.silence", "is %s, want 1s to the longest message", time.Duration(q.Voicemail.Silence))
	}
	for key, d := range map[string]call.Disposition{"when_full": q.WhenFull, "when_nobody": q.WhenNobody, "when_waited": q.WhenWaited} {
		if err := c.checkDisposition(d, q.Name, key == "when_nobody"); err != "" {
			return bad(at+"."+key, "is %q, %s", d, err)
		}
	}
	return nil
}

// checkDisposition says what is wrong with d for callers of a queue; empty: nothing.
func (c Config) checkDisposition(d call.Disposition, queue string, mayWait bool) string {
	if other, ok := d.OverflowTo(); ok {
		switch {
		case other == queue:
			return "want another queue than the one he is in"
		case !slices.Contains(c.queueNames(), other):
			return fmt.Sprintf("which is none of the queues: %s", strings.Join(c.queueNames(), ", "))
		}
		return ""
	}
	switch {
	case slices.Contains(dispositions, d) || mayWait && d == call.Wait:
		return ""
	case mayWait:
		return "want wait, announcement, voicemail, callback or queue:NAME"
	}
	return "want announcement, voicemail, callback or queue:NAME"
}

// maxMusic bounds the music of one queue: it is held in memory.
const maxMusic = 30 * time.Minute

// waiting are the queues as their callers experience them. It reads the music.
func (c Config) waiting() ([]call.Queue, error) {
	all := make([]call.Queue, len(c.Queues))
	for i, q := range c.Queues {
		files := make([]string, len(q.Music))
		for j, m := range q.Music {
			files[j] = c.path(m)
		}
		music, err := loadMusic(files)
		if err != nil {
			return nil, bad(fmt.Sprintf("queues[%d].music", i), "%s", err)
		}
		all[i] = q.waiting(music)
	}
	return all, nil
}

func (q QueueConfig) waiting(music []*media.Prompt) call.Queue {
	return call.Queue{
		Name: q.Name, Music: music,
		AnnounceEvery: time.Duration(q.Announce.Every), AnnouncePosition: q.Announce.Position, Announcements: q.Announce.prompts(),
		StickyFor: time.Duration(q.StickyFor), OfferCallback: time.Duration(q.CallbackOfferAfter), OtherNumber: q.CallbackOtherNumber,
		WhenFull: q.WhenFull, WhenNobody: q.WhenNobody, WhenWaited: q.WhenWaited,
		LongestMessage: time.Duration(q.Voicemail.Longest), MessageSilence: time.Duration(q.Voicemail.Silence),
		KeepMessages: time.Duration(q.Voicemail.Retention),
	}
}

// loadMusic reads WAV files, and those of folders in the order of their names.
func loadMusic(paths []string) (music []*media.Prompt, err error) {
	var files []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, p)
			continue
		}
		entries, err := os.ReadDir(p)
		if err != nil {
			return nil, err
		}
		n := len(files)
		for _, e := range entries {
			if strings.EqualFold(filepath.Ext(e.Name()), ".wav") && e.Type().IsRegular() {
				files = append(files, filepath.Join(p, e.Name()))
			}
		}
		if len(files) == n {
			return nil, fmt.Errorf("no WAV file in %s", p)
		}
	}
	var all time.Duration
	for _, name := range files {
		track, err := loadTrack(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		music = append(music, track)
		if all += track.Duration(); all > maxMusic {
			return nil, fmt.Errorf("%s: more than %s in all; leave some out", name, maxMusic)
		}
	}
	return music, nil
}

func loadTrack(name string) (*media.Prompt, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	samples, err := media.ReadWAV(f)
	if err != nil {
		return nil, err
	}
	track := media.NewPrompt(samples)
	if track.Duration() < time.Second {
		return nil, fmt.Errorf("shorter than a second: no music")
	}
	return track, nil
}
