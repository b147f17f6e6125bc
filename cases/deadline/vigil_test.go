package deadline

import (
	"context"
	"errors"
	"log/slog"
	"strings"
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

// TestAVigilRemembersWhileTheDatabaseIsAway: what came due then rings within 3 s, once,
// and nothing does that the database sees itself.
func TestAVigilRemembersWhileTheDatabaseIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		breach := func(key string, in time.Duration) cases.ComingBreach {
			return cases.ComingBreach{At: began.Add(in), Summons: cases.Summons{Key: key}}
		}
		db := &sight{all: []cases.ComingBreach{breach("seen", 5*time.Minute), breach("late", 11*time.Minute), breach("after", 20*time.Minute), breach("far", time.Hour)}}
		var log strings.Builder
		rung := map[string][]time.Duration{}
		v := Vigil{Coming: db, Classes: []cases.Class{"class_1"}, Log: slog.New(slog.NewTextHandler(&log, nil)), Ring: func(m cases.Summons) {
			rung[m.Key] = append(rung[m.Key], time.Since(began))
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
		if at := rung["late"]; len(rung) != 1 || len(at) != 1 || at[0] < 11*time.Minute || at[0] > 11*time.Minute+3*time.Second {
			t.Errorf("rung %v", rung)
		}
		if n := strings.Count(log.String(), "an emergency is late"); n != 1 {
			t.Errorf("said %d times", n)
		}
	})
}
