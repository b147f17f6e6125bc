package cases

// Class is a class of cases; a policy names its own.
type Class string

// MatterType is what a caller comes with (C01).
type MatterType string

// StaffComplaint is the matter type of complaints about one of us.
const StaffComplaint MatterType = "staff_complaint"

var matterTypes = vocabulary[MatterType]{
	"consultation": {"咨询", "consultation"}, "request": {"办事", "request"}, "licence": {"许可审批", "licence or approval"},
	"repair": {"报修", "repair"}, "complaint": {"投诉", "complaint"}, "denunciation": {"举报", "denunciation"},
	"crime_report": {"报案", "crime report"}, "opinion": {"意见", "opinion"}, "suggestion": {"建议", "suggestion"},
	"distress": {"求助", "distress"}, "state_query": {"查询进度", "query of state"}, "claim": {"理赔", "claim"},
	"letter": {"公函", "letter of another authority"}, "order": {"上级交办", "order of a superior"}, "item": {"物品需求", "item request"},
	StaffComplaint: {"投诉工作人员", "complaint about staff"},
}

// Flag is something known of a case besides its class.
type Flag string

// The flags.
const (
	FlagHazard        Flag = "hazard_possible"
	FlagMajor         Flag = "major"
	FlagHot           Flag = "hot_issue"
	FlagPetitioner    Flag = "long_standing"
	FlagDifficult     Flag = "difficult"
	FlagInternal      Flag = "internal"
	FlagSolvable      Flag = "solvable"
	FlagSpecial       Flag = "special"
	FlagStudy         Flag = "study_needed"
	FlagInquiry       Flag = "inquiry_needed"
	FlagUnclear       Flag = "unclear"
	FlagOutside       Flag = "outside"
	FlagOwn           Flag = "own"
	FlagJoint         Flag = "joint"
	FlagSameDay       Flag = "same_day"
	FlagPlan          Flag = "plan_exists"
	FlagNoPlan        Flag = "no_plan"
	FlagRain          Flag = "rain_2h"
	FlagOutOfControl  Flag = "out_of_control"
	FlagBlocked       Flag = "blocked_by_caller"
	FlagHandlerAbsent Flag = "handler_absent"
	FlagObjects       Flag = "objects_received"
	FlagMisdial       Flag = "misdial_suspected" // another number was dialled than the caller was told (S30-R16)
	FlagVerbalOrder   Flag = "verbal_order"      // told to somebody who wrote down nothing (S30-R18)
	FlagOffPool       Flag = "off_pool"          // picked up by who may not be first-asker: one who may is to take it (S19-R2)
	FlagContradiction Flag = "contradiction"     // departments could not settle it, the director has it (S33-R8)
	FlagDenied        Flag = "answer_denied"     // the caller says that nobody answered him: the manager samples it (S33-R10)
)

var flags = vocabulary[Flag]{
	FlagHazard: {"可能危及小区", "possible hazard"}, FlagMajor: {"重大", "major"}, FlagHot: {"热点问题", "hot issue"},
	FlagPetitioner: {"长期上访", "long-standing petitioner"}, FlagDifficult: {"难沟通", "difficult caller"},
	FlagInternal: {"内部来电", "from inside"}, FlagSolvable: {"能当场解决", "solvable on the spot"}, FlagSpecial: {"特殊情况", "special"},
	FlagStudy: {"需要研究", "needs study"}, FlagInquiry: {"需要调查", "needs inquiry"}, FlagUnclear: {"责任不明", "unclear who is competent"},
	FlagOutside: {"职责范围以外", "outside the organisation"}, FlagOwn: {"本部门事项", "of the own department"},
	FlagJoint: {"涉及多个部门", "of several departments"}, FlagSameDay: {"当天能办", "can be done the same day"},
	FlagPlan: {"有紧急预案", "a plan exists"}, FlagNoPlan: {"没有预案", "no plan exists"},
	FlagRain: {"持续暴雨满 2 小时", "2 h of continuous rainstorm"}, FlagOutOfControl: {"事态失控", "out of control"},
	FlagBlocked: {"因来电人自身原因暂不能办", "blocked by the caller's circumstances"}, FlagHandlerAbsent: {"承办人不在", "the handler is absent"},
	FlagObjects: {"收到物品或材料", "objects or materials received"}, FlagMisdial: {"疑似拨错号码", "misdial suspected"},
	FlagVerbalOrder: {"口头交办未开单", "verbal order without ticket"}, FlagOffPool: {"非首问岗位接听", "not picked up by a first-asker's post"},
	FlagContradiction: {"矛盾升级", "contradiction escalated"}, FlagDenied: {"来电人称未获答复", "the caller says nobody answered him"},
}

