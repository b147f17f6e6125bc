package sip_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	msg "github.com/emiago/sipgo/sip"
)

// Every message gets its own goroutine, so provisional and final responses
// written back to back reach the client transaction out of order or not at
// all. A TransportLayer.OnMessage handler runs in the read loop and sees the
// order of the wire.
func TestResponsesOvertakeEachOther(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	var mu sync.Mutex
	wire := map[string][]int{}
	ua.TransportLayer().OnMessage(func(m msg.Message) {
		if res, ok := m.(*msg.Response); ok {
			mu.Lock()
			wire[res.CallID().Value()] = append(wire[res.CallID().Value()], res.StatusCode)
			mu.Unlock()
		}
	})

	l := listenWireTCP(t, "127.0.0.1:0")
	go answerAtOnce(l, 180, 183, 200)
	cli := newWireClient(t, ua)
	sent := []int{180, 183, 200}
	calls := []string{}
	overtaken := false
	for range 200 {
		req := msg.NewRequest(msg.INVITE, msg.Uri{Scheme: "sip", User: "x", Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port})
		req.SetTransport("TCP")
		tx, err := cli.TransactionRequest(context.Background(), req)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for len(got) == 0 || got[len(got)-1] < 200 {
			got = append(got, receiveWire(t, "response", tx.Responses()).StatusCode)
		}
		tx.Terminate()
		calls = append(calls, req.CallID().Value())
		if !slices.Equal(got, sent) {
			overtaken = true
			break
		}
	}
	if !overtaken {
		t.Errorf("%d calls in a row saw %v in order", len(calls), sent)
	}
	for _, id := range calls {
		waitWire(t, "all responses at OnMessage", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(wire[id]) == len(sent)
		})
		mu.Lock()
		if !slices.Equal(wire[id], sent) {
			t.Errorf("OnMessage saw %v, want %v", wire[id], sent)
		}
		mu.Unlock()
	}
}

// answerAtOnce answers every INVITE on l with all codes in one write.
func answerAtOnce(l net.Listener, codes ...int) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = conn.Close() }()
			buf := make([]byte, 65536)
			for {
				n, err := conn.Read(buf)
				if err != nil {
					return
				}
				m, err := msg.ParseMessage(slices.Clone(buf[:n]))
				if err != nil {
					continue
				}
				req, ok := m.(*msg.Request)
				if !ok || req.Method != msg.INVITE {
					continue
				}
				var out strings.Builder
				for _, code := range codes {
					out.WriteString(msg.NewResponseFromRequest(req, code, "Guard", nil).String())
				}
				if _, err := io.WriteString(conn, out.String()); err != nil {
					return
				}
			}
		}()
	}
}

// A handler on the transaction layer may return at once and answer later from
// another goroutine; the transaction sends 100 Trying by itself.
func TestAnswerAfterHandlerReturned(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	invites := make(chan *msg.ServerTx, 1)
	ua.TransactionLayer().OnRequest(func(req *msg.Request, tx *msg.ServerTx) {
		if req.IsAck() {
			tx.Terminate()
			return
		}
		invites <- tx
	})
	addr, _ := serveWireUDP(t, ua)
	phone := dialWire(t, "udp4", addr)
	start := time.Now()
	phone.send(wireRequest{method: "INVITE", branch: "late", cseq: 1})
	tx := receiveWire(t, "INVITE", invites)

	phone.expect(100, msg.INVITE)
	if d := time.Since(start); d < 150*time.Millisecond {
		t.Errorf("100 Trying after %v, want 200 ms", d)
	}
	staysOpen(t, "end of the transaction", tx.Done(), 300*time.Millisecond)
	if err := tx.Respond(msg.NewResponseFromRequest(tx.Origin(), 486, "Busy Here", nil)); err != nil {
		t.Errorf("late answer: %v", err)
	}
	phone.expect(486, msg.INVITE)
}

// sipgo.Server ends an unanswered transaction as soon as the handler returns.
func TestServerEndsTransactionWithHandler(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	srv := newWireServer(t, ua)
	invites := make(chan msg.ServerTransaction, 1)
	srv.OnInvite(func(req *msg.Request, tx msg.ServerTransaction) {
		if err := tx.Respond(msg.NewResponseFromRequest(req, 180, "Ringing", nil)); err != nil {
			t.Error(err)
		}
		invites <- tx
	})
	addr, _ := serveWireUDP(t, ua)
	phone := dialWire(t, "udp4", addr)
	phone.send(wireRequest{method: "INVITE", branch: "short", cseq: 1})
	tx := receiveWire(t, "INVITE", invites)
	receiveWire(t, "end of the transaction", tx.Done())
}

