package embedded_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"shouwen/cases/store/embedded"
)

// mount mounts a file system of the given options for the test.
func mount(t *testing.T, flags uintptr, options string) string {
	t.Helper()
	dir := filepath.Join(tempDir(t), "mounted")
	if err := os.Mkdir(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, options); err != nil {
		t.Skip("needs the right to mount a tmpfs: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestOpenNamesAFullDisk(t *testing.T) {
	t.Parallel()
	dir := mount(t, 0, "size=8m,mode=0711")
	_, err := embedded.Open(t.Context(), filepath.Join(dir, "pg"), slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "No space left on device") || !strings.Contains(err.Error(), "free space there") {
		t.Errorf("err = %v", err)
	}
}

func TestOpenNamesAReadOnlyDisk(t *testing.T) {
	t.Parallel()
	dir := mount(t, syscall.MS_RDONLY, "size=8m,mode=0711")
	_, err := embedded.Open(t.Context(), filepath.Join(dir, "pg"), slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "read-only file system") || !strings.Contains(err.Error(), "--data") {
		t.Errorf("err = %v", err)
	}
}
