package cases_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shouwen/cases"
)

const (
	callID = "0193571f-0000-7000-8000-00000000000a"
	factID = "0193571f-0000-7000-8000-00000000000f"
)

var at = time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.FixedZone("", 8*3600))

func arrived() cases.Fact {
	return cases.Fact{ID: factID, At: at, Call: callID, Arrived: &cases.Arrived{
		Caller: cases.Caller{Raw: "raw", E164: "+861055550101"}, Hotline: "12345"}}
}

func offered() cases.Fact {
	return cases.Fact{ID: factID, At: at, Call: callID, Offered: &cases.Offered{Round: 1, Agents: []string{"a"}}}
}

func pickedUp(agent string) cases.Fact {
	return cases.Fact{ID: factID, At: at, Call: callID, Case: "261123-1-0001",
		PickedUp: &cases.PickedUp{Agent: agent, Extension: "1001", Waited: cases.Span(time.Second)}}
}

func missed() cases.Fact {
	return cases.Fact{ID: factID, At: at, Call: callID, Case: "261123-1-0001",
		Missed: &cases.Missed{Reason: cases.MissedAbandoned, Waited: cases.Span(time.Second), CallbackDue: at.Add(time.Hour)}}
}

func callbackTaken() cases.Fact {
	return cases.Fact{ID: factID, At: at, Call: callID, Case: "261123-1-0001",
		CallbackTaken: &cases.CallbackTaken{Number: "+861055550101", Queue: "hotline", Since: at}}
}

func voicemail() cases.Fact {
	return cases.Fact{ID: factID, At: at, Call: callID, Case: "261123-1-0001",
		Voicemail: &cases.Voicemail{File: "2026/11/23/" + callID + ".wav", Length: cases.Span(time.Second)}}
}

func ended() cases.Fact {
	return cases.Fact{ID: factID, At: at, Call: callID, Case: "261123-1-0001",
		Ended: &cases.Ended{Cause: cases.EndCaller, Talk: cases.Span(time.Minute)}}
}

var handing = cases.Transfer{How: cases.ByRefer, Kind: cases.TransferWarm, By: "a", To: "b", Extension: "1002"}

func transferStarted() cases.Fact {
	return cases.Fact{ID: factID, At: at, Call: callID, Case: "261123-1-0001", TransferStarted: &cases.TransferStarted{Transfer: handing}}
}

func transferSwitched() cases.Fact {
	return cases.Fact{ID: factID, At: at, Call: callID, Case: "261123-1-0001", TransferSwitched: &cases.TransferSwitched{Transfer: handing, With: cases.AgentWithBoth}}
}

func transferCompleted() cases.Fact {
	return cases.Fact{ID: factID, At: at, Call: callID, Case: "261123-1-0001",
		TransferCompleted: &cases.TransferCompleted{Transfer: handing, Talk: cases.Span(time.Minute)}}
}

func transferFailed() cases.Fact {
	return cases.Fact{ID: factID, At: at, Call: callID, Case: "261123-1-0001",
		TransferFailed: &cases.TransferFailed{Transfer: handing, Reason: cases.TransferBusy, Caller: cases.CallerWithAgent}}
}

func flowLeft() cases.Fact {
	return cases.Fact{ID: factID, At: at, Call: callID, FlowLeft: &cases.FlowLeft{
		Flow: "menu", To: "queue", Class: "complaint", Avoid: "1003", Scores: map[string]int{"first": 4},
		Steps: []cases.FlowStep{{At: at, Node: "menu", On: "key 2"}}}}
}

// surveyed is a flow after the call, or in it.
func surveyed() cases.Fact {
	f := flowLeft()
	f.Case = "261123-1-0001"
	return f
}

func emergency() cases.Fact {
	return cases.Fact{ID: factID, At: at, Call: callID, Emergency: &cases.Emergency{Summoned: []string{"head"}}}
}

func selfServed() cases.Fact {
	return cases.Fact{ID: factID, At: at, Call: callID, SelfServed: &cases.SelfServed{}}
}

