package console

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"shouwen/cases"
	"shouwen/ivr/acd"
)

const (
	apiPrefix    = "/api/"
	documentPath = "/api/v1/openapi.json"
	apiPatience  = 10 * time.Second // with the database
)

// api returns the API, to be put behind the token, and the handler of its
// OpenAPI document. That one is for everybody: generators fetch it without a
// credential, and it tells nothing that the source does not.
func (x *site) api() (calls http.Handler, document http.HandlerFunc) {
	mux := http.NewServeMux()
	x.served.api = mux
	api := humago.New(mux, x.apiConfig())
	api.UseMiddleware(tell, permit(api))
	x.register(api)
	describeVoicemail(api)
	mux.HandleFunc("GET "+voicemailPath, permitted("get_voicemail", x.voicemail("api token")))
	describeRecording(api)
	mux.HandleFunc("GET "+recordingPath, permitted("get_recording_audio", x.recordingAudio("api token")))

	describeHeaders(api)

	methods := map[string][]string{}
	for path, item := range api.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodDelete: item.Delete,
		} {
			if op != nil {
				methods[path] = append(methods[path], method)
				x.served.add(method, path, false)
			}
		}
		slices.Sort(methods[path])
	}
	x.refuseOthers(mux, methods)
	mux.HandleFunc("/", x.failWith(http.StatusNotFound))

	text, err := json.Marshal(api.OpenAPI())
	if err != nil {
		panic(err) // it consists of constants
	}
	return mux, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(text) // the client may be gone
	}
}

// apiConfig leaves out what huma serves by itself: its documentation page loads
// scripts from elsewhere, and one form of the document is enough.
func (x *site) apiConfig() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Shouwen", Version: x.Version,
				Description: "Cases, live calls and agents of the hotline. Errors are problem documents (RFC 9457). Times are UTC.",
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token":   {Type: "http", Scheme: "bearer", Description: "The API token, which Shouwen writes to ready.json."},
					"session": {Type: "apiKey", In: "cookie", Name: "shouwen", Description: "Of who has signed in to the console; behind TLS its name is __Host-shouwen."},
				},
			},
			Security: []map[string][]string{{"token": {}}, {"session": {}}},
		},
		Formats:                      huma.DefaultFormats,
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true, // a misspelt filter must not show everything
	}
}

// schemaName names the schema of t in the document.
func schemaName(t reflect.Type, hint string) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[huma.ErrorModel]():
		return "Problem"
	case reflect.TypeFor[huma.ErrorDetail]():
		return "ProblemDetail"
	}
	if m, ok := reflect.Zero(t).Interface().(cases.Move); ok {
		return moveName(m)
	}
	return strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "Body")
}

