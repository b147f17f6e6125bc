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

const deskRows = 200

// deskPage is what somebody has to do.
type deskPage struct {
	At        time.Time
	Ringing   *Call // his phone, for this call
	Away      bool  // the database; Cases and Callbacks are empty
	Cases     []deskRow
	Callbacks []cases.Case
	Leaving   []cases.CaseNumber // he wants to go: of these the next shift is to be told first
}

// deskRow is an open case with the clock that is due first.
type deskRow struct {
	cases.Case
	Next    cases.Clock // zero: none is due
	Because string
}

// leaves are the cases of which v has still to tell the next shift.
func (x *site) leaves(ctx context.Context, v viewer) (owed []cases.CaseNumber) {
	ctx, cancel := context.WithTimeout(ctx, pagePatience)
	defer cancel()
	all, err := x.Store.Desk(ctx, v.User, "", deskRows)
	if err != nil {
		x.Log.Warn("signs out, and nobody knows what he leaves", "user", v.User, "err", err)
	}
	for _, c := range all {
		if c.Leaves(v.Actor, x.Store.Rules.Policy) {
			owed = append(owed, c.Number)
		}
	}
	return owed
}

func (x *site) desk(ctx context.Context, l lang) deskPage {
	v := viewerOf(ctx)
	d := deskPage{At: x.Now(), Ringing: x.ringing(v.User)}
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
		d.Callbacks, err = x.Store.Callbacks(ctx, callbacks)
	}
	d.Away = x.health.status(err, x.Log) != http.StatusOK
	d.Callbacks = v.seen(d.Callbacks)
	d.Cases = mapped(v.seen(list), func(c cases.Case) deskRow { return x.deskRow(c, l) })
	slices.SortStableFunc(d.Cases, func(a, b deskRow) int {
		if a.Next.Due.IsZero() != b.Next.Due.IsZero() {
			return cmp.Compare(b.Next.Due.Unix(), a.Next.Due.Unix()) // what has no due time comes last
		}
		return a.Next.Due.Compare(b.Next.Due)
	})
	return d
}

func (x *site) deskRow(c cases.Case, l lang) deskRow {
	row := deskRow{Case: c}
	for _, k := range c.Clocks {
		if k.Running() && !k.Due.IsZero() && (row.Next.Due.IsZero() || k.Due.Before(row.Next.Due)) {
			row.Next = k
		}
	}
	if !row.Next.Due.IsZero() {
		row.Because = row.Next.Explain(string(l), x.Store.Rules.Calendar)
	}
	return row
}

// ringing returns the call the phone of user rings for, nil if it does not.
func (x *site) ringing(user string) *Call {
	for _, a := range x.Agents().Agents {
		if a.User != user || a.State != acd.Ringing {
			continue
		}
		for _, c := range x.Calls() {
			if c.ID == a.Call {
				return &c
			}
		}
	}
	return nil
}

// showDesk has a desk for people; who has the token has the board.
func (x *site) showDesk(template string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if viewerOf(r.Context()).User == "" {
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		page := x.desk(r.Context(), languageOf(r))
		if r.URL.Query().Has("leaving") {
			page.Leaving = x.leaves(r.Context(), viewerOf(r.Context()))
		}
		x.render(w, r, http.StatusOK, template, page)
	}
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
	err = x.Callers.CallBack(ctx, n, viewerOf(ctx).User)
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		x.fail(w, r, refusal.Status)
		return
	}
	if err != nil {
		x.Log.Error("console", "err", err)
		x.fail(w, r, http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, "/desk", http.StatusSeeOther)
}
