package console

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/ivr/acd"
)

const (
	pagePatience = 1500 * time.Millisecond // with the database, before the rest is shown without it
	caseRows     = 20
	callbackRows = 10
	agentRows    = 100
	callRows     = 100
	countLimit   = 200 // callbacks are counted up to it
)

// boardPage is everything at a glance.
type boardPage struct {
	At time.Time

	Joins   string // user who may be on the line of agents, if he looks; else empty
	Calls   []Call // the oldest callRows
	Up      int    // calls in all
	Waiting int
	Longest time.Duration // wait
	Talking int

	Agents []agentRow // the first agentRows, those at work before others
	Known  int        // agents in all
	Ready  int
	Silent int // agents paused because their phones were not answered

	Down      []Trunk
	Away      bool // the database; Cases and Callbacks are empty
	Cases     []cases.Case
	Callbacks []cases.Case // the most urgent callbackRows
	Owed      int          // callbacks in all, up to countLimit
	Overdue   int
}

type agentRow struct {
	acd.Presence
	With *Call // the call he is in, if it is known
}

// unanswered tells whether the board paused the agent because he seems not to be
// there.
func unanswered(p acd.Presence) bool {
	return p.State == acd.Paused && p.Reason == noAnswer
}

// noAnswer is the board's reason for such a pause.
const noAnswer = "no_answer"

// Unanswered tells the page whom somebody is to look after.
func (a agentRow) Unanswered() bool { return unanswered(a.Presence) }

// rank orders agents for the eye: first whom somebody is to look after.
func (a agentRow) rank() int {
	if a.Unanswered() {
		return -1
	}
	return atWork[a.State]
}

func (x *site) board(ctx context.Context, m *moment) boardPage {
	b := boardPage{At: x.Now(), Down: down(x.Trunks())}
	if v := viewerOf(ctx); v.hasAny(joiners) {
		b.Joins = v.User
	}
	calls := viewerOf(ctx).heard(m.Calls)
	b.Up, b.Calls = len(calls), head(calls, callRows)
	b.talkers(calls)
	b.people(m.Agents, calls)

	o, v := x.overview.look(ctx, x), viewerOf(ctx)
	if len(v.seen(o.cases)) < len(o.cases) || len(v.seen(o.callbacks)) < len(o.callbacks) {
		o = x.look(ctx, v.whom()) // he has as many as everybody, of those he may see
	}
	b.Away = x.health.status(o.err, x.Log) != http.StatusOK
	b.Cases, b.Callbacks = v.seen(o.cases), v.seen(o.callbacks)
	for _, c := range b.Callbacks {
		if c.CallbackDue.Before(b.At) {
			b.Overdue++
		}
	}
	b.Owed, b.Callbacks = len(b.Callbacks), head(b.Callbacks, callbackRows)
	return b
}

// overview is what boards have from the database. They look often, so that they look
// together; who may not see all of it looks for himself.
type overview struct {
	mu  sync.Mutex // guards the following
	now looked
}

type looked struct {
	at               time.Time
	cases, callbacks []cases.Case
	err              error
}

// look returns it, at most a moment old.
func (o *overview) look(ctx context.Context, x *site) looked {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Since(o.now.at) < workPause {
		return o.now
	}
	o.now = x.look(context.WithoutCancel(ctx), nil)
	return o.now
}

// look looks into the database for who; nil: for everybody.
func (x *site) look(ctx context.Context, who *cases.Actor) (n looked) {
	ctx, cancel := context.WithTimeout(ctx, pagePatience)
	defer cancel()
	if n.cases, _, n.err = x.Store.Cases(ctx, store.Filter{For: who, Limit: caseRows}); n.err == nil {
		n.callbacks, n.err = x.Store.Callbacks(ctx, store.CallbackFilter{For: who, Limit: countLimit})
	}
	n.at = time.Now()
	return n
}

// CountLimit tells the page where counting ended.
func (boardPage) CountLimit() int { return countLimit }

func head[T any](list []T, n int) []T { return list[:min(len(list), n)] }

func (b *boardPage) talkers(calls []Call) {
	for _, c := range calls {
		switch {
		case c.Direction == "inbound" && c.Answered.IsZero():
			b.Waiting++
			b.Longest = max(b.Longest, b.At.Sub(c.Since))
		case !c.Answered.IsZero():
			b.Talking++
		}
	}
}

// atWork orders the states of agents for the eye.
var atWork = map[acd.State]int{acd.Talking: 0, acd.WrapUp: 1, acd.Ringing: 2, acd.Ready: 3, acd.Paused: 4, acd.Away: 5}

