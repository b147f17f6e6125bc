package siptest

import (
	"math"
	"slices"
	"sync"

	"shouwen/sip/media"
)

const (
	block     = 400   // samples, 50 ms: what a tone is looked for in
	amplitude = 8000  // of the tones said, of 32767
	threshold = 0.025 // of full scale, -32 dB: what makes a tone
)

// window is a Hann window: it keeps tones 100 Hz apart from each other in 50 ms.
var window = func() (w [block]float64) {
	for i := range w {
		w[i] = 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/block)
	}
	return w
}()

// dualTone is a frame of the tones of a key (ITU-T Q.23), from a sample on.
func dualTone(event byte, from int) []int16 {
	keys := [16][2]float64{{941, 1336}, {697, 1209}, {697, 1336}, {697, 1477}, {770, 1209}, {770, 1336}, {770, 1477},
		{852, 1209}, {852, 1336}, {852, 1477}, {941, 1209}, {941, 1477}, {697, 1633}, {770, 1633}, {852, 1633}, {941, 1633}}
	out := make([]int16, samples)
	for i := range out {
		t := 2 * math.Pi * float64(from+i) / 8000
		out[i] = int16(amplitude / 2 * (math.Sin(keys[event][0]*t) + math.Sin(keys[event][1]*t)))
	}
	return out
}

// level returns the amplitude of a tone in a block of samples, 1 for full scale.
func level(samples []int16, hz int) float64 {
	var faded [block]int16
	for i := range faded {
		faded[i] = int16(float64(samples[i]) * window[i])
	}
	return 2 * media.ToneLevel(faded[:], float64(hz)) // the window takes half
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
	second := make([]int16, 8000+samples)
	for i := range second {
		second[i] = int16(amplitude * math.Sin(2*math.Pi*float64(hz)*float64(i)/8000))
	}
	t := media.Codec(codec).Encode(nil, second)
	tones.Store(key, t)
	return t
}
