package main

import (
	"context"
	"errors"
	"net/http"

	"shouwen/cases"
	"shouwen/cases/console"
	"shouwen/ivr/acd"
	"shouwen/ivr/call"
)

// callbacks is how the console has callers called back.
type callbacks struct{ calls *call.Switch }

// CallBack implements console.Callbacks.
func (c callbacks) CallBack(ctx context.Context, n cases.CaseNumber, agent string) error {
	return notCalled(c.calls.CallBackNow(ctx, n, agent))
}

// Mark implements console.Callbacks.
func (c callbacks) Mark(ctx context.Context, n cases.CaseNumber, by string, as cases.CallbackResult) error {
	return notCalled(c.calls.MarkCallback(ctx, n, by, as))
}

// notCalled makes an error of a callback one that the console tells.
func notCalled(err error) error {
	for known, status := range map[error]int{
		call.ErrNoCase: http.StatusNotFound, call.ErrNoNumber: http.StatusConflict, call.ErrNoTrunk: http.StatusConflict,
		acd.ErrTaken: http.StatusConflict, acd.ErrNoAgent: http.StatusNotFound, acd.ErrClosed: http.StatusServiceUnavailable,
		call.ErrNoDatabase: http.StatusServiceUnavailable, call.ErrQuiet: http.StatusConflict,
	} {
		if errors.Is(err, known) {
			return &console.Refusal{Status: status, Reason: known.Error()}
		}
	}
	return refused(err)
}
