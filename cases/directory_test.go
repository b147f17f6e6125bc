package cases_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	t.Parallel()
	tests := map[string]struct {
		spoil func(*cases.Directory)
		says  []string
	}{
		"good":                       {func(d *cases.Directory) {}, nil},
		"empty":                      {func(d *cases.Directory) { *d = cases.Directory{} }, nil},
		"department without a name":  {func(d *cases.Directory) { d.Departments[2].Name = "" }, []string{"departments[2].name: is missing"}},
		"department with a space":    {func(d *cases.Directory) { d.Departments[2].Name = "old files" }, []string{`departments[2].name: "old files" cannot stand in a SIP address; want letters and digits`}},
		"department twice":           {func(d *cases.Directory) { d.Departments[2].Name = "water" }, []string{"departments[2].name: department water is there twice, at departments[0], too; give one of them another"}},
		"departments' extension":     {func(d *cases.Directory) { d.Departments[1].Extension = "200" }, []string{"departments[1].extension: extension 200 is there twice, at departments[0], too; give one of them another"}},
		"category without a name":    {func(d *cases.Directory) { d.Categories[0].Name = "" }, []string{"categories[0].name: is missing"}},
		"category twice":             {func(d *cases.Directory) { d.Categories[1].Name = "burst_pipe" }, []string{"categories[1].name: category burst_pipe is there twice, at categories[0], too; give one of them another"}},
		"category of nobody":         {func(d *cases.Directory) { d.Categories[1].Department = "parks" }, []string{`categories[1].department: there is no department "parks"; add it under departments`}},
		"person without extension":   {func(d *cases.Directory) { d.People[0].Extension = "" }, []string{"people[0].extension: is missing"}},
		"person with an address":     {func(d *cases.Directory) { d.People[0].User = "clerk@home" }, []string{`people[0].user: "clerk@home" cannot stand in a SIP address; want letters and digits`}},
		"user twice":                 {func(d *cases.Directory) { d.People[1].User = "clerk" }, []string{"people[1].user: user clerk is there twice, at people[0], too; give one of them another"}},
		"extension twice":            {func(d *cases.Directory) { d.People[1].Extension = "1001" }, []string{"people[1].extension: extension 1001 is there twice, at people[0], too; give one of them another"}},
		"extension of a department":  {func(d *cases.Directory) { d.People[1].Extension = "300" }, []string{"people[1].extension: extension 300 is there twice, at departments[1], too; give one of them another"}},
		"person of no department":    {func(d *cases.Directory) { d.People[0].Department = "parks" }, []string{`people[0].department: there is no department "parks"; add it under departments`}},
		"no mail address":            {func(d *cases.Directory) { d.People[0].Email = "Clerk <a@b>" }, []string{`people[0].email: "Clerk <a@b>" is no address; want one like clerk@example.com`}},
		"no mobile number":           {func(d *cases.Directory) { d.People[0].Mobile = "139 0000" }, []string{`people[0].mobile: "139 0000" is no number; want one like +8613900000001`}},
		"no encryption known":        {func(d *cases.Directory) { d.People[0].SRTP = "yes" }, []string{`people[0].srtp: is "yes", want off, offer or require`}},
		"rings no time at all":       {func(d *cases.Directory) { d.People[0].RingTime = 20 }, []string{"people[0].ring_time: is 20ns, want 1s to 5m0s"}},
		"post with a stand-in alone": {func(d *cases.Directory) { d.People[0].Post, d.People[0].Penalty = "desk", 1 }, []string{"people[0].post: desk has no primary; give one of its people penalty 0"}},
		"notice of no item":          {func(d *cases.Directory) { d.Categories[0].Notice = map[cases.NoticeItem]string{"colour": "red"} }, []string{`categories[0].notice: there is no item "colour" of a notice; want some of basis, fees, forms, how, limit, materials, missing, procedure, requirements`}},
		"materials":                  {func(d *cases.Directory) { d.Categories[0].Notice = map[cases.NoticeItem]string{"materials": "a form"} }, []string{"categories[0].notice: the materials are listed by the profile; write them under one_time_notice.lists there"}},
		"all of it at once": {func(d *cases.Directory) {
			d.Categories[0].Department, d.People[0].Department, d.People[1].Penalty = "parks", "parks", 11
		}, []string{
			`categories[0].department: there is no department "parks"; add it under departments`,
			`people[0].department: there is no department "parks"; add it under departments`,
			"people[1].penalty: is 11, want 0 to 10",
		}},
	}
	for name, test := range tests {
		d := town()
		test.spoil(&d)
		if diff := cmp.Diff(test.says, lines(d.Check())); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
	for _, spoil := range []func(*cases.Person){
		func(p *cases.Person) { p.Roles = []cases.Role{"boss"} },
		func(p *cases.Person) { p.Posts = []cases.Party{"boss"} },
		func(p *cases.Person) { p.Posts = []cases.Party{cases.PartyFirstAsker} }, // each case says for itself
	} {
		d := town()
		spoil(&d.People[0])
		if got := lines(d.Check()); len(got) != 1 || !strings.Contains(got[0], "want some of a") && !strings.Contains(got[0], "want some of b") {
			t.Errorf("a role or post nobody knows: %q", got)
		}
	}
}

func lines(all cases.Faults) (text []string) {
	if len(all) > 0 {
		text = strings.Split(all.Error(), "\n")
	}
	return text
}

func TestDirectoryCheckWith(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		queues  []string
		numbers map[string]string
		says    []string
	}{
		"good":                    {[]string{"line"}, map[string]string{"12345": "a hotline"}, nil},
		"queue is not configured": {[]string{"other", "more"}, nil, []string{`departments[0].queue: there is no queue "line"; name one of other, more`}},
		"department is a hotline": {[]string{"line"}, map[string]string{"300": "a hotline"}, []string{"departments[1].extension: 300 of department roads is a hotline; give it another"}},
		"person is a code":        {[]string{"line"}, map[string]string{"1002": "a feature code"}, []string{"people[1].extension: 1002 of other is a feature code; give him another"}},
	}
	for name, test := range tests {
		if diff := cmp.Diff(test.says, lines(town().CheckWith(test.queues, test.numbers))); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
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
