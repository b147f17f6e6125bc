package call

import (
	"errors"
	"time"

	"shouwen/cases"
	"shouwen/metrics"
	"shouwen/sip"
)

// The states of a conversation that calls its caller, before he answers. From then
// on it is one like others.
const (
	fetching  state = "fetching"  // an agent's phone rings, or an agent is waited for
	reaching  state = "reaching"  // the agent is there; the caller's phone rings
	unreached state = "unreached" // the agent hears that the caller does not answer
)

// ringsLongest is how long a caller's phone rings; who hangs up on it after
// ringsEnough has waited for an answer, and not thought better of it.
const (
	ringsLongest = time.Minute
	ringsEnough  = 20 * time.Second
)

// back is why a conversation calls its caller, instead of being called by him.
type back struct {
	cases.Place
	stands time.Time            // when he came to stand in line; zero: an agent called him
	began  time.Time            // when the caller's phone was called
	result cases.CallbackResult // of the attempt, if it reached nobody
	denial OutboundReason       // why it was denied
	mark   cases.CallbackResult // what the agent says of who answered; empty: nothing
}

// callBack makes the conversation that calls back whom p is about. The caller of
// callBack lets somebody ring, or gives it a ticket, and runs it.
func (s *Switch) callBack(id string, p cases.Place) *Conversation {
	line, ok := s.hotline(p.Hotline)
	if !ok {
		line = s.Hotlines[0]
	}
	c := s.conversation(id, line)
	c.state, c.gone, c.back = fetching, true, &back{Place: p}
	if p.Queue != "" {
		c.into(p.Queue)
	}
	who := p.Caller
	who.E164, who.Withheld = p.Number, false
	c.live = Live{ID: id, Direction: metrics.Outbound, State: metrics.Ringing, Caller: who, Dialed: line.Number, Case: p.Case, Since: time.Now()}
	return c
}

// runBack starts a conversation that calls back.
func (s *Switch) runBack(c *Conversation) {
	s.show(c.live)
	s.own(c)
	s.wg.Go(c.recorder)
	s.wg.Go(c.run)
	s.mu.Lock()
	late := s.draining // and Drain may not have seen it
	s.mu.Unlock()
	if late {
		c.post(event{kind: evForgo})
	}
}

// CallStanding calls back who stands in line when an agent is free. It is what
// Switch.CallBack wants.
func (s *Switch) CallStanding(st Standing) {
	c := s.callBack(st.ID, st.Place)
	c.ticket, c.offers, c.wrapUp = st.Ticket, st.Ticket.Offers(), st.Ticket.WrapUp
	c.back.stands = time.Now()
	s.runBack(c)
}

// fetch rings the phones of an agent for a callback; the error is
// acd.ErrTaken or ErrNobody.
func (c *Conversation) fetch(user string) error {
	if err := c.sw.Board.Take(user, c.id, c.wrapUp); err != nil {
		return err
	}
	legs := c.sw.ring(user, shown{Caller: c.live.Caller, number: c.live.Case}, c.log, c.post)
	if len(legs) == 0 {
		c.sw.Board.Missed(user, c.id, metrics.Unreachable)
		return ErrNobody
	}
	c.ringing[user] = &party{User: user, legs: legs, summoned: true}
	c.arm(limits[summoning])
	return nil
}

// fetched: an agent picked up, for the caller.
func (c *Conversation) fetched(e event) {
	if c.ticket != nil {
		c.pickedUp(e)
		return
	}
	c.summonedUp(e)
}

// notFetched: a phone that rang for a callback will not take it.
func (c *Conversation) notFetched(e event) {
	if c.ticket != nil {
		c.phoneEnded(e)
		return
	}
	p := c.ringing[e.user]
	if p == nil || !p.drop(e.leg) || len(p.legs) > 0 {
		return
	}
	delete(c.ringing, e.user)
	if e.leg.User() == "" { // he had dialled, and thought better of it
		c.sw.Board.Released(e.user, c.id)
	} else {
		c.sw.Board.Missed(e.user, c.id, missedBecause(e.sip.(sip.Ended)))
	}
	c.forgo(event{})
}

// notFetchedInTime: an agent's phone has rung for long enough.
func (c *Conversation) notFetchedInTime(event) {
	for user := range c.ringing {
		c.sw.Board.Missed(user, c.id, metrics.NoAnswer)
	}
	c.forgo(event{})
}

