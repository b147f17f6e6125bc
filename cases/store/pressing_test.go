package store_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
)

// TestPressingClocksByClass: each clock that presses counts in the class of its case, the
// first class if nobody has classified it, and other if the class is no more; what stands
// still, is in time, or is of a case that has ended presses nobody.
func TestPressingClocksByClass(t *testing.T) {
	t.Parallel()
	h := settle(t, 2)
	class := func(name, zh, en string) cases.ClassPolicy {
		return cases.ClassPolicy{Class: cases.Class(name), Title: cases.Words{ZH: zh, EN: en}}
	}
	classes := []cases.ClassPolicy{class("ordinary", "一般", "ordinary"), class("urgent", "紧急", "urgent"), class("advice", "咨询", "advice"), class("old", "旧", "old")}
	for _, s := range h.nodes {
		s.Rules.Policy.Classification.Classes = classes
	}
	h.scope.Policy.Classification.Classes = classes[:3] // the last is no more
	const late, warned, early = 90 * time.Minute, 50 * time.Minute, 10 * time.Minute
	opens := func(ago time.Duration, of cases.Class, moves ...cases.Move) cases.CaseNumber {
		t.Helper()
		n := h.saw(ago, "", pickedUp("asker"))
		if of != "" {
			moves = append([]cases.Move{cases.Classify{Class: of}}, moves...)
		}
		h.does(n, ago, asker, append([]cases.Move{matter("no water")}, moves...)...)
		return n
	}
	none := map[string]float64{}
	for _, of := range []string{"ordinary", "urgent", "advice", "other"} {
		none["deadlines_pressing class="+of+" state=at_risk"], none["deadlines_pressing class="+of+" state=overdue"] = 0, 0
	}
	said := map[string]float64{}
	for _, info := range []string{"advice name_en=advice name_zh=咨询", "ordinary name_en=ordinary name_zh=一般", "urgent name_en=urgent name_zh=紧急", "other name_en=other name_zh=其他"} {
		said["class_info class="+info] = 1
	}
	h.told(none, said)

	opens(late, "")
	opens(warned, "")
	opens(late, "ordinary")
	opens(late, "urgent", cases.Promise{What: "water", Due: h.now.Add(-time.Hour)}) // two clocks
	opens(warned, "urgent")
	opens(early, "urgent")
	opens(late, "urgent", cases.Wait{Reason: cases.PauseCaller, What: "his papers"})
	opens(late, "old")
	opens(warned, "old")
	ended := opens(late, "urgent", cases.Promise{What: "water", Due: h.now.Add(-time.Hour)})
	h.does(ended, 5*time.Minute, asker, cases.Withdraw{Reason: "it flows", Evidence: cases.Evidence{Paper: "1"}})
	changed := opens(late, "urgent")
	h.does(changed, 5*time.Minute, asker, cases.Classify{Class: "ordinary"})
	want := maps.Clone(none)
	for of, n := range map[string][2]float64{"ordinary": {1, 3}, "urgent": {1, 2}, "other": {1, 1}} {
		want["deadlines_pressing class="+of+" state=at_risk"], want["deadlines_pressing class="+of+" state=overdue"] = n[0], n[1]
	}
	h.told(want, said) // whether or not anybody has fired them
	h.fires()
	h.told(want, said)
}

// told checks what a snapshot says of classes.
func (h *house) told(all ...map[string]float64) {
	h.t.Helper()
	want, got := map[string]float64{}, map[string]float64{}
	for _, one := range all {
		maps.Copy(want, one)
	}
	for name, v := range figuresOf(h.snapshot()) {
		if strings.HasPrefix(name, "deadlines_pressing ") || strings.HasPrefix(name, "class_info ") {
			got[name] = v
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		h.t.Errorf("-want +got\n%s", diff)
	}
}
