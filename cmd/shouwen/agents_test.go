package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHotlineSettings: what decides whom the hotline rings is checked, and errors
// name the values there are.
func TestHotlineSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, says string }{
		"all set":              {"{strategy: longest_idle, overflow_after: 15s, wrap_up: 30s, max_missed: 3}", ""},
		"no wrap-up":           {"{wrap_up: 0s}", ""},
		"unknown strategy":     {"{strategy: fifo}", `[1:21] hotline.strategy: "fifo" is no strategy, want one of ring_all, longest_idle, round_robin, fewest_calls, least_talk_time, linear, weighted_random, skills`},
		"empty strategy":       {`{strategy: ""}`, `hotline.strategy: "" is no strategy, want one of ring_all`},
		"overflow at once":     {"{overflow_after: 0s}", "hotline.overflow_after: is 0s, want more than 0"},
		"negative wrap-up":     {"{wrap_up: -1s}", "hotline.wrap_up: is -1s, want 0s or more"},
		"less than never":      {"{max_missed: -1}", "hotline.max_missed: is -1, want 0 (never) or more"},
		"wrap-up without unit": {"{wrap_up: 30}", "write it like 20s"},
	} {
		file := filepath.Join(t.TempDir(), "shouwen.yaml")
		if err := os.WriteFile(file, []byte("hotline: "+c.text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadConfig(file)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// TestDutiesOfPhones: what the directory says of when an agent is rung is checked,
// reaches the agent, and is written as it was read.
func TestDutiesOfPhones(t *testing.T) {
	t.Parallel()
	const primary = "- {user: '1001', extension: '1001', password: a, post: desk}\n"
	for name, c := range map[string]struct{ text, says string }{
		"stand-in with skills": {"post: desk, penalty: 1, weight: 3, skills: {english: 2}", ""},
		"nothing said":         {"rank: 0", ""},
		"negative penalty":     {"penalty: -1", "phone 2: penalty of 1002 is -1, want 0 to 10"},
		"penalty too high":     {"penalty: 11", "phone 2: penalty of 1002 is 11, want 0 to 10"},
		"negative weight":      {"weight: -1", "phone 2: weight of 1002 is -1, want 0 to 1000"},
		"level of no meaning":  {"skills: {english: 0}", "phone 2: skill english of 1002 has level 0, want 1 or more"},
		"post without primary": {"post: cashier, penalty: 1", "phone 2: post cashier of 1002 has no primary"},
	} {
		data := t.TempDir()
		text := primary + "- {user: '1002', extension: '1002', password: b, " + c.text + "}\n"
		if err := os.WriteFile(filepath.Join(data, phonesFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		phones, err := loadPhones(data, 0)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if name != "stand-in with skills" {
			continue
		}
		if err := savePhones(data, phones); err != nil {
			t.Fatal(err)
		}
		if phones, err = loadPhones(data, 0); err != nil {
			t.Fatal(err)
		}
		a := phones[1].agent()
		if a.Post != "desk" || a.Penalty != 1 || a.Weight != 3 || a.Skills["english"] != 2 || a.User != "1002" || a.Extension != "1002" {
			t.Errorf("%s: agent %+v", name, a)
		}
	}
}
