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
	By      string       // user
	For     *cases.Actor // who sees it then; nil: everything
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
	Among      int                // candidates
	Candidates []cases.CaseNumber // left out by Samples, as the next
	Cases      []Sampled          // by number
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
	return s.Sample(ctx, id, o.For)
}

// ofSample is about the cases of a sample that are who's to look at.
func ofSample(id int64, who *cases.Actor) (q condition) {
	q.and("s.sample = %s", id)
	if who != nil {
		q.and(unconcerned(q.arg(who.User) + "::text"))
	}
	visible(&q, who)
	return q
}

const sampleColumns = `id, made, by, from_at, until_at, seed, size, cardinality(candidates)`

func sampleFields(m *Sample) []any {
	return []any{&m.ID, &m.Made, &m.By, &m.Of.From, &m.Of.Until, &m.Seed, &m.Size, &m.Among}
}

// unconcerned is the SQL of case c being nothing that a user, which is SQL, was first
// asked in, answered for, handled or gave back: what is found of it is not about him.
func unconcerned(user string) string {
	return `not (` + user + ` in (c.first_asker, c.responsible, c.handler, coalesce(c.file #>> '{returned,by}', ''))
		or coalesce(c.file -> 'handed', '[]') @> jsonb_build_array(jsonb_build_object('person', ` + user + `)))`
}

// Sample returns a sample with its cases; only with those that who may see and is not
// concerned by, if that is not nil. The error wraps ErrNotFound.
func (s *Store) Sample(ctx context.Context, id int64, who *cases.Actor) (Sample, error) {
	var m Sample
	err := s.db.QueryRow(ctx, `select `+sampleColumns+`, candidates from sample where id = $1`, id).Scan(append(sampleFields(&m), &m.Candidates)...)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Sample{}, fmt.Errorf("sample %d: %w", id, err)
	}
	q := ofSample(id, who)
	rows, err := s.db.Query(ctx, `
		select s.number, s.why, coalesce(s.checked, '0001-01-01Z'), coalesce(s.checked_by, ''), coalesce(s.ok, false), coalesce(s.finding, '')
		from sample_case s join cases c on c.number = s.number `+q.clause()+` order by s.number`, q.args...)
	if m.Cases, err = collect(fmt.Sprintf("sample %d", id), rows, err, pgx.RowToStructByPos[Sampled]); err != nil {
		return Sample{}, err
	}
	return m, nil
}

// Samples returns the latest samples, without their candidates and cases, at most limit.
func (s *Store) Samples(ctx context.Context, limit int) ([]Sample, error) {
	rows, err := s.db.Query(ctx, `select `+sampleColumns+` from sample order by id desc limit $1`, limit)
	return collect("samples", rows, err, func(row pgx.CollectableRow) (m Sample, err error) {
		err = row.Scan(sampleFields(&m)...)
		return m, err
	})
}

// CheckSampled puts on record what was found of a case of a sample, once; nobody does so
// of a case he is concerned by. The error wraps ErrNotFound or ErrChecked.
func (s *Store) CheckSampled(ctx context.Context, sample int64, c Sampled, who *cases.Actor) error {
	q := ofSample(sample, who)
	q.and("s.number = %s", string(c.Number))
	set := fmt.Sprintf("checked = %s, checked_by = %s, ok = %s, finding = %s", q.arg(c.Checked), q.arg(c.By), q.arg(c.OK), q.arg(c.Finding))
	var checked bool
	err := s.db.QueryRow(ctx, `
		with mine as (select s.sample, s.number from sample_case s join cases c on c.number = s.number `+q.clause()+`),
		checked as (update sample_case s set `+set+` from mine where s.sample = mine.sample and s.number = mine.number and s.checked is null returning true)
		select exists (select from checked) from mine`, q.args...).Scan(&checked)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		err = ErrNotFound
	case err == nil && !checked:
		err = ErrChecked
	}
	if err != nil {
		return fmt.Errorf("sample %d, case %s: %w", sample, c.Number, err)
	}
	return nil
}
