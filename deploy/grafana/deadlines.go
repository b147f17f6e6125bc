package main

// deadlines is the supervisor's desk: which promises run, which break, and who has the case.
var deadlines = board{
	uid: "shouwen-deadlines", title: "时限与首问负责 · Deadlines & first-asker", refresh: "30s", from: "now-12h",
	about:     "每个承诺都有时限；首问负责到底。 Every promise has a clock; the first-asker stays responsible until the caller is answered.",
	variables: []variable{departmentVariable},
	panels: []sized{
		tile(4, 5, "今日按时率 On time today", "今日已判定时限中按时完成的比例；到期未完成即计为超时，之后完成仍是超时。 Met ÷ (met + breached) of the clocks decided since midnight; a breach counts when it is due and stays one.",
			"percentunit", onTime(ofDepartments, ""), falling(0.95, 0.9)).with(decimals(1)),
		tile(4, 5, "超时 Overdue", "已到期而未完成的时限。 Clocks that have run out and still run.",
			"short", `sum(shouwen:deadlines_open{state="overdue",`+ofDepartments+`})`, none).with(to("超时案件 Cases overdue", casesLate(""))),
		tile(4, 5, "最长超时 Most overdue", "超时最久者已超时的时间。 How late the worst of them is.",
			"s", `max(shouwen:deadline_most_overdue_seconds{`+ofDepartments+`})`, rising(1, 3600)).with(decimals(0), to("超时案件 Cases overdue", casesLate(""))),
		tile(4, 5, "即将超时 At risk", "已过预警点、尚未到期的时限。 Clocks past their warning and not yet due.",
			"short", `sum(shouwen:deadlines_open{state="at_risk",`+ofDepartments+`})`, levels("green", 10, "yellow", 30, "orange")).with(to("即将超时案件 Cases at risk", casesAtRisk(""))),
		figures(8, 5, "督办升级 Escalations open", "未了结的督办，按级别；三级起须领导过问。 Escalations not settled, by level; from level 3 on a leader is needed.",
			"short", plain, series(`sum by (level) (shouwen:escalations_open)`, "{{level}}")).with(translated(escalationLevels), red("3"), red("4")),

		tile(4, 5, "无主件 Orphaned", "无人可办的未结案件。 Open cases with nobody who can act.",
			"short", `sum(shouwen:first_asker_cases_open{ownership="orphaned",`+ofDepartments+`})`, none),
		tile(4, 5, "待接手 Hand-over pending", "已移交、尚未签收的案件。 Cases handed over and not yet accepted.",
			"short", `sum(shouwen:first_asker_cases_open{ownership="handover_pending",`+ofDepartments+`})`, rising(10, 20)).with(to("待接手案件 Cases handed over", casesIn("handed_over"))),
		tile(4, 5, "踢皮球 Bounced", "移交三次以上仍未办结的案件。 Open cases handed over three times or more.",
			"short", `sum(shouwen:cases_bounced{`+ofDepartments+`})`, none),
		tile(4, 5, "失信 Promises broken", "最近一小时未兑现的承诺时间。 Promised times missed in the last hour.",
			"short", `sum(shouwen:promises_broken:increase1h{`+ofDepartments+`})`, none).with(decimals(0)),
		tile(4, 5, "延期 Extensions", "最近一小时批准的延期与暂停；用来防止以延期掩盖超时。 Extensions and pauses granted in the last hour: watch for gaming.",
			"short", `sum(shouwen:deadline_extensions:increase1h{`+ofDepartments+`})`, levels("green", 10, "yellow")).with(decimals(0)),
		tile(4, 5, "催办 Presses", "最近一小时来电人的催办。 Callers who pressed in the last hour.",
			"short", `sum(shouwen:presses:increase1h{`+ofDepartments+`})`, levels("green", 5, "yellow")).with(decimals(0)),

		table(12, 12, "各时限按时率（今日） On time by clock", "今日各类时限：按时 ÷ (按时 + 超时)。 Today by kind of clock: met ÷ (met + breached).",
			"percentunit", falling(0.95, 0.9), series(`((`+onTime(ofDepartments, "by (clock) ")+`) >= 0)`+byClock, "")).with(
			columns("clock_title", "Value"), between(0, 1), decimals(1), orElse("今日尚无 none yet"), column("clock", "时限代码 Clock code", hidden),
			column("clock_title", "时限 Clock", width(330)), column("Value", "按时率 On time", gauge)),
		clockTable(12, "部门 × 时限：超时 Overdue by department and clock", "哪个部门的哪类时限已超时，各多少。 Which clocks of which department have run out, and how many.", "overdue", "无超时 none", "red", casesLate),

		clockTable(9, "接下来超时 What breaches next", "哪个部门的哪类时限已过预警点，各多少；单件见控制台。 Which clocks of which department are past their warning; the console lists the cases.", "at_risk", "无 none", "yellow", casesAtRisk),
		graph(12, 9, "未办时限 Clocks running", "正在计时的时限，按状态。 Running clocks by state.",
			"short", series(`sum by (state) (shouwen:deadlines_open{`+ofDepartments+`})`, "{{state}}")).with(stacked, from(0), decimals(0), translated(clockStates)),

		graph(7, 8, "超时率 Miss ratio", "已判定时限中超时的比例，各类中最差者；虚线为允许的 5%。 Breached ÷ decided, the worst kind of clock; the line is what may be missed, 5 %.",
			"percentunit", series(`max(shouwen:deadline_miss:ratio1h >= 0)`, "1h"), series(`max(shouwen:deadline_miss:ratio6h >= 0)`, "6h")).with(from(0), limit(0.05), dashed("6h"), translated([]word{{"1h", "一小时", "1 hour", "yellow"}, {"6h", "六小时", "6 hours", "blue"}})),
		graph(7, 8, "首问归属 Ownership of open cases", "未办结案件现在由谁负责。 Who has the open cases.",
			"short", series(`sum by (ownership) (shouwen:first_asker_cases_open{`+ofDepartments+`})`, "{{ownership}}")).with(stacked, from(0), decimals(0), translated(ownerships)),
		figures(5, 8, "各级超时 Overdue by class", "已到期而未完成的时限，按案件级别，不分部门。 Clocks that have run out and still run, by the class of their cases, of all departments.",
			"short", none, series(`sum by (name_zh, name_en) (shouwen:deadlines_pressing{state="overdue"} * on (class) group_left (name_zh, name_en) topk by (class) (1, shouwen:class_info))`, "{{name_zh}} {{name_en}}")),
		name(5, 8, "责任模式 Responsibility mode", "所用规则下首问责任的去向：首问人负责到底；随案件转移；经领导同意并告知来电人后转移。 What becomes of the first-asker's responsibility under the profile: it stays, moves with the case, or moves with a leader's consent once the caller was told.",
			series(`shouwen:profile_info`, "{{responsibility}}")).with(translated(responsibilities)),

		tile(4, 5, "响应率 Response rate", "今日应向来电人首次响应、答复的时限：按时 ÷ 已判定。 Clocks for the first response and the reply to the caller decided today: met ÷ decided.",
			"percentunit", onTime(ofDepartments+`,clock=~"answer|first_reply|reply_caller"`, ""), falling(0.95, 0.9)).with(decimals(1)),
		tile(4, 5, "解决率 Solution rate", "今日回访：答“已解决” ÷ 有回答。 Return visits of today: \"solved\" ÷ those who said.",
			"percentunit", visitRate("solved"), falling(0.9, 0.8)).with(decimals(1)),
		tile(4, 5, "满意率 Satisfaction", "今日回访：满意 ÷ 有回答。 Return visits of today: satisfied ÷ those who said.",
			"percentunit", visitRate("satisfied"), falling(0.9, 0.8)).with(decimals(1)),
		tile(4, 5, "回访样本 Answers counted", "今日回访中对是否解决给出回答的人数；比率只和样本一样可靠。 How many said today whether it was solved; a rate is as good as its base.",
			"short", `sum(shouwen:visit_answers_today{question="solved",answer!="not_given",`+ofDepartments+`})`, levels("blue")),
		tile(4, 5, "一次解决率 FCR", "1 − 今日重复诉求 ÷ 今日诉求；重复指同一号码同一类在制度规定的期限内（默认 7 天）再来。 1 − repeat contacts ÷ contacts of today; repeat: same number and category within the time the profile gives (7 days unless it says otherwise).",
			"percentunit", `1 - sum(shouwen:contacts_today{repeat="yes"}) / sum(shouwen:contacts_today)`, falling(0.8, 0.7)).with(decimals(1)),
		tile(4, 5, "回访超期 Visits overdue", "应回访而已过期的案件。 Return visits whose time has passed.",
			"short", `sum(shouwen:return_visits_open{state="overdue",`+ofDepartments+`})`, none),
	},
}

