package profile

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"shouwen/cases"
)

//go:embed calendars
var calendars embed.FS

// calendarFile is a calendar in YAML.
type calendarFile struct {
	Name    string    `yaml:"name"`
	Extends string    `yaml:"extends"` // a calendar that comes with Shouwen; what stands here overrides it
	Zone    string    `yaml:"zone"`    // by default that of the installation
	Week    weekHours `yaml:"week"`
	MakeUp  string    `yaml:"make_up"` // weekday whose hours a make-up working day has
	Years   []int     `yaml:"years"`   // whose holidays are all here
	Days    dayList   `yaml:"days"`

	WorkingDayEnds cases.DayEnd `yaml:"working_day_ends"`
	SameDayEnds    cases.DayEnd `yaml:"same_day_ends"`
}

// weekHours are hours by weekday: mon, or mon-fri.
type weekHours map[time.Weekday][]cases.Interval

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (w *weekHours) UnmarshalYAML(n ast.Node) error {
	m, ok := n.(ast.MapNode)
	if !ok {
		return refuse(n, "want weekdays with their hours, like mon-fri: [09:00-17:00]")
	}
	*w = weekHours{}
	for entries := m.MapRange(); entries.Next(); {
		first, last, isRange := strings.Cut(word(entries.Key()), "-")
		if !isRange {
			last = first
		}
		from, to := slices.Index(weekdays, first), slices.Index(weekdays, last)
		if from < 0 || to < from {
			return refuse(entries.Key(), "no weekday %q; write it like mon or mon-fri, the week begins with mon", word(entries.Key()))
		}
		var hours hourList
		if err := hours.UnmarshalYAML(entries.Value()); err != nil {
			return err
		}
		for i := from; i <= to; i++ {
			d := time.Weekday((i + 1) % 7)
			if _, twice := (*w)[d]; twice {
				return refuse(entries.Key(), "%s has hours already", d)
			}
			(*w)[d] = hours
		}
	}
	return nil
}

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// hourList are the hours of a day.
type hourList []cases.Interval

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (h *hourList) UnmarshalYAML(n ast.Node) error {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return refuse(n, "want a list of hours, like [09:00-12:00, 13:00-17:00], or [] for closed")
	}
	*h = hourList{}
	for _, v := range list.Values {
		if word(v) == "" { // inside braces the parser takes 09:00 for a key and its value
			return refuse(v, "within braces hours need quotes, like {hours: [\"09:00-12:00\"]}")
		}
		iv, err := cases.ParseInterval(word(v))
		if err != nil {
			return refuse(v, "%s", err)
		}
		if last := len(*h) - 1; last >= 0 && iv.From < (*h)[last].To {
			return refuse(v, "%s is not after %s", iv, (*h)[last])
		}
		*h = append(*h, iv)
	}
	return nil
}

// dayList are dates that do not follow the week, in the order of the file.
type dayList []struct {
	first, last cases.Date
	day         dayEntry
}

type dayEntry struct {
	Name  string   `yaml:"name"`
	Work  bool     `yaml:"work"`  // a make-up working day, with the hours of make_up unless it has its own
	Hours hourList `yaml:"hours"` // none and no work: closed
}

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (l *dayList) UnmarshalYAML(n ast.Node) error {
	m, ok := n.(ast.MapNode)
	if !ok {
		return refuse(n, "want dates, like 2026-10-01: {name: 国庆节} or 2026-10-01..2026-10-07: {name: 国庆节}")
	}
	for entries := m.MapRange(); entries.Next(); {
		from, to, isRange := strings.Cut(word(entries.Key()), "..")
		if !isRange {
			to = from
		}
		first, err := cases.ParseDate(from)
		if err != nil {
			return refuse(entries.Key(), "%s", err)
		}
		last, err := cases.ParseDate(to)
		if err != nil {
			return refuse(entries.Key(), "%s", err)
		}
		if days := int(last.Start(time.UTC).Sub(first.Start(time.UTC)).Hours() / 24); days < 0 || days > 366 {
			return refuse(entries.Key(), "from %s to %s are %d days, want at most a year", first, last, days+1)
		}
		var day dayEntry
		if err := yaml.NodeToValue(entries.Value(), &day, yaml.Strict()); err != nil {
			return err
		}
		*l = append(*l, struct {
			first, last cases.Date
			day         dayEntry
		}{first, last, day})
	}
	return nil
}

