package cases

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Problem is something wrong with a policy.
type Problem struct {
	Path string // of the setting, e.g. clocks[3].limit
	Text string
}

func (p Problem) Error() string { return p.Path + ": " + p.Text }

// setting is one choice a policy makes, as people read it.
type setting struct {
	path  string
	label Words
	value Words  // empty: the policy says nothing
	bad   string // what is wrong with it
}

func one[T ~string](path, zh, en string, v T, all vocabulary[T]) setting {
	s := setting{path: path, label: Words{zh, en}, value: all.of(v)}
	if _, ok := all[v]; !ok {
		s.bad = fmt.Sprintf("is %q, want one of %s", v, joined(all.names()))
	}
	return s
}

// maybe is like one for a setting that may be empty.
func maybe[T ~string](path, zh, en string, v T, all vocabulary[T]) setting {
	if v == "" {
		return setting{path: path}
	}
	return one(path, zh, en, v, all)
}

func many[T ~string](path, zh, en string, vs []T, all vocabulary[T]) setting {
	s := setting{path: path, label: Words{zh, en}}
	var inZH, inEN []string
	for i, v := range vs {
		part := one(path, zh, en, v, all)
		if part.bad != "" && s.bad == "" {
			s.path, s.bad = fmt.Sprintf("%s[%d]", path, i), part.bad
		}
		inZH, inEN = append(inZH, part.value.ZH), append(inEN, part.value.EN)
	}
	s.value = Words{strings.Join(inZH, "、"), strings.Join(inEN, ", ")}
	return s
}

func yes(path, zh, en string, v bool) setting {
	if !v {
		return setting{path: path}
	}
	return setting{path: path, label: Words{zh, en}, value: Words{"是", "yes"}}
}

func number(path, zh, en string, v, low, high int) setting {
	s := setting{path: path, label: Words{zh, en}}
	if v != 0 {
		s.value = Words{itoa(v), itoa(v)}
	}
	if v < low || v > high {
		s.bad = fmt.Sprintf("is %d, want %d to %d", v, low, high)
	}
	return s
}

func within(path, zh, en string, l *Limit) setting {
	s := setting{path: path, label: Words{zh, en}}
	if l != nil {
		s.value = l.Words()
		if err := l.Check(); err != nil {
			s.bad = err.Error()
		}
	}
	return s
}

// plainly is s, which is no time by a calendar.
func plainly(s setting, l *Limit) setting {
	if l != nil && s.bad == "" && l.Plain() == 0 {
		s.bad = fmt.Sprintf("is %s, want plain time like 24h or 7d", l)
	}
	return s
}

func words(path, zh, en string, vs []string) setting {
	return setting{path: path, label: Words{zh, en}, value: Words{strings.Join(vs, "、"), strings.Join(vs, ", ")}}
}

// ofClasses names classes of p.
func ofClasses(path, zh, en string, of []Class, p Policy) setting {
	s := setting{path: path, label: Words{zh, en}}
	var inZH, inEN []string
	for i, class := range of {
		known, ok := p.Class(class)
		if !ok && s.bad == "" {
			s.path, s.bad = fmt.Sprintf("%s[%d]", path, i), fmt.Sprintf("no class %q", class)
		}
		inZH, inEN = append(inZH, known.Title.ZH), append(inEN, known.Title.EN)
	}
	s.value = Words{strings.Join(inZH, "、"), strings.Join(inEN, ", ")}
	return s
}

