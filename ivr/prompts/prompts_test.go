package prompts_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"shouwen/ivr/prompts"
)

const rate = 8000 // Hz

// samples decodes an embedded prompt, full scale ±1, and insists on 8 kHz mono A-law.
func samples(t *testing.T, p prompts.Prompt) []float64 {
	t.Helper()
	const aLaw = 6
	format := p.WAV[bytes.Index(p.WAV, []byte("fmt "))+8:]
	tag, channels, hz := binary.LittleEndian.Uint16(format), binary.LittleEndian.Uint16(format[2:]), binary.LittleEndian.Uint32(format[4:])
	if tag != aLaw || channels != 1 || hz != rate {
		t.Fatalf("%s: format %d, %d channels, %d Hz", p.File, tag, channels, hz)
	}
	data := p.WAV[bytes.Index(p.WAV, []byte("data"))+4:]
	data, size := data[4:], binary.LittleEndian.Uint32(data)
	if int(size) > len(data) {
		t.Fatalf("%s: %d octets of audio said, %d there", p.File, size, len(data))
	}
	out := make([]float64, size)
	for i, b := range data[:size] {
		out[i] = expand(b)
	}
	return out
}

// expand decodes an octet of A-law (G.711 table 1a).
func expand(b byte) float64 {
	b ^= 0x55
	segment, step := int(b>>4&7), int(b&15)
	v := step<<4 + 8
	if segment > 0 {
		v = (v + 256) << (segment - 1)
	}
	if b < 0x80 {
		v = -v
	}
	return float64(v) / 32768
}

func peak(s []float64) (p float64) {
	for _, v := range s {
		p = max(p, math.Abs(v))
	}
	return p
}

func rms(s []float64) float64 {
	var sum float64
	for _, v := range s {
		sum += v * v
	}
	return math.Sqrt(sum / float64(len(s)))
}

// share is how much of the power of s lies at hz (Goertzel), 0–1.
func share(s []float64, hz float64) float64 {
	c := 2 * math.Cos(2*math.Pi*hz/rate)
	var a, b float64
	for _, v := range s {
		a, b = v+c*a-b, a
	}
	n := float64(len(s))
	return 2 * (a*a + b*b - c*a*b) / (n * n * rms(s) * rms(s))
}

