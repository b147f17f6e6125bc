package media

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

// voiceOf returns random audio. No sample of it is 0, so silence tells itself
// apart.
func voiceOf(seed uint64, n int) (octets []byte, values []int16) {
	r := rand.New(rand.NewPCG(seed, 1))
	octets = make([]byte, n)
	for i := range octets {
		octets[i] = byte(r.Uint32())
	}
	return octets, PCMA.Decode(nil, octets)
}

// sent is a packet on its way.
type sent struct {
	from   int // first sample
	octets []byte
	at     time.Duration // arrival
}

// packets cuts octets into packets of ptime, each sent when its last sample was
// spoken and delayed by what delay says; in the order of arrival.
func packets(octets []byte, ptime time.Duration, delay func(i int) time.Duration) (out []sent) {
	n := int(samples(ptime))
	for i := 0; (i+1)*n <= len(octets); i++ {
		out = append(out, sent{i * n, octets[i*n:][:n], time.Duration(i)*ptime + delay(i)})
	}
	slices.SortStableFunc(out, func(a, b sent) int { return cmp.Compare(a.at, b.at) })
	return out
}

// putAll puts a packet of any length into b.
func putAll(b *playout, ssrc, ts uint32, octets []byte) {
	r := newRing(16)
	r.write(&Packet{SSRC: ssrc, TS: ts, Codec: PCMA, Payload: octets})
	for c := r.peek(); c != nil; c = r.peek() {
		b.put(c)
		r.drop()
	}
}

// hear returns what is played when the packets come and a frame is pulled every
// 20 ms from phase on, until a second after the last packet.
func hear(b *playout, in []sent, origin uint32, phase time.Duration) (out []int16) {
	var f [frameSamples]int16
	for now := phase; len(in) > 0 || now < phase; now += frameTime {
		for len(in) > 0 && in[0].at <= now {
			putAll(b, 7, origin+uint32(in[0].from), in[0].octets)
			in = in[1:]
		}
		b.pull(&f)
		out = append(out, f[:]...)
	}
	for range 50 {
		b.pull(&f)
		out = append(out, f[:]...)
	}
	return out
}

// begins returns where the silence before what is played ends.
func begins(out []int16) int {
	return max(slices.IndexFunc(out, func(v int16) bool { return v != 0 }), 0)
}

func TestPlayoutLosesNothingToJitterBelow60ms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		octets, want := voiceOf(rapid.Uint64().Draw(t, "voice"), 8000)
		ptime := rapid.SampledFrom([]time.Duration{5 * ms, 10 * ms, 20 * ms, 30 * ms, 40 * ms, 60 * ms}).Draw(t, "ptime")
		most := 59
		if ptime == 30*ms { // every other packet begins amid a frame, which is due 10 ms before
			most = 49
		}
		jitter := rapid.SliceOfN(rapid.IntRange(0, most), 1, 40).Draw(t, "jitter")
		in := packets(octets, ptime, func(i int) time.Duration { return time.Duration(jitter[i%len(jitter)]) * ms })
		phase := time.Duration(rapid.IntRange(0, 19).Draw(t, "phase")) * ms
		out := hear(&playout{}, in, rapid.Uint32().Draw(t, "origin"), phase)
		want = want[:len(want)/int(samples(ptime))*int(samples(ptime))]
		at := begins(out)
		if len(out)-at < len(want) || !slices.Equal(out[at:][:len(want)], want) {
			t.Fatal("not what was said")
		}
	})
}

func TestPlayoutPutsLossWhereItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		octets, want := voiceOf(rapid.Uint64().Draw(t, "voice"), 16000)
		in := packets(octets, frameTime, func(int) time.Duration { return 0 })
		lost := map[int]bool{}
		for range rapid.IntRange(0, 30).Draw(t, "losses") {
			lost[rapid.IntRange(1, 98).Draw(t, "lost")*frameSamples] = true
		}
		in = slices.DeleteFunc(in, func(p sent) bool { return lost[p.from] })
		out := hear(&playout{}, in, rapid.Uint32().Draw(t, "origin"), ms)
		out = out[begins(out):]
		run := 0
		for i := 0; i < len(want); i += frameSamples {
			got := out[i:][:frameSamples]
			if !lost[i] {
				run = 0
				if !slices.Equal(got, want[i:][:frameSamples]) {
					t.Fatalf("sample %d is not what was said", i)
				}
				continue
			}
			run++
			silent := !slices.ContainsFunc(got, func(v int16) bool { return v != 0 })
			if silent != (run > 3) {
				t.Fatalf("frame %d of a gap is silent: %v", run, silent)
			}
		}
	})
}

