package acd

import (
	"slices"
	"time"
)

// settle does what is due at now, and offers whoever is ready to the callers in
// the order they are to be served. It looks only at what has changed since the
// last time: agents in stale, tickets marked and agents fresh in their queues.
func (b *Board) settle(now time.Time) {
	for a := b.alarms.due(now); a != nil; a = b.alarms.due(now) {
		if a.member != nil {
			b.touch(a.member)
		} else {
			a.ticket.wake(now)
		}
	}
	b.notice(now)
	for _, q := range b.lines {
		q.desert()
	}
	b.ask(now)
	for _, q := range b.lines {
		q.tidy(now)
	}
}

// touch says that the state of m may have changed.
func (b *Board) touch(m *member) {
	b.changed = true
	if !m.stale {
		m.stale = true
		b.stale = append(b.stale, m)
	}
}

// notice keeps what the agents do to whom something happened.
func (b *Board) notice(now time.Time) {
	for _, m := range b.stale {
		m.stale = false
		if !now.Before(m.wrapUntil) {
			b.measure(m, now)
		}
		b.note(m, now)
		b.alarms.set(&m.alarm, soonest(now, m.restUntil, m.wrapUntil))
		if m.gone && m.ticket == nil && len(m.calls) == 0 {
			b.forget(m)
		}
	}
	b.stale = b.stale[:0]
	for _, p := range b.posts {
		if p.stale {
			b.notePost(p)
		}
	}
}

// note keeps what m does now, in every queue he serves.
func (b *Board) note(m *member, now time.Time) {
	was := m.seen
	is := m.note(now)
	m.attend(is)
	if is == was {
		return
	}
	for _, q := range m.lines {
		if was == Ready {
			q.ready = out(q.ready, m)
		}
		if is == Ready {
			q.ready, q.fresh = in(q.ready, m), append(q.fresh, m)
		}
	}
	if m.lease != "" && m.ticket == nil && len(m.calls) == 0 {
		b.free()
	}
	if is != Ringing {
		for _, t := range m.tied {
			t.mark()
		}
	}
	if m.post != nil && was.present() != is.present() {
		m.post.stale = true
	}
}

// in puts m among agents in the order of the directory, out takes him from there.
func in(all []*member, m *member) []*member {
	i, _ := slices.BinarySearchFunc(all, m, inDirectory)
	return slices.Insert(all, i, m)
}

func out(all []*member, m *member) []*member {
	i, _ := slices.BinarySearchFunc(all, m, inDirectory)
	return slices.Delete(all, i, i+1)
}

func inDirectory(a, b *member) int { return a.place - b.place }

// ask has tickets offered who is ready: those that are marked, and each in its turn
// as long as anybody is fresh.
func (b *Board) ask(now time.Time) {
	b.rows = b.rows[:0]
	for _, q := range b.lines {
		for _, t := range q.marked {
			t.untie(now)
		}
		if len(q.fresh) > 0 {
			slices.SortFunc(q.fresh, inDirectory)
			b.rows = append(b.rows, q.waiting)
		} else if len(q.marked) > 0 {
			slices.SortFunc(q.marked, inTurn)
			b.rows = append(b.rows, q.marked)
		}
	}
	for t := b.next(now); t != nil; t = b.next(now) {
		t.offer(now)
	}
}

// next takes the ticket that is first in the order of service out of the rows.
func (b *Board) next(now time.Time) (first *Ticket) {
	at := 0
	for i := 0; i < len(b.rows); i++ {
		row := b.rows[i]
		for len(row) > 0 && !row[0].concerned() {
			row = row[1:]
		}
		if b.rows[i] = row; len(row) == 0 || len(row[0].queue.ready) == 0 {
			b.rows = slices.Delete(b.rows, i, i+1)
			i--
		} else if first == nil || row[0].before(first, now) {
			first, at = row[0], i
		}
	}
	if first != nil {
		b.rows[at] = b.rows[at][1:]
	}
	return first
}

// concerned tells whether who is ready may be news to the ticket.
func (t *Ticket) concerned() bool { return t.waiting && (t.marked || t.queue.anyFresh()) }

// anyFresh tells whether somebody fresh is still ready.
func (q *line) anyFresh() bool {
	for last := len(q.fresh) - 1; last >= 0; last-- {
		if q.fresh[last].seen == Ready {
			return true
		}
		q.fresh = q.fresh[:last]
	}
	return false
}

// tidy ends the settling of q: marked tickets are as they are to be, but for those
// passed over, which stay marked.
func (q *line) tidy(now time.Time) {
	q.marked = slices.DeleteFunc(q.marked, func(t *Ticket) bool {
		if t.waiting && !t.lined && t.first == nil && len(t.ringing) == 0 {
			t.lined = true
			q.lined++
		}
		t.rearm(now)
		t.marked = t.waiting && t.unread()
		return !t.marked
	})
	q.fresh = q.fresh[:0]
	staff := 0
	if q.lined > 0 {
		staff = q.staff
	}
	q.pace.work(staff, now)
}
