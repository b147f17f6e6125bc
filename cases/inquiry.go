package cases

import (
	"slices"
	"time"
)

// Inquiry is one step of the procedure against one of us, after it was verified that a
// complaint is true (S23-R23 … S23-R26). Its limits are clocks of the policy.
type Inquiry struct {
	Step     InquiryStep `json:"step"`
	Approved string      `json:"approved,omitempty"` // user, of more time
	Reason   string      `json:"reason,omitempty"`   // of the proposal, of more time, or of what was decided
	Outcome  string      `json:"outcome,omitempty"`  // decided: a sanction, or what exempts from one
	Points   []string    `json:"points,omitempty"`   // decided: what of the policy's list made it heavier or lighter (S23-R20, S23-R21)
	Rights   bool        `json:"rights,omitempty"`   // served: with the notice that a review may be asked for, and by when (S23-R25)
	For      Party       `json:"for,omitempty"`      // who asks for a review, or appeals
}

// InquiryStep is how far the procedure has come.
type InquiryStep string

// The steps, in their order.
const (
	InquiryProposed        InquiryStep = "proposed" // in writing, to who opens it (S23-R23)
	InquiryOpened          InquiryStep = "opened"
	InquiryProlonged       InquiryStep = "prolonged" // more time, approved
	InquiryReported        InquiryStep = "reported"
	InquiryDecided         InquiryStep = "decided"
	InquiryServed          InquiryStep = "served"
	InquiryReviewRequested InquiryStep = "review_requested"
	InquiryReviewDecided   InquiryStep = "review_decided"
	InquiryAppealed        InquiryStep = "appealed" // to who supervises us; the procedure is not ours any more (S23-R26)
)

// inquirySteps says which steps may come before each, "" before the first, and what is reached
// by it.
var inquirySteps = map[InquiryStep]struct {
	after   []InquiryStep
	reached []Milestone
}{
	InquiryProposed:        {[]InquiryStep{""}, nil},
	InquiryOpened:          {[]InquiryStep{"", InquiryProposed}, []Milestone{AtInquiryOpened}},
	InquiryProlonged:       {[]InquiryStep{InquiryOpened}, nil},
	InquiryReported:        {[]InquiryStep{InquiryOpened, InquiryProlonged}, []Milestone{AtInquiryReported}},
	InquiryDecided:         {[]InquiryStep{InquiryReported}, []Milestone{AtDecided}},
	InquiryServed:          {[]InquiryStep{InquiryDecided}, []Milestone{AtServed}},
	InquiryReviewRequested: {[]InquiryStep{InquiryServed}, []Milestone{AtReviewRequested}},
	InquiryReviewDecided:   {[]InquiryStep{InquiryReviewRequested}, []Milestone{AtReviewDecided}},
	InquiryAppealed:        {[]InquiryStep{InquiryReviewDecided}, nil},
}

// proposing is the point of a policy's procedure that has an inquiry proposed before it
// is opened.
const proposing = "propose"

// Kind returns MoveInquiry.
func (Inquiry) Kind() MoveKind { return MoveInquiry }

func (m Inquiry) do(d *decision) {
	want := d.Policy.Accountability
	turn, known := inquirySteps[m.Step]
	d.need(known, "step", oneOf(inquiryWords.names()))
	d.need(!known || slices.Contains(turn.after, d.c.File.inquired()), "step", Words{"先完成上一步", "the one before it first"})
	d.need(d.c.File.Verified != nil && d.c.File.Verified.True, "verify", Words{"须先核实投诉属实（S23-R23）", "that it is true comes first (S23-R23)"})
	switch m.Step {
	case InquiryProposed:
		d.need(m.Reason != "", "reason", Words{"建议的理由和内容", "what is proposed, and why"})
	case InquiryOpened:
		proposed := d.c.File.inquired() == InquiryProposed || !slices.ContainsFunc(want.Steps, func(p Point) bool { return p.Code == proposing })
		d.need(proposed, "step", Words{"先书面提出建议（S23-R23）", "it is proposed in writing first (S23-R23)"})
	case InquiryProlonged:
		d.prolong(m)
	case InquiryDecided:
		_, sanction := sanctions[Sanction(m.Outcome)]
		exempt := slices.ContainsFunc(want.Exempt, func(p Point) bool { return p.Code == m.Outcome })
		d.need(sanction || exempt, "outcome", Words{"一种处理，或制度规定的免责情形", "a sanction, or what the policy exempts for"})
		d.need(m.Reason != "", "reason", Words{"查明的情况", "what was found"})
		for _, code := range m.Points {
			known := slices.ContainsFunc(slices.Concat(want.Aggravating, want.Mitigating), func(p Point) bool { return p.Code == code })
			d.need(known, "points", Words{"制度所列的从重或从轻情形", "what the policy lists as aggravating or mitigating"})
		}
	case InquiryServed:
		d.need(m.Rights, "rights", Words{"一并告知申请复核的权利（S23-R25）", "with the notice of the right to a review (S23-R25)"})
	case InquiryReviewDecided:
		d.need(m.Reason != "", "reason", Words{"复核决定的内容", "what was decided on the review"})
	case InquiryAppealed:
		d.need(slices.Contains(want.ReviewBy, m.For), "for", Words{"有权申诉的人", "who may appeal"})
	case InquiryReviewRequested:
		d.need(slices.Contains(want.ReviewBy, m.For), "for", Words{"有权申请复核的人", "who may ask for a review"})
		if k, _, open := d.c.clock(ClockReviewRequest); open && k.Late(d.at) > 0 {
			d.refuse(RefusedPolicy, "S23-R26")
		}
	}
	d.c.File.Inquiry = append(d.c.File.Inquiry, m)
	d.reach(turn.reached...)
}

// prolong gives the inquiry the time the policy has for it, once approved (S23-R24).
func (d *decision) prolong(m Inquiry) {
	d.need(m.Approved != "", "approved", Words{"批准延长的人", "who approved more time"})
	d.need(m.Reason != "", "reason", Words{"延长的原因", "why it takes longer"})
	k, i, open := d.c.clock(ClockInquiry)
	extra := d.Policy.Accountability.InquiryExtra
	if !open || extra == nil {
		d.refuse(RefusedPolicy, "S23-R24")
		return
	}
	if d.Reason != "" {
		return
	}
	later, err := k.Extend(Extension{At: d.at, Until: d.Calendar.Add(k.Due, *extra), Reason: m.Reason, By: m.Approved}, d.Calendar)
	if err != nil { // it is late already, or has no due time
		d.refuse(RefusedPolicy, "S23-R24")
		return
	}
	d.c.Clocks[i] = later
}

// inquired returns the last step of the procedure; empty: there is none.
func (f File) inquired() InquiryStep {
	if n := len(f.Inquiry); n > 0 {
		return f.Inquiry[n-1].Step
	}
	return ""
}

// inquiring tells whether the procedure has still to come to an end at a time: that is
// when it was decided on a review, or too late to ask for one.
func (c Case) inquiring(at time.Time) bool {
	switch c.File.inquired() {
	case "", InquiryReviewDecided, InquiryAppealed:
		return false
	case InquiryServed:
		k, _, open := c.clock(ClockReviewRequest)
		return open && k.Late(at) == 0
	}
	return true
}
