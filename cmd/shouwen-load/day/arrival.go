package day

import (
	"math"
	"time"
)

// busyness is how many call in each hour of the day, to each other: most in the
// morning, few over lunch, some more in the afternoon.
var busyness = [...]float64{5, 9, 10, 8, 4, 3, 6, 7, 4}

// arrival returns when somebody calls. Arrivals on a day of which it is known how many
// come are, if they come as from many people (Poisson, of that rate), independent of
// each other.
func (d dice) arrival() time.Duration {
	var all float64
	for _, b := range busyness {
		all += b
	}
	x := d.Float64() * all
	for hour, b := range busyness {
		if x < b {
			return time.Duration((float64(hour) + x/b) * float64(time.Hour))
		}
		x -= b
	}
	return Length - time.Nanosecond // what rounding has left
}

// logNormal has the mean 1.
func (d dice) logNormal(sigma float64) float64 {
	return math.Exp(sigma*d.NormFloat64() - sigma*sigma/2)
}