// forgo ends a callback before there was an attempt. It is owed all the same.
func (c *Conversation) forgo(e event) {
	c.leaveQueue()
	if e.reply != nil {
		e.reply <- nil
	}
	c.log.Info("callback put off", "case", c.live.Case)
	c.enter(concluding)
	c.concluded(event{})
}

// callOut calls the caller, whom the agent waits for.
func (c *Conversation) callOut() {
	b, user := c.back, c.agent.User
	c.live.Agent, c.first = user, user
	c.log.Info("calling back", "case", b.Case, "agent", user, "attempt", b.Attempts+1)
	c.record(cases.Fact{CallbackStarted: &cases.CallbackStarted{
		By: user, Number: b.Number, Hotline: c.line.Number, Attempt: b.Attempts + 1,
	}})
	c.enter(reaching)
	b.began = time.Now()
	if b.Attempts == 0 && !b.Due.IsZero() {
		p, _ := c.sw.Directory().Person(user)
		c.sw.Metrics.CallsOut.Began(p.Department, b.began.Sub(b.Due))
	}
	known := make(chan struct{})
	leg, err := c.callOutside(c.sw.occasion(b.Place, b.began), user, b.Number, sip.Dialing{
		Log: c.log.With("leg_to", "caller"),
		Events: func(e sip.Event) {
			<-known
			c.post(event{kind: callerEvent(e), sip: e})
		},
	})
	c.caller, c.gone = leg, err != nil
	close(known)
	if denied, ok := errors.AsType[*DeniedError](err); ok {
		b.denial = denied.Reason
		c.notReached(cases.CallbackDenied)
		return
	}
	if err != nil {
		c.log.Error("callback not placed", "err", err)
		c.notReached(cases.CallbackFailed)
		return
	}
	c.playAgent(ringback)
}

// callerRings: the network says that the caller's phone rings, or more: then the
// agent hears it.
func (c *Conversation) callerRings(e event) {
	if e.sip.(sip.Ringing).Audio {
		c.playAgent(quiet)
		c.meeting.join(c.caller, c.agent.legs[0])
	}
}

// reached: the caller answered. From now on this is a conversation like others.
func (c *Conversation) reached(event) {
	b, now := c.back, time.Now()
	extension := ""
	if p, ok := c.sw.Directory().Person(c.agent.User); ok {
		extension = p.Extension
	}
	c.record(cases.Fact{CallbackAnswered: &cases.CallbackAnswered{
		Agent: c.agent.User, Extension: extension, Trunk: c.caller.Trunk(), Attempt: b.Attempts + 1, Rang: cases.Span(now.Sub(b.began)),
	}})
	c.sw.Metrics.CallsOut.Attempted(metrics.CallbackReached)
	c.sw.Board.Keep(c.agent.User, c.id)
	c.since, c.live.Answered = now, now
	c.handles()
	c.log.Info("called back", "case", b.Case, "agent", c.agent.User, "trunk", c.caller.Trunk())
	c.enter(talking)
	c.arrange()
	if c.records() {
		c.beginRecording("")
	}
}

// callerNotReached: the caller's phone does not take the call.
func (c *Conversation) callerNotReached(e event) {
	c.gone = true
	why := e.sip.(sip.Ended)
	if why.Cause == sip.EndSpent {
		c.back.denial = OutboundSpend
	}
	c.notReached(reachedNot(why))
}

// ringsTooLong gives up a phone that nobody answers.
func (c *Conversation) ringsTooLong(event) {
	c.caller.Hangup(sip.Hangup{})
	c.notReached(cases.CallbackNoAnswer)
}

// notReached tells the agent by ear why.
func (c *Conversation) notReached(why cases.CallbackResult) {
	c.back.result = why
	c.meeting.part()
	c.enter(unreached)
	c.refused = cases.TransferUnreachable
	if why == cases.CallbackBusy || why == cases.CallbackRejected {
		c.refused = cases.TransferBusy
	}
	c.playAgent(refusal)
}

// callerLeft: the leg we gave up has ended.
func (c *Conversation) callerLeft(event) { c.gone = true }

// agentLeft: the agent hung up before the caller answered.
func (c *Conversation) agentLeft(e event) {
	if !c.agent.drop(e.leg) {
		return
	}
	if c.back.result == "" {
		c.back.result = cases.CallbackCancelled
		if time.Since(c.back.began) >= ringsEnough && e.sip.(sip.Ended).Cause != sip.EndShutdown {
			c.back.result = cases.CallbackNoAnswer
		}
	}
	c.backOver(event{})
}

// backOver ends an attempt that reached nobody.
func (c *Conversation) backOver(event) { c.conclude(cases.EndFailure, cases.MissedNotReached) }

