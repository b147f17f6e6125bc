package console

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"regexp"
	"slices"
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

func (x *site) board(ctx context.Context) boardPage {
	b := boardPage{At: time.Now(), Down: down(x.Trunks())}
	calls := x.liveCalls(viewerOf(ctx))
	b.Up, b.Calls = len(calls), head(calls, callRows)
	b.talkers(calls)
	b.people(x.Agents(), calls)

	ctx, cancel := context.WithTimeout(ctx, pagePatience)
	defer cancel()
	var err error
	if b.Cases, _, err = x.Store.Cases(ctx, store.Filter{Limit: caseRows, For: viewerOf(ctx).whom()}); err == nil {
		b.Callbacks, err = x.Store.Callbacks(ctx, store.CallbackFilter{Limit: countLimit})
	}
	b.Callbacks = viewerOf(ctx).seen(b.Callbacks)
	b.Away = x.health.status(err, x.Log) != http.StatusOK
	for _, c := range b.Callbacks {
		if c.CallbackDue.Before(b.At) {
			b.Overdue++
		}
	}
	b.Owed, b.Callbacks = len(b.Callbacks), head(b.Callbacks, callbackRows)
	return b
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
	x.render(w, r, http.StatusOK, "home", x.board(r.Context()))
}

// live answers with the changing part of the first page, which asks for it again
// and again.
func (x *site) live(w http.ResponseWriter, r *http.Request) {
	x.render(w, r, http.StatusOK, "board", x.board(r.Context()))
}

// casePage is one case with its ledger.
type casePage struct {
	cases.Case
	At         time.Time
	Ledger     []eventBody
	Chain      chainBody
	Recordings []store.Recording
	Clocks     []clockBody
	Forms      []moveForm // of what whoever looks may do now
	Prints     []reportRow
}

func (x *site) caseDetail(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), apiPatience)
	defer cancel()
	c, ledger, err := x.caseSeen(ctx, cases.CaseNumber(r.PathValue("number")))
	if code := x.health.status(err, x.Log); code != http.StatusOK {
		x.fail(w, r, code)
		return
	}
	x.showCase(w, r.WithContext(ctx), http.StatusOK, c, ledger, nil)
}

// showCase answers with the page of a case; with a form that was refused as it was
// filled in.
func (x *site) showCase(w http.ResponseWriter, r *http.Request, status int, c cases.Case, ledger []cases.Event, refused *moveForm) {
	recordings, err := x.Store.Recordings(r.Context(), c.Number)
	if code := x.health.status(err, x.Log); code != http.StatusOK {
		x.fail(w, r, code)
		return
	}
	l := languageOf(r)
	page := casePage{
		Case: c, At: x.Now(), Ledger: eventsOf(ledger), Chain: chainOf(c, ledger), Recordings: recordings, Forms: x.moveForms(r.Context(), c, l), Prints: x.formsOf(c, l),
		Clocks: mapped(c.Clocks, func(k cases.Clock) clockBody { return x.clockOf(k, l) }),
	}
	for i, f := range page.Forms {
		if refused != nil && f.Kind == refused.Kind {
			page.Forms[i] = *refused
		}
	}
	if c.Call.Caller.Withheld {
		for i, e := range page.Ledger {
			page.Ledger[i].Body = receivedAs.ReplaceAll(e.Body, []byte(`"raw":"…"`))
		}
	}
	x.render(w, r, status, "case", page)
}

// receivedAs matches what a caller was received as, in the body of an event.
var receivedAs = regexp.MustCompile(`"raw": ?"(\\.|[^"\\])*"`)

func (x *site) errorPage(w http.ResponseWriter, r *http.Request, status int) {
	x.render(w, r, status, "error", status)
}

// view is what every page is made of.
type view struct {
	Lang  lang
	Other lang   // the language one may switch to
	In    bool   // signed in
	User  string // who; empty: with the API token

	Oversees bool // and may take reports away
	Page     any
}

// render answers with a page. It is made whole before anything is sent, so that
// an error in it is a clean 500.
func (x *site) render(w http.ResponseWriter, r *http.Request, status int, name string, page any) {
	in, ok := x.signedInAs(r)
	v := view{Lang: languageOf(r), Other: chinese, In: ok, User: in.User, Oversees: ok && in.hasAny(overseers), Page: page}
	if v.Lang == chinese {
		v.Other = english
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
