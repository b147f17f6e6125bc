package cases_test

import (
	"errors"
	"testing"
	"time"

	"shouwen/cases"
)

const backID = "0193571f-0000-7000-8000-00000000000b"

// back is a fact of the callback of case 261123-1-0001.
func back(change func(*cases.Fact)) cases.Fact {
	f := cases.Fact{ID: factID, At: at, Call: backID, Case: "261123-1-0001"}
	change(&f)
	return f
}

func backStarted(attempt int) cases.Fact {
	return back(func(f *cases.Fact) {
		f.CallbackStarted = &cases.CallbackStarted{By: "b", Number: "+861055550101", Hotline: "12345", Attempt: attempt}
	})
}

func backAnswered() cases.Fact {
	return back(func(f *cases.Fact) {
		f.CallbackAnswered = &cases.CallbackAnswered{Agent: "b", Extension: "1002", Trunk: "carrier", Attempt: 2, Rang: cases.Span(3 * time.Second)}
	})
}

func backMissed(result cases.CallbackResult, exhausted bool) cases.Fact {
	return back(func(f *cases.Fact) {
		f.CallbackMissed = &cases.CallbackMissed{Agent: "b", Result: result, Attempt: 2, Next: at.Add(time.Hour), Exhausted: exhausted}
	})
}

func backMarked() cases.Fact {
	return back(func(f *cases.Fact) {
		f.CallbackMarked = &cases.CallbackMarked{By: "b", Result: cases.CallbackVoicemail, Attempt: 2, Next: at.Add(time.Hour), Due: at.Add(time.Hour)}
	})
}

func backEnded() cases.Fact {
	return back(func(f *cases.Fact) { f.Ended = &cases.Ended{Cause: cases.EndCaller, Talk: cases.Span(time.Minute)} })
}

// opening returns the case of a call and then the effect of the facts of its callback.
func callBack(t *testing.T, opening []cases.Fact, facts ...cases.Fact) (eff cases.Effect, err error) {
	t.Helper()
	first, _, err := project(opening...)
	if err != nil {
		t.Fatal(err)
	}
	eff.Case = first.Case
	for _, f := range facts {
		if err := f.Check(); err != nil {
			t.Fatalf("%s: %v", f.Kind(), err)
		}
		if eff, err = cases.Project(eff.Call, eff.Case, f); err != nil {
			return eff, err
		}
	}
	return eff, nil
}

// TestCallback: an attempt is a call of its own on the same case; only an answered
// one stops the clock.
func TestCallback(t *testing.T) {
	t.Parallel()
	abandoned := []cases.Fact{arrived(), missed()}
	talked := []cases.Fact{arrived(), pickedUp("a"), ended()}
	type want struct {
		met     bool
		clock   bool
		called  cases.CalledBack
		asker   string
		handler string
		phase   cases.Phase
	}
	next := at.Add(time.Hour).UTC().Truncate(time.Microsecond)
	tests := map[string]struct {
		opening, facts []cases.Fact
		want           want
	}{
		"started": {abandoned, []cases.Fact{backStarted(1)}, want{phase: cases.Waiting}},
		"answered, nobody had picked up": {abandoned, []cases.Fact{backStarted(2), backAnswered()},
			want{met: true, called: cases.CalledBack{Attempts: 2, Last: cases.CallbackReached, Call: backID}, asker: "b", handler: "b", phase: cases.Talking}},
		"answered, it has a first-asker": {talked, []cases.Fact{backStarted(2), backAnswered()},
			want{met: true, called: cases.CalledBack{Attempts: 2, Last: cases.CallbackReached, Call: backID}, asker: "a", handler: "b", phase: cases.Talking}},
		"busy": {abandoned, []cases.Fact{backStarted(2), backMissed(cases.CallbackBusy, false)},
			want{called: cases.CalledBack{Attempts: 2, Last: cases.CallbackBusy, Call: backID, Next: next}, phase: cases.Over}},
		"no answer, for the last time": {abandoned, []cases.Fact{backStarted(2), backMissed(cases.CallbackNoAnswer, true)},
			want{called: cases.CalledBack{Attempts: 2, Last: cases.CallbackNoAnswer, Call: backID, Next: next, Exhausted: true}, phase: cases.Over}},
		"a machine answered": {abandoned, []cases.Fact{backStarted(2), backAnswered(), backEnded(), backMarked()},
			want{clock: true, called: cases.CalledBack{Attempts: 2, Last: cases.CallbackVoicemail, Call: backID, Next: next}, asker: "b", handler: "b", phase: cases.Over}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eff, err := callBack(t, tt.opening, tt.facts...)
			if err != nil {
				t.Fatal(err)
			}
			got := want{eff.Met == cases.ClockCallback, eff.Clock != nil, eff.Case.CalledBack, eff.Case.FirstAsker, eff.Case.Handler, eff.Call.Phase()}
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if eff.Case.Call.ID != callID || eff.Call.ID != backID || eff.Call.CallsBack != "261123-1-0001" || eff.Event == nil {
				t.Errorf("case of call %s, call %s back on %s", eff.Case.Call.ID, eff.Call.ID, eff.Call.CallsBack)
			}
		})
	}
}

