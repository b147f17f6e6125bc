package main

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestArrivalsKeepTheirRate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(1, 2000).Draw(t, "rate")
		poisson := rapid.Bool().Draw(t, "poisson")
		const calls = 4000
		n, last := 0, time.Duration(0)
		for at := range arrivals(rate, poisson, rapid.Uint64().Draw(t, "seed")) {
			if at < last {
				t.Fatalf("call %d at %s, after one at %s", n, at, last)
			}
			if even := time.Duration(float64(n) / rate * 1e9); !poisson && (at-even).Abs() > time.Microsecond {
				t.Fatalf("call %d at %s, want %s", n, at, even)
			}
			last = at
			if n++; n > calls {
				break
			}
		}
		// The mean of 4000 exponential gaps strays by 1/√4000 = 1.6 %; 12 % is beyond 7 σ.
		if got := calls / last.Seconds(); math.Abs(got/rate-1) > 0.12 {
			t.Fatalf("%.2f a second, want %.2f", got, rate)
		}
	})
}

func TestPoissonGapsVary(t *testing.T) {
	t.Parallel()
	var last, shortest, longest time.Duration = 0, time.Hour, 0
	n := 0
	for at := range arrivals(100, true, 1) {
		if n++; n == 1 {
			continue
		}
		shortest, longest, last = min(shortest, at-last), max(longest, at-last), at
		if n > 1000 {
			break
		}
	}
	if shortest > time.Millisecond || longest < 30*time.Millisecond {
		t.Errorf("gaps of %s to %s around a mean of 10 ms", shortest, longest)
	}
}