// settings are the choices p makes, besides its lists of clocks, gates, forms and
// offences.
func (p Policy) settings() []setting {
	percent := setting{path: "return_visit.sampling_percent"}
	if n := p.ReturnVisit.SamplingPercent; n != nil {
		percent = number(percent.path, "主管抽查比例（%）", "sample checked by the manager, percent", *n, 1, 100)
	}
	return []setting{
		one("effective.on", "生效", "in force", p.Effective.On, inForce),
		number("effective.years", "有效期（年）", "valid for years", p.Effective.Years, 0, 100),
		one("classification.scheme", "信息分类", "classification", p.Classification.Scheme, schemes),
		many("matter_types", "受理事项", "matters taken in", p.MatterTypes, matterTypes),
		one("register.when", "登记范围", "what is registered", p.Register.When, registerWhen),
		yes("read_back", "向来电人复述确认", "read back to the caller", p.ReadBack),
		one("first_asker.pool", "首问责任人范围", "who may be first-asker", p.FirstAsker.Pool, pools),
		yes("first_asker.agency", "含劳务派遣人员", "agency staff included", p.FirstAsker.Agency),
		one("first_asker.off_pool", "范围外人员接听", "answered by somebody else", p.FirstAsker.OffPool, offPools),
		one("first_asker.tie_break", "同时接听", "answered at once by several", p.FirstAsker.TieBreak, tieBreaks),
		yes("first_asker.first_owner", "同一事件以最先来电人为首问业主", "of several callers the first has the right to be told", p.FirstAsker.FirstOwner),
		yes("conduct.apology", "逾期兑现承诺须致歉", "a promise kept late is followed by an apology", p.Conduct.Apology),
		one("agent_identity", "亮明身份", "agents show who they are", p.AgentIdentity, identities),
		yes("classified_exempt", "涉密单位不公示", "classified units publish no board", p.Classified),
		one("responsibility.mode", "首问责任", "responsibility", p.Responsibility.Mode, modes),
		many("responsibility.with", "共同责任", "liable besides", p.Responsibility.With, parties),
		maybe("responsibility.approver", "同意转移的领导", "consent is given by", p.Responsibility.Approver, parties),
		words("conduct.banned_phrases", "服务忌语", "banned phrases", p.Conduct.BannedPhrases),
		one("conduct.banned_phrase_effect", "使用忌语", "a banned phrase is", p.Conduct.Effect, effects),
		words("conduct.greeting", "开场用语", "greeting", nonEmpty(p.Conduct.Greeting)),
		words("conduct.pact", "公约", "pact", p.Conduct.Pact),
		yes("one_time_notice.required", "一次性告知", "one-time notice", p.OneTimeNotice.Required),
		one("one_time_notice.form", "告知形式", "its form", p.OneTimeNotice.Form, noticeForms),
		number("one_time_notice.max_trips", "最多跑几次", "trips at most", p.OneTimeNotice.MaxTrips, 0, 9),
		many("one_time_notice.content", "告知内容", "its content", p.OneTimeNotice.Content, noticeItems),
		one("transfer.mode", "转接方式", "transfer", p.Transfer.Mode, transferModes),
		yes("transfer.follow_up", "转接无人接听须跟进并报上级", "of a transfer nobody answers the agent sees to it, and tells his superior", p.Transfer.FollowUp),
		yes("transfer.own_department_first", "先在本部门内解决", "the own department is exhausted first", p.Transfer.OwnDepartmentFirst),
		yes("transfer.named_person", "交接到具体责任人", "handed over to a named person", p.Transfer.NamedPerson),
		yes("transfer.tell_caller", "转办须告知来电人", "the caller is told of the transfer", p.Transfer.TellCaller),
		many("transfer.tell", "告知", "he is told", p.Transfer.Tell, told),
		many("absent_handler", "承办人不在时", "handler absent", p.AbsentHandler, remedies),
		one("unclear.policy", "责任不明时", "nobody knows who is competent", p.Unclear.Policy, unclears),
		many("outside.tell", "外单位事项告知", "outside matters: the caller is told", p.Outside.Tell, told),
		yes("outside.report_serious", "可能造成严重后果的外单位事项须上报", "outside matters that may become serious are reported upward", p.Outside.ReportSerious),
		maybe("joint.coordinator", "多部门事项协调", "several departments: coordinated by", p.Joint.Coordinator, parties),
		number("joint.from", "自几个部门起", "from so many departments on", p.Joint.From, 0, 9),
		yes("joint.joint_limit", "共同提出时限并公示告知", "a joint limit is published and told", p.Joint.JointLimit),
		yes("escalation.require_proposal", "上报前先提出解决意见", "a solution is proposed before anything goes up", p.Escalation.RequireProposal),
		many("escalation.levels", "逐级上报", "escalated to", p.Escalation.Levels, parties),
		within("escalation.every", "逾期后每级间隔", "time between levels after a breach", p.Escalation.Every),
		yes("escalation.counted", "到达最高级记为矛盾升级", "reaching the last level counts as contradiction escalation", p.Escalation.Counted),
		one("slip.refusal", "退单", "giving a case back", p.Slip.Refusal, slipRefusals),
		yes("slip.manager_copy", "处理单须同时抄送主管", "a slip counts as delivered only with the manager's copy", p.Slip.ManagerCopy),
		yes("slip.signatures", "每次交接双方签字", "both sides sign every passing", p.Slip.Signatures),
		number("slip.max_returns", "退单几次后裁定", "returns before an arbiter decides", p.Slip.MaxReturns, 1, 9),
		many("feedback.target", "结果反馈给", "the result goes to", p.Feedback.Target, parties),
		many("reply.by", "答复来电人", "the caller is answered by", p.Reply.By, parties),
		yes("reply.all", "以上人员均须答复", "every one of them answers", p.Reply.All),
		ofClasses("reply.all_for", "均须答复的类别", "every one of them answers for", p.Reply.AllFor, p),
		many("reply.content", "答复内容", "the answer says", p.Reply.Content, replyItems),
		yes("return_visit.required", "回访", "return visit", p.ReturnVisit.Required),
		maybe("return_visit.by", "回访人", "visited by", p.ReturnVisit.By, parties),
		yes("return_visit.verify", "核实部门是否确已答复", "it verifies that the department really answered", p.ReturnVisit.Verify),
		yes("return_visit.sampled", "主管抽查", "the manager samples", p.ReturnVisit.Sampled),
		percent,
		one("extension.mode", "延期", "extension", p.Extension.Mode, extensions),
		maybe("extension.approver", "延期批准人", "approved by", p.Extension.Approver, parties),
		yes("extension.requires_caller_told", "告知来电人后延期才有效", "valid only once the caller was told", p.Extension.RequiresCallerTold),
		within("extension.max", "最长延期", "at most", p.Extension.Max),
		yes("refusal.written", "不予办理须书面说明", "a refusal is written", p.Refusal.Written),
		maybe("refusal.signer", "签字", "and signed by", p.Refusal.Signer, parties),
		yes("refusal.archive", "归档备查", "and archived", p.Refusal.Archive),
		words("emergency.plans", "有预案的类型", "plans exist for", p.Emergency.Plans),
		yes("emergency.confirm_owner", "先与首问业主核实", "the first owner confirms first", p.Emergency.ConfirmOwner),
		yes("emergency.special_report", "特别事件报告", "a special event report is filed", p.Emergency.SpecialReport),
		yes("emergency.neutral_wording", "查明前不急于定性", "neutral wording until the cause is known", p.Emergency.NeutralWording),
		maybe("emergency.no_plan", "没有预案时请示", "without a plan decides", p.Emergency.NoPlan, parties),
		one("complaint.route", "投诉去向", "complaints go to", p.Complaint.Route, complaintRoutes),
		plainly(within("repeat.window", "重复来电认定期", "a contact repeats another within", p.Repeat.Window), p.Repeat.Window),
		plainly(within("coverage.empty", "岗位空缺后告知主管", "supervisors are told that nobody is on post after", p.Coverage.Empty), p.Coverage.Empty),
		words("quiet_hours", "休息时间不打扰", "quiet hours", p.QuietHours),
		number("closing.attempts", "联系几次未果可由主管办结", "attempts before a supervisor may close", p.Closing.Attempts, 1, 99),
		number("warn.remind", "提醒（时间过去 %）", "reminder after percent of the time", p.Warn.Remind, 0, 99),
		number("warn.at_risk", "预警（时间过去 %）", "at risk after percent of the time", p.Warn.AtRisk, 0, 99),
		within("calendar.immediate_within", "“立即”的容许时间", "\"at once\" may take", p.Calendar.ImmediateWithin),
		one("calendar.working_day_ends", "工作日期限截止于", "working days end", p.Calendar.WorkingDayEnds, dayEnds),
		one("calendar.same_day_ends", "当天截止于", "the same day ends", p.Calendar.SameDayEnds, dayEnds),
		one("assessment.period", "考核", "assessed", p.Assessment.Period, periods),
		many("assessment.axes", "考核内容", "by", p.Assessment.Axes, axes),
		number("assessment.group_weight", "指标评分权重（%）", "weight of the group's score, percent", p.Assessment.GroupWeight, 0, 100),
		number("assessment.recipients_weight", "服务对象评分权重（%）", "weight of the recipients' score, percent", p.Assessment.RecipientsWeight, 0, 100),
		number("assessment.min_recipients", "服务对象至少（人）", "recipients at least", p.Assessment.MinRecipients, 0, 100_000),
		number("assessment.pass", "合格自（分）", "pass from", p.Assessment.Pass, 0, 100),
		number("assessment.pass_up_to", "合格至（分）", "pass up to", p.Assessment.PassUpTo, 0, 100),
		number("assessment.excellent", "优秀自（分）", "excellent from", p.Assessment.Excellent, 0, 100),
		one("assessment.gap_policy", "档次之间的分数", "a score between two grades is", p.Assessment.GapPolicy, gaps),
		one("sanctions.ladder", "责任追究", "sanctions", p.Sanctions.Ladder, ladders),
		yes("sanctions.both_sides", "推诿双方同等处罚", "both sides of a bounce are punished equally", p.Sanctions.BothSides),
		yes("sanctions.wrong_insisting", "坚持错派者受罚", "who insists on a wrong slip is punished", p.Sanctions.WrongInsisting),
		yes("sanctions.per_stage", "按环节追责", "liability is per stage", p.Sanctions.PerStage),
		one("sanctions.late_department", "部门逾期", "a late department meets", p.Sanctions.LateDepartment, lateEffects),
		many("accountability.review_by", "可申请复核者", "a review may be asked for by", p.Accountability.ReviewBy, parties),
		within("accountability.inquiry_extra", "调查可延长", "an inquiry may be longer by", p.Accountability.InquiryExtra),
		within("supervision.rectification", "检查问题整改期限", "what an inspection found is put right within", p.Supervision.Rectification),
		bilingual("posts.clause.zh", "每个岗位均须履行", "a duty of every post", p.Posts.Clause),
		bilingual("posts.precedence.zh", "与其他规定的关系", "other procedures", p.Posts.Precedence),
		one("roll_out.before", "部门纳入系统之前的事项", "a matter of a department that does not take part yet", p.RollOut.Before, beforehand),
		one("publish.period", "公布", "published", p.Publish.Period, periods),
		words("publish.what", "公布内容", "what is published", p.Publish.What),
	}
}

