package sip

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shouwen/sip/media"
)

// tortureCase is the outcome wanted for one message of the torture folder.
type tortureCase struct {
	Section   string
	Kind      string
	Transport string
	ReplyPort any    `json:"reply_port"` // a number, "source", or nothing
	Parse     string // ok, error, either
	Expected  string // accept, reject, drop
	Codes     []int
	Challenge bool // with digest on, 401 may come first
	Also      []struct {
		Codes []int
	}
}

// wants returns whether code is the outcome the verdict prefers; 0 is silence.
func (c tortureCase) wants(code int) bool {
	return c.Expected == "drop" && code == 0 || slices.Contains(c.Codes, code)
}

// admitted returns whether the core has to decide: every outcome wanted is one
// only it can give.
func (c tortureCase) admitted() bool {
	return c.Expected == "accept" || c.Expected == "reject" && !slices.ContainsFunc(c.Codes, func(code int) bool { return phrases[code] != "" })
}

func loadTorture(t *testing.T) map[string]tortureCase {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(tortureFolder, "verdicts.json"))
	if err != nil {
		t.Skip("the RFC 4475 and 5118 messages lie beside the checkout and are not here: " + err.Error())
	}
	var all struct{ Files map[string]tortureCase }
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Files) < 61 {
		t.Fatalf("%d verdicts, want at least the 61 messages of both RFCs", len(all.Files))
	}
	return all.Files
}

const tortureFolder = "../../shared/torture"

func readTorture(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(tortureFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// What is answered here is answered as the RFCs want; what only the core can
// decide passes.
func TestInspectGivesTheRFCVerdicts(t *testing.T) {
	t.Parallel()
	for name, tc := range loadTorture(t) {
		v := inspect(readTorture(t, name), netip.MustParseAddrPort("192.0.2.99:5999"), tc.Transport != "udp")
		switch {
		case tc.admitted() || tc.Kind == "response" && tc.Parse == "ok":
			if v.action != passMessage && !(tc.Kind == "response" && v.action == dropMessage) {
				t.Errorf("%s (%s): %s %d %s, want it to pass", name, tc.Section, v.action, v.code, v.reason)
			}
		case v.action == passMessage, !tc.wants(v.code):
			t.Errorf("%s (%s): %s %d %s, want %s %v", name, tc.Section, v.action, v.code, v.reason, tc.Expected, tc.Codes)
		}
	}
}

// The whole transport, every message in a fresh one: the answer comes to the
// port the RFC names, and OPTIONS is answered afterwards.
func TestTransportSurvivesTorture(t *testing.T) {
	t.Parallel()
	for name, tc := range loadTorture(t) {
		t.Run(name, func(t *testing.T) {
			code := tortureCode(t, testTransport(t, nil), tc, readTorture(t, name))
			if want := tc.admitted(); want && code != 200 || !want && !tc.wants(code) {
				t.Errorf("%s: got %d, want %s %v (200 from the test's core: %v)", tc.Section, code, tc.Expected, tc.Codes, want)
			}
		})
	}
}

// The whole user agent, with digest on, the test's addresses as a trunk and
// every call answered. It takes two liberties: a call without Contact is refused
// (RFC 4475 3.4.1 permits it), and the registrar answers to the port a REGISTER
// came from, asked for rport or not, because phones sit behind NAT.
func TestUserAgentSurvivesTorture(t *testing.T) {
	t.Parallel()
	for name, tc := range loadTorture(t) {
		t.Run(name, func(t *testing.T) {
			u, raw := tortureUA(t), readTorture(t, name)
			if tc.admitted() && bytes.HasPrefix(raw, []byte("REGISTER ")) {
				tc.ReplyPort = nil
			}
			code := tortureCode(t, u.transport, tc, raw)
			if name == "rfc4475/inv2543.dat" {
				tc.Codes = tc.Also[0].Codes
			}
			if !tc.wants(code) && !(tc.Challenge && code == 401) {
				t.Errorf("%s: got %d, want %s %v", tc.Section, code, tc.Expected, tc.Codes)
			}
		})
	}
}

func tortureUA(t *testing.T) *UA {
	t.Helper()
	ports, err := media.NewPool(netip.MustParseAddr("127.0.0.1"), 40000, 41000)
	if err != nil {
		t.Fatal(err)
	}
	u, err := New(Config{
		Transport: TransportConfig{
			UDP: []netip.AddrPort{anyPort}, TCP: []netip.AddrPort{anyPort}, TLS: []netip.AddrPort{anyPort}, DataDir: t.TempDir(),
		},
		Domain: testRealm, Agent: "Shouwen", MediaAddr: netip.MustParseAddr("127.0.0.1"), T1: 50 * time.Millisecond,
		Trunks: []Trunk{{Name: "test", Peers: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}},
	}, Deps{
		Log: discard, Metrics: testMetrics(), Ports: ports, Accounts: newDirectory("1001"),
		OnCall: func(l *Leg) func(Event) {
			l.Answer()
			return func(Event) {}
		},
		OnRefused:  func(Incoming, int) {},
		Lag:        func(time.Time) time.Duration { return 0 },
		OnPresence: func(string, bool) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = u.Run(ctx) })
	running.Go(func() { _ = ports.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	<-u.Ready()
	return u
}

var tortureHosts atomic.Int32

// tortureCode sends raw to tp and returns the final answer's code, 0 for none.
// An ordinary OPTIONS must be answered afterwards.
func tortureCode(t *testing.T, tp *transport, tc tortureCase, raw []byte) int {
	t.Helper()
	if tc.Transport != "udp" {
		conn := dialSIP(t, tp, tc.Transport)
		defer probe(t, tc.Transport, dialSIP(t, tp, tc.Transport))
		if _, err := conn.Write(raw); err != nil {
			t.Fatal(err)
		}
		if tc.Expected == "drop" {
			probe(t, tc.Transport, conn)
			return 0
		}
		return codeOf(t, conn)
	}
	host := fmt.Sprintf("127.75.%d.1", tortureHosts.Add(1))
	sender, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.ParseIP(host)}, net.UDPAddrFromAddrPort(tp.addr("udp")))
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	receiver := net.Conn(sender)
	if port, ok := tc.ReplyPort.(float64); ok {
		pc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(host), Port: int(port)})
		if err != nil {
			t.Fatal(err)
		}
		defer pc.Close()
		receiver = pc
	}
	if _, err := sender.Write(raw); err != nil {
		t.Fatal(err)
	}
	defer probe(t, "udp", sender)
	if tc.Expected == "drop" {
		return 0
	}
	return codeOf(t, receiver)
}

// codeOf returns the code of the first final answer on conn, 0 if none comes.
func codeOf(t *testing.T, conn net.Conn) int {
	t.Helper()
	for {
		answer, err := readSIP(conn)
		if err != nil {
			if ne, ok := err.(net.Error); !ok || !ne.Timeout() || err == io.EOF {
				t.Log(err)
			}
			return 0
		}
		fields := strings.Fields(answer)
		if code, err := strconv.Atoi(fields[1]); err != nil || code >= 200 {
			return code
		}
	}
}
