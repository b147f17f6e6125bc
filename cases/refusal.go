package cases

// refusals say to people why a move is refused.
var refusals = map[Reason]Words{
	RefusedState:    {"工单目前的状态不允许这一步", "the case stands where this cannot be done"},
	RefusedRole:     {"这一步不由您办理", "this is not yours to do"},
	RefusedFields:   {"还缺以下内容", "this is still missing or wrong"},
	RefusedEvidence: {"没有已联系到来电人的证据", "nothing proves that the caller was reached"},
	RefusedPolicy:   {"制度不允许", "the policy does not allow it"},
}

// refusal is a reason with the rule that gives it.
type refusal struct {
	Reason
	rule string
}

// refusalsByRule say what a rule asks for where no field does.
var refusalsByRule = map[refusal]Words{
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

// In says in a language like zh-CN or en why the move was refused, without the fields.
func (e *MoveError) In(lang string) string {
	w, ok := refusalsByRule[refusal{e.Reason, e.Rule}]
	if !ok {
		w = refusals[e.Reason]
	}
	text := w.In(lang)
	if e.Rule != "" {
		text += cite([]string{e.Rule})
	}
	return text
}
