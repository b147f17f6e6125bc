// Package storetest gives tests a real PostgreSQL: one server per test binary,
// one database per test.
package storetest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"shouwen/cases/store"
	"shouwen/cases/store/embedded"
)

// server is the PostgreSQL of this test binary, started by the first test that
// needs it and stopped by Main.
var server struct {
	inMain bool
	once   sync.Once
	err    error
	dir    string
	url    string             // of its own database
	stop   context.CancelFunc // nil: it was not started
	ended  chan error
	admin  sync.Mutex // one CREATE DATABASE at a time
}

var databases atomic.Int64

// Main runs the tests of a package that calls New or URL:
//
//	func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
//
// Where there is a folder in memory with room for it, all they write goes there: on a
// disk, making and dropping databases takes longer than most tests.
func Main(m *testing.M) int {
	server.inMain = true
	if roomy(memory) {
		_ = os.Setenv("TMPDIR", memory) // of children, too
	}
	code := m.Run()
	if server.stop != nil {
		server.stop()
		if err := <-server.ended; err != nil {
			fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
			code = max(code, 1)
		}
	}
	if err := os.RemoveAll(server.dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return code
}

// memory is where Linux keeps files in memory.
const memory = "/dev/shm"

// roomy says whether there are 2 GiB left for files in dir, and they may be written.
func roomy(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && st.Bavail*uint64(st.Bsize) >= 2<<30 && unix.Access(dir, unix.W_OK) == nil
}

// New returns a store of its own, migrated and empty. It is closed with the test.
func New(t testing.TB) *store.Store {
	t.Helper()
	return Open(t, URL(t))
}

// Open returns the store at an address of URL's. It is closed with the test.
func Open(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	return s
}

// URL returns the address of a database of its own, migrated and empty. It is
// dropped with the test, whoever is still connected.
func URL(t testing.TB) string {
	t.Helper()
	return create(t, " template template_migrated")
}

// Bare returns the address of a database of its own that nobody has migrated. It is
// dropped with the test, whoever is still connected.
func Bare(t testing.TB) string {
	t.Helper()
	return create(t, "")
}

// Shared returns the address of a migrated database that outlives the test: what is
// costly to fill is filled once.
func Shared(t testing.TB) string {
	t.Helper()
	return named(t, " template template_migrated")
}

func create(t testing.TB, like string) string {
	t.Helper()
	address := named(t, like)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin(context.Background(), "drop database "+strings.TrimPrefix(u.Path, "/")+" with (force)"); err != nil {
			t.Error(err)
		}
	})
	return address
}

func named(t testing.TB, like string) string {
	t.Helper()
	if !server.inMain {
		t.Fatal("TestMain must call storetest.Main")
	}
	server.once.Do(start)
	if server.err != nil {
		t.Fatal(server.err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := admin(t.Context(), "create database "+name+like); err != nil {
		t.Fatal(err)
	}
	return database(name)
}

// start starts the server and migrates the template.
func start() {
	server.err = func() error {
		var err error
		if server.dir, err = os.MkdirTemp("", "shouwen-test-"); err != nil {
			return err
		}
		if err := os.Chmod(server.dir, 0o711); err != nil { // PostgreSQL may run as another user
			return err
		}
		ctx, stop := context.WithCancel(context.Background())
		pg, err := embedded.OpenUnsafe(ctx, filepath.Join(server.dir, "pg"), slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err != nil {
			stop()
			return err
		}
		server.stop, server.ended = stop, make(chan error, 1)
		go func() { server.ended <- pg.Run(ctx) }()
		if err := pg.Ready(ctx); err != nil {
			return err
		}
		server.url = pg.URL()
		if err := admin(ctx, "create database template_migrated"); err != nil {
			return err
		}
		s, err := store.Open(ctx, database("template_migrated"))
		if err != nil {
			return err
		}
		defer s.Close() // nobody may be connected to a template
		return s.Migrate(ctx)
	}()
}

// admin executes sql in the server's own database, one at a time.
func admin(ctx context.Context, sql string) error {
	server.admin.Lock()
	defer server.admin.Unlock()
	c, err := pgx.Connect(ctx, server.url)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, sql)
	return err
}

func database(name string) string {
	u, err := url.Parse(server.url)
	if err != nil {
		panic(err)
	}
	u.Path = "/" + name
	return u.String()
}
