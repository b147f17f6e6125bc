package main

import (
	"math/bits"
	"sync"
	"time"
)

// grain is how many buckets a factor of two has: quantiles are at most 1/64 too high.
const grain = 64

// Histogram counts durations, negative ones as 0. The zero value is empty. Its
// methods may be called from any goroutine.
type Histogram struct {
	mu      sync.Mutex
	buckets [58 * grain]uint64
	count   uint64
	max     time.Duration
}

// Add counts d.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.buckets[bucket(d)]++
	h.count++
	h.max = max(h.max, d)
}

// Reset empties h.
func (h *Histogram) Reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.buckets, h.count, h.max = [58 * grain]uint64{}, 0, 0
}

// bucket returns the bucket of d: below 2·grain one for each nanosecond, above
// grain of them for each power of two.
func bucket(d time.Duration) int {
	shift := max(bits.Len64(uint64(d))-7, 0)
	return shift*grain + int(d>>shift)
}

// top returns the longest duration in bucket i.
func top(i int) time.Duration {
	shift := max(i/grain-1, 0)
	return time.Duration(i-shift*grain+1)<<shift - 1
}

// Quantiles are what a Histogram says in the end; in milliseconds.
type Quantiles struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

// Quantiles returns the quantiles so far; all 0 of an empty histogram.
func (h *Histogram) Quantiles() Quantiles {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Quantiles{h.count, ms(h.quantile(0.50)), ms(h.quantile(0.95)), ms(h.quantile(0.99)), ms(h.max)}
}

// quantile returns a duration that the part q of all counted does not exceed.
func (h *Histogram) quantile(q float64) time.Duration {
	want := uint64(q * float64(h.count))
	seen := uint64(0)
	for i, n := range h.buckets {
		if seen += n; seen > want || n > 0 && seen == h.count {
			return min(top(i), h.max)
		}
	}
	return 0
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
