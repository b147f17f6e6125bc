package console

import (
	"slices"
	"strings"
	"testing"

	"shouwen/cases"
	"shouwen/cases/profile"
)

// TestEverybodyIsShownWhatHisPostIs: S03-R2 duties and rights on his desk, S33-R25 with the
// duty of every post; nobody else's. Programs get the descriptions with the directory.
func TestEverybodyIsShownWhatHisPostIs(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	var err error
	if st.Rules.Policy, err = profile.Policy("property_slip"); err != nil {
		t.Fatal(err)
	}
	of := people
	of.People = slices.Clone(of.People)
	of.People[0].Post = "desk"
	of.Posts = []cases.Post{{Name: "desk", Title: "前台", Duties: []string{"接听来电"}, Rights: []string{"减免 50 元以内"}}}
	s.People = func() cases.Directory { return of }
	h := s.Handler()
	clause := st.Rules.Policy.Posts.Clause.ZH
	for user, shown := range map[string]bool{"clerk": true, "aide": false} {
		page := text(t, ask(h, "GET", "/desk", "", "Cookie", signInAs(t, h, user)))
		for _, want := range []string{"前台", "接听来电", "减免 50 元以内", clause} {
			if strings.Contains(page, want) != shown {
				t.Errorf("%s: %q shown is %t", user, want, !shown)
			}
		}
	}
	if d := decode[directoryBody](t, askAPI(h, "/api/v1/directory"), 200); len(d.Posts) != 1 || d.Posts[0].Rights[0] != "减免 50 元以内" || d.directory().Posts[0].Duties[0] != "接听来电" {
		t.Errorf("%+v", d.Posts)
	}
}
