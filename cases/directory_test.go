package cases_test

import (
	"strings"
	"testing"

	"shouwen/cases"
)

func town() cases.Directory {
	return cases.Directory{
		Departments: []cases.Department{{Name: "water", Extension: "200", Queue: "line"}, {Name: "roads", Extension: "300"}, {Name: "archive"}},
		Categories:  []cases.Category{{Name: "burst_pipe", Department: "water"}, {Name: "pothole", Department: "roads"}},
		People: []cases.Person{
			{User: "clerk", Extension: "1001", Department: "water"},
			{User: "other", Extension: "1002", Roles: []cases.Role{cases.RoleSupervisor}},
		},
	}
}

func TestDirectoryCheck(t *testing.T) {
	tests := map[string]struct {
		spoil func(*cases.Directory)
		says  string // empty: nothing is wrong
	}{
		"good":                       {func(d *cases.Directory) {}, ""},
		"empty":                      {func(d *cases.Directory) { *d = cases.Directory{} }, ""},
		"department without a name":  {func(d *cases.Directory) { d.Departments[0].Name = "" }, "department 1: has no name"},
		"department with a space":    {func(d *cases.Directory) { d.Departments[2].Name = "old files" }, `department 3: "old files" cannot stand in a SIP address`},
		"department twice":           {func(d *cases.Directory) { d.Departments[1].Name = "water" }, "department 2: water is there twice"},
		"departments' extension":     {func(d *cases.Directory) { d.Departments[1].Extension = "200" }, "department 2: extension 200 is there twice"},
		"category without a name":    {func(d *cases.Directory) { d.Categories[0].Name = "" }, "category 1: has no name"},
		"category twice":             {func(d *cases.Directory) { d.Categories[1].Name = "burst_pipe" }, "category 2: burst_pipe is there twice"},
		"category of nobody":         {func(d *cases.Directory) { d.Categories[1].Department = "parks" }, `category 2: pothole has department "parks", which does not exist`},
		"person without extension":   {func(d *cases.Directory) { d.People[0].Extension = "" }, "person 1: user and extension are needed"},
		"person with an address":     {func(d *cases.Directory) { d.People[0].User = "clerk@home" }, "person 1: \"clerk@home\" cannot stand in a SIP address"},
		"user twice":                 {func(d *cases.Directory) { d.People[1].User = "clerk" }, "person 2: user clerk or extension 1002 is there twice"},
		"extension twice":            {func(d *cases.Directory) { d.People[1].Extension = "1001" }, "person 2: user other or extension 1001 is there twice"},
		"extension of a department":  {func(d *cases.Directory) { d.People[1].Extension = "300" }, "person 2: extension 300 of other is a department's"},
		"person of no department":    {func(d *cases.Directory) { d.People[0].Department = "parks" }, `person 1: clerk is in department "parks", which does not exist`},
		"role nobody knows":          {func(d *cases.Directory) { d.People[1].Roles[0] = "boss" }, `person 2: other has role "boss", want some of agent, handler`},
		"post no rule speaks of":     {func(d *cases.Directory) { d.People[0].Posts = []cases.Party{"boss"} }, `person 1: clerk has post "boss", want some of bank, `},
		"post that a case gives":     {func(d *cases.Directory) { d.People[0].Posts = []cases.Party{cases.PartyFirstAsker} }, `person 1: clerk has post "first_asker", want some of bank, `},
		"rings no time at all":       {func(d *cases.Directory) { d.People[0].RingTime = 20 }, "person 1: ring_time of clerk is 20ns, want 1s to 5m0s"},
		"post with a stand-in alone": {func(d *cases.Directory) { d.People[0].Post, d.People[0].Penalty = "desk", 1 }, "person 1: post desk of clerk has no primary"},
	}
	for name, test := range tests {
		d := town()
		test.spoil(&d)
		err := d.Check()
		if (err == nil) != (test.says == "") || err != nil && !strings.HasPrefix(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}

func TestDirectoryCheckWith(t *testing.T) {
	tests := map[string]struct {
		queues  []string
		numbers map[string]string
		says    string
	}{
		"good":                    {[]string{"line"}, map[string]string{"12345": "a hotline"}, ""},
		"queue is not configured": {[]string{"other", "more"}, nil, `department water has queue "line", which does not exist; name one of other, more`},
		"department is a hotline": {[]string{"line"}, map[string]string{"300": "a hotline"}, "extension 300 of department roads is a hotline; give the department another"},
		"person is a code":        {[]string{"line"}, map[string]string{"1002": "a feature code"}, "extension 1002 of other is a feature code; give the person another"},
	}
	for name, test := range tests {
		err := town().CheckWith(test.queues, test.numbers)
		if (err == nil) != (test.says == "") || err != nil && err.Error() != test.says {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}

func TestDirectoryLookup(t *testing.T) {
	d := town()
	for extension, want := range map[string]string{"1001": "person clerk", "200": "department water", "999": "", "": ""} {
		got := ""
		if target, ok := d.Lookup(extension); ok {
			if target.Person != nil {
				got = "person " + target.Person.User
			}
			if target.Department != nil {
				got += "department " + target.Department.Name
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", extension, got, want)
		}
	}
	for category, want := range map[string]string{"pothole": "roads", "noise": ""} {
		if got, ok := d.ByCategory(category); got.Name != want || ok != (want != "") {
			t.Errorf("%s: %q, %t, want %q", category, got.Name, ok, want)
		}
	}
	if !d.People[0].Has(cases.RoleAgent) || d.People[1].Has(cases.RoleAgent) || !d.People[1].Has(cases.RoleSupervisor) {
		t.Error("who is given no role is an agent, others are what they are given")
	}
}
