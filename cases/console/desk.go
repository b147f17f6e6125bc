package console

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/ivr/acd"
)

const (
	deskRows       = 200
	supervisorRows = 50
)

// nowPart is what goes on on somebody's phone.
type nowPart struct {
	At      time.Time
	Me      *acd.Presence // nil: he is no agent
	Ringing *Call
	Talking *Call
	Reasons []string         // of pauses
	Alarms  bool             // there is somebody to be rung in an emergency
	Here    cases.CaseNumber // case the page is about; empty: none
}

// at is what goes on as the page of a case shows it.
func (p nowPart) at(n cases.CaseNumber) nowPart {
	p.Here = n
	return p
}

func (x *site) nowOf(v viewer, m *moment) nowPart {
	p := nowPart{At: x.Now(), Reasons: x.PauseReasons}
	i := slices.IndexFunc(m.Agents.Agents, func(a acd.Presence) bool { return a.User == v.User })
	if i < 0 {
		return p
	}
	me := m.Agents.Agents[i]
	p.Me = &me
	for _, c := range m.Calls {
		switch {
		case c.Agent == v.User && (p.Talking == nil || c.Case != ""): // who asks somebody for his caller has two
			p.Talking = &c
		case c.ID == me.Call && me.State == acd.Ringing:
			p.Ringing = &c
		}
	}
	p.Alarms = p.Talking != nil && p.Talking.Case != "" && x.manages()
	return p
}

// manages tells whether the directory has somebody to be rung in an emergency of the
// policy.
func (x *site) manages() bool {
	p, d := x.Store.Rules.Policy, x.People()
	return slices.ContainsFunc(p.Classification.Classes, func(k cases.ClassPolicy) bool {
		return k.Emergency && len(d.Ladder(p, cases.Summons{Class: k.Class})) > 0
	})
}

// deskPage is what somebody has to do.
type deskPage struct {
	At        time.Time
	Now       nowPart
	Know      knowPage // nothing is looked for yet
	Away      bool     // the database; the lists are empty
	Cases     []deskRow
	Callbacks []cases.Case
	Posts     []cases.Post // he holds, with duties and rights

	Supervises bool
	Approvals  []approval
	Overdue    []deskRow
	Rectify    []rectifyRow       // to be put right or verified
	Inspect    []cases.Inspection // that should have been concluded
	Alarms     []deskRow
	Gaps       []cases.Gap    // where nobody is on post
	Silent     []acd.Presence // agents whose phones are not answered
	Down       []Trunk
	Dead       int // notices that were given up
}

// deskRow is an open case with the clock that is due first.
type deskRow struct {
	cases.Case
	Next    cases.Clock // zero: none is due
	Because string
}

// approval is something asked for that whoever looks may decide on.
type approval struct {
	cases.Case
	Of   cases.Asked
	What string
}

func (x *site) desk(ctx context.Context, l lang, m *moment) deskPage {
	v := viewerOf(ctx)
	d := deskPage{At: x.Now(), Now: x.nowOf(v, m), Supervises: v.Has(cases.RoleSupervisor) || v.Has(cases.RoleAdministrator)}
	ctx, cancel := context.WithTimeout(ctx, pagePatience)
	defer cancel()
	department, callbacks := "", store.CallbackFilter{View: store.CallbacksMine, User: v.User}
	if v.Has(cases.RoleAgent) || v.Has(cases.RoleSupervisor) { // whoever is free calls whom nobody answered
		callbacks = store.CallbackFilter{}
	}
	if v.Has(cases.RoleHandler) {
		department = v.Department
	}
	list, err := x.Store.Desk(ctx, v.User, department, deskRows)
	if err == nil {
		callbacks.For = v.whom()
		d.Callbacks, err = x.Store.Callbacks(ctx, callbacks)
	}
	if err == nil {
		d.Rectify, d.Inspect, err = x.rectifications(ctx, v, d.Supervises)
	}
	if err == nil {
		err = x.supervise(ctx, &d, l, m)
	}
	d.Away = x.health.status(err, x.Log) != http.StatusOK
	d.Cases = x.deskRows(v.seen(list), l)
	return d
}

// supervise adds what is for who decides and watches.
func (x *site) supervise(ctx context.Context, d *deskPage, l lang, m *moment) error {
	v, p := viewerOf(ctx), x.Store.Rules.Policy
	if !d.Supervises && !v.Has(cases.RoleLeader) {
		return nil
	}
	asked, err := x.Store.Asked(ctx, supervisorRows)
	if err != nil {
		return err
	}
	for _, c := range v.seen(asked) {
		d.Approvals = append(d.Approvals, x.approvals(c, v, l)...)
	}
	if !d.Supervises {
		return nil
	}
	late, err := x.Store.Overdue(ctx, d.At, supervisorRows)
	if err != nil {
		return err
	}
	d.Overdue = x.deskRows(v.seen(late), l)
	urgent, err := x.Store.Running(ctx, urgentClocks(p), supervisorRows)
	if err != nil {
		return err
	}
	d.Alarms = x.deskRows(slices.DeleteFunc(v.seen(urgent), func(c cases.Case) bool { return !isAlarm(c, p) }), l)
	if d.Gaps, err = x.Store.OpenGaps(ctx); err != nil {
		return err
	}
	dead, err := x.Store.DeadLetters(ctx, supervisorRows)
	d.Dead, d.Down = len(dead), down(x.Trunks())
	for _, a := range m.Agents.Agents {
		if unanswered(a) {
			d.Silent = append(d.Silent, a)
		}
	}
	return err
}

