package cases_test

import (
	"archive/zip"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shouwen/cases"
)

func hours(t interface{ Fatal(...any) }, all ...string) (hours []cases.Interval) {
	for _, s := range all {
		iv, err := cases.ParseInterval(s)
		if err != nil {
			t.Fatal(err)
		}
		hours = append(hours, iv)
	}
	return hours
}

// office is open on weekdays with a break, and in October 2026 as China is.
func office(t *testing.T) cases.Calendar {
	c := cases.Calendar{Name: "office", Zone: zone(t, "Asia/Shanghai"), Days: map[cases.Date]cases.Day{}}
	open := hours(t, "09:00-12:00", "13:30-17:30")
	for d := time.Monday; d <= time.Friday; d++ {
		c.Week[d] = open
	}
	for d := 1; d <= 7; d++ {
		c.Days[cases.Date{Year: 2026, Month: time.October, Day: d}] = cases.Day{Name: "国庆节"}
	}
	c.Days[cases.Date{Year: 2026, Month: time.October, Day: 10}] = cases.Day{Hours: open}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return c
}

func zone(t interface{ Fatal(...any) }, name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func moment(t interface{ Fatal(...any) }, z *time.Location, s string) time.Time {
	when, err := time.ParseInLocation("2006-01-02 15:04:05.999999", s, z)
	if err != nil {
		when, err = time.ParseInLocation("2006-01-02 15:04", s, z)
	}
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestCalendarAdds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		start, limit, want string
	}{
		"seconds run at night":                               {"2026-09-30 23:59", "90s", "2026-10-01 00:00:30"},
		"minutes run at night":                               {"2026-09-30 23:50", "30min", "2026-10-01 00:20"},
		"hours run over the weekend (S05-R14)":               {"2026-09-25 16:00", "24h", "2026-09-26 16:00"},
		"plain days count the weekend (S06-R18)":             {"2025-03-07 10:00", "2d", "2025-03-09 10:00"},
		"seven plain days (S24-R25)":                         {"2025-03-04 09:00", "7d", "2025-03-11 09:00"},
		"a working day over the weekend (S33-R6)":            {"2025-03-07 16:50", "1wd", "2025-03-10 16:50"},
		"two working days (S19-R7)":                          {"2025-03-06 15:00", "2wd", "2025-03-10 15:00"},
		"the holiday does not count, make-up Saturday does":  {"2026-09-30 09:00", "2wd", "2026-10-09 09:00"},
		"make-up Saturday is the third":                      {"2026-09-30 09:00", "3wd", "2026-10-10 09:00"},
		"begun on a day off: the next working day":           {"2025-03-08 11:00", "1wd", "2025-03-10 11:00"},
		"working hours skip the break":                       {"2026-09-24 11:00", "2wh", "2026-09-24 14:30"},
		"working hours end at closing, not at the next open": {"2026-09-24 09:00", "7wh", "2026-09-24 17:30"},
		"working hours over the holiday":                     {"2026-09-30 16:30", "2wh", "2026-10-08 10:00"},
		"begun before opening":                               {"2026-09-24 07:00", "1wh", "2026-09-24 10:00"},
		"the same day ends with it (S24-R25)":                {"2025-03-04 09:00", "same_day", "2025-03-04 23:59:59.999999"},
		"at once":                                            {"2025-03-04 09:00", "immediate", "2025-03-04 09:00"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := office(t)
			if got, want := c.Add(moment(t, c.Zone, tt.start), limit(t, tt.limit)), moment(t, c.Zone, tt.want); !got.Equal(want) {
				t.Errorf("%s + %s = %s, want %s", tt.start, tt.limit, got.In(c.Zone), want)
			}
		})
	}
}

func limit(t interface{ Fatal(...any) }, s string) (l cases.Limit) {
	if err := l.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestDaysEndAsTheCalendarSays(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		working, same      cases.DayEnd
		start, limit, want string
	}{
		"working days until closing":       {cases.EndsClosing, "", "2025-03-07 16:50", "1wd", "2025-03-10 17:30"},
		"working days until midnight":      {cases.EndsMidnight, "", "2025-03-07 16:50", "1wd", "2025-03-10 23:59:59.999999"},
		"the same day until closing":       {"", cases.EndsClosing, "2025-03-04 09:00", "same_day", "2025-03-04 17:30"},
		"after closing: the next closing":  {"", cases.EndsClosing, "2025-03-04 18:00", "same_day", "2025-03-05 17:30"},
		"on a day off: until Monday's end": {"", cases.EndsClosing, "2025-03-08 10:00", "same_day", "2025-03-10 17:30"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := office(t)
			c.WorkingDayEnds, c.SameDayEnds = tt.working, tt.same
			if got, want := c.Add(moment(t, c.Zone, tt.start), limit(t, tt.limit)), moment(t, c.Zone, tt.want); !got.Equal(want) {
				t.Errorf("= %s, want %s", got.In(c.Zone), want)
			}
		})
	}
}

