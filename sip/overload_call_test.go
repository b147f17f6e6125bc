package sip_test

import (
	"testing"
	"time"

	"shouwen/sip/siptest"
)

// While the process lags new calls are refused, and only they; each caller is told
// of once. All is as before when the lag is over.
func TestLagRefusesNewCallsOnly(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.script(t)
	_, d, _, _ := b.scripted(t, p)
	stop := b.rejectAll()
	defer stop()
	caller := b.caller(t, siptest.Config{User: "+861055550199"})

	b.lag.Store(int64(5 * time.Second))
	limit := time.Now().Add(10 * time.Second)
	for refused := 0; refused < 5; { // the least is taken at any lag
		if time.Now().After(limit) {
			t.Fatalf("%d calls refused within 10 s, want 5", refused)
		}
		switch res := caller.Dial(b.hotline()).Ended(); {
		case res.Status == 486:
		case res.Status != 503 || res.Get("Retry-After") == "":
			t.Fatalf("want 503 with Retry-After:\n%s", res)
		default:
			refused++
		}
	}
	if n := b.metric(t, "shouwen_sip_dropped_total", `reason="lag"`); n < 5 {
		t.Errorf("%v refusals counted, want 5", n)
	}
	b.phone(t, "1001", siptest.Config{}) // registers
	p.Send(p.Request("OPTIONS", b.hotline()))
	p.Expect("200 OPTIONS")
	for _, method := range []string{"INFO", "OPTIONS", "BYE"} {
		p.Send(d.Request(method))
		p.Expect("200 " + method)
	}
	if n := len(b.refused); n > 0 {
		t.Errorf("%d refused callers told of while there is no time for it", n)
	}

	b.lag.Store(0)
	if code := receive(t, b.refused); code != 503 {
		t.Errorf("told of %d, want 503", code)
	}
	for in := 0; in < 20; { // calm again
		if caller.Dial(b.hotline()).Ended().Status == 486 {
			in++
		} else {
			in = 0
		}
	}
}

// rejectAll answers every call from now on with 486, until stop.
func (b *bed) rejectAll() (stop func()) {
	done := make(chan struct{})
	go func() {
		for {
			select {
			case l := <-b.calls:
				l.Reject(486, "Busy Here")
			case <-b.events:
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}
