package acd

import (
	"cmp"
	"slices"
	"time"

	"shouwen/metrics"
)

// Offer tells a caller's conversation which phones to ring, besides those that ring
// already. One without agents ends the round: every phone is to be stopped.
type Offer struct {
	Round  int     // from 1
	Agents []Agent // reserved for this caller
	Reason string  // the strategy's, with _joined or _again; or FirstAsker, RoundOver
}

// Reasons of offers that are not a strategy's.
const (
	FirstAsker = "first_asker" // the one the caller is tied to, alone
	RoundOver  = "round_over"  // nobody answered in time
)

// rings tells whether any phone rings for the ticket.
func (t *Ticket) rings() bool {
	return slices.ContainsFunc(t.queue.members, func(m *member) bool { return m.ticket == t })
}

// endRound ends a round in which nobody answered. offer left room for its word.
func (t *Ticket) endRound() {
	t.offers <- Offer{Round: t.round, Reason: RoundOver}
	for _, m := range t.queue.members {
		if m.ticket == t {
			t.board.miss(m, metrics.NoAnswer)
			if !m.work.Rung.After(t.began) { // who joined in may have rung for a moment only
				t.board.unanswered(m)
			}
		}
	}
	t.ends = time.Time{}
}

// offer rings those whose turn it is, and returns how many.
func (t *Ticket) offer(now time.Time) int {
	if len(t.offers) >= unread {
		return 0
	}
	if t.first != nil {
		switch s := t.first.state(now); {
		case !now.Before(t.firstUntil()), s != Ready && s != Ringing, t.round > 0 && t.first.ticket != t:
			t.first = nil // from now on the queue
		case s == Ready:
			return t.ring([]*member{t.first}, FirstAsker, now, t.firstUntil().Sub(now))
		default: // he rings, or will be free in a moment
			return 0
		}
	}
	if !t.ends.IsZero() && t.asked.changes == t.board.changes && !t.overflowed(now) {
		return 0 // nobody new could join who rings
	}
	t.asked.at, t.asked.changes = now, t.board.changes
	candidates, ready := t.candidates(now)
	if !ready {
		return 0
	}
	tiers, reason := t.queue.Strategy(candidates, t.caller)
	tier, why := next(tiers, t.tried)
	ring := make([]*member, 0, len(tier))
	var lasts time.Duration
	for _, p := range tier {
		if p.State == Ready {
			ring = append(ring, t.board.agents[p.User])
			lasts = max(lasts, cmp.Or(p.RingTime, t.queue.RingTime))
		}
	}
	reason += string(why)
	switch why {
	case nobody:
		if t.reason != reason {
			t.reason = reason
			t.board.log.Warn("nobody who is ready will do", "call", t.caller.Call, "queue", t.queue.Name, "reason", reason)
		}
	case joined:
		lasts = 0
	case again:
		clear(t.tried)
	}
	return t.ring(ring, reason, now, lasts)
}

// candidates returns the members who are ready and whose turn it is, and those who
// ring for the ticket already.
func (t *Ticket) candidates(now time.Time) (all []Presence, ready bool) {
	var members []*member
	for _, m := range t.queue.members {
		free := m.state(now) == Ready && t.due(m, now) && !t.caller.avoids(m)
		if free || m.ticket == t {
			members = append(members, m)
		}
		ready = ready || free
	}
	if !ready {
		return nil, false
	}
	all = make([]Presence, len(members))
	for i, m := range members {
		all[i] = m.presence(now)
	}
	return all, true
}

// avoids tells whether m must not be rung for the caller.
func (c Caller) avoids(m *member) bool { return c.Avoid != "" && c.Avoid == m.Extension }

// due tells whether m may be rung yet: a stand-in may not before the overflow,
// unless his primary is away.
func (t *Ticket) due(m *member, now time.Time) bool {
	return m.Penalty == 0 || m.standsIn() || t.caller.Priority == Emergency || !now.Before(t.overflow(m.Penalty))
}

// overflow is when agents of that penalty may be rung.
func (t *Ticket) overflow(penalty int) time.Time {
	return t.since.Add(time.Duration(penalty) * t.queue.OverflowAfter)
}

// overflowed tells whether stand-ins have come to be due since the strategy was
// asked last.
func (t *Ticket) overflowed(now time.Time) bool {
	return slices.ContainsFunc(t.queue.penalties, func(penalty int) bool {
		due := t.overflow(penalty)
		return t.asked.at.Before(due) && !now.Before(due)
	})
}

// firstUntil is how long only the first-asker may be rung.
func (t *Ticket) firstUntil() time.Time { return t.entered.Add(t.caller.FirstFor) }

// ring reserves agents, in a new round that lasts so long or, with 0, in the one
// under way. It returns how many.
func (t *Ticket) ring(agents []*member, reason string, now time.Time, lasts time.Duration) int {
	if len(agents) == 0 {
		return 0
	}
	if lasts > 0 {
		t.round++
		t.began, t.ends = now, now.Add(lasts)
	}
	o := Offer{Round: t.round, Reason: reason, Agents: make([]Agent, len(agents))}
	for i, m := range agents {
		m.ticket, m.work.Rung = t, now
		t.tried[m.User] = true
		o.Agents[i] = m.Agent
	}
	t.reason = reason
	t.queue.offers[reason]++
	t.offers <- o
	return len(agents)
}
