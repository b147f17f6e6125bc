package main

import (
	"context"
	"net/netip"
	"testing"
	"time"
)

// TestPairMeasuresItself lets callers call a uas in this process, with audio.
func TestPairMeasuresItself(t *testing.T) {
	t.Parallel()
	both := common{For: 3 * time.Second, RTP: true, Local: "127.0.0.1", Quiet: true}
	answering := both
	answering.For = time.Minute
	at := make(chan netip.AddrPort, 1)
	answered := make(chan *Report, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		r, err := uasCmd{common: answering}.serve(ctx, func(a netip.AddrPort) { at <- a })
		if err != nil {
			t.Error(err)
		}
		answered <- r
	}()
	l, err := newLoad(callsCmd{
		common: both, Server: (<-at).String(), To: "uas", Rate: 5, Concurrent: 10, Hold: 500 * time.Millisecond,
		HangUp: "caller", PickUp: "first", Patience: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stop()
	other := <-answered
	if r.Calls.Placed != 15 || r.Calls.Completed != 15 || other.Calls.Completed != 15 || len(r.Calls.Failures) > 0 {
		t.Errorf("callers: %+v\nuas: %+v", r.Calls, other.Calls)
	}
	for _, latency := range r.Latencies {
		agents := latency.Name == "INVITE to agent's INVITE" || latency.Name == "INVITE to agent's 200" || latency.Name == "pick-up to audio at agent"
		switch {
		case latency.Name == "one-way delay of audio":
			if latency.Count != r.Audio.Stamped {
				t.Errorf("delay of %d packets, %d had stamps", latency.Count, r.Audio.Stamped)
			}
		case latency.Name == "BYE to 200": // not of calls that the end of the run cut short
			if latency.Count < 8 || latency.Count > 13 {
				t.Errorf("%d BYEs", latency.Count)
			}
		case agents != (latency.Count == 0) || !agents && latency.Count != 15:
			t.Errorf("%s: %d times", latency.Name, latency.Count)
		}
	}
	// 15 calls of 25 frames; the echo of the last comes too late.
	if a := r.Audio; a.Sent < 200 || a.Sent > 15*30 || a.Received < a.Sent-2*15 || a.Stamped != a.Received || a.Missing != 0 || a.Deaf != 0 {
		t.Errorf("audio: %+v", a)
	}
	if g := r.Generator; g.Unsent != 0 {
		t.Errorf("generator: %+v", g)
	}
}
