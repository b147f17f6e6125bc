package media

import (
	"testing"
	"time"
)

func descriptor(t testing.TB, c packetConn) (fd int) {
	t.Helper()
	if p, ok := c.(*polledConn); ok {
		return p.fd
	}
	return netDescriptor(t, c)
}

// The tick begins above a thousand packets a second, and ends below.
func TestPace(t *testing.T) {
	var p pace
	now := time.Unix(1, 0)
	for i, load := range []struct {
		each  time.Duration // between wake-ups, which bring n packets
		n     int
		ticks bool
	}{
		{time.Second, 1, false},
		{2 * time.Millisecond, 1, false},
		{100 * time.Microsecond, 1, true},
		{time.Millisecond, 20, true},
		{time.Millisecond, 0, false},
		{time.Hour, 1, false},
	} {
		var ticks bool
		for range 2*measureOver/load.each + 2 {
			now = now.Add(load.each)
			ticks = p.ticks(load.n, now)
		}
		if ticks != load.ticks {
			t.Errorf("load %d: ticks %v", i, ticks)
		}
	}
}
