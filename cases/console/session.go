package console

import (
	"crypto/rand"
	"errors"
	"net/http"
	"sync"
	"time"

	"shouwen/cases"
)

const (
	sessionLife = 8 * time.Hour // one shift
	maxSessions = 1000
)

// sessions are who is signed in, kept in memory: a restart signs everybody out.
// Safe from any goroutine.
type sessions struct {
	mu    sync.Mutex
	until map[string]time.Time // by id; at most maxSessions
}

func newSessions() *sessions { return &sessions{until: map[string]time.Time{}} }

// begin returns the id of a new session, a secret of 130 random bits. Too many
// of them end the oldest.
func (s *sessions) begin(now time.Time) string {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.until) >= maxSessions {
		forgetEarliest(s.until)
	}
	s.until[id] = now.Add(sessionLife)
	return id
}

func (s *sessions) valid(id string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Before(s.until[id])
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.until, id)
}

// cookieName binds the cookie to this very host where the browser enforces it,
// which takes TLS.
func cookieName(r *http.Request) string {
	if secure(r) {
		return "__Host-shouwen"
	}
	return "shouwen"
}

// session returns the id sent with r, valid or not.
func session(r *http.Request) string {
	c, err := r.Cookie(cookieName(r))
	if err != nil {
		return ""
	}
	return c.Value
}

func setSession(w http.ResponseWriter, r *http.Request, id string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r), Value: id, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteStrictMode,
	})
}

// signedIn lets requests of a session pass and sends others to the sign-in; the
// script that refreshes the page gets a plain 401.
func (x *site) signedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case x.sessions.valid(session(r), time.Now()):
			next.ServeHTTP(w, r)
		case r.URL.Path == "/live":
			x.fail(w, r, http.StatusUnauthorized)
		default:
			http.Redirect(w, r, signInAddress(r), http.StatusSeeOther)
		}
	})
}

type signInForm struct {
	Case    cases.CaseNumber // to show afterwards; empty: the board
	Refused verdict          // of the last attempt, empty: none
}

func (x *site) signInPage(w http.ResponseWriter, r *http.Request) {
	x.render(w, r, http.StatusOK, "sign-in", signInForm{Case: cases.CaseNumber(r.FormValue("case"))})
}

func (x *site) signIn(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		code := http.StatusBadRequest
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			code = http.StatusRequestEntityTooLarge
		}
		x.fail(w, r, code)
		return
	}
	form := signInForm{Case: cases.CaseNumber(r.PostFormValue("case"))}
	switch form.Refused = x.admit(r, r.PostFormValue("token")); form.Refused {
	case wrong:
		x.render(w, r, http.StatusForbidden, "sign-in", form)
	case tooMany:
		x.render(w, r, http.StatusTooManyRequests, "sign-in", form)
	case right:
		x.sessions.end(session(r))
		setSession(w, r, x.sessions.begin(time.Now()), sessionLife)
		x.Log.Info("signed in", "source", source(r))
		to := "/"
		if wellFormed(form.Case) {
			to = "/cases/" + string(form.Case)
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}

func (x *site) signOut(w http.ResponseWriter, r *http.Request) {
	x.sessions.end(session(r))
	setSession(w, r, "", -time.Second)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}
