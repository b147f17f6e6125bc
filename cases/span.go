package cases

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Span is a length of time. In JSON it is a number of seconds, to the
// microsecond: the unit people and other programs expect.
type Span time.Duration

// MarshalJSON implements json.Marshaler.
func (s Span) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, time.Duration(s).Truncate(time.Microsecond).Seconds(), 'f', -1, 64), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Span) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.Abs(v) > 1e9 {
		return fmt.Errorf("%.32q is no number of seconds", b)
	}
	*s = Span(time.Duration(math.Round(v*1e6)) * time.Microsecond)
	return nil
}
