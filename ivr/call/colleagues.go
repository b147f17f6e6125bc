package call

import (
	"time"

	"shouwen/cases"
	"shouwen/metrics"
)

// colleagues says whether the agent has a target who picked up for him: the two have
// each other, whatever becomes of the caller. A target outside is none: nobody pays for
// a talk without the caller.
func (c *Conversation) colleagues() bool {
	return c.agent != nil && c.passing != nil && !c.passing.up.IsZero() && !c.target.outside
}

// leaveColleagues leaves agent and target to each other: the caller has hung up.
func (c *Conversation) leaveColleagues() {
	agent, target := c.agent, c.target
	c.releaseSupervisor()
	c.holdTarget(false)
	c.playAgent(gone)
	c.codeOver()
	agent.legs[0].Media().WithholdCodes(false)
	c.meeting.part()
	c.agent, c.target, c.left = nil, nil, time.Now()
	c.sw.talkOn(c.id, c.wrapUp, agent, target)
}

// talkOn makes a call between extensions of the two who are left of a call to a
// hotline. wrapUp is what its callers leave to do.
func (s *Switch) talkOn(call string, wrapUp time.Duration, agent, target *party) {
	c := s.newIntercom(agent.legs[0], agent.User, target)
	s.Board.Carry(agent.User, call, c.id, wrapUp)
	s.Board.Keep(agent.User, c.id) // only he had the caller
	s.Board.Carry(target.User, call, c.id, 0)
	from, _ := s.Directory().Person(agent.User)
	to, _ := s.Directory().Person(target.User)
	c.up, c.result = true, metrics.Answered
	c.live = Live{
		ID: c.id, Direction: metrics.Internal, State: metrics.Talking, Caller: cases.Caller{E164: cases.Number(from.Extension)},
		Dialed: to.Extension, Agent: target.User, Since: time.Now(), Answered: time.Now(),
	}
	c.log.Info("colleagues talk on", "after", call, "from", agent.User, "to", target.User)
	s.show(c.live)
	c.meeting.join(agent.legs[0], target.legs[0])
	s.wg.Go(func() { c.run(func() {}) })
	c.callsFrom(agent.legs[0])
	c.adopt(target.legs[0], target.User)
}