// unregulated is what a setting says when the regulations say nothing.
var unregulated = Words{"无规定", "not regulated"}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

var dayEnds = vocabulary[DayEnd]{EndsSameTime: {"同一钟点", "at the same time of day"}, EndsClosing: {"下班时", "at closing"}, EndsMidnight: {"当天 24 时", "at midnight"}}

var (
	identifier = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	ruleID     = regexp.MustCompile(`^S\d\d-R\d{1,2}$`)
)

// checker collects problems.
type checker struct{ problems []Problem }

func (c *checker) want(ok bool, path, format string, args ...any) {
	if !ok {
		c.problems = append(c.problems, Problem{path, fmt.Sprintf(format, args...)})
	}
}

func (c *checker) rules(path string, rules []string) {
	for i, r := range rules {
		c.want(ruleID.MatchString(r), fmt.Sprintf("%s.rules[%d]", path, i), "%q is no rule id; write it like S02-R8", r)
	}
}

func (c *checker) settings(all ...setting) {
	for _, s := range all {
		c.want(s.bad == "", s.path, "%s", s.bad)
	}
}

// Check returns everything wrong with p, in the order of its settings.
func (p Policy) Check() []Problem {
	c := &checker{}
	c.want(identifier.MatchString(p.ID), "id", "is %q, want a short name of lower-case letters, digits and _", p.ID)
	c.want(p.Title.ZH != "" && p.Title.EN != "", "title", "want a zh and an en")
	c.want(p.Effective.From == "" || dateOK(p.Effective.From), "effective.from", "%q is no date; write it like 2026-10-01", p.Effective.From)
	c.settings(p.settings()...)
	c.classes(p)
	for i, s := range p.QuietHours {
		_, err := ParseInterval(s)
		c.want(err == nil, fmt.Sprintf("quiet_hours[%d]", i), "%v", err)
	}
	c.want(p.Responsibility.Mode != Consent || p.Responsibility.Approver != "", "responsibility.approver", "is empty: who consents?")
	c.want(p.Responsibility.Title.ZH != "" && p.Responsibility.Title.EN != "", "responsibility.title", "want a zh and an en: what is who is responsible called?")
	c.want(p.Extension.Mode != ByApproval || p.Extension.Approver != "", "extension.approver", "is empty: who approves?")
	c.want(p.Calendar.SameDayEnds != EndsSameTime, "calendar.same_day_ends", "want midnight or closing")
	c.want(p.Warn.Remind == 0 || p.Warn.AtRisk == 0 || p.Warn.Remind < p.Warn.AtRisk, "warn.at_risk", "is not after the reminder")
	c.assessment(p.Assessment)
	c.lists(p)
	p.Supervision.check(c)
	for i, t := range p.Clocks {
		c.terms(p, t, fmt.Sprintf("clocks[%d]", i))
		before := slices.IndexFunc(p.Clocks[:i], func(o Terms) bool { return o.Kind == t.Kind && o.Unconditional() })
		c.want(before < 0, fmt.Sprintf("clocks[%d].clock", i), "is never used: clocks[%d] before it is for every case", before)
	}
	return c.problems
}

