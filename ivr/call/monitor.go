package call

import (
	"shouwen/sip"
	"shouwen/sip/media"
)

// MonitorMode is what a supervisor on the line may do.
type MonitorMode string

// The modes of a supervisor on the line. He hears everybody in all of them.
const (
	Listen  MonitorMode = "listen"  // nobody hears him
	Whisper MonitorMode = "whisper" // the agent alone does
	Barge   MonitorMode = "barge"   // everybody does
)

// supervisor is one on the line of an agent.
type supervisor struct {
	leg   *sip.Leg
	mode  MonitorMode
	agent *sip.Leg // whom he whispers to
}

// hears adds the supervisor to those who hear each other.
func (s *supervisor) hears(h media.Hears) media.Hears {
	who := s.leg.Media()
	switch s.mode {
	case Whisper:
		return h.Whisper(who, s.agent.Media())
	case Barge:
		return h.Barge(who)
	}
	return h.Listen(who)
}
