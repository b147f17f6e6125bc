package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/profile"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

// rulebook is a policy that comes with Shouwen in an office in China.
func rulebook(t testing.TB, name string) cases.Rulebook {
	t.Helper()
	p, err := profile.Policy(name)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	cal, err := profile.Calendar("china", zone)
	if err != nil {
		t.Fatal(err)
	}
	return cases.Rulebook{Policy: p, Calendar: cal}
}

func TestMoveIsMadeOnceAndOnWhatWasSeen(t *testing.T) {
	t.Parallel()
	s, _ := filled(t)
	s.Rules = rulebook(t, "property_csc")
	c, _, err := s.Case(t.Context(), "261123-1-0001")
	if err != nil {
		t.Fatal(err)
	}
	by := cases.Actor{User: c.FirstAsker}
	order := store.Order{
		Case: c.Number, By: by, At: c.Opened.Add(time.Minute), Key: uuid.NewString(), Seen: c.Events,
		Move: cases.Registration{Name: "a caller", Content: "no water", ReadBack: true},
	}
	is, err := s.Move(t.Context(), order)
	if err != nil || is.State != cases.Registered || is.Events != c.Events+1 {
		t.Fatalf("%+v, %v", is, err)
	}
	first := order.Key
	again, err := s.Move(t.Context(), order)
	if err != nil || again.Events != is.Events {
		t.Errorf("made again: %d events, %v", again.Events, err)
	}
	order.Key = uuid.NewString()
	if _, err := s.Move(t.Context(), order); !errors.Is(err, cases.ErrStale) {
		t.Errorf("on what is no longer so: %v", err)
	}
	order.Seen, order.Move, order.By = is.Events, cases.Arbitrate{Department: "repairs", Reason: "x"}, by
	if _, err := s.Move(t.Context(), order); !errors.Is(err, cases.ErrMove) {
		t.Errorf("not his to make: %v", err)
	}
	order.Case, order.Key = "261123-1-0002", first
	if _, err := s.Move(t.Context(), order); !errors.Is(err, store.ErrKey) {
		t.Errorf("the key of another case's move: %v", err)
	}
	order.Case = "261123-1-9999"
	if _, err := s.Move(t.Context(), order); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no such case: %v", err)
	}
	stored, events, err := s.Case(t.Context(), c.Number)
	if err != nil || stored.State != cases.Registered || stored.File.Matter.Content != "no water" || len(events) != is.Events {
		t.Errorf("%+v, %d events, %v", stored, len(events), err)
	}
	if err := stored.Verify(events); err != nil {
		t.Error(err)
	}
}

// TestCasesMergedIntoEachOtherAtOnce: one of the two merges is made, the other is refused,
// and neither waits for the other for good.
func TestCasesMergedIntoEachOtherAtOnce(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	s.Rules = rulebook(t, "property_csc")
	s.Rules.Policy.FirstAsker.FirstOwner = false
	const pairs = 8
	var facts []cases.Fact
	for n := range 2 * pairs {
		facts = append(facts, answered(n+1, "+861055550101", "agent1")...)
	}
	if err := s.Apply(t.Context(), facts); err != nil {
		t.Fatal(err)
	}
	var merges sync.WaitGroup
	var made atomic.Int32
	for n := range 2 * pairs {
		merges.Go(func() {
			_, err := s.Move(t.Context(), store.Order{
				Case: cases.NewCaseNumber(noon, 1, n+1), Move: cases.Merge{Into: cases.NewCaseNumber(noon, 1, n^1+1)},
				By: cases.Actor{User: "agent1"}, At: noon.Add(time.Hour), Key: uuid.NewString(),
			})
			if err == nil {
				made.Add(1)
			} else if !errors.Is(err, cases.ErrMove) {
				t.Error(err)
			}
		})
	}
	merges.Wait()
	if made.Load() != pairs {
		t.Errorf("%d of %d merges made", made.Load(), pairs)
	}
}

// TestNobodyMergesIntoAComplaintAboutHimself: as far as he knows it is not there (C27).
func TestNobodyMergesIntoAComplaintAboutHimself(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	s.Rules = rulebook(t, "property_csc")
	if err := s.Apply(t.Context(), append(answered(1, "+861055550101", "agent2"), answered(2, "+861055550102", "agent1")...)); err != nil {
		t.Fatal(err)
	}
	complaint, own := cases.NewCaseNumber(noon, 1, 1), cases.NewCaseNumber(noon, 1, 2)
	_, err := s.Move(t.Context(), store.Order{
		Case: complaint, Move: cases.Complain{Accused: "agent1"}, By: cases.Actor{User: "agent2"}, At: noon.Add(time.Hour), Key: uuid.NewString(),
	})
	if err != nil {
		t.Fatal(err)
	}
	var why []string
	for _, into := range []cases.CaseNumber{complaint, "261123-1-9999"} {
		_, err := s.Move(t.Context(), store.Order{
			Case: own, Move: cases.Merge{Into: into}, By: cases.Actor{User: "agent1"}, At: noon.Add(time.Hour), Key: uuid.NewString(),
		})
		why = append(why, fmt.Sprint(err))
	}
	if !strings.Contains(why[0], "into: a case that is still open") || why[0] != why[1] {
		t.Errorf("into the complaint: %s; into none: %s", why[0], why[1])
	}
}
