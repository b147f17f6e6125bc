package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/profile"
	"shouwen/cases/store"
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
