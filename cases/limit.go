package cases

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Unit is what a limit is counted in. The regulations tell days from working days,
// and one is never converted into the other (C36).
type Unit string

// The units.
const (
	Seconds      Unit = "s"
	Minutes      Unit = "min"
	Hours        Unit = "h"
	WorkingHours Unit = "wh"
	Days         Unit = "d"
	WorkingDays  Unit = "wd"
	Years        Unit = "y"
	SameDay      Unit = "same_day"  // without a number
	Immediate    Unit = "immediate" // without a number: at once
	AsPromised   Unit = "promised"  // without a number: the time somebody promised
)

// Limit is the time something may take. Exactly that long is still in time.
type Limit struct {
	N    int
	Unit Unit
}

var counted = []Unit{Seconds, Minutes, Hours, WorkingHours, Days, WorkingDays, Years}

// maxLimit keeps sums of limits far from the ends of time.
const maxLimit = 100_000

// UnmarshalText reads 15s, 30min, 24h, 8wh, 2d, 15wd, 5y, same_day, immediate or
// promised. What is none of these becomes a Limit that Check refuses, so that whoever
// reads a whole file can say where it stands.
func (l *Limit) UnmarshalText(b []byte) error {
	text := string(b)
	*l = Limit{Unit: Unit(text)}
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz")
	if n, err := strconv.Atoi(digits); err == nil {
		*l = Limit{n, Unit(text[len(digits):])}
	}
	return nil
}

// MarshalText returns l as UnmarshalText reads it.
func (l Limit) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// plain are the units of plain time.
var plain = map[Unit]time.Duration{Seconds: time.Second, Minutes: time.Minute, Hours: time.Hour, Days: 24 * time.Hour}

// Plain returns how long l is if it is of plain time, by no calendar; 0 if it is not.
func (l Limit) Plain() time.Duration { return time.Duration(l.N) * plain[l.Unit] }

// String returns l as a profile has it.
func (l Limit) String() string {
	if l.N == 0 {
		return string(l.Unit)
	}
	return itoa(l.N) + string(l.Unit)
}

func itoa(n int) string { return strconv.Itoa(n) }

// Check reports a limit that is none.
func (l Limit) Check() error {
	switch {
	case l.N == 0 && (l.Unit == SameDay || l.Unit == Immediate || l.Unit == AsPromised):
		return nil
	case l.N >= 1 && l.N <= maxLimit && (l.Unit != Years || l.N <= 100) && slices.Contains(counted, l.Unit):
		return nil
	}
	return fmt.Errorf("%.32q is no limit; write it like 15s, 30min, 24h, 8wh (working hours), 2d, 3wd (working days), 5y, same_day, immediate or promised", l.String())
}
