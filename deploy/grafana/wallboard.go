package main

// wallboard hangs on a wall: what is to be seen from across the room, in one look.
var wallboard = board{
	uid: "shouwen-wallboard", title: "班长大屏 · Supervisor wallboard", refresh: "15s", from: "now-6h",
	about:     "现在谁在等、承诺是否兑现、坐席在做什么。 Who waits now, whether promises are kept, what the agents do.",
	variables: []variable{hotlineVariable, queueVariable, departmentVariable},
	panels: []sized{
		tile(4, 5, "排队人数 Waiting", "正在排队的来电人。 Callers waiting now.",
			"short", `sum(shouwen_queue_waiting{`+ofQueues+`})`, rising(5, 15)).with(to("在线通话 Live calls", "/")),
		tile(4, 5, "最长等待 Longest wait", "等待最久者已等待的时间。 Wait of the caller who has waited longest.",
			"s", `max(shouwen_queue_longest_wait_seconds{`+ofQueues+`})`, rising(45, 60)).with(decimals(0), to("在线通话 Live calls", "/")),
		tile(4, 5, "服务水平 Service level", "最近 30 分钟：20 秒内接听 ÷ (接听 + 放弃 − 5 秒内放弃)，取最差队列。 Last 30 minutes: answered within 20 s ÷ (answered + abandoned − abandoned within 5 s), the worst queue.",
			"percentunit", `min(shouwen:service_level_20s:ratio_rate30m{`+ofQueues+`})`, falling(0.8, 0.7)).with(decimals(1)),
		tile(4, 5, "15秒接通率 In 15 s", "最近 30 分钟：15 秒内接听 ÷ (接听 + 放弃)，取最差队列。 Last 30 minutes: answered within 15 s ÷ (answered + abandoned), the worst queue.",
			"percentunit", `min(shouwen:answer_15s:ratio_rate30m{`+ofQueues+`})`, falling(0.85, 0.75)).with(decimals(1)),
		tile(4, 5, "放弃率 Abandonment", "最近 30 分钟：(放弃 − 5 秒内放弃) ÷ (接听 + 放弃)，取最差队列。 Last 30 minutes: (abandoned − abandoned within 5 s) ÷ (answered + abandoned), the worst queue.",
			"percentunit", `max(shouwen:abandonment:ratio_rate30m{`+ofQueues+`})`, rising(0.05, 0.1)).with(decimals(1)),
		tile(4, 5, "平均应答 ASA", "最近 30 分钟：接听者的等待时间之和 ÷ 接听数，取最差队列。 Last 30 minutes: wait of the answered ÷ answered, the worst queue.",
			"s", `max(shouwen:asa_seconds:rate30m{`+ofQueues+`})`, rising(20, 40)).with(decimals(0)),

		tile(4, 5, "时限超时 Overdue", "已到期而未完成的时限。 Clocks that have run out and still run.",
			"short", `sum(shouwen:deadlines_open{state="overdue",`+ofDepartments+`})`, none).with(to("超时案件 Cases overdue", casesLate(""))),
		tile(4, 5, "即将超时 At risk", "已过预警点、尚未到期的时限。 Clocks past their warning and not yet due.",
			"short", `sum(shouwen:deadlines_open{state="at_risk",`+ofDepartments+`})`, levels("green", 10, "yellow", 30, "orange")).with(to("即将超时案件 Cases at risk", casesAtRisk(""))),
		tile(4, 5, "回拨超时 Callbacks overdue", "约定时间已过而未回拨。 Callbacks whose promised time has passed.",
			"short", `sum(shouwen:callbacks_open{state="overdue",`+ofDepartments+`})`, none).with(to("回拨 Callbacks", "/desk")),
		tile(4, 5, "空闲坐席 Available", "空闲、可接来电的坐席。 Agents who can take a call now.",
			"short", `sum(shouwen:agents{state="available",`+ofDepartments+`})`, falling(5, 2)).with(to("坐席 Agents", "/")),
		tile(4, 5, "利用率 Occupancy", "最近 30 分钟：(振铃 + 通话 + 保持 + 整理) ÷ (上述 + 空闲)，取最忙的部门。 Last 30 minutes: (ringing + talking + on hold + wrap-up) ÷ (these + available), the busiest department.",
			"percentunit", `max(shouwen:occupancy:ratio30m{`+ofDepartments+`} >= 0)`, levels("yellow", 0.6, "green", 0.85, "yellow", 0.92, "red")).with(decimals(1)),
		tile(4, 5, "数据时延 Data age", "数据库快照的年龄；30 秒属正常，超过 60 秒不再显示案件数字。 Age of the database's snapshot; 30 s is normal, beyond 60 s no figure of cases is shown.",
			"s", `shouwen:state_snapshot_age_seconds`, rising(45, 60)).with(decimals(0), orElse("无数据 NO DATA")),

		graph(14, 10, "服务水平趋势 Service level by queue", "最近 30 分钟滑动：20 秒内接听 ÷ (接听 + 放弃 − 5 秒内放弃)；虚线为目标 80%。 Sliding 30 minutes: answered within 20 s ÷ (answered + abandoned − abandoned within 5 s); the line is the objective of 80 %.",
			"percentunit", series(`shouwen:service_level_20s:ratio_rate30m{`+ofQueues+`} >= 0`, "{{queue}}")).with(between(0, 1), limit(0.8)),
		graph(10, 10, "坐席状态 Agents by state", "签入的坐席，按状态。 Signed-in agents by state.",
			"short", series(`sum by (state) (shouwen:agents{`+ofDepartments+`})`, "{{state}}")).with(stacked, from(0), decimals(0), translated(agentStates)),
	},
}
