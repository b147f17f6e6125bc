// Package console serves people and programs over HTTP: the JSON API under
// /api/v1 and the console's pages.
package console

import (
	"cmp"
	"crypto/sha256"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// Server is the console. All fields but Zone are required; none is changed after
// Handler was called.
type Server struct {
	Store     *store.Store
	People    func() cases.Directory   // who may move cases, and what they are to them; so as it is now, safe from any goroutine, like those that follow
	Calls     func() []Call            // live calls, safe from any goroutine; the console keeps the slice
	Agents    func() acd.Snapshot      // the board, safe from any goroutine
	Trunks    func() []Trunk           // servers calls leave by, safe from any goroutine
	Passwords func() map[string]string // of people by user, as HashPassword makes them; who has none cannot sign in
	Token     string                   // admits to the API and the pages; empty admits nobody
	Version   string                   // of Shouwen, shown in the OpenAPI document

	OpenMessage func(file string) (*os.File, error) // of voicemail; see cases.Voicemail

	OpenRecording func(file string) (*os.File, error) // of calls; see store.Recording
	Commands      Commands
	Transfers     Transfers
	Callers       Callbacks
	Duties        Duties
	PauseReasons  []string // that Duties knows
	Feed          *Feed    // of Calls and Agents
	Directories   Directories
	Hours         map[string]cases.Calendar                     // opening hours by name, as departments name them
	Quality       func(call string) ([]cases.LegQuality, error) // of a live call; errors as of Commands
	Now           func() time.Time                              // time.Now; moves are made then
	Log           *slog.Logger
	Metrics       *metrics.HTTP

	Zone *time.Location // of the times on the pages; nil: this machine's
}

// Call is a live call.
type Call struct {
	ID, Direction, State string            // UUIDv7; the terms of metrics.Direction and metrics.CallState
	Caller               cases.Caller      // who called
	Dialed, Agent        string            // the number dialled; user of who talks with the caller, empty: nobody yet
	Target               string            // user the caller is being passed on to, empty: nobody
	Supervisor           string            // user on the agent's line, or rung for that, empty: nobody
	Monitor              cases.MonitorMode // how
	Recording            string            // on or paused, empty: not recorded
	Case                 cases.CaseNumber  // empty: none yet
	Since, Answered      time.Time         // arrival and pick-up; zero Answered: waiting

	OpenCase   cases.CaseNumber // the caller had already when he called, empty: none
	FirstAsker string           // user, of that one; empty: nobody

	Confidential bool // a complaint about staff: for the complaint centre only, and whoever speaks with the caller

	Position int           // in his queue, 0: waits in none; the console finds it
	Estimate time.Duration // how long he has still to wait, 0: not known; the console finds it
}

// Handler returns the HTTP handler of the console. Sign-in sessions live in it:
// call it once. It expects to be served on an origin of its own, directly or by
// a reverse proxy on the same machine, see source.
func (s *Server) Handler() http.Handler {
	x := newSite(s)
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.fail(w, r, http.StatusForbidden)
	}))
	mux := x.mux()
	s.Metrics.Declare(x.served.routes)
	return x.guard(sameOrigin.Handler(mux))
}

// site is a Server at work. Its methods may be called from any goroutine.
type site struct {
	*Server
	token    [sha256.Size]byte
	guesses  *throttle[netip.Addr] // by who guesses
	accounts *throttle[string]     // by whose password is guessed
	hashing  sync.Mutex            // one password at a time: each takes memory
	sessions *sessions
	streams  streams
	overview overview
	pages    map[lang]*template.Template
	health   health
	served   served // written by mux
}

func newSite(s *Server) *site {
	return &site{
		Server: s, token: sha256.Sum256([]byte(s.Token)), guesses: newThrottle[netip.Addr](), accounts: newThrottle[string](), sessions: newSessions(), streams: streams{of: map[string]int{}}, pages: loadPages(cmp.Or(s.Zone, time.Local)),
	}
}

// A route is one method and path of the pages and who may use it.
type route struct {
	method, path string
	open         bool         // to everybody; otherwise only to the signed-in
	roles        []cases.Role // of those; none: all
	serve        http.HandlerFunc
}

