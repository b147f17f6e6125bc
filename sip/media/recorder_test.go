package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"pgregory.net/rapid"
)

// recording returns a recorder that runs until the test ends, and its path.
func recording(t testing.TB) *Recorder {
	t.Helper()
	r, err := Record(filepath.Join(t.TempDir(), "call.wav"), 0)
	if err != nil {
		t.Fatal(err)
	}
	go r.Run(context.Background())
	t.Cleanup(func() { r.Close() })
	return r
}

// stereo returns what a recording holds: left and right.
func stereo(t testing.TB, path string) (sides [2][]int16) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	audio := b[wavHead:][:binary.LittleEndian.Uint32(b[40:])]
	for i := 0; i < len(audio); i += 2 {
		side := i / 2 % 2
		sides[side] = append(sides[side], int16(binary.LittleEndian.Uint16(audio[i:])))
	}
	return sides
}

// closed closes r and fails on an error.
func closed(t testing.TB, r *Recorder) RecInfo {
	t.Helper()
	info, err := r.Close()
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// tonesIn returns the numbers of the tones that a stretch of audio holds.
func tonesIn(audio []int16, all []*party, from, until time.Duration) (tones []int) {
	for i, p := range all {
		if ToneLevel(audio[samples(from):samples(until)], p.hz) > 0.03 {
			tones = append(tones, i)
		}
	}
	return tones
}

// The agent hands the caller over, three talk for a while: the recording goes
// on, each on his side, whatever the bridges are.
func TestRecordingOutlastsTransfers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacer, pool, w := pacing(t, 3)
		all := mixParties(t, pool, 3)
		caller, agent, expert := all[0].s, all[1].s, all[2].s
		rec := recording(t)
		rec.Add(caller, Left)
		rec.Add(agent, Right)
		bridge := Connect(caller, agent)
		talk(t, w, all, 2*time.Second)
		bridge.Disconnect()
		mix := pacer.Mix()
		if err := mix.Set(Meeting(caller, agent, expert)); err != nil {
			t.Fatal(err)
		}
		rec.Add(expert, Right)
		talk(t, w, all, 2*time.Second)
		mix.Close()
		rec.Remove(agent)
		Connect(caller, expert)
		talk(t, w, all, 2*time.Second)
		info := closed(t, rec)
		sides := stereo(t, info.Path)
		for _, tt := range []struct {
			side        Side
			from, until time.Duration
			want        []int
		}{
			{Left, 0, 6 * time.Second, []int{0}},
			{Right, 0, 1900 * ms, []int{1}},
			{Right, 2100 * ms, 3900 * ms, []int{1, 2}},
			{Right, 4100 * ms, 6 * time.Second, []int{2}},
		} {
			if got := tonesIn(sides[tt.side], all, tt.from, tt.until); !slices.Equal(got, tt.want) {
				t.Errorf("side %d from %v: tones %v, want %v", tt.side, tt.from, got, tt.want)
			}
		}
		if info.Duration != 6*time.Second || info.Gaps != 0 || info.Dropped != 0 || info.Bytes != wavHead+6*8000*4 {
			t.Errorf("%+v", info)
		}
		st, err := os.Stat(info.Path)
		if err != nil || st.Size() != info.Bytes || st.Mode() != 0o600 {
			t.Errorf("file %v, %v", st, err)
		}
	})
}

// What was said during a pause is nowhere; the pause is marked.
func TestPauseIsSilentAndMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, pool, w := pacing(t, 2)
		all := mixParties(t, pool, 2)
		rec := recording(t)
		rec.Add(all[0].s, Left)
		rec.Add(all[1].s, Right)
		talk(t, w, all, time.Second)
		for range 2 {
			rec.Pause()
		}
		talk(t, w, all, 3*time.Second)
		for range 2 {
			rec.Resume()
		}
		talk(t, w, all, time.Second)
		rec.Pause()
		talk(t, w, all, time.Second)
		info := closed(t, rec)
		want := []Pause{{time.Second, 4 * time.Second}, {5 * time.Second, 6 * time.Second}}
		if !slices.Equal(info.Paused, want) || info.Gaps != 0 || info.Duration != 6*time.Second {
			t.Errorf("%+v", info)
		}
		for side, audio := range stereo(t, info.Path) {
			for i, p := range []Pause{{0, time.Second}, {4 * time.Second, 5 * time.Second}} {
				if got := tonesIn(audio, all, p.From, p.Until); !slices.Equal(got, []int{side}) {
					t.Errorf("side %d, part %d: tones %v", side, i, got)
				}
			}
			for _, p := range want {
				if slices.ContainsFunc(audio[samples(p.From):samples(p.Until)], func(v int16) bool { return v != 0 }) {
					t.Errorf("side %d is heard in the pause", side)
				}
			}
		}
		b, err := os.ReadFile(info.Path)
		if err != nil {
			t.Fatal(err)
		}
		marks := b[wavHead+info.Duration*4*8000/time.Second:]
		if !bytes.HasPrefix(marks, []byte("cue \x34\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x40\x1f\x00\x00data")) || len(marks) != int(info.Bytes)-wavHead-6*8000*4 {
			t.Errorf("marks %q", marks)
		}
		if len(b) != int(binary.LittleEndian.Uint32(b[4:]))+8 {
			t.Error("the header does not know the marks")
		}
		if d, err := Repair(info.Path); d != info.Duration || err != nil {
			t.Errorf("Repair: %v, %v", d, err)
		}
		if after, err := os.ReadFile(info.Path); err != nil || !bytes.Equal(after, b) {
			t.Error("Repair has changed a whole file")
		}
	})
}

