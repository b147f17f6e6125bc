//go:build ignore

// Command gen rebuilds the WAV files of the prompts: speech by espeak-ng from the
// prompts.yaml of each language, tones and music by calculation. It needs espeak-ng
// and sox and runs in ivr/prompts.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"os"
	"os/exec"
)

const rate = 8000 // Hz

func main() {
	log.SetFlags(0)
	for lang, voice := range map[string]string{"zh-CN": "cmn-latn-pinyin", "en": "en"} {
		if err := speak(lang, voice); err != nil {
			log.Fatal(err)
		}
	}
	for name, sound := range map[string][]float64{"music": music(), "ringback": ringback(), "beep": beep(), "pause": make([]float64, rate/4)} {
		if err := write("tones/"+name+".wav", sound); err != nil {
			log.Fatal(err)
		}
	}
}

// write stores samples, full scale ±1, as A-law WAV: what most callers are sent
// octet by octet, in half the room of 16 bits.
func write(file string, samples []float64) error {
	pcm := make([]int16, len(samples))
	for i, s := range samples {
		pcm[i] = int16(math.Round(s * 32767))
	}
	var raw bytes.Buffer
	if err := binary.Write(&raw, binary.LittleEndian, pcm); err != nil {
		return err
	}
	_, err := run(&raw, "sox", "-D", "-t", "s16", "-r", fmt.Sprint(rate), "-c", "1", "-", "-e", "a-law", file)
	return err
}

// run runs a program and returns its standard output.
func run(in *bytes.Buffer, program string, args ...string) ([]byte, error) {
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	if in != nil {
		cmd.Stdin = in
	}
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmd, err)
	}
	return out, nil
}

// level scales samples to the loudness rms, measured where there is sound, and
// rounds off the few peaks above 0.7.
func level(samples []float64, rms float64) []float64 {
	var sum, n float64
	for _, s := range samples {
		if math.Abs(s) > 0.01 {
			sum += s * s
			n++
		}
	}
	gain := rms / math.Sqrt(sum/n)
	out := make([]float64, len(samples))
	for i, s := range samples {
		out[i] = soft(s * gain)
	}
	return out
}

// soft leaves x up to 0.7 as it is and bends the rest below 0.95.
func soft(x float64) float64 {
	const knee, room = 0.7, 0.25
	if math.Abs(x) <= knee {
		return x
	}
	return math.Copysign(knee+room*math.Tanh((math.Abs(x)-knee)/room), x)
}
