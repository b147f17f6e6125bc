package console

import (
	"strings"
	"testing"
	"unicode"

	"shouwen/cases"
)

func chineseIn(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// TestEveryFieldHasANameInBothLanguages: what a form asks for is called something, and
// what nobody asks for has no name.
func TestEveryFieldHasANameInBothLanguages(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, kind := range cases.MoveKinds() {
		for _, f := range formOf(kind, chinese).Fields {
			last := f.Name[strings.LastIndex(f.Name, ".")+1:]
			used[string(kind)+"."+f.Name], used[f.Name], used[last] = true, true, true
			used[strings.TrimSuffix(f.Name, "."+last)] = true // as refusals name it
			if en := english.field(kind, f.Name); !chineseIn(f.Label) || chineseIn(en) || en == "" {
				t.Errorf("%s %s is called %q, %q", kind, f.Name, f.Label, en)
			}
		}
	}
	for key, w := range fieldWords {
		if !used[key] {
			t.Errorf("no field %s", key)
		}
		if !chineseIn(w[0]) || chineseIn(w[1]) || w[1] == "" {
			t.Errorf("%s: %q", key, w)
		}
	}
}

// TestRefusalsAreInTheLanguageAskedFor: why, what is missing, and its remedy.
func TestRefusalsAreInTheLanguageAskedFor(t *testing.T) {
	t.Parallel()
	c := cases.Case{Number: "261123-1-0001", State: cases.Registered, FirstAsker: "clerk", Responsible: "clerk", Handler: "clerk"}
	everybody := cases.Actor{User: "clerk", Roles: []cases.Role{cases.RoleAgent, cases.RoleHandler, cases.RoleLeader, cases.RoleSupervisor, cases.RoleArbiter, cases.RoleComplaintCentre}}
	for _, kind := range cases.MoveKinds() {
		m, err := cases.ReadMove(kind, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = c.Move(m, everybody, noon, rules)
		refused, ok := err.(*cases.MoveError)
		if !ok {
			continue // it needs nothing
		}
		if zh, en := refused.In("zh-CN"), refused.In("en"); !chineseIn(zh) || chineseIn(en) || en == "" {
			t.Errorf("%s: %q, %q", kind, zh, en)
		}
		for _, f := range refused.Fields {
			if !chineseIn(f.Want.ZH) || chineseIn(f.Want.EN) || f.Want.EN == "" {
				t.Errorf("%s %s: %q", kind, f.Field, f.Want)
			}
		}
	}
}
