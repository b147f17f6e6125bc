package main

// telephony is the engineer's: trunks, signalling, voice, and who attacks.
var telephony = board{
	uid: "shouwen-telephony", title: "电话质量 · Telephony quality", refresh: "30s", from: "now-6h",
	about: "中继、信令、语音质量与攻击迹象。 Trunks, signalling, voice, and signs of attacks.",
	panels: []sized{
		tile(4, 5, "中继中断 Trunks down", "没有任何节点能到达的中继。 Trunks that no node reaches.",
			"short", `count(max by (trunk) (shouwen_sip_trunk_up) == 0) or vector(0)`, none),
		tile(4, 5, "话机注册 Phones registered", "已注册的话机。 Phones registered.",
			"short", `sum(shouwen_sip_registrations{kind="agent"})`, levels("red", 1, "green")),
		tile(4, 5, "低质通话占比 Poor legs", "最近 30 分钟：MOS ≤ 3.6 的通话侧 ÷ 有评分的通话侧。 Last 30 minutes: legs with a mean opinion score up to 3.6 ÷ legs with a score.",
			"percentunit", `shouwen:rtp_poor:ratio_rate30m`, rising(0.05, 0.1)).with(decimals(1)),
		tile(4, 5, "丢包 Packet loss", "最近 30 分钟：丢失 ÷ 收到的 RTP 包，取最差一侧。 Last 30 minutes: RTP packets lost ÷ received, the worst side.",
			"percentunit", `max(shouwen:rtp_loss:ratio_rate30m)`, rising(0.01, 0.03)).with(decimals(2)),
		tile(4, 5, "无评分占比 Unscored legs", "最近 30 分钟没有 MOS 的通话侧占比；高则上一格不可信。 Share of legs without a score in the last 30 minutes; where it is high, the figures beside it say little.",
			"percentunit", `1 - shouwen:rtp_scored:ratio_rate30m`, rising(0.2, 0.5)).with(decimals(1)),
		tile(4, 5, "端口占用 RTP ports in use", "已用 RTP 端口 ÷ 配置的端口，取最差节点。 RTP ports in use ÷ configured, the worst node.",
			"percentunit", `max(shouwen_rtp_ports_in_use / shouwen_rtp_ports_limit)`, rising(0.7, 0.9)).with(decimals(1)),

		graph(12, 8, "INVITE 应答码 Responses to INVITE", "每分钟收到的 INVITE 最终应答，按代码；487 是振铃后取消，群振时属正常。 Final responses received to INVITE, per minute, by code; 487 is cancelled while ringing, as usual where all phones ring.",
			perMinute, series(`sum by (code) (rate(shouwen_sip_responses_total{method="INVITE",direction="received"}[$__rate_interval])) * 60 > 0`, "{{code}}")).with(stacked, from(0)),
		graph(12, 8, "接通率与网络有效率 ASR and NER", "最近 30 分钟经中继呼出的电话，按中继，不含坐席话机：ASR = 接通 ÷ 全部；NER = (接通 + 对方忙、未接、拒接) ÷ 全部。 Calls out over trunks in the last 30 minutes, by trunk, phones of agents apart: ASR = answered ÷ all; NER = (answered + busy, declined or not picked up) ÷ all.",
			"percentunit", series(`shouwen:asr:ratio_rate30m >= 0`, "接通率 ASR {{trunk}}"), series(`shouwen:ner:ratio_rate30m >= 0`, "网络有效率 NER {{trunk}}")).with(between(0, 1), limit(0.95)),

		graph(8, 8, "抖动 Jitter", "通话侧结束时的抖动 (RFC 3550)：中位数与 95 百分位。 Jitter of legs at their end (RFC 3550): median and 95th percentile.",
			"s", quantile("0.5", "jitter_seconds", "中位 median"), quantile("0.95", "jitter_seconds", "p95")).with(from(0)),
		graph(8, 8, "往返时延 Round trip", "RTCP 测得的往返时延：中位数与 95 百分位。 Round trip by RTCP: median and 95th percentile.",
			"s", quantile("0.5", "round_trip_seconds", "中位 median"), quantile("0.95", "round_trip_seconds", "p95")).with(from(0)),
		graph(8, 8, "平均 MOS Mean opinion score", "按侧：低于 3.6 不好。E 模型 (G.107) 由丢包、时延、编码估算。 By side; below 3.6 is poor. Estimated by the E-model (G.107) from loss, delay and codec.",
			"none", series(`sum by (leg) (rate(shouwen_rtp_mos_sum[30m])) / sum by (leg) (rate(shouwen_rtp_mos_count[30m]))`, "{{leg}}")).with(between(1, 5), limit(3.6), translated(legs)),

		graph(8, 8, "单通与无声 One-way and silent legs", "每小时单向无声与全程无声的通话侧。 Legs per hour that sent no audio to a side that did, or none at all.",
			perHour, series(`sum by (leg) (rate(shouwen_rtp_one_way_total[30m])) * 3600`, "单通 {{leg}}"), series(`sum by (leg) (rate(shouwen_rtp_no_media_total[30m])) * 3600`, "无声 {{leg}}")).with(
			from(0), atLeast(5), paired("单通", "One-way", legs), paired("无声", "Silent", legs)),
		graph(8, 8, "录音与提示音失败 Recordings and prompts that failed", "每小时。 Per hour.",
			perHour, series(`sum by (result) (rate(shouwen_recordings_total{result!="ok"}[30m])) * 3600`, "recording {{result}}"), series(`sum(rate(shouwen_prompts_played_total{result="failed"}[30m])) * 3600`, "prompt")).with(
			from(0), atLeast(5), translated([]word{{"recording partial", "录音不全", "Recording cut short", "yellow"}, {"recording failed", "录音失败", "Recording failed", "red"}, {"prompt", "提示音失败", "Prompt failed", "orange"}})),
		graph(8, 8, "攻击迹象 Signs of attacks", "每分钟被拒绝的：注册、SIP 数据包与连接、来源不明或伪造的语音包、呼出。 Refused per minute: registrations, SIP datagrams and connections, foreign or forged audio, calls to the outside.",
			perMinute,
			series(`sum(rate(shouwen_sip_registration_failures_total{kind="agent"}[5m])) * 60`, "注册 Registrations"),
			series(`sum(rate(shouwen_sip_dropped_total[5m])) * 60`, "信令 SIP"),
			series(`(sum(rate(shouwen_rtp_packets_rejected_total[5m])) + sum(rate(shouwen_rtp_packets_forged_total[5m]))) * 60`, "语音 Audio"),
			series(`sum(rate(shouwen_outbound_decisions_total{reason!="allowed"}[5m])) * 60`, "呼出 Calls out")).with(from(0), atLeast(5)),
	},
}

// quantile is one of a histogram of legs.
func quantile(q, of, legend string) target {
	return series(`histogram_quantile(`+q+`, sum by (le) (rate(shouwen_rtp_`+of+`_bucket[30m])))`, legend)
}

// paired translates series named after a Chinese word and a value of a closed set.
func paired(zh, en string, set []word) option {
	all := make([]word, len(set))
	for i, w := range set {
		all[i] = word{zh + " " + w.value, zh + " " + w.zh, en + ", " + w.en, ""}
	}
	return translated(all)
}
