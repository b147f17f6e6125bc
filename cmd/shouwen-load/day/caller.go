package day

import (
	"context"
	"sync"
	"time"

	"shouwen/sip/siptest"
)

// A caller is somebody who calls, or is called back.
type caller struct {
	Contact
	before int // cases he had when he called

	refused bool // he was not let in

	picked chan party    // who has picked up for him, while he waits
	passed chan party    // to whom he is passed on, and who has picked up
	over   chan struct{} // closed when his call is
	back   chan struct{} // he is called back, and has answered
	tried  chan int      // what his phone answered to a callback that did not reach him

	mu      sync.Mutex // guards what follows
	onPhone bool       // he is in a call of his own
	claimed bool       // somebody has picked up for him
	gone    bool       // he has given up, or will at once
	passee  string     // to whom he is passed on: of several whose phones ring, who picks up
	rung    int        // phones that rang for him while he waited
	offered time.Time  // since when one rings; zero: none does
	sent    bool       // we have asked for a callback
	tries   int        // to call him back
}

// party is somebody with a phone who has picked up.
type party struct {
	user string
	call *siptest.Call
}

func newCaller(k Contact) *caller {
	return &caller{
		Contact: k, picked: make(chan party, 1), passed: make(chan party, 4), over: make(chan struct{}), back: make(chan struct{}, 1), tried: make(chan int, 16),
	}
}

// calls is his call to the hotline. It calls has when an agent picks up, and returns
// whether one spoke with him.
func (p *Player) calls(ctx context.Context, who *caller, has func()) bool {
	defer close(who.over)
	known, err := p.api.cases(ctx, who.Number)
	if err != nil {
		p.problem("cases of %s: %v", who.Number, err)
	}
	who.before = len(known)
	c, err := p.outside.Dial(who.Course.line().number, "From: <sip:"+who.Number+"@"+p.Place.Domain+">")
	if err != nil {
		p.problem("%s does not dial: %v", who.Number, err)
		who.refused = true
		return false
	}
	p.counts.add(requests, "INVITE", "received")
	who.set(func() { who.onPhone = true })
	defer who.set(func() { who.onPhone, who.claimed = false, false })
	if _, err := c.Answered(ctx); err != nil {
		p.problem("%s is not let in: %v", who.Number, err)
		p.counts.add(callsTotal, "inbound", "rejected")
		who.refused = true
		return false
	}
	p.counts.add(queueEntered, who.Course.line().queue)
	begun := sync.OnceFunc(has)
	for {
		with, is := p.waits(ctx, who, c)
		switch is {
		case gaveUp:
			p.counts.add(callsTotal, "inbound", "abandoned")
			p.counts.add(queueWaits, who.Course.line().queue, "abandoned")
			return false
		case letGo:
			p.turnedAway(ctx, who)
			return false
		}
		begun()
		if p.talks(ctx, who, c, with) {
			p.counts.add(callsTotal, "inbound", "answered")
			p.counts.add(queueWaits, who.Course.line().queue, "answered")
			p.counts.add(rings, who.Course.line().queue)
			p.counts.add(handled, who.Course.line().queue)
			return true
		}
	}
}

func (who *caller) set(f func()) {
	who.mu.Lock()
	defer who.mu.Unlock()
	f()
}

// ending is how somebody's wait ends.
type ending string

const (
	served ending = "served"  // an agent has him
	gaveUp ending = "gave up" // he has hung up
	letGo  ending = "let go"  // Shouwen has
)

// waits waits in the queue.
func (p *Player) waits(ctx context.Context, who *caller, c *siptest.Call) (party, ending) {
	var enough, key <-chan time.Time
	if who.Patience > 0 {
		timer := time.NewTimer(p.Pace.phone(who.Patience))
		defer timer.Stop()
		enough = timer.C
	}
	if who.Course == TakesPlace {
		timer := time.NewTicker(p.Pace.offerAfter() / 2)
		defer timer.Stop()
		key = timer.C
	}
	for {
		select {
		case with := <-who.picked:
			return with, served
		case <-c.Done():
			return party{}, letGo
		case <-key: // from the offer on it means yes, and means it again when he is asked whether he is sure
			_ = c.Audio.Press(ctx, "1") // the call may end by it
		case <-enough:
			if !p.leaves(ctx, who) {
				enough = nil
				continue
			}
			if err := c.Hangup(ctx); err != nil {
				p.problem("%s cannot hang up: %v", who.Number, err)
			}
			return party{}, gaveUp
		}
	}
}

