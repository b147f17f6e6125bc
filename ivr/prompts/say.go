package prompts

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Say puts recorded words of one of Languages together. Every Name it returns is
// in the set of that language.
type Say string

// Largest is the largest number there are words for.
const Largest = 999_999

// Number says n, from 0 to Largest: 205 is two hundred and five, 二百零五. It says
// nothing else: nil for other numbers.
func (l Say) Number(n int) []Name {
	switch {
	case n < 0 || n > Largest:
		return nil
	case l == "en":
		return enNumber(n)
	}
	return zhNumber(n)
}

// Ordinal says the n-th, from 1 to Largest: twenty-first, 第二十一.
func (l Say) Ordinal(n int) []Name {
	switch {
	case n < 1 || n > Largest:
		return nil
	case l == "en":
		return enOrdinal(n)
	}
	return append([]Name{"ordinal"}, zhNumber(n)...)
}

// Position says that the caller is the n-th in the queue, from 1 to Largest.
func (l Say) Position(n int) []Name {
	if n < 1 || n > Largest {
		return nil
	}
	return slices.Concat([]Name{"position"}, l.Number(n), []Name{"in_queue"})
}

// Digits says the digits of s one by one, with a pause for a space or a hyphen, as
// in a case number or a telephone number; in Chinese, 1 is yāo (幺). It leaves out
// everything else.
func (l Say) Digits(s string) (said []Name) {
	for _, r := range s {
		switch {
		case r == '1' && l != "en":
			said = append(said, "yao")
		case r >= '0' && r <= '9':
			said = append(said, numeral(int(r-'0')))
		case r == '-' || r == ' ':
			said = append(said, Pause)
		}
	}
	return said
}

// Date says the day of t where t is, with its year, from 1 to 9999; nil for others.
func (l Say) Date(t time.Time) []Name {
	year, month, day := t.Date()
	if year < 1 || year > 9999 {
		return nil
	}
	if l == "en" {
		return slices.Concat([]Name{Name(fmt.Sprint("month", int(month)))}, enOrdinal(day), l.Number(year))
	}
	var said []Name
	for _, r := range fmt.Sprintf("%04d", year) {
		said = append(said, numeral(int(r-'0')))
	}
	return slices.Concat(said, []Name{"year"}, zhNumber(int(month)), []Name{"month"}, zhNumber(day), []Name{"day"})
}

// Time says the time of day of t where t is, to the minute: in English of twelve
// hours, in Chinese of twenty-four.
func (l Say) Time(t time.Time) []Name {
	if l == "en" {
		return enTime(t.Hour(), t.Minute())
	}
	said := append(zhCount(t.Hour()), "oclock")
	switch m := t.Minute(); {
	case m == 0:
		return said
	case m < 10:
		return append(said, "n0", numeral(m), "past")
	default:
		return slices.Concat(said, zhNumber(m), []Name{"past"})
	}
}

// units of a length of time, largest first, with their words for one and for any
// number; Chinese has the latter only.
var units = []struct {
	length   time.Duration
	one, any Name
}{{24 * time.Hour, "day", "days"}, {time.Hour, "hour", "hours"}, {time.Minute, "minute", "minutes"}, {time.Second, "second", "seconds"}}

// Duration says d in its largest unit and the next, the rest cut off: 1 h 20 min 5 s
// is one hour twenty minutes, 1 h 5 s is one hour. A negative d is zero seconds.
func (l Say) Duration(d time.Duration) (said []Name) {
	d = max(d, 0)
	first, last := 0, len(units)-1
	for first < last && d < units[first].length {
		first++
	}
	for _, u := range units[first:min(first+2, len(units))] {
		n := int(d / u.length)
		d %= u.length
		switch {
		case n == 0 && len(said) > 0:
		case l != "en":
			said = append(append(said, zhCount(n)...), u.any)
		case n == 1:
			said = append(said, "n1", u.one)
		default:
			said = append(append(said, enNumber(n)...), u.any)
		}
	}
	return said
}

// numeral is the word for a number that has one of its own.
func numeral(n int) Name { return Name("n" + strconv.Itoa(n)) }
