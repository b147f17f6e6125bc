package prompts

// zhNumber: numbers are said in groups of four digits; a gap of zeros within is
// one 零, ten to nineteen by themselves lack the 一, and two thousand and twenty
// thousand are said with 两.
func zhNumber(n int) (said []Name) {
	if n == 0 {
		return []Name{"n0"}
	}
	if high := n / 10_000; high > 0 {
		said = append(zhCount(high), "ten_thousand")
		n %= 10_000
		if n > 0 && n < 1000 {
			said = append(said, "n0")
		}
	}
	return append(said, zhGroup(n, len(said) == 0)...)
}

// zhCount says how many of a measure there are: two is 两.
func zhCount(n int) []Name {
	if n == 2 {
		return []Name{"liang"}
	}
	return zhNumber(n)
}

// zhGroup says a number below 10,000, nothing for 0; first if nothing was said before.
func zhGroup(n int, first bool) (said []Name) {
	gap := false
	for _, place := range []struct {
		value int
		word  Name
	}{{1000, "thousand"}, {100, "hundred"}, {10, "n10"}, {1, ""}} {
		digit := n / place.value % 10
		if digit == 0 {
			gap = len(said) > 0
			continue
		}
		if gap {
			said, gap = append(said, "n0"), false
		}
		switch {
		case digit == 2 && place.value == 1000:
			said = append(said, "liang")
		case digit == 1 && place.value == 10 && first && len(said) == 0:
		default:
			said = append(said, numeral(digit))
		}
		if place.word != "" {
			said = append(said, place.word)
		}
	}
	return said
}