// approvals are what was asked for in c and is v's to decide on now.
func (x *site) approvals(c cases.Case, v viewer, l lang) (all []approval) {
	mine := func(of cases.Asked) bool {
		_, _, err := c.Move(cases.Decide{Of: of, Approve: true}, v.Actor, x.Now(), x.Store.Rules)
		no, refused := errors.AsType[*cases.MoveError](err)
		return !refused || no.Reason != cases.RefusedRole
	}
	if e := c.File.Extend; e != nil && e.Approved.IsZero() && mine(cases.AskedExtension) {
		what := e.Clock.Words().In(string(l)) + " → " + e.Until.In(x.zone()).Format("2006-01-02 15:04") + " · " + e.Reason
		all = append(all, approval{c, cases.AskedExtension, what})
	}
	if a := c.File.Reassign; a != nil && a.Consent == "" && mine(cases.AskedReassignment) {
		all = append(all, approval{c, cases.AskedReassignment, c.Responsible + " → " + a.To + " · " + a.Reason})
	}
	return all
}

// urgentClocks are the kinds of clocks that emergencies have.
func urgentClocks(p cases.Policy) (kinds []cases.ClockKind) {
	for _, t := range p.Clocks {
		urgent := t.Start == cases.AtAlarm || slices.ContainsFunc(t.Classes, func(k cases.Class) bool {
			class, _ := p.Class(k)
			return class.Emergency
		})
		if urgent && !slices.Contains(kinds, t.Kind) {
			kinds = append(kinds, t.Kind)
		}
	}
	return kinds
}

func isAlarm(c cases.Case, p cases.Policy) bool {
	class, _ := p.Class(c.Facts(p).Class)
	_, alarm := c.Milestones[cases.AtAlarm]
	return class.Emergency || alarm
}

// deskRows are cases by the clock that is due first.
func (x *site) deskRows(list []cases.Case, l lang) []deskRow {
	rows := mapped(list, func(c cases.Case) deskRow { return x.deskRow(c, l) })
	slices.SortStableFunc(rows, func(a, b deskRow) int {
		if a.Next.Due.IsZero() != b.Next.Due.IsZero() {
			return cmp.Compare(b.Next.Due.Unix(), a.Next.Due.Unix()) // what has no due time comes last
		}
		return a.Next.Due.Compare(b.Next.Due)
	})
	return rows
}

func (x *site) deskRow(c cases.Case, l lang) deskRow {
	row := deskRow{Case: c, Next: firstDue(c)}
	if !row.Next.Due.IsZero() {
		row.Because = row.Next.Explain(string(l), x.Store.Rules.Calendar)
	}
	return row
}

// firstDue is the clock of c that is due first; the zero one: none is.
func firstDue(c cases.Case) (next cases.Clock) {
	for _, k := range c.Clocks {
		if k.Running() && !k.Due.IsZero() && (next.Due.IsZero() || k.Due.Before(next.Due)) {
			next = k
		}
	}
	return next
}

// showDesk has a desk for people; who has the token has the board.
func (x *site) showDesk(w http.ResponseWriter, r *http.Request) {
	if viewerOf(r.Context()).User == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	l, people := languageOf(r), x.People()
	page := x.desk(r.Context(), l, x.present())
	if p, ok := people.Person(viewerOf(r.Context()).User); ok {
		page.Posts = x.Store.Rules.Policy.Posts.Posts(people, p, string(l))
	}
	x.render(w, r, http.StatusOK, "desk", page)
}

// present is how telephony stands now.
func (x *site) present() *moment {
	agents := x.Agents()
	return &moment{Calls: waitingIn(x.Calls(), agents), Agents: agents}
}

// partOf is what a part of a page shows.
func (x *site) partOf(r *http.Request, p part, m *moment) any {
	ctx := r.Context()
	switch p.template {
	case "board":
		return x.board(ctx, m)
	case "desk work":
		return x.desk(ctx, languageOf(r), m)
	}
	return x.nowOf(viewerOf(ctx), m).at(cases.CaseNumber(r.URL.Query().Get("case")))
}

// callFromDesk rings the phone of who presses the button, and then the caller.
func (x *site) callFromDesk(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), apiPatience)
	defer cancel()
	n := cases.CaseNumber(r.PathValue("number"))
	_, _, err := x.caseSeen(ctx, n)
	if code := x.health.status(err, x.Log); code != http.StatusOK {
		x.fail(w, r, code)
		return
	}
	x.obey(w, r, x.Callers.CallBack(ctx, n, viewerOf(ctx).User), "/desk")
}

// readyFromDesk and pauseFromDesk say what who presses the button does himself.
func (x *site) readyFromDesk(w http.ResponseWriter, r *http.Request) {
	x.obey(w, r, x.Duties.Ready(viewerOf(r.Context()).User), "/desk")
}

func (x *site) pauseFromDesk(w http.ResponseWriter, r *http.Request) {
	x.obey(w, r, x.Duties.Pause(viewerOf(r.Context()).User, r.FormValue("reason")), "/desk")
}

// alarmFromDesk has whoever manages emergencies rung for the caller one talks with.
func (x *site) alarmFromDesk(w http.ResponseWriter, r *http.Request) {
	v := viewerOf(r.Context())
	for _, c := range x.Calls() {
		if v.User != "" && c.Agent == v.User && c.Case != "" {
			x.obey(w, r, x.Commands.Alarm(c.ID, v.User), "/cases/"+string(c.Case))
			return
		}
	}
	x.fail(w, r, http.StatusConflict)
}

// obey answers to a button after its command was given.
func (x *site) obey(w http.ResponseWriter, r *http.Request, err error, to string) {
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		x.render(w, r, refusal.Status, "error", errorPage{refusal.Status, refusal.Reason.In(string(languageOf(r)))})
		return
	}
	if err != nil {
		x.Log.Error("console", "err", err)
		x.fail(w, r, http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
