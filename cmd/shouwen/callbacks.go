package main

import (
	"context"

	"shouwen/cases"
	"shouwen/ivr/call"
)

// callbacks is how the console has callers called back.
type callbacks struct{ calls *call.Switch }

// CallBack implements console.Callbacks.
func (c callbacks) CallBack(ctx context.Context, n cases.CaseNumber, agent string) error {
	return refused(c.calls.CallBackNow(ctx, n, agent))
}

// Mark implements console.Callbacks.
func (c callbacks) Mark(ctx context.Context, n cases.CaseNumber, by string, as cases.CallbackResult) error {
	return refused(c.calls.MarkCallback(ctx, n, by, as))
}
