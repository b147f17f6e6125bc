//go:build ignore

package main

import "math"

// ringback is what a caller hears in China while a phone rings: 450 Hz, 1 s on
// and 4 s off.
func ringback() []float64 { return append(tone(450, 1), make([]float64, 4*rate)...) }

// beep asks to speak after it.
func beep() []float64 { return tone(1000, 0.3) }

// tone is a sine of the given length in seconds, faded over 5 ms at both ends.
func tone(hz, seconds float64) []float64 {
	n := int(seconds * rate)
	out := make([]float64, n)
	for i := range out {
		fade := min(1, float64(min(i, n-1-i))/(0.005*rate))
		out[i] = 0.2 * fade * math.Sin(2*math.Pi*hz*float64(i)/rate)
	}
	return out
}

// Music on hold: broken chords over four bars of four beats, twice, the second
// time with the melody turned upside down. Everything is calculated from the
// tables below, nobody's tune. It ends as it begins, so it can be repeated: what
// rings on at the end is carried over to the start.
const (
	beat = 0.75 // s
	bars = 8
)

// chords are the notes of each bar, in semitones over 261.63 Hz.
var chords = [4][4]int{
	{0, 4, 7, 11},  // C major seventh
	{-3, 0, 4, 7},  // A minor seventh
	{-7, -3, 0, 4}, // F major seventh
	{-5, -1, 2, 5}, // G seventh
}

// figure is which note of the chord is played on each half beat, figure2 the same
// for the last four bars; 4 is the octave of the lowest.
var (
	figure  = [8]int{0, 2, 3, 4, 3, 2, 1, 2}
	figure2 = [8]int{4, 3, 1, 0, 1, 2, 3, 2}
)

func music() []float64 {
	out := make([]float64, int(bars*4*beat*rate))
	for bar := range bars {
		chord, steps := chords[bar%4], figure
		if bar >= bars/2 {
			steps = figure2
		}
		start := float64(bar) * 4 * beat
		for _, n := range chord { // a soft bed under the bar
			pad(out, start, pitch(n))
		}
		for i, step := range steps {
			n := chord[0] + 12
			if step < 4 {
				n = chord[step]
			}
			pluck(out, start+float64(i)*beat/2, pitch(n+12))
		}
	}
	return level(out, 0.09)
}

// pitch is the frequency of a note, equally tempered.
func pitch(semitones int) float64 { return 261.63 * math.Pow(2, float64(semitones)/12) }

// pluck adds a string-like note that dies away in about a second.
func pluck(out []float64, at, hz float64) {
	add(out, at, 2, func(t float64) float64 {
		attack := min(1, t/0.008)
		var s float64
		for k, amp := range []float64{1, 0.35, 0.12} {
			h := float64(k + 1)
			s += amp * math.Exp(-t*(2.2+1.5*h)) * math.Sin(2*math.Pi*h*hz*t)
		}
		return 0.5 * attack * s
	})
}

// pad adds a note that swells and fades over one bar and a little more.
func pad(out []float64, at, hz float64) {
	const length = 4*beat + 0.6
	add(out, at, length, func(t float64) float64 {
		swell := math.Sin(math.Pi * t / length)
		return 0.08 * swell * swell * (math.Sin(2*math.Pi*hz*t) + 0.3*math.Sin(4*math.Pi*hz*t))
	})
}

// add mixes a sound into the loop out; what goes past the end goes on at the start.
func add(out []float64, at, length float64, sound func(t float64) float64) {
	start := int(at * rate)
	for i := range int(length * rate) {
		out[(start+i)%len(out)] += sound(float64(i) / rate)
	}
}
