package cases_test

import (
	"encoding/csv"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/profile"
)

func policies(t *testing.T) (all []cases.Policy) {
	t.Helper()
	for _, name := range profile.Policies() {
		p, err := profile.Policy(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// TestEveryColumnIsAskedFor: every column of every form of every policy names the rules
// it is there for (C05, C34), of the regulations the form is from where they ask for it.
func TestEveryColumnIsAskedFor(t *testing.T) {
	t.Parallel()
	known := catalogue(t)
	for _, p := range policies(t) {
		for _, f := range p.AllForms() {
			for _, c := range f.Columns {
				rules := f.Cite(c)
				if len(rules) == 0 {
					t.Errorf("%s: nobody asks for %s of %s", p.ID, c, f.Form)
				}
				for _, rule := range rules {
					if len(known) > 0 && !slices.Contains(known, rule) {
						t.Errorf("%s of %s cites %s, which is not in the catalogue", c, f.Form, rule)
					}
				}
				if w := c.Words(); w.ZH == "" || w.ZH == string(c) {
					t.Errorf("%s of %s has no words", c, f.Form)
				}
			}
		}
	}
}

// catalogue returns the ids of all rules, none where the catalogue is not at hand.
func catalogue(t *testing.T) (ids []string) {
	f, err := os.Open("../../shared/rules_index.csv")
	if err != nil {
		return nil
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		ids = append(ids, row[0])
	}
	return ids
}

// TestEveryOrganisationHasTheFormsOfTheRules: what its own policy does not say is as the
// rules have it: S02-R12 first-ask register, S06-R16 important matters, S05-R13 special
// event report, S33-R4 slip, S19-R5 receipt, S19-R8 pick-up register, S30-R12 log.
func TestEveryOrganisationHasTheFormsOfTheRules(t *testing.T) {
	t.Parallel()
	for _, p := range policies(t) {
		for form, rule := range map[string]string{
			cases.FormFirstAsk: "", cases.FormImportant: "S06-R16", cases.FormSpecial: "S05-R13", cases.FormSlip: "S33-R4",
			cases.FormReceipt: "S19-R5", cases.FormPickUp: "S19-R8", cases.FormHandover: "S30-R12",
		} {
			f, ok := p.Form(form)
			if !ok || rule != "" && !slices.Contains(f.Rules, rule) || len(f.Columns) < 4 {
				t.Errorf("%s: %s is %+v", p.ID, form, f)
			}
		}
		if _, ok := p.Form("no such form"); ok {
			t.Errorf("%s has any form", p.ID)
		}
	}
	csc, err := profile.Policy("property_csc")
	if err != nil {
		t.Fatal(err)
	}
	own, _ := csc.Form(cases.FormFirstAsk)
	if diff := cmp.Diff([]string{"S02-R9"}, own.Cite("department")); own.Title.ZH != "首问事项登记" || diff != "" {
		t.Errorf("its own register is %+v\n%s", own, diff)
	}
}

// TestFormsHoldWhatBelongsOnThem: S06-R16 major ones only, S24-R7 and S24-R8 what is
// registered, S33-R16 complaints, S25-R3 refusals, S28-R8 visitors.
func TestFormsHoldWhatBelongsOnThem(t *testing.T) {
	t.Parallel()
	at := map[cases.Milestone]time.Time{cases.AtRegistered: time.Unix(1, 0)}
	taken := map[cases.Milestone]time.Time{cases.AtAcceptance: time.Unix(1, 0)}
	done := map[cases.Milestone]time.Time{cases.AtHandled: time.Unix(1, 0)}
	of := func(f cases.File) cases.Case { return cases.Case{File: f} }
	for name, tt := range map[string]struct {
		policy, form string
		c            cases.Case
		want         bool
	}{
		"every call is registered":       {"none", cases.FormFirstAsk, cases.Case{}, true},
		"a question in a township":       {"township", cases.FormFirstAsk, of(cases.File{Matter: cases.Matter{Type: "consultation"}}), false},
		"a denunciation in a township":   {"township", cases.FormFirstAsk, of(cases.File{Matter: cases.Matter{Type: "denunciation"}}), true},
		"an ordinary matter":             {"property_retirement", cases.FormImportant, cases.Case{}, false},
		"a major one":                    {"property_retirement", cases.FormImportant, of(cases.File{Matter: cases.Matter{Flags: []cases.Flag{cases.FlagMajor}}}), true},
		"an emergency":                   {"property_classes", cases.FormSpecial, of(cases.File{Matter: cases.Matter{Class: "class_1"}}), true},
		"no emergency":                   {"property_classes", cases.FormSpecial, of(cases.File{Matter: cases.Matter{Class: "class_2"}}), false},
		"reported all the same":          {"none", cases.FormSpecial, of(cases.File{Special: &cases.FileIt{Text: "smoke"}}), true},
		"kept":                           {"property_slip", cases.FormSlip, cases.Case{}, false},
		"handed over":                    {"property_slip", cases.FormSlip, of(cases.File{Handed: []cases.HandOver{{Department: "repairs"}}}), true},
		"a complaint":                    {"property_slip", cases.FormComplaint, of(cases.File{Matter: cases.Matter{Type: "complaint"}}), true},
		"a repair":                       {"property_slip", cases.FormComplaint, of(cases.File{Matter: cases.Matter{Type: "repair"}}), false},
		"accepted":                       {"gov_city_window", cases.FormReceipt, cases.Case{Milestones: taken}, true},
		"not accepted":                   {"gov_city_window", cases.FormReceipt, cases.Case{Milestones: at}, false},
		"ready to be fetched":            {"gov_city_window", cases.FormPickUp, cases.Case{Milestones: done}, true},
		"not ready":                      {"gov_city_window", cases.FormPickUp, cases.Case{Milestones: taken}, false},
		"refused":                        {"personnel_bureau", cases.FormDenial, of(cases.File{Refusal: &cases.Refuse{Reason: "no right to it"}}), true},
		"not refused":                    {"personnel_bureau", cases.FormDenial, cases.Case{Milestones: at}, false},
		"a visitor":                      {"gov_bureau_basic", cases.FormVisit, of(cases.File{Matter: cases.Matter{Channel: "visit"}}), true},
		"a caller":                       {"gov_bureau_basic", cases.FormVisit, cases.Case{}, false},
		"materials taken":                {"gov_bureau_basic", cases.FormMaterials, of(cases.File{Cover: &cases.Cover{Materials: []string{"form 7"}}}), true},
		"none taken":                     {"gov_bureau_basic", cases.FormMaterials, cases.Case{}, false},
		"of an organisation's own, kept": {"service_centre", "application", cases.Case{Milestones: at}, true},
		"not registered":                 {"service_centre", "application", cases.Case{}, false},
	} {
		p, err := profile.Policy(tt.policy)
		if err != nil {
			t.Fatal(err)
		}
		f, ok := p.Form(tt.form)
		if !ok || f.Holds(tt.c, p) != tt.want {
			t.Errorf("%s: %t (there is %t), want %t", name, f.Holds(tt.c, p), ok, tt.want)
		}
	}
}

// TestALineIsWrittenForItsReader: times of his zone, names, and words of his language.
func TestALineIsWrittenForItsReader(t *testing.T) {
	t.Parallel()
	p, err := profile.Policy("property_csc")
	if err != nil {
		t.Fatal(err)
	}
	yes := 5
	c := cases.Case{
		Number: "261123-1-0001", Opened: time.Date(2026, 11, 23, 16, 30, 0, 0, time.UTC), FirstAsker: "clerk", Department: "repairs", Handler: "chief",
		File: cases.File{
			Matter: cases.Matter{Name: "王", Phone: "+8613900000001", Content: "停水", ReadBack: true, Class: "ordinary", Type: "repair", Channel: "visit"},
			Told:   []cases.Told{"department", "contact"}, Visits: []cases.Visit{{Answered: true, Satisfied: &yes}},
			Returned: &cases.Return{Code: "not_ours", Opinion: "供水公司的"},
		},
	}
	r := cases.Reader{
		Language: "zh-CN", Zone: time.FixedZone("", 8*3600), Policy: p,
		Name:  func(user string) string { return map[string]string{"clerk": "赵", "chief": "钱"}[user] },
		Title: func(name string) string { return map[string]string{"repairs": "维修部"}[name] },
	}
	f := cases.Form{Form: "x", Columns: []cases.Field{
		cases.FieldContactTime, cases.FieldChannel, cases.FieldFirstAsker, "department", "person", cases.FieldReadBack, cases.FieldClass, "matter_type", "reason_code", "opinion", "caller_told", "visit_record", "promised",
	}}
	for lang, want := range map[string][]string{
		"zh-CN": {"261123-1-0001", "2026-11-24 00:30", "来访", "赵", "维修部", "钱", "是", "一般", "报修", "不属本部门职责", "供水公司的", "部门、联系方式", "已答复，未解决，满意度 5", ""},
		"en":    {"261123-1-0001", "2026-11-24 00:30", "visit", "赵", "维修部", "钱", "yes", "ordinary", "repair", "not ours", "供水公司的", "department, contact", "answered, not solved, satisfied 5 of 5", ""},
	} {
		r.Language = lang
		if diff := cmp.Diff(want, r.Line(f, c, nil, "", time.Time{})); diff != "" {
			t.Errorf("%s: -want +got\n%s", lang, diff)
		}
	}
	r.Language = "en"
	log, _ := p.Form(cases.FormHandover)
	line := r.Line(log, c, &cases.HandOff{To: "chief", Note: "call back at nine"}, "clerk", c.Opened)
	if columns := r.Columns(log); len(line) != len(columns) || columns[1].Title != "handed over at" || line[2] != "赵" || line[3] != "钱" || line[len(line)-1] != "call back at nine" {
		t.Errorf("log: %q under %+v", line, columns)
	}
}
