package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"shouwen/cases"
)

type checkCmd struct {
	File string `arg:"" help:"Configuration file (YAML)."`
}

// Run validates the file, with all it names, and says so.
func (c checkCmd) Run() error { return c.check(os.Stdout, time.Now()) }

func (c checkCmd) check(w io.Writer, now time.Time) error {
	cfg, err := LoadConfig(c.File)
	if err != nil {
		return err
	}
	if _, err := cfg.waiting(); err != nil {
		return err
	}
	directory, err := cfg.knownDirectory()
	if err != nil {
		return err
	}
	rules, err := cfg.loadRules()
	if err != nil {
		return err
	}
	r, err := cfg.reception(directory, rules.Policy)
	if err := cmp.Or(err, r.unspoken); err != nil {
		return err
	}
	for _, line := range slices.Concat(rules.Policy.Explain(cfg.Language), warnings(rules, now), undescribed(rules.Policy, directory)) {
		fmt.Fprintln(w, line)
	}
	for _, name := range slices.Sorted(maps.Keys(r.hours)) {
		fmt.Fprintf(w, "hours %s: %s\n", name, opensAt(r.hours[name], now))
	}
	for _, file := range slices.Sorted(maps.Keys(r.flows)) {
		fmt.Fprintf(w, "flow %s:\n\n%s\n", file, r.flows[file].Mermaid())
	}
	for _, warning := range r.warnings {
		fmt.Fprintln(w, warning)
	}
	fmt.Fprintf(w, "%s is valid: at %s, %d hotlines, %d queues, %d flows, %d trunks\n",
		c.File, cfg.SIP.Address, len(cfg.Hotlines), len(cfg.Queues), len(r.flows), len(cfg.Trunks))
	return nil
}

// knownDirectory is the directory as this machine last knew it, or, before the first
// start, what this will make.
func (c Config) knownDirectory() (cases.Directory, error) {
	known, err := lastKnown(c.Data)
	if err == nil {
		if faults := c.faults(known.Directory); len(faults) > 0 {
			return known.Directory, fmt.Errorf("directory, version %d: %w", known.Version, faults)
		}
		return known.Directory, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return cases.Directory{}, err
	}
	b, there, err := loadPhonebook(c.Data, c.faults)
	if err != nil || there {
		return b.directory(), err
	}
	d := withExamples(cases.Directory{}, 3)
	if faults := c.faults(d); len(faults) > 0 {
		return d, faults
	}
	return d, nil
}

// opensAt says in words when hours are open next.
func opensAt(c cases.Calendar, now time.Time) string {
	now = now.In(c.Zone)
	unknown := ""
	if !c.Knows(now.Year()) {
		unknown = fmt.Sprintf(" (holidays of %d are not known)", now.Year())
	}
	if c.IsOpen(now) {
		return "open now" + unknown
	}
	next := c.NextOpen(now).In(c.Zone)
	day := next.Format("Monday 2006-01-02")
	switch cases.DateOf(next) {
	case cases.DateOf(now):
		day = "today"
	case cases.DateOf(now).Next():
		day = "tomorrow, " + next.Format("Monday")
	}
	return fmt.Sprintf("closed now, open next %s at %s", day, next.Format("15:04")) + unknown
}
