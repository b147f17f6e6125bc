package cases

import "slices"

// Violation is a breach of the rules of conduct, as somebody saw it. It is on record
// whether or not anybody complains; whether it is true, Verify says.
type Violation struct {
	Of   Breach `json:"of"`
	Who  string `json:"who"` // a user or a name
	Said string `json:"said,omitempty"`
}

// Breach is what rules of conduct forbid.
type Breach string

// What is forbidden.
const (
	PushedAway   Breach = "pushed_away"   // the caller was sent to ask somebody else (S30-R9)
	VerbalOrder  Breach = "verbal_order"  // told to somebody who wrote down nothing (S30-R18)
	BannedPhrase Breach = "banned_phrase" // of the policy's
	Retold       Breach = "retold"        // the caller had to tell it all again (S30-R25)
	Uncivil      Breach = "uncivil"
)

var breaches = []Breach{PushedAway, VerbalOrder, BannedPhrase, Retold, Uncivil}

// Kind returns MoveViolation.
func (Violation) Kind() MoveKind { return MoveViolation }

func (m Violation) do(d *decision) {
	d.need(slices.Contains(breaches, m.Of), "of", "pushed_away, verbal_order, banned_phrase, retold or uncivil")
	d.need(m.Who != "", "who", "whose it is")
	d.need(m.Of != BannedPhrase || len(d.Policy.Conduct.Banned(m.Said)) > 0, "said", "one of the policy's banned phrases")
	d.c.File.Violations = append(d.c.File.Violations, m)
}
