package console

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
)

// inspectionColumn is a column of the register of inspections, of which every line is a
// finding; of an inspection without any there is one line.
type inspectionColumn struct {
	cases.Words
	rules []string
	value func(inspectionLine) any
}

// inspectionLine is an inspection with one of its findings, for a reader.
type inspectionLine struct {
	cases.Reader
	i inspectionBody
	f findingBody
}

func (n inspectionLine) at(t *time.Time) any {
	if t == nil {
		return nil
	}
	return t.In(n.Zone).Format("2006-01-02 15:04")
}

func (n inspectionLine) yes(is bool) string {
	if is {
		return cases.Words{ZH: "是", EN: "yes"}.In(n.Language)
	}
	return cases.Words{ZH: "否", EN: "no"}.In(n.Language)
}

// whom are users as they are called; nobody is nobody.
func (n inspectionLine) whom(users ...string) string {
	var names []string
	for _, user := range users {
		if user != "" {
			names = append(names, n.Name(user))
		}
	}
	return strings.Join(names, cases.Words{ZH: "、", EN: ", "}.In(n.Language))
}

func (n inspectionLine) department(name string) string {
	if name == "" {
		return ""
	}
	return n.Title(name)
}

var inspectionColumns = []inspectionColumn{
	{cases.Words{ZH: "检查编号", EN: "inspection"}, nil, func(n inspectionLine) any { return n.i.ID }},
	{cases.Words{ZH: "检查方式", EN: "inspected by"}, []string{"S03-R6", "S03-R7", "S03-R8", "S22-R6"}, func(n inspectionLine) any { return cases.Inspector(n.i.By).Words().In(n.Language) }},
	{cases.Words{ZH: "外部检查单位", EN: "body outside"}, []string{"S03-R8"}, func(n inspectionLine) any { return n.i.Body }},
	{cases.Words{ZH: "定期检查", EN: "planned"}, []string{"S01-R12", "S22-R6"}, func(n inspectionLine) any { return n.yes(n.i.Planned) }},
	{cases.Words{ZH: "受检部门", EN: "department inspected"}, nil, func(n inspectionLine) any { return n.department(n.i.Department) }},
	{cases.Words{ZH: "检查负责人", EN: "led by"}, nil, func(n inspectionLine) any { return n.whom(n.i.Lead) }},
	{cases.Words{ZH: "参加人员", EN: "with"}, []string{"S22-R6"}, func(n inspectionLine) any { return n.whom(n.i.Members...) }},
	{cases.Words{ZH: "开始时间", EN: "begun"}, []string{"S01-R12"}, func(n inspectionLine) any { return n.at(&n.i.Opened) }},
	{cases.Words{ZH: "应完成时间", EN: "due"}, []string{"S03-R8"}, func(n inspectionLine) any { return n.at(n.i.Due) }},
	{cases.Words{ZH: "完成时间", EN: "concluded"}, nil, func(n inspectionLine) any { return n.at(n.i.Concluded) }},
	{cases.Words{ZH: "结论", EN: "conclusion"}, nil, func(n inspectionLine) any { return n.i.Conclusion }},
	{cases.Words{ZH: "问题或需求", EN: "finding"}, []string{"S01-R12", "S26-R4", "S22-R6"}, func(n inspectionLine) any { return n.f.Text }},
	{cases.Words{ZH: "类型", EN: "kind"}, []string{"S22-R6"}, func(n inspectionLine) any { return cases.FindingKind(n.f.Kind).Words().In(n.Language) }},
	{cases.Words{ZH: "标准", EN: "standard"}, []string{"S26-R4"}, func(n inspectionLine) any { return n.f.Standard }},
	{cases.Words{ZH: "工单编号", EN: "case"}, nil, func(n inspectionLine) any { return n.f.Case }},
	{cases.Words{ZH: "责任部门", EN: "department"}, nil, func(n inspectionLine) any { return n.department(n.f.Department) }},
	{cases.Words{ZH: "责任人", EN: "person"}, []string{"S26-R4"}, func(n inspectionLine) any { return n.whom(n.f.Person) }},
	{cases.Words{ZH: "整改要求", EN: "to be put right"}, []string{"S01-R12", "S26-R4"}, func(n inspectionLine) any { return n.f.Rectify }},
	{cases.Words{ZH: "整改人", EN: "by whom"}, []string{"S26-R4"}, func(n inspectionLine) any { return n.whom(n.f.For) }},
	{cases.Words{ZH: "整改期限", EN: "by when"}, []string{"S26-R4"}, func(n inspectionLine) any { return n.at(n.f.Due) }},
	{cases.Words{ZH: "整改状态", EN: "state"}, []string{"S26-R4"}, func(n inspectionLine) any { return cases.RectificationState(n.f.State).Words().In(n.Language) }},
	{cases.Words{ZH: "逾期", EN: "late"}, nil, func(n inspectionLine) any { return n.yes(n.f.Late > 0) }},
	{cases.Words{ZH: "整改情况", EN: "what was done"}, []string{"S26-R4"}, func(n inspectionLine) any { return n.f.Done }},
	{cases.Words{ZH: "证据", EN: "evidence"}, []string{"S26-R4"}, func(n inspectionLine) any { return n.f.Evidence }},
	{cases.Words{ZH: "验收人", EN: "checked by"}, []string{"S26-R4"}, func(n inspectionLine) any { return n.whom(n.f.Checked) }},
	{cases.Words{ZH: "验收意见", EN: "opinion"}, []string{"S26-R4"}, func(n inspectionLine) any { return n.f.Opinion }},
	{cases.Words{ZH: "验收时间", EN: "verified"}, []string{"S26-R4"}, func(n inspectionLine) any { return n.at(n.f.Verified) }},
	{cases.Words{ZH: "退回次数", EN: "done again"}, []string{"S26-R4"}, func(n inspectionLine) any { return n.f.Reopened }},
}

