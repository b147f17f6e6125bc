package journal

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// A record is: length of the payload (4 bytes) | CRC-32C of what follows (4) |
// LSN (8) | payload; little-endian. The first record of a segment is a snapshot
// under the LSN before the first fact; every other one is a fact, as JSON. JSON
// holds no zero bytes, so no caller can write what looks like a record.
const (
	recordHead  = 16
	maxFact     = 64 << 10 // bytes of JSON
	maxSnapshot = 64 << 20
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errBad     = errors.New("not a record")
)

func appendRecord(b []byte, lsn uint64, payload []byte) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, lsn)
	b = append(b, payload...)
	binary.LittleEndian.PutUint32(b[start+4:], crc32.Checksum(b[start+8:], castagnoli))
	return b
}

// parseRecord reads the record at the start of b. A payload has 1 to limit bytes.
func parseRecord(b []byte, limit int64) (lsn uint64, payload []byte, err error) {
	if len(b) < recordHead {
		return 0, nil, errBad
	}
	n := int64(binary.LittleEndian.Uint32(b))
	if n == 0 || n > limit || recordHead+n > int64(len(b)) {
		return 0, nil, errBad
	}
	b = b[:recordHead+n]
	if crc32.Checksum(b[8:], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return 0, nil, errBad
	}
	return binary.LittleEndian.Uint64(b[8:]), b[recordHead:], nil
}

// segment is one file of the journal. It holds the facts after LSN base up to the
// base of the next segment; what it has beyond that was never acknowledged.
type segment struct {
	path        string
	index, base uint64
}

func segmentName(index, base uint64) string { return fmt.Sprintf("%010d-%020d.wal", index, base) }

// list returns the segments of dir, and removes reserves of an earlier process.
func list(dir string) ([]segment, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []segment
	for _, e := range entries {
		s := segment{path: filepath.Join(dir, e.Name())}
		if strings.HasSuffix(e.Name(), reserveSuffix) {
			if err := os.Remove(s.path); err != nil {
				return nil, err
			}
			continue
		}
		if n, _ := fmt.Sscanf(e.Name(), "%d-%d.wal", &s.index, &s.base); n == 2 && e.Name() == segmentName(s.index, s.base) {
			found = append(found, s)
		}
	}
	return found, nil
}

// snapshot returns the JSON that s begins with, or errBad.
func (s segment) snapshot() ([]byte, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, recordHead)
	if _, err := f.ReadAt(b, 0); err != nil {
		return nil, orBad(err)
	}
	n := min(maxSnapshot, int64(binary.LittleEndian.Uint32(b)))
	b = make([]byte, recordHead+n)
	if _, err := f.ReadAt(b, 0); err != nil {
		return nil, orBad(err)
	}
	_, payload, err := parseRecord(b, n)
	return payload, err
}

// reader reads facts from one segment.
type reader struct {
	f    io.ReaderAt
	buf  *bufio.Reader
	off  int64  // of the next record
	last uint64 // LSN of the last record read
}

func newReader(f io.ReaderAt, off int64, last uint64) *reader {
	src := io.NewSectionReader(f, off, math.MaxInt64-off)
	return &reader{f, bufio.NewReaderSize(src, recordHead+maxFact), off, last}
}

// next returns the next record; its payload is valid until the next call. Bytes
// that are no record are left out when records follow: the caller sees a jump in
// the LSN. It returns io.EOF, and off stays behind the last record, when none does.
func (r *reader) next() (lsn uint64, payload []byte, err error) {
	lsn, payload, err = r.record()
	if errors.Is(err, errBad) {
		if err = r.resync(); err == nil {
			lsn, payload, err = r.record()
		}
	}
	return lsn, payload, err
}

func (r *reader) record() (uint64, []byte, error) {
	head, err := r.buf.Peek(recordHead)
	if err != nil {
		return 0, nil, orBad(err)
	}
	n := binary.LittleEndian.Uint32(head)
	if n > maxFact {
		return 0, nil, errBad
	}
	b, err := r.buf.Peek(recordHead + int(n))
	if err != nil {
		return 0, nil, orBad(err)
	}
	lsn, payload, err := parseRecord(b, maxFact)
	if err != nil || lsn <= r.last {
		return 0, nil, errBad
	}
	r.buf.Discard(len(b))
	r.off += int64(len(b))
	r.last = lsn
	return lsn, payload, nil
}

// orBad turns the end of a file in the middle of a record into errBad.
func orBad(err error) error {
	if errors.Is(err, io.EOF) {
		return errBad
	}
	return err
}

// resync moves to the next record behind bytes that are none, or returns io.EOF.
func (r *reader) resync() error {
	rest, err := io.ReadAll(io.NewSectionReader(r.f, r.off, math.MaxInt64-r.off))
	if err != nil {
		return err
	}
	rest = bytes.TrimRight(rest, "\x00") // space reserved
	for i := range rest {
		if lsn, _, err := parseRecord(rest[i:], maxFact); err == nil && lsn > r.last {
			*r = *newReader(r.f, r.off+int64(i), r.last)
			return nil
		}
	}
	return io.EOF
}
