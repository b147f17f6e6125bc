package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shouwen/cases"
)

// TestPeopleOfACSVFile: who is new is added, who is known gets what the columns say and
// keeps the rest, nobody goes.
func TestPeopleOfACSVFile(t *testing.T) {
	t.Parallel()
	was := cases.Directory{
		Departments: []cases.Department{{Name: "water"}, {Name: "roads"}},
		People: []cases.Person{
			{User: "1001", Extension: "1001", Department: "water", Rank: 3, Skills: map[string]int{"english": 1}},
			{User: "1002", Extension: "1002"},
		},
	}
	nothing := func(cases.Directory) cases.Faults { return nil }
	text := "\ufeffUser, name ,department,roles,skills,ring_time,require_tls\r\n" +
		"1002,二号,roads,agent supervisor,english:2;german:1,15s,true\r\n" +
		"\"1003\",\"三号, 新\",water,,,,\r\n"
	got, err := importPeople("people.csv", strings.NewReader(text), was, nothing)
	if err != nil {
		t.Fatal(err)
	}
	want := []cases.Person{
		was.People[0],
		{
			User: "1002", Extension: "1002", Name: "二号", Department: "roads", Roles: []cases.Role{"agent", "supervisor"},
			Skills: map[string]int{"english": 2, "german": 1}, RingTime: 15 * time.Second, RequireTLS: true,
		},
		{User: "1003", Extension: "1003", Name: "三号, 新", Department: "water"},
	}
	if diff := cmp.Diff(want, got.People, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if was.People[1].Name != "" {
		t.Error("the directory it was has changed")
	}

	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"nothing":             {"", []string{"people.csv: no line that names the columns"}},
		"a password in clear": {"user,password\n1,x\n", []string{"line 1: column 2 is password: passwords do not belong into a file"}},
		"unknown columns":     {"user,tel,rank,rank\n", []string{`line 1: there is no column "tel"; want some of user, name,`, "line 1: column rank is there twice"}},
		"nobody":              {"name\nx\n", []string{"line 1: the column user is missing"}},
		"every fault, each with its line": {
			"user,extension,department,rank,ring_time,require_tls,skills\n" +
				"1004,12 3,,,,,\n1005,,nowhere,,,,\n1006,,,high,,,\n1007,,,,soon,,\n1008,,,,,yes,\n1009,,,,,,english\n1009,,,,,,\n1010,1001\n1011,1001,,,,,\n",
			[]string{
				`line 4: rank "high" is no whole number`, `line 5: ring_time "soon" is no duration; write it like 20s`,
				`line 6: require_tls "yes" is neither true nor false`, `line 7: skills "english" are written like english:2 german:1`,
				"line 8: user 1009 is there twice, at line 7, too", "line 9: has 2 values, the first line names 7 columns",
				`line 2: extension: "12 3" cannot stand in a SIP address`, `line 3: department: there is no department "nowhere"`,
				"line 10: extension: extension 1001 is there twice",
			},
		},
		"not UTF-8":    {"user,name\n1012,\xd5\xc5\n", []string{"line 2: name is not UTF-8; save the file as CSV UTF-8"}},
		"a lone quote": {"user,name\n1,a\"b\"\n", []string{"line 2"}},
	} {
		_, err := importPeople("people.csv", strings.NewReader(tt.text), was, nothing)
		if err == nil {
			t.Errorf("%s: taken", name)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(tt.want) {
			t.Errorf("%s: %q", name, lines)
			continue
		}
		for i, want := range tt.want {
			if !strings.HasPrefix(lines[i], "people.csv: "+strings.TrimPrefix(want, "people.csv: ")) && !strings.Contains(lines[i], want) {
				t.Errorf("%s: %q, want %q", name, lines[i], want)
			}
		}
	}
}
