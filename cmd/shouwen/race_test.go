package main

import (
	"fmt"
	"testing"

	"shouwen/sip/siptest"
)

// TestSimultaneousPickUp: eight phones pick up at the same moment, 200 times.
// Every time exactly one is the first-asker, and the others hear nothing.
func TestSimultaneousPickUp(t *testing.T) {
	t.Parallel()
	const servers, rounds = 4, 25
	for i := range servers {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			b := newBed(t, 8)
			phones := b.agents(8)
			caller := b.caller(numbered(1))
			var winners []string
			crossed := 0 // losers whose 200 was on its way
			for range rounds {
				w, c := pickUpTogether(t, caller, phones, b.Hotline)
				winners, crossed = append(winners, b.Agents[w].User), crossed+c
			}
			t.Logf("%d of %d losers had answered", crossed, 7*rounds)
			if crossed < rounds {
				t.Errorf("%d of %d losers had answered: that was no race", crossed, 7*rounds)
			}
			all := b.cases()
			if len(all) != rounds {
				t.Fatalf("%d cases of %d calls", len(all), rounds)
			}
			for i, c := range all {
				if c.FirstAsker != winners[i] {
					t.Errorf("case %s: first-asker %s, but %s had the caller", c.Number, c.FirstAsker, winners[i])
				}
			}
		})
	}
}

// pickUpTogether is one round. It returns who won, and how many others had
// picked up too.
func pickUpTogether(t *testing.T, caller siptest.TestPhone, phones []siptest.TestPhone, hotline string) (winner, crossed int) {
	t.Helper()
	c := caller.Dial(hotline)
	ringing := incoming(phones)
	together(len(ringing), func(i int) {
		_ = ringing[i].Call.Answer() // an error: the CANCEL was faster
	})
	up := make(chan int)
	for i := range ringing {
		go func() {
			// Only the winner is sent audio; of the others the end is awaited.
			if ringing[i].Call.Audio.Hears(t.Context(), callerSays) == nil {
				up <- i
			} else {
				up <- -1
			}
		}()
	}
	winner = -1
	for range ringing {
		switch i := <-up; {
		case i >= 0 && winner >= 0:
			t.Fatalf("phones %d and %d both have the caller", winner, i)
		case i >= 0:
			winner = i
			c.Hears(toneOf(i))
		}
	}
	if winner < 0 {
		t.Fatal("nobody has the caller")
	}
	for i, r := range ringing {
		if i == winner {
			continue
		}
		if r.Ended().Method == "BYE" {
			crossed++
		}
		if len(r.Streams()) > 0 {
			t.Errorf("phone %d lost and was sent audio", i)
		}
	}
	c.Hangup()
	ringing[winner].Ended()
	return winner, crossed
}
