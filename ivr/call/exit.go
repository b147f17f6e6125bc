package call

import (
	"cmp"
	"slices"
	"time"

	"shouwen/cases"
	"shouwen/ivr"
	"shouwen/ivr/acd"
	"shouwen/metrics"
	"shouwen/sip"
	"shouwen/sip/media"
)

// Exit is where callers go whom nobody serves now.
type Exit struct {
	To   ivr.Destination // queue, voicemail, callback or hangup
	Name string          // of the queue or mailbox
}

// The states of a caller who does not, or not yet, wait in a queue.
const (
	closed    state = "closed"    // hears that the hotline is closed
	summoning state = "summoning" // people ring for him past the queue
)

// receive is where a caller begins who has been answered.
func (c *Conversation) receive() {
	switch {
	case c.line.Hours != "" && !c.sw.Open(c.line.Hours):
		c.enter(closed)
		c.play(c.sounds.Words["closed"])
	case c.line.Flow != nil:
		c.walk(inFlow, c.line.Flow)
	default:
		c.greet()
	}
}

// greet greets the caller, and tells him that he will be recorded, before he waits.
func (c *Conversation) greet() {
	said := c.notices()
	if c.line.Greeting != nil {
		said = append([]*media.Prompt{c.line.Greeting}, said...)
	}
	if len(said) == 0 {
		c.queue(event{})
		return
	}
	c.enter(greeting)
	c.play(said...)
}

// closedPlayed: the caller knows that the hotline is closed. Nobody has asked him yet
// whether he wants to be called back.
func (c *Conversation) closedPlayed(event) {
	if c.missed = cases.MissedNoAnswer; c.line.Night.To == ivr.ToCallback {
		c.askCallback()
		return
	}
	c.leave(c.line.Night.To, c.line.Night.Name)
}

// leave takes the caller where a flow, or the night service, sends him.
func (c *Conversation) leave(to ivr.Destination, name string) {
	switch to {
	case ivr.ToExtension:
		c.extension(name)
	case ivr.ToEmergency:
		c.emergency()
	case ivr.ToHangup:
		c.served()
	case ivr.ToVoicemail:
		c.missed = cases.MissedNoAnswer // unless he leaves a message
		if name != "" {
			c.enqueue(name)
		}
		c.takeMessage()
	case ivr.ToCallback:
		c.missed = cases.MissedNoAnswer
		switch who := c.live.Caller; {
		case name != "":
			c.promise(c.sw.Dialable(c.caller.Incoming().Trunk, name), true)
		case who.E164 != "" && !who.Withheld:
			c.promise(who.E164, false)
		default:
			c.askCallback()
		}
	default:
		c.enqueue(name)
		c.queue(event{})
	}
}

// enqueue makes a queue the one the caller belongs to.
func (c *Conversation) enqueue(queue string) {
	c.tried = nil
	c.into(queue)
}

// served ends a call that needed nobody.
func (c *Conversation) served() {
	c.silence()
	c.caller.Hangup(sip.Hangup{})
	c.record(cases.Fact{SelfServed: &cases.SelfServed{}})
	c.sw.Metrics.Calls.Finished(metrics.Inbound, metrics.SelfServed)
	c.log.Info("call ended", "result", metrics.SelfServed)
	c.enter(concluding)
}

// extension rings who has an extension, and takes the caller into the queue if
// nobody is there: that of a department, if it has one.
func (c *Conversation) extension(extension string) {
	var users []string
	target, _ := c.sw.Directory().Lookup(extension)
	switch d := target.Department; {
	case target.Person != nil:
		users = []string{target.Person.User}
	case d == nil, d.Hours != "" && !c.sw.Open(d.Hours):
	case d.Queue != "":
		c.enqueue(d.Queue)
	default:
		for _, p := range c.sw.Directory().People {
			if p.Department == d.Name {
				users = append(users, p.User)
			}
		}
	}
	if !c.summon(users, "extension") {
		c.queue(event{})
	}
}

