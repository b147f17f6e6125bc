package acd_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// TestLastAgentLeaves: nobody waits on the phone in an attended queue once the last
// agent is no longer at work; who lets a call pass still is.
func TestLastAgentLeaves(t *testing.T) {
	attended := hotline
	attended.Attended, attended.Members, attended.Strategy = true, []string{"clerk1", "clerk2"}, inOrder
	leaves := map[string]struct {
		do   func(b *acd.Board)
		ends bool
	}{
		"pauses":            {func(b *acd.Board) { b.Pause("clerk1", "lunch") }, true},
		"unregisters":       {func(b *acd.Board) { b.Registered("clerk1", false) }, true},
		"cannot be reached": {func(b *acd.Board) { b.Lost("clerk1") }, true},
		"is busy":           {func(b *acd.Board) { b.Busy("clerk1", "x") }, false},
		"pauses in a call":  {func(b *acd.Board) { b.Busy("clerk1", "x"); b.Pause("clerk1", "lunch") }, false},
		"pauses, then hangs up": {func(b *acd.Board) {
			b.Busy("clerk1", "x")
			b.Pause("clerk1", "lunch")
			b.Released("clerk1", "x")
		}, true},
		"comes after another left": {func(b *acd.Board) {
			b.Registered("clerk2", true)
			b.Pause("clerk1", "lunch")
		}, false},
	}
	for name, tt := range leaves {
		t.Run(name, func(t *testing.T) {
			withBoard(t, attended, []string{"clerk1", "head"}, func(t *testing.T, b *acd.Board) {
				b.Busy("clerk1", "first")
				one, kept := enter(t, b, "one"), enterAs(t, b, acd.Caller{Call: "kept", Queue: "hotline", Kept: true})
				first := enterAs(t, b, acd.Caller{Call: "front", Queue: "hotline", Front: true, Priority: acd.Emergency})
				tt.do(b)
				b.Released("clerk1", "first")
				time.Sleep(time.Second)
				if tt.ends {
					wantEnd(t, one, acd.ErrNobody)
					drain(first)
					wantEnd(t, first, acd.ErrNobody)
				} else if waits := b.Snapshot().Queues[0].Waiting; len(waits) != 3 {
					t.Errorf("waiting %+v", waits)
				}
				one.Leave(metrics.WaitOverflow)
				first.Leave(metrics.WaitOverflow)
				kept.Leave(metrics.WaitCallback)
			})
		})
	}
}

// drain reads what offers there are.
func drain(ticket *acd.Ticket) {
	for range len(ticket.Offers()) {
		<-ticket.Offers()
	}
}

// TestNobodyAtWork: an attended queue takes no caller while nobody is at work, but
// for those who stand in line; one that is not attended takes everybody.
func TestNobodyAtWork(t *testing.T) {
	attended := hotline
	attended.Attended = true
	withBoard(t, attended, nil, func(t *testing.T, b *acd.Board) {
		refused := func(c acd.Caller) {
			t.Helper()
			if _, err := b.Enter(c); !errors.Is(err, acd.ErrNobody) {
				t.Errorf("%s: %v", c.Call, err)
			}
		}
		refused(acd.Caller{Call: "one", Queue: "hotline"})
		refused(acd.Caller{Call: "front", Queue: "hotline", Front: true})
		enterAs(t, b, acd.Caller{Call: "kept", Queue: "hotline", Kept: true})
		b.Registered("clerk1", true)
		enter(t, b, "one")
	})
	withBoard(t, hotline, nil, func(t *testing.T, b *acd.Board) { enter(t, b, "one") })
}

// TestDeclinedCallLeavesNobodyAlone: an agent who lets a call pass is back in a moment.
func TestDeclinedCallLeavesNobodyAlone(t *testing.T) {
	attended := hotline
	attended.Attended = true
	withBoard(t, attended, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
		one := enter(t, b, "one")
		wantOffer(t, one, offer{1, []string{"clerk1"}, "ring_all"})
		one.Missed("clerk1", metrics.Declined)
		if n := b.Staff("hotline"); n != 1 {
			t.Errorf("%d at work", n)
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		wantOffer(t, one, offer{2, []string{"clerk1"}, "ring_all_again"})
		b.Pause("clerk1", "lunch") // his phone still rings
		one.Missed("clerk1", metrics.Declined)
		wantEnd(t, one, acd.ErrNobody)
	})
}
