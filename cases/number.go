package cases

import (
	"fmt"
	"log/slog"
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
	return CaseNumber(fmt.Sprintf("%s-%d-%04d", at.Format("060102"), node, seq))
}

// Parse returns the day (YYMMDD), node and sequence of n.
func (n CaseNumber) Parse() (day string, node, seq int, err error) {
	parts := strings.Split(string(n), "-")
	if len(parts) != 3 || len(parts[0]) != 6 {
		return "", 0, 0, fmt.Errorf("case number %q: want YYMMDD-node-sequence", string(n))
	}
	if _, err := fmt.Sscanf(parts[1]+" "+parts[2], "%d %d", &node, &seq); err != nil {
		return "", 0, 0, fmt.Errorf("case number %q: %w", string(n), err)
	}
	if _, err := time.Parse("060102", parts[0]); err != nil || seq < 1 || string(n) != fmt.Sprintf("%s-%d-%04d", parts[0], node, seq) {
		return "", 0, 0, fmt.Errorf("case number %q: want YYMMDD-node-sequence", string(n))
	}
	return parts[0], node, seq, nil
}
