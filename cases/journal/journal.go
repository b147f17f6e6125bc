// Package journal is the local write-ahead journal of telephony facts. A fact is
// acknowledged once it is on the disk (group commit, fdatasync) and is replayed
// into PostgreSQL later, in order, any number of times with the effect of once.
// So a call is answered, and its case has a number, while PostgreSQL is away.
//
// A journal is a directory of segments. Each begins with a snapshot of what must
// be known of everything before it, so opening reads one segment only, and old
// segments can go. The space of two segments is reserved ahead: a disk that
// fills up stops the reserve, with a clear message, long before it stops a call.
package journal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"shouwen/cases"
	"shouwen/metrics"

	"github.com/google/uuid"
)

var (
	// ErrDurability: the fact is not on any disk. Refuse the call with 503; the
	// journal probes the disks again a second later.
	ErrDurability = errors.New("the journal cannot make facts durable")
	// ErrLocked: another process has the journal open.
	ErrLocked = errors.New("the journal is in use")
	// ErrClosed: Run has returned.
	ErrClosed = errors.New("the journal is closed")
)

// Config says where a journal lives. Dir is required, the rest has defaults.
type Config struct {
	Dir         string         // created with mode 0700; holds nothing else
	Spare       string         // used when Dir fails, best on another disk; empty: none
	Node        int            // node in case numbers
	Location    *time.Location // whose midnight starts case numbers anew; nil: time.Local
	SegmentSize int64          // bytes, three of them are reserved; 0: 16 MiB
	Keep        time.Duration  // how long applied segments stay, for a restored database; 0: 7 days
}

// Journal is an open journal. Its methods are safe from any goroutine.
type Journal struct {
	cfg     Config
	metrics *metrics.Journal
	log     *slog.Logger
	create  func(path string, size int64) (file, error) // tests put failing disks here
	locks   []*os.File

	appends chan *entry
	ahead   chan prepared // holds one; prepare holds another
	wake    chan struct{} // capacity 1: there is something to replay
	closed  chan struct{} // closed when no append is taken any more

	mu       sync.Mutex // guards the following
	state    state      // of the facts up to durable
	segments []segment  // by index
	durable  uint64     // LSN of the last acknowledged fact
	applied  uint64     // LSN up to which all is in PostgreSQL
	refused  bool       // the last attempt to apply failed
	oldest   time.Time  // when the first fact not applied happened; zero: not read yet

	// Owned by commit.
	active  *active // nil: none yet, or the last one failed
	probeAt time.Time
	refusal error // the answer until probeAt
}

// Open locks and reads the journal in cfg.Dir, cuts a torn tail and reserves the
// first segment. Errors name the remedy; ErrLocked names the other process. The
// lock is held until Run returns.
func Open(cfg Config, m *metrics.Journal, log *slog.Logger) (*Journal, error) {
	j := newJournal(cfg, m, log)
	if err := j.open(); err != nil {
		j.unlock()
		return nil, fmt.Errorf("journal: %w", err)
	}
	m.ReadPending(j.Pending)
	return j, nil
}

func newJournal(cfg Config, m *metrics.Journal, log *slog.Logger) *Journal {
	cfg.Location = cmp.Or(cfg.Location, time.Local)
	cfg.SegmentSize = cmp.Or(cfg.SegmentSize, 16<<20)
	cfg.Keep = cmp.Or(cfg.Keep, 7*24*time.Hour)
	return &Journal{
		cfg: cfg, metrics: m, log: log, create: create,
		appends: make(chan *entry),
		ahead:   make(chan prepared, 1),
		wake:    make(chan struct{}, 1),
		closed:  make(chan struct{}),
	}
}

func (j *Journal) open() error {
	for _, dir := range j.dirs() {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return remedy(dir, err)
		}
		lock, err := lock(dir)
		if err != nil {
			return remedy(dir, err)
		}
		j.locks = append(j.locks, lock)
		found, err := list(dir)
		if err != nil {
			return remedy(dir, err)
		}
		j.segments = append(j.segments, found...)
	}
	slices.SortFunc(j.segments, func(a, b segment) int { return cmp.Compare(a.index, b.index) })
	if err := j.recover(); err != nil {
		return err
	}
	p, err := j.prepared(j.cfg.Dir) // proves that the directory can be written
	if err != nil {
		return remedy(j.cfg.Dir, err)
	}
	j.ahead <- p
	return nil
}

