package sip

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// How many wrong passwords are looked at: a burst, then one every interval.
// A single misconfigured phone (6 and 6 an hour) never uses up what its whole
// address may do (10 and 10 an hour).
const (
	guessBurst          = 6
	guessInterval       = 10 * time.Minute
	guessSourceBurst    = 10
	guessSourceInterval = 6 * time.Minute
	flowMemory          = 24 * time.Hour
)

// authThrottle bounds how often a password may be guessed. A flow (user,
// address and port) that once proved itself is judged by its own failures
// only, so a stranger locks out neither it nor anyone at another address,
// not even from behind the same NAT. Its memory is fixed; a crowded table
// forgets the least guilty first. Safe from any goroutine.
type authThrottle struct {
	seed  maphash.Seed
	start time.Time

	mu     sync.Mutex
	guilt  timeTable // when the allowance of a key is full again
	proven timeTable // until when a flow is known
}

func newAuthThrottle(now time.Time) *authThrottle {
	return &authThrottle{seed: maphash.MakeSeed(), start: now}
}

// allowance is one generic cell rate limit.
type allowance struct {
	key      uint64
	burst    int64
	interval time.Duration
}

// attempt takes one guess at the password of user from the allowance of
// source and reports whether there was one.
func (t *authThrottle) attempt(user string, source netip.AddrPort, now time.Time) bool {
	at := now.Sub(t.start)
	t.mu.Lock()
	defer t.mu.Unlock()
	limits := t.limits(user, source, at)
	for _, a := range limits {
		full := max(t.guilt.get(a.key), at)
		if full-at > time.Duration(a.burst-1)*a.interval {
			return false
		}
	}
	for _, a := range limits {
		t.guilt.set(a.key, max(t.guilt.get(a.key), at)+a.interval)
	}
	return true
}

// proved gives the guess back and remembers the flow.
func (t *authThrottle) proved(user string, source netip.AddrPort, now time.Time) {
	at := now.Sub(t.start)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range t.limits(user, source, at) {
		t.guilt.set(a.key, t.guilt.get(a.key)-a.interval)
	}
	t.proven.set(t.hash("flow", user, source), at+flowMemory)
}

// know remembers a flow that proved itself to an earlier process.
func (t *authThrottle) know(user string, source netip.AddrPort, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.proven.set(t.hash("flow", user, source), now.Sub(t.start)+flowMemory)
}

// limits returns what user is judged by when it comes from source.
func (t *authThrottle) limits(user string, source netip.AddrPort, at time.Duration) []allowance {
	flow := t.hash("flow", user, source)
	if t.proven.get(flow) > at {
		return []allowance{{flow, guessBurst, guessInterval}}
	}
	host := netip.AddrPortFrom(sourceNet(source.Addr()), 0)
	login := allowance{t.hash("login", user, host), guessBurst, guessInterval}
	if host.Addr().IsLoopback() { // this machine: an edge proxy brings everybody from here
		return []allowance{login}
	}
	return []allowance{login, {t.hash("source", "", host), guessSourceBurst, guessSourceInterval}}
}

func (t *authThrottle) hash(kind, user string, source netip.AddrPort) uint64 {
	return maphash.Comparable(t.seed, struct {
		kind, user string
		source     netip.AddrPort
	}{kind, user, source})
}

// sourceNet is what one party is assumed to hold: an IPv4 address, or the
// /64 network of an IPv6 address.
func sourceNet(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is4() || a.IsLoopback() {
		return a
	}
	p, _ := a.Prefix(64) // 64 is always a valid length for IPv6
	return p.Addr()
}

const (
	timeTableSets = 2048
	timeTableWays = 4
)

// timeTable maps keys to times since some start in fixed memory. A full set
// forgets its earliest time; a key not held has time 0.
type timeTable [timeTableSets][timeTableWays]struct {
	key uint64
	at  time.Duration
}

func (t *timeTable) get(key uint64) time.Duration {
	for _, e := range &t[key%timeTableSets] {
		if e.key == key {
			return e.at
		}
	}
	return 0
}

func (t *timeTable) set(key uint64, at time.Duration) {
	set := &t[key%timeTableSets]
	earliest := 0
	for i := range set {
		if set[i].key == key {
			set[i].at = at
			return
		}
		if set[i].at < set[earliest].at {
			earliest = i
		}
	}
	set[earliest].key, set[earliest].at = key, at
}