func TestTheClocksChange(t *testing.T) {
	t.Parallel()
	berlin, apia, havana := zone(t, "Europe/Berlin"), zone(t, "Pacific/Apia"), zone(t, "America/Havana")
	tests := map[string]struct {
		zone               *time.Location
		start, limit, want string // UTC
	}{
		"hours run on over the hour that is skipped":        {berlin, "2026-03-28 22:00", "24h", "2026-03-29 22:00"},
		"a day keeps the time of day":                       {berlin, "2026-03-28 11:00", "1d", "2026-03-29 10:00"},
		"a time that is skipped is the moment of the skip":  {berlin, "2026-03-28 01:30", "1d", "2026-03-29 01:00"},
		"of a time that is repeated, the first":             {berlin, "2026-10-24 00:30", "1d", "2026-10-25 00:30"},
		"the same day has 25 hours":                         {berlin, "2026-10-25 07:00", "same_day", "2026-10-25 22:59:59.999999"},
		"a date that never was does not count (Samoa 2011)": {apia, "2011-12-29 20:00", "1d", "2011-12-30 20:00"},
		"a day that begins at one o'clock":                  {havana, "2026-03-07 05:00", "1d", "2026-03-08 05:00"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cases.Plain(tt.zone)
			if got, want := c.Add(moment(t, time.UTC, tt.start), limit(t, tt.limit)), moment(t, time.UTC, tt.want); !got.Equal(want) {
				t.Errorf("= %s, want %s", got, want)
			}
		})
	}
}

func TestCalendarOpens(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		at, next string
	}{
		"open":                   {"2026-09-24 09:00", "2026-09-24 09:00"},
		"in the break":           {"2026-09-24 12:00", "2026-09-24 13:30"},
		"at closing":             {"2026-09-24 17:30", "2026-09-25 09:00"},
		"before the holiday":     {"2026-09-30 18:00", "2026-10-08 09:00"},
		"on a make-up Saturday":  {"2026-10-10 10:00", "2026-10-10 10:00"},
		"on the Sunday after it": {"2026-10-11 10:00", "2026-10-12 09:00"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := office(t)
			when, next := moment(t, c.Zone, tt.at), moment(t, c.Zone, tt.next)
			if got := c.NextOpen(when); !got.Equal(next) {
				t.Errorf("next open %s, want %s", got.In(c.Zone), next)
			}
			if got, want := c.IsOpen(when), when.Equal(next); got != want {
				t.Errorf("open = %v, want %v", got, want)
			}
		})
	}
	c := office(t)
	if got, want := c.Between(moment(t, c.Zone, "2026-09-30 12:30"), moment(t, c.Zone, "2026-10-08 10:15")), 5*time.Hour+15*time.Minute; got != want {
		t.Errorf("between = %s, want %s", got, want)
	}
}

func TestCalendarCheck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*cases.Calendar)
		want   string
	}{
		"no zone":        {func(c *cases.Calendar) { c.Zone = nil }, "zone"},
		"never open":     {func(c *cases.Calendar) { c.Week = [7][]cases.Interval{} }, "no day of the week"},
		"overlap":        {func(c *cases.Calendar) { c.Week[1] = []cases.Interval{{540, 720}, {700, 800}} }, "Monday: hours 11:40-13:20"},
		"empty interval": {func(c *cases.Calendar) { c.Week[2] = []cases.Interval{{540, 540}} }, "Tuesday"},
		"of a date": {func(c *cases.Calendar) {
			c.Days[cases.Date{Year: 2026, Month: 1, Day: 2}] = cases.Day{Hours: []cases.Interval{{0, 1500}}}
		}, "2026-01-02"},
		"end of day":  {func(c *cases.Calendar) { c.WorkingDayEnds = "never" }, "never"},
		"same day":    {func(c *cases.Calendar) { c.SameDayEnds = cases.EndsSameTime }, "same day"},
		"nothing bad": {func(*cases.Calendar) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := office(t)
			tt.change(&c)
			switch err := c.Check(); {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error = %v, want %q in it", err, tt.want)
			}
		})
	}
	for _, s := range []string{"", "9-12", "9:00-12:00", "09:00-24:01", "12:00-09:00", "09:00-09:00", "09:60-10:00", "-1:00-02:00", "09:00-12:00x"} {
		if iv, err := cases.ParseInterval(s); err == nil {
			t.Errorf("%q is read as %s", s, iv)
		}
	}
	for _, s := range []string{"", "min", "0min", "-3d", "3", "3 d", "1.5h", "3weeks", "100001d", "3same_day", "soon"} {
		var l cases.Limit
		if err := l.UnmarshalText([]byte(s)); err != nil || l.Check() == nil {
			t.Errorf("%q is read as %s (%v)", s, l, err)
		}
	}
}

