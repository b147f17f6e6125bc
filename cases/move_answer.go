package cases

import "slices"

// Attempt is a try to reach the caller in vain.
type Attempt struct {
	Result AttemptResult `json:"result"`
}

// Kind returns MoveAttempt.
func (Attempt) Kind() MoveKind { return MoveAttempt }

func (m Attempt) do(d *decision) {
	_, known := attemptResults[m.Result]
	d.need(known, "result", oneOf(attemptResults.names()))
	d.c.File.Attempts++
}

// Reply answers the caller: when, how and with what result (C19).
type Reply struct {
	Time     string   `json:"time,omitempty"` // when it was solved
	Manner   string   `json:"manner,omitempty"`
	Result   string   `json:"result"`
	Reason   string   `json:"reason,omitempty"` // why not, if it could not be
	Evidence Evidence `json:"evidence"`
	Clear    bool     `json:"clear,omitempty"` // he was asked whether it is clear to him, and it is (S29-R5, S34-R6)
	By       string   `json:"by,omitempty"`    // set by the move: user
	Party    []Party  `json:"party,omitempty"` // set by the move: what he is, of those the policy has reply
}

// Kind returns MoveReply.
func (Reply) Kind() MoveKind { return MoveReply }

func (m Reply) do(d *decision) {
	want := d.Policy.Reply
	has := map[ReplyItem]string{"time": m.Time, "manner": m.Manner, "result": m.Result, "reason": m.Reason}
	for _, item := range want.Content {
		ok := has[item] != "" || item == "reason" // only if it could not be done
		d.need(ok, string(item), Words{"答复须包括此项", "part of the answer"})
	}
	d.need(m.Result != "", "result", Words{"答复内容", "the answer"})
	d.proven(m.Evidence)
	m.By, m.Party = d.by.User, nil
	for _, party := range want.By {
		if d.c.isParty(d.by, party) {
			m.Party = append(m.Party, party)
		}
	}
	d.did[0].body = m
	d.c.File.Replies = append(d.c.File.Replies, m)
	d.c.File.Attempts = 0
	if d.c.File.Result == nil { // settled by who answers
		d.c.File.Result, d.c.File.Entered = &Report{Manner: m.Manner, Result: m.Result}, true
		d.reach(AtHandled)
	}
	all := want.All && (len(want.AllFor) == 0 || slices.Contains(want.AllFor, d.c.Facts(d.Policy).Class))
	if all && slices.ContainsFunc(want.By, func(p Party) bool { return !d.c.File.replied(p) }) {
		d.to = d.c.State // the others have still to
		d.reach(AtStateTold)
		return
	}
	d.reach(AtStateTold, AtCallerTold, AtCustomerCalled, AtCalledBack)
}

// replied tells whether party has answered the caller.
func (f File) replied(party Party) bool {
	return slices.ContainsFunc(f.Replies, func(r Reply) bool { return slices.Contains(r.Party, party) })
}

// Visit asks the caller afterwards (回访, C21): whether the department really answered
// him, whether it is solved, whether he is satisfied. Who was not answered, or whose
// matter is not solved, has his case open again.
type Visit struct {
	Answered  bool     `json:"answered"` // he was
	Solved    bool     `json:"solved"`
	Satisfied *int     `json:"satisfied,omitempty"` // 1–5
	Said      string   `json:"said,omitempty"`
	Evidence  Evidence `json:"evidence"`
}

// Kind returns MoveVisit.
func (Visit) Kind() MoveKind { return MoveVisit }

func (m Visit) do(d *decision) {
	d.proven(m.Evidence)
	d.need(m.Satisfied == nil || *m.Satisfied >= 1 && *m.Satisfied <= 5, "satisfied", Words{"1 到 5", "1 to 5"})
	d.need(m.Answered && m.Solved || m.Said != "", "said", Words{"来电人的说法", "what the caller says"})
	d.c.File.Visits = append(d.c.File.Visits, m)
	d.c.File.Attempts = 0
	if m.Answered && m.Solved {
		d.to = Visited
		d.reach(AtVisited)
		return
	}
	d.reopen(m.Kind())
	if !m.Answered { // what was reported as an answer was none (S30-R11)
		d.flag([]Flag{FlagDenied}, nil)
		delete(d.c.Milestones, AtCallerTold)
		for i, k := range d.c.Clocks {
			d.c.Clocks[i] = k.Revoke(AtCallerTold)
		}
	}
	d.happen(EventReopened, Reopen{Reason: "return visit: " + m.Said})
}

// reopen leads by a move back to who has to do with the case.
func (d *decision) reopen(by MoveKind) {
	d.to = Registered
	d.c.File.Result, d.c.File.Entered, d.c.File.Replies = nil, false, nil // another answer is owed
	if d.c.Department != "" && slices.Contains(turns[by].leads[d.c.State], Accepted) {
		d.to = Accepted
	}
}

// Reopen says that a case was not over after all.
type Reopen struct {
	Reason string `json:"reason"`
}

// Kind returns MoveReopen.
func (Reopen) Kind() MoveKind { return MoveReopen }

func (m Reopen) do(d *decision) {
	d.need(m.Reason != "", "reason", Words{"尚未解决的事项", "what is not settled"})
	d.reopen(m.Kind())
	d.c.Department, d.c.Handler = "", d.c.Responsible
}

