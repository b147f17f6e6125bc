package cases

import "strings"

// Refusal says why something a person would do is refused.
type Refusal struct {
	Reason Reason
	Fields []FieldError // all that is missing or wrong
	Rule   string       // of the catalogue, that asks for it; empty: none does
}

// FieldError is a field of what he would do, or of what he would do it to, that is
// missing or wrong.
type FieldError struct {
	Field string // as in JSON, e.g. matter.name
	Want  Words  // the remedy
}

// refuse refuses it; the first reason counts.
func (r *Refusal) refuse(why Reason, rule string) {
	if r.Reason == "" {
		r.Reason, r.Rule = why, rule
	}
}

// need refuses it for field unless ok; all fields that are wrong are named.
func (r *Refusal) need(ok bool, field string, want Words) {
	if !ok {
		r.lacks(RefusedFields, "", field, want)
	}
}

// lacks refuses it for field, which a rule asks for.
func (r *Refusal) lacks(why Reason, rule, field string, want Words) {
	r.Fields = append(r.Fields, FieldError{field, want})
	r.refuse(why, rule)
}

// String is what a program is told.
func (r Refusal) String() string {
	text := string(r.Reason)
	var wants []string
	for _, f := range r.Fields {
		wants = append(wants, f.Field+": "+f.Want.EN)
	}
	if len(wants) > 0 {
		text += ": " + strings.Join(wants, "; ")
	}
	if r.Rule != "" {
		text += " (" + r.Rule + ")"
	}
	return text
}

// refusals say so to people.
var refusals = map[Reason]Words{
	RefusedState:    {"目前的状态不允许这一步", "as it stands, this cannot be done"},
	RefusedRole:     {"这一步不由您办理", "this is not yours to do"},
	RefusedFields:   {"还缺以下内容", "this is still missing or wrong"},
	RefusedEvidence: {"没有已联系到来电人的证据", "nothing proves that the caller was reached"},
	RefusedPolicy:   {"制度不允许", "the policy does not allow it"},
}

// ground is a reason with the rule that gives it.
type ground struct {
	Reason
	rule string
}

// refusalsByRule say what a rule asks for where no field does.
var refusalsByRule = map[ground]Words{
	{RefusedPolicy, RuleSpokenTo}: {"须先联系受理人再转，不能只告知号码", "the taker is to be spoken to first; a number alone is not enough"},
	{RefusedPolicy, "S33-R13"}:    {"已两次退单，由裁定人决定归属", "it was returned twice: the arbiter decides whose it is"},
	{RefusedPolicy, "S33-R15"}:    {"归属已经裁定，不得再退", "the arbiter has decided: it cannot be returned"},
	{RefusedPolicy, "S17-R3"}:     {"只有有权办理者才能签收", "only who has the authority to handle it accepts it"},
	{RefusedPolicy, "S35-R1"}:     {"该部门尚未纳入首问系统：请按外单位事项办理", "that department does not take part yet: refer the caller there, as to a body outside"},
	{RefusedPolicy, "C22"}:        {"制度没有延期，须另作承诺", "the policy has no extension; make a promise"},
	{RefusedPolicy, "S23-R17"}:    {"已经逾期，不能再申请延期", "it is late already: an extension is asked for before"},
	{RefusedPolicy, "X5"}:         {"制度不允许更换责任人", "the policy has nobody else answer for it"},
	{RefusedPolicy, "S23-R24"}:    {"调查期限已过，或制度不允许延长", "the inquiry is late already, or the policy gives no more time"},
	{RefusedPolicy, "S23-R26"}:    {"已超过申请复核的期限", "it is too late to ask for a review"},
	{RefusedRole, "S25-R3"}:       {"须由制度规定的签字人办理", "the policy names who signs it"},
	{RefusedRole, "S23-R17"}:      {"须由制度规定的批准人批复", "the policy names who decides on it"},
	{RefusedRole, "S21-R6"}:       {"须由制度规定的批准人批复", "the policy names who decides on it"},
}

// In says in a language like zh-CN or en why, without the fields.
func (r Refusal) In(lang string) string {
	w, ok := refusalsByRule[ground{r.Reason, r.Rule}]
	if !ok {
		w = refusals[r.Reason]
	}
	text := w.In(lang)
	if r.Rule != "" {
		text += cite([]string{r.Rule})
	}
	return text
}
