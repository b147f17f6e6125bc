package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"shouwen/cases"
	"shouwen/cases/store"
)

// TestStagesFireOnce lets four scanners race over clocks that are long due: every stage
// is fired once, in order, and says how late it is.
func TestStagesFireOnce(t *testing.T) {
	t.Parallel()
	s, c := filled(t)
	s.Rules = rulebook(t, "property_csc")
	is, err := s.Move(t.Context(), store.Order{
		Case: "261123-1-0001", By: cases.Actor{User: "agent1"}, At: time.Date(2025, 3, 4, 1, 0, 0, 0, time.UTC), Key: uuid.NewString(),
		Move: cases.Registration{Name: "a caller", Content: "no water", ReadBack: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2025, 3, 4, 1, 0, 0, 0, time.UTC)
	is, err = s.Move(t.Context(), store.Order{
		Case: is.Number, By: cases.Actor{User: "agent1"}, At: at, Key: uuid.NewString(), Move: cases.Promise{What: "water", Due: at.Add(time.Hour)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var g errgroup.Group
	for node := range 4 {
		g.Go(func() error {
			for {
				fired, err := s.FireStages(t.Context(), node, 1)
				if err != nil || len(fired) == 0 {
					return err
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for { // a scanner that found every row locked gave up; one more finds what is left
		if fired, err := s.FireStages(t.Context(), 9, 100); err != nil || len(fired) == 0 {
			break
		}
	}
	rows, err := c.Query(t.Context(), `
		select payload ->> 'clock', payload -> 'stage' ->> 'kind', payload -> 'stage' ->> 'at', (payload ->> 'late_seconds')::float > 0
		from outbox where payload ->> 'case' = $1 and payload ->> 'clock' = 'promise' order by id`, is.Number)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for rows.Next() {
		var clock, kind, at string
		var late bool
		if err := rows.Scan(&clock, &kind, &at, &late); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(clock, " ", kind, " ", at, " late ", late))
	}
	k := is.Clocks[len(is.Clocks)-1]
	var want []string
	for _, st := range k.Stages(s.Rules.Policy.In(s.Rules.Calendar)) {
		want = append(want, fmt.Sprint("promise ", st.Kind, " ", st.At.Format(time.RFC3339Nano), " late true"))
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 3 {
		t.Errorf("-want +got\n%s", diff)
	}
	if _, err := s.Move(t.Context(), store.Order{Case: is.Number, By: cases.Actor{User: "agent1"}, At: at.Add(2 * time.Hour), Key: uuid.NewString(), Move: cases.Keep{}}); err != nil {
		t.Fatal(err)
	}
	var state string
	if err := c.QueryRow(t.Context(), `select d.state from deadline d join cases c on c.id = d.case_id where c.number = $1 and kind = 'promise'`, is.Number).Scan(&state); err != nil || state != "met" {
		t.Errorf("%s, %v", state, err)
	}
}

// TestACallbackMadeIsNotFired: what came before its time is not announced as late, and
// not owed again; nor is what is owed to somebody who takes his matter back.
func TestACallbackMadeIsNotFired(t *testing.T) {
	t.Parallel()
	made := under(t, "none")
	sc := made.misses("09:00", caller)
	call := uuid.Must(uuid.NewV7()).String()
	made.apply(
		cases.Fact{At: at("09:10"), Call: call, Case: sc.Number, CallbackStarted: &cases.CallbackStarted{By: "asker", Number: caller, Attempt: 1}},
		cases.Fact{At: at("09:11"), Call: call, Case: sc.Number, CallbackAnswered: &cases.CallbackAnswered{Agent: "asker", Attempt: 1}})
	taken := made.misses("09:20", caller)
	taken.does("09:25", asker, matter("no water"), cases.Withdraw{Reason: "it runs again", Evidence: cases.Evidence{Paper: "a letter"}})
	if _, err := made.s.FireStages(t.Context(), 1, 100); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*scene{sc, taken} {
		if c.look(); !c.CallbackDue.IsZero() {
			t.Errorf("%s is to be called back by %s", c.Number, c.CallbackDue)
		}
	}
	if owed, err := made.s.Callbacks(t.Context(), store.CallbackFilter{}); err != nil || len(owed) != 0 {
		t.Errorf("%d callbacks owed, %v", len(owed), err)
	}
}
