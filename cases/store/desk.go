package store

import (
	"context"

	"shouwen/cases"
)

// Desk returns the open cases, at most limit, that somebody has to do with, by number:
// as first-asker, responsible or handler, or as handler of the department that has
// them, if one is given.
func (s *Store) Desk(ctx context.Context, user, department string, limit int) ([]cases.Case, error) {
	return s.selectCases(ctx, `
		where c.state not in ('closed', 'refused', 'withdrawn', 'merged')
		and (c.first_asker = $1 or c.responsible = $1 or c.handler = $1 or c.department = $2 and $2 <> '')
		order by c.opened, c.number limit $3`, user, department, limit)
}
