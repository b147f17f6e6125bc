// The sipgo_*_test.go files pin the behaviour of sipgo v1.7.2 that callers have
// to rely on or to work around. A failing test means that sipgo behaves
// differently now, for better or worse.
package sip_test

import (
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo"
	msg "github.com/emiago/sipgo/sip"
)

// wireWait bounds every wait for something that must happen.
const wireWait = time.Minute

func init() { msg.SetDefaultLogger(slog.New(slog.DiscardHandler)) }

// newWireUA returns a user agent that is closed at the end of the test.
func newWireUA(t *testing.T, opts ...msg.TransportLayerOption) *sipgo.UserAgent {
	t.Helper()
	ua, err := sipgo.NewUA(sipgo.WithUserAgentTransportLayerOptions(opts...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ua.Close() })
	return ua
}

// newWireServer puts a sipgo.Server on ua.
func newWireServer(t *testing.T, ua *sipgo.UserAgent) *sipgo.Server {
	t.Helper()
	srv, err := sipgo.NewServer(ua)
	if err != nil {
		t.Fatal(err)
	}
	return srv
}

func newWireClient(t *testing.T, ua *sipgo.UserAgent, opts ...sipgo.ClientOption) *sipgo.Client {
	t.Helper()
	cli, err := sipgo.NewClient(ua, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return cli
}

// newWireDialogUA returns a DialogUA with its own client and Contact.
func newWireDialogUA(t *testing.T, ua *sipgo.UserAgent) *sipgo.DialogUA {
	t.Helper()
	return &sipgo.DialogUA{
		Client:     newWireClient(t, ua, sipgo.WithClientHostname("127.0.0.1")),
		ContactHDR: msg.ContactHeader{Address: msg.Uri{User: "local", Host: "127.0.0.1", Port: 5060}},
	}
}

// serveWireUDP serves a loopback UDP socket. The socket is in the pool before
// it returns; the channel carries what ServeUDP returned.
func serveWireUDP(t *testing.T, ua *sipgo.UserAgent) (addr string, served <-chan error) {
	t.Helper()
	pc := listenWireUDP(t)
	done := make(chan error, 1)
	go func() { done <- ua.TransportLayer().ServeUDP(pc) }()
	addr = pc.LocalAddr().String()
	waitWire(t, "listener in the pool", func() bool { return hasFlow(ua, "udp", addr) })
	return addr, done
}

// serveWireTCP serves a loopback TCP listener.
func serveWireTCP(t *testing.T, ua *sipgo.UserAgent) string {
	t.Helper()
	l := listenWireTCP(t, "127.0.0.1:0")
	go func() { _ = ua.TransportLayer().ServeTCP(l) }()
	return l.Addr().String()
}

func listenWireUDP(t *testing.T) net.PacketConn {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	return pc
}

func listenWireTCP(t *testing.T, addr string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// hasFlow reports whether the pool of ua holds a connection for addr.
func hasFlow(ua *sipgo.UserAgent, network, addr string) bool {
	conn, err := ua.TransportLayer().GetConnection(network, addr)
	if err != nil {
		return false
	}
	_, _ = conn.TryClose()
	return true
}

// waitWire looks until ok is true: sipgo tells nobody of what its pool holds.
func waitWire(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick, end := time.NewTicker(5*time.Millisecond), time.After(wireWait)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%s: not within %v", what, wireWait)
		}
	}
}

// receiveWire takes one value from ch.
func receiveWire[T any](t *testing.T, what string, ch <-chan T) T {
	t.Helper()
	var v T
	select {
	case v = <-ch:
	case <-time.After(wireWait):
		t.Fatalf("%s: not within %v", what, wireWait)
	}
	return v
}

// staysOpen fails the test when ch yields or closes within d.
func staysOpen[T any](t *testing.T, what string, ch <-chan T, d time.Duration) {
	t.Helper()
	select {
	case <-ch:
		t.Fatalf("%s happened", what)
	case <-time.After(d):
	}
}

// wireRequest is a request as a peer writes it.
type wireRequest struct {
	method  string
	branch  string
	cseq    int
	toTag   string
	headers []string
}

func (r wireRequest) text(conn net.Conn) string {
	transport := strings.ToUpper(conn.LocalAddr().Network())
	to := "<sip:100@example.invalid>"
	if r.toTag != "" {
		to += ";tag=" + r.toTag
	}
	lines := []string{
		r.method + " sip:100@127.0.0.1 SIP/2.0",
		fmt.Sprintf("Via: SIP/2.0/%s %s;branch=z9hG4bK%s;rport", transport, conn.LocalAddr(), r.branch),
		"From: <sip:a@example.invalid>;tag=caller",
		"To: " + to,
		"Call-ID: call",
		fmt.Sprintf("CSeq: %d %s", r.cseq, r.method),
		fmt.Sprintf("Contact: <sip:a@%s>", conn.LocalAddr()),
		"Max-Forwards: 70",
	}
	lines = append(lines, r.headers...)
	return strings.Join(append(lines, "Content-Length: 0", "", ""), "\r\n")
}

