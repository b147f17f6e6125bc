package prompts

import "strings"

func enNumber(n int) (said []Name) {
	if n == 0 {
		return []Name{"n0"}
	}
	if thousands := n / 1000; thousands > 0 {
		said = append(enNumber(thousands), "thousand")
		n %= 1000
	}
	if hundreds := n / 100; hundreds > 0 {
		said = append(said, numeral(hundreds), "hundred")
		n %= 100
	}
	if n > 0 && len(said) > 0 {
		said = append(said, "and")
	}
	if n >= 20 {
		said = append(said, numeral(n/10*10))
		n %= 10
	}
	if n > 0 {
		said = append(said, numeral(n))
	}
	return said
}

// enOrdinal: only the last word of the number changes.
func enOrdinal(n int) []Name {
	said := enNumber(n)
	switch last := &said[len(said)-1]; *last {
	case "hundred":
		*last = "th100"
	case "thousand":
		*last = "th1000"
	default:
		*last = "th" + Name(strings.TrimPrefix(string(*last), "n"))
	}
	return said
}

// enTime: three p m, three oh five p m, twelve thirty a m.
func enTime(hour, minute int) []Name {
	said, half := enNumber((hour+11)%12+1), Name("am")
	if hour >= 12 {
		half = "pm"
	}
	switch {
	case minute >= 10:
		said = append(said, enNumber(minute)...)
	case minute > 0:
		said = append(said, "oh", numeral(minute))
	}
	return append(said, half)
}
