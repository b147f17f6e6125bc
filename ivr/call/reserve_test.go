package call

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// Many calls want the same agent at once: one has him, and after it another may.
func TestOneCallReservesAnAgent(t *testing.T) {
	board := acd.New([]acd.Queue{{Name: "hotline"}}, []acd.Agent{{User: "a"}, {User: "b"}}, metrics.New("", "").Queue, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() { ran <- board.Run(ctx) }()
	defer func() {
		stop()
		<-ran
	}()
	s := &Switch{Board: board}
	for round := range 50 {
		var got atomic.Int32
		var winner atomic.Value
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if call := fmt.Sprint(round, i); s.reserve("a", call) {
					got.Add(1)
					winner.Store(call)
				}
			})
		}
		all.Wait()
		if got.Load() != 1 {
			t.Fatalf("%d calls have the agent", got.Load())
		}
		s.free("a", winner.Load().(string))
	}
	board.Busy("b", "another")
	if s.reserve("b", "call") {
		t.Error("reserved in another call")
	}
	if p := board.Snapshot().Agents[1]; p.Call != "another" {
		t.Errorf("agent %+v", p)
	}
}
