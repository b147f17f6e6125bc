package cases

import (
	"slices"
	"time"
)

// HandOver passes the case to a department: the organisation looks for who is
// competent, never the caller (C10).
type HandOver struct {
	Department  string       `json:"department"`
	Person      string       `json:"person,omitempty"`      // user
	Mode        TransferMode `json:"mode"`                  // how the caller, or his matter, got there
	Reached     bool         `json:"reached,omitempty"`     // somebody there took it, e.g. the warm transfer was picked up
	OwnAsked    bool         `json:"own_asked,omitempty"`   // nobody of the own department can do it (S30-R9)
	Copied      bool         `json:"copied,omitempty"`      // the department's manager has a copy (S33-R4)
	Told        []Told       `json:"told,omitempty"`        // what the caller knows of it
	Estimate    time.Time    `json:"estimate,omitzero"`     // told to the caller
	Spoken      string       `json:"spoken,omitempty"`      // number told to the caller (S30-R13)
	Dialled     string       `json:"dialled,omitempty"`     // and what was dialled (S30-R16)
	Unconfirmed bool         `json:"unconfirmed,omitempty"` // set by the move: nobody there took it yet
	By          string       `json:"by,omitempty"`          // set by the move, so the next: user of who passes it on
	Insisted    bool         `json:"insisted,omitempty"`    // to who gave it back as not his (S33-R15)
	Meant       string       `json:"meant,omitempty"`       // department it is a matter of, which does not take part yet (S35-R1)
}

// Kind returns MoveHandOver.
func (HandOver) Kind() MoveKind { return MoveHandOver }

// RuleSpokenTo asks that who takes over is spoken to: a number alone, told to the caller,
// is refused (scenario E19).
const RuleSpokenTo = "S30-R13"

// strength orders the ways to pass a caller on.
var strength = []TransferMode{NumberOnly, ColdTransfer, WarmRequired}

func (m HandOver) do(d *decision) {
	p := d.Policy.Transfer
	d.need(m.Department != "", "department", Words{"通讯录中的承办部门", "the competent department, of the directory"})
	d.need(slices.Contains(strength, m.Mode), "mode", oneOf(strength))
	d.need(!p.NamedPerson || m.Person != "", "person", Words{"对方的承办人", "who there takes it"})
	d.notAccused(m.Person, "person")
	d.need(!p.OwnDepartmentFirst || m.OwnAsked, "own_asked", Words{"先在本部门内询问", "ask in the own department first"})
	if slices.Index(strength, m.Mode) < slices.Index(strength, p.Mode) {
		d.refuse(RefusedPolicy, RuleSpokenTo)
	}
	if d.c.File.Disputed {
		d.refuse(RefusedPolicy, "S33-R13") // the arbiter has it
	}
	m.Unconfirmed, m.By, m.Meant = !m.Reached, d.by.User, ""
	if name := d.instead(m.Department); name != m.Department {
		m.Department, m.Meant = name, m.Department
	}
	back := d.c.File.Returned
	m.Insisted = back != nil && back.Code == "not_ours" && back.From == m.Department
	d.did[0].body = m
	d.hand(m)
}

// hand gives the case to the department of m.
func (d *decision) hand(m HandOver) {
	d.c.File.Handed = append(d.c.File.Handed, m)
	d.c.Department, d.c.Handler = m.Department, m.Person
	d.told(m.Told)
	d.reach(AtHandedOver)
	if m.Reached {
		d.reach(AtReceived, AtDeskReached, AtHandlerNotified)
		d.c.File.Tasks = finish(d.c.File.Tasks, TaskContact, d.by.User, d.at)
	}
	if m.Copied {
		d.reach(AtManagerCopied)
	}
	if !m.Estimate.IsZero() {
		d.promise(Promise{What: "estimate", Due: m.Estimate})
	}
}

// told notes what the caller knows of who has his matter.
func (d *decision) told(all []Told) {
	for _, t := range all {
		_, known := told[t]
		d.need(known, "told", oneOf(told.names()))
		if !slices.Contains(d.c.File.Told, t) {
			d.c.File.Told = append(d.c.File.Told, t)
		}
	}
}

// Contact says that somebody inside was reached and knows: the way a handler, the
// receiving desk, the manager on duty or a leader is told.
type Contact struct {
	Party  Party  `json:"party"`
	Person string `json:"person"` // who, a user or a name
	Means  string `json:"means,omitempty"`
	Said   string `json:"said,omitempty"` // instruction or answer
}

// Kind returns MoveContact.
func (Contact) Kind() MoveKind { return MoveContact }

