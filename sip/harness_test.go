package sip_test

import (
	"context"
	"flag"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shouwen/metrics"
	"shouwen/sip"
	"shouwen/sip/media"
	"shouwen/sip/siptest"
)

// patience bounds waits for what must happen; the machine may be busy with others.
const patience = time.Minute

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "4") // they wait more than they work
	os.Exit(m.Run())
}

// bed is a UA on loopback with phones 1001 and up, and loopback as a trunk.
type bed struct {
	ua      *sip.UA
	calls   chan *sip.Leg // inbound legs, with their events going to events
	events  chan legEvent // of all legs
	refused chan int      // statuses of refused trunk calls
	present chan presence // of phones
	logged  chan struct{} // holds a token when the UA has written to its log
	pool    *media.Pool
	metrics *metrics.Metrics
	onCall  func(*sip.Leg) // runs on the leg's goroutine; set by a change of newBed
	onEvent func(legEvent) // likewise

	security sip.Security  // of every phone; set by a change of newBed
	resolver *net.Resolver // set by a change of newBed
	lag      atomic.Int64  // of new calls, in nanoseconds
}

type legEvent struct {
	leg   *sip.Leg
	event sip.Event
}

type presence struct {
	user string
	up   bool
}

const domain = "127.0.0.1"

// phones are the accounts of a bed; the password is that of phonePassword.
type phones struct {
	users    []string
	security sip.Security
}

func phonePassword(user string) string { return "secret-" + user }

// panicking is a user nobody may ask for.
const panicking = "panic"

func (p phones) Account(user string) (sip.Account, bool) {
	if user == panicking {
		panic("accounts")
	}
	if !slices.Contains(p.users, user) {
		return sip.Account{}, false
	}
	m, s := sip.HA1(user, domain, phonePassword(user))
	return sip.Account{User: user, Extension: user, HA1MD5: m, HA1SHA256: s, Security: p.security}, true
}

func testLog() *slog.Logger {
	if testing.Verbose() {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.DiscardHandler)
}

// telling is a log that leaves a token for every line.
type telling struct {
	slog.Handler
	token chan struct{}
}

func (h telling) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || h.Handler.Enabled(ctx, level)
}

func (h telling) Handle(ctx context.Context, r slog.Record) error {
	select {
	case h.token <- struct{}{}:
	default:
	}
	if !h.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h telling) WithAttrs(attrs []slog.Attr) slog.Handler {
	return telling{h.Handler.WithAttrs(attrs), h.token}
}

func (h telling) WithGroup(name string) slog.Handler {
	return telling{h.Handler.WithGroup(name), h.token}
}

