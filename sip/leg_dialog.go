package sip

import (
	"net/netip"
	"strings"
	"time"

	msg "github.com/emiago/sipgo/sip"

	"shouwen/sip/media"
)

// parkTime is how long a re-INVITE waits for the ACK that should have come
// before it: sipgo hands both over on goroutines of their own.
const parkTime = 500 * time.Millisecond

// newOfferAnswer is the offer/answer exchange of leg l.
func (u *UA) newOfferAnswer(l *Leg) *offerAnswer {
	return newOfferAnswer(netip.AddrPortFrom(u.cfg.MediaAddr, l.media.Port()), []media.Codec{media.PCMA, media.PCMU}, u.sessionIDs.Add(1))
}

// apply puts a finished offer/answer round into force.
func (l *Leg) apply(c mediaChange) {
	n := c.media
	n.SignalAddr, n.NAT = l.flow.remote.Addr(), l.nat
	l.media.Apply(n)
	switch {
	case c.held:
		l.emit(Held{})
	case c.resumed:
		l.emit(Resumed{})
	}
}

// byeReceived: the far end hung up.
func (l *Leg) byeReceived(s signal) {
	if !l.inOrder(s) {
		return
	}
	l.ua.respond(s.tx, s.req, l.reply(s.req, 200, "OK", nil))
	l.end(Ended{Cause: EndHangup, Reason: firstHdr(s.req, "Reason", "")})
	l.state = legDead
}

// byeCrossed: both sides hung up at once; ours still waits for its answer, which
// may never come.
func (l *Leg) byeCrossed(s signal) {
	l.ua.respond(s.tx, s.req, l.reply(s.req, 200, "OK", nil))
	l.state = legDead
}

// inOrder refuses a request of another dialog or an old one (RFC 3261 12.2.2).
func (l *Leg) inOrder(s signal) bool {
	if s.req.CallID().Value() != l.dlg.id.callID || tag(s.req.From().Params) != l.dlg.id.remoteTag {
		l.ua.refuse(s.tx, s.req, 481, "Call/Transaction Does Not Exist")
		return false
	}
	if err := l.dlg.accept(s.req); err != nil {
		l.ua.refuse(s.tx, s.req, 500, "CSeq Out Of Order")
		return false
	}
	return true
}

// park keeps a re-INVITE until the ACK of our last 2xx is there.
func (l *Leg) park(s signal) {
	if l.parked != nil {
		l.refuseOffer(s, 491)
		return
	}
	l.parked = &s
	l.timers.arm(sigParked, parkTime)
}

// unpark serves the parked re-INVITE, or refuses it if the ACK never came.
func (l *Leg) unpark(signal) {
	s := l.parked
	if s == nil {
		return
	}
	l.parked = nil
	l.timers.stop(sigParked)
	if l.invite.res != nil {
		l.refuseOffer(*s, 491)
		return
	}
	l.reinvite(*s)
}

// reinvite answers an INVITE inside the dialog: hold, resume, another address or
// codec, a session refresh, or with no body the question for our offer.
func (l *Leg) reinvite(s signal) {
	switch {
	case l.sent.pending:
		l.refuseOffer(s, 491) // RFC 3261 14.2: glare
		return
	case l.invite.res != nil:
		l.park(s)
		return
	case !l.inOrder(s):
		return
	}
	if !l.renew(s) {
		return
	}
	l.invite = serverInvite{req: s.req, tx: s.tx, seq: s.req.CSeq().SeqNo}
	if err := l.takeOffer(s.req); err != nil {
		l.refuseOffer(s, offerStatus(err))
		return
	}
	body, change, err := l.describe()
	if err != nil {
		l.refuseOffer(s, 500)
		return
	}
	if !l.accept(body) {
		return
	}
	l.dlg.refreshTarget(s.req)
	l.restart()
	if !l.invite.offered {
		l.apply(change)
	}
}

// refuseOffer answers an INVITE or UPDATE that cannot be served now.
func (l *Leg) refuseOffer(s signal, code int) {
	res := l.reply(s.req, code, statusText(code), nil)
	if code == 500 {
		res.AppendHeader(msg.NewHeader("Retry-After", "2"))
	}
	l.ua.respond(s.tx, s.req, res)
}

// update answers UPDATE (RFC 3311): with an offer like a re-INVITE, without one
// a session refresh.
func (l *Leg) update(s signal) {
	if !l.inOrder(s) {
		return
	}
	if !l.renew(s) {
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
	l.dlg.refreshTarget(s.req)
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
		l.digit(Digit{Key: key, Info: true})
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

// pressed takes a key told by RTP events.
func (l *Leg) pressed(s signal) { l.digit(Digit{Key: s.key}) }

func (l *Leg) digit(d Digit) {
	if l.digits.fresh(d, time.Now()) {
		l.emit(d)
	}
}

// digitFilter drops the second of two reports of one key press: some phones send
// both INFO and RTP events.
type digitFilter struct {
	last Digit
	at   time.Time
}

func (f *digitFilter) fresh(d Digit, now time.Time) bool {
	twice := d.Key == f.last.Key && d.Info != f.last.Info && now.Sub(f.at) < 300*time.Millisecond
	f.last, f.at = d, now
	if twice {
		f.last.Key = 0 // a third report is a new press
	}
	return !twice
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
		l.ua.refuse(s.tx, s.req, 481, "Call/Transaction Does Not Exist")
	default:
		res := l.reply(s.req, 405, "Method Not Allowed", nil)
		res.AppendHeader(msg.NewHeader("Allow", allow))
		l.ua.respond(s.tx, s.req, res)
	}
}

// statusText is the reason phrase of the statuses this package decides on.
func statusText(code int) string {
	if t, ok := map[int]string{
		400: "Bad Request", 415: "Unsupported Media Type", 422: "Session Interval Too Small", 482: "Loop Detected",
		487: "Request Terminated", 488: "Not Acceptable Here", 491: "Request Pending", 500: "Server Internal Error",
		503: "Service Unavailable",
	}[code]; ok {
		return t
	}
	return "Error"
}
