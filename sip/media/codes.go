package media

import "sync/atomic"

// codes keeps feature codes from whom a session speaks with.
type codes struct {
	on   atomic.Bool
	over atomic.Bool // what was dialled is: the next press is passed on

	// Owned by the reader.
	ssrc, ts uint32 // of the last press
	dialling bool
}

// WithholdCodes says whether the keys of a feature code are kept from whom the
// session speaks with: from a star on, OnDigit alone is told of them, until
// CodeOver.
func (s *Session) WithholdCodes(on bool) { s.codes.on.Store(on) }

// CodeOver passes keys on again, from the next press on.
func (s *Session) CodeOver() { s.codes.over.Store(true) }

const starEvent = 10 // RFC 4733 3.2

// withhold tells whether p, a telephone-event, belongs to a code.
func (c *codes) withhold(p *Packet) bool {
	if !c.on.Load() {
		return false
	}
	if p.SSRC != c.ssrc || p.TS != c.ts {
		c.ssrc, c.ts = p.SSRC, p.TS
		if c.over.Swap(false) {
			c.dialling = false
		}
		c.dialling = c.dialling || len(p.Payload) > 0 && p.Payload[0] == starEvent
	}
	return c.dialling
}
