package main

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/ivr/prompts"
	"shouwen/sip/media"
)

// studio is a WAV as a studio delivers it, 48 kHz stereo of 24 bits: a second of the
// tones at that level of full scale, the same in both channels.
func studio(level float64, hz ...float64) []byte {
	const rate = 48000
	le := binary.LittleEndian
	var audio []byte
	for i := range rate {
		v := 0.0
		for _, f := range hz {
			v += level * math.Sin(2*math.Pi*f*float64(i)/rate)
		}
		sample := int32(v * (1<<23 - 1))
		for range 2 {
			audio = append(audio, byte(sample), byte(sample>>8), byte(sample>>16))
		}
	}
	b := append([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00"), 1, 0, 2, 0)
	b = le.AppendUint32(b, rate)
	b = le.AppendUint32(b, rate*6)
	b = append(b, 6, 0, 24, 0)
	b = le.AppendUint32(append(b, "data"...), uint32(len(audio)))
	b = append(b, audio...)
	le.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

// TestImportPrompt: what a telephone carries comes out as loud as it was, what it
// cannot is gone, and the file is what is played.
func TestImportPrompt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "take1.wav")
	if err := os.WriteFile(file, studio(0.4, 1000, 6000), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := Default()
	cfg.Prompts, cfg.Languages = filepath.Join(dir, "prompts"), []string{"en"}
	var out strings.Builder
	if err := cfg.importPrompt(&out, file, "our_menu", "en"); err != nil {
		t.Fatal(err)
	}
	if want := "our_menu.wav: 1s, peak -7.9 dBFS"; !strings.Contains(out.String(), want) {
		t.Errorf("says %q, want %q", out.String(), want)
	}
	f, err := os.Open(filepath.Join(cfg.Prompts, "en", "our_menu.wav"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := media.ReadWAV(f)
	if err != nil || len(got) != 8000 {
		t.Fatalf("%d samples, %v", len(got), err)
	}
	inner := got[400:7600]
	if level := media.ToneLevel(inner, 1000); math.Abs(20*math.Log10(level/0.4)) > 0.1 {
		t.Errorf("1 kHz has level %.3f, want 0.4", level)
	}
	if alias := media.ToneLevel(inner, 2000); alias > 0.0004 { // 6 kHz folded, 60 dB below
		t.Errorf("6 kHz appears at 2 kHz with level %.5f", alias)
	}

	for name, tt := range map[string]struct {
		wav  []byte
		want string
	}{
		"silence":   {studio(0.001, 1000), "record it louder"},
		"no WAV":    {[]byte("ID3 something else"), "convert it with sox"},
		"truncated": {studio(0.4, 1000)[:1000], "file ends in its audio"},
	} {
		if err := os.WriteFile(file, tt.wav, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := cfg.importPrompt(&out, file, "greeting", "zh-CN"); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	if _, err := os.Stat(filepath.Join(cfg.Prompts, "greeting.wav")); err == nil {
		t.Error("what cannot be played was imported")
	}
}

// TestCheckPrompts: everything that is wrong is told at once.
func TestCheckPrompts(t *testing.T) {
	t.Parallel()
	cfg := Default()
	cfg.Prompts, cfg.Languages = t.TempDir(), []string{"en"}
	var out strings.Builder
	if err := cfg.checkPrompts(&out, nil); err != nil || strings.Count(out.String(), "0 of them from") != 2 {
		t.Errorf("the built-in ones: %v\n%s", err, out.String())
	}
	write := func(name string, samples []int16) {
		t.Helper()
		f, err := os.Create(filepath.Join(cfg.Prompts, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := media.WriteWAV(f, samples); err != nil {
			t.Fatal(err)
		}
	}
	write("greeting.wav", media.Tone(440, time.Second))
	write("goodbye.wav", make([]int16, 8000))
	write("apology.wav", media.Tone(440, 3*time.Minute))
	write("misspelt.wav", media.Tone(440, time.Second))
	write("music.wav", media.Tone(440, 3*time.Minute))
	out.Reset()
	err := cfg.checkPrompts(&out, []prompts.Name{"our_menu"})
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	for _, want := range []string{
		"goodbye.wav: nothing is to be heard in it (peak -90.3 dBFS)", "apology.wav: lasts 3m0s", "misspelt.wav: no prompt has this name",
		"zh-CN: no our_menu.wav in", "en: no our_menu.wav in",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("does not say %q:\n%v", want, err)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 5 {
		t.Errorf("%d problems, want 5:\n%v", n, err)
	}
	if want := "4 of them from"; !strings.Contains(out.String(), want) {
		t.Errorf("%s, want %q", out.String(), want)
	}
}

// TestMisspeltPromptWarns: a file that nothing plays keeps nobody from being served.
func TestMisspeltPromptWarns(t *testing.T) {
	t.Parallel()
	c := testConfig(t)
	c.Prompts = t.TempDir()
	if err := os.WriteFile(filepath.Join(c.Prompts, "greting.wav"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := c.reception(examplePhonebook(1).directory(), cases.Policy{})
	if err != nil || len(r.warnings) != 1 || !strings.Contains(r.warnings[0], "greting.wav: no prompt has this name") {
		t.Errorf("warnings %q, %v", r.warnings, err)
	}
}