func (x *site) register(api huma.API) {
	operation := func(id, path, summary string, also ...int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: http.MethodGet, Path: path, Summary: summary,
			Errors: append(also, http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusInternalServerError),
		}
	}
	huma.Register(api, operation("list_cases", "/api/v1/cases", "Cases, newest first", 422, 503), x.listCases)
	huma.Register(api, operation("get_case", "/api/v1/cases/{number}", "A case with its ledger, its clocks and what may be done with it", 404, 422, 503), x.getCase)
	x.registerMoves(api, operation)
	x.registerReference(api, operation)
	x.registerDirectory(api, operation)
	x.registerKnowledge(api, operation)
	x.registerReports(api, operation)
	x.registerInspections(api, operation)
	huma.Register(api, operation("list_callbacks", "/api/v1/callbacks", "Cases whose caller is owed a callback, the most urgent first", 422, 503), x.listCallbacks)
	huma.Register(api, operation("list_calls", "/api/v1/calls", "Live calls, oldest first", 422), x.listCalls)
	huma.Register(api, operation("get_agents", "/api/v1/agents", "Agents and queues at this moment", 422), x.getAgents)
	huma.Register(api, operation("list_trunks", "/api/v1/trunks", "Servers of the trunks calls leave by, the preferred first", 422), x.listTrunks)
	huma.Register(api, operation("list_outside_calls", "/api/v1/outside_calls", "Calls to the outside that people dialled about no case, the latest first", 422, 503), x.listOutside)
	huma.Register(api, operation("get_call_quality", "/api/v1/calls/{id}/quality", "How well the sides of a live call are heard, up to now", 404, 422), x.callQuality)
	huma.Register(api, operation("list_recordings", "/api/v1/recordings", "Recordings of a case, oldest first", 422, 503), x.listRecordings)
	huma.Register(api, operation("list_recording_accesses", "/api/v1/recordings/{id}/accesses", "Who looked into a recording", 404, 422, 503), x.listRecordingAccesses)
	huma.Register(api, operation("list_voicemail_accesses", voicemailPath+"/accesses", "Who looked into the message the caller of a case left", 404, 422, 503), x.listVoicemailAccesses)

	command := func(method, id, path, summary string, also ...int) huma.Operation {
		op := operation(id, path, summary, append(also, http.StatusUnprocessableEntity)...)
		op.Method, op.DefaultStatus = method, http.StatusNoContent
		return op
	}
	huma.Register(api, command("POST", "monitor_call", "/api/v1/calls/{id}/monitor",
		"Ring a supervisor, who then is on the line, or change the mode of one who is", 403, 404, 409), x.monitor)
	huma.Register(api, command("DELETE", "end_monitor", "/api/v1/calls/{id}/monitor", "Take a supervisor off the line", 403, 404, 409), x.endMonitor)
	huma.Register(api, command("POST", "alarm_call", "/api/v1/calls/{id}/alarm",
		"Ring whoever manages emergencies, until somebody has taken it; works while the database is away", 403, 404, 409), x.alarm)
	huma.Register(api, command("POST", "record_call", "/api/v1/calls/{id}/recording", "Start, pause or resume a recording", 403, 404, 409), x.record)
	huma.Register(api, command("POST", "transfer_call", "/api/v1/calls/{id}/transfer", "Pass a caller on", 403, 404, 409), x.transfer)
	for step, summary := range transferSteps {
		id, path := string(step)+"_transfer", "/api/v1/calls/{id}/"+string(step)
		huma.Register(api, command("POST", id, path, summary, 403, 404, 409), x.steer(step))
	}
	huma.Register(api, command("POST", "call_back", "/api/v1/callbacks/{number}/call",
		"Ring an agent and then the caller of a case", 404, 409, 503), x.callBack)
	huma.Register(api, command("POST", "mark_callback", "/api/v1/callbacks/{number}/result",
		"Say who answered a callback that is over", 404, 409, 503), x.markCallback)
	x.registerDuties(api, command)
	huma.Register(api, operation("list_dead_letters", "/api/v1/outbox/dead", "Notices that were given up, the latest first", 422, 503), x.listDead)
	huma.Register(api, command("POST", "revive_dead_letter", "/api/v1/outbox/dead/{id}/retry", "Have a notice sent again that was given up", 404, 503), x.reviveDead)
	huma.Register(api, command("POST", "confirm_message", "/api/v1/cases/{number}/messages",
		"Say that a message has reached the caller, for who sends them", 404, 503), x.messageDelivered)
	huma.Register(api, command("PUT", "set_legal_hold", "/api/v1/cases/{number}/legal_hold",
		"Keep the recordings of a case whatever their time, or no longer", 404, 503), x.setHold)
}

// out is an answer with body T.
type out[T any] struct{ Body T }

type callsBody struct {
	Calls []liveCallBody `json:"calls" nullable:"false"`
}

func (x *site) listCalls(ctx context.Context, _ *struct{}) (*out[callsBody], error) {
	return &out[callsBody]{callsBody{Calls: liveCallsOf(x.liveCalls(viewerOf(ctx)))}}, nil
}

// liveCalls returns the calls that are up, oldest first, as v is told of them.
func (x *site) liveCalls(v viewer) []Call {
	return waitingIn(v.heard(x.Calls()), x.Agents())
}

// heard leaves out the calls of which v is not told.
func (v viewer) heard(calls []Call) []Call {
	return slices.DeleteFunc(slices.Clone(calls), func(c Call) bool { return !v.hears(c) })
}

// waitingIn sorts calls, oldest first, and gives those who wait their place in line.
func waitingIn(calls []Call, s acd.Snapshot) []Call {
	place := map[string]acd.Waiting{}
	position := map[string]int{}
	for _, q := range s.Queues {
		for i, w := range q.Waiting {
			place[w.Call], position[w.Call] = w, i+1
		}
	}
	for i, c := range calls {
		calls[i].Position, calls[i].Estimate = position[c.ID], place[c.ID].Estimate
	}
	slices.SortFunc(calls, func(a, b Call) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return calls
}

func (x *site) getAgents(context.Context, *struct{}) (*out[agentsBody], error) {
	return &out[agentsBody]{agentsOf(x.Agents())}, nil
}
