package acd_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// crowd are 200 agents.
func crowd() (all []acd.Agent) {
	for i := range 200 {
		all = append(all, acd.Agent{User: fmt.Sprint(i), Department: "desk"})
	}
	return all
}

// bench starts a board of the crowd, everybody ready.
func bench(b *testing.B, q acd.Queue) *acd.Board {
	b.Helper()
	board := acd.New([]acd.Queue{q}, crowd(), metrics.New("", "").Queue, slog.New(slog.DiscardHandler))
	go board.Run(b.Context())
	for _, a := range crowd() {
		board.Registered(a.User, true)
	}
	b.ReportAllocs()
	return board
}

// BenchmarkCall is one call through a queue of 200 agents rung together: enter,
// offer, claim, release.
func BenchmarkCall(b *testing.B) {
	board := bench(b, hotline)
	for b.Loop() {
		t := enters(b, board)
		o := <-t.Offers()
		c, err := t.Claim(acd.Answer{User: o.Agents[0].User, At: time.Now()})
		if err != nil {
			b.Fatal(err)
		}
		board.Released(c.Agent.User, "call")
	}
}

// BenchmarkBusy is one call while 200 agents speak and a hundred callers wait: a
// caller enters, an agent is free, rings for the first of them, and picks up.
func BenchmarkBusy(b *testing.B) {
	for _, name := range []string{"ring_all", "longest_idle"} {
		b.Run(name, func(b *testing.B) {
			strategy, err := acd.Named(name, 1)
			if err != nil {
				b.Fatal(err)
			}
			board := bench(b, acd.Queue{Name: "hotline", Strategy: strategy, MaxWait: time.Hour})
			for _, a := range crowd() {
				board.Busy(a.User, "call")
			}
			var waiting []*acd.Ticket
			for range 100 {
				waiting = append(waiting, enters(b, board))
			}
			for i := 0; b.Loop(); i++ {
				waiting = append(waiting, enters(b, board))
				board.Released(fmt.Sprint(i%200), "call")
				t := waiting[0]
				o := <-t.Offers()
				if _, err := t.Claim(acd.Answer{User: o.Agents[0].User, At: time.Now()}); err != nil {
					b.Fatal(err)
				}
				waiting = waiting[1:]
			}
		})
	}
}

func enters(b *testing.B, board *acd.Board) *acd.Ticket {
	b.Helper()
	t, err := board.Enter(acd.Caller{Call: "call", Queue: "hotline"})
	if err != nil {
		b.Fatal(err)
	}
	return t
}

// BenchmarkRinging is one call while the phones of 100 agents ring, each for a
// caller of its own, and another 50 agents speak.
func BenchmarkRinging(b *testing.B) {
	strategy, err := acd.Named("longest_idle", 1)
	if err != nil {
		b.Fatal(err)
	}
	board := bench(b, acd.Queue{Name: "hotline", Strategy: strategy, MaxWait: time.Hour, RingTime: time.Hour})
	var ringing []*acd.Ticket
	var speaking []string
	next := func() {
		t := ringing[0]
		ringing = ringing[1:]
		o := <-t.Offers()
		if _, err := t.Claim(acd.Answer{User: o.Agents[0].User, At: time.Now()}); err != nil {
			b.Fatal(err)
		}
		speaking = append(speaking, o.Agents[0].User)
	}
	for range 150 {
		ringing = append(ringing, enters(b, board))
	}
	for range 50 {
		next()
	}
	for b.Loop() {
		ringing = append(ringing, enters(b, board))
		next()
		board.Released(speaking[0], "call")
		speaking = speaking[1:]
	}
}
