package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"shouwen/cases"
)

// InspectionOrder is a step of an inspection to be taken.
type InspectionOrder struct {
	Inspection int64 // 0: the step begins one
	Step       cases.InspectionStep
	By         cases.Actor
	At         time.Time
	Key        string // UUID; the same one again changes nothing
	People     cases.Directory
}

// Inspect takes a step of an inspection, in one transaction with its log, and returns the
// inspection after it. The error wraps ErrNotFound, ErrKey or a *cases.InspectionError, and
// then nothing has changed. A step already taken returns the inspection as it is now.
func (s *Store) Inspect(ctx context.Context, o InspectionOrder) (is cases.Inspection, err error) {
	err = pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		done, err := stepTaken(ctx, tx, o)
		if err != nil {
			return err
		}
		if done != 0 {
			is, err = inspection(ctx, tx, done, "")
			return err
		}
		var was cases.Inspection
		if o.Inspection != 0 {
			if was, err = inspection(ctx, tx, o.Inspection, "for update"); err != nil {
				return err
			}
		}
		if is, err = was.Take(o.Step, o.By, o.At, s.Rules, o.People); err != nil {
			return err
		}
		if f, ok := o.Step.(cases.RecordFinding); ok && f.Case != "" {
			if err := mayTie(ctx, tx, f, o.By); err != nil {
				return err
			}
		}
		if o.Inspection == 0 {
			err = tx.QueryRow(ctx, `insert into inspection (by, department, opened, open, document) values ($1, $2, $3, true, $4) returning id`,
				is.By, is.Department, is.Opened, is).Scan(&is.ID)
		} else {
			_, err = tx.Exec(ctx, `update inspection set concluded = $2, open = $3, document = $4, next_at = $5 where id = $1`,
				is.ID, zeronull.Timestamptz(is.Concluded), is.Open(), is, zeronull.Timestamptz(is.Next(s.Rules.Policy.In(s.Rules.Calendar))))
		}
		if err != nil {
			return err
		}
		var b pgx.Batch
		queueStep(&b, is.ID, o.At, o.By.User, o.Step.Step(), o.Step, o.Key)
		return tx.SendBatch(ctx, &b).Close()
	})
	if err != nil {
		return cases.Inspection{}, fmt.Errorf("inspection: %w", err)
	}
	return is, nil
}

// queueStep puts a step into the log of an inspection; by nobody and without a key: a clock
// took it.
func queueStep(b *pgx.Batch, id int64, at time.Time, by, step string, body any, key string) {
	b.Queue(`
		insert into inspection_step (inspection, seq, at, by, step, body, key)
		select $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, nullif($6, '')::uuid from inspection_step where inspection = $1`,
		id, at, by, step, body, key)
}

// stepTaken returns the inspection in which a step was taken under the key of o; 0: none
// was. Who sends it twice at once waits for the first.
func stepTaken(ctx context.Context, tx pgx.Tx, o InspectionOrder) (id int64, err error) {
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, o.Key); err != nil {
		return 0, err
	}
	var seq int
	err = tx.QueryRow(ctx, `select inspection, seq from inspection_step where key = $1::text::uuid`, o.Key).Scan(&id, &seq)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, nil
	case err == nil && (o.Inspection == 0) != (seq == 1), err == nil && o.Inspection != 0 && o.Inspection != id:
		return 0, ErrKey
	}
	return id, err
}

// mayTie refuses to tie a finding to a case that there is not, or that whoever finds it
// may not see.
func mayTie(ctx context.Context, tx pgx.Tx, f cases.RecordFinding, by cases.Actor) error {
	var q condition
	q.and("c.number = %s", cases.Clean(string(f.Case)))
	visible(&q, &by)
	var there bool
	err := tx.QueryRow(ctx, `select exists (select from cases c `+q.clause()+`)`, q.args...).Scan(&there)
	if err == nil && !there {
		err = &cases.InspectionError{Step: f.Step(), Refusal: cases.Refusal{Reason: cases.RefusedFields, Fields: []cases.FieldError{
			{Field: "case", Want: cases.Words{ZH: "已有的工单编号", EN: "the number of a case there is"}},
		}}}
	}
	return err
}

