package call

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
	"shouwen/metrics"
	"shouwen/sip"
)

// goal is what a caller is passed on to. Exactly one of user, department, queue and
// number decides who rings; a department may be known beside its queue.
type goal struct {
	user       string
	department *cases.Department
	queue      string
	number     cases.Number // outside, as dialled
}

// find looks up in the directory whom an agent asks for; or says why there is
// nobody to ring.
func (c *Conversation) find(o order) (g goal, why cases.TransferFailure) {
	if o.to.Queue != "" {
		return c.findQueue(o.to.Queue)
	}
	if o.to.Extension == "" {
		d, ok := c.sw.Directory().ByCategory(cmp.Or(o.to.Category, c.category))
		if !ok {
			return goal{}, cases.TransferNobodyCompetent
		}
		return c.findDepartment(&d)
	}
	target, _ := c.sw.Directory().Lookup(o.to.Extension)
	_, outside := c.sw.outside(o.to.Extension)
	switch line, hotline := c.sw.hotline(o.to.Extension); {
	case target.Person != nil:
		return goal{user: target.Person.User}, ""
	case target.Department != nil:
		return c.findDepartment(target.Department)
	case hotline:
		return c.findQueue(line.Queue)
	case outside:
		return goal{number: cases.Number(o.to.Extension)}, ""
	}
	return goal{}, cases.TransferUnknown
}

func (c *Conversation) findDepartment(d *cases.Department) (g goal, why cases.TransferFailure) {
	g.department = d
	switch {
	case d.Hours != "" && !c.sw.Open(d.Hours):
		return g, cases.TransferClosed
	case d.Queue != "":
		g.queue = d.Queue
		if c.sw.Board.Staff(d.Queue) == 0 {
			return g, cases.TransferUnreachable
		}
	}
	return g, ""
}

func (c *Conversation) findQueue(queue string) (g goal, why cases.TransferFailure) {
	g.queue = queue
	switch {
	case !slices.ContainsFunc(c.sw.Queues, func(q Queue) bool { return q.Name == queue }):
		return g, cases.TransferUnknown
	case c.sw.Board.Staff(queue) == 0:
		return g, cases.TransferUnreachable
	}
	return g, ""
}

// reach rings the phones of g; or says why it cannot.
func (c *Conversation) reach(g goal) cases.TransferFailure {
	switch {
	case g.queue != "":
		return c.reachQueue(g.queue)
	case g.number != "":
		return c.reachOutside(g.number)
	case g.department != nil:
		c.target = &party{tiers: c.tiers(g.department.Name)}
		return c.reachNext()
	}
	c.target = &party{tiers: [][]string{{g.user}}}
	return c.reachNext()
}

// tiers returns who of a department may be rung, and in which order: its primaries
// and those who stand in for them (S08-R3).
func (c *Conversation) tiers(department string) [][]string {
	present := map[string]bool{}
	for _, p := range c.sw.Board.Snapshot().Agents {
		present[p.User] = p.State != acd.Away && p.State != acd.Paused
	}
	by := map[int][]string{}
	for _, p := range c.sw.Directory().People {
		if p.Department == department && present[p.User] {
			by[p.Penalty] = append(by[p.Penalty], p.User)
		}
	}
	var tiers [][]string
	for penalty := 0; len(by) > 0; penalty++ {
		if users, ok := by[penalty]; ok {
			tiers = append(tiers, users)
			delete(by, penalty)
		}
	}
	return tiers
}

// reachNext rings the next of the target's tiers in which anybody is free. Whoever
// rings is busy from now on.
func (c *Conversation) reachNext() (why cases.TransferFailure) {
	why = cases.TransferUnreachable
	for len(c.target.tiers) > 0 && len(c.target.legs) == 0 {
		users := c.target.tiers[0]
		c.target.tiers = c.target.tiers[1:]
		for _, user := range users {
			if c.agent != nil && user == c.agent.User || user == c.caller.Incoming().Account || c.avoids(user) ||
				c.sw.Board.Take(user, c.id, c.wrapUp) != nil {
				why = cases.TransferBusy
				continue
			}
			legs := c.ringTarget(user)
			if len(legs) == 0 {
				c.sw.Board.Missed(user, c.id, metrics.Unreachable)
				continue
			}
			c.target.taken = append(c.target.taken, user)
		}
	}
	if len(c.target.legs) > 0 {
		return ""
	}
	c.target = nil
	return why
}

// ringTarget rings every phone of user for the transfer.
func (c *Conversation) ringTarget(user string) []*sip.Leg {
	told := shown{Caller: c.live.Caller, number: c.live.Case, by: c.passing.By}
	told.Display = string(c.live.Case)
	legs := c.sw.ring(user, told, c.log, c.post)
	c.target.legs = append(c.target.legs, legs...)
	return legs
}

// reachQueue waits for an agent of a queue, in front of those who wait there.
func (c *Conversation) reachQueue(queue string) cases.TransferFailure {
	t, err := c.sw.Board.Enter(acd.Caller{Call: c.id, Queue: queue, Front: true, Avoid: c.matter.Avoid})
	if err != nil {
		c.log.Warn("queue takes no transfer", "queue", queue, "err", err)
		return cases.TransferUnreachable
	}
	c.target = &party{ticket: t, offers: t.Offers()}
	return ""
}

