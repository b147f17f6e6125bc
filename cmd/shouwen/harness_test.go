package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
	"shouwen/sip/media"
	"shouwen/sip/siptest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	debug.SetGCPercent(400)             // the race detector makes it dear
	_ = flag.Set("test.parallel", "14") // they wait more than they work
	code := storetest.Main(m)
	if program.dir != "" {
		_ = os.RemoveAll(program.dir)
	}
	os.Exit(code)
}

// What everybody in a test says, in Hz: who hears whom is told by the tone.
const (
	callerSays     = 400
	agentSays      = 600 // the first; the second says 700, and so on
	greetingSays   = 2000
	pleaseHoldSays = 2200
	allBusySays    = 2400
	apologySays    = 2600
	goodbyeSays    = 2800
	musicSays      = 3000

	positionSays        = 2100
	estimateSays        = 2300
	callbackOfferSays   = 2500
	callbackNumberSays  = 2700
	callbackConfirmSays = 2900
	enterNumberSays     = 1900
	callbackKeptSays    = 3400
	leaveMessageSays    = 3500
	messageKeptSays     = 3600
	reasonSays          = 1600 // why a target does not come
	callEndsSays        = 3700
	emergencySays       = 1500
	takeItSays          = 1400
	digitSays           = 3100 // one; two is 3200, three 3300
	noticeSays          = 1800 // the announcement of the recording
)

// patience bounds every wait of a test; the machine may be busy with others.
const patience = 2 * time.Minute

// hangUpAlone ends calls that a test left up when its server stops.
const hangUpAlone = Duration(time.Second)

// bed is a running server with its own data and its own database in the
// PostgreSQL of this test binary.
type bed struct {
	Ready
	t        testing.TB
	server   *server
	database string // URL
	stop     func() // ends the server and waits for it; again does nothing
}

// testConfig is a configuration of its own for every server, with prompts that
// can be told from each other, no greeting and no announcements; who calls again rings everybody.
func testConfig(t testing.TB) Config {
	t.Helper()
	cfg := Default()
	cfg.Data, cfg.TimeZone = dataDir(t), noon()
	cfg.Prompts = tonePrompts(t)
	cfg.Queues[0].Announce, cfg.Queues[0].StickyFor = AnnounceConfig{}, 0
	cfg.Hotlines[0].Greeting = ""
	cfg.HTTP = HTTPConfig{}
	cfg.DrainTimeout = hangUpAlone
	return cfg
}

// noon is a time zone in which it is about noon: no midnight, with which case numbers
// begin anew, comes in the middle of a test.
func noon() string { return fmt.Sprintf("Etc/GMT%+d", time.Now().UTC().Hour()-12) }

// dataDir is a folder that a private PostgreSQL can reach when it runs as
// another user.
func dataDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "shouwen-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// newBed starts a server for that many agents.
func newBed(t testing.TB, agents int, change ...func(*Config)) *bed {
	t.Helper()
	cfg := testConfig(t)
	for _, c := range change {
		c(&cfg)
	}
	return startBed(t, cfg, serverOptions{agents: agents, database: storetest.URL(t), anyPort: true})
}

func startBed(t testing.TB, cfg Config, opt serverOptions, change ...func(*server)) *bed {
	t.Helper()
	opt.everyCall = true
	log := slog.New(slog.NewTextHandler(outputOf(t), &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := newServer(t.Context(), cfg, opt, log)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(s)
	}
	life, cancel := context.WithCancel(context.Background())
	ready, done := make(chan Ready, 1), make(chan error, 1)
	s.announce = func(r Ready) { ready <- r }
	go func() { done <- s.run(life) }()
	b := &bed{t: t, server: s, database: opt.database}
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("server: %v", err)
		}
	})
	t.Cleanup(b.stop)
	select {
	case b.Ready = <-ready:
	case err := <-done:
		done <- err
		t.Fatalf("server ended: %v", err)
	case <-time.After(patience):
		t.Fatal("server is not ready")
	}
	return b
}

