package cases

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// farOff is how many years ahead somebody may name a time: what is farther is a slip of
// the keys, and clocks count its days one by one.
const farOff = 10

// near tells whether t is before that.
func near(t, now time.Time) bool { return t.Before(now.AddDate(farOff, 0, 0)) }

// Promise is something told to the caller with a time: a clock of its own (C20).
type Promise struct {
	What string    `json:"what"`
	Due  time.Time `json:"due"`
}

// Kind returns MovePromise.
func (Promise) Kind() MoveKind { return MovePromise }

func (m Promise) do(d *decision) {
	d.need(m.What != "", "what", Words{"承诺的事项", "what is promised"})
	d.need(d.c.File.Promise == nil, "what", Words{"先兑现已有的承诺", "keep the promise there is first"})
	d.promise(m)
}

// promise starts the clock of m, unless one runs.
func (d *decision) promise(m Promise) {
	d.need(m.Due.After(d.at) && near(m.Due, d.at), "due", Words{"将来的时间", "a time to come"})
	if d.c.File.Promise != nil {
		return
	}
	m.Due = moment(m.Due)
	d.reach(AtPromised)
	k, ok := d.Policy.Promise(d.c.Facts(d.Policy), d.at, m.Due, d.Calendar)
	if !ok { // a policy may be silent about promises; to the caller they are one all the same
		k = Terms{Kind: ClockPromise, Start: AtPromised, Stop: []Milestone{AtKept}, Limit: &Limit{Unit: AsPromised}}.
			start(d.Policy.Ref(), d.at, m.Due, d.Calendar)
	}
	k.Gen = d.c.Events + 1
	d.c.Clocks = append(d.c.Clocks, k)
	d.c.File.Promise = &m
}

// Keep says that the promise was kept.
type Keep struct {
	Note string `json:"note,omitempty"`
}

// Kind returns MoveKeep.
func (Keep) Kind() MoveKind { return MoveKeep }

func (m Keep) do(d *decision) {
	d.need(d.c.File.Promise != nil, "promise", Words{"没有待兑现的承诺", "there is none to keep"})
	d.reach(AtKept)
	if k, _, open := d.c.clock(ClockPromise); open { // the policy names what keeps it, e.g. arrival
		d.reach(k.On.Stop...)
	}
}

// Wait says what has to come first that is not ours to do. Clocks whose policy lets
// them stand still meanwhile.
type Wait struct {
	Reason PauseReason `json:"reason"`
	What   string      `json:"what"`
}

// Kind returns MoveWait.
func (Wait) Kind() MoveKind { return MoveWait }

func (m Wait) do(d *decision) {
	_, known := pauseReasons[m.Reason]
	d.need(known, "reason", oneOf(pauseReasons.names()))
	d.need(m.What != "", "what", Words{"等待什么，如告知来电人的那样", "what is waited for, as the caller was told"})
	d.need(d.c.File.Waiting == "", "what", Words{"工单已在等待中", "the case waits already"})
	d.c.File.Waiting = m.What
	for i, k := range d.c.Clocks {
		if k.Running() && !k.Paused() && k.MayPause(m.Reason) {
			if stopped, err := k.Pause(m.Reason, d.at, d.Calendar); err == nil {
				d.c.Clocks[i] = stopped
			}
		}
	}
	if m.Reason == PauseCaller {
		d.flag([]Flag{FlagBlocked}, nil)
	}
}

// Resume says that what was waited for has come: everything is done at once (S30-R4).
type Resume struct {
	Note string `json:"note,omitempty"`
}

// Kind returns MoveResume.
func (Resume) Kind() MoveKind { return MoveResume }

func (m Resume) do(d *decision) {
	d.need(d.c.File.Waiting != "", "note", Words{"工单不在等待中", "the case does not wait"})
	d.c.File.Waiting = ""
	for i, k := range d.c.Clocks {
		if k.Paused() {
			if running, err := k.Resume(d.at, d.Calendar); err == nil {
				d.c.Clocks[i] = running
			}
		}
	}
	d.flag(nil, []Flag{FlagBlocked})
	d.reach(AtUnblocked)
}

