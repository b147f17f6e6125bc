package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"shouwen/cases"
)

// state is what must be known of the facts so far without reading them again.
// Each segment begins with one, as JSON.
type state struct {
	Format int                   `json:"format"` // 1
	Days   map[string]int        `json:"days"`   // YYMMDD: highest sequence given; kept for good, so that a clock set back repeats nothing
	Open   map[string]cases.Fact `json:"open"`   // by call: its last fact that is no aside, from its arrival until it ended or was missed
}

// next gives out the next sequence of the day of local.
func (s *state) next(local time.Time) int {
	day := local.Format("060102")
	s.Days[day]++
	return s.Days[day]
}

func (s *state) floor(day string, seq int) { s.Days[day] = max(s.Days[day], seq) }

// note takes f, which is durable, into account.
func (s *state) note(f cases.Fact) {
	if day, _, seq, err := f.Case.Parse(); err == nil {
		s.floor(day, seq)
	}
	_, open := s.Open[f.Call]
	switch {
	case f.Ended != nil || f.Missed != nil || f.CallbackMissed != nil || f.SelfServed != nil:
		delete(s.Open, f.Call)
	case open && !f.Aside() || f.Arrived != nil || f.CallbackStarted != nil:
		s.Open[f.Call] = f
	}
}

// skip leaves out as many numbers of every known day, and of today, as facts were
// lost: each of them may have carried one.
func (s *state) skip(lost uint64, today time.Time) {
	s.floor(today.Format("060102"), 0)
	for day := range s.Days {
		s.Days[day] += int(lost)
	}
}

// recover rebuilds the state from the newest readable snapshot and the facts
// after it, and cuts the tail that a crash tore.
func (j *Journal) recover() error {
	at, err := j.restore()
	if err != nil {
		return err
	}
	for done := len(j.segments) == 0; !done; {
		facts, next, err := j.read(at, math.MaxUint64)
		if err != nil {
			return err
		}
		for _, f := range facts {
			j.state.note(f)
		}
		at = next
		done = len(facts) == 0 && at.path == j.segments[len(j.segments)-1].path
	}
	if at.lost > 0 {
		j.state.skip(at.lost, time.Now().In(j.cfg.Location))
	}
	if info, err := os.Stat(at.path); err == nil && info.Size() > at.off {
		if err := os.Truncate(at.path, at.off); err != nil {
			return remedy(at.path, err)
		}
	}
	j.durable = at.lsn
	if j.applied, err = j.loadCheckpoint(); err != nil {
		return remedy(j.cfg.Dir, err)
	}
	if j.applied > j.durable {
		j.log.Error("segments of the journal are missing; facts in them are lost unless PostgreSQL has them",
			"dir", j.cfg.Dir, "from", j.durable+1, "to", j.applied)
		j.durable = j.applied // no LSN twice
	}
	return nil
}

// restore loads the newest readable snapshot and returns the place it stands for.
func (j *Journal) restore() (cursor, error) {
	j.state = state{Format: 1, Days: map[string]int{}, Open: map[string]cases.Fact{}}
	for _, s := range slices.Backward(j.segments) {
		b, err := s.snapshot()
		if errors.Is(err, errBad) {
			j.log.Error("a segment of the journal has lost its beginning; reading the one before it too", "file", s.path)
			continue
		}
		if err != nil {
			return cursor{}, remedy(s.path, err)
		}
		if err := json.Unmarshal(b, &j.state); err != nil || j.state.Format != 1 {
			return cursor{}, fmt.Errorf("%s is of another version of Shouwen (format %d): start that version and let it replay",
				s.path, j.state.Format)
		}
		return cursor{lsn: s.base}, nil
	}
	return cursor{lsn: j.first()}, nil
}

// first returns the LSN before the first fact there is.
func (j *Journal) first() uint64 {
	if len(j.segments) == 0 {
		return 0
	}
	return j.segments[0].base
}