func inspection(ctx context.Context, db querier, id int64, lock string) (i cases.Inspection, err error) {
	rows, err := db.Query(ctx, `select id, document from inspection where id = $1 `+lock, id)
	if err == nil {
		i, err = pgx.CollectExactlyOneRow(rows, scanInspection)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	return i, err
}

func scanInspection(row pgx.CollectableRow) (i cases.Inspection, err error) {
	var id int64
	err = row.Scan(&id, &i)
	i.ID = id
	return i, err
}

// Inspection returns an inspection. The error wraps ErrNotFound.
func (s *Store) Inspection(ctx context.Context, id int64) (cases.Inspection, error) {
	i, err := inspection(ctx, s.db, id, "")
	if err != nil {
		return i, fmt.Errorf("inspection %d: %w", id, err)
	}
	return i, nil
}

// Inspections returns the inspections that were opened in w, the latest first, at most
// limit; only those of which something is still to be done if open is set.
func (s *Store) Inspections(ctx context.Context, w Window, open bool, limit int) ([]cases.Inspection, error) {
	var q condition
	q.and("opened >= %s and opened < %s", w.From, w.Until)
	if open {
		q.and("open")
	}
	return s.inspections(ctx, q, "opened desc, id desc", limit)
}

// OpenInspections returns those of which something is still to be done, the oldest first,
// at most limit.
func (s *Store) OpenInspections(ctx context.Context, limit int) ([]cases.Inspection, error) {
	var q condition
	q.and("open")
	return s.inspections(ctx, q, "opened, id", limit)
}

func (s *Store) inspections(ctx context.Context, q condition, order string, limit int) ([]cases.Inspection, error) {
	rows, err := s.db.Query(ctx, `select id, document from inspection `+q.clause()+` order by `+order+` limit `+q.arg(limit), q.args...)
	return collect("inspections", rows, err, scanInspection)
}

// InspectionStep is a line of the log of an inspection.
type InspectionStep struct {
	Seq  int
	At   time.Time
	By   string // user; empty: a clock
	Step string
	Body json.RawMessage
}

// InspectionSteps returns the log of an inspection, in order.
func (s *Store) InspectionSteps(ctx context.Context, id int64) ([]InspectionStep, error) {
	rows, err := s.db.Query(ctx, `select seq, at, by, step, body from inspection_step where inspection = $1 order by seq`, id)
	return collect(fmt.Sprintf("inspection %d", id), rows, err, pgx.RowToStructByPos[InspectionStep])
}

// Inspected returns when every kind of inspection of every department was last concluded,
// and since when the organisation has a directory: from then on it can be asked for them.
func (s *Store) Inspected(ctx context.Context, now time.Time) (all []cases.Inspected, since time.Time, err error) {
	rows, err := s.db.Query(ctx, `select by, department, max(concluded) from inspection where concluded is not null group by by, department`)
	if all, err = collect("inspected", rows, err, pgx.RowToStructByPos[cases.Inspected]); err != nil {
		return nil, since, err
	}
	if err := s.db.QueryRow(ctx, `select coalesce(min(at), $1) from directory_version`, now).Scan(&since); err != nil {
		return nil, since, fmt.Errorf("inspected: %w", err)
	}
	return all, since, nil
}

// Unseen returns those of some cases that who may not see.
func (s *Store) Unseen(ctx context.Context, numbers []cases.CaseNumber, who cases.Actor) (map[cases.CaseNumber]bool, error) {
	var q condition
	q.and("c.number = any(%s)", numbers)
	visible(&q, &who)
	rows, err := s.db.Query(ctx, `select c.number from cases c `+q.clause(), q.args...)
	seen, err := collect("cases of findings", rows, err, pgx.RowTo[cases.CaseNumber])
	if err != nil {
		return nil, err
	}
	unseen := map[cases.CaseNumber]bool{}
	for _, n := range numbers {
		unseen[n] = true
	}
	for _, n := range seen {
		delete(unseen, n)
	}
	return unseen, nil
}