// summon rings those of users who are free, past the queue and all at once; false
// if there are none. Whom the caller avoids is not rung.
func (c *Conversation) summon(users []string, reason string) bool {
	var rung []string
	for _, user := range users {
		if c.avoids(user) || user == c.caller.Incoming().Account || c.sw.Board.Take(user, c.id, c.wrapUp) != nil {
			continue
		}
		legs := c.sw.ring(user, c.tells(user), c.log, c.post)
		if len(legs) == 0 {
			c.sw.Board.Missed(user, c.id, metrics.Unreachable)
			continue
		}
		c.ringing[user] = &party{User: user, legs: legs, summoned: true}
		rung = append(rung, user)
	}
	if len(rung) == 0 {
		return false
	}
	if c.entered.IsZero() {
		c.entered = time.Now()
	}
	c.log.Info("summoned", "agents", rung, "reason", reason)
	c.record(cases.Fact{Offered: &cases.Offered{Round: 1, Agents: rung, Reason: reason}})
	c.enter(summoning)
	c.play(c.sounds.PleaseHold, c.sounds.Music)
	return true
}

// avoids tells whether user is who the caller complains of.
func (c *Conversation) avoids(user string) bool { return c.sw.isAt(user, c.matter.Avoid) }

// isAt tells whether extension is that of user.
func (s *Switch) isAt(user, extension string) bool {
	p, ok := s.Directory().Person(user)
	return ok && p.Extension == extension
}

// summonedUp: one of those summoned picked up, and has the caller.
func (c *Conversation) summonedUp(e event) {
	p := c.ringing[e.user]
	if p == nil || !p.has(e.leg) {
		c.tooLate(e)
		return
	}
	for _, l := range p.legs {
		if l != e.leg {
			l.Hangup(sip.Hangup{Reason: elsewhere})
		}
	}
	p.legs = []*sip.Leg{e.leg}
	c.sw.Board.Keep(e.user, c.id)
	c.won(p, nil, string(acd.FirstOK))
}

// summonedEnded: a phone will not take the call. When none is left, the queue is.
func (c *Conversation) summonedEnded(e event) {
	p := c.ringing[e.user]
	if p == nil || !p.drop(e.leg) || len(p.legs) > 0 {
		return
	}
	delete(c.ringing, e.user)
	c.sw.Board.Missed(e.user, c.id, missedBecause(e.sip.(sip.Ended)))
	if len(c.ringing) == 0 {
		c.queue(event{})
	}
}

// summonedTooLong: nobody summoned came; everybody else may.
func (c *Conversation) summonedTooLong(event) {
	for user := range c.ringing {
		c.sw.Board.Missed(user, c.id, metrics.NoAnswer)
	}
	c.stopRinging("")
	c.queue(event{})
}

// emergencyKey: a key a caller pressed who waits is the emergency key, or nothing.
func (c *Conversation) emergencyKey(e event) {
	if e.sip.(sip.Digit).Key == c.line.Emergency && c.matter.Priority != acd.Emergency {
		c.wait = metrics.WaitOverflow
		c.leaveQueue()
		c.wait = metrics.WaitAbandoned
		c.emergency()
	}
}

// emergency summons the highest manager on duty; if there is none, or he does not
// come, the whole queue rings before it rings for anybody else (S05-R9).
func (c *Conversation) emergency() {
	c.matter.Priority = acd.Emergency
	summoned := []string{}
	for _, user := range c.sw.managersOnDuty() {
		if c.summon([]string{user}, "emergency") {
			summoned = append(summoned, user)
			break
		}
	}
	c.log.Warn("emergency", "summoned", summoned)
	c.record(cases.Fact{Emergency: &cases.Emergency{Summoned: summoned}})
	if len(summoned) == 0 {
		c.queue(event{})
	}
}

// managersOnDuty returns the supervisors and leaders who are there and in no call,
// the highest first.
func (s *Switch) managersOnDuty() []string {
	present := map[string]bool{}
	for _, p := range s.Board.Snapshot().Agents {
		present[p.User] = p.State == acd.Ready || p.State == acd.WrapUp
	}
	managers := slices.DeleteFunc(slices.Clone(s.Directory().People), func(p cases.Person) bool {
		return !present[p.User] || !p.Has(cases.RoleSupervisor) && !p.Has(cases.RoleLeader)
	})
	slices.SortStableFunc(managers, func(a, b cases.Person) int { return cmp.Compare(b.Rank, a.Rank) })
	users := make([]string, len(managers))
	for i, p := range managers {
		users[i] = p.User
	}
	return users
}
