package sip_test

import (
	"runtime"
	"testing"
	"time"
	"weak"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// transactions live on for so long after a call (RFC 3261 17.2.2, RFC 6026).
const transactions = 32 * time.Second

// They keep nothing else of it.
func TestEndedLegsAreForgotten(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(*testing.T, *bed) *sip.Leg{
		"of a caller": func(t *testing.T, b *bed) *sip.Leg {
			c, leg := b.talk(t, siptest.Config{})
			c.Hangup()
			b.over(t, leg, sip.EndHangup)
			return leg
		},
		"to a phone": func(t *testing.T, b *bed) *sip.Leg {
			p, leg, invite := b.rung(t, siptest.Config{})
			d, audio := b.pickUp(t, p, leg, invite)
			audio.Close() // else its port is kept until it is silent
			b.hangup(t, p, d, leg)
			return leg
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			leg := weak.Make(call(t, b))
			for limit := time.Now().Add(transactions * 3 / 4); leg.Value() != nil; runtime.GC() {
				if time.Now().After(limit) {
					t.Fatal("the leg is kept")
				}
			}
		})
	}
}
