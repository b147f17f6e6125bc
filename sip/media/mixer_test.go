package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"pgregory.net/rapid"
)

// party is a phone on a wire that says its own tone without end.
type party struct {
	s    *Session
	hz   float64
	tone *Prompt
	h    rtp.Header
	srtp *secured // nil: plain RTP
}

// mixParties returns n sessions that say 400, 700, 1000 Hz and so on.
func mixParties(t *testing.T, pool *Pool, n int) (all []*party) {
	for i := range n {
		p := &party{s: wireSession(t, pool), hz: float64(400 + 300*i), h: rtp.Header{SSRC: uint32(i + 1), SequenceNumber: uint16(i * 7000)}}
		t.Cleanup(func() { p.s.Close() })
		tone := Tone(p.hz, time.Second)
		for k := range tone {
			tone[k] /= 8 // so that the sum of all is not distorted
		}
		p.tone = NewPrompt(tone)
		all = append(all, p)
	}
	return all
}

// talk lets everybody speak for d, a frame every 20 ms.
func talk(t *testing.T, w *wire, all []*party, d time.Duration) {
	for range d / frameTime {
		for _, p := range all {
			p.h.SequenceNumber++
			p.h.Timestamp += frameSamples
			b := datagram(t, p.h, p.tone.frame(PCMU, int(p.h.SequenceNumber)%p.tone.frames))
			if p.srtp != nil {
				b = p.srtp.seal(b)
			}
			w.put(p.s.Port(), b)
		}
		time.Sleep(frameTime)
	}
}

// heardBy returns the numbers of the tones sent from s in its last n frames.
func heardBy(t *testing.T, w *wire, s *Session, all []*party, n int) []int {
	t.Helper()
	sent, _ := frames(t, w, s)
	if len(sent) < n {
		t.Fatalf("%d frames, want %d", len(sent), n)
	}
	var audio []int16
	for _, p := range sent[len(sent)-n:] {
		audio = PCMU.Decode(audio, p.Payload)
	}
	var tones []int
	for i, p := range all {
		if level := ToneLevel(audio, p.hz); level > 0.03 {
			tones = append(tones, i)
		} else if level > 0.005 {
			t.Errorf("tone %d at level %v", i, level)
		}
	}
	return tones
}

// Joining, leaving, another role, another speaker and the end: what the others
// hear goes on, in one stream.
func TestMixChangesWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacer, pool, w := pacing(t, 4)
		all := mixParties(t, pool, 4)
		caller, agent, third, boss := all[0].s, all[1].s, all[2].s, all[3].s
		mix := pacer.Mix()
		step := func(name string, h Hears, want ...[]int) {
			t.Helper()
			if err := mix.Set(h); err != nil {
				t.Fatal(err)
			}
			talk(t, w, all, 500*time.Millisecond)
			for i, tones := range want {
				if got := heardBy(t, w, all[i].s, all, 15); !slices.Equal(got, tones) {
					t.Errorf("%s: %d hears %v, want %v", name, i, got, tones)
				}
			}
		}
		step("two", Meeting(caller, agent), []int{1}, []int{0})
		step("a third joins", Meeting(caller, agent, third), []int{1, 2}, []int{0, 2}, []int{0, 1})
		step("a supervisor listens", Meeting(caller, agent, third).Listen(boss), []int{1, 2}, []int{0, 2}, []int{0, 1}, []int{0, 1, 2})
		step("and whispers", Meeting(caller, agent, third).Whisper(boss, agent), []int{1, 2}, []int{0, 2, 3}, []int{0, 1}, []int{0, 1, 2})
		silent, _ := frames(t, w, third)
		step("the third leaves", Meeting(caller, agent).Whisper(boss, agent), []int{1}, []int{0, 3})
		if n, _ := frames(t, w, third); len(n) > len(silent)+1 {
			t.Error("sent after leaving")
		}
		agent.Close()
		talk(t, w, all[:1], 500*time.Millisecond)
		if got := heardBy(t, w, caller, all, 15); len(got) != 0 {
			t.Errorf("the caller hears %v when the agent has gone", got)
		}
		pacer.Play(caller, NewPrompt(all[3].tone.decoded()), true)
		step("who has another speaker joins again", Meeting(caller, boss), []int{3})
		for i, p := range all[:2] {
			sent, at := frames(t, w, p.s)
			breaks := 0
			for k := 1; k < len(sent); k++ {
				if sent[k].SequenceNumber != sent[k-1].SequenceNumber+1 || sent[k].SSRC != sent[0].SSRC {
					t.Fatalf("%d: %v after %v", i, sent[k].Header, sent[k-1].Header)
				}
				if at[k].Sub(at[k-1]) != frameTime {
					breaks++
				}
			}
			if breaks > 2*(1-i) { // the caller's prompt
				t.Errorf("%d: %d frames are not 20 ms after the one before", i, breaks)
			}
		}
		mix.Close()
		mix.Close()
		before := len(w.record(caller.Port()))
		talk(t, w, all[:1], 100*time.Millisecond)
		if n := len(w.record(caller.Port())); n != before {
			t.Error("sent after Close")
		}
		if err := mix.Set(Meeting(caller, boss)); !errors.Is(err, ErrMix) {
			t.Errorf("Set after Close: %v", err)
		}
	})
}

