package cases

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// Number is a telephone number in E.164 with the leading plus, a short code such
// as 12345, or an extension. The empty Number is a withheld or unknown one.
type Number string

// LogValue masks all but the last three digits, so that a log line may carry the
// number and nobody has to remember to hide it.
func (n Number) LogValue() slog.Value {
	if len(n) <= 6 { // a short code such as 12345 names no person
		return slog.StringValue(string(n))
	}
	return slog.StringValue(strings.Repeat("*", len(n)-3) + string(n[len(n)-3:]))
}

// CaseNumber is what a case is called by people: YYMMDD-<node>-<seq>, the day in
// the organisation's time zone, the node that took the call and a number that
// starts at 1 each day. The journal gives it out, so it exists while PostgreSQL
// is away.
type CaseNumber string

// NewCaseNumber returns the number of the seq-th case (from 1) of node on the day of at.
func NewCaseNumber(at time.Time, node, seq int) CaseNumber {
	return caseNumber(at.Format("060102"), node, seq)
}

// Parse returns the day (YYMMDD), node and sequence of n.
func (n CaseNumber) Parse() (day string, node, seq int, err error) {
	day, rest, _ := strings.Cut(string(n), "-")
	first, second, _ := strings.Cut(rest, "-")
	_, dayErr := time.Parse("060102", day)
	node, nodeErr := strconv.Atoi(first)
	seq, seqErr := strconv.Atoi(second)
	if errors.Join(dayErr, nodeErr, seqErr) != nil || seq < 1 || n != caseNumber(day, node, seq) {
		return "", 0, 0, fmt.Errorf("case number %q: want YYMMDD-node-sequence", string(n))
	}
	return day, node, seq, nil
}

func caseNumber(day string, node, seq int) CaseNumber {
	return CaseNumber(fmt.Sprintf("%s-%d-%04d", day, node, seq))
}
