package media

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMOS(t *testing.T) {
	const ms = time.Millisecond
	tests := map[string]struct {
		loss          float64
		delay, jitter time.Duration
		want          float64
	}{
		"a perfect line":                      {0, 0, 0, 4.40},
		"a good line":                         {0, 50 * ms, 5 * ms, 4.37},
		"one per cent lost":                   {0.01, 50 * ms, 5 * ms, 4.277},
		"five per cent lost":                  {0.05, 50 * ms, 5 * ms, 3.843},
		"a fifth lost":                        {0.2, 50 * ms, 5 * ms, 2.53},
		"everything lost":                     {1, 0, 0, 1.165},
		"a satellite":                         {0, 280 * ms, 0, 3.712},
		"jitter that a buffer has to take up": {0, 50 * ms, 100 * ms, 3.886},
		"nonsense":                            {7, -time.Hour, -time.Hour, 1.177},
		"a minute of delay":                   {0, time.Minute, 0, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := MOS(tt.loss, tt.delay, tt.jitter, PCMA); math.Abs(got-tt.want) > 0.005 {
				t.Errorf("MOS %.3f, want %.2f", got, tt.want)
			}
		})
	}
}

// The ratings and scores of G.107 table B.1.
func TestScoreOfRating(t *testing.T) {
	for r, want := range map[float64]float64{90: 4.34, 80: 4.03, 70: 3.60, 60: 3.10, 50: 2.58, 0: 1, -5: 1, 4: 1, 100: 4.5, 200: 4.5} {
		if got := score(r); math.Abs(got-want) > 0.01 {
			t.Errorf("R %v is MOS %.3f, want %.2f", r, got, want)
		}
	}
}

func TestWorseIsNeverRatedBetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loss := rapid.Float64Range(0, 1).Draw(t, "loss")
		delay := time.Duration(rapid.IntRange(0, 2000).Draw(t, "delay")) * time.Millisecond
		jitter := time.Duration(rapid.IntRange(0, 500).Draw(t, "jitter")) * time.Millisecond
		base := MOS(loss, delay, jitter, PCMU)
		if base < 1 || base > 4.5 {
			t.Fatalf("MOS %v", base)
		}
		for what, worse := range map[string]float64{
			"loss":   MOS(min(loss*1.1, 1), delay, jitter, PCMU),
			"delay":  MOS(loss, delay+delay/10, jitter, PCMU),
			"jitter": MOS(loss, delay, jitter+jitter/10, PCMU),
		} {
			if worse > base+1e-9 {
				t.Errorf("more %s: %v after %v", what, worse, base)
			}
		}
	})
}

func TestScoreOfSession(t *testing.T) {
	heard := Stats{PacketsIn: 990, Lost: 10, Jitter: 5 * time.Millisecond, RoundTrip: 100 * time.Millisecond}
	tests := map[string]struct {
		change func(*Stats)
		want   float64
		why    Unscored
	}{
		"one per cent lost": {func(*Stats) {}, 4.2777, Scored},
		"nothing heard":     {func(st *Stats) { st.PacketsIn = 0 }, 0, NoMedia},
		"three seconds":     {func(st *Stats) { st.PacketsIn = 140 }, 0, TooShort},
		"no RTCP":           {func(st *Stats) { st.RoundTrip = 0 }, 0, NoRTCP},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			st := heard
			tt.change(&st)
			if got, why := st.MOS(); math.Abs(got-tt.want) > 0.005 || why != tt.why {
				t.Errorf("%.3f %q, want %.2f %q", got, why, tt.want, tt.why)
			}
		})
	}
}
