package main

import (
	"context"
	"fmt"
	"time"

	"shouwen/cases"
	"shouwen/ivr/call"
	"shouwen/sip/media"
)

// recoverMessages puts messages on record that callers were leaving when the program
// died: what they said until then is kept.
func (s *server) recoverMessages(ctx context.Context) error {
	left := map[string]media.CutShort{} // by call
	err := s.messages.Recover(func(m media.CutShort) error {
		left[m.ID] = m
		return nil
	})
	if err != nil {
		s.log.Error("messages that a crash cut short cannot be made whole", "err", err)
	}
	for i, f := range s.cut {
		m, ok := left[f.Call]
		if !ok || m.Duration < call.ShortestMessage {
			continue
		}
		f, err := s.journal.Append(ctx, cases.Fact{
			At: time.Now(), Call: f.Call, Case: f.Case, Voicemail: &cases.Voicemail{File: m.File, Length: cases.Span(m.Duration)},
		})
		if err != nil {
			return fmt.Errorf("record the message of call %s: %w", f.Call, err)
		}
		s.cut[i] = f
		s.log.Warn("message was cut short when the program died", "call", f.Call, "length", m.Duration)
	}
	return nil
}

// manyPlaces is more callers in line than any centre could call back.
const manyPlaces = 10_000

// keepPlaces takes callers back into line who took a callback before the program
// ended, as soon as PostgreSQL knows them all.
func (s *server) keepPlaces(ctx context.Context) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if n, _ := s.journal.Pending(); n == 0 {
			places, err := s.database.store.Places(ctx, manyPlaces)
			if err == nil {
				for _, p := range places {
					s.calls.Stand(p)
				}
				return nil
			}
			s.log.Debug("places in line not known yet", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
