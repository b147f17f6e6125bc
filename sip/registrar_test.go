package sip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	msg "github.com/emiago/sipgo/sip"

	"shouwen/metrics"
)

func parseRaw(raw string) (*msg.Request, error) {
	m, err := msg.ParseMessage([]byte(raw))
	if err != nil {
		return nil, err
	}
	req, ok := m.(*msg.Request)
	if !ok {
		return nil, errors.New("no request")
	}
	return req, nil
}

// memory is a store in a map that can be away.
type memory struct {
	mu   sync.Mutex
	away bool
	rows map[storeKey]Binding
}

func newMemory(rows ...Binding) *memory {
	s := &memory{rows: make(map[storeKey]Binding)}
	for _, b := range rows {
		s.rows[b.key()] = b
	}
	return s
}

func (s *memory) set(away bool) { s.mu.Lock(); s.away = away; s.mu.Unlock() }

func (s *memory) do(f func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errors.New("database is away")
	}
	f()
	return nil
}

func (s *memory) Save(_ context.Context, all []Binding) error {
	return s.do(func() {
		for _, b := range all {
			s.rows[b.key()] = b
		}
	})
}

func (s *memory) Remove(_ context.Context, all []Binding) error {
	return s.do(func() {
		for _, b := range all {
			delete(s.rows, b.key())
		}
	})
}

func (s *memory) Load(context.Context) (all []Binding, err error) {
	err = s.do(func() {
		for _, b := range s.rows {
			all = append(all, b)
		}
	})
	return all, err
}

func (s *memory) contacts() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for k := range s.rows {
		all = append(all, k.contact)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func newTestRegistrar(file string, store Bindings, onChange func(string, bool)) *registrar {
	if onChange == nil {
		onChange = func(string, bool) {}
	}
	return newRegistrar(registrarConfig{Domain: testRealm, Kept: file, Node: 3}, newDirectory("1001", "1002"), store, onChange, metrics.New("t", "t").SIP, silent())
}

// desk registers as a phone does: once challenged, it reuses its nonce.
type desk struct {
	t         testing.TB
	r         *registrar
	user      string
	from      netip.AddrPort
	transport string
	challenge string
	count     int
	cseq      int
}

func newDesk(t testing.TB, r *registrar, user string, from netip.AddrPort) *desk {
	return &desk{t: t, r: r, user: user, from: from, transport: "UDP"}
}

func (d *desk) send(lines ...string) *msg.Response {
	const uri = "sip:hotline.example"
	for range 3 {
		d.cseq++
		head := []string{
			"REGISTER " + uri + " SIP/2.0", "Via: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK" + fmt.Sprint(d.cseq), "From: <sip:" + d.user + "@hotline.example>;tag=a",
			"To: <sip:" + d.user + "@hotline.example>", "Call-ID: call-" + d.user, fmt.Sprintf("CSeq: %d REGISTER", d.cseq), "User-Agent: Test 1",
		}
		if d.challenge != "" {
			d.count++
			head = append(head, authorize(d.t, d.challenge, "REGISTER", uri, d.user, passwordOf(d.user), d.count))
		}
		res := d.r.handle(parseRequest(d.t, append(head, lines...)...), d.from, listener, d.transport, time.Now())
		if res.StatusCode != 401 {
			return res
		}
		d.challenge, d.count = challengesOf(res)[0], 0
	}
	d.t.Fatal("challenged again and again")
	return nil
}

func TestRegistrarAnswers(t *testing.T) {
	tests := map[string]struct {
		lines []string
		code  int
		want  []string // lines of the answer
	}{
		"a contact": {[]string{"Contact: <sip:1001@10.0.0.5:5060>;expires=600"}, 200,
			[]string{"Contact: <sip:1001@10.0.0.5:5060>;expires=600", "Supported: path"}},
		"all a contact may say": {[]string{`m: <sip:1001@10.0.0.5>;q=0.5;+sip.instance="<urn:uuid:1>";reg-id=2`}, 200,
			[]string{`Contact: <sip:1001@10.0.0.5>;expires=3600;q=0.5;+sip.instance="<urn:uuid:1>";reg-id=2`}},
		"path":               {[]string{"Contact: <sip:1001@10.0.0.5>", "Supported: path", "Path: <sip:edge.example;lr>"}, 200, []string{"Path: <sip:edge.example;lr>"}},
		"query":              {nil, 200, nil},
		"too brief":          {[]string{"Contact: <sip:1001@10.0.0.5>;expires=5"}, 423, []string{"Min-Expires: 60"}},
		"* without Expires":  {[]string{"Contact: *"}, 400, nil},
		"* with Expires: 0":  {[]string{"Contact: *", "Expires: 0"}, 200, nil},
		"contact of no kind": {[]string{"Contact: <tel:+15550100>"}, 400, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			res := newDesk(t, newTestRegistrar("", nil, nil), "1001", deskFlow).send(tt.lines...)
			if res.StatusCode != tt.code {
				t.Errorf("status = %d, want %d", res.StatusCode, tt.code)
			}
			for _, line := range tt.want {
				if !strings.Contains(res.String(), "\r\n"+line+"\r\n") {
					t.Errorf("no %q in\n%s", line, res)
				}
			}
		})
	}
}

