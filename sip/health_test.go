package sip

import (
	"testing"
	"time"
)

func TestHealthNeedsTwoInARow(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answers string // + answered, - failed
		down    bool
		changes int
	}{
		"nothing is known against it": {"", false, 0},
		"one failure":                 {"+++-", false, 0},
		"two failures":                {"+--", true, 1},
		"failures apart":              {"-+-+-+-", false, 0},
		"one answer is not up yet":    {"--+", true, 1},
		"up again":                    {"--++", false, 2},
		"answers apart":               {"--+-+-+", true, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var h health
			changes := 0
			for _, a := range tt.answers {
				failure := ""
				if a == '-' {
					failure = "no answer"
				}
				if h.heard(failure, time.Unix(1, 0)) {
					changes++
				}
			}
			if h.down != tt.down || changes != tt.changes || h.down && h.reason != "no answer" {
				t.Errorf("%+v after %d changes", h, changes)
			}
		})
	}
}

func TestBackoffDoublesUpToItsLimit(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int]time.Duration{1: 4, 2: 8, 3: 16, 9: 60, 1000: 60} {
		for range 50 {
			if d := backoff(4, 60, failures); d < want/2 || d >= want {
				t.Errorf("after %d failures: %d, want %d to %d", failures, d, want/2, want)
			}
		}
	}
}