func load(t *testing.T, lang, dir string) prompts.Set {
	t.Helper()
	set, _, err := prompts.Load(lang, dir)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestSpeechIsAudibleAndShort(t *testing.T) {
	for _, lang := range prompts.Languages {
		set := load(t, lang, "")
		for name := range set {
			if strings.HasPrefix(set[name].File, "embedded tones/") {
				continue
			}
			s := samples(t, set[name])
			length := time.Duration(len(s)) * time.Second / rate
			if length < 200*time.Millisecond || length > 12*time.Second {
				t.Errorf("%s lasts %s", set[name].File, length)
			}
			if r := rms(s); r < 0.07 || r > 0.2 {
				t.Errorf("%s: loudness %.3f", set[name].File, r)
			}
			if p := peak(s); p > 0.96 {
				t.Errorf("%s: peak %.2f, near clipping", set[name].File, p)
			}
			const edge = rate / 10
			if peak(s[:edge]) < 0.01 || peak(s[len(s)-edge:]) < 0.01 {
				t.Errorf("%s begins or ends with silence", set[name].File)
			}
		}
	}
}

func TestMusicCanBeRepeated(t *testing.T) {
	s := samples(t, load(t, "en", "")[prompts.Music])
	if n := len(s); n < 20*rate || n > 30*rate {
		t.Errorf("lasts %d s", n/rate)
	}
	if r := rms(s); r < 0.05 || r > 0.15 {
		t.Errorf("loudness %.3f, speech is at 0.11", r)
	}
	var jump float64
	for i := range len(s) - 1 {
		jump = max(jump, math.Abs(s[i+1]-s[i]))
	}
	if seam := math.Abs(s[0] - s[len(s)-1]); seam > jump/2 {
		t.Errorf("seam of %.3f, largest step within %.3f", seam, jump)
	}
	for i := 0; i+rate/2 <= len(s); i += rate / 2 {
		if r := rms(s[i : i+rate/2]); r < 0.02 || peak(s) > 0.9 {
			t.Errorf("at %.1f s: loudness %.3f, peak %.2f", float64(i)/rate, r, peak(s))
		}
	}
}

func TestTones(t *testing.T) {
	set := load(t, "zh-CN", "")
	ring := samples(t, set[prompts.Ringback])
	if len(ring) != 5*rate || share(ring[:rate], 450) < 0.98 || peak(ring[rate:]) > 0.001 {
		t.Errorf("ringback: %d samples, %.2f at 450 Hz, then %.3f", len(ring), share(ring[:rate], 450), peak(ring[rate:]))
	}
	if beep := samples(t, set[prompts.Beep]); share(beep, 1000) < 0.95 || len(beep) > rate {
		t.Errorf("beep: %.2f at 1000 Hz, %d samples", share(beep, 1000), len(beep))
	}
}

func TestRepositoryStaysSmall(t *testing.T) {
	sizes := map[string]int{}
	for _, lang := range prompts.Languages {
		for _, p := range load(t, lang, "") {
			sizes[p.File] = len(p.WAV)
		}
	}
	total := 0
	for _, n := range sizes {
		total += n
	}
	if total > 2_100_000 || len(sizes) < 100 {
		t.Errorf("%d octets in %d files", total, len(sizes))
	}
}

var (
	entry  = regexp.MustCompile(`(?m)^(\w+):(\n  text: .*\n| \{text: [^,}]*)`)
	pinyin = regexp.MustCompile(`\b[a-zü]+[1-5]\b`)
)

// TestTexts: every spoken prompt has a text, and in Chinese a syllable of pinyin
// for every character.
func TestTexts(t *testing.T) {
	for _, lang := range prompts.Languages {
		b, err := os.ReadFile(filepath.Join(lang, "prompts.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		texts := string(b)
		heads := entry.FindAllStringSubmatchIndex(texts, -1)
		wavs, err := filepath.Glob(lang + "/*.wav")
		if err != nil || len(wavs) != len(heads) {
			t.Errorf("%s: %d texts, %d files (%v)", lang, len(heads), len(wavs), err)
		}
		for i, h := range heads {
			name, text := texts[h[2]:h[3]], texts[h[4]:h[5]]
			if _, err := os.Stat(filepath.Join(lang, name+".wav")); err != nil {
				t.Error(err)
			}
			end := len(texts)
			if i+1 < len(heads) {
				end = heads[i+1][0]
			}
			characters := 0
			for _, r := range text {
				if unicode.Is(unicode.Han, r) {
					characters++
				}
			}
			if syllables := len(pinyin.FindAllString(texts[h[1]:end], -1)); syllables != characters || lang == "zh-CN" && characters == 0 {
				t.Errorf("%s %s: %d characters, %d syllables", lang, name, characters, syllables)
			}
		}
	}
}

func TestReplacements(t *testing.T) {
	wav := load(t, "en", "")[prompts.Goodbye].WAV
	tests := map[string]struct {
		files map[string]string
		want  string // part of the error, empty: none
	}{
		"one replaced":     {map[string]string{"greeting.wav": string(wav), "README": "ours"}, ""},
		"one of our own":   {map[string]string{"greeting.wav": string(wav), "our_menu.wav": string(wav)}, ""},
		"name in capitals": {map[string]string{"Greeting.WAV": string(wav)}, ""},
		"not a WAV":        {map[string]string{"greeting.wav": "ID3 something else"}, "greeting.wav: not a WAV file: want 8 kHz mono"},
		"empty file":       {map[string]string{"greeting.wav": ""}, "greeting.wav: not a WAV file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, content := range tt.files {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			set, unknown, err := prompts.Load("zh-CN", dir, "our_menu")
			switch {
			case tt.want != "":
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
			case err != nil || len(unknown) > 0:
				t.Error(err, unknown)
			case !bytes.Equal(set[prompts.Greeting].WAV, wav) || filepath.Dir(set[prompts.Greeting].File) != dir:
				t.Errorf("greeting is from %s", set[prompts.Greeting].File)
			case len(tt.files["our_menu.wav"]) != len(set["our_menu"].WAV):
				t.Errorf("our own prompt has %d octets", len(set["our_menu"].WAV))
			case !strings.HasPrefix(set[prompts.Goodbye].File, "embedded zh-CN/"):
				t.Errorf("goodbye is from %s", set[prompts.Goodbye].File)
			}
		})
	}
}

// TestUnknownNames: files that no prompt is called like are named, and the others
// loaded all the same.
func TestUnknownNames(t *testing.T) {
	wav, dir := load(t, "en", "")[prompts.Goodbye].WAV, t.TempDir()
	for _, file := range []string{".wav", "greeting.wav", "greting.wav"} {
		if err := os.WriteFile(filepath.Join(dir, file), wav, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, unknown, err := prompts.Load("zh-CN", dir, "our_menu")
	if err != nil || filepath.Dir(set[prompts.Greeting].File) != dir || len(unknown) != 2 {
		t.Fatalf("greeting from %s, %v, %v", set[prompts.Greeting].File, unknown, err)
	}
	if _, ok := set["greting"]; ok {
		t.Error("the misspelt one is a prompt")
	}
	for i, want := range []string{"/.wav: no prompt has this name", "greting.wav: no prompt has this name: there are [all_busy apology"} {
		if !strings.Contains(unknown[i].Error(), want) {
			t.Errorf("%v, want %q", unknown[i], want)
		}
	}
}

func TestLoadNamesWhatIsMissing(t *testing.T) {
	for want, args := range map[string][2]string{
		`no prompts in language "fr": there are [zh-CN en]`: {"fr", ""},
		"no such file or directory":                         {"en", filepath.Join(t.TempDir(), "gone")},
		"greeting.wav: not a file of at most 64 MiB":        {"en", folder(t)},
	} {
		if _, _, err := prompts.Load(args[0], args[1]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// folder returns a folder in which a folder has the name of a prompt.
func folder(t *testing.T) string {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "greeting.wav"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
