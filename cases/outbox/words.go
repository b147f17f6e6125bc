package outbox

import (
	"fmt"
	"time"

	"shouwen/cases"
)

// Words puts notices into words for people.
type Words struct {
	Language string // zh-CN or en
	Zone     *time.Location
	Link     string // of the console, without a slash at its end; empty: nobody looks anywhere
}

var subjects = map[cases.EventKind]cases.Words{
	cases.EventReminded:  {ZH: "提醒：%s「%s」", EN: "Reminder: %s, %s"},
	cases.EventAtRisk:    {ZH: "即将超时：%s「%s」", EN: "At risk: %s, %s"},
	cases.EventBreached:  {ZH: "已超时：%s「%s」", EN: "Overdue: %s, %s"},
	cases.EventEscalated: {ZH: "超时上报：%s「%s」", EN: "Overdue and escalated: %s, %s"},
}

var dues = map[bool]cases.Words{ // by whether the time is over
	false: {ZH: "应于 %s 前完成", EN: "due by %s"},
	true:  {ZH: "应于 %s 前完成，现已超时", EN: "was due by %s"},
}

// Subject is a stage in one line.
func (w Words) Subject(f cases.FiredStage) string {
	about := cases.Words{ZH: "工单 " + string(f.Case), EN: "case " + string(f.Case)}
	if f.Inspection != 0 {
		about = cases.Words{ZH: fmt.Sprintf("检查 %d 问题 %d ", f.Inspection, f.Finding), EN: fmt.Sprintf("inspection %d, finding %d", f.Inspection, f.Finding)}
	}
	return fmt.Sprintf(subjects[f.Stage.Kind.Event()].In(w.Language), about.In(w.Language), f.Clock.Words().In(w.Language))
}

// page is where what a stage is about can be looked at.
func page(f cases.FiredStage) string {
	if f.Inspection != 0 {
		return fmt.Sprintf("/inspections/%d", f.Inspection)
	}
	return "/cases/" + string(f.Case)
}

// due says until when something is to be done.
func (w Words) due(f cases.FiredStage) string {
	over := f.Stage.Kind == cases.StageBreach || f.Stage.Kind == cases.StageEscalate
	return fmt.Sprintf(dues[over].In(w.Language), f.Due.In(w.Zone).Format("2006-01-02 15:04"))
}

// Line is a stage as a phone shows it.
func (w Words) Line(f cases.FiredStage) string {
	return w.Subject(f) + cases.Words{ZH: "，", EN: ", "}.In(w.Language) + w.due(f)
}

// Text is a stage as a letter says it. Nothing of the caller is in it.
func (w Words) Text(f cases.FiredStage) string {
	text := w.Subject(f) + "\r\n" + w.due(f) + "\r\n"
	if f.Department != "" {
		text += cases.Words{ZH: "承办部门：", EN: "Department: "}.In(w.Language) + f.Department + "\r\n"
	}
	if late := time.Duration(f.Late).Truncate(time.Minute); late >= time.Minute {
		text += fmt.Sprintf(cases.Words{ZH: "本通知迟到 %s。\r\n", EN: "This notice comes %s late.\r\n"}.In(w.Language), late)
	}
	if w.Link != "" {
		text += w.Link + page(f) + "\r\n"
	}
	return text
}
