package sip

import (
	"testing"
	"time"
)

func TestDigitFilter(t *testing.T) {
	type report struct {
		after time.Duration // the one before
		key   byte
		by    DigitSource
	}
	const soon, later = 100 * time.Millisecond, 3 * time.Second
	tests := map[string]struct {
		told []report
		want string
	}{
		"one source":                    {[]report{{0, '1', ByEvent}, {soon, '1', ByEvent}, {soon, '2', ByEvent}}, "112"},
		"two sources":                   {[]report{{0, '1', ByEvent}, {soon, '1', ByInfo}}, "1"},
		"three sources":                 {[]report{{0, '1', ByTone}, {soon, '1', ByEvent}, {soon, '1', ByInfo}}, "1"},
		"twice by three":                {[]report{{0, '1', ByEvent}, {soon, '1', ByTone}, {soon, '1', ByInfo}, {soon, '1', ByEvent}, {soon, '1', ByInfo}, {soon, '1', ByTone}}, "11"},
		"the second source lags behind": {[]report{{0, '1', ByEvent}, {soon, '1', ByEvent}, {soon, '1', ByInfo}, {soon, '1', ByInfo}}, "11"},
		"another key between":           {[]report{{0, '1', ByEvent}, {soon, '2', ByEvent}, {soon, '1', ByInfo}, {soon, '2', ByInfo}}, "12"},
		"a source that misses one":      {[]report{{0, '1', ByEvent}, {soon, '1', ByInfo}, {soon, '1', ByEvent}, {soon, '1', ByEvent}, {soon, '1', ByInfo}}, "111"},
		"much later it is a new press":  {[]report{{0, '1', ByEvent}, {later, '1', ByInfo}}, "11"},
	}
	for name, tt := range tests {
		var f digitFilter
		now, got := time.Now(), ""
		for _, r := range tt.told {
			now = now.Add(r.after)
			if f.fresh(Digit{Key: r.key, By: r.by}, now) {
				got += string(r.key)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
