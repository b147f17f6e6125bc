package console

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
)

// event is a server-sent event.
type event struct{ id, name, data string }

// opened is a page that is open.
type opened struct {
	t      *testing.T
	status int
	events chan event // closed when the server ends it
}

// live is a console that is served, and whose feed runs.
func live(t *testing.T, s *Server) string {
	t.Helper()
	srv := httptest.NewServer(s.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Feed.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
		srv.Close()
	})
	return srv.URL
}

func open(t *testing.T, url string, header ...string) *opened {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	o := &opened{t: t, status: res.StatusCode, events: make(chan event, 100)}
	go func() {
		defer close(o.events)
		defer res.Body.Close()
		lines := bufio.NewScanner(res.Body)
		for e := (event{}); lines.Scan(); {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				e.data += value + "\n"
			case "":
				o.events <- e
				e = event{}
			}
		}
	}()
	return o
}

// until returns the first event that is as wanted.
func (o *opened) until(what string, is func(event) bool) event {
	o.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		select {
		case e, more := <-o.events:
			if more && is(e) {
				return e
			}
			if !more {
				o.t.Fatalf("ended before: %s", what)
			}
		case <-limit:
			o.t.Fatalf("still not: %s", what)
		}
	}
}

func has(text string) func(event) bool {
	return func(e event) bool { return strings.Contains(e.data, text) }
}

// phone is what goes on with telephony in a test.
type telephony struct {
	mu     sync.Mutex
	calls  []Call
	agents []acd.Presence
}

func (p *telephony) serve(s *Server) {
	s.Calls = func() []Call {
		p.mu.Lock()
		defer p.mu.Unlock()
		return append([]Call{}, p.calls...)
	}
	s.Agents = func() acd.Snapshot {
		p.mu.Lock()
		defer p.mu.Unlock()
		return acd.Snapshot{Agents: append([]acd.Presence{}, p.agents...)}
	}
}

func (p *telephony) set(s *Server, call Call, state acd.State) {
	p.mu.Lock()
	p.calls, p.agents = []Call{call}, []acd.Presence{{Agent: acd.Agent{User: "clerk"}, State: state, Call: call.ID}}
	p.mu.Unlock()
	s.Feed.Changed()
}

// TestTheDeskIsToldWhatHappens: that the phone rings, that it was picked up, and what
// became of the cases; only what has changed is sent, and who comes back is told what he
// missed.
func TestTheDeskIsToldWhatHappens(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	s.Now = time.Now
	var p telephony
	p.serve(s)
	url := live(t, s)
	cookie := signInAs(t, s.Handler(), "clerk") // of another handler: it does not count there
	desk := open(t, url+"/desk/stream", "Cookie", cookie)
	if desk.status != 303 {
		t.Errorf("without a session: %d", desk.status)
	}
	cookie = signInOver(t, url, "clerk", "clerkclerk")
	desk = open(t, url+"/desk/stream", "Cookie", cookie, "Accept-Language", "en")
	desk.until("all of the desk", has("My open cases"))

	ringing := Call{ID: id(1), Direction: "inbound", State: "ringing", Caller: from("+861055550177"), Dialed: "12345", Since: time.Now()}
	p.set(s, ringing, acd.Ringing)
	e := desk.until("the phone rings", has("Your phone rings"))
	if !strings.Contains(e.data, "+861055550177") && !strings.Contains(e.data, "&#43;861055550177") || strings.Contains(e.data, "My open cases") {
		t.Errorf("not the ring alone:\n%s", e.data)
	}
	ringing.State, ringing.Agent, ringing.Case, ringing.Answered = "talking", "clerk", "261123-1-0001", time.Now()
	p.set(s, ringing, acd.Talking)
	e = desk.until("picked up", has(`data-opens="/cases/261123-1-0001"`))
	last := e.id

	apply(t, st, answered(1, from("+861055550177"), "clerk"))
	s.Feed.CasesChanged()
	e = desk.until("the case is on the desk", has(`href="/cases/261123-1-0001"`))
	if e.id == last || e.id == "" {
		t.Errorf("event %q after %q", e.id, last)
	}

	again := open(t, url+"/desk/stream", "Cookie", cookie, "Accept-Language", "en", "Last-Event-ID", last)
	again.until("who missed something has all of it", has("You talk with"))
	other := open(t, url+"/now/stream", "Cookie", cookie)
	other.until("another page, in another language", has("正在通话"))
	stranger := open(t, url+"/now/stream", "Cookie", signInOver(t, url, "aide", "aideaide"))
	if e := <-stranger.events; strings.Contains(e.data, "55550177") {
		t.Errorf("a colleague is shown the call:\n%s", e.data)
	}
}

