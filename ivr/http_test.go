package ivr_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"shouwen/ivr"
)

const lookUp = `
start: ask
nodes:
  ask:
    http:
      play: [please_hold]
      get: https://cases.example/status?brief=1
      send: {phone: caller}
      limit: 2s
      take: {level: customers.0.level, due: due, name: customers.0.name}
      by: level
      cases: {gold: gold, "7": seven, "true": yes}
      next: other
      fail: fail
  gold: {hangup: {}}
  seven: {hangup: {}}
  "yes": {hangup: {}}
  other: {hangup: {}}
  fail: {hangup: {}}
`

func TestHTTPBranchesOnTheAnswer(t *testing.T) {
	tests := map[string]struct {
		status       int
		answer, want string
		note         string
	}{
		"a text":             {200, `{"customers": [{"level": "gold"}]}`, "is gold", ""},
		"a number":           {200, `{"customers": [{"level": 7}]}`, "is 7", ""},
		"a truth value":      {201, `{"customers": [{"level": true}]}`, "is true", ""},
		"another text":       {200, `{"customers": [{"level": "tin"}]}`, "next", ""},
		"null":               {200, `{"customers": [{"level": null}]}`, "next", ""},
		"no such list":       {200, `{"customers": []}`, "next", ""},
		"of another shape":   {200, `["customers"]`, "next", ""},
		"only a text":        {200, `"gold"`, "next", ""},
		"a value too long":   {200, `{"customers": [{"level": "` + strings.Repeat("g", 257) + `"}]}`, "next", ""},
		"a failure":          {500, `{"customers": [{"level": "gold"}]}`, "fail", "answer has status 500"},
		"not found":          {404, ``, "fail", "answer has status 404"},
		"no JSON":            {200, `<html>`, "fail", "answer is no JSON of at most 64 KiB: invalid character '<' looking for beginning of value"},
		"nothing":            {200, ``, "fail", "answer is no JSON of at most 64 KiB: EOF"},
		"an answer too long": {200, `["` + strings.Repeat("g", 70_000) + `"]`, "fail", "answer is no JSON of at most 64 KiB: unexpected EOF"},
		"a hole too deep":    {200, strings.Repeat("[", 60_000), "fail", "answer is no JSON of at most 64 KiB: invalid character '[' exceeded max depth"},
	}
	f := load(t, lookUp)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			system := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if got := r.Method + " " + r.URL.String(); got != "GET /status?brief=1&phone=%2B86+10+5555+0123" {
					t.Errorf("asked %s", got)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.answer)
			}))
			defer system.Close()
			walk := ivr.Walk{
				Flow: f, Language: "en", Values: map[string]string{"caller": "+86 10 5555 0123"},
				HTTP: func(r *http.Request) (*http.Response, error) {
					r.URL.Scheme, r.URL.Host = "http", system.Listener.Addr().String()
					return system.Client().Do(r)
				},
			}
			exit, err := walk.Run(t.Context(), &script{todo: "...."})
			if err != nil {
				t.Fatal(err)
			}
			if step := exit.Steps[0]; step.On != tt.want || !strings.HasPrefix(step.Note, tt.note) || (tt.note == "") != (step.Note == "") {
				t.Errorf("%+v, want %s %s", step, tt.want, tt.note)
			}
		})
	}
}

// mute is a system that answers only after a time, or when the request is given up.
type mute struct {
	after   time.Duration
	request *http.Request
}

