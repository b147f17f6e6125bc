package cases

import (
	"cmp"
	"maps"
	"slices"
)

// Registration writes down what the caller wants (C05). What is empty stays as it was.
type Registration struct {
	Phone        string            `json:"phone,omitempty"`
	Name         string            `json:"name,omitempty"`
	Address      string            `json:"address,omitempty"`
	Organisation string            `json:"organisation,omitempty"`
	Content      string            `json:"content,omitempty"`
	Channel      string            `json:"channel,omitempty"`
	Fields       map[string]string `json:"fields,omitempty"`
	ReadBack     bool              `json:"read_back,omitempty"` // the caller confirmed it
}

// Kind returns MoveRegister.
func (Registration) Kind() MoveKind { return MoveRegister }

func (m Registration) do(d *decision) {
	was := &d.c.File.Matter
	was.Phone = cmp.Or(m.Phone, was.Phone, string(d.c.Call.Caller.E164))
	was.Name = cmp.Or(m.Name, was.Name)
	was.Address = cmp.Or(m.Address, was.Address)
	was.Organisation = cmp.Or(m.Organisation, was.Organisation)
	if m.Content != "" && m.Content != was.Content {
		was.ReadBack = false // another content has to be confirmed anew
	}
	was.Content = cmp.Or(m.Content, was.Content)
	was.Channel = cmp.Or(m.Channel, was.Channel)
	was.ReadBack = was.ReadBack || m.ReadBack
	if was.Fields == nil {
		was.Fields = map[string]string{}
	}
	if who := m.Fields["told_to"]; who != "" && who != was.Fields["told_to"] { // who should have written it down (S30-R18)
		v := Violation{Of: VerbalOrder, Who: who}
		d.c.File.Violations = append(d.c.File.Violations, v)
		d.flag([]Flag{FlagVerbalOrder}, nil)
		d.happen(EventViolation, v)
	}
	maps.Copy(was.Fields, m.Fields)
	if r := d.c.Register(); r["number_dialled"] != "" && r["number_spoken"] != "" && r["number_dialled"] != r["number_spoken"] {
		d.flag([]Flag{FlagMisdial}, nil)
	}
	d.need(was.Content != "", "content", Words{"来电人的诉求，用他的原话", "what the caller wants, in his words"})
	if d.c.FirstAsker == "" && d.by.User != "" { // he was not picked up, but called back, or he came in person
		d.c.FirstAsker, d.c.Responsible, d.c.Handler = d.by.User, d.by.User, d.by.User
	}
	if d.c.State == Open && d.Policy.Gate(BeforeRegister, d.c.Facts(d.Policy), d.c.Register()) != nil {
		d.to = Open // kept as far as it goes
		return
	}
	d.reach(AtRegistered, AtAcceptance, AtRequested)
}

// Classify says how urgent and whose kind of matter a case is (C07). What is empty
// stays as it was; flags are set and cleared.
type Classify struct {
	Class    Class      `json:"class,omitempty"`
	Type     MatterType `json:"type,omitempty"`
	Category string     `json:"category,omitempty"`
	Set      []Flag     `json:"set,omitempty"`
	Clear    []Flag     `json:"clear,omitempty"`
}

// Kind returns MoveClassify.
func (Classify) Kind() MoveKind { return MoveClassify }

func (m Classify) do(d *decision) {
	if m.Class != "" {
		_, ok := d.Policy.Class(m.Class)
		d.need(ok, "class", Words{"制度规定的类别", "a class of the policy"})
	}
	if m.Type != "" {
		_, known := matterTypes[m.Type]
		d.need(known && (len(d.Policy.MatterTypes) == 0 || slices.Contains(d.Policy.MatterTypes, m.Type)), "type", Words{"制度规定的事项类型", "a matter type of the policy"})
	}
	for _, f := range slices.Concat(m.Set, m.Clear) {
		_, known := flags[f]
		d.need(known, "flags", oneOf(flags.names()))
	}
	was := &d.c.File.Matter
	was.Class, was.Type, was.Category = cmp.Or(m.Class, was.Class), cmp.Or(m.Type, was.Type), cmp.Or(m.Category, was.Category)
	d.flag(m.Set, m.Clear)
	d.c = d.c.revise(d.at, d.Rulebook)
	d.reach(AtJudged)
	if slices.Contains(was.Flags, FlagUnclear) {
		d.reach(AtUnclear)
	}
}

// flag sets and clears flags of the case.
func (d *decision) flag(set, cleared []Flag) {
	m := &d.c.File.Matter
	m.Flags = slices.DeleteFunc(m.Flags, func(f Flag) bool { return slices.Contains(cleared, f) })
	for _, f := range set {
		if !slices.Contains(m.Flags, f) {
			m.Flags = append(m.Flags, f)
		}
	}
	slices.Sort(m.Flags)
}

// Notify tells the caller once all he has to bring and do (一次性告知, C09).
type Notify struct {
	Items     []NoticeItem `json:"items"`
	Materials []string     `json:"materials,omitempty"`
	Form      NoticeForm   `json:"form"`
	Again     bool         `json:"again,omitempty"` // set by the move: there was a notice before, a defect of that one (S18-R5)
}

// Kind returns MoveNotify.
func (Notify) Kind() MoveKind { return MoveNotify }

