package main

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"shouwen/sip/siptest"
)

// An attempt is a call as both its sides know it, found by the caller's number.
type attempt struct {
	picked chan pickUp // the first phone whose 200 was acknowledged

	mu      sync.Mutex    // guards what follows
	offered time.Time     // when the first agent got its INVITE
	chosen  *siptest.Call // whose phone is to be picked up
}

type pickUp struct {
	call *siptest.Call
	at   time.Time // of the 200
}

// subscriber is the end of the number in a From, which survives its being
// written in another way.
func subscriber(from string) string {
	_, user, _ := strings.Cut(from, "sip:")
	user, _, _ = strings.Cut(user, "@")
	return user[max(0, len(user)-8):]
}

// call is the life of a caller. It returns how it went: completed, a status, or
// what did not happen.
func (l *load) call(ctx context.Context, number string) (outcome string) {
	from := "<sip:" + number + "@" + l.target.SIP.Domain + ">"
	a := &attempt{picked: make(chan pickUp, 1)}
	l.attempts.Store(subscriber(from), a)
	defer l.attempts.Delete(subscriber(from))
	c, err := l.callers.Dial(l.target.Hotline, "From: "+from)
	if err != nil {
		return "not sent"
	}
	answered, err := c.Answered(ctx)
	if err != nil {
		return failed(ctx, c)
	}
	if ringing, none := c.Ringing(ctx); none == nil {
		l.sig.Ringing.Add(ringing.At.Sub(c.Invite.At))
	}
	l.sig.Answered.Add(answered.At.Sub(c.Invite.At))
	var by pickUp
	if len(l.agents) > 0 {
		if by, outcome = l.awaitAgent(ctx, c, a); outcome != "" {
			return outcome
		}
	} else if leg, ok := c.Audio.Media().(*leg); ok {
		leg.pickedUp(answered.At)
	}
	hold := time.NewTimer(l.Hold)
	defer hold.Stop()
	inTime := false
	select {
	case <-hold.C:
		inTime = true
	case <-l.over:
	case <-c.Done():
		return "dropped"
	}
	took, outcome := l.hangUp(ctx, c, by.call)
	if inTime && outcome == completed { // at the end of the run all hang up at once
		l.sig.Bye.Add(took)
	}
	return outcome
}

// failed is why c was not answered.
func failed(ctx context.Context, c *siptest.Call) string {
	select {
	case <-c.Done():
		if m, _ := c.Ended(ctx); m != nil {
			return strconv.Itoa(m.Status)
		}
		return "no response"
	default:
		_ = c.Hangup(ctx)
		return "not answered"
	}
}

// awaitAgent waits for the pick-up.
func (l *load) awaitAgent(ctx context.Context, c *siptest.Call, a *attempt) (by pickUp, outcome string) {
	patience := time.NewTimer(l.Patience)
	defer patience.Stop()
	select {
	case by = <-a.picked:
		a.mu.Lock()
		l.sig.Offered.Add(a.offered.Sub(c.Invite.At))
		a.mu.Unlock()
		l.sig.PickedUp.Add(by.at.Sub(c.Invite.At))
		return by, ""
	case <-c.Done():
		return by, "dropped in the queue"
	case <-patience.C:
		_ = c.Hangup(ctx)
		return by, "no agent"
	}
}

// hangUp ends a call from the side whose turn it is. It returns the round trip
// of the BYE.
func (l *load) hangUp(ctx context.Context, c, agent *siptest.Call) (took time.Duration, outcome string) {
	one, other := c, agent
	byAgent := l.HangUp == "agent" || l.HangUp == "either" && l.hangUps.Add(1)%2 == 0
	if byAgent && agent != nil {
		one, other = agent, c
	}
	began := time.Now()
	if one.Hangup(ctx) != nil {
		return 0, "BYE not answered"
	}
	m, _ := one.Ended(ctx)
	switch {
	case m == nil:
		return 0, "BYE not answered"
	case m.Method != "":
		return 0, "dropped" // at that moment
	case m.Status != 200:
		return 0, "BYE " + strconv.Itoa(m.Status)
	}
	if other != nil {
		if _, err := other.Ended(ctx); err != nil {
			return 0, "other side not hung up"
		}
	}
	return m.At.Sub(began), completed
}

// ring is an agent whose phone rings.
func (l *load) ring(c *siptest.Call) {
	ctx := context.Background()
	found, ok := l.attempts.Load(subscriber(c.Invite.Get("From")))
	if !ok {
		l.foreign.Add(1)
		found = &attempt{picked: make(chan pickUp, 1)}
	}
	a := found.(*attempt)
	if !a.choose(c) && l.PickUp == "first" {
		return // rings until it is cancelled
	}
	delay := time.NewTimer(l.AnswerDelay)
	defer delay.Stop()
	select {
	case <-delay.C:
	case <-c.Done():
		return
	}
	at := time.Now()
	if leg, ok := c.Audio.Media().(*leg); ok {
		leg.pickedUp(at)
	}
	if c.Answer() != nil {
		return // cancelled at that moment
	}
	l.talking.Add(1)
	defer l.talking.Add(-1)
	if _, err := c.Answered(ctx); err != nil {
		return
	}
	select {
	case a.picked <- pickUp{c, at}:
	default: // somebody else was faster
	}
	<-c.Done()
}

// choose notes that c rings, and reports whether it is the one to be picked up:
// the first to ring, or the next when that one was cancelled.
func (a *attempt) choose(c *siptest.Call) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.offered.IsZero() || c.Invite.At.Before(a.offered) {
		a.offered = c.Invite.At
	}
	if a.chosen != nil {
		select {
		case <-a.chosen.Done():
		default:
			return false
		}
	}
	a.chosen = c
	return true
}
