package sip

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	msg "github.com/emiago/sipgo/sip"

	"shouwen/metrics"
)

// allow lists the methods served; methods outside of it get 405 or 501.
const allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, UPDATE, INFO, REFER"

const (
	supported       = "timer, path, replaces, norefersub"
	dialogSupported = "timer, replaces, norefersub" // inside of dialogs
	mailboxLimit    = 64                            // requests waiting for one leg; more than that is an attack
)

// onRequest is sipgo's entry for every request, each on a goroutine of its own.
// It must see to it that tx gets a final response or is terminated.
func (u *UA) onRequest(req *msg.Request, tx *msg.ServerTx) {
	if !u.transport.panics.safely("sip_request", func() { u.dispatch(req, tx) }) {
		u.refuse(tx, req, 500, statusText(500))
	}
}

func (u *UA) dispatch(req *msg.Request, tx *msg.ServerTx) {
	if req.IsAck() {
		tx.Terminate()
		if l := u.find(tag(req.To().Params)); l != nil && l.box.len() < mailboxLimit {
			l.box.put(signal{kind: sigAck, req: req})
		}
		return
	}
	u.deps.Metrics.SIP.Request(string(req.Method), metrics.Received)
	if tag(req.To().Params) != "" && req.Method != msg.CANCEL {
		u.inDialog(req, tx)
		return
	}
	switch req.Method {
	case msg.INVITE:
		u.invite(req, tx)
	case msg.REGISTER:
		u.respond(tx, req, u.registrar.handle(req, u.source(req), u.listener(req), network(req), time.Now()))
	case msg.OPTIONS:
		u.options(req, tx)
	case msg.CANCEL: // matched ones never come here
		u.mu.Lock()
		u.canceled.put(branch(req), time.Now())
		u.mu.Unlock()
		u.refuse(tx, req, 481, statusText(481))
	case msg.REFER: // only who is in a call may pass it on
		u.refuse(tx, req, 403, statusText(403))
	case msg.BYE, msg.UPDATE, msg.INFO, msg.PRACK:
		u.refuse(tx, req, 481, statusText(481))
	default:
		res := u.response(req, 405, "Method Not Allowed", nil)
		res.AppendHeader(msg.NewHeader("Allow", allow))
		u.respond(tx, req, res)
	}
}

// inDialog hands a request to the leg it belongs to.
func (u *UA) inDialog(req *msg.Request, tx *msg.ServerTx) {
	l := u.find(tag(req.To().Params))
	switch {
	case l == nil:
		u.refuse(tx, req, 481, statusText(481))
	case l.box.len() >= mailboxLimit:
		u.refuse(tx, req, 500, "Too Many Requests Pending")
	case !l.box.put(signal{kind: signalOf(req.Method), req: req, tx: tx}):
		u.refuse(tx, req, 481, statusText(481))
	}
}

// invite decides who calls and, if he may, makes the leg (who may call: a phone
// of an account, else the trunk of the source address).
func (u *UA) invite(req *msg.Request, tx *msg.ServerTx) {
	src := u.source(req)
	trunk := u.trunk(src)
	in := Incoming{Dialed: dialed(req), CallID: req.CallID().Value(), At: u.transport.gate.calls.read(keyOf(req), time.Now())}
	switch from := req.From().Address; {
	case trunk != nil && !u.isAccount(from):
		in.Trunk, in.Dialed = trunk.Name, dialedAt(req, trunk)
	default:
		user, refusal := u.registrar.authenticate(req, src, time.Now())
		if refusal != nil {
			u.respond(tx, req, refusal)
			return
		}
		in.Account, in.Node, trunk = user, u.nodeAt(src), nil
	}
	in.Caller = u.identify(req, trunk, in.Account)
	refused := in.replacing(req)
	if refused.code == 0 {
		refused = u.accept(req, in, trunk, tx)
	}
	if refused.code == 0 {
		return
	}
	if refused.reason == "" {
		refused.reason = statusText(refused.code)
	}
	u.deps.Log.Warn("call refused", "sip_call_id", in.CallID, "caller", in.Caller, "trunk", in.Trunk, "code", refused.code, "reason", refused.reason)
	res := u.response(req, refused.code, refused.reason, nil)
	refused.complete(res)
	u.respond(tx, req, res)
	if trunk != nil && refused.code != 482 {
		u.deps.OnRefused(in, refused.code)
	}
}