// A party as the network delivers it is on the recording as it spoke: jitter up
// to 200 ms, loss, order and the clock of its timestamps change nothing.
func TestRecordingIsWhatWasSaid(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		octets, want := voiceOf(rapid.Uint64().Draw(t, "voice"), 3*8000)
		ptime := rapid.SampledFrom([]time.Duration{10 * ms, 20 * ms, 30 * ms, 60 * ms}).Draw(t, "ptime")
		jitter := rapid.SliceOfN(rapid.IntRange(0, 200), 1, 30).Draw(t, "jitter")
		in := packets(octets, ptime, func(i int) time.Duration { return time.Duration(jitter[i%len(jitter)]) * ms })
		want = want[:len(want)/int(samples(ptime))*int(samples(ptime))]
		lost := map[int]bool{}
		for range rapid.IntRange(0, 10).Draw(t, "losses") {
			lost[in[rapid.IntRange(0, len(in)-1).Draw(t, "lost")].from] = true
		}
		in = slices.DeleteFunc(in, func(p sent) bool { return lost[p.from] })
		if len(in) == 0 {
			return
		}
		path := filepath.Join(dir, "rapid.wav")
		os.Remove(path)
		rec, err := Record(path, 0)
		if err != nil {
			t.Fatal(err)
		}
		tr := &track{rec: rec, side: Left, in: newRing(recorderRing)}
		rec.tracks = []*track{tr}
		origin, now := rapid.Uint32().Draw(t, "origin"), time.Duration(0)
		for _, p := range in {
			for ; now+recorderTick < p.at; now += recorderTick {
				if err := rec.advance(rec.position(rec.begin.Add(now + recorderTick))); err != nil {
					t.Fatal(err)
				}
			}
			tr.WriteRTP(&Packet{SSRC: 9, TS: origin + uint32(p.from), Codec: PCMA, Payload: p.octets, At: rec.begin.Add(p.at)})
		}
		rec.advance(rec.position(rec.begin.Add(4 * time.Second)))
		rec.gather(rec.reached + maxStray)
		rec.flush(rec.reached)
		rec.file.finish(nil)
		if rec.tape.late != 0 || tr.in.dropped.Load() != 0 {
			t.Fatalf("%d late, %d dropped", rec.tape.late, tr.in.dropped.Load())
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// The first packet to come is where it came; the others follow from it.
		begin := int(samples(in[0].at)) - in[0].from
		for i, v := range want {
			if begin+i < 0 {
				continue
			}
			got := int16(binary.LittleEndian.Uint16(b[wavHead+4*(begin+i):]))
			if lost[i/int(samples(ptime))*int(samples(ptime))] {
				v = 0
			}
			if got != v {
				t.Fatalf("sample %d is %d, want %d", i, got, v)
			}
		}
	})
}

// Timestamps and sources that begin anew are placed by the time of arrival.
func TestRecordingFollowsJumps(t *testing.T) {
	tests := map[string]func(h *rtp.Header){
		"another source":             func(h *rtp.Header) { h.SSRC++; h.Timestamp = 12; h.SequenceNumber = 9000 },
		"clock jumps ahead":          func(h *rtp.Header) { h.Timestamp += 80_000 },
		"clock jumps back":           func(h *rtp.Header) { h.Timestamp -= 80_000 },
		"clock begins at the top":    func(h *rtp.Header) { h.SSRC++; h.Timestamp = math.MaxUint32 - 200 },
		"clock jumps by half of all": func(h *rtp.Header) { h.Timestamp += 1 << 31 },
	}
	for name, jump := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, pool, w := pacing(t, 1)
				all := mixParties(t, pool, 1)
				rec := recording(t)
				rec.Add(all[0].s, Right)
				talk(t, w, all, time.Second)
				time.Sleep(time.Second)
				jump(&all[0].h)
				talk(t, w, all, time.Second)
				info := closed(t, rec)
				audio := stereo(t, info.Path)[Right]
				for from, want := range map[time.Duration]bool{0: true, time.Second: false, 2 * time.Second: true} {
					if got := len(tonesIn(audio, all, from+50*ms, from+950*ms)) == 1; got != want {
						t.Errorf("heard from %v: %v", from, got)
					}
				}
				if info.Duration != 3*time.Second || info.Gaps != 1 {
					t.Errorf("%+v", info)
				}
			})
		})
	}
}