// onTime is the share of the clocks decided today that were met.
func onTime(labels, by string) string {
	return `sum ` + by + `(shouwen:deadlines_due_today{result="met",` + labels + `}) / sum ` + by + `(shouwen:deadlines_due_today{` + labels + `})`
}

// visitRate is the share of yes among those who answered a question of today's return visits.
func visitRate(question string) string {
	q := `question="` + question + `",` + ofDepartments
	return `sum(shouwen:visit_answers_today{answer="yes",` + q + `}) / sum(shouwen:visit_answers_today{answer!="not_given",` + q + `})`
}

// clockTable lists the clocks in a state, with links to their cases.
func clockTable(h int, title, about, state, empty, colour string, cases func(string) string) sized {
	expr := `(sum by (department, clock) (shouwen:deadlines_open{state="` + state + `",` + ofDepartments + `}) > 0)`
	return table(12, h, title, about, "short", levels("text", 1, colour), series(expr+byDepartment+byClock, "")).with(
		columns("department_title", "clock_title", "Value"), orElse(empty), decimals(0), column("department", "部门代码 Department code", hidden), column("clock", "时限代码 Clock code", hidden),
		column("department_title", "部门 Department", width(230)), column("clock_title", "时限 Clock"), column("Value", "件数 Clocks", coloured, width(110)),
		cellTo("案件 Cases", cases("&desk=${__data.fields.department}&clock=${__data.fields.clock}")),
		to("案件 Cases", cases("")),
	)
}

// red makes a level red from one on.
func red(level string) option {
	return func(p *panel) {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{matcher{"byName", level}, []property{{"thresholds", none}}})
	}
}
