package sip

import (
	"errors"
	"fmt"
	"log/slog"

	msg "github.com/emiago/sipgo/sip"
)

// Dialing says how a leg to a phone is dialled.
type Dialing struct {
	Caller string       // number the phone shows
	Name   string       // name the phone shows, or empty
	Log    *slog.Logger // names the call in the lines of the leg
	Events func(Event)  // receiver of the leg's events; see Event
}

// Dial rings the phone behind binding b. It returns at once; Ringing, Answered
// or Ended follows. The error says that there is no port for the audio, or that
// no new call is taken.
func (u *UA) Dial(b Binding, d Dialing) (*Leg, error) {
	if u.draining.Load() {
		return nil, ErrDraining
	}
	l, err := newLeg(u)
	if err != nil {
		return nil, err
	}
	l.user, l.nat = b.User, true
	l.Log(d.Log)
	l.sink.Store(&d.Events)
	l.flow = flow{b.Transport, u.transport.addr(b.Transport), b.Remote}
	l.state = legCalling
	l.session = newSessionTimer()
	l.oa = u.newOfferAnswer(l)
	req, err := u.inviteOf(l, b, d)
	if err != nil {
		l.discard()
		return nil, err
	}
	l.sent = clientInvite{req: req, pending: true}
	u.add(l, initialKey{})
	u.transport.panics.start("leg", func() {
		l.send()
		l.run()
	})
	return l, nil
}

// inviteOf builds the INVITE to a registered contact, through its Path (RFC 3327).
func (u *UA) inviteOf(l *Leg, b Binding, d Dialing) (*msg.Request, error) {
	var target msg.Uri
	if err := msg.ParseUri(b.Contact, &target); err != nil {
		return nil, fmt.Errorf("contact of %s: %w", b.User, err)
	}
	l.dlg = dialog{
		id:        dialogID{callID: fmt.Sprintf("%d.%s", u.cfg.Node, l.id), localTag: l.id},
		local:     msg.Uri{Scheme: "sip", User: d.Caller, Host: u.cfg.Domain},
		localName: d.Name,
		remote:    msg.Uri{Scheme: "sip", User: b.User, Host: u.cfg.Domain},
		target:    target,
	}
	for _, p := range b.Path {
		var r msg.Uri
		if err := msg.ParseUri(p, &r); err != nil {
			return nil, fmt.Errorf("path of %s: %w", b.User, err)
		}
		l.dlg.routes = append(l.dlg.routes, r)
	}
	if _, err := l.oa.offer(false); err != nil {
		return nil, err
	}
	return l.initialInvite(), nil
}

// initialInvite is the next INVITE that is to open the dialog.
func (l *Leg) initialInvite() *msg.Request {
	req := l.dlg.request(msg.INVITE, 0)
	req.SetBody(l.oa.sent())
	req.AppendHeader(msg.NewHeader("Content-Type", "application/sdp"))
	req.AppendHeader(msg.NewHeader("Allow", allow))
	l.propose(req)
	l.ua.prepare(req, l.flow, l.id)
	return req
}

// send starts the INVITE.
func (l *Leg) send() {
	err := l.ua.send(l.sent.req, l.flow, func(res *msg.Response, err error) {
		switch {
		case err != nil:
			l.box.put(signal{kind: sigFailed, err: err})
		case res.IsProvisional():
			l.box.put(signal{kind: sigProvisional, res: res})
		case res.IsSuccess():
			l.box.put(signal{kind: sigAccepted, res: res})
		default:
			l.box.put(signal{kind: sigFailed, res: res})
		}
	})
	if err != nil {
		l.end(Ended{Cause: EndGone, Reason: err.Error()})
		l.state = legDead
	}
}

func (l *Leg) provisional(s signal) {
	l.state = legProceeding
	if h := l.sent.hangup; h != nil { // wanted before CANCEL was allowed (RFC 3261 9.1)
		l.abandon(signal{hangup: *h})
		return
	}
	if s.res.StatusCode > 100 {
		l.emit(Ringing{s.res.StatusCode})
	}
}

// accepted takes the first 2xx: ACK at once, then the answer.
func (l *Leg) accepted(s signal) {
	l.sent.pending = false
	change, err := l.establish(s.res)
	if err != nil {
		l.log.Warn("2xx not usable", "err", err)
		l.bye("")
		l.end(Ended{Cause: EndMedia, Code: s.res.StatusCode, Reason: err.Error()})
		return
	}
	if h := l.sent.hangup; h != nil {
		l.hangup(signal{hangup: *h})
		return
	}
	l.state = legUp
	l.allow = hdr(s.res, "Allow", "")
	l.renewed(s.res)
	l.apply(change)
	l.emit(Answered{})
}

// establish enters the dialog of a 2xx and acknowledges it, whatever its body.
func (l *Leg) establish(res *msg.Response) (mediaChange, error) {
	req := l.sent.req
	d, dialogErr := dialogOfResponse(req, res)
	if dialogErr != nil { // acknowledge it all the same, where the INVITE went
		d = l.dlg
		d.id.remoteTag = tag(res.To().Params)
	}
	l.dlg = d
	l.acknowledge(res)
	body, err := sdpBody(contentType(res), res.Body())
	if err != nil {
		return mediaChange{}, err
	}
	change, err := l.oa.takeAnswer(body)
	if err == nil {
		err = dialogErr
	}
	return change, err
}

