package sip

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	msg "github.com/emiago/sipgo/sip"
)

// Referral is a wish of the far end of a leg to pass on who it speaks with
// (REFER, RFC 3515). It is ours to fulfil and never forwarded. Who gets it must
// Refuse it within three seconds; or Accept it, tell by Progress, if at all, how
// it stands, and by Done, once, how it ended. What comes after the leg's end is not told any more.
// Methods are safe from any goroutine.
type Referral struct {
	To       string    // user part of Refer-To: an extension or a number
	Replaces *Replaces // the phone has called the target itself, and this is that call; nil: it has not

	leg   *Leg
	tx    *msg.ServerTx
	req   *msg.Request
	quiet bool // the far end wants to hear nothing of it (RFC 4488)

	// Owned by the leg.
	answered bool
	next     int // status not told yet; 0: none
	told     int // last status told
	busy     bool
}

// Refuse answers REFER with a status from 400 on.
func (r *Referral) Refuse(code int) { r.put(code) }

// Accept answers REFER with 202, and 100 is told about the call to the target.
func (r *Referral) Accept() { r.put(202) }

// Progress tells a provisional status of the call to the target.
func (r *Referral) Progress(code int) { r.put(code) }

// Done tells its final status. A Hangup of the leg waits until the far end knows
// it, at most a second.
func (r *Referral) Done(code int) { r.put(code) }

func (r *Referral) put(code int) {
	r.leg.box.put(signal{kind: sigNews, referral: r, code: code})
}

// maxReferrals is how many of one leg may be open; the next is refused.
const maxReferrals = 4

// referTime is how long a REFER may go without a decision.
const referTime = 3 * time.Second

// partTime is how long a BYE waits for the answer to the last NOTIFY.
const partTime = time.Second

// referred reads a REFER and hands it to the leg's owner. Only phones of ours may
// pass callers on.
func (l *Leg) referred(s signal) {
	if !l.inOrder(s) {
		return
	}
	r, code := l.ua.readReferral(s.req)
	switch {
	case l.in.Account == "" && l.user == "":
		code = 403
	case code == 0 && len(l.referrals) == maxReferrals:
		code = 491
	}
	if code != 0 {
		l.log.Info("REFER refused", "code", code)
		l.ua.respond(s.tx, s.req, l.reply(s.req, code, statusText(code), nil))
		return
	}
	r.leg, r.tx, r.req = l, s.tx, s.req
	l.referrals = append(l.referrals, r)
	l.timers.arm(sigReferLate, referTime)
	l.emit(Referred{r})
}

// undecided tells whether somebody has still to say what becomes of a REFER. It ends
// by itself, see referTime.
func (l *Leg) undecided() bool {
	return slices.ContainsFunc(l.referrals, func(r *Referral) bool { return !r.answered })
}

// referLate refuses what nobody has decided: whoever was to is gone.
func (l *Leg) referLate(signal) {
	for _, r := range slices.Clone(l.referrals) {
		if !r.answered {
			l.forget(r)
		}
	}
}

// readReferral returns what a REFER asks for, or the status to refuse it with.
func (u *UA) readReferral(req *msg.Request) (*Referral, int) {
	targets := hdr(req, "Refer-To", "r")
	if len(targets) != 1 {
		return nil, 400
	}
	to, err := parseReferTo(targets[0])
	switch {
	case err != nil:
		return nil, 400
	case to.uri.scheme != "sip" && to.uri.scheme != "sips" && to.uri.scheme != "tel":
		return nil, 416
	case to.uri.scheme != "tel" && !u.own(to.uri.host):
		return nil, 403
	case to.uri.user == "" && to.replaces == nil:
		return nil, 400
	}
	return &Referral{
		To: safeText(to.uri.user, maxHeaderText), Replaces: to.replaces,
		quiet: strings.EqualFold(firstHdr(req, "Refer-Sub", ""), "false"),
	}, 0
}

