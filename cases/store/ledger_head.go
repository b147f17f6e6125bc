package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// LedgerHead returns the head of the ledger of a day (2026-11-26): as it is now if
// nobody asked before, else as it was then, for every node the same. What tell makes of
// a new one is put into the outbox with it.
func (s *Store) LedgerHead(ctx context.Context, day string, tell func(cases.LedgerHead) []cases.Outgoing) (cases.LedgerHead, error) {
	head, err := s.ledgerHead(ctx, s.db, day)
	if err == nil && head.Day == "" {
		err = pgx.BeginTxFunc(ctx, s.db, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
			head, err = s.sumUp(ctx, tx, day)
			if err != nil {
				return err
			}
			sum, err := hex.DecodeString(head.Sum)
			if err != nil {
				return err
			}
			tag, err := tx.Exec(ctx, `insert into ledger_head (day, at, cases, events, sum) values ($1::text::date, $2, $3, $4, $5) on conflict do nothing`,
				day, head.At, head.Cases, head.Events, sum)
			if err != nil || tag.RowsAffected() == 0 {
				return err
			}
			var b pgx.Batch
			queueOutgoing(&b, tell(head))
			return tx.SendBatch(ctx, &b).Close()
		})
		if err == nil {
			head, err = s.ledgerHead(ctx, s.db, day) // another node may have been first
		}
	}
	if err != nil {
		return cases.LedgerHead{}, fmt.Errorf("ledger head of %s: %w", day, err)
	}
	return head, nil
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// ledgerHead returns that of day as it is kept; the zero one if there is none.
func (s *Store) ledgerHead(ctx context.Context, q querier, day string) (head cases.LedgerHead, err error) {
	rows, err := q.Query(ctx, `select day::text, at, cases, events, encode(sum, 'hex') from ledger_head where day = $1::text::date`, day)
	if err != nil {
		return head, err
	}
	_, err = pgx.ForEachRow(rows, []any{&head.Day, &head.At, &head.Cases, &head.Events, &head.Sum}, func() error { return nil })
	return head, err
}

// sumUp returns the head of the ledger as tx sees it.
func (s *Store) sumUp(ctx context.Context, tx pgx.Tx, day string) (cases.LedgerHead, error) {
	var at time.Time
	if err := tx.QueryRow(ctx, `select now()`).Scan(&at); err != nil {
		return cases.LedgerHead{}, err
	}
	rows, err := tx.Query(ctx, `select number, events, head from cases order by id`)
	if err != nil {
		return cases.LedgerHead{}, err
	}
	var sum cases.HeadSum
	var number cases.CaseNumber
	var events int
	var head []byte
	_, err = pgx.ForEachRow(rows, []any{&number, &events, &head}, func() error {
		sum.Add(number, events, cases.Hash(head))
		return nil
	})
	return cases.LedgerHead{Day: day, At: at, Cases: sum.Cases, Events: sum.Events, Sum: sum.Sum().String()}, err
}

// EachEvent calls f with every event of a case, or of all if n is empty, case by case
// in the order of opening, oldest event first, as they were at one moment. It stops at
// the first error of f and returns it. The error wraps ErrNotFound if there is no such
// case.
func (s *Store) EachEvent(ctx context.Context, n cases.CaseNumber, f func(cases.Event) error) error {
	return pgx.BeginTxFunc(ctx, s.db, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select c.number, `+eventColumns+` from cases c join case_event e on e.case_id = c.id
			where $1 = '' or c.number = $1 order by c.id, e.seq`, n)
		if err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
		var e cases.Event
		var sum []byte
		tag, err := pgx.ForEachRow(rows, append([]any{&e.Case}, eventFields(&e, &sum)...), func() error {
			copy(e.Sum[:], sum)
			return f(e)
		})
		if err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
		if n != "" && tag.RowsAffected() == 0 {
			return fmt.Errorf("ledger of %s: %w", n, ErrNotFound)
		}
		return nil
	})
}