// Calendars names the calendars that come with Shouwen.
func Calendars() (names []string) {
	files, err := calendars.ReadDir("calendars")
	if err != nil {
		panic(err) // embedded
	}
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), ".yaml"))
	}
	return names
}

// Calendar returns a calendar that comes with Shouwen, in zone.
func Calendar(name string, zone *time.Location) (cases.Calendar, error) {
	b, err := embeddedCalendar(name)
	if err != nil {
		return cases.Calendar{}, err
	}
	return LoadCalendar(b, zone)
}

func embeddedCalendar(name string) ([]byte, error) {
	if !slices.Contains(Calendars(), name) {
		return nil, fmt.Errorf("no calendar %q comes with Shouwen, want one of %s", name, strings.Join(Calendars(), ", "))
	}
	return calendars.ReadFile("calendars/" + name + ".yaml")
}

// LoadCalendar reads a calendar from YAML; zone is used unless it names its own.
// Errors name line and column. The result has passed Check.
func LoadCalendar(b []byte, zone *time.Location) (cases.Calendar, error) {
	var f calendarFile
	if err := decode(b, &f); err != nil {
		return cases.Calendar{}, fmt.Errorf("calendar: %w", err)
	}
	if f.Extends != "" {
		base, err := embeddedCalendar(f.Extends)
		if err != nil {
			return cases.Calendar{}, fmt.Errorf("calendar: extends: %w", err)
		}
		below := calendarFile{}
		if err := decode(base, &below); err != nil {
			return cases.Calendar{}, fmt.Errorf("calendar %s: %w", f.Extends, err)
		}
		f = f.over(below)
	}
	c, err := f.calendar(zone)
	if err != nil {
		return c, fmt.Errorf("calendar: %w", err)
	}
	if err := c.Check(); err != nil {
		return c, fmt.Errorf("calendar %s: %w", c.Name, err)
	}
	return c, nil
}

// over returns f with what it leaves open from below.
func (f calendarFile) over(below calendarFile) calendarFile {
	week := maps.Clone(below.Week)
	maps.Copy(week, f.Week)
	f.Week = week
	f.Days = slices.Concat(below.Days, f.Days)
	f.Years = slices.Concat(below.Years, f.Years)
	for own, base := range map[*string]string{&f.Name: below.Name, &f.MakeUp: below.MakeUp, &f.Zone: below.Zone} {
		if *own == "" {
			*own = base
		}
	}
	return f
}

func (f calendarFile) calendar(zone *time.Location) (cases.Calendar, error) {
	c := cases.Calendar{Name: f.Name, Zone: zone, Years: f.Years, Days: map[cases.Date]cases.Day{},
		WorkingDayEnds: f.WorkingDayEnds, SameDayEnds: f.SameDayEnds}
	if f.Zone != "" {
		z, err := time.LoadLocation(f.Zone)
		if err != nil {
			return c, fmt.Errorf("zone %q is none; write it like Asia/Shanghai", f.Zone)
		}
		c.Zone = z
	}
	for d, hours := range f.Week {
		c.Week[d] = hours
	}
	like := slices.Index(weekdays, f.MakeUp)
	for _, r := range f.Days {
		day := cases.Day{Name: r.day.Name, Hours: r.day.Hours}
		if r.day.Work && len(day.Hours) == 0 {
			if like < 0 {
				return c, fmt.Errorf("%s is a make-up working day: give it hours, or say with make_up whose hours it has (mon to sun)", r.first)
			}
			day.Hours = c.Week[(like+1)%7]
		}
		for d := r.first; ; d = d.Next() {
			c.Days[d] = day
			if d == r.last {
				break
			}
		}
	}
	return c, nil
}
