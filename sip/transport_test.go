package sip

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	msg "github.com/emiago/sipgo/sip"
	"go.uber.org/goleak"

	"shouwen/metrics"
)

// patience bounds waits for what must happen.
const patience = 30 * time.Second

var discard = slog.New(slog.DiscardHandler)

func testMetrics() *metrics.Metrics { return metrics.New("test", "test") }

var anyPort = netip.MustParseAddrPort("127.0.0.1:0")

// testTransport runs a transport on loopback until the test ends. It answers
// every request but ACK with 200; change adapts its configuration.
func testTransport(t *testing.T, change func(*TransportConfig)) *transport {
	t.Helper()
	cfg := TransportConfig{
		UDP: []netip.AddrPort{anyPort}, TCP: []netip.AddrPort{anyPort}, TLS: []netip.AddrPort{anyPort},
		DataDir: t.TempDir(),
		Trusted: func(netip.Addr) bool { return true },
	}
	if change != nil {
		change(&cfg)
	}
	tp, err := newTransport(cfg, testMetrics(), discard)
	if err != nil {
		t.Fatal(err)
	}
	tp.ua.TransactionLayer().OnRequest(answer200)
	runTransport(t, tp)
	return tp
}

func answer200(req *msg.Request, tx *msg.ServerTx) {
	if req.IsAck() || tx.Respond(msg.NewResponseFromRequest(req, 200, "OK", nil)) != nil {
		tx.Terminate()
	}
}

// runTransport serves tp until the test ends or stop is called; stop returns
// when run has.
func runTransport(t *testing.T, tp *transport) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = tp.run(ctx)
	}()
	stop = func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(patience):
			t.Error("run did not end with its context")
		}
	}
	t.Cleanup(stop)
	select {
	case <-tp.ready():
	case <-time.After(patience):
		t.Fatal("the listeners did not come up")
	}
	return stop
}

var branches atomic.Int64

// options is an OPTIONS from conn with a branch of its own; more are further
// header lines, each with its CRLF.
func options(network string, conn net.Conn, more string) string {
	return fmt.Sprintf("OPTIONS sip:hotline@127.0.0.1 SIP/2.0\r\n"+
		"Via: SIP/2.0/%s %s;branch=z9hG4bK%d;rport\r\n"+
		"From: <sip:probe@127.0.0.1>;tag=1\r\nTo: <sip:hotline@127.0.0.1>\r\n"+
		"Call-ID: probe%[3]d\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n%[4]sContent-Length: 0\r\n\r\n",
		strings.ToUpper(network), conn.LocalAddr(), branches.Add(1), more)
}

// dialSIP connects to tp over network.
func dialSIP(t *testing.T, tp *transport, network string) net.Conn {
	t.Helper()
	var conn net.Conn
	var err error
	switch addr := tp.addr(network).String(); network {
	case "tls":
		conn, err = tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	default:
		conn, err = net.Dial(network, addr)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// readSIP returns the next message without a body from conn.
func readSIP(conn net.Conn) (string, error) {
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if conn.LocalAddr().Network() == "udp" {
		buf := make([]byte, maxDatagram)
		n, err := conn.Read(buf)
		return string(buf[:n]), err
	}
	var b strings.Builder
	for r := bufio.NewReaderSize(oneByte{conn}, 16); !strings.HasSuffix(b.String(), "\r\n\r\n"); {
		c, err := r.ReadByte()
		if err != nil {
			return b.String(), err
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

// oneByte reads no further than asked.
type oneByte struct{ io.Reader }

func (r oneByte) Read(p []byte) (int, error) { return r.Reader.Read(p[:1]) }

// probe sends an OPTIONS over conn and fails the test unless 200 comes back.
func probe(t *testing.T, network string, conn net.Conn) {
	t.Helper()
	if _, err := io.WriteString(conn, options(network, conn, "")); err != nil {
		t.Fatal(err)
	}
	answer, err := readSIP(conn)
	if err != nil || !strings.HasPrefix(answer, "SIP/2.0 200 ") {
		t.Fatalf("OPTIONS over %s: got %q, %v, want 200", network, answer, err)
	}
}

func TestEveryListenerAnswers(t *testing.T) {
	t.Parallel()
	tp := testTransport(t, nil)
	for _, network := range []string{"udp", "tcp", "tls"} {
		conn := dialSIP(t, tp, network)
		probe(t, network, conn)
		probe(t, network, conn)
	}
}

// Not parallel: it looks at the goroutines of the process.
func TestRunLeavesNoGoroutine(t *testing.T) {
	others := goleak.IgnoreCurrent()
	tp, err := newTransport(TransportConfig{
		UDP: []netip.AddrPort{anyPort}, TCP: []netip.AddrPort{anyPort}, TLS: []netip.AddrPort{anyPort},
		DataDir: t.TempDir(), Trusted: func(netip.Addr) bool { return true },
	}, testMetrics(), discard)
	if err != nil {
		t.Fatal(err)
	}
	tp.ua.TransactionLayer().OnRequest(answer200)
	stop := runTransport(t, tp)
	for _, network := range []string{"udp", "tcp", "tls"} {
		_ = dialSIP(t, tp, network) // says nothing
		probe(t, network, dialSIP(t, tp, network))
	}
	stop()
	goleak.VerifyNone(t, others)
}

func TestListenErrorsNameAddressAndRemedy(t *testing.T) {
	t.Parallel()
	tp := testTransport(t, nil)
	for name, tc := range map[string]struct {
		cfg  TransportConfig
		want []string
	}{
		"udp port taken":    {TransportConfig{UDP: []netip.AddrPort{tp.addr("udp")}}, []string{tp.addr("udp").String(), "ss -lpn", "another port"}},
		"tcp port taken":    {TransportConfig{TCP: []netip.AddrPort{tp.addr("tcp")}}, []string{tp.addr("tcp").String(), "ss -lpn", "another port"}},
		"not our address":   {TransportConfig{UDP: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:5060")}}, []string{"192.0.2.1:5060", "ip address"}},
		"wildcard":          {TransportConfig{TCP: []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:0")}}, []string{"0.0.0.0:0", "name the interface's address"}},
		"key without cert":  {TransportConfig{TLS: []netip.AddrPort{anyPort}, Key: "key.pem"}, []string{"both a certificate and a key"}},
		"unwritable folder": {TransportConfig{TLS: []netip.AddrPort{anyPort}, DataDir: "/proc/none"}, []string{"/proc/none", "data directory writable"}},
		"missing cert":      {TransportConfig{TLS: []netip.AddrPort{anyPort}, Certificate: "/none/cert.pem", Key: "/none/key.pem"}, []string{"/none/cert.pem", "PEM"}},
	} {
		_, err := newTransport(tc.cfg, testMetrics(), discard)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, part := range tc.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %q does not contain %q", name, err, part)
			}
		}
	}
}
