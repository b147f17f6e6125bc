package sip

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	msg "github.com/emiago/sipgo/sip"
	"golang.org/x/net/ipv4"
)

// strangers trusts nobody.
func strangers(cfg *TransportConfig) { cfg.Trusted = func(netip.Addr) bool { return false } }

// spray sends n datagrams to tp, each from an address of its own. Now and then
// it waits for an OPTIONS to be answered, so that none is lost on the way.
func spray(t *testing.T, tp *transport, n int, text func(i int) string) {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	out, probes := ipv4.NewPacketConn(pc), dialSIP(t, tp, "udp")
	to := net.UDPAddrFromAddrPort(tp.addr("udp"))
	for i := range n {
		from := net.IPv4(127, byte(100+i>>16), byte(i>>8), byte(i))
		if _, err := out.WriteTo([]byte(text(i)), &ipv4.ControlMessage{Src: from}, to); err != nil {
			t.Fatal(err)
		}
		if i%1000 == 0 {
			probe(t, "udp", probes)
		}
	}
	probe(t, "udp", probes)
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Not parallel: it looks at the heap of the process.
func TestJunkFromManySourcesTakesNoMemory(t *testing.T) {
	tp := testTransport(t, nil)
	spray(t, tp, 1000, func(int) string { return "this is junk and long enough to look at" })
	before, known := heapInUse(), tp.ua.TransportLayer().Pool("udp").Size()
	spray(t, tp, 100_000, func(int) string { return "this is junk and long enough to look at" })
	after := heapInUse()
	t.Logf("heap %d KiB before, %d KiB after 100000 sources", before>>10, after>>10)
	if after > before+1<<20 {
		t.Errorf("heap grew by %d KiB", (after-before)>>10)
	}
	if size := tp.ua.TransportLayer().Pool("udp").Size(); size > known+2 {
		t.Errorf("sipgo knows %d addresses, before the junk %d", size, known)
	}
}

// Well-formed messages reach sipgo, which remembers their source until the
// generation changes.
func TestSourcesAreForgottenWithTheirGeneration(t *testing.T) {
	t.Parallel()
	const sources = 500
	tp := testTransport(t, func(cfg *TransportConfig) {
		cfg.limits = defaultLimits
		cfg.limits.sources, cfg.limits.handover = sources, time.Millisecond
	})
	largest := 0
	spray(t, tp, 20*sources, func(i int) string {
		largest = max(largest, tp.ua.TransportLayer().Pool("udp").Size())
		return fmt.Sprintf("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKs%d\r\n"+
			"From: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>;tag=2\r\nCall-ID: %d\r\nCSeq: 1 OPTIONS\r\n\r\n", i, i)
	})
	if largest < sources/5 || largest > 8*sources {
		t.Errorf("sipgo knew %d sources of %d at most, want about %d", largest, 20*sources, sources)
	}
}

// While generations change many times a second, answers that take longer than
// that still find their way.
func TestGenerationChangesLoseNoRequest(t *testing.T) {
	t.Parallel()
	tp, err := newTransport(TransportConfig{
		UDP:     []netip.AddrPort{anyPort},
		Trusted: func(netip.Addr) bool { return true },
		limits:  limits{sources: 20, handover: defaultLimits.handover},
	}, testMetrics(), discard)
	if err != nil {
		t.Fatal(err)
	}
	tp.ua.TransactionLayer().OnRequest(func(req *msg.Request, tx *msg.ServerTx) {
		time.AfterFunc(50*time.Millisecond, func() { answer200(req, tx) })
	})
	runTransport(t, tp)
	const peers, each = 40, 50
	var wg sync.WaitGroup
	for range peers {
		conn := dialSIP(t, tp, "udp")
		wg.Go(func() {
			for range each {
				if _, err := conn.Write([]byte(options("udp", conn, ""))); err != nil {
					t.Error(err)
					return
				}
				answer, err := readSIP(conn)
				if err != nil || !strings.HasPrefix(answer, "SIP/2.0 200 ") {
					t.Errorf("got %q, %v, want 200", answer, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestNothingEndsTheDatagramListener(t *testing.T) {
	t.Parallel()
	tp := testTransport(t, nil)
	conn := dialSIP(t, tp, "udp")
	for _, text := range []string{
		"", "\r\n", "\r\n\r\n", "\x00\x00\x00\x00", strings.Repeat("\r\n", 40), strings.Repeat("\x00", 1000), "bad",
		strings.Repeat("A", maxDatagram), "INVITE " + strings.Repeat(" ", 1000) + "SIP/2.0\r\n\r\n",
		"SIP/2.0 200 OK\r\n\r\n" + strings.Repeat(" ", 30), "A B SIP/2.0\r\n\r\n", " SIP/2.0 folded from the start\r\n\r\n",
	} {
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	probe(t, "udp", conn)
	random := rand.NewChaCha8([32]byte{1})
	for range 2000 {
		text := []byte(options("udp", conn, ""))
		for range 1 + random.Uint64()%8 {
			text[random.Uint64()%uint64(len(text))] = byte(random.Uint64())
		}
		_, _ = conn.Write(text)
	}
	probe(t, "udp", dialSIP(t, tp, "udp"))
}

// The whole own set goes through one transport, and through one user agent; an
// OPTIONS is answered after each message, over the same connection if that got
// an answer of ours and its framing was not lost.
func TestOptionsIsAnsweredAfterEveryMalformedMessage(t *testing.T) {
	t.Parallel()
	for name, tp := range map[string]*transport{"transport": testTransport(t, nil), "user agent": tortureUA(t).transport} {
		for _, c := range loadMalformed(t) {
			conn := dialSIP(t, tp, c.transport)
			if _, err := conn.Write(c.raw); err != nil {
				t.Fatal(err)
			}
			if c.transport == "udp" || c.verdict == "pass" || strings.HasSuffix(c.verdict, "content_length") {
				probe(t, c.transport, dialSIP(t, tp, c.transport))
				continue
			}
			if !strings.HasPrefix(c.verdict, "drop") {
				if answer, err := readSIP(conn); err != nil {
					t.Errorf("%s: %s: got %q, %v, want an answer", name, c.name, answer, err)
				}
			}
			probe(t, c.transport, conn)
		}
	}
}

func TestClosedListenersServeAgain(t *testing.T) {
	t.Parallel()
	tp := testTransport(t, nil)
	for range 3 {
		if err := tp.udp[0].conn.Load().Close(); err != nil {
			t.Fatal(err)
		}
		for _, l := range tp.streams {
			if err := l.socket().Close(); err != nil {
				t.Fatal(err)
			}
		}
		for _, network := range []string{"udp", "tcp", "tls"} {
			answeredAgain(t, tp, network)
		}
	}
	w := httptest.NewRecorder()
	tp.metrics.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, network := range []string{"udp", "tcp", "tls"} {
		if want := fmt.Sprintf("shouwen_sip_listener_restarts_total{transport=%q} 3\n", network); !strings.Contains(w.Body.String(), want) {
			t.Errorf("not counted: %s", want)
		}
	}
}

// answeredAgain repeats an OPTIONS as a phone does until it is answered.
func answeredAgain(t *testing.T, tp *transport, network string) {
	t.Helper()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-retry.C {
		conn, err := net.Dial(strings.Replace(network, "tls", "tcp", 1), tp.addr(network).String())
		if err != nil {
			continue // not bound again yet
		}
		_ = conn.Close()
		if network != "udp" {
			probe(t, network, dialSIP(t, tp, network))
			return
		}
		conn = dialSIP(t, tp, network)
		if _, err := conn.Write([]byte(options(network, conn, ""))); err != nil {
			continue
		}
		if err := conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 2000)); err == nil {
			return
		} else if !errors.Is(err, os.ErrDeadlineExceeded) && !strings.Contains(err.Error(), "refused") {
			t.Fatal(err)
		}
	}
	t.Errorf("no answer over %s after the listener was closed", network)
}

// An OPTIONS with a Via that names somebody else is answered to where it came
// from; the one named hears nothing.
func TestAnswersGoToTheSourceAddressOnly(t *testing.T) {
	t.Parallel()
	tp := testTransport(t, nil)
	other, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 9)})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	port := other.LocalAddr().(*net.UDPAddr).Port
	expected, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 8), Port: port})
	if err != nil {
		t.Fatal(err)
	}
	defer expected.Close()
	sender, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 8)}, net.UDPAddrFromAddrPort(tp.addr("udp")))
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	for _, defect := range []string{"", "Require: nothing\r\n"} { // answered by the core, and by the gate
		text := strings.Replace(options("udp", sender, defect), ";rport", ";maddr=127.0.0.9", 1)
		text = strings.Replace(text, sender.LocalAddr().String(), other.LocalAddr().String(), 1)
		if _, err := sender.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		answer, err := readSIP(expected)
		if err != nil || !strings.Contains(answer, ";received=127.0.0.8") {
			t.Errorf("got %q, %v, want an answer with the source in received", answer, err)
		}
	}
	if err := other.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, from, err := other.ReadFrom(make([]byte, 2000)); err == nil {
		t.Errorf("%d bytes came to the address in Via from %s", n, from)
	}
}