// leaves decides that he gives up, unless somebody has picked up. It does not while a
// phone has rung for so long that nobody could say which came first, his hanging up or
// the end of its ringing.
func (p *Player) leaves(ctx context.Context, who *caller) bool {
	for {
		who.mu.Lock()
		if who.claimed {
			who.mu.Unlock()
			return false
		}
		if who.offered.IsZero() || time.Since(who.offered) < p.Pace.ringTime()/2 {
			who.gone = true
			who.mu.Unlock()
			return true
		}
		who.mu.Unlock()
		if !sleep(ctx, 20*time.Millisecond) {
			return false
		}
	}
}

// turnedAway counts a caller whom Shouwen has let go, for the reason it gives.
func (p *Player) turnedAway(ctx context.Context, who *caller) {
	c, err := p.newCase(ctx, who, missed)
	if err != nil {
		p.problem("%s was let go: %v", who.Number, err)
	}
	result, outcome := "failed", "overflow"
	switch c.Call.Missed {
	case "callback_taken":
		result, outcome = "callback_taken", "callback"
	case "voicemail":
		result = "voicemail"
	}
	p.counts.add(callsTotal, "inbound", result)
	p.counts.add(queueWaits, who.Course.line().queue, outcome)
}

// talks is his time with who has picked up, and with whom he is passed on to. It is
// false if the agent's phone was too late after all.
func (p *Player) talks(ctx context.Context, who *caller, c *siptest.Call, with party) bool {
	if kind := passing(who.Course); kind != "" {
		if !lasts(ctx, p.Pace.phone(who.Talk)/2, c, with.call) {
			return p.ended(who, c, with)
		}
		with = p.passesOn(ctx, who, c, with, kind)
	}
	if !lasts(ctx, p.Pace.phone(who.Talk), c, with.call) || who.Hold > 0 && !p.holds(ctx, who, c, with) {
		return p.ended(who, c, with)
	}
	side, other := c, with.call
	if who.AgentEnds && passing(who.Course) == "" { // who was just passed a caller does not get rid of him by hanging up
		side, other = with.call, c
	}
	if err := side.Hangup(ctx); err != nil {
		p.problem("%s and %s cannot hang up: %v", who.Number, with.user, err)
	}
	if _, err := other.Ended(ctx); err != nil {
		p.problem("the other of %s and %s is still there: %v", who.Number, with.user, err)
	}
	return true
}

// holds has the agent look something up, while the caller hears music; false: a call
// has ended.
func (p *Player) holds(ctx context.Context, who *caller, c *siptest.Call, agent party) bool {
	for _, way := range []siptest.Direction{siptest.SendOnly, siptest.SendRecv} {
		_, err := agent.call.Do(ctx, "INVITE", agent.call.Audio.SDP(way))
		p.counts.add(requests, "INVITE", "received")
		if err != nil {
			p.problem("%s cannot put %s on hold: %v", agent.user, who.Number, err)
		}
		if !lasts(ctx, p.Pace.phone(who.Hold), c, agent.call) {
			return false
		}
	}
	return true
}

// ended tells what it means that a call ended which nobody of ours has ended: if only
// the agent is out of it, his phone was too late, and the caller waits on.
func (p *Player) ended(who *caller, c *siptest.Call, with party) bool {
	select {
	case <-c.Done():
		p.problem("%s and %s were cut off", who.Number, with.user)
		return true
	default:
		who.set(func() { who.claimed = false })
		p.counts.add(agentMissed, p.departmentOf(with.user), "no_answer")
		return false
	}
}

// lasts tells whether calls last so long; false: one of them has ended.
func lasts(ctx context.Context, d time.Duration, one, other *siptest.Call) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-one.Done():
	case <-other.Done():
	case <-ctx.Done():
	}
	return false
}

// passing is how the caller is passed on; empty: he is not.
func passing(c Course) string {
	switch c {
	case Warm, ComesBack:
		return "warm"
	case Blind:
		return "blind"
	}
	return ""
}
