package media

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// eventPacket is one telephone-event packet as the detector gets it.
type eventPacket struct {
	ts      uint32
	payload []byte
}

// keyPress returns the packets of one key pressed for total samples from ts on,
// every step samples, the end three times, split into segments when it is long.
func keyPress(code byte, ts uint32, total, step int) []eventPacket {
	var out []eventPacket
	add := func(ts uint32, duration int, end bool) {
		b := []byte{code, 10, 0, 0}
		if end {
			b[1] |= 0x80
		}
		binary.BigEndian.PutUint16(b[2:], uint16(duration))
		out = append(out, eventPacket{ts, b})
	}
	for ; total > segment; total -= segment {
		for d := step; d < segment; d += step {
			add(ts, d, false)
		}
		add(ts, segment, false)
		ts += segment
	}
	for d := step; d < total; d += step {
		add(ts, d, false)
	}
	for range 3 {
		add(ts, total, true)
	}
	return out
}

func heard(packets []eventPacket) string {
	var d detector
	var keys []byte
	for _, p := range packets {
		if k, ok := d.push(1, p.ts, p.payload); ok {
			keys = append(keys, k)
		}
	}
	return string(keys)
}

func TestDetectorHearsEachPressOnce(t *testing.T) {
	press := func(ts uint32) []eventPacket { return keyPress(5, ts, 800, 160) }
	long := keyPress(9, 4_000_000_000, 3*segment+500, 8000) // the timestamp wraps within
	var moving []eventPacket
	for _, p := range press(0) {
		p.ts = uint32(binary.BigEndian.Uint16(p.payload[2:])) - 160
		moving = append(moving, p)
	}
	tests := map[string]struct {
		packets []eventPacket
		want    string
	}{
		"one press":                         {press(0), "5"},
		"end only":                          {press(0)[6:], "5"},
		"beginning only":                    {press(0)[:1], "5"},
		"the same key twice":                {slices.Concat(press(0), press(1600)), "55"},
		"the same key twice, ends lost":     {slices.Concat(press(0)[:3], press(1600)[:3]), "55"},
		"the same key 20 times":             {presses(20), strings.Repeat("5", 20)},
		"late packets of an earlier press":  {slices.Concat(press(0)[:2], press(1600), press(0)[2:]), "55"},
		"long press in segments":            {long, "9"},
		"long press, segment lost":          {slices.Concat(long[:9], long[18:]), "9"},
		"long press, segments swapped":      {slices.Concat(long[9:18], long[:9], long[18:]), "9"},
		"timestamp moves while key is down": {moving, "5"},
		"stars and letters":                 {slices.Concat(keyPress(10, 0, 800, 160), keyPress(11, 2000, 800, 160), keyPress(15, 4000, 800, 160)), "*#D"},
		"hook flash is no key":              {keyPress(16, 0, 800, 160), ""},
		"too short a payload":               {[]eventPacket{{0, []byte{5, 10, 0}}}, ""},
		"several events in a packet: first": {[]eventPacket{{0, []byte{5, 10, 0, 160, 6, 10, 0, 160}}}, "5"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := heard(tt.packets); got != tt.want {
				t.Errorf("heard %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSameEventOfAnotherSourceIsAnotherPress(t *testing.T) {
	var d detector
	for ssrc := range uint32(2) {
		if _, ok := d.push(ssrc, 1000, []byte{5, 10, 0, 160}); !ok {
			t.Errorf("source %d not heard", ssrc)
		}
	}
}

func presses(n int) (out []eventPacket) {
	for i := range n {
		out = append(out, keyPress(5, uint32(i*1600), 800, 160)...)
	}
	return out
}

// Over any loss, duplication and disorder within a second each press is heard
// once, unless all of its packets are lost.
func TestDetectorSurvivesAnyNetwork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		codes := rapid.SliceOfN(rapid.ByteRange(0, 15), 1, 12).Draw(t, "keys")
		ts := rapid.Uint32().Draw(t, "ts")
		loss := rapid.IntRange(0, 95).Draw(t, "loss %")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "network"), 0))
		type sent struct {
			eventPacket
			at int
		}
		var packets []sent
		var want []byte
		at := 0
		for _, code := range codes {
			total := rapid.IntRange(400, 2*segment).Draw(t, "samples")
			arrived := false
			for i, p := range keyPress(code, ts, total, 400) {
				for range 1 + rng.IntN(2) {
					if rng.IntN(100) >= loss {
						packets = append(packets, sent{p, at + i*400 + rng.IntN(8000)})
						arrived = true
					}
				}
			}
			if arrived {
				want = append(want, digits[code])
			}
			pause := rapid.IntRange(1, 4000).Draw(t, "pause")
			ts += uint32(total + pause)
			at += total + pause
		}
		slices.SortStableFunc(packets, func(a, b sent) int { return a.at - b.at })
		var arrived []eventPacket
		for _, p := range packets {
			arrived = append(arrived, p.eventPacket)
		}
		got := []byte(heard(arrived))
		slices.Sort(got) // a press may overtake another
		slices.Sort(want)
		if string(got) != string(want) {
			t.Fatalf("heard %q, want %q", got, want)
		}
	})
}

func FuzzDigits(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 5, 10, 0, 160})
	f.Add([]byte{0, 0, 0, 1, 5, 0x8a, 3, 32, 0xff, 0xff, 0xff, 0xff, 5, 0x8a, 3, 32})
	f.Fuzz(func(t *testing.T, b []byte) {
		var d detector
		for ; len(b) >= 8; b = b[8:] {
			ts := binary.BigEndian.Uint32(b)
			if k, ok := d.push(1, ts, b[4:8]); ok && strings.IndexByte(digits, k) < 0 {
				t.Fatalf("key %q", k)
			}
			if k, again := d.push(1, ts, b[4:8]); again {
				t.Fatalf("the same packet is key %q once more", k)
			}
		}
	})
}
