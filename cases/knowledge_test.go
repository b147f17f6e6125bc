package cases_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
)

// estate has what there is to know of two departments.
func estate() cases.Directory {
	return cases.Directory{
		Departments: []cases.Department{
			{Name: "repairs", Title: "维修部", Extension: "200", Duties: "水、电、电梯的报修", Workflow: []string{"派单", "上门", "业主签字"}, Contact: "2号楼一层"},
			{Name: "office", Title: "办公室", Extension: "300", Duties: "Parking permits and keys", Contact: "Building 1"},
		},
		Categories: []cases.Category{
			{Name: "heater", Title: "热水器漏水", Department: "repairs", Words: []string{"漏水", "boiler"}, Answer: "请先关总阀。", Notice: map[cases.NoticeItem]string{"limit": "24小时内上门", "procedure": "派单后上门"}},
			{Name: "lift", Title: "电梯故障", Department: "repairs"},
			{Name: "parking", Title: "Parking permit", Department: "office", Notice: map[cases.NoticeItem]string{"fees": "100 yuan a year"}},
		},
		People: []cases.Person{{User: "1001", Name: "张三", Extension: "1001", Department: "repairs"}},
	}
}

// TestS10R5_WhatThereIsToKnowIsFound: S10-R5, scenario E25: own and other departments' duties and
// workflows, as an agent types or a caller says it.
func TestS10R5_WhatThereIsToKnowIsFound(t *testing.T) {
	t.Parallel()
	d := estate()
	for text, want := range map[string][]string{
		"热水器":            {"heater"},
		"我家漏水了怎么办":       {"heater"},                    // a word callers use
		"热水器坏了":          {"heater"},                    // two parts of four
		"电梯":             {"lift", "repairs"},           // its own name before what a department does
		"上门":             {"repairs", "heater"},         // a step, and a notice
		"签字":             {"repairs"},                   // workflow
		"BOILER":         {"heater"},                    // whatever the case
		"parkng permits": {"parking", "office"},         // misspelt
		"yuan":           {"parking"},                   // fees
		"张三":             {"repairs"},                   // who is there
		"300":            {"office"},                    // whose extension
		"水":              {"heater", "repairs"},         // too short for parts
		"维修部":            {"repairs", "heater", "lift"}, // with its matters
		"天气":             nil,
	} {
		var got []string
		for _, topic := range d.Search(text, 10) {
			if name := topic.Category.Name; name != "" {
				got = append(got, name)
			} else {
				got = append(got, topic.Department.Name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: -want +got\n%s", text, diff)
		}
	}
	if n := len(d.Search("维修部", 2)); n != 2 {
		t.Errorf("%d topics, want 2", n)
	}
}

// TestTheNoticeOfAMatter: what the policy wants told comes first, whether somebody has
// written it down or not; its lists are the materials.
func TestTheNoticeOfAMatter(t *testing.T) {
	t.Parallel()
	p := cases.OneTimeNotice{Content: []cases.NoticeItem{"procedure", "materials", "missing", "basis"}, Lists: map[string][]string{"heater": {"身份证", "房产证"}}}
	topic, ok := estate().Topic("heater")
	if !ok {
		t.Fatal("no such topic")
	}
	want := []cases.NoticePoint{
		{"procedure", []string{"派单后上门"}, true}, {"materials", []string{"身份证", "房产证"}, true}, {"basis", nil, true}, {"limit", []string{"24小时内上门"}, false},
	}
	if diff := cmp.Diff(want, p.Points(topic.Category)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if _, ok := estate().Topic(""); ok {
		t.Error("a department is the topic of no category")
	}
	if i := slices.IndexFunc(p.Points(cases.Category{}), func(n cases.NoticePoint) bool { return len(n.Text) > 0 }); i >= 0 {
		t.Error("something is told of nothing")
	}
}