// Extend asks for a later due time of a clock, before it is over (C22). It is in force
// when everything the policy asks for is there, in time; until then the old due time
// stays.
type Extend struct {
	Clock    ClockKind `json:"clock"`
	Until    time.Time `json:"until"`
	Reason   string    `json:"reason"`
	Agreed   Evidence  `json:"agreed,omitzero"`    // the caller agreed, where that is enough (S24-R20)
	Reported string    `json:"reported,omitempty"` // user it was reported to, where that is enough (S21-R7)

	Asked    time.Time `json:"asked,omitzero"` // set by the move, so the next three
	Approver string    `json:"approver,omitempty"`
	Approved time.Time `json:"approved,omitzero"`
	Told     time.Time `json:"told,omitzero"`
}

// Kind returns MoveExtend.
func (Extend) Kind() MoveKind { return MoveExtend }

func (m Extend) do(d *decision) {
	m.Until, m.Asked, m.Approver, m.Approved, m.Told = moment(m.Until), d.at, "", time.Time{}, time.Time{}
	k, _, running := d.c.clock(m.Clock)
	d.need(running && !k.Due.IsZero() && m.Clock != ClockInquiry, "clock", Words{"正在计时且有期限的时限；问责调查另行延长", "one that runs and has a due time; an inquiry is prolonged by a step of its own"})
	d.need(m.Reason != "", "reason", Words{"有何特殊情况", "what special circumstances there are"})
	d.need(m.Until.After(k.Due) && near(m.Until, d.at), "until", Words{"晚于原期限的时间", "a time after the due time"})
	switch d.Policy.Extension.Mode {
	case ByReport:
		d.need(m.Reported != "", "reported", Words{"报告给了谁", "whom it was reported to"})
		m.Approver, m.Approved = m.Reported, d.at
	case ByAgreement:
		d.proven(m.Agreed)
		m.Approver, m.Told = d.by.User, d.at
	case NoExtension, ByPromise:
		d.refuse(RefusedPolicy, "C22")
	}
	if running && d.at.After(k.Due) { // what was late stays late
		d.refuse(RefusedPolicy, "S23-R17")
	}
	d.did[0].body = m
	d.c.File.Extend = &m
	d.extended()
}

// extended puts the extension into force that was asked for, once all is there.
func (d *decision) extended() {
	x := d.c.File.Extend
	k, i, running := d.c.clock(x.Clock)
	if d.Reason != "" || !running {
		return
	}
	r := ExtensionRequest{At: x.Asked, Until: x.Until, Reason: x.Reason, By: x.Approver, Approved: x.Approved, ToldAt: x.Told}
	if !x.Approved.IsZero() {
		r.Parties = []Party{d.Policy.Extension.Approver} // Decide has seen to that
	}
	later, err := d.Policy.Extends(k, r, d.Calendar)
	switch {
	case errors.Is(err, ErrNotApproved), errors.Is(err, ErrCallerUntold):
		return
	case err != nil: // too late, or too long
		d.happen(EventExtensionLapsed, *x)
	default:
		d.c.Clocks[i] = later
		d.happen(EventExtended, *x)
	}
	d.c.File.Extend = nil
}

// Reassign asks for another person to answer for the case (C23).
type Reassign struct {
	To      string `json:"to"` // user
	Reason  string `json:"reason"`
	Consent string `json:"consent,omitempty"` // set by Decide: user
	Told    bool   `json:"told,omitempty"`    // set by Tell
}

// Kind returns MoveReassign.
func (Reassign) Kind() MoveKind { return MoveReassign }

func (m Reassign) do(d *decision) {
	m.Consent, m.Told = "", false
	d.need(m.To != "" && m.To != d.c.Responsible, "to", Words{"另一人", "somebody else"})
	d.notAccused(m.To, "to")
	d.need(m.Reason != "", "reason", Words{"原因", "why"})
	if d.Policy.Responsibility.Mode != Consent {
		d.refuse(RefusedPolicy, "X5")
	}
	d.did[0].body = m
	d.c.File.Reassign = &m
}

