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
type Board struct {
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
		one := &member{Agent: a, seen: Away, since: now}
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
			b.settle(time.Now())
		case cmd := <-b.cmds:
			now := time.Now()
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

// Registered reports that user's phone has registered, first or anew, or is gone.
// Users who are not agents are ignored, here and below.
func (b *Board) Registered(user string, up bool) {
	b.update(user, func(m *member) {
		m.registered = up
		m.restUntil = time.Time{}
	})
}

// SetReady says whether the agent wants calls. Agents begin ready. A phone that
// already rings goes on ringing.
func (b *Board) SetReady(user string, ready bool) {
	b.update(user, func(m *member) {
		m.paused = !ready
		m.restUntil = time.Time{}
	})
}

// Busy reports that the agent is in a call that no ticket of his brought: one
// between extensions, or a transferred one. Not for a call he claimed.
func (b *Board) Busy(user, call string) {
	b.update(user, func(m *member) {
		if !slices.Contains(m.calls, call) {
			m.calls = append(m.calls, call)
		}
	})
}

// Released reports that the agent is no longer in the call, claimed or reported
// by Busy.
func (b *Board) Released(user, call string) {
	b.update(user, func(m *member) {
		m.calls = slices.DeleteFunc(m.calls, func(c string) bool { return c == call })
	})
}

// Lost reports that user's phone has vanished in a call. The agent is left alone
// as after Missed.
func (b *Board) Lost(user string) {
	_ = b.do(func(now time.Time) {
		if m, ok := b.agents[user]; ok {
			m.restUntil, m.restFor = now.Add(rest), metrics.Unreachable
		}
	})
}

func (b *Board) update(user string, f func(*member)) {
	_ = b.do(func(time.Time) {
		if m, ok := b.agents[user]; ok {
			f(m)
		}
	})
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

// note keeps since when every agent is in his state, and returns how many are ready.
func (b *Board) note(now time.Time) (ready int) {
	for _, m := range b.roster {
		s := m.state(now)
		if s != m.seen {
			m.seen, m.since = s, now
		}
		if s == Ready {
			ready++
		}
	}
	return ready
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
		if now.Before(m.restUntil) {
			wait = min(wait, m.restUntil.Sub(now))
		}
	}
	return wait
}
