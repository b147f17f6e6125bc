package cases_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
)

// aside returns a fact of an answered call that f fills in.
func aside(fill func(*cases.Fact)) cases.Fact {
	f := cases.Fact{ID: factID, At: at, Call: callID, Case: "261123-1-0001"}
	fill(&f)
	return f
}

var (
	monitor  = cases.Monitor{By: "boss", Agent: "a", Mode: cases.MonitorWhisper}
	recEnded = cases.RecordingEnded{Result: cases.RecordingOK, File: "2026/11/23/x.wav", SHA256: strings.Repeat("0", 64)}
	asides   = map[cases.EventKind]cases.Fact{
		cases.EventMonitorStarted:   aside(func(f *cases.Fact) { f.MonitorStarted = &cases.MonitorStarted{Monitor: monitor} }),
		cases.EventMonitorEnded:     aside(func(f *cases.Fact) { f.MonitorEnded = &cases.MonitorEnded{Monitor: monitor, From: at} }),
		cases.EventRecordingStarted: aside(func(f *cases.Fact) { f.RecordingStarted = &cases.RecordingStarted{Mode: cases.RecordShare} }),
		cases.EventRecordingPaused:  aside(func(f *cases.Fact) { f.RecordingPaused = &cases.RecordingPaused{By: "boss"} }),
		cases.EventRecordingResumed: aside(func(f *cases.Fact) { f.RecordingResumed = &cases.RecordingResumed{By: "boss"} }),
		cases.EventRecordingEnded:   aside(func(f *cases.Fact) { f.RecordingEnded = &recEnded }),
		cases.EventRecordingDeleted: aside(func(f *cases.Fact) { f.RecordingDeleted = &cases.RecordingDeleted{File: "x"} }),
		cases.EventVoicemailDeleted: aside(func(f *cases.Fact) { f.VoicemailDeleted = &cases.VoicemailDeleted{File: "x"} }),
		cases.EventLegalHold:        aside(func(f *cases.Fact) { f.LegalHold = &cases.LegalHold{On: true, By: "boss"} }),
		cases.EventQuality:          aside(func(f *cases.Fact) { f.Quality = &cases.Quality{Legs: []cases.LegQuality{{Side: "caller"}}} }),
		cases.EventSummoned: aside(func(f *cases.Fact) {
			f.Summoned = &cases.Summoned{Key: "k", User: "boss", Result: cases.SummonsNoAnswer}
		}),
		cases.EventMessageDelivered: aside(func(f *cases.Fact) { f.MessageDelivered = &cases.MessageDelivered{ID: "7", To: "+8613900000001"} }),
	}
)

// Asides go into the ledger and leave call and case as they are; which of them
// come after the end of the call, too, is fixed.
func TestAsides(t *testing.T) {
	late := map[cases.EventKind]bool{cases.EventRecordingEnded: true, cases.EventRecordingDeleted: true, cases.EventVoicemailDeleted: true, cases.EventLegalHold: true, cases.EventMessageDelivered: true, cases.EventSummoned: true}
	by := map[cases.EventKind]string{cases.EventRecordingStarted: "", cases.EventRecordingEnded: "", cases.EventRecordingDeleted: "", cases.EventVoicemailDeleted: "", cases.EventQuality: "", cases.EventMessageDelivered: ""}
	for kind, f := range asides {
		t.Run(string(kind), func(t *testing.T) {
			if err := f.Check(); err != nil || !f.Aside() {
				t.Fatalf("%v, aside %t", err, f.Aside())
			}
			before := []cases.Fact{arrived(), pickedUp("a")}
			if kind == cases.EventRecordingDeleted || kind == cases.EventVoicemailDeleted {
				before = append(before, ended())
			}
			was, _, err := project(before...)
			if err != nil {
				t.Fatal(err)
			}
			is, ledger, err := project(append(before, f)...)
			if err != nil {
				t.Fatal(err)
			}
			want, ok := by[kind]
			if !ok {
				want = "boss"
			}
			if e := is.Event; e.Kind != kind || e.By != want || is.Case.Events != was.Case.Events+1 || is.Call.Phase() != was.Call.Phase() || is.Clock != nil {
				t.Errorf("event %s by %q, %d events, %s", e.Kind, e.By, is.Case.Events, is.Call.Phase())
			}
			if err := is.Case.Verify(ledger); err != nil {
				t.Error(err)
			}
			_, _, err = project(arrived(), pickedUp("a"), ended(), f)
			if (err == nil) != late[kind] {
				t.Errorf("after the end: %v", err)
			}
			if _, _, err := project(arrived(), f); !errors.Is(err, cases.ErrOrder) {
				t.Errorf("before the pick-up: %v", err)
			}
			without := f
			without.Case = ""
			if err := without.Check(); !errors.Is(err, cases.ErrFact) {
				t.Errorf("without a case: %v", err)
			}
		})
	}
	for _, f := range []cases.Fact{arrived(), offered(), pickedUp("a"), missed(), ended(), transferStarted()} {
		if f.Aside() {
			t.Errorf("%s is an aside", f.Kind())
		}
	}
}

func TestUnfitAsides(t *testing.T) {
	for name, f := range map[string]cases.Fact{
		"monitored by nobody": aside(func(f *cases.Fact) {
			f.MonitorStarted = &cases.MonitorStarted{Monitor: cases.Monitor{Agent: "a", Mode: cases.MonitorBarge}}
		}),
		"nobody monitored": aside(func(f *cases.Fact) {
			f.MonitorEnded = &cases.MonitorEnded{Monitor: cases.Monitor{By: "boss", Mode: cases.MonitorBarge}}
		}),
		"no such mode": aside(func(f *cases.Fact) {
			f.MonitorStarted = &cases.MonitorStarted{Monitor: cases.Monitor{By: "boss", Agent: "a", Mode: "shout"}}
		}),
		"recorded never":          aside(func(f *cases.Fact) { f.RecordingStarted = &cases.RecordingStarted{Mode: cases.RecordNever} }),
		"paused by nobody":        aside(func(f *cases.Fact) { f.RecordingPaused = &cases.RecordingPaused{} }),
		"resumed by nobody":       aside(func(f *cases.Fact) { f.RecordingResumed = &cases.RecordingResumed{} }),
		"no such result":          aside(func(f *cases.Fact) { f.RecordingEnded = &cases.RecordingEnded{Result: "great"} }),
		"complete without a file": aside(func(f *cases.Fact) { f.RecordingEnded = &cases.RecordingEnded{Result: cases.RecordingOK} }),
		"failed with a file": aside(func(f *cases.Fact) {
			f.RecordingEnded = &cases.RecordingEnded{Result: cases.RecordingFailed, File: "x", SHA256: strings.Repeat("0", 64)}
		}),
		"a file without a sum": aside(func(f *cases.Fact) { f.RecordingEnded = &cases.RecordingEnded{Result: cases.RecordingOK, File: "x"} }),
		"kept too long": aside(func(f *cases.Fact) {
			f.RecordingStarted = &cases.RecordingStarted{Mode: cases.RecordAlways, Keep: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}
		}),
		"held by nobody": aside(func(f *cases.Fact) { f.LegalHold = &cases.LegalHold{On: true} }),
	} {
		if err := f.Check(); !errors.Is(err, cases.ErrFact) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