func TestMixHasRoomForEight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacer, pool, w := pacing(t, 9)
		all := mixParties(t, pool, 9)
		var who []*Session
		for _, p := range all {
			who = append(who, p.s)
		}
		mix := pacer.Mix()
		defer mix.Close()
		if err := mix.Set(Meeting(who[:8]...)); err != nil {
			t.Fatal(err)
		}
		if err := mix.Set(Meeting(who...)); !errors.Is(err, ErrMix) {
			t.Errorf("nine: %v", err)
		}
		talk(t, w, all, 500*time.Millisecond)
		for i := range 8 {
			want := slices.DeleteFunc([]int{0, 1, 2, 3, 4, 5, 6, 7}, func(k int) bool { return k == i })
			if got := heardBy(t, w, who[i], all, 20); !slices.Equal(got, want) {
				t.Errorf("%d hears %v", i, got)
			}
		}
	})
}

func TestStoppedPacerEndsMixes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool, w := wirePool(t, 2)
		running(t, pool)
		all := mixParties(t, pool, 2)
		both := Meeting(all[0].s, all[1].s)
		pacer := NewPacer()
		mix := pacer.Mix()
		if err := mix.Set(both); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		pacer.Run(ctx)
		for name, m := range map[string]*Mixer{"before": mix, "after": pacer.Mix()} {
			if err := m.Set(both); !errors.Is(err, ErrMix) {
				t.Errorf("a mix from %s the stop: %v", name, err)
			}
		}
		n := len(w.record(all[0].s.Port()))
		talk(t, w, all, 200*time.Millisecond)
		if len(w.record(all[0].s.Port())) != n || n < 49 {
			t.Errorf("%d packets in a second, and then more", n)
		}
	})
}

// A key of one party is not heard by the others.
func TestKeysAreNotMixed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacer, pool, w := pacing(t, 2)
		all := mixParties(t, pool, 2)
		keys := make(chan byte, 1)
		all[0].s.OnDigit(func(d byte) { keys <- d })
		mix := pacer.Mix()
		defer mix.Close()
		if err := mix.Set(Meeting(all[0].s, all[1].s)); err != nil {
			t.Fatal(err)
		}
		w.put(all[0].s.Port(), datagram(t, rtp.Header{PayloadType: 101, SSRC: 1, SequenceNumber: 1}, []byte{5, 10, 0, 160}))
		time.Sleep(200 * time.Millisecond)
		if d := <-keys; d != '5' {
			t.Errorf("key %c", d)
		}
		sent, _ := frames(t, w, all[1].s)
		for _, p := range sent {
			if p.PayloadType != 0 || slices.ContainsFunc(PCMU.Decode(nil, p.Payload), func(v int16) bool { return v != 0 }) {
				t.Fatalf("heard: %v", p)
			}
		}
	})
}

// The sum never wraps around, whatever is said.
func TestSumSaturates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := &member{}
		for range rapid.IntRange(0, 7).Draw(t, "speakers") {
			from := &member{}
			for i := range from.said {
				from.said[i] = rapid.Int16().Draw(t, "v")
				if i == 3 {
					break
				}
			}
			e.hears = append(e.hears, from)
		}
		var got [frameSamples]byte
		e.encode(got[:], PCMA)
		for i := range 4 {
			want := 0
			for _, from := range e.hears {
				want += int(from.said[i])
			}
			if b := encodeALaw(int16(min(max(want, -32768), 32767))); got[i] != b {
				t.Errorf("%d is sent as %#x, want %#x", want, got[i], b)
			}
		}
	})
}

