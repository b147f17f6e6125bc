package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"testing"
	"testing/iotest"
	"time"
)

// wavFile is a WAV of one second of sine at 700 Hz and half scale, silent in
// every channel but the first.
func wavFile(tag, channels, bits uint16, rate uint32) []byte {
	var audio []byte
	for i := range int(rate) {
		v := int16(math.Round(math.MaxInt16 / 2 * math.Sin(2*math.Pi*700*float64(i)/float64(rate))))
		for c := range channels {
			if c > 0 {
				v = 0
			}
			switch tag {
			case wavALaw:
				audio = PCMA.Encode(audio, []int16{v})
			case wavMuLaw:
				audio = PCMU.Encode(audio, []int16{v})
			default:
				audio = appendSample(audio, tag, bits, v)
			}
		}
	}
	format := binary.LittleEndian.AppendUint16(nil, tag)
	format = binary.LittleEndian.AppendUint16(format, channels)
	format = binary.LittleEndian.AppendUint32(format, rate)
	format = binary.LittleEndian.AppendUint32(format, rate*uint32(channels*bits/8))
	format = binary.LittleEndian.AppendUint16(format, channels*bits/8)
	format = binary.LittleEndian.AppendUint16(format, bits)
	if tag == wavExtensible {
		format = append(format, 22, 0, 16, 0, 0, 0, 0, 0, wavPCM, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71)
	}
	return riff("LIST", []byte("odd"), "fmt ", format, "data", audio)
}

// appendSample appends v as PCM or floating point.
func appendSample(b []byte, tag, bits uint16, v int16) []byte {
	le := binary.LittleEndian
	switch {
	case tag == wavFloat && bits == 32:
		return le.AppendUint32(b, math.Float32bits(float32(v)/32768))
	case tag == wavFloat:
		return le.AppendUint64(b, math.Float64bits(float64(v)/32768))
	case bits == 8:
		return append(b, byte(v>>8)+128)
	case bits == 24:
		return append(b, 0, byte(v), byte(v>>8))
	case bits == 32:
		return le.AppendUint32(b, uint32(v)<<16)
	}
	return le.AppendUint16(b, uint16(v))
}

// riff returns a WAV of pairs of chunk name and content.
func riff(chunks ...any) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVE")
	for i := 0; i < len(chunks); i += 2 {
		content := chunks[i+1].([]byte)
		b = append(b, chunks[i].(string)...)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(content)))
		b = append(b, content...)
		if len(content)%2 == 1 {
			b = append(b, 0)
		}
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func TestReadWAV(t *testing.T) {
	tests := map[string]struct {
		tag, channels, bits uint16
		rate                uint32
	}{
		"8 kHz":              {wavPCM, 1, 16, 8000},
		"8 kHz A-law":        {wavALaw, 1, 8, 8000},
		"8 kHz µ-law stereo": {wavMuLaw, 2, 8, 8000},
		"16 kHz":             {wavPCM, 1, 16, 16000},
		"22.05 kHz":          {wavPCM, 1, 16, 22050},
		"44.1 kHz stereo":    {wavPCM, 2, 16, 44100},
		"48 kHz":             {wavPCM, 1, 16, 48000},
		"extensible":         {wavExtensible, 2, 16, 48000},
		"8 bits":             {wavPCM, 1, 8, 16000},
		"11.025 kHz":         {wavPCM, 1, 16, 11025},
		"24 bits, 32 kHz":    {wavPCM, 2, 24, 32000},
		"32 bits, 24 kHz":    {wavPCM, 1, 32, 24000},
		"float":              {wavFloat, 2, 32, 44100},
		"double":             {wavFloat, 1, 64, 48000},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ReadWAV(iotest.HalfReader(bytes.NewReader(wavFile(tt.tag, tt.channels, tt.bits, tt.rate))))
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 8000 {
				t.Errorf("%d samples, want 8000", len(got))
			}
			want := 0.5 / float64(tt.channels)
			inner := got[400:7600]
			if level := ToneLevel(inner, 700); math.Abs(level-want) > 0.01*want {
				t.Errorf("level at 700 Hz %v, want %v", level, want)
			}
			if noise := rms(inner, 700); noise > 0.01 {
				t.Errorf("all but the tone has level %v", noise)
			}
		})
	}
}

// rms returns the level of what is left of samples without the tone hz.
func rms(samples []int16, hz float64) float64 {
	power := 0.0
	for _, v := range samples {
		power += float64(v) * float64(v) / math.MaxInt16 / math.MaxInt16
	}
	tone := ToneLevel(samples, hz)
	return math.Sqrt(max(power/float64(len(samples))-tone*tone/2, 0))
}

// What a telephone cannot carry must not be folded into what it can.
func TestResamplingDoesNotAlias(t *testing.T) {
	for _, rate := range []uint32{11025, 16000, 22050, 24000, 32000, 44100, 48000} {
		in := make([]float32, rate)
		for i := range in {
			in[i] = float32(16000 * math.Sin(2*math.Pi*4700*float64(i)/float64(rate)))
		}
		if level := ToneLevel(limit(resample(in, rate))[400:7600], 3300); level > 0.002 {
			t.Errorf("%d Hz: 4700 Hz appears at 3300 Hz with level %v", rate, level)
		}
	}
}

