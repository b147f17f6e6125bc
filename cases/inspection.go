package cases

import (
	"slices"
	"time"
)

// Inspection is a look at how a department, or all of them, does its duty (C29). It is a
// value: each step of it returns another one.
type Inspection struct {
	ID         int64     `json:"-"`
	By         Inspector `json:"by"`
	Body       string    `json:"body,omitempty"`       // outside, that inspects
	Planned    bool      `json:"planned,omitempty"`    // as the policy asks for; else ad hoc (S01-R12)
	Department string    `json:"department,omitempty"` // that is inspected; empty: all of them
	Lead       string    `json:"lead"`                 // user who answers for it
	Members    []string  `json:"members,omitempty"`    // users who take part
	Opened     time.Time `json:"opened"`
	Due        time.Time `json:"due,omitzero"` // when it is to be concluded; zero: no number given
	Findings   []Finding `json:"findings,omitempty"`
	Concluded  time.Time `json:"concluded,omitzero"`
	Conclusion string    `json:"conclusion,omitempty"`
}

// Inspector says who inspects.
type Inspector string

// Who inspects.
const (
	InspectSelf     Inspector = "self"     // a department itself, all its ranks (S22-R6)
	InspectMutual   Inspector = "mutual"   // one department another (S03-R7)
	InspectBody     Inspector = "body"     // a department that is there to supervise (S03-R6)
	InspectExternal Inspector = "external" // a body outside, the superior one too (S03-R8, S01-R12)
)

var inspectors = vocabulary[Inspector]{
	InspectSelf: {"自查", "self-inspection"}, InspectMutual: {"互查", "mutual inspection"},
	InspectBody: {"监督部门检查", "inspection by the supervision department"}, InspectExternal: {"外部检查", "inspection by a body outside"},
}

// Words is what people call it.
func (i Inspector) Words() Words { return inspectors.of(i) }

// Inspectors lists them all, with their words.
func Inspectors() []Choice { return inspectors.choices() }

// Finding is something an inspection found: it starts from the problem and names the
// person and the standard (S26-R4).
type Finding struct {
	Kind       FindingKind   `json:"kind"`
	Text       string        `json:"text"`
	Standard   string        `json:"standard,omitempty"`   // that it falls short of
	Case       CaseNumber    `json:"case,omitempty"`       // it is about; empty: none in particular
	Department string        `json:"department,omitempty"` // it is about
	Person     string        `json:"person,omitempty"`     // user it is about
	By         string        `json:"by"`                   // user who found it
	At         time.Time     `json:"at"`
	Put        Rectification `json:"put"` // how it is put right
}

// FindingKind says what was found.
type FindingKind string

// The kinds of findings.
const (
	FoundFault FindingKind = "fault" // somebody falls short of a standard
	FoundNeed  FindingKind = "need"  // people who were asked need something: ask unasked, and collect (S22-R6)
)

var findingKinds = vocabulary[FindingKind]{FoundFault: {"问题", "fault"}, FoundNeed: {"群众需求", "need of people"}}

// Words is what people call it.
func (k FindingKind) Words() Words { return findingKinds.of(k) }

// FindingKinds lists them all, with their words.
func FindingKinds() []Choice { return findingKinds.choices() }

// Rectification is how a finding is put right, and followed until it is (S26-R4).
type Rectification struct {
	What     string    `json:"what"`
	For      string    `json:"for"` // user
	Clock    Clock     `json:"clock"`
	Stage    int       `json:"stage,omitempty"` // how many stages of the clock have come
	Done     string    `json:"done,omitempty"`  // what was done; empty: nothing is reported, or it was not enough
	Evidence string    `json:"evidence,omitempty"`
	DoneBy   string    `json:"done_by,omitempty"` // user
	DoneAt   time.Time `json:"done_at,omitzero"`
	Reopened int       `json:"reopened,omitempty"` // how often it was not enough
	Checked  string    `json:"checked,omitempty"`  // user who looked at it last
	Opinion  string    `json:"opinion,omitempty"`  // and what he says
}

// RectificationState says how far a rectification is.
type RectificationState string

// The states of a rectification.
const (
	RectifyOpen     RectificationState = "open"
	RectifyReported RectificationState = "reported" // somebody else has to look at it
	RectifyVerified RectificationState = "verified"
)

var rectificationStates = vocabulary[RectificationState]{
	RectifyOpen: {"整改中", "being put right"}, RectifyReported: {"待验收", "to be verified"}, RectifyVerified: {"已验收", "verified"},
}

// Words is what people call it.
func (s RectificationState) Words() Words { return rectificationStates.of(s) }

// State returns how far r is.
func (r Rectification) State() RectificationState {
	switch {
	case !r.Clock.Running():
		return RectifyVerified
	case !r.DoneAt.IsZero():
		return RectifyReported
	}
	return RectifyOpen
}

// Open tells whether something of i is still to be done: it is not concluded, or something
// it found is not put right.
func (i Inspection) Open() bool {
	return i.Concluded.IsZero() || slices.ContainsFunc(i.Findings, func(f Finding) bool { return f.Put.State() != RectifyVerified })
}

// Late tells whether i should have been concluded before at.
func (i Inspection) Late(at time.Time) bool {
	return i.Concluded.IsZero() && !i.Due.IsZero() && at.After(i.Due)
}

// inspects tells whether somebody takes part in i as who inspects.
func (i Inspection) inspects(user string) bool {
	return user != "" && (user == i.Lead || slices.Contains(i.Members, user))
}

// Visible tells whether a may see i: who oversees, who inspects, who supervises, who leads
// the department that is inspected, and whoever something was found of or is to put it
// right. See Shown.
func (i Inspection) Visible(a Actor, d Directory) bool {
	return i.whole(a, d) || slices.ContainsFunc(i.Findings, func(f Finding) bool { return f.concerns(a) })
}

func (i Inspection) whole(a Actor, d Directory) bool {
	own, _ := d.Department(a.Department)
	return a.User != "" && (a.Oversees() || i.inspects(a.User) || own.Supervises || a.Has(RoleLeader) && a.Department != "" && a.Department == i.Department)
}

func (f Finding) concerns(a Actor) bool {
	return a.User != "" && (a.User == f.Person || a.User == f.Put.For || a.Has(RoleLeader) && a.Department != "" && a.Department == f.Department)
}

// Shown are the numbers, from 0, of the findings of i that a may see: all of them, or only
// those that concern him.
func (i Inspection) Shown(a Actor, d Directory) (all []int) {
	whole := i.whole(a, d)
	for n, f := range i.Findings {
		if whole || f.concerns(a) {
			all = append(all, n)
		}
	}
	return all
}

// Oversees tells whether a watches over the whole organisation.
func (a Actor) Oversees() bool {
	return slices.ContainsFunc([]Role{RoleSupervisor, RoleAuditor, RoleAdministrator}, a.Has)
}