// reassigned puts a re-assignment into force that has consent and was told (S21-R6).
func (d *decision) reassigned() {
	x := d.c.File.Reassign
	if d.Reason != "" || x == nil || x.Consent == "" || !x.Told {
		return
	}
	d.gate(BeforeReassign)
	d.c.File.Reassign = nil
	d.responsible(x.To, x.Reason)
}

// Decide grants or declines what was asked for: an extension or a re-assignment.
type Decide struct {
	Of      Asked  `json:"of"`
	Approve bool   `json:"approve"`
	Reason  string `json:"reason,omitempty"`
}

// Asked is what a leader decides about.
type Asked string

// What may be asked for.
const (
	AskedExtension    Asked = "extension"
	AskedReassignment Asked = "reassignment"
)

// Kind returns MoveDecide.
func (Decide) Kind() MoveKind { return MoveDecide }

func (m Decide) do(d *decision) {
	d.need(m.Approve || m.Reason != "", "reason", Words{"不同意的理由", "why it is declined"})
	f := &d.c.File
	switch m.Of {
	case AskedExtension:
		if f.Extend == nil {
			d.need(false, "of", Words{"没有延期申请", "nobody asked for an extension"})
			return
		}
		if who := d.Policy.Extension.Approver; !d.c.isParty(d.by, who) {
			d.refuse(RefusedRole, "S23-R17")
		}
		if !m.Approve {
			f.Extend = nil
			return
		}
		x := *f.Extend
		x.Approver, x.Approved = d.by.User, d.at
		f.Extend = &x
		d.extended()
	case AskedReassignment:
		if f.Reassign == nil {
			d.need(false, "of", Words{"没有更换责任人的申请", "nobody asked for a re-assignment"})
			return
		}
		if who := d.Policy.Responsibility.Approver; !d.c.isParty(d.by, who) {
			d.refuse(RefusedRole, "S21-R6")
		}
		if !m.Approve {
			f.Reassign = nil
			return
		}
		x := *f.Reassign
		x.Consent = d.by.User
		f.Reassign = &x
		d.reassigned()
	default:
		d.need(false, "of", oneOf(askedFor.names()))
	}
}

// Tell says what the caller was told on the way, and what proves it.
type Tell struct {
	Of       Telling  `json:"of"`
	Told     []Told   `json:"told,omitempty"` // of a hand-over
	Said     string   `json:"said,omitempty"`
	Evidence Evidence `json:"evidence"`
}

// Telling is what a caller is told of.
type Telling string

// What callers are told of.
const (
	TellState        Telling = "state"        // how it stands, or by when it will be solved
	TellHandOver     Telling = "hand_over"    // who has it now
	TellExtension    Telling = "extension"    // that it becomes later, and why
	TellReassignment Telling = "reassignment" // who answers for it now
	TellProgress     Telling = "progress"     // of an emergency or hazard
	TellApology      Telling = "apology"      // that we are sorry for being late
	TellRing         Telling = "ring"         // that he will be rung in quiet hours, and he agrees (S30-R20)
)

// Kind returns MoveTell.
func (Tell) Kind() MoveKind { return MoveTell }

func (m Tell) do(d *decision) {
	d.proven(m.Evidence)
	f := &d.c.File
	switch m.Of {
	case TellState:
		d.need(m.Said != "", "said", Words{"进展或期限", "the state, or the deadline"})
	case TellHandOver:
		d.need(len(m.Told) > 0, "told", Words{"告知来电人的内容", "what he was told of it"})
		d.told(m.Told)
	case TellExtension:
		d.need(f.Extend != nil, "of", Words{"没有延期申请", "nobody asked for an extension"})
		if f.Extend != nil {
			x := *f.Extend
			x.Told = d.at
			f.Extend = &x
			d.extended()
		}
	case TellReassignment:
		d.need(f.Reassign != nil, "of", Words{"没有更换责任人的申请", "nobody asked for a re-assignment"})
		if f.Reassign != nil {
			x := *f.Reassign
			x.Told = true
			f.Reassign = &x
			d.reassigned()
		}
	case TellProgress:
		d.need(m.Said != "", "said", Words{"结果或进展", "the result or the progress"})
		d.reach(AtCallerTold)
	case TellApology:
		d.need(m.Said != "", "said", Words{"如何致歉", "how he was told"})
		f.Tasks = finish(f.Tasks, TaskApologise, d.by.User, d.at)
	case TellRing:
		d.need(m.Said != "", "said", Words{"来电人怎么说", "what he says to it"})
		f.MayRing = d.at
	default:
		d.need(false, "of", oneOf(tellings.names()))
	}
	f.Attempts = 0
	d.reach(AtStateTold, AtCustomerCalled)
}

