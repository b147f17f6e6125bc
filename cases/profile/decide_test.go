package profile_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/profile"
)

// TestE04Gate: nothing is handed over before it is registered and read back (S02-R12,
// S02-R13, S09-R5); the error lists everything that is missing, with the rules.
func TestE04Gate(t *testing.T) {
	t.Parallel()
	p, facts := load(t, "property_csc"), cases.Facts{Class: "ordinary"}
	r := cases.Register{cases.FieldContactTime: "09:00", cases.FieldCallerPhone: "13900010001", cases.FieldReadBack: "  "}
	err := p.Gate(cases.BeforeHandOver, facts, r)
	var missing *cases.GateError
	if !errors.As(err, &missing) {
		t.Fatalf("error = %v", err)
	}
	var names []cases.Field
	for _, m := range missing.Missing {
		names = append(names, m.Field)
		if !slices.Contains(m.Rules, "S02-R12") {
			t.Errorf("%s is demanded by %v", m.Field, m.Rules)
		}
	}
	if want := []cases.Field{cases.FieldCallerName, cases.FieldContent, cases.FieldReadBack}; !slices.Equal(names, want) {
		t.Errorf("missing %v, want %v", names, want)
	}
	if text := missing.In("zh-CN"); !strings.Contains(text, "转办之前还缺") || !strings.Contains(text, "来电人姓名 [S02-R12") {
		t.Errorf("in Chinese: %s", text)
	}
	r[cases.FieldCallerName], r[cases.FieldContent], r[cases.FieldReadBack] = "王", "漏水", "yes"
	if err := p.Gate(cases.BeforeHandOver, facts, r); err != nil {
		t.Errorf("with everything there: %v", err)
	}
	if err := p.Gate(cases.BeforeClose, facts, cases.Register{}); !errors.As(err, &missing) || len(missing.Missing) != 6 {
		t.Errorf("closing with nothing: %v", err)
	}
	twice := cases.Policy{Gates: []cases.Gating{
		{Before: cases.BeforeClose, Need: []cases.Field{cases.FieldResult}, Rules: []string{"S02-R15"}},
		{Before: cases.BeforeClose, Need: []cases.Field{cases.FieldResult}, Rules: []string{"S09-R8"}},
	}}
	if err := twice.Gate(cases.BeforeClose, facts, nil); err == nil || err.Error() != "before closing there must be: result [S02-R15, S09-R8]" {
		t.Errorf("demanded twice: %v", err)
	}
	if err := p.Gate(cases.BeforeClose, facts, r); err == nil || !strings.Contains(err.Error(), "result") {
		t.Errorf("closing without a result: %v", err)
	}
}

