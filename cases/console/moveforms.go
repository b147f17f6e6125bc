package console

import (
	"context"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"shouwen/cases"
)

// What comes next in each state, first things first; all else is there, too, behind.
var next = map[cases.State][]cases.MoveKind{
	cases.Open:       {cases.MoveRegister, cases.MoveClassify},
	cases.Registered: {cases.MoveArbitrate, cases.MoveReply, cases.MoveSolve, cases.MoveHandOver, cases.MoveNotify, cases.MovePromise, cases.MoveClassify},
	cases.Solved:     {cases.MoveReply, cases.MoveHandOver},
	cases.HandedOver: {cases.MoveAccept, cases.MoveReturn, cases.MoveTell, cases.MovePress},
	cases.Accepted:   {cases.MoveReport, cases.MoveReply, cases.MoveAssign, cases.MoveTell, cases.MoveReturn},
	cases.ResultIn:   {cases.MoveEnter, cases.MoveReply},
	cases.Replied:    {cases.MoveEnter, cases.MoveVisit, cases.MoveClose},
	cases.Visited:    {cases.MoveEnter, cases.MoveClose},
}

// standing moves come before those of the state when there is something to be done about;
// those of emergencies, too.
var standing = []cases.MoveKind{
	cases.MoveDecide, cases.MoveConfirm, cases.MoveOrder, cases.MoveArrive, cases.MoveRelay, cases.MoveFile,
	cases.MoveTake, cases.MoveKeep, cases.MoveFinish, cases.MoveResume, cases.MoveAnswer,
}

// idle tells whether there is nothing in c for a move to be about.
func idle(c cases.Case, kind cases.MoveKind, p cases.Policy) bool {
	f := c.File
	class, _ := p.Class(f.Matter.Class)
	_, alarm := c.Milestones[cases.AtAlarm]
	switch kind {
	case cases.MoveKeep:
		return f.Promise == nil
	case cases.MovePromise:
		return f.Promise != nil
	case cases.MoveFinish:
		return len(f.ToDo()) == 0
	case cases.MoveResume:
		return f.Waiting == ""
	case cases.MoveWait:
		return f.Waiting != ""
	case cases.MoveDecide:
		return f.Extend == nil && f.Reassign == nil
	case cases.MoveAnswer:
		return !runs(c, cases.ClockPress)
	case cases.MoveArbitrate:
		return !f.Disputed
	case cases.MoveVerify:
		return f.Accused == ""
	case cases.MoveInquiry:
		return f.Verified == nil || !f.Verified.True
	case cases.MoveConfirm, cases.MoveOrder, cases.MoveArrive, cases.MoveRelay, cases.MoveFile:
		return !class.Emergency && !alarm
	case cases.MoveEnter:
		return f.Result == nil || f.Entered
	}
	return false
}

func runs(c cases.Case, kind cases.ClockKind) bool {
	return slices.ContainsFunc(c.Clocks, func(k cases.Clock) bool { return k.Kind == kind && k.Running() })
}

// forms makes the forms of a case for somebody.
type forms struct {
	x     *site
	c     cases.Case
	calls []cases.Call // in which the caller was on the line
	by    cases.Actor
	l     lang
}

// formsFor returns the forms of c for whoever asks. Without the database no call can be
// chosen.
func (x *site) formsFor(ctx context.Context, c cases.Case, l lang) forms {
	calls, err := x.Store.Connected(ctx, c)
	x.health.status(err, x.Log)
	return forms{x, c, calls, viewerOf(ctx).Actor, l}
}

// all are what may be done with the case now: what comes next, and the rest.
func (o forms) all() (first, rest []moveForm) {
	c, by, l, p := o.c, o.by, o.l, o.x.Store.Rules.Policy
	order := slices.Concat(standing, next[c.State])
	if c.State == cases.Replied && !p.ReturnVisit.Required {
		order = slices.Concat(standing, []cases.MoveKind{cases.MoveEnter, cases.MoveClose, cases.MoveVisit})
	}
	moves := slices.DeleteFunc(c.Moves(by, p), func(kind cases.MoveKind) bool { return idle(c, kind, p) })
	rank := func(kind cases.MoveKind) int {
		if i := slices.Index(order, kind); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(moves, func(a, b cases.MoveKind) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(l.term("move", string(a)), l.term("move", string(b)))
	})
	for _, kind := range moves {
		f := o.of(kind)
		switch {
		case f.Kind == "": // whatever is filled in
		case rank(kind) < len(order):
			first = append(first, f)
		default:
			rest = append(rest, f)
		}
	}
	for i, f := range first { // the first that needs nothing before it
		if f.Kind == cases.MoveDecide || f.Kind == cases.MoveRegister || len(f.Lacks) == 0 && !slices.Contains(standing, f.Kind) {
			first[i].Open = true
			break
		}
	}
	for _, list := range [][]moveForm{first, rest} {
		for i := range list {
			list[i].arrange()
		}
	}
	return first, rest
}

