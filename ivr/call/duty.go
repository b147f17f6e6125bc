package call

import (
	"shouwen/sip"
)

// What an agent dials outside of a call to say whether he wants calls.
const (
	ReadyCode    = "*45"
	NotReadyCode = "*46"
)

// pausedByPhone is the reason of a pause asked for by NotReadyCode.
const pausedByPhone = "feature_code"

// duty does what the agent dialled and confirms it by a beep.
func (s *Switch) duty(leg *sip.Leg, user string, ready bool) func(sip.Event) {
	if ready {
		s.Board.Ready(user)
	} else {
		s.Board.Pause(user, pausedByPhone)
	}
	s.Log.Info("agent dialled", "agent", user, "ready", ready)
	leg.Answer()
	return func(e sip.Event) {
		if _, up := e.(sip.Answered); !up {
			return
		}
		beep := s.Pacer.Play(leg.Media(), s.Sounds.Beep, false)
		s.wg.Go(func() {
			<-beep.Done()
			leg.Hangup(sip.Hangup{})
		})
	}
}
