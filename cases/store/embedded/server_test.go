package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"shouwen/cases/store/embedded"
)

// childDir tells the test binary to be a program that runs a server there.
const childDir = "SHOUWEN_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

// child runs a server in dir until it is killed, and says when it is ready.
func child(dir string) int {
	ctx := context.Background()
	s, err := embedded.OpenUnsafe(ctx, dir, slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	go s.Run(ctx)
	if err := s.Ready(ctx); err != nil {
		fmt.Println("error:", err)
		return 1
	}
	fmt.Println("ready")
	select {}
}

// tempDir returns a directory that PostgreSQL can reach when it runs as another user.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "shouwen-embedded-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// starts is a log handler that tells of each time the server became ready.
type starts struct {
	slog.Handler
	ready chan struct{}
}

func (s starts) Enabled(context.Context, slog.Level) bool { return true }

func (s starts) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "PostgreSQL is ready" {
		s.ready <- struct{}{}
	}
	return s.Handler.Handle(ctx, r)
}

func newStarts(t *testing.T) starts {
	return starts{slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}), make(chan struct{}, 10)}
}

// run runs a server in dir until the test ends or stop is called.
func run(t *testing.T, dir string, log slog.Handler) (s *embedded.Server, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s, err := embedded.OpenUnsafe(ctx, dir, slog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("stop: %v", err)
		}
	}
	t.Cleanup(stop)
	if err := s.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	return s, stop
}

// socket returns the path of the server's socket.
func socket(t *testing.T, s *embedded.Server) string {
	t.Helper()
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432")
}

// answers reports whether somebody listens on the server's socket.
func answers(t *testing.T, s *embedded.Server) bool {
	t.Helper()
	conn, err := net.Dial("unix", socket(t, s))
	if err == nil {
		conn.Close()
	}
	return err == nil
}

func postmaster(t *testing.T, dir string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.Split(string(b), "\n")[0])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// awaitGone blocks until no process of the server in dir is left.
func awaitGone(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "server.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
}

func TestServerStopsWithItsContextAndStartsAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "pg")
	s, stop := run(t, dir, newStarts(t))
	if !answers(t, s) {
		t.Error("nobody listens after Ready")
	}
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("mode = %04o", info.Mode().Perm())
	}
	stop()
	if answers(t, s) {
		t.Error("somebody listens after Run returned")
	}
	again, _ := run(t, dir, newStarts(t))
	if !answers(t, again) {
		t.Error("nobody listens after the second start")
	}
}

func TestServerThatIsKilledComesBack(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "pg")
	log := newStarts(t)
	s, _ := run(t, dir, log)
	<-log.ready
	for range 2 {
		before := postmaster(t, dir)
		if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-log.ready
		if after := postmaster(t, dir); after == before || !answers(t, s) {
			t.Errorf("process %d after %d does not answer", after, before)
		}
	}
}

// self returns the path of the test binary.
func self(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// startChild starts another program with a server in dir.
func startChild(t *testing.T, exe, dir string, cred *syscall.Credential) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(exe)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd, strings.TrimSpace(line)
}

func TestServerEndsWithAKilledProgram(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "pg")
	cmd, line := startChild(t, self(t), dir, nil)
	if line != "ready" {
		t.Fatal(line)
	}
	cmd.Process.Kill()
	cmd.Wait()
	awaitGone(t, dir) // the test's time limit is the failure
}

func TestServerFollowsAKilledProgramAtOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "pg")
	cmd, line := startChild(t, self(t), dir, nil)
	if line != "ready" {
		t.Fatal(line)
	}
	cmd.Process.Kill()
	cmd.Wait()
	s, _ := run(t, dir, newStarts(t)) // the old one is still stopping
	if !answers(t, s) {
		t.Error("nobody listens")
	}
}

func TestOpenRefusesADirectoryInUse(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "pg")
	s, _ := run(t, dir, newStarts(t))
	_, err := embedded.OpenUnsafe(t.Context(), dir, slog.New(slog.DiscardHandler))
	if !errors.Is(err, embedded.ErrInUse) || !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("err = %v", err)
	}
	if !answers(t, s) {
		t.Error("the first one stopped")
	}
}

// The process id of a dead server may by now belong to any process.
func TestServerIgnoresAStalePidFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "pg")
	_, stop := run(t, dir, newStarts(t))
	stop()
	other := exec.Command("sleep", "600")
	info, err := os.Stat(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	if os.Geteuid() == 0 { // only a process of the same user keeps PostgreSQL from starting
		other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}}
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Process.Kill(); other.Wait() })
	file := filepath.Join(dir, "data", "postmaster.pid")
	stale := fmt.Sprintf("%d\n%s\n1700000000\n5432\n%s\n\n\nready   \n", other.Process.Pid, filepath.Join(dir, "data"), dir)
	if err := os.WriteFile(file, []byte(stale), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(file, int(stat.Uid), int(stat.Gid)); err != nil {
		t.Fatal(err)
	}
	s, _ := run(t, dir, newStarts(t))
	if !answers(t, s) {
		t.Error("nobody listens")
	}
	if err := other.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the innocent process is gone: %v", err)
	}
}

func TestServerInALongDirectory(t *testing.T) {
	t.Parallel()
	top := tempDir(t)
	dir := filepath.Join(top, strings.Repeat("a-long-name-", 10), strings.Repeat("客服中心", 10), "pg ?#%")
	s, stop := run(t, dir, newStarts(t))
	if !answers(t, s) || len(socket(t, s)) > 103 {
		t.Errorf("socket %s", socket(t, s))
	}
	stop()
	if _, err := os.Stat(filepath.Dir(socket(t, s))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("directory of the socket left behind: %v", err)
	}
}

func TestOpenRefusesAnotherMajorVersion(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "pg")
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{"PG_VERSION": "9\n", "precious": "data"} {
		if err := os.WriteFile(filepath.Join(data, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := embedded.Open(t.Context(), dir, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "belongs to PostgreSQL 9, installed is ") ||
		!strings.Contains(err.Error(), "install PostgreSQL 9, or move the data with pg_upgrade") {
		t.Errorf("err = %v", err)
	}
	if b, err := os.ReadFile(filepath.Join(data, "precious")); string(b) != "data" {
		t.Errorf("the data were touched: %v", err)
	}
}