// broughtBy is the move that brings what another lacks; empty: none in particular.
func broughtBy(field string) cases.MoveKind {
	switch kind := cases.MoveKind(field); {
	case field == "promise":
		return cases.MoveKeep
	case field == "proposal":
		return cases.MovePropose
	case slices.Contains(cases.MoveKinds(), kind):
		return kind
	case slices.ContainsFunc(formOf(cases.MoveRegister, english).Fields, func(f formField) bool { return f.is(field) }):
		return cases.MoveRegister
	}
	return ""
}

// ruledOut are refusals that no way to fill in the form avoids.
var ruledOut = []string{"C22", "X5", "S33-R13", "S33-R15", "S25-R3"}

// of returns the form of a move with what is known filled in, and what is needed
// marked: as the move itself says when it is tried with nothing. A form without a kind
// is of a move that is refused however it is filled in.
func (o forms) of(kind cases.MoveKind) moveForm {
	c, l, p := o.c, o.l, o.x.Store.Rules.Policy
	empty, err := cases.ReadMove(kind, []byte("{}"))
	if err != nil {
		panic(err) // kind is one of the moves
	}
	f := formOf(kind, l)
	f.Fields = nil
	f.add("", reflect.TypeOf(empty), func(name string, t reflect.Type) []option { return o.choices(kind, name, t) })
	f.Seen = c.Events
	if kind == cases.MoveRegister {
		for _, before := range cases.MoveKinds() {
			all := p.Required(cases.Step(before), c.Facts(p))
			f.require(all)
			f.before(before, all)
		}
	}
	_, _, err = c.Move(empty, o.by, o.x.Now(), o.x.Store.Rules)
	if no, ok := errors.AsType[*cases.MoveError](err); ok {
		if slices.Contains(ruledOut, no.Rule) && no.Reason != cases.RefusedFields {
			return moveForm{}
		}
		for _, wrong := range no.Fields {
			if !f.mark(wrong.Field) {
				f.Lacks = append(f.Lacks, lack{fieldErrorBody{wrong.Field, l.field(kind, wrong.Field), wrong.Want.In(string(l))}, broughtBy(wrong.Field)})
			}
		}
	}
	fill(f.Fields, o.onRecord(kind))
	return f
}

// before notes what the profile wants on record before a step: the caller is on the
// line now.
func (f *moveForm) before(step cases.MoveKind, all []cases.Field) {
	for i, field := range f.Fields {
		if !slices.ContainsFunc(all, func(name cases.Field) bool { return field.is(string(name)) }) {
			continue
		}
		if f.Fields[i].Required = true; step != f.Kind {
			f.Fields[i].Before = append(f.Fields[i].Before, f.lang.term("move", string(step)))
		}
	}
}

// mark marks the fields that are needed; false: it has none of that name.
func (f *moveForm) mark(name string) (found bool) {
	for i, field := range f.Fields {
		if field.is(name) {
			f.Fields[i].Required = field.Name != "evidence.message" && field.Name != "evidence.paper" && field.Input != "choices"
			found = true
		}
	}
	return found
}

// onRecord is what a form begins with: what is on record, or follows from it.
func (o forms) onRecord(kind cases.MoveKind) url.Values {
	c, x := o.c, o.x
	m, v := c.File.Matter, url.Values{}
	if calls := o.connected(); len(calls) > 0 {
		v.Set("evidence.call", calls[len(calls)-1].Value)
	}
	switch kind {
	case cases.MoveRegister:
		v = url.Values{"phone": {m.Phone}, "name": {m.Name}, "address": {m.Address}, "organisation": {m.Organisation}, "content": {m.Content}, "channel": {m.Channel}}
		if m.Phone == "" && !c.Call.Caller.Withheld {
			v.Set("phone", string(c.Call.Caller.E164))
		}
		for field, value := range m.Fields {
			v.Set("fields."+field, value)
		}
		if m.ReadBack {
			v.Set("read_back", "on")
		}
	case cases.MoveClassify:
		v = url.Values{"class": {string(m.Class)}, "type": {string(m.Type)}, "category": {m.Category}}
	case cases.MoveHandOver:
		if d, ok := x.People().ByCategory(m.Category); ok {
			v.Set("department", d.Name)
		}
		v.Set("mode", string(x.Store.Rules.Policy.Transfer.Mode))
	case cases.MoveDecide:
		if v.Set("of", string(cases.AskedExtension)); c.File.Extend == nil {
			v.Set("of", string(cases.AskedReassignment))
		}
	case cases.MoveReply:
		if c.File.Result != nil {
			v.Set("result", c.File.Result.Result)
			v.Set("manner", c.File.Result.Manner)
		}
	case cases.MoveVerify:
		v.Set("against", c.File.Accused)
	case cases.MoveNotify:
		v.Set("form", string(x.Store.Rules.Policy.OneTimeNotice.Form))
	case cases.MoveTell:
		v.Set("of", string(cases.TellState))
	}
	return v
}

