//go:build ignore

// Bench runs the programs in bin against each other and prints what came of it as a
// table in Markdown, with the machine named: the server on the first core, the load
// generator and PostgreSQL on the others.
//
//	go run .ci/bench.go [-for 30s]
//	go run .ci/bench.go -store       # what PostgreSQL has to do, among 1,000,000 cases
//
// What it finds is the server's only where nothing else works on the machine.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
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

var (
	length = flag.Duration("for", 30*time.Second, "how long each load lasts")
	many   = flag.Int("growth", 10_000, "calls after which everything must be as before; 0: not measured")
	store  = flag.Bool("store", false, "measure the store instead of calls")
	settle = flag.Duration("settle", 130*time.Second, "how long is waited for the garbage of calls to be collected, which takes two minutes at rest")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	if _, err := exec.LookPath("taskset"); err != nil || runtime.NumCPU() < 2 {
		return errors.New("needs taskset (util-linux) and two cores")
	}
	if *store {
		return cases()
	}
	fmt.Printf("%s. Each load %s; server on one core, load generator and PostgreSQL on the others.\n\n", machine(), *length)
	fmt.Print("| measure | load | result |\n| --- | --- | --- |\n")
	for _, m := range []func() error{answers, queue, audio, growth} {
		if err := m(); err != nil {
			return err
		}
	}
	return nil
}

func row(measure, load, format string, args ...any) {
	fmt.Printf("| %s | %s | %s |\n", measure, load, fmt.Sprintf(format, args...))
}

// measured are the benchmarks of the store, what each measures, and what it is to reach.
var measured = []struct{ benchmark, what, aim string }{
	{"Clocks/undisturbed", "how late a stage fires: 1,000,000 clocks armed, 50 stages/s, two processes", "p99 200 ms, max 1 s"},
	{"Clocks/killed", "the same, one of them killed", "p99 200 ms, max 1 s"},
	{"Clocks/frozen", "the same, one of them frozen", "p99 200 ms, max 1 s"},
	{"Burst/10000-", "how late they fire: 10,000 due in one second", ""},
	{"Burst/100000-", "100,000 due in one second", "max 5 s"},
	{"Moves/people=1", "moves of cases, one person", "300 moves/s, p99 30 ms"},
	{"Moves/people=8", "moves of cases, eight at once", "300 moves/s, p99 30 ms"},
	{"PickUp", "what opening a case adds to a pick-up, 90 calls/s", "p99 5 ms"},
	{"Search/", "search, first page of 50", "p95 50 ms"},
	{"Scorecards/month", "scorecards of a month, the worst of three", "max 2 s"},
}

// cases prints the benchmarks of the store as a table.
func cases() error {
	fmt.Printf("%s. PostgreSQL on one core, without fsync; Shouwen on another.\n\n", machine())
	fmt.Print("| measure | to be | result |\n| --- | --- | --- |\n")
	cmd := exec.Command("go", "test", "-timeout", "60m", "-run", "-", "-bench", "^Benchmark(Clocks|Burst|Moves|PickUp|Search|Scorecards)$", "-skip", "/year", "-benchtime", "1x", "./cases/store")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	for _, m := range measured {
		var results []string
		for line := range strings.Lines(string(out)) {
			if rest, ok := strings.CutPrefix(line, "Benchmark"+m.benchmark); ok {
				results = append(results, result(rest))
			}
		}
		row(m.what, m.aim, "%s", strings.Join(results, "; "))
	}
	return nil
}

// result puts the rest of a line of a benchmark into words: "number-2 1 3.2 p95-ms".
func result(rest string) string {
	fields := strings.Fields(rest)
	name, _, _ := strings.Cut(fields[0], "-")
	var all []string
	for i := 2; i+1 < len(fields); i += 2 {
		value, unit := fields[i], fields[i+1]
		if of, _, ok := strings.Cut(unit, "-ms"); ok {
			value, unit = of+" "+value, "ms"
		}
		all = append(all, value+" "+unit)
	}
	return strings.TrimSpace(strings.ReplaceAll(name, "_", " ") + " " + strings.Join(all, ", "))
}

