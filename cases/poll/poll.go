// Package poll does something again and again, on any number of nodes, and says in the
// log when it begins and when it ceases to fail.
package poll

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Loop is something to be done again and again.
type Loop struct {
	What  string        // for the log
	Every time.Duration // between the end of one time and the next; up to half as much more, for nodes must not march in step
	Do    func(context.Context) error
	Log   *slog.Logger
}

// Run does it at once, and then again and again until ctx ends. It returns why it did.
func (l Loop) Run(ctx context.Context) error {
	wait := time.NewTimer(0)
	defer wait.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-wait.C:
		}
		err := l.Do(ctx)
		if (err != nil) != failing && ctx.Err() == nil {
			failing = err != nil
			l.Log.Warn(l.What, "works", !failing, "err", err)
		}
		wait.Reset(l.Every + rand.N(l.Every/2+1))
	}
}
