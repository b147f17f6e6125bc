package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
)

const findRows = 50

// findPage is what was looked for, and found.
type findPage struct {
	At    time.Time
	What  string
	Short bool // too short to be looked for
	Cases []cases.Case
	More  bool
}

// findCases looks for cases by their number, the caller's number or its last digits, or
// what was written down; or those behind a figure of a dashboard, whose links say it.
func (x *site) findCases(w http.ResponseWriter, r *http.Request) {
	what := strings.TrimSpace(r.URL.Query().Get("q"))
	if f, told := x.behind(r.URL.Query(), languageOf(r)); what == "" && told != "" {
		x.showFound(w, r, f, told)
		return
	}
	if n := cases.CaseNumber(what); wellFormed(n) {
		http.Redirect(w, r, "/cases/"+string(n), http.StatusSeeOther)
		return
	}
	page := findPage{At: x.Now(), What: what, Short: !store.Searchable(what)}
	if page.Short {
		x.render(w, r, http.StatusOK, "find", page)
		return
	}
	f := store.Filter{}
	switch number := strings.TrimPrefix(what, "+"); {
	case strings.Trim(number, "0123456789") == "":
		f.Caller = cases.Number(what)
	case strings.Trim(what, "0123456789-") == "":
		f.Number = what
	default:
		f.Text = what
	}
	x.showFound(w, r, f, what)
}

// behind returns the cases in a state, or with a clock of a kind and of a department, and
// what they are called; empty: q asks for none.
func (x *site) behind(q url.Values, l lang) (f store.Filter, told string) {
	f.State = cases.State(cases.Clean(q.Get("state")))
	f.Clock = store.ClockFilter{
		Kind: cases.ClockKind(cases.Clean(q.Get("clock"))), Is: store.ClockCondition(q.Get("clock_is")), Desk: cases.Clean(q.Get("desk")), AsNow: x.Now(),
	}
	var all []string
	if f.State != "" {
		all = append(all, l.term("case", string(f.State)))
	}
	if f.Clock.Desk != "" {
		all = append(all, x.reader(l).Title(f.Clock.Desk))
	}
	if f.Clock.Kind != "" {
		all = append(all, f.Clock.Kind.Words().In(string(l)))
	}
	switch f.Clock.Is {
	case store.ClockLate, store.ClockAtRisk:
		all = append(all, l.word("clock "+string(f.Clock.Is)))
	default:
		f.Clock.Is = ""
	}
	return f, strings.Join(all, " · ")
}

// showFound shows the newest of the cases f lets through.
func (x *site) showFound(w http.ResponseWriter, r *http.Request, f store.Filter, what string) {
	ctx, cancel := context.WithTimeout(r.Context(), apiPatience)
	defer cancel()
	f.Limit, f.For = findRows, viewerOf(ctx).whom()
	page := findPage{At: x.Now(), What: what}
	list, next, err := x.Store.Cases(ctx, f)
	if code := x.health.status(err, x.Log); code != http.StatusOK {
		x.fail(w, r, code)
		return
	}
	page.Cases, page.More = viewerOf(ctx).seen(list), next != ""
	x.render(w, r, http.StatusOK, "find", page)
}
