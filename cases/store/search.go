package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"

	"shouwen/cases"
)

// Filter narrows a list of cases; empty fields do not.
type Filter struct {
	Number     string       // that it begins with
	Caller     cases.Number // with the leading plus, else the digits it ends with
	Name       string       // part of the caller's
	Text       string       // part of what was written down, see Searchable
	FirstAsker string       // user
	Department string       // that has it
	State      cases.State
	Flag       cases.Flag
	Clock      ClockFilter
	From       time.Time    // opened then or later
	Until      time.Time    // opened before
	For        *cases.Actor // only what he may see; nil: everything
	After      Cursor       // where the last page ended
	Limit      int          // 1 to 500; 0 means 50
}

// ClockFilter keeps cases with a clock of a kind in a condition; the zero one keeps all.
type ClockFilter struct {
	Kind  cases.ClockKind // empty: any
	Is    ClockCondition  // empty: it runs, paused or not
	Desk  string          // department whose it is, as figures have it; empty: anybody's
	AsNow time.Time       // for ClockLate and ClockAtRisk
}

// ClockCondition says how it stands with a clock.
type ClockCondition string

// The conditions.
const (
	ClockRuns   ClockCondition = "running" // paused or not
	ClockPaused ClockCondition = "paused"
	ClockAtRisk ClockCondition = "at_risk" // runs, and is past its warning, not its due time
	ClockLate   ClockCondition = "late"    // runs, and is over its due time
)

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

// Searchable tells whether the index helps to find a text: it has two Chinese
// characters, or three letters or digits, in a row. What is shorter is in every case.
func Searchable(text string) bool {
	run := 0
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			run += 2
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			run++
		default:
			run = 0
		}
		if run >= 3 {
			return true
		}
	}
	return false
}

// condition is what a statement asks of cases c, with its arguments.
type condition struct {
	where []string
	args  []any
}

// arg adds an argument and returns its placeholder.
func (q *condition) arg(v any) string {
	if s, ok := v.(string); ok {
		v = cases.Clean(s)
	}
	q.args = append(q.args, v)
	return "$" + strconv.Itoa(len(q.args))
}

// and adds a condition; every %s of it is the placeholder of an argument.
func (q *condition) and(format string, args ...any) {
	places := make([]any, len(args))
	for i, v := range args {
		places[i] = q.arg(v)
	}
	q.where = append(q.where, fmt.Sprintf(format, places...))
}

// daysOf returns when cases were opened whose numbers begin so, a day more on each side;
// zero if a number says nothing of it.
func daysOf(number string) (first, last time.Time) {
	for _, of := range []struct {
		layout              string
		years, months, days int
	}{{"060102", 0, 0, 1}, {"0601", 0, 1, 0}, {"06", 1, 0, 0}} {
		if len(number) < len(of.layout) {
			continue
		}
		if t, err := time.Parse(of.layout, number[:len(of.layout)]); err == nil {
			return t.AddDate(0, 0, -1), t.AddDate(of.years, of.months, of.days+1)
		}
	}
	return first, last
}

var escaped = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// part is a condition that column, as sought() makes it, has a text in it.
const part = ` like '%%' || regexp_replace(sought(%s), '([\\%%_])', '\\\1', 'g') || '%%'`

