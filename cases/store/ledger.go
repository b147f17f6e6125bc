package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// VerifyLedger checks every event of every case, and every case against its
// events. It returns how many events were in order; the error is a
// *cases.ChainError if it names the first bad row, in the order of opening.
func (s *Store) VerifyLedger(ctx context.Context) (checked int, err error) {
	err = pgx.BeginTxFunc(ctx, s.db, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select c.number, c.state, c.opened, c.first_asker, c.events, c.head, `+eventColumns+`
			from cases c join case_event e on e.case_id = c.id order by c.id, e.seq`)
		if err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
		defer rows.Close()
		var c cases.Case
		var events []cases.Event // of c, so far
		for rows.Next() {
			var of cases.Case
			var head, sum []byte
			e := cases.Event{}
			fields := append([]any{&of.Number, &of.State, &of.Opened, &of.FirstAsker, &of.Events, &head}, eventFields(&e, &sum)...)
			if err := rows.Scan(fields...); err != nil {
				return fmt.Errorf("ledger: %w", err)
			}
			copy(of.Head[:], head)
			copy(e.Sum[:], sum)
			e.Case = of.Number
			if of.Number != c.Number && len(events) > 0 {
				if err := c.Verify(events); err != nil {
					return err
				}
				checked += len(events)
				events = events[:0]
			}
			c, events = of, append(events, e)
		}
		if err := rows.Err(); err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
		if len(events) > 0 {
			if err := c.Verify(events); err != nil {
				return err
			}
			checked += len(events)
		}
		return orphans(ctx, tx)
	})
	return checked, err
}

// orphans finds cases without events and events without a case.
func orphans(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `
		select number, 0, 'has no events' from cases c
		where not exists (select from case_event e where e.case_id = c.id)
		union all
		select 'with id ' || case_id, seq, 'belongs to no case' from case_event e
		where not exists (select from cases c where c.id = e.case_id)
		limit 1`)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	bad, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*cases.ChainError, error) {
		var e cases.ChainError
		return &e, row.Scan(&e.Case, &e.Seq, &e.What)
	})
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if len(bad) > 0 {
		return bad[0]
	}
	return nil
}
