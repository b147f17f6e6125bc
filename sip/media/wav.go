package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// ErrWAV is returned for a file that is no WAV or of a kind that is not read.
var ErrWAV = errors.New("WAV not readable: convert it with sox FILE -r 8000 -c 1 -b 16 OUT.wav")

const (
	wavMax  = 64 << 20   // octets of audio: over an hour at 8 kHz
	wavPipe = 0x7FFF0000 // sizes from here on are of a file written to a pipe: read to its end
)

// Format tags of a WAV.
const (
	wavPCM        = 1
	wavFloat      = 3
	wavALaw       = 6
	wavMuLaw      = 7
	wavExtensible = 0xFFFE
)

// wavFormat is what the fmt chunk says.
type wavFormat struct {
	tag, channels, bits uint16
	rate                uint32
}

// ReadWAV returns the audio of a WAV file as 8 kHz mono. It reads PCM of 8, 16, 24
// and 32 bits, floating point, A-law and µ-law; one or two channels, which are
// averaged; 8, 11.025, 16, 22.05, 24, 32, 44.1 and 48 kHz; at most 64 MiB. What is
// louder than can be sent is turned down as a whole. Other errors than ErrWAV are
// r's own.
func ReadWAV(r io.Reader) ([]int16, error) {
	var riff [12]byte
	if _, err := io.ReadFull(r, riff[:]); err != nil {
		return nil, broken("RIFF header", err)
	}
	if string(riff[:4]) != "RIFF" || string(riff[8:]) != "WAVE" {
		return nil, fmt.Errorf("no RIFF/WAVE header: %w", ErrWAV)
	}
	var f wavFormat
	for {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, broken("chunk header before the audio", err)
		}
		size := binary.LittleEndian.Uint32(head[4:])
		switch string(head[:4]) {
		case "fmt ":
			if err := f.read(r, size); err != nil {
				return nil, err
			}
		case "data":
			return f.audio(r, size)
		default:
			if _, err := io.CopyN(io.Discard, r, int64(size)+int64(size%2)); err != nil {
				return nil, broken("chunk", err)
			}
		}
	}
}

// broken makes an end of the file too early an ErrWAV.
func broken(what string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("file ends in its %s: %w", what, ErrWAV)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// read takes the fmt chunk.
func (f *wavFormat) read(r io.Reader, size uint32) error {
	const basic, extended = 16, 40
	if size < basic || size > 1<<10 {
		return fmt.Errorf("format chunk of %d octets: %w", size, ErrWAV)
	}
	b := make([]byte, size+size%2)
	if _, err := io.ReadFull(r, b); err != nil {
		return broken("format chunk", err)
	}
	f.tag = binary.LittleEndian.Uint16(b)
	f.channels = binary.LittleEndian.Uint16(b[2:])
	f.rate = binary.LittleEndian.Uint32(b[4:])
	f.bits = binary.LittleEndian.Uint16(b[14:])
	if f.tag == wavExtensible && size >= extended {
		f.tag = binary.LittleEndian.Uint16(b[24:]) // the sub-format begins with a tag
	}
	return nil
}

// audio takes the data chunk.
func (f *wavFormat) audio(r io.Reader, size uint32) ([]int16, error) {
	width := f.width()
	if width == 0 || f.channels < 1 || f.channels > 2 || !resampled(f.rate) {
		return nil, fmt.Errorf("format %d, %d bits, %d channels, %d Hz: %w", f.tag, f.bits, f.channels, f.rate, ErrWAV)
	}
	most := int64(wavMax / 2 * min(width, 2))
	b, err := io.ReadAll(io.LimitReader(r, min(int64(size), most+1)))
	switch {
	case err != nil:
		return nil, fmt.Errorf("audio: %w", err)
	case int64(len(b)) > most:
		return nil, fmt.Errorf("more than %d MiB of audio: %w", most>>20, ErrWAV)
	case len(b) < int(size) && size < wavPipe:
		return nil, broken("audio", io.ErrUnexpectedEOF)
	}
	return limit(resample(mono(f.samples(b), int(f.channels)), f.rate)), nil
}

// width returns the octets of a sample, 0 for one that is not read.
func (f *wavFormat) width() int {
	known := map[uint16][]uint16{wavPCM: {8, 16, 24, 32}, wavFloat: {32, 64}, wavALaw: {8}, wavMuLaw: {8}}
	if !slices.Contains(known[f.tag], f.bits) {
		return 0
	}
	return int(f.bits / 8)
}

// samples decodes b, channels interleaved, in units of 16-bit samples.
func (f *wavFormat) samples(b []byte) []float32 {
	width := f.width()
	out := make([]float32, len(b)/width)
	for i := range out {
		out[i] = f.sample(b[i*width:][:width])
	}
	return out
}

func (f *wavFormat) sample(b []byte) float32 {
	switch {
	case f.tag == wavALaw:
		return float32(PCMA.values()[b[0]])
	case f.tag == wavMuLaw:
		return float32(PCMU.values()[b[0]])
	case f.tag == wavFloat && f.bits == 32:
		return fromUnit(float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
	case f.tag == wavFloat:
		return fromUnit(math.Float64frombits(binary.LittleEndian.Uint64(b)))
	case f.bits == 8: // the only one without a sign
		return float32(int(b[0])-128) * 256
	case f.bits == 16:
		return float32(int16(binary.LittleEndian.Uint16(b)))
	case f.bits == 24:
		return float32(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / 65536
	}
	return float32(int32(binary.LittleEndian.Uint32(b))) / 65536
}

// fromUnit turns a sample whose full scale is 1, or a little more, into 16 bits.
func fromUnit(v float64) float32 {
	if math.IsNaN(v) {
		return 0
	}
	return float32(min(max(v, -8), 8) * (math.MaxInt16 + 1))
}

// mono averages interleaved channels, in place.
func mono(in []float32, channels int) []float32 {
	if channels == 1 {
		return in
	}
	out := in[:len(in)/2]
	for i := range out {
		out[i] = (in[2*i] + in[2*i+1]) / 2
	}
	return out
}

// limited is the peak of what had to be turned down: -1 dB of full scale.
const limited = 0.891 * math.MaxInt16

// limit turns in down, if it must be, and rounds it.
func limit(in []float32) []int16 {
	peak := float32(0)
	for _, v := range in {
		peak = max(peak, v, -v)
	}
	gain := float32(1)
	if peak > math.MaxInt16+1 {
		gain = limited / peak
	}
	out := make([]int16, len(in))
	for i, v := range in {
		out[i] = int16(min(max(math.Round(float64(v*gain)), math.MinInt16), math.MaxInt16))
	}
	return out
}

// WriteWAV writes samples, 8 kHz mono, as a WAV file of 16-bit PCM.
func WriteWAV(w io.Writer, samples []int16) error {
	b := slices.Grow(wavHeader(1, uint32(2*len(samples)), 0), 2*len(samples))
	for _, v := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	_, err := w.Write(b)
	return err
}
