package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/profile"
	"shouwen/cases/store"
	"shouwen/ivr/call"
)

// TestE23_NobodyIsCalledBackInQuietHours: S30-R20. Unless he took a callback, or was asked
// before and agreed; then he is.
func TestE23_NobodyIsCalledBackInQuietHours(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 1, func(c *Config) {
		hotel, err := profile.Source("hotel")
		if err != nil {
			t.Fatal(err)
		}
		c.Profile = filepath.Join(c.Data, "house.yaml")
		house := bytes.Replace(hotel, []byte("quiet_hours: []"), []byte(`quiet_hours: ["00:00-24:00"]`), 1)
		if err := os.WriteFile(c.Profile, house, 0o600); err != nil {
			t.Fatal(err)
		}
		c.Callbacks.Retry = []Duration{Duration(time.Millisecond)}
	})
	c := b.missed(numbered(1))
	if err := b.server.calls.CallBackNow(t.Context(), c.Number, b.Agents[0].User); !errors.Is(err, call.ErrQuiet) {
		t.Errorf("called back in quiet hours: %v", err)
	}
	b.back(0, c).Expect("486")
	by, _ := b.server.roster.directory().Actor(b.Agents[0].User)
	for _, m := range []cases.Move{
		cases.Registration{Content: "steamed buns", Name: "a guest", ReadBack: true},
		cases.Tell{Of: cases.TellRing, Said: "deliver now: yes", Evidence: cases.Evidence{Paper: "a note under the door"}},
	} {
		if _, err := b.server.database.store.Move(t.Context(), store.Order{Case: c.Number, Move: m, By: by, At: time.Now(), Key: uuid.NewString()}); err != nil {
			t.Fatal(err)
		}
	}
	agent := b.back(0, c)
	agent.Answered()
	in := b.carrier.Incoming()
	in.Answer()
	in.Hears(toneOf(0))
	agent.Hangup()
	in.Ended()
}
