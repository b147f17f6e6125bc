//go:build !linux

package journal

import "os"

func reserve(f *os.File, size int64) error { return reserveZeros(f, size) }

func datasync(f *os.File) error { return f.Sync() }
