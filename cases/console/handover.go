package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/store"
)

// handoverPage is what somebody leaves to the next shift before he signs out (交接班):
// who has promised a caller something does not just go (S30-R12, S30-R14).
type handoverPage struct {
	At    time.Time
	To    string // user of the successor, as typed
	Cases []handoverRow
}

type handoverRow struct {
	cases.Case
	Next    cases.Clock
	Key     string // of the move
	Note    string
	Problem *moveProblem // of the last attempt
}

// owed returns the cases of which v has still to tell the next shift.
func (x *site) owed(ctx context.Context, v viewer) ([]handoverRow, error) {
	ctx, cancel := context.WithTimeout(ctx, pagePatience)
	defer cancel()
	list, err := x.Store.Desk(ctx, v.User, "", deskRows)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(c cases.Case) bool { return !c.Leaves(v.Actor, x.Store.Rules.Policy) || !v.sees(c) })
	return mapped(list, func(c cases.Case) handoverRow {
		return handoverRow{Case: c, Next: firstDue(c), Key: uuid.NewString()}
	}), nil
}

// signOut ends the session, unless there is something to hand over first.
func (x *site) signOut(w http.ResponseWriter, r *http.Request) {
	if v := viewerOf(r.Context()); v.User != "" {
		owed, err := x.owed(r.Context(), v)
		if x.health.status(err, x.Log); len(owed) > 0 { // without the database nobody is kept
			http.Redirect(w, r, "/handover", http.StatusSeeOther)
			return
		}
	}
	x.leave(w, r)
}

func (x *site) leave(w http.ResponseWriter, r *http.Request) {
	x.sessions.end(sessionID(r))
	x.Feed.Changed() // his open pages
	setSession(w, r, "", -time.Second)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}

func (x *site) showHandover(w http.ResponseWriter, r *http.Request) {
	owed, err := x.owed(r.Context(), viewerOf(r.Context()))
	if code := x.health.status(err, x.Log); code != http.StatusOK {
		x.fail(w, r, code)
		return
	}
	x.render(w, r, http.StatusOK, "handover", handoverPage{At: x.Now(), Cases: owed})
}

// handOver makes the moves of the note, and signs out when all are made.
func (x *site) handOver(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), apiPatience)
	defer cancel()
	v := viewerOf(ctx)
	owed, err := x.owed(ctx, v)
	if code := x.health.status(err, x.Log); code != http.StatusOK {
		x.fail(w, r, code)
		return
	}
	if err := r.ParseForm(); err != nil {
		x.fail(w, r, http.StatusBadRequest)
		return
	}
	page := handoverPage{At: x.Now(), To: r.PostForm.Get("to")}
	l := languageOf(r)
	to := page.To
	if _, known := x.People().Person(to); !known { // the move says that it wants one
		to = ""
	}
	for _, row := range owed {
		n := string(row.Number)
		if row.Note = r.PostForm.Get("note-" + n); uuid.Validate(r.PostForm.Get("key-"+n)) == nil {
			row.Key = r.PostForm.Get("key-" + n)
		}
		_, err := x.Store.Move(ctx, store.Order{Case: row.Number, Move: cases.HandOff{To: to, Note: row.Note}, By: v.Actor, At: x.Now(), Key: row.Key})
		if err == nil {
			continue
		}
		err = x.notMoved(ctx, row.Number, cases.HandOff{}, err, l)
		if p, refused := errors.AsType[*moveProblem](err); refused {
			row.Problem = p
		} else if err != nil {
			x.fail(w, r, http.StatusServiceUnavailable)
			return
		}
		page.Cases = append(page.Cases, row)
	}
	x.Feed.CasesChanged()
	if len(page.Cases) > 0 {
		x.render(w, r, http.StatusUnprocessableEntity, "handover", page)
		return
	}
	x.leave(w, r)
}
