package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
)

// proposed are the sanctions proposed against each for what was verified of a case.
func (sc *scene) proposed() map[string][]cases.Sanction {
	sc.t.Helper()
	v := *sc.File.Verified
	count, err := sc.s.Verified(sc.t.Context(), v.Against, v.Offence)
	if err != nil {
		sc.t.Fatal(err)
	}
	all := map[string][]cases.Sanction{}
	for _, p := range sc.s.Rules.Policy.Sanctions.Proposals(v, sc.File.Returned, count) {
		for _, step := range p.Steps {
			all[p.Against] = append(all[p.Against], step.Propose...)
		}
	}
	return all
}

// TestE10_BothSidesPunished: S33-R14, S33-R15, S33-R20. Who gives back with a quarrel
// and who sent it alike; who insists on a wrong slip alone.
func TestE10_BothSidesPunished(t *testing.T) {
	t.Parallel()
	o := under(t, "property_slip")
	quarrel := o.slip(caller)
	quarrel.does("10:10", smith, cases.Return{Code: "other", Opinion: "do it yourselves"})
	quarrel.does("10:20", asker, over("repairs", "smith"))
	quarrel.does("10:30", smith, cases.Return{Code: "other", Opinion: "I said no"})
	if !quarrel.File.Disputed {
		t.Error("it is still theirs to quarrel about")
	}
	bounce := cases.Verify{Offence: "bounce", Against: "smith", Finding: "both were heard"}
	quarrel.does("11:00", manager, bounce)
	if got := quarrel.proposed(); len(got) > 0 {
		t.Errorf("proposed for what is not true: %v", got)
	}
	bounce.True = true
	quarrel.does("11:01", manager, bounce)
	both := map[string][]cases.Sanction{"smith": {"circular", "fine"}, "asker": {"circular", "fine"}}
	if diff := cmp.Diff(both, quarrel.proposed()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if quarrel.File.Handed[1].Insisted {
		t.Error("they had not said that it is not theirs")
	}

	wrong := o.slip(caller)
	wrong.does("10:10", smith, cases.Return{Code: "not_ours", Opinion: "it is the heating"})
	wrong.does("10:20", asker, over("repairs", "smith"))
	wrong.late(cases.ClockReplyDepartment, "5 Mar 10:01", time.Minute)
	all := o.s.Rules.Policy.Sanctions.Suspected(wrong.Case, nil, at("5 Mar 10:20"))
	i := slices.IndexFunc(all, func(x cases.Suspicion) bool { return x.Sign == cases.SignInsisted })
	if i < 0 || all[i].Offence != "wrong_slip" || all[i].Against != "asker" {
		t.Fatalf("suspected is %+v", all)
	}
	wrong.does("5 Mar 10:30", manager, cases.Verify{True: true, Offence: all[i].Offence, Against: all[i].Against, Finding: "it was the heating"})
	if diff := cmp.Diff(map[string][]cases.Sanction{"asker": {"circular", "fine"}}, wrong.proposed()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestE23_RestTimeCollision: S30-R20. In quiet hours the guest is asked first, and what
// he said is on record; his room is not rung unasked.
func TestE23_RestTimeCollision(t *testing.T) {
	t.Parallel()
	o := under(t, "hotel", func(p *cases.Policy) { p.QuietHours = []string{"13:00-14:00"} })
	sc := o.opens("12:30", caller, asker)
	sc.does("12:31", asker, room("steamed buns"), cases.Classify{Class: "item"}, over("kitchen", "smith"))
	for when, until := range map[string]string{"12:59:59": "", "13:00": "14:00", "13:10": "14:00", "14:00": ""} {
		got := o.s.Rules.Policy.Quiet(at(when), o.s.Rules.Calendar)
		if until == "" && !got.IsZero() || until != "" && !got.Equal(at(until)) {
			t.Errorf("%s: quiet until %s, want %q", when, got, until)
		}
	}
	later := o.misses("13:10", "+8613900000002") // he wants to know where they are
	later.does("13:10", asker, room("where are my buns?"))
	may := func(when string) (rung bool) {
		t.Helper()
		p := cases.Place{Taken: later.CallBackAt != "", MayRing: later.File.MayRing}
		return o.s.Rules.Policy.Quiet(at(when), o.s.Rules.Calendar).IsZero() || p.Asked(at(when), shanghai)
	}
	if may("13:11") || !may("14:01") {
		t.Error("he is rung though nobody asked him, or never")
	}
	ring := cases.Tell{Of: cases.TellRing, Evidence: cases.Evidence{Paper: "a note under the door"}}
	later.refused("13:11", asker, ring, cases.RefusedFields, "said")
	ring.Said = "bring them"
	later.does("13:11", asker, ring)
	if !may("13:12") || may("5 Mar 13:12") { // today, not tomorrow
		t.Errorf("may be rung since %s", later.File.MayRing)
	}
	sc.does("13:11", asker, cases.Tell{Of: cases.TellRing, Said: "asked whether to deliver now: yes", Evidence: sc.proof()})
	sc.does("13:15", smith, cases.Accept{}, cases.Deliver{What: "steamed buns"})
	sc.late(cases.ClockDelivery, "18:00", 41*time.Minute) // the delay counts
	if sc.events(cases.EventCallerTold) != 1 {
		t.Error("his consent is not on record")
	}
}

// TestE38_CountBasedLadderWithApology: S24-R22, S24-R2. Over all cases of one person;
// what was not verified does not count.
func TestE38_CountBasedLadderWithApology(t *testing.T) {
	t.Parallel()
	o := under(t, "township")
	again := func(ok bool) []cases.Sanction {
		sc := o.opens("09:00", caller, asker)
		sc.does("09:01", asker, matter("nobody came"), cases.Complain{Accused: "smith"})
		sc.does("10:00", manager, cases.Verify{True: ok, Offence: "broken_promise", Against: "smith", Finding: "asked both"})
		return sc.proposed()["smith"]
	}
	for i, want := range [][]cases.Sanction{
		{"criticism", "talk", "apology"}, {"circular"}, {"efficacy", "transfer_post"}, {"efficacy", "transfer_post"},
	} {
		if got := again(false); got != nil {
			t.Errorf("unverified: %v", got)
		}
		if got := again(true); !slices.Equal(got, want) {
			t.Errorf("number %d: %v, want %v", i+1, got, want)
		}
	}
}

// TestE39_AccountabilityCalendar: S23-R24, S23-R25, S23-R26, S23-R22. 30 working days,
// 15 more if approved; served in 10; 15 days to ask for a review, by either side; 30
// to decide on it; what nobody could help exempts.
func TestE39_AccountabilityCalendar(t *testing.T) {
	t.Parallel()
	sc := under(t, "gov_bureau_migration").opens("3 Mar 09:00", caller, neighbour)
	sc.does("3 Mar 09:05", neighbour, matter("smith hid"), cases.Classify{Type: "staff_complaint"}, cases.Complain{Accused: "smith"})
	opened, proposed := cases.Inquiry{Step: cases.InquiryOpened}, cases.Inquiry{Step: cases.InquiryProposed, Reason: "he hid from callers twice"}
	sc.refused("3 Mar 10:00", manager, opened, cases.RefusedFields, "verify")
	sc.does("3 Mar 10:00", manager, cases.Verify{True: true, Offence: "bouncing", Against: "smith", Finding: "he did"})
	sc.refused("3 Mar 10:00", manager, cases.Inquiry{Step: cases.InquiryReported}, cases.RefusedFields, "step")
	sc.refused("3 Mar 10:00", neighbour, opened, cases.RefusedRole)
	sc.refused("3 Mar 10:00", manager, opened, cases.RefusedFields, "step") // nobody proposed it in writing (S23-R23)
	sc.refused("3 Mar 10:00", manager, cases.Inquiry{Step: cases.InquiryProposed}, cases.RefusedFields, "reason")
	sc.does("3 Mar 10:00", manager, proposed, opened)
	sc.due(cases.ClockInquiry, "15 Apr 10:00") // 4 April is a holiday
	later := cases.Inquiry{Step: cases.InquiryProlonged, Reason: "a witness is away"}
	sc.refused("14 Apr 09:00", manager, later, cases.RefusedFields, "approved")
	later.Approved = "leader"
	sc.does("14 Apr 09:00", manager, later)
	sc.due(cases.ClockInquiry, "8 May 10:00") // 27 April is worked, 1 to 5 May are not
	sc.refused("15 Apr 09:00", manager, later, cases.RefusedFields, "step")
	sc.does("5 May 09:00", manager, cases.Inquiry{Step: cases.InquiryReported})
	sc.refused("6 May 09:00", manager, cases.Inquiry{Step: cases.InquiryDecided, Outcome: "flogging", Reason: "x"}, cases.RefusedFields, "outcome")
	decided := cases.Inquiry{Step: cases.InquiryDecided, Outcome: "criticism", Reason: "he hid", Points: []string{"lazy"}}
	sc.refused("6 May 09:00", manager, decided, cases.RefusedFields, "points")
	decided.Points = []string{"obstruct", "corrected"} // S23-R20, S23-R21
	sc.does("6 May 09:00", manager, decided)
	sc.due(cases.ClockServeDecision, "20 May 09:00")
	sc.refused("6 May 10:00", neighbour, cases.Close{}, cases.RefusedEvidence, "inquiry")
	sc.refused("19 May 09:00", manager, cases.Inquiry{Step: cases.InquiryServed}, cases.RefusedFields, "rights")
	sc.does("19 May 09:00", manager, cases.Inquiry{Step: cases.InquiryServed, Rights: true})
	sc.late(cases.ClockServeDecision, "18 Jun 09:00", 0)
	sc.due(cases.ClockReviewRequest, "3 Jun 09:00")
	review := cases.Inquiry{Step: cases.InquiryReviewRequested, For: cases.PartyComplainant}
	sc.refused("4 Jun 09:00", manager, review, cases.RefusedPolicy) // day 16
	sc.refused("3 Jun 09:00", manager, cases.Inquiry{Step: cases.InquiryReviewRequested, For: cases.PartyHQ}, cases.RefusedFields, "for")
	sc.does("3 Jun 09:00", manager, review) // day 15
	sc.due(cases.ClockReviewDecision, "3 Jul 09:00")
	sc.refused("2 Jul 09:00", manager, cases.Inquiry{Step: cases.InquiryReviewDecided}, cases.RefusedFields, "reason")
	sc.refused("2 Jul 09:00", manager, cases.Inquiry{Step: cases.InquiryAppealed, For: cases.PartyAccused}, cases.RefusedFields, "step")
	sc.does("2 Jul 09:00", manager, cases.Inquiry{Step: cases.InquiryReviewDecided, Reason: "it stands"})
	sc.late(cases.ClockReviewDecision, "18 Jul 09:00", 0)
	sc.refused("2 Jul 09:30", manager, cases.Inquiry{Step: cases.InquiryAppealed, For: cases.PartyHQ}, cases.RefusedFields, "for")
	sc.does("2 Jul 09:30", manager, cases.Inquiry{Step: cases.InquiryAppealed, For: cases.PartyAccused}) // still unhappy
	sc.does("2 Jul 10:00", neighbour, cases.Withdraw{Reason: "content", Evidence: sc.proof()})

	exempt := under(t, "gov_bureau_migration").opens("3 Mar 09:00", caller, neighbour)
	exempt.does("3 Mar 10:00", neighbour, matter("smith did not come"), cases.Complain{Accused: "smith"})
	exempt.does("3 Mar 11:00", manager, cases.Verify{True: true, Offence: "delay", Against: "smith", Finding: "he did not"}, proposed, opened,
		cases.Inquiry{Step: cases.InquiryReported}, cases.Inquiry{Step: cases.InquiryDecided, Outcome: "force_majeure", Reason: "the bridge was gone"},
		cases.Inquiry{Step: cases.InquiryServed, Rights: true}, cases.Inquiry{Step: cases.InquiryReviewRequested, For: cases.PartyAccused})
}

// TestE40_Scoring: S24-R35, S24-R36, S24-R37. 60 to 40 of twenty or more, the gap as the
// policy says, and who fails cannot be excellent.
func TestE40_Scoring(t *testing.T) {
	t.Parallel()
	p := rulebook(t, "township").Policy
	score, err := p.Assessment.Score(90, 88, 20)
	if err != nil || score < 89.1999 || score > 89.2001 {
		t.Errorf("score %v, %v, want 89.2", score, err)
	}
	if _, err := p.Assessment.Score(90, 88, 19); !errors.Is(err, cases.ErrSample) {
		t.Errorf("19 asked: %v", err)
	}
	for gap, want := range map[cases.GapPolicy]cases.Grade{cases.GapFloor: cases.GradePass, cases.GapRound: cases.GradePass, cases.GapNextGrade: cases.GradeExcellent} {
		p.Assessment.GapPolicy = gap
		for score, inGap := range map[float64]bool{89.2: true, 89: false, 89.01: true, 90: false, 60: false} {
			if got := p.Assessment.InGap(score); got != inGap { // it is never decided silently
				t.Errorf("%v is in the gap: %t", score, got)
			}
		}
		for score, want := range map[float64]cases.Grade{89.2: want, 59.99: cases.GradeFail, 60: cases.GradePass, 90: cases.GradeExcellent} {
			if got := p.Assessment.Grade(score); got != want {
				t.Errorf("%v by %s is %s, want %s", score, gap, got, want)
			}
		}
	}
	fail := p.Sanctions.Proposals(cases.Verify{True: true, Offence: "failed", Against: "smith"}, nil, 1)
	if len(fail) != 1 || !slices.Contains(fail[0].Steps[0].Propose, "no_excellent") {
		t.Errorf("proposed %+v", fail)
	}
}
