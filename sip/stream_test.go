package sip

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	msg "github.com/emiago/sipgo/sip"
)

var streams = []string{"tcp", "tls"}

// impatient has limits a test can wait for.
func impatient(cfg *TransportConfig) {
	cfg.limits = defaultLimits
	cfg.limits.handshake, cfg.limits.message, cfg.limits.idle = impatience, impatience, impatience
}

// impatience is longer than a busy machine takes for a handshake or a message.
const impatience = 3 * time.Second

func write(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

// closesConn fails the test unless the far end closes conn.
func closesConn(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection stays open")
	}
}

// Connections that say nothing, on TLS not even hello, hold up nobody, and are
// closed in the end.
func TestSilentConnectionsDoNotBlock(t *testing.T) {
	t.Parallel()
	tp := testTransport(t, impatient)
	for _, network := range streams {
		var silent []net.Conn
		for range 50 {
			conn, err := net.Dial("tcp", tp.addr(network).String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			silent = append(silent, conn)
		}
		probe(t, network, dialSIP(t, tp, network))
		for _, conn := range silent {
			closesConn(t, conn)
		}
	}
}

// A message has its time from the first byte to the last; bytes in between do
// not renew it.
func TestDribbledMessageIsCutOff(t *testing.T) {
	t.Parallel()
	tp := testTransport(t, impatient)
	for _, greeted := range []bool{false, true} {
		conn := dialSIP(t, tp, "tcp")
		if greeted {
			probe(t, "tcp", conn)
		}
		started := time.Now()
		dribble := time.NewTicker(10 * time.Millisecond)
		defer dribble.Stop()
		text := options("tcp", conn, "X: "+strings.Repeat("x", 2000)+"\r\n")
		i := 0
		for ; i < len(text); i++ {
			<-dribble.C
			if _, err := conn.Write([]byte{text[i]}); err != nil {
				break
			}
		}
		if i == len(text) {
			t.Errorf("a message of %s was taken, the limit is %s", time.Since(started), impatience)
		}
	}
}

// A stranger's idle connection is closed, that of a registered phone stays.
func TestIdleConnectionsOfStrangersAreClosed(t *testing.T) {
	t.Parallel()
	tp := testTransport(t, func(cfg *TransportConfig) { impatient(cfg); strangers(cfg) })
	phone, stranger := dialSIP(t, tp, "tcp"), dialSIP(t, tp, "tcp")
	probe(t, "tcp", phone)
	tp.allow(addrOf(phone))
	probe(t, "tcp", stranger)
	closesConn(t, stranger)
	probe(t, "tcp", phone)
}

func addrOf(conn net.Conn) netip.AddrPort { return netip.MustParseAddrPort(conn.LocalAddr().String()) }

func TestConnectionsOfOneAddressAreLimited(t *testing.T) {
	t.Parallel()
	tp := testTransport(t, func(cfg *TransportConfig) {
		strangers(cfg)
		cfg.limits = defaultLimits
		cfg.limits.perAddress = 2
	})
	first := dialSIP(t, tp, "tcp")
	probe(t, "tcp", first)
	probe(t, "tcp", dialSIP(t, tp, "tcp"))
	closesConn(t, dialSIP(t, tp, "tcp"))
	tp.allow(addrOf(first)) // registered phones do not count
	probe(t, "tcp", dialSIP(t, tp, "tcp"))
	closesConn(t, dialSIP(t, tp, "tcp"))
}

// TCP has no message boundaries: split anywhere, or two at once, each message
// is answered.
func TestMessagesAreCutOutOfTheStream(t *testing.T) {
	t.Parallel()
	tp := testTransport(t, nil)
	for _, network := range streams {
		conn := dialSIP(t, tp, network)
		expect := func(text string) {
			t.Helper()
			if answer, err := readSIP(conn); err != nil || !strings.HasPrefix(answer, "SIP/2.0 200 ") {
				t.Fatalf("got %q, %v after %q, want 200", answer, err, text)
			}
		}
		for i := range options(network, conn, "") {
			text := options(network, conn, "")
			i = min(i, len(text)-1)
			write(t, conn, text[:i])
			write(t, conn, text[i:])
			expect(text)
		}
		two := options(network, conn, "") + "\r\n" + strings.Replace(options(network, conn, "Content-Type: a/b\r\n"), "Content-Length: 0\r\n\r\n", "Content-Length: 3\r\n\r\nabc", 1)
		write(t, conn, two+options(network, conn, ""))
		for range 3 {
			expect(two)
		}
	}
}

func TestKeepAliveIsAnswered(t *testing.T) {
	t.Parallel()
	tp := testTransport(t, nil)
	conn := dialSIP(t, tp, "tcp")
	for range 2 {
		write(t, conn, "\r\n\r\n")
		pong := make([]byte, 2)
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, pong); err != nil || string(pong) != "\r\n" {
			t.Fatalf("got %q, %v, want CRLF", pong, err)
		}
		probe(t, "tcp", conn)
	}
}

