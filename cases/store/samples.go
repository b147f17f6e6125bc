package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// SampleOrder asks for a sample of what was answered: of the cases opened in Of that have
// an answer or a return visit.
type SampleOrder struct {
	By      string // user
	Of      Window
	Percent int // 1 to 100
	Seed    string
}

// Sample is what was drawn for a manager to check (S33-R10), with all it takes to draw
// it again: see cases.Draw.
type Sample struct {
	ID         int64
	Made       time.Time
	By         string
	Of         Window
	Seed       string
	Size       int
	Candidates []cases.CaseNumber
	Cases      []Sampled // by number
}

// Sampled is a case of a sample.
type Sampled struct {
	Number  cases.CaseNumber
	Why     SampledWhy
	Checked time.Time // zero: not yet
	By      string
	OK      bool
	Finding string
}

// SampledWhy says why a case is in a sample.
type SampledWhy string

// The reasons.
const (
	SampledDrawn        SampledWhy = "drawn"
	SampledContradicted SampledWhy = "contradicted" // the caller says that nobody answered him: it is always looked at
)

// Errors of samples.
var (
	ErrNoCandidates = errors.New("no case of these days was answered")
	ErrChecked      = errors.New("it was checked already")
)

// DrawSample draws a sample and keeps it. The error wraps ErrNoCandidates.
func (s *Store) DrawSample(ctx context.Context, o SampleOrder) (Sample, error) {
	var id int64
	err := pgx.BeginTxFunc(ctx, s.db, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select number, file @@ '$.visits[*].answered == false' from cases
			where opened >= $1 and opened < $2 and (file ? 'replies' or file ? 'visits') order by number`, o.Of.From, o.Of.Until)
		if err != nil {
			return err
		}
		var all, against []cases.CaseNumber
		var n cases.CaseNumber
		var contradicted *bool
		if _, err := pgx.ForEachRow(rows, []any{&n, &contradicted}, func() error {
			all = append(all, n)
			if contradicted != nil && *contradicted {
				against = append(against, n)
			}
			return nil
		}); err != nil {
			return err
		}
		size := cases.SampleSize(len(all), o.Percent)
		if size == 0 {
			return ErrNoCandidates
		}
		err = tx.QueryRow(ctx, `insert into sample (by, from_at, until_at, seed, size, candidates) values ($1, $2, $3, $4, $5, $6) returning id`,
			cases.Clean(o.By), o.Of.From, o.Of.Until, o.Seed, size, all).Scan(&id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into sample_case (sample, number, why)
			select $1, number, case when number = any($3) then 'contradicted' else 'drawn' end
			from unnest($2::text[] || $3::text[]) as d (number) group by number`, id, cases.Draw(o.Seed, all, size), append([]cases.CaseNumber{}, against...))
		return err
	})
	if err != nil {
		return Sample{}, fmt.Errorf("sample: %w", err)
	}
	return s.Sample(ctx, id)
}

const sampleColumns = `id, made, by, from_at, until_at, seed, size, candidates`

func scanSample(row pgx.CollectableRow) (m Sample, err error) {
	err = row.Scan(&m.ID, &m.Made, &m.By, &m.Of.From, &m.Of.Until, &m.Seed, &m.Size, &m.Candidates)
	return m, err
}

// Sample returns a sample with its cases. The error wraps ErrNotFound.
func (s *Store) Sample(ctx context.Context, id int64) (Sample, error) {
	rows, err := s.db.Query(ctx, `select `+sampleColumns+` from sample where id = $1`, id)
	if err != nil {
		return Sample{}, fmt.Errorf("sample %d: %w", id, err)
	}
	m, err := pgx.CollectExactlyOneRow(rows, scanSample)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Sample{}, fmt.Errorf("sample %d: %w", id, err)
	}
	rows, err = s.db.Query(ctx, `
		select number, why, coalesce(checked, '0001-01-01Z'), coalesce(checked_by, ''), coalesce(ok, false), coalesce(finding, '')
		from sample_case where sample = $1 order by number`, id)
	if err != nil {
		return Sample{}, fmt.Errorf("sample %d: %w", id, err)
	}
	if m.Cases, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Sampled]); err != nil {
		return Sample{}, fmt.Errorf("sample %d: %w", id, err)
	}
	return m, nil
}

// Samples returns the latest samples, without their cases, at most limit.
func (s *Store) Samples(ctx context.Context, limit int) ([]Sample, error) {
	rows, err := s.db.Query(ctx, `select `+sampleColumns+` from sample order by id desc limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("samples: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanSample)
	if err != nil {
		return nil, fmt.Errorf("samples: %w", err)
	}
	return all, nil
}

// CheckSampled puts on record what was found of a case of a sample, once. The error wraps
// ErrNotFound or ErrChecked.
func (s *Store) CheckSampled(ctx context.Context, sample int64, c Sampled) error {
	tag, err := s.db.Exec(ctx, `
		update sample_case set checked = $3, checked_by = $4, ok = $5, finding = $6 where sample = $1 and number = $2 and checked is null`,
		sample, c.Number, c.Checked, cases.Clean(c.By), c.OK, cases.Clean(c.Finding))
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrNotFound
		var there bool
		if s.db.QueryRow(ctx, `select exists (select from sample_case where sample = $1 and number = $2)`, sample, c.Number).Scan(&there) == nil && there {
			err = ErrChecked
		}
	}
	if err != nil {
		return fmt.Errorf("sample %d, case %s: %w", sample, c.Number, err)
	}
	return nil
}
