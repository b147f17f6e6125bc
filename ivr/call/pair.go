package call

import (
	"shouwen/sip"
	"shouwen/sip/media"
)

// side is one of the two who talk with each other.
type side int

const (
	callerSide side = iota
	agentSide
)

// pair is a caller and an agent who hear each other while neither holds the
// other. Who is held hears music. It is owned by the goroutine of its call.
type pair struct {
	sw     *Switch
	legs   [2]*sip.Leg
	holds  [2]bool // this side holds the other
	bridge *media.Bridge
	music  [2]*media.Playback // to this side
}

// pair connects two legs.
func (s *Switch) pair(caller, agent *sip.Leg) *pair {
	return &pair{sw: s, legs: [2]*sip.Leg{caller, agent}, bridge: media.Connect(caller.Media(), agent.Media())}
}

// hold says whether side by holds the other from now on.
func (p *pair) hold(by side, on bool) {
	p.end()
	p.holds[by] = on
	if !p.held() {
		p.bridge = media.Connect(p.legs[callerSide].Media(), p.legs[agentSide].Media())
		return
	}
	for _, to := range []side{callerSide, agentSide} {
		if other := 1 - to; p.holds[other] {
			p.music[to] = p.sw.Pacer.Play(p.legs[to].Media(), p.sw.Sounds.Music, true)
		}
	}
}

// held says whether either side holds; nobody does before there is a pair.
func (p *pair) held() bool { return p != nil && (p.holds[callerSide] || p.holds[agentSide]) }

// end parts the two. Again, or before there is a pair, it does nothing.
func (p *pair) end() {
	if p == nil {
		return
	}
	if p.bridge != nil {
		p.bridge.Disconnect()
		p.bridge = nil
	}
	for to, m := range p.music {
		if m != nil {
			m.Stop()
			p.music[to] = nil
		}
	}
}
