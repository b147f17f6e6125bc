package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// Verified returns how often an offence was verified against a person, over all cases:
// what ladders by count go by. What was found untrue does not count (S24-R22).
func (s *Store) Verified(ctx context.Context, user, offence string) (count int, err error) {
	return verified(ctx, s.db, user, offence, "")
}

// verified is Verified over all cases but one.
func verified(ctx context.Context, q querier, user, offence string, but cases.CaseNumber) (int, error) {
	rows, err := q.Query(ctx, `
		select count(*) from cases
		where verified is not null and verified @> jsonb_build_object('true', true, 'against', $1::text, 'offence', $2::text)
		and number <> $3`,
		cases.Clean(user), cases.Clean(offence), but)
	if err != nil {
		return 0, fmt.Errorf("verified offences: %w", err)
	}
	count, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
	if err != nil {
		return 0, fmt.Errorf("verified offences: %w", err)
	}
	return count, nil
}
