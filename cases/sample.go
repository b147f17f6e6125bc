package cases

import (
	"bytes"
	"crypto/sha256"
	"slices"
)

// Draw draws n of from, all of them if they are fewer. Everybody who has the seed and
// from can draw again: it orders them by the SHA-256 of the seed, a line feed and the
// number, and takes the first. Nobody can favour a case, and one more or one less in
// from changes nothing about the others.
func Draw(seed string, from []CaseNumber, n int) []CaseNumber {
	type lot struct {
		sum [sha256.Size]byte
		n   CaseNumber
	}
	lots := make([]lot, len(from))
	for i, number := range from {
		lots[i] = lot{sha256.Sum256([]byte(seed + "\n" + string(number))), number}
	}
	slices.SortFunc(lots, func(a, b lot) int { return bytes.Compare(a.sum[:], b.sum[:]) })
	drawn := []CaseNumber{}
	for _, l := range lots[:max(0, min(n, len(lots)))] {
		drawn = append(drawn, l.n)
	}
	return drawn
}

// SampleSize returns how many of all a share in percent is, one at least of any.
func SampleSize(all, percent int) int {
	if all <= 0 || percent <= 0 {
		return 0
	}
	return max(1, (all*min(percent, 100)+50)/100)
}
