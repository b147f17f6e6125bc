package cases

// Kinds of clocks: those of the rules (C39), and some that are only measured. A
// profile may name more.
const (
	ClockAnswer            ClockKind = "answer"
	ClockReportManager     ClockKind = "report_manager"
	ClockReportReception   ClockKind = "report_reception"
	ClockNotifyHandler     ClockKind = "notify_handler"
	ClockTransfer          ClockKind = "transfer"
	ClockSlip              ClockKind = "slip"
	ClockDistribute        ClockKind = "distribute"
	ClockFirstReply        ClockKind = "first_reply"
	ClockResultToAsker     ClockKind = "result_to_first_asker"
	ClockEmergencyNews     ClockKind = "emergency_news"
	ClockHazardNotice      ClockKind = "hazard_notice"
	ClockReplyDepartment   ClockKind = "reply_department"
	ClockDelivery          ClockKind = "delivery"
	ClockReplyLetter       ClockKind = "reply_letter"
	ClockReplyStudy        ClockKind = "reply_study"
	ClockReplyCaller       ClockKind = "reply_caller"
	ClockAgentMatter       ClockKind = "agent_matter"
	ClockPromise           ClockKind = "promise"
	ClockReturnVisit       ClockKind = "return_visit"
	ClockArrival           ClockKind = "arrival"
	ClockInquiry           ClockKind = "inquiry"
	ClockServeDecision     ClockKind = "serve_decision"
	ClockReviewRequest     ClockKind = "review_request"
	ClockReviewDecision    ClockKind = "review_decision"
	ClockGoals             ClockKind = "goals"
	ClockValidity          ClockKind = "validity"
	ClockDispatchCall      ClockKind = "dispatch_call"
	ClockDeparture         ClockKind = "departure"
	ClockRegister          ClockKind = "register"
	ClockAccept            ClockKind = "accept"
	ClockAssign            ClockKind = "assign"
	ClockHandle            ClockKind = "handle"
	ClockRelay             ClockKind = "relay"
	ClockConfirm           ClockKind = "confirm"
	ClockOrder             ClockKind = "order"
	ClockReportLeader      ClockKind = "report_leader"
	ClockEmergencyReport   ClockKind = "emergency_report"
	ClockFindOwner         ClockKind = "find_owner"
	ClockUnblock           ClockKind = "unblock"
	ClockPress             ClockKind = "press"
	ClockResultToCaller    ClockKind = "result_to_caller"
	ClockResultToManager   ClockKind = "result_to_manager"
	ClockComplaintAnswered ClockKind = "complaint_answer"
	ClockRectification     ClockKind = "rectification" // of what an inspection found; no policy's list has it
)

// clockKind is what is known of a kind of clock.
type clockKind struct {
	number string // in the clock catalogue (C39); empty: not there
	Words
}