// inspectionFrom is the first column that is about the finding.
const inspectionFrom = 11

func (x *site) getInspectionFile(ctx context.Context, in *struct {
	Days
	Format   string `query:"format" enum:"csv,xlsx" default:"xlsx"`
	Language string `header:"Accept-Language" doc:"Of the file: zh or en."`
}) (*huma.StreamResponse, error) {
	w, err := x.window(in.Days)
	if err != nil {
		return nil, err
	}
	l := accepted(in.Language)
	return x.download(ctx, "inspections_"+in.From+"_"+in.Until, Format(in.Format), func(ctx context.Context, to io.Writer) (int, error) {
		list, err := x.Store.Inspections(ctx, w, false, registerLines)
		var seen []inspectionBody
		if err == nil {
			seen, err = x.inspectionsSeen(ctx, list, l)
		}
		if err != nil {
			return 0, err
		}
		t, err := newTable(Format(in.Format), to, l.word("inspections"))
		if err != nil {
			return 0, err
		}
		var notes [][]string
		var head []any
		for _, c := range inspectionColumns {
			head = append(head, c.In(string(l)))
			notes = append(notes, []string{c.In(string(l)), strings.Join(c.rules, ", ")})
		}
		if err := t.line(head...); err != nil {
			return 0, err
		}
		lines := 0
		for _, i := range seen {
			for _, line := range inspectionLines(i, x.reader(l)) {
				if err := t.line(line...); err != nil {
					return 0, err
				}
				lines++
			}
		}
		return lines, t.close(notes)
	})
}

// inspectionLines are those of one inspection.
func inspectionLines(i inspectionBody, r cases.Reader) (all [][]any) {
	findings := i.Findings
	if len(findings) == 0 {
		findings = []findingBody{{}}
	}
	for _, f := range findings {
		line := make([]any, len(inspectionColumns))
		for n, c := range inspectionColumns {
			if n < inspectionFrom || f.Finding > 0 {
				line[n] = c.value(inspectionLine{r, i, f})
			}
		}
		all = append(all, line)
	}
	return all
}
