// Package deadline makes clocks heard: it fires every stage that is due, once in
// effect, on any number of nodes without a leader.
package deadline

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"shouwen/cases"
	"shouwen/cases/poll"
	"shouwen/metrics"
)

const (
	batch = 1000                   // stages one statement fires
	tick  = 100 * time.Millisecond // between scans that found nothing
)

// Stages fires stages that are due. It is one statement: no lock outlives it, so a
// node that freezes holds up nobody.
type Stages interface {
	// FireStages fires at most limit stages that are due by the database's clock, the
	// oldest first, and puts each into the outbox.
	FireStages(ctx context.Context, node, limit int) ([]cases.FiredStage, error)
}

// Scanner fires stages as they come. Any number of nodes may run one.
type Scanner struct {
	Stages  Stages
	Node    int
	Metrics *metrics.Deadlines
	Log     *slog.Logger

	behind atomic.Bool
}

// Run scans until ctx ends, and returns why it did.
func (s *Scanner) Run(ctx context.Context) error {
	return poll.Loop{What: "deadlines", Every: tick, Do: s.scan, Log: s.Log}.Run(ctx)
}

// Behind says whether more was due at the last look than is fired at once. Whatever can
// wait should, then.
func (s *Scanner) Behind() bool { return s.behind.Load() }

// scan fires everything that is due now, a batch at a time.
func (s *Scanner) scan(ctx context.Context) error {
	defer s.behind.Store(false)
	for {
		fired, err := s.Stages.FireStages(ctx, s.Node, batch)
		if err != nil {
			return err
		}
		for _, f := range fired {
			s.Metrics.Fired(string(f.Clock), time.Duration(f.Late), f.Call)
		}
		s.Metrics.Scanned()
		if len(fired) < batch {
			return nil
		}
		s.behind.Store(true)
	}
}
