package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"shouwen/cases"
	"shouwen/cases/console"
	"shouwen/ivr/call"
)

// TestARefusalIsToldInBothLanguages: whatever keeps a command from being carried out.
func TestARefusalIsToldInBothLanguages(t *testing.T) {
	t.Parallel()
	for _, known := range refusals {
		r, ok := errors.AsType[*console.Refusal](refused(fmt.Errorf("agent 7: %w", known.err)))
		if !ok || r.Status != known.status || r.Reason.ZH == "" || r.Reason.EN != known.err.Error() {
			t.Errorf("%v: %+v", known.err, r)
		}
	}
	for _, reason := range []cases.TransferFailure{cases.TransferBusy, cases.TransferUnreachable, cases.TransferAvoided} {
		r, ok := errors.AsType[*console.Refusal](refused(&call.TargetError{Target: "1002", Reason: reason}))
		if !ok || r.Status != 409 || !strings.HasPrefix(r.Reason.ZH, "1002：") || strings.Contains(r.Reason.ZH, string(reason)) || r.Reason.EN != "target 1002: "+string(reason) {
			t.Errorf("%s: %+v", reason, r)
		}
	}
	if err := refused(io.EOF); err != io.EOF {
		t.Errorf("what nobody knows is told: %v", err)
	}
	if refused(nil) != nil {
		t.Error("nothing is an error")
	}
}
