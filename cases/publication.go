package cases

import (
	"cmp"
	"slices"
)

// Figures are what may be published of a group of cases: a department's, or those of a
// category or a channel.
type Figures struct {
	Group     string
	Cases     int
	Clocks    Timing
	Answers   int // of callers, from 1 to 5
	Satisfied int // of those: 4 or 5
}

// OtherGroups is the group that small ones are published as.
const OtherGroups = "other"

// Anonymous returns groups as they may be published, the largest first: none of fewer than k
// cases, so that nobody is recognised. Small groups become one, with the next smallest if
// they are still too few; what is too few even so is not there. What is said of a group
// by fewer than k is left out: see Publishable.
func Anonymous(groups []Figures, k int) []Figures {
	small := Figures{Group: OtherGroups}
	var large []Figures
	for _, g := range groups {
		if g.Cases < k || g.Group == OtherGroups {
			small = small.with(g)
		} else {
			large = append(large, g)
		}
	}
	slices.SortFunc(large, func(a, b Figures) int {
		return cmp.Or(cmp.Compare(b.Cases, a.Cases), cmp.Compare(a.Group, b.Group))
	})
	for small.Cases > 0 && small.Cases < k && len(large) > 0 {
		last := len(large) - 1
		small, large = small.with(large[last]), large[:last]
	}
	if small.Cases >= max(k, 1) {
		large = append(large, small)
	}
	return large
}

func (f Figures) with(g Figures) Figures {
	f.Cases += g.Cases
	f.Clocks.Due += g.Clocks.Due
	f.Clocks.Late += g.Clocks.Late
	f.Answers += g.Answers
	f.Satisfied += g.Satisfied
	return f
}

// Publishable returns r in whole percent, false if it is of fewer than k.
func (r Rate) Publishable(k int) (int, bool) {
	p, known := r.Percent()
	if !known || r.Of < k {
		return 0, false
	}
	return int(p + 0.5), true
}
