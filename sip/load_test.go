package sip_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// settled waits until read is at most want.
func settled(t testing.TB, what string, want int, read func() int) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(60 * time.Second)
	for read() > want {
		select {
		case <-tick.C:
		case <-deadline:
			buf := make([]byte, 1<<16)
			t.Fatalf("%d %s, want %d\n%s", read(), what, want, buf[:runtime.Stack(buf, true)])
		}
	}
}

// Not parallel: it counts the goroutines of the process.
func TestNothingIsLeftOfManyCalls(t *testing.T) {
	b := newBed(t)
	const calls = 100 // of each caller
	answered := siptest.Config{Trace: -1, NoAudio: true}
	b.phone(t, "1001", siptest.Config{NoAudio: true, Trace: -1, Answer: func(c *siptest.Call) { _ = c.Answer() }})
	callers := make([]siptest.TestPhone, 20)
	for i := range callers {
		callers[i] = b.caller(t, answered)
	}
	deaf := b.phone(t, "1002", siptest.Config{Manual: true})
	before := runtime.NumGoroutine() // sockets in quarantine would count later: no call yet

	leg := b.dial(t, "1002") // which rings and ignores CANCEL
	deaf.Reply(deaf.Expect("INVITE"), 180, "")
	next[sip.Ringing](t, b, leg)
	leg.Hangup(sip.Hangup{})
	deaf.Reply(deaf.Expect("CANCEL"), 200, "")

	var running sync.WaitGroup
	for _, p := range callers {
		running.Go(func() {
			for i := range calls {
				c, err := p.Phone.Dial(b.hotline())
				if err != nil {
					t.Error(err)
					return
				}
				if i%4 == 3 { // gives up
					_, _ = c.Ringing(t.Context())
				} else if _, err := c.Answered(t.Context()); err != nil {
					t.Error(err)
				}
				if err := c.Hangup(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	contact := b.ua.Contacts("1001")[0]
	var agents sync.WaitGroup
	for n := range len(callers) * calls {
		leg := receive(t, b.calls)
		leg.Ring()
		if n%4 == 0 { // and rings a phone, as calls do
			other, err := b.ua.Dial(contact, sip.Dialing{Log: testLog(), Events: func(sip.Event) {}})
			if err != nil {
				t.Fatal(err)
			}
			agents.Go(func() { <-leg.Done(); other.Hangup(sip.Hangup{}); <-other.Done() })
		}
		leg.Answer()
		drainEvents(b)
	}
	receive(t, done)
	agents.Wait()
	settled(t, "legs", 0, b.ua.Legs)
	// sipgo's goroutines of single messages and the drained ports are gone soon;
	// its transactions live on in timers, not in goroutines.
	settled(t, "goroutines", before, runtime.NumGoroutine)
}

func drainEvents(b *bed) {
	for len(b.events) > 0 {
		<-b.events
	}
}

// BenchmarkCall is a whole call, answered and hung up by the caller, with the
// phones in the same process.
func BenchmarkCall(bench *testing.B) {
	b := newBed(bench)
	go func() {
		for leg := range b.calls {
			leg.Answer()
		}
	}()
	go func() {
		for range b.events {
		}
	}()
	bench.RunParallel(func(pb *testing.PB) {
		p := b.caller(bench, siptest.Config{Trace: -1, NoAudio: true})
		for pb.Next() {
			c, err := p.Phone.Dial(b.hotline())
			if err == nil {
				_, err = c.Answered(bench.Context())
			}
			if err == nil {
				err = c.Hangup(bench.Context())
			}
			if err != nil {
				bench.Error(err)
				return
			}
		}
	})
	bench.ReportMetric(float64(bench.N)/bench.Elapsed().Seconds(), "calls/s")
}

// BenchmarkLegMemory holds bench.N calls of a phone that remembers nothing; the
// heap is that of legs, audio and sipgo's transactions together.
func BenchmarkLegMemory(bench *testing.B) {
	b := newBed(bench)
	p := b.caller(bench, siptest.Config{Manual: true, NoAudio: true, Trace: -1})
	audio := p.NewAudio()
	heap := func() (m runtime.MemStats) {
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m
	}
	before, goroutines := heap(), runtime.NumGoroutine()
	for range bench.N {
		invite := p.Send(p.Request("INVITE", b.hotline()).WithSDP(audio.SDP(siptest.SendRecv)))
		leg := <-b.calls
		answered := make(chan *siptest.Message, 1)
		go func() { answered <- p.Expect("200 INVITE") }()
		leg.Answer()
		p.Send(invite.Ack(<-answered))
		<-b.events
	}
	after := heap()
	n := float64(bench.N)
	bench.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/n, "heap-B/leg")
	bench.ReportMetric((float64(after.StackInuse)-float64(before.StackInuse))/n, "stack-B/leg")
	bench.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/n, "goroutines/leg")
}
