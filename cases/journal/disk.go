package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// file is what segments are written through; tests put failing disks behind it.
type file interface {
	io.WriteCloser
	Truncate(size int64) error
	Sync() error // returns when the data is on the disk
}

type diskFile struct{ *os.File }

func (f diskFile) Sync() error { return datasync(f.File) }

// create makes a file of zeros, which are on the disk when it returns: a disk that is
// full later cannot fail a write. Space that was only reserved would do for that, but
// becomes a part of the file by the first write to it, and where the file system has to
// note that, fdatasync waits for all that others have written to it.
func create(path string, size int64) (file, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := writeZeros(f, size); err != nil {
		f.Close()
		os.Remove(path)
		return nil, fmt.Errorf("reserve %d KiB: %w", size>>10, err)
	}
	return diskFile{f}, nil
}

// writeZeros writes size zeros to f and goes back to where they begin.
func writeZeros(f *os.File, size int64) error {
	zeros := make([]byte, min(size, 1<<20))
	for left := size; left > 0; left -= int64(len(zeros)) {
		if _, err := f.Write(zeros[:min(left, int64(len(zeros)))]); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// lock takes dir for this process. Closing the file, or dying, gives it back.
func lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, err
		}
		pid, _ := io.ReadAll(io.LimitReader(f, 20))
		return nil, fmt.Errorf("%w by process %s: stop it, or choose another directory", ErrLocked, strings.TrimSpace(string(pid)))
	}
	if err := f.Truncate(0); err == nil { // the process id only informs: a full disk is no reason to stop here
		f.WriteString(strconv.Itoa(os.Getpid()) + "\n")
	}
	return f, nil
}

// replace writes a small file so that there is the old or the new one at any time.
func replace(path string, b []byte) error {
	next := path + reserveSuffix
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// remedy adds to an error of path, a directory or file of the journal, what to do about it.
func remedy(path string, err error) error {
	advice := ""
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		advice = ": free space on its disk, or move the journal to another"
	case errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		advice = ": make it writable for the user Shouwen runs as, or choose another directory"
	case errors.Is(err, syscall.EIO):
		advice = ": its disk fails; replace it, or move the journal to another"
	}
	return fmt.Errorf("%s: %w%s", path, err, advice)
}
