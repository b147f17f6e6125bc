package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"shouwen/cases/profile"
)

// TestCheckExplainsTheProfile: in the language of the organisation, with the rules, and
// with a warning of holidays nobody has entered.
func TestCheckExplainsTheProfile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := profile.Source("hotel")
	if err != nil {
		t.Fatal(err)
	}
	write("ours.yaml", strings.Replace(string(b), "id: hotel", "id: ours", 1))
	write("late.yaml", strings.Replace(string(b), "limit: 1wd", "limit: 1week", 1))
	write("hall.yaml", "name: hall\nextends: china\nyears: [2027]\n")
	summer, december := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		text string
		now  time.Time
		says []string
		not  string
	}{
		"none":           {"", summer, []string{"只登记、只计时（none，版本", "is valid"}, "warning"},
		"one of ours":    {"profile: township\n", summer, []string{"乡镇政府", "7 天", "[S24-R25]"}, "warning"},
		"in English":     {"profile: property_csc\nlanguage: en\n", summer, []string{"30 min from first contact until the receiving desk is reached [S02-R8]"}, "warning"},
		"a file":         {"profile: ours.yaml\n", summer, []string{"ours，版本", "1 个工作日"}, "warning"},
		"unknown year":   {"", december, []string{"warning: calendar china lacks the holidays of 2027"}, "2026:"},
		"a calendar":     {"calendar: hall.yaml\n", december, []string{"is valid"}, "warning"},
		"no profile":     {"profile: motel\n", summer, []string{"profile: open", "want a file or one of community"}, "is valid"},
		"a bad profile":  {"profile: late.yaml\n", summer, []string{"profile: policy: [", "\"1week\" is no limit"}, "is valid"},
		"no calendar":    {"calendar: moon\n", summer, []string{"calendar: open", "want a calendar file or one of china"}, "is valid"},
		"profile a list": {"profile: [hotel]\n", summer, []string{"[1:10]"}, "is valid"},
	} {
		file := filepath.Join(dir, "shouwen-"+strings.ReplaceAll(name, " ", "-")+".yaml")
		write(filepath.Base(file), "data: "+dir+"/data\n"+tt.text)
		if strings.HasPrefix(name, "profile a") {
			write(filepath.Base(file), tt.text)
		}
		var out strings.Builder
		if err := (checkCmd{File: file}).check(&out, tt.now); err != nil {
			out.WriteString(err.Error())
		}
		for _, want := range tt.says {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: does not say %q:\n%s", name, want, out.String())
			}
		}
		if strings.Contains(out.String(), tt.not) {
			t.Errorf("%s: says %q:\n%s", name, tt.not, out.String())
		}
	}
}

// TestCheckWarnsOfPostsWithoutDutiesAndRights: S03-R2, S33-R25; and the precedence of the
// profile is said. Descriptions come through a file as they went in.
func TestCheckWarnsOfPostsWithoutDutiesAndRights(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"shouwen.yaml": "data: " + dir + "\nprofile: property_slip\n",
		directoryFile: `
departments: [{name: estate}, {name: garden, from: later, substitute: estate}, {name: watch, supervises: true}]
posts:
  - {name: desk, title: 前台, duties: [接听来电], rights: [减免 50 元以内]}
  - {name: guard, duties: [巡逻]}
people:
  - {user: "1001", extension: "1001", department: estate, rank: 0, post: desk}
  - {user: "1002", extension: "1002", department: estate, rank: 0, post: gardener}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := (checkCmd{File: filepath.Join(dir, "shouwen.yaml")}).check(&out, time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"以本制度为准 [S33-R25]", "warning: directory: post guard has no rights", "warning: directory: post gardener has no description", "1 of 2 people hold no post with a description: 1002",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("does not say %q:\n%s", want, out.String())
		}
	}
	b, _, err := loadPhonebook(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	source, err := yaml.Marshal(phonebookOf(b.directory()))
	if err != nil {
		t.Fatal(err)
	}
	again, err := readPhonebook("exported", source, nil)
	if changes := b.directory().Changes(again.directory()); err != nil || len(changes) > 0 || len(again.Posts) != 2 {
		t.Errorf("exported and read again: %v, %v", err, changes)
	}
}
