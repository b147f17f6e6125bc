package cases

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Date is a day of somebody's wall calendar.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the date t shows in its own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("%.32q is no date; write it like 2026-10-01", s)
	}
	return DateOf(t), nil
}

// String returns d as YYYY-MM-DD.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.Start(time.UTC).Weekday() }

// Next returns the day after d.
func (d Date) Next() Date { return DateOf(d.Start(time.UTC).AddDate(0, 0, 1)) }

// Start returns the midnight d begins with in zone.
func (d Date) Start(zone *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
}

// Interval is a part of a day by the wall clock, in minutes after midnight: From is
// in it, To (at most 1440) is not. Hours over midnight are two intervals of two days.
type Interval struct{ From, To int }

// ParseInterval reads HH:MM-HH:MM; 24:00 is the end of the day.
func ParseInterval(s string) (Interval, error) {
	var h1, m1, h2, m2 int
	_, err := fmt.Sscanf(s, "%d:%d-%d:%d", &h1, &m1, &h2, &m2)
	iv := Interval{h1*60 + m1, h2*60 + m2}
	if err != nil || iv.String() != s || m1 > 59 || m2 > 59 || iv.From < 0 || iv.To > 1440 || iv.From >= iv.To {
		return Interval{}, fmt.Errorf("%.32q is no part of a day; write it like 09:00-12:00, and what goes over midnight as two", s)
	}
	return iv, nil
}

// String returns iv as HH:MM-HH:MM.
func (iv Interval) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", iv.From/60, iv.From%60, iv.To/60, iv.To%60)
}

// Day is a date that does not follow the week.
type Day struct {
	Hours []Interval // none: closed
	Name  string     // why, e.g. 国庆节
}

// DayEnd says when a day that was granted is over (X19).
type DayEnd string

// The ends of a day.
const (
	EndsSameTime DayEnd = "same_time" // at the time of day the clock started
	EndsClosing  DayEnd = "closing"   // when the last hours of the day are over
	EndsMidnight DayEnd = "midnight"  // with the day
)

// Calendar says when an organisation works. A date with hours is a working day, and
// a date in Days overrides its weekday: a holiday and a make-up working day (调休)
// are the same kind of fact. Hours are by the wall clock of Zone: an hour the clocks
// skip is not worked, one they repeat is worked twice.
//
// Use a Calendar only after Check found nothing wrong with it; nothing may change it
// then, and any number of goroutines may use it.
type Calendar struct {
	Name  string
	Zone  *time.Location
	Week  [7][]Interval // by time.Weekday
	Days  map[Date]Day
	Years []int // whose holidays are in Days; in another year only the week is known

	WorkingDayEnds DayEnd // of n working days; empty: EndsSameTime
	SameDayEnds    DayEnd // of "the same day": EndsMidnight (empty) or EndsClosing
}

// Plain returns the calendar of what never closes, in zone.
func Plain(zone *time.Location) Calendar {
	c := Calendar{Name: "plain", Zone: zone}
	for d := range c.Week {
		c.Week[d] = wholeDay
	}
	return c
}

var wholeDay = []Interval{{0, 1440}}

// Check reports what is wrong with c.
func (c Calendar) Check() error {
	open := false
	for d, hours := range c.Week {
		if err := checkHours(hours); err != nil {
			return fmt.Errorf("%s: %w", time.Weekday(d), err)
		}
		open = open || len(hours) > 0
	}
	for date, day := range c.Days {
		if err := checkHours(day.Hours); err != nil {
			return fmt.Errorf("%s: %w", date, err)
		}
	}
	switch {
	case c.Zone == nil:
		return errors.New("no time zone")
	case !open:
		return errors.New("no day of the week has hours: nothing would ever be due")
	case !slices.Contains([]DayEnd{"", EndsSameTime, EndsClosing, EndsMidnight}, c.WorkingDayEnds):
		return fmt.Errorf("working days end %q, want same_time, closing or midnight", c.WorkingDayEnds)
	case !slices.Contains([]DayEnd{"", EndsClosing, EndsMidnight}, c.SameDayEnds):
		return fmt.Errorf("the same day ends %q, want midnight or closing", c.SameDayEnds)
	}
	return nil
}

