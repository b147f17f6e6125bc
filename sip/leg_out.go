package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	msg "github.com/emiago/sipgo/sip"

	"shouwen/metrics"
)

// outside is what a leg to the outside needs beyond one to a phone. The leg's
// goroutine owns it.
type outside struct {
	number  string // E.164, or as the trunk takes it
	dialing Dialing
	via     *endpoint
	rest    []*endpoint // to be tried when via takes no calls
	after   int         // servers tried before via
	asked   time.Time   // when via was, first
	tries   int         // challenges of the INVITE to via that were answered
	rang    bool        // the called phone rings: nobody else is asked
	seized  bool        // via was asked for the call, and nobody knows yet what becomes of it
}

// DialOut calls number, which is E.164 or what the trunks take as it is, by the
// first trunk that takes the call. It returns at once; Ringing, Answered or Ended
// follows. A Name is not shown outside. Errors: ErrNoTrunk, ErrDraining, or that
// there is no port for the audio.
//
// Every call costs somebody money: only package call's place may do it, which
// asks the policy.
func (u *UA) DialOut(number string, d Dialing) (*Leg, error) {
	routes := u.routes(time.Now())
	if len(routes) == 0 {
		return nil, ErrNoTrunk
	}
	l, err := newLeg(u, d.Log)
	if err != nil {
		return nil, err
	}
	l.sink.Store(&d.Events)
	l.state = legCalling
	l.session = newSessionTimer()
	l.out = &outside{number: number, dialing: d, rest: routes}
	l.flow = routes[0].flow()
	if u.add(l) != 0 {
		l.discard()
		return nil, ErrDraining
	}
	u.transport.panics.start("leg", func() {
		if !l.next("") { // draining since
			l.state = legDead
			l.end(Ended{Cause: EndShutdown})
		}
		l.run()
	})
	return l, nil
}

// Trunk is the trunk a leg to the outside leaves by; empty for others.
func (l *Leg) Trunk() string { return l.trunk.Load().(string) }

// next calls by the next server, because the one before failed; false: there is
// none, or the called phone rings already.
func (l *Leg) next(failure string) bool {
	o := l.out
	if failure != "" {
		l.log.Warn("trunk does not take the call", "trunk", o.via.trunk.Name, "server", o.via.server, "address", o.via.remote, "reason", failure)
		l.seizure(metrics.SeizureFailed)
	}
	if o.rang || len(o.rest) == 0 || l.ua.draining() {
		return false
	}
	o.via, o.rest, o.tries, o.asked = o.rest[0], o.rest[1:], 0, time.Now()
	o.after++
	t := o.via.trunk
	l.nat, l.security = t.NAT, t.Security
	if t.Inband {
		l.hearTones()
	}
	l.trunk.Store(t.Name)
	l.moveTo(o.via.flow())
	l.oa = l.ua.newOfferAnswer(l) // another trunk gets other keys
	if _, err := l.oa.offer(false); err != nil {
		return l.next(err.Error())
	}
	local := msg.Uri{Scheme: "sip", User: o.caller(), Host: t.Outbound.Domain}
	remote := msg.Uri{Scheme: "sip", User: t.Outbound.Prefix + t.Plan.Write(o.number, t.Outbound.Format), Host: t.Outbound.Domain}
	l.dlg = dialog{
		id:    dialogID{callID: fmt.Sprintf("%s.%d", l.id, o.after), localTag: l.id},
		local: local, remote: remote, target: remote,
	}
	l.state = legCalling
	l.sent = newClientInvite(l.initialInvite())
	l.log.Debug("calling by trunk", "trunk", t.Name, "server", o.via.server, "address", o.via.remote)
	o.seized = true
	l.send()
	return true
}

// seizure notes what became of the call that the trunk was asked for; the first counts.
func (l *Leg) seizure(is metrics.Seizure) {
	if o := l.out; o != nil && o.seized {
		o.seized = false
		l.ua.deps.Metrics.SIP.Seized(o.via.trunk.Name, is)
	}
}

// seizure says what a leg that ended before it was answered was to its trunk.
func (e Ended) seizure() metrics.Seizure {
	switch e.Code {
	case 480, 486, 487, 600, 603, 607:
		return metrics.SeizureSubscriber
	case 0:
		if e.Cause != EndGone && e.Cause != EndPanic { // whoever called gave up
			return metrics.SeizureSubscriber
		}
	}
	return metrics.SeizureFailed
}

// caller is the number shown.
func (o *outside) caller() string {
	t := o.via.trunk
	number := t.Outbound.Caller
	if number == "" {
		number = o.dialing.Caller
	}
	return t.Plan.Write(number, t.Outbound.Format)
}

