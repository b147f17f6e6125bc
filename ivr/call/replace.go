package call

import (
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
	status chan int // 0: it does; with room for the answer
}

// replace lets a phone take the place of one in a call, or refuses.
func (s *Switch) replace(leg *sip.Leg, user string, r sip.Replaces) {
	old := s.Phones.Replaced(r)
	next := successor{leg: leg, user: user, early: r.EarlyOnly, status: make(chan int, 1)}
	if old == nil || !old.Ask(next) {
		leg.Reject(481, phraseOf(481))
		return
	}
	s.wg.Go(func() {
		select {
		case status := <-next.status:
			if status != 0 {
				leg.Reject(status, phraseOf(status))
			}
		case <-time.After(handOver): // whoever had that call is gone
			leg.Reject(481, phraseOf(481))
		}
	})
}

// phraseOf is the phrase of a refusal to take a phone's place.
func phraseOf(status int) string {
	return map[int]string{403: "Forbidden", 481: "Call/Transaction Does Not Exist", 486: "Busy Here", 603: "Decline"}[status]
}

// succeed begins to let another phone take the place of leg.
func (c *Conversation) succeed(leg *sip.Leg, next successor) {
	p := c.agent
	if c.target.has(leg) {
		p = c.target
	}
	status := 0
	switch {
	case !p.has(leg), p == c.target && c.passing.up.IsZero(), stands[c.state].agent == "": // the caller's, or one that only rings
		status = 481
	case p.User != next.user:
		status = 403
	case next.early:
		status = 486
	}
	next.status <- status
	if status == 0 {
		c.successors = append(c.successors, [2]*sip.Leg{leg, next.leg})
		next.leg.Log(c.log)
		next.leg.Handle(c.from(next.leg, next.user))
		next.leg.Answer()
	}
}

// succeeded: a phone is up that takes the place of another; false: it was another
// phone that picked up.
func (c *Conversation) succeeded(leg *sip.Leg) bool {
	i := slices.IndexFunc(c.successors, func(s [2]*sip.Leg) bool { return s[1] == leg })
	if i < 0 {
		return false
	}
	old := c.successors[i][0]
	c.successors = slices.Delete(c.successors, i, i+1)
	for _, p := range []*party{c.agent, c.target} {
		if p.has(old) && stands[c.state].agent != "" {
			p.legs = []*sip.Leg{leg}
			c.log.Info("another phone takes over", "user", p.User)
			c.holdTarget(false) // begins anew if he waits
			c.arrange()
			old.Hangup(sip.Hangup{})
			return true
		}
	}
	leg.Hangup(sip.Hangup{}) // the old one has left meanwhile
	return true
}
