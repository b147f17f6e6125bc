package console

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

// everyRoute returns the method and an address of each route there is, of the
// pages by their table and of the API by its document.
func everyRoute(t *testing.T) (open, closed [][2]string) {
	t.Helper()
	s, _ := newServer(deadStore(t))
	for _, rt := range newSite(s).routes() {
		path := strings.NewReplacer("{$}", "", "{number}", "261123-1-0001", "{file}", "style.css", "{kind}", "register").Replace(rt.path)
		if rt.open {
			open = append(open, [2]string{rt.method, path})
		} else {
			closed = append(closed, [2]string{rt.method, path})
		}
	}
	for path := range document(t)["paths"].(map[string]any) {
		closed = append(closed, [2]string{"GET", strings.ReplaceAll(path, "{number}", "261123-1-0001")})
	}
	return append(open, [2]string{"GET", documentPath}), closed
}

func TestNothingIsShownToStrangers(t *testing.T) {
	s, log := newServer(deadStore(t))
	h := s.Handler()
	open, closed := everyRoute(t)
	for _, rt := range closed {
		for name, header := range map[string][]string{
			"no credential":        {},
			"no such session":      {"Cookie", "shouwen=ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
			"a basic credential":   {"Authorization", "Basic " + token},
			"the token elsewhere":  {"Cookie", "shouwen=" + token},
			"an empty bearer":      {"Authorization", "Bearer "},
			"a session of a proxy": {"Cookie", "__Host-shouwen=x", "X-Forwarded-Proto", "https"},
		} {
			r := ask(h, rt[0], rt[1], "", header...)
			body := text(t, r)
			switch {
			case strings.HasPrefix(rt[1], "/api/"):
				if r.StatusCode != 401 || !strings.HasPrefix(r.Header.Get("WWW-Authenticate"), "Bearer ") {
					t.Errorf("%v with %s: %s, %v", rt, name, r.Status, r.Header)
				}
			default:
				if r.StatusCode != 303 || !strings.HasPrefix(r.Header.Get("Location"), "/sign-in") {
					t.Errorf("%v with %s: %s to %s", rt, name, r.Status, r.Header.Get("Location"))
				}
			}
			if strings.Contains(body, "15550111") {
				t.Errorf("%v with %s: a caller's number in\n%s", rt, name, body)
			}
		}
	}
	want := [][2]string{{"GET", "/sign-in"}, {"POST", "/sign-in"}, {"GET", "/static/style.css"}, {"GET", documentPath}}
	if diff := cmp.Diff(want, open); diff != "" {
		t.Errorf("open to everybody: (-want +got)\n%s", diff)
	}
	for _, secret := range []string{token, "15550111", "ABCDEFGHIJKL"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q in the log:\n%s", secret, log)
		}
	}
}

