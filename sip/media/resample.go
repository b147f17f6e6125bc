package media

import "math"

// phases says for each sample rate that is read how many output samples pass
// before the two clocks meet again.
var phases = map[uint32]int{8000: 1, 11025: 320, 16000: 1, 22050: 160, 24000: 1, 32000: 1, 44100: 80, 48000: 1}

func resampled(rate uint32) bool { return phases[rate] != 0 }

// resample turns in from rate, one of phases, into 8 kHz: a low-pass at 3.7 kHz,
// a sinc in a Blackman window, evaluated where the output samples lie.
func resample(in []float32, rate uint32) []float32 {
	if rate == 8000 {
		return in
	}
	ratio := float64(rate) / 8000
	reach := int(math.Ceil(24 * ratio)) // input samples to each side
	filter := make([][]float64, phases[rate])
	for i := range filter {
		filter[i] = lowPass(float64(i)*ratio, reach, 3700/float64(rate))
	}
	out := make([]float32, int(float64(len(in))/ratio))
	for i := range out {
		begin := int(int64(i)*int64(rate)/8000) - reach + 1
		sum := 0.0
		for k, f := range filter[i%len(filter)] {
			if j := begin + k; j >= 0 && j < len(in) {
				sum += f * float64(in[j])
			}
		}
		out[i] = float32(sum)
	}
	return out
}

// lowPass returns the 2*reach taps around position at, of which only the
// fraction counts, for a cut-off given as a part of the sample rate. They sum up
// to 1.
func lowPass(at float64, reach int, cutoff float64) []float64 {
	at -= math.Floor(at)
	taps := make([]float64, 2*reach)
	total := 0.0
	for k := range taps {
		x := float64(k-reach+1) - at
		sinc := 2 * cutoff
		if x != 0 {
			sinc = math.Sin(2*math.Pi*cutoff*x) / (math.Pi * x)
		}
		edge := math.Pi * x / float64(reach)
		taps[k] = sinc * max(0.42+0.5*math.Cos(edge)+0.08*math.Cos(2*edge), 0)
		total += taps[k]
	}
	for k := range taps {
		taps[k] /= total
	}
	return taps
}
