package sip_test

import (
	"fmt"
	"testing"

	"shouwen/sip"
	phone "shouwen/sip/siptest"
)

// TestSeizures: what becomes of a call that a trunk is asked for is counted once for each
// server asked, however often it challenges; calls to phones are none.
func TestSeizures(t *testing.T) {
	t.Parallel()
	ends := func(status int) func(*testing.T, *bed, *sip.Leg, phone.TestPhone) {
		return func(t *testing.T, b *bed, leg *sip.Leg, one phone.TestPhone) {
			one.Reply(one.Expect("INVITE"), status, "")
			one.Expect("ACK")
			b.over(t, leg, sip.EndRejected)
		}
	}
	for name, tt := range map[string]struct {
		is   string
		call func(*testing.T, *bed, *sip.Leg, phone.TestPhone)
	}{
		"302": {"failed", ends(302)}, "404": {"failed", ends(404)}, "480": {"subscriber", ends(480)}, "484": {"failed", ends(484)},
		"486": {"subscriber", ends(486)}, "503": {"failed", ends(503)}, "600": {"subscriber", ends(600)}, "603": {"subscriber", ends(603)},
		"answered, after a challenge": {"answered", func(t *testing.T, b *bed, leg *sip.Leg, one phone.TestPhone) {
			one.Reply(one.Expect("INVITE"), 401, "", challenge)
			one.Expect("ACK")
			d, _ := b.pickUp(t, one, leg, one.Expect("INVITE"))
			b.hangup(t, one, d, leg)
		}},
		"given up": {"subscriber", func(t *testing.T, b *bed, leg *sip.Leg, one phone.TestPhone) {
			invite := one.Expect("INVITE")
			one.Reply(invite, 180, "")
			next[sip.Ringing](t, b, leg)
			leg.Hangup(sip.Hangup{})
			one.Reply(one.Expect("CANCEL"), 200, "")
			one.Reply(invite, 487, "")
			one.Expect("ACK")
			b.over(t, leg, sip.EndLocal)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := carrier(t)
			b := newBed(t, carriers(asIs, c))
			tt.call(t, b, b.callOut(t), c)
			b.seized(t, map[string]string{"carrier1": tt.is})
		})
	}
	t.Run("the next one answers", func(t *testing.T) {
		t.Parallel()
		one, two := carrier(t), carrier(t)
		b := newBed(t, carriers(asIs, one, two))
		leg := b.callOut(t)
		one.Reply(one.Expect("INVITE"), 500, "")
		one.Expect("ACK")
		d, _ := b.pickUp(t, two, leg, two.Expect("INVITE"))
		b.hangup(t, two, d, leg)
		b.seized(t, map[string]string{"carrier1": "failed", "carrier2": "answered"})
	})
}

// seized checks what is counted: one call by each trunk.
func (b *bed) seized(t *testing.T, want map[string]string) {
	t.Helper()
	const name = "shouwen_sip_trunk_seizures_total"
	for trunk, is := range want {
		if n := b.metric(t, name, fmt.Sprintf("result=%q,trunk=%q", is, trunk)); n != 1 {
			t.Errorf("%s of %s: %v", is, trunk, n)
		}
	}
	if n := b.metric(t, name, ""); n != float64(len(want)) {
		t.Errorf("%v calls by trunks, want %v", n, want)
	}
}
