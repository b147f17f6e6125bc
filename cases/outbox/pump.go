// Package outbox has what happened told outside the database: it puts fired stages on
// the ledger, decides who is told of them, and sends webhooks, e-mail and texts to
// phones, each at least once.
package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"shouwen/cases"
	"shouwen/cases/poll"
	"shouwen/metrics"
)

const (
	batch = 16                     // rows claimed at once, all at work at the same time
	tick  = 250 * time.Millisecond // between looks that found nothing

	// Of a pump that says nothing else.
	limit   = 20 * time.Second // of one attempt
	longest = time.Hour        // the wait between two

	// A lease lasts so much longer than an attempt, or two would be at it.
	grace = 10 * time.Second
)

// Rows is the outbox. No lock outlives a call of it.
type Rows interface {
	// ClaimOutgoing returns at most limit rows of a kind that are to be sent now. They
	// are the claimant's for that long.
	ClaimOutgoing(ctx context.Context, kind string, lease time.Duration, limit int) ([]cases.Outgoing, error)
	// SettleOutgoing notes what became of an attempt.
	SettleOutgoing(ctx context.Context, o cases.Outgoing, r cases.Outcome) error
}

// Effect does once what a row asks for. An error that wraps ErrPermanent is not worth
// another attempt. Errors are kept and logged: no secret may be in them.
type Effect func(ctx context.Context, o cases.Outgoing) error

// ErrPermanent reports an effect that fails however often it is tried.
var ErrPermanent = errors.New("refused for good")

// Pump takes rows of one kind out of the outbox, and does what they ask for outside of
// any transaction. Any number of nodes may run one; what a dead or frozen one has
// claimed is the others' when its lease is over.
type Pump struct {
	Kind     string // of its rows
	Channel  string // by which it tells somebody, as metrics call it; empty: it tells nobody
	Rows     Rows
	Effect   Effect
	Attempts int           // after so many in vain a row is dead
	First    time.Duration // wait before the second attempt; doubled with each further one
	Longest  time.Duration // wait; 0: an hour
	Limit    time.Duration // of one attempt; 0: 20 s
	Aside    func() bool   // says that others need the database more; nil: nobody does
	Metrics  *metrics.Outbox
	Log      *slog.Logger
}

// Run pumps until ctx ends, and returns why it did.
func (p *Pump) Run(ctx context.Context) error {
	return poll.Loop{What: "outbox " + p.Kind, Every: tick, Do: p.pump, Log: p.Log}.Run(ctx)
}

// pump sends everything that is to be sent now; a batch of it while p stands aside.
func (p *Pump) pump(ctx context.Context) error {
	for {
		claimed, err := p.Rows.ClaimOutgoing(ctx, p.Kind, cmp.Or(p.Limit, limit)+grace, batch)
		if err != nil {
			return err
		}
		errs := make([]error, len(claimed))
		var work sync.WaitGroup
		for i, o := range claimed {
			work.Go(func() { errs[i] = p.send(ctx, o) })
		}
		work.Wait()
		if err := errors.Join(errs...); err != nil || len(claimed) < batch || ctx.Err() != nil {
			return err
		}
		if p.Aside != nil && p.Aside() {
			return nil
		}
	}
}

// send makes one attempt and notes what became of it.
func (p *Pump) send(ctx context.Context, o cases.Outgoing) error {
	err := p.try(ctx, o)
	outcome, result := p.outcome(o, err)
	settle := ctx
	if ctx.Err() != nil { // we stop, and that was no failure: others need not wait for the lease to end
		var cancel context.CancelFunc
		settle, cancel = context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err != nil {
			outcome, result = cases.Outcome{Err: err.Error(), Retry: p.First}, metrics.NotificationRetried
		}
	}
	if p.Channel != "" {
		p.Metrics.Attempted(p.Channel, result)
	}
	if result == metrics.NotificationFailed {
		p.Log.Error("given up", "kind", p.Kind, "key", o.Key, "attempts", o.Attempts, "err", err)
	}
	return p.Rows.SettleOutgoing(settle, o, outcome)
}

// try has the effect, unless the row has been claimed too often to be worth it: what
// kills its node must not kill them all.
func (p *Pump) try(ctx context.Context, o cases.Outgoing) (err error) {
	if o.Attempts > p.Attempts {
		return fmt.Errorf("%w: nobody survived or finished %d attempts", ErrPermanent, p.Attempts)
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(p.Limit, limit))
	defer cancel()
	return p.Effect(ctx, o)
}

// outcome decides what becomes of a row after an attempt.
func (p *Pump) outcome(o cases.Outgoing, err error) (cases.Outcome, metrics.NotificationResult) {
	switch {
	case err == nil:
		return cases.Outcome{}, metrics.NotificationOK
	case errors.Is(err, ErrPermanent) || o.Attempts >= p.Attempts:
		return cases.Outcome{Err: err.Error()}, metrics.NotificationFailed
	}
	return cases.Outcome{Err: err.Error(), Retry: backoff(p.First, cmp.Or(p.Longest, longest), o.Attempts, rand.Float64())}, metrics.NotificationRetried
}

// backoff returns how long to wait after the n-th attempt, the first doubled with each
// further one up to the longest, give or take half of it by jitter (0 to 1).
func backoff(first, longest time.Duration, n int, jitter float64) time.Duration {
	d := first
	for ; n > 1 && d < longest; n-- {
		d *= 2
	}
	return time.Duration(float64(min(d, longest)) * (0.5 + jitter))
}