var clockKinds = map[ClockKind]clockKind{
	ClockAnswer:            {"K01", Words{"首次响应", "first response"}},
	ClockReportManager:     {"K02", Words{"一类信息报告当班最高级别管理人员", "class-1 report to the highest manager on duty"}},
	ClockReportReception:   {"K03", Words{"二类信息报告当值接待人员", "class-2 report to the duty receptionist"}},
	ClockNotifyHandler:     {"K04", Words{"通知承办人", "telling the handler"}},
	ClockTransfer:          {"K05", Words{"转办", "passing the matter on"}},
	ClockSlip:              {"K06", Words{"处理单送达部门并抄送主管", "slip to the department with a copy to its manager"}},
	ClockDistribute:        {"K07", Words{"分送承办机构", "distribution to the handling body"}},
	ClockFirstReply:        {"K08", Words{"答复情况或时限", "telling the caller the state or a deadline"}},
	ClockResultToAsker:     {"K09", Words{"结果告知首问责任人", "result to the first-asker"}},
	ClockEmergencyNews:     {"K10", Words{"一类信息进展告知首问业主和首问责任人", "class-1 news to first owner and first-asker"}},
	ClockHazardNotice:      {"K11", Words{"隐患处理结果告知首问业主", "hazard result to the first owner"}},
	ClockReplyDepartment:   {"K12", Words{"部门答复来电人", "the department's answer to the caller"}},
	ClockDelivery:          {"K13", Words{"物品送达", "delivery of the item"}},
	ClockReplyLetter:       {"K14", Words{"群众来信来访答复", "answer to a citizen's letter"}},
	ClockReplyStudy:        {"K15", Words{"需研究事项回复", "answer that needs study"}},
	ClockReplyCaller:       {"K16", Words{"答复来电人", "reply to the caller"}},
	ClockAgentMatter:       {"K17", Words{"代办事项与群体事件办结", "agent matter or mass incident done"}},
	ClockPromise:           {"K18", Words{"兑现承诺", "keeping a promise"}},
	ClockReturnVisit:       {"K19", Words{"回访", "return visit"}},
	ClockArrival:           {"K20", Words{"到达现场", "arrival on site"}},
	ClockInquiry:           {"K21", Words{"问责调查", "accountability inquiry"}},
	ClockServeDecision:     {"K22", Words{"送达问责决定书", "service of the decision"}},
	ClockReviewRequest:     {"K23", Words{"申请复核", "request for review"}},
	ClockReviewDecision:    {"K23", Words{"作出复核决定", "decision on the review"}},
	ClockGoals:             {"K24", Words{"制定效能目标", "setting goals"}},
	ClockValidity:          {"K25", Words{"制度有效期", "validity of the policy"}},
	ClockDispatchCall:      {"K26", Words{"派工后联系客户", "first call to the customer after dispatch"}},
	ClockDeparture:         {"K26", Words{"派工后出发", "departure after dispatch"}},
	ClockRegister:          {"", Words{"登记", "registration"}},
	ClockAccept:            {"", Words{"签收", "acceptance by the department"}},
	ClockAssign:            {"", Words{"确定责任人", "naming a responsible person"}},
	ClockHandle:            {"", Words{"办理", "handling"}},
	ClockRelay:             {"", Words{"首问责任人转告业主", "the first-asker's own word to the owner"}},
	ClockConfirm:           {"", Words{"与首问业主核实", "confirmation with the first owner"}},
	ClockOrder:             {"", Words{"按预案下达指令", "order by the emergency plan"}},
	ClockReportLeader:      {"", Words{"报告领导", "report to the leader"}},
	ClockEmergencyReport:   {"", Words{"特别事件报告", "special event report"}},
	ClockFindOwner:         {"", Words{"查明责任单位", "finding who is competent"}},
	ClockUnblock:           {"", Words{"障碍消除后解决", "solving once the obstacle is gone"}},
	ClockPress:             {"", Words{"催办回应", "answer to pressing"}},
	ClockResultToCaller:    {"", Words{"结果告知来电人", "result to the caller"}},
	ClockResultToManager:   {"", Words{"结果告知部门主管", "result to the department manager"}},
	ClockComplaintAnswered: {"", Words{"投诉答复", "answer to a complaint"}},
	ClockRectification:     {"", Words{"整改", "putting right what was found"}},
	ClockCallback:          {"", Words{"回拨", "callback"}},
}

// Number returns the number of k in the clock catalogue (C39), e.g. K05, and "" for
// a kind that is not in it.
func (k ClockKind) Number() string { return clockKinds[k].number }

// Words returns what k is called.
func (k ClockKind) Words() Words {
	if known, ok := clockKinds[k]; ok {
		return known.Words
	}
	return Words{string(k), string(k)}
}

// Milestone is something that happens to a case and that clocks start or stop at.
type Milestone string

