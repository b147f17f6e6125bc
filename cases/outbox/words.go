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
	Link     string // where a case can be looked at, before its number; empty: nowhere
}

var subjects = map[cases.EventKind]cases.Words{
	cases.EventReminded:  {ZH: "提醒：工单 %s「%s」", EN: "Reminder: case %s, %s"},
	cases.EventAtRisk:    {ZH: "即将超时：工单 %s「%s」", EN: "At risk: case %s, %s"},
	cases.EventBreached:  {ZH: "已超时：工单 %s「%s」", EN: "Overdue: case %s, %s"},
	cases.EventEscalated: {ZH: "超时上报：工单 %s「%s」", EN: "Overdue and escalated: case %s, %s"},
}

var dues = map[bool]cases.Words{ // by whether the time is over
	false: {ZH: "应于 %s 前完成", EN: "due by %s"},
	true:  {ZH: "应于 %s 前完成，现已超时", EN: "was due by %s"},
}

// Subject is a stage in one line.
func (w Words) Subject(f cases.FiredStage) string {
	return fmt.Sprintf(subjects[f.Stage.Kind.Event()].In(w.Language), f.Case, f.Clock.Words().In(w.Language))
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
		text += w.Link + string(f.Case) + "\r\n"
	}
	return text
}