// reachOutside calls a number by a trunk, as far as policy lets the agent.
func (c *Conversation) reachOutside(number cases.Number) cases.TransferFailure {
	var leg *sip.Leg
	known := make(chan struct{})
	leg, err := c.callOutside(Asked, c.agent.User, number, sip.Dialing{
		Log: c.log.With("leg_to", "target"),
		Events: func(e sip.Event) {
			<-known
			c.post(event{kind: agentEvent(e), sip: e, leg: leg})
		},
	})
	close(known)
	if denied, ok := errors.AsType[*DeniedError](err); ok {
		c.log.Info("transfer denied", "reason", denied.Reason)
		return cases.TransferDenied
	}
	if err != nil {
		c.log.Warn("nobody called for the transfer", "err", err)
		return cases.TransferUnreachable
	}
	c.target = &party{legs: []*sip.Leg{leg}, outside: true}
	return ""
}

// targetOffers is where a target that is a queue says whom to ring.
func (c *Conversation) targetOffers() <-chan acd.Offer {
	if c.target == nil {
		return nil
	}
	return c.target.offers
}

// ringOffered rings those whom the target's queue offers, or stops them all when
// their round is over.
func (c *Conversation) ringOffered(e event) {
	if len(e.offer.Agents) == 0 {
		c.target.hangup("")
		c.target.legs = nil
		return
	}
	for _, a := range e.offer.Agents {
		if len(c.ringTarget(a.User)) == 0 {
			c.target.ticket.Missed(a.User, metrics.Unreachable)
		}
	}
}

// nobodyOffered: nobody of the target's queue came in time.
func (c *Conversation) nobodyOffered(event) {
	c.target.offers = nil
	c.move(targetOut, cases.TransferNoAnswer)
}

// targetUp: somebody picked up, and is the target from now on.
func (c *Conversation) targetUp(e event) {
	if !c.passing.up.IsZero() {
		return // he had, before he came to this call
	}
	p := c.target
	if p.ticket != nil {
		if _, err := p.ticket.Claim(acd.Answer{User: e.user, At: time.Now()}); err != nil {
			c.log.Warn("pick-up does not count", "agent", e.user, "err", err)
			p.drop(e.leg)
			e.leg.Hangup(sip.Hangup{Reason: elsewhere})
			return
		}
		p.ticket, p.offers = nil, nil
	}
	for _, l := range p.legs {
		if l != e.leg {
			l.Hangup(sip.Hangup{Reason: elsewhere})
		}
	}
	for _, user := range p.taken {
		if user != e.user {
			c.sw.Board.Released(user, c.id)
		}
	}
	if p.abroad {
		c.sw.Board.Carry(e.user, "", c.id, c.wrapUp)
	}
	p.User, p.legs, p.taken, p.tiers = e.user, []*sip.Leg{e.leg}, nil, nil
	c.passing.To, c.passing.up = e.user, time.Now()
	c.live.Target = e.user
	c.move(targetUp, "")
}

// targetEnded: a phone of the target is out. When the last one is, those who stand
// in ring, or nobody does.
func (c *Conversation) targetEnded(e event) {
	p, ended := c.target, e.sip.(sip.Ended)
	if !p.drop(e.leg) {
		return
	}
	if ended.Cause == sip.EndShutdown {
		c.conclude(cases.EndShutdown, cases.MissedInterrupted)
		return
	}
	if slices.ContainsFunc(p.legs, func(l *sip.Leg) bool { return l.User() == e.user }) {
		return // another of his phones rings
	}
	why := failureOf(ended)
	if p.ticket != nil {
		p.ticket.Missed(e.user, missedBecause(ended))
		return // the queue has others
	}
	if i := slices.Index(p.taken, e.user); i >= 0 && (len(p.legs) > 0 || len(p.tiers) > 0) {
		p.taken = slices.Delete(p.taken, i, i+1)
		c.sw.Board.Missed(e.user, c.id, missedBecause(ended))
	}
	if len(p.legs) > 0 || len(p.tiers) > 0 && c.reachNext() == "" {
		return
	}
	c.target = cmp.Or(c.target, p)
	c.move(targetOut, why)
}

// releaseTarget lets the target go.
func (c *Conversation) releaseTarget() {
	p := c.target
	if p == nil {
		return
	}
	c.holdTarget(false)
	if slices.ContainsFunc(c.meeting.legs, p.has) {
		c.meeting.part()
	}
	p.hangup("")
	if p.ticket != nil {
		outcome := metrics.WaitOverflow // the caller is elsewhere
		if c.gone {
			outcome = metrics.WaitAbandoned
		}
		p.ticket.Leave(outcome)
	}
	for _, user := range p.users() {
		c.sw.Board.Released(user, c.id)
	}
	c.target = nil
}

// users returns who is busy because of this party.
func (p *party) users() []string {
	if p.User != "" {
		return []string{p.User}
	}
	return p.taken
}

// handOn leaves the caller to another queue, in front of those who wait there.
func (c *Conversation) handOn() {
	t := c.passing
	c.passing, c.live.Target = nil, ""
	f := &cases.TransferCompleted{Transfer: t.Transfer, Talk: cases.Span(time.Since(c.since))}
	c.log.Info("transfer completed", "kind", t.Kind, "by", t.By, "queue", t.Queue)
	c.record(cases.Fact{TransferCompleted: f})
	if t.referral != nil {
		t.referral.Done(200)
	}
	c.sw.Metrics.Transfers.Finished(c.waitsIn.Name, metrics.TransferKind(t.Kind), metrics.ToQueue, metrics.TransferCompleted)
	c.enqueue(t.Queue)
}
