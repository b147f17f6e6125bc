package call

import (
	"cmp"
	"slices"
	"time"

	"shouwen/sip"
)

// successor asks the owner of a leg to let another phone of the same user take its
// place (RFC 3891).
type successor struct {
	leg    *sip.Leg
	user   string
	early  bool     // only if the leg was not answered
	node   int      // whose caller is to have whom the leg speaks with; 0: user only changes his phone
	whom   string   // user the leg has to speak with, for that
	status chan int // 0: it does; with room for the answer
}

// successors are phones in a call, each with the one that is about to take its
// place.
type successors [][2]*sip.Leg

// take returns whose place leg takes, now that it is up; nil: nobody's.
func (s *successors) take(leg *sip.Leg) (old *sip.Leg) {
	i := slices.IndexFunc(*s, func(p [2]*sip.Leg) bool { return p[1] == leg })
	if i < 0 {
		return nil
	}
	old = (*s)[i][0]
	*s = slices.Delete(*s, i, i+1)
	return old
}

// replace lets a phone take the place of one in a call, or refuses; where another node has
// that call, the phone is sent there.
func (s *Switch) replace(leg *sip.Leg, r sip.Replaces) {
	in := leg.Incoming()
	old, ended := s.Phones.Replaced(r)
	next := successor{leg: leg, user: in.Account, early: r.EarlyOnly, node: in.Node, status: make(chan int, 1)}
	if target, _ := s.Directory().Lookup(in.Dialed); target.Person != nil {
		next.whom = target.Person.User
	}
	there, elsewhere := s.Phones.At(r, in.Dialed)
	switch {
	case ended:
		leg.Reject(603, phraseOf(603))
		return
	case elsewhere && in.Node == 0:
		leg.Redirect(there)
		return
	case old == nil:
		leg.Reject(481, phraseOf(481))
		return
	case !old.Ask(next): // it has just ended
		leg.Reject(603, phraseOf(603))
		return
	}
	s.wg.Go(func() {
		select {
		case status := <-next.status:
			if status != 0 {
				leg.Reject(status, phraseOf(status))
			}
		case <-time.After(handOver): // whoever had that call is gone
			status := 481
			if _, ended := s.Phones.Replaced(r); ended { // as it was asked for
				status = 603
			}
			leg.Reject(status, phraseOf(status))
		}
	})
}

// phraseOf is the phrase of a refusal to take a phone's place.
func phraseOf(status int) string {
	return map[int]string{403: "Forbidden", 481: "Call/Transaction Does Not Exist", 486: "Busy Here", 603: "Decline"}[status]
}

// to returns the status of the wish to take the place of a phone of user, which is
// up or rings; 0: it is granted.
func (n successor) to(user string, up bool) int {
	switch {
	case user != n.user:
		return 403
	case up && n.early:
		return 486
	}
	return 0
}

// succeed begins to let another phone take the place of leg. One that rings is
// picked up by it.
func (c *Conversation) succeed(leg *sip.Leg, next successor) {
	p, up := c.partyOf(leg)
	if p == nil { // the caller's
		next.status <- 481
		return
	}
	status := next.to(cmp.Or(p.User, leg.User()), up)
	if next.node != 0 { // a caller is nobody's to take
		status = nobodys
	}
	next.status <- status
	switch {
	case status != 0:
		return
	case up:
		c.successors = append(c.successors, [2]*sip.Leg{leg, next.leg})
	default:
		p.legs = append(p.legs, next.leg)
	}
	next.leg.Log(c.log)
	next.leg.Handle(c.from(next.leg, next.user))
	next.leg.Answer()
}

// partyOf returns whose phone leg is, and whether he picked it up; nil: nobody's
// whose place can be taken.
func (c *Conversation) partyOf(leg *sip.Leg) (p *party, up bool) {
	switch {
	case c.agent.has(leg) && stands[c.state].agent != "":
		return c.agent, true
	case c.target.has(leg):
		return c.target, !c.passing.up.IsZero()
	case c.state == choosing: // it may have been picked up
		return nil, false
	}
	for _, p := range c.ringing {
		if p.has(leg) {
			return p, false
		}
	}
	return nil, false
}

// succeeded: leg is up, and takes the place of old.
func (c *Conversation) succeeded(old, leg *sip.Leg) {
	for _, p := range []*party{c.agent, c.target} {
		if p.has(old) && stands[c.state].agent != "" {
			p.legs = []*sip.Leg{leg}
			c.log.Info("another phone takes over", "user", p.User)
			if c.supervisor != nil && c.supervisor.whom == old {
				c.supervisor.whom = leg
			}
			c.holdTarget(false) // begins anew if he waits
			c.arrange()
			old.Hangup(sip.Hangup{})
			return
		}
	}
	leg.Hangup(sip.Hangup{}) // the old one has left meanwhile
}

// succeed is as that of a conversation.
func (c *Intercom) succeed(leg *sip.Leg, next successor) {
	up := c.up
	status := next.to(c.userOf(leg), up)
	rings := c.callee
	switch f := c.passing; {
	case f != nil && f.to.has(leg):
		up, rings = false, f.to
		status = next.to(f.to.User, false)
	case f != nil: // he is just leaving it, or waits
		status = 603
	case leg == c.caller && !up: // only what we began may be picked up elsewhere
		status = 481
	}
	if next.node != 0 && status == 0 {
		status = c.toNode(leg, next)
	}
	next.status <- status
	switch {
	case status != 0:
		return
	case up:
		c.successors = append(c.successors, [2]*sip.Leg{leg, next.leg})
	default:
		rings.legs = append(rings.legs, next.leg)
	}
	c.adopt(next.leg, next.user)
	next.leg.Answer()
}

// succeeded is as that of a conversation.
func (c *Intercom) succeeded(old, leg *sip.Leg) {
	switch {
	case c.passing != nil || old != c.caller && !c.callee.has(old):
		leg.Hangup(sip.Hangup{})
		return
	case old == c.caller:
		c.callsFrom(leg)
	default:
		c.callee.legs = []*sip.Leg{leg}
	}
	user := c.userOf(leg)
	if leg.Incoming().Node != 0 {
		c.handedOver(user, leg)
	} else {
		c.log.Info("another phone takes over", "user", user)
	}
	c.meeting.join(c.caller, c.callee.legs[0])
	old.Hangup(sip.Hangup{})
}