// Press urges whoever has the case (催办); everybody of the chain sees it.
type Press struct {
	Text string `json:"text"`
}

// Kind returns MovePress.
func (Press) Kind() MoveKind { return MovePress }

func (m Press) do(d *decision) {
	d.need(m.Text != "", "text", Words{"还缺什么", "what is missing"})
	d.reach(AtPressed)
}

// Answer answers to being pressed.
type Answer struct {
	Text string `json:"text"`
}

// Kind returns MoveAnswer.
func (Answer) Kind() MoveKind { return MoveAnswer }

func (m Answer) do(d *decision) {
	d.need(m.Text != "", "text", Words{"目前的情况", "how it stands"})
	d.reach(AtPressAnswered)
}

// HandOff leaves the case to the next shift with a note. The first-asker stays who he
// is (C35).
type HandOff struct {
	To   string `json:"to"` // user of the successor
	Note string `json:"note"`
}

// Kind returns MoveHandOff.
func (HandOff) Kind() MoveKind { return MoveHandOff }

func (m HandOff) do(d *decision) {
	d.need(m.Note != "", "note", Words{"未办的事项和已作的承诺", "what is open and what was promised"})
	d.need(m.To != "" && m.To != d.by.User, "to", Words{"接班人", "the successor"})
	d.notAccused(m.To, "to")
	if d.c.Handler == d.by.User {
		d.c.Handler = m.To
	}
	d.c.File.Shift = &m
	d.c.File.Tasks = slices.Clone(d.c.File.Tasks)
	for i, t := range d.c.File.Tasks {
		if t.Done.IsZero() && t.For == d.by.User {
			d.c.File.Tasks[i].For = m.To
		}
	}
}

// Alarm says that the condition of an emergency is met, and how severe it is. A
// clock that runs is tightened by a more severe level from now on (S24-R27 … R30).
type Alarm struct {
	Level     int    `json:"level"` // 1 is the most severe
	Condition string `json:"condition"`
	Set       []Flag `json:"set,omitempty"`

	Unconfirmed bool `json:"unconfirmed,omitempty"` // set by the move: no cause is confirmed, nothing is to be read into it (S24-R30)
}

// Kind returns MoveAlarm.
func (Alarm) Kind() MoveKind { return MoveAlarm }

func (m Alarm) do(d *decision) {
	d.need(m.Condition != "", "condition", Words{"发生了什么，如实描述", "what happened, in neutral words"})
	d.need(m.Level >= 0 && m.Level <= 4, "level", Words{"1 到 4，1 最严重", "1 to 4, 1 the most severe"})
	for _, f := range m.Set {
		_, known := flags[f]
		d.need(known, "set", oneOf(flags.names()))
	}
	m.Unconfirmed = d.unconfirmed()
	d.did[0].body = m
	d.c.File.Matter.Level = m.Level
	d.flag(m.Set, nil)
	if !slices.ContainsFunc(d.c.Clocks, func(k Clock) bool { return k.On.Start == AtAlarm && !k.Cancelled }) {
		delete(d.c.Milestones, AtAlarm) // the condition was not met until now (S24-R27)
	}
	d.c = d.c.revise(d.at, d.Rulebook)
	d.reach(AtAlarm)
}

// unconfirmed tells whether what is said now of an emergency may not name a cause.
func (d *decision) unconfirmed() bool {
	return d.Policy.Emergency.NeutralWording && d.c.File.Cause == ""
}