// TestGatesOfTheRules: a field that a regulation demands is demanded, for the cases it
// speaks of and for no others.
func TestGatesOfTheRules(t *testing.T) {
	t.Parallel()
	major := []cases.Flag{cases.FlagMajor}
	tests := map[string]struct {
		policy string
		before cases.Step
		facts  cases.Facts
		want   string // field
		not    bool
	}{
		"S05-R13 special report":              {"property_classes", cases.BeforeClose, cases.Facts{Class: "class_1"}, "special_report", false},
		"S05-R13 of class 1 only":             {"property_classes", cases.BeforeClose, cases.Facts{Class: "class_3"}, "special_report", true},
		"S05-R12 leader's word (E13)":         {"property_classes", cases.BeforeOrder, cases.Facts{Class: "class_1", Flags: []cases.Flag{cases.FlagNoPlan}}, "leader_instruction", false},
		"S05-R11 with a plan":                 {"property_classes", cases.BeforeOrder, cases.Facts{Class: "class_1", Flags: []cases.Flag{cases.FlagPlan}}, "leader_instruction", true},
		"S06-R11 report in duplicate":         {"property_retirement", cases.BeforeClose, cases.Facts{Class: "property", Flags: major}, "written_report", false},
		"S06-R11 of major ones only":          {"property_retirement", cases.BeforeClose, cases.Facts{Class: "property"}, "written_report", true},
		"S06-R18 visit (E17)":                 {"property_retirement", cases.BeforeClose, cases.Facts{Class: "property"}, "visit_record", false},
		"S11-R12 proposal first":              {"gov_bureau_basic", cases.BeforeEscalate, cases.Facts{}, "proposal", false},
		"S17-R13 signed loss statement":       {"insurance", cases.BeforeClose, cases.Facts{Type: "claim"}, "loss_statement", false},
		"S19-R5 receipt (E28)":                {"gov_city_window", cases.BeforeHandOver, cases.Facts{}, "receipt_number", false},
		"S19-R8 pick-up entry (E28)":          {"gov_city_window", cases.BeforeClose, cases.Facts{}, "pickup_entry", false},
		"S20-R5 seven haves":                  {"township", cases.BeforeClose, cases.Facts{Class: "matter"}, "supervision", false},
		"S21-R6 approver (E29)":               {"service_centre", cases.BeforeReassign, cases.Facts{}, "approver", false},
		"S25-R3 signature (E33)":              {"personnel_bureau", cases.BeforeRefuse, cases.Facts{}, "leader_signature", false},
		"S25-R5 coordinator (E34)":            {"personnel_bureau", cases.BeforeHandOver, cases.Facts{Flags: []cases.Flag{cases.FlagJoint}}, "coordinator", false},
		"S27-R4 objects":                      {"property_basic", cases.BeforeHandOver, cases.Facts{Flags: []cases.Flag{cases.FlagObjects}}, "objects", false},
		"S30-R12 handover note (E21)":         {"hotel", cases.BeforeClose, cases.Facts{Class: "other"}, "handover_note", false},
		"S33-R13 opinion (E08)":               {"property_slip", cases.BeforeReturn, cases.Facts{Class: "other"}, "opinion", false},
		"S33-R16 complaint form":              {"property_slip", cases.BeforeClose, cases.Facts{Type: "complaint"}, "complaint_form", false},
		"S09-R6 estimate":                     {"enterprise_hotline", cases.BeforeHandOver, cases.Facts{}, "estimate", false},
		"S09-R8 time, manner, result":         {"enterprise_hotline", cases.BeforeClose, cases.Facts{}, "manner", false},
		"S34-R7 work unit if nobody is there": {"gov_bureau_basic", cases.BeforeHandOver, cases.Facts{Flags: []cases.Flag{cases.FlagHandlerAbsent}}, "work_unit", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := load(t, tt.policy)
			required := p.Required(tt.before, tt.facts)
			if got := slices.Contains(required, cases.Field(tt.want)); got == tt.not {
				t.Errorf("before %s: %v", tt.before, required)
			}
			err := p.Gate(tt.before, tt.facts, cases.Register{})
			var missing *cases.GateError
			if len(required) > 0 && (!errors.As(err, &missing) || len(missing.Missing) != len(required)) {
				t.Errorf("an empty register lacks %v, want %v", err, required)
			}
		})
	}
}

// TestE30Extensions: approved by whom the policy names, and told, while in time (S23-R17,
// S21-R7, S24-R20, S06-R8).
func TestE30Extensions(t *testing.T) {
	t.Parallel()
	cal, err := profile.Calendar("china", shanghai(t))
	if err != nil {
		t.Fatal(err)
	}
	when := func(s string) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04", s, cal.Zone)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	const due, later = "2025-03-07 09:00", "2025-03-12 09:00"
	good := cases.ExtensionRequest{
		At: when("2025-03-05 09:00"), Approved: when("2025-03-05 10:00"), ToldAt: when("2025-03-05 11:00"), Until: when(later), Reason: "需实地核实", By: "chen",
	}
	leader, principal := []cases.Party{cases.PartyLeaderInCharge}, []cases.Party{cases.PartyPrincipalLeader}
	tests := map[string]struct {
		policy  string
		parties []cases.Party
		change  func(*cases.ExtensionRequest)
		err     error
	}{
		"approved and told":          {"gov_bureau_migration", leader, func(*cases.ExtensionRequest) {}, nil},
		"without a reason":           {"gov_bureau_migration", leader, func(r *cases.ExtensionRequest) { r.Reason = "" }, cases.ErrExtension},
		"by a clerk":                 {"gov_bureau_migration", []cases.Party{cases.PartyHandler}, func(*cases.ExtensionRequest) {}, cases.ErrNotApproved},
		"not approved yet":           {"gov_bureau_migration", leader, func(r *cases.ExtensionRequest) { r.Approved = time.Time{} }, cases.ErrNotApproved},
		"caller not told":            {"gov_bureau_migration", leader, func(r *cases.ExtensionRequest) { r.ToldAt = time.Time{} }, cases.ErrCallerUntold},
		"told too late":              {"gov_bureau_migration", leader, func(r *cases.ExtensionRequest) { r.ToldAt = when("2025-03-07 09:01") }, cases.ErrExtension},
		"approved too late":          {"gov_bureau_migration", leader, func(r *cases.ExtensionRequest) { r.Approved = when("2025-03-10 09:00") }, cases.ErrExtension},
		"told at the very last":      {"gov_bureau_migration", leader, func(r *cases.ExtensionRequest) { r.ToldAt = when(due) }, nil},
		"reported to the principal":  {"service_centre", principal, func(*cases.ExtensionRequest) {}, nil},
		"reported to somebody else":  {"service_centre", leader, func(*cases.ExtensionRequest) {}, cases.ErrNotApproved},
		"agreed with the caller":     {"township", nil, func(r *cases.ExtensionRequest) { r.Approved = time.Time{} }, nil},
		"not agreed with the caller": {"township", nil, func(r *cases.ExtensionRequest) { r.ToldAt = time.Time{} }, cases.ErrCallerUntold},
		"a promise instead":          {"property_retirement", leader, func(*cases.ExtensionRequest) {}, cases.ErrNoExtension},
		"none":                       {"property_csc", leader, func(*cases.ExtensionRequest) {}, cases.ErrNoExtension},
	}
	migration := load(t, "gov_bureau_migration")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c cases.Clock
			for _, c = range migration.Start(cases.AtContact, cases.Facts{Class: "citizen_letter"}, when("2025-03-04 09:00"), cal) {
				if c.Kind == cases.ClockReplyLetter {
					break
				}
			}
			r := good
			r.Parties = tt.parties
			tt.change(&r)
			after, err := load(t, tt.policy).Extends(c, r, cal)
			want := due
			if tt.err == nil {
				want = later
			}
			if !errors.Is(err, tt.err) || !after.Due.Equal(when(want)) {
				t.Errorf("error %v, want %v; due %s, want %s", err, tt.err, after.Due.In(cal.Zone), want)
			}
		})
	}
}

