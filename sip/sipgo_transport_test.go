package sip_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emiago/sipgo"
	msg "github.com/emiago/sipgo/sip"
)

// answerOptions makes ua answer every request but ACK with 200.
func answerOptions(t *testing.T, ua *sipgo.UserAgent) {
	t.Helper()
	ua.TransactionLayer().OnRequest(func(req *msg.Request, tx *msg.ServerTx) {
		if req.IsAck() {
			tx.Terminate()
			return
		}
		if err := tx.Respond(msg.NewResponseFromRequest(req, 200, "OK", nil)); err != nil {
			t.Error(err)
		}
	})
}

// A UDP request to a new peer leaves from a socket of its own unless
// WithClientConnectionAddr names the listener.
func TestUDPRequestLeavesFromNewSocket(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		option func(listener string) []sipgo.ClientOption
		same   bool
	}{
		"no option":     {func(string) []sipgo.ClientOption { return nil }, false},
		"via address":   {func(a string) []sipgo.ClientOption { return []sipgo.ClientOption{sipgo.WithClientAddr(a)} }, false},
		"local address": {func(a string) []sipgo.ClientOption { return []sipgo.ClientOption{sipgo.WithClientConnectionAddr(a)} }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ua := newWireUA(t)
			addr, _ := serveWireUDP(t, ua)
			callee := newWireCallee(t, func(*wireCallee, *msg.Request, func(*msg.Response)) {})
			tx, err := newWireClient(t, ua, tc.option(addr)...).TransactionRequest(context.Background(), msg.NewRequest(msg.OPTIONS, callee.uri()))
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Terminate()
			callee.waits(t, msg.OPTIONS, 1)
			if from := callee.requests(msg.OPTIONS)[0].Source(); (from == addr) != tc.same {
				t.Errorf("sent from %s, listener is %s, want equal %v", from, addr, tc.same)
			}
		})
	}
}

// WithClientConnectionAddr finds the listener by the text of its address, so a
// socket on the wildcard address is not found and a second bind fails.
func TestWildcardListenerIsNotFound(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	pc, err := net.ListenPacket("udp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	go func() { _ = ua.TransportLayer().ServeUDP(pc) }()
	waitWire(t, "listener in the pool", func() bool { return hasFlow(ua, "udp", pc.LocalAddr().String()) })
	callee := newWireCallee(t, func(*wireCallee, *msg.Request, func(*msg.Response)) {})
	local := net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: pc.LocalAddr().(*net.UDPAddr).Port}
	_, err = newWireClient(t, ua, sipgo.WithClientConnectionAddr(local.String())).TransactionRequest(context.Background(), msg.NewRequest(msg.OPTIONS, callee.uri()))
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("request through a wildcard listener: %v, want %v", err, syscall.EADDRINUSE)
	}
}

// Accepted TCP connections are pooled under the listener's address too. With
// WithClientConnectionAddr a request for one phone goes to the phone that
// connected last; without it the inbound flow is used.
func TestTCPLocalAddressMisroutes(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	answerOptions(t, ua)
	addr := serveWireTCP(t, ua)
	first, last := dialWire(t, "tcp4", addr), dialWire(t, "tcp4", addr)
	for _, phone := range []*wirePeer{first, last} {
		phone.send(wireRequest{method: "OPTIONS", branch: phone.addr(), cseq: 1})
		phone.expect(200, msg.OPTIONS)
	}
	for _, tc := range []struct {
		options []sipgo.ClientOption
		reached *wirePeer
		missed  *wirePeer
	}{
		{nil, first, last},
		{[]sipgo.ClientOption{sipgo.WithClientConnectionAddr(addr)}, last, first},
	} {
		req := msg.NewRequest(msg.OPTIONS, msg.Uri{Scheme: "sip", User: "first", Host: "127.0.0.1", Port: 5060})
		req.SetTransport("TCP")
		req.SetDestination(first.addr())
		tx, err := newWireClient(t, ua, tc.options...).TransactionRequest(context.Background(), req)
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := tc.reached.read(wireWait); !ok || !strings.HasPrefix(text, "OPTIONS sip:first@") {
			t.Errorf("%d options: %s got %q", len(tc.options), tc.reached.addr(), text)
		}
		if text, ok := tc.missed.read(200 * time.Millisecond); ok {
			t.Errorf("%d options: %s got %q", len(tc.options), tc.missed.addr(), text)
		}
		tx.Terminate()
	}
}

