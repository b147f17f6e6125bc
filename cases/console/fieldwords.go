package console

import (
	"strings"

	"shouwen/cases"
)

// field returns what a field of a move is called, or, if no move has it, a field of the
// register.
func (l lang) field(kind cases.MoveKind, name string) string {
	last := name[strings.LastIndex(name, ".")+1:]
	for _, key := range []string{string(kind) + "." + name, name, last} {
		if w, ok := fieldWords[key]; ok {
			return cases.Words{ZH: w[0], EN: w[1]}.In(string(l))
		}
	}
	return cases.Field(last).Words().In(string(l))
}

// fieldWords are what the fields of moves are called, Chinese and English; one of a
// single move is MOVE.FIELD.
var fieldWords = map[string][2]string{
	"evidence":         {"已联系到来电人的证据", "what proves that the caller was reached"},
	"evidence.call":    {"证据：接通的通话", "proof: a call in which he was connected"},
	"evidence.message": {"证据：已送达的短信编号", "proof: id of a message that arrived"},
	"evidence.paper":   {"证据：签收的书面材料编号", "proof: number of a paper he signed"},
	"agreed.call":      {"来电人同意：接通的通话", "the caller agreed: call"},
	"agreed.message":   {"来电人同意：短信编号", "the caller agreed: message"},
	"agreed.paper":     {"来电人同意：书面材料编号", "the caller agreed: paper"},

	"phone":        {"联系电话", "phone to reach the caller"},
	"name":         {"姓名", "name"},
	"organisation": {"单位", "organisation"},
	"read_back":    {"已向来电人复述，来电人确认无误", "read back to the caller, who confirmed it"},
	"channel":      {"渠道", "channel"},

	"department": {"承办部门", "department"},
	"person":     {"承办人", "person"},
	"reason":     {"原因", "reason"},
	"to":         {"交给", "to"},
	"said":       {"所说内容", "what was said"},
	"told":       {"已告知来电人", "the caller was told"},
	"note":       {"备注", "note"},
	"text":       {"内容", "text"},
	"answer":     {"答复", "answer"},
	"reported":   {"报告给", "reported to"},
	"contact":    {"联系方式", "contact"},
	"what":       {"事项", "what"},
	"who":        {"当事人", "who"},
	"materials":  {"材料（用逗号分隔）", "materials (with commas between)"},
	"category":   {"事项分类", "category"},
	"class":      {"信息类别", "class"},
	"type":       {"事项类型", "type of matter"},

	"accept.authority":    {"我有权决定此事", "I may decide on this matter"},
	"accept.named":        {"由谁承办（空：本人）", "who handles it (empty: I do)"},
	"adopt.adopted":       {"采纳", "adopted"},
	"alarm.condition":     {"发生了什么", "what happened"},
	"alarm.level":         {"级别（1 最严重）", "level (1 is the most severe)"},
	"alarm.set":           {"标记", "flags"},
	"arrive.who":          {"到场的人", "who is there"},
	"arrive.departed":     {"仅已出发", "on the way only"},
	"attempt.result":      {"联系结果", "what came of the attempt"},
	"classify.set":        {"加上标记", "flags to set"},
	"classify.clear":      {"去掉标记", "flags to clear"},
	"close.signed":        {"班长签字办结的理由（未能答复时）", "a supervisor's reason to close it without an answer"},
	"complain.accused":    {"被投诉人", "whom the complaint is about"},
	"consult.whom":        {"请示的对象", "who was asked"},
	"contact.party":       {"对方身份", "what he is"},
	"contact.person":      {"联系到的人", "who was reached"},
	"contact.means":       {"联系方式", "by what means"},
	"cover.remedy":        {"如何代办", "what was done"},
	"cover.absent":        {"不在岗的人", "who is not there"},
	"cover.receipt":       {"回执编号", "number of the receipt"},
	"cover.stand_in":      {"顶替的人", "who takes his place"},
	"decide.of":           {"批复事项", "decision on"},
	"decide.approve":      {"同意", "granted"},
	"deliver.what":        {"送达的物品", "what the caller got"},
	"escalate.to":         {"上报给", "to whom, as the rules call him"},
	"escalate.person":     {"报告的对象", "who was told"},
	"escalate.why":        {"不清楚或有争议的事项", "what is unclear or disputed"},
	"extend.clock":        {"时限", "clock"},
	"extend.until":        {"延期至", "until"},
	"file.copies":         {"份数", "copies"},
	"find.how":            {"如何查明", "how it was found out"},
	"hand_off.to":         {"接班人", "successor"},
	"hand_off.note":       {"交接内容：未办的事项和已作的承诺", "handover note: what is open and what was promised"},
	"hand_over.mode":      {"转办方式", "how it was passed on"},
	"hand_over.reached":   {"对方已接手", "somebody there took it"},
	"hand_over.own_asked": {"已先在本部门内询问", "the own department was asked first"},
	"hand_over.copied":    {"已抄送部门主管", "the department's manager has a copy"},
	"hand_over.estimate":  {"告知来电人的预计时间", "estimated time told to the caller"},
	"hand_over.spoken":    {"告知来电人的号码", "number told to the caller"},
	"hand_over.dialled":   {"实际拨打的号码", "number dialled"},
	"hand_over.insisted":  {"坚持转给曾退回的部门", "insisted, though that department gave it back"},
	"inquiry.step":        {"步骤", "step"},
	"inquiry.approved":    {"批准延长的人", "who approved more time"},
	"inquiry.outcome":     {"处理结果", "outcome"},
	"inquiry.for":         {"申请复核的人", "who asks for a review"},
	"join.departments":    {"涉及的部门", "departments"},
	"join.coordinator":    {"协调人", "coordinator"},
	"join.limit":          {"共同时限", "joint time limit"},
	"merge.into":          {"并入工单", "number of the case it is continued in"},
	"notify.items":        {"告知的内容", "what the caller was told"},
	"notify.form":         {"告知方式", "form"},
	"notify.materials":    {"告知的材料（用逗号分隔）", "materials he has to bring (with commas between)"},
	"order.plan":          {"紧急预案", "plan"},
	"order.leader":        {"下令的领导", "leader who decided"},
	"order.instruction":   {"由谁做什么", "who does what"},
	"press.text":          {"催办内容", "what is missing"},
	"promise.what":        {"承诺的事项", "what is promised"},
	"promise.due":         {"承诺的时间", "by when"},
	"propose.proposal":    {"解决意见", "proposed solution"},
	"reassign.to":         {"新的责任人", "new responsible person"},
	"refer_out.body":      {"外单位名称", "body outside"},
	"refer_out.phone":     {"外单位电话", "its phone"},
	"refer_out.person":    {"联系人", "contact person"},
	"refer_out.helped":    {"为来电人做了什么", "what was done for the caller besides"},
	"refuse.archive":      {"归档号", "archive number"},
	"reply.time":          {"解决时间", "when it was solved"},
	"reply.result":        {"答复内容", "the answer"},
	"reply.reason":        {"未能解决的原因", "why it could not be solved, if so"},
	"return.code":         {"退单原因", "why it is returned"},
	"return.opinion":      {"书面意见", "opinion in writing"},
	"return.to":           {"应由哪个部门办理（空：退回首问责任人）", "whose it is (empty: back to the first-asker)"},
	"tell.of":             {"告知什么", "what he was told of"},
	"verify.true":         {"投诉属实", "the complaint is true"},
	"verify.offence":      {"违规代码", "offence"},
	"verify.against":      {"当事人", "whom it is about"},
	"verify.finding":      {"查明的情况和依据", "what was found, and from what"},
	"violation.of":        {"违反的规范", "rule that was broken"},
	"visit.answered":      {"部门确已答复来电人", "the department really answered him"},
	"visit.solved":        {"已经解决", "it is solved"},
	"visit.satisfied":     {"满意度（1–5）", "satisfaction (1 to 5)"},
	"wait.reason":         {"等待谁", "on whom"},
	"wait.what":           {"等待什么", "for what"},
	"withdraw.reason":     {"来电人的说法", "what the caller said"},
}
