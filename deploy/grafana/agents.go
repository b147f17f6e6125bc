package main

// agents is the team lead's: how the work is spread, and whose doing a delay is. It names
// departments, never persons.
var agents = board{
	uid: "shouwen-agents", title: "坐席与部门 · Agents & departments", refresh: "30s", from: "now-12h",
	about:     "工作量、接续质量与责任划分；只到部门，不到个人。 Load, transfers and whose doing a delay is; departments only, no persons.",
	variables: []variable{hotlineVariable, queueVariable, departmentVariable},
	panels: []sized{
		graph(6, 8, "应答率 Answer rates", "最近 30 分钟，各队列中最差者。服务水平：20 秒内接听 ÷ (接听 + 放弃 − 5 秒内放弃)；15 秒接通率：15 秒内接听 ÷ (接听 + 放弃)；应答及时率：15 秒内接听 ÷ 接听。 Last 30 minutes, the worst queue. Service level: answered within 20 s ÷ (answered + abandoned − abandoned within 5 s); in 15 s: ÷ (answered + abandoned); timely: ÷ answered.",
			"percentunit", series(`min(shouwen:service_level_20s:ratio_rate30m{`+ofQueues+`} >= 0)`, "服务水平 Service level"),
			series(`min(shouwen:answer_15s:ratio_rate30m{`+ofQueues+`} >= 0)`, "15秒接通率 In 15 s"),
			series(`min(shouwen:answer_timely_15s:ratio_rate30m{`+ofQueues+`} >= 0)`, "应答及时率 Timely")).with(between(0, 1)),
		graph(6, 8, "平均处理时长 AHT by queue", "最近 30 分钟：(通话 + 保持 + 整理) ÷ 接待数。 Last 30 minutes: (talk + hold + wrap-up) ÷ contacts.",
			"s", series(`shouwen:aht_seconds:rate30m{`+ofQueues+`}`, "{{queue}}")).with(from(0)),
		graph(6, 8, "利用率 Occupancy by department", "最近 30 分钟：(振铃 + 通话 + 保持 + 整理) ÷ (上述 + 空闲)；虚线 85% 以上不宜持久。 Last 30 minutes: (ringing + talking + on hold + wrap-up) ÷ (these + available); above the line of 85 % people tire.",
			"percentunit", series(`shouwen:occupancy:ratio30m{`+ofDepartments+`}`+byDepartment, "{{department_title}}")).with(between(0, 1), limit(0.85)),
		graph(6, 8, "转接率 Transfers", "最近 30 分钟：转接 ÷ 接听，按方式。 Last 30 minutes: transfers ÷ answered calls, by kind.",
			"percentunit", series(`shouwen:transfers:ratio_rate30m`, "{{kind}}")).with(from(0), translated(transferKinds)),

		table(15, 9, "坐席状态 Agents by department and state", "签入的坐席：部门 × 状态。 Signed-in agents: department × state.",
			"short", plain, series(`sum by (department, state) (shouwen:agents{`+ofDepartments+`})`+byDepartment, "")).with(
			transform("groupingToMatrix", map[string]any{"columnField": "state", "rowField": "department_title", "valueField": "Value", "emptyValue": "zero"}),
			columns(append([]string{"department_title\\state"}, valuesOf(agentStates)...)...), column("department_title\\state", "部门 Department", width(205)), columnsOf(107), decimals(0), translated(agentStates)),
		graph(9, 9, "漏接 Missed offers by reason", "每小时振铃而未接的次数，按原因。 Offers not taken, per hour, by reason.",
			perHour, series(`sum by (reason) (rate(shouwen_agent_missed_total{`+ofDepartments+`}[30m])) * 3600`, "{{reason}}")).with(stacked, from(0), translated(missedReasons)),

		tile(4, 5, "首问办结率 First-asker closure", "最近一小时办结的案件中由首问人自己办结的比例；全天数字见报表。 Of the cases closed in the last hour, those the first-asker closed; the day's figure is in the reports.",
			"percentunit", `sum(shouwen:first_asker_closed:increase1h{result="by_first_asker",`+ofDepartments+`}) / sum(shouwen:first_asker_closed:increase1h{`+ofDepartments+`})`, falling(0.6, 0.4)).with(decimals(1)),
		tile(4, 5, "一次转准率 Right first time", "最近一小时第一次移交即被签收的比例；全天数字见报表。 Of the first hand-overs decided in the last hour, those accepted; the day's figure is in the reports.",
			"percentunit", `sum(shouwen:handovers:increase1h{result="accepted",attempt="first",`+ofDepartments+`}) / sum(shouwen:handovers:increase1h{attempt="first",`+ofDepartments+`})`, falling(0.9, 0.8)).with(decimals(1)),
		tile(4, 5, "回拨兑现率 Callbacks kept", "最近一小时了结的回拨中按约定时间完成的比例：兑现 ÷ (兑现 + 迟到 + 联系不上)。 Of the callbacks settled in the last hour: kept ÷ (kept + late + unreachable).",
			"percentunit", `sum(shouwen:callbacks_closed:increase1h{result="kept",`+ofDepartments+`}) / sum(shouwen:callbacks_closed:increase1h{result=~"kept|late|unreachable",`+ofDepartments+`})`, falling(0.95, 0.9)).with(decimals(1)),
		figures(12, 5, "移交结果 Hand-overs in the last hour", "最近一小时判定的移交。退回多，是首问人转错；拒收、逾期未收多，是承办部门的责任。 Hand-overs decided in the last hour. Many returned: the first-asker chose wrong; many refused or not taken in time: the department's doing.",
			"short", plain, series(`sum by (result) (shouwen:handovers:increase1h{`+ofDepartments+`})`, "{{result}}")).with(decimals(0), translated(handoverResults)),

		table(15, 9, "责任划分 Whose doing a delay is", "按部门：今日超时，分为由首问方完成的时限与由承办方完成的时限（按规则，依类别而定的两列都计）；最近一小时移交中，退回记首问方，拒收与逾期未收记承办方。 By department: breaches of today of clocks that its first-askers had to stop, and of those it had to stop while it had the case (kinds of which that depends on the class are in both); of the hand-overs of the last hour, returns count against first-askers, refusals and those not taken in time against the department.",
			"short", levels("text", 1, "orange", 10, "red"),
			series(breachesAgainst("first_asker|either")+byDepartment, ""),
			series(breachesAgainst("department|either")+byDepartment, ""),
			series(`sum by (department) (shouwen:handovers:increase1h{result="returned",`+ofDepartments+`})`+byDepartment, ""),
			series(`sum by (department) (shouwen:handovers:increase1h{result=~"refused|timed_out",`+ofDepartments+`})`+byDepartment, ""),
		).with(
			transform("merge", map[string]any{}), columns("department_title"), decimals(0), orElse("0"), column("department", "部门代码 Department code", hidden),
			column("department_title", "部门 Department", width(200)),
			column("Value #A", "首问方超时 First-asker late", coloured), column("Value #B", "承办方超时 Department late", coloured),
			column("Value #C", "退回 Returned", coloured), column("Value #D", "拒收未收 Not accepted", coloured),
			cellTo("超时案件 Cases overdue", casesLate("&desk=${__data.fields.department}")), to("记分表 Scorecards", "/reports")),
		graph(9, 9, "回拨结果 Callback attempts", "每小时回拨尝试，按结果。 Attempts to call back, per hour, by result.",
			perHour, series(`sum by (result) (rate(shouwen_callback_attempts_total[30m])) * 3600`, "{{result}}")).with(stacked, from(0), translated(callbackResults)),

		bars(7, 8, "今日超时最多 Most breaches today", "今日超时最多的五个部门。 The five departments with the most breaches today.",
			"short", rising(1, 10), series(`topk(5, sum by (department) (shouwen:deadlines_due_today{result="breached",`+ofDepartments+`}) > 0)`+byDepartment, "{{department_title}}")).with(from(0), decimals(0), orElse("无超时 none")),
		bars(6, 8, "在办案件最多 Most open cases", "未办结案件最多的五个部门。 The five departments with the most open cases.",
			"short", levels("blue"), series(`topk(5, sum by (department) (shouwen:cases_open{`+ofDepartments+`}))`+byDepartment, "{{department_title}}")).with(from(0), decimals(0)),
		figures(11, 8, "回拨 Callbacks", "未完成的回拨，按状态。 Callbacks owed, by state.",
			"short", plain, series(`sum by (state) (shouwen:callbacks_open{`+ofDepartments+`})`, "{{state}}")).with(decimals(0), translated(callbackStates), to("回拨 Callbacks", "/desk")),
	},
}

// breachesAgainst are today's breaches of the clocks that are held against somebody.
func breachesAgainst(whom string) string {
	return `sum by (department) (shouwen:deadlines_due_today{result="breached",` + ofDepartments + `} * on (clock) group_left topk by (clock) (1, shouwen:clock_info{against=~"` + whom + `"}))`
}

func valuesOf(set []word) (all []string) {
	for _, w := range set {
		all = append(all, w.value)
	}
	return all
}
