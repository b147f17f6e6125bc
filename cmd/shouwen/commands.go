package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"shouwen/cases"
	"shouwen/cases/console"
	"shouwen/cases/journal"
	"shouwen/ivr/call"
)

// commands is what the console asks of live calls and of the journal.
type commands struct {
	calls   *call.Switch
	journal *journal.Journal
}

// Monitor implements console.Commands.
func (c commands) Monitor(id, phone string, mode cases.MonitorMode) error {
	user := phone
	if t, ok := c.calls.Directory().Lookup(phone); ok && t.Person != nil {
		user = t.Person.User
	}
	if mode == "" {
		return refused(c.calls.EndMonitor(id, user))
	}
	err := c.calls.SetMonitor(id, user, mode)
	if errors.Is(err, call.ErrNotMonitored) {
		err = c.calls.Monitor(id, user, mode)
	}
	return refused(err)
}

// Record implements console.Commands.
func (c commands) Record(id, by, action string) error {
	return refused(c.calls.Record(id, by, call.RecordingAction(action)))
}

// Alarm implements console.Commands.
func (c commands) Alarm(id, by string) error { return refused(c.calls.RaiseAlarm(id, by)) }

// Hold implements console.Commands.
func (c commands) Hold(ctx context.Context, k cases.Case, h cases.LegalHold) error {
	_, err := c.journal.Append(ctx, cases.Fact{At: time.Now().UTC(), Call: k.Call.ID, Case: k.Number, LegalHold: &h})
	return err
}

// Delivered implements console.Commands.
func (c commands) Delivered(ctx context.Context, k cases.Case, m cases.MessageDelivered) error {
	_, err := c.journal.Append(ctx, cases.Fact{At: time.Now().UTC(), Call: k.Call.ID, Case: k.Number, MessageDelivered: &m})
	return err
}

// Quality is how well the sides of a live call are heard.
func (c commands) Quality(id string) ([]cases.LegQuality, error) {
	legs, err := c.calls.Quality(id)
	return legs, refused(err)
}

// statuses are what the errors of commands are to whoever gave them.
var statuses = map[error]int{
	call.ErrNoCall: http.StatusNotFound, call.ErrNotSupervisor: http.StatusForbidden, call.ErrNotAgent: http.StatusForbidden,
	call.ErrNobody: http.StatusConflict, call.ErrMonitored: http.StatusConflict, call.ErrNotMonitored: http.StatusConflict,
	call.ErrNotRecorded: http.StatusConflict, call.ErrNotNow: http.StatusConflict,
}

// refused makes an error of a command one that the console tells.
func refused(err error) error {
	if err == nil {
		return nil
	}
	if t, ok := errors.AsType[*call.TargetError](err); ok {
		return &console.Refusal{Status: http.StatusConflict, Reason: t.Error()}
	}
	for known, status := range statuses {
		if errors.Is(err, known) {
			return &console.Refusal{Status: status, Reason: known.Error()}
		}
	}
	return err
}
