package call

import (
	"cmp"
	"math"
	"slices"

	"shouwen/cases"
	"shouwen/sip"
	"shouwen/sip/media"
)

// maxSides bounds whose quality is kept of one call.
const maxSides = 16

// side is a leg that took part in a call, and as whom.
type side struct {
	leg  *sip.Leg
	role cases.Side
	user string
}

// noteSides notes who takes part now, for the quality at the end.
func (c *Conversation) noteSides() {
	for _, l := range c.meeting.legs {
		switch {
		case l == c.caller:
			c.noteSide(side{l, cases.CallerSide, l.Incoming().Account})
		case c.agent.has(l): // whose leg may be one to another node
			c.noteSide(side{l, cases.AgentSide, c.agent.User})
		default:
			c.noteSide(side{l, cases.AgentSide, cmp.Or(l.User(), l.Incoming().Account)})
		}
	}
	if s := c.meeting.supervisor; s != nil {
		c.noteSide(side{s.legs[0], cases.SupervisorSide, s.User})
	}
}

func (c *Conversation) noteSide(s side) {
	if len(c.sides) < maxSides && !slices.ContainsFunc(c.sides, func(o side) bool { return o.leg == s.leg }) {
		c.sides = append(c.sides, s)
	}
}

// quality is how well everybody who took part was heard so far.
func (c *Conversation) quality() []cases.LegQuality {
	legs := make([]cases.LegQuality, len(c.sides))
	for i, s := range c.sides {
		legs[i] = qualityOf(s.leg.Media().Stats())
		legs[i].Side, legs[i].User, legs[i].Trunk = s.role, s.user, cmp.Or(s.leg.Incoming().Trunk, s.leg.Trunk())
	}
	return legs
}

func qualityOf(st media.Stats) cases.LegQuality {
	mos, why := st.MOS()
	return cases.LegQuality{
		Codec: st.Codec.String(), Packets: st.PacketsIn, Lost: st.Lost, Jitter: cases.Span(st.Jitter), RoundTrip: cases.Span(st.RoundTrip),
		FarLost: st.FarLost, FarJitter: cases.Span(st.FarJitter), MOS: math.Round(100*mos) / 100, Unscored: string(why),
	}
}

// recordQuality puts the quality of an answered call on record, at its end, and
// counts sides that nobody heard while they heard another.
func (c *Conversation) recordQuality() {
	if c.live.Case == "" || c.live.Answered.IsZero() || len(c.sides) == 0 {
		return
	}
	legs := c.quality()
	c.record(cases.Fact{Quality: &cases.Quality{Legs: legs}})
	spoke := slices.ContainsFunc(legs, func(q cases.LegQuality) bool { return q.Packets > 0 })
	for i, q := range legs {
		if spoke && q.Packets == 0 {
			c.sw.Metrics.RTP.OneWay(c.sides[i].leg.Kind())
		}
	}
}

// Quality is how well the sides of a live call are heard, up to now; ErrNoCall.
func (s *Switch) Quality(call string) ([]cases.LegQuality, error) {
	legs := make(chan []cases.LegQuality, 1)
	if err := s.ask(call, event{kind: evQuality, quality: legs}); err != nil {
		return nil, err
	}
	return <-legs, nil
}

// tellQuality does what Quality asks for.
func (c *Conversation) tellQuality(e event) {
	e.quality <- c.quality()
	e.reply <- nil
}
