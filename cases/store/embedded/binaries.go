package embedded

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrNotInstalled reports that no PostgreSQL server was found on this machine.
var ErrNotInstalled = errors.New("the PostgreSQL server is not installed")

const install = `install the package:
  Debian, Ubuntu  apt install postgresql
  Fedora          dnf install postgresql-server
  Arch            pacman -S postgresql
  macOS           brew install postgresql
or name a running server with --database`

// places lists the directories where distributions put the server's binaries.
var places = []string{
	"/usr/lib/postgresql/*/bin",       // Debian, Ubuntu
	"/usr/pgsql-*/bin",                // Fedora, PGDG packages
	"/usr/libexec/postgresql*",        // Alpine
	"/opt/homebrew/opt/postgres*/bin", // macOS on ARM
	"/usr/local/opt/postgres*/bin",    // macOS on Intel
	"/usr/local/pgsql/bin",            // built from source
}

// binaries is one installed PostgreSQL.
type binaries struct {
	dir   string
	major int
}

// installed returns the PostgreSQL servers of this machine in the order of
// preference: pg_config's, the one in PATH, then the distribution's, newest first.
func installed() []binaries {
	var dirs []string
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	found := probe(dirs)
	var more []string
	for _, glob := range places {
		match, _ := filepath.Glob(glob) // the patterns are well-formed
		more = append(more, match...)
	}
	newest := probe(more)
	slices.SortStableFunc(newest, func(a, b binaries) int { return b.major - a.major })
	return append(found, newest...)
}

// probe returns those of dirs that hold a working server.
func probe(dirs []string) []binaries {
	var found []binaries
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
			continue // pg_config alone comes with the client library
		}
		out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
		if err != nil {
			continue
		}
		if major := majorOf(string(out)); major > 0 {
			found = append(found, binaries{dir, major})
		}
	}
	return found
}

var version = regexp.MustCompile(`\d+`)

// majorOf returns the first number in s, 0 when there is none.
func majorOf(s string) int {
	n, _ := strconv.Atoi(version.FindString(s))
	return n
}

// choose returns the server for the data directory data: the one of its version,
// or the preferred one when it does not exist yet.
func choose(have []binaries, data string) (binaries, error) {
	if len(have) == 0 {
		return binaries{}, fmt.Errorf("%w; %s", ErrNotInstalled, install)
	}
	b, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return have[0], nil
	}
	if err != nil {
		return binaries{}, fmt.Errorf("data directory: %w", err)
	}
	want := majorOf(string(b))
	for _, bin := range have {
		if bin.major == want {
			return bin, nil
		}
	}
	return binaries{}, fmt.Errorf("data directory %s belongs to PostgreSQL %d, installed is %d (%s): "+
		"install PostgreSQL %d, or move the data with pg_upgrade; nothing was changed",
		data, want, have[0].major, have[0].dir, want)
}
