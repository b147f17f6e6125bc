package main

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"shouwen/sip/siptest"
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
		common: both, Server: (<-at).String(), To: "uas", Rate: 5, Concurrent: 10, Callers: 1000, Hold: 500 * time.Millisecond,
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

// TestAgentsAreMatchedToCallers runs callers and agents against a server that
// registers everybody and puts each call through to whoever is free.
func TestAgentsAreMatchedToCallers(t *testing.T) {
	t.Parallel()
	var server siptest.TestPhone
	idle := make(chan string, 2) // contacts; the first comes when server is set
	server = siptest.New(t, "", siptest.Config{NoAudio: true, Answer: func(in *siptest.Call) {
		contact := <-idle
		out, err := server.Phone.Dial(strings.Trim(contact, "<>"), "From: "+in.Invite.Get("From"))
		if err == nil {
			_, err = out.Answered(context.Background())
		}
		if err != nil || in.Answer() != nil {
			t.Errorf("put through: %v", err)
			return
		}
		select {
		case <-in.Done():
			err = out.Hangup(context.Background())
		case <-out.Done():
			err = in.Hangup(context.Background())
		}
		if err != nil {
			t.Errorf("hang up: %v", err)
		}
		idle <- contact
	}})
	go func() {
		for range 2 {
			m, err := server.Phone.Expect(t.Context(), "REGISTER")
			if err != nil {
				t.Error(err)
				return
			}
			idle <- m.Get("Contact")
		}
	}()
	l, err := newLoad(callsCmd{
		common: common{For: time.Second, Local: "127.0.0.1", Quiet: true}, Agents: -1,
		Server: server.Addr().String(), To: "12345", Rate: 10, Concurrent: 10, Callers: 1000, Hold: 100 * time.Millisecond,
		HangUp: "either", PickUp: "first", Patience: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	l.target.Agents = []agent{{User: "1001"}, {User: "1002"}}
	r, err := l.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Calls; c.Placed != 10 || c.Completed != 10 || c.Foreign != 0 || c.Stuck != 0 {
		t.Errorf("%+v", c)
	}
	for _, latency := range r.Latencies {
		if latency.Name != "BYE to 200" && latency.Count != 10 {
			t.Errorf("%s: %d times", latency.Name, latency.Count)
		}
	}
	if n := server.Count("REGISTER"); n != 4 {
		t.Errorf("%d REGISTERs, want one to come and one to go of each agent", n)
	}
}
