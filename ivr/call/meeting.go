package call

import (
	"slices"

	"shouwen/sip"
	"shouwen/sip/media"
)

// meeting is who hears whom in a call. Two hear each other over a bridge; three,
// and whoever has a supervisor with him, over a mix, and they stay on it while
// they go on speaking, for the way back would cost them a word. Whoever is left
// alone by a phone that holds hears music. It is owned by the goroutine of its
// call.
type meeting struct {
	sw         *Switch
	legs       []*sip.Leg        // hear each other, but for those that hold
	holding    map[*sip.Leg]bool // phones that hold whoever they speak with
	supervisor *supervisor       // nil: none
	changed    func()            // called after every change

	bridge *media.Bridge
	mix    *media.Mixer
	spoke  []*sip.Leg // who hear each other over bridge or mix now
	music  map[*sip.Leg]*media.Playback
}

// meeting returns one of nobody.
func (s *Switch) meeting() *meeting {
	return &meeting{sw: s, changed: func() {}, holding: make(map[*sip.Leg]bool), music: make(map[*sip.Leg]*media.Playback)}
}

// join lets legs, and nobody else, hear each other from now on. Who did so before
// notices nothing.
func (m *meeting) join(legs ...*sip.Leg) {
	if !slices.Equal(m.legs, legs) {
		m.legs = legs
		m.arrange()
	}
}

// part lets nobody hear another any more. A supervisor stays, and hears nothing.
func (m *meeting) part() { m.join() }

// hold notes that leg holds whoever it speaks with, or no longer does.
func (m *meeting) hold(leg *sip.Leg, on bool) {
	m.holding[leg] = on
	if slices.Contains(m.legs, leg) {
		m.arrange()
	}
}

// held says whether one of those who would hear each other holds.
func (m *meeting) held() bool {
	return slices.ContainsFunc(m.legs, func(l *sip.Leg) bool { return m.holding[l] })
}

// supervise lets s take part, or nobody any more.
func (m *meeting) supervise(s *supervisor) {
	m.supervisor = s
	m.arrange()
}

// reconnect makes those who hear each other do so again after one of them was
// played something.
func (m *meeting) reconnect() {
	if m.bridge != nil {
		m.end()
	}
	m.arrange()
}

// arrange makes everybody hear what he is to hear.
func (m *meeting) arrange() {
	defer m.changed()
	speak := slices.DeleteFunc(slices.Clone(m.legs), func(l *sip.Leg) bool { return m.holding[l] })
	var alone *sip.Leg
	if len(speak) == 1 {
		alone, speak = speak[0], nil
	}
	m.connect(speak)
	m.playTo(alone)
}

// connect lets speak hear each other, and the supervisor them.
func (m *meeting) connect(speak []*sip.Leg) {
	stay := m.mix != nil && len(speak) > 0 &&
		!slices.ContainsFunc(speak, func(l *sip.Leg) bool { return !slices.Contains(m.spoke, l) })
	same := slices.Equal(m.spoke, speak)
	leaves := slices.ContainsFunc(m.spoke, func(l *sip.Leg) bool { return !slices.Contains(speak, l) })
	m.spoke = speak
	switch {
	case m.supervisor != nil || stay || len(speak) > 2:
		if m.bridge != nil && leaves {
			m.end()
		}
		if m.mix == nil {
			m.mix = m.sw.Pacer.Mix()
		}
		if err := m.mix.Set(m.hears(speak)); err != nil { // the pacer has stopped: so does the program
			m.sw.Log.Warn("nobody is heard", "err", err)
		}
		m.bridge = nil // the mix has taken over from it
	case len(speak) == 2 && m.bridge != nil && same:
	default:
		m.end()
		if len(speak) == 2 {
			m.bridge = media.Connect(speak[0].Media(), speak[1].Media())
		}
	}
}

// hears says who hears whom over the mix.
func (m *meeting) hears(speak []*sip.Leg) media.Hears {
	sessions := make([]*media.Session, len(speak))
	for i, l := range speak {
		sessions[i] = l.Media()
	}
	h := media.Meeting(sessions...)
	if m.supervisor != nil {
		h = m.supervisor.hears(h)
	}
	return h
}

// end ends bridge and mix.
func (m *meeting) end() {
	if m.bridge != nil {
		m.bridge.Disconnect()
		m.bridge = nil
	}
	if m.mix != nil {
		m.mix.Close()
		m.mix = nil
	}
}

// playTo plays music to alone, and to nobody else.
func (m *meeting) playTo(alone *sip.Leg) {
	for l, music := range m.music {
		if l != alone {
			music.Stop()
			delete(m.music, l)
		}
	}
	if alone != nil && m.music[alone] == nil {
		m.music[alone] = m.sw.Pacer.Play(alone.Media(), m.sw.Sounds.Music, true)
	}
}