func cutOff() cases.Fact {
	f := ended()
	f.Ended.Cause, f.Ended.CallbackDue = cases.EndShutdown, at.Add(time.Hour)
	return f
}

// project applies facts in order and returns the last effect and the ledger.
func project(facts ...cases.Fact) (eff cases.Effect, ledger []cases.Event, err error) {
	for _, f := range facts {
		if eff, err = cases.Project(eff.Call, eff.Case, f); err != nil {
			return eff, ledger, err
		}
		if eff.Event != nil {
			ledger = append(ledger, *eff.Event)
		}
	}
	return eff, ledger, nil
}

func TestProject(t *testing.T) {
	tests := map[string]struct {
		facts []cases.Fact
		want  cases.Case
		kinds []cases.EventKind
		clock bool
	}{
		"a call that was offered has no case": {
			facts: []cases.Fact{arrived(), offered()},
		},
		"who picks up is first-asker, responsible and handler": {
			facts: []cases.Fact{arrived(), pickedUp("a")},
			want:  cases.Case{State: cases.Open, FirstAsker: "a", Responsible: "a", Handler: "a", Events: 1},
			kinds: []cases.EventKind{cases.EventPickedUp},
		},
		"when the first-asker's phone dies, another becomes handler only": {
			facts: []cases.Fact{arrived(), pickedUp("a"), offered(), pickedUp("b"), ended()},
			want:  cases.Case{State: cases.Open, FirstAsker: "a", Responsible: "a", Handler: "b", Events: 3},
			kinds: []cases.EventKind{cases.EventPickedUp, cases.EventPickedUp, cases.EventEnded},
		},
		"a missed call opens a case without first-asker that owes a callback": {
			facts: []cases.Fact{arrived(), missed()},
			want:  cases.Case{State: cases.Open, Events: 1},
			kinds: []cases.EventKind{cases.EventMissed},
			clock: true,
		},
		"a caller who keeps his place in line is owed a callback": {
			facts: []cases.Fact{arrived(), callbackTaken(), missed()},
			want:  cases.Case{State: cases.Open, Events: 2},
			kinds: []cases.EventKind{cases.EventCallbackTaken, cases.EventMissed},
			clock: true,
		},
		"a message opens a case that owes a callback": {
			facts: []cases.Fact{arrived(), offered(), voicemail(), missed()},
			want:  cases.Case{State: cases.Open, Events: 2},
			kinds: []cases.EventKind{cases.EventVoicemail, cases.EventMissed},
			clock: true,
		},
		"a call cut off by us owes a callback": {
			facts: []cases.Fact{arrived(), pickedUp("a"), cutOff()},
			want:  cases.Case{State: cases.Open, FirstAsker: "a", Responsible: "a", Handler: "a", Events: 2},
			kinds: []cases.EventKind{cases.EventPickedUp, cases.EventEnded},
			clock: true,
		},
		"who takes a transferred caller becomes handler only": {
			facts: []cases.Fact{arrived(), pickedUp("a"), transferStarted(), transferCompleted(), ended()},
			want:  cases.Case{State: cases.Open, FirstAsker: "a", Responsible: "a", Handler: "b", Events: 4},
			kinds: []cases.EventKind{cases.EventPickedUp, cases.EventTransferStarted, cases.EventTransferCompleted, cases.EventEnded},
		},
		"a failed transfer changes nobody": {
			facts: []cases.Fact{arrived(), pickedUp("a"), transferStarted(), transferFailed(), ended()},
			want:  cases.Case{State: cases.Open, FirstAsker: "a", Responsible: "a", Handler: "a", Events: 4},
			kinds: []cases.EventKind{cases.EventPickedUp, cases.EventTransferStarted, cases.EventTransferFailed, cases.EventEnded},
		},
		"whom the agent speaks with meanwhile is on record": {
			facts: []cases.Fact{arrived(), pickedUp("a"), transferStarted(), transferSwitched(), transferCompleted(), ended()},
			want:  cases.Case{State: cases.Open, FirstAsker: "a", Responsible: "a", Handler: "b", Events: 5},
			kinds: []cases.EventKind{cases.EventPickedUp, cases.EventTransferStarted, cases.EventTransferSwitched, cases.EventTransferCompleted, cases.EventEnded},
		},
		"what a flow found comes with the case": {
			facts: []cases.Fact{arrived(), flowLeft(), emergency(), pickedUp("a")},
			want:  cases.Case{State: cases.Open, FirstAsker: "a", Responsible: "a", Handler: "a", Events: 1},
			kinds: []cases.EventKind{cases.EventPickedUp},
		},
		"a survey after the call, and an emergency in it, are on the case": {
			facts: []cases.Fact{arrived(), pickedUp("a"), emergency(), ended(), surveyed()},
			want:  cases.Case{State: cases.Open, FirstAsker: "a", Responsible: "a", Handler: "a", Events: 4},
			kinds: []cases.EventKind{cases.EventPickedUp, cases.EventEmergency, cases.EventEnded, cases.EventFlowLeft},
		},
		"who was served by a flow has no case": {
			facts: []cases.Fact{arrived(), flowLeft(), selfServed()},
		},
		"missed after the phone died keeps the first-asker": {
			facts: []cases.Fact{arrived(), pickedUp("a"), offered(), missed()},
			want:  cases.Case{State: cases.Open, FirstAsker: "a", Responsible: "a", Handler: "a", Events: 2},
			kinds: []cases.EventKind{cases.EventPickedUp, cases.EventMissed},
			clock: true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			eff, ledger, err := project(tt.facts...)
			if err != nil {
				t.Fatal(err)
			}
			c := eff.Case
			got := cases.Case{State: c.State, FirstAsker: c.FirstAsker, Responsible: c.Responsible, Handler: c.Handler, Events: c.Events}
			if got.FirstAsker != tt.want.FirstAsker || got.Responsible != tt.want.Responsible || got.Handler != tt.want.Handler ||
				got.State != tt.want.State || got.Events != tt.want.Events {
				t.Errorf("case = %+v, want %+v", got, tt.want)
			}
			var kinds []cases.EventKind
			for _, e := range ledger {
				kinds = append(kinds, e.Kind)
			}
			if !slices.Equal(kinds, tt.kinds) {
				t.Errorf("ledger = %v, want %v", kinds, tt.kinds)
			}
			if (eff.Clock != nil) != tt.clock {
				t.Errorf("clock = %v", eff.Clock)
			}
			if len(ledger) > 0 {
				if err := c.Verify(ledger); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestTheLedgerSaysWhatTheFlowFound: in the event that opens the case.
func TestTheLedgerSaysWhatTheFlowFound(t *testing.T) {
	for name, opening := range map[string]cases.Fact{
		"picked up": pickedUp("a"), "missed": missed(), "callback taken": callbackTaken(), "voicemail": voicemail(),
	} {
		eff, ledger, err := project(arrived(), flowLeft(), emergency(), opening)
		if err != nil {
			t.Fatal(err)
		}
		body := string(ledger[0].Body)
		for _, want := range []string{
			`"flow":{"flow":"menu","to":"queue","class":"complaint","avoid":"1003","scores":{"first":4},"steps":[{"at":`,
			`"emergency":"2026-11-23T04:00:00.123456Z"`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %s in %s", name, want, body)
			}
		}
		if eff.Case.Call.Flow == nil || eff.Case.Call.Emergency.IsZero() {
			t.Errorf("%s: call %+v", name, eff.Case.Call)
		}
	}
	eff, _, err := project(arrived(), flowLeft(), selfServed())
	if err != nil || eff.Call.Missed != cases.MissedSelfServed || eff.Call.Phase() != cases.Over {
		t.Errorf("served by the flow: %+v, %v", eff.Call, err)
	}
}

func TestProjectKeepsWhatTheDatabaseKeeps(t *testing.T) {
	f := arrived()
	f.Arrived.Caller.Raw = "a\x00b\xff"
	eff, _, err := project(f, missed())
	if err != nil {
		t.Fatal(err)
	}
	if want := "a\uFFFDb\uFFFD"; eff.Call.Caller.Raw != want {
		t.Errorf("raw = %q, want %q", eff.Call.Caller.Raw, want)
	}
	if want := "2026-11-23T04:00:00.123456Z"; eff.Case.Opened.Format(time.RFC3339Nano) != want {
		t.Errorf("opened = %s, want %s", eff.Case.Opened.Format(time.RFC3339Nano), want)
	}
	if want := "2026-11-23T05:00:00.123456Z"; eff.Clock.Due.Format(time.RFC3339Nano) != want {
		t.Errorf("due = %s, want %s", eff.Clock.Due.Format(time.RFC3339Nano), want)
	}
}

func TestProjectRefuses(t *testing.T) {
	tests := map[string]struct {
		facts []cases.Fact
		want  error
	}{
		"a pick-up of a call that never arrived": {[]cases.Fact{pickedUp("a")}, cases.ErrOrder},
		"a second arrival":                       {[]cases.Fact{arrived(), arrived()}, cases.ErrOrder},
		"the end of a call nobody answered":      {[]cases.Fact{arrived(), ended()}, cases.ErrOrder},
		"a transfer of a caller who waits":       {[]cases.Fact{arrived(), transferStarted()}, cases.ErrOrder},
		"anything after the end":                 {[]cases.Fact{arrived(), pickedUp("a"), ended(), offered()}, cases.ErrOrder},
		"a survey of a call without a case":      {[]cases.Fact{arrived(), selfServed(), flowLeft()}, cases.ErrOrder},
		"a second flow in a call":                {[]cases.Fact{arrived(), pickedUp("a"), surveyed()}, cases.ErrOrder},
		"served by a flow, and picked up":        {[]cases.Fact{arrived(), selfServed(), pickedUp("a")}, cases.ErrOrder},
		"anything after it was missed":           {[]cases.Fact{arrived(), missed(), pickedUp("a")}, cases.ErrOrder},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, _, err := project(tt.facts...); !errors.Is(err, tt.want) {
				t.Errorf("err = %v, want %v", err, tt.want)
			}
		})
	}
	t.Run("the case of another call", func(t *testing.T) {
		eff, _, err := project(arrived(), pickedUp("a"))
		if err != nil {
			t.Fatal(err)
		}
		other := eff.Call
		other.ID = factID
		f := ended()
		f.Call = factID
		if _, err := cases.Project(other, eff.Case, f); !errors.Is(err, cases.ErrFact) {
			t.Errorf("err = %v, want %v", err, cases.ErrFact)
		}
	})
}

func TestFactCheck(t *testing.T) {
	if err := pickedUp("a").Check(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]func(*cases.Fact){
		"nothing happened":         func(f *cases.Fact) { f.PickedUp = nil },
		"two things happened":      func(f *cases.Fact) { f.Ended = &cases.Ended{Cause: cases.EndCaller} },
		"the id is no UUID":        func(f *cases.Fact) { f.ID = "1" },
		"the call is no UUID":      func(f *cases.Fact) { f.Call = strings.ToUpper(callID) },
		"no time":                  func(f *cases.Fact) { f.At = time.Time{} },
		"a time JSON cannot write": func(f *cases.Fact) { f.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"picked up by nobody":      func(f *cases.Fact) { f.PickedUp.Agent = "" },
		"picked up without a case": func(f *cases.Fact) { f.Case = "" },
		"a case number like none":  func(f *cases.Fact) { f.Case = "261123-1-1" },
		"an unknown end cause":     func(f *cases.Fact) { f.PickedUp, f.Ended = nil, &cases.Ended{Cause: "bored"} },
		"an unknown missed reason": func(f *cases.Fact) { f.PickedUp, f.Missed = nil, &cases.Missed{Reason: "bored"} },
		"an agent with nobody": func(f *cases.Fact) {
			f.PickedUp, f.TransferSwitched = nil, &cases.TransferSwitched{Transfer: handing, With: "odd"}
		},
		"transferred by nobody": func(f *cases.Fact) {
			f.PickedUp, f.TransferStarted = nil, &cases.TransferStarted{Transfer: cases.Transfer{How: cases.ByRefer, Kind: cases.TransferWarm}}
		},
		"transferred to nobody": func(f *cases.Fact) {
			f.PickedUp, f.TransferCompleted = nil, &cases.TransferCompleted{Transfer: cases.Transfer{How: cases.ByRefer, Kind: cases.TransferWarm, By: "a"}}
		},
		"an unknown kind of transfer": func(f *cases.Fact) {
			f.PickedUp, f.TransferStarted = nil, &cases.TransferStarted{Transfer: cases.Transfer{Kind: "odd", By: "a"}}
		},
		"an unknown failure": func(f *cases.Fact) {
			f.PickedUp, f.TransferFailed = nil, &cases.TransferFailed{Transfer: handing, Reason: "odd", Caller: cases.CallerGone}
		},
		"an unknown place of the caller": func(f *cases.Fact) {
			f.PickedUp, f.TransferFailed = nil, &cases.TransferFailed{Transfer: handing, Reason: cases.TransferBusy, Caller: "odd"}
		},
		"a callback to no number": func(f *cases.Fact) { f.PickedUp, f.CallbackTaken = nil, &cases.CallbackTaken{Since: at} },
		"a place since no time":   func(f *cases.Fact) { f.PickedUp, f.CallbackTaken = nil, &cases.CallbackTaken{Number: "1"} },
		"a message of another call": func(f *cases.Fact) {
			f.PickedUp, f.Voicemail = nil, &cases.Voicemail{File: "../secrets", Length: cases.Span(time.Second)}
		},
		"an empty message": func(f *cases.Fact) { f.PickedUp, f.Voicemail = nil, &cases.Voicemail{File: voicemail().Voicemail.File} },
		"a message without a case": func(f *cases.Fact) {
			f.Case, f.PickedUp, f.Voicemail = "", nil, &cases.Voicemail{File: voicemail().Voicemail.File, Length: cases.Span(time.Second)}
		},
		"a score there is not":    func(f *cases.Fact) { f.PickedUp, f.FlowLeft = nil, &cases.FlowLeft{Scores: map[string]int{"s": 6}} },
		"a priority there is not": func(f *cases.Fact) { f.PickedUp, f.FlowLeft = nil, &cases.FlowLeft{Priority: 10} },
		"a step at no time JSON knows": func(f *cases.Fact) {
			f.PickedUp, f.FlowLeft = nil, &cases.FlowLeft{Steps: []cases.FlowStep{{At: at.AddDate(9000, 0, 0)}}}
		},
		"a callback far too late": func(f *cases.Fact) {
			f.PickedUp, f.Missed = nil, &cases.Missed{Reason: cases.MissedNoAnswer, CallbackDue: at.AddDate(9000, 0, 0)}
		},
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			f := pickedUp("a")
			spoil(&f)
			if err := f.Check(); !errors.Is(err, cases.ErrFact) {
				t.Errorf("err = %v, want %v", err, cases.ErrFact)
			}
		})
	}
}

// Whatever comes in whatever order: the first-asker never changes once written,
// the ledger only grows and always verifies, and a call that is over stays so.
func TestProjectProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var eff cases.Effect
		var ledger []cases.Event
		for range rapid.IntRange(0, 12).Draw(t, "facts") {
			f := rapid.SampledFrom([]cases.Fact{
				arrived(), offered(), pickedUp("a"), pickedUp("b"), missed(), ended(), callbackTaken(), voicemail(),
				flowLeft(), surveyed(), emergency(), selfServed(), transferStarted(), transferCompleted(), transferFailed()}).Draw(t, "fact")
			after, err := cases.Project(eff.Call, eff.Case, f)
			if err != nil {
				continue
			}
			if eff.Call.Phase() == cases.Over && f.FlowLeft == nil {
				t.Fatalf("%s after the end", f.Kind())
			}
			if was := eff.Case.FirstAsker; was != "" && after.Case.FirstAsker != was {
				t.Fatalf("first-asker %s became %q", was, after.Case.FirstAsker)
			}
			if after.Event != nil {
				ledger = append(ledger, *after.Event)
			}
			eff = after
			if eff.Case.Number != "" {
				if err := eff.Case.Verify(ledger); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
