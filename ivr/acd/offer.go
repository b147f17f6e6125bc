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

// endRound ends a round in which nobody answered. offer left room for its word.
func (t *Ticket) endRound(now time.Time) {
	t.offers <- Offer{Round: t.round, Reason: RoundOver}
	for _, m := range slices.Clone(t.ringing) {
		t.board.miss(m, metrics.NoAnswer)
		if !m.work.Rung.After(t.began) { // who joined in may have rung for a moment only
			t.board.unanswered(m, now)
		}
	}
	t.ends = time.Time{}
}

// unread tells whether the conversation leaves its offers unread.
func (t *Ticket) unread() bool { return len(t.offers)+t.claiming >= unread }

// untie lets the queue serve a caller whose first-asker is not there.
func (t *Ticket) untie(now time.Time) {
	if t.first == nil {
		return
	}
	s := t.first.state(now)
	if !now.Before(t.firstUntil()) || s != Ready && s != Ringing || t.round > 0 && t.first.ticket != t {
		t.loose()
	}
}

// loose ends the tie to the first-asker.
func (t *Ticket) loose() {
	if t.first != nil {
		t.first.tied = slices.DeleteFunc(t.first.tied, func(o *Ticket) bool { return o == t })
		t.first = nil
	}
}

// offer rings those whose turn it is.
func (t *Ticket) offer(now time.Time) {
	if t.unread() {
		t.mark()
		return
	}
	if t.first != nil {
		if t.first.state(now) == Ready { // else he rings, or will be free in a moment
			t.ring([]*member{t.first}, FirstAsker, now, t.firstUntil().Sub(now))
		}
		return
	}
	candidates, ready := t.candidates(now)
	if !ready {
		return
	}
	tiers, reason := t.queue.Strategy(candidates, t.caller)
	tier, why := next(tiers, len(t.ringing) > 0, t.tried)
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
	t.ring(ring, reason, now, lasts)
}

// candidates returns the members who are ready and whose turn it is, and those who
// ring for the ticket already. While a phone rings only who shares its tier matters;
// if nothing else has changed these are one that rings, and who is fresh. The result
// is valid until the next call.
func (t *Ticket) candidates(now time.Time) (all []Presence, ready bool) {
	all = t.board.asked[:0]
	free, ringing := t.queue.ready, t.ringing
	if !t.marked && len(ringing) > 0 {
		free, ringing = t.queue.fresh, ringing[:1]
	}
	for _, m := range free {
		if m.seen != Ready || !t.due(m, now) || t.caller.avoids(m) {
			continue
		}
		for len(ringing) > 0 && ringing[0].place < m.place {
			all = append(all, ringing[0].presence(now))
			ringing = ringing[1:]
		}
		all, ready = append(all, m.presence(now)), true
	}
	for _, m := range ringing {
		all = append(all, m.presence(now))
	}
	t.board.asked = all
	return all, ready
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

// firstUntil is how long only the first-asker may be rung.
func (t *Ticket) firstUntil() time.Time { return t.entered.Add(t.caller.FirstFor) }

// ring reserves agents, in a new round that lasts so long or, with 0, in the one
// under way.
func (t *Ticket) ring(agents []*member, reason string, now time.Time, lasts time.Duration) {
	if len(agents) == 0 {
		return
	}
	if lasts > 0 {
		t.round++
		t.began, t.ends = now, now.Add(lasts)
		t.rearm(now)
	}
	o := Offer{Round: t.round, Reason: reason, Agents: make([]Agent, len(agents))}
	for i, m := range agents {
		m.ticket, m.work.Rung = t, now
		t.ringing = in(t.ringing, m)
		t.board.note(m, now)
		t.tried[m.User] = true
		o.Agents[i] = m.Agent
	}
	t.reason = reason
	t.queue.offers[reason]++
	if t.board.Leases == nil {
		t.offers <- o
		return
	}
	told := make(chan struct{})
	if t.entered.Equal(now) {
		t.told = told
	}
	t.claiming++
	go t.confirm(o, told)
}
