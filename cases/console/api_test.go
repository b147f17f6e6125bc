package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
)

// decode returns the JSON body of an answer with status want.
func decode[T any](t *testing.T, r *http.Response, want int) T {
	t.Helper()
	body := text(t, r)
	if r.StatusCode != want {
		t.Fatalf("status %s, want %d: %s", r.Status, want, body)
	}
	var v T
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return v
}

// numbers are those of a list of cases.
func numbers(p casePageBody) []string {
	return mapped(p.Cases, func(c caseBody) string { return c.Number })
}

func TestCasesAreFilteredNewestFirst(t *testing.T) {
	t.Parallel()
	_, s := hotline(t,
		answered(1, from("+861055550101"), "clerk"), answered(2, from("+861055550102"), "aide"),
		missed(3, from("+861055550101"), noon.Add(time.Hour)), answered(4, cases.Caller{Raw: "sip:+861055550103@192.0.2.1", Withheld: true}, "clerk"))
	h := s.Handler()
	for query, want := range map[string][]string{
		"":                                   {"261123-1-0004", "261123-1-0003", "261123-1-0002", "261123-1-0001"},
		"?caller=%2B861055550101":            {"261123-1-0003", "261123-1-0001"},
		"?caller=+861055550101":              {"261123-1-0003", "261123-1-0001"}, // a plus nobody escaped
		"?caller=%2B861055550199":            {},
		"?first_asker=clerk":                 {"261123-1-0004", "261123-1-0001"},
		"?first_asker=clerk&limit=1":         {"261123-1-0004"},
		"?state=open&caller=%2B861055550102": {"261123-1-0002"},
		"?state=closed":                      {},
	} {
		if got := numbers(decode[casePageBody](t, askAPI(h, "/api/v1/cases"+query), 200)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}

func TestPagesOfCasesCoverEachCaseOnceWhileNewOnesCome(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	h := s.Handler()
	for n := 1; n <= 10; n++ {
		apply(t, st, answered(n, from("+861055550101"), "clerk"))
	}
	var got []string
	for cursor, came := "", 10; ; came++ {
		page := decode[casePageBody](t, askAPI(h, "/api/v1/cases?limit=3&cursor="+url.QueryEscape(cursor)), 200)
		got = append(got, numbers(page)...)
		if cursor = page.Next; cursor == "" {
			break
		}
		apply(t, st, answered(came+1, from("+861055550102"), "aide"))
	}
	var want []string
	for n := 10; n >= 1; n-- {
		want = append(want, fmt.Sprintf("261123-1-%04d", n))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestQuestionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	s, _ := newServer(storetest.New(t))
	h := s.Handler()
	for target, want := range map[string]struct {
		status   int
		location string
	}{
		"/api/v1/cases?state=lost":                          {422, "query.state"},
		"/api/v1/cases?limit=0":                             {422, "query.limit"},
		"/api/v1/cases?limit=501":                           {422, "query.limit"},
		"/api/v1/cases?limit=x":                             {422, "query.limit"},
		"/api/v1/cases?frist_asker=clerk":                   {422, "query.frist_asker"},
		"/api/v1/cases?first_asker=%00":                     {422, "query.first_asker"},
		"/api/v1/cases?caller=%FF":                          {422, "query.caller"},
		"/api/v1/cases?cursor=nonsense":                     {422, "query.cursor"},
		"/api/v1/cases?cursor=zz.%00":                       {422, "query.cursor"},
		"/api/v1/cases?cursor=-1y2p0ij32e8e7.261123-1-0001": {422, "query.cursor"}, // a time beyond the database's
		"/api/v1/cases?cursor=" + strings.Repeat("1", 200):  {422, "query.cursor"},
		"/api/v1/callbacks?limit=501":                       {422, "query.limit"},
		"/api/v1/calls?state=held":                          {422, "query.state"},
		"/api/v1/cases/261123-1-0001":                       {404, ""},
		"/api/v1/cases/no-such-thing":                       {404, ""},
		"/api/v1/cases/%00":                                 {404, ""},
		"/api/v1/cases/" + strings.Repeat("1", 65):          {422, "path.number"},
		"/api/v1/nothing":                                   {404, ""},
	} {
		r := askAPI(h, target)
		if ct := r.Header.Get("Content-Type"); ct != "application/problem+json" {
			t.Errorf("%s: Content-Type %q", target, ct)
		}
		p := decode[huma.ErrorModel](t, r, want.status)
		location := ""
		if len(p.Errors) > 0 {
			location = p.Errors[0].Location
		}
		if p.Status != want.status || location != want.location {
			t.Errorf("%s: status %d at %q, want %d at %q", target, p.Status, location, want.status, want.location)
		}
	}
}

func TestACaseComesWithALedgerAnybodyCanCheck(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	h := s.Handler()
	hostile := cases.Caller{Raw: "sip:a@b", E164: "+861055550101", Display: "<script>\u2028\"=cmd|' /C calc'!A0\u202E"}
	apply(t, st, answered(1, from("+861055550101"), "clerk"), answered(2, hostile, "aide"))

	body := text(t, askAPI(h, "/api/v1/cases/261123-1-0002"))
	var c caseBody
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		t.Fatal(err)
	}
	if c.Previous != "261123-1-0001" || c.FirstAsker != "aide" || c.Call.Caller.Display != hostile.Display || c.Call.Talk != 60 || c.Call.Waited != 3.5 {
		t.Errorf("case = %s", body)
	}
	if !c.Chain.OK || c.EventCount != 2 || len(c.Events) != 2 || c.Events[1].Hash != c.Head {
		t.Errorf("ledger = %s", body)
	}
	var before cases.Hash
	for _, e := range c.Events {
		own := cases.Event{
			Case: "261123-1-0002", Seq: e.Seq, Kind: cases.EventKind(e.Kind), State: cases.State(e.State), At: e.At, By: e.By, Fact: e.Fact, Body: e.Body,
		}
		if sum := own.Hash(before); sum.String() != e.Hash || before.String() != e.Previous {
			t.Errorf("event %d: hash %s after %s, computed %s after %s", e.Seq, e.Hash, e.Previous, sum, before)
		}
		before = own.Hash(before)
	}
}

func TestABrokenChainIsReported(t *testing.T) {
	st := storetest.New(t)
	apply(t, st, answered(1, from("+861055550101"), "clerk"))
	c, ledger, err := st.Case(t.Context(), "261123-1-0001")
	if err != nil {
		t.Fatal(err)
	}
	if got := chainOf(c, ledger); !got.OK {
		t.Errorf("intact: %+v", got)
	}
	if got := chainOf(c, ledger[:1]); got.OK || got.Seq != 0 || got.Problem == "" {
		t.Errorf("cut off: %+v", got)
	}
	ledger[1].By = "somebody"
	if got := chainOf(c, ledger); got.OK || got.Seq != 2 || got.Problem == "" {
		t.Errorf("changed: %+v", got)
	}
}

func TestCallbacksComeByTheirDueTime(t *testing.T) {
	t.Parallel()
	_, s := hotline(t, missed(1, from("+861055550101"), noon.Add(3*time.Hour)), missed(2, from("+861055550102"), noon.Add(time.Hour)),
		answered(3, from("+861055550103"), "aide"), missed(4, from("+861055550104"), noon.Add(2*time.Hour)))
	h := s.Handler()
	for query, want := range map[string][]string{
		"":         {"261123-1-0002", "261123-1-0004", "261123-1-0001"},
		"?limit=1": {"261123-1-0002"},
	} {
		page := decode[casePageBody](t, askAPI(h, "/api/v1/callbacks"+query), 200)
		if got := numbers(page); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", query, got, want)
		}
		if due := page.Cases[0].CallbackDue; due == nil || !due.Equal(noon.Add(time.Hour)) {
			t.Errorf("%q: due %v", query, due)
		}
	}
}

func TestLiveCallsAndAgentsNeedNoDatabase(t *testing.T) {
	t.Parallel()
	s, _ := newServer(deadStore(t))
	h := s.Handler()
	for target, want := range map[string]string{
		"/api/v1/calls": `{"calls":[
			{"id":"0193571f-0000-7000-8000-000000000001","direction":"inbound","state":"talking",
			 "caller":{"raw":"<sip:+15550111@192.0.2.1>","e164":"+15550111","withheld":false,"verified":true},
			 "dialed":"12345","agent":"clerk","case":"261123-1-0007","since":"2026-11-23T04:00:00.123456Z","answered":"2026-11-23T04:00:05.123456Z"},
			{"id":"0193571f-0000-7000-8000-000000000002","direction":"inbound","state":"queued",
			 "caller":{"withheld":true,"verified":false},"dialed":"12345","since":"2026-11-23T04:01:00.123456Z","position":1,"estimate_seconds":90,
			 "open_case":"261123-1-0001","first_asker":"aide"}]}`,
		"/api/v1/agents": `{"at":"2026-11-23T04:02:00.123456Z","agents":[
			{"user":"aide","extension":"1002","department":"Repairs","rank":2,"state":"ready","since":"2026-11-23T04:00:00.123456Z","calls":3,"talked_seconds":754.5,"missed":0},
			{"user":"chief","extension":"1003","rank":0,"state":"wrapup","since":"2026-11-23T04:01:00.123456Z","wrap_up_ends":"2026-11-23T04:02:30.123456Z","calls":0,"talked_seconds":0,"missed":0},
			{"user":"qian","extension":"1004","rank":0,"state":"paused","since":"2026-11-23T04:01:00.123456Z","reason":"no_answer","calls":0,"talked_seconds":0,"missed":3},
			{"user":"clerk","extension":"1001","rank":0,"state":"talking","since":"2026-11-23T04:00:05.123456Z","call":"0193571f-0000-7000-8000-000000000001","calls":0,"talked_seconds":0,"missed":0}],
			"queues":[{"queue":"hotline","waiting":[
			{"call":"0193571f-0000-7000-8000-000000000002","since":"2026-11-23T04:01:00.123456Z","kept":false,"round":0,"ringing":[]}]}]}`,
	} {
		var wanted any
		if err := json.Unmarshal([]byte(want), &wanted); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wanted, decode[any](t, askAPI(h, target), 200)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", target, diff)
		}
	}
}

