package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	name       = "shouwen" // of the superuser and of the database
	stopFast   = 30 * time.Second
	stopAtOnce = 10 * time.Second
	poll       = 20 * time.Millisecond // how often files of the server are looked at
	backoffMin = 100 * time.Millisecond
	backoffMax = 5 * time.Second
)

// Server is a private PostgreSQL. Below its directory it keeps data (PGDATA),
// run (the socket) and two locks: one held by this program, one inherited by
// every process of the server, so that both are known to be gone when it is free.
type Server struct {
	log    *slog.Logger
	dir    string
	bin    binaries
	owner  owner
	socket string   // directory of the socket
	lock   *os.File // held until Run returns
	unsafe bool

	ready chan struct{} // closed when it first took connections
	done  chan struct{} // closed when Run has returned
	err   error         // why it did; written before done is closed
}

// Open prepares a PostgreSQL in dir, which it makes when missing, and stops one
// that a killed program left there. It refuses, and never deletes, data of
// another major version. The server runs while Run does.
func Open(ctx context.Context, dir string, log *slog.Logger) (*Server, error) {
	return open(ctx, dir, log, false)
}

// OpenUnsafe is Open for tests: the server does not sync. What it committed
// survives the death of any process, but not that of the machine.
func OpenUnsafe(ctx context.Context, dir string, log *slog.Logger) (*Server, error) {
	return open(ctx, dir, log, true)
}