// reachedBy are the milestones of reaching a party.
var reachedBy = map[Party][]Milestone{
	PartyHandler:         {AtHandlerNotified, AtReceived},
	PartyPersons:         {AtHandlerNotified},
	PartyDepartment:      {AtHandlerNotified, AtReceived},
	PartyCSC:             {AtDeskReached, AtReceived},
	PartyReceptionist:    {AtReception, AtDeskReached},
	PartyManagerOnDuty:   {AtManagerReached},
	PartyManager:         {AtManagerCopied, AtManagerTold},
	PartyDepartmentHead:  {AtManagerCopied, AtManagerTold},
	PartyFirstAsker:      {AtFirstAskerTold},
	PartySupervisor:      {AtManagerReached},
	PartyOwnLeader:       {AtLeaderReached},
	PartyLeaderInCharge:  {AtLeaderReached},
	PartyPrincipalLeader: {AtLeaderReached},
	PartySectionHead:     {AtLeaderReached},
	PartyLeaders:         {AtLeaderReached},
	PartyDirector:        {AtLeaderReached},
}

func (m Contact) do(d *decision) {
	_, known := parties[m.Party]
	d.need(known, "party", Words{"制度所指的人员", "one the rules know"})
	d.need(m.Person != "", "person", Words{"联系到的人", "who was reached"})
	d.reach(reachedBy[m.Party]...)
	switch {
	case slices.Contains(reachedBy[m.Party], AtLeaderReached), m.Party == PartySupervisor:
		d.c.File.Tasks = finish(d.c.File.Tasks, TaskReport, d.by.User, d.at)
	case slices.Contains(reachedBy[m.Party], AtHandlerNotified), slices.Contains(reachedBy[m.Party], AtDeskReached):
		d.c.File.Tasks = finish(d.c.File.Tasks, TaskContact, d.by.User, d.at)
	}
}

// Cover does for an absent handler what the policy asks for (C13).
type Cover struct {
	Remedy    Remedy   `json:"remedy"`
	Absent    string   `json:"absent"` // user
	Contact   string   `json:"contact,omitempty"`
	Materials []string `json:"materials,omitempty"` // received, with an inspection note
	Receipt   string   `json:"receipt,omitempty"`
	StandIn   string   `json:"stand_in,omitempty"` // user
}

// Kind returns MoveCover.
func (Cover) Kind() MoveKind { return MoveCover }

func (m Cover) do(d *decision) {
	d.need(slices.Contains(d.Policy.AbsentHandler, m.Remedy), "remedy", Words{"制度规定的方式之一", "one of the policy's"})
	d.need(m.Absent != "", "absent", Words{"不在岗的人", "who is not there"})
	set := []Flag{FlagHandlerAbsent}
	switch m.Remedy {
	case "take_materials":
		d.need(len(m.Materials) > 0, "materials", Words{"收下的材料", "what was taken"})
		d.need(m.Receipt != "", "receipt", Words{"给来电人的回执编号", "the number the caller got for it"})
		set = append(set, FlagObjects)
	case "note_and_pass", "record_and_transfer", "contact_him":
		d.need(m.Contact != "" || d.c.File.Matter.Phone != "", "contact", Words{"来电人的联系方式", "where the caller is reached"})
	case "give_or_take_contact", "tell_where":
		d.need(m.Contact != "" || d.c.File.Matter.Phone != "", "contact", Words{"承办人或来电人的联系方式", "of the handler, or of the caller"})
	case "accept_for_him":
		d.c.Handler = d.by.User
	case "stand_in":
		d.need(m.StandIn != "", "stand_in", Words{"顶替的人", "who takes his place"})
		d.notAccused(m.StandIn, "stand_in")
		d.c.Handler = m.StandIn
	}
	d.c.File.Cover = &m
	d.flag(set, nil)
	d.c = d.c.revise(d.at, d.Rulebook)
}

// Escalate takes the matter one step up: because nobody knows who is competent (C14),
// or because departments cannot settle it (C26).
type Escalate struct {
	To      Party  `json:"to"`
	Person  string `json:"person"` // user
	Why     string `json:"why"`
	Answer  string `json:"answer,omitempty"`
	Counted bool   `json:"counted,omitempty"` // set by the move: it is a contradiction escalated to the top (S33-R8)

	At time.Time `json:"at,omitzero"` // set by the move
}

// Kind returns MoveEscalate.
func (Escalate) Kind() MoveKind { return MoveEscalate }

