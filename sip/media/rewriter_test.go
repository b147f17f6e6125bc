package media

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// steady is a source that sends a packet every 20 ms.
type steady struct {
	ssrc uint32
	seq  uint16
	ts   uint32
}

func (s *steady) next(at time.Time) *Packet {
	s.seq++
	s.ts += frameSamples
	return packet(s.ssrc, s.seq, s.ts, at)
}

// Whatever speaks, the stream sent is one: each packet has the next sequence
// number, and the timestamp never stands still or goes back.
func TestSequenceIsContinuousOverAnySwitches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := rewriter{ssrc: 1, seq: rapid.Uint16().Draw(t, "seq"), ts: rapid.Uint32().Draw(t, "ts")}
		var sources []*steady
		for range 3 {
			sources = append(sources, &steady{rapid.Uint32().Draw(t, "ssrc"), rapid.Uint16().Draw(t, "first seq"), rapid.Uint32().Draw(t, "first ts")})
		}
		now, sent := time.Unix(0, 0), false
		for range rapid.IntRange(1, 60).Draw(t, "phases") {
			speaker := rapid.IntRange(0, len(sources)+1).Draw(t, "speaker")
			w.cut()
			for i := range rapid.IntRange(1, 20).Draw(t, "packets") {
				lastSeq, lastTS := w.seq, w.ts
				var h header
				switch {
				case speaker < len(sources):
					var ok bool
					if h, ok = w.follow(sources[speaker].next(now)); !ok {
						t.Fatal("packet of the present source dropped")
					}
				case speaker == len(sources):
					h = w.speak(frameSamples, now)
				default:
					h = w.repeat(now)
				}
				if h.seq != lastSeq+1 || h.seq != w.seq {
					t.Fatalf("sequence %d after %d", h.seq, lastSeq)
				}
				event := speaker > len(sources) && i > 0 // packets of one event share a timestamp
				if step := int32(h.ts - lastTS); sent && (step < frameSamples && !event || event && step != 0) {
					t.Fatalf("timestamp moves by %d", step)
				}
				if h.marker != (i == 0) {
					t.Fatalf("packet %d after the switch: marker %v", i, h.marker)
				}
				sent = true
				now = now.Add(frameTime)
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "pause ms")) * time.Millisecond)
		}
	})
}

// Loss and disorder of a source pass through unchanged; nothing from before a
// switch is sent, and no sequence number is used twice.
func TestSourceKeepsItsGapsAndNothingIsReplayed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := rewriter{seq: rapid.Uint16().Draw(t, "seq")}
		first := rapid.Uint16().Draw(t, "first")
		offsets := rapid.SliceOfNDistinct(rapid.IntRange(0, 40), 1, 30, rapid.ID).Draw(t, "arrivals")
		used := map[uint16]int{}
		begin, top := offsets[0], -1
		for i, o := range offsets {
			p := packet(7, first+uint16(o), uint32(o)*frameSamples, time.Unix(0, 0).Add(time.Duration(o)*frameTime))
			if i > 0 && rapid.IntRange(0, 2).Draw(t, "skip") == 0 {
				if o > top {
					begin, top = o+1, o // the new oldest that may be sent
				}
				w.skip(p)
				continue
			}
			newest := w.seq
			h, ok := w.follow(p)
			if want := o >= begin; ok != want {
				t.Fatalf("packet %d sent: %v, want %v (oldest %d)", o, ok, want, begin)
			}
			if !ok {
				continue
			}
			if before, twice := used[h.seq]; twice {
				t.Fatalf("sequence %d for packets %d and %d", h.seq, before, o)
			}
			used[h.seq] = o
			if i > 0 && top >= begin && int16(h.seq-newest) != int16(o-top) {
				t.Fatalf("packet %d after %d goes out as %d after %d", o, top, h.seq, newest)
			}
			top = max(top, o)
		}
	})
}

func TestSourceThatBeginsAnewIsASwitch(t *testing.T) {
	at := time.Unix(0, 0)
	tests := map[string]struct {
		next  Packet
		fresh bool
	}{
		"goes on":                          {Packet{SSRC: 1, Seq: 101, TS: 1160}, false},
		"after loss":                       {Packet{SSRC: 1, Seq: 150, TS: 9000}, false},
		"after silence suppression":        {Packet{SSRC: 1, Seq: 101, TS: 1000 + 3*8000}, false},
		"event from before the last audio": {Packet{SSRC: 1, Seq: 101, TS: 840, Event: true}, false},
		"other SSRC":                       {Packet{SSRC: 2, Seq: 101, TS: 1160}, true},
		"sequence leaps":                   {Packet{SSRC: 1, Seq: 40000, TS: 1160}, true},
		"clock leaps ahead":                {Packet{SSRC: 1, Seq: 101, TS: 1 << 30}, true},
		"clock falls back":                 {Packet{SSRC: 1, Seq: 101, TS: 10}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := rewriter{seq: 500, ts: 5000}
			w.follow(&Packet{SSRC: 1, Seq: 100, TS: 1000, At: at})
			tt.next.At = at.Add(frameTime)
			h, ok := w.follow(&tt.next)
			if !ok || h.marker != tt.fresh {
				t.Fatalf("sent %v, marker %v", ok, h.marker)
			}
			if tt.fresh && (h.seq != 502 || h.ts != 5160) {
				t.Errorf("goes on with sequence %d, timestamp %d, want 502, 5160", h.seq, h.ts)
			}
		})
	}
}
