package main

import (
	"context"
	"time"

	"shouwen/cases"
	"shouwen/ivr/call"
	"shouwen/metrics"
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
		f := call.Recovered(l, time.Now())
		_, err := s.journal.Append(ctx, f)
		if err == nil {
			s.metrics.Recordings.Ended(metrics.RecordingPartial, f.RecordingEnded.Bytes)
		}
		s.log.Warn("recording was cut short when the program died", "call", l.ID, "length", l.Duration)
		return err
	})
}

// recordingRetention deletes recordings whose time is over.
func (s *server) recordingRetention() *call.Retention {
	return &call.Retention{
		What: "recordings", Outdated: s.database.store.OutdatedRecordings, Archive: s.recordings,
		Deleted: func(file string, f *cases.Fact) { f.RecordingDeleted = &cases.RecordingDeleted{File: file} },
		Journal: s.journal, Interval: sweepRetention, Log: s.log,
		Swept: func(err error) { s.metrics.Jobs.Ran(metrics.RecordingRetention, err) },
	}
}

// messageRetention deletes messages whose time is over.
func (s *server) messageRetention() *call.Retention {
	return &call.Retention{
		What: "messages", Outdated: s.database.store.OutdatedMessages, Archive: s.messages,
		Deleted: func(file string, f *cases.Fact) { f.VoicemailDeleted = &cases.VoicemailDeleted{File: file} },
		Journal: s.journal, Interval: sweepRetention, Log: s.log,
		Swept: func(err error) { s.metrics.Jobs.Ran(metrics.MessageRetention, err) },
	}
}
