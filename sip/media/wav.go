package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
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
	wavALaw       = 6
	wavMuLaw      = 7
	wavExtensible = 0xFFFE
)

// wavFormat is what the fmt chunk says.
type wavFormat struct {
	tag, channels, bits uint16
	rate                uint32
}

// ReadWAV returns the audio of a WAV file as 8 kHz mono. It reads PCM of
// 16 bits, A-law and µ-law; one or two channels, which are averaged; 8, 16,
// 22.05, 44.1 and 48 kHz; at most 64 MiB. Other errors than ErrWAV are r's own.
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
	known := f.tag == wavPCM && f.bits == 16 || (f.tag == wavALaw || f.tag == wavMuLaw) && f.bits == 8
	if !known || f.channels < 1 || f.channels > 2 || !resampled(f.rate) {
		return nil, fmt.Errorf("format %d, %d bits, %d channels, %d Hz: %w", f.tag, f.bits, f.channels, f.rate, ErrWAV)
	}
	b, err := io.ReadAll(io.LimitReader(r, min(int64(size), wavMax+1)))
	switch {
	case err != nil:
		return nil, fmt.Errorf("audio: %w", err)
	case len(b) > wavMax:
		return nil, fmt.Errorf("more than %d MiB of audio: %w", wavMax>>20, ErrWAV)
	case len(b) < int(size) && size < wavPipe:
		return nil, broken("audio", io.ErrUnexpectedEOF)
	}
	return resample(mono(f.samples(b), int(f.channels)), f.rate), nil
}

// samples decodes b, channels interleaved.
func (f *wavFormat) samples(b []byte) []int16 {
	switch f.tag {
	case wavALaw:
		return PCMA.Decode(make([]int16, 0, len(b)), b)
	case wavMuLaw:
		return PCMU.Decode(make([]int16, 0, len(b)), b)
	}
	out := make([]int16, len(b)/2)
	for i := range out {
		out[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return out
}

// mono averages interleaved channels, in place.
func mono(in []int16, channels int) []int16 {
	if channels == 1 {
		return in
	}
	out := in[:len(in)/2]
	for i := range out {
		out[i] = int16((int(in[2*i]) + int(in[2*i+1])) / 2)
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