func checkHours(hours []Interval) error {
	last := 0
	for _, iv := range hours {
		if iv.From < last || iv.To <= iv.From || iv.To > 1440 {
			return fmt.Errorf("hours %s: want them in order, without overlap, from 00:00 to 24:00", iv)
		}
		last = iv.To
	}
	return nil
}

// Hours returns when c is open on d.
func (c Calendar) Hours(d Date) []Interval {
	if day, ok := c.Days[d]; ok {
		return day.Hours
	}
	return c.Week[d.Weekday()]
}

// Working reports whether d is a working day.
func (c Calendar) Working(d Date) bool { return len(c.Hours(d)) > 0 }

// Knows reports whether the holidays of a year are in c.
func (c Calendar) Knows(year int) bool { return slices.Contains(c.Years, year) }

// IsOpen reports whether c is open at t.
func (c Calendar) IsOpen(t time.Time) bool {
	t = t.In(c.Zone)
	minute := t.Hour()*60 + t.Minute()
	return slices.ContainsFunc(c.Hours(DateOf(t)), func(iv Interval) bool { return iv.From <= minute && minute < iv.To })
}

// NextOpen returns the first instant from t on at which c is open.
func (c Calendar) NextOpen(t time.Time) (opens time.Time) {
	walk(t, c.Zone, c.Hours, func(from, _ time.Time) bool {
		opens = from
		return false
	})
	return opens
}

// Between returns how long c is open from a until b; 0 if b is not after a.
func (c Calendar) Between(a, b time.Time) time.Duration { return between(a, b, c.Zone, c.Hours) }

// Add returns when l, begun at start, is over: the last instant that is still in time.
//
//   - Seconds, minutes and hours run by the wall, day and night; a day of 25 hours has 25.
//   - Working hours run while c is open.
//   - n days end n dates later at the time of day of start, n working days on the
//     n-th working day after the date of start (which does not count itself) at that
//     time, or as WorkingDayEnds says. Where the clocks skip that time, it is the
//     moment of the skip; where they repeat it, the first of the two.
//   - Years end on the same date.
//   - The same day ends with the date of start, or when it closes (after closing and
//     on a day off: when the next working day does).
//   - Immediate and AsPromised leave no time at all: start itself.
//
// The result is in UTC.
func (c Calendar) Add(start time.Time, l Limit) time.Time {
	switch l.Unit {
	case Seconds:
		return start.Add(time.Duration(l.N) * time.Second).UTC()
	case Minutes:
		return start.Add(time.Duration(l.N) * time.Minute).UTC()
	case Hours:
		return start.Add(time.Duration(l.N) * time.Hour).UTC()
	case WorkingHours:
		return c.after(start, time.Duration(l.N)*time.Hour, c.Hours)
	case Days:
		return c.daysLater(start, l.N, func(Date) bool { return true }, EndsSameTime)
	case WorkingDays:
		return c.daysLater(start, l.N, c.Working, c.WorkingDayEnds)
	case Years:
		return start.In(c.Zone).AddDate(l.N, 0, 0).UTC()
	case SameDay:
		return c.sameDay(start)
	}
	return start.UTC()
}

// daysLater returns the end of the n-th date after start's that counts.
func (c Calendar) daysLater(start time.Time, n int, counts func(Date) bool, ends DayEnd) time.Time {
	local := start.In(c.Zone)
	d := DateOf(local)
	for n > 0 {
		d = d.Next()
		if counts(d) && c.exists(d) {
			n--
		}
	}
	switch ends {
	case EndsClosing:
		return c.closing(d)
	case EndsMidnight:
		return c.midnight(d)
	}
	h, m, s := local.Clock()
	clock := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second + time.Duration(local.Nanosecond())
	return firstAt(c.Zone, d, clock)
}

