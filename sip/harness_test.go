package sip_test

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"testing"
	"time"

	"shouwen/metrics"
	"shouwen/sip"
	"shouwen/sip/media"
	"shouwen/sip/siptest"
)

// bed is a UA on loopback with phones 1001 and up, and loopback as a trunk.
type bed struct {
	ua      *sip.UA
	calls   chan *sip.Leg // inbound legs, with their events going to events
	events  chan legEvent // of all legs
	refused chan int      // statuses of refused trunk calls
	present chan presence // of phones
	pool    *media.Pool
	metrics *metrics.Metrics
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
type phones map[string]bool

func phonePassword(user string) string { return "secret-" + user }

func (p phones) Account(user string) (sip.Account, bool) {
	if !p[user] {
		return sip.Account{}, false
	}
	m, s := sip.HA1(user, domain, phonePassword(user))
	return sip.Account{User: user, Extension: user, HA1MD5: m, HA1SHA256: s}, true
}

func testLog() *slog.Logger {
	if testing.Verbose() {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.DiscardHandler)
}

// newBed starts a UA. T1 is short, so that tests of lost messages are.
func newBed(t *testing.T, change ...func(*sip.Config)) *bed {
	t.Helper()
	pool, err := media.NewPool(netip.MustParseAddr("127.0.0.1"), 20000, 40000)
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{
		calls: make(chan *sip.Leg, 100), events: make(chan legEvent, 1000), refused: make(chan int, 100),
		present: make(chan presence, 1000), pool: pool, metrics: metrics.New("test", "test"),
	}
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
		c(&cfg)
	}
	b.ua, err = sip.New(cfg, sip.Deps{
		Log: testLog(), Metrics: b.metrics, Ports: pool, Accounts: phones{"1001": true, "1002": true, "1003": true},
		OnCall: func(l *sip.Leg) func(sip.Event) {
			b.calls <- l
			return func(e sip.Event) { b.events <- legEvent{l, e} }
		},
		OnRefused:  func(_ sip.Incoming, code int) { b.refused <- code },
		OnPresence: func(user string, up bool) { b.present <- presence{user, up} },
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

// server is where phones of the bed send their requests.
func (b *bed) server() string { return b.ua.Addr("udp").String() }

func (b *bed) hotline() string { return "sip:12345@" + b.server() }

// phone is a registered phone of the bed.
func (b *bed) phone(t *testing.T, user string, cfg siptest.Config) siptest.TestPhone {
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
func (b *bed) caller(t *testing.T, cfg siptest.Config) siptest.TestPhone {
	t.Helper()
	if cfg.User == "" {
		cfg.User = "+861055550100"
	}
	return siptest.New(t, b.server(), cfg)
}

// dial rings phone user and returns the leg.
func (b *bed) dial(t *testing.T, user string) *sip.Leg {
	t.Helper()
	contacts := b.ua.Contacts(user)
	if len(contacts) == 0 {
		t.Fatalf("%s has no contact", user)
	}
	var leg *sip.Leg
	known := make(chan struct{})
	leg, err := b.ua.Dial(contacts[0], sip.Dialing{Caller: "+861055550100", Log: testLog(), Events: func(e sip.Event) {
		<-known
		b.events <- legEvent{leg, e}
	}})
	close(known)
	if err != nil {
		t.Fatal(err)
	}
	return leg
}

// next returns the next event of any leg, which must be of type E on leg.
func next[E sip.Event](t *testing.T, b *bed, leg *sip.Leg) E {
	t.Helper()
	got := receive(t, b.events)
	e, ok := got.event.(E)
	if !ok || got.leg != leg {
		var want E
		t.Fatalf("event %T %+v of leg %s, want %T of leg %s", got.event, got.event, got.leg.ID(), want, leg.ID())
	}
	return e
}

func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(10 * time.Second):
		t.Fatalf("no %T within 10 s", *new(T))
		panic("unreachable")
	}
}

// gone waits until the leg's goroutine has ended.
func gone(t *testing.T, l *sip.Leg) {
	t.Helper()
	select {
	case <-l.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("leg lives on after 10 s")
	}
}
