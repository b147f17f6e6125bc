package console

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// lang is a language of the pages.
type lang string

const (
	chinese lang = "zh-CN"
	english lang = "en"
)

// languageOf returns the language r asks for: by ?lang=, by the cookie that
// remembers it, or by the browser's setting. Who says nothing gets Chinese.
func languageOf(r *http.Request) lang {
	if l, ok := language(r.URL.Query().Get("lang")); ok {
		return l
	}
	if c, err := r.Cookie("lang"); err == nil {
		if l, ok := language(c.Value); ok {
			return l
		}
	}
	return accepted(r.Header.Get("Accept-Language"))
}

// language returns the language of a tag (RFC 5646).
func language(tag string) (lang, bool) {
	switch primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-"); primary {
	case "zh":
		return chinese, true
	case "en":
		return english, true
	}
	return "", false
}

// accepted returns the language of ours that header prefers (RFC 9110 12.5.4).
func accepted(header string) lang {
	best, weight := chinese, 0.0
	for entry := range strings.SplitSeq(header, ",") {
		tag, params, _ := strings.Cut(entry, ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			q, _ = strconv.ParseFloat(v, 64) // not a number: 0, not wanted
		}
		if l, ok := language(tag); ok && q > weight {
			best, weight = l, q
		}
	}
	return best
}

// word returns the text for key in l; a key without one stands for itself, as
// terms that a newer part of Shouwen sends do.
func (l lang) word(key string) string {
	w, ok := words[key]
	switch {
	case !ok:
		return key
	case l == english:
		return w[1]
	}
	return w[0]
}

// words are the texts of the pages, Chinese and English. Terms of the domain go
// by their kind and value.
var words = together(pageWords, reportWords)

