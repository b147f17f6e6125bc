package sip_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/emiago/sipgo"
	msg "github.com/emiago/sipgo/sip"
)

// serveDialogs answers every INVITE with a DialogServerSession and 200.
func serveDialogs(t *testing.T, ua *sipgo.UserAgent) (srv *sipgo.Server, sessions <-chan *sipgo.DialogServerSession) {
	t.Helper()
	srv = newWireServer(t, ua)
	dua := newWireDialogUA(t, ua)
	made := make(chan *sipgo.DialogServerSession, 1)
	srv.OnInvite(func(req *msg.Request, tx msg.ServerTransaction) {
		d, err := dua.ReadInvite(req, tx)
		if err != nil {
			t.Error(err)
			return
		}
		made <- d
		_ = d.Respond(200, "OK", nil)
	})
	return srv, made
}

// DialogServerSession repeats an unacknowledged 200 after T1 and then every
// T2, instead of doubling the interval from T1 to T2.
func TestDialogServerRepeatsAnswerAtWrongIntervals(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	serveDialogs(t, ua)
	addr, _ := serveWireUDP(t, ua)
	phone := dialWire(t, "udp4", addr)
	phone.send(wireRequest{method: "INVITE", branch: "unacked", cseq: 1})
	var at []time.Time
	for range 3 {
		phone.expect(200, msg.INVITE)
		at = append(at, time.Now())
	}
	if gap := at[1].Sub(at[0]); gap > 2*time.Second {
		t.Errorf("first repetition after %v, want 500 ms", gap)
	}
	if gap := at[2].Sub(at[1]); gap < 3*time.Second {
		t.Errorf("second repetition after %v, want 4 s", gap)
	}
}

// DialogServerSession compares the CSeq of the ACK with that of the last
// request, so an INFO before the ACK makes it refuse the ACK.
func TestDialogServerRefusesAckAfterInfo(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	srv, sessions := serveDialogs(t, ua)
	dialogs := make(chan *sipgo.DialogServerSession, 2)
	infos, acks := make(chan error, 1), make(chan error, 1)
	srv.OnInfo(func(req *msg.Request, tx msg.ServerTransaction) {
		infos <- (<-dialogs).ReadRequest(req, tx)
		_ = tx.Respond(msg.NewResponseFromRequest(req, 200, "OK", nil))
	})
	srv.OnAck(func(req *msg.Request, tx msg.ServerTransaction) {
		acks <- (<-dialogs).ReadAck(req, tx)
	})
	addr, _ := serveWireUDP(t, ua)
	phone := dialWire(t, "udp4", addr)
	phone.send(wireRequest{method: "INVITE", branch: "invite", cseq: 1})
	d := receiveWire(t, "INVITE", sessions)
	dialogs <- d
	dialogs <- d
	tag := tagOf(phone.expect(200, msg.INVITE).To())

	phone.send(wireRequest{method: "INFO", branch: "info", cseq: 2, toTag: tag})
	if err := receiveWire(t, "INFO", infos); err != nil {
		t.Errorf("INFO before ACK: %v", err)
	}
	phone.send(wireRequest{method: "ACK", branch: "ack", cseq: 1, toTag: tag})
	if err := receiveWire(t, "ACK", acks); !errors.Is(err, sipgo.ErrDialogInvalidCseq) {
		t.Errorf("ACK after INFO: %v, want %v", err, sipgo.ErrDialogInvalidCseq)
	}
	if s := d.LoadState(); s != msg.DialogStateEstablished {
		t.Errorf("dialog is %v after the ACK, want %v", s, msg.DialogStateEstablished)
	}
}

// A dialog with a preset INVITE takes that CSeq for the peer's too and refuses
// lower numbers from the peer.
func TestDialogTakesOwnCSeqForPeer(t *testing.T) {
	t.Parallel()
	sent := msg.NewRequest(msg.INVITE, msg.Uri{Scheme: "sip", Host: "127.0.0.1"})
	sent.AppendHeader(&msg.CSeqHeader{SeqNo: 100, MethodName: msg.INVITE})
	d := sipgo.Dialog{InviteRequest: sent}
	d.Init()
	got := msg.NewRequest(msg.INFO, msg.Uri{Scheme: "sip", Host: "127.0.0.1"})
	got.AppendHeader(&msg.CSeqHeader{SeqNo: 1, MethodName: msg.INFO})
	if err := d.ReadRequest(got, nil); !errors.Is(err, sipgo.ErrDialogInvalidCseq) {
		t.Errorf("first request of the peer: %v, want %v", err, sipgo.ErrDialogInvalidCseq)
	}
}

// sipgo.Server without an ACK handler answers an ACK with 405.
func TestServerAnswersAck(t *testing.T) {
	t.Parallel()
	ua := newWireUA(t)
	newWireServer(t, ua)
	addr, _ := serveWireUDP(t, ua)
	phone := dialWire(t, "udp4", addr)
	phone.send(wireRequest{method: "ACK", branch: "stray", cseq: 1, toTag: "gone"})
	phone.expect(405, msg.ACK)
}

// dialWireCallee sends an INVITE to callee through a DialogClientSession.
func dialWireCallee(t *testing.T, callee *wireCallee) *sipgo.DialogClientSession {
	t.Helper()
	d, err := newWireDialogUA(t, newWireUA(t)).Invite(context.Background(), callee.uri(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// roundTrips lets d's user agent and callee exchange OPTIONS: what either had to send
// or to take before is through by then.
func roundTrips(t *testing.T, d *sipgo.DialogClientSession, callee *wireCallee) {
	t.Helper()
	for range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), wireWait)
		defer cancel()
		if res, err := d.UA.Client.Do(ctx, msg.NewRequest(msg.OPTIONS, callee.uri())); err != nil || res.StatusCode != 200 {
			t.Fatalf("OPTIONS: %v, %v", res, err)
		}
	}
}