// The milestones.
const (
	AtRing            Milestone = "ring"
	AtContact         Milestone = "contact"
	AtRegistered      Milestone = "registered"
	AtJudged          Milestone = "judged"
	AtAcceptance      Milestone = "acceptance"
	AtHandedOver      Milestone = "handed_over"
	AtReceived        Milestone = "received"
	AtManagerCopied   Milestone = "manager_copied"
	AtAccepted        Milestone = "accepted"
	AtAssigned        Milestone = "assigned"
	AtHandlerNotified Milestone = "handler_notified"
	AtDeskReached     Milestone = "desk_reached"
	AtManagerReached  Milestone = "manager_reached"
	AtReception       Milestone = "reception_reached"
	AtLeaderReached   Milestone = "leader_reached"
	AtOwnerConfirmed  Milestone = "owner_confirmed"
	AtOrdered         Milestone = "ordered"
	AtReportFiled     Milestone = "report_filed"
	AtHandled         Milestone = "handled"
	AtFirstAskerTold  Milestone = "first_asker_told"
	AtManagerTold     Milestone = "manager_told"
	AtStateTold       Milestone = "state_told"
	AtCallerTold      Milestone = "caller_told"
	AtRelayed         Milestone = "relayed"
	AtPromised        Milestone = "promised"
	AtKept            Milestone = "kept"
	AtUnblocked       Milestone = "unblocked"
	AtUnclear         Milestone = "unclear"
	AtOwnerFound      Milestone = "owner_found"
	AtVisited         Milestone = "visited"
	AtRequested       Milestone = "requested"
	AtDelivered       Milestone = "delivered"
	AtAlarm           Milestone = "alarm"
	AtOnSite          Milestone = "on_site"
	AtDispatched      Milestone = "dispatched"
	AtCustomerCalled  Milestone = "customer_called"
	AtDeparted        Milestone = "departed"
	AtPressed         Milestone = "pressed"
	AtPressAnswered   Milestone = "press_answered"
	AtInquiryOpened   Milestone = "inquiry_opened"
	AtInquiryReported Milestone = "inquiry_reported"
	AtDecided         Milestone = "decided"
	AtServed          Milestone = "served"
	AtReviewRequested Milestone = "review_requested"
	AtReviewDecided   Milestone = "review_decided"
	AtGoalsDue        Milestone = "goals_due"
	AtGoalsSet        Milestone = "goals_set"
	AtIssued          Milestone = "issued"
	AtRenewed         Milestone = "renewed"
	AtFinding         Milestone = "finding"
	AtRectified       Milestone = "rectified"
	AtMissed          Milestone = "missed"
	AtCalledBack      Milestone = "called_back"
)

