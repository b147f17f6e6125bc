package media

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Archive keeps recordings as files YYYY/MM/DD/ID.wav below one directory,
// readable by its owner only. While it is being written, a recording is called
// ID_LABEL.part: whoever restarts after a crash knows by it what was left behind.
// Methods may be called from any goroutine.
type Archive struct {
	dir  string
	zone *time.Location
	root *os.Root // nobody gets out of dir by a name
}

// Kept is a recording that is complete and safe on disk.
type Kept struct {
	File   string // below the archive, with slashes
	Bytes  int64
	SHA256 [sha256.Size]byte
}

// CutShort is a recording that a crash cut short, made whole by Repair.
type CutShort struct {
	ID, Label string
	Duration  time.Duration
	Kept
}

const partSuffix = ".part"

// OpenArchive returns the archive in dir, which it makes if it is missing; zone
// is whose days the folders are. Close it.
func OpenArchive(dir string, zone *time.Location) (*Archive, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("recordings: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("recordings: %w", err)
	}
	return &Archive{dir: dir, zone: zone, root: root}, nil
}

// Close gives back what OpenArchive took.
func (a *Archive) Close() error { return a.root.Close() }

// Free returns the octets left for recordings.
func (a *Archive) Free() (uint64, error) { return FreeSpace(a.dir) }

var plainName = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)

// Record begins recording id, of letters, digits and hyphens like label, in the
// folder of today; see the function Record. When it is over, call Keep.
func (a *Archive) Record(id, label string, minFree uint64) (*Recorder, error) {
	if !plainName.MatchString(id) || !plainName.MatchString(label) {
		return nil, fmt.Errorf("recording %q %q: want letters, digits and hyphens", id, label)
	}
	day := filepath.Join(a.dir, filepath.FromSlash(time.Now().In(a.zone).Format("2006/01/02")))
	if err := os.MkdirAll(day, 0o700); err != nil {
		return nil, explained(err)
	}
	return Record(filepath.Join(day, id+"_"+label+partSuffix), minFree)
}

// Keep gives a recording that is over, at the path its RecInfo says, its lasting
// name.
func (a *Archive) Keep(part string) (Kept, error) {
	rel, err := filepath.Rel(a.dir, part)
	if err != nil {
		return Kept{}, fmt.Errorf("recording: %w", err)
	}
	return a.keep(filepath.ToSlash(rel))
}

func (a *Archive) keep(part string) (Kept, error) {
	id, _, ok := splitPart(part)
	if !ok {
		return Kept{}, fmt.Errorf("recording %s: not under way", part)
	}
	k := Kept{File: path.Join(path.Dir(part), id+".wav")}
	f, err := a.root.Open(part)
	if err != nil {
		return Kept{}, fmt.Errorf("recording: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if k.Bytes, err = io.Copy(sum, f); err == nil {
		sum.Sum(k.SHA256[:0])
		err = cmp.Or(a.root.Rename(part, k.File), a.sync(path.Dir(part)))
	}
	if err != nil {
		return Kept{}, explained(err)
	}
	return k, nil
}

// sync makes the names in a folder durable.
func (a *Archive) sync(folder string) error {
	d, err := a.root.Open(folder)
	if err != nil {
		return err
	}
	return cmp.Or(d.Sync(), d.Close())
}

// splitPart takes the path of a recording under way apart.
func splitPart(p string) (id, label string, ok bool) {
	name, part := strings.CutSuffix(path.Base(p), partSuffix)
	id, label, under := strings.Cut(name, "_")
	return id, label, part && under
}

// Recover makes whole and keeps every recording that a crash cut short, and hands
// it to each. One that cannot be is left as it is and part of the error. Call it
// before anything is recorded.
func (a *Archive) Recover(each func(CutShort) error) error {
	var failed []error
	err := fs.WalkDir(a.root.FS(), ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		id, label, ok := splitPart(p)
		if !ok {
			return nil
		}
		l := CutShort{ID: id, Label: label}
		if l.Duration, err = Repair(filepath.Join(a.dir, filepath.FromSlash(p))); err == nil {
			if l.Kept, err = a.keep(p); err == nil {
				err = each(l)
			}
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("recording %s: %w", p, err))
		}
		return nil
	})
	return errors.Join(append(failed, err)...)
}

// Open opens a recording that was kept. The error wraps fs.ErrNotExist if it is
// not there, or not in the archive.
func (a *Archive) Open(file string) (*os.File, error) {
	f, err := a.root.Open(file)
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	return f, nil
}

// Remove deletes a recording for good. One that is not there is no error.
func (a *Archive) Remove(file string) error {
	if err := a.root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("recording: %w", err)
	}
	return nil
}
