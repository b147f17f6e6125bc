package cases

import "strings"

// Evidence proves that the caller was reached: one of its fields does.
type Evidence struct {
	Call    string `json:"call,omitempty"`    // id of a call in which he was connected
	Message string `json:"message,omitempty"` // id of a message confirmed delivered
	Paper   string `json:"paper,omitempty"`   // number of a letter or receipt he signed
}

// Proves tells whether e names anything. Whether that is true, MayCite says.
func (e Evidence) Proves() bool { return e != Evidence{} }

// String returns e as a line of a register.
func (e Evidence) String() string {
	var all []string
	for _, x := range [][2]string{{"call ", e.Call}, {"message ", e.Message}, {"paper ", e.Paper}} {
		if x[1] != "" {
			all = append(all, x[0]+x[1])
		}
	}
	return strings.Join(all, ", ")
}

// Citing is a move that brings evidence.
type Citing interface {
	Move
	Cites() Evidence
}

// Cites implements Citing; so the next ones.
func (m Reply) Cites() Evidence { return m.Evidence }

// Cites implements Citing.
func (m Visit) Cites() Evidence { return m.Evidence }

// Cites implements Citing.
func (m Refuse) Cites() Evidence { return m.Evidence }

// Cites implements Citing.
func (m Withdraw) Cites() Evidence { return m.Evidence }

// Cites implements Citing.
func (m Tell) Cites() Evidence { return m.Evidence }

// Cites implements Citing.
func (m Confirm) Cites() Evidence { return m.Evidence }

// Cites implements Citing.
func (m Relay) Cites() Evidence { return m.Evidence }

// Cites implements Citing.
func (m Extend) Cites() Evidence { return m.Agreed }

// Found is what is on record of what somebody cites.
type Found struct {
	Call    Call // zero: no call of that id has to do with the case
	Message bool // one of that id was delivered to the caller of the case
}

// MayCite reports why what m cites proves nothing: the call is not one of c, or nobody
// spoke with the caller in it; the message is not on record as delivered. Papers are
// taken at their word: somebody keeps them. The error is a *MoveError.
func (c Case) MayCite(m Citing, f Found) error {
	var no Refusal
	lacks := func(field string, want Words) { no.lacks(RefusedEvidence, "", field, want) }
	e, at := m.Cites(), "evidence"
	if m.Kind() == MoveExtend {
		at = "agreed"
	}
	switch {
	case e.Call == "":
	case f.Call.ID == "":
		lacks(at+".call", Words{"本工单的通话", "a call of this case"})
	case !f.Call.Connected():
		lacks(at+".call", Words{"与来电人通上话的通话", "a call in which the caller was spoken with"})
	}
	if e.Message != "" && !f.Message {
		lacks(at+".message", Words{"本工单中已送达的短信", "a message of this case that was delivered"})
	}
	if no.Reason == "" {
		return nil
	}
	return &MoveError{c.Number, m.Kind(), c.State, no}
}

// Connected tells whether somebody spoke with the caller in c, or does so now.
func (c Call) Connected() bool {
	return !c.Answered.IsZero() && c.Marked == "" && (c.Ended.IsZero() || c.Talk > 0)
}
