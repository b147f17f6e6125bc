package store

import (
	"context"
	"fmt"

	"shouwen/cases"
)

// Verified returns how often an offence was verified against a person, over all cases:
// what ladders by count go by. What was found untrue does not count (S24-R22).
func (s *Store) Verified(ctx context.Context, user, offence string) (count int, err error) {
	err = s.db.QueryRow(ctx, `
		select count(*) from cases
		where file ? 'verified' and file -> 'verified' @> jsonb_build_object('true', true, 'against', $1::text, 'offence', $2::text)`,
		cases.Clean(user), cases.Clean(offence)).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("verified offences: %w", err)
	}
	return count, nil
}
