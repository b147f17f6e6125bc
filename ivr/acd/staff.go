package acd

import "time"

// Staff returns how many agents of a queue are at work: neither away nor paused. It
// is 0 for no queue.
func (b *Board) Staff(queue string) (n int) {
	_ = b.do(func(time.Time) {
		if q, ok := b.queues[queue]; ok {
			n = q.staff
		}
	})
	return n
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