// After CANCEL a late 200 is refused, yet it replaces the stored 487 and Timer
// G retransmits it. Answering 487 again restores the right response. The 487
// carries another To-tag than the 180.
func TestLateAnswerReplacesCancelledResponse(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	invites := make(chan *msg.ServerTx, 1)
	ua.TransactionLayer().OnRequest(func(req *msg.Request, tx *msg.ServerTx) {
		if req.IsInvite() {
			invites <- tx
		}
	})
	addr, _ := serveWireUDP(t, ua)
	phone := dialWire(t, "udp4", addr)
	phone.send(wireRequest{method: "INVITE", branch: "cancelled", cseq: 1})
	tx := receiveWire(t, "INVITE", invites)
	answer := func(code int) error {
		res := msg.NewResponseFromRequest(tx.Origin(), code, "Guard", nil)
		res.To().Params.Remove("tag")
		res.To().Params.Add("tag", "handler")
		return tx.Respond(res)
	}
	if err := answer(180); err != nil {
		t.Fatal(err)
	}
	phone.expect(180, msg.INVITE)

	phone.send(wireRequest{method: "CANCEL", branch: "cancelled", cseq: 1})
	phone.expect(200, msg.CANCEL)
	if tag := tagOf(phone.expect(487, msg.INVITE).To()); tag == "handler" {
		t.Error("487 now carries the To-tag of the 180")
	}
	if err := answer(200); !errors.Is(err, msg.ErrTransactionCanceled) {
		t.Errorf("200 after CANCEL: %v, want %v", err, msg.ErrTransactionCanceled)
	}
	phone.expect(200, msg.INVITE)

	if err := answer(487); !errors.Is(err, msg.ErrTransactionCanceled) {
		t.Errorf("487 after CANCEL: %v, want %v", err, msg.ErrTransactionCanceled)
	}
	if tag := tagOf(phone.expect(487, msg.INVITE).To()); tag != "handler" {
		t.Errorf("restored 487 has To-tag %q", tag)
	}
}

// ServerTransactionContext returns a context that is cancelled already.
func TestServerTransactionContextIsBornCancelled(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	errs := make(chan error, 1)
	ua.TransactionLayer().OnRequest(func(req *msg.Request, tx *msg.ServerTx) {
		errs <- msg.ServerTransactionContext(tx).Err()
	})
	addr, _ := serveWireUDP(t, ua)
	dialWire(t, "udp4", addr).send(wireRequest{method: "INVITE", branch: "ctx", cseq: 1})
	if err := receiveWire(t, "INVITE", errs); !errors.Is(err, context.Canceled) {
		t.Errorf("context of a live transaction: %v, want %v", err, context.Canceled)
	}
}

// A CANCEL that matches no INVITE reaches the request handler; nothing
// answers it but the handler.
func TestUnmatchedCancelReachesHandler(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	cancels := make(chan *msg.ServerTx, 1)
	ua.TransactionLayer().OnRequest(func(req *msg.Request, tx *msg.ServerTx) {
		if req.IsCancel() {
			cancels <- tx
		}
	})
	addr, _ := serveWireUDP(t, ua)
	phone := dialWire(t, "udp4", addr)
	phone.send(wireRequest{method: "CANCEL", branch: "unknown", cseq: 1})
	tx := receiveWire(t, "CANCEL", cancels)
	if res := phone.response(200 * time.Millisecond); res != nil {
		t.Errorf("CANCEL answered with %d before the handler did", res.StatusCode)
	}
	if err := tx.Respond(msg.NewResponseFromRequest(tx.Origin(), 481, "Call/Transaction Does Not Exist", nil)); err != nil {
		t.Fatal(err)
	}
	phone.expect(481, msg.CANCEL)
}

