package main

import (
	"iter"
	"math/rand/v2"
	"time"
)

// arrivals yields when calls come, from 0 on without end, at a mean rate a
// second: evenly, or at random as calls from many people do (Poisson). The same
// seed gives the same calls.
func arrivals(rate float64, poisson bool, seed uint64) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		random := rand.New(rand.NewPCG(seed, 0))
		for at, n := 0.0, 0; yield(time.Duration(at * float64(time.Second))); {
			n++
			if poisson {
				at += random.ExpFloat64() / rate
			} else {
				at = float64(n) / rate
			}
		}
	}
}
