package acd_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strconv"
	"strings"
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

// TestContactsAreMeasured: what an agent did for a caller is measured once, when the
// wrap-up has ended, whatever ended it.
func TestContactsAreMeasured(t *testing.T) {
	tests := map[string]struct {
		meanwhile func(b *acd.Board) // after the call
		after     time.Duration
		want      string // talk, hold and wrap-up; empty: not measured yet
	}{
		"not while he wraps up":  {func(*acd.Board) {}, 29 * time.Second, ""},
		"when that ends":         {func(*acd.Board) {}, 30 * time.Second, "50 10 30"},
		"ended by him":           {func(b *acd.Board) { time.Sleep(5 * time.Second); b.Ready("clerk1") }, 0, "50 10 5"},
		"extended":               {func(b *acd.Board) { b.ExtendWrapUp("clerk1", 10*time.Second) }, time.Minute, "50 10 40"},
		"while he is on a break": {func(b *acd.Board) { b.Pause("clerk1", "lunch") }, time.Minute, "50 10 30"},
		"ended by another call": {func(b *acd.Board) {
			time.Sleep(10 * time.Second)
			_ = b.Take("clerk1", "two", 0)
			b.Keep("clerk1", "two")
			time.Sleep(5 * time.Second)
			b.Handled("clerk1", "two", metrics.Contact{Queue: "hotline", Talk: 5 * time.Second})
			b.Released("clerk1", "two")
		}, time.Minute, "55 10 25"}, // of both: the second has what was left of the first's wrap-up
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := metrics.New("", "")
			withMetrics(t, m, wrapping, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
				if _, err := enter(t, b, "one").Claim(acd.Answer{User: "clerk1", At: time.Now()}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				b.Handled("clerk1", "one", metrics.Contact{Queue: "hotline", Talk: 50 * time.Second, Hold: 10 * time.Second})
				b.Released("clerk1", "one")
				tt.meanwhile(b)
				time.Sleep(tt.after)
				synctest.Wait()
				sum := figures(t, m, "shouwen_contact_")
				got := ""
				if len(sum) > 0 {
					got = fmt.Sprint(sum[`stage_seconds_total{part="talk",queue="hotline"}`], sum[`stage_seconds_total{part="hold",queue="hotline"}`], sum[`stage_seconds_total{part="wrapup",queue="hotline"}`])
				}
				if got != tt.want {
					t.Errorf("%q, want %q", got, tt.want)
				}
			})
		})
	}
}

// TestEveryOfferNotTakenCounts: of a queue, or past it.
func TestEveryOfferNotTakenCounts(t *testing.T) {
	m := metrics.New("", "")
	withMetrics(t, m, hotline, []string{"clerk1", "clerk2"}, func(t *testing.T, b *acd.Board) {
		one := enter(t, b, "one")
		one.Missed("clerk1", metrics.Declined)
		one.Leave(metrics.WaitAbandoned) // nobody is blamed for the other
		_ = b.Take("clerk2", "two", 0)
		b.Missed("clerk2", "two", metrics.Unreachable)
		got := figures(t, m, "shouwen_agent_missed_total")
		if len(got) != 2 || got[`{department="desk",reason="declined"}`] != 1 || got[`{department="desk",reason="unreachable"}`] != 1 {
			t.Errorf("%v", got)
		}
	})
}

// figures are the samples whose names begin so, by the rest of their names.
func figures(t *testing.T, m *metrics.Metrics, prefix string) map[string]float64 {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	all := map[string]float64{}
	for line := range strings.Lines(w.Body.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			all[rest] = v
		}
	}
	return all
}

// withMetrics is withBoard with metrics that can be read.
func withMetrics(t *testing.T, m *metrics.Metrics, q acd.Queue, up []string, f func(t *testing.T, b *acd.Board)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := acd.New([]acd.Queue{q}, agents, m.Queue, slog.New(slog.DiscardHandler))
		defer start(t, b, up...)()
		f(t, b)
	})
}
