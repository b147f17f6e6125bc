package siptest

import (
	"math"
	"slices"
	"sync"
)

const (
	block     = 400   // samples, 50 ms: what a tone is looked for in
	amplitude = 8000  // of the tones said, of 32767
	threshold = 0.025 // of full scale, -32 dB: what makes a tone
)

// window is a Hann window: it keeps tones 100 Hz apart from each other in 50 ms.
var window = func() (w [block]float64) {
	for i := range w {
		w[i] = 1 - math.Cos(2*math.Pi*(float64(i)+0.5)/block)
	}
	return w
}()

// level returns the amplitude of a tone in samples, at most block of them, as a
// fraction of full scale (Goertzel).
func level(samples []int16, hz int) float64 {
	coeff := 2 * math.Cos(2*math.Pi*float64(hz)/8000)
	var s1, s2 float64
	for i, v := range samples {
		s1, s2 = float64(v)*window[i]+coeff*s1-s2, s1
	}
	power := s1*s1 + s2*s2 - coeff*s1*s2
	return 2 * math.Sqrt(max(power, 0)) / float64(len(samples)) / 32768
}

// hasTone returns the most blocks in a row that carry the tone.
func hasTone(samples []int16, hz int) int {
	most, run := 0, 0
	for b := range slices.Chunk(samples, block) {
		if len(b) == block && level(b, hz) >= threshold {
			run++
			most = max(most, run)
		} else {
			run = 0
		}
	}
	return most
}

// Level returns the amplitude of a tone in the last 50 ms heard, 1 for full scale.
func (a *Audio) Level(hz int) float64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.record) < block {
		return 0
	}
	return level(a.record[len(a.record)-block:], hz)
}

// Loudest returns the loudest of the multiples of 10 Hz in the last 50 ms, 0 for silence.
func (a *Audio) Loudest() int {
	loudest, most := 0, threshold
	for hz := 100; hz < 3900; hz += 10 {
		if l := a.Level(hz); l > most {
			loudest, most = hz, l
		}
	}
	return loudest
}

// tones are the seconds of tone that were needed so far, by [2]int{hz, codec}.
var tones sync.Map

// tone returns a second of a tone, and a frame more, encoded.
func tone(hz int, codec uint8) []byte {
	key := [2]int{hz, int(codec)}
	if t, ok := tones.Load(key); ok {
		return t.([]byte)
	}
	t := make([]byte, 8000+samples)
	for i := range t {
		t[i] = encode(int16(amplitude*math.Sin(2*math.Pi*float64(hz)*float64(i)/8000)), codec)
	}
	tones.Store(key, t)
	return t
}

// encode is G.711: µ-law for codec 0, A-law for 8.
func encode(sample int16, codec uint8) byte {
	best, distance := byte(0), math.MaxInt
	for i, v := range decoded[codec/8] {
		if d := max(int(v)-int(sample), int(sample)-int(v)); d < distance {
			best, distance = byte(i), d
		}
	}
	return best
}

func decode(dst []int16, payload []byte, codec uint8) []int16 {
	for _, b := range payload {
		dst = append(dst, decoded[codec/8][b])
	}
	return dst
}

// decoded are the values of G.711: µ-law (table 2), then A-law (table 1).
var decoded = func() (t [2][256]int16) {
	for i := range 256 {
		u, a := ^byte(i), byte(i)^0x55
		t[0][i] = signed((int16(u&15)<<3+132)<<(u>>4&7)-132, u&0x80 == 0)
		v := int16(a&15)<<4 + 8
		if segment := a >> 4 & 7; segment > 0 {
			v = (v + 256) << (segment - 1)
		}
		t[1][i] = signed(v, a&0x80 != 0)
	}
	return t
}()

func signed(v int16, positive bool) int16 {
	if positive {
		return v
	}
	return -v
}
