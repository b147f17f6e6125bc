package acd

import (
	"slices"
	"time"

	"shouwen/metrics"
)

// Claim is the decision who took a call.
type Claim struct {
	Agent  Agent // the first-asker
	Tied   []Agent
	Reason TieBreak
	Waited time.Duration // from Enter to the claim
}

// Ticket is one caller's place in a queue. Board.Enter makes it; whoever asked for
// it must end it, by Claim or Leave. Its methods may be called from any goroutine
// but the one in Board.Run.
type Ticket struct {
	TieWindow time.Duration // how long to gather answers before Claim; read only
	WrapUp    time.Duration // what an agent has after the call to finish it; read only

	board   *Board
	number  int // of all tickets, in the order they entered
	caller  Caller
	queue   *line
	entered time.Time
	since   time.Time // when the caller began to wait
	offers  chan Offer

	// Owned by Board.Run; err is readable once offers is closed.
	err      error
	waiting  bool            // in queue.waiting: may be offered agents, offers is open
	marked   bool            // in queue.marked
	over     bool            // claimed or left
	round    int             // 0: nobody was rung yet
	began    time.Time       // the round
	ends     time.Time       // the round; zero: nobody rings
	ringing  []*member       // for it
	reason   string          // of the last offer
	lined    bool            // has stood in line: no phone rang for him
	first    *member         // while only he may be rung
	told     chan struct{}   // closed when his first offer lies ready; nil: he had none when he entered
	claiming int             // offers that Leases are asked about
	alarm    alarm           // when the wait, the round, or first ends, or stand-ins come in
	tried    map[string]bool // users rung since the strategy began from the top
}

// Offers delivers the phones to ring. It is closed when no more will come, and
// phones that still ring are to be stopped: see Err.
// Whoever does not read it is passed over in favour of the next caller.
func (t *Ticket) Offers() <-chan Offer { return t.offers }

// Err says why Offers was closed: ErrExpired, ErrNobody, ErrClosed if the board stopped, or
// nil after Claim or Leave. Call it only then. An expired ticket may still be
// claimed by a phone that picked up in that moment; otherwise Leave it.
func (t *Ticket) Err() error { return t.err }

// Missed reports that user's phone, rung in this round, will not take the
// call. The agent is left alone for 10 s, or until his phone registers anew or he
// says that he is ready. Not for phones that the conversation stopped itself.
func (t *Ticket) Missed(user string, why metrics.Missed) {
	_ = t.board.do(func(now time.Time) {
		m, ok := t.board.agents[user]
		if !ok || m.ticket != t {
			return
		}
		t.board.log.Info("offer missed", "call", t.caller.Call, "agent", user, "reason", why)
		t.board.miss(m, why)
		t.board.leaveAlone(m, why, now)
		if len(t.ringing) == 0 {
			t.ends = time.Time{}
			t.mark()
		}
	})
}

// Claim gives the call to one of those who answered, as Pick decides by their
// ranks in the directory and the queue's tie window, and frees everybody else.
// From then on the agent is talking, until Board.Released. An answer by an agent
// whom another call has taken meanwhile does not count; if none is left the error
// is ErrTaken and the ticket goes on. A ticket already claimed or left: ErrOver.
func (t *Ticket) Claim(answers ...Answer) (c Claim, err error) {
	gone := t.board.do(func(now time.Time) { c, err = t.claim(answers, now) })
	if gone != nil {
		return Claim{}, gone
	}
	return c, err
}

func (t *Ticket) claim(answers []Answer, now time.Time) (Claim, error) {
	if t.over {
		return Claim{}, ErrOver
	}
	var free []Answer
	for _, a := range answers {
		m, ok := t.board.agents[a.User]
		if ok && (m.ticket == t || m.ticket == nil && len(m.calls) == 0) {
			a.Rank = m.Rank
			free = append(free, a)
		}
	}
	if len(free) == 0 {
		return Claim{}, ErrTaken
	}
	winner, tied, why := Pick(free, t.TieWindow)
	m := t.board.agents[winner.User]
	c := Claim{Agent: m.Agent, Reason: why, Waited: now.Sub(t.entered)}
	for _, a := range tied {
		c.Tied = append(c.Tied, t.board.agents[a.User].Agent)
	}
	t.end(metrics.WaitAnswered, now)
	t.board.touch(m)
	m.calls = append(m.calls, talk{call: t.caller.Call, wrapUp: t.queue.WrapUp})
	m.work.Calls++
	m.work.Missed = 0
	if t.lined {
		t.queue.pace.answered(now)
	}
	t.board.metrics.Rang(t.queue.Name, winner.At.Sub(m.work.Rung))
	return c, nil
}

// Leave ends the ticket without an agent and frees those who ring for it. After
// Claim or Leave it does nothing.
func (t *Ticket) Leave(o metrics.Outcome) {
	_ = t.board.do(func(now time.Time) {
		if !t.over {
			t.end(o, now)
		}
	})
}

// end ends the ticket. Nobody is blamed for a phone that still rang.
func (t *Ticket) end(o metrics.Outcome, now time.Time) {
	t.over = true
	for _, m := range t.ringing {
		m.ticket = nil
		t.board.touch(m)
	}
	t.ringing = nil
	t.stop(nil)
	if !t.caller.Kept {
		t.board.metrics.Waited(t.queue.Name, o, now.Sub(t.entered), t.caller.Call)
	}
}

// expires is when the longest wait is over.
func (t *Ticket) expires() time.Time {
	if t.caller.Kept {
		return t.entered.AddDate(1, 0, 0)
	}
	return t.entered.Add(t.queue.MaxWait)
}

// stop takes the ticket out of the queue, once; err is for Err.
func (t *Ticket) stop(err error) {
	if !t.waiting {
		return
	}
	q := t.queue
	t.waiting, t.err, t.board.changed = false, err, true
	close(t.offers)
	i, _ := slices.BinarySearchFunc(q.waiting, t, inTurn)
	q.waiting = slices.Delete(q.waiting, i, i+1)
	if t.lined {
		q.lined--
	}
	t.loose()
	t.board.alarms.set(&t.alarm, time.Time{})
}

// mark has the next settle look at the ticket.
func (t *Ticket) mark() {
	t.board.changed = true
	if !t.marked {
		t.marked = true
		t.queue.marked = append(t.queue.marked, t)
	}
}

// wake does what is due at now.
func (t *Ticket) wake(now time.Time) {
	expired := !now.Before(t.expires())
	if !t.ends.IsZero() && (expired || !now.Before(t.ends)) {
		t.endRound(now)
	}
	if expired {
		t.stop(ErrExpired)
	}
	t.mark()
}

// rearm sets the alarm to what is due next.
func (t *Ticket) rearm(now time.Time) {
	if !t.waiting {
		return
	}
	next := soonest(now, t.expires(), t.ends)
	if t.first != nil {
		next = soonest(now, next, t.firstUntil())
	}
	for _, penalty := range t.queue.penalties {
		next = soonest(now, next, t.overflow(penalty))
	}
	t.board.alarms.set(&t.alarm, next)
}