// TestLoudWAVIsTurnedDown: as a whole, so that nothing is cut off. Full scale is not
// too loud, and what is no number is silent.
func TestLoudWAVIsTurnedDown(t *testing.T) {
	float := func(values ...float32) []byte {
		var audio []byte
		for _, v := range values {
			audio = binary.LittleEndian.AppendUint32(audio, math.Float32bits(v))
		}
		format := []byte{wavFloat, 0, 1, 0, 0x40, 0x1f, 0, 0, 0, 0, 0, 0, 4, 0, 32, 0}
		return riff("fmt ", format, "data", audio)
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	tests := map[string]struct {
		in   []byte
		want []int16
	}{
		"twice too loud": {float(2, -1, 0.5), []int16{29195, -14598, 7299}},
		"full scale":     {float(1, -1, 0.5), []int16{32767, -32768, 16384}},
		"not numbers":    {float(nan, inf, 4), []int16{0, -29195, 14598}},
	}
	for name, tt := range tests {
		got, err := ReadWAV(bytes.NewReader(tt.in))
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tt.want)
		}
	}
}

func TestWrittenWAVReadsBack(t *testing.T) {
	want := Tone(440, 250*time.Millisecond)
	var b bytes.Buffer
	if err := WriteWAV(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadWAV(&b)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2000 || !bytes.Equal(PCMA.Encode(nil, got), PCMA.Encode(nil, want)) {
		t.Errorf("%d samples come back differently", len(got))
	}
	if err := WriteWAV(fullDisk{}, want); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("full disk: %v", err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// A program that writes WAV to a pipe does not know its size.
func TestWAVFromAPipe(t *testing.T) {
	b := wavFile(wavPCM, 1, 16, 8000)
	i := bytes.Index(b, []byte("data"))
	binary.LittleEndian.PutUint32(b[i+4:], 0xFFFFFFFF)
	if got, err := ReadWAV(bytes.NewReader(b)); err != nil || len(got) != 8000 {
		t.Errorf("%d samples, %v", len(got), err)
	}
}

func TestReadWAVRefuses(t *testing.T) {
	good := wavFile(wavPCM, 1, 16, 8000)
	changed := func(i int, v byte) []byte {
		b := bytes.Clone(good)
		b[bytes.Index(b, []byte("fmt "))+8+i] = v
		return b
	}
	tests := map[string][]byte{
		"empty file":      {},
		"MP3":             []byte("ID3\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
		"truncated":       good[:len(good)-1],
		"no audio":        good[:60],
		"audio first":     riff("data", []byte{0, 0}),
		"short format":    riff("fmt ", []byte{1, 0, 1, 0}),
		"huge format":     riff("fmt ", make([]byte, 5000)),
		"20 bits":         changed(14, 20),
		"three channels":  changed(2, 3),
		"no channels":     changed(2, 0),
		"11 kHz":          changed(4, 0x11),
		"unknown format":  changed(0, 0x55),
		"ends in a chunk": []byte("RIFF\x00\x00\x00\x00WAVELIST\xff\xff\xff\xffxx"),
	}
	for name, b := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := ReadWAV(bytes.NewReader(b)); !errors.Is(err, ErrWAV) {
				t.Errorf("%d samples, %v", len(got), err)
			}
		})
	}
	if _, err := ReadWAV(iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) || errors.Is(err, ErrWAV) {
		t.Errorf("broken reader: %v", err)
	}
}

// However long a file is, no more than 64 MiB of it are kept.
func TestEndlessWAV(t *testing.T) {
	head := wavFile(wavPCM, 1, 16, 8000)
	i := bytes.Index(head, []byte("data"))
	binary.LittleEndian.PutUint32(head[i+4:], 0xFFFFFFFF)
	if _, err := ReadWAV(io.MultiReader(bytes.NewReader(head), silence{})); !errors.Is(err, ErrWAV) {
		t.Errorf("error %v", err)
	}
}

type silence struct{}

func (silence) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func FuzzWAV(f *testing.F) {
	f.Add(wavFile(wavPCM, 2, 16, 8000)[:200])
	f.Add(wavFile(wavExtensible, 1, 16, 44100)[:300])
	f.Add(riff("fmt ", make([]byte, 16), "data", make([]byte, 16)))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ReadWAV(bytes.NewReader(b))
		if err != nil && !errors.Is(err, ErrWAV) {
			t.Errorf("error %v does not say what to do", err)
		}
		if len(got) > len(b) {
			t.Errorf("%d samples of %d octets", len(got), len(b))
		}
	})
}

func TestToneLevel(t *testing.T) {
	for _, hz := range []float64{350, 697, 1000, 1477, 3000} {
		s := Tone(hz, time.Second)
		for _, other := range []float64{350, 697, 1000, 1477, 3000} {
			want := 0.0
			if hz == other {
				want = 0.5
			}
			if got := ToneLevel(s, other); math.Abs(got-want) > 0.001 {
				t.Errorf("%v Hz in a tone of %v Hz: level %v, want %v", other, hz, got, want)
			}
		}
	}
	if ToneLevel(nil, 1000) != 0 {
		t.Error("level in nothing")
	}
}