// wirePeer is a phone on a socket of its own, without a SIP stack.
type wirePeer struct {
	t    *testing.T
	conn net.Conn
}

func dialWire(t *testing.T, network, addr string) *wirePeer {
	t.Helper()
	conn, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &wirePeer{t: t, conn: conn}
}

func (p *wirePeer) addr() string { return p.conn.LocalAddr().String() }

func (p *wirePeer) write(text string) {
	p.t.Helper()
	if _, err := p.conn.Write([]byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *wirePeer) send(r wireRequest) {
	p.t.Helper()
	p.write(r.text(p.conn))
}

// read returns the next bytes, or ok=false when none come within d.
func (p *wirePeer) read(d time.Duration) (text string, ok bool) {
	p.t.Helper()
	if err := p.conn.SetReadDeadline(time.Now().Add(d)); err != nil {
		p.t.Fatal(err)
	}
	buf := make([]byte, 65536)
	n, err := p.conn.Read(buf)
	return string(buf[:n]), err == nil
}

// response returns the next response, or nil when none comes within d.
func (p *wirePeer) response(d time.Duration) *msg.Response {
	p.t.Helper()
	text, ok := p.read(d)
	if !ok {
		return nil
	}
	m, err := msg.ParseMessage([]byte(text))
	if err != nil {
		p.t.Fatal(err)
	}
	res, ok := m.(*msg.Response)
	if !ok {
		p.t.Fatalf("want a response, got %q", text)
	}
	return res
}

// expect reads responses until one carries code and method.
func (p *wirePeer) expect(code int, method msg.RequestMethod) *msg.Response {
	p.t.Helper()
	for end := time.Now().Add(wireWait); time.Now().Before(end); {
		res := p.response(time.Until(end))
		if res != nil && res.StatusCode == code && res.CSeq().MethodName == method {
			return res
		}
	}
	p.t.Fatalf("no %d to %s within %v", code, method, wireWait)
	return nil
}

// wireCallee answers requests on a UDP socket as its script says and keeps a
// list of what came.
type wireCallee struct {
	pc net.PacketConn

	came chan struct{} // holds a token when something has

	mu  sync.Mutex
	got []*msg.Request
}

// wireScript handles one request; send puts a response on the wire.
type wireScript func(c *wireCallee, req *msg.Request, send func(*msg.Response))

// newWireCallee runs script for every request that comes.
func newWireCallee(t *testing.T, script wireScript) *wireCallee {
	t.Helper()
	c := &wireCallee{pc: listenWireUDP(t), came: make(chan struct{}, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 65536)
		for {
			n, from, err := c.pc.ReadFrom(buf)
			if err != nil {
				return
			}
			m, err := msg.ParseMessage(slices.Clone(buf[:n]))
			if err != nil {
				continue
			}
			req, ok := m.(*msg.Request)
			if !ok {
				continue
			}
			req.SetSource(from.String())
			c.mu.Lock()
			c.got = append(c.got, req)
			c.mu.Unlock()
			select {
			case c.came <- struct{}{}:
			default:
			}
			script(c, req, func(res *msg.Response) { _, _ = c.pc.WriteTo([]byte(res.String()), from) })
		}
	}()
	t.Cleanup(func() {
		_ = c.pc.Close()
		<-done
	})
	return c
}

func (c *wireCallee) uri() msg.Uri {
	a := c.pc.LocalAddr().(*net.UDPAddr)
	return msg.Uri{Scheme: "sip", User: "100", Host: "127.0.0.1", Port: a.Port}
}

// requests returns what came so far with that method.
func (c *wireCallee) requests(method msg.RequestMethod) []*msg.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []*msg.Request
	for _, r := range c.got {
		if r.Method == method {
			out = append(out, r)
		}
	}
	return out
}

// waits waits until n requests of a method have come.
func (c *wireCallee) waits(t *testing.T, method msg.RequestMethod, n int) {
	t.Helper()
	for limit := time.After(wireWait); len(c.requests(method)) < n; {
		select {
		case <-c.came:
		case <-limit:
			t.Fatalf("%d × %s: not within %v", n, method, wireWait)
		}
	}
}

// answer builds a response to req with a To-tag and a Contact.
func (c *wireCallee) answer(req *msg.Request, code int, tag string) *msg.Response {
	res := msg.NewResponseFromRequest(req, code, "Guard", nil)
	res.To().Params.Remove("tag")
	res.To().Params.Add("tag", tag)
	contact := msg.ContactHeader{Address: c.uri()}
	res.AppendHeader(&contact)
	return res
}

func tagOf(h *msg.ToHeader) string {
	tag, _ := h.Params.Get("tag")
	return tag
}
