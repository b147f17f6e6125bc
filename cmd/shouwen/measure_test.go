package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"shouwen/sip/media"
	"shouwen/sip/siptest"
)

// BenchmarkPickUp measures what caller and agent wait for, from the phones' own
// clocks: go test -run - -bench PickUp -benchtime 100x ./cmd/shouwen
func BenchmarkPickUp(b *testing.B) {
	s := startBed(b, testConfig(b), serverOptions{agents: 3, anyPort: true})
	phones := s.agents(3)
	caller := s.caller(numbered(1))
	var toRinging, toOffer, toAudio []time.Duration
	for b.Loop() {
		dialed := time.Now()
		c := caller.Dial(s.Hotline)
		ringing := incoming(phones)
		toRinging = append(toRinging, c.Ringing().At.Sub(dialed))
		toOffer = append(toOffer, ringing[0].Invite.At.Sub(dialed))
		c.Hears(musicSays)
		answered := time.Now()
		ringing[0].Answer()
		c.Hears(toneOf(0))
		ringing[0].Hears(callerSays)
		toAudio = append(toAudio, max(firstHeard(c, toneOf(0)).Sub(answered), firstHeard(ringing[0], callerSays).Sub(answered)))
		c.Hangup()
		for _, r := range ringing {
			r.Ended()
		}
	}
	b.ReportMetric(0, "ns/op")
	for name, all := range map[string][]time.Duration{"ring": toRinging, "offer": toOffer, "audio": toAudio} {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, name+"-p50-ms")
		b.ReportMetric(float64(all[len(all)*95/100].Microseconds())/1000, name+"-p95-ms")
	}
}

// firstHeard is when the frame with the beginning of a tone came. Frames come
// every 20 ms from the first one on.
func firstHeard(c siptest.TestCall, hz int) time.Time {
	const frame = 160
	began := c.Streams()[0].First
	i := 0
	for f := range slices.Chunk(c.Record(), frame) {
		if len(f) == frame && media.ToneLevel(f, float64(hz)) > 0.1 {
			break
		}
		i++
	}
	return began.Add(time.Duration(i) * 20 * time.Millisecond)
}

// BenchmarkMemory measures the program, PostgreSQL not counted, at idle and with
// 50 bridged calls: go test -run - -bench Memory -benchtime 1x ./cmd/shouwen
func BenchmarkMemory(b *testing.B) {
	const calls = 50
	for b.Loop() {
		c := prepare(b, time.Second).start(b, "--agents", strconv.Itoa(calls))
		idle := resident(b, c.PID)
		for i := range calls {
			register(b, c.Ready, i, siptest.Config{Tone: agentSays, Answer: siptest.AnswerAfter(0)})
		}
		registered := resident(b, c.PID)
		for i := range calls {
			outside(b, c.Ready, numbered(i)).Dial(c.Hotline).Hears(agentSays)
		}
		bridged := resident(b, c.PID)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(idle, "idle-MiB")
		b.ReportMetric(registered, "registered-MiB")
		b.ReportMetric(bridged, "bridged-MiB")
	}
}

// resident is the memory of a process, in MiB.
func resident(t testing.TB, pid int) float64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("needs /proc of Linux: ", err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return float64(kib) / 1024
}
