package acd

import (
	"slices"
	"time"
)

// Reorganise gives the board other agents, and says who serves which queue, by name;
// nil: every agent. What else is set of queues stays. Who is new is away until he is
// reported as Registered. Whoever is an agent no longer is not rung any more; a call
// that his phone rings for, or that he is in, is his to end.
func (b *Board) Reorganise(agents []Agent, members map[string][]string) {
	_ = b.do(func(now time.Time) {
		b.enlist(agents, now)
		for _, q := range b.lines {
			q.Members = members[q.Name]
			b.man(q)
		}
	})
}

// enlist makes agents the roster. Who is not among them comes last until he has ended
// what he is in.
func (b *Board) enlist(agents []Agent, now time.Time) {
	for _, m := range b.roster {
		m.gone = true
	}
	roster := make([]*member, 0, len(agents))
	for _, a := range agents {
		m, ok := b.agents[a.User]
		if !ok {
			m = &member{work: Work{Idle: now}, seen: Away, since: now}
			m.alarm.member = m
			b.agents[a.User] = m
		}
		m.Agent, m.gone = a, false
		roster = append(roster, m)
	}
	for _, m := range b.roster {
		if m.gone {
			roster = append(roster, m)
		}
	}
	b.roster = roster
	for _, p := range b.posts {
		p.holders, p.stale = nil, true
	}
	for i, m := range b.roster {
		m.place, m.post, m.lines = i, nil, nil
		if m.Post != "" && !m.gone {
			b.hold(m)
		}
		b.touch(m)
	}
	for _, m := range b.roster { // some places are new
		if m.ticket != nil {
			slices.SortFunc(m.ticket.ringing, inDirectory)
		}
	}
	b.posts = slices.DeleteFunc(b.posts, func(p *post) bool { return p.holders == nil })
	slices.SortFunc(b.posts, func(p, other *post) int { return inDirectory(p.holders[0], other.holders[0]) })
}

// man gives q its members. Everybody who waits is looked at anew.
func (b *Board) man(q *line) {
	was := q.staff
	q.members, q.penalties, q.ready, q.staff = nil, nil, nil, 0
	for _, m := range b.roster {
		if m.gone || q.Members != nil && !slices.Contains(q.Members, m.User) {
			continue
		}
		q.members, m.lines = append(q.members, m), append(m.lines, q)
		if m.Penalty > 0 && !slices.Contains(q.penalties, m.Penalty) {
			q.penalties = append(q.penalties, m.Penalty)
		}
		if m.seen == Ready {
			q.ready = append(q.ready, m)
		}
		if m.atWork && q.able(m) {
			q.staff++
		}
	}
	q.fresh = slices.Clone(q.ready)
	q.left = q.left || q.staff < was
	for _, t := range q.waiting {
		if t.first != nil && !slices.Contains(q.members, t.first) {
			t.loose()
		}
		t.mark()
	}
}

// forget drops an agent who is in nothing any more. That he is none, his queues and his
// post know already.
func (b *Board) forget(m *member) {
	b.alarms.set(&m.alarm, time.Time{})
	delete(b.agents, m.User)
	b.roster = slices.DeleteFunc(b.roster, func(o *member) bool { return o == m })
}
