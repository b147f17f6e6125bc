package cases_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"shouwen/cases"
)

func TestCaseNumberRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(1e9, 4e9).Draw(t, "at"), 0).UTC()
		node, seq := rapid.IntRange(0, 999).Draw(t, "node"), rapid.IntRange(1, 123456).Draw(t, "seq")
		day, n, s, err := cases.NewCaseNumber(at, node, seq).Parse()
		if err != nil || day != at.Format("060102") || n != node || s != seq {
			t.Fatalf("got %s, %d, %d, %v", day, n, s, err)
		}
	})
}

func TestCaseNumberParseRefuses(t *testing.T) {
	for _, n := range []cases.CaseNumber{"", "261123", "261123-1", "261123-1-1", "261123-1-0001x", "261123-1-0000", "261323-1-0001",
		"26112x-1-0001", "261123--1-0001", "261123-01-0001", "261123-1-0001-1", "261123-1- 0001"} {
		if _, _, _, err := n.Parse(); err == nil {
			t.Errorf("%q was accepted", n)
		}
	}
}
