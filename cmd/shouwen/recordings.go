package main

import (
	"context"
	"time"

	"shouwen/ivr/call"
	"shouwen/sip/media"
)

const (
	leaveFree      = 256 << 20 // octets of the disk that recordings leave to the journal and to PostgreSQL
	sweepRetention = time.Hour
)

// recoverRecordings makes whole what was being recorded when the program died, and
// puts it on record.
func (s *server) recoverRecordings(ctx context.Context) error {
	return s.recordings.Recover(func(l media.CutShort) error {
		_, err := s.journal.Append(ctx, call.Recovered(l, time.Now()))
		s.log.Warn("recording was cut short when the program died", "call", l.ID, "length", l.Duration)
		return err
	})
}

// retention deletes recordings whose time is over.
func (s *server) retention() *call.Retention {
	return &call.Retention{
		Index: s.database.store, Archive: s.recordings, Journal: s.journal, Interval: sweepRetention, Log: s.log,
	}
}
