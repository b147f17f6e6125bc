package media

import "slices"

// Tap lets k take what s receives as well, before the Sink of s does and
// whatever that is: a recording goes on through every bridge. Unlike a Sink, k
// must leave the packet as it is. What is not heard (a direction switched off)
// is not tapped either.
func (s *Session) Tap(k Sink) {
	s.tapping.Lock()
	defer s.tapping.Unlock()
	if s.closed.Load() {
		return
	}
	var taps []Sink
	if old := s.taps.Load(); old != nil {
		taps = slices.Clone(*old)
	}
	taps = append(taps, k)
	s.taps.Store(&taps)
}

// Untap ends what Tap began. A packet that is being received meanwhile may
// still reach k.
func (s *Session) Untap(k Sink) {
	s.tapping.Lock()
	defer s.tapping.Unlock()
	old := s.taps.Load()
	if old == nil {
		return
	}
	rest := slices.DeleteFunc(slices.Clone(*old), func(o Sink) bool { return o == k })
	if len(rest) == 0 {
		s.taps.Store(nil)
		return
	}
	s.taps.Store(&rest)
}

// untapAll leaves nobody who taps s.
func (s *Session) untapAll() {
	s.tapping.Lock()
	defer s.tapping.Unlock()
	s.taps.Store(nil)
}

// pass hands p to the taps and to the Sink.
func (s *Session) pass(p *Packet) {
	if taps := s.taps.Load(); taps != nil {
		for _, k := range *taps {
			k.WriteRTP(p)
		}
	}
	if k := s.sink.Load(); k != nil {
		(*k).WriteRTP(p)
	}
}