func dateOK(s string) bool {
	_, err := ParseDate(s)
	return err == nil
}

func (c *checker) classes(p Policy) {
	seen := map[Class]bool{}
	c.want(len(p.Classification.Classes) > 0, "classification.classes", "is empty: want at least the class of a case nobody has classified")
	for i, k := range p.Classification.Classes {
		path := fmt.Sprintf("classification.classes[%d]", i)
		c.want(identifier.MatchString(string(k.Class)), path+".class", "is %q, want a short name of lower-case letters, digits and _", k.Class)
		c.want(!seen[k.Class], path+".class", "%s is there twice", k.Class)
		c.want(k.Title.ZH != "" && k.Title.EN != "", path+".title", "want a zh and an en")
		c.settings(one(path+".route", "", "", k.Route, routes))
		c.rules(path, k.Rules)
		seen[k.Class] = true
	}
}

func (c *checker) assessment(a Assessment) {
	if a.GroupWeight+a.RecipientsWeight != 0 {
		c.want(a.GroupWeight+a.RecipientsWeight == 100, "assessment.recipients_weight", "the weights are %d in all, want 100", a.GroupWeight+a.RecipientsWeight)
	}
	c.want(a.Pass <= a.PassUpTo && a.PassUpTo <= a.Excellent, "assessment.pass_up_to", "want pass %d, pass_up_to %d and excellent %d in this order", a.Pass, a.PassUpTo, a.Excellent)
}

