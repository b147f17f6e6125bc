package call

import (
	"time"

	"shouwen/sip/media"
)

// tape plays the tracks of a queue to one caller. Interrupted by an announcement,
// it goes on where it was.
type tape struct {
	tracks []*media.Prompt
	at     int           // track
	played time.Duration // of it
	began  time.Time     // to play; zero: stopped
}

// start returns what is to be played now. There is a track.
func (t *tape) start(now time.Time) *media.Prompt {
	t.stop(now)
	if t.played >= t.tracks[t.at].Duration() {
		t.at, t.played = (t.at+1)%len(t.tracks), 0
	}
	t.began = now
	return t.tracks[t.at].From(t.played)
}

// stop notes how far the track was played.
func (t *tape) stop(now time.Time) {
	if !t.began.IsZero() {
		t.played += now.Sub(t.began)
		t.began = time.Time{}
	}
}