// accept makes a leg of INVITE req, or says how to refuse it.
func (u *UA) accept(req *msg.Request, in Incoming, trunk *Trunk, tx *msg.ServerTx) refusal {
	if u.draining() {
		return refusal{code: 503}
	}
	if !u.security(in.Trunk, in.Account).admits(network(req)) {
		return tlsRequired
	}
	l, refused := newInbound(u, req, tx, in)
	if refused.code != 0 {
		return refused
	}
	l.nat = trunk == nil || trunk.NAT
	if trunk != nil && trunk.Inband {
		l.hearTones()
	}
	if code := u.add(l); code != 0 {
		l.discard()
		return refusal{code: code}
	}
	post := l.poster()
	live := tx.OnCancel(func(*msg.Request) {
		u.deps.Metrics.SIP.Request("CANCEL", metrics.Received)
		u.deps.Metrics.SIP.Response("CANCEL", 200, metrics.Sent)
		post(signal{kind: sigCancel})
	})
	u.mu.Lock()
	overtaken := u.canceled.has(branch(req), time.Now())
	u.mu.Unlock()
	if !live || overtaken {
		u.remove(l)
		l.discard()
		return refusal{code: 487}
	}
	u.transport.panics.start("leg", l.run)
	return refusal{}
}

// identify says who calls: what a trunk is trusted to say of its callers, or the
// extension of a phone, which is known by its password.
func (u *UA) identify(req *msg.Request, trunk *Trunk, user string) CallerID {
	if trunk == nil {
		phone, _ := u.deps.Accounts.Account(user)
		return CallerID{E164: phone.Extension, Display: safeText(req.From().DisplayName, displayRunes), Raw: req.From().Address.String(), Source: "From", Verified: true}
	}
	return callerID(callerHeadersOf(req), trunk.Plan, trunk.TrustIdentity)
}

// isAccount says whether a From URI claims to be one of our phones.
func (u *UA) isAccount(from msg.Uri) bool {
	if _, ok := u.deps.Accounts.Account(from.User); !ok {
		return false
	}
	if strings.EqualFold(from.Host, u.cfg.Domain) {
		return true
	}
	host, err := netip.ParseAddr(strings.Trim(from.Host, "[]"))
	return err == nil && u.transport.owns(host.Unmap())
}

func (u *UA) options(req *msg.Request, tx *msg.ServerTx) {
	if u.draining() {
		u.refuse(tx, req, 503, statusText(503))
		return
	}
	res := u.response(req, 200, "OK", nil)
	for _, h := range [][2]string{{"Allow", allow}, {"Accept", "application/sdp"}, {"Supported", supported}} {
		res.AppendHeader(msg.NewHeader(h[0], h[1]))
	}
	u.respond(tx, req, res)
}

// onStrayResponse is sipgo's entry for responses no transaction waits for: the
// 2xx of a fork, or one that came after its transaction had ended. Its leg
// acknowledges it again, or ends the branch nobody wants.
func (u *UA) onStrayResponse(res *msg.Response) {
	defer u.transport.panics.guard("sip_response")
	if !res.IsSuccess() || res.CSeq() == nil || res.CSeq().MethodName != msg.INVITE || res.From() == nil {
		return
	}
	if l := u.find(tag(res.From().Params)); l != nil && l.box.len() < mailboxLimit {
		l.box.put(signal{kind: sigStray, res: res})
	}
}

func (u *UA) refuse(tx *msg.ServerTx, req *msg.Request, code int, reason string) {
	u.respond(tx, req, u.response(req, code, reason, nil))
}

// respond sends a final response. A transaction that cannot send it is ended, but
// not one that was cancelled: sipgo repeats its 487.
func (u *UA) respond(tx *msg.ServerTx, req *msg.Request, res *msg.Response) {
	u.deps.Metrics.SIP.Response(string(req.Method), res.StatusCode, metrics.Sent)
	if err := tx.Respond(res); err != nil && !errors.Is(err, msg.ErrTransactionCanceled) {
		tx.Terminate()
	}
}

func (u *UA) response(req *msg.Request, code int, reason string, body []byte) *msg.Response {
	res := msg.NewResponseFromRequest(req, code, reason, body)
	res.AppendHeader(msg.NewHeader("Server", u.cfg.Agent))
	return res
}

// source is where req came from.
func (u *UA) source(req *msg.Request) netip.AddrPort {
	a, _ := netip.ParseAddrPort(req.Source())
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// listener is our address req came to, as far as sipgo tells: the first of its
// transport and address family.
func (u *UA) listener(req *msg.Request) netip.AddrPort { return u.transport.addr(network(req)) }

// network is "udp", "tcp" or "tls".
func network(req *msg.Request) string { return strings.ToLower(req.Transport()) }

func branch(req *msg.Request) string {
	if via := req.Via(); via != nil {
		b, _ := via.Params.Get("branch")
		return b
	}
	return ""
}

// dialedAt is the number a caller behind trunk asked for: a call to the account
// we registered may name it in To only.
func dialedAt(req *msg.Request, trunk *Trunk) string {
	if o := trunk.Outbound; o != nil && o.Register && req.Recipient.User == o.User && req.To().Address.User != "" {
		return req.To().Address.User
	}
	return dialed(req)
}

// dialed is the number a caller asked for: the user of the Request-URI.
func dialed(req *msg.Request) string { return req.Recipient.User }
