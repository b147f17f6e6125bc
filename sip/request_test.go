package sip

import (
	"testing"
	"time"
)

func TestSentAgain(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration][2]int{ // INVITE, others
		0: {0, 0}, 499 * time.Millisecond: {0, 0}, 500 * time.Millisecond: {1, 1}, 1500 * time.Millisecond: {2, 2},
		32 * time.Second: {6, 10},
	} {
		if invite, other := sentAgain(d, true), sentAgain(d, false); invite != want[0] || other != want[1] {
			t.Errorf("after %s: %d INVITE, %d others, want %v", d, invite, other, want)
		}
	}
}