func TestLostFramingIsAnsweredAndCloses(t *testing.T) {
	t.Parallel()
	tp := testTransport(t, nil)
	for name, tc := range map[string]struct {
		change [2]string
		want   string
	}{
		"no Content-Length":       {[2]string{"Content-Length: 0\r\n", ""}, "SIP/2.0 400 "},
		"two Content-Length":      {[2]string{"Content-Length: 0\r\n", "Content-Length: 0\r\nl: 5\r\n"}, "SIP/2.0 400 "},
		"a body that is too long": {[2]string{"Content-Length: 0\r\n", "Content-Length: 20000\r\n"}, "SIP/2.0 513 "},
		"a header without end":    {[2]string{"Content-Length: 0\r\n", "X: " + strings.Repeat("x", 2*maxHeaderBytes)}, ""},
		"no SIP at all":           {[2]string{"OPTIONS ", "\x16\x03\x01"}, ""},
	} {
		conn := dialSIP(t, tp, "tcp")
		write(t, conn, strings.Replace(options("tcp", conn, ""), tc.change[0], tc.change[1], 1))
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(conn)
		if errors.Is(err, os.ErrDeadlineExceeded) || !strings.HasPrefix(string(answer), tc.want) || tc.want == "" && len(answer) > 0 {
			t.Errorf("%s: got %q, %v, want %q and the end", name, answer, err, tc.want)
		}
	}
}

// sipgo answers a request whose connection is gone by dialling what Via names.
// The connection lingers so that it need not: then even a peer we would dial is
// left alone. And if it must, it may not.
func TestResetConnectionDialsNobody(t *testing.T) {
	t.Parallel()
	for name, linger := range map[string]time.Duration{"while it lingers": 5 * time.Second, "without linger": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			named, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				t.Fatal(err)
			}
			defer named.Close()
			cfg := TransportConfig{TCP: []netip.AddrPort{anyPort}, Trusted: func(netip.Addr) bool { return true }, limits: defaultLimits}
			cfg.limits.linger = linger
			tp, err := newTransport(cfg, testMetrics(), discard)
			if err != nil {
				t.Fatal(err)
			}
			const resets = 100
			handled := make(chan struct{}, resets)
			tp.ua.TransactionLayer().OnRequest(func(req *msg.Request, tx *msg.ServerTx) {
				time.AfterFunc(50*time.Millisecond, func() {
					answer200(req, tx)
					handled <- struct{}{}
				})
			})
			runTransport(t, tp)
			if linger > 0 {
				tp.allow(netip.MustParseAddrPort(named.Addr().String()))
			}
			for range resets {
				conn := dialSIP(t, tp, "tcp").(*net.TCPConn)
				if err := conn.SetLinger(0); err != nil {
					t.Fatal(err)
				}
				text := strings.Replace(options("tcp", conn, ""), conn.LocalAddr().String(), named.Addr().String(), 1)
				write(t, conn, strings.Replace(text, ";rport", "", 1)) // with it sipgo would dial the source
				_ = conn.Close()
			}
			if err := named.SetDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if _, err := named.Accept(); err == nil {
				t.Error("the address in Via was dialled")
			}
			if linger > 0 && len(handled) == 0 {
				t.Error("no request was handled: the test proves nothing")
			}
		})
	}
}

func TestFlowIsGoneWhenItsPeerIs(t *testing.T) {
	t.Parallel()
	tp := testTransport(t, nil)
	for _, network := range streams {
		conn := dialSIP(t, tp, network)
		phone := addrOf(conn)
		if tp.hasFlow(network, phone) {
			t.Errorf("%s: a flow before the first message", network)
		}
		probe(t, network, conn)
		if !tp.hasFlow(network, phone) {
			t.Errorf("%s: no flow after a message", network)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		within(t, network+" flow to be gone", func() bool { return !tp.hasFlow(network, phone) })
	}
}

// within waits until ok.
func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// The registrar is told of a connection whose peer left, not of one that never
// spoke or that ends with the server.
func TestLostConnectionsAreTold(t *testing.T) {
	t.Parallel()
	lost := make(chan netip.AddrPort, 10)
	tp, err := newTransport(TransportConfig{
		TCP: []netip.AddrPort{anyPort}, Trusted: func(netip.Addr) bool { return true }, limits: defaultLimits,
		lost: func(network string, peer netip.AddrPort) {
			if network == "tcp" {
				lost <- peer
			}
		},
	}, testMetrics(), discard)
	if err != nil {
		t.Fatal(err)
	}
	tp.ua.TransactionLayer().OnRequest(answer200)
	stop := runTransport(t, tp)
	_ = dialSIP(t, tp, "tcp").Close()
	stays, leaves := dialSIP(t, tp, "tcp"), dialSIP(t, tp, "tcp")
	probe(t, "tcp", stays)
	probe(t, "tcp", leaves)
	_ = leaves.Close()
	select {
	case peer := <-lost:
		if peer != addrOf(leaves) {
			t.Errorf("told of %s, want %s", peer, addrOf(leaves))
		}
	case <-time.After(patience):
		t.Fatal("not told of a lost connection")
	}
	stop()
	if len(lost) > 0 {
		t.Errorf("told of %s", <-lost)
	}
}
