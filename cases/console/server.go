// Package console serves people and programs over HTTP: the JSON API under
// /api/v1 and the console's pages.
package console

import (
	"log/slog"
	"net/http"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/ivr/acd"
)

// Server is the console. All fields are required and are not changed after
// Handler was called.
type Server struct {
	Store   *store.Store
	Calls   func() []Call       // live calls, safe from any goroutine
	Agents  func() acd.Snapshot // the board, safe from any goroutine
	Token   string              // admits to the API and the pages; empty admits nobody
	Version string
	Log     *slog.Logger
}

// Call is a live call.
type Call struct {
	ID, Direction, State string           // UUIDv7; the terms of metrics.Direction and metrics.CallState
	Caller               cases.Caller     //
	Dialed, Agent        string           // the number dialled; user of who talks with the caller, empty while nobody does
	Case                 cases.CaseNumber // empty while it has none
	Since, Answered      time.Time        // when the call came, and its pick-up (zero: none yet)
}

// Handler returns the HTTP handler of the console. Sessions live in it: call it
// once.
func (s *Server) Handler() http.Handler {
	return http.NotFoundHandler()
}
