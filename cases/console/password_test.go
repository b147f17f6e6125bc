package console

import (
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/store"
)

// passwords has one for everybody of people: his user, twice.
var passwords = func() map[string]string {
	all := map[string]string{}
	for _, p := range people.People {
		all[p.User] = HashPassword(p.User + p.User)
	}
	return all
}()

// signInAs returns the cookie of a new session of user.
func signInAs(t *testing.T, h http.Handler, user string) string {
	t.Helper()
	return signInWith(t, h, user, user+user)
}

func signInWith(t *testing.T, h http.Handler, user, password string) string {
	t.Helper()
	r := ask(h, "POST", "/sign-in", "user="+user+"&password="+password)
	if r.StatusCode != http.StatusSeeOther || len(r.Cookies()) != 1 {
		t.Fatalf("sign-in of %s: %s, cookies %v", user, r.Status, r.Cookies())
	}
	return r.Cookies()[0].Name + "=" + r.Cookies()[0].Value
}

func TestPasswordsAreKeptAsSaltedHashes(t *testing.T) {
	t.Parallel()
	a, b := HashPassword("secret"), HashPassword("secret")
	if a == b || !opens(a, "secret") || !opens(b, "secret") || opens(a, "Secret") || opens(a, "") || strings.Contains(a, "secret") {
		t.Errorf("%s, %s", a, b)
	}
	if !strings.HasPrefix(a, "$argon2id$v=19$m=19456,t=2,p=1$") || CheckHash(a) != nil || CheckHash(nobodysHash) != nil {
		t.Errorf("%s", a)
	}
	for _, bad := range []string{"", "secret", a + "A", a[:len(a)-1], strings.Replace(a, "m=19456", "m=4194304", 1), strings.Replace(a, "argon2id", "argon2i", 1), a[:strings.LastIndex(a, "$")]} {
		if CheckHash(bad) == nil || opens(bad, "secret") {
			t.Errorf("taken: %s", bad)
		}
	}
}

func TestPeopleSignInWithUserOrExtension(t *testing.T) {
	t.Parallel()
	s, log := newServer(deadStore(t))
	some := maps.Clone(passwords)
	delete(some, "qian")
	s.Passwords = func() map[string]string { return some }
	h := s.Handler()
	for form, want := range map[string]int{
		"user=aide&password=aideaide":                 303,
		"user=1002&password=aideaide":                 303,
		"user=aide&password=clerkclerk":               403,
		"user=aide&password=":                         403,
		"user=aide":                                   403,
		"user=nobody&password=aideaide":               403,
		"user=&password=":                             403,
		"user=200&password=":                          403, // a department
		"user=qian&password=qianqian":                 403, // has none
		"user=aide&password=aideaide&token=something": 403,
	} {
		r := ask(h, "POST", "/sign-in", form)
		if r.StatusCode != want || (want == 303) != (len(r.Cookies()) == 1) {
			t.Errorf("%s: %s, cookies %v", form, r.Status, r.Cookies())
		}
	}
	c := ask(h, "POST", "/sign-in", "user=aide&password=aideaide").Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.MaxAge != 8*3600 {
		t.Errorf("cookie %+v", c)
	}
	if r := ask(h, "POST", "/sign-in", "user=aide&password=aideaide", "Sec-Fetch-Site", "cross-site"); r.StatusCode != 403 {
		t.Errorf("from another site: %s", r.Status)
	}
	for _, secret := range []string{"aideaide", "clerkclerk", c.Value} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q in the log:\n%s", secret, log)
		}
	}
	if page := text(t, ask(h, "GET", "/", "", "Cookie", c.Name+"="+c.Value)); !strings.Contains(page, `<bdi class="name">aide</bdi>`) {
		t.Errorf("the page does not say who is signed in:\n%s", page)
	}
}

// TestPasswordsAreGuessedSlowlyFromAnywhere: who guesses the password of one account
// from many addresses is slowed down, as is who guesses those of many from one.
func TestPasswordsAreGuessedSlowlyFromAnywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newServer(&store.Store{})
		h := s.Handler()
		try := func(from, user, password string) int {
			r := httptest.NewRequest("POST", "/sign-in", strings.NewReader("user="+user+"&password="+password))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.RemoteAddr = from + ":1234"
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Code
		}
		for n := range guessBurst {
			if got := try("192.0.2."+string(rune('0'+n)), "aide", "x"); got != 403 {
				t.Fatalf("guess %d: %d", n+1, got)
			}
		}
		if got := try("198.51.100.1", "1002", "aideaide"); got != 429 {
			t.Errorf("aide after too many guesses: %d", got)
		}
		if got := try("198.51.100.1", "clerk", "clerkclerk"); got != 303 {
			t.Errorf("clerk meanwhile: %d", got)
		}
		time.Sleep(guessInterval)
		if got := try("198.51.100.1", "aide", "aideaide"); got != 303 {
			t.Errorf("aide later: %d", got)
		}
		for range guessBurst {
			try("203.0.113.1", "nobody", "x")
		}
		if got := try("203.0.113.1", "clerk", "clerkclerk"); got != 429 {
			t.Errorf("from an address that guessed: %d", got)
		}
	})
}

