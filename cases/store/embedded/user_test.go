package embedded_test

import (
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"shouwen/cases/store/embedded"
)

func TestOpenNamesADirectoryItCannotPass(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root becomes another user, who may be shut out")
	}
	shut := filepath.Join(tempDir(t), "shut")
	if err := os.Mkdir(shut, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := embedded.Open(t.Context(), filepath.Join(shut, "pg"), slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "cannot pass "+shut+" (mode 0700): chmod o+x "+shut) {
		t.Errorf("err = %v", err)
	}
}

// asNobody returns the test binary where a user without rights can run it, and
// that user; nil if we are one.
func asNobody(t *testing.T) (exe string, cred *syscall.Credential) {
	t.Helper()
	if os.Geteuid() != 0 {
		return self(t), nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("needs a user nobody to become: ", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	exe = filepath.Join(tempDir(t), "child")
	// By another process: what one of our own children still has open for writing cannot be run.
	if out, err := exec.Command("cp", self(t), exe).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return exe, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func TestOpenNamesADirectoryItCannotWrite(t *testing.T) {
	t.Parallel()
	exe, cred := asNobody(t)
	shut := filepath.Join(tempDir(t), "shut")
	if err := os.Mkdir(shut, 0o555); err != nil {
		t.Fatal(err)
	}
	_, line := startChild(t, exe, filepath.Join(shut, "pg"), cred)
	if !strings.Contains(line, "permission denied; make it writable for uid") || !strings.Contains(line, "--data") {
		t.Errorf("it said %q", line)
	}
}

func TestServerRunsAsAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	exe, cred := asNobody(t)
	dir := filepath.Join(tempDir(t), "pg")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	if _, line := startChild(t, exe, dir, cred); line != "ready" {
		t.Errorf("it said %q", line)
	}
}
