package cases

// Timing is how clocks came out that were held against somebody.
type Timing struct {
	Due  int // that are decided: met in time, or late
	Late int
}

// Card is how a person, or the people of a department, did with the cases of a time. What
// went wrong stays apart by whose it was: the first-asker's or who handled the case for
// a department (S33-R17).
type Card struct {
	Who string // user or department

	FirstAsked int // cases he was first asked in
	Kept       int // of those: answered without having been handed over
	HandedOver int // of those
	Misrouted  int // of those handed over: given back as not theirs, and they were not
	Repeated   int // of those: their callers came again about the same within the policy's time

	Received  int // cases that were handed over to him
	Returned  int // cases he gave back
	Overruled int // of those: an arbiter decided that they were his all the same

	AsFirstAsker Timing // of clocks in front of a department: passing on, answering, visiting
	AsHandler    Timing // of clocks behind it

	Answers   int // what callers said of it, from 1 to 5, in return visits and surveys
	Satisfied int // of those: 4 or 5
	Sum       int // of those
}

// Rate is a share; it is not known of nothing.
type Rate struct{ Part, Of int }

// Percent returns r in percent, false if there is nothing it is a share of.
func (r Rate) Percent() (float64, bool) {
	if r.Of == 0 {
		return 0, false
	}
	return 100 * float64(r.Part) / float64(r.Of), true
}

// KeptRate is 首问办结率: answered without hand-over, of first asked.
func (c Card) KeptRate() Rate { return Rate{c.Kept, c.FirstAsked} }

// RoutedRate is 一次转准率: handed over and not given back as not theirs, of handed over.
func (c Card) RoutedRate() Rate { return Rate{c.HandedOver - c.Misrouted, c.HandedOver} }

// RepeatRate is 重复诉求率: came again within the policy's time, of first asked.
func (c Card) RepeatRate() Rate { return Rate{c.Repeated, c.FirstAsked} }

// SatisfiedRate is 满意率: 4 or 5, of answers.
func (c Card) SatisfiedRate() Rate { return Rate{c.Satisfied, c.Answers} }

// InTime is 按时率: in time, of decided.
func (t Timing) InTime() Rate { return Rate{t.Due - t.Late, t.Due} }

// PartiesBehind are the parties who are in the department that has a case: clocks held
// against them are the handler's; see Terms.Behind.
func PartiesBehind() []Party { return append([]Party{}, behind...) }
