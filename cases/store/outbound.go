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