func TestEveryAnswerCarriesTheHeaders(t *testing.T) {
	s, _ := newServer(deadStore(t))
	h := s.Handler()
	cookie := signIn(t, h)
	check := func(r *http.Response, what ...any) {
		t.Helper()
		for name, want := range headers {
			if got := r.Header.Values(name); len(got) != 1 || got[0] != want {
				t.Errorf("%v: %s: %q", what, name, got)
			}
		}
		if r.Header.Get("Content-Type") == "" && r.StatusCode != 303 && r.StatusCode != 204 {
			t.Errorf("%v: no Content-Type", what)
		}
	}
	open, closed := everyRoute(t)
	for _, rt := range append(open, closed...) {
		check(ask(h, rt[0], rt[1], ""), rt, "as a stranger")
		for _, method := range []string{"HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "NONSENSE"} {
			check(ask(h, method, rt[1], "", "Authorization", "Bearer "+token), method, rt, "with the token")
			if rt[1] != "/sign-out" {
				check(ask(h, method, rt[1], "", "Cookie", cookie), method, rt, "signed in")
			}
		}
	}
	for _, path := range []string{"/none", "/api/none", "/api/v1", "/static/none", "/static/..%2fserver.go", "/static/", "/cases/", "//", "/a/../b", "/favicon.ico"} {
		r := ask(h, "GET", path, "", "Authorization", "Bearer "+token, "Cookie", cookie)
		check(r, path)
		if r.StatusCode != 404 && r.StatusCode != 301 && r.StatusCode != 307 {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
	for name, want := range map[string]string{"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
		if !strings.Contains(headers[name], want) {
			t.Errorf("%s: %s", name, headers[name])
		}
	}
}

func TestOtherMethodsAre405(t *testing.T) {
	s, _ := newServer(deadStore(t))
	h := s.Handler()
	for path, allow := range map[string]string{
		"/": "GET, HEAD", "/stream": "GET, HEAD", "/cases/261123-1-0001": "GET, HEAD", "/sign-in": "GET, HEAD, POST", "/sign-out": "POST",
		"/static/style.css": "GET, HEAD", "/api/v1/cases": "GET, HEAD", "/api/v1/cases/261123-1-0001": "GET, HEAD", "/api/v1/calls": "GET, HEAD",
		"/api/v1/agents": "GET, HEAD", "/api/v1/callbacks": "GET, HEAD", documentPath: "GET, HEAD",
	} {
		r := ask(h, "DELETE", path, "", "Authorization", "Bearer "+token)
		if got := strings.Join(r.Header.Values("Allow"), ", "); r.StatusCode != 405 || got != allow {
			t.Errorf("%s: %s, Allow: %s", path, r.Status, got)
		}
	}
}

func TestTheTokenAdmits(t *testing.T) {
	s, log := newServer(deadStore(t))
	h := s.Handler()
	for authorization, want := range map[string]int{
		"Bearer " + token:                  200,
		"bearer  " + token:                 200,
		"Bearer " + token[:len(token)-1]:   401,
		"Bearer " + token + "0":            401,
		"Bearer " + strings.ToUpper(token): 401,
		"Token " + token:                   401,
		token:                              401,
	} {
		if r := ask(h, "GET", "/api/v1/calls", "", "Authorization", authorization); r.StatusCode != want {
			t.Errorf("%q: %s", authorization, r.Status)
		}
	}
	if strings.Contains(strings.ToLower(log.String()), token[:20]) {
		t.Errorf("token in the log:\n%s", log)
	}
	s.Token = ""
	if r := ask(s.Handler(), "GET", "/api/v1/calls", "", "Authorization", "Bearer "); r.StatusCode != 401 {
		t.Errorf("without a token configured: %s", r.Status)
	}
	if r := ask(s.Handler(), "POST", "/sign-in", "token="); r.StatusCode != 403 {
		t.Errorf("sign-in without a token configured: %s", r.Status)
	}
}

func TestGuessingIsSlowedDownForItsSourceOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, log := newServer(&store.Store{})
		h := s.Handler()
		api := func(source, token string) int {
			return ask(h, "GET", "/api/v1/calls", "", "Authorization", "Bearer "+token, "X-Forwarded-For", source).StatusCode
		}
		behindProxy := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.RemoteAddr = "127.0.0.1:4711"
				next.ServeHTTP(w, r)
			})
		}
		h = behindProxy(h)
		for range guessBurst {
			if got := api("192.0.2.7", "guess"); got != 401 {
				t.Fatalf("a guess: %d", got)
			}
		}
		r := ask(h, "POST", "/sign-in", "token="+token, "X-Forwarded-For", "192.0.2.7")
		if got := api("192.0.2.7", token); got != 429 || r.StatusCode != 429 {
			t.Errorf("after too many guesses: %d, sign-in %s", got, r.Status)
		}
		if got := api("192.0.2.8", token); got != 200 {
			t.Errorf("somebody else: %d", got)
		}
		time.Sleep(guessInterval)
		if got := api("192.0.2.7", token); got != 200 {
			t.Errorf("an interval later: %d", got)
		}
		if got := []int{api("192.0.2.7", "guess"), api("192.0.2.7", "guess")}; got[0] != 401 || got[1] != 429 {
			t.Errorf("guesses an interval later: %d", got)
		}
		if n := strings.Count(log.String(), "wrong token"); n != guessBurst+1 {
			t.Errorf("%d lines of wrong tokens", n)
		}
	})
}

func TestGuessersTakeABoundedMemory(t *testing.T) {
	th := newThrottle[netip.Addr]()
	for n := range 3 * guessSources {
		th.judge(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), false, noon.Add(time.Duration(n)*time.Millisecond))
	}
	if len(th.full) != guessSources {
		t.Errorf("%d sources remembered", len(th.full))
	}
}

