package sip

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	msg "github.com/emiago/sipgo/sip"

	"shouwen/metrics"
	"shouwen/sip/media"
)

// propose puts the session timer of our INVITE or UPDATE into it.
func (l *Leg) propose(req *msg.Request) {
	req.AppendHeader(msg.NewHeader("Supported", dialogSupported))
	if v := l.session.requestValue(); v != "" {
		req.AppendHeader(msg.NewHeader("Session-Expires", v))
		req.AppendHeader(msg.NewHeader("Min-SE", l.session.minSEValue()))
	}
}

// grant puts the session timer into our 2xx.
func (l *Leg) grant(res *msg.Response) {
	if v := l.session.responseValue(); v != "" {
		res.AppendHeader(msg.NewHeader("Session-Expires", v))
		if l.session.needsRequire() {
			res.AppendHeader(msg.NewHeader("Require", "timer"))
		}
	}
}

// restart counts the session timer from a 2xx on, sent or received just now.
func (l *Leg) restart() {
	l.timers.stop(sigRefresh)
	l.timers.stop(sigExpired)
	if d := l.session.refreshAfter(); d > 0 {
		l.timers.arm(sigRefresh, l.ua.cfg.clock(d))
	}
	if d := l.session.expireAfter(); d > 0 {
		l.timers.arm(sigExpired, l.ua.cfg.clock(d))
	}
}

// refuseSession answers a re-INVITE or UPDATE whose session timer or transport is
// not acceptable.
func (l *Leg) refuseSession(s signal, r refusal) {
	if r.reason == "" {
		r.reason = statusText(r.code)
	}
	res := l.reply(s.req, r.code, r.reason, nil)
	r.complete(res)
	l.ua.respond(s.tx, s.req, res)
}

// sessionOf is the session timer for the 2xx to req, or why to refuse req.
func sessionOf(req *msg.Request) (sessionTimer, refusal) {
	terms, err := sessionTermsOf(req)
	if err != nil {
		return sessionTimer{}, refusal{code: 400}
	}
	s, code := terms.answer()
	if code != 0 {
		return s, refusal{code: code, minSE: s.minSEValue()}
	}
	return s, refusal{}
}

// refresh renews the session: by UPDATE without a body if the peer takes it,
// else by a re-INVITE that offers again what is in force.
func (l *Leg) refresh(signal) {
	method, done := msg.RequestMethod(refreshMethod(l.allow)), sigUpdateDone
	if l.sent.pending || l.invite.res != nil { // one INVITE at a time, RFC 3261 14.1
		l.timers.arm(sigRetryOffer, l.ua.cfg.clock(time.Second))
		return
	}
	req := l.dlg.request(method, 0)
	if method == msg.INVITE {
		body, err := l.oa.refresh()
		if err != nil {
			l.log.Error("no session description", "err", err)
			return
		}
		done = sigReinviteDone
		req.SetBody(body)
		req.AppendHeader(msg.NewHeader("Content-Type", "application/sdp"))
		req.AppendHeader(msg.NewHeader("Allow", allow))
		l.sent = newClientInvite(req)
	}
	l.propose(req)
	tx := l.ask(req, done, l.id)
	if method == msg.INVITE {
		l.sent.tx = tx
	}
}

func (l *Leg) updateDone(s signal) {
	if s.res != nil && s.res.IsSuccess() {
		l.dlg.refreshTarget(s.res)
		l.renewed(s.res)
		return
	}
	l.notRenewed(s)
}

// reinviteDone acknowledges the 2xx of our re-INVITE and takes its answer.
func (l *Leg) reinviteDone(s signal) {
	if s.res == nil || !s.res.IsSuccess() {
		l.sent.pending = false
		l.oa.rollback()
		l.notRenewed(s)
		return
	}
	if !l.sent.pending {
		l.acceptedAgain(s)
		return
	}
	l.sent.pending = false
	l.dlg.refreshTarget(s.res)
	l.acknowledge(&l.dlg, s.res)
	body, err := sdpBody(contentType(s.res), s.res.Body())
	var change mediaChange
	if err == nil {
		change, err = l.oa.takeAnswer(body)
	}
	if err != nil {
		l.log.Warn("answer to re-INVITE not usable", "err", err)
		l.bye(`SIP;cause=488;text="Not Acceptable Here"`)
		l.end(Ended{Cause: EndMedia, Code: 488})
		return
	}
	l.apply(change)
	l.renewed(s.res)
}

// reinviteDoneTooLate acknowledges a 2xx that came after our BYE.
func (l *Leg) reinviteDoneTooLate(s signal) {
	l.sent.pending = false
	if s.res != nil && s.res.IsSuccess() {
		l.acknowledge(&l.dlg, s.res)
	}
}

func (l *Leg) renewed(res *msg.Response) {
	if terms, err := sessionTermsOf(res); err == nil {
		l.session = l.session.agree(terms)
	}
	l.restart()
}

// notRenewed decides what a refused refresh means (RFC 3261 12.2.1.2, 14.1; RFC
// 4028 7.3). The call goes on until the session timer ends it, unless the peer
// does not know the call any more.
func (l *Leg) notRenewed(s signal) {
	switch {
	case s.res == nil || s.res.StatusCode == 408 || s.res.StatusCode == 481:
		l.lost("session refresh", s)
	case s.res.StatusCode == 491: // who made the Call-ID waits longer
		wait := 2100 + rand.IntN(1900)
		if l.user == "" && l.out == nil && l.proof == nil {
			wait = rand.IntN(2000)
		}
		l.timers.arm(sigRetryOffer, l.ua.cfg.clock(time.Duration(wait)*time.Millisecond))
	case s.res.StatusCode == 422:
		terms, err := sessionTermsOf(s.res)
		if raised, ok := l.session.raise(terms); err == nil && ok {
			l.session = raised
			l.refresh(signal{})
		}
	default:
		l.log.Warn("session refresh refused", "code", s.res.StatusCode)
	}
}