func (b *boardPage) people(s acd.Snapshot, calls []Call) {
	byID := map[string]*Call{}
	for i := range calls {
		byID[calls[i].ID] = &calls[i]
	}
	for _, a := range s.Agents {
		b.Agents = append(b.Agents, agentRow{Presence: a, With: byID[a.Call]})
		switch {
		case a.State == acd.Ready:
			b.Ready++
		case unanswered(a):
			b.Silent++
		}
	}
	slices.SortStableFunc(b.Agents, func(a, c agentRow) int { return cmp.Compare(a.rank(), c.rank()) })
	b.Known, b.Agents = len(b.Agents), head(b.Agents, agentRows)
}

func (x *site) home(w http.ResponseWriter, r *http.Request) {
	x.render(w, r, http.StatusOK, "home", x.board(r.Context(), x.present()))
}

// errorPage is what went wrong.
type errorPage struct {
	Status int
	Why    string // empty: what the status says
}

func (x *site) errorPage(w http.ResponseWriter, r *http.Request, status int) {
	x.render(w, r, status, "error", errorPage{Status: status})
}

// view is what every page is made of.
type view struct {
	Lang     lang
	Other    lang // the language one may switch to
	In       bool // signed in
	User     string
	Agent    bool   // who calls are for
	Oversees bool   // and may take reports away
	Here     string // the page
	Stream   string // where it is told what changes; empty: it is not
	At       time.Time
	Page     any
	people   cases.Directory
	in       viewer
}

// May tells whether who looks may ask for an operation of the API; it is on the pages,
// too, then.
func (v view) May(operation string) bool { return v.In && v.in.may(operation) }

// With is the view of another page, or of a part of one.
func (v view) With(page any) view {
	v.Page = page
	return v
}

// Who is how somebody is called: by his name and user.
func (v view) Who(user string) string {
	if p, ok := v.people.Person(user); ok && p.Name != "" {
		return p.Name + " " + user
	}
	return user
}

// People are those of the directory.
func (v view) People() []cases.Person { return v.people.People }

// Department is how a department is called.
func (v view) Department(name string) string {
	d, _ := v.people.Department(name)
	return titled(d.Title, name)
}

// Category is how a category is called.
func (v view) Category(name string) string {
	for _, c := range v.people.Categories {
		if c.Name == name {
			return titled(c.Title, name)
		}
	}
	return name
}

// Task is what is to be done, and by whom, unless it is who looks.
func (v view) Task(t cases.Task) string {
	text := v.Lang.task(t, v.people)
	if t.For != v.User {
		text += " (" + v.Who(t.For) + ")"
	}
	return text
}

// task is what is to be done.
func (l lang) task(t cases.Task, d cases.Directory) string {
	if t.What == cases.TaskOther {
		return t.Text
	}
	text := l.term("task", string(t.What))
	if t.Text != "" {
		department, _ := d.Department(t.Text)
		text += ": " + titled(department.Title, t.Text)
	}
	return text
}

// viewOf is what a page is made of for who asks.
func (x *site) viewOf(r *http.Request, page any) view {
	in, ok := x.signedInAs(r)
	v := view{Lang: languageOf(r), Other: chinese, In: ok, User: in.User, Agent: in.User != "" && in.Has(cases.RoleAgent), Oversees: ok && in.hasAny(overseers), Page: page, At: x.Now(), people: x.People(), in: in}
	if v.Lang == chinese {
		v.Other = english
	}
	return v
}

// render answers with a page. It is made whole before anything is sent, so that
// an error in it is a clean 500.
func (x *site) render(w http.ResponseWriter, r *http.Request, status int, name string, page any) {
	v := x.viewOf(r, page)
	v.Here = name
	switch {
	case name == "home" && v.In:
		v.Stream = "/stream"
	case name == "desk":
		v.Stream = "/desk/stream"
	case v.User != "" && name != "soon" && name != "error":
		v.Stream = "/now/stream?case=" + r.PathValue("number")
	}
	if r.URL.Query().Has("lang") {
		http.SetCookie(w, &http.Cookie{
			Name: "lang", Value: string(v.Lang), Path: "/", MaxAge: 365 * 24 * 3600,
			HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteLaxMode,
		})
	}
	var b bytes.Buffer
	if err := x.pages[v.Lang].ExecuteTemplate(&b, name, v); err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", string(v.Lang))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client may be gone
}