// answers finds how many calls a second are answered and hung up.
func answers() error {
	s, err := start(0)
	if err != nil {
		return err
	}
	defer s.stop()
	_, err = s.ladder("answer and hang up", []int{450, 900, 1350, 2000}, "--agents", "0", "--hold", "0s")
	return err
}

// queue finds how many calls a second the queue brings to agents, what it does with
// half as many more, and whether it is well again afterwards.
func queue() error {
	s, err := start(1200)
	if err != nil {
		return err
	}
	defer s.stop()
	const measure = "set-up through the queue, bridged"
	best, err := s.ladder(measure, []int{90, 180, 360, 540, 700}, "--hold", "1s")
	if err != nil || best == 0 {
		return err
	}
	over, err := s.load("--rate", strconv.Itoa(best*3/2), "--hold", "1s")
	if err != nil {
		return err
	}
	row("at 1.5 times that", fmt.Sprint(best*3/2, " calls/s"), "%d of %d completed, which is %.0f %% of the rate before%s",
		over.Calls.Completed, over.Calls.Placed, 100*float64(over.Calls.Completed)/(float64(best)*length.Seconds()), over.causes())
	time.Sleep(5 * time.Second)
	after, err := s.load("--rate", strconv.Itoa(best), "--hold", "1s")
	if err != nil {
		return err
	}
	row("5 s after that", fmt.Sprint(best, " calls/s"), "%d of %d failed", after.failed(), after.Calls.Placed)
	return nil
}

// audio measures bridged G.711 calls, each number of them on a fresh server.
func audio() error {
	for _, n := range []int{50, 200, 450, 500, 600} {
		if err := audioOf(n); err != nil {
			return err
		}
	}
	return nil
}

func audioOf(n int) error {
	s, err := start(n)
	if err != nil {
		return err
	}
	defer s.stop()
	const rate = 40 // at which they build up
	build := time.Duration(n)*time.Second/rate + 2*time.Second
	r, err := s.load("--rate", strconv.Itoa(rate), "--concurrent", strconv.Itoa(n), "--hold", "1h", "--rtp",
		"--for", (build + *length).String(), "--warm-up", build.String())
	if err != nil {
		return err
	}
	cost := r.Servers[0]
	row("bridged G.711 calls at once", strconv.Itoa(n), "%d failed, %d of %d packets lost, added delay p99 %.1f ms, %.2f ms CPU a call-second, %.3f MB a call%s",
		r.failed(), r.Audio.Missing, r.Audio.Stamped+r.Audio.Missing, r.latency("one-way delay of audio"), cost.PerCallSecond, cost.PerCallMB, r.limited())
	return nil
}

// growth compares what the server has after many calls, a few at a time, with what it
// had before them. All are of the same callers: whose cases are open it remembers.
func growth() error {
	if *many == 0 {
		return nil
	}
	s, err := start(50)
	if err != nil {
		return err
	}
	defer s.stop()
	const rate, callers = 80, 400
	calls := func(n int) (*report, error) {
		return s.load("--rate", strconv.Itoa(rate), "--concurrent", "40", "--callers", strconv.Itoa(callers), "--hold", "200ms", "--for", (time.Duration(n) * time.Second / rate).String())
	}
	if _, err := calls(40 * rate); err != nil { // so long that tables are as large as they will be: what has ended is remembered for 32 s
		return err
	}
	before, err := s.atRest()
	if err != nil {
		return err
	}
	r, err := calls(*many)
	if err != nil {
		return err
	}
	after, err := s.atRest()
	if err != nil {
		return err
	}
	row("left of calls at rest", fmt.Sprint(r.Calls.Placed, " calls, before and after"), "%d failed; goroutines %.0f, %.0f; heap that is reachable %.2f, %.2f MB; descriptors %.0f, %.0f",
		r.failed(), before["go_goroutines"], after["go_goroutines"], before["go_gc_heap_live_bytes"]/1e6, after["go_gc_heap_live_bytes"]/1e6,
		before["process_open_fds"], after["process_open_fds"])
	return nil
}

