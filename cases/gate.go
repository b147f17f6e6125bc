package cases

import (
	"fmt"
	"slices"
	"strings"
)

// Field is something a case has on record (C05).
type Field string

// Fields that somebody must have filled in; those of the call itself (channel, contact
// time, first-asker) are always there.
const (
	FieldChannel     Field = "channel"
	FieldContactTime Field = "contact_time"
	FieldFirstAsker  Field = "first_asker"
	FieldCallerPhone Field = "caller_phone"
	FieldCallerName  Field = "caller_name"
	FieldReadBack    Field = "read_back"
	FieldContent     Field = "content"
	FieldClass       Field = "class"
	FieldResult      Field = "result"
)

var fields = vocabulary[Field]{
	FieldChannel: {"渠道", "channel"}, FieldContactTime: {"时间", "time of contact"}, FieldFirstAsker: {"首问责任人", "first-asker"},
	FieldCallerPhone: {"来电人电话", "caller's phone"}, FieldCallerName: {"来电人姓名", "caller's name"}, FieldReadBack: {"复述确认", "read-back confirmed"},
	FieldContent: {"事项内容", "content"}, FieldClass: {"信息类别", "class"}, FieldResult: {"处理结果", "result"},
	"address": {"地址", "address"}, "building": {"楼号", "building"}, "room": {"房号", "room"}, "work_unit": {"工作单位", "work unit"},
	"matter_type": {"事项类型", "type of matter"}, "urgency": {"轻重缓急", "urgency"}, "answer": {"答复或指引", "answer or guidance given"},
	"department": {"承办部门", "department"}, "person": {"承办人", "person"}, "contact_given": {"告知的联系方式", "contact given to the caller"},
	"caller_told": {"已告知来电人", "caller told"}, "promised": {"承诺时限", "promised deadline"}, "estimate": {"预计时间", "estimated time"},
	"solved_time": {"解决时间", "time solved"}, "manner": {"处理方式", "manner"}, "materials": {"收到的材料", "materials received"},
	"objects": {"物品查验登记", "objects, inspected"}, "number_spoken": {"告知的号码", "number spoken"}, "number_dialled": {"实际拨打的号码", "number dialled"},
	"caller_signature": {"来访人签字", "caller's signature"}, "leader_signature": {"领导签字", "leader's signature"}, "handler_signature": {"经办签字", "signature of the sender"},
	"department_signature": {"部门签收", "signature of the department"}, "evidence": {"证据", "evidence"}, "verification": {"核实情况", "verification"},
	"reason": {"原因", "reason"}, "reason_code": {"原因代码", "reason code"}, "opinion": {"书面意见", "written opinion"}, "proposal": {"解决意见", "proposed solution"},
	"approver": {"批准人", "approver"}, "archive_number": {"归档号", "archive number"}, "receipt_number": {"回执编号", "receipt number"},
	"pickup_entry": {"取件登记", "pick-up register entry"}, "special_report": {"特别事件报告", "special event report"}, "work_record": {"工作记录", "work record"},
	"order": {"预案指令", "order by plan"}, "plan": {"紧急预案", "plan"}, "leader_instruction": {"领导指示", "leader's instruction"}, "owner_confirmation": {"业主核实", "owner's confirmation"},
	"manager_copy": {"抄送主管", "copy to the manager"}, "coordinator": {"协调人", "coordinator"}, "joint_limit": {"共同时限", "joint limit"},
	"important_record": {"重要事项记录", "important-matters record"}, "written_report": {"书面报告（一式两份）", "written report in duplicate"},
	"visit_record": {"回访记录", "return-visit record"}, "notice": {"一次性告知", "one-time notice"}, "completeness": {"材料是否齐全", "completeness check"},
	"handover_note": {"交接记录", "handover note"}, "external_unit": {"外单位名称地址电话", "external unit with address and contact"}, "complaint_form": {"投诉记录表", "complaint form"},
	"first_asker_entry": {"首问责任人登记结果", "result entered by the first-asker"}, "leader": {"分管领导", "leader"}, "team": {"工作班子", "team"},
	"time_limit": {"办理时限", "time limit"}, "arrangement": {"安排", "arrangement"}, "supervision": {"督办", "supervision"}, "summary": {"总结", "summary"},
	"new_responsible": {"新责任人", "new responsible person"}, "appointment": {"约定时间", "appointment"}, "funds": {"资金到账情况", "state of the funds"}, "fee_receipt": {"收费单号", "fee receipt"}, "permit": {"证照编号", "permit number"}, "pre_review": {"预审结果", "pre-review"},
	"loss_statement": {"定损单签字", "signed loss statement"}, "photo": {"照片", "photo"}, "consulted_leader": {"请示的领导", "leader consulted"}, "sections": {"涉及科室", "sections involved"},
	"vouchers": {"凭证审核", "vouchers reviewed"}, "dress": {"着装", "dress"}, "policy_number": {"保单号", "policy number"}, "requester": {"诉求人身份", "kind of requester"},
	"study": {"是否需研究", "study needed"}, "told_to": {"口头告知对象", "who was told"}, "verified_by": {"核实人", "verified by"},
}

