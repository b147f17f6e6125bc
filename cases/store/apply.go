package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"shouwen/cases"
)

const maxBatch = 1000 // facts a transaction

// Apply projects facts, each at most once however often it comes. Facts of one
// call must come in their order. An error means that the database could not do
// it now: some may have been applied; apply all again later.
//
// A fact that can never be applied holds up nothing: it is kept in the table
// dead_letter and logged, see Rejected. Should it come again and succeed then,
// it leaves that table.
func (s *Store) Apply(ctx context.Context, facts []cases.Fact) error {
	for batch := range slices.Chunk(facts, maxBatch) {
		if err := s.apply(ctx, batch); err != nil {
			return fmt.Errorf("apply %d facts: %w", len(facts), err)
		}
	}
	return nil
}

// apply projects facts in one transaction, or, when one of them violates the
// schema, in as many as it takes to leave that one out.
func (s *Store) apply(ctx context.Context, facts []cases.Fact) error {
	var rejected []rejection
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) (err error) {
		rejected, err = s.project(ctx, tx, facts)
		return err
	})
	if err != nil && permanent(err) {
		if half := len(facts) / 2; half > 0 {
			if err := s.apply(ctx, facts[:half]); err != nil {
				return err
			}
			return s.apply(ctx, facts[half:])
		}
		rejected = []rejection{{facts[0], err}}
		var b pgx.Batch
		bury(&b, rejected)
		err = s.db.SendBatch(ctx, &b).Close()
	}
	if err != nil {
		return err
	}
	for _, r := range rejected {
		s.Log.Error("fact rejected", "fact", r.fact.ID, "call", r.fact.Call, "case", r.fact.Case, "err", r.err)
	}
	return nil
}

// permanent reports whether err lies in what was written, not in the state of
// the database: data exceptions, violated constraints and exceeded limits.
func permanent(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains([]string{"22", "23", "54"}, pg.Code[:2])
}

// rejection is a fact that can never be projected.
type rejection struct {
	fact cases.Fact
	err  error
}

// project does in tx what the new ones among facts say, and returns those that
// can never be projected, already buried.
func (s *Store) project(ctx context.Context, tx pgx.Tx, facts []cases.Fact) ([]rejection, error) {
	var rejected []rejection
	var sound []cases.Fact
	for _, f := range facts {
		if err := f.Check(); err != nil {
			rejected = append(rejected, rejection{f, err})
		} else {
			sound = append(sound, f)
		}
	}
	fresh, err := accept(ctx, tx, sound)
	if err != nil || len(fresh)+len(rejected) == 0 {
		return nil, err
	}
	fresh, outside := apart(fresh)
	known, err := s.load(ctx, tx, fresh)
	if err != nil {
		return nil, err
	}
	var done, failed []string
	for _, f := range fresh {
		if err := known.project(f); err != nil {
			rejected, failed = append(rejected, rejection{f, err}), append(failed, f.ID)
		} else {
			done = append(done, f.ID)
		}
	}
	if err := known.save(ctx, tx); err != nil {
		return nil, err
	}
	var b pgx.Batch
	queueOutside(&b, outside)
	b.Queue(`delete from dead_letter where fact = any($1)`, done)
	b.Queue(`delete from inbox where fact = any($1::text[]::uuid[])`, failed)
	bury(&b, rejected)
	known.sum.queue(&b, s)
	return rejected, tx.SendBatch(ctx, &b).Close()
}

// accept returns those of facts that were not projected before, in their order,
// and enters them into the inbox.
func accept(ctx context.Context, tx pgx.Tx, facts []cases.Fact) ([]cases.Fact, error) {
	ids := make([]string, len(facts))
	for i, f := range facts {
		ids[i] = f.ID
	}
	slices.Sort(ids) // two programs replaying the same facts must not deadlock
	rows, err := tx.Query(ctx, `
		insert into inbox (fact)
		select id::uuid from unnest($1::text[]) with ordinality as f (id, n) order by n
		on conflict do nothing
		returning fact::text`, ids)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	isNew := make(map[string]bool, len(list))
	for _, id := range list {
		isNew[id] = true
	}
	var fresh []cases.Fact
	for _, f := range facts {
		if isNew[f.ID] {
			fresh = append(fresh, f)
			delete(isNew, f.ID) // it may be there twice
		}
	}
	return fresh, nil
}

// Rejected is a fact that could not be projected.
type Rejected struct {
	Fact  cases.Fact // zero if it could not even be written as JSON
	Error string
	At    time.Time // first attempt
}

// Rejected returns the facts that were rejected, in the order of their making,
// at most limit. To try them again, hand them to Apply.
func (s *Store) Rejected(ctx context.Context, limit int) ([]Rejected, error) {
	rows, err := s.db.Query(ctx, `select body, error, rejected_at from dead_letter order by fact limit $1`, limit)
	return collect("rejected facts", rows, err, func(row pgx.CollectableRow) (r Rejected, err error) {
		err = row.Scan(&r.Fact, &r.Error, &r.At)
		return r, err
	})
}

// bury keeps rejected facts for a person to look at, with what was wrong first.
func bury(b *pgx.Batch, rejected []rejection) {
	for _, r := range rejected {
		body, err := json.Marshal(r.fact)
		if err != nil { // a time JSON cannot write, which Check refused
			body = []byte("null")
		}
		b.Queue(`
			insert into dead_letter (fact, case_number, body, error) values ($1, $2, $3, $4)
			on conflict (fact) do nothing`,
			cases.Clean(r.fact.ID), cases.Clean(string(r.fact.Case)), body, cases.Clean(r.err.Error()))
	}
}
