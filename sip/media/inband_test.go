package media

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// dtmf is a key as some telephone sends it. Levels are in dBm0, a full sine being
// 3.14.
type dtmf struct {
	key      byte
	row, col float64       // levels
	off      float64       // of both frequencies, as a fraction
	lasting  time.Duration // tone
	silence  time.Duration // after it
	noise    float64       // level of white noise; 0: none
}

func amplitude(dBm0 float64) float64 { return math.MaxInt16 * math.Pow(10, (dBm0-3.14)/20) }

// audio appends the key to dst; r gives phases and noise.
func (d dtmf) audio(dst []int16, r *rand.Rand) []int16 {
	i := strings.IndexByte(keypad, d.key)
	low, high := 2*math.Pi*toneHz[i/4]*(1+d.off)/8000, 2*math.Pi*toneHz[4+i%4]*(1+d.off)/8000
	a, b := 2*math.Pi*r.Float64(), 2*math.Pi*r.Float64()
	tone := int(samples(d.lasting))
	for n := range tone + int(samples(d.silence)) {
		v := 0.0
		if n < tone {
			v = amplitude(d.row)*math.Sin(a+low*float64(n)) + amplitude(d.col)*math.Sin(b+high*float64(n))
		}
		if d.noise != 0 {
			v += amplitude(d.noise) / math.Sqrt2 * r.NormFloat64()
		}
		dst = append(dst, int16(min(max(v, math.MinInt16), math.MaxInt16)))
	}
	return dst
}

// keysIn returns the keys heard in audio, sent as packets of ptime.
func keysIn(audio []int16, c Codec, ptime time.Duration) string {
	var keys []byte
	k := NewInband(func(d byte) { keys = append(keys, d) })
	ts := uint32(math.MaxUint32 - 1000)
	for part := range slices.Chunk(audio, int(samples(ptime))) {
		k.WriteRTP(&Packet{SSRC: 3, TS: ts, Codec: c, Payload: c.Encode(nil, part)})
		ts += uint32(len(part))
	}
	return string(keys)
}

func TestInbandKeys(t *testing.T) {
	usual := dtmf{row: -9, col: -7, lasting: 80 * ms, silence: 80 * ms}
	tests := map[string]struct {
		change func(*dtmf)
		heard  bool
	}{
		"as a telephone sends them":       {func(*dtmf) {}, true},
		"40 ms, and 40 ms of silence":     {func(d *dtmf) { d.lasting, d.silence = 40*ms, 40*ms }, true},
		"23 ms":                           {func(d *dtmf) { d.lasting = 23 * ms }, false},
		"a second":                        {func(d *dtmf) { d.lasting = time.Second }, true},
		"as loud as can be":               {func(d *dtmf) { d.row, d.col = -3, -3 }, true},
		"as quiet as can be":              {func(d *dtmf) { d.row, d.col = -25, -25 }, true},
		"too quiet":                       {func(d *dtmf) { d.row, d.col = -35, -35 }, false},
		"row 6 dB louder":                 {func(d *dtmf) { d.row, d.col = -6, -12 }, true},
		"column 6 dB louder":              {func(d *dtmf) { d.row, d.col = -12, -6 }, true},
		"row 8 dB louder":                 {func(d *dtmf) { d.row, d.col = -6, -14 }, false},
		"column 8 dB louder":              {func(d *dtmf) { d.row, d.col = -14, -6 }, false},
		"1.5 % sharp":                     {func(d *dtmf) { d.off = 0.015 }, true},
		"1.5 % flat":                      {func(d *dtmf) { d.off = -0.015 }, true},
		"3.5 % sharp":                     {func(d *dtmf) { d.off = 0.035 }, false},
		"3.5 % flat":                      {func(d *dtmf) { d.off = -0.035 }, false},
		"noise 15 dB below":               {func(d *dtmf) { d.noise = -20 }, true},
		"noise as loud as the tones":      {func(d *dtmf) { d.noise = -5 }, false},
		"one tone only":                   {func(d *dtmf) { d.row = -90 }, false},
		"quiet, sharp, twisted and noisy": {func(d *dtmf) { d.row, d.col, d.off, d.noise = -20, -25, 0.012, -42 }, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			var audio []int16
			want := ""
			for range 4 {
				for _, key := range []byte(keypad + "5500##") {
					d := usual
					d.key = key
					tt.change(&d)
					audio = d.audio(audio, r)
					want += string(key)
				}
			}
			if !tt.heard {
				want = ""
			}
			for _, c := range []Codec{PCMU, PCMA} {
				if got := keysIn(audio, c, frameTime); got != want {
					t.Errorf("%s: heard %q, want %q", c, got, want)
				}
			}
		})
	}
}

func TestInbandHearsEveryKeyOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "phases"), 0))
		audio, want := make([]int16, rapid.IntRange(0, 400).Draw(t, "before")), ""
		for range rapid.IntRange(1, 12).Draw(t, "keys") {
			d := dtmf{key: rapid.SampledFrom([]byte(keypad)).Draw(t, "key"), row: rapid.Float64Range(-22, -4).Draw(t, "level")}
			d.col = d.row + rapid.Float64Range(-3, 6).Draw(t, "twist")
			d.off = rapid.Float64Range(-0.015, 0.015).Draw(t, "off")
			d.lasting = time.Duration(rapid.IntRange(40, 400).Draw(t, "tone")) * ms
			d.silence = time.Duration(rapid.IntRange(40, 400).Draw(t, "silence")) * ms
			audio = d.audio(audio, r)
			want += string(d.key)
		}
		ptime := rapid.SampledFrom([]time.Duration{10 * ms, 20 * ms, 30 * ms, 60 * ms}).Draw(t, "ptime")
		if got := keysIn(audio, PCMA, ptime); got != want {
			t.Fatalf("heard %q, want %q", got, want)
		}
	})
}

// Loss within a key does not press it twice; silence that is not sent lets go.
func TestInbandOverLoss(t *testing.T) {
	tests := map[string]struct {
		lost, skipped int // packets lost, packets not sent after the fifth
		want          string
	}{
		"whole":                 {0, 0, "7"},
		"one lost":              {1, 0, "7"},
		"two lost":              {2, 0, "7"},
		"pressed again later":   {0, 100, "77"},
		"loss longer than that": {3, 0, "77"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			audio := dtmf{key: '7', row: -9, col: -9, lasting: 300 * ms}.audio(nil, rand.New(rand.NewPCG(1, 1)))
			var keys []byte
			k := NewInband(func(d byte) { keys = append(keys, d) })
			for i := 0; i < 15; i++ {
				if i == 5 {
					i += tt.lost
				}
				p := &Packet{SSRC: 3, TS: uint32(i * frameSamples), Payload: PCMU.Encode(nil, audio[i*frameSamples:][:frameSamples])}
				if i >= 5 {
					p.TS += uint32(tt.skipped * frameSamples)
				}
				k.WriteRTP(p)
				k.WriteRTP(&Packet{SSRC: 3, TS: p.TS - frameSamples, Payload: p.Payload}) // late
				k.WriteRTP(&Packet{SSRC: 3, TS: p.TS, Payload: []byte{7, 0, 0, 0}, Event: true})
			}
			if string(keys) != tt.want {
				t.Errorf("heard %q, want %q", keys, tt.want)
			}
		})
	}
}

// Nothing that is played or heard on a telephone is a key: prompts, music, the
// tones of exchanges, a voice, noise.
func TestInbandTalkOff(t *testing.T) {
	files, err := filepath.Glob("../../ivr/prompts/*/*.wav")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d prompts, %v", len(files), err)
	}
	sounds := map[string][]int16{"450 Hz": Tone(450, 5*time.Second)}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if sounds[path], err = ReadWAV(f); err != nil {
			t.Fatal(err)
		}
	}
	for name, hz := range map[string][2]float64{"dial tone": {350, 440}, "ringing": {440, 480}, "busy": {480, 620}, "fax": {1100, 2100}, "a row alone": {770, 852}} {
		a, b := Tone(hz[0], 5*time.Second), Tone(hz[1], 5*time.Second)
		for i := range a {
			a[i] = a[i]/2 + b[i]/2
		}
		sounds[name] = a
	}
	sounds["speech-like"] = babble(3 * time.Minute)
	for name, audio := range sounds {
		for _, volume := range []float64{0.3, 1, 3} {
			scaled := make([]int16, len(audio))
			for i, v := range audio {
				scaled[i] = int16(min(max(float64(v)*volume, math.MinInt16), math.MaxInt16))
			}
			if got := keysIn(scaled, PCMA, frameTime); got != "" {
				t.Errorf("%s at volume %v: heard %q", name, volume, got)
			}
		}
	}
}

// babble is a glottal pulse of wandering pitch through wandering formants.
func babble(d time.Duration) []int16 {
	r := rand.New(rand.NewPCG(4, 4))
	out := make([]int16, samples(d))
	var formants [4]struct{ hz, a, b float64 }
	pitch, phase, loud := 120.0, 0.0, 1.0
	for i := range out {
		if i%800 == 0 {
			pitch, loud = 80+220*r.Float64(), math.Round(r.Float64()+0.3)
			for k := range formants {
				formants[k].hz = []float64{300, 900, 1300, 2000}[k] + 700*r.Float64()
			}
		}
		pulse := 0.0
		if phase += pitch / 8000; phase >= 1 {
			phase--
			pulse = 4000 * loud
		}
		v := 0.0
		for k := range formants {
			f := &formants[k]
			now := pulse + 2*0.97*math.Cos(2*math.Pi*f.hz/8000)*f.a - 0.97*0.97*f.b
			f.a, f.b = now, f.a
			v += now
		}
		out[i] = int16(min(max(v, math.MinInt16), math.MaxInt16))
	}
	return out
}

func TestInbandAllocatesNothing(t *testing.T) {
	k := NewInband(func(byte) {})
	p := &Packet{Codec: PCMA, Payload: PCMA.Encode(nil, Tone(770, frameTime))}
	if n := testing.AllocsPerRun(1000, func() { k.WriteRTP(p); p.TS += frameSamples }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func BenchmarkInband(b *testing.B) {
	k := NewInband(func(byte) {})
	p := &Packet{Codec: PCMA, Payload: PCMA.Encode(nil, Tone(770, frameTime))}
	for b.Loop() {
		k.WriteRTP(p)
		p.TS += frameSamples
	}
}
