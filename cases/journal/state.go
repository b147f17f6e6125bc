package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"shouwen/cases"
)

// state is what must be known of the facts so far without reading them again.
// Each segment begins with one, as JSON.
type state struct {
	Format int                   `json:"format"` // 1
	Days   map[string]int        `json:"days"`   // YYMMDD: highest sequence given; kept for good, so that a clock set back repeats nothing
	Open   map[string]cases.Fact `json:"open"`   // by call: its last fact, from its arrival until it ended or was missed
}

func newState() state {
	return state{Format: 1, Days: map[string]int{}, Open: map[string]cases.Fact{}}
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
	case f.Ended != nil || f.Missed != nil:
		delete(s.Open, f.Call)
	case open || f.Arrived != nil:
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
	from, err := j.snapshot()
	if err != nil {
		return err
	}
	at := cursor{lsn: from}
	for {
		facts, next, err := j.read(at, math.MaxUint64)
		if err != nil {
			return err
		}
		for _, f := range facts {
			j.state.note(f)
		}
		at = next
		if len(facts) == 0 && next.path == j.newest() {
			break
		}
	}
	if at.lost > 0 {
		j.state.skip(at.lost, time.Now().In(j.cfg.Location))
	}
	if at.path != "" {
		if err := cut(at.path, at.off); err != nil {
			return remedy(at.path, err)
		}
	}
	j.durable = at.lsn
	j.applied, err = j.loadCheckpoint()
	if j.applied > j.durable {
		j.log.Error("segments of the journal are missing; facts in them are lost unless PostgreSQL has them",
			"dir", j.cfg.Dir, "from", j.durable+1, "to", j.applied)
		j.durable = j.applied // no LSN twice
	}
	return err
}

// snapshot loads the newest readable snapshot and returns the LSN it stands for.
func (j *Journal) snapshot() (uint64, error) {
	j.state = newState()
	for i := len(j.segments) - 1; i >= 0; i-- {
		s := j.segments[i]
		b, err := readSnapshot(s.path)
		if errors.Is(err, errBad) {
			j.log.Error("a segment of the journal has lost its beginning; reading the one before it too", "file", s.path)
			continue
		}
		if err != nil {
			return 0, remedy(s.path, err)
		}
		if err := json.Unmarshal(b, &j.state); err != nil || j.state.Format != 1 {
			return 0, fmt.Errorf("%s was written by another version of Shouwen; start that version and let it replay (format %d, %v)",
				s.path, j.state.Format, err)
		}
		return s.base, nil
	}
	if len(j.segments) > 0 {
		return j.segments[0].base, nil
	}
	return 0, nil
}

func (j *Journal) newest() string {
	if len(j.segments) == 0 {
		return ""
	}
	return j.segments[len(j.segments)-1].path
}

// cut shortens the file to size when it is longer.
func cut(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if end, err := f.Seek(0, io.SeekEnd); err != nil || end <= size {
		return err
	}
	if err := f.Truncate(size); err != nil {
		return err
	}
	return f.Sync()
}
