package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var (
	chinese = regexp.MustCompile(`\p{Han}`)
	english = regexp.MustCompile(`[A-Za-z]{3}`)
)

// TestDashboardsAreThoseOfTheGenerator: nobody edits the files by hand.
func TestDashboardsAreThoseOfTheGenerator(t *testing.T) {
	t.Parallel()
	there, err := filepath.Glob("dashboards/*")
	if err != nil || len(there) != len(boards) {
		t.Errorf("files %v, want one for each of %d boards: %v", there, len(boards), err)
	}
	for _, b := range boards {
		want, err := b.json(defaultConsole)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("dashboards", b.uid+".json"))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s is not what the generator writes (%v): go run ./deploy/grafana", b.uid, err)
		}
	}
}

// TestPanelsAreTold: every panel says what its figure is, in both languages, and fits.
func TestPanelsAreTold(t *testing.T) {
	t.Parallel()
	for _, b := range boards {
		for _, p := range flow(b.panels) {
			if !chinese.MatchString(p.Title) || !chinese.MatchString(p.Description) || !english.MatchString(p.Description) {
				t.Errorf("%s: %s: title or description is not in both languages: %q", b.uid, p.Title, p.Description)
			}
			if p.GridPos.X+p.GridPos.W > 24 {
				t.Errorf("%s: %s is too wide", b.uid, p.Title)
			}
		}
	}
}
