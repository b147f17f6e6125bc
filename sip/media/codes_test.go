package media

import "testing"

// TestWithhold: from a star on nothing is passed on, not even the rest of a press
// that began before the code was over.
func TestWithhold(t *testing.T) {
	var c codes
	ts := uint32(0)
	press := func(event byte) bool { // tells whether all of it is withheld; part of it must not be
		ts += 1600
		first := c.withhold(&Packet{SSRC: 1, TS: ts, Payload: []byte{event, 10, 0, 160}})
		if last := c.withhold(&Packet{SSRC: 1, TS: ts, Payload: []byte{event, 0x8a, 3, 32}}); last != first {
			t.Errorf("event %d: first packet %t, last %t", event, first, last)
		}
		return first
	}
	if press(starEvent) {
		t.Error("withheld where nobody asked for it")
	}
	c.on.Store(true)
	for i, tt := range []struct {
		event byte
		over  bool // the code was, before this press
		want  bool
	}{{5, false, false}, {starEvent, false, true}, {4, false, true}, {7, true, false}, {starEvent, true, true}, {starEvent, false, true}, {1, true, false}} {
		if tt.over {
			c.over.Store(true)
		}
		if got := press(tt.event); got != tt.want {
			t.Errorf("press %d: %t, want %t", i, got, tt.want)
		}
	}
	c.withhold(&Packet{SSRC: 1, TS: ts + 1600, Payload: []byte{starEvent, 10, 0, 160}})
	c.over.Store(true)
	if !c.withhold(&Packet{SSRC: 1, TS: ts + 1600, Payload: []byte{starEvent, 0x8a, 3, 32}}) {
		t.Error("the rest of a press is passed on")
	}
}
