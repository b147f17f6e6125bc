package media

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// ErrNoSpace is returned when a recording ends, or does not begin, because the
// disk is full or nearly so.
var ErrNoSpace = errors.New("no space for recordings: delete old ones or give them a larger disk")

const (
	wavHead    = 44            // octets before the audio
	wavLongest = 1<<32 - 1<<20 // octets of audio the header can state: 37 hours of stereo
	stereoTick = 4             // octets of one sample of two channels
)

// wavHeader returns the header of a WAV of 16-bit PCM at 8 kHz with so many
// octets of audio, and of chunks after it.
func wavHeader(channels, audio, after uint32) []byte {
	b := make([]byte, 0, wavHead)
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, wavHead-8+audio+after)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, wavPCM)
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, 8000)
	b = binary.LittleEndian.AppendUint32(b, 16000*channels)
	b = binary.LittleEndian.AppendUint16(b, uint16(2*channels))
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	return binary.LittleEndian.AppendUint32(b, audio)
}

// stereoFile is a stereo WAV that grows. At every moment the file can be played up
// to what its header says, which is never more than there is.
type stereoFile struct {
	f     *os.File
	audio int64 // octets
	after int   // octets of chunks after it
}

// createStereo begins a new file, for the owner's eyes only. There must be none of
// that name.
func createStereo(path string) (*stereoFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	w := &stereoFile{f: f}
	if err := w.head(); err != nil {
		f.Close()
		return nil, err
	}
	return w, nil
}

// append writes audio. On error, what could be written of it counts.
func (w *stereoFile) append(audio []byte) error {
	if w.audio+int64(len(audio)) > wavLongest {
		return errors.New("longer than a WAV can be")
	}
	n, err := w.f.WriteAt(audio, wavHead+w.audio)
	w.audio += int64(n) / stereoTick * stereoTick
	return cmp.Or(err, w.head())
}

// head brings the header up to date.
func (w *stereoFile) head() error {
	_, err := w.f.WriteAt(wavHeader(2, uint32(w.audio), uint32(w.after)), 0)
	return err
}

// size returns the octets of the file.
func (w *stereoFile) size() int64 { return wavHead + w.audio + int64(w.after) }

// finish adds chunks after the audio and closes the file when it is safe on
// disk.
func (w *stereoFile) finish(chunks []byte) error {
	err := w.f.Truncate(wavHead + w.audio) // what could be written of a last sample
	if err == nil && len(chunks) > 0 {
		if _, err = w.f.WriteAt(chunks, wavHead+w.audio); err == nil {
			w.after = len(chunks)
			err = w.head()
		}
	}
	return cmp.Or(err, w.f.Sync(), w.f.Close())
}

// duration returns how long octets of stereo last.
func duration(octets int64) time.Duration {
	return time.Duration(octets/stereoTick) * time.Second / 8000
}

// cues returns the chunks that mark stretches of a recording as regions: cue
// points, and a list with their lengths.
func cues(marks []Pause) []byte {
	if len(marks) == 0 {
		return nil
	}
	n := uint32(len(marks))
	b := append([]byte(nil), "cue "...)
	b = binary.LittleEndian.AppendUint32(b, 4+24*n)
	b = binary.LittleEndian.AppendUint32(b, n)
	for i, p := range marks {
		at := samples(p.From)
		b = binary.LittleEndian.AppendUint32(b, uint32(i+1))
		b = binary.LittleEndian.AppendUint32(b, at)
		b = append(b, "data\x00\x00\x00\x00\x00\x00\x00\x00"...)
		b = binary.LittleEndian.AppendUint32(b, at)
	}
	b = append(b, "LIST"...)
	b = binary.LittleEndian.AppendUint32(b, 4+28*n)
	b = append(b, "adtl"...)
	for i, p := range marks {
		b = append(b, "ltxt\x14\x00\x00\x00"...)
		b = binary.LittleEndian.AppendUint32(b, uint32(i+1))
		b = binary.LittleEndian.AppendUint32(b, samples(p.Until-p.From))
		b = append(b, "rgn \x00\x00\x00\x00\x00\x00\x00\x00"...)
	}
	return b
}

// Repair makes a recording whole that its Recorder did not close: the header
// says what is there, half a sample at the end is cut off. It returns how long
// the recording is. A file that is whole stays as it is; one that no Recorder
// wrote is ErrWAV.
func Repair(path string) (time.Duration, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var head [wavHead]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		return 0, fmt.Errorf("%s: %w", path, broken("header", err))
	}
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	audio, err := wholeAudio(head, st.Size())
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	if audio < 0 {
		return duration(int64(binary.LittleEndian.Uint32(head[40:]))), nil
	}
	w := &stereoFile{f: f, audio: audio}
	if err := cmp.Or(f.Truncate(wavHead+audio), w.head(), f.Sync()); err != nil {
		return 0, err
	}
	return duration(audio), nil
}

// wholeAudio returns how many octets of audio a file of some size with this
// header has: below zero when the header is right about it.
func wholeAudio(head [wavHead]byte, size int64) (int64, error) {
	said := binary.LittleEndian.Uint32(head[40:])
	riff := binary.LittleEndian.Uint32(head[4:])
	after := riff - said - (wavHead - 8)
	if string(head[:]) != string(wavHeader(2, said, after)) || size-wavHead > wavLongest {
		return 0, fmt.Errorf("no recording: %w", ErrWAV)
	}
	if int64(riff)+8 == size && int64(said) <= size-wavHead && said%stereoTick == 0 {
		return -1, nil
	}
	return (size - wavHead) / stereoTick * stereoTick, nil
}

// FreeSpace returns the octets left for recordings in a directory.
func FreeSpace(dir string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return st.Bavail * uint64(st.Bsize), nil
}
