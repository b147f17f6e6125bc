package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrInUse reports that another running Shouwen has the data directory.
var ErrInUse = errors.New("data directory is in use")

// lockProgram claims the directory for this program.
func (s *Server) lockProgram() (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(s.dir, "program.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock data directory %s: %w", s.dir, err)
		}
		pid := make([]byte, 20)
		n, _ := f.ReadAt(pid, 0)
		return nil, fmt.Errorf("%w: %s by process %s; stop it, or name another directory with --data",
			ErrInUse, s.dir, strings.TrimSpace(string(pid[:n])))
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		f.Close()
		return nil, explain("lock", s.dir, "", err)
	}
	return f, nil
}

// lockServer returns the lock that every process of the server inherits. When
// one still holds it, that is a server whose program was killed, or what is left
// of one that was killed itself: it is told to stop and waited for.
func (s *Server) lockServer(ctx context.Context) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(s.dir, "server.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	stops := []struct {
		after time.Duration
		sig   syscall.Signal
	}{{0, syscall.SIGINT}, {stopFast, syscall.SIGQUIT}}
	began := time.Now()
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		pid, _ := strconv.Atoi(s.pidLines()[0])
		waited := time.Since(began)
		if len(stops) > 0 && waited >= stops[0].after && pid > 1 {
			s.log.Warn("stopping a PostgreSQL that was left behind", "pid", pid, "signal", stops[0].sig)
			syscall.Kill(pid, stops[0].sig) // it may be gone already
			stops = stops[1:]
		}
		switch {
		case !errors.Is(err, syscall.EWOULDBLOCK):
			f.Close()
			return nil, fmt.Errorf("lock data directory %s: %w", s.dir, err)
		case waited > stopFast+stopAtOnce:
			f.Close()
			return nil, fmt.Errorf("data directory %s: an old PostgreSQL (process %d) does not stop; end it by hand", s.dir, pid)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

// maxSocket is the longest path of a socket: 103 bytes on macOS, 107 on Linux.
const maxSocket = 103

// socketDir makes the directory of the socket: run below dir, or a short one
// where that path is too long.
func (o owner) socketDir(dir string) (string, error) {
	run := filepath.Join(dir, "run")
	var err error
	if len(run)+len("/.s.PGSQL.5432") > maxSocket {
		run, err = os.MkdirTemp("/tmp", "shouwen-")
	} else if err = os.Mkdir(run, 0o700); errors.Is(err, os.ErrExist) {
		err = nil
	}
	if err == nil && o.drop {
		err = os.Chown(run, o.uid, o.gid)
	}
	if err != nil {
		return "", fmt.Errorf("directory of PostgreSQL's socket: %w", err)
	}
	return run, nil
}

// release gives up what Open took.
func (s *Server) release() {
	if filepath.Dir(s.socket) != s.dir {
		os.Remove(s.socket) // PostgreSQL took its files with it
	}
	s.lock.Close()
}
