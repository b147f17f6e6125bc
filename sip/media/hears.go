package media

import "slices"

// Hears says who hears whom: listeners and the speakers each of them hears. Who
// is in neither role takes no part. Nobody hears himself, whatever it says.
type Hears map[*Session][]*Session

// Meeting lets everybody hear everybody else.
func Meeting(parties ...*Session) Hears {
	h := Hears{}
	for _, p := range parties {
		h[p] = parties
	}
	return h
}

// Listen adds who, hearing everybody in h and heard by nobody.
func (h Hears) Listen(who *Session) Hears { return h.add(who) }

// Whisper adds who, hearing everybody in h and heard by to alone.
func (h Hears) Whisper(who, to *Session) Hears { return h.add(who, to) }

// Barge adds who, hearing everybody in h and heard by them all.
func (h Hears) Barge(who *Session) Hears { return h.add(who, h.parties()...) }

// add returns h with who, who hears everybody in h and is heard by by.
func (h Hears) add(who *Session, by ...*Session) Hears {
	out := Hears{who: h.parties()}
	for listener, speakers := range h {
		if slices.Contains(by, listener) {
			speakers = append(slices.Clone(speakers), who)
		}
		out[listener] = speakers
	}
	return out
}

// parties returns everybody in h, each once.
func (h Hears) parties() (all []*Session) {
	seen := map[*Session]bool{}
	take := func(s *Session) {
		if !seen[s] {
			seen[s] = true
			all = append(all, s)
		}
	}
	for listener, speakers := range h {
		take(listener)
		for _, s := range speakers {
			take(s)
		}
	}
	return all
}
