package call

import (
	"shouwen/cases"
	"shouwen/ivr/prompts"
	"shouwen/sip"
)

// callOutside calls a number outside for actor, showing the hotline's.
func (c *Conversation) callOutside(on Occasion, actor string, number cases.Number, d sip.Dialing) (*sip.Leg, error) {
	d.Caller = c.line.Number
	return c.sw.Outbound.Place(Placing{Actor: actor, Number: number, Occasion: on, Dialing: d, Record: c.record})
}

// short: there is not enough money for the leg outside to go on, and its agent is
// told; or none is left, and it is being hung up.
func (c *Conversation) short(m runsShort) {
	c.log.Warn("money for the call outside runs short", "left", m.left)
	switch {
	case c.state == concluding: // all that is to be on record is
	case m.left == 0:
		c.record(cases.Fact{OutboundDecided: &m.decided})
	case c.agent == nil || len(c.meeting.legs) == 0: // nobody speaks
	case c.agent.outside:
		c.tell(c.agent.legs[0], twiceTone, func(bool) {})
	default:
		c.tell(c.agent.legs[0], c.sw.Sounds.Words[prompts.CallEnds], func(bool) {})
	}
}