// TestCalendarAgreesWithTheWallClock steps a wall clock through a few days, most
// often those on which the clocks of some zone change, and counts.
func TestCalendarAgreesWithTheWallClock(t *testing.T) {
	t.Parallel()
	names := zones(t)
	rapid.Check(t, func(t *rapid.T) {
		c := drawCalendar(t, names)
		start := drawStart(t, c.Zone)
		c.WorkingDayEnds = rapid.SampledFrom([]cases.DayEnd{"", cases.EndsClosing, cases.EndsMidnight}).Draw(t, "working day ends")
		c.SameDayEnds = rapid.SampledFrom([]cases.DayEnd{"", cases.EndsClosing}).Draw(t, "same day ends")
		l := cases.Limit{N: rapid.IntRange(1, 5).Draw(t, "n"), Unit: rapid.SampledFrom([]cases.Unit{
			cases.Minutes, cases.Hours, cases.WorkingHours, cases.Days, cases.WorkingDays, cases.SameDay}).Draw(t, "unit")}
		if l.Unit == cases.SameDay {
			l.N = 0
		}
		w := wallClock{c, start}

		if got, want := c.Add(start, l), w.add(l); !got.Equal(want) {
			t.Errorf("%s + %s = %s, the wall clock says %s", start, l, got.In(c.Zone), want)
		}
		if got, want := c.NextOpen(start), w.nextOpen(); !got.Equal(want) {
			t.Errorf("after %s opens %s, the wall clock says %s", start, got.In(c.Zone), want)
		}
		end := start.Add(time.Duration(rapid.IntRange(0, 4*24*60).Draw(t, "minutes")) * time.Minute)
		if got, want := c.Between(start, end), w.until(end); got != want {
			t.Errorf("from %s to %s: %s, the wall clock says %s", start, end, got, want)
		}
	})
}

// wallClock is the slow truth: a clock on a wall, looked at again and again.
type wallClock struct {
	cases.Calendar
	start time.Time
}

const tick = 30 * time.Second // Liberia was 44 minutes and 30 seconds behind until 1972

func (w wallClock) shows(at time.Time) bool {
	at = at.In(w.Zone)
	minute := at.Hour()*60 + at.Minute()
	for _, iv := range w.Hours(cases.DateOf(at)) {
		if iv.From <= minute && minute < iv.To {
			return true
		}
	}
	return false
}

func (w wallClock) nextOpen() time.Time {
	at := w.start
	for !w.shows(at) {
		at = at.Add(tick)
	}
	return at
}

func (w wallClock) until(end time.Time) (open time.Duration) {
	for at := w.start; at.Before(end); at = at.Add(tick) {
		if w.shows(at) {
			open += tick
		}
	}
	return open
}

func (w wallClock) add(l cases.Limit) time.Time {
	var passed time.Duration
	last, due, days := w.start.In(w.Zone).Format(time.DateOnly), "", 0
	if l.Unit == cases.SameDay {
		return w.sameDay()
	}
	for at := w.start; ; at = at.Add(tick) {
		local := at.In(w.Zone)
		today := local.Format(time.DateOnly)
		switch l.Unit {
		case cases.Minutes, cases.Hours, cases.WorkingHours:
			unit := time.Hour
			if l.Unit == cases.Minutes {
				unit = time.Minute
			}
			if passed == time.Duration(l.N)*unit {
				return at
			}
			if l.Unit != cases.WorkingHours || w.shows(at) {
				passed += tick
			}
		default:
			if today > last {
				last = today
				if l.Unit == cases.Days || w.Working(cases.DateOf(local)) {
					days++
				}
				if days == l.N && due == "" {
					due = today + w.start.In(w.Zone).Format(" 15:04:05")
					if l.Unit == cases.WorkingDays && w.WorkingDayEnds != "" {
						due = w.end(cases.DateOf(local), w.WorkingDayEnds)
					}
				}
			}
			if due != "" && local.Format("2006-01-02 15:04:05") >= due {
				return w.justBefore(at, l.Unit == cases.WorkingDays && w.WorkingDayEnds == cases.EndsMidnight)
			}
		}
	}
}

