package call

import (
	"errors"
	"slices"
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
	"shouwen/metrics"
	"shouwen/sip"
	"shouwen/sip/media"
)

// elsewhere tells a phone that somebody else picked up, so that it lists no
// missed call (RFC 3326).
const elsewhere = `SIP;cause=200;text="Call completed elsewhere"`

// arrived: the call is on record, so it may be answered.
func (c *Conversation) arrived(e event) {
	c.sw.arrivals.end(c.id, time.Now())
	if e.err != nil { // nothing is promised that could be lost
		c.caller.Reject(503, "Service Unavailable")
		c.conclude(cases.EndFailure, cases.MissedRefused)
		return
	}
	c.enter(answering)
	c.caller.Answer()
}

func (c *Conversation) answered(event) { c.receive() }

// greeted goes on to the queue when the caller has heard all of the greeting.
func (c *Conversation) greeted(event) {
	if len(c.next) > 0 {
		c.playNext()
		return
	}
	c.announced = len(c.notices()) > 0
	c.queue(event{})
}

// queue takes the caller into the queue.
func (c *Conversation) queue(event) {
	if c.entered.IsZero() {
		c.entered = time.Now()
	}
	c.join(func() (*acd.Ticket, error) {
		caller := sticks(c.asker(), c.again, c.waitsIn.StickyFor)
		caller.Since = c.entered
		return c.sw.Board.Enter(caller)
	})
}

// asker is the caller as the board sees him.
func (c *Conversation) asker() acd.Caller {
	asker := c.matter
	asker.Call, asker.Queue = c.id, c.waitsIn.Name
	return asker
}

// join waits in the queue that enter puts the caller into.
func (c *Conversation) join(enter func() (*acd.Ticket, error)) {
	c.enter(waiting)
	now := time.Now()
	if c.entered.IsZero() {
		c.entered = now
	}
	c.announceAt = now.Add(c.waitsIn.AnnounceEvery)
	t, err := enter()
	if err != nil {
		c.log.Warn("queue takes no caller", "queue", c.waitsIn.Name, "err", err)
		c.dispose(c.turnedAway(err))
		return
	}
	c.ticket, c.offers, c.wrapUp = t, t.Offers(), t.WrapUp
	if len(c.offers) > 0 { // somebody is ready already
		c.play(c.sounds.PleaseHold, c.sounds.Music)
	} else {
		c.play(slices.Concat([]*media.Prompt{c.sounds.AllBusy}, c.words(c.place()...), []*media.Prompt{c.sounds.Music})...)
	}
}

// continuePlaying goes on with what is to be heard; who waits never hears nothing.
func (c *Conversation) continuePlaying(event) {
	c.playNext()
	if c.playing == nil && c.state == waiting {
		c.play(c.sounds.Music)
	}
}

// ring rings the phones of an offer, or stops them all when the round is over.
func (c *Conversation) ring(e event) {
	o := e.offer
	if len(o.Agents) == 0 {
		c.log.Info("nobody answered", "round", o.Round)
		c.stopRinging("")
		c.showRinging()
		return
	}
	users := make([]string, len(o.Agents))
	for i, a := range o.Agents {
		users[i] = a.User
	}
	c.log.Info("offered", "round", o.Round, "agents", users, "reason", o.Reason)
	if c.back == nil { // an attempt begins when an agent is there
		c.record(cases.Fact{Offered: &cases.Offered{Round: o.Round, Agents: users, Reason: o.Reason}})
	}
	for _, a := range o.Agents {
		c.dial(a)
	}
	c.showRinging()
}

// dial rings every phone of an agent.
func (c *Conversation) dial(a acd.Agent) {
	legs := c.sw.ring(a.User, c.tells(a.User), c.log, c.post)
	if len(legs) == 0 {
		c.ticket.Missed(a.User, metrics.Unreachable)
		return
	}
	c.ringing[a.User] = &party{User: a.User, legs: legs}
}

// phoneEnded: a phone that was ringing will not take the call.
func (c *Conversation) phoneEnded(e event) {
	p := c.ringing[e.user]
	if p == nil || !p.drop(e.leg) || len(p.legs) > 0 {
		return
	}
	delete(c.ringing, e.user)
	for i, a := range c.answers { // it had picked up, within the tie window
		if a.User == e.user {
			c.answers = append(c.answers[:i], c.answers[i+1:]...)
			break
		}
	}
	c.ticket.Missed(e.user, missedBecause(e.sip.(sip.Ended)))
	if c.state == choosing && len(c.answers) == 0 {
		c.tie = nil
		c.enter(c.patient())
	}
	c.showRinging()
}

// patient is the state in which an agent is waited for.
func (c *Conversation) patient() state {
	if c.back != nil && c.live.Answered.IsZero() {
		return fetching
	}
	return waiting
}

