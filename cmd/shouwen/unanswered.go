package main

import (
	"context"
	"fmt"
	"time"

	"shouwen/cases"
	"shouwen/ivr/call"
	"shouwen/metrics"
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
			At: time.Now(), Call: f.Call, Case: f.Case, Voicemail: &cases.Voicemail{
				File: m.File, Length: cases.Span(m.Duration), Keep: call.KeepUntil(time.Now(), s.cfg.keepMessages()),
			},
		})
		if err != nil {
			return fmt.Errorf("record the message of call %s: %w", f.Call, err)
		}
		s.cut[i] = f
		s.log.Warn("message was cut short when the program died", "call", f.Call, "length", m.Duration)
	}
	return nil
}

// callersEvery is how soon a case that was settled no longer binds its caller.
const callersEvery = time.Minute

// manyCallers is how many open cases are looked at.
const manyCallers = 50_000

// knowCallers keeps up with which callers have an open case. While PostgreSQL is
// away, what was known before goes on to be.
func (s *server) knowCallers(ctx context.Context) error {
	soon := time.NewTimer(0)
	defer soon.Stop()
	for {
		select {
		case <-soon.C:
		case <-ctx.Done():
			return nil
		}
		soon.Reset(s.learnCallers(ctx))
	}
}

// learnCallers returns when to ask again.
func (s *server) learnCallers(ctx context.Context) time.Duration {
	asOf := time.Now()
	if n, _ := s.journal.Pending(); n > 0 {
		asOf = time.Time{} // the database does not know all that we do
	}
	open, err := s.database.store.OpenCases(ctx, manyCallers)
	s.ran(ctx, metrics.OpenCases, err)
	if err != nil {
		s.log.Debug("callers' open cases not known", "err", err)
		return time.Second
	}
	known := make([]call.OpenCase, len(open))
	for i, c := range open {
		known[i] = call.OpenCase(c)
	}
	s.calls.Callers.Load(known, asOf)
	return callersEvery
}

// manyPlaces is more callers in line than any centre could call back.
const manyPlaces = 10_000

// keepPlaces takes callers into line who are to be called back by now, whenever
// PostgreSQL knows them all: those who took a callback before the program ended,
// and those whom an attempt did not reach.
func (s *server) keepPlaces(ctx context.Context) error {
	const often, seldom = 200 * time.Millisecond, 2 * time.Second
	tick := time.NewTicker(often)
	defer tick.Stop()
	for {
		if n, _ := s.journal.Pending(); n == 0 {
			asked := time.Now()
			places, err := s.database.store.Places(ctx, manyPlaces)
			if err == nil && len(places) < manyPlaces {
				s.calls.StandOnly(places, asked)
			}
			for _, p := range places {
				s.calls.Stand(p)
			}
			switch {
			case err != nil:
				s.log.Debug("places in line not known yet", "err", err)
			case s.calls.Outbound == nil: // nobody will be called, and tried again
				return nil
			default:
				tick.Reset(seldom)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
