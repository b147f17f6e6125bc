package console

import (
	"fmt"
	"os"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

var noon = time.Date(2026, 11, 23, 4, 0, 0, 123456000, time.UTC)

// id returns the n-th of a sequence of UUIDs.
func id(n int) string { return fmt.Sprintf("0193571f-0000-7000-8000-%012x", n) }

// answered are the facts of the n-th call, a minute after the one before, which
// agent took; it has ended.
func answered(n int, caller cases.Caller, agent string) []cases.Fact {
	at := noon.Add(time.Duration(n) * time.Minute)
	number := cases.NewCaseNumber(at, 1, n)
	fact := func(i int, f cases.Fact) cases.Fact {
		f.ID, f.Call, f.At = id(100*n+i), id(1_000_000+n), at.Add(time.Duration(i)*time.Second)
		return f
	}
	return []cases.Fact{
		fact(0, cases.Fact{Arrived: &cases.Arrived{Caller: caller, Hotline: "12345", Trunk: "carrier"}}),
		fact(1, cases.Fact{Offered: &cases.Offered{Round: 1, Agents: []string{agent}, Reason: "all_ready"}}),
		fact(2, cases.Fact{Case: number, PickedUp: &cases.PickedUp{Agent: agent, Extension: "1001", Waited: 3500 * time.Millisecond}}),
		fact(3, cases.Fact{Case: number, Ended: &cases.Ended{Cause: cases.EndCaller, Talk: time.Minute}}),
	}
}

// missed are the facts of the n-th call, which nobody took.
func missed(n int, caller cases.Caller, due time.Time) []cases.Fact {
	facts := answered(n, caller, "li")[:2]
	last := facts[1]
	last.ID, last.At, last.Offered = id(100*n+2), last.At.Add(30*time.Second), nil
	last.Case = cases.NewCaseNumber(last.At, 1, n)
	last.Missed = &cases.Missed{Reason: cases.MissedAbandoned, Waited: 31 * time.Second, CallbackDue: due}
	return append(facts, last)
}

// from returns a caller with a number.
func from(number cases.Number) cases.Caller {
	return cases.Caller{Raw: "<sip:" + string(number) + "@192.0.2.1>", E164: number, Verified: true}
}
