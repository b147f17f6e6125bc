package call

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/sip/media"
)

// Index is the part of the store that knows how long recordings are kept.
type Index interface {
	Outdated(ctx context.Context, now time.Time, limit int) ([]store.Recording, error)
}

// Retention deletes recordings when their time is over and no legal hold keeps
// them, and puts that on record.
type Retention struct {
	Index    Index
	Archive  *media.Archive
	Journal  Journal
	Interval time.Duration
	Log      *slog.Logger
}

const outdatedAtOnce = 500 // recordings

// Run deletes until ctx ends and returns why it did. While the index cannot be
// read, nothing is deleted.
func (r *Retention) Run(ctx context.Context) error {
	tick := time.NewTicker(r.Interval)
	defer tick.Stop()
	for {
		if n, err := r.sweep(ctx, time.Now()); err != nil && ctx.Err() == nil {
			r.Log.Warn("recordings not deleted", "err", err)
		} else if n > 0 {
			r.Log.Info("recordings deleted, their time was over", "number", n)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// sweep deletes what is outdated at now, at most outdatedAtOnce, and returns how
// many.
func (r *Retention) sweep(ctx context.Context, now time.Time) (int, error) {
	list, err := r.Index.Outdated(ctx, now, outdatedAtOnce)
	if err != nil {
		return 0, err
	}
	for n, rec := range list {
		if err := r.Archive.Remove(rec.File); err != nil {
			return n, err
		}
		f := cases.Fact{At: now.UTC(), Call: rec.Call, Case: rec.Case, RecordingDeleted: &cases.RecordingDeleted{File: rec.File}}
		if _, err := r.Journal.Append(ctx, f); err != nil {
			return n, fmt.Errorf("deletion of %s: %w", rec.File, err)
		}
	}
	return len(list), nil
}
