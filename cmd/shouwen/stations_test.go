package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/sip/siptest"
)

// alwaysOpen is a calendar without a night.
const alwaysOpen = "week: {mon-sun: [\"00:00-24:00\"]}\n"

// TestS24R15_SupervisorsAreToldOfAnEmptyPost: S08-R3 when neither who holds it nor his
// stand-in is there for longer than the policy allows, and it is on record until when.
func TestS24R15_SupervisorsAreToldOfAnEmptyPost(t *testing.T) {
	t.Parallel()
	b := newBed(t, 3, func(c *Config) {
		c.Profile, c.Calendar = filepath.Join(c.Data, "policy.yaml"), filepath.Join(c.Data, "open.yaml")
		for file, text := range map[string]string{c.Profile: "id: ours\ntitle: {zh: 本单位, en: ours}\nsources: []\ncoverage: {empty: 1s}\n", c.Calendar: alwaysOpen} {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		p := examplePhonebook(3)
		p.People[0].Post, p.People[1].Post, p.People[1].Penalty = "front", "front", 1
		p.People[2].Roles = []cases.Role{cases.RoleSupervisor}
		if err := p.save(c.Data); err != nil {
			t.Fatal(err)
		}
	})
	supervisor := b.agent(2, siptest.Config{})
	b.agent(1, siptest.Config{}) // the stand-in
	st := recordOf(t, b)
	front := func(all []cases.Gap, err error) []cases.Gap {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(all, func(g cases.Gap) bool { return g.Of != cases.StationPost || g.Name != "front" })
	}
	until(t, "what was empty before they came is over", func() bool { return len(front(st.OpenGaps(t.Context()))) == 0 })
	b.server.board.Pause(b.Agents[1].User, "lunch")
	for !strings.Contains(supervisor.Expect("MESSAGE").Body, "岗位 front 自") { // the queue is empty, too
	}
	b.server.board.Ready(b.Agents[1].User)
	var gaps []cases.Gap
	until(t, "the gap is over", func() bool {
		gaps = front(st.Gaps(t.Context(), store.Window{From: time.Now().Add(-time.Hour), Until: time.Now()}))
		return len(gaps) > 0 && !slices.ContainsFunc(gaps, func(g cases.Gap) bool { return g.Until.IsZero() })
	})
	for _, g := range gaps {
		if g.Told.Sub(g.From) < time.Second || g.Until.Before(g.Told) {
			t.Errorf("%+v", g)
		}
	}
}

// TestStationsAreMannedInTheirHours: those of the organisation, departments in their own.
func TestStationsAreMannedInTheirHours(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 8*3600)
	hours := func(from, to int) cases.Calendar {
		c := cases.Calendar{Zone: zone}
		for day := range c.Week {
			c.Week[day] = []cases.Interval{{From: from * 60, To: to * 60}}
		}
		return c
	}
	s := &server{
		cfg: Default(), hours: map[string]cases.Calendar{"late": hours(18, 22)},
		database: &database{store: &store.Store{Rules: cases.Rulebook{Calendar: hours(9, 17)}}},
	}
	d := cases.Directory{
		Departments: []cases.Department{{Name: "office"}, {Name: "night", Hours: "late"}, {Name: "nobody's"}},
		People: []cases.Person{
			{User: "a", Department: "office", Post: "front"}, {User: "b", Department: "night", Post: "front", Penalty: 1},
			{User: "c", Roles: []cases.Role{cases.RoleLeader}},
		},
	}
	for hour, want := range map[int][]string{
		8: nil, 10: {"post front a b", "queue hotline a b", "department office a"}, 19: {"department night b"}, 23: nil,
	} {
		var got []string
		for _, st := range s.stations(d, time.Date(2026, 11, 23, hour, 0, 0, 0, zone)) {
			got = append(got, strings.Join(append([]string{string(st.Of), st.Name}, st.Users...), " "))
		}
		if !slices.Equal(got, want) {
			t.Errorf("at %d: %q, want %q", hour, got, want)
		}
	}
}