func (c Calendar) sameDay(start time.Time) time.Time {
	d := DateOf(start.In(c.Zone))
	if c.SameDayEnds != EndsClosing {
		return c.midnight(d)
	}
	for {
		if c.Working(d) && c.exists(d) {
			if end := c.closing(d); end.After(start) {
				return end
			}
		}
		d = d.Next()
	}
}

// midnight returns the last microsecond of d.
func (c Calendar) midnight(d Date) time.Time {
	return firstAt(c.Zone, d.Next(), 0).Add(-time.Microsecond)
}

// closing returns when the last hours of d, which has some, are over.
func (c Calendar) closing(d Date) time.Time {
	hours := c.Hours(d)
	return firstAt(c.Zone, d, time.Duration(hours[len(hours)-1].To)*time.Minute)
}

// exists reports whether zone has a d at all: whole days were skipped when the date
// line moved.
func (c Calendar) exists(d Date) bool { return DateOf(firstAt(c.Zone, d, 0).In(c.Zone)) == d }

// after returns the first instant at which d of the time in hours has passed since start.
func (c Calendar) after(start time.Time, d time.Duration, hours func(Date) []Interval) time.Time {
	if d <= 0 {
		return start.UTC()
	}
	var end time.Time
	walk(start, c.Zone, hours, func(from, to time.Time) bool {
		if length := to.Sub(from); length < d {
			d -= length
			return true
		}
		end = from.Add(d)
		return false
	})
	return end
}

// wholeDays are the hours of a calendar whose working days never close.
func (c Calendar) wholeDays(d Date) []Interval {
	if c.Working(d) {
		return wholeDay
	}
	return nil
}

func between(a, b time.Time, zone *time.Location, hours func(Date) []Interval) (sum time.Duration) {
	if !b.After(a) {
		return 0
	}
	walk(a, zone, hours, func(from, to time.Time) bool {
		if !from.Before(b) {
			return false
		}
		if to.After(b) {
			to = b
		}
		sum += to.Sub(from)
		return to.Before(b)
	})
	return sum
}

// walk yields the open intervals from start on, in order, until yield says stop. It
// goes by stretches of one date and one offset from UTC, within which the wall clock
// runs evenly, so that changes of the clocks need no further thought. It does not end
// by itself.
func walk(start time.Time, zone *time.Location, hours func(Date) []Interval, yield func(from, to time.Time) bool) {
	for at := start.In(zone); ; {
		d := DateOf(at)
		h, m, s := at.Clock()
		sinceMidnight := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second + time.Duration(at.Nanosecond())
		midnight := at.Add(-sinceMidnight) // by the offset of now, whatever was before
		end := midnight.Add(24 * time.Hour)
		if _, change := at.ZoneBounds(); !change.IsZero() && change.Before(end) {
			end = change
		}
		for _, iv := range hours(d) {
			from, to := midnight.Add(time.Duration(iv.From)*time.Minute), midnight.Add(time.Duration(iv.To)*time.Minute)
			if from.Before(at) {
				from = at
			}
			if to.After(end) {
				to = end
			}
			if from.Before(to) && !yield(from.UTC(), to.UTC()) {
				return
			}
		}
		at = end.In(zone)
	}
}

// firstAt returns the first instant at which the wall clock of zone shows d and clock
// after midnight, or something later where it never shows that.
func firstAt(zone *time.Location, d Date, clock time.Duration) time.Time {
	wanted := d.Start(time.UTC).Add(clock)
	at := wanted.Add(-26 * time.Hour).In(zone) // before it everywhere: offsets are below 16 hours
	for {
		_, offset := at.Zone()
		_, change := at.ZoneBounds()
		shown := wanted.Add(-time.Duration(offset) * time.Second)
		if shown.Before(at) {
			shown = at
		}
		if change.IsZero() || shown.Before(change) {
			return shown.UTC()
		}
		at = change.In(zone)
	}
}
