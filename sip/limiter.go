package sip

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// Rates of messages from strangers. Trunks, registered phones and the peers of
// live dialogs are not limited here.
const (
	sourceRate   = 30.0 // messages a second from one address (IPv6: one /64)
	sourceBurst  = 150.0
	networkRate  = 150.0 // from one /24 (IPv6: one /48)
	networkBurst = 600.0

	bucketsPerRow = 1 << 14
	bucketRows    = 2
)

// limiter is two levels of token buckets, by address and by network, in fixed
// memory (512 KiB): a source is hashed into one bucket of each row and has the
// fuller one's tokens, so two sources rarely take from each other. Safe from
// any goroutine.
type limiter struct {
	seed  maphash.Seed
	start time.Time

	mu              sync.Mutex
	source, network bucketLevel
}

type bucketLevel struct {
	rate, burst float64
	rows        [bucketRows][bucketsPerRow]bucket
}

// A bucket's zero value is full.
type bucket struct {
	spent float32 // tokens taken and not yet given back
	at    uint32  // milliseconds since the limiter's start
}

func newLimiter(start time.Time) *limiter {
	l := &limiter{seed: maphash.MakeSeed(), start: start}
	l.source.rate, l.source.burst = sourceRate, sourceBurst
	l.network.rate, l.network.burst = networkRate, networkBurst
	return l
}

// take takes one token of src at both levels; false means that src has to wait.
func (l *limiter) take(src netip.Addr, now time.Time) bool {
	src = src.Unmap()
	host, net := 32, 24
	if src.Is6() {
		host, net = 64, 48
	}
	ms := uint32(now.Sub(l.start).Milliseconds())
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.source.take(l.hash(src, host), ms) && l.network.take(l.hash(src, net), ms)
}

func (l *limiter) hash(src netip.Addr, bits int) uint64 {
	prefix, _ := src.WithZone("").Prefix(bits) // the bits fit the family
	var key [17]byte
	addr := prefix.Addr().As16()
	copy(key[:], addr[:])
	key[16] = byte(bits)
	return maphash.Bytes(l.seed, key[:])
}

func (v *bucketLevel) take(hash uint64, ms uint32) bool {
	var mine [bucketRows]*bucket
	ok := false
	for row := range mine {
		b := &v.rows[row][uint32(hash>>(32*row))%bucketsPerRow]
		since := max(0, int32(ms-b.at)) // the callers' clocks may cross
		b.spent = max(0, b.spent-float32(float64(since)/1000*v.rate))
		b.at = ms
		ok = ok || float64(b.spent)+1 <= v.burst
		mine[row] = b
	}
	if ok {
		for _, b := range mine {
			b.spent++
		}
	}
	return ok
}
