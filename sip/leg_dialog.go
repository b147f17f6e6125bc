package sip

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"time"

	msg "github.com/emiago/sipgo/sip"

	"shouwen/sip/media"
)

const (
	parkTime     = 500 * time.Millisecond // see park
	overtakeTime = 100 * time.Millisecond // what a request sent before a BYE may come after it
	maxParked    = 4
)

// newOfferAnswer is the offer/answer exchange of leg l.
func (u *UA) newOfferAnswer(l *Leg) *offerAnswer {
	oa := newOfferAnswer(netip.AddrPortFrom(u.cfg.MediaAddr, l.media.Port()), []media.Codec{media.PCMA, media.PCMU}, u.sessionIDs.Add(1))
	oa.srtp = l.security.over(l.flow.network)
	return oa
}

// apply puts a finished offer/answer round into force.
func (l *Leg) apply(c mediaChange) {
	n := c.media
	n.SignalAddr, n.NAT = l.flow.remote.Addr(), l.nat
	l.media.Apply(n)
	switch {
	case c.held:
		l.held = true
		l.emit(Held{})
	case c.resumed:
		l.held = false
		l.emit(Resumed{})
	}
}

// byeReceived: the far end hung up.
func (l *Leg) byeReceived(s signal) {
	overtakes := l.dlg.heard && s.req.CSeq().SeqNo > l.dlg.remoteSeq+1
	if !l.inOrder(s) {
		return
	}
	if overtakes && !s.ordered || l.undecided() { // phones hang up right behind their REFER
		s.ordered = true
		time.AfterFunc(overtakeTime, func() {
			if !l.box.put(s) {
				l.ua.refuse(s.tx, s.req, 481, statusText(481))
			}
		})
		return
	}
	l.ua.respond(s.tx, s.req, l.reply(s.req, 200, "OK", nil))
	l.state = legDead
	l.end(Ended{Cause: EndHangup, Reason: reasonText(s.req)})
}

// reasonText is what a Reason header field says, fit to show: the first element
// that can be read.
func reasonText(req *msg.Request) string {
	for _, r := range parseReasons(hdr(req, "Reason", "")) {
		return strings.TrimSpace(fmt.Sprintf("%s %d %s", r.protocol, r.cause, r.text))
	}
	return ""
}

// byeCrossed: both sides hung up at once; ours still waits for its answer, which
// may never come.
func (l *Leg) byeCrossed(s signal) {
	if !l.inOrder(s) {
		return
	}
	l.ua.respond(s.tx, s.req, l.reply(s.req, 200, "OK", nil))
	l.state = legDead
}

// inOrder refuses a request of another dialog or an old one (RFC 3261 12.2.2).
func (l *Leg) inOrder(s signal) bool {
	if s.ordered {
		return true
	}
	if !l.dlg.has(s.req) {
		l.ua.refuse(s.tx, s.req, 481, statusText(481))
		return false
	}
	if err := l.dlg.accept(s.req, time.Now()); err != nil {
		l.ua.refuse(s.tx, s.req, 500, "CSeq Out Of Order")
		return false
	}
	return true
}

// park keeps a request until what should have come before it is there, the 2xx of
// our INVITE or the ACK of our 2xx: sipgo hands them over on goroutines of their own.
func (l *Leg) park(s signal) {
	if len(l.parked) == maxParked {
		l.refuseOffer(s, 500)
		return
	}
	if s.kind == sigInvite {
		l.trying(s.tx, s.req)
	}
	l.parked = append(l.parked, s)
	l.timers.arm(sigParked, parkTime)
}

// unpark serves the parked requests.
func (l *Leg) unpark() {
	l.timers.stop(sigParked)
	waiting := l.parked
	l.parked = nil
	for _, s := range waiting {
		l.act(s)
	}
}

func (l *Leg) parkedTooLong(signal) { l.refuseParked() }

// over says whether nothing can become of a parked request any more.
func (l *Leg) over() bool { return l.state == legEnding || l.state == legDead }

// refuseParked answers the parked requests when what they wait for does not come.
func (l *Leg) refuseParked() {
	for _, s := range l.parked {
		code := 481
		switch {
		case l.over() && s.kind == sigInvite:
			code = 487 // RFC 3261 15.1.2
		case !l.over() && (s.kind == sigInvite || s.kind == sigUpdate || s.kind == sigRefer):
			code = 491
		}
		l.refuseOffer(s, code)
	}
	l.parked = nil
}

// reinvite answers an INVITE inside the dialog: hold, resume, another address or
// codec, a session refresh, or with no body the question for our offer.
func (l *Leg) reinvite(s signal) {
	switch {
	case !l.inOrder(s):
		return
	case isCanceled(s.tx):
		return // and has its 487
	case l.exposed(s.req):
		l.refuseSession(s, tlsRequired)
		return
	case l.sent.pending:
		l.refuseOffer(s, 491) // RFC 3261 14.2: glare
		return
	case l.invite.res != nil && len(l.parked) > 0:
		l.refuseOffer(s, 500)
		return
	case l.invite.res != nil:
		s.ordered = true
		l.park(s)
		return
	}
	session, refused := sessionOf(s.req)
	if refused.code != 0 {
		l.refuseSession(s, refused)
		return
	}
	before, sessionBefore := l.oa.fork(), l.session
	l.invite = serverInvite{req: s.req, tx: s.tx, seq: s.req.CSeq().SeqNo}
	if err := l.takeOffer(s.req); err != nil {
		l.refuseOffer(s, offerStatus(err))
		return
	}
	body, change, err := l.describe()
	if err != nil {
		l.oa = before
		l.refuseOffer(s, 500)
		return
	}
	l.session = session
	if !l.accept(body) {
		l.oa, l.session = before, sessionBefore
		return
	}
	l.retarget(s.req)
	l.restart()
	if !l.invite.offered {
		l.apply(change)
	}
}

