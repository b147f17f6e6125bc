package call_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/ivr/call"
)

func TestInterruptedCallsAreEndedAndOweACallback(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	due := now.Add(30 * time.Minute)
	tests := map[string]struct{ last, want cases.Fact }{
		"waiting": {
			cases.Fact{Call: "a", Arrived: &cases.Arrived{Hotline: "12345"}},
			cases.Fact{Call: "a", At: now, Missed: &cases.Missed{Reason: cases.MissedInterrupted, CallbackDue: due}},
		},
		"talking": {
			cases.Fact{Call: "b", Case: "261123-1-0001", PickedUp: &cases.PickedUp{Agent: "1001"}},
			cases.Fact{Call: "b", Case: "261123-1-0001", At: now, Ended: &cases.Ended{Cause: cases.EndInterrupted, CallbackDue: due}},
		},
		"waiting again after a phone died": {
			cases.Fact{Call: "c", Case: "261123-1-0002", Offered: &cases.Offered{Round: 1}},
			cases.Fact{Call: "c", Case: "261123-1-0002", At: now, Missed: &cases.Missed{Reason: cases.MissedInterrupted, CallbackDue: due}},
		},
		"while a transfer was under way": {
			cases.Fact{Call: "d", Case: "261123-1-0003", TransferStarted: &cases.TransferStarted{}},
			cases.Fact{Call: "d", Case: "261123-1-0003", At: now, Ended: &cases.Ended{Cause: cases.EndInterrupted, CallbackDue: due}},
		},
		"while three spoke": {
			cases.Fact{Call: "k", Case: "261123-1-0010", TransferSwitched: &cases.TransferSwitched{With: cases.AgentWithBoth}},
			cases.Fact{Call: "k", Case: "261123-1-0010", At: now, Ended: &cases.Ended{Cause: cases.EndInterrupted, CallbackDue: due}},
		},
		"with another agent": {
			cases.Fact{Call: "e", Case: "261123-1-0004", TransferCompleted: &cases.TransferCompleted{Transfer: cases.Transfer{To: "b"}}},
			cases.Fact{Call: "e", Case: "261123-1-0004", At: now, Ended: &cases.Ended{Cause: cases.EndInterrupted, CallbackDue: due}},
		},
		"in the queue after a transfer": {
			cases.Fact{Call: "f", Case: "261123-1-0005", TransferFailed: &cases.TransferFailed{Caller: cases.CallerInQueue}},
			cases.Fact{Call: "f", Case: "261123-1-0005", At: now, Missed: &cases.Missed{Reason: cases.MissedInterrupted, CallbackDue: due}},
		},
		"about to hang up with a place in line": {
			cases.Fact{Call: "g", Case: "261123-1-0006", CallbackTaken: &cases.CallbackTaken{Number: "1"}},
			cases.Fact{Call: "g", Case: "261123-1-0006", At: now, Missed: &cases.Missed{Reason: cases.MissedCallbackTaken, CallbackDue: due}},
		},
		"calling back": {
			cases.Fact{Call: "i", Case: "261123-1-0008", CallbackStarted: &cases.CallbackStarted{By: "1001", Number: "1", Attempt: 2}},
			cases.Fact{Call: "i", Case: "261123-1-0008", At: now, CallbackMissed: &cases.CallbackMissed{Agent: "1001", Result: cases.CallbackFailed, Attempt: 2, Next: now}},
		},
		"called back": {
			cases.Fact{Call: "j", Case: "261123-1-0009", CallbackAnswered: &cases.CallbackAnswered{Agent: "1001"}},
			cases.Fact{Call: "j", Case: "261123-1-0009", At: now, Ended: &cases.Ended{Cause: cases.EndInterrupted, CallbackDue: due}},
		},
		"about to hang up after a message": {
			cases.Fact{Call: "h", Case: "261123-1-0007", Voicemail: &cases.Voicemail{File: "h"}},
			cases.Fact{Call: "h", Case: "261123-1-0007", At: now, Missed: &cases.Missed{Reason: cases.MissedVoicemail, CallbackDue: due}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := call.Interrupted([]cases.Fact{tt.last}, now, 30*time.Minute)
			if diff := cmp.Diff([]cases.Fact{tt.want}, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
