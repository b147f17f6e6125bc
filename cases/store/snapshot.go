package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

// Snapshot is the figures as they were at one moment.
type Snapshot struct {
	Taken   time.Time     // by the clock of the database
	Took    time.Duration // to compute
	Age     time.Duration // by the clock of the database, when it was read
	Figures []Figures     // sorted; nil: those of the snapshot the reader has
}

// Snapshot returns the last snapshot any node has taken, without its figures if it is the
// one taken at had. The error wraps ErrNotFound if there is none.
func (s *Store) Snapshot(ctx context.Context, had time.Time) (sn Snapshot, err error) {
	err = s.db.QueryRow(ctx, `select taken_at, took, clock_timestamp() - taken_at, case when taken_at <> $1 then body end from metric_snapshot where id = 1`, had).
		Scan(&sn.Taken, &sn.Took, &sn.Age, &sn.Figures)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Snapshot{}, fmt.Errorf("snapshot: %w", err)
	}
	return sn, nil
}

// Snapshotter takes the snapshots, while no other node does. Its connection is its own
// and must be to PostgreSQL itself: a lock of that session says who does. Should it die or
// freeze, the next node has the lock within half a minute.
type Snapshotter struct {
	Store *Store
	Scope func() Scope  // as it is now
	Every time.Duration // between snapshots; 0: 15 s
	Holds func(bool)    // is told when this node begins and ceases to take them; nil: nobody
	Log   *slog.Logger
}

const (
	snapshotLock  = 0x73686f7577656e // "shouwen"
	snapshotEvery = 15 * time.Second
	snapshotLimit = 5 * time.Second
	tryAgain      = time.Second
)

// Run takes snapshots, or waits to, until ctx ends. It returns why it did.
func (p *Snapshotter) Run(ctx context.Context) error {
	failing := false
	works := func(err error) {
		if (err != nil) != failing && ctx.Err() == nil {
			failing = err != nil
			p.Log.Warn("figures", "works", !failing, "err", err)
		}
	}
	for ctx.Err() == nil {
		works(p.hold(ctx, works))
		sleep(ctx, tryAgain)
	}
	return context.Cause(ctx)
}

// sleep returns after d, or when ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// hold waits for the lock on a connection of its own and takes snapshots, until one of
// the two fails. It says when they work.
func (p *Snapshotter) hold(ctx context.Context, works func(error)) error {
	conn, err := p.connect(ctx)
	if err != nil {
		return err
	}
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(last)
	}()
	for mine := false; !mine; {
		if mine, err = tryLock(ctx, conn); err != nil {
			return err
		}
		works(nil)
		if !mine {
			sleep(ctx, tryAgain)
		}
	}
	if p.Holds != nil {
		p.Holds(true)
		defer p.Holds(false)
	}
	every := p.Every
	if every == 0 {
		every = snapshotEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := p.take(ctx, conn); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

func (p *Snapshotter) connect(ctx context.Context) (*pgx.Conn, error) {
	conf := p.Store.db.Config().ConnConfig.Copy()
	for name, value := range map[string]string{
		"application_name": "shouwen figures", "statement_timeout": fmt.Sprint(snapshotLimit.Milliseconds()),
		"max_parallel_workers_per_gather": "0",                                                              // what takes 10 ms is done before helpers are there
		"tcp_keepalives_idle":             "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3", // the lock of who is gone is set free
	} {
		conf.RuntimeParams[name] = value
	}
	conn, err := pgx.ConnectConfig(ctx, conf)
	if err != nil {
		return nil, fmt.Errorf("figures: %w", err)
	}
	// So is that of who is frozen; before PostgreSQL 14 that takes a person.
	_, err = conn.Exec(ctx, `select set_config('idle_session_timeout', '30s', false) where current_setting('server_version_num')::int >= 140000`)
	if err != nil {
		_ = conn.Close(ctx)
		return nil, fmt.Errorf("figures: %w", err)
	}
	return conn, nil
}

// bounded is ctx for something that PostgreSQL ends after snapshotLimit, should it still
// be there to do so.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 2*snapshotLimit)
}

func tryLock(ctx context.Context, conn *pgx.Conn) (mine bool, err error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	if err := conn.QueryRow(ctx, `select pg_try_advisory_lock($1)`, snapshotLock).Scan(&mine); err != nil {
		return false, fmt.Errorf("figures: %w", err)
	}
	return mine, nil
}

// take takes one snapshot: everything in it is of one moment.
func (p *Snapshotter) take(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	began := time.Now()
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		sh := p.Scope().sheet()
		if err := sh.fill(ctx, tx, p.Store.east()); err != nil {
			return err
		}
		body, err := json.Marshal(sh.list())
		if err != nil {
			return fmt.Errorf("figures: %w", err)
		}
		_, err = tx.Exec(ctx, `
			insert into metric_snapshot (id, taken_at, took, body) values (1, now(), $1, $2)
			on conflict (id) do update set taken_at = excluded.taken_at, took = excluded.took, body = excluded.body`,
			time.Since(began), string(body))
		if err != nil {
			return fmt.Errorf("figures: %w", err)
		}
		return nil
	})
}
