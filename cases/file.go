package cases

import (
	"maps"
	"slices"
	"time"
)

// File is what the moves have put on record of a case, beside its state and its
// clocks. It is kept whole with the case; the ledger has every line of it.
type File struct {
	Matter     Matter      `json:"matter,omitzero"`
	Accused    string      `json:"accused,omitempty"` // user the complaint is about
	Verified   *Verify     `json:"verified,omitempty"`
	Violations []Violation `json:"violations,omitempty"` // of the rules of conduct, as seen
	Inquiry    []Inquiry   `json:"inquiry,omitempty"`    // steps of the procedure against who was accused
	Adopted    *bool       `json:"adopted,omitempty"`    // of an opinion or suggestion (S22-R2)
	Consult    *Consult    `json:"consult,omitempty"`
	Proposal   string      `json:"proposal,omitempty"`
	Notices    []Notify    `json:"notices,omitempty"`
	Told       []Told      `json:"told,omitempty"` // what the caller knows of who has his matter
	Handed     []HandOver  `json:"handed,omitempty"`
	Returns    int         `json:"returns,omitempty"`  // since the first hand-over, or the arbiter's
	Returned   *Return     `json:"returned,omitempty"` // the last one
	Disputed   bool        `json:"disputed,omitempty"` // only an arbiter may hand it over now
	Arbiter    string      `json:"arbiter,omitempty"`  // user who decided whose it is: it cannot be returned any more
	Cover      *Cover      `json:"cover,omitempty"`    // for an absent handler
	Ladder     []Escalate  `json:"ladder,omitempty"`   // who was asked upward
	Joint      *Join       `json:"joint,omitempty"`    // several departments
	Outside    *ReferOut   `json:"outside,omitempty"`  // the body outside that is competent
	Result     *Report     `json:"result,omitempty"`   // of the department, or of who solved it
	Entered    bool        `json:"entered,omitempty"`  // the first-asker has taken the result into the register (S02-R15)
	Waiting    string      `json:"waiting,omitempty"`  // what has to come first; empty: nothing
	Promise    *Promise    `json:"promise,omitempty"`  // the open one
	Tasks      []Task      `json:"tasks,omitempty"`
	Cause      string      `json:"cause,omitempty"`    // of an emergency, once it is confirmed
	Extend     *Extend     `json:"extend,omitempty"`   // asked for, not in force yet
	Reassign   *Reassign   `json:"reassign,omitempty"` // asked for, not in force yet
	Shift      *HandOff    `json:"shift,omitempty"`    // last note to the next shift
	Order      *Order      `json:"order,omitempty"`    // in an emergency
	Special    *FileIt     `json:"special,omitempty"`  // special event report
	Replies    []Reply     `json:"replies,omitempty"`
	Attempts   int         `json:"attempts,omitempty"` // in vain since the caller was last reached
	MayRing    time.Time   `json:"may_ring,omitzero"`  // when he last agreed to be rung in quiet hours of that day (S30-R20)
	Visits     []Visit     `json:"visits,omitempty"`
	Refusal    *Refuse     `json:"refusal,omitempty"`
	Into       CaseNumber  `json:"into,omitempty"`  // it was merged into
	Links      []Link      `json:"links,omitempty"` // cases that were merged into it
}

// Matter is what a case is about, as registered (C05), and how it was judged.
type Matter struct {
	Phone        string            `json:"phone,omitempty"` // to reach the caller; begins as the caller ID
	Name         string            `json:"name,omitempty"`
	Address      string            `json:"address,omitempty"` // with building and room
	Organisation string            `json:"organisation,omitempty"`
	Content      string            `json:"content,omitempty"`
	Channel      string            `json:"channel,omitempty"`   // call, visit, letter …; empty: call
	Fields       map[string]string `json:"fields,omitempty"`    // further columns of the policy's register
	ReadBack     bool              `json:"read_back,omitempty"` // the caller confirmed the content as read back (S02-R13)

	Class    Class      `json:"class,omitempty"`
	Type     MatterType `json:"type,omitempty"`
	Category string     `json:"category,omitempty"` // of the directory
	Flags    []Flag     `json:"flags,omitempty"`
	Level    int        `json:"level,omitempty"` // of an emergency; 1 is the most severe
}

// sender returns the user of who passed the case on last.
func (f File) sender() string {
	if n := len(f.Handed); n > 0 {
		return f.Handed[n-1].By
	}
	return ""
}

// joined returns the departments of a joint matter.
func (f File) joined() []string {
	if f.Joint == nil {
		return nil
	}
	return f.Joint.Departments
}

// clone returns c with nothing in common that a move changes in place.
func (c Case) clone() Case {
	f := &c.File
	f.Matter.Fields, f.Matter.Flags = maps.Clone(f.Matter.Fields), slices.Clone(f.Matter.Flags)
	f.Notices, f.Told, f.Handed = slices.Clone(f.Notices), slices.Clone(f.Told), slices.Clone(f.Handed)
	f.Ladder, f.Replies, f.Visits = slices.Clone(f.Ladder), slices.Clone(f.Replies), slices.Clone(f.Visits)
	f.Violations, f.Inquiry = slices.Clone(f.Violations), slices.Clone(f.Inquiry)
	c.Clocks, c.Milestones = slices.Clone(c.Clocks), maps.Clone(c.Milestones)
	return c
}

// moment is micros of a time that may be zero.
func moment(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return micros(t)
}
