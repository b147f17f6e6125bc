package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"shouwen/cases"
)

// TestQueueSettings: what decides whom a queue rings is checked, and errors name
// the values there are.
func TestQueueSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, says string }{
		"all set":              {"strategy: longest_idle, overflow_after: 15s, wrap_up: 30s", ""},
		"no wrap-up":           {"wrap_up: 0s", ""},
		"unknown strategy":     {"strategy: fifo", `[1:36] queues[0].strategy: "fifo" is no strategy, want one of ring_all, longest_idle, round_robin, fewest_calls, least_talk_time, linear, weighted_random, skills`},
		"empty strategy":       {`strategy: ""`, `queues[0].strategy: "" is no strategy, want one of ring_all`},
		"overflow at once":     {"overflow_after: 0s", "queues[0].overflow_after: is 0s, want more than 0"},
		"skills":               {"strategy: skills, required: {english: 2}, wished: {calm: 1}", ""},
		"skills of nobody":     {"strategy: skills", "queues[0].required: is empty like wished; the strategy skills needs one of them"},
		"idle skills":          {"wished: {calm: 1}", "queues[0].strategy: is ring_all, which asks for no skills"},
		"skill without level":  {"strategy: skills, wished: {calm: 0}", "queues[0].wished: calm has level 0, want 1 or more"},
		"negative wrap-up":     {"wrap_up: -1s", "queues[0].wrap_up: is -1s, want 0s or more"},
		"wrap-up without unit": {"wrap_up: 30", "write it like 20s"},
	} {
		file := filepath.Join(t.TempDir(), "shouwen.yaml")
		if err := os.WriteFile(file, []byte("queues: [{name: hotline, "+c.text+"}]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadConfig(file)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// TestElementsHaveDefaults: what a hotline or a queue of the file leaves out is as
// in the default one.
func TestElementsHaveDefaults(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shouwen.yaml")
	text := "hotlines: [{number: '1'}, {number: '2', greeting: false, queue: b}]\nqueues: [{name: hotline}, {name: b, wrap_up: 5s}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := LoadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.dir, want.file = filepath.Dir(file), file
	two := defaultHotline("2")
	two.Greeting, two.Queue = "", "b"
	b := defaultQueue("b")
	b.WrapUp = Duration(5 * time.Second)
	want.Hotlines = []HotlineConfig{defaultHotline("1"), two}
	want.Queues = []QueueConfig{defaultQueue("hotline"), b}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

// TestMembersOfQueues: a queue has the agents named and those of its departments,
// or every agent; who is none is no member.
func TestMembersOfQueues(t *testing.T) {
	t.Parallel()
	d := cases.Directory{
		Departments: []cases.Department{{Name: "water"}, {Name: "roads"}},
		People: []cases.Person{
			{User: "a", Department: "water", Skills: Skills{"english": 2}}, {User: "b", Department: "roads", Skills: Skills{"english": 1, "tax": 1}},
			{User: "c"}, {User: "d", Department: "water", Roles: []cases.Role{cases.RoleLeader}, Skills: Skills{"english": 2, "tax": 1}},
		},
	}
	for name, c := range map[string]struct {
		members, departments, want []string
	}{
		"everybody":       {nil, nil, []string{"a", "b", "c"}},
		"named":           {[]string{"c"}, nil, []string{"c"}},
		"of a department": {nil, []string{"water"}, []string{"a"}},
		"both":            {[]string{"b"}, []string{"water"}, []string{"a", "b"}},
	} {
		q := defaultQueue("q")
		q.Members, q.Departments = c.members, c.departments
		if got := q.queue(d).Members; !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for want, spoil := range map[string]func(*QueueConfig){
		"queues[0].members[1]: d is no agent":              func(q *QueueConfig) { q.Members = []string{"a", "d"} },
		"queues[0].departments[0]: parks is no department": func(q *QueueConfig) { q.Departments = []string{"parks"} },
		"queues[0].required: no agent of queue hotline has all of it": func(q *QueueConfig) {
			q.Strategy, q.Required = "skills", Skills{"english": 2, "tax": 1} // who has both is no agent
		},
	} {
		cfg := Default()
		spoil(&cfg.Queues[0])
		if err := cfg.checkMembers(d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestDutiesInDirectory: what the directory says of when an agent is rung is checked,
// reaches the agent, and is written as it was read.
func TestDutiesInDirectory(t *testing.T) {
	t.Parallel()
	const primary = "people:\n- {user: '1001', extension: '1001', password: a, post: desk}\n"
	for name, c := range map[string]struct{ text, says string }{
		"stand-in with skills": {"post: desk, penalty: 1, weight: 3, skills: {english: 2}, ring_time: 15s, roles: [agent, leader]", ""},
		"nothing said":         {"rank: 0", ""},
		"negative penalty":     {"penalty: -1", "[3:59] people[1].penalty: is -1, want 0 to 10"},
		"ring time too short":  {"ring_time: 500ms", "people[1].ring_time: is 500ms, want 1s to 5m0s"},
		"level of no meaning":  {"skills: {english: 0}", "people[1].skills: english has level 0, want 1 or more"},
		"post without primary": {"post: cashier, penalty: 1", "people[1].post: cashier has no primary"},
		"no such hash":         {"console_password: secret", "[3:68] people[1].console_password: "},
		"all of it":            {"penalty: -1, weight: -1", "people[1].weight: is -1, want 0 to 1000"},
	} {
		text := primary + "- {user: '1002', extension: '1002', password: b, " + c.text + "}\n"
		b, err := readPhonebook("d.yaml", []byte(text), nil)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if name != "stand-in with skills" {
			continue
		}
		written, err := yaml.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if b, err = readPhonebook("d.yaml", written, nil); err != nil {
			t.Fatal(err)
		}
		a := agent(b.People[1].Person)
		if a.Post != "desk" || a.Penalty != 1 || a.Weight != 3 || a.Skills["english"] != 2 || a.User != "1002" || a.Extension != "1002" ||
			a.RingTime != 15*time.Second || !b.People[1].Has(cases.RoleLeader) || b.People[1].Has(cases.RoleAuditor) || b.People[1].Password != "b" {
			t.Errorf("%s: agent %+v", name, a)
		}
	}
}
