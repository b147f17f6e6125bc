package sip

import (
	"testing"
	"time"
)

// TestServersShareTheTime: the last server of a call to the outside is called within 8·T1,
// however many there are, and given the time a phone is given.
func TestServersShareTheTime(t *testing.T) {
	ua := &UA{cfg: Config{T1: 500 * time.Millisecond}}
	if got := (&Leg{ua: ua}).patience(); got != 32*time.Second {
		t.Errorf("a phone is given %s", got)
	}
	for servers := 1; servers <= 5; servers++ {
		var all, last time.Duration
		for asked := 1; asked <= servers; asked++ {
			l := &Leg{ua: ua, out: &outside{after: asked, rest: make([]*endpoint, servers-asked)}}
			all += last
			last = l.patience()
		}
		if most := 4 * time.Second; all > most || servers > 1 && all < most-time.Millisecond || last != 32*time.Second {
			t.Errorf("the last of %d servers is called after %s and given %s", servers, all, last)
		}
	}
}
