package cases_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"shouwen/cases"
)

// What is hashed is laid down for good: ledgers written by any version verify.
func TestEventHashIsFixed(t *testing.T) {
	e := cases.Event{
		Case: "261123-1-0001", Seq: 1, Kind: cases.EventPickedUp, State: cases.Open,
		At: time.Date(2026, 11, 23, 4, 0, 0, 123456000, time.UTC), By: "a", Fact: factID, Body: []byte(`{"agent":"a"}`),
	}
	const want = "48d2bbc4c61db4c71134fb285bccf7172446b8ad616aa24d843459b59e57db4a"
	if got := e.Hash(cases.Hash{}).String(); got != want {
		t.Errorf("hash = %s, want %s", got, want)
	}
	e.At = e.At.In(time.FixedZone("", 8*3600))
	if got := e.Hash(cases.Hash{}).String(); got != want {
		t.Errorf("hash depends on the time zone: %s", got)
	}
}

func TestHashTellsFieldsApart(t *testing.T) {
	a := cases.Event{By: "ab", Fact: "c"}
	b := cases.Event{By: "a", Fact: "bc"}
	if a.Hash(cases.Hash{}) == b.Hash(cases.Hash{}) {
		t.Error("a byte moved from one field to the next without changing the hash")
	}
}

func TestVerify(t *testing.T) {
	eff, good, err := project(arrived(), pickedUp("a"), pickedUp("b"), ended())
	if err != nil {
		t.Fatal(err)
	}
	type ledger = []cases.Event
	tests := map[string]struct {
		spoil func(*cases.Case, ledger) ledger
		want  int // Seq
	}{
		"body":                     {func(_ *cases.Case, l ledger) ledger { l[1].Body = bytes.ToUpper(l[1].Body); return l }, 2},
		"by":                       {func(_ *cases.Case, l ledger) ledger { l[1].By = "c"; return l }, 2},
		"kind":                     {func(_ *cases.Case, l ledger) ledger { l[1].Kind = cases.EventMissed; return l }, 2},
		"state":                    {func(_ *cases.Case, l ledger) ledger { l[2].State = cases.Closed; return l }, 3},
		"time":                     {func(_ *cases.Case, l ledger) ledger { l[0].At = l[0].At.Add(time.Microsecond); return l }, 1},
		"fact":                     {func(_ *cases.Case, l ledger) ledger { l[0].Fact = callID; return l }, 1},
		"hash":                     {func(_ *cases.Case, l ledger) ledger { l[0].Sum[31] ^= 1; return l }, 1},
		"case":                     {func(_ *cases.Case, l ledger) ledger { l[2].Case = "261123-1-0002"; return l }, 3},
		"order":                    {func(_ *cases.Case, l ledger) ledger { l[0], l[1] = l[1], l[0]; return l }, 1},
		"a row gone":               {func(_ *cases.Case, l ledger) ledger { return slices.Delete(l, 1, 2) }, 2},
		"first gone":               {func(_ *cases.Case, l ledger) ledger { return l[1:] }, 1},
		"last gone":                {func(_ *cases.Case, l ledger) ledger { return l[:2] }, 0},
		"all gone":                 {func(_ *cases.Case, l ledger) ledger { return nil }, 0},
		"first-asker of the case":  {func(c *cases.Case, l ledger) ledger { c.FirstAsker = "b"; return l }, 0},
		"state of the case":        {func(c *cases.Case, l ledger) ledger { c.State = cases.Closed; return l }, 0},
		"opening time of the case": {func(c *cases.Case, l ledger) ledger { c.Opened = c.Opened.Add(-1); return l }, 0},
		"number of the case":       {func(c *cases.Case, l ledger) ledger { c.Number = "261123-1-0002"; return l }, 0},
		"head of the case":         {func(c *cases.Case, l ledger) ledger { c.Head[0] ^= 1; return l }, 0},
	}
	if err := eff.Case.Verify(good); err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, l := eff.Case, slices.Clone(good)
			err := c.Verify(tt.spoil(&c, l))
			bad, ok := errors.AsType[*cases.ChainError](err)
			if !ok || bad.Seq != tt.want {
				t.Errorf("err = %v, want event %d named", err, tt.want)
			}
		})
	}
}
