// Package acd distributes calls to agents: who waits in which queue, who may be
// rung, whose phone rings for whom, and who took the call. It knows nothing of
// SIP: a conversation enters a queue, rings the phones it is offered, and reports
// what became of them.
//
//	t, err := board.Enter(acd.Caller{Call: id, Queue: "hotline"})
//	defer t.Leave(metrics.WaitAbandoned)
//	for offer := range t.Offers() { ring offer.Agents … t.Missed / t.Claim }
//	defer board.Released(agent, id)
package acd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"shouwen/metrics"
)

// What Enter, Claim and Err return.
var (
	ErrNoQueue = errors.New("no such queue")
	ErrFull    = errors.New("queue is full")
	ErrClosed  = errors.New("queue is closed") // draining, or the board has stopped
	ErrExpired = errors.New("nobody came within the longest wait")
	ErrTaken   = errors.New("agent is taken by another call")
	ErrOver    = errors.New("wait is over")
)

// Queue says how the callers of one queue are served.
type Queue struct {
	Name      string
	Members   []string      // users who serve it; empty: every agent
	Strategy  Strategy      // nil: RingAll
	RingTime  time.Duration // length of one round; 0: 20 s
	MaxWait   time.Duration // of one caller; 0: 3 min
	WrapUp    time.Duration // what an agent has after each call to finish it; 0: nothing
	TieWindow time.Duration // answers this close together are a tie (S34-R3); 0: the first wins
	Limit     int           // callers waiting at once; 0: 500
}

// line is a queue at work; constant after New.
type line struct {
	Queue
	members []*member
}

// unread is how many offers a conversation may leave unread before it is passed
// over; the end of a round has room beyond.
const unread = 8

// A Board holds all queues and agents. It is owned by the goroutine in Run; other
// goroutines use its methods, which return when what they ask for has been done,
// offers that follow from it included. They wait until Run has begun, and return
// at once, with ErrClosed where they have an error, when it has ended.
//
// The exported fields may be set before Run.
type Board struct {
	Zone *time.Location // in which a day of work begins; nil: local time

	metrics *metrics.Queue
	log     *slog.Logger
	cmds    chan command
	done    chan struct{} // closed when Run returns

	// Owned by Run. The maps are constant after New.
	agents   map[string]*member
	roster   []*member // the same, in the order of the directory
	queues   map[string]*line
	names    []string  // of the queues, as configured
	waiting  []*Ticket // in the order of service
	draining bool
	tomorrow time.Time // when the counts of work begin anew
}

type command struct {
	f    func(now time.Time)
	done chan struct{}
}

// New returns a board with all agents away and all queues empty. Queues have
// distinct names, agents distinct users, and members are agents.
func New(queues []Queue, agents []Agent, m *metrics.Queue, log *slog.Logger) *Board {
	b := &Board{
		metrics: m, log: log,
		cmds: make(chan command), done: make(chan struct{}),
		agents: map[string]*member{}, queues: map[string]*line{},
	}
	now := time.Now()
	for _, a := range agents {
		one := &member{Agent: a, work: Work{Idle: now}, seen: Away, since: now}
		b.agents[a.User] = one
		b.roster = append(b.roster, one)
	}
	for _, q := range queues {
		b.open(q)
	}
	m.ReadWaiting(b.readWaiting)
	return b
}

func (b *Board) open(q Queue) {
	if q.Strategy == nil {
		q.Strategy = RingAll
	}
	if q.RingTime == 0 {
		q.RingTime = 20 * time.Second
	}
	if q.MaxWait == 0 {
		q.MaxWait = 3 * time.Minute
	}
	if q.Limit == 0 {
		q.Limit = 500
	}
	l := &line{Queue: q}
	var departments []string
	for _, m := range b.roster {
		if len(q.Members) == 0 || slices.Contains(q.Members, m.User) {
			l.members = append(l.members, m)
			departments = append(departments, m.Department)
		}
	}
	b.queues[q.Name] = l
	b.names = append(b.names, q.Name)
	b.metrics.Declare(q.Name, departments...)
}

// Run serves the queues until ctx ends, and returns why it did. Offers of every
// ticket are closed then.
func (b *Board) Run(ctx context.Context) error {
	defer b.stop()
	wake := time.NewTimer(0)
	defer wake.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-wake.C:
			now := time.Now()
			b.turn(now)
			b.settle(now)
		case cmd := <-b.cmds:
			now := time.Now()
			b.turn(now)
			cmd.f(now)
			b.settle(now)
			close(cmd.done)
		}
		wake.Reset(b.untilNext(time.Now()))
	}
}

