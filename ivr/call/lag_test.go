package call

import (
	"testing"
	"time"
)

func TestLagOfArrivals(t *testing.T) {
	t.Parallel()
	start := time.Now()
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	tests := map[string]struct {
		do   func(*arrivals)
		want int // ms, asked at 1000
	}{
		"nobody came": {func(*arrivals) {}, 0},
		"the shortest wait counts": {func(a *arrivals) {
			a.begin("a", at(0))
			a.begin("b", at(500))
			a.end("a", at(900))
			a.end("b", at(910))
		}, 410},
		"one that ended counts, not one going": {func(a *arrivals) { a.begin("a", at(0)); a.begin("b", at(500)); a.end("b", at(520)) }, 20},
		"none ended: the longest":              {func(a *arrivals) { a.begin("a", at(300)); a.begin("b", at(990)) }, 700},
		"an end counts once":                   {func(a *arrivals) { a.begin("a", at(0)); a.end("a", at(5)); a.lag(at(6)); a.end("a", at(900)) }, 0},
		"what was told is forgotten":           {func(a *arrivals) { a.begin("a", at(0)); a.end("a", at(5)); a.lag(at(6)); a.begin("b", at(100)) }, 900},
	}
	for name, test := range tests {
		var a arrivals
		test.do(&a)
		if got := a.lag(at(1000)); got != time.Duration(test.want)*time.Millisecond {
			t.Errorf("%s: %v, want %d ms", name, got, test.want)
		}
	}
}