func (m Escalate) do(d *decision) {
	d.need(m.Person != "", "person", Words{"报告的对象", "who was told"})
	d.need(m.Why != "", "why", Words{"不清楚或有争议的事项", "what is unclear or disputed"})
	want := d.Policy.Escalation
	d.need(len(want.Levels) == 0 || slices.Contains(want.Levels, m.To) || m.To == PartyFunctional, "to", Words{"制度规定的层级", "a level of the policy"})
	class, _ := d.Policy.Class(d.c.File.Matter.Class)
	if want.RequireProposal && d.c.File.Proposal == "" && !class.Emergency {
		d.lacks(RefusedFields, "S11-R12", "proposal", Words{"上报前须先提出解决意见", "propose a solution before pushing it up"})
	}
	m.Counted = want.Counted && (m.To == PartyDirector || m.To == PartyDirectors)
	if m.At = d.at; m.Counted {
		d.flag([]Flag{FlagContradiction}, nil)
	}
	d.did[0].body = m
	d.c.File.Ladder = append(d.c.File.Ladder, m)
	d.reach(AtUnclear, AtLeaderReached)
}

// Find says that who is competent was found out, and how.
type Find struct {
	Department string `json:"department"`
	How        string `json:"how"`
}

// Kind returns MoveFind.
func (Find) Kind() MoveKind { return MoveFind }

func (m Find) do(d *decision) {
	d.need(m.Department != "", "department", Words{"有权承办的单位", "who is competent"})
	d.flag(nil, []Flag{FlagUnclear})
	d.reach(AtOwnerFound)
}

