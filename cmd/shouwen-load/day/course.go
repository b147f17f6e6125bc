package day

import (
	"maps"
	"slices"
	"time"
)

// Course is what becomes of a caller's matter.
type Course string

// The courses.
const (
	AtOnce      Course = "at_once"      // who picks up answers him
	Warm        Course = "warm"         // is passed on by phone, announced
	Blind       Course = "blind"        // is passed on by phone, unannounced
	ComesBack   Course = "comes_back"   // is passed on, and nobody is there: he comes back
	InWriting   Course = "in_writing"   // goes to the department
	Late        Course = "late"         // goes to the department, which lets its clocks run out
	GivenBack   Course = "given_back"   // goes to a department that is not competent
	Disputed    Course = "disputed"     // goes to two of them, and then to the arbiter
	Overruled   Course = "overruled"    // is given back by the competent department, too, and by the arbiter to it again
	Extended    Course = "extended"     // takes longer, with leave
	Promised    Course = "promised"     // is promised by a time, and kept
	Broken      Course = "broken"       // is promised, and not kept in time
	Unsolved    Course = "unsolved"     // is not settled, as the return visit finds out
	CallsAgain  Course = "calls_again"  // has him call again, about a case the department leaves lying
	ComesAgain  Course = "comes_again"  // is answered at once, and comes up again the same day
	GivesUp     Course = "gives_up"     // he hangs up while he waits, and is called back
	Unreachable Course = "unreachable"  // he hangs up, and no callback reaches him
	Forgotten   Course = "forgotten"    // he hangs up, and is called back too late
	TakesPlace  Course = "takes_place"  // he keeps his place in line for a callback
	FirstMisses Course = "first_misses" // the first phone rings in vain; then it is answered at once
	FirstBusy   Course = "first_busy"   // the first phone declines; likewise
)

// courses are how many of a hundred callers take each course, and what is special
// about one who does. Others are other departments than the competent one.
var courses = map[Course]struct {
	share int
	plan  func(d dice, k *Contact, others []string)
}{
	AtOnce: {40, func(d dice, k *Contact, _ []string) {
		k.Patience = time.Duration(float64(4*time.Minute) * d.logNormal(0.7)) // of many he who has least gives up on a busy morning
	}},
	FirstMisses: {3, func(_ dice, k *Contact, _ []string) { k.First = Rings }},
	FirstBusy:   {2, func(_ dice, k *Contact, _ []string) { k.First = Declines }},
	Warm:        {6, func(dice, *Contact, []string) {}},
	Blind:       {3, func(dice, *Contact, []string) {}},
	ComesBack:   {2, func(dice, *Contact, []string) {}},
	InWriting:   {17, func(dice, *Contact, []string) {}},
	Late:        {2, late},
	GivenBack:   {3, func(_ dice, k *Contact, others []string) { k.Asked = others[:1] }},
	Disputed:    {1, func(_ dice, k *Contact, others []string) { k.Asked = others[:2] }},
	Overruled: {1, func(_ dice, k *Contact, others []string) {
		k.Asked = []string{others[0], k.Category.Department}
	}},
	Extended: {2, func(d dice, k *Contact, _ []string) {
		k.Work.Accept, k.Work.Report = d.within(limits.accept), d.after(limits.handle)
	}},
	Promised: {3, func(d dice, k *Contact, _ []string) { k.Work.Reply = d.within(promisedIn) }},
	Broken:   {1, func(d dice, k *Contact, _ []string) { k.Work.Reply = d.after(promisedIn) }},
	Unsolved: {3, func(d dice, k *Contact, _ []string) { k.Satisfied = 1 + d.IntN(2) }},
	CallsAgain: {2, func(d dice, k *Contact, _ []string) {
		k.Work.Accept, k.Work.Report = d.after(limits.accept), 3*limits.handle
	}},
	ComesAgain: {2, func(dice, *Contact, []string) {}},
	GivesUp:    {3, impatient},
	Unreachable: {1, func(d dice, k *Contact, others []string) {
		impatient(d, k, others)
		k.Back = []int{busyHere, temporarilyUnavailable, temporarilyUnavailable}
	}},
	Forgotten: {1, func(d dice, k *Contact, others []string) {
		impatient(d, k, others)
		k.Work.CallBack = d.after(limits.callBack)
	}},
	TakesPlace: {2, func(dice, *Contact, []string) {}},
}

// What callers' phones answer who are not reached.
const (
	busyHere               = 486
	temporarilyUnavailable = 480
)

// promisedIn is by when something is promised.
const promisedIn = 90 * time.Minute

func late(d dice, k *Contact, _ []string) {
	k.Work.Accept, k.Work.Report = d.after(limits.accept), d.after(limits.handle)
	k.Work.Register = d.after(limits.register)
}

// impatient is somebody who hangs up sooner than anybody picks up.
func impatient(d dice, k *Contact, _ []string) {
	k.Patience, k.Ignored = d.around(40*time.Second), true
}

// courses deals n of them: in their shares as nearly as n allows, and everyone at least
// once.
func (d dice) courses(n int) []Course {
	names := slices.Sorted(maps.Keys(courses))
	all, left := slices.Clone(names), n-len(names)
	for _, name := range names {
		all = append(all, slices.Repeat([]Course{name}, left*courses[name].share/100)...)
	}
	slices.SortStableFunc(names, func(a, b Course) int { // by what the division has left
		return left*courses[b].share%100 - left*courses[a].share%100
	})
	all = append(all, names[:n-len(all)]...)
	d.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
