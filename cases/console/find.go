package console

import (
	"context"
	"net/http"
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
// what was written down.
func (x *site) findCases(w http.ResponseWriter, r *http.Request) {
	what := strings.TrimSpace(r.URL.Query().Get("q"))
	if n := cases.CaseNumber(what); wellFormed(n) {
		http.Redirect(w, r, "/cases/"+string(n), http.StatusSeeOther)
		return
	}
	page := findPage{At: x.Now(), What: what, Short: !store.Searchable(what)}
	if page.Short {
		x.render(w, r, http.StatusOK, "find", page)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), apiPatience)
	defer cancel()
	f := store.Filter{Limit: findRows}
	switch number := strings.TrimPrefix(what, "+"); {
	case strings.Trim(number, "0123456789") == "":
		f.Caller = cases.Number(what)
	case strings.Trim(what, "0123456789-") == "":
		f.Number = what
	default:
		f.Text = what
	}
	if v := viewerOf(ctx); v.User != "" {
		f.For = &v.Actor
	}
	list, next, err := x.Store.Cases(ctx, f)
	if code := x.health.status(err, x.Log); code != http.StatusOK {
		x.fail(w, r, code)
		return
	}
	page.Cases, page.More = viewerOf(ctx).seen(list), next != ""
	x.render(w, r, http.StatusOK, "find", page)
}
