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
	legs, joined := c.joined(p)
	if c.pair != nil && (!joined || c.pair.legs != legs) {
		c.pair.end()
		c.pair = nil
	}
	switch {
	case p.caller != music:
		c.silence()
	case c.playing == nil:
		c.play(c.sw.Sounds.Music)
	}
	c.playAgent(p.agent)
	c.holdTarget(p.target == music)
	if joined && c.pair == nil {
		c.pair = c.sw.pair(legs[callerSide], legs[agentSide])
		for _, s := range []side{callerSide, agentSide} {
			if c.holding[legs[s]] {
				c.pair.hold(s, true)
			}
		}
	}
	c.show()
}

// joined returns which two hear each other: the agent, and caller or target.
func (c *Conversation) joined(p places) (legs [2]*sip.Leg, ok bool) {
	switch p.agent {
	case withCaller:
		return [2]*sip.Leg{c.caller, c.agent.legs[0]}, true
	case withTarget:
		return [2]*sip.Leg{c.target.legs[0], c.agent.legs[0]}, true
	}
	return legs, false
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

// hold notes that a phone holds or no longer does, and lets the other hear music
// if the two are connected.
func (c *Conversation) hold(leg *sip.Leg, on bool) {
	c.holding[leg] = on
	if c.pair == nil {
		return
	}
	for s, l := range c.pair.legs {
		if l == leg {
			c.pair.hold(side(s), on)
		}
	}
	c.show()
}