func (x *site) routes() []route {
	return []route{
		{"GET", "/{$}", false, nil, x.home},
		{"GET", "/stream", false, nil, x.watch("board", part{"board", "board"})},
		{"GET", "/cases/{number}", false, nil, x.caseDetail},
		{"GET", "/cases/{number}/voicemail", false, nil, x.voicemail("console")},
		{"GET", "/recordings/{id}/audio", false, listeners, x.recordingAudio("console")},
		{"GET", "/desk", false, nil, x.showDesk},
		{"GET", "/desk/stream", false, nil, x.watch("desk", part{"now", "now"}, part{workPart, "desk work"})},
		{"GET", "/now/stream", false, nil, x.watch("case", part{"now", "now"})},
		{"POST", "/desk/alarm", false, nil, x.alarmFromDesk},
		{"POST", "/desk/ready", false, nil, x.readyFromDesk},
		{"POST", "/desk/pause", false, nil, x.pauseFromDesk},
		{"GET", "/cases", false, nil, x.findCases},
		{"GET", "/know", false, nil, x.showKnowledge},
		{"GET", "/know/topics", false, nil, x.showTopics},
		{"POST", "/cases/{number}/moves/{kind}", false, nil, x.moveFromPage},
		{"POST", "/cases/{number}/call", false, nil, x.callFromDesk},
		{"GET", "/cases/{number}/forms/{form}", false, nil, x.printForm},
		{"GET", "/reports", false, overseers, x.showReports},
		{"GET", "/inspections", false, nil, x.showInspections},
		{"GET", "/inspections/{id}", false, nil, x.showInspection},
		{"GET", "/inspections/{id}/print", false, nil, x.printInspection},
		{"POST", "/inspections/{id}/steps/{step}", false, nil, x.stepFromPage},
		{"GET", "/samples", false, permits["list_samples"], x.showSamples},
		{"POST", "/samples", false, permits["draw_sample"], x.drawFromPage},
		{"GET", "/samples/{id}", false, permits["get_sample"], x.showSample},
		{"POST", "/samples/{id}/cases/{number}", false, permits["check_sampled"], x.checkFromPage},
		{"GET", "/proposals", false, permits["get_proposals"], x.showProposals},
		{"GET", "/publication", false, permits["get_publication"], x.showPublication},
		{"GET", "/rating", false, permits["get_rating"], x.showRating},
		{"POST", "/agents/{user}/ready", false, supervisors, x.makeReady},
		{"POST", "/calls/{id}/monitor", false, joiners, x.monitorFromPage},
		{"GET", "/sign-in", true, nil, x.signInPage},
		{"POST", "/sign-in", true, nil, x.signIn},
		{"POST", "/sign-out", false, nil, x.signOut},
		{"GET", "/handover", false, nil, x.showHandover},
		{"POST", "/handover", false, nil, x.handOver},
		{"GET", "/static/{file}", true, nil, x.static},
	}
}

func (x *site) mux() *http.ServeMux {
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, rt := range x.routes() {
		h := x.withoutNUL(rt.serve)
		if !rt.open {
			h = x.signedIn(h, rt.roles)
		}
		mux.Handle(rt.method+" "+rt.path, h)
		x.served.add(rt.method, rt.path, true)
		methods[rt.path] = append(methods[rt.path], rt.method)
	}
	x.refuseOthers(mux, methods)
	mux.HandleFunc("/", x.failWith(http.StatusNotFound))

	api, document := x.api()
	mux.Handle(apiPrefix, x.bearer(x.speaksFor(x.withoutNUL(api))))
	mux.HandleFunc("GET "+documentPath, document)
	x.served.add("GET", documentPath, false)
	x.refuseOthers(mux, map[string][]string{documentPath: {"GET"}})
	return mux
}

// refuseOthers answers 405 to every method but those of each path.
func (x *site) refuseOthers(mux *http.ServeMux, methods map[string][]string) {
	for path, allowed := range methods {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			for _, m := range allowed {
				w.Header().Add("Allow", m)
				if m == http.MethodGet {
					w.Header().Add("Allow", http.MethodHead)
				}
			}
			x.fail(w, r, http.StatusMethodNotAllowed)
		})
	}
}

// zone is that of the times on the pages.
func (x *site) zone() *time.Location { return cmp.Or(x.Zone, time.Local) }
