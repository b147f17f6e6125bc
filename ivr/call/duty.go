package call

import (
	"strconv"

	"shouwen/ivr/acd"
	"shouwen/sip"
)

// What an agent dials by default outside of a call to say whether he wants calls; see
// Ready and NotReady.
const (
	ReadyCode    = "*45"
	NotReadyCode = "*46"
)

// pausedByPhone is the reason of a pause that is asked for without one.
const pausedByPhone = "feature_code"

// dutyOf returns what dialling a code does to an agent, and what to call it in the
// log; false: it is none of these codes.
func (s *Switch) dutyOf(dialed string) (do func(b *acd.Board, user string), name string, ok bool) {
	pause := func(reason string) (func(*acd.Board, string), string, bool) {
		return func(b *acd.Board, user string) { b.Pause(user, reason) }, reason, true
	}
	digit, isPause := s.Codes.dialled(NotReady, dialed)
	rest, isReady := s.Codes.dialled(Ready, dialed)
	n, _ := strconv.Atoi(digit)
	switch {
	case isReady && rest == "":
		return (*acd.Board).Ready, "ready", true
	case isPause && digit == "":
		return pause(pausedByPhone)
	case isPause && len(digit) == 1 && n >= 1 && n <= len(s.PauseReasons):
		return pause(s.PauseReasons[n-1])
	}
	return nil, "", false
}

// duty does what the agent dialled and confirms it by a beep.
func (s *Switch) duty(leg *sip.Leg, user string, do func(*acd.Board, string), name string) func(sip.Event) {
	do(s.Board, user)
	s.Log.Info("agent dialled", "agent", user, "duty", name)
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