// Confirm says that who reported the emergency first has confirmed it (S05-R10).
type Confirm struct {
	Cause    string   `json:"cause,omitempty"` // of it, if that is known for sure
	Evidence Evidence `json:"evidence"`
}

// Kind returns MoveConfirm.
func (Confirm) Kind() MoveKind { return MoveConfirm }

func (m Confirm) do(d *decision) {
	d.proven(m.Evidence)
	d.c.File.Cause = cmp.Or(m.Cause, d.c.File.Cause)
	d.reach(AtOwnerConfirmed)
}

// Order sets people to work on an emergency: by the plan there is, or, without one, as
// the leader says who was told at once (S05-R11, S05-R12).
type Order struct {
	Plan        string `json:"plan,omitempty"`
	Leader      string `json:"leader,omitempty"` // user
	Instruction string `json:"instruction"`
}

// Kind returns MoveOrder.
func (Order) Kind() MoveKind { return MoveOrder }

func (m Order) do(d *decision) {
	d.need(m.Instruction != "", "instruction", Words{"由谁做什么", "who does what"})
	want := d.Policy.Emergency
	_, confirmed := d.c.Milestones[AtOwnerConfirmed]
	d.need(!want.ConfirmOwner || confirmed, "confirm", Words{"先与最先报告人核实", "ask who reported it first"})
	if m.Plan == "" {
		_, told := d.c.Milestones[AtLeaderReached]
		if want.NoPlan != "" && (!told || m.Leader == "") {
			d.lacks(RefusedFields, "S05-R12", "leader", Words{"没有预案时由分管领导决定：先联系他", "without a plan the leader in charge decides: reach him first"})
		}
	} else {
		d.need(slices.Contains(want.Plans, m.Plan), "plan", Words{"本单位的预案之一", "one of the organisation's plans"})
	}
	d.c.File.Order = &m
	d.reach(AtOrdered, AtDispatched)
}

// Arrive says that somebody is on the scene, or on his way.
type Arrive struct {
	Who      string `json:"who"`
	Departed bool   `json:"departed,omitempty"` // on his way only
}

// Kind returns MoveArrive.
func (Arrive) Kind() MoveKind { return MoveArrive }

func (m Arrive) do(d *decision) {
	d.need(m.Who != "", "who", Words{"到场的人", "who is there"})
	if m.Departed {
		d.reach(AtDeparted)
		return
	}
	d.reach(AtOnSite)
}

// Relay is the first-asker's own word to the caller, besides the department's or the
// supervisor's (S05-R15, S05-R20).
type Relay struct {
	Said     string   `json:"said"`
	Evidence Evidence `json:"evidence"`
}

// Kind returns MoveRelay.
func (Relay) Kind() MoveKind { return MoveRelay }

func (m Relay) do(d *decision) {
	d.need(m.Said != "", "said", Words{"结果或进展", "the result or the progress"})
	d.proven(m.Evidence)
	d.reach(AtRelayed)
}

// FileIt files the special event report of an emergency (S05-R13).
type FileIt struct {
	Text   string `json:"text"`
	Copies int    `json:"copies,omitempty"`

	Unconfirmed bool `json:"unconfirmed,omitempty"` // set by the move: no cause is confirmed (S24-R30)
}

// Kind returns MoveFile.
func (FileIt) Kind() MoveKind { return MoveFile }

func (m FileIt) do(d *decision) {
	d.need(m.Text != "", "text", Words{"发生了什么、做了什么、结果如何", "what happened, what was done, what came of it"})
	m.Unconfirmed = d.unconfirmed()
	d.did[0].body = m
	d.c.File.Special = &m
	d.reach(AtReportFiled)
}

// Deliver says that the caller has the thing he asked for (S29-R1).
type Deliver struct {
	What string `json:"what"`
}

// Kind returns MoveDeliver.
func (Deliver) Kind() MoveKind { return MoveDeliver }

func (m Deliver) do(d *decision) {
	d.need(m.What != "", "what", Words{"送达的物品", "what he got"})
	d.reach(AtDelivered, AtHandled)
}
