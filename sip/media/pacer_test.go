package media

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
)

// pacing returns a running pacer and pool in the bubble of a test. Each write
// calls slow, if there is one.
func pacing(t *testing.T, pairs int, slow ...func()) (*Pacer, *Pool, *wire) {
	pool, w := wirePool(t, pairs)
	for _, f := range slow {
		w.slow = f
	}
	running(t, pool)
	pacer := NewPacer()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); pacer.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return pacer, pool, w
}

// frames returns the RTP packets sent from a session.
func frames(t *testing.T, w *wire, s *Session) (out []rtp.Packet, at []time.Time) {
	t.Helper()
	for _, d := range w.record(s.Port()) {
		var p rtp.Packet
		if err := p.Unmarshal(d.b); err != nil {
			t.Fatal(err)
		}
		out, at = append(out, p), append(at, d.at)
	}
	return out, at
}

func TestPromptIsPacedWithoutDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const seconds = 120
		pacer, pool, w := pacing(t, 1)
		s := wireSession(t, pool)
		defer s.Close()
		pb := pacer.Play(s, NewPrompt(Tone(440, seconds*time.Second)), false)
		<-pb.Done()
		if pb.Result() != PlayCompleted {
			t.Errorf("result %s", pb.Result())
		}
		packets, at := frames(t, w, s)
		if len(packets) != seconds*50 {
			t.Fatalf("%d frames, want %d", len(packets), seconds*50)
		}
		for i, p := range packets {
			if want := at[0].Add(time.Duration(i) * frameTime); !at[i].Equal(want) {
				t.Fatalf("frame %d at %v, want %v", i, at[i].Sub(at[0]), want.Sub(at[0]))
			}
			if p.SequenceNumber != packets[0].SequenceNumber+uint16(i) || p.Timestamp != packets[0].Timestamp+uint32(i*frameSamples) || p.Marker != (i == 0) {
				t.Fatalf("frame %d: %v", i, p.Header)
			}
		}
	})
}

// A pacer held up for up to three frames sends them at once; of more, the time
// is given up and the timestamp says so.
func TestPacerCatchesUp(t *testing.T) {
	tests := map[string]struct {
		stall time.Duration
		burst int // the frame that took long, the one on time and up to three late ones
		jump  uint32
	}{
		"two frames":   {40 * time.Millisecond, 3, 160},
		"three frames": {60 * time.Millisecond, 4, 160},
		"a second":     {time.Second, 5, 160 * 47},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent atomic.Int32
				pacer, pool, w := pacing(t, 1, func() {
					if sent.Add(1) == 10 {
						time.Sleep(tt.stall)
					}
				})
				s := wireSession(t, pool)
				defer s.Close()
				pb := pacer.Play(s, NewPrompt(Tone(440, time.Second)), false)
				<-pb.Done()
				packets, at := frames(t, w, s)
				if len(packets) != 50 {
					t.Fatalf("%d frames, want 50", len(packets))
				}
				burst, jump := 0, uint32(0)
				for i := range packets {
					if at[i].Equal(at[9]) {
						burst++
					}
					if i == 0 {
						continue
					}
					step := packets[i].Timestamp - packets[i-1].Timestamp
					jump = max(jump, step)
					if packets[i].Marker != (step > 160) {
						t.Errorf("packet %d, %d later: marker %v", i, step, packets[i].Marker)
					}
				}
				if burst != tt.burst || jump != tt.jump {
					t.Errorf("%d frames at once and a jump of %d, want %d and %d", burst, jump, tt.burst, tt.jump)
				}
				clock := time.Duration(packets[49].Timestamp-packets[0].Timestamp) * time.Second / 8000
				if off := at[49].Sub(at[0]) - clock; off.Abs() > frameTime {
					t.Errorf("timestamps are off the clock by %v", off)
				}
			})
		})
	}
}

func TestLoopGoesOnUntilStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacer, pool, w := pacing(t, 1)
		s := wireSession(t, pool)
		defer s.Close()
		pb := pacer.Play(s, NewPrompt(make([]int16, 3*frameSamples)), true)
		time.Sleep(10 * time.Second)
		pb.Stop()
		pb.Stop()
		<-pb.Done()
		n, _ := frames(t, w, s)
		if len(n) < 499 || len(n) > 501 || pb.Result() != PlayInterrupted {
			t.Errorf("%d frames in 10 s, result %s", len(n), pb.Result())
		}
		time.Sleep(time.Second)
		if later, _ := frames(t, w, s); len(later) != len(n) {
			t.Error("frames after Stop")
		}
	})
}

func TestPlaybacksThatEndAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacer, pool, _ := pacing(t, 3)
		a, b := wireSession(t, pool), wireSession(t, pool)
		long := NewPrompt(make([]int16, 80000))
		empty := pacer.Play(a, NewPrompt(nil), true)
		<-empty.Done()
		if empty.Result() != PlayCompleted {
			t.Errorf("empty prompt: %s", empty.Result())
		}
		for name, cut := range map[string]func(){
			"another prompt": func() { pacer.Play(a, long, false) },
			"a bridge":       func() { Connect(a, b) },
			"the end":        func() { a.Close() },
		} {
			pb := pacer.Play(a, long, false)
			time.Sleep(100 * time.Millisecond)
			cut()
			begin := time.Now()
			<-pb.Done()
			if pb.Result() != PlayInterrupted || time.Since(begin) > frameTime {
				t.Errorf("cut by %s: %s after %v", name, pb.Result(), time.Since(begin))
			}
			if name == "the end" {
				a = wireSession(t, pool)
			}
		}
		a.Close()
		b.Close()
	})
}

func TestStoppedPacerInterrupts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool, _ := wirePool(t, 1)
		running(t, pool)
		s := wireSession(t, pool)
		defer s.Close()
		pacer := NewPacer()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		music := NewPrompt(make([]int16, 8000))
		before := pacer.Play(s, music, true)
		pacer.Run(ctx)
		<-before.Done()
		after := pacer.Play(s, music, true)
		<-after.Done()
		if before.Result() != PlayInterrupted || after.Result() != PlayInterrupted {
			t.Errorf("results %s, %s", before.Result(), after.Result())
		}
	})
}

// Many sessions share the pacer; each has its own 20 ms, and they do not all
// send at the same moment.
func TestSessionsAreSpreadOverTheFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 64
		pacer, pool, w := pacing(t, n)
		moments := map[time.Duration]int{}
		var all []*Session
		music := NewPrompt(make([]int16, 8000))
		for range n {
			s := wireSession(t, pool)
			defer s.Close()
			all = append(all, s)
			pacer.Play(s, music, true)
		}
		begin := time.Now()
		time.Sleep(time.Second)
		for _, s := range all {
			packets, at := frames(t, w, s)
			if len(packets) < 49 || len(packets) > 51 {
				t.Errorf("%d frames in a second", len(packets))
			}
			moments[at[5].Sub(begin)%frameTime]++
		}
		for moment, sessions := range moments {
			if sessions > n/slotsPerFrame {
				t.Errorf("%d of %d sessions send at %v of the frame", sessions, n, moment)
			}
		}
	})
}