// pickedUp: a phone answered. With a tie window, others may still answer.
func (c *Conversation) pickedUp(e event) {
	p := c.ringing[e.user]
	if p == nil || !p.has(e.leg) {
		c.tooLate(e)
		return
	}
	for _, l := range p.legs { // the agent's other phones
		if l != e.leg {
			l.Hangup(sip.Hangup{Reason: elsewhere})
		}
	}
	p.legs = []*sip.Leg{e.leg}
	c.answers = append(c.answers, acd.Answer{User: e.user, At: time.Now()})
	if c.ticket.TieWindow == 0 {
		c.choose(event{})
		return
	}
	if c.tie == nil {
		c.tie = time.NewTimer(c.ticket.TieWindow)
		c.enter(choosing)
	}
}

// choose makes one of those who picked up the first-asker. This is the one
// decision who has the call; everybody else hears nothing of it.
func (c *Conversation) choose(event) {
	claim, err := c.ticket.Claim(c.answers...)
	if err != nil {
		c.log.Warn("pick-up does not count", "err", err)
		for _, a := range c.answers {
			if p := c.ringing[a.User]; p != nil {
				delete(c.ringing, a.User)
				p.hangup(elsewhere)
			}
		}
		c.answers = nil
		if errors.Is(err, acd.ErrTaken) && c.offers != nil {
			c.enter(c.patient())
		} else {
			c.nobodyCame(event{err: err})
		}
		return
	}
	c.answers = nil
	var tied []string
	for _, a := range claim.Tied {
		tied = append(tied, a.User)
	}
	c.offers, c.ticket = nil, nil
	c.won(c.ringing[claim.Agent.User], tied, string(claim.Reason))
}

// won gives the caller to who picked up, and lets the others go. Tied are those who
// answered together with him.
func (c *Conversation) won(p *party, tied []string, reason string) {
	delete(c.ringing, p.User)
	c.stopRinging(elsewhere)
	c.wish, c.kept = nil, cases.Place{}
	c.wait, c.missed = metrics.WaitAbandoned, cases.MissedAbandoned
	c.agent, c.since = p, time.Now()
	if c.patient() == fetching {
		c.callOut()
		return
	}
	c.handles()
	if c.live.Answered.IsZero() {
		c.live.Answered, c.first = c.since, p.User
	}
	c.live.Agent = p.User
	waited := c.since.Sub(c.entered)
	person, _ := c.sw.Directory().Person(p.User)
	c.log.Info("picked up", "agent", p.User, "waited", waited, "reason", reason, "tied", tied)
	var tieBreak cases.TieBreak
	if len(tied) > 0 {
		tieBreak = cases.TieBreak(reason)
	}
	offPool := c.sw.OffPool != nil && len(c.sw.OffPool(p.User)) > 0
	c.record(cases.Fact{PickedUp: &cases.PickedUp{
		Agent: p.User, Extension: person.Extension, Waited: cases.Span(waited), Tied: tied, TieBreak: tieBreak, OffPool: offPool,
		OpenCase: c.again.Case, OpenFirstAsker: c.again.FirstAsker,
	}})
	c.tellFirstAsker(p.User)
	c.enter(opening)
}

// tooLate hangs up a phone that picked up a call somebody else has. One that was
// up when it came here, to the agent's side, tells so again.
func (c *Conversation) tooLate(e event) {
	if old := c.successors.take(e.leg); old != nil {
		c.succeeded(old, e.leg)
	} else if !c.agent.has(e.leg) {
		e.leg.Hangup(sip.Hangup{Reason: elsewhere})
	}
}

func (c *Conversation) stopRinging(reason string) {
	for user, p := range c.ringing {
		delete(c.ringing, user)
		p.hangup(reason)
		if p.summoned {
			c.sw.Board.Released(user, c.id)
		}
	}
}

// nobodyCame ends the wait without an agent.
func (c *Conversation) nobodyCame(e event) {
	if c.patient() == fetching {
		c.forgo(event{})
		return
	}
	c.dispose(c.turnedAway(e.err))
}

// sorry tells the caller that nobody came and that he will be called back.
func (c *Conversation) sorry() {
	c.leaveQueue()
	c.enter(apologise)
	c.play(c.sounds.Apology, c.sounds.Goodbye)
}

// dismiss says goodbye and hangs up.
func (c *Conversation) dismiss(event) {
	if len(c.next) > 0 {
		c.playNext()
		return
	}
	c.conclude(cases.EndFailure, c.missed)
}

func (c *Conversation) leaveQueue() {
	c.stopRinging("")
	c.offers, c.answers, c.tie = nil, nil, nil
	if c.ticket != nil {
		c.ticket.Leave(c.wait)
		c.ticket = nil
	}
}

// has tells whether a leg is of this phone; there need be none.
func (p *party) has(leg *sip.Leg) bool { return p != nil && slices.Contains(p.legs, leg) }

// drop forgets a leg; false if it was not of this phone.
func (p *party) drop(leg *sip.Leg) bool {
	for i, l := range p.legs {
		if l == leg {
			p.legs = append(p.legs[:i], p.legs[i+1:]...)
			return true
		}
	}
	return false
}