// end is what the wall clock shows when a day is over.
func (w wallClock) end(d cases.Date, how cases.DayEnd) string {
	if how == cases.EndsMidnight {
		return d.Next().String() + " 00:00:00"
	}
	hours := w.Hours(d)
	to := hours[len(hours)-1].To
	if to == 1440 {
		return d.Next().String() + " 00:00:00"
	}
	return fmt.Sprintf("%s %02d:%02d:00", d, to/60, to%60)
}

// justBefore is the last instant of a day that at is no longer part of.
func (wallClock) justBefore(at time.Time, midnight bool) time.Time {
	if midnight {
		return at.Add(-time.Microsecond)
	}
	return at
}

func (w wallClock) sameDay() time.Time {
	last := ""
	for at := w.start; ; at = at.Add(tick) {
		local := at.In(w.Zone)
		d := cases.DateOf(local)
		if d.String() <= last {
			continue
		}
		last = d.String()
		if w.SameDayEnds != cases.EndsClosing {
			return w.justBefore(w.firstShows(at, w.end(d, cases.EndsMidnight)), true)
		}
		if w.Working(d) {
			if closes := w.firstShows(at, w.end(d, cases.EndsClosing)); closes.After(w.start) {
				return closes
			}
		}
	}
}

// firstShows looks, from a day before at on, for the first time the wall clock shows
// something or is past it.
func (w wallClock) firstShows(at time.Time, date string) time.Time {
	at = at.Add(-27 * time.Hour)
	for at.In(w.Zone).Format("2006-01-02 15:04:05") < date {
		at = at.Add(tick)
	}
	return at
}

func drawCalendar(t *rapid.T, names []string) cases.Calendar {
	c := cases.Calendar{Zone: zone(t, rapid.SampledFrom(names).Draw(t, "zone"))}
	for d := range c.Week {
		c.Week[d] = drawHours(t)
	}
	c.Week[rapid.IntRange(0, 6).Draw(t, "open")] = hours(t, "00:30-02:30", "22:00-24:00")
	return c
}

func drawHours(t *rapid.T) (hours []cases.Interval) {
	from := 0
	for range rapid.IntRange(0, 3).Draw(t, "intervals") {
		iv := cases.Interval{From: from + rapid.IntRange(0, 300).Draw(t, "from")}
		iv.To = iv.From + rapid.IntRange(1, 300).Draw(t, "to")
		if iv.To > 1440 {
			break
		}
		hours, from = append(hours, iv), iv.To
	}
	return hours
}

// drawStart draws a whole minute of zone's wall clock from 1970 to 2040.
func drawStart(t *rapid.T, zone *time.Location) time.Time {
	years := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	at := time.Unix(rapid.Int64Range(0, years).Draw(t, "start"), 0).In(zone)
	if _, change := at.ZoneBounds(); !change.IsZero() && change.Unix() < years && rapid.IntRange(0, 3).Draw(t, "near") > 0 {
		at = change.Add(-time.Duration(rapid.IntRange(0, 3*24*3600).Draw(t, "before")) * time.Second).In(zone)
	}
	return at.Add(-time.Duration(at.Second()) * time.Second)
}

// zones names every zone of the Go distribution, or of the machine.
func zones(t *testing.T) (names []string) {
	root, _ := exec.Command("go", "env", "GOROOT").Output()
	if z, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip")); err == nil {
		defer z.Close()
		for _, f := range z.File {
			if !strings.HasSuffix(f.Name, "/") {
				names = append(names, f.Name)
			}
		}
	}
	if len(names) < 100 {
		names = []string{"Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Pacific/Kwajalein",
			"Africa/Monrovia", "America/St_Johns", "Asia/Beirut", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"}
		t.Logf("no list of zones, using %d", len(names))
	}
	return names
}
