package cases_test

import (
	"slices"
	"testing"
	"time"

	"shouwen/cases"
)

func TestWhoIsToldOfAStage(t *testing.T) {
	t.Parallel()
	d := cases.Directory{
		Departments: []cases.Department{{Name: "desk"}, {Name: "repairs"}},
		People: []cases.Person{
			{User: "asker", Department: "desk"},
			{User: "smith", Department: "repairs", Roles: []cases.Role{cases.RoleHandler}},
			{User: "head", Department: "repairs", Roles: []cases.Role{cases.RoleLeader}},
			{User: "chief", Roles: []cases.Role{cases.RoleLeader}, Posts: []cases.Party{cases.PartyPrincipalLeader}},
			{User: "boss", Roles: []cases.Role{cases.RoleSupervisor}},
		},
	}
	mine := cases.Case{FirstAsker: "asker", Responsible: "asker"}
	theirs := cases.Case{FirstAsker: "asker", Responsible: "asker", Handler: "smith", Department: "repairs"}
	missed := cases.Case{}
	complaint := cases.Case{FirstAsker: "asker", Responsible: "asker", Department: "repairs", File: cases.File{Accused: "head"}}
	tests := map[string]struct {
		of   cases.Case
		to   []cases.Party
		want []string
	}{
		"the first-asker":                             {mine, []cases.Party{cases.PartyFirstAsker}, []string{"asker first_asker"}},
		"who is two of them is told once":             {mine, []cases.Party{cases.PartyFirstAsker, cases.PartyResponsible}, []string{"asker first_asker"}},
		"the handler, and who is responsible":         {theirs, []cases.Party{cases.PartyHandler, cases.PartyResponsible}, []string{"smith handler", "asker responsible"}},
		"nobody handles it yet":                       {mine, []cases.Party{cases.PartyHandler}, []string{"boss handler"}},
		"nobody picked up":                            {missed, []cases.Party{cases.PartyFirstAsker, cases.PartySupervisor}, []string{"boss first_asker"}},
		"the whole department":                        {theirs, []cases.Party{cases.PartyDepartment}, []string{"smith department", "head department"}},
		"its head":                                    {theirs, []cases.Party{cases.PartyDepartmentHead}, []string{"head department_head"}},
		"a post":                                      {theirs, []cases.Party{cases.PartyPrincipalLeader}, []string{"head principal_leader", "chief principal_leader"}},
		"a leader without a post is every kind":       {theirs, []cases.Party{cases.PartyLeaderInCharge}, []string{"head leader_in_charge"}},
		"a post nobody has":                           {theirs, []cases.Party{cases.PartyDiscipline}, []string{"boss discipline_inspection"}},
		"a complaint is not told to whom it is about": {complaint, []cases.Party{cases.PartyDepartmentHead}, []string{"boss department_head"}},
		"nobody at all":                               {mine, nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, r := range d.Told(tt.of, tt.to) {
				got = append(got, r.Person.User+" "+string(r.As))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("told %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAFiredStageIsChained(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	c := cases.Case{Number: "261126-1-0001", State: cases.Closed, Opened: at, Events: 3, Head: cases.Hash{1}}
	f := cases.FiredStage{
		Case: c.Number, Clock: cases.ClockPromise, Gen: 2, Due: at, Late: cases.Span(1500 * time.Millisecond),
		Stage: cases.Stage{Kind: cases.StageEscalate, Level: 2, At: at.Add(time.Microsecond), To: []cases.Party{cases.PartyLeaders}},
	}
	is, e, err := c.Fire(f, []string{"chief"}, "0193571f-0000-7000-8000-000000000001")
	if err != nil {
		t.Fatal(err)
	}
	const body = `{"clock":"promise","gen":2,"due":"2026-11-26T08:00:00Z","level":2,"late_seconds":1.5,"to":["leaders"],"told":["chief"]}`
	if e.Kind != cases.EventEscalated || string(e.Body) != body || !e.At.Equal(at.Add(1500001*time.Microsecond)) || e.State != cases.Closed || e.By != "" {
		t.Errorf("%+v %s", e, e.Body)
	}
	if is.Events != 4 || is.Head != e.Sum || e.Sum != e.Hash(c.Head) {
		t.Errorf("%d events, head %s", is.Events, is.Head)
	}
	f.Stage.Kind = "lost"
	if _, _, err := c.Fire(f, nil, ""); err == nil {
		t.Error("a stage nobody knows was fired")
	}
}
