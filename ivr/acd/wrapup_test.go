package acd_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// wrapping is the hotline with half a minute to finish each call.
var wrapping = acd.Queue{Name: "hotline", RingTime: 15 * time.Second, MaxWait: time.Hour, WrapUp: 30 * time.Second}

func TestWrapUp(t *testing.T) {
	tests := map[string]struct {
		meanwhile func(t *testing.T, b *acd.Board)
		after     time.Duration // from the end of the call
		want      acd.State
	}{
		"begins when the call ends": {func(*testing.T, *acd.Board) {}, 0, acd.WrapUp},
		"lasts as the queue says":   {func(*testing.T, *acd.Board) {}, 30*time.Second - 1, acd.WrapUp},
		"ends by itself":            {func(*testing.T, *acd.Board) {}, 30 * time.Second, acd.Ready},
		"can be extended": {func(t *testing.T, b *acd.Board) {
			if !b.ExtendWrapUp("clerk1", 10*time.Second) {
				t.Error("he was in wrap-up")
			}
		}, 40*time.Second - 1, acd.WrapUp},
		"ends when extended too": {func(_ *testing.T, b *acd.Board) { b.ExtendWrapUp("clerk1", 10*time.Second) }, 40 * time.Second, acd.Ready},
		"ends early when he says ready": {func(t *testing.T, b *acd.Board) {
			b.Ready("clerk1")
			if b.ExtendWrapUp("clerk1", time.Minute) {
				t.Error("what is over cannot be extended")
			}
		}, 0, acd.Ready},
		"a call between extensions neither ends nor prolongs it": {func(_ *testing.T, b *acd.Board) {
			b.Busy("clerk1", "internal")
			time.Sleep(10 * time.Second)
			b.Released("clerk1", "internal")
		}, 20*time.Second - 1, acd.WrapUp},
		"goes on during a call between extensions": {func(_ *testing.T, b *acd.Board) {
			b.Busy("clerk1", "internal")
			time.Sleep(31 * time.Second)
			b.Released("clerk1", "internal")
		}, 0, acd.Ready},
		"a pause hides it":      {func(_ *testing.T, b *acd.Board) { b.Pause("clerk1", "lunch") }, 0, acd.Paused},
		"a lost phone hides it": {func(_ *testing.T, b *acd.Board) { b.Registered("clerk1", false) }, 0, acd.Away},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			withBoard(t, wrapping, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
				talkFor(t, b, "one", time.Minute)
				tt.meanwhile(t, b)
				time.Sleep(tt.after)
				synctest.Wait()
				wantStates(t, b, tt.want, acd.Away, acd.Away)
			})
		})
	}
}

// talkFor is a call that clerk1 takes at once.
func talkFor(t *testing.T, b *acd.Board, call string, d time.Duration) {
	t.Helper()
	if _, err := enter(t, b, call).Claim(acd.Answer{User: "clerk1", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(d)
	b.Released("clerk1", call)
}

func TestWhoWrapsUpIsRungWhenHeIsDone(t *testing.T) {
	withBoard(t, wrapping, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
		talkFor(t, b, "one", time.Minute)
		over := time.Now()
		two := enter(t, b, "two")
		defer two.Leave(metrics.WaitAbandoned)
		wantOffer(t, two, offer{})
		want := acd.Presence{
			Agent: agents[0], State: acd.WrapUp, Since: over, Until: over.Add(30 * time.Second),
			Work: acd.Work{Idle: over.Add(-time.Minute), Rung: over.Add(-time.Minute), Calls: 1, Talked: time.Minute},
		}
		if diff := cmp.Diff(want, b.Snapshot().Agents[0]); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		wantOffer(t, two, offer{1, []string{"clerk1"}, "ring_all"})
	})
}

func TestWorkIsCounted(t *testing.T) {
	withBoard(t, hotline, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
		work := func(want acd.Work) {
			t.Helper()
			if diff := cmp.Diff(want, b.Snapshot().Agents[0].Work); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		}
		rung := time.Now()
		talkFor(t, b, "one", 2*time.Minute)
		work(acd.Work{Idle: time.Now(), Rung: rung, Calls: 1, Talked: 2 * time.Minute})

		b.Busy("clerk1", "internal")
		b.Busy("clerk1", "another")
		time.Sleep(time.Minute)
		b.Released("clerk1", "internal")
		b.Released("clerk1", "another")
		idle := time.Now()
		work(acd.Work{Idle: idle, Rung: rung, Calls: 1, Talked: 3 * time.Minute})

		rung = time.Now()
		enter(t, b, "two").Leave(metrics.WaitAbandoned)
		time.Sleep(time.Second)
		work(acd.Work{Idle: idle, Rung: rung, Calls: 1, Talked: 3 * time.Minute})

		b.Pause("clerk1", "lunch")
		time.Sleep(time.Hour)
		b.Ready("clerk1")
		work(acd.Work{Idle: time.Now(), Rung: rung, Calls: 1, Talked: 3 * time.Minute})

		idle = time.Now()
		midnight := idle.Truncate(24 * time.Hour).Add(24 * time.Hour)
		time.Sleep(time.Until(midnight) - 1)
		work(acd.Work{Idle: idle, Rung: rung, Calls: 1, Talked: 3 * time.Minute})
		time.Sleep(time.Nanosecond)
		work(acd.Work{Idle: idle, Rung: rung})
	})
}
