package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// OutboundCall is a call to the outside as limits count it.
type OutboundCall struct {
	ID      string // UUID
	Actor   string // user on whose behalf
	Placed  time.Time
	Counted time.Time // when it was last, at its end at the latest
	Cost    int64     // of the day of Counted, in thousandths of the currency's unit
}

// SaveOutbound keeps calls as they are counted now.
func (s *Store) SaveOutbound(ctx context.Context, calls []OutboundCall) error {
	var b pgx.Batch
	for _, c := range calls {
		b.Queue(`
			insert into outbound_call (id, actor, placed, counted, cost) values ($1, $2, $3, $4, $5)
			on conflict (id) do update set counted = excluded.counted, cost = excluded.cost`,
			c.ID, cases.Clean(c.Actor), c.Placed, c.Counted, c.Cost)
	}
	return s.send(ctx, "save calls to the outside", &b)
}

// OutboundCalls returns the calls placed before a time that were counted after
// another, of all nodes; the first placed first.
func (s *Store) OutboundCalls(ctx context.Context, after, before time.Time) ([]OutboundCall, error) {
	rows, err := s.db.Query(ctx, `
		select id::text, actor, placed, counted, cost from outbound_call
		where counted > $1 and placed < $2 order by placed, id`, after, before)
	return collect("calls to the outside", rows, err, pgx.RowToStructByPos[OutboundCall])
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
