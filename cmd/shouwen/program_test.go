package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is the real one, built once by the first test that needs it and
// removed by TestMain.
var program struct {
	once sync.Once
	err  error
	dir  string
}

func build(t testing.TB) string {
	t.Helper()
	program.once.Do(func() {
		if program.dir, program.err = os.MkdirTemp("", "shouwen-program-"); program.err != nil {
			return
		}
		if out, err := exec.Command("go", "build", "-o", program.dir, ".").CombinedOutput(); err != nil {
			program.err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return filepath.Join(program.dir, "shouwen")
}

// child is the program as a process of its own, with its own PostgreSQL.
type child struct {
	Ready
	t      testing.TB
	cmd    *exec.Cmd
	output *bytes.Buffer // readable after exited
	exited chan error
}

// prepared is a data directory with a configuration file in it whose ports are
// free.
type prepared struct{ data, file string }

func prepare(t testing.TB, drain time.Duration) prepared {
	t.Helper()
	data := dataDir(t)
	p := prepared{data, filepath.Join(data, "shouwen.yaml")}
	text := fmt.Sprintf(`
data: %s
time_zone: %s
prompts: %s
sip: {udp: %d, tcp: 0, tls: 0}
hotlines: [{number: "12345", greeting: false}]
http: {console: "127.0.0.1:0", metrics: "127.0.0.1:0"}
drain_timeout: %s
`, data, noon(), tonePrompts(t), freePort(t), drain)
	if err := os.WriteFile(p.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// freePort is the first of eight ports nobody has at the moment, for UDP and TCP.
// They are below those the system and servers in tests give out by themselves.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		if port := 2104 + 8*ports.next(); free(port) {
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

func free(first int) bool {
	for port := first; port < first+8; port++ {
		u, err := net.ListenPacket("udp", fmt.Sprint("127.0.0.1:", port))
		if err != nil {
			return false
		}
		_ = u.Close()
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}

// ports counts what freePort has given out, beginning anywhere.
var ports = counter{n: os.Getpid() % 360}

type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) next() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n = (c.n + 1) % 360
	return c.n
}

// start runs the program until it is ready.
func (p prepared) start(t testing.TB, args ...string) *child {
	t.Helper()
	ready := filepath.Join(p.data, readyFile)
	_ = os.Remove(ready)
	c := launch(t, append([]string{"serve", "--config", p.file}, args...)...)
	until(t, "the program is ready", func() bool {
		b, err := os.ReadFile(ready)
		if err == nil && json.Unmarshal(b, &c.Ready) == nil {
			return true
		}
		select {
		case err := <-c.exited:
			c.exited <- err
			t.Fatalf("the program ended: %v\n%s", err, c.output)
		default:
		}
		return false
	})
	return c
}

// launch starts the program. It is killed with the test.
func launch(t testing.TB, args ...string) *child {
	t.Helper()
	return launchCommand(t, exec.Command(build(t), args...))
}

// launchCommand is launch for a program under the hood of another.
func launchCommand(t testing.TB, cmd *exec.Cmd) *child {
	t.Helper()
	c := &child{t: t, cmd: cmd, output: new(bytes.Buffer), exited: make(chan error, 1)}
	c.cmd.Stdout, c.cmd.Stderr, c.cmd.Env = c.output, c.output, environment()
	c.cmd.WaitDelay = patience
	started := make(chan error)
	go func() {
		// The kernel kills the child with the thread that started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		c.cmd.SysProcAttr = dieWithParent()
		err := c.cmd.Start()
		started <- err
		if err == nil {
			c.exited <- c.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		c.wait()
		if t.Failed() {
			t.Logf("output of the program:\n%s", c.output)
		}
	})
	return c
}

// environment is that of the test without what would change the program's ways.
func environment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SHOUWEN_") {
			env = append(env, v)
		}
	}
	return env
}

func (c *child) signal(s syscall.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

// wait returns how the program ended.
func (c *child) wait() error {
	c.t.Helper()
	select {
	case err := <-c.exited:
		c.exited <- err
		return err
	case <-time.After(patience):
		c.t.Fatal("the program does not end")
		return nil
	}
}

// terminate ends the program as systemd does; it must succeed.
func (c *child) terminate() {
	c.t.Helper()
	c.signal(syscall.SIGTERM)
	if err := c.wait(); err != nil {
		c.t.Errorf("the program ended with %v", err)
	}
}

// noneLeft checks that no process works in the data directory any more.
func noneLeft(t testing.TB, data string) {
	t.Helper()
	until(t, "no process is left in "+data, func() bool { return len(processesIn(data)) == 0 })
}

// processesIn lists the processes whose working directory is dir or below, or
// that have it on their command line.
func processesIn(dir string) (pids []string) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if e.Name()[0] < '0' || e.Name()[0] > '9' {
			continue
		}
		cwd, _ := os.Readlink("/proc/" + e.Name() + "/cwd")
		line, _ := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if strings.HasPrefix(cwd, dir) || bytes.Contains(line, []byte(dir)) {
			pids = append(pids, e.Name())
		}
	}
	return pids
}
