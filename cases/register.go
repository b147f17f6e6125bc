package cases

import (
	"strconv"
	"strings"
	"time"
)

// Register returns what c has on record, field by field (C05): for gates, and for the
// columns of registers. A field that is not there is not in it.
func (c Case) Register() Register {
	f, m := c.File, c.File.Matter
	r := Register{
		FieldChannel: m.channel(), FieldContactTime: c.Opened.UTC().Format(time.RFC3339), FieldFirstAsker: c.FirstAsker,
		FieldCallerPhone: m.Phone, FieldCallerName: m.Name, FieldContent: m.Content, FieldClass: string(m.Class),
		FieldReadBack: ticked(m.ReadBack), "address": m.Address, "work_unit": m.Organisation, "matter_type": string(m.Type),
		"department": c.Department, "person": c.Handler, "caller_told": joined(f.Told), "proposal": f.Proposal,
		"first_asker_entry": ticked(f.Entered), "sections": joined(f.joined()), "owner_confirmation": stamp(c.Milestones[AtOwnerConfirmed]),
		"department_signature": stamp(c.Milestones[AtAccepted]), "pickup_entry": stamp(c.Milestones[AtDelivered]),
	}
	if _, taken := c.Milestones[AtAcceptance]; taken {
		r["receipt_number"] = string(c.Number) // which the caller is told
	}
	for k, v := range m.Fields {
		if _, own := r[Field(k)]; !own { // what the case itself has nobody types over
			r[Field(k)] = v
		}
	}
	r.handedOver(f)
	r.worked(f)
	r.answered(f)
	for k, v := range r {
		if strings.TrimSpace(v) == "" {
			delete(r, k)
		}
	}
	return r
}

func (m Matter) channel() string {
	if m.Channel == "" {
		return "call"
	}
	return m.Channel
}

// handedOver adds what passing the case on has left.
func (r Register) handedOver(f File) {
	if n := len(f.Handed); n > 0 {
		h := f.Handed[n-1]
		r.add("number_spoken", h.Spoken)
		r.add("number_dialled", h.Dialled)
		r.add("handler_signature", h.By)
		r.add("manager_copy", ticked(h.Copied))
		r.add("estimate", stamp(h.Estimate))
	}
	for _, t := range f.Told {
		if t == "contact" {
			r.add("contact_given", "yes")
		}
	}
	if n := len(f.Ladder); n > 0 {
		r.add("leader", f.Ladder[n-1].Person)
		r.add("reason", f.Ladder[n-1].Why)
	}
	if j := f.Joint; j != nil {
		r.add("coordinator", j.Coordinator)
		r.add("joint_limit", stamp(j.Limit))
	}
	if o := f.Outside; o != nil {
		r.add("external_unit", strings.Join([]string{o.Body, o.Address, o.Phone}, " "))
		r.add("contact_given", o.Phone)
	}
	if x := f.Returned; x != nil {
		r.add("opinion", x.Opinion)
		r.add("reason_code", string(x.Code))
	}
	if x := f.Cover; x != nil {
		r.add("materials", strings.Join(x.Materials, ", "))
		r.add("objects", strings.Join(x.Materials, ", "))
		r.add("receipt_number", x.Receipt)
	}
	if x := f.Consult; x != nil {
		r.add("consulted_leader", x.Whom)
	}
}

// worked adds what handling has left.
func (r Register) worked(f File) {
	if p := f.Promise; p != nil {
		r.add("promised", stamp(p.Due))
		r.add("appointment", stamp(p.Due))
	}
	if n := len(f.Notices); n > 0 {
		r.add("notice", string(f.Notices[n-1].Form))
	}
	if x := f.Extend; x != nil {
		r.add("reason", x.Reason)
		r.add("approver", x.Approver)
	}
	if x := f.Shift; x != nil {
		r.add("handover_note", x.Note)
	}
	if x := f.Reassign; x != nil {
		r.add("new_responsible", x.To)
		r.add("reason", x.Reason)
		r.add("approver", x.Consent)
	}
	if o := f.Order; o != nil {
		r.add("order", o.Instruction)
		r.add("plan", o.Plan)
		r.add("leader", o.Leader)
		if o.Leader != "" {
			r.add("leader_instruction", o.Instruction)
		}
	}
	if s := f.Special; s != nil {
		r.add("special_report", s.Text)
		if s.Copies >= 2 {
			r.add("written_report", s.Text)
		}
	}
}

// answered adds what the caller was told in the end.
func (r Register) answered(f File) {
	if x := f.Result; x != nil {
		r.add(FieldResult, x.Result)
		r.add("manner", x.Manner)
		r.add("answer", x.Result)
	}
	if n := len(f.Replies); n > 0 {
		last := f.Replies[n-1]
		r.add("answer", last.Result)
		r.add("manner", last.Manner)
		r.add("solved_time", last.Time)
		r.add("caller_told", "yes")
		r.add("evidence", last.Evidence.String())
		r.add("understood", ticked(last.Clear))
	}
	if n := len(f.Visits); n > 0 {
		r.add("visit_record", "answered "+strconv.FormatBool(f.Visits[n-1].Answered)+", solved "+strconv.FormatBool(f.Visits[n-1].Solved))
	}
	if x := f.Refusal; x != nil {
		r.add("reason", x.Reason)
		r.add("archive_number", x.Archive)
		r.add("leader_signature", x.Signed)
		r.add("caller_told", "yes")
	}
}

// add adds a value unless it is blank.
func (r Register) add(f Field, value string) {
	if strings.TrimSpace(value) != "" {
		r[f] = value
	}
}

func ticked(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func joined[T ~string](all []T) string {
	var words []string
	for _, w := range all {
		words = append(words, string(w))
	}
	return strings.Join(words, ", ")
}
