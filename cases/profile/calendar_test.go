package profile_test

import (
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/profile"
)

func shanghai(t *testing.T) *time.Location {
	z, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func date(t *testing.T, s string) cases.Date {
	d, err := cases.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestChinaWorksAsManyDaysAsAnnounced counts: a wrong date in the data shows.
func TestChinaWorksAsManyDaysAsAnnounced(t *testing.T) {
	t.Parallel()
	c, err := profile.Calendar("china", shanghai(t))
	if err != nil {
		t.Fatal(err)
	}
	// Days of the year, less Saturdays and Sundays, less public holidays of the law
	// (11 until 2024, 13 since): make-up days only move days off. A holiday of the law
	// on a weekend that is not made up for elsewhere counts as a day off once.
	for year, want := range map[int]int{2024: 251, 2025: 248, 2026: 248} {
		working := 0
		for d := (cases.Date{Year: year, Month: 1, Day: 1}); d.Year == year; d = d.Next() {
			if c.Working(d) {
				working++
			}
		}
		if working != want || !c.Knows(year) {
			t.Errorf("%d has %d working days (known: %v), want %d", year, working, c.Knows(year), want)
		}
	}
	if c.Knows(2027) {
		t.Error("2027 is said to be known: enter its notice")
	}
	for s, want := range map[string]bool{
		"2024-02-09": true, "2024-02-10": false, "2024-02-18": true, "2024-10-12": true,
		"2025-01-26": true, "2025-01-27": true, "2025-10-08": false, "2025-10-09": true, "2025-10-11": true,
		"2026-01-02": false, "2026-01-04": true, "2026-02-23": false, "2026-09-20": true, "2026-10-07": false, "2026-10-10": true,
	} {
		if got := c.Working(date(t, s)); got != want {
			t.Errorf("%s: working = %v, want %v", s, got, want)
		}
	}
	if d := c.Days[date(t, "2026-02-16")]; d.Name != "春节" {
		t.Errorf("2026-02-16 is %q", d.Name)
	}
}

func TestOwnCalendarExtendsChina(t *testing.T) {
	t.Parallel()
	c, err := profile.LoadCalendar([]byte(`
name: hall
extends: china
zone: Asia/Urumqi
working_day_ends: closing
week:
  mon-fri: [10:00-13:00, 15:00-19:00]
  sat: [10:00-13:00]
years: [2027]
days:
  2026-10-10: {name: 停电}
  2027-02-05..2027-02-11: {name: 春节}
  2027-02-13: {name: 春节, work: true}
  2026-12-24: {hours: ["10:00-11:00"]}
`), shanghai(t))
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "hall" || c.Zone.String() != "Asia/Urumqi" || c.WorkingDayEnds != cases.EndsClosing || !c.Knows(2027) || !c.Knows(2026) {
		t.Errorf("calendar = %s in %s, working days end %s, years %v", c.Name, c.Zone, c.WorkingDayEnds, c.Years)
	}
	for s, want := range map[string]string{
		"2026-10-10": "[]", "2026-10-09": "[10:00-13:00 15:00-19:00]", "2026-09-20": "[10:00-13:00 15:00-19:00]",
		"2027-02-06": "[]", "2027-02-13": "[10:00-13:00 15:00-19:00]", "2026-12-24": "[10:00-11:00]",
		"2026-12-05": "[10:00-13:00]", "2026-12-06": "[]",
	} {
		if got := hoursOf(c, date(t, s)); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
	}
}

func hoursOf(c cases.Calendar, d cases.Date) string {
	var all []string
	for _, iv := range c.Hours(d) {
		all = append(all, iv.String())
	}
	return "[" + strings.Join(all, " ") + "]"
}

func TestCalendarErrorsSayWhere(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ yaml, want string }{
		"empty":             {"", "[1:1] is empty"},
		"unknown key":       {"name: x\nhoiday: 1\n", "[2:1]"},
		"bad weekday":       {"week:\n  monday: [09:00-17:00]\n", "[2:3] no weekday"},
		"backwards":         {"week:\n  fri-mon: [09:00-17:00]\n", "[2:3] no weekday"},
		"twice":             {"week:\n  mon-fri: [09:00-17:00]\n  wed: []\n", "[3:3] Wednesday has hours already"},
		"bad hours":         {"week:\n  mon: [09:00-17:00, 18-19]\n", "[2:22] \"18-19\" is no part of a day"},
		"overlap":           {"week:\n  mon: [09:00-17:00, 16:00-18:00]\n", "[2:22] 16:00-18:00 is not after"},
		"without quotes":    {"week: {mon: [09:00-17:00]}\n", "[1:16] within braces hours need quotes"},
		"hours not a list":  {"week: {mon: 09:00-17:00}\n", "want a list of hours"},
		"bad date":          {"week: {mon: []}\ndays:\n  2026-02-30: {name: x}\n", "[3:3] \"2026-02-30\" is no date"},
		"range backwards":   {"days:\n  2026-02-03..2026-02-01: {name: x}\n", "[2:3]"},
		"too long a range":  {"days:\n  2026-02-03..2126-02-01: {name: x}\n", "at most a year"},
		"unknown of a day":  {"days:\n  2026-02-03: {nme: x}\n", "[2:16]"},
		"days a list":       {"days: [2026-02-03]\n", "[1:7]"},
		"unknown zone":      {"zone: Mars/Olympus\nextends: china\n", "Mars/Olympus"},
		"no make_up":        {"week: {mon: []}\ndays: {2026-02-03: {work: true}}\n", "say with make_up"},
		"never open":        {"name: x\n", "no day of the week has hours"},
		"extends unknown":   {"extends: atlantis\n", "want one of china"},
		"anchors":           {"week: {mon: &a [09:00-17:00], tue: *a}\n", "anchors"},
		"brackets":          {"week: " + strings.Repeat("[", 500) + "\n", "within each other"},
		"two documents":     {"extends: china\n---\nextends: china\n", "more than one document"},
		"end of the day":    {"extends: china\nworking_day_ends: late\n", "late"},
		"far too much text": {strings.Repeat("#\n", 200<<10), "KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := profile.LoadCalendar([]byte(tt.yaml), shanghai(t)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q in it", err, tt.want)
			}
		})
	}
}

// TestHoursOfTheRules: round the clock (S17-R12), and early and late when people are at
// home (S22-R5), with a holiday evening by appointment (S24-R16).
func TestHoursOfTheRules(t *testing.T) {
	t.Parallel()
	duty, err := profile.LoadCalendar([]byte("name: duty\nweek:\n  mon-sun: [00:00-24:00]\n"), shanghai(t))
	if err != nil {
		t.Fatal(err)
	}
	village, err := profile.LoadCalendar([]byte("extends: china\nweek:\n  mon-fri: [06:30-08:30, 18:00-21:00]\ndays:\n  2026-10-03: {name: 预约, hours: [\"19:00-20:00\"]}\n"), shanghai(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		c    cases.Calendar
		at   string
		open bool
	}{
		{duty, "2026-10-01 03:00", true}, {duty, "2026-12-31 23:59", true},
		{village, "2026-09-24 07:00", true}, {village, "2026-09-24 10:00", false}, {village, "2026-09-24 20:59", true}, {village, "2026-09-24 21:00", false},
		{village, "2026-10-02 19:30", false}, {village, "2026-10-03 19:30", true}, {village, "2026-10-10 07:00", true},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", tt.at, tt.c.Zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.c.IsOpen(at); got != tt.open {
			t.Errorf("%s at %s: open = %v", tt.c.Name, tt.at, got)
		}
	}
}
