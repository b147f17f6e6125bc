package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// outboundLock is held while a node counts calls to the outside.
const outboundLock = 0x6f7574626f756e64 // "outbound"

// OutboundCall is a call to the outside as limits count it.
type OutboundCall struct {
	ID      string // UUID
	Actor   string // user on whose behalf
	Placed  time.Time
	Counted time.Time // when it was last, at its end at the latest
	Cost    int64     // of the day of Counted, in thousandths of the currency's unit
	Up      bool      // it has not ended, as far as its node lives
}

// Outbound is what a node knows of the calls that others have counted: other nodes, and
// this one before it began.
type Outbound struct {
	Began time.Time // when this node did
	Since time.Time // what was counted last before does not matter
	Seen  time.Time // when it learned of them last, by the clock of the database; zero: never
}

// SettleOutbound gives count what others have counted and k does not know, the first
// placed first, and keeps what it returns: the calls of this node as it counts them now.
// No two nodes do so at once. It returns what k.Seen is then.
func (s *Store) SettleOutbound(ctx context.Context, k Outbound, count func(others []OutboundCall) (ours []OutboundCall)) (seen time.Time, err error) {
	err = pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, outboundLock); err != nil {
			return err
		}
		if k.Seen.IsZero() { // what it left up has ended with it
			if _, err := tx.Exec(ctx, `update outbound_call set up = false, changed = clock_timestamp() where up and node = $1 and placed < $2`, s.Node, k.Began); err != nil {
				return err
			}
		}
		if err := tx.QueryRow(ctx, `select clock_timestamp()`).Scan(&seen); err != nil { // later than all there is
			return err
		}
		rows, err := tx.Query(ctx, `
			select id::text, actor, placed, counted, cost, up and exists (select from node_lease l where l.node = c.node and l.until > now())
			from outbound_call c
			where (node <> $1 or placed < $2) and (up or changed > $4 and (counted > $3 or $5)) order by placed, id`,
			s.Node, k.Began, k.Since, k.Seen, !k.Seen.IsZero())
		others, err := collect("others", rows, err, pgx.RowToStructByPos[OutboundCall])
		if err != nil {
			return err
		}
		var b pgx.Batch
		for _, c := range count(others) {
			b.Queue(`
				insert into outbound_call (id, node, actor, placed, counted, cost, up, changed) values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())
				on conflict (id) do update set counted = excluded.counted, cost = excluded.cost, up = excluded.up, changed = excluded.changed`,
				c.ID, s.Node, cases.Clean(c.Actor), c.Placed, c.Counted, c.Cost, c.Up)
		}
		return tx.SendBatch(ctx, &b).Close()
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("settle calls to the outside: %w", err)
	}
	return seen, nil
}

// OutsideCall is a call to the outside about no case, as it was decided.
type OutsideCall struct {
	At time.Time
	cases.OutboundDecided
}

// apart parts facts from those about calls to the outside that are about no case.
func apart(facts []cases.Fact) (others, outside []cases.Fact) {
	for _, f := range facts {
		if f.Outside() {
			outside = append(outside, f)
		} else {
			others = append(others, f)
		}
	}
	return others, outside
}

func queueOutside(b *pgx.Batch, facts []cases.Fact) {
	for _, f := range facts {
		d := f.OutboundDecided
		b.Queue(`insert into outside_call (fact, at, actor, number, allowed, reason) values ($1, $2, $3, $4, $5, $6)`,
			f.ID, f.At, cases.Clean(d.Actor), cases.Clean(string(d.Number)), d.Allowed, cases.Clean(d.Reason))
	}
}

// OutsideCalls returns the calls to the outside about no case that were asked for before a
// time, of one user or, with an empty one, of all; the latest first, at most limit.
func (s *Store) OutsideCalls(ctx context.Context, user string, before time.Time, limit int) ([]OutsideCall, error) {
	rows, err := s.db.Query(ctx, `
		select at, actor, number, allowed, reason from outside_call
		where at < $1 and ($2 = '' or actor = $2) order by at desc, fact desc limit $3`, before, user, limit)
	return collect("calls to the outside", rows, err, func(row pgx.CollectableRow) (c OutsideCall, err error) {
		err = row.Scan(&c.At, &c.Actor, &c.Number, &c.Allowed, &c.Reason)
		return c, err
	})
}