func TestRegistrarKeepsTheFlow(t *testing.T) {
	r := newTestRegistrar("", nil, nil)
	d := newDesk(t, r, "1001", deskFlow)
	d.transport = "TCP"
	d.send("Contact: <sip:1001@10.0.0.5:5060;transport=tcp>", "Path: <sip:edge.example;lr>")
	got := r.contacts("1001")
	if len(got) != 1 || got[0].Remote != deskFlow || got[0].Local != listener || got[0].Transport != "tcp" || got[0].Node != 3 ||
		got[0].UserAgent != "Test 1" || !slices.Equal(got[0].Path, []string{"<sip:edge.example;lr>"}) {
		t.Errorf("binding = %+v", got)
	}
	r.forgetFlow("tls", deskFlow)
	if r.count() != 1 {
		t.Error("another transport's flow took it away")
	}
	r.forgetFlow("TCP", deskFlow)
	if len(r.contacts("1001")) != 0 || r.count() != 0 {
		t.Error("contact outlives its connection")
	}
}

func TestRegistrarRefusesAnotherUsersContact(t *testing.T) {
	r := newTestRegistrar("", nil, nil)
	d := newDesk(t, r, "1001", deskFlow)
	d.send()
	d.count++
	req := requestOf(t, "REGISTER", "sip:hotline.example", "1002", "Contact: <sip:1002@10.0.0.5>",
		authorize(t, d.challenge, "REGISTER", "sip:hotline.example", "1001", passwordOf("1001"), d.count))
	if res := r.handle(req, deskFlow, listener, "udp", time.Now()); res.StatusCode != 403 {
		t.Errorf("status = %d", res.StatusCode)
	}
	if r.count() != 0 {
		t.Error("it was registered")
	}
}

func TestRegistrarRefusesReplay(t *testing.T) {
	r := newTestRegistrar("", nil, nil)
	d := newDesk(t, r, "1001", deskFlow)
	d.send()
	d.count++
	req := func() *msg.Request {
		return requestOf(t, "REGISTER", "sip:hotline.example", "1001", "Contact: <sip:1001@10.0.0.5>",
			authorize(t, d.challenge, "REGISTER", "sip:hotline.example", "1001", passwordOf("1001"), d.count))
	}
	first := req()
	if res := r.handle(first, deskFlow, listener, "udp", time.Now()); res.StatusCode != 200 {
		t.Fatalf("status = %d", res.StatusCode)
	}
	res := r.handle(first, deskFlow, listener, "udp", time.Now())
	if res.StatusCode != 401 || !strings.Contains(challengesOf(res)[0], "stale=true") {
		t.Errorf("the replay got %s", res)
	}
}

func TestRegistrarWithoutToOrCallID(t *testing.T) {
	r := newTestRegistrar("", nil, nil)
	req := requestOf(t, "REGISTER", "sip:hotline.example", "1001")
	req.RemoveHeader("Call-ID")
	if res := r.handle(req, deskFlow, listener, "udp", time.Now()); res.StatusCode != 400 {
		t.Errorf("status = %d", res.StatusCode)
	}
}

func TestRegistrarExpiresAndReportsPresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		r := newTestRegistrar("", nil, func(user string, registered bool) { seen = append(seen, fmt.Sprint(user, " ", registered)) })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.run(ctx) }()
		first, second := newDesk(t, r, "1001", deskFlow), newDesk(t, r, "1001", otherFlow)
		first.send("Contact: <sip:1001@10.0.0.5>;expires=60")
		time.Sleep(30 * time.Second)
		second.cseq = 100
		second.send("Contact: <sip:1001@10.0.0.6>;expires=60")
		time.Sleep(59 * time.Second)
		if got := listing(r.contacts("1001"), time.Now()); got != "sip:1001@10.0.0.6 1" {
			t.Errorf("contacts = %s", got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := strings.Join(seen, ", "); got != "1001 true, 1001 false" {
			t.Errorf("presence = %s", got)
		}
		if r.count() != 0 {
			t.Errorf("count = %d", r.count())
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("run = %v", err)
		}
	})
}

func TestRegistrarAnswersWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		store.set(true)
		r := newTestRegistrar(filepath.Join(t.TempDir(), "bindings"), store, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.run(ctx) }()
		d := newDesk(t, r, "1001", deskFlow)
		if res := d.send("Contact: <sip:1001@10.0.0.5>", "Contact: <sip:1001@10.0.0.6>"); res.StatusCode != 200 {
			t.Fatalf("status = %d", res.StatusCode)
		}
		time.Sleep(time.Minute)
		d.send("Contact: <sip:1001@10.0.0.6>;expires=0")
		store.set(false)
		time.Sleep(time.Minute)
		if got := store.contacts(); got != "sip:1001@10.0.0.5" {
			t.Errorf("store has %s", got)
		}
		d.send("Contact: *", "Expires: 0")
		synctest.Wait()
		if got := store.contacts(); got != "" {
			t.Errorf("store still has %s", got)
		}
		cancel()
		<-done
	})
}

func TestRegistrarKnowsContactsAfterRestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bindings")
	synctest.Test(t, func(t *testing.T) {
		r := newTestRegistrar(file, nil, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.run(ctx) }()
		newDesk(t, r, "1001", deskFlow).send("Contact: <sip:1001@10.0.0.5>;expires=600")
		cancel()
		<-done

		time.Sleep(time.Minute)
		store := newMemory(
			Binding{User: "1001", Contact: "sip:1001@10.0.0.5", Q: 1, Updated: time.Now().Add(-time.Hour), Expires: time.Now().Add(time.Second)},
			Binding{User: "1002", Contact: "sip:1002@10.0.0.8", Q: 1, Updated: time.Now(), Expires: time.Now().Add(time.Hour), Remote: otherFlow},
			Binding{User: "dismissed", Contact: "sip:x@10.0.0.9", Updated: time.Now(), Expires: time.Now().Add(time.Hour)})
		store.set(true)
		var seen []string
		again := newTestRegistrar(file, store, func(user string, registered bool) { seen = append(seen, fmt.Sprint(user, " ", registered)) })
		if got := listing(again.contacts("1001"), time.Now()); got != "sip:1001@10.0.0.5 540" {
			t.Errorf("before the store answers: %s", got)
		}
		ctx, cancel = context.WithCancel(t.Context())
		go func() { done <- again.run(ctx) }()
		synctest.Wait()
		if got := fmt.Sprint(seen); got != "[1001 true]" {
			t.Errorf("presence = %s", got)
		}
		store.set(false)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := listing(again.contacts("1001"), time.Now()); got != "sip:1001@10.0.0.5 530" {
			t.Errorf("the older copy of the store won: %s", got)
		}
		if got := listing(again.contacts("1002"), time.Now()); got != "sip:1002@10.0.0.8 3590" {
			t.Errorf("what only the store knew: %s", got)
		}
		if len(again.contacts("dismissed")) != 0 {
			t.Error("a user without account has contacts")
		}
		cancel()
		<-done
	})
}

// The store goes away between two changes: nothing is lost, nothing outdated
// arrives, and what is open at the end is tried once more.
func TestRegistrarStoreCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		r := newTestRegistrar("", store, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.run(ctx) }()
		d := newDesk(t, r, "1001", deskFlow)
		d.send("Contact: <sip:1001@10.0.0.5>", "Contact: <sip:1001@10.0.0.6>")
		synctest.Wait()
		store.set(true)
		d.send("Contact: <sip:1001@10.0.0.5>;expires=0", "Contact: <sip:1001@10.0.0.7>")
		time.Sleep(10 * time.Second)
		d.send("Contact: <sip:1001@10.0.0.7>;expires=0", "Contact: <sip:1001@10.0.0.8>")
		time.Sleep(10 * time.Second)
		if got := store.contacts(); got != "sip:1001@10.0.0.5 sip:1001@10.0.0.6" {
			t.Errorf("while away the store has %s", got)
		}
		store.set(false)
		time.Sleep(maxRetry)
		synctest.Wait()
		if got := store.contacts(); got != "sip:1001@10.0.0.6 sip:1001@10.0.0.8" {
			t.Errorf("store has %s", got)
		}
		store.set(true)
		d.send("Contact: <sip:1001@10.0.0.6>;expires=0")
		time.Sleep(time.Second / 2)
		store.set(false)
		cancel()
		<-done
		if got := store.contacts(); got != "sip:1001@10.0.0.8" {
			t.Errorf("at the end the store has %s", got)
		}
	})
}