var milestones = vocabulary[Milestone]{
	AtRing:            {"来电振铃", "the call rang"},
	AtContact:         {"首次接触", "first contact"},
	AtRegistered:      {"登记完成", "registration"},
	AtJudged:          {"判定类别", "triage"},
	AtAcceptance:      {"受理", "acceptance of the matter"},
	AtHandedOver:      {"转出", "hand-over"},
	AtReceived:        {"承办部门收到", "receipt by the department"},
	AtManagerCopied:   {"抄送部门主管", "copy to the department manager"},
	AtAccepted:        {"承办部门签收", "acceptance by the department"},
	AtAssigned:        {"确定责任人", "a responsible person is named"},
	AtHandlerNotified: {"已通知承办人", "the handler is told"},
	AtDeskReached:     {"已联系到受理处", "the receiving desk is reached"},
	AtManagerReached:  {"已报告当班最高级别管理人员", "the manager on duty is reached"},
	AtReception:       {"已报告当值接待人员", "the duty receptionist is reached"},
	AtLeaderReached:   {"已报告领导", "the leader is reached"},
	AtOwnerConfirmed:  {"已与首问业主核实", "the first owner confirmed"},
	AtOrdered:         {"已下达指令", "the order is issued"},
	AtReportFiled:     {"特别事件报告已归档", "the special event report is filed"},
	AtHandled:         {"处理结束", "handling ended"},
	AtFirstAskerTold:  {"已告知首问责任人", "the first-asker is told"},
	AtManagerTold:     {"已告知部门主管", "the department manager is told"},
	AtStateTold:       {"已答复情况或时限", "the caller knows the state or a deadline"},
	AtCallerTold:      {"已答复来电人", "the caller is answered"},
	AtRelayed:         {"首问责任人已转告", "the first-asker told the caller himself"},
	AtPromised:        {"作出承诺", "the promise"},
	AtKept:            {"承诺兑现", "the promise is kept"},
	AtUnblocked:       {"障碍消除", "the obstacle is gone"},
	AtUnclear:         {"责任不明", "nobody knows who is competent"},
	AtOwnerFound:      {"已查明责任单位", "the competent unit is found"},
	AtVisited:         {"已回访", "the return visit"},
	AtRequested:       {"客人提出需求", "the request"},
	AtDelivered:       {"已送达", "delivery"},
	AtAlarm:           {"警情成立", "the alarm condition"},
	AtOnSite:          {"到达现场", "arrival on site"},
	AtDispatched:      {"派工", "dispatch"},
	AtCustomerCalled:  {"已联系客户", "the customer is called"},
	AtDeparted:        {"已出发", "departure"},
	AtPressed:         {"催办", "pressing"},
	AtPressAnswered:   {"已回应催办", "the answer to it"},
	AtInquiryOpened:   {"调查组成立", "the inquiry team is formed"},
	AtInquiryReported: {"提交调查报告", "the inquiry report"},
	AtDecided:         {"作出决定", "the decision"},
	AtServed:          {"送达决定书", "service of the decision"},
	AtReviewRequested: {"申请复核", "the request for review"},
	AtReviewDecided:   {"作出复核决定", "the decision on the review"},
	AtGoalsDue:        {"年初或年中", "the start or the middle of the year"},
	AtGoalsSet:        {"目标已制定", "the goals are set"},
	AtIssued:          {"制度发布", "issue of the policy"},
	AtRenewed:         {"制度修订", "renewal of the policy"},
	AtFinding:         {"检查发现问题", "the finding"},
	AtRectified:       {"整改验收", "the verification"},
	AtMissed:          {"未接来电", "the missed call"},
	AtCalledBack:      {"已回拨", "the callback"},
}

// PauseReason says why a clock stands still.
type PauseReason string

// The reasons.
const (
	PauseCaller     PauseReason = "caller"      // waiting on the caller: his circumstances, materials, appointment
	PauseThirdParty PauseReason = "third_party" // waiting on somebody outside, e.g. for funds
	PauseForce      PauseReason = "force_majeure"
)

var pauseReasons = vocabulary[PauseReason]{
	PauseCaller:     {"等待来电人", "waiting on the caller"},
	PauseThirdParty: {"等待外部单位", "waiting on somebody outside"},
	PauseForce:      {"不可抗力", "force majeure"},
}

var unitWords = vocabulary[Unit]{
	Seconds: {"秒", "s"}, Minutes: {"分钟", "min"}, Hours: {"小时", "h"}, WorkingHours: {"个工作小时", "working hours"},
	Days: {"天", "days"}, WorkingDays: {"个工作日", "working days"},
	Years: {"年", "years"}, SameDay: {"当天", "the same day"}, Immediate: {"立即", "at once"}, AsPromised: {"承诺的时间", "the time promised"},
}

// Words returns l as people say it.
func (l Limit) Words() Words {
	w := unitWords.of(l.Unit)
	if l.N == 0 {
		return w
	}
	if l.N == 1 && (l.Unit == Days || l.Unit == WorkingDays || l.Unit == WorkingHours || l.Unit == Years) {
		w.EN = w.EN[:len(w.EN)-1]
	}
	n := itoa(l.N)
	return Words{n + " " + w.ZH, n + " " + w.EN}
}
