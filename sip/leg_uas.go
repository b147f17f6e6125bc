package sip

import (
	"errors"
	"time"

	msg "github.com/emiago/sipgo/sip"

	"shouwen/metrics"
)

// newInbound makes the leg of INVITE req, which has no To tag, or says how to
// refuse it.
func newInbound(u *UA, req *msg.Request, tx *msg.ServerTx, in Incoming) (*Leg, refusal) {
	session, refused := sessionOf(req)
	if refused.code != 0 {
		return nil, refused
	}
	l, err := newLeg(u, u.deps.Log)
	if err != nil {
		u.deps.Log.Error("call refused", "err", err)
		return nil, refusal{code: 503}
	}
	l.in, l.key, l.session, l.security = in, keyOf(req), session, u.security(in.Trunk, in.Account)
	l.flow = flow{network(req), u.listener(req), u.source(req)}
	l.allow = hdr(req, "Allow", "")
	l.state = legIncoming
	l.invite = serverInvite{req: req, tx: tx, seq: req.CSeq().SeqNo}
	l.oa = u.newOfferAnswer(l)
	if l.dlg, err = dialogOfRequest(req, l.id); err != nil {
		l.discard()
		return nil, refusal{code: 400, reason: "Missing Contact"}
	}
	l.peer.Store(&l.dlg.id)
	if err := l.takeOffer(req); err != nil {
		l.discard()
		return nil, refusal{code: offerStatus(err)}
	}
	return l, refusal{}
}

// takeOffer reads the offer of an INVITE or UPDATE, if it has one.
func (l *Leg) takeOffer(req *msg.Request) error {
	body, err := sdpBody(contentType(req), req.Body())
	if err != nil || body == nil {
		l.invite.offered = err == nil
		return err
	}
	l.invite.offered = false
	return l.oa.takeOffer(body)
}

// arrived says 100 at once: sipgo would say it after 200 ms, but never if the caller
// repeats himself before.
func (l *Leg) arrived(signal) {
	l.trying(l.invite.tx, l.invite.req)
	if sink := l.ua.deps.OnCall(l); sink != nil {
		l.sink.CompareAndSwap(nil, &sink)
	}
}

func (l *Leg) trying(tx *msg.ServerTx, req *msg.Request) {
	if err := l.conclude(tx, req, l.reply(req, 100, "Trying", nil)); err != nil {
		l.log.Debug("100 not sent", "err", err)
	}
}

// conclude sends a response to the INVITE req of the peer. A CANCEL may have come
// first: sipgo has answered it with 487, and would repeat any later response in
// place of that.
func (l *Leg) conclude(tx *msg.ServerTx, req *msg.Request, res *msg.Response) error {
	if isCanceled(tx) {
		return msg.ErrTransactionCanceled
	}
	err := tx.Respond(res)
	if errors.Is(err, msg.ErrTransactionCanceled) {
		_ = tx.Respond(l.reply(req, 487, statusText(487), nil))
	}
	return err
}

func isCanceled(tx *msg.ServerTx) bool { return errors.Is(tx.Err(), msg.ErrTransactionCanceled) }

// close ends a leg that was not answered with a final response.
func (l *Leg) close(e Ended, reason string, more ...msg.Header) {
	res := l.reply(l.invite.req, e.Code, reason, nil)
	for _, h := range more {
		res.AppendHeader(h)
	}
	err := l.conclude(l.invite.tx, l.invite.req, res)
	if errors.Is(err, msg.ErrTransactionCanceled) {
		e = Ended{Cause: EndCancelled, Code: 487}
	}
	l.ua.deps.Metrics.SIP.Response("INVITE", e.Code, metrics.Sent)
	l.state = legDead
	l.end(e)
}

// ring sends 180, again every minute (RFC 3261 13.3.1.1).
func (l *Leg) ring(signal) {
	if err := l.conclude(l.invite.tx, l.invite.req, l.reply(l.invite.req, 180, "Ringing", nil)); err != nil {
		l.log.Debug("180 not sent", "err", err)
		return
	}
	l.timers.arm(sigRingAgain, time.Minute)
}

// answer sends the 2xx with our answer, or with our offer if the INVITE had none.
func (l *Leg) answer(signal) {
	body, change, err := l.describe()
	if err != nil {
		l.log.Error("no session description", "err", err)
		l.close(Ended{Cause: EndMedia, Code: 500}, statusText(500))
		return
	}
	if !l.accept(body) {
		return
	}
	l.state = legAnswering
	l.restart()
	if !l.invite.offered {
		l.apply(change)
		l.up()
	}
}

// up tells that there is audio.
func (l *Leg) up() {
	l.answered = true
	l.emit(Answered{})
}

// describe is the body of our 2xx to the INVITE at hand.
func (l *Leg) describe() ([]byte, mediaChange, error) {
	if l.invite.offered {
		body, err := l.oa.offer(false)
		return body, mediaChange{}, err
	}
	return l.oa.answer()
}

// accept sends the 2xx of the INVITE at hand and keeps repeating it until its
// ACK (RFC 3261 13.3.1.4). A 2xx that cannot go out ends the leg.
func (l *Leg) accept(body []byte) bool {
	res := l.reply(l.invite.req, 200, "OK", body)
	l.grant(res)
	err := l.conclude(l.invite.tx, l.invite.req, res)
	switch {
	case errors.Is(err, msg.ErrTransactionCanceled):
		if l.state == legIncoming {
			l.cancelled(signal{})
		}
		return false
	case err != nil:
		l.invite.tx.Terminate() // sipgo would keep it for ever
		l.state = legDead
		l.end(Ended{Cause: EndGone, Reason: err.Error()})
		return false
	}
	l.ua.deps.Metrics.SIP.Response("INVITE", 200, metrics.Sent)
	l.invite.res, l.invite.repeats = res, 0
	l.timers.stop(sigRingAgain)
	l.timers.arm(sigRepeat, retransmitAfter(1, l.ua.cfg.T1, 8*l.ua.cfg.T1))
	l.timers.arm(sigNoAck, 64*l.ua.cfg.T1)
	return true
}