// newBed starts a UA. T1 is short, so that tests of lost messages are.
func newBed(t testing.TB, change ...func(*bed, *sip.Config)) *bed {
	t.Helper()
	pool, err := media.NewPool(netip.MustParseAddr("127.0.0.1"), 20000, 40000)
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{
		calls: make(chan *sip.Leg, 100), events: make(chan legEvent, 1000), refused: make(chan int, 100),
		present: make(chan presence, 1000), pool: pool, metrics: metrics.New("test", "test"),
		onCall: func(*sip.Leg) {}, logged: make(chan struct{}, 1),
	}
	b.onEvent = func(e legEvent) { b.events <- e }
	cfg := sip.Config{
		Transport: sip.TransportConfig{
			UDP: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")},
			TCP: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")},
		},
		Node: 1, Domain: domain, Agent: "Shouwen/test", MediaAddr: netip.MustParseAddr("127.0.0.1"), T1: 50 * time.Millisecond,
		Trunks: []sip.Trunk{{
			Name: "loopback", Peers: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
			Plan: sip.NumberingPlan{Country: "CN"}, TrustIdentity: true,
		}},
	}
	for _, c := range change {
		c(b, &cfg)
	}
	b.ua, err = sip.New(cfg, sip.Deps{
		Log: slog.New(telling{testLog().Handler(), b.logged}), Metrics: b.metrics, Ports: pool, Accounts: phones{[]string{"1001", "1002", "1003"}, b.security},
		OnCall: func(l *sip.Leg) func(sip.Event) {
			b.calls <- l
			b.onCall(l)
			return func(e sip.Event) { b.onEvent(legEvent{l, e}) }
		},
		OnRefused:  func(_ sip.Incoming, code int) { b.refused <- code },
		Lag:        func(time.Time) time.Duration { return time.Duration(b.lag.Load()) },
		OnPresence: func(user string, up bool) { b.present <- presence{user, up} },
		Resolver:   b.resolver,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{}, 2)
	go func() { _ = b.ua.Run(ctx); done <- struct{}{} }()
	go func() { _ = pool.Run(ctx); done <- struct{}{} }()
	t.Cleanup(func() {
		cancel()
		<-done
		<-done
	})
	<-b.ua.Ready()
	return b
}

// hasty makes a bed give up soon: 64·T1 is 0.64 s.
func hasty(_ *bed, cfg *sip.Config) { cfg.T1 = 10 * time.Millisecond }

// server is where phones of the bed send their requests.
func (b *bed) server() string { return b.ua.Addr("udp").String() }

func (b *bed) hotline() string { return "sip:12345@" + b.server() }

// phone is a registered phone of the bed.
func (b *bed) phone(t testing.TB, user string, cfg siptest.Config) siptest.TestPhone {
	t.Helper()
	cfg.User, cfg.Password, cfg.Domain = user, phonePassword(user), domain
	p := siptest.New(t, b.server(), cfg)
	if res := p.Register(); res.Status != 200 {
		t.Fatalf("REGISTER of %s: %d", user, res.Status)
	}
	if got := receive(t, b.present); got != (presence{user, true}) {
		t.Fatalf("presence %+v, want %s registered", got, user)
	}
	return p
}

// caller is somebody outside, behind the trunk.
func (b *bed) caller(t testing.TB, cfg siptest.Config) siptest.TestPhone {
	t.Helper()
	if cfg.User == "" {
		cfg.User = "+861055550100"
	}
	return siptest.New(t, b.server(), cfg)
}

// dial rings phone user and returns the leg.
func (b *bed) dial(t testing.TB, user string) *sip.Leg {
	t.Helper()
	contacts := b.ua.Contacts(user)
	if len(contacts) == 0 {
		t.Fatalf("%s has no contact", user)
	}
	var leg *sip.Leg
	known := make(chan struct{})
	leg, err := b.ua.Dial(contacts[0], sip.Dialing{Caller: "+861055550100", Log: testLog(), Events: func(e sip.Event) {
		<-known
		b.onEvent(legEvent{leg, e})
	}})
	close(known)
	if err != nil {
		t.Fatal(err)
	}
	return leg
}

// script is somebody outside who sends only what the test tells him to.
func (b *bed) script(t testing.TB) siptest.TestPhone {
	t.Helper()
	return b.caller(t, siptest.Config{Manual: true})
}

// invite sends the hotline an INVITE with an offer.
func (b *bed) invite(t testing.TB, p siptest.TestPhone, change ...string) *siptest.Message {
	t.Helper()
	return p.Send(p.Request("INVITE", b.hotline()).WithSDP(p.NewAudio().SDP(siptest.SendRecv)).With(change...))
}

// scripted is a call of script that was answered and acknowledged.
func (b *bed) scripted(t testing.TB, p siptest.TestPhone) (leg *sip.Leg, d *siptest.Dialog, invite, ok *siptest.Message) {
	t.Helper()
	invite = b.invite(t, p)
	leg = receive(t, b.calls)
	leg.Answer()
	ok = p.Expect("200 INVITE")
	p.Send(invite.Ack(ok))
	next[sip.Answered](t, b, leg)
	return leg, siptest.Caller(invite, ok), invite, ok
}

// rung is phone 1001, which does only what the test tells it to, with an INVITE of leg.
func (b *bed) rung(t testing.TB, cfg siptest.Config) (p siptest.TestPhone, leg *sip.Leg, invite *siptest.Message) {
	t.Helper()
	cfg.Manual = true
	p = b.phone(t, "1001", cfg)
	leg = b.dial(t, "1001")
	return p, leg, p.Expect("INVITE")
}

// pickUp answers invite, which gets its ACK.
func (b *bed) pickUp(t testing.TB, p siptest.TestPhone, leg *sip.Leg, invite *siptest.Message, headers ...string) (*siptest.Dialog, siptest.TestAudio) {
	t.Helper()
	audio := p.NewAudio()
	ok := p.Reply(invite, 200, audio.Answer(invite.Body), headers...)
	p.Expect("ACK")
	next[sip.Answered](t, b, leg)
	return siptest.Callee(invite, ok), audio
}

// talk is a call of an automatic caller that was answered.
func (b *bed) talk(t testing.TB, cfg siptest.Config) (siptest.TestCall, *sip.Leg) {
	t.Helper()
	c := b.caller(t, cfg).Dial(b.hotline())
	leg := receive(t, b.calls)
	leg.Answer()
	c.Answered()
	next[sip.Answered](t, b, leg)
	return c, leg
}

// echo sends leg its own audio back until stop.
func (b *bed) echo(leg *sip.Leg) (stop func()) {
	return media.Connect(leg.Media(), leg.Media()).Disconnect
}

// over waits for the end of leg and wants this cause.
func (b *bed) over(t testing.TB, leg *sip.Leg, cause sip.EndCause) sip.Ended {
	t.Helper()
	e := next[sip.Ended](t, b, leg)
	if e.Cause != cause {
		t.Errorf("ended = %+v, want %s", e, cause)
	}
	gone(t, leg)
	return e
}

// hangup ends the call of d from its side.
func (b *bed) hangup(t testing.TB, p siptest.TestPhone, d *siptest.Dialog, leg *sip.Leg) {
	t.Helper()
	p.Send(d.Request("BYE"))
	p.Expect("200 BYE")
	b.over(t, leg, sip.EndHangup)
}

// metric is the sum of the samples of that name, with these labels in them.
func (b *bed) metric(t testing.TB, name, labels string) (sum float64) {
	t.Helper()
	w := httptest.NewRecorder()
	b.metrics.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		sample, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		got, set, _ := strings.Cut(sample, "{")
		if got == name && strings.Contains(set, labels) {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += v
		}
	}
	return sum
}

