//go:build ignore

// Supervise shows what supervisors see: it starts a Shouwen on data of its own and a
// Prometheus beside it with the rules of deploy, plays a day, and draws the dashboards of
// deploy as pictures.
//
//	go run .ci/supervise.go [-set-up COMMAND] [-traffic COMMAND] [-out DIR] [-no-empty]
//
// Both commands are lines for the shell. They find $DIR, a data directory, which the first
// makes with a shouwen.yaml in it; the second finds ready.json there, and the address of
// Prometheus in $PROMETHEUS.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var (
	setUp = flag.String("set-up", "bin/shouwen-load day set-up $DIR --port 5260 --console 127.0.0.1:8280 --metrics 127.0.0.1:8281 --outside 127.0.0.1:5270",
		"makes $DIR with shouwen.yaml in it")
	traffic = flag.String("traffic", "bin/shouwen-load day play $DIR --prometheus $PROMETHEUS", "what happens; when it ends, the pictures are drawn")
	out     = flag.String("out", "bin/dashboards", "folder of the pictures and of report.json")
	noEmpty = flag.Bool("no-empty", false, "fail if a panel has nothing to show")
)

const (
	render = "deploy/grafana/render"
	before = 90 * time.Second // the end of the traffic: the last callers, whom an hour of work and the comparison follow
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "supervise:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	dir, err := os.MkdirTemp("", "shouwen-supervise-")
	if err != nil {
		return err
	}
	data := filepath.Join(dir, "data")
	defer func() {
		if err == nil {
			err = os.RemoveAll(dir)
		} else {
			err = fmt.Errorf("%w; logs are in %s", err, dir)
		}
	}()
	if err := os.Chmod(dir, 0o711); err != nil { // PostgreSQL may be somebody else's process
		return err
	}
	vars := []string{"DIR=" + data}
	if err := shell(*setUp, vars); err != nil {
		return err
	}
	server, err := start(dir, "shouwen", "bin/shouwen", "serve", "--config", filepath.Join(data, "shouwen.yaml"), "--data", data)
	if err != nil {
		return err
	}
	defer server.stop()
	metrics, err := server.metrics(filepath.Join(data, "ready.json"))
	if err != nil {
		return err
	}
	prometheus, at, err := watch(dir, metrics)
	if err != nil {
		return err
	}
	defer prometheus.stop()
	fmt.Printf("Shouwen's metrics are at http://%s/metrics, Prometheus at %s\n", metrics, at)
	began := time.Now()
	played := shell(*traffic, append(vars, "PROMETHEUS="+at))
	return errors.Join(played, draw(at, began, time.Now().Add(-before)))
}

// shell runs a line of the shell, which is ended as this program is.
func shell(line string, vars []string) error {
	c := exec.Command("sh", "-c", line)
	c.Env, c.Stdout, c.Stderr = append(os.Environ(), vars...), os.Stdout, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	return nil
}

// program is one that runs until it is stopped.
type program struct {
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
}

// start starts a program that logs into dir.
func start(dir, name, path string, args ...string) (*program, error) {
	p := &program{exec.Command(path, args...), filepath.Join(dir, name+".log"), make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM) // this program has its deferred calls to make
	return p, nil
}

func (p *program) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	<-p.ended
}

// until waits until ready says so, as long as the program lives.
func (p *program) until(ready func() bool) error {
	for limit := time.Now().Add(time.Minute); !ready(); time.Sleep(200 * time.Millisecond) {
		select {
		case <-p.ended:
			limit = time.Time{}
		default:
		}
		if time.Now().After(limit) {
			log, _ := os.ReadFile(p.log)
			return fmt.Errorf("%s is not ready: %s", p.cmd.Path, log)
		}
	}
	return nil
}

// metrics waits for Shouwen and returns where its metrics are.
func (p *program) metrics(ready string) (string, error) {
	if err := p.until(func() bool { _, err := os.Stat(ready); return err == nil }); err != nil {
		return "", err
	}
	var facts struct {
		Metrics string `json:"metrics_url"`
	}
	b, err := os.ReadFile(ready)
	if err == nil {
		err = json.Unmarshal(b, &facts)
	}
	if err != nil {
		return "", err
	}
	u, err := url.Parse(facts.Metrics)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("%s: metrics_url %q", ready, facts.Metrics)
	}
	return u.Host, nil
}

// watch starts a Prometheus as deploy has it, for one node, and returns its address.
func watch(dir, node string) (*program, string, error) {
	for _, name := range []string{"prometheus.yml", "recording.yml", "alerts.yml"} {
		b, err := os.ReadFile(filepath.Join("deploy/prometheus", name))
		if err != nil {
			return nil, "", err
		}
		text := strings.Replace(string(b), "127.0.0.1:8081", node, 1)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, "", err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port nobody has
	if err != nil {
		return nil, "", err
	}
	address := l.Addr().String()
	_ = l.Close()
	p, err := start(dir, "prometheus", "prometheus", "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "tsdb"), "--web.listen-address="+address, "--enable-feature=exemplar-storage", "--log.level=warn")
	if err != nil {
		return nil, "", err
	}
	at := "http://" + address
	if err := p.until(func() bool { return answers(at + "/-/ready") }); err != nil {
		p.stop()
		return nil, "", err
	}
	return p, at, nil
}

func answers(url string) bool {
	res, err := http.Get(url)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode == http.StatusOK
}

// rightlyEmpty are tables that are empty if all is well.
var rightlyEmpty = []string{"shouwen-deadlines/13", "shouwen-deadlines/14"}

// draw checks the dashboards on what Prometheus has of that time, and draws them.
func draw(prometheus string, from, to time.Time) error {
	boards, err := filepath.Glob("deploy/grafana/dashboards/*.json")
	if err != nil {
		return err
	}
	args := []string{"--prometheus", prometheus, "--from", strconv.FormatInt(from.Unix(), 10), "--to", strconv.FormatInt(to.Unix(), 10)}
	if *noEmpty {
		args = append(args, "--no-empty")
		for _, panel := range rightlyEmpty {
			args = append(args, "--allow-empty", panel)
		}
	}
	node := func(args ...string) error {
		c := exec.Command("node", args...)
		c.Stdout, c.Stderr = os.Stdout, os.Stderr
		return c.Run()
	}
	lint := node(append(append([]string{filepath.Join(render, "lint.mjs"), "--rules"}, args...), boards...)...)
	drawn := node(append(append([]string{filepath.Join(render, "render.mjs"), "--out", *out}, args...), boards...)...)
	if err := errors.Join(lint, drawn); err != nil {
		return fmt.Errorf("dashboards: %w", err)
	}
	fmt.Println("the pictures are in", *out)
	return nil
}
