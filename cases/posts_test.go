package cases_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
)

// TestPostsHaveDutiesAndRights: S03-R2 both are described, or somebody is told that they
// are not; S33-R25 every description has the duty the policy gives to all, once.
func TestPostsHaveDutiesAndRights(t *testing.T) {
	t.Parallel()
	slip := rulebook(t, "property_slip").Policy.Posts
	clause := slip.Clause.EN
	d := cases.Directory{
		Posts: []cases.Post{
			{Name: "desk", Duties: []string{"answer"}, Rights: []string{"refund 50 yuan"}},
			{Name: "leader_in_charge", Duties: []string{clause}},
			{Name: "guard", Rights: []string{"lock the gate"}},
		},
		People: []cases.Person{
			{User: "clerk", Post: "desk"}, {User: "chief", Posts: []cases.Party{cases.PartyLeaderInCharge, cases.PartyDirector}}, {User: "new"}, {User: "night", Post: "night"},
		},
	}
	clerk, chief := slip.Posts(d, d.People[0], "en"), slip.Posts(d, d.People[1], "en")
	if diff := cmp.Diff([]cases.Post{{Name: "desk", Duties: []string{"answer", clause}, Rights: []string{"refund 50 yuan"}}}, clerk); diff != "" {
		t.Error(diff)
	}
	if len(chief) != 1 || !cmp.Equal(chief[0].Duties, []string{clause}) || len(d.Posts[0].Duties) != 1 {
		t.Errorf("chief %+v, of the directory %+v", chief, d.Posts)
	}
	lines := slip.Undescribed(d)
	for i, want := range []string{"post director has no description", "post night has no description", "post leader_in_charge has no rights", "post guard has no duties", "2 of 4 people hold no post with a description: new, night"} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Errorf("%d: %q, want %q", i, lines, want)
		}
	}
	if len(lines) != 5 {
		t.Errorf("%q", lines)
	}
	d.Posts, d.People = d.Posts[:1], d.People[:1]
	if lines := slip.Undescribed(d); lines != nil {
		t.Errorf("all is described, and yet %q", lines)
	}
	d.Posts = nil
	if lines := slip.Undescribed(d); len(lines) != 2 {
		t.Errorf("S33-R25 asks for a description: %q", lines)
	}
	if lines := (cases.PostPolicy{}).Undescribed(d); lines != nil {
		t.Errorf("nobody asks for one: %q", lines)
	}
}

// TestThePrecedenceOfThePolicyIsExplained: S33-R25 it overrides procedures that say
// otherwise, and says so.
func TestThePrecedenceOfThePolicyIsExplained(t *testing.T) {
	t.Parallel()
	p := rulebook(t, "property_slip").Policy
	for lang, wants := range map[string][]string{
		"zh-CN": {"以本制度为准 [S33-R25]", "咨询和投诉 [S33-R25]"}, "en": {"overrides procedures that say otherwise [S33-R25]", "questions and complaints [S33-R25]"},
	} {
		text := strings.Join(p.Explain(lang), "\n")
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", lang, want, text)
			}
		}
	}
	p.Posts.Clause.ZH = ""
	if problems := p.Check(); len(problems) != 1 || problems[0].Path != "posts.clause.zh" {
		t.Errorf("a clause in one language: %v", problems)
	}
}

// TestDescriptionsOfPostsAreChecked: none twice, and what changes is on record.
func TestDescriptionsOfPostsAreChecked(t *testing.T) {
	t.Parallel()
	d := cases.Directory{Posts: []cases.Post{{Name: "desk", Duties: []string{"answer"}}, {Name: "desk"}, {}}}
	if got := d.Check().Error(); got != "posts[1].name: post desk is there twice, at posts[0], too; give one of them another\nposts[2].name: is missing" {
		t.Error(got)
	}
	was := cases.Directory{Posts: []cases.Post{{Name: "desk"}}}
	if got := was.Changes(cases.Directory{Posts: []cases.Post{{Name: "desk", Rights: []string{"refund"}}}}); len(got) != 1 || got[0].String() != `post desk changed: rights "" → "[refund]"` {
		t.Errorf("%v", got)
	}
}
