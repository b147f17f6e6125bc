package cases

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

var breaches = vocabulary[Breach]{
	PushedAway: {"推诿", "the caller was pushed away"}, VerbalOrder: {"口头交办未记录", "told by word of mouth, written down by nobody"},
	BannedPhrase: {"服务忌语", "banned phrase"}, Retold: {"让来电人重复叙述", "the caller had to tell it all again"}, Uncivil: {"态度生硬", "uncivil"},
}

// Kind returns MoveViolation.
func (Violation) Kind() MoveKind { return MoveViolation }

func (m Violation) do(d *decision) {
	_, known := breaches[m.Of]
	d.need(known, "of", oneOf(breaches.names()))
	d.need(m.Who != "", "who", Words{"当事人", "whose it is"})
	d.need(m.Of != BannedPhrase || len(d.Policy.Conduct.Banned(m.Said)) > 0, "said", Words{"制度所列的服务忌语", "one of the policy's banned phrases"})
	d.c.File.Violations = append(d.c.File.Violations, m)
}
