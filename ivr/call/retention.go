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

// Retention deletes files of an archive when their time is over and no legal hold
// keeps them, and puts that on record.
type Retention struct {
	What     string // is deleted, for the log
	Outdated func(ctx context.Context, now time.Time, limit int) ([]store.Outdated, error)
	Deleted  func(file string, f *cases.Fact) // makes f say that it is gone
	Archive  *media.Archive
	Journal  Journal
	Interval time.Duration
	Swept    func(error) // is told of each sweep
	Log      *slog.Logger
}

const outdatedAtOnce = 500 // files

// Run deletes until ctx ends and returns why it did. While what is
// outdated cannot be told, nothing is deleted.
func (r *Retention) Run(ctx context.Context) error {
	tick := time.NewTicker(r.Interval)
	defer tick.Stop()
	for {
		n, err := r.sweep(ctx, time.Now())
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			r.Log.Warn("not deleted", "what", r.What, "err", err)
		case n > 0:
			r.Log.Info("deleted, their time was over", "what", r.What, "number", n)
		}
		r.Swept(err)
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
	list, err := r.Outdated(ctx, now, outdatedAtOnce)
	if err != nil {
		return 0, err
	}
	for n, o := range list {
		if err := r.Archive.Remove(o.File); err != nil {
			return n, err
		}
		f := cases.Fact{At: now.UTC(), Call: o.Call, Case: o.Case}
		r.Deleted(o.File, &f)
		if _, err := r.Journal.Append(ctx, f); err != nil {
			return n, fmt.Errorf("deletion of %s: %w", o.File, err)
		}
	}
	return len(list), nil
}

// KeepUntil returns until when something of from is kept, whose retention is d; the
// zero time, for good, if that is 0.
func KeepUntil(from time.Time, d time.Duration) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return from.Add(d).UTC()
}
