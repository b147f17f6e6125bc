package cases

import (
	"cmp"
	"maps"
	"slices"
)

// Held is a kind of clock that can be late, and who may be held to it.
type Held struct {
	Kind    ClockKind
	Behind  bool // the department that has the case
	InFront bool // who is responsible for it, wherever it may be
}

// Deadlines returns the kinds of clocks that can be late under p, sorted.
func (p Policy) Deadlines() []Held {
	all := map[ClockKind]Held{ClockCallback: {Kind: ClockCallback, InFront: true}}
	add := func(t Terms) {
		h := all[t.Kind]
		all[t.Kind] = Held{t.Kind, h.Behind || t.Behind(), h.InFront || !t.Behind()}
	}
	for _, t := range p.Clocks {
		t = p.filled(t)
		if l := t.Limit; l != nil && (l.Unit != Immediate || t.Tolerance != nil) {
			add(t)
		}
	}
	if _, ok := all[ClockPromise]; !ok { // to the caller it is one whatever the policy says
		add(Terms{Kind: ClockPromise})
	}
	return slices.SortedFunc(maps.Values(all), func(a, b Held) int { return cmp.Compare(a.Kind, b.Kind) })
}

// ExtensionReasons returns why clocks may be due later under p.
func (p Policy) ExtensionReasons() []string {
	all := map[string]bool{}
	if m := p.Extension.Mode; m != NoExtension && m != ByPromise {
		all[string(m)] = true
	}
	if p.Accountability.InquiryExtra != nil {
		all[p.Extension.reason(ClockInquiry)] = true
	}
	for _, t := range p.Clocks {
		for _, r := range t.Pause {
			all[string(r)] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Levels returns how many levels of escalation there are under p, 1 to HighestLevel.
func (p Policy) Levels() int {
	most := 1
	for _, to := range p.Escalation.Levels {
		most = max(most, p.Escalation.Level(to))
	}
	for _, t := range p.Clocks {
		if t = p.filled(t); t.Every != nil {
			most = max(most, len(t.Ladder))
		}
	}
	return min(most, HighestLevel)
}
