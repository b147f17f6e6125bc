package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
)

// TestEvidenceIsOnRecord: a call proves only that the caller was reached if it is of the
// case and somebody spoke with him in it; a message only if it was delivered.
func TestEvidenceIsOnRecord(t *testing.T) {
	t.Parallel()
	o := under(t, "none")
	sc, other := o.misses("09:00", caller), o.opens("09:01", "+8613900000002", asker)
	sc.does("09:02", asker, matter("no water"), cases.Solve{Result: "it runs again"})
	reply := func(e cases.Evidence) cases.Reply { return cases.Reply{Result: "it runs again", Evidence: e} }
	for _, no := range []string{sc.Call.ID, other.Call.ID, uuid.NewString(), "yesterday", "{" + other.Call.ID + "}", "\x00"} {
		sc.refused("09:03", asker, reply(cases.Evidence{Call: no}), cases.RefusedEvidence, "evidence.call")
	}

	// The callback: it rings, a machine answers, then he does.
	back := func(when string, attempt int) string {
		call := uuid.Must(uuid.NewV7()).String()
		o.apply(cases.Fact{At: at(when), Call: call, Case: sc.Number, CallbackStarted: &cases.CallbackStarted{By: "asker", Number: caller, Attempt: attempt}})
		return call
	}
	rings := back("09:10", 1)
	sc.refused("09:10", asker, reply(cases.Evidence{Call: rings}), cases.RefusedEvidence, "evidence.call")
	o.apply(cases.Fact{At: at("09:11"), Call: rings, Case: sc.Number, CallbackMissed: &cases.CallbackMissed{Agent: "asker", Result: cases.CallbackBusy, Attempt: 1}})
	machine := back("09:20", 2)
	o.apply(
		cases.Fact{At: at("09:21"), Call: machine, Case: sc.Number, CallbackAnswered: &cases.CallbackAnswered{Agent: "asker", Attempt: 2}},
		cases.Fact{At: at("09:22"), Call: machine, Case: sc.Number, Ended: &cases.Ended{Cause: cases.EndAgent, Talk: cases.Span(time.Minute)}},
		cases.Fact{At: at("09:22"), Call: machine, Case: sc.Number, CallbackMarked: &cases.CallbackMarked{By: "asker", Result: cases.CallbackVoicemail, Attempt: 2, Due: at("10:00")}})
	answered := back("09:30", 3)
	o.apply(cases.Fact{At: at("09:31"), Call: answered, Case: sc.Number, CallbackAnswered: &cases.CallbackAnswered{Agent: "asker", Attempt: 3}})
	for _, no := range []string{rings, machine} {
		sc.refused("09:32", asker, reply(cases.Evidence{Call: no}), cases.RefusedEvidence, "evidence.call")
	}
	sc.does("09:32", asker, cases.Tell{Of: cases.TellState, Said: "it is repaired", Evidence: cases.Evidence{Call: answered}}) // while he is on the phone
	o.apply(cases.Fact{At: at("09:31"), Call: answered, Case: sc.Number, Ended: &cases.Ended{Cause: cases.EndAgent}})
	sc.refused("09:33", asker, reply(cases.Evidence{Call: answered}), cases.RefusedEvidence, "evidence.call") // not a word was said

	sc.refused("09:40", asker, reply(cases.Evidence{Message: "sms-7"}), cases.RefusedEvidence, "evidence.message")
	other.saw("09:41", cases.Fact{MessageDelivered: &cases.MessageDelivered{ID: "sms-7", To: "+8613900000002"}})
	sc.refused("09:42", asker, reply(cases.Evidence{Message: "sms-7"}), cases.RefusedEvidence, "evidence.message")
	sc.saw("09:43", cases.Fact{MessageDelivered: &cases.MessageDelivered{ID: "sms-7", To: caller}})
	sc.refused("09:44", asker, reply(cases.Evidence{Message: "sms-7", Call: rings}), cases.RefusedEvidence, "evidence.call") // all of it is to be true
	sc.does("09:45", asker, reply(cases.Evidence{Message: "sms-7"}))
	sc.does("09:46", asker, cases.Visit{Answered: true, Solved: true, Evidence: cases.Evidence{Paper: "a letter"}})
}

// TestACallOfAMergedCaseIsEvidence: who is told in it is the caller of both.
func TestACallOfAMergedCaseIsEvidence(t *testing.T) {
	t.Parallel()
	o := under(t, "none")
	sc, again := o.opens("09:00", caller, asker), o.opens("09:10", caller, neighbour)
	sc.does("09:01", asker, matter("no water"))
	told := cases.Tell{Of: cases.TellState, Said: "by noon", Evidence: again.proof()}
	sc.refused("09:11", asker, told, cases.RefusedEvidence, "evidence.call")
	again.does("09:12", neighbour, cases.Merge{Into: sc.Number})
	sc.look()
	sc.does("09:13", asker, told)
}