// expired ends a call whose session was not refreshed (RFC 4028 10). When the
// machine stood still and our refresh is as late as this, it gets the rest of the time.
func (l *Leg) expired(signal) {
	if l.timers.armed(sigRefresh) {
		l.timers.stop(sigRefresh)
		l.timers.arm(sigExpired, l.ua.cfg.clock(l.session.interval-l.session.expireAfter()))
		l.refresh(signal{})
		return
	}
	l.bye(`SIP;cause=408;text="Session expired"`)
	l.end(Ended{Cause: EndExpired})
}

// probe asks by OPTIONS inside the dialog; who does not know the dialog, or does
// not answer, is gone (RFC 3261 12.2.1.2).
func (l *Leg) probe(signal) {
	if l.timers.armed(sigProbeLate) {
		return
	}
	l.timers.arm(sigProbeLate, 8*l.ua.cfg.T1)
	l.ask(l.dlg.request(msg.OPTIONS, 0), sigProbeDone, "")
}

func (l *Leg) probeDone(s signal) {
	l.timers.stop(sigProbeLate)
	if s.res == nil || s.res.StatusCode == 408 || s.res.StatusCode == 481 {
		l.lost("OPTIONS", s)
	}
}

func (l *Leg) probeLate(s signal) { l.lost("OPTIONS", s) }

// lost ends a leg whose peer is gone: a BYE goes out in case it is not.
func (l *Leg) lost(what string, s signal) {
	reason := what + " not answered"
	switch {
	case s.res != nil:
		reason = what + ": " + safeText(s.res.Reason, maxHeaderText)
	case s.err != nil && !errors.Is(s.err, msg.ErrTransactionTimeout):
		reason = what + ": " + s.err.Error()
	}
	l.bye("")
	l.end(Ended{Cause: EndGone, Reason: reason})
}

// ask sends a request of the dialog; its final response, or the lack of one,
// comes back as signal done. contact is our Contact user, or empty for none.
func (l *Leg) ask(req *msg.Request, done signalKind, contact string) *msg.ClientTx {
	l.ua.prepare(req, l.flow, contact)
	return l.transact(req, done, 0)
}

// transact is ask with a complete request, for which so many challenges were
// answered.
func (l *Leg) transact(req *msg.Request, done signalKind, tries int) *msg.ClientTx {
	tx, err := l.ua.send(req, l.flow, func(res *msg.Response, err error) {
		switch {
		case res == nil || !res.IsProvisional() && (l.out == nil || !challenges(res, tries)):
			l.box.put(signal{kind: done, res: res, err: err})
		case !res.IsProvisional():
			l.box.put(signal{kind: sigChallenged, req: req, res: res, done: done, tries: tries})
		}
	})
	if err != nil {
		l.box.put(signal{kind: done, err: err})
	}
	return tx
}

// refusal is why a request is not served, as it is answered; code 0: it is.
type refusal struct {
	code   int
	reason string // phrase; empty: the usual one
	minSE  string // of a 422
}

// complete adds the header fields a refusal owes.
func (r refusal) complete(res *msg.Response) {
	if r.minSE != "" {
		res.AppendHeader(msg.NewHeader("Min-SE", r.minSE))
	}
	if r.code == 415 {
		res.AppendHeader(msg.NewHeader("Accept", "application/sdp"))
	}
}

// Kind is whose audio the leg carries, as metrics count it.
func (l *Leg) Kind() metrics.LegKind {
	switch {
	case l.out != nil:
		return metrics.TrunkLeg
	case l.user != "", l.proof != nil:
		return metrics.AgentLeg
	}
	return metrics.CallerLeg
}

// audio is what the audio of a leg did up to the last report. Safe from any goroutine.
type audio struct {
	mu       sync.Mutex // guards the following
	reported media.Stats
}

// reportAudio counts what the leg's audio did since the last report.
func (l *Leg) reportAudio() {
	l.audio.mu.Lock()
	defer l.audio.mu.Unlock()
	now := l.media.Stats()
	d := now.Since(l.audio.reported)
	l.audio.reported, l.audio.reported.Lost = now, max(now.Lost, l.audio.reported.Lost) // a late packet may make up for a loss
	l.ua.deps.Metrics.RTP.Heard(l.Kind(), metrics.Audio{Packets: d.PacketsIn, Lost: d.Lost, Late: d.Late, Duplicate: d.Duplicate, Rejected: d.Rejected, Forged: d.Forged})
}

// rateAudio observes how good the leg's audio was, at its end.
func (l *Leg) rateAudio() {
	l.reportAudio()
	kind, s, rtp := l.Kind(), l.media.Stats(), l.ua.deps.Metrics.RTP
	switch {
	case s.PacketsIn > 0:
		rtp.Ended(kind, s.LossRatio(), s.Jitter, s.RoundTrip)
	case l.answered:
		rtp.Silent(kind)
	}
	if !l.answered {
		return
	}
	if mos, why := s.MOS(); why == media.Scored {
		rtp.Scored(kind, s.Codec.String(), mos)
	} else {
		rtp.Unscored(string(why))
	}
}