// recordingBridge is forwarding while it is recorded. Nobody writes, but drain
// makes room in the ring.
func recordingBridge(tb testing.TB) (step, drain func()) {
	step, a, b := forwardingBetween(tb, PCMA, PCMU)
	rec, err := Record(filepath.Join(tb.TempDir(), "call.wav"), 0)
	if err != nil {
		tb.Fatal(err)
	}
	rec.Add(a, Left)
	rec.Add(b, Right)
	tb.Cleanup(func() {
		rec.once.Do(func() { close(rec.closing) })
		if err := rec.Run(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	in := rec.tracks[0].in
	return step, func() {
		for in.peek() != nil {
			in.drop()
		}
	}
}

func TestRecordingAllocatesNothingInTheReader(t *testing.T) {
	step, drain := recordingBridge(t)
	if n := testing.AllocsPerRun(1000, func() { step(); drain() }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
	if n := testing.AllocsPerRun(1000, step); n != 0 {
		t.Errorf("%v allocations a packet when the writer is late", n)
	}
}

// A disk that stalls for longer than a ring holds costs packets of the
// recording, which are counted, and nothing else.
func TestSlowDiskDropsAndCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, pool, w := pacing(t, 2)
		all := mixParties(t, pool, 2)
		Connect(all[0].s, all[1].s)
		rec, err := Record(filepath.Join(t.TempDir(), "call.wav"), 0)
		if err != nil {
			t.Fatal(err)
		}
		rec.Add(all[0].s, Left)
		talk(t, w, all, 4*time.Second)
		go func() {
			time.Sleep(frameTime / 2) // its ticks fall between packets
			_ = rec.Run(t.Context())
		}()
		talk(t, w, all, 2*time.Second)
		info := closed(t, rec)
		// 4 s were said before it ran, and 410 ms until its first tick.
		if info.Dropped != 221-recorderRing || info.Gaps != 1 || info.Duration != 6*time.Second {
			t.Errorf("%+v", info)
		}
		audio := stereo(t, info.Path)[Left]
		for _, p := range []Pause{{0, 2500 * ms}, {4500 * ms, 6 * time.Second}} {
			if got := tonesIn(audio, all, p.From, p.Until); !slices.Equal(got, []int{0}) {
				t.Errorf("from %v: tones %v", p.From, got)
			}
		}
		if sent, _ := frames(t, w, all[1].s); len(sent) != 300 {
			t.Errorf("%d packets forwarded", len(sent))
		}
	})
}

func BenchmarkForwardRecorded(b *testing.B) {
	step, drain := recordingBridge(b)
	b.ReportAllocs()
	for b.Loop() {
		step()
		drain()
	}
}

// A tick of a recording: what two parties said in 400 ms, and the writes.
func BenchmarkRecorderTick(b *testing.B) {
	rec, err := Record(filepath.Join(b.TempDir(), "call.wav"), 0)
	if err != nil {
		b.Fatal(err)
	}
	for side := range Side(2) {
		rec.tracks = append(rec.tracks, &track{rec: rec, side: side, in: newRing(recorderRing)})
	}
	p := &Packet{Codec: PCMA, Payload: make([]byte, frameSamples), At: rec.begin}
	b.ReportAllocs()
	for b.Loop() {
		for range recorderTick / frameTime {
			p.At, p.TS = p.At.Add(frameTime), p.TS+frameSamples
			for _, t := range rec.tracks {
				t.WriteRTP(p)
			}
		}
		if err := rec.advance(rec.position(p.At)); err != nil {
			b.Fatal(err)
		}
		if rec.file.audio > 100<<20 {
			rec.file.audio = 0
		}
	}
	rec.file.f.Close()
}

// A message is heard with both ears.
func TestRecordingOfOneParty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, pool, w := pacing(t, 1)
		all := mixParties(t, pool, 1)
		rec := recording(t)
		rec.Add(all[0].s, Both)
		talk(t, w, all, time.Second)
		sides := stereo(t, closed(t, rec).Path)
		if !slices.Equal(sides[Left], sides[Right]) || len(tonesIn(sides[Left], all, 200*time.Millisecond, 800*time.Millisecond)) != 1 {
			t.Errorf("left has %d samples, right %d", len(sides[Left]), len(sides[Right]))
		}
	})
}