func (f Filter) condition() (q condition, err error) {
	if f.Number != "" {
		q.and("c.number like %s", escaped.Replace(f.Number)+"%")
		if first, last := daysOf(f.Number); !first.IsZero() {
			q.and("c.opened >= %s and c.opened < %s", first, last) // for the index
		}
	}
	switch digits, full := strings.CutPrefix(string(f.Caller), "+"); {
	case full:
		q.and("c.caller = %s and c.caller <> ''", string(f.Caller)) // the index is partial
	case digits != "":
		backwards := []rune(digits)
		slices.Reverse(backwards)
		q.and("c.id in (select id from cases where reverse(caller) like %s and caller <> '' offset 0)", escaped.Replace(string(backwards))+"%") // few, whatever PostgreSQL thinks
	}
	if f.Name != "" {
		q.and("c.words"+part+" and strpos(lower(c.name), lower(%s)) > 0", f.Name, f.Name)
	}
	if f.Text != "" {
		q.and("c.words"+part, f.Text)
	}
	if f.FirstAsker != "" {
		q.and("c.first_asker = %s", f.FirstAsker)
	}
	if f.State != "" {
		q.and("c.state = %s", string(f.State))
	}
	if f.Department != "" {
		q.and("c.department = %s and c.department <> ''", f.Department)
	}
	if f.Flag != "" {
		q.and("c.flags ? %s", string(f.Flag))
	}
	f.Clock.narrow(&q)
	if !f.From.IsZero() {
		q.and("c.opened >= %s", f.From)
	}
	if !f.Until.IsZero() {
		q.and("c.opened < %s", f.Until)
	}
	visible(&q, f.For)
	if f.After != "" {
		opened, number, err := f.After.parse()
		if err != nil {
			return q, err
		}
		q.and("(c.opened, c.number) < (%s, %s)", opened, number)
	}
	return q, nil
}

func (k ClockFilter) narrow(q *condition) {
	if k.Kind == "" && k.Is == "" && k.Desk == "" {
		return
	}
	clock := "d.case_id = c.id and d.state in ('armed', 'fired')"
	if k.Kind != "" {
		clock += " and d.kind = " + q.arg(string(k.Kind))
	}
	if k.Desk != "" {
		clock += " and d.desk = " + q.arg(k.Desk)
	}
	switch k.Is {
	case ClockAtRisk:
		now := q.arg(k.AsNow)
		clock += " and d.at_risk_at <= " + now + " and d.due_at >= " + now
	case ClockPaused:
		clock += ` and jsonb_array_length(d.clock -> 'pauses') > 0 and not d.clock #> '{pauses,-1}' ? 'to'`
	case ClockLate:
		clock += " and d.due_at < " + q.arg(k.AsNow)
	}
	q.where = append(q.where, "exists (select from deadline d where "+clock+")", "c."+unended) // for the index: nothing runs for the others
}

// visible keeps what who may see: cases.Case.Visible, as a condition.
func visible(q *condition, who *cases.Actor) {
	if who == nil {
		return
	}
	if who.User == "" {
		q.and("false")
		return
	}
	q.and("(c.accused = '' or c.accused <> %s and (c.first_asker = %s or c.handler = %s or case when c.accused = %s then %s::bool else %s::bool end))",
		who.User, who.User, who.User, cases.AccusedUnnamed, who.SeesUnnamed(), who.SeesComplaints())
}

// Cases returns a page of the cases f lets through, newest first, and the cursor
// of the next page.
func (s *Store) Cases(ctx context.Context, f Filter) ([]cases.Case, Cursor, error) {
	limit := min(f.Limit, 500)
	if limit < 1 {
		limit = 50
	}
	q, err := f.condition()
	if err != nil {
		return nil, "", err
	}
	const order = ` order by c.opened desc, c.number desc`
	list, err := s.selectCases(ctx, `where c.id in (select c.id from cases c `+q.clause()+order+` limit `+q.arg(limit+1)+`)`+order, q.args...)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	return list[:limit], cursorAt(list[limit-1]), nil
}

// clause returns the where of a statement; empty if everything is let through.
func (q *condition) clause() string {
	if len(q.where) == 0 {
		return ""
	}
	return "where " + strings.Join(q.where, " and ")
}

// selectCases returns the cases that the rest of a statement lets through. It is
// planned with its arguments: how rare a word is decides how it is looked for.
func (s *Store) selectCases(ctx context.Context, rest string, args ...any) ([]cases.Case, error) {
	rows, err := s.db.Query(ctx, `select `+caseColumns+` from cases c join call k on k.id = c.call `+rest,
		append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
	return collect("cases", rows, err, scanCase)
}
