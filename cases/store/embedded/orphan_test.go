package embedded

import (
	"bufio"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Where the kernel does not stop the server of a killed program, the next start
// does.
func TestOpenStopsAnOrphan(t *testing.T) {
	t.Parallel()
	top, err := os.MkdirTemp("/tmp", "shouwen-orphan-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	if err := os.Chmod(top, 0o711); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(top, "pg")
	log := slog.New(slog.DiscardHandler)
	s, err := OpenUnsafe(t.Context(), dir, log)
	if err != nil {
		t.Fatal(err)
	}
	lock, err := s.lockServer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	orphan := s.command(t.Context(), "postgres", s.serverArgs()...)
	orphan.ExtraFiles = []*os.File{lock}
	out, err := orphan.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "ready to accept connections") {
	}
	lock.Close()
	s.release() // its program is gone

	again, err := OpenUnsafe(t.Context(), dir, log)
	if err != nil {
		t.Fatal(err)
	}
	defer again.release()
	for lines.Scan() { // to the end of what it says
	}
	if err := orphan.Wait(); err != nil {
		t.Errorf("it did not stop in order: %v", err)
	}
	if _, err := os.Stat(again.pidFile()); err == nil {
		t.Error("it left its process id")
	}
}

// A start that was killed while it made the data directory is made good.
func TestOpenBeginsAnewAfterHalfADataDirectory(t *testing.T) {
	t.Parallel()
	top, err := os.MkdirTemp("/tmp", "shouwen-half-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	if err := os.Chmod(top, 0o711); err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(top, "pg", "data.new")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(half, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenUnsafe(t.Context(), filepath.Join(top, "pg"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.release()
	info, err := os.Stat(s.data())
	if err != nil {
		t.Fatal(err)
	}
	if uid := int(info.Sys().(*syscall.Stat_t).Uid); uid != s.owner.uid || uid == 0 {
		t.Errorf("the data belong to uid %d", uid)
	}
}
