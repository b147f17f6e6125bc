package call

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"shouwen/sip/media"
)

func TestForecast(t *testing.T) {
	tests := map[string]struct {
		told     forecast
		position int
		wait     time.Duration
		want     forecast
	}{
		"nothing known":             {},
		"not measured":              {position: 3, want: forecast{position: 3}},
		"rounded up":                {position: 3, wait: 61 * time.Second, want: forecast{3, 2}},
		"a second is a minute":      {position: 1, wait: time.Second, want: forecast{1, 1}},
		"whole minutes":             {position: 3, wait: 2 * time.Minute, want: forecast{3, 2}},
		"the same again":            {told: forecast{3, 2}, position: 3, wait: 2 * time.Minute, want: forecast{3, 2}},
		"less":                      {told: forecast{3, 2}, position: 2, wait: time.Minute, want: forecast{2, 1}},
		"longer than told":          {told: forecast{3, 2}, position: 3, wait: 3 * time.Minute, want: forecast{position: 3}},
		"somebody urgent came":      {told: forecast{3, 2}, position: 4, wait: 2 * time.Minute, want: forecast{minutes: 2}},
		"waits no longer":           {told: forecast{3, 2}},
		"first told, then measured": {told: forecast{position: 3}, position: 2, wait: time.Hour, want: forecast{2, 60}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.told.next(tt.position, tt.wait); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestForecastNeverGrows: whatever the queue does, no caller hears of a worse place
// or a longer wait than before, nor a shorter wait than estimated.
func TestForecastNeverGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var told forecast
		for range 20 {
			wait := time.Duration(rapid.IntRange(0, 1e13).Draw(t, "wait"))
			was, say := told, told.next(rapid.IntRange(0, 50).Draw(t, "position"), wait)
			told.note(say)
			if was.position > 0 && say.position > was.position || was.minutes > 0 && say.minutes > was.minutes {
				t.Fatalf("told %+v, then %+v", was, say)
			}
			if say.minutes > 0 && time.Duration(say.minutes)*time.Minute < wait {
				t.Fatalf("%d minutes for %s", say.minutes, wait)
			}
		}
	})
}

func TestTapeGoesOn(t *testing.T) {
	tracks := testTracks(2 * time.Second)
	now := time.Now()
	tp := tape{tracks: tracks}
	if got := tp.start(now); got.Duration() != 2*time.Second {
		t.Errorf("began with %s", got.Duration())
	}
	tp.stop(now.Add(500 * time.Millisecond)) // an announcement
	tp.stop(now.Add(time.Second))            // stopped already
	now = now.Add(5 * time.Second)
	if got := tp.start(now); tp.at != 0 || got.Duration() != 1500*time.Millisecond {
		t.Errorf("went on at track %d with %s left", tp.at, got.Duration())
	}
	now = now.Add(1500 * time.Millisecond)
	if tp.start(now); tp.at != 1 {
		t.Errorf("then track %d", tp.at)
	}
	now = now.Add(3 * time.Second)
	if tp.start(now); tp.at != 0 {
		t.Errorf("after the last track %d", tp.at)
	}
}

func testTracks(length time.Duration) []*media.Prompt {
	return []*media.Prompt{media.NewPrompt(media.Tone(440, length)), media.NewPrompt(media.Tone(660, length))}
}
