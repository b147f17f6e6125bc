package console

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/profile"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
	"shouwen/ivr/acd"
	"shouwen/metrics"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

var noon = time.Date(2026, 11, 23, 4, 0, 0, 123456000, time.UTC)

// id returns the n-th of a sequence of UUIDs.
func id(n int) string { return fmt.Sprintf("0193571f-0000-7000-8000-%012x", n) }

// answered are the facts of the n-th call, a minute after the one before, which
// agent took; it has ended.
func answered(n int, caller cases.Caller, agent string) []cases.Fact {
	at := noon.Add(time.Duration(n) * time.Minute)
	number := cases.NewCaseNumber(at, 1, n)
	fact := func(i int, f cases.Fact) cases.Fact {
		f.ID, f.Call, f.At = id(100*n+i), id(1_000_000+n), at.Add(time.Duration(i)*time.Second)
		return f
	}
	return []cases.Fact{
		fact(0, cases.Fact{Arrived: &cases.Arrived{Caller: caller, Hotline: "12345", Trunk: "carrier"}}),
		fact(1, cases.Fact{Offered: &cases.Offered{Round: 1, Agents: []string{agent}, Reason: "all_ready"}}),
		fact(2, cases.Fact{Case: number, PickedUp: &cases.PickedUp{Agent: agent, Extension: "1001", Waited: cases.Span(3500 * time.Millisecond)}}),
		fact(3, cases.Fact{Case: number, Ended: &cases.Ended{Cause: cases.EndCaller, Talk: cases.Span(time.Minute)}}),
	}
}

// missed are the facts of the n-th call, which nobody took.
func missed(n int, caller cases.Caller, due time.Time) []cases.Fact {
	facts := answered(n, caller, "aide")[:2]
	last := facts[1]
	last.ID, last.At, last.Offered = id(100*n+2), last.At.Add(30*time.Second), nil
	last.Case = cases.NewCaseNumber(last.At, 1, n)
	last.Missed = &cases.Missed{Reason: cases.MissedAbandoned, Waited: cases.Span(31 * time.Second), CallbackDue: due}
	return append(facts, last)
}

// from returns a caller with a number.
func from(number cases.Number) cases.Caller {
	return cases.Caller{Raw: "<sip:" + string(number) + "@192.0.2.1>", E164: number, Verified: true}
}

const token = "sw_0123456789abcdef0123456789abcdef"

// newServer returns a console over st with a few calls and agents, and what it
// logs.
func newServer(st *store.Store) (*Server, *bytes.Buffer) {
	var out bytes.Buffer
	st.Rules = rules
	s := &Server{
		Metrics: metrics.New("", "").HTTP,
		Store:   st, People: func() cases.Directory { return people }, Passwords: func() map[string]string { return passwords }, Directories: directories{st, 0}, Now: func() time.Time { return noon.Add(time.Hour) }, Token: token, Version: "1.2.3", Zone: time.FixedZone("", 8*3600),
		Log:      slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Commands: &orders{}, Transfers: &orders{}, Callers: &orders{}, Duties: &orders{},
		Quality: func(call string) ([]cases.LegQuality, error) {
			if call != id(1) {
				return nil, &Refusal{404, cases.Words{EN: "no such call"}}
			}
			return []cases.LegQuality{{Side: cases.CallerSide, Trunk: "carrier", Codec: "PCMA", Packets: 500, Jitter: cases.Span(time.Millisecond), MOS: 4.41}}, nil
		},
		Calls:  func() []Call { return slices.Clone(liveCalls) },
		Agents: func() acd.Snapshot { return snapshot },
		Trunks: func() []Trunk { return nil }, PauseReasons: []string{"lunch"},
	}
	s.Feed = NewFeed(func() []Call { return s.Calls() }, func() acd.Snapshot { return s.Agents() })
	return s, &out
}

// rules are those of a property company in China.
var rules = func() cases.Rulebook {
	policy, err := profile.Policy("property_csc")
	if err != nil {
		panic(err)
	}
	calendar, err := profile.Calendar("china", time.FixedZone("", 8*3600))
	if err != nil {
		panic(err)
	}
	return cases.Rulebook{Policy: policy, Calendar: calendar}
}()

