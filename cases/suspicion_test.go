package cases_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/profile"
)

// TestSuspectedIsWhatTheRecordShows: S24-R11 what is on record is evidence, S33-R17 of
// whose stage; S33-R15 insisting, S33-R18 and S33-R21 callers who complain again, S33-R20
// late departments, S24-R22 broken promises, S13-R11 hand-overs that were late. Nothing is
// suspected twice once somebody has verified it (S21-R9 by execution and effect).
func TestSuspectedIsWhatTheRecordShows(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ref := cases.PolicyRef{ID: "any", Version: "1"}
	late := func(kind cases.ClockKind, by ...cases.Party) cases.Clock {
		return cases.Clock{Kind: kind, Of: ref, On: cases.Terms{Kind: kind, By: by}, From: now.Add(-3 * time.Hour), Due: now.Add(-time.Hour)}
	}
	for name, tt := range map[string]struct {
		policy string
		c      cases.Case
		again  []cases.CaseNumber
		want   []cases.Suspicion
	}{
		"nothing": {policy: "property_slip", c: cases.Case{Responsible: "asker"}},
		"the department is late": {policy: "property_slip",
			c:    cases.Case{Responsible: "asker", Department: "repairs", Handler: "smith", Clocks: []cases.Clock{late("reply_department", cases.PartyDepartment)}},
			want: []cases.Suspicion{{Offence: "support_refused", Against: "smith", Department: "repairs", Sign: cases.SignLateBehind, Clock: "reply_department", Late: cases.Span(time.Hour)}}},
		"nobody of it has it yet": {policy: "property_slip",
			c:    cases.Case{Responsible: "asker", Department: "repairs", Clocks: []cases.Clock{late("assign", cases.PartyDepartment)}},
			want: []cases.Suspicion{{Offence: "support_refused", Department: "repairs", Sign: cases.SignLateBehind, Clock: "assign", Late: cases.Span(time.Hour)}}},
		"in time": {policy: "property_slip",
			c: cases.Case{Department: "repairs", Handler: "smith", Clocks: []cases.Clock{{Kind: "reply_department", Of: ref, Due: now, Stopped: now}}}},
		"a callback of telephony's is nobody's offence": {policy: "gov_bureau_basic", c: cases.Case{Responsible: "asker", Clocks: []cases.Clock{{Kind: cases.ClockCallback, Due: now.Add(-time.Hour)}}}},
		"passed on late": {policy: "gov_bureau_basic",
			c:    cases.Case{Responsible: "asker", Department: "repairs", Handler: "smith", Clocks: []cases.Clock{late("transfer", cases.PartyFirstAsker)}},
			want: []cases.Suspicion{{Offence: "late_handover", Against: "asker", Sign: cases.SignLateFront, Clock: "transfer", Late: cases.Span(time.Hour)}}},
		"a promise": {policy: "township",
			c:    cases.Case{Responsible: "asker", Clocks: []cases.Clock{late(cases.ClockPromise, cases.PartyResponsible)}},
			want: []cases.Suspicion{{Offence: "broken_promise", Against: "asker", Sign: cases.SignBrokenPromise, Clock: cases.ClockPromise, Late: cases.Span(time.Hour)}}},
		"back and forth": {policy: "property_slip",
			c:    cases.Case{File: cases.File{Disputed: true, Returned: &cases.Return{By: "smith", From: "repairs", Opinion: "no"}}},
			want: []cases.Suspicion{{Offence: "bounce", Against: "smith", Department: "repairs", Sign: cases.SignReturnedTwice, Said: "no"}}},
		"given back once": {policy: "property_slip", c: cases.Case{File: cases.File{Returned: &cases.Return{By: "smith", From: "repairs", Opinion: "no"}}}},
		"insisted": {policy: "property_slip",
			c:    cases.Case{File: cases.File{Handed: []cases.HandOver{{By: "asker"}, {By: "asker", Insisted: true}}}},
			want: []cases.Suspicion{{Offence: "wrong_slip", Against: "asker", Sign: cases.SignInsisted}}},
		"nobody answered him": {policy: "property_slip",
			c:    cases.Case{Responsible: "asker", Department: "repairs", Handler: "smith", File: cases.File{Visits: []cases.Visit{{Said: "nobody called"}}}},
			want: []cases.Suspicion{{Offence: "second_complaint", Against: "smith", Department: "repairs", Sign: cases.SignNotAnswered, Said: "nobody called"}}},
		"he complained again": {policy: "property_slip", again: []cases.CaseNumber{"261124-1-0001"},
			c:    cases.Case{Responsible: "asker"},
			want: []cases.Suspicion{{Offence: "repeat_complaint", Against: "asker", Sign: cases.SignCameAgain, Said: "261124-1-0001"}}},
		"told twice what to bring": {policy: "gov_bureau_basic",
			c:    cases.Case{Responsible: "asker", File: cases.File{Notices: []cases.Notify{{}, {Again: true}}}},
			want: []cases.Suspicion{{Offence: "cold", Against: "asker", Sign: cases.SignNoticeAgain}}},
		"what was seen": {policy: "gov_bureau_basic",
			c: cases.Case{File: cases.File{Violations: []cases.Violation{{Of: cases.PushedAway, Who: "asker", Said: "ask them"}, {Of: cases.Uncivil, Who: "smith"}}}},
			want: []cases.Suspicion{
				{Offence: "bouncing", Against: "asker", Sign: cases.Sign(cases.PushedAway), Said: "ask them"},
				{Offence: "language", Against: "smith", Sign: cases.Sign(cases.Uncivil)},
			}},
		"verified already": {policy: "gov_bureau_basic",
			c: cases.Case{File: cases.File{Verified: &cases.Verify{Offence: "bouncing"}, Violations: []cases.Violation{{Of: cases.PushedAway, Who: "asker"}}}}},
		"a policy without offences": {policy: "none", c: cases.Case{Responsible: "asker", Clocks: []cases.Clock{late("transfer", cases.PartyFirstAsker)}}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := profile.Policy(tt.policy)
			if err != nil {
				t.Fatal(err)
			}
			tt.c.Number = "261123-1-0001"
			for i := range tt.want {
				tt.want[i].Case = tt.c.Number
			}
			if diff := cmp.Diff(tt.want, p.Sanctions.Suspected(tt.c, tt.again, now)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// TestProposalsGoByConsequence: S21-R8, S24-R12: what may be proposed depends on what
// came of it, once that was verified.
func TestProposalsGoByConsequence(t *testing.T) {
	t.Parallel()
	p, err := profile.Policy("service_centre")
	if err != nil {
		t.Fatal(err)
	}
	for had, want := range map[cases.Consequence][]cases.Sanction{"none": {"talk"}, "bad": {"criticism"}, "serious": {"incompetent", "discipline"}} {
		got := p.Sanctions.Proposals(cases.Verify{True: true, Offence: "breach", Against: "smith", Consequence: had}, nil, 1)
		if len(got) != 1 || len(got[0].Steps) != 1 || cmp.Diff(want, got[0].Steps[0].Propose) != "" {
			t.Errorf("%s: %+v, want %v", had, got, want)
		}
	}
}