// TestExtensionsAreBounded: an organisation may limit them; the regulations give no number.
func TestExtensionsAreBounded(t *testing.T) {
	t.Parallel()
	p, cal := load(t, "gov_bureau_migration"), cases.Plain(time.UTC)
	start := time.Date(2025, 3, 4, 9, 0, 0, 0, time.UTC)
	c := p.Start(cases.AtContact, cases.Facts{Class: "citizen_letter"}, start, cal)[0]
	r := cases.ExtensionRequest{At: start, Approved: start, ToldAt: start, Reason: "x", By: "chen", Parties: []cases.Party{cases.PartyLeaderInCharge}}
	p.Extension.Max = &cases.Limit{N: 2, Unit: cases.WorkingDays}
	for days, want := range map[int]error{2: nil, 3: cases.ErrExtension} {
		r.Until = c.Due.AddDate(0, 0, days)
		if _, err := p.Extends(c, r, cal); !errors.Is(err, want) {
			t.Errorf("by %d days: %v, want %v", days, err, want)
		}
	}
}

// TestE40Scores: 60/40, at least 20 recipients, and a gap between two grades that a
// setting fills (S24-R35, S24-R36).
func TestE40Scores(t *testing.T) {
	t.Parallel()
	a := load(t, "township").Assessment
	if _, err := a.Score(90, 88, 19); !errors.Is(err, cases.ErrSample) {
		t.Errorf("19 recipients: %v", err)
	}
	score, err := a.Score(90, 88, 20)
	if err != nil || score < 89.19 || score > 89.21 {
		t.Errorf("score = %v, %v, want 89.2", score, err)
	}
	for _, tt := range []struct {
		gap   cases.GapPolicy
		score float64
		want  cases.Grade
	}{
		{cases.GapFloor, 89.2, cases.GradePass}, {cases.GapFloor, 89.9, cases.GradePass},
		{cases.GapRound, 89.2, cases.GradePass}, {cases.GapRound, 89.5, cases.GradeExcellent},
		{cases.GapNextGrade, 89.2, cases.GradeExcellent}, {cases.GapNextGrade, 89, cases.GradePass},
		{cases.GapRound, 59.99, cases.GradeFail}, {cases.GapNextGrade, 59.99, cases.GradeFail}, {cases.GapFloor, 59.99, cases.GradeFail},
		{cases.GapFloor, 60, cases.GradePass}, {cases.GapFloor, 90, cases.GradeExcellent}, {cases.GapFloor, 0, cases.GradeFail},
	} {
		a.GapPolicy = tt.gap
		if got := a.Grade(tt.score); got != tt.want {
			t.Errorf("%v by %s = %s, want %s", tt.score, tt.gap, got, tt.want)
		}
	}
}

