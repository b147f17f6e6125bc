package day

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func office(departments int) (all []Category) {
	for i := range departments {
		all = append(all, Category{fmt.Sprint("subject", i), fmt.Sprint("department", i)})
	}
	return all
}

func TestSharesAreOfAHundred(t *testing.T) {
	t.Parallel()
	sum := 0
	for _, c := range courses {
		sum += c.share
	}
	if sum != 100 {
		t.Errorf("the shares are %d in all", sum)
	}
}

// TestADayIsPlanned: the plan is a function of its configuration, everything happens in
// it that can, in its share, and everybody is who his course needs.
func TestADayIsPlanned(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := Config{
			Seed: rapid.Uint64().Draw(t, "seed"), Calls: rapid.IntRange(len(courses), 400).Draw(t, "calls"),
			Categories: office(rapid.IntRange(3, 9).Draw(t, "departments")),
		}
		p, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := New(c); !reflect.DeepEqual(p, again) {
			t.Fatal("the same configuration gives two days")
		}
		if len(p.Contacts) != c.Calls || !slices.Contains(departmentsOf(c.Categories), p.Late) {
			t.Fatalf("%d callers, late is %q", len(p.Contacts), p.Late)
		}
		for course, n := range p.Courses() {
			left := c.Calls - len(courses)
			if whole := 1 + left*courses[course].share/100; n != whole && n != whole+1 {
				t.Errorf("%d of %d are %s, want %d or one more", n, c.Calls, course, whole)
			}
		}
		if len(p.Courses()) != len(courses) {
			t.Errorf("only %v", p.Courses())
		}
		numbers, last := map[string]bool{}, time.Duration(0)
		for _, k := range p.Contacts {
			if numbers[k.Number] || k.At < last || k.At >= Length {
				t.Fatalf("%s calls at %s, after one at %s", k.Number, k.At, last)
			}
			numbers[k.Number], last = true, k.At
			k.check(t)
		}
	})
}

// check checks that somebody is who his course needs.
func (k Contact) check(t *rapid.T) {
	t.Helper()
	w := k.Work
	late := w.Accept > limits.accept && w.Report > limits.handle
	for what, ok := range map[string]bool{
		"only who is overruled gives back what is his": slices.Index(k.Asked, k.Category.Department) == map[bool]int{true: 1, false: -1}[k.Course == Overruled],
		"the class is of the profile":                  strings.Contains(profile, "{class: "+k.Class+","),
		"so many give it back":                         len(k.Asked) == map[Course]int{GivenBack: 1, Disputed: 2, Overruled: 2}[k.Course],
		"they are different":                           len(k.Asked) < 2 || k.Asked[0] != k.Asked[1],
		"the clocks of a late case run":                k.Course != Late || late && w.Register > limits.register,
		"an extended case is accepted":                 k.Course != Extended || w.Accept < limits.accept && w.Report > limits.handle,
		"who gives up has no patience":                 k.Ignored == (k.Course == GivesUp || k.Course == Unreachable || k.Course == Forgotten) && (!k.Ignored || k.Patience > 0),
		"an unreachable caller is reached":             len(k.Back) == map[Course]int{Unreachable: 3}[k.Course],
		"a callback in time":                           (w.CallBack > limits.callBack) == (k.Course == Forgotten),
		"a promise in time":                            k.Course != Promised || w.Reply < promisedIn,
		"a promise too late":                           k.Course != Broken || w.Reply > promisedIn,
		"the first phone":                              (k.First == Rings) == (k.Course == FirstMisses) && (k.First == Declines) == (k.Course == FirstBusy),
		"time is spent":                                k.PickUp > 0 && k.Talk > 0 && w.Register > 0 && w.HandOver > 0 && w.Enter > 0 && w.Visit > 0 && w.CallAgain > 0 && w.AnswerBack > 0,
		"a phone rings in time":                        k.PickUp < ringTime/2,
	} {
		if !ok {
			t.Errorf("%s (%+v)", what, k)
		}
	}
}

// TestThereIsTimeForWhatTakesLong: somebody who comes again does not call in the evening.
func TestThereIsTimeForWhatTakesLong(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		p, err := New(Config{Seed: seed, Calls: 60, Categories: office(4)})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range p.Contacts {
			if slices.Contains([]Course{Disputed, Overruled, ComesAgain}, k.Course) && k.At >= Length/4 {
				t.Errorf("seed %d: %s calls at %s", seed, k.Course, k.At)
			}
		}
	}
}

func TestTooLittleForADay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"few callers":     {Calls: len(courses) - 1, Categories: office(3)},
		"few departments": {Calls: 100, Categories: append(office(2), office(2)...)},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}

// TestCallersComeAsOnARealDay: mostly in the morning, as from many people.
func TestCallersComeAsOnARealDay(t *testing.T) {
	t.Parallel()
	p, err := New(Config{Seed: 1, Calls: 20_000, Categories: office(4)})
	if err != nil {
		t.Fatal(err)
	}
	var hours [9]int
	short := 0
	for i, k := range p.Contacts {
		hours[k.At/time.Hour]++
		if i > 0 && k.At-p.Contacts[i-1].At < Length/20_000/2 {
			short++
		}
	}
	for hour, n := range hours {
		want := 20_000 * busyness[hour] / 56
		if float64(n) < 0.93*want || float64(n) > 1.07*want { // beyond 4 σ
			t.Errorf("%d callers in hour %d, want about %.0f", n, hour, want)
		}
	}
	// Of exponential gaps 39 % are shorter than half of their mean, where that is the same all day; here it is more.
	if part := float64(short) / 20_000; part < 0.37 || part > 0.5 {
		t.Errorf("%.2f of the gaps are short", part)
	}
}