// exposed reports whether a peer that may have SRTP keys from us moves where they
// could be read.
func (l *Leg) exposed(req *msg.Request) bool {
	return l.oa.srtp != SRTPOff && l.security.over(network(req)) == SRTPOff
}

// retarget follows a peer that has moved: to its Contact, and to where its
// request came from (RFC 3261 12.2.2).
func (l *Leg) retarget(req *msg.Request) {
	l.dlg.refreshTarget(req)
	now := flow{network(req), l.ua.listener(req), l.ua.source(req)}
	l.moveTo(now)
}

func (l *Leg) moveTo(now flow) {
	if now == l.flow {
		return
	}
	l.ua.transport.allow(now.remote)
	l.ua.transport.forget(l.flow.remote)
	l.flow = now
}

// refuseOffer answers an INVITE or UPDATE that cannot be served now.
func (l *Leg) refuseOffer(s signal, code int) {
	if s.kind == sigInvite && isCanceled(s.tx) {
		return // and has its 487
	}
	res := l.reply(s.req, code, statusText(code), nil)
	if code == 500 { // RFC 3261 14.2: any time up to ten seconds
		res.AppendHeader(msg.NewHeader("Retry-After", strconv.Itoa(rand.IntN(11))))
	}
	l.ua.respond(s.tx, s.req, res)
}

// update answers UPDATE (RFC 3311): with an offer like a re-INVITE, without one
// a session refresh.
func (l *Leg) update(s signal) {
	if !l.inOrder(s) {
		return
	}
	session, refused := sessionOf(s.req)
	if l.exposed(s.req) {
		refused = tlsRequired
	}
	if refused.code != 0 {
		l.refuseSession(s, refused)
		return
	}
	offer, err := sdpBody(contentType(s.req), s.req.Body())
	var answer []byte
	var change mediaChange
	if err == nil && offer != nil {
		if err = l.oa.takeOffer(offer); err == nil {
			answer, change, err = l.oa.answer()
		}
	}
	if err != nil {
		l.refuseOffer(s, offerStatus(err))
		return
	}
	l.session = session
	l.retarget(s.req)
	res := l.reply(s.req, 200, "OK", answer)
	l.grant(res)
	l.ua.respond(s.tx, s.req, res)
	l.restart()
	if offer != nil {
		l.apply(change)
	}
}

// info takes key presses in both bodies phones use; other INFO is acknowledged
// and ignored, as its senders expect (RFC 6086 keeps the old use legal).
func (l *Leg) info(s signal) {
	if !l.inOrder(s) {
		return
	}
	key, ok := infoKey(contentType(s.req), s.req.Body())
	switch {
	case ok:
		l.ua.respond(s.tx, s.req, l.reply(s.req, 200, "OK", nil))
		l.digit(Digit{Key: key, By: ByInfo})
	case len(s.req.Body()) == 0:
		l.ua.respond(s.tx, s.req, l.reply(s.req, 200, "OK", nil))
	default:
		res := l.reply(s.req, 415, "Unsupported Media Type", nil)
		res.AppendHeader(msg.NewHeader("Accept", "application/dtmf-relay, application/dtmf"))
		l.ua.respond(s.tx, s.req, res)
	}
}

// infoKey reads application/dtmf-relay ("Signal=5") and application/dtmf ("5").
func infoKey(contentType string, body []byte) (byte, bool) {
	text := strings.TrimSpace(string(body))
	switch kind, _, _ := strings.Cut(strings.ToLower(contentType), ";"); strings.TrimSpace(kind) {
	case "application/dtmf":
	case "application/dtmf-relay":
		found := false
		for line := range strings.Lines(text) {
			name, value, ok := strings.Cut(line, "=")
			if ok && strings.EqualFold(strings.TrimSpace(name), "signal") {
				text, found = strings.TrimSpace(value), true
			}
		}
		if !found {
			return 0, false
		}
	default:
		return 0, false
	}
	switch text { // some phones send event numbers
	case "10":
		text = "*"
	case "11":
		text = "#"
	}
	if len(text) != 1 || !strings.Contains("0123456789*#ABCD", strings.ToUpper(text)) {
		return 0, false
	}
	return strings.ToUpper(text)[0], true
}

// other answers the requests a dialog of ours has no use for.
func (l *Leg) other(s signal) {
	if !l.inOrder(s) {
		return
	}
	switch s.req.Method {
	case msg.OPTIONS:
		res := l.reply(s.req, 200, "OK", nil)
		res.AppendHeader(msg.NewHeader("Allow", allow))
		l.ua.respond(s.tx, s.req, res)
	case msg.PRACK: // we never send reliable provisional responses
		l.ua.refuse(s.tx, s.req, 481, statusText(481))
	default:
		res := l.reply(s.req, 405, "Method Not Allowed", nil)
		res.AppendHeader(msg.NewHeader("Allow", allow))
		l.ua.respond(s.tx, s.req, res)
	}
}

// statusText is the reason phrase of the statuses this package decides on.
func statusText(code int) string {
	if t, ok := map[int]string{
		400: "Bad Request", 403: "Forbidden", 415: "Unsupported Media Type", 422: "Session Interval Too Small",
		480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 482: "Loop Detected",
		486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here", 491: "Request Pending", 500: "Server Internal Error",
		503: "Service Unavailable",
	}[code]; ok {
		return t
	}
	return "Error"
}