func (j *Journal) unlock() {
	for _, f := range j.locks {
		f.Close()
	}
}

// dirs returns the directories, the preferred one first.
func (j *Journal) dirs() []string {
	if j.cfg.Spare == "" {
		return []string{j.cfg.Dir}
	}
	return []string{j.cfg.Dir, j.cfg.Spare}
}

// Run commits appends and replays facts through apply until ctx ends, then
// closes the journal for good and returns why. Call it once.
//
// apply gets at most 500 facts, in the order of their append, from one
// goroutine. It must be idempotent by Fact.ID: facts come again after an error
// and after a restart. It may fail for hours; facts then wait in the files, not in
// memory.
func (j *Journal) Run(ctx context.Context, apply func(context.Context, []cases.Fact) error) error {
	defer j.unlock()
	var wg sync.WaitGroup
	wg.Go(func() { j.prepare(ctx) })
	wg.Go(func() { j.replay(ctx, apply) })
	j.commit(ctx)
	wg.Wait()
	return context.Cause(ctx)
}

// Append returns f when it is durable, with its ID, and with a case number when
// it opens a case and has none. It never waits for PostgreSQL, but
// waits for Run to be called. On an error (ErrDurability, ErrClosed, the end of
// ctx) the fact is not acknowledged, yet may have reached the disk; appending the
// fact that was returned again is safe.
func (j *Journal) Append(ctx context.Context, f cases.Fact) (cases.Fact, error) {
	f = j.fill(f)
	payload, err := json.Marshal(f)
	if err == nil && len(payload) > maxFact {
		err = fmt.Errorf("%d bytes, more than %d", len(payload), maxFact)
	}
	if err != nil {
		return f, fmt.Errorf("journal: fact of call %s: %w", f.Call, err)
	}
	e := &entry{f, payload, make(chan error, 1)}
	select {
	case j.appends <- e:
	case <-j.closed:
		return f, ErrClosed
	case <-ctx.Done():
		return f, context.Cause(ctx)
	}
	select {
	case err := <-e.done:
		return f, err
	case <-ctx.Done():
		return f, context.Cause(ctx)
	}
}

// fill gives f what the journal owes it: ID, time and case number.
func (j *Journal) fill(f cases.Fact) cases.Fact {
	if f.ID == "" {
		f.ID = uuid.Must(uuid.NewV7()).String()
	}
	if f.At.IsZero() {
		f.At = time.Now()
	}
	f.At = f.At.UTC().Truncate(time.Microsecond)
	if f.Case == "" && f.OpensCase() {
		local := f.At.In(j.cfg.Location)
		j.mu.Lock()
		defer j.mu.Unlock()
		f.Case = cases.NewCaseNumber(local, j.cfg.Node, j.state.next(local))
	}
	return f
}

// Floor makes the case numbers of day (YYMMDD) start after seq. The owner calls it
// after Open with what PostgreSQL has, so that a lost journal repeats no number.
func (j *Journal) Floor(day string, seq int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.state.floor(day, seq)
}

// Unfinished returns the last fact of each call that arrived and neither ended
// nor was missed, oldest first. Right after Open these are the calls that the
// death of the last process interrupted.
func (j *Journal) Unfinished() []cases.Fact {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.SortedFunc(maps.Values(j.state.Open), func(a, b cases.Fact) int { return a.At.Compare(b.At) })
}

// Refused reports whether PostgreSQL did not take the facts that are not yet applied,
// when that was tried last.
func (j *Journal) Refused() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.refused
}

// Pending returns how many facts are not yet applied, and the age of the oldest.
func (j *Journal) Pending() (entries int, oldest time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.durable == j.applied {
		return 0, 0
	}
	if !j.oldest.IsZero() {
		oldest = max(0, time.Since(j.oldest))
	}
	return int(j.durable - j.applied), oldest
}