// atRest returns the least the server had of everything while nothing was asked of it.
func (s *server) atRest() (map[string]float64, error) {
	b, err := os.ReadFile(s.ready)
	if err != nil {
		return nil, err
	}
	var ready struct {
		Metrics string `json:"metrics_url"`
	}
	if err := json.Unmarshal(b, &ready); err != nil {
		return nil, err
	}
	least := map[string]float64{}
	for limit := time.Now().Add(*settle); time.Now().Before(limit); time.Sleep(5 * time.Second) {
		res, err := http.Get(ready.Metrics)
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			v, err := strconv.ParseFloat(value, 64)
			if was, ok := least[name]; err == nil && (!ok || v < was) {
				least[name] = v
			}
		}
	}
	return least, nil
}

// report is the part of the load generator's that is needed here.
type report struct {
	Calls struct {
		Placed, Completed int
		Failures          map[string]int
		Resent            int
	}
	Latencies []struct {
		Name string
		P99  float64 `json:"p99_ms"`
	}
	Audio   struct{ Stamped, Missing int }
	Servers []struct {
		PerCall       float64 `json:"cpu_ms_per_call"`
		PerCallSecond float64 `json:"cpu_ms_per_call_s"`
		PerCallMB     float64 `json:"rss_per_call_mb"`
	}
	Generator struct{ Limited string }
}

func (r *report) failed() (n int) {
	for _, f := range r.Calls.Failures {
		n += f
	}
	return n
}

// causes names what failed calls got, such as " (503: 149)".
func (r *report) causes() string {
	var all []string
	for _, cause := range slices.Sorted(maps.Keys(r.Calls.Failures)) {
		all = append(all, fmt.Sprintf("%s: %d", cause, r.Calls.Failures[cause]))
	}
	if all == nil {
		return ""
	}
	return " (" + strings.Join(all, ", ") + ")"
}

func (r *report) latency(name string) float64 {
	for _, l := range r.Latencies {
		if l.Name == name {
			return l.P99
		}
	}
	return 0
}

func (r *report) limited() string {
	if r.Generator.Limited == "" {
		return ""
	}
	return " (the generator was at its limit: " + r.Generator.Limited + ")"
}

// server is a running Shouwen with everything on.
type server struct {
	cmd   *exec.Cmd
	dir   string
	ready string // file
}

// start starts a server for that many agents on data of its own.
func start(agents int) (*server, error) {
	dir, err := os.MkdirTemp("", "shouwen-bench-")
	if err != nil {
		return nil, err
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0") // a port nobody has
	if err != nil {
		return nil, err
	}
	port := udp.LocalAddr().(*net.UDPAddr).Port
	_ = udp.Close()
	s := &server{dir: dir, ready: filepath.Join(dir, "data", "ready.json")}
	config := filepath.Join(dir, "shouwen.yaml")
	text := fmt.Sprintf(`
data: %s
sip: {udp: %d, tcp: 0, tls: 0}
hotlines: [{number: "12345", greeting: false}]
queues: [{name: hotline, strategy: longest_idle, limit: 5000}]
http: {console: "127.0.0.1:0", metrics: "127.0.0.1:0"}
drain_timeout: 1s
`, filepath.Join(dir, "data"), port)
	if err := errors.Join(os.Chmod(dir, 0o711), os.WriteFile(config, []byte(text), 0o600)); err != nil {
		return nil, err
	}
	s.cmd = exec.Command("taskset", "-c", "0", "bin/shouwen", "serve", "--config", config, "--agents", strconv.Itoa(max(agents, 1)))
	if s.cmd.Stdout, err = os.Create(filepath.Join(dir, "log")); err != nil {
		return nil, err
	}
	s.cmd.Stderr = s.cmd.Stdout
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for limit := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if _, err := os.Stat(s.ready); err == nil {
			s.others()
			return s, nil
		}
		if time.Now().After(limit) {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			s.stop()
			return nil, fmt.Errorf("the server is not ready: %s", log)
		}
	}
}

