package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// Window is a stretch of time.
type Window struct {
	From  time.Time // in it
	Until time.Time // not in it
}

// Entry is what a line of a register is about: a case, or an event of it.
type Entry struct {
	Case cases.Case
	Left *cases.HandOff // the note of a shift; nil: it is about the case
	By   string         // who left it
	At   time.Time      // and when
}

// EachCase calls do with the cases that were opened in w, or the notes that were left
// then if kind is EventHandedOff, oldest first; only with those who may see if that is
// not nil. It ends with the first error of do.
func (s *Store) EachCase(ctx context.Context, w Window, kind cases.EventKind, who *cases.Actor, do func(Entry) error) error {
	var q condition
	visible(&q, who)
	from, at, order := "cases c", "c.opened", "c.opened, c.number"
	event := "null::json, '', null::timestamptz"
	if kind == cases.EventHandedOff {
		from, at, order = "case_event e join cases c on c.id = e.case_id", "e.at", "e.at, c.number, e.seq"
		event = "e.body, e.by, e.at"
		q.and("e.kind = 'handed_off'")
	}
	q.and(at+" >= %s and "+at+" < %s", w.From, w.Until)
	rows, err := s.db.Query(ctx, `select `+event+`, `+caseColumns+` from `+from+` join call k on k.id = c.call `+q.clause()+` order by `+order,
		append([]any{pgx.QueryExecModeCacheDescribe}, q.args...)...)
	if err != nil {
		return fmt.Errorf("register: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var e Entry
		var body []byte
		var when *time.Time
		if err := scanBehind(rows, &e.Case, &body, &e.By, &when); err != nil {
			return fmt.Errorf("register: %w", err)
		}
		if when != nil {
			e.Left, e.At = &cases.HandOff{}, *when
			if err := json.Unmarshal(body, e.Left); err != nil {
				return fmt.Errorf("register: case %s: %w", e.Case.Number, err)
			}
		}
		if err := do(e); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("register: %w", err)
	}
	return nil
}

// ReportAccess is somebody's getting a report.
type ReportAccess struct {
	Who    string // user, or by which token
	Report string // its file's name
	Lines  int
	At     time.Time // set when it is read
}

// LogReport puts on record that somebody gets a report.
func (s *Store) LogReport(ctx context.Context, a ReportAccess) error {
	_, err := s.db.Exec(ctx, `insert into report_access (who, report, lines) values ($1, $2, $3)`, cases.Clean(a.Who), cases.Clean(a.Report), a.Lines)
	if err != nil {
		return fmt.Errorf("report access: %w", err)
	}
	return nil
}

// ReportAccesses returns who got which report, the latest first, at most limit.
func (s *Store) ReportAccesses(ctx context.Context, limit int) ([]ReportAccess, error) {
	rows, err := s.db.Query(ctx, `select who, report, lines, at from report_access order by id desc limit $1`, limit)
	return collect("report accesses", rows, err, pgx.RowToStructByPos[ReportAccess])
}
