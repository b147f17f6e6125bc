package media

import (
	"testing"

	"pgregory.net/rapid"
)

// A clock at another rate than ours is followed to within 200 ms over an hour,
// and so much is put in or left out and no more.
func TestTimelineFollowsTheClock(t *testing.T) {
	for name, ppm := range map[string]int64{"exact": 0, "200 ppm fast": -200, "200 ppm slow": 200} {
		t.Run(name, func(t *testing.T) {
			var l timeline
			shifts, last := int64(0), int64(0)
			for k := range int64(3600 * 50) {
				arrived := k*frameSamples + k*frameSamples*ppm/1e6
				pos := l.place(&chunk{ssrc: 1, ts: uint32(k * frameSamples), n: frameSamples}, arrived)
				if off := arrived - pos; off > 3*frameSamples || off < -3*frameSamples {
					t.Fatalf("off by %d samples after %d s", off, k/50)
				}
				if k > 0 && pos != last+frameSamples {
					shifts++
				}
				last = pos
			}
			if limit := 36 * max(ppm, -ppm) / 200; shifts > limit {
				t.Errorf("%d shifts, want at most %d", shifts, limit)
			}
		})
	}
}

func TestPlacesStayNearTheArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l timeline
		arrived := int64(0)
		for range rapid.IntRange(0, 300).Draw(t, "chunks") {
			arrived += rapid.Int64Range(0, 5000).Draw(t, "step")
			c := &chunk{ssrc: rapid.Uint32Range(1, 2).Draw(t, "ssrc"), n: frameSamples}
			c.ts = l.ts + rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(0, 400)).Draw(t, "ts")
			if off := arrived - l.place(c, arrived); off > maxStray || off < -maxStray {
				t.Fatalf("%d samples from its arrival", off)
			}
		}
	})
}
