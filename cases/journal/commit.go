package journal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"shouwen/cases"

	"github.com/google/uuid"
)

const (
	batchAppends  = 64             // facts of one fdatasync
	segmentAge    = 24 * time.Hour // a segment is replaced after this time, so that Keep can remove it
	probeInterval = time.Second
	reserveSuffix = ".new"

	// apart is between the beginnings of two fdatasyncs. Each holds up a processor until
	// the scheduler has noticed: one for each fact of hundreds of calls a second took a
	// quarter of the only one there was.
	apart = 3 * time.Millisecond
)

// entry is one append on its way to the disk.
type entry struct {
	fact    cases.Fact
	payload []byte
	done    chan error // capacity 1
}

// prepared is a file with its space reserved and nothing in it.
type prepared struct {
	file
	path string
}

// active is the segment that is written to.
type active struct {
	file
	dir   string
	size  int64 // bytes written
	full  int64 // size to replace it at; a long snapshot may be more than SegmentSize
	since time.Time
}

// prepare keeps two segments reserved.
func (j *Journal) prepare(ctx context.Context) {
	for failed := false; ; {
		p, err := j.prepared(j.cfg.Dir)
		if err != nil {
			if !failed {
				j.log.Error("no room for further segments of the journal", "err", remedy(j.cfg.Dir, err))
			}
			failed = true
			if !wait(ctx, probeInterval) {
				return
			}
			continue
		}
		failed = false
		select {
		case j.ahead <- p:
		case <-ctx.Done():
			p.Close()
			return
		}
	}
}

func (j *Journal) prepared(dir string) (prepared, error) {
	path := filepath.Join(dir, uuid.NewString()+reserveSuffix)
	f, err := j.create(path, j.cfg.SegmentSize)
	return prepared{f, path}, err
}

// commit writes appends until ctx ends: all that come while the next fdatasync is to
// wait, at most batchAppends, share it, and a lone one waits for nobody.
func (j *Journal) commit(ctx context.Context) {
	defer j.seal()
	defer close(j.closed)
	var last time.Time
	for {
		select {
		case e := <-j.appends:
			time.Sleep(apart - time.Since(last))
			last = time.Now()
			batch := j.gather(e)
			err := j.write(j.encode(batch))
			if err == nil {
				j.acknowledge(batch)
			}
			for _, e := range batch {
				e.done <- err
			}
		case <-ctx.Done():
			return
		}
	}
}

func (j *Journal) gather(first *entry) []*entry {
	batch := []*entry{first}
	for len(batch) < batchAppends {
		select {
		case e := <-j.appends:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

// encode gives batch the LSNs after the last durable one. Those of a batch that
// failed are given again; the next segment begins below them and so hides it.
func (j *Journal) encode(batch []*entry) []byte {
	var records []byte
	for i, e := range batch {
		records = appendRecord(records, j.durable+1+uint64(i), e.payload)
	}
	return records
}

func (j *Journal) acknowledge(batch []*entry) {
	j.mu.Lock()
	j.durable += uint64(len(batch))
	for _, e := range batch {
		j.state.note(e.fact)
	}
	j.mu.Unlock()
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// write returns when records are on the disk. A segment that failed is never
// written or synced again (a second fdatasync may report success for data that
// is gone): the records go to a new one, in the spare directory first.
func (j *Journal) write(records []byte) error {
	dirs := []string{j.cfg.Dir, cmp.Or(j.cfg.Spare, j.cfg.Dir)}
	if a := j.active; a != nil && (a.size+int64(len(records)) > a.full || time.Since(a.since) > segmentAge) {
		j.seal()
	}
	if a := j.active; a != nil {
		err := j.put(a.file, records)
		if err == nil {
			a.size += int64(len(records))
			return nil
		}
		j.log.Error("a segment of the journal failed; going on in a new one", "err", remedy(a.dir, err))
		a.Close()
		j.active = nil
		if a.dir == dirs[0] {
			dirs[0], dirs[1] = dirs[1], dirs[0]
		}
	}
	if time.Now().Before(j.probeAt) {
		return j.refusal
	}
	var errs []error
	for i, dir := range dirs {
		err := j.begin(dir, records)
		if err == nil {
			return nil
		}
		if i == 0 || dir != dirs[0] {
			errs = append(errs, remedy(dir, err))
		}
	}
	j.probeAt = time.Now().Add(probeInterval)
	j.refusal = fmt.Errorf("%w: %w", ErrDurability, errors.Join(errs...))
	return j.refusal
}

// put writes b to f and syncs it.
func (j *Journal) put(f file, b []byte) error {
	if _, err := f.Write(b); err != nil {
		return err
	}
	start := time.Now()
	err := f.Sync()
	j.metrics.Synced(time.Since(start))
	return err
}

// begin starts a segment in dir with a snapshot and records.
func (j *Journal) begin(dir string, records []byte) error {
	p, err := j.take(dir)
	if err != nil {
		return err
	}
	j.mu.Lock()
	snapshot, err := json.Marshal(j.state)
	s := segment{index: 1, base: j.durable}
	if n := len(j.segments); n > 0 {
		s.index = j.segments[n-1].index + 1
	}
	j.mu.Unlock()
	s.path = filepath.Join(dir, segmentName(s.index, s.base))
	b := append(appendRecord(nil, s.base, snapshot), records...)
	if err == nil {
		err = j.put(p, b)
	}
	if err == nil {
		err = os.Rename(p.path, s.path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		p.Close()
		os.Remove(p.path) // whichever of the two there is; if the disk refuses
		os.Remove(s.path) // that too, the next segment hides this one
		return err
	}
	j.active = &active{p.file, dir, int64(len(b)), max(j.cfg.SegmentSize, 2*int64(len(snapshot))), time.Now()}
	j.mu.Lock()
	j.segments = append(j.segments, s)
	j.mu.Unlock()
	return nil
}

// take returns a reserved segment of dir, or makes one on the spot.
func (j *Journal) take(dir string) (prepared, error) {
	if dir == j.cfg.Dir {
		select {
		case p := <-j.ahead:
			return p, nil
		default:
		}
	}
	return j.prepared(dir)
}

// seal ends the active segment and gives its unused space back.
func (j *Journal) seal() {
	if j.active == nil {
		return
	}
	if err := j.active.Truncate(j.active.size); err != nil {
		j.log.Warn("unused space of a journal segment stays reserved", "dir", j.active.dir, "err", err)
	}
	j.active.Close()
	j.active = nil
}
