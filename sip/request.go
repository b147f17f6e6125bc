package sip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"

	msg "github.com/emiago/sipgo/sip"

	"shouwen/metrics"
)

// flow is the way to a peer: where its messages come from and ours go to. A
// stream flow is the connection the peer opened.
type flow struct {
	network string // "udp", "tcp", "tls"
	local   netip.AddrPort
	remote  netip.AddrPort
}

// errFlowGone says that the connection to a phone is closed. Nothing is dialled
// instead: behind a NAT there would be nobody, or somebody else.
var errFlowGone = errors.New("connection to the peer is gone")

// prepare completes req for f: Via with a branch, Contact for requests that set
// the remote target, and where to send it.
func (u *UA) prepare(req *msg.Request, f flow, contact string) {
	u.route(req, f)
	if contact != "" {
		req.AppendHeader(&msg.ContactHeader{Address: u.contactURI(f, contact)})
	}
	req.AppendHeader(msg.NewHeader("User-Agent", u.cfg.Agent))
	if req.ContentLength() == nil {
		req.SetBody(req.Body())
	}
}

// route gives req a Via with a branch unless it has one, and says where to send it.
func (u *UA) route(req *msg.Request, f flow) {
	if req.Via() == nil {
		via := &msg.ViaHeader{
			ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: strings.ToUpper(f.network),
			Host: hostOf(f.local.Addr()), Port: int(f.local.Port()), Params: msg.NewParams(),
		}
		via.Params.Add("branch", "z9hG4bK"+uuid.NewString())
		via.Params.Add("rport", "")
		req.PrependHeader(via)
	}
	req.SetTransport(strings.ToUpper(f.network))
	req.SetDestination(f.remote.String())
	if f.network == "udp" { // one socket for all, or the peer sees a stranger
		req.Laddr = msg.Addr{IP: f.local.Addr().AsSlice(), Port: int(f.local.Port()), Hostname: hostOf(f.local.Addr())}
	}
}

// contactURI is where peers send requests of a dialog.
func (u *UA) contactURI(f flow, user string) msg.Uri {
	uri := msg.Uri{Scheme: "sip", User: user, Host: hostOf(f.local.Addr()), Port: int(f.local.Port())}
	if f.network != "udp" {
		uri.UriParams = msg.NewParams()
		uri.UriParams.Add("transport", f.network)
	}
	return uri
}

// hostOf writes an address as a SIP host.
func hostOf(a netip.Addr) string {
	if a.Is6() && !a.Is4In6() {
		return "[" + a.String() + "]"
	}
	return a.Unmap().String()
}

// reachable checks that f can carry a request without dialling anybody but a
// trunk's server: the port a connection came from is open to nobody.
func (u *UA) reachable(f flow) error {
	if f.network != "udp" && !u.leadsTo(f.network, f.remote) && !u.transport.hasFlow(f.network, f.remote) {
		return fmt.Errorf("%s %s: %w", f.network, f.remote, errFlowGone)
	}
	return nil
}

// send starts a client transaction and reports every response, or the error
// that ended it, to out; out must not block. For INVITE, 2xx repetitions and
// 2xx of other forks are reported as well, as long as the transaction lives. An
// INVITE that had a provisional response lives until its final one: who does
// not wait for it terminates the transaction.
func (u *UA) send(req *msg.Request, f flow, out func(*msg.Response, error)) (*msg.ClientTx, error) {
	if err := u.reachable(f); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	tx, err := u.transport.ua.TransactionLayer().Request(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("%s to %s: %w", req.Method, f.remote, err)
	}
	u.deps.Metrics.SIP.Request(string(req.Method), metrics.Sent)
	started := time.Now()
	if req.IsInvite() {
		tx.OnRetransmission(func(res *msg.Response) { out(res, nil) })
	}
	u.transport.panics.start("client_transaction", func() { u.follow(req, tx, started, out) })
	return tx, nil
}

// follow reports the responses of tx up to the final one; what comes after that is
// repetitions.
func (u *UA) follow(req *msg.Request, tx *msg.ClientTx, started time.Time, out func(*msg.Response, error)) {
	method, heard := string(req.Method), false
	hear := func() {
		if !heard && !msg.IsReliable(req.Transport()) {
			for range sentAgain(time.Since(started), req.IsInvite()) {
				u.deps.Metrics.SIP.Retransmitted(method)
			}
		}
		heard = true
	}
	for {
		select {
		case res := <-tx.Responses():
			hear()
			if res.IsProvisional() {
				out(res, nil)
				continue
			}
			u.deps.Metrics.SIP.Response(method, res.StatusCode, metrics.Received)
			u.deps.Metrics.SIP.Took(method, time.Since(started))
			out(res, nil)
			return
		case <-tx.Done():
			hear()
			out(nil, tx.Err())
			return
		}
	}
}

// sentAgain is how often sipgo has sent a request over UDP again whose first
// response came after d: Timers A and E of RFC 3261 17.1. It does not tell.
func sentAgain(d time.Duration, invite bool) (n int) {
	for wait := msg.T1; d >= wait; n++ {
		d -= wait
		if wait *= 2; !invite {
			wait = min(wait, msg.T2)
		}
	}
	return n
}

// write sends a request outside of transactions: the ACK of a 2xx.
func (u *UA) write(req *msg.Request, f flow) error {
	if err := u.reachable(f); err != nil {
		return err
	}
	if err := u.transport.ua.TransportLayer().WriteMsg(req); err != nil {
		return fmt.Errorf("%s to %s: %w", req.Method, f.remote, err)
	}
	return nil
}