// TestSettingsAreThoseOfTheRules: what D2 says of each policy is what its
// settings say.
func TestSettingsAreThoseOfTheRules(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		policy string
		mode   cases.Mode
		pool   cases.Pool
		ladder string // escalation
	}{
		{"property_csc", cases.Stays, "anyone", "service_centre own_leader"},
		{"property_classes", cases.Stays, "anyone", "receptionist manager_on_duty leader_in_charge"},
		{"property_retirement", cases.Stays, "management", "own_leader leader_in_charge principal_leader"},
		{"property_slip", cases.Stays, "service_centre", "functional_department director"},
		{"property_basic", cases.Stays, "on_duty_management", "own_leader"},
		{"hotel", cases.Stays, "anyone", "own_leader functional_department"},
		{"mall", cases.Guided, "anyone", "supervisor"},
		{"gov_city_window", cases.Stays, "window", "principal_leader"},
		{"gov_bureau_migration", cases.Stays, "anyone", "section_head leader_in_charge"},
		{"gov_bureau_basic", cases.Stays, "on_duty", "own_leader leader_in_charge principal_leader"},
		{"township", cases.Guided, "cadre", "leader_in_charge principal_leader"},
		{"community", cases.Guided, "anyone", "own_leader"},
		{"insurance", cases.Moves, "anyone", "headquarters"},
		{"service_centre", cases.Consent, "acceptor", "principal_leader"},
		{"ss_card_window", cases.Guided, "window", "own_leader"},
		{"treasury_centre", cases.Guided, "anyone", "own_leader bank"},
		{"personnel_bureau", cases.Stays, "acceptor", "section_head directors_meeting"},
		{"school", cases.Stays, "anyone", "supervisor"},
		{"enterprise_hotline", cases.Stays, "designated", "own_leader superior_body"},
		{"none", cases.Stays, "anyone", "supervisor"},
	} {
		p := load(t, tt.policy)
		var ladder []string
		for _, l := range p.Escalation.Levels {
			ladder = append(ladder, string(l))
		}
		if p.Responsibility.Mode != tt.mode || p.FirstAsker.Pool != tt.pool || strings.Join(ladder, " ") != tt.ladder {
			t.Errorf("%s: responsibility %s, pool %s, ladder %v", tt.policy, p.Responsibility.Mode, p.FirstAsker.Pool, ladder)
		}
	}
}

// TestE38Ladder: the first broken promise costs an apology, the third and every one
// after it the same; nothing is proposed for what nobody verified (S24-R22, S24-R2).
func TestE38Ladder(t *testing.T) {
	t.Parallel()
	proposed := func(policy, offence string, count int, consequence cases.Consequence) string {
		var all []string
		for _, step := range load(t, policy).Sanctions.Propose(offence, count, consequence) {
			for _, s := range step.Propose {
				all = append(all, string(s))
			}
		}
		return strings.Join(all, " ")
	}
	for _, tt := range []struct {
		policy, offence string
		count           int
		consequence     cases.Consequence
		want            string
	}{
		{"township", "broken_promise", 0, "", ""},
		{"township", "broken_promise", 1, "", "criticism talk apology"},
		{"township", "broken_promise", 2, "", "circular"},
		{"township", "broken_promise", 3, "", "efficacy transfer_post"},
		{"township", "broken_promise", 4, "", "efficacy transfer_post"},
		{"township", "post_failure", 2, "", "standby"},
		{"township", "bouncing", 1, "none", "talk"},
		{"township", "bouncing", 3, "serious", "incompetent discipline"},
		{"township", "no such offence", 1, "", ""},
		{"property_slip", "bounce", 1, "", "circular fine"},                                               // S33-R14
		{"service_centre", "breach", 1, "bad", "criticism"},                                               // S21-R8
		{"ss_card_window", "refusal", 1, "", "criticism warning off_post"},                                // S18-R9
		{"gov_bureau_basic", "bouncing", 1, "", "criticism circular standby fine termination discipline"}, // S13-R10
		{"gov_bureau_migration", "neglect", 1, "", "accountability"},                                      // S23-R19
		{"personnel_bureau", "dereliction", 1, "serious", "discipline"},                                   // S25-R2
		{"none", "bounce", 1, "", ""},
	} {
		if got := proposed(tt.policy, tt.offence, tt.count, tt.consequence); got != tt.want {
			t.Errorf("%s, %s number %d %s: %q, want %q", tt.policy, tt.offence, tt.count, tt.consequence, got, tt.want)
		}
	}
}
