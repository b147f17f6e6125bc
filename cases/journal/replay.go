package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"shouwen/cases"
)

const (
	batchFacts      = 500
	checkpointEvery = time.Second
	minDelay        = 20 * time.Millisecond // between attempts to replay
	maxDelay        = time.Second
	minGather       = 20 * time.Millisecond // between transactions, so that the facts of many calls share one
	maxGather       = 100 * time.Millisecond
)

// cursor is a place between two facts.
type cursor struct {
	lsn  uint64 // of the fact before it
	path string // segment that off belongs to; empty: none yet
	off  int64
	lost uint64 // facts that could not be read so far
}

// replay applies what is durable, in order, until ctx ends.
func (j *Journal) replay(ctx context.Context, apply func(context.Context, []cases.Fact) error) {
	at := cursor{lsn: j.applied}
	cp := checkpoint{applied: at.lsn}
	defer func() { j.save(&cp, at.lsn) }()
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	trouble, delay := "", minDelay
	for ctx.Err() == nil {
		began := time.Now()
		next, err := j.replayBatch(ctx, at, apply)
		j.mu.Lock()
		j.refused = err != nil
		j.mu.Unlock()
		if err != nil {
			if err.Error() != trouble && ctx.Err() == nil {
				trouble = err.Error()
				j.log.Warn("replay waits", "err", err, "after", at.lsn)
			}
			wait(ctx, delay/2+rand.N(delay/2))
			delay = min(2*delay, maxDelay)
			continue
		}
		if trouble != "" {
			j.log.Info("replay goes on", "after", at.lsn)
			trouble, delay = "", minDelay
		}
		idle, full := next.lsn == at.lsn, next.lsn-at.lsn >= batchFacts
		at = next
		if time.Since(cp.at) >= checkpointEvery {
			j.save(&cp, at.lsn)
		}
		switch {
		case idle:
			select {
			case <-j.wake:
			case <-tick.C:
			case <-ctx.Done():
			}
		case !full:
			// The busier the machine, the longer a batch takes: calls go first.
			wait(ctx, min(max(minGather, 2*time.Since(began)), maxGather))
		}
	}
}

// replayBatch applies the next facts, if any, and returns the place after them.
func (j *Journal) replayBatch(ctx context.Context, at cursor, apply func(context.Context, []cases.Fact) error) (cursor, error) {
	j.mu.Lock()
	upTo := j.durable
	j.mu.Unlock()
	if at.lsn == upTo {
		return at, nil
	}
	facts, next, err := j.read(at, upTo)
	if err != nil {
		return at, err
	}
	if len(facts) > 0 {
		j.mu.Lock()
		j.oldest = facts[0].At
		j.mu.Unlock()
		if err := apply(ctx, facts); err != nil {
			return at, err
		}
	}
	j.mu.Lock()
	j.applied, j.oldest = next.lsn, time.Time{}
	j.mu.Unlock()
	return next, nil
}

// read returns up to batchFacts facts after at, none beyond LSN upTo and none of
// the following segment, and the place after them. It opens the file each time:
// what was read ahead of a write would be stale.
func (j *Journal) read(at cursor, upTo uint64) ([]cases.Fact, cursor, error) {
	s, end := j.segmentAfter(at.lsn)
	upTo = min(upTo, end)
	f, err := os.Open(s.path)
	if err != nil {
		return nil, at, remedy(s.path, err)
	}
	defer f.Close()
	if at.path != s.path {
		at.path, at.off = s.path, 0
		if b, err := s.snapshot(); err == nil {
			at.off = recordHead + int64(len(b))
		}
		if at.lsn < s.base {
			at = j.lose(at, s.base)
		}
	}
	r := newReader(f, at.off, s.base)
	var facts []cases.Fact
	for len(facts) < batchFacts && at.lsn < upTo {
		lsn, payload, err := r.next()
		switch {
		case errors.Is(err, io.EOF) && upTo == math.MaxUint64: // the end of the journal, while opening
			at.off = r.off
			return facts, at, nil
		case errors.Is(err, io.EOF) || err == nil && lsn > upTo:
			at = j.lose(at, upTo)
			continue
		case err != nil:
			return nil, at, remedy(s.path, err)
		case lsn <= at.lsn:
			continue // applied before the last start
		}
		if lsn > at.lsn+1 {
			at = j.lose(at, lsn-1)
		}
		var fact cases.Fact
		if err := json.Unmarshal(payload, &fact); err != nil {
			return nil, at, fmt.Errorf("%s: fact %d: %w", s.path, lsn, err)
		}
		facts = append(facts, fact)
		at.lsn = lsn
	}
	at.off = r.off
	return facts, at, nil
}

// lose reports the facts after at up to LSN to as unreadable and returns the place
// after them.
func (j *Journal) lose(at cursor, to uint64) cursor {
	j.log.Error("the journal is damaged: facts cannot be read; what follows them is kept. Check the disk, and restore the file from a backup to replay them",
		"file", at.path, "offset", at.off, "from", at.lsn+1, "to", to)
	at.lost += to - at.lsn
	at.lsn = to
	return at
}

// segmentAfter returns the segment that holds the fact after lsn, and the LSN of
// its last fact, as far as known. There is a segment.
func (j *Journal) segmentAfter(lsn uint64) (s segment, end uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i, end := len(j.segments)-1, uint64(math.MaxUint64)
	for ; i > 0 && j.segments[i].base > lsn; i-- {
		end = j.segments[i].base
	}
	return j.segments[i], end
}

// wait returns whether d passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// checkpoint is up to where all is applied, as the file of that name says in
// decimal. The file may lag behind, since replay is idempotent; without it, all
// that is kept is replayed.
type checkpoint struct {
	applied uint64
	at      time.Time // of the last attempt to save it
	failed  bool
}

const checkpointName = "checkpoint"

func (j *Journal) loadCheckpoint() (applied uint64, err error) {
	b, err := os.ReadFile(filepath.Join(j.cfg.Dir, checkpointName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	if applied, err = strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64); err != nil {
		return j.first(), nil
	}
	return applied, nil
}

// save writes the checkpoint and removes the segments it makes superfluous.
func (j *Journal) save(c *checkpoint, applied uint64) {
	c.at = time.Now()
	if applied != c.applied {
		err := replace(filepath.Join(j.cfg.Dir, checkpointName), fmt.Appendln(nil, applied))
		if err != nil && !c.failed {
			j.log.Warn("checkpoint not written; a restart would replay more", "err", remedy(j.cfg.Dir, err))
		}
		if c.failed = err != nil; c.failed {
			return
		}
		c.applied = applied
	}
	j.prune(applied)
}

// prune removes the oldest segments whose facts are all applied and older than Keep.
func (j *Journal) prune(applied uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(j.segments) > 1 && j.segments[1].base <= applied {
		path := j.segments[0].path
		info, err := os.Stat(path)
		if err == nil && time.Since(info.ModTime()) < j.cfg.Keep {
			return
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			j.log.Warn("old journal segment stays", "err", err)
			return
		}
		j.segments = j.segments[1:]
	}
}