// A response without a transaction goes to the unhandled-response handler.
func TestStrayResponseReachesHandler(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	stray := make(chan *msg.Response, 1)
	msg.WithTransactionLayerUnhandledResponseHandler(func(res *msg.Response) { stray <- res })(ua.TransactionLayer())
	addr, _ := serveWireUDP(t, ua)
	dialWire(t, "udp4", addr).write("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKgone\r\n" +
		"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: gone\r\nCSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n")
	if res := receiveWire(t, "stray 200", stray); res.StatusCode != 200 || res.CSeq().SeqNo != 7 {
		t.Errorf("got %s", res.Short())
	}
}

// A response that nobody takes from Responses() holds the lock of the
// transaction: Err blocks until Terminate.
func TestUndrainedResponsesHoldTransaction(t *testing.T) {
	t.Parallel()
	callee := newWireCallee(t, func(_ *wireCallee, req *msg.Request, send func(*msg.Response)) {
		send(msg.NewResponseFromRequest(req, 180, "Ringing", nil))
	})
	tx, err := newWireClient(t, newWireUA(t)).TransactionRequest(context.Background(), msg.NewRequest(msg.INVITE, callee.uri()))
	if err != nil {
		t.Fatal(err)
	}
	blocked := blockedErr(t, tx)
	tx.Terminate()
	receiveWire(t, "Err after Terminate", blocked)
}

// A repeated final error makes the client transaction sleep T2 with its lock
// held before it acknowledges again.
func TestRepeatedFinalErrorHoldsTransaction(t *testing.T) {
	t.Parallel()
	callee := newWireCallee(t, func(_ *wireCallee, req *msg.Request, send func(*msg.Response)) {
		if req.IsInvite() {
			send(msg.NewResponseFromRequest(req, 486, "Busy Here", nil))
			send(msg.NewResponseFromRequest(req, 486, "Busy Here", nil))
		}
	})
	tx, err := newWireClient(t, newWireUA(t)).TransactionRequest(context.Background(), msg.NewRequest(msg.INVITE, callee.uri()))
	if err != nil {
		t.Fatal(err)
	}
	if res := receiveWire(t, "response", tx.Responses()); res.StatusCode != 486 {
		t.Fatalf("got %d", res.StatusCode)
	}
	blocked := blockedErr(t, tx)
	if n := len(callee.requests(msg.ACK)); n != 1 {
		t.Errorf("%d ACKs while the transaction sleeps, want 1", n)
	}
	tx.Terminate()
	receiveWire(t, "Err after Terminate", blocked)
}

// blockedErr waits until tx.Err blocks for half a second and returns the
// channel on which that call will report.
func blockedErr(t *testing.T, tx msg.ClientTransaction) <-chan error {
	t.Helper()
	for end := time.Now().Add(wireWait); time.Now().Before(end); {
		got := make(chan error, 1)
		go func() { got <- tx.Err() }()
		select {
		case <-got:
		case <-time.After(500 * time.Millisecond):
			return got
		}
		runtime.Gosched()
	}
	t.Fatalf("Err never blocked within %v", wireWait)
	return nil
}

// Timer L is not stopped by Terminate: an answered INVITE transaction stays in
// memory for 64*T1 after it ended, an unanswered one does not.
func TestAnsweredTransactionOutlivesTerminate(t *testing.T) {
	t.Parallel()
	terminated := func(code int) weak.Pointer[msg.ServerTx] {
		ua := newWireUA(t)
		handles := make(chan weak.Pointer[msg.ServerTx], 1)
		ua.TransactionLayer().OnRequest(func(req *msg.Request, tx *msg.ServerTx) {
			if err := tx.Respond(msg.NewResponseFromRequest(req, code, "Guard", nil)); err != nil {
				t.Error(err)
			}
			tx.Terminate()
			handles <- weak.Make(tx)
		})
		addr, _ := serveWireUDP(t, ua)
		dialWire(t, "udp4", addr).send(wireRequest{method: "INVITE", branch: "heap", cseq: 1})
		return receiveWire(t, "INVITE", handles)
	}
	kept, freed := terminated(200), terminated(180) // the later is free when the earlier would be
	waitWire(t, "transaction answered 180 and terminated out of memory", func() bool {
		runtime.GC()
		return freed.Value() == nil
	})
	if kept.Value() == nil {
		t.Error("transaction answered 200 and terminated: out of memory, want 64*T1 later")
	}
}
