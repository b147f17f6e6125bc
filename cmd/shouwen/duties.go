package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"time"

	"shouwen/cases/store"
	"shouwen/ivr/acd"
)

// dutiesFile is the last known copy of what the board must not forget, for a start
// without PostgreSQL.
const dutiesFile = "duties.json"

const (
	dutiesInterval = time.Second
	dutiesTimeout  = 10 * time.Second
)

// duties keeps what the board must not forget in PostgreSQL and in a file, and tells
// the board what other nodes have kept. Calls never wait for it. restore comes
// before run.
type duties struct {
	board *acd.Board
	store *store.Store
	file  string
	log   *slog.Logger

	mu      sync.Mutex  // guards what follows
	kept    acd.Durable // as of the last change of each; the file has it
	behind  acd.Durable // the part PostgreSQL does not have yet
	learned time.Time   // of the last row that was read
	away    bool        // PostgreSQL, the last time
}

// restore gives the board what was kept: of each agent what is known last.
func (d *duties) restore(ctx context.Context) {
	d.kept, d.behind = acd.Durable{}, acd.Durable{}
	if err := d.readFile(); err != nil {
		d.log.Error("last known states of the agents are lost", "err", err)
	}
	ctx, cancel := context.WithTimeout(ctx, dutiesTimeout)
	defer cancel()
	all, err := d.store.Duties(ctx, time.Time{})
	if err != nil {
		d.log.Warn("states of the agents as this node last knew them", "err", err)
	}
	for _, x := range all {
		d.kept[x.User] = d.kept[x.User].Merge(dutyOf(x))
	}
	d.board.Restore(d.kept)
}

func (d *duties) readFile() error {
	b, err := os.ReadFile(d.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var read acd.Durable
	if err == nil {
		err = json.Unmarshal(b, &read)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(d.file), err)
	}
	maps.Copy(d.kept, read)
	return nil
}

// run keeps what changes until ctx ends.
func (d *duties) run(ctx context.Context) error {
	tick := time.NewTicker(dutiesInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		d.keep(ctx)
	}
}

// flush keeps what has changed up to now, before the board ends.
func (d *duties) flush() { d.keep(context.Background()) }

// keep writes what has changed, and learns what other nodes have.
func (d *duties) keep(ctx context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	changed := false
	for user, now := range d.board.Durable() {
		if was := d.kept[user]; !same(was, now) {
			d.kept[user], d.behind[user] = now, now
			changed = true
		}
	}
	if changed {
		if err := d.writeFile(); err != nil {
			d.log.Error("states of the agents not kept", "err", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, dutiesTimeout)
	defer cancel()
	err := d.exchange(ctx)
	if away := err != nil; away != d.away {
		d.away = away
		d.log.Info("states of the agents in PostgreSQL", "away", away, "err", err)
	}
}

// same tells whether two duties say the same, whenever they did.
func same(a, b acd.Duty) bool {
	a.At = b.At
	return reflect.DeepEqual(a, b)
}

func (d *duties) writeFile() error {
	b, err := json.Marshal(d.kept)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(d.file), err)
	}
	return writeFile(d.file, b)
}

// overlap is how long a transaction of another node may take until it can be seen.
const overlap = 10 * time.Second

// exchange stores what is behind and learns from the others.
func (d *duties) exchange(ctx context.Context) error {
	if len(d.behind) > 0 {
		var rows []store.Duty
		for user, duty := range d.behind {
			rows = append(rows, rowOf(user, duty))
		}
		if err := d.store.SaveDuties(ctx, rows); err != nil {
			return err
		}
		clear(d.behind)
	}
	all, err := d.store.Duties(ctx, d.learned.Add(-overlap))
	if err != nil {
		return err
	}
	news := acd.Durable{}
	for _, x := range all {
		if x.Stored.After(d.learned) {
			d.learned = x.Stored
		}
		known := d.kept[x.User]
		if merged := known.Merge(dutyOf(x)); !same(known, merged) {
			news[x.User], d.kept[x.User] = merged, merged
		}
	}
	if len(news) > 0 {
		d.board.Learn(news)
	}
	return nil
}

func dutyOf(x store.Duty) acd.Duty {
	return acd.Duty{
		At: x.Changed, Paused: x.Paused, Reason: x.Reason, Said: x.Said, WrapUp: x.WrapUp,
		Work: acd.Work{Idle: x.Idle, Rung: x.Rung, Calls: x.Calls, Talked: x.Talked, Missed: x.Missed},
	}
}

func rowOf(user string, d acd.Duty) store.Duty {
	return store.Duty{
		User: user, Changed: d.At, Paused: d.Paused, Reason: d.Reason, Said: d.Said, WrapUp: d.WrapUp,
		Idle: d.Work.Idle, Rung: d.Work.Rung, Calls: d.Work.Calls, Talked: d.Work.Talked, Missed: d.Work.Missed,
	}
}
