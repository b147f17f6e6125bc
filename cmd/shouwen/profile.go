package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"shouwen/cases"
	"shouwen/cases/profile"
)

// loadRules reads the policy and the calendar that c names.
func (c Config) loadRules() (r cases.Rulebook, err error) {
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		return r, err
	}
	if r.Policy, err = c.loadPolicy(); err != nil {
		return r, bad("profile", "%s; want a file or one of %s", err, strings.Join(profile.Policies(), ", "))
	}
	if r.Calendar, err = c.loadCalendar(c.Calendar, zone); err != nil {
		return r, bad("calendar", "%s; want a calendar file or one of %s", err, strings.Join(profile.Calendars(), ", "))
	}
	for _, h := range c.Hotlines {
		if h.Complaints {
			r.Complaints = append(append(r.Complaints, h.Number), h.Aliases...)
		}
	}
	return r, nil
}

func (c Config) loadPolicy() (cases.Policy, error) {
	if slices.Contains(profile.Policies(), c.Profile) {
		return profile.Policy(c.Profile)
	}
	b, err := os.ReadFile(c.path(c.Profile))
	if err != nil {
		return cases.Policy{}, err
	}
	return profile.LoadPolicy(b)
}

// loadCalendar reads a calendar that comes with Shouwen, or a file.
func (c Config) loadCalendar(name string, zone *time.Location) (cases.Calendar, error) {
	if slices.Contains(profile.Calendars(), name) {
		return profile.Calendar(name, zone)
	}
	b, err := os.ReadFile(c.path(name))
	if err != nil {
		return cases.Calendar{}, err
	}
	return profile.LoadCalendar(b, zone)
}

// warnings say which holidays the calendar of r lacks, of the coming two months.
func warnings(r cases.Rulebook, now time.Time) (lines []string) {
	now = now.In(r.Calendar.Zone)
	for _, year := range slices.Compact([]int{now.Year(), now.AddDate(0, 2, 0).Year()}) {
		if !r.Calendar.Knows(year) {
			lines = append(lines, fmt.Sprintf("warning: calendar %s lacks the holidays of %d: working days of it are counted by its weeks alone", r.Calendar.Name, year))
		}
	}
	return lines
}

// undescribed warns of posts in d without duties and rights.
func undescribed(p cases.Policy, d cases.Directory) (lines []string) {
	for _, line := range p.Posts.Undescribed(d) {
		lines = append(lines, "warning: directory: "+line)
	}
	return lines
}

type profileCmd struct {
	Name     string `arg:"" optional:"" help:"A profile that comes with Shouwen, or a file (YAML). Without: their names."`
	Explain  bool   `help:"Say in plain words what it means, instead of printing it to be copied."`
	Language string `default:"zh-CN" enum:"zh-CN,en" help:"Of the words: zh-CN or en."`
}

// Run lists the profiles, prints one, or explains one.
func (c profileCmd) Run() error {
	if c.Name == "" {
		for _, name := range profile.Policies() {
			p, err := profile.Policy(name)
			if err != nil {
				return err
			}
			fmt.Printf("%-22s %s, %s\n", name, p.Title.ZH, p.Title.EN)
		}
		return nil
	}
	p, err := Config{Profile: c.Name}.loadPolicy()
	if err != nil {
		return fmt.Errorf("profile %s: %w", c.Name, err)
	}
	if c.Explain {
		fmt.Println(strings.Join(p.Explain(c.Language), "\n"))
		return nil
	}
	b, err := profile.Source(c.Name)
	if err != nil { // a file of his own
		b, err = os.ReadFile(c.Name)
	}
	fmt.Print(string(b))
	return err
}