// others moves PostgreSQL, the server's child, off the server's core, and behind the
// load generator: what waits for the database is replayed later, but a generator that
// waits measures itself.
func (s *server) others() {
	pid := strconv.Itoa(s.cmd.Process.Pid)
	for _, postgres := range all("/proc/" + pid + "/task/*/children") {
		for _, p := range append(all("/proc/"+postgres+"/task/*/children"), postgres) {
			_ = exec.Command("taskset", "-acp", rest(), p).Run() // it may have ended
			_ = exec.Command("renice", "-n", "10", "-p", p).Run()
		}
	}
}

// all are the numbers in the files of a pattern.
func all(pattern string) (numbers []string) {
	files, _ := filepath.Glob(pattern)
	for _, f := range files {
		b, _ := os.ReadFile(f)
		numbers = append(numbers, strings.Fields(string(b))...)
	}
	return numbers
}

// rest are the cores the server is not on.
func rest() string { return fmt.Sprintf("1-%d", runtime.NumCPU()-1) }

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
	_ = os.RemoveAll(s.dir)
}

// longest is when a load that does not end is ended.
const longest = 5 * time.Minute

// load runs the generator against the server.
func (s *server) load(args ...string) (*report, error) {
	args = append([]string{"-c", rest(), "bin/shouwen-load", "calls", "--quiet", "--json", "-", "--agents-file", s.ready,
		"--pid", strconv.Itoa(s.cmd.Process.Pid), "--for", length.String(), "--concurrent", "5000"}, args...)
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, "taskset", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmd, err)
	}
	r := &report{}
	return r, json.Unmarshal(out, r)
}

// ladder raises the rate until calls fail, and returns the last one at which none did.
func (s *server) ladder(measure string, rates []int, args ...string) (best int, err error) {
	for _, rate := range rates {
		r, err := s.load(append(args, "--rate", strconv.Itoa(rate))...)
		if err != nil {
			return best, err
		}
		result := fmt.Sprintf("%d of %d failed%s, %d messages sent again, %.2f ms CPU a call", r.failed(), r.Calls.Placed, r.causes(), r.Calls.Resent, r.Servers[0].PerCall)
		if p99 := r.latency("INVITE to agent's INVITE"); p99 > 0 {
			result += fmt.Sprintf(", INVITE to the agent's INVITE p99 %.1f ms", p99)
		}
		row(measure, fmt.Sprint(rate, " calls/s"), "%s%s", result, r.limited())
		if r.failed() > 0 || r.Generator.Limited != "" {
			break
		}
		best = rate
	}
	return best, nil
}

// machine names the processor, the memory, the system and how busy it was.
func machine() string {
	model, memory := runtime.GOARCH, ""
	for _, l := range lines("/proc/cpuinfo") {
		if name, value, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
		}
	}
	for _, l := range lines("/proc/meminfo") {
		if f := strings.Fields(l); len(f) > 1 && f[0] == "MemTotal:" {
			kib, _ := strconv.Atoi(f[1])
			memory = fmt.Sprintf("%.0f GiB", float64(kib)/(1<<20))
		}
	}
	system := runtime.GOOS
	for _, l := range lines("/etc/os-release") {
		if name, ok := strings.CutPrefix(l, "PRETTY_NAME="); ok {
			system = strings.Trim(name, `"`)
		}
	}
	load := ""
	if l := lines("/proc/loadavg"); len(l) > 0 {
		load, _, _ = strings.Cut(l[0], " ")
	}
	return fmt.Sprintf("%s, %d cores, %s, %s, %s; load average %s before", model, runtime.NumCPU(), memory, system, runtime.Version(), load)
}

func lines(file string) []string {
	b, _ := os.ReadFile(file)
	return strings.Split(string(b), "\n")
}