// complete adds what an INVITE to a trunk says beyond one to a phone.
func (o *outside) complete(req *msg.Request) {
	if t := o.via.trunk; t.Outbound.Assert {
		who := msg.Uri{Scheme: "sip", User: o.caller(), Host: t.Outbound.Domain}
		req.AppendHeader(msg.NewHeader("P-Asserted-Identity", "<"+who.String()+">"))
	}
}

// patience is how long the INVITE may stay without any answer. The servers of a
// call to the outside share 4 s (8·T1), so that the last is reached within them.
func (l *Leg) patience() time.Duration {
	if l.out == nil || len(l.out.rest) == 0 {
		return 64 * l.ua.cfg.T1
	}
	return 8 * l.ua.cfg.T1 / time.Duration(l.out.after+len(l.out.rest)-1)
}

// stale says whether s is about an INVITE this leg has given up.
func (l *Leg) stale(s signal) bool {
	switch s.kind {
	case sigProvisional, sigAccepted, sigFailed, sigStray:
	default:
		return false
	}
	if s.res != nil {
		return s.res.CallID().Value() != l.dlg.id.callID
	}
	return s.req != l.sent.req
}

// elsewhere deals with a call the trunk did not take: a challenge is answered, a
// trunk that cannot is passed over in favour of the next. What says something of
// the called number is final.
func (l *Leg) elsewhere(s signal) bool {
	o := l.out
	switch {
	case s.res == nil:
		why := "no answer to INVITE"
		if !errors.Is(s.err, msg.ErrTransactionTimeout) {
			why = s.err.Error()
		}
		o.via.failed(why)
		return l.next(why)
	case challenges(s.res, o.tries):
		return l.reinvited(s.res)
	}
	why := fmt.Sprintf("INVITE answered with %d", s.res.StatusCode)
	switch code := s.res.StatusCode; {
	case code == 503:
		o.via.leaveAlone(s.res, time.Now())
		o.via.failed(why)
	case code == 401 || code == 403 || code == 407 || code == 408 || code >= 500 && code < 600:
	default:
		return false
	}
	return l.next(why)
}

// reinvited sends the INVITE again with credentials for the challenge res.
func (l *Leg) reinvited(res *msg.Response) bool {
	req := l.initialInvite()
	if err := l.authorize(req, res); err != nil {
		return l.next(err.Error())
	}
	l.out.tries++
	l.state = legCalling
	l.sent = newClientInvite(req)
	l.send()
	return true
}

// authorize adds the credentials for the challenge res to req.
func (l *Leg) authorize(req *msg.Request, res *msg.Response) error {
	at := l.flow.remote.Addr()
	h, err := l.out.via.trunk.credentials(l.out.via.remote.Addr()).answer(req, res, at)
	if err != nil {
		return err
	}
	req.AppendHeader(h)
	return nil
}

// challenged sends a request of the dialog again with credentials, or takes the
// challenge for its final response.
func (l *Leg) challenged(s signal) {
	req := s.req.Clone()
	for _, name := range []string{"Via", "Authorization", "Proxy-Authorization"} {
		req.RemoveHeader(name)
	}
	l.dlg.localSeq++
	req.CSeq().SeqNo = l.dlg.localSeq
	if err := l.authorize(req, s.res); err != nil {
		l.log.Warn("challenge not answered", "method", s.req.Method, "err", err)
		l.act(signal{kind: s.done, res: s.res})
		return
	}
	l.ua.route(req, l.flow)
	invite := l.sent.req == s.req
	tx := l.transact(req, s.done, s.tries+1)
	if invite {
		l.sent.req, l.sent.tx = req, tx
	}
}

// tidy ends a branch of INVITE req that nobody waits for any more: the server
// took too long, and then answered res.
func (u *UA) tidy(req *msg.Request, res *msg.Response) {
	if res == nil || req == nil || !res.IsProvisional() && !res.IsSuccess() {
		return
	}
	remote, err := netip.ParseAddrPort(req.Destination())
	if err != nil {
		return
	}
	network := strings.ToLower(req.Transport())
	f := flow{network, u.transport.addr(network), remote}
	ignore := func(*msg.Response, error) {}
	if res.IsProvisional() {
		c := cancelOf(req)
		u.prepare(c, f, "")
		_, err = u.send(c, f, ignore)
	} else if d, dialogErr := dialogOfResponse(req, res); dialogErr == nil {
		ack := d.request(msg.ACK, res.CSeq().SeqNo)
		u.prepare(ack, f, "")
		bye := d.request(msg.BYE, 0)
		u.prepare(bye, f, "")
		if err = u.write(ack, f); err == nil {
			_, err = u.send(bye, f, ignore)
		}
	}
	if err != nil {
		u.deps.Log.Warn("call that came too late not ended", "trunk", remote, "err", err)
	}
}