// lists checks gates, forms, offences and what goes with them.
func (c *checker) lists(p Policy) {
	for i, g := range p.Gates {
		path := fmt.Sprintf("gates[%d]", i)
		c.settings(one(path+".before", "", "", g.Before, steps), many(path+".need", "", "", g.Need, fields))
		c.want(len(g.Need) > 0, path+".need", "is empty")
		c.cases(p, path, Terms{Classes: g.Classes, Types: g.Types, If: g.If})
		c.rules(path, g.Rules)
	}
	for i, f := range p.Forms {
		path := fmt.Sprintf("forms[%d]", i)
		c.want(identifier.MatchString(f.Form), path+".form", "is %q, want a short name", f.Form)
		c.settings(many(path+".columns", "", "", f.Columns, fields), number(path+".copies", "", "", f.Copies, 0, 9))
		c.rules(path, f.Rules)
	}
	codes := map[string]bool{}
	for i, o := range p.Sanctions.Offences {
		path := fmt.Sprintf("sanctions.offences[%d]", i)
		c.want(identifier.MatchString(o.Code) && !codes[o.Code], path+".code", "is %q, want a short name that is not there yet", o.Code)
		c.settings(many(path+".signs", "", "", o.Signs, signs))
		codes[o.Code] = true
		c.rules(path, o.Rules)
	}
	for i, s := range p.Sanctions.Steps {
		path := fmt.Sprintf("sanctions.steps[%d]", i)
		c.settings(many(path+".propose", "", "", s.Propose, sanctions), maybe(path+".consequence", "", "", s.Consequence, consequences), number(path+".count", "", "", s.Count, 0, 99))
		c.want(s.Offence == "" || codes[s.Offence], path+".offence", "no offence %q", s.Offence)
		c.rules(path, s.Rules)
	}
	for i, f := range p.Sanctions.Money {
		path := fmt.Sprintf("sanctions.money[%d]", i)
		c.want(codes[f.Offence], path+".offence", "no offence %q", f.Offence)
		c.want(f.Min > 0 && f.Min <= f.Max, path+".min", "from %d to %d yuan: want min above 0 and not above max", f.Min, f.Max)
		c.settings(many(path+".whom", "", "", f.Whom, parties))
		c.rules(path, f.Rules)
	}
	for i, t := range p.Liability.Tiers {
		path := fmt.Sprintf("liability.tiers[%d]", i)
		c.settings(one(path+".party", "", "", t.Party, parties))
		c.rules(path, t.Rules)
	}
}