func together(parts ...map[string][2]string) map[string][2]string {
	all := map[string][2]string{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

var pageWords = map[string][2]string{
	"title":    {"首问", "Shouwen"},
	"console":  {"首问 · 控制台", "Shouwen console"},
	"sign in":  {"登录", "Sign in"},
	"sign out": {"退出", "Sign out"},
	"user":     {"工号或分机", "User or extension"},
	"password": {"密码", "Password"},
	"password help": {
		"由管理员用 shouwen user pass --console 生成，与话机密码不同。",
		"Your administrator makes it with shouwen user pass --console; it is not that of the phone."},
	"skip":     {"跳到正文", "Skip to the content"},
	"overview": {"总览", "Overview"},

	"find":          {"查找工单", "Find cases"},
	"find hint":     {"工单号、电话、姓名、内容", "number, phone, name, text"},
	"found":         {"查找：", "Cases with"},
	"nothing found": {"没有找到工单。", "No case found."},
	"too short":     {"请至少输入两个汉字或三个字母、数字。", "Type two Chinese characters, or three letters or digits, at least."},
	"only some":     {"只显示最新的一部分，请输入得更具体。", "Only the newest are shown; type more to narrow them down."},

	"not permitted": {"您的角色不能这样做", "not with your roles"},
	"speak to":      {"先联系%s，再转接", "speak to %s first, then put the caller through"},
	"speak to at":   {"先联系%s，分机 %s，再转接", "speak to %s first, extension %s, then put the caller through"},

	"knowledge":        {"业务知识", "Knowledge"},
	"know hint":        {"事项、部门、材料", "matter, department, papers"},
	"nothing known":    {"没有找到。请转接或请示领导。", "Nothing is known of it. Put the caller through, or ask a leader."},
	"read out":         {"可以这样答复", "Answer to be read out"},
	"one-time notice":  {"一次性告知", "One-time notice"},
	"ask them":         {"未登记，请向部门确认", "not on record: ask the department"},
	"duties":           {"职责", "Duties"},
	"workflow":         {"办理流程", "Workflow"},
	"contact":          {"联系方式", "Contact"},
	"who is there":     {"人员", "People"},
	"hours today":      {"今日办公时间", "Hours today"},
	"open now":         {"正在办公", "open now"},
	"closed now":       {"现在不办公", "closed now"},
	"opens":            {"开门：", "opens"},
	"always open":      {"不限时间", "at any time"},
	"closed all day":   {"全天不办公", "closed all day"},
	"nobody is listed": {"没有登记人员", "Nobody is listed"},

	"desk":              {"我的工作台", "My desk"},
	"to the desk":       {"返回工作台", "Back to the desk"},
	"your phone rings":  {"您的电话在响", "Your phone rings"},
	"waits":             {"已等待", "waits"},
	"calls again about": {"再次来电，原工单", "calls again about"},
	"you talk with":     {"正在通话", "You talk with"},
	"open the case":     {"打开工单", "Open the case"},
	"no phone":          {"话机未注册", "your phone is not registered"},
	"my post":           {"我的岗位：", "My post:"},
	"rights":            {"权限", "Rights"},
	"be ready":          {"示闲", "Ready for calls"},
	"pause":             {"示忙", "Pause"},

	"my cases":           {"我的在办工单", "My open cases"},
	"nothing open":       {"没有在办工单", "Nothing open"},
	"call back":          {"回拨", "Call back"},
	"call back help":     {"先响您的电话，接起后再呼叫来电人", "Your phone rings first; when you pick up, the caller is called"},
	"why":                {"依据", "why"},
	"alarms":             {"紧急情况", "Emergencies"},
	"emergency":          {"紧急情况……", "emergency…"},
	"ring the manager":   {"立即呼叫管理人员", "ring the manager now"},
	"to do":              {"待办", "To do"},
	"task contact":       {"联系未接听的承办方", "reach who did not answer"},
	"task report":        {"向上级报告无人接听", "tell the superior that nobody answered"},
	"task apologise":     {"因逾期向来电人致歉", "apologise to the caller for being late"},
	"approvals":          {"待批复", "Waiting for a decision"},
	"asked for":          {"申请", "Asked for"},
	"late cases":         {"超时工单", "Late cases"},
	"nothing late":       {"没有超时工单", "Nothing is late"},
	"nobody on post":     {"无人在岗：", "Nobody is on post:"},
	"station post":       {"岗位", "post"},
	"station queue":      {"队列", "queue"},
	"station department": {"部门", "department"},
	"dead letters":       {"未能送达的通知：", "Notices that could not be delivered:"},

	"asked extension":    {"延期", "Extension"},
	"asked reassignment": {"更换责任人", "Another responsible person"},

	"shift handover":         {"交接班", "Shift handover"},
	"handover help":          {"以下工单还有您的承诺未兑现或待办未完成。退出前请交给接班人，并写明未办的事项和已作的承诺。首问责任人不变。", "In these cases you have still promised or to do something. Before you sign out, hand them to your successor, and note what is open and what was promised. The first-asker stays who he is."},
	"nothing promised":       {"没有未兑现的承诺和待办，可以直接退出。", "Nothing is promised or to be done: just sign out."},
	"successor":              {"接班人", "Successor"},
	"promised":               {"承诺：", "Promised:"},
	"handover note":          {"交接内容", "Handover note"},
	"hand over and sign out": {"交接并退出", "Hand over and sign out"},
	"stay":                   {"暂不退出", "Stay signed in"},

	"clocks":         {"时限", "Clocks"},
	"moves":          {"办理", "What you can do now"},
	"more moves":     {"其他操作", "More"},
	"more fields":    {"更多内容", "More fields"},
	"decide":         {"批复", "Decide"},
	"nothing to do":  {"目前没有由您办理的事项。", "Nothing here is yours to do now."},
	"first":          {"先要：", "first:"},
	"before":         {"%s前须有", "before: %s"},
	"still required": {"还缺：", "Still required:"},
	"not understood": {"有的内容无法识别，请检查日期和数字。", "Something cannot be understood; look at dates and numbers."},
	"done":           {"已办", "Done"},
	"soon":           {"工单已记录在案，正在写入数据库，马上显示。", "The case is on record and on its way to the database; it is shown in a moment."},
	"matter":         {"事项", "The matter"},
	"content":        {"事项", "Matter"},
	"category":       {"分类", "Category"},
	"flag":           {"标记", "Flag"},
	"who has it":     {"来电人与责任", "Caller and responsibility"},
	"the call":       {"来电", "The call"},

	"channel call":    {"来电", "call"},
	"channel visit":   {"来访", "visit"},
	"channel letter":  {"来信", "letter"},
	"channel message": {"短信或网络", "message"},

	"stale":          {"工单已有新的变动，请重新查看后再办。", "the case has moved since it was seen; read it again"},
	"key of another": {"幂等键已另有所用，请换一个。", "the idempotency key is that of something else; make a new one"},

	"clock running":   {"计时中", "running"},
	"clock paused":    {"暂停", "paused"},
	"clock at_risk":   {"即将超时", "about to run out"},
	"clock late":      {"已超时", "overdue"},
	"clock stopped":   {"已完成", "done"},
	"clock cancelled": {"已取消", "cancelled"},

	"administrator": {"管理员登录", "Administrators"},
	"token":         {"访问令牌", "API token"},
	"token help": {
		"由管理员提供；Shouwen 启动时将其写入 ready.json。",
		"Your administrator has it; Shouwen writes it to ready.json."},
	"too_many":   {"错误次数过多，请稍候再试。", "Too many wrong attempts. Wait a moment and try again."},
	"wrong":      {"工号、密码或令牌不正确。", "That is not right."},
	"trunk down": {"中继中断：", "Trunk down:"},
	"unanswered": {"坐席电话无人接听，已自动暂停：", "Paused because their phones were not answered:"},
	"make ready": {"恢复就绪", "Make ready"},

	"joined by":       {"班长在线：", "supervisor on the line:"},
	"monitor listen":  {"监听", "Listen"},
	"monitor whisper": {"耳语", "Whisper"},
	"monitor barge":   {"强插", "Barge in"},
	"monitor end":     {"退出", "Leave"},

	"until":     {"至", "until"},
	"away":      {"数据库暂时无法访问。来电照常接听并已记录在案，数据库恢复后将在此显示。", "The database does not answer. Calls are still taken and recorded; their cases appear here after it returns."},
	"lost":      {"与服务器的连接已断开，所示内容可能已过时。", "The connection to the server is lost. What you see may be out of date."},
	"unshown":   {"数据库恢复后显示。", "Shown again when the database is back."},
	"back":      {"返回总览", "Back to the overview"},
	"error 400": {"无法理解该请求。", "This request makes no sense."},
	"error 401": {"请先登录。", "Sign in first."},
	"error 403": {"您没有这项权限，或请求来自其他网站。", "Not with your roles, or a request from another site."},
	"error 404": {"没有这个页面或工单。", "There is no such page or case."},
	"error 405": {"不支持该请求方法。", "This method is not supported here."},
	"error 409": {"现在不能这样做。", "Not now."},
	"error 413": {"请求内容过大。", "This request is too large."},
	"error 422": {"有的内容不对或缺失。", "Something is wrong or missing."},
	"error 429": {"请求过多，请稍候再试。", "Too many requests. Wait a moment."},
	"error 500": {"服务器出错，已记入日志。", "Something went wrong on our side; it has been logged."},
	"error 503": {"数据库暂时无法访问。来电照常接听并已记录在案，数据库恢复后即可查看工单。", "The database does not answer. Calls are still taken and recorded; cases can be seen after it returns."},

	"waiting":         {"等待中", "Waiting"},
	"longest":         {"最长等待", "longest"},
	"in conversation": {"通话中", "In conversation"},
	"agents ready":    {"空闲坐席", "Agents ready"},
	"callbacks":       {"待回拨", "Callbacks owed"},
	"overdue":         {"已超时", "overdue"},
	"of":              {"共", "of"},
	"live calls":      {"当前通话", "Live calls"},
	"agents":          {"坐席", "Agents"},
	"latest cases":    {"最新工单", "Latest cases"},
	"no calls":        {"目前没有通话", "No calls right now"},
	"no agents":       {"尚未配置坐席", "No agents configured"},
	"no cases":        {"还没有工单", "No cases yet"},
	"no callbacks":    {"没有待回拨的来电", "Nobody is owed a callback"},
	"more":            {"未全部显示，总数", "not all shown; in total"},

	"caller":         {"来电", "Caller"},
	"dialed":         {"被叫", "Dialed"},
	"state":          {"状态", "State"},
	"agent":          {"坐席", "Agent"},
	"case":           {"工单", "Case"},
	"lasting":        {"时长", "For"},
	"department":     {"部门", "Department"},
	"with":           {"对方", "With"},
	"opened":         {"建单时间", "Opened"},
	"first-asker":    {"首问责任人", "First-asker"},
	"responsible":    {"责任人", "Responsible"},
	"handler":        {"经办人", "Handler"},
	"call":           {"来电结果", "Call"},
	"due":            {"期限", "Due"},
	"due in":         {"剩余", "in"},
	"late by":        {"超时", "late by"},
	"reason":         {"原因", "Why"},
	"hotline":        {"热线", "Hotline"},
	"trunk":          {"中继", "Trunk"},
	"arrived":        {"呼入时间", "Arrived"},
	"answered":       {"接听时间", "Answered"},
	"waited":         {"等待时长", "Waited"},
	"ended":          {"结束时间", "Ended"},
	"previous":       {"上一工单", "Previous case"},
	"recording":      {"录音", "Recording"},
	"recording gone": {"已到期删除", "deleted, its time was over"},
	"recording cut":  {"不完整", "not whole"},
	"callback due":   {"回拨期限", "Call back by"},
	"place":          {"排位", "place"},
	"call back at":   {"回拨号码", "Call back at"},
	"voicemail":      {"留言", "Voicemail"},
	"withheld":       {"号码隐藏", "Number withheld"},
	"verified":       {"号码已核验", "vouched for by the trunk"},
	"claimed":        {"号码未核验", "claimed, not verified"},
	"raw":            {"原始主叫", "As received"},
	"diverted":       {"转移自", "Diverted by"},
	"on the line":    {"通话中", "on the line"},
	"nobody":         {"无", "nobody"},

	"ledger":       {"工单台账", "Ledger"},
	"chain ok":     {"台账完整", "Chain intact"},
	"chain broken": {"台账被改动", "Chain broken"},
	"event":        {"事件", "Event"},
	"at":           {"时间", "Time"},
	"by":           {"操作人", "By"},
	"system":       {"系统", "system"},
	"hash":         {"校验值", "Hash"},
	"fact":         {"来源事实", "Fact"},
	"the case row": {"工单本身", "the case itself"},
	"entry":        {"第 %d 条", "entry %d"},

	"direction inbound":  {"呼入", "Inbound"},
	"direction outbound": {"呼出", "Outbound"},
	"direction internal": {"内线", "Internal"},

	"call ivr":     {"导航中", "In menu"},
	"call queued":  {"排队", "Waiting"},
	"call ringing": {"振铃", "Ringing"},
	"call talking": {"通话", "Talking"},
	"call held":    {"保持", "On hold"},

	"agent ready":        {"空闲", "Ready"},
	"agent ringing":      {"振铃", "Ringing"},
	"agent talking":      {"通话", "Talking"},
	"agent wrapup":       {"话后处理", "Wrap-up"},
	"agent paused":       {"暂停", "Paused"},
	"agent away":         {"离线", "Away"},
	"pause no_answer":    {"电话无人接听", "phone not answered"},
	"pause declined":     {"拒接", "declined"},
	"pause feature_code": {"话机示忙", "by phone"},
	"pause lunch":        {"用餐", "lunch"},
	"pause training":     {"培训", "training"},
	"pause meeting":      {"会议", "meeting"},
	"pause paperwork":    {"案头工作", "paperwork"},

	"case open":        {"待登记", "Open"},
	"case registered":  {"已登记", "Registered"},
	"case solved":      {"已当场解决", "Solved"},
	"case handed_over": {"已转办", "Handed over"},
	"case accepted":    {"已签收", "Accepted"},
	"case result_in":   {"已反馈", "Result in"},
	"case replied":     {"已答复", "Replied"},
	"case visited":     {"已回访", "Visited"},
	"case closed":      {"已办结", "Closed"},
	"case refused":     {"不予受理", "Refused"},
	"case withdrawn":   {"已撤回", "Withdrawn"},
	"case merged":      {"已并案", "Merged"},

	"supervisor's":          {"转班长处理", "for the supervisor"},
	"called reached":        {"已接通", "Reached"},
	"called busy":           {"占线", "Busy"},
	"called no_answer":      {"无人接听", "No answer"},
	"called rejected":       {"拒接", "Declined"},
	"called invalid_number": {"空号", "No such number"},
	"called failed":         {"线路故障", "No trunk"},
	"called denied":         {"禁止外呼", "Not allowed"},
	"called cancelled":      {"坐席取消", "Cancelled"},
	"called wrong_number":   {"号码有误", "Wrong number"},
	"called voicemail":      {"语音信箱", "Voicemail"},

	"missed abandoned":   {"来电者挂断", "Caller gave up"},
	"missed no_answer":   {"无人接听", "Nobody answered"},
	"missed refused":     {"无法接入", "Could not be taken"},
	"missed not_reached": {"回电未通", "Not reached"},
	"missed interrupted": {"服务中断", "Service interrupted"},
	"missed self_served": {"自助完成", "Served by the menu"},

	"missed callback_taken": {"预约回电", "Waits for a callback"},
	"missed voicemail":      {"已留言", "Left a message"},

	"cause caller":      {"来电者挂断", "Caller hung up"},
	"cause agent":       {"坐席挂断", "Agent hung up"},
	"cause rtp_timeout": {"无音频超时", "No audio"},
	"cause spent":       {"外呼费用已达上限", "The day's money for calls to the outside was spent"},
	"cause shutdown":    {"服务停止", "Service stopped"},
	"cause failure":     {"信令故障", "Signalling failed"},
	"cause interrupted": {"服务中断", "Service interrupted"},

	"event picked_up": {"接听", "Picked up"},
	"event missed":    {"未接", "Missed"},
	"event ended":     {"通话结束", "Call ended"},

	"event callback_taken": {"预约回电", "Callback taken"},
	"event voicemail":      {"留言", "Voicemail"},
	"event flow_left":      {"语音流程", "Left a flow"},
	"event emergency":      {"紧急求助", "Emergency"},

	"event callback_started":  {"开始回电", "Calling back"},
	"event callback_answered": {"回电接通", "Called back"},
	"event callback_missed":   {"回电未通", "Not reached"},
	"event callback_marked":   {"回电非本人", "Not the caller"},
	"event outbound_decided":  {"外呼审核", "Call to the outside decided"},

	"event transfer_started":   {"开始转接", "Transfer started"},
	"event transfer_switched":  {"切换通话方", "Spoke with another in the transfer"},
	"event transfer_completed": {"转接成功", "Transfer completed"},
	"event transfer_failed":    {"转接未成", "Transfer failed"},

	"event monitor_started":   {"班长介入", "Supervisor on the line"},
	"event monitor_ended":     {"班长退出", "Supervisor off the line"},
	"event recording_started": {"开始录音", "Recording started"},
	"event recording_paused":  {"暂停录音", "Recording paused"},
	"event recording_resumed": {"恢复录音", "Recording resumed"},
	"event recording_ended":   {"录音结束", "Recording ended"},
	"event voicemail_deleted": {"留言到期删除", "Voicemail deleted, its time was over"},
	"event recording_deleted": {"录音到期删除", "Recording deleted, its time was over"},
	"event legal_hold":        {"证据保全", "Legal hold"},
	"event quality":           {"通话质量", "Voice quality"},
	"event message_delivered": {"短信已送达", "Message delivered"},
	"event taken":             {"接手", "Taken over"},
	"event entrusted":         {"交办任务", "Task given"},
	"event finished":          {"任务完成", "Task done"},
	"event summoned":          {"紧急呼叫管理人员", "A manager was rung"},
	"event linked":            {"并入另一工单", "Another case is continued in this one"},

	"event registered":           {"登记", "Registered"},
	"event classified":           {"分类", "Classified"},
	"event notified":             {"一次性告知", "One-time notice given"},
	"event consulted":            {"请示", "Leader consulted"},
	"event proposed":             {"提出解决意见", "Solution proposed"},
	"event complained":           {"投诉", "Complaint"},
	"event verified":             {"核实投诉", "Complaint verified"},
	"event violation":            {"违反服务规范", "Breach of the rules of conduct"},
	"event inquiry":              {"问责程序", "Accountability procedure"},
	"event adopted":              {"采纳意见", "Opinion decided on"},
	"event solved":               {"当场解决", "Solved"},
	"event handed_over":          {"转办", "Handed over"},
	"event contacted":            {"联系", "Contacted"},
	"event covered":              {"代办", "Covered for who is absent"},
	"event escalated":            {"上报", "Escalated"},
	"event found":                {"查明承办部门", "Competence found out"},
	"event referred_out":         {"引导至外单位", "Referred outside"},
	"event accepted":             {"签收", "Accepted"},
	"event assigned":             {"指派", "Assigned"},
	"event returned":             {"退单", "Returned"},
	"event arbitrated":           {"裁定", "Arbitrated"},
	"event joined":               {"联合办理", "Joint handling"},
	"event reported":             {"反馈结果", "Result reported"},
	"event entered":              {"登记结果", "Result entered"},
	"event promised":             {"承诺", "Promised"},
	"event kept":                 {"兑现承诺", "Promise kept"},
	"event waiting":              {"等待", "Waiting"},
	"event resumed":              {"恢复办理", "Resumed"},
	"event extension_asked":      {"申请延期", "Extension asked for"},
	"event extended":             {"延期", "Extended"},
	"event extension_lapsed":     {"延期失效", "Extension came too late"},
	"event reassignment_asked":   {"申请更换责任人", "Reassignment asked for"},
	"event responsibility_moved": {"责任转移", "Responsibility moved"},
	"event decided":              {"批复", "Decided"},
	"event caller_told":          {"告知来电人", "Caller told"},
	"event pressed":              {"催办", "Pressed"},
	"event press_answered":       {"答复催办", "Pressing answered"},
	"event handed_off":           {"交接班", "Handed to the next shift"},
	"event alarm":                {"紧急情况", "Emergency declared"},
	"event confirmed":            {"核实紧急情况", "Emergency confirmed"},
	"event ordered":              {"下达指令", "Ordered"},
	"event arrived_on_site":      {"到达现场", "On the scene"},
	"event relayed":              {"转告", "Relayed"},
	"event report_filed":         {"提交特别报告", "Special report filed"},
	"event delivered":            {"送达", "Delivered"},
	"event attempted":            {"联系未成", "Tried in vain"},
	"event replied":              {"答复", "Replied"},
	"event visited":              {"回访", "Return visit"},
	"event reopened":             {"重新办理", "Reopened"},
	"event refused":              {"不予受理", "Refused"},
	"event withdrawn":            {"撤回", "Withdrawn"},
	"event merged":               {"并案", "Merged"},
	"event closed":               {"办结", "Closed"},

	"move register":  {"登记", "register"},
	"move classify":  {"分类", "classify"},
	"move notify":    {"一次性告知", "give the one-time notice"},
	"move consult":   {"请示领导", "consult a leader"},
	"move propose":   {"提出解决意见", "propose a solution"},
	"move complain":  {"记录投诉", "take down a complaint about staff"},
	"move violation": {"记录违规", "note a violation of conduct"},
	"move inquiry":   {"问责程序", "take a step of an inquiry"},
	"move verify":    {"核实投诉", "verify a complaint"},
	"move adopt":     {"采纳意见", "adopt an opinion, or not"},
	"move solve":     {"当场解决", "solve"},
	"move hand_over": {"转办", "hand over"},
	"move contact":   {"联系", "contact somebody inside"},
	"move cover":     {"代办", "cover for who is absent"},
	"move escalate":  {"上报", "escalate"},
	"move find":      {"查明承办部门", "find who is competent"},
	"move refer_out": {"引导至外单位", "refer to a body outside"},
	"move accept":    {"签收", "accept"},
	"move assign":    {"指派", "assign"},
	"move return":    {"退单", "return"},
	"move arbitrate": {"裁定", "arbitrate"},
	"move join":      {"联合办理", "join departments"},
	"move report":    {"反馈结果", "report the result"},
	"move enter":     {"登记结果", "enter the result"},
	"move promise":   {"承诺", "promise"},
	"move keep":      {"兑现承诺", "keep a promise"},
	"move take":      {"接手", "take over"},
	"move entrust":   {"交办任务", "give somebody a task"},
	"move finish":    {"完成任务", "a task is done"},
	"move wait":      {"等待", "wait"},
	"move resume":    {"恢复办理", "resume"},
	"move extend":    {"申请延期", "ask for an extension"},
	"move reassign":  {"申请更换责任人", "ask for another responsible person"},
	"move decide":    {"批复", "decide on what was asked for"},
	"move tell":      {"告知来电人", "tell the caller"},
	"move press":     {"催办", "press"},
	"move answer":    {"答复催办", "answer to being pressed"},
	"move hand_off":  {"交接班", "hand to the next shift"},
	"move alarm":     {"紧急情况", "declare an emergency"},
	"move confirm":   {"核实紧急情况", "confirm an emergency"},
	"move order":     {"下达指令", "give orders"},
	"move arrive":    {"到达现场", "arrive on the scene"},
	"move relay":     {"转告", "relay the word"},
	"move file":      {"提交特别报告", "file the special report"},
	"move deliver":   {"送达", "deliver"},
	"move attempt":   {"联系未成", "note an attempt in vain"},
	"move reply":     {"答复", "reply to the caller"},
	"move visit":     {"回访", "visit"},
	"move reopen":    {"重新办理", "reopen"},
	"move refuse":    {"不予受理", "refuse"},
	"move withdraw":  {"撤回", "withdraw"},
	"move merge":     {"并案", "merge"},
	"move close":     {"办结", "close"},

	"event reminded": {"时限提醒", "Clock reminded"},
	"event at_risk":  {"即将超时", "Clock at risk"},
	"event breached": {"已超时", "Clock breached"},
}
