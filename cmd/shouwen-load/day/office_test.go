package day

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestProfilesGetFaster(t *testing.T) {
	t.Parallel()
	p := Pace{Work: 60}
	for was, want := range map[string]string{
		"- {clock: accept, stop: [accepted], limit: 1h, by: [department]}": "- {clock: accept, stop: [accepted], limit: 60s, by: [department]}",
		"limit: 30min":                     "limit: 30s",
		"limit: 15s":                       "limit: 1s", // not at once
		"limit: 2wd":                       "limit: 1080s",
		"limit: 1d # S06-R18":              "limit: 1440s # S06-R18",
		"  every: 8wh":                     "  every: 480s",
		"extension: {mode: none, max: 3d}": "extension: {mode: none, max: 4320s}",
		"limit: null":                      "limit: null",
		"limit: immediate":                 "limit: immediate",
		"slip: {max_returns: 1}":           "slip: {max_returns: 1}",
		"money: [{min: 20, max: 20}]":      "money: [{min: 20, max: 20}]",
		"title: {en: within 30min}":        "title: {en: within 30min}",
	} {
		if got := p.Faster(was); got != want {
			t.Errorf("%s became %s, want %s", was, got, want)
		}
	}
}

// TestLimitsAreThoseOfTheProfile: what the plan takes for late is what the profile does.
func TestLimitsAreThoseOfTheProfile(t *testing.T) {
	t.Parallel()
	for clock, want := range map[string]time.Duration{
		"register": limits.register, "accept": limits.accept, "handle": limits.handle, "result_to_first_asker": limits.enter,
		"reply_caller": limits.reply, "return_visit": limits.visit, "press": limits.press,
	} {
		_, rest, _ := strings.Cut(profile, "{clock: "+clock+",")
		_, rest, _ = strings.Cut(rest, "limit: ")
		limit, _, _ := strings.Cut(rest, ",")
		if got, err := time.ParseDuration(strings.TrimSuffix(limit, "in")); err != nil || got != want {
			t.Errorf("limit of %s is %s in the profile, want %s (%v)", clock, limit, want, err)
		}
	}
}

func TestAnOfficeIsWrittenAndRead(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	o := Office{Pace: Pace{60, 6}, Agents: 2, Port: 5060, Console: "127.0.0.1:0", Metrics: "127.0.0.1:0", Outside: "127.0.0.1:5070"}
	if err := o.Write(dir); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadOffice(dir); err != nil || got != o {
		t.Errorf("%+v, %v", got, err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "directory.yaml")); err != nil || strings.Count(string(b), "roles: [agent]") != 3 {
		t.Errorf("%s, %v", b, err)
	}
	if s, err := os.Stat(filepath.Join(dir, "directory.yaml")); err != nil || s.Mode().Perm() != 0o600 {
		t.Errorf("passwords are readable by others: %v, %v", s.Mode(), err)
	}
	if _, err := ReadOffice(t.TempDir()); err == nil {
		t.Error("an office was found where none is")
	}
	o.Work = 0
	if o.Write(dir) == nil {
		t.Error("a day without end was written")
	}
}