// Party is somebody a rule speaks of, by what he is to the case.
type Party string

// The parties.
const (
	PartyFirstAsker      Party = "first_asker"
	PartyResponsible     Party = "responsible"
	PartyHandler         Party = "handler"
	PartyDepartment      Party = "department"
	PartyDepartmentHead  Party = "department_head"
	PartyManager         Party = "department_manager"
	PartySupervisor      Party = "supervisor"
	PartyManagerOnDuty   Party = "manager_on_duty"
	PartyReceptionist    Party = "receptionist"
	PartyOwnLeader       Party = "own_leader"
	PartyLeaderInCharge  Party = "leader_in_charge"
	PartyPrincipalLeader Party = "principal_leader"
	PartyLeaders         Party = "leaders"
	PartySectionHead     Party = "section_head"
	PartyDirector        Party = "director"
	PartyDirectors       Party = "directors_meeting"
	PartyCSC             Party = "service_centre"
	PartyComplaintCentre Party = "complaint_centre"
	PartyPartyBranch     Party = "party_branch"
	PartyOffice          Party = "office"
	PartySuperiorBody    Party = "superior_body"
	PartyFunctional      Party = "functional_department"
	PartyHQ              Party = "headquarters"
	PartyCoordinator     Party = "coordinator"
	PartyDiscipline      Party = "discipline_inspection"
	PartyVillageCadre    Party = "village_cadre"
	PartyComplainant     Party = "complainant"
	PartyAccused         Party = "accused"
	PartyPersons         Party = "person"
	PartyBank            Party = "bank"
	PartyWindow          Party = "window"
	PartyDesignated      Party = "designated"
)

var parties = vocabulary[Party]{
	PartyFirstAsker: {"首问责任人", "first-asker"}, PartyResponsible: {"责任人", "who is responsible"}, PartyHandler: {"承办人", "handler"},
	PartyDepartment: {"承办部门", "handling department"}, PartyDepartmentHead: {"承办部门负责人", "head of the department"},
	PartyManager: {"部门主管", "department manager"}, PartySupervisor: {"责任主管", "responsible supervisor"},
	PartyManagerOnDuty: {"当班最高级别管理人员", "highest manager on duty"}, PartyReceptionist: {"当值接待人员", "duty receptionist"},
	PartyOwnLeader: {"本部门领导", "own leader"}, PartyLeaderInCharge: {"分管领导", "leader in charge"}, PartyPrincipalLeader: {"主要领导", "principal leader"},
	PartyLeaders: {"党政领导", "leaders"}, PartySectionHead: {"科室负责人", "section head"}, PartyDirector: {"管理处主任", "director"},
	PartyDirectors: {"局长办公会", "director's meeting"}, PartyCSC: {"客服中心", "service centre"}, PartyComplaintCentre: {"投诉受理中心", "complaint centre"},
	PartyPartyBranch: {"党支部", "Party branch"}, PartyOffice: {"办公室", "office"}, PartySuperiorBody: {"上级主管部门", "superior body"},
	PartyFunctional: {"职能部门", "functional department"}, PartyHQ: {"总公司或省公司监督", "headquarters' supervision"},
	PartyCoordinator: {"协调专人", "coordinator"}, PartyDiscipline: {"纪检监察机关", "discipline inspection"}, PartyVillageCadre: {"驻村干部", "village cadre"},
	PartyComplainant: {"投诉人", "complainant"}, PartyAccused: {"被问责人", "sanctioned person"}, PartyPersons: {"当事人", "person concerned"},
	PartyBank: {"代理银行", "agent bank"}, PartyWindow: {"窗口人员", "window staff"}, PartyDesignated: {"指定首问岗位", "designated first-asker"},
}

