package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/embedded"
)

// database is PostgreSQL, ours or somebody's. It may be away at any time; the
// schema and the directory are brought up to date as soon as it is there.
type database struct {
	store    *store.Store
	met      func(context.Context, *store.Store) error // is called when it is there for the first time
	log      *slog.Logger
	prepared atomic.Bool

	stop    context.CancelFunc // of the private PostgreSQL
	stopped <-chan error       // nil: not ours
}

// firstReady is how long a private PostgreSQL may take to answer for the first
// time before the server goes on without it.
const firstReady = 20 * time.Second

// openDatabase starts the private PostgreSQL unless url names one. prepare sets what
// the store is to have before its first use; met is called when it is there, now or
// later.
func openDatabase(ctx context.Context, data, url string, prepare func(*store.Store), met func(context.Context, *store.Store) error, log *slog.Logger) (*database, error) {
	d := &database{met: met, log: log, stop: func() {}}
	if url == "" {
		pg, err := embedded.Open(ctx, filepath.Join(data, "postgres"), log)
		if err != nil {
			return nil, err
		}
		life, stop := context.WithCancel(context.WithoutCancel(ctx))
		stopped := make(chan error, 1)
		go func() { stopped <- pg.Run(life) }()
		d.stop, d.stopped, url = stop, stopped, pg.URL()
		wait, cancel := context.WithTimeout(ctx, firstReady)
		defer cancel()
		if err := pg.Ready(wait); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			d.close()
			return nil, err
		}
	}
	var err error
	if d.store, err = store.Open(ctx, url); err != nil {
		d.close()
		return nil, err
	}
	d.store.Log = log
	prepare(d.store)
	if err := d.bringUp(ctx); err != nil {
		if errors.Is(err, store.ErrNewerSchema) {
			d.close()
			return nil, err
		}
		log.Error("database is away: calls are taken and journaled, their cases appear when it is back", "err", err)
	}
	return d, nil
}

// bringUp migrates the schema and compares directories, once.
func (d *database) bringUp(ctx context.Context) error {
	if d.prepared.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := d.store.Migrate(ctx); err != nil {
		return err
	}
	if err := d.met(ctx, d.store); err != nil {
		return err
	}
	d.prepared.Store(true)
	return nil
}

// prepare brings the database up once it is back, if it was away at start.
func (d *database) prepare(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for !d.prepared.Load() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		if err := d.bringUp(ctx); err != nil {
			d.log.Debug("database is still away", "err", err)
		}
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

// apply projects facts from the journal.
func (d *database) apply(ctx context.Context, facts []cases.Fact) error {
	if err := d.bringUp(ctx); err != nil {
		return err
	}
	return d.store.Apply(ctx, facts)
}

// close ends the connections and stops the private PostgreSQL.
func (d *database) close() {
	if d.store != nil {
		d.store.Close()
	}
	d.stop()
	if d.stopped != nil {
		if err := <-d.stopped; err != nil {
			d.log.Error("private PostgreSQL", "err", err)
		}
	}
}

// openStore is the store of a running or a stopped server, for a command beside it.
func openStore(ctx context.Context, data, url string, log *slog.Logger) (*store.Store, func(), error) {
	if url == "" {
		if running, err := embedded.Running(filepath.Join(data, "postgres")); err == nil {
			url = running
		}
	}
	if url != "" {
		st, err := store.Open(ctx, url)
		if err != nil {
			return nil, nil, err
		}
		return st, st.Close, nil
	}
	nothing := func(context.Context, *store.Store) error { return nil }
	d, err := openDatabase(ctx, data, "", func(*store.Store) {}, nothing, log)
	if err != nil {
		return nil, nil, fmt.Errorf("database of %s: %w", data, err)
	}
	return d.store, d.close, nil
}