// choices are what a field of a move of c may be; nil: anything.
func (o forms) choices(kind cases.MoveKind, name string, t reflect.Type) []option {
	c, x, l := o.c, o.x, o.l
	p, d, lang := x.Store.Rules.Policy, x.People(), string(l)
	all := []option{}
	add := func(value, text string) { all = append(all, option{Value: value, Text: text}) }
	switch field := string(kind) + "." + name; {
	case name == "department", name == "departments", field == "return.to":
		for _, t := range d.Departments {
			if field != "return.to" || t.Name != c.Department {
				add(t.Name, titled(t.Title, t.Name))
			}
		}
	case name == "category":
		for _, k := range d.Categories {
			add(k.Name, titled(k.Title, k.Name))
		}
	case name == "class":
		for _, k := range p.Classification.Classes {
			add(string(k.Class), k.Title.In(lang))
		}
	case name == "clock":
		for _, k := range c.Clocks {
			if k.Running() && !k.Due.IsZero() && k.Kind != cases.ClockInquiry {
				add(string(k.Kind), k.Kind.Words().In(lang)+" · "+k.Due.In(x.zone()).Format("01-02 15:04"))
			}
		}
	case name == "evidence.call", name == "agreed.call":
		return o.connected()
	case name == "level":
		for _, n := range []string{"1", "2", "3", "4"} {
			add(n, n)
		}
	case name == "satisfied":
		for _, n := range []string{"5", "4", "3", "2", "1"} {
			add(n, n)
		}
	case name == "channel":
		for _, v := range []string{"call", "visit", "letter", "message"} {
			add(v, l.term("channel", v))
		}
	case field == "verify.offence":
		for _, offence := range p.Sanctions.Offences {
			add(offence.Code, offence.Title.In(lang))
		}
	case field == "order.plan":
		for _, plan := range p.Emergency.Plans {
			add(plan, plan)
		}
	case field == "notify.materials":
		for _, paper := range p.OneTimeNotice.Lists[c.File.Matter.Category] {
			add(paper, paper)
		}
	case field == "finish.task":
		for i, task := range c.File.Tasks {
			if task.Done.IsZero() {
				add(strconv.Itoa(i+1), l.task(task, d))
			}
		}
	case field == "inquiry.points":
		for _, point := range slices.Concat(p.Accountability.Aggravating, p.Accountability.Mitigating) {
			add(point.Code, point.Title.In(lang))
		}
	case field == "inquiry.outcome":
		for _, s := range cases.Choices(cases.Sanction("")) {
			add(s.Value, s.In(lang))
		}
		for _, e := range p.Accountability.Exempt {
			add(e.Code, e.Title.In(lang))
		}
	case name == "set" || field == "classify.clear":
		for _, f := range cases.Choices(cases.Flag("")) {
			if slices.Contains(c.File.Matter.Flags, cases.Flag(f.Value)) == (name == "clear") {
				add(f.Value, f.In(lang))
			}
		}
	default:
		if t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		for _, w := range cases.Choices(reflect.Zero(t).Interface()) {
			if x.allowed(kind, name, w.Value) {
				add(w.Value, w.In(lang))
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// allowed tells whether the policy lets a word of a closed set be chosen.
func (x *site) allowed(kind cases.MoveKind, name, value string) bool {
	p := x.Store.Rules.Policy
	switch string(kind) + "." + name {
	case "hand_over.mode":
		order := []cases.TransferMode{cases.NumberOnly, cases.ColdTransfer, cases.WarmRequired}
		return slices.Index(order, cases.TransferMode(value)) >= slices.Index(order, p.Transfer.Mode)
	case "classify.type":
		return len(p.MatterTypes) == 0 || slices.Contains(p.MatterTypes, cases.MatterType(value))
	case "cover.remedy":
		return slices.Contains(p.AbsentHandler, cases.Remedy(value))
	case "escalate.to":
		return len(p.Escalation.Levels) == 0 || slices.Contains(p.Escalation.Levels, cases.Party(value)) || value == string(cases.PartyFunctional)
	case "inquiry.for":
		return slices.Contains(p.Accountability.ReviewBy, cases.Party(value))
	case "notify.form":
		return p.OneTimeNotice.Form == "" || value == string(p.OneTimeNotice.Form)
	}
	return true
}

// connected are the calls that may be named as evidence, oldest first.
func (o forms) connected() (all []option) {
	for _, k := range o.calls {
		text := k.Answered.In(o.x.zone()).Format("01-02 15:04")
		if k.Agent != "" {
			text += " · " + k.Agent
		}
		if k.Ended.IsZero() {
			text += " · " + o.l.word("on the line")
		}
		all = append(all, option{Value: k.ID, Text: text})
	}
	return all
}

func titled(title, name string) string {
	if title == "" {
		return name
	}
	return title
}