func (l *Leg) repeatAnswer(signal) {
	l.invite.repeats++
	l.ua.deps.Metrics.SIP.Retransmitted("INVITE")
	if err := l.invite.tx.Respond(l.invite.res); err != nil {
		l.log.Debug("2xx not repeated", "err", err)
	}
	l.timers.arm(sigRepeat, retransmitAfter(l.invite.repeats+1, l.ua.cfg.T1, 8*l.ua.cfg.T1))
}

// acknowledged takes the ACK of our 2xx; others are old or stray. An offer of
// ours must come back with its answer.
func (l *Leg) acknowledged(s signal) {
	if l.invite.res == nil || s.req.CSeq().SeqNo != l.invite.seq || !l.dlg.has(s.req) {
		return
	}
	l.timers.stop(sigRepeat)
	l.timers.stop(sigNoAck)
	first := l.state == legAnswering
	l.invite.req, l.invite.res = nil, nil
	l.state = legUp
	if l.ended != nil {
		l.bye(l.invite.hangup.Reason)
		return
	}
	if l.invite.offered {
		l.invite.offered = false
		body, err := sdpBody(contentType(s.req), s.req.Body())
		var change mediaChange
		if err == nil {
			change, err = l.oa.takeAnswer(body)
		}
		if err != nil {
			l.log.Warn("no usable answer in ACK", "err", err)
			l.bye(`SIP;cause=488;text="Not Acceptable Here"`)
			l.end(Ended{Cause: EndMedia, Code: 488})
			return
		}
		l.apply(change)
		if first {
			l.up()
		}
	}
	l.unpark()
}

// neverAcknowledged ends the call (RFC 3261 13.3.1.4).
func (l *Leg) neverAcknowledged(signal) {
	l.bye(l.invite.hangup.Reason)
	l.end(Ended{Cause: EndNoAck})
}

// hangupSoon ends a call whose ACK has not come: BYE must wait for it (RFC 3261
// 15), or a caller who missed our 2xx would never learn of either.
func (l *Leg) hangupSoon(s signal) {
	if l.ended != nil {
		return
	}
	if s.hangup.Cause == "" {
		s.hangup.Cause = EndLocal
	}
	l.invite.hangup = s.hangup
	l.end(Ended{Cause: s.hangup.Cause})
}

func (l *Leg) reject(s signal) {
	var more []msg.Header
	if s.contact != "" {
		more = append(more, msg.NewHeader("Contact", "<"+s.contact+">"))
	}
	l.close(Ended{Cause: EndLocal, Code: s.code, Reason: s.reason}, s.reason, more...)
}

// decline is a hang-up before the answer.
func (l *Leg) decline(s signal) {
	code := 480
	switch s.hangup.Cause {
	case EndShutdown:
		code = 503
	case EndPanic:
		code = 500
	}
	l.close(Ended{Cause: s.hangup.Cause, Code: code}, statusText(code))
}

// cancelled: sipgo has answered the CANCEL with 200 and the INVITE with 487.
func (l *Leg) cancelled(signal) {
	l.ua.deps.Metrics.SIP.Response("INVITE", 487, metrics.Sent)
	l.state = legDead
	l.end(Ended{Cause: EndCancelled, Code: 487})
}

// byeEarly ends a call we have not answered (RFC 3261 15: the caller may).
func (l *Leg) byeEarly(s signal) {
	if !l.inOrder(s) {
		return
	}
	l.ua.respond(s.tx, s.req, l.reply(s.req, 200, "OK", nil))
	l.close(Ended{Cause: EndCancelled, Code: 487}, statusText(487))
}

// inviteEarly refuses a second INVITE before the first is answered (RFC 3261 14.2).
func (l *Leg) inviteEarly(s signal) {
	if l.inOrder(s) {
		l.refuseOffer(s, 500)
	}
}

// updateEarly refuses to change a session that has none yet (RFC 3311 5.2).
func (l *Leg) updateEarly(s signal) {
	switch {
	case !l.inOrder(s):
	case len(s.req.Body()) > 0:
		l.refuseOffer(s, 500)
	default:
		l.dlg.refreshTarget(s.req)
		l.ua.respond(s.tx, s.req, l.reply(s.req, 200, "OK", nil))
	}
}

// contentType is the value of Content-Type, in either of its names.
func contentType(m message) string { return firstHdr(m, "Content-Type", "c") }

// reply builds a response of this leg: our tag, and for INVITE and UPDATE what
// the peer needs of the dialog.
func (l *Leg) reply(req *msg.Request, code int, reason string, body []byte) *msg.Response {
	res := l.ua.response(req, code, reason, body)
	if to := res.To(); to != nil && code > 100 && !req.To().Params.Has("tag") {
		to.Params.Remove("tag") // sipgo's own
		to.Params.Add("tag", l.id)
	}
	if (req.IsInvite() || req.Method == msg.UPDATE || req.Method == msg.REFER) && code > 100 && code < 300 {
		res.AppendHeader(&msg.ContactHeader{Address: l.ua.contactURI(l.flow, l.id)})
		res.AppendHeader(msg.NewHeader("Allow", allow))
		res.AppendHeader(msg.NewHeader("Supported", dialogSupported))
	}
	if len(body) > 0 {
		res.AppendHeader(msg.NewHeader("Content-Type", "application/sdp"))
	}
	return res
}