// examplePhonebook has n people like those the first start makes, with passwords.
func examplePhonebook(n int) phonebook {
	b := phonebookOf(withExamples(cases.Directory{}, n))
	for i := range b.People {
		b.People[i].Password = newSecret(10)
	}
	return b
}

// save makes b what the first start with data begins with.
func (b phonebook) save(data string) error {
	text, err := yaml.Marshal(b)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(data, directoryFile), text)
}

// agent registers the phone of the i-th agent, from 0.
func (b *bed) agent(i int, cfg siptest.Config) siptest.TestPhone {
	b.t.Helper()
	defer b.endFirst()
	return register(b.t, b.Ready, i, cfg)
}

// endFirst ends the server before the phone that was made last: phones that are there
// answer when it hangs up the calls that a test left up, and it need not wait for more.
func (b *bed) endFirst() { b.t.Cleanup(b.stop) }

func register(t testing.TB, r Ready, i int, cfg siptest.Config) siptest.TestPhone {
	t.Helper()
	a := r.Agents[i]
	cfg.User, cfg.Password, cfg.Domain, cfg.Patience = a.User, a.Password, r.SIP.Domain, patience
	if cfg.Tone == 0 {
		cfg.Tone = toneOf(i)
	}
	p := siptest.New(t, r.SIP.UDP, cfg)
	if res := p.Register(); res.Status != 200 {
		t.Fatalf("REGISTER of %s: %d", a.User, res.Status)
	}
	return p
}

// toneOf is what the phone of the i-th agent says.
func toneOf(i int) int { return agentSays + 100*(i%13) }

// agents registers the phones of the first n agents.
func (b *bed) agents(n int) []siptest.TestPhone {
	b.t.Helper()
	all := make([]siptest.TestPhone, n)
	for i := range all {
		all[i] = b.agent(i, siptest.Config{})
	}
	return all
}

// caller is somebody outside, behind the trunk.
func (b *bed) caller(number string) siptest.TestPhone {
	b.t.Helper()
	defer b.endFirst()
	return outside(b.t, b.Ready, number)
}

func outside(t testing.TB, r Ready, number string) siptest.TestPhone {
	t.Helper()
	return siptest.New(t, r.SIP.UDP, siptest.Config{User: number, Tone: callerSays, Patience: patience})
}

// numbered is the i-th number of callers.
func numbered(i int) string { return fmt.Sprintf("+8610555501%02d", i) }

// dial calls the hotline and waits until it has answered.
func (b *bed) dial(number string, headers ...string) siptest.TestCall {
	b.t.Helper()
	c := b.caller(number).Dial(b.Hotline, headers...)
	c.Answered()
	return c
}

// incoming waits until every phone rings.
func incoming(phones []siptest.TestPhone) []siptest.TestCall {
	all := make([]siptest.TestCall, len(phones))
	for i, p := range phones {
		all[i] = p.Incoming()
	}
	return all
}

// cases stops the server and returns what it put on record, in the order of the
// numbers. The ledger must verify.
func (b *bed) cases() []cases.Case {
	b.t.Helper()
	b.stop()
	return recordedCases(b.t, recordOf(b.t, b))
}

