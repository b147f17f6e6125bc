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
	mu  sync.Mutex
	all map[string]session // by id; at most maxSessions
}

type session struct {
	user  string // empty: with the API token
	hash  string // of the password he signed in with: another one ends the session
	until time.Time
}

func newSessions() *sessions { return &sessions{all: map[string]session{}} }

// begin returns the id of a new session of user, a secret of 130 random bits. Too
// many of them end the oldest.
func (s *sessions) begin(user, hash string, now time.Time) string {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) >= maxSessions {
		forgetEarliest(s.all, func(x session) time.Time { return x.until })
	}
	s.all[id] = session{user, hash, now.Add(sessionLife)}
	return id
}

// of returns the session of that id, while it lasts.
func (s *sessions) of(id string, now time.Time) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.all[id]
	return x, now.Before(x.until)
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, id)
}

// cookieName binds the cookie to this very host where the browser enforces it,
// which takes TLS.
func cookieName(r *http.Request) string {
	if secure(r) {
		return "__Host-shouwen"
	}
	return "shouwen"
}

// sessionID returns the id sent with r, valid or not.
func sessionID(r *http.Request) string {
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

// signedInAs returns who has sent r, if he is signed in.
func (x *site) signedInAs(r *http.Request) (viewer, bool) {
	s, ok := x.sessions.of(sessionID(r), time.Now())
	if !ok || s.user == "" {
		return viewer{}, ok
	}
	actor, ok := x.People().Actor(s.user)
	return viewer{actor}, ok && x.Passwords()[s.user] == s.hash
}

// signedIn lets requests of a session pass, of those roles if there are any, and sends
// others to the sign-in; what a page asks for by itself gets a 401.
func (x *site) signedIn(next http.Handler, roles []cases.Role) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, ok := x.signedInAs(r)
		switch {
		case ok && v.hasAny(roles):
			next.ServeHTTP(w, v.with(r))
		case ok:
			x.fail(w, r, http.StatusForbidden)
		case r.Header.Get("HX-Request") != "": // of a part of a page: the whole is to be asked for again
			w.Header().Set("HX-Refresh", "true")
			x.fail(w, r, http.StatusUnauthorized)
		default:
			http.Redirect(w, r, signInAddress(r), http.StatusSeeOther)
		}
	})
}

type signInForm struct {
	User    string           // as typed
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
	form := signInForm{User: r.PostFormValue("user"), Case: cases.CaseNumber(r.PostFormValue("case"))}
	user := ""
	if r.PostForm.Has("token") {
		form.Refused = x.admit(r, r.PostFormValue("token"))
	} else {
		user, form.Refused = x.admitPerson(r, form.User, r.PostFormValue("password"))
	}
	switch form.Refused {
	case wrong:
		x.render(w, r, http.StatusForbidden, "sign-in", form)
	case tooMany:
		x.render(w, r, http.StatusTooManyRequests, "sign-in", form)
	case right:
		x.sessions.end(sessionID(r))
		setSession(w, r, x.sessions.begin(user, x.Passwords()[user], time.Now()), sessionLife)
		x.Log.Info("signed in", "user", user, "source", source(r))
		to := "/"
		if user != "" {
			to = "/desk"
		}
		if wellFormed(form.Case) {
			to = "/cases/" + string(form.Case)
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}