var people = cases.Directory{
	Departments: []cases.Department{{Name: "hotline"}, {Name: "repairs", Title: "维修部", Extension: "200"}},
	Categories:  []cases.Category{{Name: "burst_pipe", Department: "repairs"}},
	People: []cases.Person{
		{User: "clerk", Name: "王", Extension: "1001", Department: "hotline"},
		{User: "aide", Extension: "1002", Department: "hotline", Rank: 2},
		{User: "chief", Extension: "1003", Department: "repairs", Roles: []cases.Role{cases.RoleHandler}},
		{User: "qian", Extension: "1004", Department: "hotline", Roles: []cases.Role{cases.RoleSupervisor}, Posts: []cases.Party{cases.PartyLeaderInCharge}},
		{User: "sun", Extension: "1005", Roles: []cases.Role{cases.RoleAuditor}},
	},
}

var liveCalls = []Call{
	{ID: id(2), Direction: "inbound", State: "queued", Caller: cases.Caller{Raw: "sip:+15550100@192.0.2.9", Withheld: true}, Dialed: "12345",
		Since: noon.Add(time.Minute), OpenCase: "261123-1-0001", FirstAsker: "aide"},
	{ID: id(1), Direction: "inbound", State: "talking", Caller: from("+15550111"), Dialed: "12345", Agent: "clerk", Case: "261123-1-0007",
		Since: noon, Answered: noon.Add(5 * time.Second)},
}

var snapshot = acd.Snapshot{
	At: noon.Add(2 * time.Minute),
	Agents: []acd.Presence{
		{Agent: acd.Agent{User: "aide", Extension: "1002", Department: "Repairs", Rank: 2}, State: acd.Ready, Since: noon, Work: acd.Work{Calls: 3, Talked: 754500 * time.Millisecond}},
		{Agent: acd.Agent{User: "chief", Extension: "1003"}, State: acd.WrapUp, Since: noon.Add(time.Minute), Until: noon.Add(150 * time.Second)},
		{Agent: acd.Agent{User: "qian", Extension: "1004"}, State: acd.Paused, Since: noon.Add(time.Minute), Reason: "no_answer", Work: acd.Work{Missed: 3}},
		{Agent: acd.Agent{User: "clerk", Extension: "1001"}, State: acd.Talking, Since: noon.Add(5 * time.Second), Call: id(1)},
	},
	Queues: []acd.Line{{Queue: "hotline", Waiting: []acd.Waiting{{Call: id(2), Since: noon.Add(time.Minute), Estimate: 90 * time.Second}}}},
}

// deadStore is of a database that never answers.
func deadStore(t *testing.T) *store.Store {
	t.Helper()
	return storetest.Open(t, "postgres:///x?host="+t.TempDir())
}

// hotline is a server with a store of its own, in which these facts have come.
func hotline(t *testing.T, facts ...[]cases.Fact) (*store.Store, *Server) {
	t.Helper()
	st := storetest.New(t)
	s, _ := newServer(st)
	apply(t, st, facts...)
	return st, s
}

func apply(t *testing.T, st *store.Store, facts ...[]cases.Fact) {
	t.Helper()
	for _, f := range facts {
		if err := st.Apply(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
}

// ask sends a request, with headers given as name and value in turn.
func ask(h http.Handler, method, target, body string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// askAPI sends a request with the token.
func askAPI(h http.Handler, target string) *http.Response {
	return ask(h, "GET", target, "", "Authorization", "Bearer "+token)
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// signIn returns the cookie of a new session.
func signIn(t *testing.T, h http.Handler) string {
	t.Helper()
	r := ask(h, "POST", "/sign-in", "token="+token)
	if r.StatusCode != http.StatusSeeOther || len(r.Cookies()) != 1 {
		t.Fatalf("sign-in: %s, cookies %v", r.Status, r.Cookies())
	}
	return r.Cookies()[0].Name + "=" + r.Cookies()[0].Value
}
