package acd_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// written is d as it is after it was written to a file and read.
func written(t interface{ Fatal(...any) }, d acd.Durable) (read acd.Durable) {
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

func TestRestartForgetsNothing(t *testing.T) {
	tests := map[string]struct {
		off  time.Duration // how long the process was away
		want []acd.Presence
	}{
		"at once": {0, []acd.Presence{
			{State: acd.WrapUp, Work: acd.Work{Calls: 1, Talked: time.Minute}},
			{State: acd.Paused, Reason: "no_answer", Work: acd.Work{Missed: 1}},
			{State: acd.Away},
		}},
		"longer than the wrap-up": {30 * time.Second, []acd.Presence{
			{State: acd.Ready, Work: acd.Work{Calls: 1, Talked: time.Minute}},
			{State: acd.Paused, Reason: "no_answer", Work: acd.Work{Missed: 1}},
			{State: acd.Away},
		}},
		"over night": {24 * time.Hour, []acd.Presence{
			{State: acd.Ready},
			{State: acd.Paused, Reason: "no_answer", Work: acd.Work{Missed: 1}},
			{State: acd.Away},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := board([]acd.Queue{wrapping}, agents)
				b.MaxMissed = 1
				stop := start(t, b, "clerk1")
				talkFor(t, b, "one", time.Minute)
				b.Registered("clerk2", true)
				two := enter(t, b, "two")
				time.Sleep(15 * time.Second)
				synctest.Wait()
				wantStates(t, b, acd.WrapUp, acd.Paused, acd.Away)
				kept := written(t, b.Durable())
				two.Leave(metrics.WaitAbandoned)
				stop()

				time.Sleep(tt.off)
				kept["retired"] = acd.Duty{Paused: true}
				again := board([]acd.Queue{wrapping}, agents)
				again.Restore(kept)
				stop = start(t, again, "clerk1", "clerk2")
				defer stop()
				var got []acd.Presence
				for _, p := range again.Snapshot().Agents {
					p.Work.Idle, p.Work.Rung = time.Time{}, time.Time{}
					got = append(got, acd.Presence{State: p.State, Reason: p.Reason, Work: p.Work})
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
			})
		})
	}
}
