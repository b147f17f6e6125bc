// Package acd distributes calls to agents: who waits in which queue, who may be
// rung, whose phone rings for whom, and who took the call. It knows nothing of
// SIP: a conversation enters a queue, rings the phones it is offered, and reports
// what became of them.
//
//	t, err := board.Enter(acd.Caller{Call: id, Queue: "hotline"})
//	defer t.Leave(metrics.WaitAbandoned)
//	for offer := range t.Offers() { ring offer.Agents … t.Missed / t.Claim }
//	defer board.Released(agent, id)
//
// Agents who get a call otherwise, by transfer or because they call somebody back,
// are taken: Take, then Keep or Missed, and Released.
package acd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"shouwen/metrics"
)

// What Enter, Claim, Take and Err return.
var (
	ErrNoQueue = errors.New("no such queue")
	ErrFull    = errors.New("queue is full")
	ErrClosed  = errors.New("queue is closed") // draining, or the board has stopped
	ErrExpired = errors.New("nobody came within the longest wait")
	ErrNobody  = errors.New("no agent of the queue is at work")
	ErrTaken   = errors.New("agent is taken by another call")
	ErrNoAgent = errors.New("no such agent")
	ErrOver    = errors.New("wait is over")
)

// Queue says how the callers of one queue are served.
type Queue struct {
	Name          string
	Members       []string       // users who serve it; nil: every agent
	Strategy      Strategy       // nil: RingAll
	Required      map[string]int // skills, for callers who say nothing of them themselves; see Caller
	Wished        map[string]int // likewise
	Weight        int            // its callers count as having waited so many times as long; 0: 1
	RingTime      time.Duration  // length of one round, for agents without their own; 0: 20 s
	OverflowAfter time.Duration  // wait after which stand-ins are rung too; 0: 20 s
	MaxWait       time.Duration  // of one caller; 0: 3 min
	WrapUp        time.Duration  // what an agent has after each call to finish it; 0: nothing
	TieWindow     time.Duration  // answers this close together are a tie (S34-R3); 0: the first wins
	Limit         int            // callers waiting at once; 0: 500
	Attended      bool           // callers on the phone wait only while an agent is at work
}

// line is a queue at work. Owned by Board.Run.
type line struct {
	Queue
	members   []*member      // like all lists of them in the order of the directory
	penalties []int          // of the stand-ins among them, each once
	offers    map[string]int // made so far, by reason
	pace      pace

	waiting []*Ticket // in the order of service
	lined   int       // how many of them stand in line
	marked  []*Ticket // to be looked at; some may wait no longer
	ready   []*member
	fresh   []*member // ready since the last settle, or to be rung earlier than then
	staff   int       // members at work
	left    bool      // and some member was just now, who is no longer
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
	Zone      *time.Location // in which a day of work begins; nil: local time
	MaxMissed int            // phones that ring in vain so often in a row are paused; 0: never

	// Leases is nil if there is only one node; else KeepLeases is to run, too.
	Leases Leases

	// OnPaused is told of agents whom the board paused itself. Run calls it: it must
	// return at once and not use the board.
	OnPaused func(user, reason string)

	// OnChanged is told that an agent or who waits may have changed. Run calls it, often:
	// it must return at once and not use the board.
	OnChanged func()

	metrics *metrics.Queue
	log     *slog.Logger
	cmds    chan command
	done    chan struct{} // closed when Run returns
	freed   chan struct{} // somebody leased is in no call any more

	// Owned by Run.
	agents   map[string]*member
	roster   []*member // the same, in the order of the directory
	queues   map[string]*line
	lines    []*line // the same, as configured
	posts    []*post // in the order of the directory
	alarms   alarms
	stale    []*member   // whose state may have changed
	rows     [][]*Ticket // of ask
	asked    []Presence  // candidates of the strategy asked last
	entered  int         // tickets so far
	draining bool
	changed  bool      // since OnChanged was told
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
		cmds: make(chan command), done: make(chan struct{}), freed: make(chan struct{}, 1),
		agents: map[string]*member{}, queues: map[string]*line{},
	}
	for _, q := range queues {
		b.open(q)
	}
	b.enlist(agents, time.Now())
	for _, q := range b.lines {
		b.man(q)
	}
	m.ReadWaiting(b.readWaiting)
	return b
}

