package day

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var people = directoryBody{People: []personBody{{User: "1001", Department: "hotline"}, {User: "2001", Department: "water"}}}

// nine is when the cases of these tests begin.
var nine = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)

func at(minute int) *time.Time {
	t := nine.Add(time.Duration(minute) * time.Minute)
	return &t
}

// ledger reads events like "5 handed_over {…}": when, in minutes, what, and its body.
func ledger(t *testing.T, lines ...string) (all []eventBody) {
	t.Helper()
	for _, line := range lines {
		minute, rest, _ := strings.Cut(line, " ")
		kind, body, found := strings.Cut(rest, " ")
		if !found {
			body = "{}"
		}
		var n int
		if _, err := fmt.Sscan(minute, &n); err != nil || !json.Valid([]byte(body)) {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, eventBody{Kind: kind, At: *at(n), Body: json.RawMessage(body)})
	}
	return all
}

func TestLedgersAreCounted(t *testing.T) {
	t.Parallel()
	due := `{"callback_due": "2026-11-26T09:30:00Z"}`
	tests := map[string]struct {
		c    caseBody
		want Counts
	}{
		"answered at once": {
			caseBody{State: "closed", FirstAsker: "1001", Clocks: []clockBody{
				{Kind: "register", State: "stopped", Due: at(20), Stopped: at(3)}, {Kind: "answer", State: "stopped", Stopped: at(0)},
				{Kind: "reply_caller", State: "stopped", Due: at(300), Stopped: at(301), Late: 60},
			}, Events: ledger(t, "0 picked_up", `301 breached {"clock": "reply_caller"}`, `302 visited {"answered": true, "solved": true, "satisfied": 3}`, "303 closed")},
			Counts{
				`deadlines_due_total{clock="register",result="met"}`: 1, `deadlines_due_total{clock="reply_caller",result="breached"}`: 1,
				`visit_answers_total{question="contacted",answer="yes"}`: 1, `visit_answers_total{question="solved",answer="yes"}`: 1,
				`visit_answers_total{question="satisfied",answer="no"}`: 1, `first_asker_closed_total{department="hotline",result="by_first_asker"}`: 1,
				`contacts_total{repeat="no"}`: 1,
			},
		},
		"given back, and accepted too late": {
			caseBody{State: "accepted", FirstAsker: "1001", Clocks: []clockBody{
				{Kind: "accept", State: "stopped", Due: at(65), Stopped: at(90), Late: 1500}, {Kind: "handle", State: "running", Due: at(125)},
			}, Events: ledger(t, `5 handed_over {"department": "roads"}`, "10 returned", `12 handed_over {"department": "water"}`, "90 accepted", "95 pressed",
				`65 breached {"clock": "accept"}`, `65 escalated {"level": 1}`, "91 extended")}, // what clocks do is written down later
			Counts{
				`handovers_total{department="roads",result="returned",attempt="first"}`: 1, `handovers_total{department="water",result="timed_out",attempt="later"}`: 1,
				`deadlines_due_total{clock="accept",result="breached"}`: 1, `escalations_total{level="1"}`: 1,
				`presses_total{department="water"}`: 1, `deadline_extensions_total{department="water"}`: 1, `cases_open{state="accepted"}`: 1, `deadlines_pressing{state="overdue",class="ordinary"}`: 1,
			},
		},
		"called back in time": {
			caseBody{State: "open", FirstAsker: "1001", Events: ledger(t, "0 missed "+due, "29 callback_answered")},
			Counts{`callbacks_closed_total{result="kept"}`: 1, `deadlines_due_total{clock="callback",result="met"}`: 1, `cases_open{state="open"}`: 1},
		},
		"called back too late": {
			caseBody{State: "open", FirstAsker: "1001", Events: ledger(t, "0 missed "+due, "31 callback_answered", `30 breached {"clock": "callback"}`)},
			Counts{`callbacks_closed_total{result="late"}`: 1, `deadlines_due_total{clock="callback",result="breached"}`: 1, `cases_open{state="open"}`: 1},
		},
		"not called back": {
			caseBody{State: "open", Events: ledger(t, "0 missed "+due, `30 breached {"clock": "callback"}`)},
			Counts{`deadlines_due_total{clock="callback",result="breached"}`: 1, `cases_open{state="open"}`: 1, `deadlines_pressing{state="overdue",class="ordinary"}`: 1},
		},
		"unreachable, as a supervisor signs": {
			caseBody{State: "closed", Events: ledger(t, "0 missed "+due, "20 closed")},
			Counts{`callbacks_closed_total{result="unreachable"}`: 1, `contacts_total{repeat="no"}`: 1},
		},
		"a promise broken": {
			caseBody{State: "registered", FirstAsker: "1001", Clocks: []clockBody{{Kind: "promise", State: "running", Due: at(9)}}, Events: ledger(t, `9 breached {"clock": "promise"}`)},
			Counts{`deadlines_due_total{clock="promise",result="breached"}`: 1, "promises_broken_total": 1, `cases_open{state="registered"}`: 1, `deadlines_pressing{state="overdue",class="ordinary"}`: 1},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, short(recount([]caseBody{tt.c}, people, *at(400)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// short leaves out what all names of figures of the database have in common.
func short(c Counts) Counts {
	s := Counts{}
	for name, n := range maps.All(c) {
		if !ofScorecards(name) {
			s[strings.TrimPrefix(name, "shouwen_state_")] = n
		}
	}
	return s
}

func TestRepeatedContactsAreCounted(t *testing.T) {
	t.Parallel()
	called := func(minute int, number, caller, about, into string) (c caseBody) {
		c.Number, c.Opened, c.State = number, *at(minute), "registered"
		c.Call.Caller.E164, c.File.Matter.Category, c.File.Into = caller, about, into
		if into != "" {
			c.State = "merged"
		}
		return c
	}
	all := []caseBody{
		called(0, "1", "+1", "water", ""), called(1, "2", "+1", "roads", ""), called(2, "3", "+2", "water", ""),
		called(3, "4", "+1", "water", ""), called(4, "5", "+2", "", "3"), called(5, "6", "+3", "", ""),
	}
	got := short(recount(all, people, *at(400)))
	if got[`contacts_total{repeat="yes"}`] != 2 || got[`contacts_total{repeat="no"}`] != 3 {
		t.Errorf("%v", got)
	}
}

// TestWhatWasSoIsCounted: a clock that runs out is counted from then on, whether the case
// was read earlier or later.
func TestWhatWasSoIsCounted(t *testing.T) {
	t.Parallel()
	c := caseBody{State: "handed_over", FirstAsker: "1001", Clocks: []clockBody{
		{Kind: "register", State: "stopped", Due: at(20), Stopped: at(3)}, {Kind: "accept", State: "running", Due: at(65), Late: 3000},
	}, Events: ledger(t, `5 handed_over {"department": "water"}`, `65 breached {"clock": "accept"}`, `65 escalated {"level": 1}`, `125 escalated {"level": 2}`)}
	c.File.Matter.Class = "urgent"
	before := Counts{`deadlines_due_total{clock="register",result="met"}`: 1, `cases_open{state="handed_over"}`: 1}
	late := maps.Clone(before)
	late[`deadlines_due_total{clock="accept",result="breached"}`], late[`deadlines_pressing{state="overdue",class="urgent"}`] = 1, 1
	late[`escalations_total{level="1"}`] = 1
	later := maps.Clone(late)
	later[`escalations_total{level="2"}`] = 1
	for minute, want := range map[int]Counts{64: before, 66: late, 124: late, 126: later} {
		if diff := cmp.Diff(want, short(recount([]caseBody{c}, people, *at(minute)))); diff != "" {
			t.Errorf("at %d: %s", minute, diff)
		}
	}
}

// TestLedgersAreCountedForScorecards: what somebody did stands on his card and on that of
// his department, and in all. What the caller said is there twice, heard by his
// first-asker and by who handled the case, and once in all.
func TestLedgersAreCountedForScorecards(t *testing.T) {
	t.Parallel()
	kept := caseBody{
		State: "closed", Opened: *at(0), FirstAsker: "1001", Responsible: "1001", Clocks: []clockBody{{Kind: "register", State: "stopped", Due: at(20), Stopped: at(3)}},
		Events: ledger(t, `9 visited {"answered": true, "solved": false, "satisfied": 1}`, `20 visited {"answered": true, "solved": true, "satisfied": 4}`, "21 closed"),
	}
	kept.File.Matter.Category, kept.Call.Caller.E164 = "noise", "+1"
	passed := caseBody{
		State: "visited", Opened: *at(1), FirstAsker: "1001", Responsible: "1001", Department: "water", Handler: "2001",
		Clocks: []clockBody{{Kind: "accept", State: "stopped", Due: at(65), Stopped: at(90), Late: 1500}, {Kind: "reply_caller", State: "running", Due: at(300)}},
		Events: ledger(t, `5 handed_over {"department": "roads"}`, `6 returned {"code": "not_ours"}`, `7 handed_over {"department": "water"}`, `8 returned {"code": "not_ours"}`,
			`9 arbitrated {"department": "water"}`, "90 accepted", `95 visited {"answered": true, "solved": true, "satisfied": 3}`),
	}
	passed.File.Matter.Category, passed.Call.Caller.E164 = "noise", "+1"
	passed.Events[1].By, passed.Events[3].By, passed.Events[4].By = "3001", "2001", "1901"
	misrouted := caseBody{
		State: "registered", FirstAsker: "1002", Responsible: "1002", Events: ledger(t, `5 handed_over {"department": "roads"}`, `6 returned {"code": "not_ours"}`),
	}
	misrouted.Events[1].By = "3001"
	missed := caseBody{State: "open", Events: ledger(t, "0 missed")}
	want := Counts{}
	for of, all := range map[string]string{
		`person{user="1001"`:              "first_asked 2 kept 1 handed_over 1 repeated 1 front_due 2 front_late 1 answers 2 satisfied 1 mean_hundredths 350",
		`department{department="hotline"`: "first_asked 2 kept 1 handed_over 1 repeated 1 front_due 2 front_late 1 answers 2 satisfied 1 mean_hundredths 350",
		`person{user="1002"`:              "first_asked 1 handed_over 1 misrouted 1",
		`department{department="other"`:   "first_asked 1 handed_over 1 misrouted 1", // nobody knows him
		`person{user="2001"`:              "received 1 returned 1 overruled 1 behind_due 1 behind_late 1 answers 1 mean_hundredths 300",
		`department{department="water"`:   "received 1 returned 1 overruled 1 behind_due 1 behind_late 1 answers 1 mean_hundredths 300",
		`person{user="3001"`:              "returned 1",
		`department{department="roads"`:   "received 2 returned 1",
		`all{`: "first_asked 3 kept 1 handed_over 2 misrouted 1 repeated 1 received 3 returned 2 overruled 1 " +
			"front_due 2 front_late 1 behind_due 1 behind_late 1 answers 2 satisfied 1 mean_hundredths 350 unowned 1",
	} {
		words := strings.Fields(all)
		for i := 0; i < len(words); i += 2 {
			name := "scorecard_" + of + ",of=" + strconv.Quote(words[i]) + "}"
			n, err := strconv.Atoi(words[i+1])
			if err != nil {
				t.Fatal(err)
			}
			want[strings.Replace(name, "{,", "{", 1)] = n
		}
	}
	got := recount([]caseBody{kept, passed, misrouted, missed}, people, *at(400)).only(ofScorecards)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
