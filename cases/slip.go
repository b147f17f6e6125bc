package cases

import "time"

// Slip is one passing of a case to a department, with what became of it there (S33-R4,
// S33-R5, S33-R13).
type Slip struct {
	HandOver
	Accepted   time.Time `json:"accepted,omitzero"` // zero: it was not
	AcceptedBy string    `json:"accepted_by"`
	Code       string    `json:"code"`    // by which it was given back; empty: it was not
	Opinion    string    `json:"opinion"` // of who gave it back
	Result     string    `json:"result"`
}

// Note is what a line of a form is about whose lines events make; the zero Note: the
// line is about the case.
type Note struct {
	Left *HandOff // note of a shift
	Slip *Slip
	By   string // who made it
	At   time.Time
}

// note puts what n says in place of what is on record of the case.
func (r Register) note(n Note) {
	if n.Left != nil {
		r["handover_note"] = n.Left.Note
	}
	s := n.Slip
	if s == nil {
		return
	}
	person := s.Person
	if s.AcceptedBy != "" {
		person = s.AcceptedBy
	}
	for field, value := range map[Field]string{
		"department": s.Department, "person": person, "handler_signature": n.By, "manager_copy": ticked(s.Copied),
		"department_signature": stamp(s.Accepted), "reason_code": s.Code, "opinion": s.Opinion, FieldResult: s.Result,
		"number_spoken": s.Spoken, "number_dialled": s.Dialled, "estimate": stamp(s.Estimate),
	} {
		r[field] = value
	}
}