// accountBack records an attempt that reached nobody, and what comes next.
func (c *Conversation) accountBack() {
	b, user := c.back, c.first
	if b.result == "" { // a defect of ours
		b.result = cases.CallbackFailed
	}
	attempt := b.Attempts + 1
	if b.result == cases.CallbackCancelled {
		attempt--
	}
	next, exhausted := c.sw.Retries.next(attempt, b.result, b.denial, func(t time.Time) time.Time {
		return c.sw.Outbound.nextOpen(t, c.sw.occasion(b.Place, t))
	})
	c.record(cases.Fact{CallbackMissed: &cases.CallbackMissed{
		Agent: user, Result: b.result, Attempt: attempt, Next: next, Exhausted: exhausted,
	}})
	c.sw.Metrics.CallsOut.Attempted(metrics.CallbackResult(b.result))
	c.sw.exhausted(exhausted)
	result := map[cases.CallbackResult]metrics.Result{cases.CallbackBusy: metrics.Busy, cases.CallbackRejected: metrics.Rejected}[b.result]
	if result == "" {
		result = metrics.Failed
	}
	c.sw.Metrics.Calls.Finished(metrics.Outbound, result)
	c.log.Info("not reached", "case", b.Case, "result", b.result, "attempt", attempt, "next", next, "exhausted", exhausted)
}

// mark notes that who answered is not the caller, and ends the call.
func (c *Conversation) mark(as cases.CallbackResult) error {
	if c.back == nil || c.live.Answered.IsZero() {
		return ErrNotNow
	}
	c.back.mark = as
	c.conclude(cases.EndAgent, "")
	return nil
}

// marked returns the fact that an agent says who answered attempt n.
func (s *Switch) marked(by string, n int, as cases.CallbackResult, within time.Duration) cases.Fact {
	next, exhausted := s.Retries.next(n, as, "", func(t time.Time) time.Time { return s.Outbound.nextOpen(t, Unasked) })
	due := next
	if due.IsZero() {
		due = time.Now().Add(within)
	}
	s.Metrics.CallsOut.Marked(metrics.CallbackMark(as))
	s.exhausted(exhausted)
	return cases.Fact{CallbackMarked: &cases.CallbackMarked{By: by, Result: as, Attempt: n, Next: next, Exhausted: exhausted, Due: due.UTC()}}
}

// exhausted counts a callback after whose last attempt the supervisor decides.
func (s *Switch) exhausted(is bool) {
	if is {
		s.Metrics.CallsOut.Exhausted()
	}
}

// reachedNot says what a leg that was not answered means.
func reachedNot(e sip.Ended) cases.CallbackResult {
	switch {
	case e.Cause == sip.EndSpent:
		return cases.CallbackDenied
	case e.Cause != sip.EndRejected && e.Cause != sip.EndTimeout:
		return cases.CallbackFailed
	case e.Code == 486 || e.Code == 600:
		return cases.CallbackBusy
	case e.Code == 480 || e.Code == 408 && e.Cause == sip.EndRejected:
		return cases.CallbackNoAnswer
	case e.Code == 403 || e.Code == 603 || e.Code == 607 || e.Code == 608:
		return cases.CallbackRejected
	case e.Code == 404 || e.Code == 410 || e.Code == 484 || e.Code == 604:
		return cases.CallbackInvalid
	}
	return cases.CallbackFailed
}

// Retries says how often and when Shouwen tries by itself to reach a caller whom it
// did not, with an agent who is free.
type Retries struct {
	After    []time.Duration // the first attempt, the second, and so on; the last is repeated; none: people try again
	Attempts int             // after so many the supervisor decides
}

// next says when to try again after attempt n, zero for not by itself, and whether
// that was the last.
func (r Retries) next(n int, res cases.CallbackResult, denial OutboundReason, open func(time.Time) time.Time) (at time.Time, exhausted bool) {
	passes := denial == OutboundHours || denial == OutboundQuiet || denial == OutboundRate || denial == OutboundActorRate || denial == OutboundConcurrent || denial == OutboundSpend || denial == OutboundActorSpend
	switch {
	case res == cases.CallbackCancelled:
		return time.Time{}, false
	case res == cases.CallbackInvalid, res == cases.CallbackWrongNumber, res == cases.CallbackDenied && !passes, n >= r.Attempts:
		return time.Time{}, true
	case len(r.After) == 0:
		return time.Time{}, false
	}
	return open(time.Now().Add(r.After[min(max(n, 1), len(r.After))-1])).UTC(), false
}
