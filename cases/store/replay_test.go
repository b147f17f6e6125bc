package store_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
)

// world makes facts and keeps what must come of them.
type world struct {
	calls   int // made so far
	facts   int
	cases   map[cases.CaseNumber]cases.Case
	ledgers map[cases.CaseNumber][]cases.Event
	refused []string // ids, of all rounds
}

// call draws the facts of one call and records what they do.
func (w *world) call(t *rapid.T, caller cases.Number) []cases.Fact {
	w.calls++
	id, at := id(1<<32+w.calls), noon.Add(time.Duration(w.calls)*time.Hour)
	number := cases.NewCaseNumber(at, 1, w.calls)
	agent := rapid.SampledFrom([]string{"agent1", "agent2", "agent3"})
	var facts []cases.Fact
	var eff cases.Effect
	add := func(f cases.Fact) {
		w.facts++
		at = at.Add(time.Duration(rapid.IntRange(1, 9e9).Draw(t, "later")))
		f.ID, f.At, f.Call = fmt.Sprintf("0193571f-0000-7000-8000-%012x", w.facts), at, id
		facts = append(facts, f)
		after, err := cases.Project(eff.Call, eff.Case, f)
		if err != nil {
			w.refused = append(w.refused, f.ID)
			return
		}
		eff = after
		if eff.Event != nil {
			eff.Case = eff.Case.After(f, cases.Rulebook{})
		}
		if eff.Case.Number != "" {
			c := eff.Case
			c.CallbackDue = w.cases[number].CallbackDue // a survey changes nothing of it
			w.cases[number] = c
		}
		if eff.Event != nil {
			w.ledgers[number] = append(w.ledgers[number], *eff.Event)
		}
		if eff.Clock != nil {
			c := w.cases[number]
			c.CallbackDue = eff.Clock.Due
			w.cases[number] = c
		}
	}
	add(cases.Fact{Arrived: &cases.Arrived{Hotline: "12345", Caller: cases.Caller{
		Raw: rapid.String().Draw(t, "raw"), E164: caller, Display: rapid.String().Draw(t, "display"),
		Diverted: rapid.SliceOfN(rapid.String(), 0, 2).Draw(t, "diverted")}}})
	for range rapid.IntRange(0, 2).Draw(t, "offers") {
		add(cases.Fact{Offered: &cases.Offered{Round: 1, Agents: []string{"agent1", "agent2"}, Reason: "all_ready"}})
	}
	left := cases.FlowLeft{Flow: "menu", To: "queue", Avoid: "1003", Scores: map[string]int{"score": 4},
		Steps: []cases.FlowStep{{At: at, Node: rapid.String().Draw(t, "node"), On: "key 1"}}}
	if rapid.Bool().Draw(t, "flow") {
		add(cases.Fact{FlowLeft: &left})
	}
	if rapid.Bool().Draw(t, "emergency") {
		add(cases.Fact{Emergency: &cases.Emergency{Summoned: []string{"agent1"}}})
	}
	for range rapid.IntRange(0, 2).Draw(t, "pick-ups") {
		add(cases.Fact{Case: number, PickedUp: &cases.PickedUp{Agent: agent.Draw(t, "agent"), Extension: "1001",
			Waited: cases.Span(rapid.IntRange(0, 1e12).Draw(t, "waited"))}})
	}
	for range rapid.IntRange(0, 2).Draw(t, "transfers") { // rejected unless somebody picked up
		by := cases.Transfer{How: cases.ByRefer, Kind: cases.TransferWarm, By: agent.Draw(t, "by"), To: agent.Draw(t, "to"), Extension: "1002"}
		add(cases.Fact{Case: number, TransferStarted: &cases.TransferStarted{Transfer: by}})
		if rapid.Bool().Draw(t, "completed") {
			add(cases.Fact{Case: number, TransferCompleted: &cases.TransferCompleted{Transfer: by, Talk: cases.Span(time.Minute)}})
		} else {
			add(cases.Fact{Case: number, TransferFailed: &cases.TransferFailed{Transfer: by, Reason: cases.TransferBusy, Caller: cases.CallerWithAgent}})
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "ends") { // a second one is rejected
		if rapid.Bool().Draw(t, "missed") {
			add(cases.Fact{Case: number, Missed: &cases.Missed{Reason: cases.MissedNoAnswer, CallbackDue: at.Add(time.Hour)}})
		} else if len(w.ledgers[number]) > 0 {
			add(cases.Fact{Case: number, Ended: &cases.Ended{Cause: cases.EndAgent, Talk: cases.Span(time.Minute)}})
		}
	}
	if rapid.Bool().Draw(t, "survey") { // rejected unless the call is over and has a case
		add(cases.Fact{Case: number, FlowLeft: &left})
	}
	return facts
}

// merge interleaves the calls, keeping the order within each.
func merge(t *rapid.T, calls [][]cases.Fact) []cases.Fact {
	var all []cases.Fact
	for len(calls) > 0 {
		i := rapid.IntRange(0, len(calls)-1).Draw(t, "next")
		all, calls[i] = append(all, calls[i][0]), calls[i][1:]
		if len(calls[i]) == 0 {
			calls = slices.Delete(calls, i, i+1)
		}
	}
	return all
}

// However facts are cut into batches and repeated, the rows are those that one
// pass of the pure projection gives.
func TestReplayHasTheEffectOfOnce(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	w := world{cases: map[cases.CaseNumber]cases.Case{}, ledgers: map[cases.CaseNumber][]cases.Event{}}
	rapid.Check(t, func(t *rapid.T) {
		clear(w.cases)
		clear(w.ledgers)
		caller := cases.Number(fmt.Sprintf("+1555%07d", w.calls)) // of this round only
		var calls [][]cases.Fact
		for range rapid.IntRange(1, 4).Draw(t, "calls") {
			calls = append(calls, w.call(t, rapid.SampledFrom([]cases.Number{caller, ""}).Draw(t, "caller")))
		}
		facts := merge(t, calls)
		for done := 0; done < len(facts); {
			from := rapid.IntRange(0, done).Draw(t, "from")
			done = rapid.IntRange(done+1, len(facts)).Draw(t, "to")
			batch := facts[from:done]
			if rapid.Bool().Draw(t, "doubled") {
				batch = slices.Concat(batch, batch)
			}
			if err := s.Apply(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		var previous cases.CaseNumber
		for _, n := range slices.SortedFunc(maps.Keys(w.cases), func(a, b cases.CaseNumber) int {
			return w.cases[a].Opened.Compare(w.cases[b].Opened)
		}) {
			want := w.cases[n]
			if want.Call.Caller.E164 != "" {
				want.Previous, previous = previous, n
			}
			got, events, err := s.Case(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("case (-want +got):\n%s", d)
			}
			if d := cmp.Diff(w.ledgers[n], events); d != "" {
				t.Fatalf("ledger (-want +got):\n%s", d)
			}
		}
	})
	if _, err := s.VerifyLedger(t.Context()); err != nil {
		t.Error(err)
	}
	rejected, err := s.Rejected(t.Context(), len(w.refused)+1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rejected {
		got = append(got, r.Fact.ID)
	}
	if d := cmp.Diff(w.refused, got); d != "" {
		t.Errorf("rejected (-want +got):\n%s", d)
	}
}
