package sip

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	msg "github.com/emiago/sipgo/sip"

	"shouwen/metrics"
)

// Dialing says how a leg to a phone is dialled.
type Dialing struct {
	Caller  string            // number the phone shows
	Name    string            // name the phone shows, or empty
	Headers map[string]string // more for its INVITE; see extraFields
	Log     *slog.Logger      // names the call in the lines of the leg
	Events  func(Event)       // receiver of the leg's events; see Event
}

// Header fields a Dialing may have.
const (
	HeaderCase       = "X-Shouwen-Case"        // case number
	HeaderFirstAsker = "X-Shouwen-First-Asker" // user
	HeaderReferredBy = "Referred-By"           // RFC 3892; the value is a user of ours
	HeaderAlertInfo  = "Alert-Info"            // how the phone is to ring
)

// extraFields returns the header fields in, in a fixed order and fit for a
// message. Fields that have no Header constant are an error: nobody writes a
// header of ours from outside.
func (u *UA) extraFields(in map[string]string) (fields []msg.Header, err error) {
	for _, name := range slices.Sorted(maps.Keys(in)) {
		value := safeText(in[name], maxHeaderText)
		switch name {
		case HeaderReferredBy:
			uri := msg.Uri{Scheme: "sip", User: value, Host: u.cfg.Domain}
			if strings.ContainsAny(value, " <>\"@:;?") || value == "" {
				return nil, fmt.Errorf("%s: %q is no user", name, value)
			}
			value = "<" + uri.String() + ">"
		case HeaderCase, HeaderFirstAsker, HeaderAlertInfo:
		default:
			return nil, fmt.Errorf("header field %q cannot be set", name)
		}
		fields = append(fields, msg.NewHeader(name, value))
	}
	return fields, nil
}

// Dial rings the phone behind binding b. It returns at once; Ringing, Answered
// or Ended follows. The error says that there is no port for the audio, that the
// phone must use TLS and does not, or that no new call is taken.
func (u *UA) Dial(b Binding, d Dialing) (*Leg, error) {
	security := u.security("", b.User)
	if !security.admits(b.Transport) {
		return nil, fmt.Errorf("%s is registered over %s, and must use TLS", b.User, b.Transport)
	}
	l, err := newLeg(u, d.Log)
	if err != nil {
		return nil, err
	}
	l.user, l.nat, l.security = b.User, true, security
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
	l.sent = newClientInvite(req)
	if u.add(l) != 0 {
		l.discard()
		return nil, ErrDraining
	}
	u.transport.panics.start("leg", func() {
		l.send()
		l.run()
	})
	return l, nil
}

