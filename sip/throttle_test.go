package sip

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func guesses(th *authThrottle, user string, source netip.AddrPort, from time.Time, n int, step time.Duration) int {
	looked := 0
	for i := range n {
		if th.attempt(user, source, from.Add(time.Duration(i)*step)) {
			looked++
		}
	}
	return looked
}

func TestThrottleBoundsGuesses(t *testing.T) {
	start := time.Now()
	th := newAuthThrottle(start)
	if n := guesses(th, "1001", otherFlow, start, 100_000, 36*time.Millisecond); n > 20 || n < guessBurst {
		t.Errorf("%d of 100,000 guesses within an hour were looked at", n)
	}
	if !th.attempt("1001", deskFlow, start.Add(time.Hour)) {
		t.Error("the phone at another address is locked out")
	}
}

func TestThrottleBoundsSourceOverAllUsers(t *testing.T) {
	start := time.Now()
	th := newAuthThrottle(start)
	looked := 0
	for i := range 10_000 {
		source := netip.AddrPortFrom(otherFlow.Addr(), uint16(1024+i)) // another port each time
		if th.attempt(fmt.Sprint("user", i), source, start.Add(time.Duration(i)*360*time.Millisecond)) {
			looked++
		}
	}
	if looked > 20 {
		t.Errorf("%d guesses within an hour from one source", looked)
	}
}

func TestThrottleSparesKnownFlow(t *testing.T) {
	start := time.Now()
	th := newAuthThrottle(start)
	if !th.attempt("1001", deskFlow, start) {
		t.Fatal("first attempt refused")
	}
	th.proved("1001", deskFlow, start)
	stranger := netip.AddrPortFrom(deskFlow.Addr(), 49152) // behind the same NAT
	guesses(th, "1001", stranger, start, 1000, time.Millisecond)
	for i := range 50 {
		at := start.Add(time.Duration(i) * time.Second)
		if !th.attempt("1001", deskFlow, at) {
			t.Fatalf("registration %d of the known phone refused", i)
		}
		th.proved("1001", deskFlow, at)
	}
	if n := guesses(th, "1001", deskFlow, start.Add(time.Hour), 1000, time.Millisecond); n > guessBurst {
		t.Errorf("a known flow guessed %d times", n)
	}
}

func TestThrottleOneBadPhoneLeavesItsAddressUsable(t *testing.T) {
	start := time.Now()
	th := newAuthThrottle(start)
	for i := range 24 * 60 { // a day of retries every minute
		th.attempt("misconfigured", deskFlow, start.Add(time.Duration(i)*time.Minute))
	}
	if !th.attempt("1002", netip.AddrPortFrom(deskFlow.Addr(), 5062), start.Add(24*time.Hour)) {
		t.Error("its neighbour is locked out")
	}
}

func TestThrottleIPv6NetworkIsOneSource(t *testing.T) {
	start := time.Now()
	th := newAuthThrottle(start)
	looked := 0
	for i := range 1000 {
		a := netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, byte(i >> 8), byte(i)})
		if th.attempt("1001", netip.AddrPortFrom(a, 5060), start) {
			looked++
		}
	}
	if looked != guessBurst {
		t.Errorf("%d guesses from one /64", looked)
	}
}
