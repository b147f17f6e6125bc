package cases

// The words that moves choose from, besides those of policies.
type (
	// ReturnCode says why a department returns a case.
	ReturnCode string

	// AttemptResult says why the caller was not reached.
	AttemptResult string
)

var (
	returnCodes = vocabulary[ReturnCode]{
		"not_ours": {"不属本部门职责", "not ours"}, "incomplete": {"内容不全", "incomplete"}, "duplicate": {"重复件", "duplicate"},
		"wrong_person": {"承办人有误", "wrong person"}, "other": {"其他", "other"},
	}
	attemptResults = vocabulary[AttemptResult]{
		"no_answer": {"无人接听", "no answer"}, "busy": {"占线", "busy"}, "wrong_number": {"号码有误", "wrong number"}, "voicemail": {"语音信箱", "voicemail"},
	}
	inquiryWords = vocabulary[InquiryStep]{
		InquiryProposed: {"书面建议", "proposed"}, InquiryAppealed: {"提出申诉", "appealed"},
		InquiryOpened: {"成立调查组", "opened"}, InquiryProlonged: {"延长调查", "prolonged"}, InquiryReported: {"提交调查报告", "reported"},
		InquiryDecided: {"作出决定", "decided"}, InquiryServed: {"送达决定书", "decision served"},
		InquiryReviewRequested: {"申请复核", "review requested"}, InquiryReviewDecided: {"复核决定", "review decided"},
	}
	failureWords = vocabulary[TransferFailure]{
		TransferUnknown: {"没有这个分机", "unknown"}, TransferNobodyCompetent: {"没有对应的部门", "nobody competent"}, TransferClosed: {"不在服务时间", "closed"},
		TransferUnreachable: {"话机没有注册", "unreachable"}, TransferBusy: {"正在通话", "busy"}, TransferDenied: {"制度不允许呼叫该号码", "denied"},
		TransferDeclined: {"拒接", "declined"}, TransferNoAnswer: {"无人接听", "no answer"}, TransferNotAcceptable: {"话机没有共同的编码", "not acceptable"},
		TransferHungUp: {"已挂断", "hung up"}, TransferCancelled: {"已取消", "cancelled"}, TransferAvoided: {"来电人投诉的正是对方", "avoided"},
		TransferCallEnded: {"通话已结束", "call ended"},
	}
	askedFor = vocabulary[Asked]{AskedExtension: {"延期申请", "extension"}, AskedReassignment: {"更换责任人申请", "re-assignment"}}
	tellings = vocabulary[Telling]{
		TellState: {"进展或期限", "how it stands"}, TellHandOver: {"转办情况", "who has it now"}, TellExtension: {"延期", "extension"},
		TellReassignment: {"更换责任人", "re-assignment"}, TellProgress: {"紧急情况进展", "progress of the emergency"},
		TellApology: {"致歉", "an apology"}, TellRing: {"静休时间可以打扰", "that he may be rung in quiet hours"},
	}
)

// Words is what people call it.
func (f TransferFailure) Words() Words { return failureWords.of(f) }

// Choice is a word that a field of a move may be, with its text.
type Choice struct {
	Value string
	Words
}

// Choices returns what a field of the type of v may be, in the order of the values;
// nil if that is not a closed set of words, or a matter of the policy.
func Choices(v any) []Choice {
	switch v.(type) {
	case ReturnCode:
		return returnCodes.choices()
	case AttemptResult:
		return attemptResults.choices()
	case Consequence:
		return consequences.choices()
	case InquiryStep:
		return inquiryWords.choices()
	case Asked:
		return askedFor.choices()
	case Telling:
		return tellings.choices()
	case Breach:
		return breaches.choices()
	case PauseReason:
		return pauseReasons.choices()
	case MatterType:
		return matterTypes.choices()
	case Flag:
		return flags.choices()
	case Party:
		return parties.choices()
	case TransferMode:
		return transferModes.choices()
	case Told:
		return told.choices()
	case NoticeForm:
		return noticeForms.choices()
	case NoticeItem:
		return noticeItems.choices()
	case Remedy:
		return remedies.choices()
	case Sanction:
		return sanctions.choices()
	}
	return nil
}

func (all vocabulary[T]) choices() []Choice {
	var list []Choice
	for _, v := range all.names() {
		list = append(list, Choice{string(v), all[v]})
	}
	return list
}

// oneOf asks for one of the words of a closed set.
func oneOf[T ~string](all []T) Words {
	return Words{"以下之一：" + joined(all), "one of " + joined(all)}
}
