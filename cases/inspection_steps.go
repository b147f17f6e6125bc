package cases

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// InspectionStep is something a person does in an inspection: one of the exported types
// of this package that have a Step. Steps are plain values; the log keeps each of them.
type InspectionStep interface {
	Step() string
	take(d *inspecting)
}

// InspectionError says why a step was refused. The inspection is as it was.
type InspectionError struct {
	Step string
	Refusal
}

func (e *InspectionError) Error() string { return fmt.Sprintf("inspection: %s: %s", e.Step, e.Refusal) }

// inspecting is a step being taken.
type inspecting struct {
	Rulebook
	i      Inspection
	people Directory
	by     Actor
	at     time.Time
	Refusal
}

// known asks for a user of the directory; none is one unless must is set.
func (d *inspecting) known(user, field string, must bool) {
	_, ok := d.people.Person(user)
	d.need(ok || user == "" && !must, field, Words{"通讯录中的人员", "a user of the directory"})
}

// Take returns i after a step that by takes at at, where people are who is who. It
// changes nothing. The error is an *InspectionError.
func (i Inspection) Take(s InspectionStep, by Actor, at time.Time, r Rulebook, people Directory) (Inspection, error) {
	d := &inspecting{Rulebook: r, i: i, people: people, by: by, at: micros(at)}
	d.i.Findings, d.i.Members = slices.Clone(i.Findings), slices.Clone(i.Members)
	_, begins := s.(Inspect)
	switch {
	case by.User == "":
		d.refuse(RefusedRole, "")
	case begins != i.Opened.IsZero():
		d.refuse(RefusedState, "")
	default:
		s.take(d)
	}
	if d.Reason != "" {
		return i, &InspectionError{s.Step(), d.Refusal}
	}
	return d.i, nil
}

// Inspect begins an inspection.
type Inspect struct {
	By         Inspector `json:"by"`
	Body       string    `json:"body,omitempty"`
	Planned    bool      `json:"planned,omitempty"`
	Department string    `json:"department,omitempty"`
	Members    []string  `json:"members,omitempty"`
	Due        time.Time `json:"due,omitzero"` // zero: as the policy asks for
}

// Step names it in the log.
func (Inspect) Step() string { return "inspect" }

func (m Inspect) take(d *inspecting) {
	_, known := inspectors[m.By]
	d.need(known, "by", oneOf(inspectors.names()))
	_, there := d.people.Department(m.Department)
	d.need(there || m.Department == "" && m.By != InspectSelf && m.By != InspectMutual, "department", Words{"受检部门", "the department that is inspected"})
	d.need((m.By == InspectExternal) == (m.Body != ""), "body", Words{"外部检查须写明检查单位，其他检查不填", "who inspects from outside, and only then"})
	for _, user := range m.Members {
		d.known(user, "members", true)
	}
	d.need(m.Due.IsZero() || m.Due.After(d.at) && near(m.Due, d.at), "due", Words{"以后的时间", "a time to come"})
	own, _ := d.people.Department(d.by.Department)
	switch m.By { // whose it is to inspect
	case InspectSelf:
		d.only(d.by.Department == m.Department, "S22-R6")
	case InspectMutual:
		d.only(d.by.Department != "" && d.by.Department != m.Department, "S03-R7")
	case InspectBody:
		d.only(own.Supervises, "S03-R6")
	case InspectExternal:
		d.only(d.by.Oversees(), "S03-R8") // puts on record what those outside find
	}
	due := moment(m.Due)
	if p, asked := d.Policy.Supervision.asks(m.By); asked && m.Planned && due.IsZero() {
		due = p.Every.end(d.at, d.Calendar.Zone)
	}
	members := slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(m.Members))), func(user string) bool { return user == d.by.User })
	d.i = Inspection{By: m.By, Body: m.Body, Planned: m.Planned, Department: m.Department, Lead: d.by.User, Members: members, Opened: d.at, Due: due}
}