// When CANCEL crosses the 200, WaitAnswer returns without ACK and without BYE
// and the callee stays in the call.
func TestCancelCrossingAnswerLeaksCall(t *testing.T) {
	t.Parallel()
	invites := make(chan *msg.Request, 1)
	callee := newWireCallee(t, func(c *wireCallee, req *msg.Request, send func(*msg.Response)) {
		switch req.Method {
		case msg.INVITE:
			invites <- req
			send(c.answer(req, 180, "callee"))
		case msg.CANCEL:
			send(c.answer(req, 200, "callee"))
			send(c.answer(<-invites, 200, "callee"))
		case msg.BYE, msg.OPTIONS:
			send(c.answer(req, 200, "callee"))
		}
	})
	d := dialWireCallee(t, callee)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	err := d.WaitAnswer(ctx, sipgo.AnswerOptions{OnResponse: func(*msg.Response) error {
		cancel()
		return nil
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("WaitAnswer: %v, want %v", err, context.Canceled)
	}
	roundTrips(t, d, callee)
	if n := len(callee.requests(msg.CANCEL)); n != 1 {
		t.Errorf("callee got %d CANCELs, want 1", n)
	}
	if acks, byes := len(callee.requests(msg.ACK)), len(callee.requests(msg.BYE)); acks+byes > 0 {
		t.Errorf("callee got %d ACK and %d BYE", acks, byes)
	}
}

// WaitAnswer fails after eleven provisional responses and sends no CANCEL.
func TestWaitAnswerGivesUpOnManyRings(t *testing.T) {
	t.Parallel()
	callee := newWireCallee(t, func(c *wireCallee, req *msg.Request, send func(*msg.Response)) {
		switch req.Method {
		case msg.INVITE:
			for range 20 {
				send(c.answer(req, 180, "callee"))
			}
		case msg.OPTIONS:
			send(c.answer(req, 200, "callee"))
		}
	})
	d := dialWireCallee(t, callee)
	ctx, cancel := context.WithTimeout(context.Background(), wireWait)
	defer cancel()
	rings := 0
	err := d.WaitAnswer(ctx, sipgo.AnswerOptions{OnResponse: func(*msg.Response) error {
		rings++
		return nil
	}})
	if err == nil || rings != 11 {
		t.Errorf("WaitAnswer: %v after %d responses, want an error after 11", err, rings)
	}
	roundTrips(t, d, callee)
	if n := len(callee.requests(msg.CANCEL)); n > 0 {
		t.Errorf("callee got %d CANCELs", n)
	}
}

// DialogClientSession acknowledges with the CSeq of its last request instead of
// that of the INVITE when another request went out before the answer.
func TestAckTakesCSeqOfLastRequest(t *testing.T) {
	t.Parallel()
	invites := make(chan *msg.Request, 1)
	callee := newWireCallee(t, func(c *wireCallee, req *msg.Request, send func(*msg.Response)) {
		switch req.Method {
		case msg.INVITE:
			invites <- req
			send(c.answer(req, 183, "callee"))
		case msg.UPDATE:
			send(c.answer(req, 200, "callee"))
			send(c.answer(<-invites, 200, "callee"))
		}
	})
	d := dialWireCallee(t, callee)
	ctx, cancel := context.WithTimeout(context.Background(), wireWait)
	defer cancel()
	err := d.WaitAnswer(ctx, sipgo.AnswerOptions{OnResponse: func(res *msg.Response) error {
		if !res.IsProvisional() {
			return nil
		}
		_, err := d.Do(ctx, msg.NewRequest(msg.UPDATE, callee.uri()))
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Ack(ctx); err != nil {
		t.Fatal(err)
	}
	callee.waits(t, msg.ACK, 1)
	invite, ack := callee.requests(msg.INVITE)[0].CSeq().SeqNo, callee.requests(msg.ACK)[0].CSeq().SeqNo
	if ack != invite+1 {
		t.Errorf("ACK has CSeq %d for INVITE %d, want %d", ack, invite, invite+1)
	}
}

// The second 200 of a forked INVITE is acknowledged with the To-tag of the
// first.
func TestForkedAnswerGetsAckOfFirstDialog(t *testing.T) {
	t.Parallel()
	invites := make(chan *msg.Request, 1)
	callee := newWireCallee(t, func(c *wireCallee, req *msg.Request, send func(*msg.Response)) {
		switch req.Method {
		case msg.INVITE:
			invites <- req
			send(c.answer(req, 200, "first"))
		case msg.ACK:
			select {
			case invite := <-invites:
				send(c.answer(invite, 200, "second"))
			default:
			}
		}
	})
	d := dialWireCallee(t, callee)
	ctx, cancel := context.WithTimeout(context.Background(), wireWait)
	defer cancel()
	if err := d.WaitAnswer(ctx, sipgo.AnswerOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := d.Ack(ctx); err != nil {
		t.Fatal(err)
	}
	callee.waits(t, msg.ACK, 2)
	if tag := tagOf(callee.requests(msg.ACK)[1].To()); tag != "first" {
		t.Errorf("ACK for the second dialog has To-tag %q, want %q", tag, "first")
	}
}
