package acd

import (
	"slices"
	"time"
)

// Staff returns how many agents of a queue are at work: neither away nor paused, but
// for a moment because they let a call pass. Who lacks a skill the queue requires does
// not count. It is 0 for no queue.
func (b *Board) Staff(queue string) (n int) {
	_ = b.do(func(time.Time) {
		if q, ok := b.queues[queue]; ok {
			n = q.staff
		}
	})
	return n
}

// attends tells whether an agent in that state is at work.
func (m *member) attends(s State) bool { return s.present() || s == Paused && !m.paused }

// attend keeps whether m, who is in state s, is at work.
func (m *member) attend(s State) {
	at := m.attends(s)
	if at == m.atWork {
		return
	}
	m.atWork = at
	for _, q := range m.lines {
		switch {
		case !q.able(m):
		case at:
			q.staff++
		default:
			q.staff--
			q.left = true
		}
	}
}

// able tells whether m has the skills that q requires of everybody.
func (q *line) able(m *member) bool { return has(m.Skills, q.Required) == len(q.Required) }

// forsaken tells whether nobody may wait in q on the phone.
func (q *line) forsaken() bool { return q.Attended && q.staff == 0 }

// desert ends the wait of those on the phone if the last agent has left.
func (q *line) desert() {
	if !q.left {
		return
	}
	if q.left = false; !q.forsaken() {
		return
	}
	for _, t := range slices.Clone(q.waiting) {
		if !t.caller.Kept {
			t.stop(ErrNobody)
		}
	}
}

// onPhone returns how many callers wait on the phone.
func (q *line) onPhone() (n int) {
	for _, t := range q.waiting {
		if !t.caller.Kept {
			n++
		}
	}
	return n
}