func TestTheSourceIsWhoCanBeHeldResponsible(t *testing.T) {
	for name, tt := range map[string]struct{ peer, forwarded, want string }{
		"a peer":                            {"192.0.2.1:99", "", "192.0.2.1"},
		"an IPv4 peer on an IPv6 socket":    {"[::ffff:192.0.2.1]:99", "", "192.0.2.1"},
		"an IPv6 peer stands for its /64":   {"[2001:db8:1:2:3:4:5:6]:99", "", "2001:db8:1:2::"},
		"a link-local peer":                 {"[fe80::1%eth0]:99", "", "fe80::"},
		"a proxy here is believed":          {"127.0.0.1:99", "192.0.2.7", "192.0.2.7"},
		"only the hop the proxy added":      {"[::1]:99", "198.51.100.1, 192.0.2.7", "192.0.2.7"},
		"a proxy elsewhere is the source":   {"192.0.2.1:99", "192.0.2.7", "192.0.2.1"},
		"a proxy that writes nonsense":      {"127.0.0.1:99", "unknown", "127.0.0.1"},
		"a peer that has no address at all": {"@", "", "invalid IP"},
	} {
		r := &http.Request{RemoteAddr: tt.peer, Header: http.Header{}}
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		if got := source(r).String(); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestSessions(t *testing.T) {
	s, _ := newServer(storetest.New(t))
	h := s.Handler()

	r := ask(h, "POST", "/sign-in", "token="+token)
	c := r.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.MaxAge != 8*3600 || c.Secure || len(c.Value) < 26 {
		t.Errorf("cookie %+v", c)
	}
	cookie := c.Name + "=" + c.Value
	if got := ask(h, "GET", "/", "", "Cookie", cookie); got.StatusCode != 200 {
		t.Errorf("signed in: %s", got.Status)
	}

	second := ask(h, "POST", "/sign-in", "token="+token+"&case=261123-1-0001", "Cookie", cookie)
	if second.Header.Get("Location") != "/cases/261123-1-0001" || second.Cookies()[0].Value == c.Value {
		t.Errorf("signed in again: %v", second.Header)
	}
	if got := ask(h, "GET", "/", "", "Cookie", cookie); got.StatusCode != 303 {
		t.Errorf("the session before: %s", got.Status)
	}

	cookie = second.Cookies()[0].Name + "=" + second.Cookies()[0].Value
	out := ask(h, "POST", "/sign-out", "", "Cookie", cookie)
	if out.Header.Get("Location") != "/sign-in" || out.Cookies()[0].MaxAge >= 0 || out.Cookies()[0].Value != "" {
		t.Errorf("sign-out: %v", out.Header)
	}
	if got := ask(h, "GET", "/", "", "Cookie", cookie); got.StatusCode != 303 {
		t.Errorf("signed out: %s", got.Status)
	}

	wrong := ask(h, "POST", "/sign-in", "token=nonsense", "Accept-Language", "en")
	if body := text(t, wrong); wrong.StatusCode != 403 || len(wrong.Cookies()) != 0 || !strings.Contains(body, "That is not right.") || strings.Contains(body, "nonsense") {
		t.Errorf("wrong token: %s\n%s", wrong.Status, body)
	}
	if got := ask(h, "POST", "/sign-in?token="+token, ""); got.StatusCode != 403 {
		t.Errorf("token in the address: %s", got.Status)
	}
	for _, target := range []string{"//example.com", "https://example.com", "../sign-out", "1"} {
		if got := ask(h, "POST", "/sign-in", "token="+token+"&case="+target); got.Header.Get("Location") != "/" {
			t.Errorf("to %s: %s", target, got.Header.Get("Location"))
		}
	}
	if got := ask(h, "GET", "/cases/261123-1-0001", ""); got.Header.Get("Location") != "/sign-in?case=261123-1-0001" {
		t.Errorf("a case for a stranger: %v", got.Header)
	}
}

func TestBehindTLSTheCookieIsBoundToTheHost(t *testing.T) {
	s, _ := newServer(deadStore(t))
	r := ask(s.Handler(), "POST", "https://hotline.example/sign-in", "token="+token)
	if c := r.Cookies()[0]; c.Name != "__Host-shouwen" || !c.Secure {
		t.Errorf("cookie %+v", c)
	}
}

func TestSessionsEndAfterAShiftAndAreBounded(t *testing.T) {
	s := newSessions()
	valid := func(id string, now time.Time) bool {
		one, ok := s.of(id, now)
		return ok && one.user == "aide"
	}
	first := s.begin("aide", "", noon)
	if !valid(first, noon.Add(sessionLife-1)) || valid(first, noon.Add(sessionLife)) || valid("", noon) {
		t.Error("validity")
	}
	for n := range maxSessions {
		s.begin("aide", "", noon.Add(time.Duration(n+1)*time.Second))
	}
	if len(s.all) != maxSessions || valid(first, noon) {
		t.Errorf("%d sessions, the oldest valid: %v", len(s.all), valid(first, noon))
	}
}

func TestOtherSitesCannotAct(t *testing.T) {
	s, _ := newServer(deadStore(t))
	h := s.Handler()
	cookie := signIn(t, h)
	for name, tt := range map[string]struct {
		header []string
		want   int
	}{
		"another site":                 {[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		"a neighbour in the domain":    {[]string{"Sec-Fetch-Site", "same-site"}, 403},
		"another origin, old browser":  {[]string{"Origin", "https://evil.example"}, 403},
		"an origin that hides":         {[]string{"Origin", "null"}, 403},
		"our own page":                 {[]string{"Sec-Fetch-Site", "same-origin", "Origin", "http://example.com"}, 303},
		"our own page over plain HTTP": {[]string{"Origin", "http://example.com"}, 303},
	} {
		for _, path := range []string{"/sign-in", "/sign-out"} {
			r := ask(h, "POST", path, "token="+token, append(tt.header, "Cookie", cookie)...)
			if r.StatusCode != tt.want {
				t.Errorf("%s to %s: %s", name, path, r.Status)
			}
			if tt.want == 303 {
				cookie = signIn(t, h)
			}
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	s, _ := newServer(deadStore(t))
	r := ask(s.Handler(), "POST", "/sign-in", "token="+strings.Repeat("x", bodyLimit))
	if r.StatusCode != 413 {
		t.Errorf("%s", r.Status)
	}
}

func TestAPanicIsOneLineAnd500(t *testing.T) {
	s, log := newServer(deadStore(t))
	s.Calls = func() []Call { panic("out of paper") }
	h := s.Handler()
	cookie := signIn(t, h)
	log.Reset()
	for target, contentType := range map[string]string{"/": "text/html; charset=utf-8", "/api/v1/calls": "application/problem+json"} {
		r := ask(h, "GET", target, "", "Cookie", cookie, "Authorization", "Bearer "+token)
		if body := text(t, r); r.StatusCode != 500 || r.Header.Get("Content-Type") != contentType || strings.Contains(body, "paper") {
			t.Errorf("%s: %s, %v, %s", target, r.Status, r.Header, body)
		}
		if n := strings.Count(log.String(), `"level":"ERROR"`); n != 1 || !strings.Contains(log.String(), "out of paper") {
			t.Errorf("%s: logged\n%s", target, log)
		}
		log.Reset()
	}
}

// sqlError is what the database answers to a statement.
type sqlError string

func (e sqlError) Error() string    { return "sql" }
func (e sqlError) SQLState() string { return string(e) }

func TestErrorsOfTheStoreHaveTheirStatus(t *testing.T) {
	_, _, broken := cases.Trace([]cases.Event{{Kind: cases.EventAccepted, Body: []byte("{")}})
	for name, tt := range map[string]struct {
		err  error
		want int
	}{
		"refused connection":           {fmt.Errorf("dial"), 503},
		"shutting down":                {fmt.Errorf("cases: %w", sqlError("57P01")), 503},
		"too many connections":         {sqlError("53300"), 503},
		"not migrated yet":             {sqlError("42P01"), 503},
		"a fault in a statement":       {fmt.Errorf("cases: %w", sqlError("42601")), 500},
		"a value the type cannot hold": {sqlError("22008"), 500},
		"a full disk":                  {fmt.Errorf("register: %w", &fs.PathError{Op: "write", Path: "shouwen-report-1", Err: syscall.ENOSPC}), 500},
		"a ledger that is no JSON":     {broken, 500},
	} {
		if got := status(tt.err); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

func TestTheDatabaseIsReportedWhenItGoesAndWhenItReturns(t *testing.T) {
	st := storetest.New(t)
	s, log := newServer(st)
	x := newSite(s)
	dead, err := deadStore(t).Callbacks(t.Context(), store.CallbackFilter{})
	if err == nil {
		t.Fatal(dead)
	}
	for range 3 {
		x.health.status(err, x.Log)
	}
	apply(t, st, missed(1, cases.Caller{}, noon))
	for range 3 {
		if b := x.board(t.Context(), x.present()); b.Away || b.Owed != 1 {
			t.Errorf("board %+v", b)
		}
	}
	if strings.Count(log.String(), "cases cannot be shown") != 1 || strings.Count(log.String(), "cases can be shown again") != 1 {
		t.Errorf("log:\n%s", log)
	}
}
