package call

import (
	"testing"
	"time"

	"shouwen/sip/media"
)

// A prompt that is over is told once, also in a state that does nothing about it.
func TestPlayedIsToldOnce(t *testing.T) {
	c := &Conversation{events: make(chan *event, 100), check: time.NewTicker(time.Hour)}
	c.playing = media.NewPacer().Play(new(media.Session), new(media.Prompt), false)
	c.playing.Stop()
	if e := c.await(); e.kind != evPlayed {
		t.Fatalf("%s, want %s", e.kind, evPlayed)
	}
	for range cap(c.events) {
		c.events <- &event{kind: evCommand}
	}
	for range cap(c.events) {
		if e := c.await(); e.kind != evCommand {
			t.Fatalf("then %s", e.kind)
		}
	}
}
