// Package day plays a working day of a hotline against a running Shouwen, faster than
// a day is: callers, agents and departments with real phones, their work over the API.
// What it counts of what happened has to equal the figures of the server.
package day

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// A day of work: callers may call for Length, who is at work goes home Overtime later
// and leaves what is not done.
const (
	Length   = 9 * time.Hour
	Overtime = time.Hour
)

// Config is what a day is planned from.
type Config struct {
	Seed       uint64     // of all chance
	Calls      int        // of callers with something new; those who call again come on top
	Categories []Category // what they call about; at least two, of two departments
}

// Category is a subject of callers, and the department that is competent.
type Category struct {
	Name       string `json:"name"`
	Department string `json:"department"`
}

// Plan is a day before it happens. It is a function of its Config alone.
type Plan struct {
	Contacts []Contact // in the order of At
	Late     string    // department that takes its time more often than others
}

// Contact is somebody who calls, and what is to become of his matter. All times are
// those of a real day.
type Contact struct {
	Number   string        // of the caller, E.164; on days of neighbouring seeds others call
	At       time.Duration // since the hotline opened
	Course   Course
	Category Category
	Class    string   // of the profile: how grave it is
	Asked    []string // departments that get the case first, and give it back

	First     Phone         // what the first phone does that rings for him
	Ignored   bool          // no phone is picked up for him while he waits
	PickUp    time.Duration // how long a phone rings
	Patience  time.Duration // he hangs up after having waited so long; 0: he waits
	Talk      time.Duration // with each agent
	Hold      time.Duration // on hold meanwhile; 0: he is not
	AgentEnds bool          // the agent hangs up, not he

	Work      Work
	Satisfied int   // what he says when he is visited, 1 to 5; 0: nothing
	Back      []int // what his phone answers to callbacks, SIP status by status; after them, and without, 200
}

// Phone is what a phone does that rings.
type Phone string

// What phones do.
const (
	Answers  Phone = "answers"
	Rings    Phone = "rings" // in vain
	Declines Phone = "declines"
)

// Work is how long people take, each step from the one before.
type Work struct {
	Register   time.Duration // after the call
	HandOver   time.Duration
	Accept     time.Duration
	Report     time.Duration
	Enter      time.Duration
	Reply      time.Duration
	Visit      time.Duration
	CallBack   time.Duration // a caller nobody answered
	CallAgain  time.Duration // he himself, after the call
	AnswerBack time.Duration // to being pressed
}

// limits are those of the profile the day is played under; see profile.yaml.
var limits = struct{ register, accept, handle, enter, reply, visit, callBack, press time.Duration }{
	20 * time.Minute, time.Hour, 2 * time.Hour, time.Hour, 4 * time.Hour, 2 * time.Hour, 30 * time.Minute, time.Hour,
}

// New plans a day.
func New(c Config) (Plan, error) {
	if c.Calls < len(courses) {
		return Plan{}, fmt.Errorf("%d calls: want at least %d, one for everything that happens on a day", c.Calls, len(courses))
	}
	departments := departmentsOf(c.Categories)
	if len(departments) < 3 {
		return Plan{}, fmt.Errorf("categories of %d departments: want three, so that a case can be given back twice", len(departments))
	}
	d := dice{rand.New(rand.NewPCG(c.Seed, 0))}
	p := Plan{Late: departments[d.IntN(len(departments))]}
	for i, course := range d.courses(c.Calls) {
		p.Contacts = append(p.Contacts, d.contact(c, p, i, course, departments))
	}
	early(p.Contacts)
	slices.SortStableFunc(p.Contacts, func(a, b Contact) int { return cmp.Compare(a.At, b.At) })
	return p, nil
}

// morning is how long after the hotline has opened somebody calls early.
const morning = Length / 4

// early has those call early whose matter takes most of the day: they change places with
// others who do.
func early(all []Contact) {
	long := []Course{Disputed, Overruled, ComesAgain}
	for i := range all {
		if !slices.Contains(long, all[i].Course) || all[i].At < morning {
			continue
		}
		j := slices.IndexFunc(all, func(k Contact) bool { return k.At < morning && !slices.Contains(long, k.Course) })
		if j < 0 {
			return // nobody does
		}
		all[i].At, all[j].At = all[j].At, all[i].At
	}
}

func departmentsOf(all []Category) (names []string) {
	for _, c := range all {
		if !slices.Contains(names, c.Department) {
			names = append(names, c.Department)
		}
	}
	return names
}

// dice are the chance of a day.
type dice struct{ *rand.Rand }

// around returns about mean: from a half to one and a half of it.
func (d dice) around(mean time.Duration) time.Duration {
	return mean/2 + time.Duration(d.Int64N(int64(mean)))
}

// within returns a time in which something due within limit is done comfortably.
func (d dice) within(limit time.Duration) time.Duration { return d.around(limit / 4) }

// after returns a time in which it is not done.
func (d dice) after(limit time.Duration) time.Duration { return limit + d.around(limit/2) }

func (d dice) one(in int) bool { return d.IntN(in) == 0 }

// contact is the i-th of those who call.
func (d dice) contact(c Config, p Plan, i int, course Course, departments []string) Contact {
	k := Contact{
		Number: fmt.Sprintf("+86105%07d", (c.Seed%9+1)*1_000_000+uint64(i)), At: d.arrival(), Course: course,
		Category: c.Categories[d.IntN(len(c.Categories))],
		First:    Answers, PickUp: d.around(5 * time.Second), Talk: d.talk(), AgentEnds: d.one(4),
		Satisfied: []int{5, 5, 5, 5, 4, 4, 4, 4, 3, 0}[d.IntN(10)],
		Work: Work{
			Register: d.around(4 * time.Minute), HandOver: d.around(3 * time.Minute), Accept: d.within(limits.accept), Report: d.within(limits.handle),
			Enter: d.within(limits.enter), Reply: d.around(10 * time.Minute), Visit: d.within(limits.visit),
			CallBack: d.within(limits.callBack), CallAgain: d.around(time.Hour), AnswerBack: d.within(limits.press),
		},
	}
	if d.one(5) {
		k.Hold = d.around(time.Minute)
	}
	if k.Category.Department == p.Late && d.one(3) {
		k.Work.Accept, k.Work.Report = d.after(limits.accept), d.after(limits.handle)
	}
	others := slices.DeleteFunc(slices.Clone(departments), func(name string) bool { return name == k.Category.Department })
	d.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	courses[course].plan(d, &k, others)
	k.Class = classes[[]int{0, 0, 0, 0, 0, 0, 1, 1, 1, 2}[d.IntN(10)]]
	return k
}

// classes are those of the profile the day is played under, the gravest last; see
// profile.yaml. A case that nobody has classified is of the first.
var classes = []string{"ordinary", "urgent", major}

const major = "major"

// talk is log-normal, as talk times are, with a mean of two and a half minutes.
func (d dice) talk() time.Duration {
	const mean = 150 * time.Second
	return min(time.Duration(float64(mean)*d.logNormal(0.5)), 4*mean)
}