func open(ctx context.Context, dir string, log *slog.Logger, unsafe bool) (_ *Server, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	s := &Server{log: log, dir: dir, unsafe: unsafe, ready: make(chan struct{}), done: make(chan struct{})}
	if s.bin, err = choose(installed(), s.data()); err != nil {
		return nil, err
	}
	if s.owner, err = chooseOwner(); err != nil {
		return nil, err
	}
	if err := s.owner.makeDir(dir); err != nil {
		return nil, err
	}
	if s.lock, err = s.lockProgram(); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		s.lock.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) prepare(ctx context.Context) error {
	lock, err := s.lockServer(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	if s.socket, err = s.owner.socketDir(s.dir); err != nil {
		return err
	}
	_, err = os.Stat(filepath.Join(s.data(), "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return s.create(ctx)
	}
	return err
}

// URL returns where to connect; somebody listens there after Ready.
func (s *Server) URL() string {
	u := url.URL{Scheme: "postgres", User: url.User(name), Path: "/" + name, RawQuery: url.Values{
		"host": {s.socket}, "port": {"5432"}, "sslmode": {"disable"},
	}.Encode()}
	return u.String()
}

// Ready waits until the server first takes connections, or returns why Run gave up.
func (s *Server) Ready(ctx context.Context) error {
	select {
	case <-s.ready:
		return nil
	case <-s.done:
		if s.err == nil {
			return errors.New("PostgreSQL was stopped before it was ready")
		}
		return s.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Run starts the server, starts it again whenever it dies, and returns nil when
// ctx has ended and the server has stopped. It returns an error only if the
// first start does not succeed. Call it once.
func (s *Server) Run(ctx context.Context) error {
	// The kernel ends the server with the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s.err = s.supervise(ctx)
	s.release()
	close(s.done)
	return s.err
}

func (s *Server) supervise(ctx context.Context) error {
	for delay := backoffMin; ; delay = min(2*delay, backoffMax) {
		began := time.Now()
		err := s.once(ctx)
		if ctx.Err() != nil {
			return err
		}
		select {
		case <-s.ready:
		default:
			return err
		}
		if time.Since(began) > time.Minute {
			delay = backoffMin
		}
		s.log.Error("PostgreSQL ended by itself, starting it again", "err", err, "in", delay)
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return nil
		}
	}
}

// once runs the server until it ends, or stops it when ctx ends. The error is
// nil only if it stopped because ctx ended.
func (s *Server) once(ctx context.Context) error {
	lock, err := s.lockServer(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer lock.Close()
	// Nobody holds the lock, so whoever has the process id of this file by now
	// is not the server it names.
	if err := os.Remove(s.pidFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("data directory: %w", err)
	}
	out := &output{log: s.log}
	cmd := s.command(context.WithoutCancel(ctx), "postgres", s.serverArgs()...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.ExtraFiles = []*os.File{lock}
	cmd.SysProcAttr = childAttr(s.owner.credential())
	cmd.WaitDelay = stopAtOnce
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	lock.Close() // from here only the server's processes hold it

	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for !s.accepts(cmd.Process.Pid) {
		select {
		case err := <-exited:
			return out.explain(s.dir, err)
		case <-ctx.Done():
			return s.stop(cmd.Process, exited)
		case <-ticker.C:
		}
	}
	s.log.Info("PostgreSQL is ready", "version", s.bin.major, "pid", cmd.Process.Pid, "dir", s.dir)
	select {
	case <-s.ready: // it was before
	default:
		close(s.ready)
	}
	select {
	case err := <-exited:
		return out.explain(s.dir, err)
	case <-ctx.Done():
		return s.stop(cmd.Process, exited)
	}
}

// stop asks for a fast shutdown, and less and less politely if that does not help.
func (s *Server) stop(p *os.Process, exited <-chan error) error {
	for _, step := range []struct {
		sig  os.Signal
		wait time.Duration
	}{{syscall.SIGINT, stopFast}, {syscall.SIGQUIT, stopAtOnce}, {syscall.SIGKILL, stopAtOnce}} {
		p.Signal(step.sig) // it may have ended by itself
		select {
		case <-exited:
			return nil
		case <-time.After(step.wait):
			s.log.Warn("PostgreSQL does not stop", "signal", step.sig, "after", step.wait)
		}
	}
	return fmt.Errorf("PostgreSQL (process %d) does not stop", p.Pid)
}

// accepts reports whether the server of process pid takes connections. The
// eighth line of its file says so, as it does to pg_ctl.
func (s *Server) accepts(pid int) bool {
	lines := s.pidLines()
	return len(lines) > 7 && lines[0] == strconv.Itoa(pid) && strings.TrimSpace(lines[7]) == "ready"
}

func (s *Server) pidLines() []string {
	b, _ := os.ReadFile(s.pidFile()) // absent before start and after stop
	return strings.Split(string(b), "\n")
}

func (s *Server) data() string    { return filepath.Join(s.dir, "data") }
func (s *Server) pidFile() string { return filepath.Join(s.data(), "postmaster.pid") }

func (s *Server) serverArgs() []string {
	args := []string{
		"-D", s.data(), "-k", s.socket, "-p", "5432",
		"-c", "listen_addresses=", "-c", "unix_socket_permissions=0700",
		"-c", "jit=off", // short queries gain nothing by it, and a service that may not make code would die of it
		"-c", "logging_collector=off", "-c", "log_destination=stderr", "-c", "log_line_prefix=",
		// Statements and details hold callers' numbers.
		"-c", "log_min_error_statement=panic", "-c", "log_error_verbosity=terse",
	}
	if s.unsafe {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200")
	}
	return args
}

// command returns the program bin of PostgreSQL, to be run as its owner.
func (s *Server) command(ctx context.Context, bin string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin.dir, bin), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner.credential()}
	return cmd
}

// create makes the data directory aside and puts it in place when it is whole.
func (s *Server) create(ctx context.Context) error {
	began := time.Now()
	half := filepath.Join(s.dir, "data.new") // never in service, so free to be made anew
	if err := os.RemoveAll(half); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	args := slices.Concat([]string{"-D", half, "-U", name, "-A", "trust", "-E", "UTF8"}, initLocale)
	if s.unsafe {
		args = append(args, "--no-sync")
	}
	if out, err := s.command(ctx, "initdb", args...).CombinedOutput(); err != nil {
		return explain("initdb", s.dir, string(out), err)
	}
	single := s.command(ctx, "postgres", "--single", "-D", half, "-c", "exit_on_error=on", "postgres")
	single.Stdin = strings.NewReader("CREATE DATABASE " + name + "\n")
	if out, err := single.CombinedOutput(); err != nil {
		return explain("create database", s.dir, string(out), err)
	}
	if err := os.Rename(half, s.data()); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	s.log.Info("PostgreSQL data directory made", "dir", s.data(), "version", s.bin.major, "took", time.Since(began))
	return syncDir(s.dir) // else a power cut could turn data back into data.new
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	return nil
}