func TestWithoutTheDatabaseCasesAre503AndSaidToComeBack(t *testing.T) {
	t.Parallel()
	s, log := newServer(deadStore(t))
	h := s.Handler()
	for _, target := range []string{"/api/v1/cases", "/api/v1/cases/261123-1-0001", "/api/v1/callbacks"} {
		r := askAPI(h, target)
		if r.Header.Get("Content-Type") != "application/problem+json" || r.Header.Get("Retry-After") == "" {
			t.Errorf("%s: header %v", target, r.Header)
		}
		if p := decode[huma.ErrorModel](t, r, 503); !strings.Contains(p.Detail, "calls are still taken") {
			t.Errorf("%s: detail %q", target, p.Detail)
		}
	}
	if n := strings.Count(log.String(), "cases cannot be shown"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, log)
	}
}

// document returns the OpenAPI document as served, without a token.
func document(t *testing.T) map[string]any {
	t.Helper()
	s, _ := newServer(deadStore(t))
	r := ask(s.Handler(), "GET", "/api/v1/openapi.json", "")
	if ct := r.Header.Get("Content-Type"); ct != "application/openapi+json" {
		t.Errorf("Content-Type %q", ct)
	}
	return decode[map[string]any](t, r, 200)
}

func TestTheDocumentListsEveryRouteAndTheToken(t *testing.T) {
	d := document(t)
	if d["openapi"] != "3.1.0" || d["info"].(map[string]any)["version"] != "1.2.3" {
		t.Errorf("openapi %v, info %v", d["openapi"], d["info"])
	}
	scheme := d["components"].(map[string]any)["securitySchemes"].(map[string]any)["token"].(map[string]any)
	if scheme["type"] != "http" || scheme["scheme"] != "bearer" {
		t.Errorf("security scheme %v", scheme)
	}
	want := map[string]string{
		"/api/v1/cases": "list_cases", "/api/v1/cases/{number}": "get_case", "/api/v1/callbacks": "list_callbacks",
		"/api/v1/calls": "list_calls", "/api/v1/trunks": "list_trunks", "/api/v1/outside_calls": "list_outside_calls", "/api/v1/cases/{number}/voicemail": "get_voicemail", "/api/v1/agents": "get_agents",
		"post /api/v1/agents/{user}/ready": "set_agent_ready", "post /api/v1/agents/{user}/pause": "pause_agent", "post /api/v1/agents/{user}/wrap_up": "extend_wrap_up",
		"/api/v1/calls/{id}/quality": "get_call_quality", "/api/v1/recordings": "list_recordings", "/api/v1/recordings/{id}/audio": "get_recording_audio",
		"/api/v1/recordings/{id}/accesses": "list_recording_accesses", "/api/v1/cases/{number}/voicemail/accesses": "list_voicemail_accesses", "/api/v1/reports/accesses": "list_report_accesses",
		"post /api/v1/calls/{id}/transfer": "transfer_call", "post /api/v1/calls/{id}/toggle": "toggle_transfer",
		"post /api/v1/calls/{id}/complete": "complete_transfer", "post /api/v1/calls/{id}/cancel": "cancel_transfer",
		"post /api/v1/calls/{id}/conference": "conference_transfer",
		"post /api/v1/calls/{id}/monitor":    "monitor_call", "delete /api/v1/calls/{id}/monitor": "end_monitor",
		"post /api/v1/callbacks/{number}/call": "call_back", "post /api/v1/callbacks/{number}/result": "mark_callback",
		"post /api/v1/calls/{id}/alarm": "alarm_call", "post /api/v1/cases/{number}/messages": "confirm_message",
		"/api/v1/outbox/dead": "list_dead_letters", "post /api/v1/outbox/dead/{id}/retry": "revive_dead_letter",
		"/api/v1/profile": "get_profile", "/api/v1/directory": "get_directory", "put /api/v1/directory": "put_directory", "/api/v1/directory/versions": "list_directory_versions",
		"/api/v1/directory/versions/{version}": "get_directory_version", "/api/v1/calendar": "get_calendar",
		"/api/v1/knowledge":         "get_knowledge",
		"/api/v1/reports/registers": "list_registers", "/api/v1/reports/registers/{form}": "get_register",
		"/api/v1/scorecards": "get_scorecards", "/api/v1/reports/scorecards": "get_scorecard_file", "/api/v1/scorecards/{user}": "get_scorecard", "/api/v1/scorecards/{user}/rating": "get_rating",
		"/api/v1/samples": "list_samples", "/api/v1/samples/{id}": "get_sample", "post /api/v1/samples": "draw_sample", "post /api/v1/samples/{id}/cases/{number}": "check_sampled",
		"/api/v1/reports/publication": "get_publication", "/api/v1/proposals": "get_proposals", "/api/v1/cases/{number}/trace": "get_trace",
		"/api/v1/inspections": "list_inspections", "/api/v1/inspections/{id}": "get_inspection", "/api/v1/inspection_programme": "get_programme", "/api/v1/inspections/{id}/steps": "list_inspection_steps", "/api/v1/reports/inspections": "get_inspection_file",
		"post /api/v1/inspections": "begin_inspection", "post /api/v1/inspections/{id}/members": "attend_inspection", "post /api/v1/inspections/{id}/findings": "record_finding",
		"post /api/v1/inspections/{id}/rectifications": "report_rectified", "post /api/v1/inspections/{id}/checks": "check_rectified", "post /api/v1/inspections/{id}/conclusion": "conclude_inspection",
		"post /api/v1/calls/{id}/recording": "record_call", "put /api/v1/cases/{number}/legal_hold": "set_legal_hold",
	}
	for _, kind := range cases.MoveKinds() {
		want["post /api/v1/cases/{number}/moves/"+string(kind)] = string(kind) + "_case"
	}
	got := map[string]string{}
	for path, methods := range d["paths"].(map[string]any) {
		for method, op := range methods.(map[string]any) {
			at := path
			if method != "get" {
				at = method + " " + path
			}
			got[at] = op.(map[string]any)["operationId"].(string)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

var snake = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

func TestNamesOfTheAPIAreSnakeCase(t *testing.T) {
	for name, schema := range document(t)["components"].(map[string]any)["schemas"].(map[string]any) {
		if strings.Contains(name, "Body") || strings.Contains(name, "Model") {
			t.Errorf("schema %s has the name of its Go type", name)
		}
		for property := range schema.(map[string]any)["properties"].(map[string]any) {
			if !snake.MatchString(property) {
				t.Errorf("%s.%s", name, property)
			}
		}
	}
}

func TestAnswersFitTheDocument(t *testing.T) {
	t.Parallel()
	_, s := hotline(t, answered(1, from("+861055550101"), "clerk"), missed(2, from("+861055550101"), noon.Add(time.Hour)),
		answered(3, cases.Caller{Raw: "sip:anonymous@anonymous.invalid", Withheld: true, Diverted: []string{"+861055550104"}}, "aide")[:3])
	h := s.Handler()
	api := humago.New(http.NewServeMux(), newSite(s).apiConfig())
	newSite(s).register(api)
	for _, target := range []string{
		"/api/v1/cases", "/api/v1/callbacks", "/api/v1/calls", "/api/v1/agents", "/api/v1/profile", "/api/v1/directory", "/api/v1/calendar", "/api/v1/cases/261123-1-0001", "/api/v1/cases/261123-1-0002", "/api/v1/cases/261123-1-0003",
	} {
		path := regexp.MustCompile(`/\d.*`).ReplaceAllString(target, "/{number}")
		schema := api.OpenAPI().Paths[path].Get.Responses["200"].Content["application/json"].Schema
		var found huma.ValidateResult
		huma.Validate(api.OpenAPI().Components.Schemas, schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, decode[any](t, askAPI(h, target), 200), &found)
		for _, err := range found.Errors {
			t.Errorf("%s: %v", target, err)
		}
	}
}
