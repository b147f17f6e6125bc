package call

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// script is a call on paper: who takes part in it, "" for nobody.
type script struct {
	state         state
	agent, target string
	up            bool // the target picked up
	ended         bool // the caller has hung up, or was hung up by the agent he spoke with
}

// callerIs is where a caller can be; he must always be in exactly one place.
func (s *script) callerIs() []string {
	var in []string
	for where, so := range map[string]bool{
		"ended":   s.ended,
		"queue":   !s.ended && s.state == waiting,
		"flow":    !s.ended && s.state == opening, // the case is being made durable
		"talking": !s.ended && (stands[s.state].caller == withAgent || stands[s.state].caller == withAll),
		"hold":    !s.ended && stands[s.state].caller == music,
	} {
		if so {
			in = append(in, where)
		}
	}
	return in
}

// can lists what may happen now.
func (s *script) can() []move {
	var all []move
	if s.agent != "" {
		all = append(all, keyed, miskeyed, warm, blind, handOn, noTarget, toggle, confer, finish, cancel, agentHungUp, agentLost)
	}
	if s.target != "" {
		all = append(all, targetOut)
		if !s.up {
			all = append(all, targetUp)
		}
	}
	if limits[s.state] > 0 {
		all = append(all, tooLong)
	}
	if s.state == returning {
		all = append(all, told)
	}
	return all
}

// apt leaves out what means nothing in this state.
func (s *script) apt(all []move) []move {
	return slices.DeleteFunc(all, func(m move) bool {
		_, ok := transfers[s.state][m]
		return !ok && !slices.Contains(must, m)
	})
}

// must lists what no state may pass over while it may happen.
var must = []move{agentHungUp, agentLost, targetOut, targetUp, tooLong, told}

// do is Conversation.move on paper.
func (s *script) do(t *rapid.T, m move) {
	r, ok := transfers[s.state][m]
	switch {
	case ok:
	case m == agentHungUp && (s.state == talking || s.state == opening):
		s.ended, s.agent = true, ""
		return
	case slices.Contains(must, m):
		t.Fatalf("%s is passed over while %s", m, s.state)
	default:
		return
	}
	if m == warm || m == blind {
		s.target, s.up = "target", false
	}
	switch m {
	case targetUp:
		s.up = true
	case targetOut:
		s.target = ""
	case agentHungUp, agentLost:
		s.agent = ""
	}
	if r.completed {
		if s.target == "" || !s.up {
			t.Fatalf("%s while %s gives the caller to nobody", m, s.state)
		}
		s.agent, s.target = s.target, ""
	}
	s.state = r.to
	if s.state == waiting {
		s.agent, s.target = "", ""
		return
	}
	at := stands[s.state]
	if at.agent == gone {
		s.agent = ""
	}
	if at.target == gone {
		s.target = ""
	}
}

// TestTargetRings: 25 s, or as long as the switch is told; other states have their own limits.
func TestTargetRings(t *testing.T) {
	usual, short := &Switch{}, &Switch{TargetRings: time.Second}
	for _, st := range []state{consulting, passing, following} {
		if is, told := usual.limit(st), short.limit(st); is != 25*time.Second || told != time.Second {
			t.Errorf("%s: %s, want 25 s; %s when told 1 s", st, is, told)
		}
	}
	for _, st := range []state{collecting, settling, summoning, talking, waiting} {
		if is, other := short.limit(st), usual.limit(st); is != other {
			t.Errorf("%s: %s, else %s", st, is, other)
		}
	}
}

// Whatever happens in whatever order: the caller is in exactly one place, who
// hears him is in the call, and nobody is left in it without a place.
func TestTransfersKeepTheCaller(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &script{state: talking, agent: "agent"}
		for range 60 {
			if s.ended {
				break
			}
			switch {
			case rapid.IntRange(0, 99).Draw(t, "caller hangs up") == 77:
				s.ended = true
			case s.state == waiting:
				s.state, s.agent = opening, "another"
			case s.state == opening && rapid.Bool().Draw(t, "durable"):
				s.state = talking
			default:
				moves := s.can()
				if rapid.IntRange(0, 9).Draw(t, "inapt") != 7 {
					moves = s.apt(moves)
				}
				s.do(t, rapid.SampledFrom(moves).Draw(t, "move"))
			}
			if in := s.callerIs(); len(in) != 1 {
				t.Fatalf("%s: the caller is in %v", s.state, in)
			}
			at, known := stands[s.state]
			if s.ended || !known {
				continue
			}
			if (s.agent != "") != (at.agent != gone) || (s.target != "") != (at.target != gone) {
				t.Fatalf("%s: agent %q is %s, target %q is %s", s.state, s.agent, at.agent, s.target, at.target)
			}
			if s.target != "" && s.up == (at.target == rings) {
				t.Fatalf("%s: the target has picked up: %t", s.state, s.up)
			}
		}
	})
}

func TestPlacesFitEachOther(t *testing.T) {
	for st, at := range stands {
		if all := at.caller == withAll; all != (at.agent == withAll) || all != (at.target == withAll) {
			t.Errorf("%s: %+v", st, at)
		}
		if (at.caller == withAgent) != (at.agent == withCaller) || (at.agent == withTarget) != (at.target == withAgent) {
			t.Errorf("%s: %+v", st, at)
		}
		if at.caller != withAgent && at.caller != withAll && at.caller != music {
			t.Errorf("%s: the caller is %s", st, at.caller)
		}
	}
	for st := range transfers {
		if _, ok := stands[st]; !ok && st != opening {
			t.Errorf("nobody has a place while %s", st)
		}
	}
}

// What nobody can help happening leads somewhere in every state it can happen in.
func TestNoStatePassesOverAnEnd(t *testing.T) {
	for st, at := range stands {
		var want []move
		if at.agent != gone {
			want = append(want, agentLost)
			if st != talking {
				want = append(want, agentHungUp)
			}
		}
		switch at.target {
		case rings:
			want = append(want, targetUp, targetOut, tooLong)
		case withAgent, withAll, music:
			want = append(want, targetOut)
		}
		if limits[st] > 0 {
			want = append(want, tooLong)
		}
		if at.agent == refusal {
			want = append(want, told)
		}
		for _, m := range want {
			if _, ok := transfers[st][m]; !ok {
				t.Errorf("%s: %s leads nowhere", st, m)
			}
		}
	}
}
