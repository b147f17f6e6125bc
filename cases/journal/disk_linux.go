package journal

import (
	"errors"
	"os"
	"syscall"
)

// reserve gives f its space, so that a disk full later cannot fail a write.
func reserve(f *os.File, size int64) error {
	err := uninterrupted(func() error { return syscall.Fallocate(int(f.Fd()), 0, 0, size) })
	if errors.Is(err, syscall.EOPNOTSUPP) {
		return reserveZeros(f, size)
	}
	return err
}

// datasync leaves out the times of the file, which fsync would write as well.
func datasync(f *os.File) error {
	return uninterrupted(func() error { return syscall.Fdatasync(int(f.Fd())) })
}

func uninterrupted(call func() error) error {
	for {
		if err := call(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