// trying waits until req has come to its leg.
func trying(t testing.TB, p siptest.TestPhone, req *siptest.Message) {
	t.Helper()
	for p.Expect("100 INVITE").Get("CSeq") != req.Get("CSeq") {
	}
}

// quiet lets d pass in which no message that is what may come, also no repeated one.
func quiet(t testing.TB, p siptest.TestPhone, what string, d time.Duration) {
	t.Helper()
	before := p.CountAll(what)
	p.Never("100 NOTHING", d)
	if n := p.CountAll(what) - before; n > 0 {
		t.Errorf("%d × %s within %s", n, what, d)
	}
}

// next returns the next event of any leg, which must be of type E on leg.
func next[E sip.Event](t testing.TB, b *bed, leg *sip.Leg) E {
	t.Helper()
	got := receive(t, b.events)
	e, ok := got.event.(E)
	if !ok || got.leg != leg {
		var want E
		t.Fatalf("event %T %+v of leg %s, want %T of leg %s", got.event, got.event, got.leg.ID(), want, leg.ID())
	}
	return e
}

func receive[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %T within %s", *new(T), patience)
		panic("unreachable")
	}
}

// gone waits until the leg's goroutine has ended.
func gone(t testing.TB, l *sip.Leg) {
	t.Helper()
	select {
	case <-l.Done():
	case <-time.After(patience):
		t.Fatalf("leg lives on after %s", patience)
	}
}
