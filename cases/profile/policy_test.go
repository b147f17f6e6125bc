package profile_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/profile"
)

func load(t *testing.T, name string) cases.Policy {
	t.Helper()
	p, err := profile.Policy(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func all(t *testing.T) (policies []cases.Policy) {
	for _, name := range profile.Policies() {
		policies = append(policies, load(t, name))
	}
	return policies
}

func TestPoliciesLoadAndExplainThemselves(t *testing.T) {
	t.Parallel()
	if n := len(profile.Policies()); n != 20 {
		t.Errorf("%d policies, want 20", n)
	}
	versions := map[string]string{}
	for _, p := range all(t) {
		if other, twice := versions[p.Ref().Version]; twice {
			t.Errorf("%s and %s have one version", p.ID, other)
		}
		versions[p.Ref().Version] = p.ID
		zh, en := p.Explain("zh-CN"), p.Explain("en")
		if len(zh) != len(en) || len(zh) < 20 {
			t.Errorf("%s: %d lines in Chinese, %d in English", p.ID, len(zh), len(en))
		}
		for _, line := range en {
			if strings.Contains(line, "_") && !strings.Contains(line, p.ID) {
				t.Errorf("%s: no words for %q", p.ID, line)
			}
		}
	}
}

// TestLimitsAreThoseOfTheRules holds every limit of every policy against the rules
// catalogue (D1). A limit that is not in this list is a number somebody invented.
func TestLimitsAreThoseOfTheRules(t *testing.T) {
	t.Parallel()
	want := strings.Fields(`
		property_csc/transfer:30min:S02-R8 property_csc/report_leader:immediate:S02-R10 property_csc/result_to_first_asker:60min:S02-R11
		property_classes/report_manager:immediate:S05-R9 property_classes/confirm:immediate:S05-R10 property_classes/order:immediate:S05-R11
		property_classes/report_leader:immediate:S05-R12 property_classes/emergency_news:24h:S05-R14
		property_classes/report_reception:immediate:S05-R16 property_classes/hazard_notice:24h:S05-R19
		property_retirement/notify_handler:20min:S06-R9 property_retirement/transfer:30min:S06-R10 property_retirement/transfer:immediate:S06-R7
		property_retirement/report_leader:immediate:S06-R14 property_retirement/first_reply:60min:S06-R17 property_retirement/return_visit:2d:S06-R18
		property_slip/handle:immediate:S33-R3 property_slip/slip:1h:S33-R4 property_slip/assign:immediate:S33-R5 property_slip/reply_department:1wd:S33-R6
		property_basic/handle:immediate:S27-R2
		hotel/unblock:immediate:S30-R4 hotel/handle:immediate:S30-R3 hotel/assign:immediate:S30-R8 hotel/reply_department:1wd:S30-R8 hotel/delivery:3min:S29-R1 hotel/order:immediate:S30-R17
		mall/handle:immediate:S10-R2
		gov_city_window/distribute:2wd:S19-R7 gov_city_window/validity:5y:S19-R13
		gov_bureau_migration/reply_caller:same_day:S23-R7 gov_bureau_migration/accept:immediate:S23-R5 gov_bureau_migration/transfer:immediate:S23-R6
		gov_bureau_migration/reply_study:15wd:S23-R8 gov_bureau_migration/reply_study:immediate:S23-R8 gov_bureau_migration/reply_letter:3wd:S23-R9
		gov_bureau_migration/inquiry:30wd:S23-R24 gov_bureau_migration/serve_decision:10wd:S23-R25
		gov_bureau_migration/review_request:15d:S23-R26 gov_bureau_migration/review_decision:30d:S23-R26
		gov_bureau_basic/handle:immediate:S04-R1 gov_bureau_basic/report_leader:immediate:S28-R6
		township/arrival:immediate:S24-R30 township/arrival:30min:S24-R27 township/arrival:30min:S24-R28 township/arrival:60min:S24-R28
		township/arrival:60min:S24-R29 township/arrival:90min:S24-R29 township/arrival:immediate:S24-R29
		township/agent_matter:5wd:S24-R32 township/agent_matter:1wd:S24-R31
		township/reply_caller:15d:S24-R25 township/reply_caller:same_day:S24-R25 township/reply_caller:7d:S24-R25
		insurance/dispatch_call:immediate:S17-R7 insurance/departure:immediate:S17-R7
		enterprise_hotline/handle:immediate:S09-R4`)
	var got []string
	for _, p := range all(t) {
		for _, c := range p.Clocks {
			if c.Limit != nil && c.Limit.Unit != cases.AsPromised {
				got = append(got, fmt.Sprintf("%s/%s:%s:%s", p.ID, c.Kind, c.Limit, slices.Concat(c.Rules, []string{"none"})[0]))
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	for _, g := range got {
		if !slices.Contains(want, g) {
			t.Errorf("%s is not in the rules", g)
		}
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%s is missing", w)
		}
	}
}

// TestEveryValueCitesItsRule: what a policy says is from a regulation, or the habit of
// a hotline that the policy none has.
func TestEveryValueCitesItsRule(t *testing.T) {
	t.Parallel()
	habits := load(t, "none").Gates
	for _, p := range all(t) {
		if p.ID == "none" {
			continue
		}
		for _, c := range p.Clocks {
			if len(c.Rules) == 0 && c.Limit != nil {
				t.Errorf("%s: clock %s cites no rule", p.ID, c.Kind)
			}
		}
		for _, g := range p.Gates {
			if len(g.Rules) == 0 && !slices.ContainsFunc(habits, func(n cases.Gating) bool { return reflect.DeepEqual(n, g) }) {
				t.Errorf("%s: gate before %s cites no rule", p.ID, g.Before)
			}
		}
		for path, ids := range p.Rules {
			for _, id := range ids {
				if source, _, _ := strings.Cut(id, "-"); !slices.Contains(p.Sources, source) && !borrowed[p.ID+" "+id] {
					t.Errorf("%s: %s cites %s, which is not one of its sources %v", p.ID, path, id, p.Sources)
				}
			}
		}
	}
}

// borrowed are rules a policy takes from a regulation of another kind of organisation.
var borrowed = map[string]bool{"personnel_bureau S24-R26": true}

// TestConflictsAreSettings: where the regulations contradict each other (C40), some two
// policies differ in just that setting.
func TestConflictsAreSettings(t *testing.T) {
	t.Parallel()
	policies := all(t)
	limits := func(p cases.Policy, kinds ...cases.ClockKind) (all []string) {
		for _, c := range p.Clocks {
			if slices.Contains(kinds, c.Kind) && c.Limit != nil {
				all = append(all, c.Limit.String())
			}
		}
		return all
	}
	starts := func(p cases.Policy) (all []cases.Milestone) {
		for _, c := range p.Clocks {
			if c.Inferred {
				all = append(all, c.Start)
			}
		}
		return all
	}
	for x, of := range map[string]func(cases.Policy) any{
		"X1 transfer.deadline": func(p cases.Policy) any {
			return limits(p, cases.ClockTransfer, cases.ClockNotifyHandler, cases.ClockSlip, cases.ClockDistribute)
		},
		"X2 feedback.deadline": func(p cases.Policy) any { return limits(p, cases.ClockResultToAsker, cases.ClockEmergencyNews) },
		"X3 reply.deadline": func(p cases.Policy) any {
			return limits(p, cases.ClockFirstReply, cases.ClockReplyDepartment, cases.ClockReplyCaller, cases.ClockReplyLetter, cases.ClockReplyStudy, cases.ClockHazardNotice, cases.ClockAgentMatter)
		},
		"X4 return_visit":               func(p cases.Policy) any { return [2]any{p.ReturnVisit.Required, limits(p, cases.ClockReturnVisit)} },
		"X5 responsibility.mode":        func(p cases.Policy) any { return p.Responsibility.Mode },
		"X6 first_asker.pool":           func(p cases.Policy) any { return p.FirstAsker.Pool },
		"X7 first_asker.tie_break":      func(p cases.Policy) any { return p.FirstAsker.TieBreak },
		"X8 absent_handler":             func(p cases.Policy) any { return p.AbsentHandler },
		"X9 transfer.mode":              func(p cases.Policy) any { return p.Transfer.Mode },
		"X10 unclear.policy":            func(p cases.Policy) any { return p.Unclear.Policy },
		"X11 escalation":                func(p cases.Policy) any { return p.Escalation.RequireProposal },
		"X12 complaint.route":           func(p cases.Policy) any { return p.Complaint.Route },
		"X13 extension":                 func(p cases.Policy) any { return p.Extension.Mode },
		"X14 slip.refusal":              func(p cases.Policy) any { return p.Slip.Refusal },
		"X15 reply.by":                  func(p cases.Policy) any { return [2]any{p.Reply.By, p.Reply.All} },
		"X16 feedback.target":           func(p cases.Policy) any { return p.Feedback.Target },
		"X17 grade.gap_policy":          func(p cases.Policy) any { return [2]any{p.Assessment.PassUpTo, p.Assessment.GapPolicy} },
		"X18 sanctions.ladder":          func(p cases.Policy) any { return p.Sanctions.Ladder },
		"X19 calendar":                  func(p cases.Policy) any { return limits(p, cases.ClockReturnVisit, cases.ClockReplyDepartment) },
		"X20 classification.scheme":     func(p cases.Policy) any { return p.Classification.Scheme },
		"X21 sanctions.money":           func(p cases.Policy) any { return p.Sanctions.Money },
		"X22 register.required":         func(p cases.Policy) any { return p.Required(cases.BeforeHandOver, cases.Facts{}) },
		"X23 banned_phrases":            func(p cases.Policy) any { return [2]any{p.Conduct.BannedPhrases, p.Conduct.Effect} },
		"X24 forms.copies":              func(p cases.Policy) any { return p.Forms },
		"X25 emergency.arrival":         func(p cases.Policy) any { return limits(p, cases.ClockArrival) },
		"X26 one_time_notice":           func(p cases.Policy) any { return [2]any{p.OneTimeNotice.Form, p.OneTimeNotice.MaxTrips} },
		"X27 route":                     func(p cases.Policy) any { return p.Classification.Classes },
		"X28 agent_identity":            func(p cases.Policy) any { return [2]any{p.AgentIdentity, p.Classified} },
		"X29 read_back":                 func(p cases.Policy) any { return p.ReadBack },
		"X30 publish.period":            func(p cases.Policy) any { return p.Publish.Period },
		"X31 liability.tiers":           func(p cases.Policy) any { return p.Liability.Tiers },
		"X32 sanctions.both_sides":      func(p cases.Policy) any { return p.Sanctions.BothSides },
		"X33 transfer.tell_caller":      func(p cases.Policy) any { return p.Transfer.TellCaller },
		"X34 clock.start":               func(p cases.Policy) any { return starts(p) },
		"X35 effective":                 func(p cases.Policy) any { return p.Effective },
		"X36 complaint.lines":           func(p cases.Policy) any { return len(p.Complaint.Lines) },
		"X37 sanctions.late_department": func(p cases.Policy) any { return p.Sanctions.LateDepartment },
		"X38 register.when":             func(p cases.Policy) any { return p.Register.When },
	} {
		values := map[string]bool{}
		for _, p := range policies {
			values[fmt.Sprint(of(p))] = true
		}
		if len(values) < 2 {
			t.Errorf("%s: every policy says %v", x, values)
		}
	}
}

// TestClocksOfTheScenarios reads clocks off the policies as the scenarios do, without a
// case around them.
func TestClocksOfTheScenarios(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		policy string
		facts  cases.Facts
		start  cases.Milestone
		at     string
		clock  cases.ClockKind
		due    string // empty: measured; none: no such clock
	}{
		"E06":                          {"property_csc", cases.Facts{Class: "ordinary"}, cases.AtContact, "2025-03-04 09:00", cases.ClockTransfer, "2025-03-04 09:30"},
		"E06 solved by himself":        {"property_csc", cases.Facts{Class: "ordinary", Flags: []cases.Flag{cases.FlagOwn}}, cases.AtContact, "2025-03-04 09:00", cases.ClockTransfer, "none"},
		"E05":                          {"property_classes", cases.Facts{Class: "class_3"}, cases.AtContact, "2025-03-04 09:00", cases.ClockTransfer, "none"},
		"E07 retirement":               {"property_retirement", cases.Facts{Class: "retirement"}, cases.AtContact, "2025-03-04 09:00", cases.ClockNotifyHandler, "2025-03-04 09:20"},
		"E07 property":                 {"property_retirement", cases.Facts{Class: "property"}, cases.AtContact, "2025-03-04 09:00", cases.ClockTransfer, "2025-03-04 09:30"},
		"E07 umbrella":                 {"property_retirement", cases.Facts{Class: "property"}, cases.AtContact, "2025-03-04 09:00", cases.ClockFirstReply, "2025-03-04 10:00"},
		"E07 no 20 minutes":            {"property_retirement", cases.Facts{Class: "property"}, cases.AtContact, "2025-03-04 09:00", cases.ClockNotifyHandler, "none"},
		"E08":                          {"property_slip", cases.Facts{Class: "other"}, cases.AtRegistered, "2025-03-04 10:00", cases.ClockSlip, "2025-03-04 11:00"},
		"E09":                          {"property_slip", cases.Facts{Class: "other"}, cases.AtReceived, "2025-03-07 16:50", cases.ClockReplyDepartment, "2025-03-10 16:50"},
		"E12":                          {"property_classes", cases.Facts{Class: "class_1"}, cases.AtJudged, "2025-03-04 02:00", cases.ClockEmergencyNews, "2025-03-05 02:00"},
		"E13":                          {"property_classes", cases.Facts{Class: "class_1", Flags: []cases.Flag{cases.FlagNoPlan}}, cases.AtOwnerConfirmed, "2025-03-04 02:00", cases.ClockReportLeader, ""},
		"E15 hazard":                   {"property_classes", cases.Facts{Class: "class_2", Flags: []cases.Flag{cases.FlagHazard}}, cases.AtHandled, "2025-03-04 12:00", cases.ClockHazardNotice, "2025-03-05 12:00"},
		"E15 no hazard":                {"property_classes", cases.Facts{Class: "class_2"}, cases.AtHandled, "2025-03-04 12:00", cases.ClockHazardNotice, "none"},
		"E16":                          {"property_csc", cases.Facts{Class: "ordinary"}, cases.AtHandled, "2025-03-04 14:00", cases.ClockResultToAsker, "2025-03-04 15:00"},
		"E17":                          {"property_retirement", cases.Facts{Class: "property"}, cases.AtHandled, "2025-03-07 10:00", cases.ClockReturnVisit, "2025-03-09 10:00"},
		"E28":                          {"gov_city_window", cases.Facts{Class: "any"}, cases.AtAcceptance, "2025-03-06 15:00", cases.ClockDistribute, "2025-03-10 15:00"},
		"E30":                          {"gov_bureau_migration", cases.Facts{Class: "citizen_letter"}, cases.AtContact, "2025-03-04 09:00", cases.ClockReplyLetter, "2025-03-07 09:00"},
		"S23-R9 inquiry needed: lost":  {"gov_bureau_migration", cases.Facts{Class: "citizen_letter", Flags: []cases.Flag{cases.FlagInquiry}}, cases.AtContact, "2025-03-04 09:00", cases.ClockReplyLetter, ""},
		"E35 solvable":                 {"township", cases.Facts{Class: "matter", Flags: []cases.Flag{cases.FlagSolvable}}, cases.AtContact, "2025-03-04 09:00", cases.ClockReplyCaller, "2025-03-04 23:59:59.999999"},
		"E35 normal":                   {"township", cases.Facts{Class: "matter"}, cases.AtContact, "2025-03-04 09:00", cases.ClockReplyCaller, "2025-03-11 09:00"},
		"E35 special":                  {"township", cases.Facts{Class: "matter", Flags: []cases.Flag{cases.FlagSpecial}}, cases.AtContact, "2025-03-04 09:00", cases.ClockReplyCaller, "2025-03-19 09:00"},
		"E36 rain not long enough":     {"township", cases.Facts{Class: "flood", Level: 3}, cases.AtAlarm, "2025-03-04 09:00", cases.ClockArrival, "none"},
		"E36 rain":                     {"township", cases.Facts{Class: "flood", Level: 3, Flags: []cases.Flag{cases.FlagRain}}, cases.AtAlarm, "2025-03-04 09:00", cases.ClockArrival, "2025-03-04 09:30"},
		"E36 level IV of flood":        {"township", cases.Facts{Class: "flood", Level: 4, Flags: []cases.Flag{cases.FlagRain}}, cases.AtAlarm, "2025-03-04 09:00", cases.ClockArrival, "none"},
		"E36 safety IV":                {"township", cases.Facts{Class: "safety", Level: 4}, cases.AtAlarm, "2025-03-04 09:00", cases.ClockArrival, "2025-03-04 10:00"},
		"E36 safety II":                {"township", cases.Facts{Class: "safety", Level: 2}, cases.AtAlarm, "2025-03-04 09:00", cases.ClockArrival, "2025-03-04 09:30"},
		"E36 county":                   {"township", cases.Facts{Class: "petition_county"}, cases.AtAlarm, "2025-03-04 09:00", cases.ClockArrival, "2025-03-04 10:30"},
		"E36 city":                     {"township", cases.Facts{Class: "petition_city"}, cases.AtAlarm, "2025-03-04 09:00", cases.ClockArrival, ""},
		"E39 inquiry":                  {"gov_bureau_migration", cases.Facts{Class: "request"}, cases.AtInquiryOpened, "2025-03-03 09:00", cases.ClockInquiry, "2025-04-15 09:00"},
		"E39 review":                   {"gov_bureau_migration", cases.Facts{Class: "request"}, cases.AtServed, "2025-03-03 09:00", cases.ClockReviewRequest, "2025-03-18 09:00"},
		"S19-R13 valid for five years": {"gov_city_window", cases.Facts{Class: "any"}, cases.AtIssued, "2025-03-03 09:00", cases.ClockValidity, "2030-03-03 09:00"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cal, err := profile.Calendar("china", shanghai(t))
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.ParseInLocation("2006-01-02 15:04", tt.at, cal.Zone)
			if err != nil {
				t.Fatal(err)
			}
			got := "none"
			for _, c := range load(t, tt.policy).Start(tt.start, tt.facts, at, cal) {
				if c.Kind != tt.clock {
					continue
				}
				got = ""
				if !c.Due.IsZero() {
					got = strings.TrimSuffix(c.Due.In(cal.Zone).Format("2006-01-02 15:04:05.999999"), ":00")
				}
			}
			if got != tt.due {
				t.Errorf("due %q, want %q", got, tt.due)
			}
		})
	}
}

func TestPolicyErrorsSayWhere(t *testing.T) {
	t.Parallel()
	const head = "id: own\ntitle: {zh: 本公司, en: ours}\n"
	for name, tt := range map[string]struct{ yaml, want string }{
		"empty":               {"", "[1:1] is empty"},
		"unknown key":         {head + "transfers: {}\n", "[3:1]"},
		"unknown key below":   {head + "transfer:\n  modus: warm\n", "[4:3]"},
		"bad word":            {head + "transfer:\n  mode: luke_warm\n", "[4:9] transfer.mode: is \"luke_warm\", want one of cold, number_only, warm_required"},
		"bad word of a list":  {head + "reply: {by: [department, nobody]}\n", "[3:26] reply.by[1]: is \"nobody\""},
		"no id":               {"title: {zh: 本公司, en: ours}\n", "id: is \"\""},
		"no limit":            {head + "clocks:\n  - {clock: transfer, start: contact, stop: [received]}\n", "[4:5] this clock has no limit"},
		"bad limit":           {head + "clocks:\n  - {clock: transfer, start: contact, stop: [received], limit: 3weeks}\n", "[4:64] clocks[0].limit: \"3weeks\" is no limit; write it like 15s, 30min"},
		"bad start":           {head + "clocks:\n  - {clock: transfer, start: dawn, stop: [received], limit: null}\n", "clocks[0].start: is \"dawn\""},
		"the click":           {head + "clocks:\n  - {clock: handle, start: accepted, stop: [handled], limit: 3wd}\n", "[4:28] clocks[0].start: a limit cannot wait for the department's own click"},
		"bad void":            {head + "clocks:\n  - {clock: handle, start: contact, stop: [handled], void: [dawn], limit: 3wd}\n", "clocks[0].void[0]: is \"dawn\""},
		"never used":          {head + "clocks:\n  - {clock: handle, start: contact, stop: [handled], limit: null}\n  - {clock: handle, if: [major], start: contact, stop: [handled], limit: 3wd}\n", "[5:13] clocks[1].clock: is never used"},
		"never stops":         {head + "clocks:\n  - {clock: transfer, start: contact, stop: [], limit: null}\n", "clocks[0].stop: is empty"},
		"unknown class":       {head + "clocks:\n  - {clock: transfer, class: [gold], start: contact, stop: [received], limit: null}\n", "no class \"gold\""},
		"unknown field":       {head + "gates:\n  - {before: close, need: [shoe_size], rules: []}\n", "[4:28] gates[0].need[0]: is \"shoe_size\""},
		"bad rule":            {head + "gates:\n  - {before: close, need: [result], rules: [R7]}\n", "\"R7\" is no rule id"},
		"no approver":         {head + "extension: {mode: approval}\n", "extension.approver: is empty"},
		"nobody consents":     {head + "responsibility: {mode: consent}\n", "responsibility.approver: is empty"},
		"weights":             {head + "assessment: {group_weight: 60, recipients_weight: 30}\n", "the weights are 90"},
		"fine for nothing":    {head + "sanctions: {money: [{offence: x, min: 20, max: 10, whom: [handler], rules: []}]}\n", "no offence \"x\""},
		"bad quiet hours":     {head + "quiet_hours: [13-14]\n", "quiet_hours[0]"},
		"anchors":             {head + "transfer: &x {mode: cold}\n", "anchors"},
		"too deep":            {head + "transfer: " + strings.Repeat("{a: ", 50) + "\n", "within each other"},
		"number for a word":   {head + "read_back: perhaps\n", "[3:12]"},
		"own version":         {head + "version: abc\n", "[3:10] version is worked out"},
		"two documents":       {head + "---\n" + head, "more than one document"},
		"every problem":       {head + "agent_identity: x\nwarn: {remind: 90, at_risk: 50}\n", "is not after the reminder"},
		"every problem, both": {head + "agent_identity: x\nwarn: {remind: 90, at_risk: 50}\n", "agent_identity: is \"x\""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := profile.LoadPolicy([]byte(tt.yaml)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q in it", err, tt.want)
			}
		})
	}
}

// TestOwnPolicy copies one, edits it and gets another version with the rest unchanged.
func TestOwnPolicy(t *testing.T) {
	t.Parallel()
	b, err := profile.Source("property_csc")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(b), "id: property_csc", "id: ours", 1)
	own = strings.Replace(own, "limit: 30min", "limit: 20min", 1)
	p, err := profile.LoadPolicy([]byte(own))
	if err != nil {
		t.Fatal(err)
	}
	shipped := load(t, "property_csc")
	if p.Ref().Version == shipped.Ref().Version || p.ID != "ours" {
		t.Errorf("own policy is %v", p.Ref())
	}
	var kept cases.Policy
	if b, err := json.Marshal(p); err != nil || json.Unmarshal(b, &kept) != nil || kept.Versioned().Ref() != p.Ref() {
		t.Errorf("%v; a policy that was stored is another one: %v", err, kept.Versioned().Ref())
	}
	if got := p.Clocks[0].Limit.String(); got != "20min" {
		t.Errorf("limit = %s", got)
	}
	if again, err := profile.LoadPolicy([]byte("# a comment\n" + own)); err != nil || again.Ref() != p.Ref() {
		t.Errorf("%v; a comment makes another version", err)
	}
	if got := p.Rules["first_asker.agency"]; !slices.Equal(got, []string{"S02-R1"}) {
		t.Errorf("rules of first_asker.agency = %v", got)
	}
	if _, err := profile.Policy("hospital"); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("a policy that does not exist: %v", err)
	}
}