// The settings that are one of a closed set of words.
type (
	InForce        string
	Scheme         string
	Route          string
	RegisterWhen   string
	Pool           string
	OffPool        string
	TieBreak       string
	AgentIdentity  string
	Mode           string
	PhraseEffect   string
	NoticeForm     string
	NoticeItem     string
	TransferMode   string
	Told           string
	Remedy         string
	Unclear        string
	SlipRefusal    string
	ReplyItem      string
	ExtensionMode  string
	ComplaintRoute string
	Period         string
	Axis           string
	GapPolicy      string
	LadderKind     string
	Consequence    string
	Sanction       string
	LateEffect     string
)

// Words of settings that decisions look at.
const (
	PoolAnyone     Pool          = "anyone"
	PoolWindow     Pool          = "window"
	Warn           OffPool       = "warn"
	FirstAnswer    TieBreak      = "first_200_ok"
	HigherRank     TieBreak      = "higher_rank"
	Stays          Mode          = "stays"
	Moves          Mode          = "moves"
	Consent        Mode          = "consent"
	Guided         Mode          = "guided"
	NumberOnly     TransferMode  = "number_only"
	ColdTransfer   TransferMode  = "cold"
	WarmRequired   TransferMode  = "warm_required"
	WithOpinion    SlipRefusal   = "with_opinion"
	WithReason     SlipRefusal   = "with_reason"
	ByApproval     ExtensionMode = "approval"
	ByReport       ExtensionMode = "report"
	ByAgreement    ExtensionMode = "agreed_time"
	ByPromise      ExtensionMode = "promise"
	NoExtension    ExtensionMode = "none"
	EveryCall      RegisterWhen  = "every_call"
	GapFloor       GapPolicy     = "floor"
	GapRound       GapPolicy     = "round"
	GapNextGrade   GapPolicy     = "next_grade"
	LadderByCount  LadderKind    = "count"
	LadderByEffect LadderKind    = "consequence"
	LadderByList   LadderKind    = "list"
	LadderNone     LadderKind    = "none"
)