// recordOf opens what the server put on record.
func recordOf(t testing.TB, b *bed) *store.Store {
	t.Helper()
	st, err := store.Open(context.Background(), b.database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	return st
}

func recordedCases(t testing.TB, st *store.Store) []cases.Case {
	t.Helper()
	ctx := t.Context()
	if _, err := st.VerifyLedger(ctx); err != nil {
		t.Errorf("ledger: %v", err)
	}
	var all []cases.Case
	for f := (store.Filter{Limit: 500}); ; {
		page, next, err := st.Cases(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		if f.After = next; next == "" {
			break
		}
	}
	slices.SortFunc(all, func(a, b cases.Case) int { return sequence(t, a) - sequence(t, b) })
	return all
}

func sequence(t testing.TB, c cases.Case) int {
	_, _, seq, err := c.Number.Parse()
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// only returns the one case there must be.
func only(t testing.TB, all []cases.Case) cases.Case {
	t.Helper()
	if len(all) != 1 {
		t.Fatalf("%d cases, want 1: %+v", len(all), all)
	}
	return all[0]
}

// silentFor is how long a tone must be away to count as not heard.
const silentFor = 300 * time.Millisecond

// tonePrompts is a folder with a tone in place of each prompt.
func tonePrompts(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	type tone struct {
		hz     int
		length time.Duration
	}
	quick := tone{0, 20 * time.Millisecond}
	for name, p := range map[string]tone{
		"greeting": {greetingSays, 600 * time.Millisecond}, "please_hold": {pleaseHoldSays, 400 * time.Millisecond},
		"all_busy": {allBusySays, 600 * time.Millisecond}, "apology": {apologySays, 600 * time.Millisecond},
		"goodbye": {goodbyeSays, 400 * time.Millisecond}, "music": {musicSays, time.Second},
		"position": {positionSays, 300 * time.Millisecond}, "estimated_wait": {estimateSays, 300 * time.Millisecond},
		"n1": {digitSays, 300 * time.Millisecond}, "n2": {digitSays + 100, 300 * time.Millisecond}, "n3": {digitSays + 200, 300 * time.Millisecond},
		"yao": quick, "n0": quick, "n4": quick, "n5": quick, "n6": quick, "n7": quick, "n8": quick, "n9": quick, // numbers are read out
		"callback_offer": {callbackOfferSays, 400 * time.Millisecond}, "callback_number": {callbackNumberSays, 900 * time.Millisecond},
		"callback_confirm": {callbackConfirmSays, 900 * time.Millisecond}, "enter_number": {enterNumberSays, 900 * time.Millisecond},
		"callback_kept": {callbackKeptSays, 900 * time.Millisecond}, "leave_message": {leaveMessageSays, 900 * time.Millisecond},
		"message_kept": {messageKeptSays, 900 * time.Millisecond},
		"target_busy":  {reasonSays, 300 * time.Millisecond}, "target_no_answer": {reasonSays, 300 * time.Millisecond},
		"target_declined": {reasonSays, 300 * time.Millisecond}, "target_unreachable": {reasonSays, 300 * time.Millisecond},
		"target_denied": {reasonSays, 300 * time.Millisecond}, "call_ends": {callEndsSays, 600 * time.Millisecond},
		"emergency_case": {emergencySays, 300 * time.Millisecond}, "take_it": {takeItSays, 600 * time.Millisecond},
		"recording_notice": {noticeSays, 1500 * time.Millisecond},
	} {
		writeTone(t, filepath.Join(dir, name+".wav"), p.hz, p.length)
	}
	return dir
}

func writeTone(t testing.TB, file string, hz int, length time.Duration) {
	t.Helper()
	f, err := os.Create(file)
	if err == nil {
		err = errors.Join(media.WriteWAV(f, media.Tone(float64(hz), length)), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// together runs f for 0 to n-1, all at the same moment, and waits for them.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}

// until waits for ok, looking again and again: for what another process or the
// replay brings about without a word.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("still not: %s", what)
		}
	}
}

// output is where a test's log goes until the test is over: connections of sipgo end,
// and say so, a moment after the server.
type output struct {
	mu sync.Mutex
	to io.Writer // nil: over
}

func outputOf(t testing.TB) *output {
	o := &output{to: t.Output()}
	t.Cleanup(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.to = nil
	})
	return o
}

func (o *output) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.to == nil {
		return len(line), nil
	}
	return o.to.Write(line)
}

// printing is held by who reads what a command in this process prints.
var printing sync.Mutex
