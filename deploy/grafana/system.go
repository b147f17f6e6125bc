package main

// system is for whoever is on call for the machines.
var system = board{
	uid: "shouwen-system", title: "系统健康 · System health", refresh: "30s", from: "now-6h",
	about: "节点、数据库、扫描、日志、发件箱、磁盘。 Nodes, database, scanner, journal, outbox, disks.",
	panels: []sized{
		tile(6, 4, "节点中断 Nodes down", "不应答的节点。 Nodes that do not answer.",
			"short", `count(up{job="shouwen"} == 0) or vector(0)`, none),
		tile(6, 4, "数据时延 Snapshot age", "数据库快照的年龄；30 秒属正常。 Age of the database's snapshot; 30 s is normal.",
			"s", `shouwen:state_snapshot_age_seconds`, rising(45, 60)).with(decimals(0), orElse("无数据 NO DATA")),
		tile(6, 4, "未触发时限 Stages unfired", "已到时而未触发的预警、超时和升级。 Warnings, breaches and escalations that are due and have not fired.",
			"short", `shouwen:deadlines_unfired`, rising(1, 10)),
		tile(6, 4, "最久未触发 Oldest unfired", "已到时而未触发的预警或超时，最久者的时间。 How long the oldest due stage of a clock has not fired.",
			"s", `shouwen:deadline_oldest_unfired_seconds`, rising(1, 2)).with(decimals(1)),
		tile(6, 4, "触发延迟 Fire delay p99", "最近 15 分钟触发比到时晚多少，99 百分位；承诺 ± 1 秒。 How late stages fired in the last 15 minutes, 99th percentile; ± 1 s is promised.",
			"s", `shouwen:deadline_fire_delay_seconds:p99_rate15m`, rising(1, 2)),
		tile(6, 4, "日志积压 Journal pending", "尚未写入数据库的日志条目。 Entries of the journals not yet in the database.",
			"short", `sum(shouwen_journal_pending_entries)`, rising(100, 1000)),
		tile(6, 4, "待存录音 Recordings pending", "已录、尚未存好的录音。 Recorded and not yet stored.",
			"short", `shouwen:recordings_pending`, rising(20, 100)),
		tile(6, 4, "录音磁盘 Recording disk left", "录音磁盘剩余，取最少的节点。 Left on the disk of recordings, the node with the least.",
			"bytes", `min(shouwen_recording_free_bytes)`, falling(4<<30, 1<<30)).with(decimals(1)),

		graph(8, 8, "快照节点 Snapshot holder", "哪个节点在计算快照；应恰有一个。 Which node computes the snapshot; exactly one should.",
			"short", series(`shouwen_snapshot_holder`, "{{instance}}")).with(between(0, 1.2), decimals(0)),
		graph(8, 8, "扫描 Seconds since the last scan", "各节点距上次扫描时限的时间；全部超过 10 秒即报警。 Since each node last scanned for due clocks; an alert when it is above 10 s for all.",
			"s", series(`time() - (shouwen_deadline_scan_timestamp_seconds > 0)`, "{{instance}}")).with(from(0), limit(10)),
		graph(8, 8, "日志同步 Journal sync", "每次落盘 (fdatasync) 的时间，99 百分位。 Time of one fdatasync, 99th percentile.",
			"s", series(`histogram_quantile(0.99, sum by (le, instance) (rate(shouwen_journal_sync_seconds_bucket[15m])))`, "{{instance}}")).with(from(0)),

		graph(8, 8, "发件箱 Outbox by topic", "待发的通知。 Notices that are to leave the house.",
			"short", series(`sum by (topic) (shouwen:outbox_pending)`, "{{topic}}")).with(stacked, from(0), decimals(0), translated(topics)),
		graph(8, 8, "数据库连接池 Pool in use", "使用中的连接 ÷ 上限；虚线 80%。 Connections in use ÷ their limit; the line is 80 %.",
			"percentunit", series(`sum by (instance) (shouwen_db_pool_connections{state="used"}) / sum by (instance) (shouwen_db_pool_connections{state="max"})`, "{{instance}}")).with(between(0, 1), limit(0.8)),
		graph(8, 8, "查询 Slowest queries, p95", "最慢的五个查询，95 百分位。 The five slowest queries, 95th percentile.",
			"s", series(`topk(5, histogram_quantile(0.95, sum by (le, query) (rate(shouwen_db_query_duration_seconds_bucket[15m]))) > 0)`, "{{query}}")).with(from(0)),

		graph(6, 8, "时钟偏差 Clock skew", "节点减数据库；超过 1 秒即报警。 Node minus database; an alert beyond 1 s.",
			"s", series(`shouwen_clock_skew_seconds`, "{{instance}}")),
		graph(6, 8, "任务 Jobs since last success", "各周期任务距上次成功的时间。 Since each periodic job last succeeded.",
			"s", series(`time() - max by (task) (shouwen_job_last_success_timestamp_seconds > 0)`, "{{task}}")).with(from(0), decimals(1)),
		graph(6, 8, "处理器核数 CPU cores", "各节点占用的处理器核数。 Cores each node is busy on.",
			"short", series(`sum by (instance) (rate(process_cpu_seconds_total{job="shouwen"}[$__rate_interval]))`, "{{instance}}")).with(from(0)),
		graph(6, 8, "内存 Memory", "各节点的常驻内存。 Resident memory of each node.",
			"bytes", series(`sum by (instance) (process_resident_memory_bytes{job="shouwen"})`, "{{instance}}")).with(from(0)),
	},
}
