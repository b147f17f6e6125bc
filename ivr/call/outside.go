package call

import (
	"context"
	"errors"
	"fmt"
	"time"

	"shouwen/cases"
	"shouwen/ivr/prompts"
	"shouwen/metrics"
	"shouwen/sip"
)

// rangOutside is how long a phone outside rings for who dialled it: as long as networks
// let it (RFC 3261 16.6, Timer C).
const rangOutside = 3 * time.Minute

// outside returns the number outside that one of ours dialled; false: it is none, as far
// as its form tells. Those of emergencies are as short as extensions.
func (s *Switch) outside(dialled string) (cases.Number, bool) {
	if s.Outbound == nil {
		return "", false
	}
	plan := s.Outbound.policy.Plan
	n := plan.Number(dialled)
	return cases.Number(n), len(n) >= shortestNumber || plan.Kind(n) == sip.NumberEmergency
}

// dialOutside calls a number for whoever of ours dialled it on his phone. An agent who
// dials a caller with an open case calls back about that; of any other call no case comes.
func (s *Switch) dialOutside(leg *sip.Leg, number cases.Number) func(sip.Event) {
	in := leg.Incoming()
	open := s.Callers.Again(cases.Caller{E164: number}, time.Now()).OpenCase
	if p, ok := s.Directory().Person(in.Account); ok && p.Has(cases.RoleAgent) && open.Case != "" {
		return s.callBackBy(leg, in.Account, func(ctx context.Context) (cases.Place, error) { return s.owedAt(ctx, open, number) })
	}
	c := s.newIntercom(leg, in.Account, &party{outside: true, number: number})
	c.live = Live{
		ID: c.id, Direction: metrics.Outbound, State: metrics.Ringing, Caller: c.sw.nameOf(c.callee), // as of one who is called back
		Dialed: s.Hotlines[0].Number, Agent: in.Account, Since: time.Now(),
	}
	c.log.Info("number outside dialled", "from", in.Account)
	s.show(c.live)
	s.wg.Go(func() { c.run(c.dial) })
	return func(e sip.Event) { c.post(event{kind: callerEvent(e), sip: e, leg: leg}) }
}

// owedAt is whom an agent calls who dialled the number of a caller with an open case. What
// is known without the database will do while that is away.
func (s *Switch) owedAt(ctx context.Context, open OpenCase, number cases.Number) (cases.Place, error) {
	p, err := s.owed(ctx, open.Case)
	if errors.Is(err, ErrNoDatabase) {
		p, err = cases.Place{Case: open.Case, Caller: cases.Caller{E164: number}, Hotline: s.Hotlines[0].Number, FirstAsker: open.FirstAsker}, nil
	}
	p.Number = number
	return p, err
}

// dial calls the number outside, as far as policy lets him who dialled it.
func (c *Intercom) dial() {
	c.sw.Board.Busy(c.from, c.id)
	var leg *sip.Leg
	known := make(chan struct{}) // leg is set before its first event is told
	leg, err := c.sw.Outbound.Place(Placing{
		Actor: c.from, Number: c.callee.number, Record: c.note,
		Dialing: sip.Dialing{Caller: c.sw.Hotlines[0].Number, Log: c.log.With("leg_to", "outside"), Events: func(e sip.Event) {
			<-known
			c.post(event{kind: agentEvent(e), sip: e, leg: leg})
		}},
	})
	close(known)
	if denied, ok := errors.AsType[*DeniedError](err); ok {
		c.result = metrics.Rejected
		c.caller.Reject(refusalOfPolicy(denied.Reason))
		return
	}
	if err != nil {
		c.log.Warn("number outside not called", "err", err)
		c.caller.Reject(503, "Service Unavailable")
		return
	}
	c.callee.legs = []*sip.Leg{leg}
	c.limit = time.AfterFunc(rangOutside, func() { c.post(event{kind: evLimit}) })
}

// refusalOfPolicy is the status that tells a phone why a number is not called; phones
// show its phrase.
func refusalOfPolicy(why OutboundReason) (code int, reason string) {
	switch why {
	case OutboundInvalid, OutboundShort:
		return 404, "Not Found"
	}
	return 403, fmt.Sprintf("Forbidden (%s)", why)
}

// note records a fact of this call.
func (c *Intercom) note(f cases.Fact) {
	f.At, f.Call = time.Now().UTC(), c.id
	if _, err := c.sw.Journal.Append(context.Background(), f); err != nil {
		c.log.Error("fact not recorded", "err", err)
	}
}

// calleeRings: the network says that the number rings, or more: then he who dialled it
// hears the network.
func (c *Intercom) calleeRings(e event) {
	switch {
	case c.up || !c.callee.outside:
	case e.sip.(sip.Ringing).Audio:
		c.caller.Answer()
	default:
		c.caller.Ring()
	}
}

// notOutside ends a call that nobody outside answers. He who dialled it is told by his
// phone, unless he has heard the network say so.
func (c *Intercom) notOutside(why sip.Ended) {
	code, reason := 480, "Temporarily Unavailable"
	if why.Cause == sip.EndRejected && why.Code >= 400 && why.Code != 401 && why.Code != 407 {
		code, reason = why.Code, why.Reason
	}
	if code == 486 || code == 600 {
		c.result = metrics.Busy
	}
	c.caller.Reject(code, reason)
}

// short: there is not enough money for the leg outside to go on, and who speaks with it
// is told; or none is left, and it is being hung up.
func (c *Intercom) short(m runsShort) {
	c.log.Warn("money for the call outside runs short", "left", m.left)
	if m.left == 0 {
		c.note(cases.Fact{OutboundDecided: &m.decided})
		return
	}
	for _, l := range c.meeting.legs {
		if l.Trunk() == "" && c.telling == nil {
			c.telling = c.sw.Pacer.Play(l.Media(), c.sw.Sounds.Words[prompts.CallEnds], false)
		}
	}
}
