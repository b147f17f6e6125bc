package acd_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// TestOneCallTakesAnAgent: many calls want the same agent at once, one has him; and
// after it another may.
func TestOneCallTakesAnAgent(t *testing.T) {
	b, stop := run(t, hotline)
	defer stop()
	for round := range 50 {
		var got atomic.Int32
		var winner atomic.Value
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if call := fmt.Sprint(round, i); b.Take("head", call, 0) == nil {
					got.Add(1)
					winner.Store(call)
				}
			})
		}
		all.Wait()
		if got.Load() != 1 {
			t.Fatalf("%d calls have the agent", got.Load())
		}
		b.Released("head", winner.Load().(string))
	}
}

func TestWhoCanBeTaken(t *testing.T) {
	tests := map[string]struct {
		before func(t *testing.T, b *acd.Board)
		want   error
	}{
		"ready":          {func(*testing.T, *acd.Board) {}, nil},
		"not registered": {func(_ *testing.T, b *acd.Board) { b.Registered("clerk1", false) }, nil},
		"paused":         {func(_ *testing.T, b *acd.Board) { b.Pause("clerk1", "lunch") }, nil},
		"in wrap-up":     {func(t *testing.T, b *acd.Board) { talkFor(t, b, "one", time.Minute) }, nil},
		"rings":          {func(t *testing.T, b *acd.Board) { enter(t, b, "one") }, acd.ErrTaken},
		"in a call":      {func(_ *testing.T, b *acd.Board) { b.Busy("clerk1", "internal") }, acd.ErrTaken},
		"taken":          {func(_ *testing.T, b *acd.Board) { _ = b.Take("clerk1", "other", 0) }, acd.ErrTaken},
		"taken for this": {func(_ *testing.T, b *acd.Board) { _ = b.Take("clerk1", "call", 0) }, acd.ErrTaken},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			withBoard(t, wrapping, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
				tt.before(t, b)
				if err := b.Take("clerk1", "call", 0); !errors.Is(err, tt.want) {
					t.Errorf("%v, want %v", err, tt.want)
				}
				if p := b.Snapshot().Agents[0]; tt.want == nil && (p.State != acd.Talking || p.Call != "call") {
					t.Errorf("agent %+v", p)
				}
				if err := b.Take("door", "call", 0); !errors.Is(err, acd.ErrNoAgent) {
					t.Errorf("nobody: %v", err)
				}
			})
		})
	}
	b, stop := run(t, hotline)
	stop()
	if err := b.Take("clerk1", "call", 0); !errors.Is(err, acd.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// TestCarry: an agent who goes from one call to another is not free between them.
func TestCarry(t *testing.T) {
	withBoard(t, wrapping, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
		b.Busy("clerk1", "intercom")
		waits := enter(t, b, "one")
		b.Carry("clerk1", "intercom", "call", time.Minute)
		if p := b.Snapshot().Agents[0]; p.State != acd.Talking || p.Call != "call" || len(waits.Offers()) > 0 {
			t.Errorf("agent %+v", p)
		}
		waits.Leave(metrics.WaitAbandoned)
		b.Released("clerk1", "intercom")
		b.Keep("clerk1", "call")
		b.Released("clerk1", "call")
		if p := b.Snapshot().Agents[0]; p.State != acd.WrapUp {
			t.Errorf("agent %+v", p)
		}
	})
}

// TestHowATakenAgentEnds: wrap-up is for who had the caller, rest for whose phone
// did not take him, and who was stopped for another reason is free at once.
func TestHowATakenAgentEnds(t *testing.T) {
	tests := map[string]struct {
		end    func(b *acd.Board)
		state  acd.State
		reason string
		lasts  time.Duration
	}{
		"had the caller": {func(b *acd.Board) {
			b.Keep("clerk1", "call")
			b.Released("clerk1", "call")
		}, acd.WrapUp, "", 20 * time.Second},
		"was only asked": {func(b *acd.Board) { b.Released("clerk1", "call") }, acd.Ready, "", 0},
		"declined":       {func(b *acd.Board) { b.Missed("clerk1", "call", metrics.Declined) }, acd.Paused, "declined", 10 * time.Second},
		"did not answer": {func(b *acd.Board) { b.Missed("clerk1", "call", metrics.NoAnswer) }, acd.Paused, "no_answer", 10 * time.Second},
		"unreachable":    {func(b *acd.Board) { b.Missed("clerk1", "call", metrics.Unreachable) }, acd.Away, "", 10 * time.Second},
		"another call's": {func(b *acd.Board) {
			b.Missed("clerk1", "other", metrics.Declined)
			b.Released("clerk1", "call")
		}, acd.Ready, "", 0},
		"had the caller, whatever his phone does later": {func(b *acd.Board) {
			b.Keep("clerk1", "call")
			b.Missed("clerk1", "call", metrics.Declined)
			b.Released("clerk1", "call")
		}, acd.WrapUp, "", 20 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			withBoard(t, hotline, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
				if err := b.Take("clerk1", "call", 20*time.Second); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				tt.end(b)
				if p := b.Snapshot().Agents[0]; p.State != tt.state || p.Reason != tt.reason {
					t.Fatalf("%s (%s), want %s (%s)", p.State, p.Reason, tt.state, tt.reason)
				}
				if tt.lasts == 0 {
					return
				}
				time.Sleep(tt.lasts - 1)
				synctest.Wait()
				wantStates(t, b, tt.state, acd.Away, acd.Away)
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				wantStates(t, b, acd.Ready, acd.Away, acd.Away)
			})
		})
	}
}

// TestReturn: whoever is set free rings for the caller who came back, not for those
// who wait behind him.
func TestReturn(t *testing.T) {
	withBoard(t, hotline, []string{"clerk1", "clerk2"}, func(t *testing.T, b *acd.Board) {
		talks := enter(t, b, "call")
		if _, err := talks.Claim(acd.Answer{User: "clerk1", At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if err := b.Take("clerk2", "call", 0); err != nil {
			t.Fatal(err)
		}
		behind := enterAs(t, b, acd.Caller{Call: "behind", Queue: "hotline", Priority: acd.Repeat})
		back, err := b.Return(acd.Caller{Call: "call", Queue: "hotline", First: "clerk1", FirstFor: time.Minute}, "clerk1", "clerk2", "door")
		if err != nil {
			t.Fatal(err)
		}
		wantOffer(t, back, offer{1, []string{"clerk1", "clerk2"}, "ring_all"}) // clerk1 was not ready before
		wantOffer(t, behind, offer{})
	})
}

// TestReturnToTheFirstAsker: he alone is rung if he was ready when the caller lost
// his agent.
func TestReturnToTheFirstAsker(t *testing.T) {
	withBoard(t, hotline, everyone, func(t *testing.T, b *acd.Board) {
		if err := b.Take("head", "call", 0); err != nil {
			t.Fatal(err)
		}
		b.Keep("head", "call")
		back, err := b.Return(acd.Caller{Call: "call", Queue: "hotline", First: "clerk2", FirstFor: 12 * time.Second}, "head")
		if err != nil {
			t.Fatal(err)
		}
		wantOffer(t, back, offer{1, []string{"clerk2"}, acd.FirstAsker})
		if _, err := b.Return(acd.Caller{Call: "x", Queue: "nowhere"}, "head"); !errors.Is(err, acd.ErrNoQueue) {
			t.Errorf("to no queue: %v", err)
		}
	})
}
