package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"shouwen/cases"
)

// FireInspections fires the stages of rectifications that are due, of at most limit
// inspections, the oldest first, and returns them: each is in the log of its inspection and
// what tell makes of it in the outbox, or nothing is.
func (s *Store) FireInspections(ctx context.Context, limit int, tell func(cases.Inspection, cases.FiredStage) []cases.Outgoing) (fired []cases.FiredStage, err error) {
	cal := s.Rules.Policy.In(s.Rules.Calendar)
	err = pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select id, document from inspection where next_at <= now() order by next_at limit $1 for update skip locked`, limit)
		due, err := collect("due", rows, err, scanInspection)
		if err != nil || len(due) == 0 {
			return err
		}
		var now time.Time
		if err := tx.QueryRow(ctx, `select now()`).Scan(&now); err != nil {
			return err
		}
		var b pgx.Batch
		for _, i := range due {
			is, stages := i.Fire(now, cal)
			b.Queue(`update inspection set document = $2, next_at = $3 where id = $1`, is.ID, is, zeronull.Timestamptz(is.Next(cal)))
			for _, f := range stages {
				queueStep(&b, is.ID, now, "", string(f.Stage.Kind.Event()), f, "")
				queueOutgoing(&b, tell(is, f))
			}
			fired = append(fired, stages...)
		}
		return tx.SendBatch(ctx, &b).Close()
	})
	if err != nil {
		return nil, fmt.Errorf("fire inspections: %w", err)
	}
	return fired, nil
}
