package deadline

import (
	"context"
	"log/slog"
	"time"

	"shouwen/cases"
	"shouwen/cases/poll"
)

const (
	horizon  = 30 * time.Minute // what is kept in mind
	refresh  = time.Minute      // between two looks at it
	watch    = time.Second      // between two looks at the database and the clock
	patience = 2 * time.Second  // of a look
)

// Coming is the database as a vigil sees it.
type Coming interface {
	Ping(context.Context) error
	// ComingBreaches returns the breaches of cases of classes that come within a time, the
	// earliest first.
	ComingBreaches(ctx context.Context, classes []cases.Class, within time.Duration) ([]cases.ComingBreach, error)
}

// Vigil keeps in mind when emergencies will be late, and has whoever manages them rung
// though the database is away. When it is back the stage fires, under the same key.
type Vigil struct {
	Coming  Coming
	Classes []cases.Class       // of emergencies
	Ring    func(cases.Summons) // returns at once; rings for a key once
	Log     *slog.Logger

	looked time.Time            // into the database
	known  []cases.ComingBreach // the earliest first, until it has rung
}

// Run keeps watch until ctx ends, and returns why it did.
func (v *Vigil) Run(ctx context.Context) error {
	if len(v.Classes) == 0 {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return poll.Loop{What: "vigil over emergencies", Every: watch, Do: v.watch, Log: v.Log}.Run(ctx)
}

// watch looks into the database; where that is away, at the clock.
func (v *Vigil) watch(ctx context.Context) error {
	err := v.look(ctx)
	if err == nil {
		return nil
	}
	for len(v.known) > 0 && !v.known[0].At.After(time.Now()) {
		v.Log.Error("an emergency is late, and the database away", "case", v.known[0].Case)
		v.Ring(v.known[0].Summons)
		v.known = v.known[1:]
	}
	return err
}

func (v *Vigil) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if !v.looked.IsZero() && time.Since(v.looked) < refresh {
		return v.Coming.Ping(ctx)
	}
	known, err := v.Coming.ComingBreaches(ctx, v.Classes, horizon)
	if err == nil {
		v.looked, v.known = time.Now(), known
	}
	return err
}
