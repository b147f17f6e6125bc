package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// Case returns a case with its ledger, oldest event first. The error wraps
// ErrNotFound if there is no such case.
func (s *Store) Case(ctx context.Context, n cases.CaseNumber) (cases.Case, []cases.Event, error) {
	if _, _, _, err := n.Parse(); err != nil {
		return cases.Case{}, nil, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	var c cases.Case
	var events []cases.Event
	// One snapshot, so that the case and its ledger fit together.
	err := pgx.BeginTxFunc(ctx, s.db, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select `+caseColumns+` from cases c join call k on k.id = c.call where c.number = $1`, n)
		if err != nil {
			return err
		}
		if c, err = pgx.CollectExactlyOneRow(rows, scanCase); err != nil {
			return err
		}
		rows, err = tx.Query(ctx, `
			select `+eventColumns+` from case_event e join cases c on c.id = e.case_id where c.number = $1 order by e.seq`, n)
		if err != nil {
			return err
		}
		events, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (cases.Event, error) {
			e, sum := cases.Event{Case: n}, []byte(nil)
			err := row.Scan(eventFields(&e, &sum)...)
			copy(e.Sum[:], sum)
			return e, err
		})
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return cases.Case{}, nil, fmt.Errorf("case %s: %w", n, err)
	}
	return c, events, nil
}

// LastNumber returns the highest sequence among the case numbers of node on day
// (YYMMDD), 0 if there is none. Numbers of rejected facts count: they are given out.
func (s *Store) LastNumber(ctx context.Context, node int, day string) (int, error) {
	prefix := fmt.Sprintf("%s-%d", day, node)
	var last int
	err := s.db.QueryRow(ctx, `
		select coalesce(max(split_part(number, '-', 3)::int), 0) from (
			select number from cases union all select case_number from dead_letter where case_number ~ '^\d{6}-\d+-\d{1,9}$') n
		where number > $1 || '-' and number < $1 || '.'`, prefix).Scan(&last) // . follows -
	if err != nil {
		return 0, fmt.Errorf("last case number: %w", err)
	}
	return last, nil
}