// only refuses what is not this person's, once nothing else is wrong.
func (d *inspecting) only(ok bool, rule string) {
	if !ok {
		d.refuse(RefusedRole, rule)
	}
}

// open refuses what comes after the inspection has ended.
func (d *inspecting) open() {
	if !d.i.Concluded.IsZero() {
		d.refuse(RefusedState, "")
	}
}

// Attend has somebody else take part in an inspection.
type Attend struct {
	User string `json:"user"`
}

// Step names it in the log.
func (Attend) Step() string { return "attend" }

func (m Attend) take(d *inspecting) {
	d.only(d.by.User == d.i.Lead, "")
	d.open()
	d.known(m.User, "user", true)
	d.need(!d.i.inspects(m.User), "user", Words{"尚未参加的人", "somebody who does not take part yet"})
	d.i.Members = append(d.i.Members, m.User)
}

// RecordFinding puts on record what was found, and who is to put it right by when.
type RecordFinding struct {
	Kind       FindingKind `json:"kind"`
	Text       string      `json:"text"`
	Standard   string      `json:"standard,omitempty"`
	Case       CaseNumber  `json:"case,omitempty"`
	Department string      `json:"department,omitempty"`
	Person     string      `json:"person,omitempty"`
	Rectify    string      `json:"rectify"`      // what is to be done
	For        string      `json:"for"`          // user who does it
	Due        time.Time   `json:"due,omitzero"` // zero: as the policy says
}

// Step names it in the log.
func (RecordFinding) Step() string { return "finding" }

func (m RecordFinding) take(d *inspecting) {
	d.only(d.i.inspects(d.by.User), "")
	d.open()
	_, known := findingKinds[m.Kind]
	d.need(known, "kind", oneOf(findingKinds.names()))
	d.need(said(m.Text), "text", Words{"发现的问题或收集的需求", "what was found, or what people need"})
	_, there := d.people.Department(m.Department)
	d.need(there || m.Department == "", "department", Words{"通讯录中的部门", "a department of the directory"})
	d.need(m.Case != "" || m.Department != "", "department", Words{"所涉工单或部门", "the case or the department it is about"})
	d.known(m.Person, "person", m.Kind == FoundFault)
	d.need(m.Kind != FoundFault || said(m.Standard), "standard", Words{"未达到的标准", "the standard it falls short of"})
	d.need(said(m.Rectify), "rectify", Words{"如何整改", "how it is to be put right"})
	d.known(m.For, "for", true)
	d.i.Findings = append(d.i.Findings, Finding{
		Kind: m.Kind, Text: m.Text, Standard: m.Standard, Case: m.Case, Department: m.Department, Person: m.Person, By: d.by.User, At: d.at,
		Put: Rectification{What: m.Rectify, For: m.For, Clock: d.rectify(m.Due, 1)},
	})
}

// rectify starts the clock of a rectification, the gen-th of it: until a day that was
// named, or as long as the policy gives.
func (d *inspecting) rectify(due time.Time, gen int) Clock {
	d.need(due.IsZero() || due.After(d.at) && near(due, d.at), "due", Words{"以后的时间", "a time to come"})
	t := d.Policy.filled(Terms{
		Kind: ClockRectification, Start: AtFinding, Stop: []Milestone{AtRectified}, Limit: d.Policy.Supervision.Rectification, By: []Party{PartyHandler}, Rules: []string{"S26-R4"},
	})
	if !due.IsZero() {
		t.Limit = &Limit{Unit: AsPromised}
	}
	k := t.start(d.Policy.Ref(), d.at, moment(due), d.Policy.In(d.Calendar))
	k.Gen = gen
	return k
}

// Rectified says that what was found is put right, and what proves it.
type Rectified struct {
	Finding  int    `json:"finding"` // from 1
	Done     string `json:"done"`
	Evidence string `json:"evidence"`
}

// Step names it in the log.
func (Rectified) Step() string { return "rectified" }

