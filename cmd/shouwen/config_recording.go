package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"shouwen/cases"
	"shouwen/ivr/call"
	"shouwen/ivr/prompts"
)

// RecordingConfig says which calls of a queue are recorded, and how.
type RecordingConfig struct {
	Mode      cases.RecordingMode `yaml:"mode"`      // never, always, on_demand (when the agent dials its code) or share
	Share     Percent             `yaml:"share"`     // of the calls, picked by chance, with mode share
	Announce  string              `yaml:"announce"`  // prompt the caller hears before; empty: none
	Holds     bool                `yaml:"holds"`     // record what the caller says on hold, too
	Retention Retention           `yaml:"retention"` // then files are deleted; 0: never
}

func defaultRecording() RecordingConfig {
	return RecordingConfig{Mode: cases.RecordNever, Announce: string(prompts.RecordingNotice), Retention: Retention(90 * 24 * time.Hour)}
}

// Percent is a whole number of hundredths, written like 20%.
type Percent int

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (p *Percent) UnmarshalYAML(n ast.Node) error {
	v, err := strconv.ParseUint(strings.TrimSuffix(word(n), "%"), 10, 8)
	if err != nil || v > 100 {
		return refuse(n, "is no share; write it like 20%")
	}
	*p = Percent(v)
	return nil
}

// Retention is how long something is kept, written like 90d or 12h.
type Retention time.Duration

// longestRetention keeps sums with it within what a time can be.
const longestRetention = Retention(100 * 365 * 24 * time.Hour)

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (r *Retention) UnmarshalYAML(n ast.Node) error {
	var d time.Duration
	var err error
	if days, ok := strings.CutSuffix(word(n), "d"); ok {
		var count uint64
		count, err = strconv.ParseUint(days, 10, 16)
		d = time.Duration(count) * 24 * time.Hour
	} else {
		d, err = time.ParseDuration(word(n))
	}
	if err != nil || d < 0 || Retention(d) > longestRetention {
		return refuse(n, "is no time to keep something; write it like 90d, or 0d for ever")
	}
	*r = Retention(d)
	return nil
}

var recordingModes = []cases.RecordingMode{cases.RecordNever, cases.RecordAlways, cases.RecordOnDemand, cases.RecordShare}

func (r RecordingConfig) check(at string) error {
	if !slices.Contains(recordingModes, r.Mode) {
		return bad(at+".mode", "is %q, want never, always, on_demand or share", r.Mode)
	}
	if (r.Mode == cases.RecordShare) != (r.Share > 0) {
		return bad(at+".share", "is %d%% with mode %s; a share goes with mode share", r.Share, r.Mode)
	}
	return nil
}

// rule is the configuration as calls need it.
func (r RecordingConfig) rule(sounds call.Sounds) (call.RecordingRule, error) {
	rule := call.RecordingRule{Mode: r.Mode, Share: int(r.Share), Holds: r.Holds, Announce: prompts.Name(r.Announce), Keep: time.Duration(r.Retention)}
	if rule.Announce != "" && sounds.Words[rule.Announce] == nil {
		return rule, fmt.Errorf("recording.announce: there is no prompt %q; name one of the prompts, or leave it empty to tell nothing", r.Announce)
	}
	return rule, nil
}