// When the inbound flow is gone, a request to its address dials that address.
func TestLostFlowIsDialled(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	answerOptions(t, ua)
	server := serveWireTCP(t, ua)
	var l net.Listener
	var flow string
	for l == nil { // until nobody else has got the port of a phone that is gone
		phone := dialWire(t, "tcp4", server)
		phone.send(wireRequest{method: "OPTIONS", branch: "alive", cseq: 1})
		phone.expect(200, msg.OPTIONS)
		flow = phone.addr()
		if !hasFlow(ua, "tcp", flow) {
			t.Errorf("no flow for connected phone %s", flow)
		}
		if err := phone.conn.(*net.TCPConn).SetLinger(0); err != nil {
			t.Fatal(err)
		}
		_ = phone.conn.Close()
		waitWire(t, "flow out of the pool", func() bool { return !hasFlow(ua, "tcp", flow) })
		var err error
		if l, err = net.Listen("tcp4", flow); err != nil && !errors.Is(err, syscall.EADDRINUSE) {
			t.Fatal(err)
		}
	}
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		if conn, err := l.Accept(); err == nil {
			accepted <- conn
		}
	}()
	req := msg.NewRequest(msg.OPTIONS, msg.Uri{Scheme: "sip", User: "x", Host: "127.0.0.1", Port: 5060})
	req.SetTransport("TCP")
	req.SetDestination(flow)
	ctx, cancel := context.WithTimeout(context.Background(), wireWait)
	defer cancel()
	tx, err := newWireClient(t, ua).TransactionRequest(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Terminate()
	_ = receiveWire(t, "dialled connection", accepted).Close()
}

// Over UDP a message above UDPMTUSize-200 bytes is not sent at all. A failed
// final response ends its transaction, except a 2xx to INVITE: no timer is
// armed for it, and the transaction stays and swallows repetitions of the
// INVITE until Terminate.
func TestUDPMessageOverMTUIsLost(t *testing.T) {
	t.Parallel()
	body := bytes.Repeat([]byte("a"), msg.UDPMTUSize)
	for _, tc := range []struct {
		method string
		code   int
		ends   bool
	}{{"OPTIONS", 200, true}, {"INVITE", 486, true}, {"INVITE", 200, false}} {
		ua := newWireUA(t)
		errs, txs := make(chan error, 1), make(chan *msg.ServerTx, 1)
		ua.TransactionLayer().OnRequest(func(req *msg.Request, tx *msg.ServerTx) {
			errs <- tx.Respond(msg.NewResponseFromRequest(req, tc.code, "Guard", body))
			txs <- tx
		})
		addr, _ := serveWireUDP(t, ua)
		phone := dialWire(t, "udp4", addr)
		phone.send(wireRequest{method: tc.method, branch: "big", cseq: 1})
		if err := receiveWire(t, tc.method, errs); !errors.Is(err, msg.ErrUDPMTUCongestion) {
			t.Errorf("%s: big %d: %v, want %v", tc.method, tc.code, err, msg.ErrUDPMTUCongestion)
		}
		tx := receiveWire(t, "transaction", txs)
		if tc.ends {
			receiveWire(t, "end of the transaction", tx.Done())
		} else {
			phone.send(wireRequest{method: tc.method, branch: "big", cseq: 1})
			staysOpen(t, "second pass of a repeated request", errs, 300*time.Millisecond)
			staysOpen(t, "end of the transaction", tx.Done(), time.Second)
			tx.Terminate()
		}
		if res := phone.response(200 * time.Millisecond); res != nil {
			t.Errorf("%s: phone got %d", tc.method, res.StatusCode)
		}
	}

	callee := newWireCallee(t, func(*wireCallee, *msg.Request, func(*msg.Response)) {})
	req := msg.NewRequest(msg.MESSAGE, callee.uri())
	req.SetBody(body)
	if _, err := newWireClient(t, newWireUA(t)).TransactionRequest(context.Background(), req); !errors.Is(err, msg.ErrUDPMTUCongestion) {
		t.Errorf("big request: %v, want %v", err, msg.ErrUDPMTUCongestion)
	}
}

