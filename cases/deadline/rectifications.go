package deadline

import (
	"context"
	"log/slog"
	"time"

	"shouwen/cases"
	"shouwen/cases/poll"
	"shouwen/metrics"
)

const (
	inspections = 100                    // one transaction fires the stages of
	calm        = 500 * time.Millisecond // between looks: few of them come, and within a second of their time
)

// Inspections fires stages of what inspections found. No lock outlives a call of it.
type Inspections interface {
	// FireInspections fires the stages that are due by the database's clock, of at most
	// limit inspections, the oldest first, and puts what tell makes of each into the outbox.
	FireInspections(ctx context.Context, limit int, tell func(cases.Inspection, cases.FiredStage) []cases.Outgoing) ([]cases.FiredStage, error)
}

// Rectifications fires the stages of the clocks of what inspections found. Any number of
// nodes may run one.
type Rectifications struct {
	Inspections Inspections
	Tell        func(cases.Inspection, cases.FiredStage) []cases.Outgoing
	Metrics     *metrics.Deadlines
	Log         *slog.Logger
}

// Run fires until ctx ends, and returns why it did.
func (r Rectifications) Run(ctx context.Context) error {
	return poll.Loop{What: "deadlines of rectifications", Every: calm, Do: r.fire, Log: r.Log}.Run(ctx)
}

func (r Rectifications) fire(ctx context.Context) error {
	fired, err := r.Inspections.FireInspections(ctx, inspections, r.Tell)
	for _, f := range fired {
		r.Metrics.Fired(string(f.Clock), time.Duration(f.Late), "")
	}
	return err
}