func (m Notify) do(d *decision) {
	want := d.Policy.OneTimeNotice
	for _, i := range want.Content {
		d.need(slices.Contains(m.Items, i), "items", Words{"须一次告知，还缺：" + noticeItems.of(i).ZH, "all of it at once, " + noticeItems.of(i).EN + " too"})
	}
	for _, paper := range want.Lists[d.c.File.Matter.Category] {
		d.need(slices.Contains(m.Materials, paper), "materials", Words{"须告知该类事项的全部材料，还缺：" + paper, "the whole list of the category, " + paper + " too"})
	}
	d.need(want.Form == "" || m.Form == want.Form, "form", noticeForms.of(want.Form))
	m.Again = len(d.c.File.Notices) > 0
	d.did[0].body = m
	d.c.File.Notices = append(d.c.File.Notices, m)
}

// Consult asks somebody who knows before answering (S02-R6).
type Consult struct {
	Whom   string `json:"whom"` // user
	Answer string `json:"answer"`
}

// Kind returns MoveConsult.
func (Consult) Kind() MoveKind { return MoveConsult }

func (m Consult) do(d *decision) {
	d.need(m.Whom != "", "whom", Words{"请示的对象", "who was asked"})
	d.need(m.Answer != "", "answer", Words{"他的答复", "what he said"})
	d.c.File.Consult = &m
}

// Propose says how the matter could be solved, before it goes up (S11-R12).
type Propose struct {
	Proposal string `json:"proposal"`
}

// Kind returns MovePropose.
func (Propose) Kind() MoveKind { return MovePropose }

func (m Propose) do(d *decision) {
	d.need(m.Proposal != "", "proposal", Words{"解决意见", "a solution"})
	d.c.File.Proposal = m.Proposal
}

// Complain says whom of us the matter is a complaint about. He does not see the case
// from now on, and it is not his (C27).
type Complain struct {
	Accused string `json:"accused"` // user
}

// Kind returns MoveComplain.
func (Complain) Kind() MoveKind { return MoveComplain }

func (m Complain) do(d *decision) {
	d.need(m.Accused != "", "accused", Words{"投诉的对象", "whom it is about"})
	d.need(m.Accused != d.by.User, "accused", Words{"须由他人登记：不得登记对自己的投诉", "somebody else: nobody registers a complaint about himself"})
	d.c.File.Accused = m.Accused
	if d.c.Handler == m.Accused {
		d.c.Handler = d.by.User
	}
	if d.c.Responsible == m.Accused {
		d.c.Responsible = d.by.User
		d.happen(EventResponsibilityMoved, responsibilityMoved{m.Accused, d.by.User, "complaint"})
	}
}

// responsibilityMoved is the body of that event.
type responsibilityMoved struct {
	From string `json:"from"`
	To   string `json:"to"`
	Why  string `json:"why"`
}

// Verify says whether a complaint about one of us is true. Sanctions are proposed for
// true ones only.
type Verify struct {
	True    bool   `json:"true"`
	Offence string `json:"offence,omitempty"` // code of the policy
	Against string `json:"against"`           // user
	Finding string `json:"finding"`

	Consequence Consequence `json:"consequence,omitempty"` // it had: none, bad or serious (S21-R8, S24-R12)
}

// Kind returns MoveVerify.
func (Verify) Kind() MoveKind { return MoveVerify }

func (m Verify) do(d *decision) {
	d.need(m.Finding != "", "finding", Words{"查明的情况和依据", "what was found, and from what"})
	d.need(m.Against != "", "against", Words{"投诉的对象", "whom it is about"})
	d.need(m.Against != d.by.User, "against", Words{"须由他人认定：不得认定自己", "somebody else: nobody judges himself"})
	if m.True && m.Offence != "" {
		known := slices.ContainsFunc(d.Policy.Sanctions.Offences, func(o Offence) bool { return o.Code == m.Offence })
		d.need(known, "offence", Words{"制度规定的代码", "a code of the policy"})
	}
	d.need(m.Consequence == "" || slices.Contains(consequences.names(), m.Consequence), "consequence", oneOf(consequences.names()))
	d.c.File.Verified = &m
}

// Adopt says what becomes of an opinion or suggestion (S22-R2).
type Adopt struct {
	Adopted bool   `json:"adopted"`
	Reason  string `json:"reason"`
}

// Kind returns MoveAdopt.
func (Adopt) Kind() MoveKind { return MoveAdopt }

func (m Adopt) do(d *decision) {
	d.need(m.Reason != "", "reason", Words{"采纳或不采纳的理由", "why it is adopted, or not"})
	d.c.File.Adopted = &m.Adopted
}

// Solve says that who registered the matter has settled it. The caller is answered by
// Reply.
type Solve struct {
	Manner string `json:"manner"`
	Result string `json:"result"`
}

// Kind returns MoveSolve.
func (Solve) Kind() MoveKind { return MoveSolve }

func (m Solve) do(d *decision) {
	d.need(m.Result != "", "result", Words{"办理结果", "what came of it"})
	d.c.File.Result, d.c.File.Entered = &Report{Manner: m.Manner, Result: m.Result}, true
	d.reach(AtHandled, AtFirstAskerTold)
}