func (m *mute) do(r *http.Request) (*http.Response, error) {
	m.request = r
	select {
	case <-time.After(m.after):
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"allowed": true}`))}, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func TestHTTPWaits(t *testing.T) {
	tests := map[string]struct {
		after time.Duration
		todo  string
		want  string // last steps
		took  time.Duration
	}{
		"an answer in time":                       {1999 * time.Millisecond, ".", "next", 1999 * time.Millisecond},
		"no answer in time":                       {time.Minute, ".", "fail", 2 * time.Second},
		"a caller who types does not wait longer": {time.Second, "1234.", "next", time.Second},
		"nor for ever":                            {time.Second, strings.Repeat("1", 1000) + ".", "next", time.Second},
		"a caller in an emergency does not wait":  {time.Minute, "19", "emergency", 0},
		"a caller who hangs up does not wait":     {time.Minute, "", "hung up", 0},
		"a caller who hung up during the prompt":  {time.Minute, "<1", "hung up", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				system, start := mute{after: tt.after}, time.Now()
				exit, err := ivr.Walk{Flow: load(t, lookUp), Language: "en", HTTP: system.do}.Run(t.Context(), &script{todo: tt.todo})
				if err != nil && !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
				if exit.Steps[0].On != tt.want || time.Since(start) != tt.took {
					t.Errorf("%+v after %s, want %s after %s", exit.Steps, time.Since(start), tt.want, tt.took)
				}
				if system.request.Context().Err() == nil {
					t.Error("the request goes on")
				}
			})
		})
	}
}

func TestHTTPEndsWithItsContext(t *testing.T) {
	for name, end := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"deadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		},
		"cancel": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := end(t.Context())
			defer cancel()
			system := mute{after: time.Minute}
			exit, err := ivr.Walk{Flow: load(t, lookUp), Language: "en", HTTP: system.do}.Run(ctx, &script{todo: "..."})
			if !errors.Is(err, ctx.Err()) || exit.To != "" {
				t.Errorf("%s: to %q, %v", name, exit.To, err)
			}
		})
	}
}

// body is an answer that must be closed.
type body struct {
	io.Reader
	closed bool
}

func (b *body) Close() error {
	b.closed = true
	return nil
}

// TestHTTPKeepsNothing: answers are closed, and of the keys of a caller who cannot
// wait only the first 32 count later.
func TestHTTPKeepsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := load(t, `
start: ask
nodes:
  ask: {http: {get: "http://cases.example/", next: digits, fail: bye}}
  digits: {collect: {play: [greeting], into: n, min: 2, next: menu, else: bye}}
  menu: {menu: {play: [main_menu], keys: {1: bye}, tries: 1, else: bye}}
  bye: {hangup: {play: [goodbye]}}`)
		answer := &body{Reader: strings.NewReader("{}")}
		walk := ivr.Walk{Flow: f, Language: "en", HTTP: func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return &http.Response{StatusCode: 200, Body: answer}, nil
		}}
		c := &script{todo: strings.Repeat("1", 100) + "..."}
		exit, err := walk.Run(t.Context(), c)
		if err != nil || exit.Values["n"] != strings.Repeat("1", 32) || exit.Steps[2].On != "silent" || !answer.closed {
			t.Errorf("%+v, %v, closed %t", exit, err, answer.closed)
		}
	})
}

// TestHTTPNotesNoNumber: why there was no answer is on record, whose number was sent not.
func TestHTTPNotesNoNumber(t *testing.T) {
	f := load(t, strings.Replace(lookUp, "https://cases.example", "http://127.0.0.1:1", 1))
	walk := ivr.Walk{Flow: f, Language: "en", HTTP: http.DefaultClient.Do, Values: map[string]string{"caller": "+861055550123"}}
	exit, err := walk.Run(t.Context(), &script{todo: "."})
	if err != nil || exit.Steps[0].On != "fail" || !strings.Contains(exit.Steps[0].Note, "connection refused") ||
		strings.Contains(exit.Steps[0].Note, "55550123") {
		t.Errorf("%+v, %v", exit.Steps, err)
	}
}

func TestHTTPPosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got string
		walk := ivr.Walk{Flow: load(t, shipped(t)["elsewhere"]), Language: "en"}
		walk.HTTP = func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			got = r.Method + " " + r.URL.String() + " " + r.Header.Get("Content-Type") + " " + string(body)
			if err != nil {
				return nil, err
			}
			return status(`{"allowed": true}`)(r)
		}
		exit, err := walk.Run(t.Context(), &script{todo: "0105550199#."})
		if want := `POST http://policy.example/allowed application/json {"to":"0105550199"}`; err != nil || got != want {
			t.Errorf("%s, %v", got, err)
		}
		if exit.To != ivr.ToCallback || exit.Name != "0105550199" || exit.Values["ok"] != "true" {
			t.Errorf("%+v", exit)
		}
	})
}
