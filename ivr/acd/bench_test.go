package acd_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// BenchmarkCall is one call through a queue of 200 agents rung together: enter,
// offer, claim, release.
func BenchmarkCall(b *testing.B) {
	var crowd []acd.Agent
	for i := range 200 {
		crowd = append(crowd, acd.Agent{User: fmt.Sprint(i), Department: "desk"})
	}
	board := acd.New([]acd.Queue{hotline}, crowd, metrics.New("", "").Queue, slog.New(slog.DiscardHandler))
	go board.Run(b.Context())
	for _, a := range crowd {
		board.Registered(a.User, true)
	}
	b.ReportAllocs()
	for b.Loop() {
		t, err := board.Enter(acd.Caller{Call: "call", Queue: "hotline"})
		if err != nil {
			b.Fatal(err)
		}
		o := <-t.Offers()
		c, err := t.Claim(acd.Answer{User: o.Agents[0].User, At: time.Now()})
		if err != nil {
			b.Fatal(err)
		}
		board.Released(c.Agent.User, "call")
	}
}