func (b *Board) open(q Queue) {
	if q.Strategy == nil {
		q.Strategy = RingAll
	}
	q.Weight = cmp.Or(q.Weight, 1)
	q.RingTime = cmp.Or(q.RingTime, 20*time.Second)
	q.OverflowAfter = cmp.Or(q.OverflowAfter, 20*time.Second)
	q.MaxWait = cmp.Or(q.MaxWait, 3*time.Minute)
	q.Limit = cmp.Or(q.Limit, 500)
	l := &line{Queue: q, offers: map[string]int{}}
	b.queues[q.Name] = l
	b.lines = append(b.lines, l)
}

// Run serves the queues until ctx ends, and returns why it did. Offers of every
// ticket are closed then.
func (b *Board) Run(ctx context.Context) error {
	defer b.stop()
	for _, m := range b.roster { // some may have been restored
		b.touch(m)
	}
	wake := time.NewTimer(0)
	defer wake.Stop()
	for {
		var cmd command
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-wake.C:
		case cmd = <-b.cmds:
		}
		now := time.Now()
		b.turn(now)
		if cmd.f != nil {
			cmd.f(now)
		}
		b.settle(now)
		if b.changed && b.OnChanged != nil {
			b.OnChanged()
		}
		b.changed = false
		if cmd.f != nil {
			close(cmd.done)
		}
		wake.Reset(b.untilNext(now))
	}
}

func (b *Board) stop() {
	close(b.done)
	for _, q := range b.lines {
		for len(q.waiting) > 0 {
			q.waiting[0].stop(ErrClosed)
		}
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

// Enter puts a caller into a queue, to be served by priority, Front and wait.
// Errors: ErrNoQueue, ErrNobody, ErrFull, ErrClosed; emergencies, and with Front or Kept
// who was ours already, are not turned away by the latter two.
func (b *Board) Enter(c Caller) (t *Ticket, err error) {
	gone := b.do(func(now time.Time) { t, err = b.enter(c, now) })
	return t.entry(cmp.Or(gone, err))
}

// entry is what Enter returns: a ticket whose first offer, if there is one, lies
// ready.
func (t *Ticket) entry(err error) (*Ticket, error) {
	if err != nil {
		return nil, fmt.Errorf("enter queue: %w", err)
	}
	if t.told != nil {
		<-t.told
	}
	return t, nil
}

func (b *Board) enter(c Caller, now time.Time) (*Ticket, error) {
	q, ok := b.queues[c.Queue]
	if !ok {
		return nil, ErrNoQueue
	}
	if q.forsaken() && !c.Kept {
		return nil, ErrNobody
	}
	if c.Required == nil {
		c.Required = q.Required
	}
	if c.Wished == nil {
		c.Wished = q.Wished
	}
	insists := c.Front || c.Kept || c.Priority == Emergency
	if b.draining && !insists {
		return nil, ErrClosed
	}
	if !insists && len(q.waiting) >= q.Limit && q.onPhone() >= q.Limit {
		return nil, ErrFull
	}
	b.entered++
	t := &Ticket{
		TieWindow: q.TieWindow, WrapUp: q.WrapUp,
		board: b, number: b.entered, caller: c, queue: q, entered: now, since: now, offers: make(chan Offer, unread+1),
		waiting: true, tried: map[string]bool{},
	}
	t.alarm.ticket = t
	if !c.Since.IsZero() && c.Since.Before(now) {
		t.since = c.Since
	}
	if i := slices.IndexFunc(q.members, func(m *member) bool { return m.User == c.First && !c.avoids(m) }); c.First != "" && i >= 0 && c.Priority != Emergency {
		t.first = q.members[i]
		t.first.tied = append(t.first.tied, t)
	}
	i, _ := slices.BinarySearchFunc(q.waiting, t, inTurn)
	q.waiting = slices.Insert(q.waiting, i, t)
	t.mark()
	if !c.Kept { // he was counted before
		b.metrics.Entered(q.Name)
	}
	return t, nil
}

// Drain refuses new callers from now on. Those who wait are served.
func (b *Board) Drain() {
	_ = b.do(func(time.Time) { b.draining = true })
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
	if len(b.alarms) == 0 {
		return time.Hour
	}
	return b.alarms[0].at.Sub(now)
}
