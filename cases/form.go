package cases

import (
	"slices"
	"strings"
)

// The forms the rules name; an organisation may have others.
const (
	FormFirstAsk   = "first_ask_register"
	FormImportant  = "important_matters"
	FormSpecial    = "special_event_report"
	FormSlip       = "slip"
	FormReceipt    = "receipt"
	FormPickUp     = "pickup_register"
	FormHandover   = "handover_log"
	FormComplaint  = "complaint_form"
	FormMajor      = "major_complaint_report"
	FormMaterials  = "materials_receipt"
	FormVisit      = "important_visit"
	FormDenial     = "denial_filing"
	FormWorkRecord = "work_record"
	FormGaps       = "empty_posts"
)

// forms are those of the rules, with all the columns any of them asks for: what an
// organisation keeps whose policy says nothing of it.
var forms = []Form{
	{FormFirstAsk, Words{"首问登记台账", "first-ask register"}, []Field{
		FieldContactTime, FieldChannel, FieldCallerName, FieldCallerPhone, "address", "work_unit", "matter_type", FieldContent, FieldReadBack,
		FieldFirstAsker, "department", "person", "contact_given", "promised", FieldResult,
	}, 0, []string{"S02-R12", "S04-R4", "S06-R15", "S07-R4", "S16-R3", "S34-R4"}},
	{FormImportant, Words{"重要事项记录表", "important-matters record"}, []Field{
		FieldContactTime, FieldCallerName, "address", FieldCallerPhone, FieldContent, "department", "person", "leader", FieldResult, "visit_record",
	}, 0, []string{"S06-R16"}},
	{FormSpecial, Words{"特别事件报告", "special event report"}, []Field{
		FieldContactTime, FieldCallerName, "address", FieldContent, FieldClass, "owner_confirmation", "plan", "order", "leader_instruction", "special_report", FieldResult,
	}, 0, []string{"S05-R13"}},
	{FormSlip, Words{"投诉、查询处理单", "complaint and inquiry slip"}, []Field{
		FieldContent, FieldCallerName, "address", FieldCallerPhone, FieldFirstAsker, "handler_signature", "department", "department_signature", "manager_copy", "person", "opinion", FieldResult,
	}, 0, []string{"S33-R4", "S33-R5", "S33-R9", "S33-R13"}},
	{FormReceipt, Words{"收件回执", "receipt for the caller"}, []Field{
		"receipt_number", FieldContactTime, FieldCallerName, FieldContent, "materials", FieldFirstAsker,
	}, 2, []string{"S19-R5"}},
	{FormPickUp, Words{"取件登记表", "pick-up register"}, []Field{
		"receipt_number", FieldCallerName, FieldResult, "pickup_entry",
	}, 0, []string{"S19-R8"}},
	{FormHandover, Words{"交接班本", "shift handover log"}, []Field{
		FieldContactTime, FieldCallerName, FieldCallerPhone, FieldContent, "department", "number_spoken", "number_dialled", "told_to", FieldResult, "handover_note",
	}, 0, []string{"S30-R12"}},
	{FormGaps, Words{"空岗登记", "register of empty posts"}, nil, 0, []string{"S24-R15", "S08-R3"}},
}

// AllForms returns the forms of p, and those of the rules that p does not name.
func (p Policy) AllForms() []Form {
	all := slices.Clone(p.Forms)
	for _, f := range forms {
		if !slices.ContainsFunc(all, func(own Form) bool { return own.Form == f.Form }) {
			all = append(all, f)
		}
	}
	return all
}

// Form returns the form of that name.
func (p Policy) Form(name string) (Form, bool) {
	return find(p.AllForms(), func(f Form) bool { return f.Form == name })
}

// Cite returns the rules column c of f is there for: of those that ask for the field,
// those of the regulations f is from, or all of them, or those of f itself.
func (f Form) Cite(c Field) []string {
	var near []string
	for _, rule := range c.Rules() {
		regulation, _, _ := strings.Cut(rule, "-")
		if slices.ContainsFunc(f.Rules, func(own string) bool { return strings.HasPrefix(own, regulation+"-") }) {
			near = append(near, rule)
		}
	}
	switch all := c.Rules(); {
	case len(near) > 0:
		return near
	case len(all) > 0:
		return all
	}
	return slices.Clone(f.Rules)
}

// Event returns the kind of event that makes a line of f; empty: cases do.
func (f Form) Event() EventKind {
	if f.Form == FormHandover {
		return EventHandedOff
	}
	return ""
}

// denunciations are the types of matter that are written down even where questions are
// only answered (S24-R7, S24-R8).
var denunciations = []MatterType{"complaint", "denunciation", "crime_report", "staff_complaint"}

// Holds tells whether c belongs on f under p.
func (f Form) Holds(c Case, p Policy) bool {
	m := c.File.Matter
	reached := func(any ...Milestone) bool {
		return slices.ContainsFunc(any, func(at Milestone) bool { _, ok := c.Milestones[at]; return ok })
	}
	class, _ := p.Class(c.Facts(p).Class)
	switch f.Form {
	case FormFirstAsk:
		return p.Register.When != "denunciation_only" || slices.Contains(denunciations, m.Type)
	case FormImportant, FormMajor:
		return slices.Contains(m.Flags, FlagMajor)
	case FormSpecial:
		return class.Emergency || c.File.Special != nil
	case FormSlip:
		return len(c.File.Handed) > 0
	case FormReceipt:
		return reached(AtAcceptance)
	case FormPickUp:
		return reached(AtHandled, AtDelivered)
	case FormComplaint:
		return m.Type == "consultation" || slices.Contains(denunciations, m.Type)
	case FormMaterials:
		return c.Register()["materials"] != ""
	case FormVisit:
		return m.Channel == "visit"
	case FormDenial:
		return c.File.Refusal != nil
	case FormHandover:
		return c.File.Shift != nil
	case FormGaps:
		return false // it is about no case
	}
	return reached(AtRegistered)
}

// signatures are the fields that somebody signs with his hand on paper.
var signatures = []Field{"caller_signature", "handler_signature", "department_signature", "leader_signature", "loss_statement"}

// Signed tells whether f is a signature.
func (f Field) Signed() bool { return slices.Contains(signatures, f) }

// signers are who signs a form besides those its columns name.
var signers = map[string][]Field{
	FormReceipt:    {"handler_signature", "caller_signature"},     // S19-R5
	FormMaterials:  {"handler_signature", "caller_signature"},     // S07-R7, S17-R10
	FormSpecial:    {"handler_signature", "leader_signature"},     // S05-R13
	FormMajor:      {"handler_signature", "department_signature"}, // S06-R11
	FormImportant:  {"leader_signature"},
	FormComplaint:  {"handler_signature"}, // S33-R16
	FormWorkRecord: {"handler_signature"},
	FormPickUp:     {"caller_signature"}, // S19-R8
}

// Signers returns the signatures f has when it is printed, in their order.
func (f Form) Signers() []Field {
	all := slices.DeleteFunc(slices.Clone(f.Columns), func(c Field) bool { return !c.Signed() })
	for _, s := range signers[f.Form] {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}