// acknowledge sends the ACK of a 2xx and keeps it for repetitions.
func (l *Leg) acknowledge(res *msg.Response) {
	ack := l.dlg.request(msg.ACK, res.CSeq().SeqNo)
	l.ua.prepare(ack, l.flow, "")
	l.sent.ack, l.sent.tag = ack, tag(res.To().Params)
	if err := l.ua.write(ack, l.flow); err != nil {
		l.log.Warn("ACK not sent", "err", err)
	}
}

// acceptedAgain repeats the ACK of a repeated 2xx, and ends the branch of
// another one: a fork answered too (RFC 3261 13.2.2.4).
func (l *Leg) acceptedAgain(s signal) {
	if l.sent.req == nil || s.res.CSeq().SeqNo != l.sent.req.CSeq().SeqNo {
		return
	}
	if l.sent.ack != nil && tag(s.res.To().Params) == l.sent.tag {
		if err := l.ua.write(l.sent.ack.Clone(), l.flow); err != nil {
			l.log.Warn("ACK not repeated", "err", err)
		}
		return
	}
	l.endFork(s.res)
}

// endFork acknowledges and hangs up a branch that is not the call.
func (l *Leg) endFork(res *msg.Response) {
	d, err := dialogOfResponse(l.sent.req, res)
	if err != nil {
		l.log.Warn("forked 2xx not usable", "err", err)
		return
	}
	ack := d.request(msg.ACK, res.CSeq().SeqNo)
	l.ua.prepare(ack, l.flow, "")
	if err := l.ua.write(ack, l.flow); err != nil {
		l.log.Warn("ACK of a fork not sent", "err", err)
	}
	bye := d.request(msg.BYE, 0)
	l.ua.prepare(bye, l.flow, "")
	if err := l.ua.send(bye, l.flow, func(*msg.Response, error) {}); err != nil {
		l.log.Warn("BYE of a fork not sent", "err", err)
	}
}

func (l *Leg) failed(s signal) {
	if l.sent.hangup == nil && s.res != nil && s.res.StatusCode == 422 && l.raised(s.res) {
		return
	}
	l.sent.pending = false
	e := Ended{Cause: EndTimeout, Code: 408}
	switch {
	case s.res != nil:
		e = Ended{Cause: EndRejected, Code: s.res.StatusCode, Reason: s.res.Reason}
	case !errors.Is(s.err, msg.ErrTransactionTimeout):
		e = Ended{Cause: EndGone, Reason: s.err.Error()}
	}
	if l.sent.hangup != nil {
		e.Cause = l.sent.hangup.Cause
	}
	l.end(e)
	l.state = legDead
}

// raised sends the INVITE again with the session interval a 422 asks for (RFC
// 4028 7.3).
func (l *Leg) raised(res *msg.Response) bool {
	terms, err := sessionTermsOf(res)
	if err != nil {
		return false
	}
	longer, ok := l.session.raise(terms)
	if !ok {
		return false
	}
	l.session = longer
	l.state = legCalling
	l.sent = clientInvite{req: l.initialInvite(), pending: true}
	l.send()
	return true
}

// abandonSoon remembers a hang-up until CANCEL is allowed, or an answer comes.
func (l *Leg) abandonSoon(s signal) {
	if l.sent.hangup == nil {
		l.sent.hangup = &s.hangup
	}
}

// abandon sends CANCEL. The leg waits for the final response: a 2xx that crossed
// must be acknowledged and hung up.
func (l *Leg) abandon(s signal) {
	c := cancelOf(l.sent.req)
	if s.hangup.Reason != "" {
		c.AppendHeader(msg.NewHeader("Reason", s.hangup.Reason))
	}
	l.sent.hangup = &s.hangup
	l.ua.prepare(c, l.flow, "")
	if err := l.ua.send(c, l.flow, func(*msg.Response, error) {}); err != nil {
		l.log.Warn("CANCEL not sent", "err", err)
	}
	l.state = legCancelling
	l.end(Ended{Cause: s.hangup.Cause})
	l.timers.arm(sigGiveUp, 64*l.ua.cfg.T1) // RFC 3261 9.1
}

func (l *Leg) acceptedTooLate(s signal) {
	if _, err := l.establish(s.res); err != nil {
		l.log.Debug("2xx after CANCEL", "err", err)
	}
	l.bye(`SIP;cause=200;text="Call completed elsewhere"`)
}

func (l *Leg) finished(signal) { l.state = legDead }

// hangup ends an answered leg with BYE.
func (l *Leg) hangup(s signal) {
	cause := s.hangup.Cause
	if cause == "" {
		cause = EndLocal
	}
	l.bye(s.hangup.Reason)
	l.end(Ended{Cause: cause})
}

// bye sends BYE and waits for its answer in state ending. reason is a Reason
// header field or empty.
func (l *Leg) bye(reason string) {
	l.timers.stopAll()
	l.state = legEnding
	l.timers.arm(sigGiveUp, 64*l.ua.cfg.T1)
	req := l.dlg.request(msg.BYE, 0)
	if reason != "" {
		req.AppendHeader(msg.NewHeader("Reason", reason))
	}
	l.ask(req, sigByeDone, "")
}