// A read filter drops a datagram by returning nothing. An error from it ends
// ServeUDP, and ServeUDP then returns nil.
func TestReadFilterErrorEndsListener(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t, msg.WithTransportLayerReadFilter(func(_ msg.TransportReadProps, data []byte) ([]byte, error) {
		switch {
		case bytes.HasPrefix(data, []byte("DROP")):
			return nil, nil
		case bytes.HasPrefix(data, []byte("FAIL")):
			return nil, errors.New("filter failed")
		}
		return data, nil
	}))
	answerOptions(t, ua)
	addr, served := serveWireUDP(t, ua)
	phone := dialWire(t, "udp4", addr)
	phone.write("DROP this")
	phone.send(wireRequest{method: "OPTIONS", branch: "after", cseq: 1})
	phone.expect(200, msg.OPTIONS)
	phone.write("FAIL here")
	if err := receiveWire(t, "end of ServeUDP", served); err != nil {
		t.Errorf("ServeUDP returned %v, want nil", err)
	}
	phone.send(wireRequest{method: "OPTIONS", branch: "deaf", cseq: 2})
	if res := phone.response(300 * time.Millisecond); res != nil {
		t.Errorf("listener still answers: %d", res.StatusCode)
	}
}

// The UDP pool keeps an entry for every source that ever sent a datagram, even
// one that is no SIP.
func TestUDPPoolKeepsEverySource(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	addr, _ := serveWireUDP(t, ua)
	before := ua.TransportLayer().Pool("udp").Size()
	const sources = 50
	for range sources {
		dialWire(t, "udp4", addr).write("no SIP at all")
	}
	waitWire(t, "an entry for every source", func() bool {
		return ua.TransportLayer().Pool("udp").Size() == before+sources
	})
}

// TCP answers a double CRLF with one CRLF; UDP swallows it.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	stream := dialWire(t, "tcp4", serveWireTCP(t, ua))
	stream.write("\r\n\r\n")
	if text, ok := stream.read(wireWait); !ok || text != "\r\n" {
		t.Errorf("TCP answered %q", text)
	}
	addr, _ := serveWireUDP(t, ua)
	datagram := dialWire(t, "udp4", addr)
	datagram.write("\r\n\r\n")
	if text, ok := datagram.read(200 * time.Millisecond); ok {
		t.Errorf("UDP answered %q", text)
	}
}

// A datagram that does not parse gets no answer; one without CSeq gets 400.
func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	answerOptions(t, ua)
	addr, _ := serveWireUDP(t, ua)
	phone := dialWire(t, "udp4", addr)
	good := wireRequest{method: "OPTIONS", branch: "good", cseq: 1}.text(phone.conn)
	for _, bad := range []string{
		strings.ReplaceAll(good, "\r\n", "\n"),
		strings.Replace(good, "Max-Forwards: 70", "Max-Forwards: -1", 1),
		strings.Replace(good, "Content-Length: 0", "Content-Length: 5x", 1),
	} {
		phone.write(bad)
		if res := phone.response(200 * time.Millisecond); res != nil {
			t.Errorf("%q answered with %d", bad, res.StatusCode)
		}
	}
	phone.write(strings.Replace(good, "CSeq: 1 OPTIONS\r\n", "", 1))
	if res := phone.response(wireWait); res == nil || res.StatusCode != 400 {
		t.Errorf("request without CSeq answered with %v, want 400", res)
	}
	phone.write(good)
	phone.expect(200, msg.OPTIONS)
}