// Whatever came before: after 200 ms of good packets what is said is heard.
func TestPlayoutRecoversFromAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b playout
		var f [frameSamples]int16
		near := rapid.Uint32().Draw(t, "near")
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "pull") {
				b.pull(&f)
				continue
			}
			ts := near + rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(0, 4000)).Draw(t, "ts")
			putAll(&b, rapid.Uint32Range(6, 7).Draw(t, "ssrc"), ts, make([]byte, rapid.IntRange(0, 500).Draw(t, "length")))
			if lead := int32(b.end - b.next); lead > playoutMax+frameSamples {
				t.Fatalf("%d samples ahead", lead)
			}
		}
		octets, want := voiceOf(3, 8000)
		in := packets(octets, frameTime, func(int) time.Duration { return 0 })
		out := hear(&b, in, rapid.OneOf(rapid.Uint32(), rapid.Just(near)).Draw(t, "origin"), 0)
		tail := want[1600:]
		for at := range len(out) - len(tail) {
			if slices.Equal(out[at:][:len(tail)], tail) {
				return
			}
		}
		t.Fatal("what was said is not heard")
	})
}

// A pause of the speaker costs nothing of what follows, whether the clock of
// the stream goes on meanwhile or stands still.
func TestPlayoutAfterAPause(t *testing.T) {
	for name, clock := range map[string]int{"clock goes on": 3 * 8000, "clock stands still": 0} {
		t.Run(name, func(t *testing.T) {
			octets, want := voiceOf(5, 16000)
			in := packets(octets, frameTime, func(int) time.Duration { return 0 })
			for i := range in[50:] {
				in[50+i].at += 3 * time.Second
				in[50+i].from += clock
			}
			out := hear(&playout{}, in, 1<<32-9000, 0)
			first := begins(out)
			if !slices.Equal(out[first:][:8000], want[:8000]) {
				t.Error("before the pause")
			}
			second := first + 8000 + playoutFade
			second += begins(out[second:])
			if !slices.Equal(out[second:][:8000], want[8000:]) {
				t.Error("after the pause")
			}
			if pause := second - first - 8000; pause < 3*8000-frameSamples || pause > 3*8000+playoutStart+2*frameSamples {
				t.Errorf("a pause of %d samples", pause)
			}
		})
	}
}

// Clocks that are not ours: the delay stays within bounds, and what is lost or
// made up is what the clocks differ by.
func TestPlayoutFollowsTheClock(t *testing.T) {
	for name, ptime := range map[string]time.Duration{
		"0.1 % fast": 19980 * time.Microsecond, "0.1 % slow": 20020 * time.Microsecond,
		"exact": frameTime,
	} {
		t.Run(name, func(t *testing.T) {
			const minute = 3000
			var b playout
			var f [frameSamples]int16
			k, uneven := 0, 0
			for pull := range 10 * minute {
				for time.Duration(k)*ptime <= time.Duration(pull)*frameTime {
					putAll(&b, 1, uint32(k*frameSamples), slices.Repeat([]byte{0x90}, frameSamples))
					k++
				}
				before := b.next
				b.pull(&f)
				if b.next != before+frameSamples || b.missed > 0 {
					uneven++
				}
				if lead := int32(b.end - b.next); lead < -frameSamples || lead > playoutMax {
					t.Fatalf("lead of %d samples at %d", lead, pull)
				}
			}
			if limit := max(k-10*minute, 10*minute-k) + 4; uneven > limit {
				t.Errorf("%d frames made up or left out, want at most %d", uneven, limit)
			}
		})
	}
}

func TestPlayoutKeepsNoDelayItDoesNotNeed(t *testing.T) {
	octets, _ := voiceOf(1, 30*8000)
	in := packets(octets, frameTime, func(i int) time.Duration {
		if i > 50 && i < 100 { // the way is longer for a second
			return 150 * ms
		}
		return 0
	})
	lead := func(seconds int) int32 {
		var b playout
		hear(&b, in[:50*seconds], 0, 0)
		return int32(b.end-b.next) + 50*frameSamples // which hear has pulled since the last packet
	}
	if d := lead(3); d < playoutStart+3*frameSamples {
		t.Fatalf("lead of %d samples after the second", d)
	}
	if d := lead(30); d > playoutStart+2*frameSamples {
		t.Errorf("lead of %d samples long after", d)
	}
}