// TestWhoComesBackWithTheLastEventIsNotToldAgain: nothing has changed meanwhile.
func TestWhoComesBackWithTheLastEventIsNotToldAgain(t *testing.T) {
	t.Parallel()
	s, _ := newServer(deadStore(t))
	var p telephony
	p.serve(s)
	p.set(s, Call{ID: id(1), Caller: from("+15550111"), Agent: "clerk", Answered: noon}, acd.Talking)
	url := live(t, s)
	cookie := signInOver(t, url, "clerk", "clerkclerk")
	first := <-open(t, url+"/now/stream", "Cookie", cookie).events
	if first.id == "" || first.data == "" {
		t.Fatalf("%+v", first)
	}
	if e := <-open(t, url+"/now/stream", "Cookie", cookie, "Last-Event-ID", first.id).events; e.name != "beat" {
		t.Errorf("told again: %+v", e)
	}
}

// TestAStreamEndsWithTheSession: and nobody from another site has one.
func TestAStreamEndsWithTheSession(t *testing.T) {
	t.Parallel()
	s, _ := newServer(deadStore(t))
	people := people // of this test
	var mu sync.Mutex
	s.People = func() cases.Directory {
		mu.Lock()
		defer mu.Unlock()
		return people
	}
	url := live(t, s)
	cookie := signInOver(t, url, "clerk", "clerkclerk")
	if got := open(t, url+"/stream", "Cookie", cookie, "Sec-Fetch-Site", "cross-site").status; got != 403 {
		t.Errorf("from another site: %d", got)
	}
	o := open(t, url+"/stream", "Cookie", cookie)
	o.until("it is open", has("agents"))
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/sign-out", nil)
	req.Header.Set("Cookie", cookie)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil || res.StatusCode != 303 {
		t.Fatalf("%v, %v", res, err)
	}
	_ = res.Body.Close()
	o.until("signed out, and told so", func(e event) bool { return e.name == "ended" })
	for range o.events {
		t.Error("and told more")
	}

	o = open(t, url+"/now/stream", "Cookie", signInOver(t, url, "aide", "aideaide"))
	<-o.events
	mu.Lock()
	people = cases.Directory{}
	mu.Unlock()
	s.Feed.Changed()
	o.until("who is not in the directory any more has none", func(e event) bool { return e.name == "ended" })
}

// TestStreamsAreBounded: one who opens page upon page does not take them from others.
func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	s, _ := newServer(deadStore(t))
	url := live(t, s)
	cookie := signInOver(t, url, "clerk", "clerkclerk")
	for range maxSessionStreams {
		if o := open(t, url+"/stream", "Cookie", cookie); o.status != 200 {
			t.Fatal(o.status)
		}
	}
	if o := open(t, url+"/stream", "Cookie", cookie); o.status != 503 {
		t.Errorf("one more: %d", o.status)
	}
	if o := open(t, url+"/stream", "Cookie", signInOver(t, url, "aide", "aideaide")); o.status != 200 {
		t.Errorf("a colleague: %d", o.status)
	}
}

// signInOver signs in to a console that is served, and returns the cookie.
func signInOver(t *testing.T, url, user, password string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/sign-in", strings.NewReader("user="+user+"&password="+password))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if len(res.Cookies()) == 0 {
		t.Fatalf("sign-in: %s", res.Status)
	}
	return res.Cookies()[0].Name + "=" + res.Cookies()[0].Value
}