// TestManyGuessesAtOnceAreNoMoreThanOneAfterTheOther: of one account, each from an address
// of its own.
func TestManyGuessesAtOnceAreNoMoreThanOneAfterTheOther(t *testing.T) {
	t.Parallel()
	s, _ := newServer(&store.Store{})
	h := s.Handler()
	codes := make([]int, 3*guessBurst)
	var guesses sync.WaitGroup
	for n := range codes {
		guesses.Go(func() {
			codes[n] = ask(h, "POST", "/sign-in", "user=aide&password=x", "X-Forwarded-For", fmt.Sprintf("192.0.2.%d", n)).StatusCode
		})
	}
	guesses.Wait()
	looked := len(slices.DeleteFunc(codes, func(code int) bool { return code == http.StatusTooManyRequests }))
	if looked > guessBurst+1 { // a slow machine allows another one meanwhile
		t.Errorf("%d guesses were looked at", looked)
	}
}

// TestAnotherPasswordEndsTheSessionsOfTheOldOne: whoever knew that has it no more.
func TestAnotherPasswordEndsTheSessionsOfTheOldOne(t *testing.T) {
	t.Parallel()
	s, _ := newServer(&store.Store{})
	var now atomic.Pointer[map[string]string]
	now.Store(&passwords)
	s.Passwords = func() map[string]string { return *now.Load() }
	h := s.Handler()
	old, other := signInAs(t, h, "aide"), signInAs(t, h, "clerk")
	changed := maps.Clone(passwords)
	changed["aide"] = HashPassword("another")
	now.Store(&changed)
	for cookie, want := range map[string]int{old: 401, other: 200, signInWith(t, h, "aide", "another"): 200} {
		if r := ask(h, "GET", "/api/v1/directory", "", "Cookie", cookie); r.StatusCode != want {
			t.Errorf("%s: %s, want %d", cookie, r.Status, want)
		}
	}
}

// TestRolesDecideWhatIsOpen has every page and operation that is not for everybody,
// and some that are.
func TestRolesDecideWhatIsOpen(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	o := &orders{}
	s.Callers, s.Duties, s.Commands = o, o, o
	s.OpenRecording = func(string) (*os.File, error) { return nil, fs.ErrNotExist }
	h := s.Handler()
	apply(t, st, recorded(1))
	agent, supervisor := signInAs(t, h, "clerk"), signInAs(t, h, "qian")
	rec := id(1_000_001)
	for _, tt := range []struct {
		method, target, body string
		agent, supervisor    int
	}{
		{"GET", "/", "", 200, 200},
		{"GET", "/recordings/" + rec + "/audio", "", 403, 404},
		{"POST", "/agents/li/ready", "", 403, 303},
		{"GET", "/api/v1/cases", "", 200, 200},
		{"GET", "/api/v1/directory", "", 200, 200},
		{"GET", "/api/v1/recordings?case=261123-1-0001", "", 403, 200},
		{"GET", "/api/v1/recordings/" + rec + "/audio", "", 403, 404},
		{"POST", "/api/v1/agents/li/ready", "", 403, 204},
		{"POST", "/api/v1/callbacks/261123-1-0001/call", `{"agent": "qian"}`, 403, 204},
		{"POST", "/api/v1/calls/" + rec + "/monitor", `{"mode": "listen", "phone": "1004"}`, 403, 403},
		{"PUT", "/api/v1/cases/261123-1-0001/legal_hold", `{"on": true, "by": "aide"}`, 403, 403},
	} {
		for who, want := range map[string]int{agent: tt.agent, supervisor: tt.supervisor} {
			r := ask(h, tt.method, tt.target, tt.body, "Cookie", who, "Content-Type", "application/json")
			if r.StatusCode != want {
				t.Errorf("%s %s: %s, want %d: %s", tt.method, tt.target, r.Status, want, text(t, r))
			}
		}
	}
}

func TestWhoIsSignedInMovesCasesAsHimself(t *testing.T) {
	t.Parallel()
	_, s := hotline(t, answered(1, from("+861055550101"), "clerk"))
	h := s.Handler()
	cookie := signInAs(t, h, "clerk")
	register := func(header ...string) *http.Response {
		return ask(h, "POST", "/api/v1/cases/261123-1-0001/moves/register", registration,
			append([]string{"Cookie", cookie, "Content-Type", "application/json", "Idempotency-Key", uuid.NewString()}, header...)...)
	}
	if r := register("By", "aide"); r.StatusCode != 403 {
		t.Errorf("for somebody else: %s", r.Status)
	}
	if r := register("Sec-Fetch-Site", "cross-site"); r.StatusCode != 403 {
		t.Errorf("from another site: %s", r.Status)
	}
	c := decode[caseBody](t, register(), 200)
	if c.State != string(cases.Registered) || c.Events[len(c.Events)-1].By != "clerk" {
		t.Errorf("%+v", c)
	}
	if r := ask(h, "POST", "/sign-out", "", "Cookie", cookie); r.StatusCode != 303 {
		t.Errorf("sign-out: %s", r.Status)
	}
	if r := register(); r.StatusCode != 401 {
		t.Errorf("signed out: %s", r.Status)
	}
}