// Guesses from one address leave the phones at others, and
// the phone that was already registered from there, untouched.
func TestRegistrarThrottlesGuesses(t *testing.T) {
	r := newTestRegistrar("", nil, nil)
	known := newDesk(t, r, "1001", deskFlow)
	known.send("Contact: <sip:1001@10.0.0.5>")
	attacker := netip.AddrPortFrom(deskFlow.Addr(), 40000)
	now := time.Now()
	codes := make(map[int]int)
	for range 200 {
		req := requestOf(t, "INVITE", "sip:12345@hotline.example", "1001")
		_, first := r.authenticate(req, attacker, now)
		req.AppendHeader(msg.NewHeader("Authorization", strings.TrimPrefix(
			authorize(t, challengesOf(first)[0], "INVITE", "sip:12345@hotline.example", "1001", "guess", 1), "Authorization: ")))
		if _, v := r.digest.check(req, attacker, now); v == authThrottled {
			codes[r.digest.refusal(req, v, attacker, now).StatusCode]++
		}
	}
	if codes[403] != 200-guessBurst || len(codes) != 1 {
		t.Errorf("throttled answers: %v", codes)
	}
	if res := known.send("Contact: <sip:1001@10.0.0.5>"); res.StatusCode != 200 {
		t.Errorf("the known phone gets %d", res.StatusCode)
	}
	if res := newDesk(t, r, "1001", otherFlow).send(); res.StatusCode != 200 {
		t.Errorf("the phone elsewhere gets %d", res.StatusCode)
	}
}

// What was unregistered while the store was starting stays unregistered.
func TestRegistrarStoreDoesNotRevive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		store.set(true)
		r := newTestRegistrar("", store, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.run(ctx) }()
		d := newDesk(t, r, "1001", deskFlow)
		d.send("Contact: <sip:1001@10.0.0.5>")
		saved := r.contacts("1001")
		d.send("Contact: <sip:1001@10.0.0.5>;expires=0")
		store.mu.Lock()
		store.rows[saved[0].key()] = saved[0]
		store.away = false
		store.mu.Unlock()
		time.Sleep(time.Minute)
		if len(r.contacts("1001")) != 0 || store.contacts() != "" {
			t.Errorf("revived: here %v, store %s", r.contacts("1001"), store.contacts())
		}
		cancel()
		<-done
	})
}

func TestRegistrarRetriesDiskWrites(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not there yet")
	synctest.Test(t, func(t *testing.T) {
		r := newTestRegistrar(filepath.Join(dir, "bindings"), nil, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.run(ctx) }()
		if res := newDesk(t, r, "1001", deskFlow).send("Contact: <sip:1001@10.0.0.5>"); res.StatusCode != 200 {
			t.Errorf("status = %d", res.StatusCode)
		}
		time.Sleep(5 * time.Second)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if known, err := readLastKnown(filepath.Join(dir, "bindings")); err != nil || len(known) != 1 {
			t.Errorf("kept %v, %v", known, err)
		}
		cancel()
		<-done
	})
}

func TestRegistrarIgnoresCorruptCopy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bindings")
	if err := writeLastKnown(file, []Binding{{User: "1001", Contact: "sip:1001@10.0.0.5", Expires: time.Now().Add(time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	if r := newTestRegistrar(file, nil, nil); r.count() != 1 {
		t.Fatalf("%d contacts of an intact copy", r.count())
	}
	intact, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for at := range intact {
		damaged := slices.Clone(intact)
		damaged[at] ^= 1
		if err := os.WriteFile(file, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readLastKnown(file); err == nil {
			t.Fatalf("damage at byte %d goes unseen", at)
		}
	}
	if r := newTestRegistrar(file, nil, nil); r.count() != 0 {
		t.Errorf("%d contacts of a damaged copy", r.count())
	}
}

func TestLastKnownCopyIsPrivateAndWhole(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "bindings")
	want := boundAt("sip:1001@10.0.0.5", "c", 7, time.Now(), time.Hour)
	want.Path, want.Local, want.Remote, want.Transport = []string{"<sip:p;lr>"}, listener, deskFlow, "udp"
	for range 2 {
		if err := writeLastKnown(file, []Binding{want}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := readLastKnown(file)
	if err != nil || len(got) != 1 || !got[0].equal(want) || got[0].Remote != deskFlow || got[0].Local != listener || !slices.Equal(got[0].Path, want.Path) || got[0].CSeq != 7 {
		t.Errorf("read %+v, %v", got, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files in the folder, %v", len(entries), err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v", info.Mode(), err)
	}
}

// Many phones at once: every answer is right and the race detector is content.
func TestRegistrarManyAtOnce(t *testing.T) {
	r := newTestRegistrar("", newMemory(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.run(ctx) }()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			d := newDesk(t, r, "1001", netip.AddrPortFrom(deskFlow.Addr(), uint16(5060+i)))
			d.cseq = 1000 * i
			for n := range 50 {
				res := d.send(fmt.Sprintf("Contact: <sip:1001@10.0.0.%d>;expires=%d", i, 60+n))
				if res.StatusCode != 200 {
					t.Errorf("phone %d: status = %d", i, res.StatusCode)
				}
				r.contacts("1001")
				r.count()
			}
		})
	}
	wg.Wait()
	if r.count() != 8 {
		t.Errorf("%d contacts, want 8", r.count())
	}
	cancel()
	<-done
}
