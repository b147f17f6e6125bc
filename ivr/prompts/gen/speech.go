//go:build ignore

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
)

// prompt is an entry of prompts.yaml.
type prompt struct {
	Text   string
	Pinyin string // spoken instead of the text
}

// speak renders every prompt of a language.
func speak(lang, voice string) error {
	b, err := os.ReadFile(lang + "/prompts.yaml")
	if err != nil {
		return err
	}
	var all map[string]prompt
	if err := yaml.UnmarshalWithOptions(b, &all, yaml.Strict()); err != nil {
		return fmt.Errorf("%s: %w", lang, err)
	}
	for name, p := range all {
		words := p.Pinyin
		if words == "" {
			words = p.Text
		}
		samples, err := say(voice, words)
		if err != nil {
			return err
		}
		if err := write(fmt.Sprintf("%s/%s.wav", lang, name), level(trim(samples), 0.16)); err != nil {
			return err
		}
	}
	return nil
}

// say speaks words, cut to what a telephone carries.
func say(voice, words string) ([]float64, error) {
	speed := "150"
	if !strings.Contains(words, " ") { // a word by itself is drawn out
		speed = "180"
	}
	spoken, err := run(nil, "espeak-ng", "-v", voice, "-s", speed, "--stdout", words)
	if err != nil {
		return nil, err
	}
	raw, err := run(bytes.NewBuffer(spoken), "sox", "-D", "-t", "wav", "--ignore-length", "-",
		"-t", "s16", "-r", fmt.Sprint(rate), "-c", "1", "-", "gain", "-6", "highpass", "150", "lowpass", "3600")
	if err != nil {
		return nil, err
	}
	pcm := make([]int16, len(raw)/2)
	if err := binary.Read(bytes.NewReader(raw), binary.LittleEndian, pcm); err != nil {
		return nil, err
	}
	samples := make([]float64, len(pcm))
	for i, s := range pcm {
		samples[i] = float64(s) / 32768
	}
	return samples, nil
}

// trim cuts the silence before and after, but for 40 ms.
func trim(samples []float64) []float64 {
	const keep = rate * 40 / 1000
	first, last := len(samples), 0
	for i, s := range samples {
		if math.Abs(s) > 0.005 {
			first, last = min(first, i), i
		}
	}
	return samples[max(0, first-keep):min(len(samples), last+keep)]
}
