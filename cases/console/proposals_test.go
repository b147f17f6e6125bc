package console

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/profile"
)

// TestSanctionsAreProposedOnceVerified: S24-R11 evidence from the record, S24-R22 by the
// count, S15-R8 with who is liable besides; S26-R2 all there is about one person; nobody
// gets what is about himself.
func TestSanctionsAreProposedOnceVerified(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	var err error
	if st.Rules.Policy, err = profile.Policy("gov_bureau_basic"); err != nil {
		t.Fatal(err)
	}
	h := s.Handler()
	at := noon.Add(5 * time.Minute)
	for n := 1; n <= 3; n++ {
		apply(t, st, answered(n, from("+861055550101"), "aide"))
		moves(t, st, cases.NewCaseNumber(noon, 1, n), "aide", at, cases.Registration{Content: "clerk said: go away"}, cases.Violation{Of: cases.PushedAway, Who: "clerk", Said: "不归我管"})
	}
	const target = "/api/v1/proposals" + november
	before := decode[proposalsBody](t, askAs(h, target, "qian"), 200)
	if len(before.Proposed) > 0 || len(before.Suspected) != 3 {
		t.Fatalf("before anybody verified: %+v", before)
	}
	want := suspicionBody{Case: "261123-1-0003", Offence: "bouncing", Against: "clerk", Sign: "pushed_away", Title: before.Suspected[0].Title, Said: "不归我管"}
	if diff := cmp.Diff(want, before.Suspected[0]); diff != "" || want.Title == "" {
		t.Errorf("-want +got\n%s", diff)
	}
	verify := cases.Verify{True: true, Offence: "bouncing", Against: "clerk", Finding: "the recording"}
	moves(t, st, "261123-1-0001", "qian", at, verify)
	moves(t, st, "261123-1-0002", "qian", at.Add(time.Minute), verify)
	moves(t, st, "261123-1-0003", "qian", at, cases.Verify{Offence: "bouncing", Against: "clerk", Finding: "he said something else"})
	after := decode[proposalsBody](t, askAs(h, target, "qian"), 200)
	if len(after.Suspected) > 0 || len(after.Proposed) != 2 {
		t.Fatalf("after: %+v", after)
	}
	second := after.Proposed[0]
	if second.Case != "261123-1-0002" || second.Count != 2 || second.Against != "clerk" || second.Finding != "the recording" || len(second.Steps) != 6 ||
		!slices.Equal(second.Steps[0].Propose, []string{"criticism"}) || len(second.Liable) != 3 || !slices.Equal(second.Liable[0].Rules, []string{"S15-R8"}) {
		t.Errorf("proposed %+v", second)
	}
	if one := decode[proposalsBody](t, askAs(h, target+"&against=aide", "qian"), 200); len(one.Proposed) > 0 {
		t.Errorf("of another: %+v", one)
	}
	for who, status := range map[string]int{"clerk": 403, "chief": 403, "sun": 200} {
		if r := askAs(h, target, who); r.StatusCode != status {
			t.Errorf("%s: %s", who, r.Status)
		}
	}
	of := people
	of.People = slices.Clone(of.People)
	of.People[0].Roles = []cases.Role{cases.RoleSupervisor}
	s.People = func() cases.Directory { return of }
	if own := decode[proposalsBody](t, askAs(s.Handler(), target, "clerk"), 200); len(own.Proposed) > 0 || len(own.Suspected) > 0 {
		t.Errorf("about himself: %+v", own)
	}
}

// TestTheChainOfResponsibilityIsWalked: S26-R3, S33-R17: who had it when, and whose clocks
// ran out while he did.
func TestTheChainOfResponsibilityIsWalked(t *testing.T) {
	t.Parallel()
	s := withRegisters(t)
	h := s.Handler()
	got := decode[traceBody](t, askAs(h, "/api/v1/cases/261123-1-0001/trace", "qian"), http.StatusOK)
	var users []string
	for _, held := range got.Chain {
		users = append(users, held.User)
	}
	if !slices.Equal(users, []string{"clerk", "chief", "clerk", "aide", "aide"}) || got.Chain[2].Said != "供水公司负责" || got.Chain[4].Until != nil || len(got.Up) > 0 {
		t.Errorf("chain %+v", got)
	}
	for who, status := range map[string]int{"clerk": 403, "sun": 200} {
		if r := askAs(h, "/api/v1/cases/261123-1-0001/trace", who); r.StatusCode != status {
			t.Errorf("%s: %s", who, r.Status)
		}
	}
	if r := askAs(h, "/api/v1/cases/261123-1-0009/trace", "qian"); r.StatusCode != 404 {
		t.Errorf("of no case: %s", r.Status)
	}
}
