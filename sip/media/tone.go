package media

import (
	"math"
	"time"
)

// Tone returns a sine of hz at half of full scale, 8 kHz, lasting d. Played and
// measured with ToneLevel, it shows who hears whom.
func Tone(hz float64, d time.Duration) []int16 {
	out := make([]int16, samples(d))
	for i := range out {
		out[i] = int16(math.Round(math.MaxInt16 / 2 * math.Sin(2*math.Pi*hz*float64(i)/8000)))
	}
	return out
}

// ToneLevel returns the amplitude of hz in samples, 8 kHz: 1 is a sine of full
// scale, 0 none. It is the Goertzel algorithm, which tells frequencies apart that
// differ by 8000/len(samples) Hz.
func ToneLevel(samples []int16, hz float64) float64 {
	if len(samples) == 0 {
		return 0
	}
	w := 2 * math.Pi * hz / 8000
	k := 2 * math.Cos(w)
	var a, b float64
	for _, v := range samples {
		a, b = k*a-b+float64(v), a
	}
	power := a*a + b*b - k*a*b
	return 2 * math.Sqrt(max(power, 0)) / float64(len(samples)) / math.MaxInt16
}
