package store_test

import (
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
)

// Messages go when their time is over, unless their case is on hold; then their case
// has none any more.
func TestOutdatedMessages(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	s.Node = 1
	apply := func(facts ...cases.Fact) {
		t.Helper()
		if err := s.Apply(t.Context(), facts); err != nil {
			t.Fatal(err)
		}
		if bad, err := s.Rejected(t.Context(), 1); err != nil || len(bad) > 0 {
			t.Fatalf("rejected %+v, %v", bad, err)
		}
	}
	left := func(n int, keep time.Time) []cases.Fact {
		facts := missed(n, "+861055550101")
		last := facts[len(facts)-1]
		message := last
		message.ID, message.Missed = id(4<<32+n), nil
		message.Voicemail = &cases.Voicemail{File: "2026/11/23/" + last.Call + ".wav", Length: cases.Span(time.Second), Keep: keep}
		return append(facts[:len(facts)-1:len(facts)-1], message, last)
	}
	first, forGood := left(1, noon.Add(time.Hour)), left(2, time.Time{})
	apply(first...)
	apply(forGood...)
	check := func(what string, at time.Time, want int) {
		t.Helper()
		list, err := s.OutdatedMessages(t.Context(), at, 10)
		if err != nil || len(list) != want || want > 0 && (list[0].Case != "261123-1-0001" || list[0].File != first[len(first)-2].Voicemail.File) {
			t.Errorf("%s: %+v, %v; want %d", what, list, err, want)
		}
	}
	check("before its time", noon.Add(time.Minute), 0)
	check("after it", noon.Add(2*time.Hour), 1)
	hold := aside(first, 200, time.Minute)
	hold.LegalHold = &cases.LegalHold{On: true, By: "boss", Reason: "court"}
	apply(hold)
	check("on hold", noon.Add(2*time.Hour), 0)
	off := aside(first, 201, 2*time.Minute)
	off.LegalHold = &cases.LegalHold{By: "boss"}
	apply(off)
	check("no longer on hold", noon.Add(2*time.Hour), 1)
	s.Node = 2
	check("at another node, which has not the file", noon.Add(2*time.Hour), 0)
	s.Node = 1
	gone := aside(first, 202, 3*time.Minute)
	gone.VoicemailDeleted = &cases.VoicemailDeleted{File: first[len(first)-2].Voicemail.File}
	apply(gone)
	check("deleted", noon.Add(2*time.Hour), 0)
	for n, has := range map[cases.CaseNumber]bool{"261123-1-0001": false, "261123-1-0002": true} {
		c, _, err := s.Case(t.Context(), n)
		if err != nil || (c.Voicemail.File != "") != has || (c.Voicemail.Length > 0) != has {
			t.Errorf("case %s has message %+v, %v", n, c.Voicemail, err)
		}
	}
}
