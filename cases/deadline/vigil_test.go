package deadline

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"shouwen/cases"
)

// sight is a database that can be away.
type sight struct {
	away atomic.Bool
	all  []cases.ComingBreach
}

func (s *sight) Ping(context.Context) error {
	if s.away.Load() {
		return errors.New("away")
	}
	return nil
}

func (s *sight) ComingBreaches(ctx context.Context, _ []cases.Class, within time.Duration) (in []cases.ComingBreach, err error) {
	for _, b := range s.all {
		if b.At.After(time.Now()) && b.At.Before(time.Now().Add(within)) {
			in = append(in, b)
		}
	}
	return in, s.Ping(ctx)
}

// TestAVigilRemembersWhileTheDatabaseIsAway: what came due then rings within 3 s, and
// nothing does that the database sees itself.
func TestAVigilRemembersWhileTheDatabaseIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		breach := func(key string, in time.Duration) cases.ComingBreach {
			return cases.ComingBreach{At: began.Add(in), Summons: cases.Summons{Key: key}}
		}
		db := &sight{all: []cases.ComingBreach{breach("seen", 5*time.Minute), breach("late", 11*time.Minute), breach("after", 20*time.Minute), breach("far", time.Hour)}}
		rung := map[string]time.Duration{}
		v := Vigil{Coming: db, Classes: []cases.Class{"class_1"}, Log: slog.New(slog.DiscardHandler), Ring: func(m cases.Summons) {
			if _, known := rung[m.Key]; !known {
				rung[m.Key] = time.Since(began)
			}
		}}
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			time.Sleep(10 * time.Minute)
			db.away.Store(true)
			time.Sleep(5 * time.Minute)
			db.away.Store(false)
			time.Sleep(time.Hour)
			stop()
		}()
		_ = v.Run(ctx)
		if late := rung["late"] - 11*time.Minute; len(rung) != 1 || late < 0 || late > 3*time.Second {
			t.Errorf("rung %v", rung)
		}
	})
}