// TestOwedAnew: a callback that ends without its caller begins again at nothing.
func TestOwedAnew(t *testing.T) {
	t.Parallel()
	lost := backEnded()
	lost.Ended = &cases.Ended{Cause: cases.EndFailure, CallbackDue: at.Add(time.Hour)}
	eff, err := callBack(t, []cases.Fact{arrived(), missed()}, backStarted(2), backAnswered(), lost)
	if err != nil || eff.Clock == nil || !eff.Callback || eff.Case.CalledBack != (cases.CalledBack{}) {
		t.Errorf("%+v, %v", eff, err)
	}
}

func TestCallbackRefuses(t *testing.T) {
	t.Parallel()
	abandoned := []cases.Fact{arrived(), missed()}
	other := backAnswered()
	other.Case = "261123-1-0002"
	tests := map[string][]cases.Fact{
		"answered before it started": {backAnswered()},
		"answered twice":             {backStarted(1), backAnswered(), backAnswered()},
		"missed after it was up":     {backStarted(1), backAnswered(), backMissed(cases.CallbackBusy, false)},
		"marked while it is up":      {backStarted(1), backMarked()},
		"started twice":              {backStarted(1), backStarted(2)},
	}
	for name, facts := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := callBack(t, abandoned, facts...); !errors.Is(err, cases.ErrOrder) {
				t.Errorf("err = %v", err)
			}
		})
	}
	if _, err := cases.Project(cases.Call{}, cases.Case{}, backStarted(1)); !errors.Is(err, cases.ErrOrder) {
		t.Errorf("of no case: %v", err)
	}
	stranger := cases.Case{Number: "261123-1-0002", Call: cases.Call{ID: callID}}
	eff, err := callBack(t, abandoned, backStarted(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cases.Project(eff.Call, stranger, other); !errors.Is(err, cases.ErrFact) {
		t.Errorf("on another case: %v", err)
	}
}

func TestCallbackCheck(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*cases.Fact){
		"by nobody":        func(f *cases.Fact) { f.CallbackStarted = &cases.CallbackStarted{Number: "1", Attempt: 1} },
		"to nobody":        func(f *cases.Fact) { f.CallbackStarted = &cases.CallbackStarted{By: "a", Attempt: 1} },
		"attempt 0":        func(f *cases.Fact) { f.CallbackStarted = &cases.CallbackStarted{By: "a", Number: "1"} },
		"answered to none": func(f *cases.Fact) { f.CallbackAnswered = &cases.CallbackAnswered{} },
		"missed: reached":  func(f *cases.Fact) { f.CallbackMissed = &cases.CallbackMissed{Result: cases.CallbackReached} },
		"marked: reached": func(f *cases.Fact) {
			f.CallbackMarked = &cases.CallbackMarked{By: "a", Result: cases.CallbackReached, Due: at}
		},
		"marked by nobody": func(f *cases.Fact) {
			f.CallbackMarked = &cases.CallbackMarked{Result: cases.CallbackVoicemail, Due: at}
		},
		"marked, not due": func(f *cases.Fact) {
			f.CallbackMarked = &cases.CallbackMarked{By: "a", Result: cases.CallbackVoicemail}
		},
		"next in year 10k": func(f *cases.Fact) {
			f.CallbackMissed = &cases.CallbackMissed{Result: cases.CallbackBusy, Next: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}
		},
		"of no case": func(f *cases.Fact) { f.Case, f.CallbackAnswered = "", &cases.CallbackAnswered{Agent: "a"} },
	} {
		if err := back(change).Check(); !errors.Is(err, cases.ErrFact) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
}
