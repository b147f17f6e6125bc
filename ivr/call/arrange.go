package call

import (
	"shouwen/sip"
	"shouwen/sip/media"
)

// arrange puts everybody where the state wants him; see stands. Who has no part
// in it any more is hung up. Whoever stays where he was notices nothing.
func (c *Conversation) arrange() {
	p := stands[c.state]
	if p.target == gone {
		c.releaseTarget()
	}
	if p.agent == gone {
		c.releaseAgent()
		c.live.Agent = ""
	}
	switch {
	case p.caller != music:
		c.silence()
	case c.playing == nil:
		c.play(c.sounds.Music)
	}
	if p.agent != gone && !c.agent.outside {
		c.agent.legs[0].Media().WithholdCodes(true)
	}
	c.playAgent(p.agent)
	c.holdTarget(p.target == music)
	c.meeting.join(c.joined(p)...)
	c.show()
}

// joined returns who hear each other: the agent, and caller or target or both.
func (c *Conversation) joined(p places) []*sip.Leg {
	switch p.agent {
	case withCaller:
		return []*sip.Leg{c.caller, c.agent.legs[0]}
	case withTarget:
		return []*sip.Leg{c.target.legs[0], c.agent.legs[0]}
	case withAll:
		return []*sip.Leg{c.caller, c.agent.legs[0], c.target.legs[0]}
	}
	return nil
}

// playAgent plays to the agent what he hears in p, if it is a tone.
func (c *Conversation) playAgent(p place) {
	if c.tone != nil {
		c.tone.Stop()
		c.tone = nil
	}
	switch p {
	case ringback:
		c.tone = c.sw.Pacer.Play(c.agent.legs[0].Media(), ringbackTone, true)
	case refusal:
		c.spoken = false
		c.tone = c.sw.Pacer.Play(c.agent.legs[0].Media(), toneOf(c.refused), false)
	}
}

func (c *Conversation) holdTarget(on bool) {
	switch {
	case on && c.targetMusic == nil:
		c.targetMusic = c.sw.Pacer.Play(c.target.legs[0].Media(), c.sw.Sounds.Music, true)
	case !on && c.targetMusic != nil:
		c.targetMusic.Stop()
		c.targetMusic = nil
	}
}

func done(p *media.Playback) <-chan struct{} {
	if p == nil {
		return nil
	}
	return p.Done()
}

// hold notes that a phone holds or no longer does.
func (c *Conversation) hold(leg *sip.Leg, on bool) {
	c.meeting.hold(leg, on)
	c.show()
}
