package call

import (
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/sip"
)

func TestCaseDialled(t *testing.T) {
	t.Parallel()
	today := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for keys, want := range map[string]cases.CaseNumber{
		"1": "261123-7-0001", "0012": "261123-7-0012", "12345": "261123-7-12345",
		"261122*7*0003": "261122-7-0003", "261122*12*0003": "261122-12-0003", "261122*7*3": "261122-7-0003",
		"26112270003": "261122-7-0003", "261122712345": "261122-7-12345",
		"": "", "0": "", "261322*7*0003": "", "*": "", "1*2": "", "12a": "", "1234567890123": "", "26112280003": "",
	} {
		got, ok := caseDialled(keys, 7, today)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, want %q", keys, got, want)
		}
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	r := Retries{After: []time.Duration{time.Minute, time.Hour}, Attempts: 3}
	now := time.Now()
	morning := now.Add(9 * time.Hour)
	always := func(t time.Time) time.Time { return t }
	tests := map[string]struct {
		retries   Retries
		attempt   int
		result    cases.CallbackResult
		denial    OutboundReason
		open      func(time.Time) time.Time
		wait      time.Duration // 0: not by itself
		exhausted bool
	}{
		"after the first":           {r, 1, cases.CallbackNoAnswer, "", always, time.Minute, false},
		"after the second":          {r, 2, cases.CallbackBusy, "", always, time.Hour, false},
		"after the last":            {r, 3, cases.CallbackBusy, "", always, 0, true},
		"more attempts than waits":  {Retries{After: r.After, Attempts: 9}, 7, cases.CallbackFailed, "", always, time.Hour, false},
		"a machine":                 {r, 1, cases.CallbackVoicemail, "", always, time.Minute, false},
		"a wrong number":            {r, 1, cases.CallbackWrongNumber, "", always, 0, true},
		"no such number":            {r, 1, cases.CallbackInvalid, "", always, 0, true},
		"the agent hung up":         {r, 0, cases.CallbackCancelled, "", always, 0, false},
		"in the night":              {r, 1, cases.CallbackNoAnswer, "", func(time.Time) time.Time { return morning }, 9 * time.Hour, false},
		"denied for good":           {r, 1, cases.CallbackDenied, OutboundPremium, always, 0, true},
		"denied for now":            {r, 1, cases.CallbackDenied, OutboundConcurrent, always, time.Minute, false},
		"people try again":          {Retries{Attempts: 3}, 1, cases.CallbackBusy, "", always, 0, false},
		"people, and the last time": {Retries{Attempts: 1}, 1, cases.CallbackBusy, "", always, 0, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, exhausted := tt.retries.next(tt.attempt, tt.result, tt.denial, tt.open)
			if exhausted != tt.exhausted || at.IsZero() != (tt.wait == 0) {
				t.Errorf("at %s, exhausted %t", at, exhausted)
			}
			if wait := at.Sub(now); tt.wait > 0 && (wait < tt.wait-time.Second || wait > tt.wait+time.Minute) {
				t.Errorf("after %s, want %s", wait, tt.wait)
			}
		})
	}
}

func TestReachedNot(t *testing.T) {
	t.Parallel()
	for e, want := range map[sip.Ended]cases.CallbackResult{
		{Cause: sip.EndRejected, Code: 486}: cases.CallbackBusy, {Cause: sip.EndRejected, Code: 600}: cases.CallbackBusy,
		{Cause: sip.EndRejected, Code: 480}: cases.CallbackNoAnswer, {Cause: sip.EndRejected, Code: 408}: cases.CallbackNoAnswer,
		{Cause: sip.EndRejected, Code: 603}: cases.CallbackRejected, {Cause: sip.EndRejected, Code: 404}: cases.CallbackInvalid,
		{Cause: sip.EndRejected, Code: 484}: cases.CallbackInvalid, {Cause: sip.EndRejected, Code: 503}: cases.CallbackFailed,
		{Cause: sip.EndTimeout, Code: 408}: cases.CallbackFailed, {Cause: sip.EndGone}: cases.CallbackFailed,
	} {
		if got := reachedNot(e); got != want {
			t.Errorf("%+v: %s, want %s", e, got, want)
		}
	}
}
