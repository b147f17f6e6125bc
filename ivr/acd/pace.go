package acd

import (
	"slices"
	"time"
)

// memory is over how many answers the pace of a queue is averaged: the weight of an
// answer halves with every twenty later ones.
const memory = 30

// pace measures how much of its agents' time a queue takes for each caller it
// answers, while callers stand in line. With that, the wait of a caller follows from
// his position and from how many agents are there, at once when these change.
//
// While agents are enough nothing is measured: how fast they pick up then says
// nothing of a queue in which callers wait for others to end. Owned by Board.Run.
type pace struct {
	staff   int           // agents at work while somebody stands in line, else 0
	at      time.Time     // since when
	spent   time.Duration // agents' time since the last answer, within such times
	answers int           // measured, up to memory
	cost    time.Duration // agents' time of one answer, exponentially weighted mean
}

// pass takes the time until now into account.
func (p *pace) pass(now time.Time) {
	p.spent += time.Duration(p.staff) * now.Sub(p.at)
	p.at = now
}

// work says how many agents are at work from now on.
func (p *pace) work(staff int, now time.Time) {
	p.pass(now)
	p.staff = staff
}

// answered counts the answer of a caller who stood in line.
func (p *pace) answered(now time.Time) {
	p.pass(now)
	p.answers = min(p.answers+1, memory)
	p.cost += (p.spent - p.cost) / time.Duration(p.answers)
	p.spent = 0
}

// wait estimates how long the caller at a position, from 1, has still to wait when
// that many agents are at work; 0: unknown.
func (p *pace) wait(position, staff int) time.Duration {
	if staff == 0 {
		return 0
	}
	return time.Duration(position) * p.cost / time.Duration(staff)
}

// Place returns the caller's position in his queue, from 1, and an estimate of how
// long he has still to wait: what the queue's answers of late have cost. It is 0
// while nothing was measured, or nobody is there to answer. The position is 0 when
// he waits no longer.
func (t *Ticket) Place() (position int, wait time.Duration) {
	_ = t.board.do(func(time.Time) {
		if t.waiting {
			i, _ := slices.BinarySearchFunc(t.queue.waiting, t, inTurn)
			position, wait = i+1, t.queue.pace.wait(i+1, t.queue.staff)
		}
	})
	return position, wait
}
