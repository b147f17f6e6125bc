package cases

import (
	"slices"
	"strings"
	"time"
)

// Reader is for whom a register is written.
type Reader struct {
	Language string                   // like zh-CN or en
	Zone     *time.Location           // of its times
	Policy   Policy                   // whose words it has
	Name     func(user string) string // of a person; what it does not know it returns as it is
	Title    func(name string) string // of a department, likewise
}

// Fields by what their values are.
var (
	timeFields = []Field{
		FieldContactTime, "promised", "estimate", "appointment", "joint_limit", "owner_confirmation", "department_signature", "pickup_entry", "solved_time",
	}
	userFields = []Field{
		FieldFirstAsker, "person", "handler_signature", "leader_signature", "approver", "leader", "coordinator", "new_responsible", "consulted_leader",
	}
)

var (
	channels = vocabulary[string]{
		"call": {"来电", "call"}, "visit": {"来访", "visit"}, "letter": {"来信", "letter"}, "message": {"短信", "message"}, "mail": {"邮件", "mail"},
		"web": {"网络", "web"}, "box": {"意见箱", "suggestion box"}, "book": {"意见簿", "opinion book"},
	}
)

// Write returns value, of field f, as it stands in a register. An empty one stays so.
func (r Reader) Write(f Field, value string) string {
	lang := r.Language
	switch {
	case value == "":
		return ""
	case value == ticked(true):
		return Words{"是", "yes"}.In(lang)
	case slices.Contains(timeFields, f):
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			return r.when(at)
		}
		return value
	case slices.Contains(userFields, f):
		return r.Name(value)
	}
	switch f {
	case "department":
		return r.Title(value)
	case FieldChannel:
		return channels.of(value).In(lang)
	case FieldClass:
		if class, ok := r.Policy.Class(Class(value)); ok {
			return class.Title.In(lang)
		}
	case "matter_type":
		return matterTypes.of(MatterType(value)).In(lang)
	case "notice":
		return noticeForms.of(NoticeForm(value)).In(lang)
	case "reason_code":
		return returnCodes.of(ReturnCode(value)).In(lang)
	case "caller_told":
		var words []string
		for t := range strings.SplitSeq(value, ", ") {
			words = append(words, told.of(Told(t)).In(lang))
		}
		return strings.Join(words, Words{"、", ", "}.In(lang))
	}
	return value
}

// Column is a column of a register.
type Column struct {
	Field Field // empty: what every line begins with
	Title string
	Rules []string // that ask for it
}

// Columns returns those of f: what every line begins with, then its own.
func (r Reader) Columns(f Form) []Column {
	if f.Form == FormGaps {
		return r.gapColumns(f)
	}
	all := []Column{{Title: Words{"工单编号", "case"}.In(r.Language)}}
	if f.Event() != "" {
		for _, w := range []Words{{"交接时间", "handed over at"}, {"交班人", "by"}, {"接班人", "to"}} {
			all = append(all, Column{Title: w.In(r.Language), Rules: f.Rules})
		}
	}
	for _, c := range f.Columns {
		all = append(all, Column{c, c.Words().In(r.Language), f.Cite(c)})
	}
	return all
}

// Line returns c's line on form f, in the order of its columns. Of a form whose lines
// are made by events, left is the note the line is about, which by left at at.
func (r Reader) Line(f Form, c Case, left *HandOff, by string, at time.Time) []string {
	register := c.Register()
	line := []string{string(c.Number)}
	if left != nil {
		register["handover_note"] = left.Note
		line = append(line, r.when(at), r.Name(by), r.Name(left.To))
	}
	if n := len(c.File.Visits); n > 0 {
		register["visit_record"] = c.File.Visits[n-1].words().In(r.Language)
	}
	for _, column := range f.Columns {
		line = append(line, r.Write(column, register[column]))
	}
	return line
}

func (r Reader) when(t time.Time) string { return t.In(r.Zone).Format("2006-01-02 15:04") }

// words say what the caller said in a return visit.
func (v Visit) words() Words {
	answered, solved := Words{"未答复", "not answered"}, Words{"未解决", "not solved"}
	if v.Answered {
		answered = Words{"已答复", "answered"}
	}
	if v.Solved {
		solved = Words{"已解决", "solved"}
	}
	w := Words{answered.ZH + "，" + solved.ZH, answered.EN + ", " + solved.EN}
	if v.Satisfied != nil {
		w.ZH, w.EN = w.ZH+"，满意度 "+itoa(*v.Satisfied), w.EN+", satisfied "+itoa(*v.Satisfied)+" of 5"
	}
	return w
}