// inviteOf builds the INVITE to a registered contact, through its Path (RFC 3327).
func (u *UA) inviteOf(l *Leg, b Binding, d Dialing) (*msg.Request, error) {
	target, routes, err := b.way()
	if err != nil {
		return nil, err
	}
	l.dlg = dialog{
		id:        dialogID{callID: l.id, localTag: l.id},
		local:     msg.Uri{Scheme: "sip", User: d.Caller, Host: u.cfg.Domain},
		localName: d.Name,
		remote:    msg.Uri{Scheme: "sip", User: b.User, Host: u.cfg.Domain},
		target:    target,
		routes:    routes,
	}
	if _, err := l.oa.offer(false); err != nil {
		return nil, err
	}
	if l.extra, err = u.extraFields(d.Headers); err != nil {
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
	for _, h := range l.extra {
		req.AppendHeader(msg.HeaderClone(h))
	}
	l.propose(req)
	if l.out != nil {
		l.out.complete(req)
	}
	l.ua.prepare(req, l.flow, l.id)
	return req
}

func newClientInvite(req *msg.Request) clientInvite {
	return clientInvite{req: req, acks: make(map[string]*msg.Request), early: make(map[string]*offerAnswer), pending: true}
}

// send starts the INVITE. sipgo's Timer B knows nothing of our T1.
func (l *Leg) send() {
	l.timers.arm(sigGiveUp, l.patience())
	req, u, outside, post := l.sent.req, l.ua, l.out != nil, l.poster()
	tx, err := l.ua.send(req, l.flow, func(res *msg.Response, err error) {
		s := signal{kind: sigFailed, req: req, res: res, err: err}
		switch {
		case err != nil:
		case res.IsProvisional():
			s.kind = sigProvisional
		case res.IsSuccess():
			s.kind = sigAccepted
		}
		if !post(s) && outside {
			u.tidy(req, res)
		}
	})
	if err != nil {
		if l.out != nil && l.elsewhere(signal{err: err}) {
			return
		}
		l.state = legDead
		l.end(Ended{Cause: EndGone, Reason: err.Error()})
		return
	}
	l.sent.tx = tx
}

func (l *Leg) provisional(s signal) {
	l.state = legProceeding
	l.timers.stop(sigGiveUp)
	if to := tag(s.res.To().Params); to != "" {
		l.peer.Store(&dialogID{l.dlg.id.callID, l.id, to})
	}
	audio := l.hearEarly(s.res)
	if h := l.sent.hangup; h != nil { // wanted before CANCEL was allowed (RFC 3261 9.1)
		l.abandon(signal{hangup: *h})
		return
	}
	if s.res.StatusCode > 100 {
		l.reachedPhone()
		l.emit(Ringing{s.res.StatusCode, audio})
	}
}

// reachedPhone notes that the phone called outside rings or has answered.
func (l *Leg) reachedPhone() {
	if o := l.out; o != nil && !o.rang {
		o.rang = true
		l.ua.deps.Metrics.SIP.Rang(o.via.trunk.Name, time.Since(o.asked))
	}
}

// hearEarly keeps the answer of an early dialog: the 2xx may come without one.
// The audio of a leg to the outside begins with it: the network speaks.
func (l *Leg) hearEarly(res *msg.Response) (audio bool) {
	body, err := sdpBody(contentType(res), res.Body())
	if err != nil || body == nil || len(l.sent.early) >= maxForks {
		return false
	}
	early := l.oa.fork()
	change, err := early.takeEarly(body)
	if err != nil {
		l.log.Debug("answer of a provisional response not usable", "err", err)
		return false
	}
	l.sent.early[tag(res.To().Params)] = early
	if l.out == nil || l.sent.hangup != nil {
		return false
	}
	l.apply(mediaChange{media: change.media})
	return true
}

// accepted takes the first 2xx: ACK at once, then the answer.
func (l *Leg) accepted(s signal) {
	if l.sent.hangup != nil {
		l.acceptedTooLate(s)
		return
	}
	l.timers.stop(sigGiveUp)
	l.seizure(metrics.SeizureAnswered)
	change, err := l.establish(s.res)
	if err != nil {
		l.log.Warn("2xx not usable", "err", err)
		l.bye(`SIP;cause=488;text="Not Acceptable Here"`)
		l.end(Ended{Cause: EndMedia, Code: s.res.StatusCode, Reason: err.Error()})
		return
	}
	l.state = legUp
	l.reachedPhone()
	l.allow = hdr(s.res, "Allow", "")
	l.renewed(s.res)
	l.apply(change)
	l.up()
	l.unpark()
}

// establish enters the dialog of a 2xx and acknowledges it, whatever its body.
func (l *Leg) establish(res *msg.Response) (mediaChange, error) {
	l.sent.pending = false
	req := l.sent.req
	d, dialogErr := dialogOfResponse(req, res)
	if dialogErr != nil { // acknowledge it all the same, where the INVITE went
		d = l.dlg
		d.id.remoteTag = tag(res.To().Params)
	}
	l.dlg = d
	id := d.id
	l.peer.Store(&id)
	l.acknowledge(&l.dlg, res)
	if early := l.sent.early[l.dlg.id.remoteTag]; early != nil {
		l.oa = early
	}
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

// acknowledge sends the ACK of a 2xx of dialog d and keeps it for repetitions.
func (l *Leg) acknowledge(d *dialog, res *msg.Response) {
	ack := d.request(msg.ACK, res.CSeq().SeqNo)
	for _, name := range []string{"Authorization", "Proxy-Authorization"} { // RFC 3261 22.1
		msg.CopyHeaders(name, l.sent.req, ack)
	}
	l.ua.prepare(ack, l.flow, "")
	l.sent.acks[tag(res.To().Params)] = ack
	l.timers.arm(sigSettled, 64*l.ua.cfg.T1) // RFC 3261 13.2.2.4
	if err := l.ua.write(ack, l.flow); err != nil {
		l.log.Warn("ACK not sent", "err", err)
	}
}

// settled forgets our INVITE: neither a repeated 2xx nor one of another branch
// comes any more.
func (l *Leg) settled(signal) {
	if !l.sent.pending {
		l.sent = clientInvite{}
	}
}

// acceptedAgain repeats the ACK of a repeated 2xx, and ends the branch of
// another one: a fork answered too (RFC 3261 13.2.2.4).
func (l *Leg) acceptedAgain(s signal) {
	if l.sent.req == nil || s.res.CSeq().SeqNo != l.sent.req.CSeq().SeqNo || s.res.CallID().Value() != l.dlg.id.callID {
		return
	}
	ack, known := l.sent.acks[tag(s.res.To().Params)]
	if !known {
		l.endFork(s.res)
		return
	}
	l.ua.deps.Metrics.SIP.Retransmitted("ACK")
	if err := l.ua.write(ack.Clone(), l.flow); err != nil {
		l.log.Warn("ACK not repeated", "err", err)
	}
}

// endFork acknowledges and hangs up a branch that is not the call.
func (l *Leg) endFork(res *msg.Response) {
	d, err := dialogOfResponse(l.sent.req, res)
	if err != nil || len(l.sent.acks) >= maxForks {
		l.log.Warn("forked 2xx not usable", "err", err, "forks", len(l.sent.acks))
		return
	}
	l.acknowledge(&d, res)
	bye := d.request(msg.BYE, 0)
	l.ua.prepare(bye, l.flow, "")
	if _, err := l.ua.send(bye, l.flow, func(*msg.Response, error) {}); err != nil {
		l.log.Warn("BYE of a fork not sent", "err", err)
	}
}

func (l *Leg) failed(s signal) {
	if l.sent.hangup == nil && s.res != nil && s.res.StatusCode == 422 && l.raised(s.res) {
		return
	}
	if l.out != nil && l.sent.hangup == nil && l.elsewhere(s) {
		return
	}
	if l.proof != nil && l.sent.hangup == nil && l.proves(s.res) {
		return
	}
	l.sent.pending = false
	e := Ended{Cause: EndTimeout, Code: 408}
	switch {
	case s.res != nil:
		e = Ended{Cause: EndRejected, Code: s.res.StatusCode, Reason: safeText(s.res.Reason, maxHeaderText)}
	case !errors.Is(s.err, msg.ErrTransactionTimeout):
		e = Ended{Cause: EndGone, Reason: s.err.Error()}
	}
	l.state = legDead
	l.end(e)
}

// neverAnswered ends a leg whose INVITE got no response at all.
func (l *Leg) neverAnswered(signal) {
	if l.out != nil && l.sent.hangup == nil && l.elsewhere(signal{err: msg.ErrTransactionTimeout}) {
		return
	}
	l.state = legDead
	l.end(Ended{Cause: EndTimeout, Code: 408})
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
	l.sent = newClientInvite(l.initialInvite())
	l.send()
	return true
}

// abandonSoon remembers a hang-up until CANCEL is allowed, or an answer comes. The
// leg is over for its owner.
func (l *Leg) abandonSoon(s signal) {
	if l.sent.hangup == nil {
		l.sent.hangup = &s.hangup
		l.end(Ended{Cause: s.hangup.Cause})
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
	if _, err := l.ua.send(c, l.flow, func(*msg.Response, error) {}); err != nil {
		l.log.Warn("CANCEL not sent", "err", err)
	}
	l.state = legCancelling
	l.timers.arm(sigGiveUp, 64*l.ua.cfg.T1) // RFC 3261 9.1
	l.end(Ended{Cause: s.hangup.Cause})
}

// acceptedTooLate hangs up a phone that was picked up when its leg was over.
func (l *Leg) acceptedTooLate(s signal) {
	if _, err := l.establish(s.res); err != nil {
		l.log.Debug("2xx after the end", "err", err)
	}
	l.bye(l.sent.hangup.Reason)
}

func (l *Leg) finished(signal) { l.state = legDead }

// hangup ends an answered leg with BYE, after what is still to be said about a
// transfer.
func (l *Leg) hangup(s signal) {
	cause := s.hangup.Cause
	if cause == "" {
		cause = EndLocal
	}
	if l.last > 0 {
		l.partWith(s.hangup)
	} else {
		l.bye(s.hangup.Reason)
	}
	l.end(Ended{Cause: cause})
}

// bye sends BYE and waits for its answer in state ending. reason is a Reason
// header field or empty.
func (l *Leg) bye(reason string) {
	l.timers.stopAll()
	l.state = legEnding
	l.past.Store(true)
	l.refuseParked()
	l.timers.arm(sigGiveUp, 64*l.ua.cfg.T1)
	req := l.dlg.request(msg.BYE, 0)
	if reason != "" {
		req.AppendHeader(msg.NewHeader("Reason", reason))
	}
	l.ask(req, sigByeDone, "")
}