// Refuse declines the matter: in writing, with a reason, signed by who may, filed
// (C24). The caller is told why.
type Refuse struct {
	Reason   string   `json:"reason"`
	Archive  string   `json:"archive"`          // number of the filing
	Signed   string   `json:"signed,omitempty"` // set by the move: user
	Evidence Evidence `json:"evidence"`
}

// Kind returns MoveRefuse.
func (Refuse) Kind() MoveKind { return MoveRefuse }

func (m Refuse) do(d *decision) {
	want := d.Policy.Refusal
	d.need(m.Reason != "", "reason", Words{"如实写明的书面理由", "why, truthfully and in writing"})
	d.need(!want.Archive || m.Archive != "", "archive", Words{"归档号", "the number it is filed under"})
	d.proven(m.Evidence)
	if want.Signer != "" && !d.c.isParty(d.by, want.Signer) {
		d.refuse(RefusedRole, "S25-R3")
	}
	m.Signed = d.by.User
	d.did[0].body = m
	d.c.File.Refusal = &m
	d.reach(AtStateTold, AtCallerTold)
}

// Withdraw says that the caller takes his matter back.
type Withdraw struct {
	Reason   string   `json:"reason"`
	Evidence Evidence `json:"evidence"`
}

// Kind returns MoveWithdraw.
func (Withdraw) Kind() MoveKind { return MoveWithdraw }

func (m Withdraw) do(d *decision) {
	d.need(m.Reason != "", "reason", Words{"来电人的说法", "what the caller said"})
	d.proven(m.Evidence)
}

// Merge says that the same incident is another case already. Who reported it first is
// the one to be told (S05-R2).
type Merge struct {
	Into CaseNumber `json:"into"`
}

// Kind returns MoveMerge.
func (Merge) Kind() MoveKind { return MoveMerge }

func (m Merge) do(d *decision) {
	_, _, _, err := m.Into.Parse()
	d.need(err == nil && m.Into != d.c.Number, "into", Words{"另一工单的编号", "the number of another case"})
	d.c.File.Into = m.Into
}

// MayMerge reports why c cannot be continued in other under p: the case of an incident
// is that of its first caller, who is the one to be told (S05-R2). The error is a
// *MoveError.
func (c Case) MayMerge(other Case, p Policy) error {
	var no Refusal
	switch {
	case !slices.Contains(live, other.State):
		no.lacks(RefusedFields, "", "into", Words{"尚未办结的工单", "a case that is still open"})
	case p.FirstAsker.FirstOwner && other.Opened.After(c.Opened):
		no.lacks(RefusedFields, "S05-R2", "into", Words{"最先反映人的工单", "the case of who reported it first"})
	default:
		return nil
	}
	return &MoveError{c.Number, MoveMerge, c.State, no}
}

// Close ends a case that owes nothing: the caller was answered and it is proven, or a
// supervisor signs that he could not be reached (design.md).
type Close struct {
	Signed string `json:"signed,omitempty"` // why, by a supervisor, without an answer
}

// Kind returns MoveClose.
func (Close) Kind() MoveKind { return MoveClose }

func (m Close) do(d *decision) {
	f := d.c.File
	p := d.Policy
	signed := m.Signed != "" && d.by.Has(RoleSupervisor)
	d.sign = signed
	d.need(m.Signed == "" || d.by.Has(RoleSupervisor), "signed", Words{"须由班长签字", "a supervisor's signature"})
	switch {
	case signed:
		d.need(f.Attempts >= p.Closing.Attempts, "signed", Words{"有记录的联系至少 " + itoa(p.Closing.Attempts) + " 次未成之后", "after " + itoa(p.Closing.Attempts) + " recorded attempts to reach the caller"})
	case len(f.Replies) == 0 || !slices.Contains([]State{Replied, Visited}, d.c.State):
		d.lacks(RefusedEvidence, "", "reply", Words{"须先答复来电人", "the caller is to be answered first"})
	case p.ReturnVisit.Required && d.c.State != Visited:
		d.need(false, "visit", Words{"须先回访", "the return visit comes first"})
	}
	d.need(f.Result == nil || f.Entered, "enter", Words{"首问责任人须先登记结果（S02-R15）", "the first-asker takes the result into the register (S02-R15)"})
	d.need(len(f.ToDo()) == 0 || signed, "tasks", Words{"还有未完成的任务", "what is still to be done is to be done"})
	d.need(f.Promise == nil || signed, "promise", Words{"有承诺尚未兑现", "there is one to be kept"})
	d.need(f.Extend == nil && f.Reassign == nil, "decide", Words{"申请须先批复并告知来电人", "what was asked for is to be decided and told"})
	d.need(!d.c.inquiring(d.at), "inquiry", Words{"问责程序须先结束", "it is to be brought to its end"})
	class, _ := p.Class(f.Matter.Class)
	d.need(!class.Emergency || !p.Emergency.SpecialReport || f.Special != nil, "file", Words{"特别事件报告（S05-R13）", "the special event report (S05-R13)"})
	if len(f.Handed) > 0 && p.Transfer.TellCaller && !signed {
		for _, t := range p.Transfer.Tell {
			d.need(slices.Contains(f.Told, t), "tell", Words{"须告知来电人：" + told.of(t).ZH, "the caller is to be told: " + told.of(t).EN})
		}
	}
}
