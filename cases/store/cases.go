package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// Filter narrows a list of cases; empty fields do not.
type Filter struct {
	Caller     cases.Number
	FirstAsker string // user
	State      cases.State
	After      Cursor // where the last page ended
	Limit      int    // 1 to 500; 0 means 50
}

// Cursor is where a page of cases ended. The empty Cursor is before the first
// page, and after the last one.
type Cursor string

// ErrCursor reports a cursor that Cases did not return.
var ErrCursor = errors.New("no such page")

func cursorAt(c cases.Case) Cursor {
	return Cursor(strconv.FormatInt(c.Opened.UnixMicro(), 36) + "." + string(c.Number))
}

func (c Cursor) parse() (opened time.Time, n cases.CaseNumber, err error) {
	at, number, _ := strings.Cut(string(c), ".")
	n = cases.CaseNumber(number)
	micros, err := strconv.ParseInt(at, 36, 64)
	if err != nil {
		return time.Time{}, "", ErrCursor
	}
	opened = time.UnixMicro(micros).UTC()
	if _, _, _, err := n.Parse(); err != nil || opened.Year() < 1 || opened.Year() > 9999 {
		return time.Time{}, "", ErrCursor
	}
	return opened, n, nil
}

// Cases returns a page of the cases f lets through, newest first, and the cursor
// of the next page.
func (s *Store) Cases(ctx context.Context, f Filter) ([]cases.Case, Cursor, error) {
	limit := min(f.Limit, 500)
	if limit < 1 {
		limit = 50
	}
	where, args := []string{"true"}, []any{limit + 1}
	narrow := func(column, value string) {
		args = append(args, cases.Clean(value))
		where = append(where, fmt.Sprintf("%s = $%d", column, len(args)))
	}
	if f.Caller != "" {
		narrow("c.caller", string(f.Caller))
		where = append(where, "c.caller <> ''") // the index is partial
	}
	if f.FirstAsker != "" {
		narrow("c.first_asker", f.FirstAsker)
	}
	if f.State != "" {
		narrow("c.state", string(f.State))
	}
	if f.After != "" {
		opened, number, err := f.After.parse()
		if err != nil {
			return nil, "", err
		}
		args = append(args, opened, number)
		where = append(where, fmt.Sprintf("(c.opened, c.number) < ($%d, $%d)", len(args)-1, len(args)))
	}
	list, err := s.selectCases(ctx, `where `+strings.Join(where, " and ")+`
		order by c.opened desc, c.number desc limit $1`, args...)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	return list[:limit], cursorAt(list[limit-1]), nil
}

func (s *Store) selectCases(ctx context.Context, rest string, args ...any) ([]cases.Case, error) {
	rows, err := s.db.Query(ctx, `select `+caseColumns+` from cases c join call k on k.id = c.call `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanCase)
	if err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	return list, nil
}

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