// cases checks for which cases terms are.
func (c *checker) cases(p Policy, path string, t Terms) {
	for i, class := range t.Classes {
		_, ok := p.Class(class)
		c.want(ok, fmt.Sprintf("%s.class[%d]", path, i), "no class %q", class)
	}
	c.settings(many(path+".type", "", "", t.Types, matterTypes), many(path+".if", "", "", t.If, flags), many(path+".unless", "", "", t.Unless, flags))
	for i, l := range t.Levels {
		c.want(l >= 1 && l <= 9, fmt.Sprintf("%s.level[%d]", path, i), "is %d, want 1 (the most severe) to 9", l)
	}
}

func (c *checker) terms(p Policy, t Terms, path string) {
	c.want(identifier.MatchString(string(t.Kind)), path+".clock", "is %q, want a kind of clock like transfer", t.Kind)
	c.cases(p, path, t)
	c.settings(one(path+".start", "", "", t.Start, milestones), many(path+".stop", "", "", t.Stop, milestones), many(path+".void", "", "", t.Void, milestones),
		within(path+".limit", "", "", t.Limit), within(path+".tolerance", "", "", t.Tolerance), within(path+".every", "", "", t.Every),
		many(path+".by", "", "", t.By, parties), many(path+".ladder", "", "", t.Ladder, parties), many(path+".pause", "", "", t.Pause, pauseReasons),
		number(path+".remind", "", "", t.Remind, 0, 99), number(path+".at_risk", "", "", t.AtRisk, 0, 99))
	c.settings(maybe(path+".working_day_ends", "", "", t.WorkingDayEnds, dayEnds), maybe(path+".same_day_ends", "", "", t.SameDayEnds, dayEnds))
	c.want(t.SameDayEnds != EndsSameTime, path+".same_day_ends", "want midnight or closing")
	c.want(t.Limit == nil || t.Start != AtAccepted, path+".start", "a limit cannot wait for the department's own click; start it at contact, handed_over or received")
	c.want(len(t.Stop) > 0, path+".stop", "is empty: the clock would never stop")
	c.want(!slices.Contains(t.Stop, t.Start), path+".stop", "stops where it starts")
	c.rules(path, t.Rules)
}