// own says whether a URI's host is us.
func (u *UA) own(host string) bool {
	if strings.EqualFold(host, u.cfg.Domain) {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && u.transport.owns(a.Unmap())
}

// news answers a REFER, or tells what became of it.
func (l *Leg) news(s signal) {
	r := s.referral
	switch {
	case !slices.Contains(l.referrals, r):
		return
	case r.answered && s.code == r.told: // it knows
		return
	case r.answered:
		r.next = s.code
		if s.code >= 200 && !r.quiet {
			l.last++
		}
	default:
		r.answered = true
		res := l.reply(r.req, s.code, referText(s.code), nil)
		if r.quiet && s.code < 300 {
			res.AppendHeader(msg.NewHeader("Refer-Sub", "false"))
		}
		l.ua.respond(r.tx, r.req, res)
		if s.code >= 300 {
			l.forget(r)
			return
		}
		r.next = 100
	}
	if r.quiet {
		if r.next >= 200 {
			l.forget(r)
		}
		return
	}
	l.notify(r)
}

// notify sends what r is to be told next, one NOTIFY at a time: they must not
// overtake each other.
func (l *Leg) notify(r *Referral) {
	if r.busy || r.next == 0 {
		return
	}
	r.told, r.next, r.busy = r.next, 0, true
	req := l.dlg.request(msg.NOTIFY, 0)
	state := "active;expires=60"
	if r.told >= 200 {
		state = "terminated;reason=noresource"
	}
	for _, h := range [][2]string{
		{"Event", fmt.Sprintf("refer;id=%d", r.req.CSeq().SeqNo)}, {"Subscription-State", state},
		{"Content-Type", "message/sipfrag;version=2.0"},
	} {
		req.AppendHeader(msg.NewHeader(h[0], h[1]))
	}
	req.SetBody(fmt.Appendf(nil, "SIP/2.0 %d %s\r\n", r.told, referText(r.told)))
	l.ua.prepare(req, l.flow, l.id)
	_, err := l.ua.send(req, l.flow, func(res *msg.Response, err error) {
		if res == nil || !res.IsProvisional() {
			l.box.put(signal{kind: sigNotifyDone, res: res, err: err, referral: r})
		}
	})
	if err != nil {
		l.box.put(signal{kind: sigNotifyDone, err: err, referral: r})
	}
}

// notifyDone goes on with what is to be told next; after the last the leg may be
// hung up.
func (l *Leg) notifyDone(s signal) {
	r := s.referral
	r.busy = false
	switch {
	case r.told >= 200:
		l.last--
		l.forget(r)
	case s.res == nil || s.res.StatusCode >= 300: // nobody listens
		if r.next >= 200 {
			l.last--
		}
		l.forget(r)
	default:
		l.notify(r)
	}
	if l.state == legParting && l.last == 0 {
		l.part(signal{})
	}
}

// forget ends a referral.
func (l *Leg) forget(r *Referral) {
	l.referrals = slices.DeleteFunc(l.referrals, func(o *Referral) bool { return o == r })
	if r.next = 0; !r.answered {
		r.answered = true
		l.ua.respond(r.tx, r.req, l.reply(r.req, 481, statusText(481), nil))
	}
}

// dropReferrals ends those that nothing can become of any more: the leg has
// ended. One whose last NOTIFY is under way has its own end.
func (l *Leg) dropReferrals() {
	for _, r := range slices.Clone(l.referrals) {
		if l.state != legParting || r.told < 200 && r.next < 200 {
			l.forget(r)
		}
	}
}

// partWith hangs up when the last NOTIFY is answered.
func (l *Leg) partWith(h Hangup) {
	l.timers.stopAll()
	l.state, l.parting = legParting, h
	l.timers.arm(sigNotifyLate, partTime)
}

func (l *Leg) part(signal) { l.bye(l.parting.Reason) }

// referText is the reason phrase of a status about a referral.
func referText(code int) string {
	if t, ok := map[int]string{
		100: "Trying", 180: "Ringing", 200: "OK", 202: "Accepted", 404: "Not Found", 408: "Request Timeout",
		410: "Gone", 603: "Decline",
	}[code]; ok {
		return t
	}
	return statusText(code)
}

// replacing reads the Replaces of an INVITE; only phones of ours may take over
// calls.
func (in *Incoming) replacing(req *msg.Request) refusal {
	switch all := hdr(req, "Replaces", ""); {
	case len(all) == 0:
		return refusal{}
	case len(all) > 1:
		return refusal{code: 400, reason: "More Than One Replaces"}
	case in.Account == "":
		return refusal{code: 403}
	default:
		r, err := parseReplaces(all[0])
		if err != nil {
			return refusal{code: 400, reason: "Malformed Replaces"}
		}
		in.Replaces = &r
		return refusal{}
	}
}

// Replaced returns the live leg whose dialog r names. Without one, ended says that
// it has ended lately.
func (u *UA) Replaced(r Replaces) (leg *Leg, ended bool) {
	named := dialogID{r.callID, r.toTag, r.fromTag}
	u.mu.Lock()
	l, past := u.legs[r.toTag], u.past[r.toTag]
	u.mu.Unlock()
	switch {
	case l == nil:
		return nil, past == named
	case l.peer.Load() == nil || *l.peer.Load() != named:
		return nil, false
	case l.past.Load():
		return nil, true
	}
	return l, false
}
