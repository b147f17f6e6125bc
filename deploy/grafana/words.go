package main

// word is a value of a label, as people read it.
type word struct{ value, zh, en, color string }

// The closed sets of labels. What is good is green, what needs an eye yellow, what is late
// red, what rests grey.
var (
	agentStates = []word{
		{"available", "空闲", "Available", "green"},
		{"ringing", "振铃", "Ringing", "yellow"},
		{"talking", "通话", "Talking", "blue"},
		{"hold", "保持", "On hold", "purple"},
		{"wrapup", "整理", "Wrap-up", "orange"},
		{"break", "小休", "Break", "#8e8e8e"},
		{"away", "离席", "Away", "#5a5a5a"},
	}
	clockStates = []word{
		{"ok", "正常", "In time", "green"},
		{"at_risk", "即将超时", "At risk", "yellow"},
		{"overdue", "超时", "Overdue", "red"},
		{"paused", "暂停", "Paused", "#8e8e8e"},
	}
	ownerships = []word{
		{"with_first_asker", "首问人办理", "With the first-asker", "green"},
		{"handover_pending", "待接手", "Hand-over pending", "yellow"},
		{"handed_over", "已移交", "Handed over", "blue"},
		{"orphaned", "无主", "Orphaned", "red"},
	}
	responsibilities = []word{
		{"stays", "首问人负责到底", "Stays", "green"},
		{"moves", "随案件转移", "Moves", "blue"},
		{"consent", "经同意转移", "By consent", "yellow"},
	}
	handoverResults = []word{
		{"accepted", "签收", "Accepted", "green"},
		{"returned", "退回", "Returned", "yellow"},
		{"refused", "拒收", "Refused", "red"},
		{"timed_out", "未收", "Not taken", "orange"},
	}
	callbackResults = []word{
		{"reached", "接通", "Reached", "green"},
		{"no_answer", "无人接", "No answer", "yellow"},
		{"busy", "忙", "Busy", "orange"},
		{"rejected", "拒接", "Declined", "purple"},
		{"invalid_number", "空号", "No such number", "#8e8e8e"},
		{"denied", "不允许", "Not allowed", "#705da0"},
		{"cancelled", "取消", "Cancelled", "#5a5a5a"},
		{"failed", "失败", "Failed", "red"},
	}
	missedReasons = []word{
		{"no_answer", "未接", "Not answered", "yellow"},
		{"declined", "拒接", "Declined", "orange"},
		{"unreachable", "不可达", "Unreachable", "red"},
	}
	transferKinds = []word{
		{"warm", "咨询转", "Warm", "blue"},
		{"blind", "直接转", "Blind", "orange"},
	}
	escalationLevels = []word{
		{"1", "一级", "Level 1", ""},
		{"2", "二级", "Level 2", ""},
		{"3", "三级", "Level 3", ""},
		{"4", "四级", "Level 4", ""},
	}
	legs = []word{
		{"caller", "来电人", "Caller", "blue"},
		{"agent", "坐席", "Agent", "green"},
		{"trunk", "中继", "Trunk", "orange"},
	}
	topics = []word{ // and webhook:NAME, by their names
		{"stage", "时限", "Clocks", ""},
		{"email", "邮件", "E-mail", ""},
		{"sip", "话机", "Phones", ""},
		{"summons", "紧急呼叫", "Summons", ""},
	}
	callbackStates = []word{
		{"scheduled", "已约定", "Scheduled", "green"},
		{"due", "应回拨", "Due", "yellow"},
		{"in_progress", "回拨中", "Calling", "blue"},
		{"overdue", "超时", "Overdue", "red"},
		{"exhausted", "用尽", "Exhausted", "orange"},
	}
)