func (b *Board) stop() {
	close(b.done)
	for len(b.waiting) > 0 {
		b.waiting[0].stop(ErrClosed)
	}
}

// do has Run do f, and returns after it and what follows from it; or ErrClosed.
func (b *Board) do(f func(now time.Time)) error {
	cmd := command{f, make(chan struct{})}
	select {
	case b.cmds <- cmd:
		<-cmd.done
		return nil
	case <-b.done:
		return ErrClosed
	}
}

// Enter puts a caller into a queue: behind those who wait, or, with Front, before
// all but earlier ones with Front. Errors: ErrNoQueue, and for callers without
// Front ErrFull, ErrClosed; who was ours already is not turned away.
func (b *Board) Enter(c Caller) (t *Ticket, err error) {
	gone := b.do(func(now time.Time) { t, err = b.enter(c, now) })
	if gone != nil {
		err = gone
	}
	if err != nil {
		return nil, fmt.Errorf("enter %q: %w", c.Queue, err)
	}
	return t, nil
}

func (b *Board) enter(c Caller, now time.Time) (*Ticket, error) {
	q, ok := b.queues[c.Queue]
	if !ok {
		return nil, ErrNoQueue
	}
	if b.draining && !c.Front {
		return nil, ErrClosed
	}
	length, front := 0, 0
	for _, t := range b.waiting {
		if t.queue == q {
			length++
		}
		if t.caller.Front {
			front++
		}
	}
	if length >= q.Limit && !c.Front {
		return nil, ErrFull
	}
	t := &Ticket{
		TieWindow: q.TieWindow,
		board:     b, caller: c, queue: q, entered: now, offers: make(chan Offer, unread+1),
		waiting: true, tried: map[string]bool{},
	}
	at := len(b.waiting)
	if c.Front {
		at = front
	}
	b.waiting = slices.Insert(b.waiting, at, t)
	b.metrics.Entered(q.Name)
	return t, nil
}

// Drain refuses new callers from now on. Those who wait are served.
func (b *Board) Drain() {
	_ = b.do(func(time.Time) { b.draining = true })
}

// miss ends the offer to m.
func (b *Board) miss(m *member, why metrics.Missed) {
	b.metrics.Missed(m.Department, why)
	m.ticket = nil
}

// settle does what is due at now, and offers whoever is ready to the callers in
// the order they are to be served.
func (b *Board) settle(now time.Time) {
	for _, t := range slices.Backward(b.waiting) { // stop deletes behind us
		expired := !now.Before(t.entered.Add(t.queue.MaxWait))
		rung := !t.ends.IsZero()
		if rung && (expired || !now.Before(t.ends)) {
			t.endRound()
		}
		if expired {
			t.stop(ErrExpired)
		}
	}
	ready := b.note(now)
	for _, t := range b.waiting {
		if ready == 0 {
			break
		}
		ready -= t.offer(now)
	}
	b.note(now)
}

// note keeps what every agent does, and returns how many are ready.
func (b *Board) note(now time.Time) (ready int) {
	for _, m := range b.roster {
		if m.note(now) == Ready {
			ready++
		}
	}
	return ready
}

// turn begins a new day of work when it is time.
func (b *Board) turn(now time.Time) {
	if now.Before(b.tomorrow) {
		return
	}
	b.tomorrow = b.midnight(now)
	for _, m := range b.roster {
		m.work.Calls, m.work.Talked = 0, 0
	}
}

// midnight returns the end of the day of t.
func (b *Board) midnight(t time.Time) time.Time {
	if b.Zone != nil {
		t = t.In(b.Zone)
	}
	return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location())
}

// untilNext returns how long settle has nothing to do.
func (b *Board) untilNext(now time.Time) time.Duration {
	wait := time.Hour
	for _, t := range b.waiting {
		wait = min(wait, t.entered.Add(t.queue.MaxWait).Sub(now))
		if !t.ends.IsZero() {
			wait = min(wait, t.ends.Sub(now))
		}
	}
	for _, m := range b.roster {
		for _, end := range []time.Time{m.restUntil, m.wrapUntil} {
			if now.Before(end) {
				wait = min(wait, end.Sub(now))
			}
		}
	}
	return wait
}