// ReferOut helps the caller to a body outside that is competent. To have given him a
// number is not enough: he is still to be answered (C15).
type ReferOut struct {
	Body     string `json:"body"`
	Address  string `json:"address,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Person   string `json:"person,omitempty"`
	Told     []Told `json:"told"`
	Helped   string `json:"helped"`             // what was done for him besides
	Reported string `json:"reported,omitempty"` // whom a serious matter was reported to
}

// Kind returns MoveReferOut.
func (ReferOut) Kind() MoveKind { return MoveReferOut }

func (m ReferOut) do(d *decision) {
	want := d.Policy.Outside
	d.need(m.Body != "", "body", Words{"有权承办的单位", "who is competent"})
	d.need(m.Helped != "", "helped", Words{"为来电人做了什么：只给号码不够", "what was done for the caller: a number alone is not enough"})
	for _, t := range want.Tell {
		d.need(slices.Contains(m.Told, t), "told", Words{"还须告知来电人：" + told.of(t).ZH, "the caller is told " + told.of(t).EN + ", too"})
	}
	serious := slices.Contains(d.c.File.Matter.Flags, FlagMajor) || slices.Contains(d.c.File.Matter.Flags, FlagHazard)
	if want.ReportSerious && serious && m.Reported == "" {
		d.lacks(RefusedFields, "S23-R15", "reported", Words{"重大事项报告给了谁", "whom the serious matter was reported to"})
	}
	d.c.File.Outside = &m
	d.flag([]Flag{FlagOutside}, []Flag{FlagUnclear})
	d.reach(AtOwnerFound)
	d.c = d.c.revise(d.at, d.Rulebook)
}

// Accept signs for the case, with name and time. Where responsibility moves, it moves
// to the first who has the authority to handle it (S17-R3).
type Accept struct {
	Authority bool   `json:"authority"`       // he may decide on the matter
	Named     string `json:"named,omitempty"` // user who will handle it; empty: who accepts
}

// Kind returns MoveAccept.
func (Accept) Kind() MoveKind { return MoveAccept }

func (m Accept) do(d *decision) {
	if d.Policy.Responsibility.Mode == Moves && !m.Authority {
		d.refuse(RefusedPolicy, "S17-R3")
	}
	d.c.Handler = d.by.User
	d.reach(AtReceived, AtDeskReached, AtHandlerNotified, AtAccepted)
	if m.Named != "" {
		d.notAccused(m.Named, "named")
		d.c.Handler = m.Named
	}
	d.reach(AtAssigned)
	if d.Policy.Responsibility.Mode == Moves && d.c.Responsible == d.c.FirstAsker {
		d.responsible(d.c.Handler, "first competent handler")
	}
}

// responsible makes user answer for the case.
func (d *decision) responsible(user, why string) {
	if user == d.c.Responsible {
		return
	}
	d.happen(EventResponsibilityMoved, responsibilityMoved{d.c.Responsible, user, why})
	d.c.Responsible = user
}

// Assign names the person of the department who handles the case.
type Assign struct {
	Person string `json:"person"` // user
}

// Kind returns MoveAssign.
func (Assign) Kind() MoveKind { return MoveAssign }

func (m Assign) do(d *decision) {
	d.need(m.Person != "", "person", Words{"承办人", "who handles it"})
	d.notAccused(m.Person, "person")
	d.c.Handler = m.Person
	d.reach(AtAssigned, AtHandlerNotified)
}

// Return gives the case back, with a written opinion, or passes it on to who is
// competent (S33-R13). No clock is moved by it; the second return goes to an arbiter.
type Return struct {
	Code    ReturnCode `json:"code"`
	Opinion string     `json:"opinion"`      // in writing
	To      string     `json:"to,omitempty"` // department; empty: back to the first-asker

	By     string `json:"by,omitempty"`     // set by the move: user, so the next two
	From   string `json:"from,omitempty"`   // his department
	Sender string `json:"sender,omitempty"` // user of who had passed it on
}

// Kind returns MoveReturn.
func (Return) Kind() MoveKind { return MoveReturn }

func (m Return) do(d *decision) {
	_, known := returnCodes[m.Code]
	d.need(known, "code", oneOf(returnCodes.names()))
	d.need(m.Opinion != "", "opinion", Words{"书面理由", "why, in writing"})
	if d.c.File.Arbiter != "" {
		d.refuse(RefusedPolicy, "S33-R15") // the arbiter has decided
	}
	to := m.To
	m.By, m.From, m.Sender = d.by.User, d.c.Department, d.c.File.sender()
	d.c.File.Returns++
	most := max(1, d.Policy.Slip.MaxReturns)
	if d.c.File.Returns > most {
		d.c.File.Disputed, to = true, ""
	}
	d.did[0].body, d.c.File.Returned = m, &m
	if to != "" {
		to = d.instead(to)
		d.need(to != d.c.Department, "to", Words{"另一部门", "another department"})
		d.to = HandedOver
		d.hand(HandOver{Department: to, Mode: ColdTransfer, By: d.by.User})
		return
	}
	d.to = Registered
	d.c.Department, d.c.Handler = "", d.c.Responsible
}

// Arbitrate says whose the case is after departments have returned it twice.
type Arbitrate struct {
	Department string `json:"department"`
	Reason     string `json:"reason"`
}

// Kind returns MoveArbitrate.
func (Arbitrate) Kind() MoveKind { return MoveArbitrate }

func (m Arbitrate) do(d *decision) {
	d.need(m.Department != "", "department", Words{"当事人", "whose it is"})
	d.need(m.Reason != "", "reason", Words{"原因", "why"})
	if !d.c.File.Disputed {
		d.refuse(RefusedState, "")
	}
	d.c.File.Disputed, d.c.File.Returns, d.c.File.Arbiter = false, 0, d.by.User
	d.hand(HandOver{Department: d.instead(m.Department), Mode: WarmRequired, Reached: true, By: d.by.User})
}

// Join puts several departments on the matter, under one who coordinates them; the
// caller speaks with no second one (C16).
type Join struct {
	Departments []string  `json:"departments"`
	Coordinator string    `json:"coordinator"` // user
	Limit       time.Time `json:"limit,omitzero"`
}

// Kind returns MoveJoin.
func (Join) Kind() MoveKind { return MoveJoin }

func (m Join) do(d *decision) {
	d.need(len(m.Departments) >= max(2, d.Policy.Joint.From), "departments", Words{"所有涉及的部门，至少两个", "all that are needed, two at least"})
	d.need(m.Coordinator != "", "coordinator", Words{"一名协调人", "one person who coordinates"})
	d.notAccused(m.Coordinator, "coordinator")
	if d.Policy.Joint.JointLimit {
		d.need(m.Limit.After(d.at) && near(m.Limit, d.at), "limit", Words{"告知来电人的共同时限", "the joint time limit, told to the caller"})
	}
	m.Departments = slices.Clone(m.Departments)
	for i, name := range m.Departments {
		m.Departments[i] = d.instead(name)
	}
	d.did[0].body, d.c.File.Joint = m, &m
	d.flag([]Flag{FlagJoint}, nil)
	d.c = d.c.revise(d.at, d.Rulebook)
	if m.Limit.After(d.at) {
		d.promise(Promise{What: "joint limit", Due: m.Limit})
	}
}

// Report is the result of the department that handled the matter.
type Report struct {
	Manner string `json:"manner,omitempty"`
	Result string `json:"result"`
}

// Kind returns MoveReport.
func (Report) Kind() MoveKind { return MoveReport }

func (m Report) do(d *decision) {
	d.need(m.Result != "", "result", Words{"办理结果", "what came of it"})
	d.c.File.Result, d.c.File.Entered = &m, false
	d.reach(AtHandled)
}

// Enter takes the result into the register, by who answers for it: only then is the
// entry complete (S02-R15).
type Enter struct {
	Note string `json:"note,omitempty"`
}

// Kind returns MoveEnter.
func (Enter) Kind() MoveKind { return MoveEnter }

func (m Enter) do(d *decision) {
	d.c.File.Entered = true
	d.reach(AtFirstAskerTold)
}