// Three phones on real sockets, each saying a tone of its own.
func TestThreePhonesHearEachOther(t *testing.T) {
	pool, pacer := openPool(t), NewPacer()
	go pacer.Run(t.Context())
	var who []*Session
	var phones []*farEnd
	var tones []*Prompt
	hz := []float64{500, 900, 1500}
	for i, c := range []Codec{PCMU, PCMA, PCMA} {
		s := open(t, pool)
		f := newFarEnd(t, s, uint8(c))
		s.Apply(f.agreed(c, 101))
		who, phones = append(who, s), append(phones, f)
		tones = append(tones, NewPrompt(Tone(hz[i], time.Second)))
	}
	mix := pacer.Mix()
	defer mix.Close()
	if err := mix.Set(Meeting(who...)); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(frameTime)
	defer tick.Stop()
	heard := make([][]int16, 3)
	for k := range 40 {
		<-tick.C
		for i, f := range phones {
			f.send(tones[i].frame(Codec(f.h.PayloadType), k))
			p := f.receive()
			heard[i] = Codec(p.PayloadType).Decode(heard[i], p.Payload)
		}
	}
	for i := range phones {
		for k := range hz {
			level := ToneLevel(heard[i][20*frameSamples:], hz[k])
			if (level > 0.1) != (i != k) {
				t.Errorf("phone %d hears %v Hz at level %.3f", i, hz[k], level)
			}
		}
	}
}

// decoded returns the samples of pr.
func (pr *Prompt) decoded() []int16 { return PCMU.Decode(nil, pr.ulaw) }

// mixing returns a mix of n on real sockets and a function that lets everybody
// say a frame.
func mixing(tb testing.TB, n int) (*Mixer, func()) {
	pool := openPool(tb)
	var who []*Session
	var say []func()
	for i := range n {
		s := open(tb, pool)
		phone := newFarEnd(tb, s, uint8(PCMA))
		s.Apply(phone.agreed(PCMA, 101))
		who = append(who, s)
		h := rtp.Header{SSRC: uint32(i), PayloadType: uint8(PCMA)}
		wire, buf := datagram(tb, h, make([]byte, frameSamples)), make([]byte, headerLen+frameSamples)
		seq, source := uint16(0), phone.addr()
		say = append(say, func() {
			copy(buf, wire)
			seq++
			buf[2], buf[3] = byte(seq>>8), byte(seq)
			ts := uint32(seq) * frameSamples
			buf[4], buf[5], buf[6], buf[7] = byte(ts>>24), byte(ts>>16), byte(ts>>8), byte(ts)
			s.receive(buf, source, time.Now())
		})
	}
	m := NewPacer().Mix() // stepped by hand
	tb.Cleanup(m.Close)
	if err := m.Set(Meeting(who...)); err != nil {
		tb.Fatal(err)
	}
	return m, func() {
		for _, f := range say {
			f()
		}
	}
}

func TestMixingAllocatesNothing(t *testing.T) {
	m, say := mixing(t, 3)
	if n := testing.AllocsPerRun(500, func() { say(); m.step(0) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkMix(b *testing.B) {
	for _, n := range []int{3, 8} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m, say := mixing(b, n)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				say()
				b.StartTimer()
				m.step(0)
			}
		})
	}
}

// Who goes from a bridge to a mix misses nothing: not a frame of what the other
// says, and no longer than two frames pass without a packet.
func TestMixTakesOverFromBridge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacer, pool, w := pacing(t, 3)
		all := mixParties(t, pool, 3)
		caller, agent, boss := all[0].s, all[1].s, all[2].s
		said := byte(0)
		say := func(frames int) {
			for range frames {
				said++
				for _, p := range all[:2] {
					p.h.SequenceNumber++
					p.h.Timestamp += frameSamples
					w.put(p.s.Port(), datagram(t, p.h, bytes.Repeat([]byte{said}, frameSamples)))
				}
				time.Sleep(frameTime)
			}
		}
		Connect(caller, agent)
		say(25)
		mix := pacer.Mix()
		defer mix.Close()
		if err := mix.Set(Meeting(caller, agent).Listen(boss)); err != nil {
			t.Fatal(err)
		}
		say(25)
		if err := mix.Set(Meeting(caller, agent)); err != nil {
			t.Fatal(err)
		}
		say(25)
		for _, s := range []*Session{caller, agent} {
			sent, at := frames(t, w, s)
			heard := map[byte]bool{}
			for k, p := range sent {
				heard[p.Payload[0]] = true
				if k == 0 {
					continue
				}
				before := sent[k-1]
				if p.SequenceNumber != before.SequenceNumber+1 || p.SSRC != before.SSRC {
					t.Fatalf("%v after %v", p.Header, before.Header)
				}
				if gap := at[k].Sub(at[k-1]); gap > 2*frameTime {
					t.Errorf("%s without a packet", gap)
				}
			}
			for n := byte(1); n < 70; n++ { // the last ones are still in the buffer
				if !heard[n] {
					t.Errorf("frame %d is not heard", n)
				}
			}
			if len(heard) > 75 {
				t.Errorf("%d different frames of 75: something else is heard", len(heard))
			}
		}
		if got, _ := frames(t, w, boss); len(got) < 20 {
			t.Errorf("the listener was sent %d frames", len(got))
		}
	})
}