func (m Rectified) take(d *inspecting) {
	f := d.finding(m.Finding)
	if f == nil {
		return
	}
	leads := d.by.Has(RoleLeader) && d.by.Department != "" && d.by.Department == f.Department
	d.only(d.by.User == f.Put.For || leads, "")
	if f.Put.State() != RectifyOpen {
		d.refuse(RefusedState, "")
	}
	d.need(said(m.Done), "done", Words{"整改情况", "what was done"})
	d.need(said(m.Evidence), "evidence", Words{"整改的证据", "what proves it"})
	f.Put.Done, f.Put.Evidence, f.Put.DoneBy, f.Put.DoneAt = m.Done, m.Evidence, d.by.User, d.at
}

// CheckRectified says whether what was done is enough. If not, it is to be done again.
type CheckRectified struct {
	Finding int       `json:"finding"` // from 1
	OK      bool      `json:"ok"`
	Opinion string    `json:"opinion"`
	Due     time.Time `json:"due,omitzero"` // if not ok; zero: as it was
}

// Step names it in the log.
func (CheckRectified) Step() string { return "check" }

func (m CheckRectified) take(d *inspecting) {
	f := d.finding(m.Finding)
	if f == nil {
		return
	}
	own, _ := d.people.Department(d.by.Department)
	d.only(d.i.inspects(d.by.User) || own.Supervises || d.by.Has(RoleSupervisor), "")
	d.only(!slices.Contains([]string{f.Put.For, f.Put.DoneBy, f.Person}, d.by.User), "S26-R4") // nobody verifies his own
	if f.Put.State() != RectifyReported {
		d.refuse(RefusedState, "")
	}
	d.need(said(m.Opinion), "opinion", Words{"验收意见", "what whoever looks at it says"})
	d.need(!m.OK || m.Due.IsZero(), "due", Words{"退回整改时才填", "only if it is to be done again"})
	f.Put.Checked, f.Put.Opinion = d.by.User, m.Opinion
	if m.OK {
		f.Put.Clock = f.Put.Clock.Reach(AtRectified, d.at, d.Policy.In(d.Calendar))
		return
	}
	f.Put.Reopened++
	f.Put.Done, f.Put.Evidence, f.Put.DoneBy, f.Put.DoneAt = "", "", "", time.Time{}
	if !m.Due.IsZero() { // else it stays due when it was, late or not
		f.Put.Clock, f.Put.Stage = d.rectify(m.Due, f.Put.Reopened+1), 0
	}
}

// finding returns the n-th finding; nil: there is none, which refuses the step.
func (d *inspecting) finding(n int) *Finding {
	if n < 1 || n > len(d.i.Findings) {
		d.need(false, "finding", Words{"检查所列问题的序号", "the number of a finding"})
		return nil
	}
	return &d.i.Findings[n-1]
}

// Conclude ends an inspection. What it found is still followed.
type Conclude struct {
	Conclusion string `json:"conclusion"`
}

// Step names it in the log.
func (Conclude) Step() string { return "conclude" }

func (m Conclude) take(d *inspecting) {
	d.only(d.by.User == d.i.Lead, "")
	d.open()
	d.need(said(m.Conclusion), "conclusion", Words{"检查结论", "what it comes to"})
	if p, asked := d.Policy.Supervision.asks(d.i.By); asked && p.AllRanks {
		for _, rank := range d.people.ranks(d.i.Department) {
			if !slices.ContainsFunc(rank.users, d.i.inspects) {
				d.need(false, "members", Words{
					fmt.Sprintf("%s须有人参加：%s", rank.Words.ZH, strings.Join(rank.users, "、")),
					fmt.Sprintf("one of the %s: %s", rank.Words.EN, strings.Join(rank.users, ", ")),
				})
				d.Rule = "S22-R6"
			}
		}
	}
	d.i.Concluded, d.i.Conclusion = d.at, m.Conclusion
}

func said(text string) bool { return strings.TrimSpace(text) != "" }