var (
	inForce = vocabulary[InForce]{"adoption": {"通过即生效", "when taken up"}, "issue": {"自发布之日起", "on issue"}, "publication": {"公示后生效", "on publication"}}
	schemes = vocabulary[Scheme]{
		"none": {"不分类", "no classes"}, "three_classes": {"一、二、三类信息", "three classes of information"},
		"emergency": {"紧急与一般", "emergency or ordinary"}, "matters": {"按事项", "by matter"}, "urgency": {"轻重缓急", "by urgency"},
		"difficulty": {"按难易", "by difficulty"}, "consult_denounce": {"咨询与举报", "consultation or denunciation"},
	}
	routes = vocabulary[Route]{
		"first_asker": {"首问责任人自办", "the first-asker himself"}, "service_centre": {"客服中心", "the service centre"},
		"manager_on_duty": {"当班最高级别管理人员", "the highest manager on duty"}, "receptionist": {"当值接待人员", "the duty receptionist"},
		"repair": {"维修人员", "repair staff"}, "person": {"当事人", "the person concerned"}, "department": {"承办部门", "the competent department"},
		"functional_department": {"职能部门", "the functional department"}, "leader": {"领导", "the leader"}, "outside": {"外单位", "an outside body"},
		"window": {"服务窗口", "the window"}, "village_cadre": {"驻村干部", "the village cadre"}, "authority": {"有权限的承办人", "a handler with the authority"},
		"counter_group": {"会计核算组", "the accounting counter group"}, "desk": {"值班席", "the desk"},
	}
	registerWhen = vocabulary[RegisterWhen]{
		EveryCall: {"每个来电都登记", "every call"}, "consultation_and_denunciation": {"咨询和举报都登记", "consultation and denunciation"},
		"denunciation_only": {"只登记举报投诉，咨询直接答复", "reports and denunciations; consultations are only answered"},
	}
	pools = vocabulary[Pool]{
		PoolAnyone: {"任何员工", "anyone"}, "management": {"管理人员", "management staff"}, "on_duty": {"在岗人员", "staff on duty"},
		"on_duty_management": {"在岗管理人员", "management staff on duty"}, PoolWindow: {"窗口人员", "window staff"},
		"designated": {"指定岗位", "designated posts"}, "filed": {"备案名单", "those on the filed roster"}, "service_centre": {"客服中心接触人员", "who is met at the service centre"},
		"acceptor": {"受理人", "who accepts the matter"}, "cadre": {"任何干部", "any cadre"},
	}
	offPools    = vocabulary[OffPool]{"accept": {"照样受理", "accepted all the same"}, Warn: {"提示并转窗口人员", "a warning, and the case is offered to the pool"}}
	tieBreaks   = vocabulary[TieBreak]{FirstAnswer: {"先接通者", "the first answer"}, HigherRank: {"职务高者", "the higher rank"}}
	identities  = vocabulary[AgentIdentity]{"on_request": {"问到时说明", "when asked"}, "announce_on_answer": {"接通时报姓名职务", "name and duty on answering"}, "announce_and_sms": {"报姓名并发短信", "announced and sent by message"}, "badge": {"挂牌公示", "badge or board"}}
	modes       = vocabulary[Mode]{Stays: {"一直由首问责任人负责", "stays with the first-asker"}, Moves: {"转给第一位有权限的承办人", "moves to the first handler with the authority"}, Consent: {"经领导同意并告知后才可转移", "moves only with a leader's consent, after the caller was told"}, Guided: {"引导交接后结束", "ends when the caller has been led to the handler"}}
	effects     = vocabulary[PhraseEffect]{"none": {"仅禁止", "forbidden"}, "sanction": {"按规定处罚", "punished"}, "inaction": {"视为不作为", "counts as inaction"}}
	noticeForms = vocabulary[NoticeForm]{"oral": {"口头", "by word of mouth"}, "sms": {"短信", "by message"}, "written": {"书面", "in writing"}}
	noticeItems = vocabulary[NoticeItem]{
		"procedure": {"程序", "procedure"}, "requirements": {"要求", "requirements"}, "materials": {"全部材料", "all materials"},
		"basis": {"政策依据", "policy basis"}, "forms": {"表格", "forms"}, "limit": {"时限", "time limit"}, "how": {"如何办理", "how to go about it"},
		"fees": {"收费", "fees"}, "missing": {"缺少的材料", "what is missing"},
	}
	transferModes = vocabulary[TransferMode]{NumberOnly: {"告知电话即可", "a phone number is enough"}, ColdTransfer: {"直接转接", "put through unannounced"}, WarmRequired: {"先联系后转接", "warm: the taker is spoken to first"}}
	told          = vocabulary[Told]{
		"that": {"已转办", "that it was passed on"}, "department": {"部门", "department"}, "contact": {"联系方式", "contact"}, "person": {"联系人", "person"},
		"estimate": {"预计时间", "estimated time"}, "address": {"地址", "address"}, "position": {"方位", "position"},
	}
	remedies = vocabulary[Remedy]{
		"contact_him": {"主动联系承办人", "contact the handler oneself"}, "take_materials": {"先收材料再转交", "take the materials and hand them over later"},
		"find_or_promise": {"帮助寻找或承诺转告", "find him, or promise to relay"}, "note_and_pass": {"记下电话并转告", "note the caller's number and pass it on"},
		"record_and_transfer": {"记录后转交或联系", "record and transfer"}, "give_or_take_contact": {"告知或留下联系方式", "give his contact or take the caller's"},
		"accept_for_him": {"代为受理并跟踪", "accept on his behalf and follow up"}, "stand_in": {"辅岗顶替", "the stand-in takes over"},
		"tell_where": {"告知名称、位置、电话", "tell name, place and phone"},
	}
	unclears = vocabulary[Unclear]{
		"service_centre": {"转客服中心", "to the service centre"}, "own_line": {"逐级汇报", "up the own line, step by step"},
		"ask_leader": {"请示领导协调", "ask the leader"}, "call_back": {"查明后回电", "find out and call back"}, "help_find": {"帮助查找", "help to find out"},
		"unregulated": unregulated,
	}
	slipRefusals = vocabulary[SlipRefusal]{WithOpinion: {"不得拒收，退单须有书面意见", "may not be refused; given back only with a written opinion"}, WithReason: {"说明原因后退回", "given back with a reason"}}
	replyItems   = vocabulary[ReplyItem]{"time": {"解决时间", "time"}, "manner": {"方式", "manner"}, "result": {"结果", "result"}, "reason": {"原因", "reason"}}
	extensions   = vocabulary[ExtensionMode]{
		ByApproval: {"经批准", "approved"}, ByReport: {"报告领导并告知申办人", "reported, and the caller told"}, ByAgreement: {"说明原因并另约时间", "another time agreed with the caller"},
		ByPromise: {"承诺答复期限", "a promise instead"}, NoExtension: unregulated,
	}
	complaintRoutes = vocabulary[ComplaintRoute]{
		"service_centre": {"客服中心", "the service centre"}, "department_head": {"投诉部门负责人", "the head of the complaint department"},
		"principal_leader": {"主要领导", "the principal leader"}, "complaint_centre": {"投诉受理中心", "the complaint centre"}, "ordinary": {"一般流程", "as any other matter"},
	}
	periods = vocabulary[Period]{"none": unregulated, "regular": {"定期", "regularly"}, "monthly": {"每月", "monthly"}, "quarterly": {"每季度", "quarterly"}, "half_yearly": {"每半年", "twice a year"}, "yearly": {"每年", "yearly"}}
	axes    = vocabulary[Axis]{
		"attitude": {"态度", "attitude"}, "speed": {"速度", "speed"}, "effect": {"效果", "effect"}, "efficiency": {"效率", "efficiency"}, "quality": {"质量", "quality"},
		"workflow": {"流程", "workflow"}, "staff_satisfaction": {"员工满意", "staff satisfaction"}, "owner_satisfaction": {"业主满意率", "owner satisfaction"},
		"whole_chain": {"全过程", "the whole chain"}, "receipts": {"收件回执与取件登记", "receipts and pick-up register"}, "target": {"目标考核", "annual target"},
	}
	gaps         = vocabulary[GapPolicy]{GapFloor: {"舍去小数", "rounded down"}, GapRound: {"四舍五入", "rounded"}, GapNextGrade: {"算高一档", "the higher grade"}}
	ladders      = vocabulary[LadderKind]{LadderNone: unregulated, LadderByEffect: {"按后果", "by consequence"}, LadderByCount: {"按次数", "by count"}, LadderByList: {"逐级", "from the mildest up"}}
	consequences = vocabulary[Consequence]{"none": {"未造成后果", "without consequence"}, "bad": {"造成不良后果", "with bad consequence"}, "serious": {"后果严重", "serious"}}
	sanctions    = vocabulary[Sanction]{
		"talk": {"谈话告诫", "talk-admonition"}, "criticism": {"批评教育", "criticism and education"}, "reminder": {"警示提醒", "warning reminder"},
		"supervision": {"诫勉督导", "admonitory supervision"}, "correction": {"责令纠错", "order to correct"}, "warning": {"警告", "warning"},
		"apology": {"赔礼道歉", "apology to the person"}, "circular": {"通报批评", "circular criticism"}, "efficacy": {"效能告诫", "efficacy admonition"},
		"standby": {"待岗", "waiting for a post"}, "fine": {"经济处罚", "economic penalty"}, "transfer_post": {"调离岗位", "transfer from post"},
		"off_post": {"下岗", "off post"}, "incompetent": {"年度考核不称职", "annual rating incompetent"}, "no_excellent": {"取消评优资格", "no excellent rating"},
		"termination": {"解除劳动合同", "termination of contract"}, "discipline": {"党纪政纪处分", "Party or administrative discipline"},
		"accountability": {"按问责办法", "by the accountability rules"}, "company_rules": {"按公司规定", "by the company's rules"},
	}
	lateEffects = vocabulary[LateEffect]{"none": unregulated, "supervision": {"督办", "supervision"}, "offence": {"违规记录", "an offence"}, "fine": {"罚款", "a fine"}}
)
