package store_test

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
)

var noon = time.Date(2026, 11, 23, 4, 0, 0, 123456000, time.UTC)

// id returns the n-th of a sequence of UUIDs.
func id(n int) string { return fmt.Sprintf("0193571f-0000-7000-8000-%012x", n) }

// answered are the facts of one call that an agent took; n tells calls apart.
func answered(n int, caller cases.Number, agent string) []cases.Fact {
	at := noon.Add(time.Duration(n) * time.Minute)
	number := cases.NewCaseNumber(at, 1, n)
	fact := func(i int, f cases.Fact) cases.Fact {
		f.ID, f.Call, f.At = id(100*n+i), id(1_000_000+n), at.Add(time.Duration(i)*time.Second)
		return f
	}
	return []cases.Fact{
		fact(0, cases.Fact{Arrived: &cases.Arrived{
			Caller:  cases.Caller{Raw: `"A" <sip:` + string(caller) + `@192.0.2.1>`, E164: caller, Withheld: caller == ""},
			Hotline: "12345", Trunk: "carrier"}}),
		fact(1, cases.Fact{Offered: &cases.Offered{Round: 1, Agents: []string{agent, "other"}, Reason: "all_ready"}}),
		fact(2, cases.Fact{Case: number, PickedUp: &cases.PickedUp{Agent: agent, Extension: "1001", Waited: cases.Span(3500 * time.Millisecond)}}),
		fact(3, cases.Fact{Case: number, Ended: &cases.Ended{Cause: cases.EndCaller, Talk: cases.Span(time.Minute)}}),
	}
}

// missed are the facts of one call nobody took.
func missed(n int, caller cases.Number) []cases.Fact {
	facts := answered(n, caller, "unused")[:2]
	last := facts[1]
	last.ID, last.At, last.Offered = id(100*n+2), last.At.Add(30*time.Second), nil
	last.Case = cases.NewCaseNumber(last.At, 1, n)
	last.Missed = &cases.Missed{Reason: cases.MissedAbandoned, Waited: cases.Span(31 * time.Second), CallbackDue: last.At.Add(time.Hour)}
	return append(facts, last)
}

func TestApplyOpensACaseForItsFirstAsker(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	facts := answered(1, "+861055550101", "agent1")
	if err := s.Apply(t.Context(), facts); err != nil {
		t.Fatal(err)
	}
	c, events, err := s.Case(t.Context(), "261123-1-0001")
	if err != nil {
		t.Fatal(err)
	}
	if c.FirstAsker != "agent1" || c.Responsible != "agent1" || c.Handler != "agent1" {
		t.Errorf("first-asker, responsible, handler = %q, %q, %q", c.FirstAsker, c.Responsible, c.Handler)
	}
	if want := noon.Add(62 * time.Second); c.Opened != want || c.Call.Answered != want {
		t.Errorf("opened %v, answered %v, want %v", c.Opened, c.Call.Answered, want)
	}
	if c.Call.Caller.E164 != "+861055550101" || c.Call.Waited != 3500*time.Millisecond || c.Call.Talk != time.Minute {
		t.Errorf("call = %+v", c.Call)
	}
	if err := c.Verify(events); err != nil {
		t.Error(err)
	}
}

// Two programs may replay the same journal for a moment.
func TestApplyTwiceAtTheSameTime(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	var g errgroup.Group
	for range 3 {
		g.Go(func() error {
			for n := 1; n <= 100; n += 5 {
				var facts []cases.Fact
				for i := range 5 {
					facts = append(facts, answered(n+i, "+861055550101", "agent1")...)
				}
				if err := s.Apply(t.Context(), facts); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if checked, err := s.VerifyLedger(t.Context()); err != nil || checked != 200 {
		t.Errorf("%d events, %v", checked, err)
	}
	if rejected, err := s.Rejected(t.Context(), 10); err != nil || len(rejected) > 0 {
		t.Errorf("rejected %v, %v", rejected, err)
	}
}
