package console

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"shouwen/ivr/acd"
)

// TestASlowReaderHoldsUpNobody: who does not read gets the latest when he does, and
// neither who changes something nor the other readers notice him.
func TestASlowReaderHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		f := NewFeed(func() []Call { return make([]Call, calls.Load()) }, func() acd.Snapshot { return acd.Snapshot{} })
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- f.Run(ctx) }()
		slow, quick := f.watch(ctx), f.watch(ctx)
		<-quick.news
		began := time.Now()
		for n := range int32(1000) {
			calls.Store(n)
			f.Changed()
			f.CasesChanged()
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("a thousand changes waited %s", took)
		}
		time.Sleep(time.Second)
		if m := <-quick.news; len(m.Calls) != 999 || m.cases == 0 {
			t.Errorf("who reads has %d calls, cases %d", len(m.Calls), m.cases)
		}
		if m := <-slow.news; len(m.Calls) != 999 {
			t.Errorf("who reads late has %d calls", len(m.Calls))
		}
		select {
		case <-slow.news:
			t.Error("and what is older besides")
		default:
		}
		looks := time.Now()
		<-quick.news
		if waited := time.Since(looks); waited > feedBeat {
			t.Errorf("nothing happens, and the page is told after %s", waited)
		}
		f.unwatch(slow)
		calls.Store(7)
		f.Changed()
		if m := <-quick.news; len(m.Calls) != 7 {
			t.Errorf("%d calls", len(m.Calls))
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if f.watch(t.Context()) != nil {
			t.Error("watched though it is over")
		}
		f.unwatch(quick)
		f.Changed() // harmless
	})
}

// TestHappeningsTogetherAreToldTogether: a storm of calls does not make a storm of looks
// at the board.
func TestHappeningsTogetherAreToldTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		f := NewFeed(func() []Call { looks++; return nil }, func() acd.Snapshot { return acd.Snapshot{} })
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- f.Run(ctx) }()
		f.Changed()
		synctest.Wait()
		if looks != 0 {
			t.Error("looked though nobody watches")
		}
		w := f.watch(ctx)
		<-w.news
		for range 300 {
			f.Changed()
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		if most := 2 + int(3*time.Second/feedPause); looks > most {
			t.Errorf("%d looks in 3 s, want at most %d", looks, most)
		}
		cancel()
		<-ended
	})
}
