package day

import (
	"context"
	"strings"
	"time"

	"shouwen/sip/siptest"
)

// rings returns what user does when his phone rings.
func (p *Player) rings(user string) func(*siptest.Call) {
	return func(c *siptest.Call) {
		p.counts.add(requests, "INVITE", "sent")
		found, ok := p.callers.Load(subscriber(c.Invite.Get("From")))
		switch {
		case !ok:
			p.problem("phone %s rings for %s, who has not called", user, c.Invite.Get("From"))
		case c.Invite.Get("Referred-By") != "":
			p.isAsked(found.(*caller), user, c)
		default:
			p.isOffered(found.(*caller), user, c)
		}
		<-c.Done()
	}
}

// isOffered is a phone that rings for somebody who waits, or is to be called back.
func (p *Player) isOffered(who *caller, user string, c *siptest.Call) {
	how, inLine := who.offer()
	defer who.offerOver()
	switch {
	case how == Declines:
		p.declines(user, c)
		return
	case how == Answers && p.lets(who, c) && who.pickUp(c):
		if _, err := c.Answered(context.Background()); err == nil {
			p.has(who, party{user, c})
			return
		}
		who.set(func() { who.claimed = false })
	}
	p.ringsOut(user, c, func() bool { return inLine && who.hasGone() })
}

// lets lets a phone ring for as long as people do who pick up; false: it has stopped.
func (p *Player) lets(who *caller, c *siptest.Call) bool {
	return lasts(context.Background(), p.Pace.phone(who.PickUp), c, c)
}

func (p *Player) declines(user string, c *siptest.Call) {
	if c.Reject(busyHere) == nil {
		p.counts.add(agentMissed, p.departmentOf(user), "declined")
	}
}

// ringsOut is a phone that rings until it is stopped. That is a missed call unless the
// caller has gone, or somebody else has him.
func (p *Player) ringsOut(user string, c *siptest.Call, gone func() bool) {
	<-c.Done()
	m, err := c.Ended(context.Background())
	if err == nil && m != nil && m.Method == "CANCEL" && !gone() && !strings.Contains(m.Get("Reason"), "cause=200") {
		p.counts.add(agentMissed, p.departmentOf(user), "no_answer")
	}
}

func (who *caller) hasGone() bool {
	who.mu.Lock()
	defer who.mu.Unlock()
	return who.gone
}

func (p *Player) departmentOf(user string) string {
	for _, one := range p.directory.People {
		if one.User == user {
			return one.Department
		}
	}
	return ""
}

// offer notes that a phone rings for him, and returns what it is to do, and whether he
// is on the phone himself.
func (who *caller) offer() (how Phone, inLine bool) {
	who.mu.Lock()
	defer who.mu.Unlock()
	if !who.onPhone { // he is to be called back
		return Answers, false
	}
	who.offered = time.Now()
	who.rung++
	switch {
	case who.Ignored:
		return Rings, true
	case who.rung == 1:
		return who.First, true
	}
	return Answers, true
}

func (who *caller) offerOver() { who.set(func() { who.offered = time.Time{} }) }

// pickUp answers a phone that rings for him, unless he has just hung up.
func (who *caller) pickUp(c *siptest.Call) bool {
	who.mu.Lock()
	defer who.mu.Unlock()
	if who.onPhone && (who.gone || who.claimed) || c.Answer() != nil {
		return false
	}
	who.claimed = who.onPhone
	return true
}

// has gives a caller to who has picked up. Who is to be called back is called now.
func (p *Player) has(who *caller, with party) {
	who.mu.Lock()
	defer who.mu.Unlock()
	switch {
	case who.claimed:
		who.picked <- with
	case who.sent: // he was rung past the queue
		who.sent = false
	default:
		p.counts.add(rings, who.Course.line().queue)
	}
}

// isAsked is a phone to which a caller is to be passed on.
func (p *Player) isAsked(who *caller, user string, c *siptest.Call) {
	switch {
	case !p.lets(who, c):
	case who.Course == ComesBack:
		p.declines(user, c)
		return
	case who.takesOver(user, c):
		return
	}
	p.ringsOut(user, c, func() bool { return false })
}

// takesOver picks up for a caller who is passed on, unless somebody else does.
func (who *caller) takesOver(user string, c *siptest.Call) bool {
	mine := false
	who.set(func() {
		if mine = who.passee == ""; mine {
			who.passee = user
		}
	})
	if !mine {
		return false
	}
	err := c.Answer()
	if err == nil {
		_, err = c.Answered(context.Background())
	}
	if err != nil {
		who.set(func() { who.passee = "" })
		return false
	}
	who.passed <- party{user, c}
	return true
}

// reached is the phone of somebody outside, who is called back.
func (p *Player) reached(c *siptest.Call) {
	p.counts.add(requests, "INVITE", "sent")
	found, ok := p.callers.Load(subscriber(c.Invite.URI))
	if !ok {
		p.problem("%s is called, who has not called", c.Invite.URI)
		return
	}
	who := found.(*caller)
	status := who.answersBack()
	if status != 200 {
		if c.Reject(status) == nil {
			p.unreached(who, status)
		}
		return
	}
	ctx := context.Background()
	if !p.lets(who, c) || c.Answer() != nil {
		return
	}
	if _, err := c.Answered(ctx); err != nil {
		p.problem("%s answered a callback and was not put through: %v", who.Number, err)
		return
	}
	p.counts.add(callbackTries, "reached")
	who.back <- struct{}{}
	if !lasts(ctx, p.Pace.phone(who.Talk), c, c) {
		p.problem("%s was called back and cut off", who.Number)
	} else if err := c.Hangup(ctx); err != nil {
		p.problem("%s, called back, cannot hang up: %v", who.Number, err)
	}
	p.counts.add(callsTotal, "outbound", "answered")
	p.counts.add(handled, who.Course.line().queue)
}

// answersBack returns what his phone answers to the next callback.
func (who *caller) answersBack() (status int) {
	who.mu.Lock()
	defer who.mu.Unlock()
	if status = 200; who.tries < len(who.Back) {
		status = who.Back[who.tries]
	}
	who.tries++
	return status
}

// isWith returns to whom he was passed on; empty: to nobody.
func (who *caller) isWith() string {
	who.mu.Lock()
	defer who.mu.Unlock()
	return who.passee
}

// unreached counts an attempt to call somebody back who does not answer.
func (p *Player) unreached(who *caller, status int) {
	try, call := "no_answer", "failed"
	if status == busyHere {
		try, call = "busy", "busy"
	}
	p.counts.add(callbackTries, try)
	p.counts.add(callsTotal, "outbound", call)
	who.tried <- status
}