// Step is what a gate stands before.
type Step string

// The steps.
const (
	BeforeRegister Step = "register"
	BeforeSolve    Step = "solve"
	BeforeHandOver Step = "hand_over"
	BeforeAccept   Step = "accept"
	BeforeReturn   Step = "return"
	BeforeEscalate Step = "escalate"
	BeforeReassign Step = "reassign"
	BeforeExtend   Step = "extend"
	BeforeRefuse   Step = "refuse"
	BeforeReply    Step = "reply"
	BeforeOrder    Step = "order"
	BeforeClose    Step = "close"
)

var steps = vocabulary[Step]{
	BeforeRegister: {"登记", "registering"}, BeforeSolve: {"当场办结", "solving on the spot"}, BeforeHandOver: {"转办", "handing over"},
	BeforeAccept: {"签收", "accepting"}, BeforeReturn: {"退单", "returning"}, BeforeEscalate: {"上报", "escalating"},
	BeforeReassign: {"更换责任人", "re-assigning"}, BeforeExtend: {"延期", "extending"}, BeforeRefuse: {"不予办理", "refusing"},
	BeforeReply: {"答复", "replying"}, BeforeOrder: {"下达指令", "giving orders"}, BeforeClose: {"办结", "closing"},
}

// Gating says what must be on record before a step.
type Gating struct {
	Before  Step         `json:"before"`
	Need    []Field      `json:"need"`
	Classes []Class      `json:"class,omitempty"` // for which cases; empty: all
	Types   []MatterType `json:"type,omitempty"`
	If      []Flag       `json:"if,omitempty"`
	Rules   []string     `json:"rules"`
}

// Register is what a case has on record. A field that is blank is not there.
type Register map[Field]string

// GateError lists everything a case lacks before a step, in the order of the policy.
type GateError struct {
	Before  Step
	Missing []Missing
}

// Missing is one field that is not there, and the rules that demand it.
type Missing struct {
	Field Field
	Rules []string
}

func (e *GateError) Error() string { return e.In("en") }

// In returns the error in a language like zh-CN or en.
func (e *GateError) In(lang string) string {
	var names []string
	for _, m := range e.Missing {
		names = append(names, fields.of(m.Field).In(lang)+cite(m.Rules))
	}
	w := Words{"%s之前还缺：%s", "before %s there must be: %s"}
	return fmt.Sprintf(w.In(lang), steps.of(e.Before).In(lang), strings.Join(names, Words{"、", ", "}.In(lang)))
}

// cite returns rule ids in brackets; nothing for none.
func cite(rules []string) string {
	if len(rules) == 0 {
		return ""
	}
	return " [" + strings.Join(rules, ", ") + "]"
}

// Gate reports what a case of facts f with register r still lacks before a step; the
// error is a *GateError.
func (p Policy) Gate(before Step, f Facts, r Register) error {
	var missing []Missing
	for _, g := range p.Gates {
		if g.Before != before || !g.fit(f) {
			continue
		}
		for _, field := range g.Need {
			if strings.TrimSpace(r[field]) != "" {
				continue
			}
			if i := slices.IndexFunc(missing, func(m Missing) bool { return m.Field == field }); i >= 0 {
				missing[i].Rules = append(missing[i].Rules, g.Rules...)
				continue
			}
			missing = append(missing, Missing{field, slices.Clone(g.Rules)})
		}
	}
	if missing == nil {
		return nil
	}
	return &GateError{before, missing}
}

func (g Gating) fit(f Facts) bool {
	return Terms{Classes: g.Classes, Types: g.Types, If: g.If}.fit(f)
}

// Required returns the fields a case of facts f needs before a step, in the order of
// the policy: what a form must ask for.
func (p Policy) Required(before Step, f Facts) (all []Field) {
	for _, g := range p.Gates {
		if g.Before != before || !g.fit(f) {
			continue
		}
		for _, field := range g.Need {
			if !slices.Contains(all, field) {
				all = append(all, field)
			}
		}
	}
	return all
}

// Words returns what f is called.
func (f Field) Words() Words { return fields.of(f) }
