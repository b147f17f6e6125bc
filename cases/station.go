package cases

import "time"

// Station is where somebody has to be on post in working hours, one person at least
// (S24-R15, S08-R3).
type Station struct {
	Of    StationKind
	Name  string
	Users []string // any of whom will do
}

// StationKind is what a station is.
type StationKind string

// The kinds of stations.
const (
	StationPost       StationKind = "post" // of the directory, with its stand-ins
	StationQueue      StationKind = "queue"
	StationDepartment StationKind = "department"
)

// Gap is a time in which nobody was on post at a station, longer than the policy lets it
// be.
type Gap struct {
	Of    StationKind
	Name  string
	From  time.Time
	Told  time.Time // when the supervisors were
	Until time.Time // zero: it goes on
}

var stationKinds = vocabulary[StationKind]{
	StationPost: {"岗位", "post"}, StationQueue: {"队列", "queue"}, StationDepartment: {"部门", "department"},
}

// Words return what the kind is called.
func (k StationKind) Words() Words { return stationKinds.of(k) }

// gapColumns are those of the register of gaps.
func (r Reader) gapColumns(f Form) (all []Column) {
	for _, w := range []Words{{"类别", "kind"}, {"岗位", "station"}, {"空岗开始", "empty from"}, {"空岗结束", "until"}, {"告知主管", "supervisors told"}} {
		all = append(all, Column{Title: w.In(r.Language), Rules: f.Rules})
	}
	return all
}

// GapLine is the line of a gap, in the order of its columns.
func (r Reader) GapLine(g Gap) []string {
	name := g.Name
	if g.Of == StationDepartment {
		name = r.Title(name)
	}
	line := []string{g.Of.Words().In(r.Language), name, r.when(g.From), "", r.when(g.Told)}
	if !g.Until.IsZero() {
		line[3] = r.when(g.Until)
	}
	return line
}
