package call

import (
	"cmp"
	"errors"
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
	"shouwen/metrics"
	"shouwen/sip"
)

// transfer is a transfer under way.
type transfer struct {
	cases.Transfer
	referral  *sip.Referral // of the phone that asked for it; nil: it did not
	up        time.Time     // when the target picked up; zero: not yet
	conferred time.Duration // with the caller and the agent
	together  time.Time     // since when they are; zero: they are not
}

// digit collects what the agent presses, until it is a feature code or cannot
// become one.
func (c *Conversation) digit(e event) {
	if c.agent == nil || !c.agent.has(e.leg) || c.agent.outside {
		return
	}
	key, now := e.sip.(sip.Digit).Key, time.Now()
	if now.Sub(c.lastKey) > limits[collecting] {
		if c.keys != "" && key != '*' { // a star begins a code, which is not over
			c.codeOver()
		}
		c.keys = ""
	}
	if c.keys == "" && key != '*' {
		return
	}
	c.keys, c.lastKey = c.keys+string(key), now
	f, extension, how := c.sw.Codes.read(c.keys)
	switch how {
	case begun:
		if !c.move(keyed, "") && c.state == collecting {
			c.arm(limits[collecting])
		}
		return
	case noCode:
		c.log.Info("no such feature code", "keys", c.keys)
		c.refused = ""
		c.move(miskeyed, "")
	case complete:
		err := c.feature(f, Target{Extension: extension}, cases.ByFeatureCode)
		if err != nil {
			c.log.Info("feature not given", "feature", f, "err", err)
		}
		if errors.Is(err, ErrNotNow) {
			c.refused = ""
			c.move(miskeyed, "")
		}
	}
	c.codeOver()
}

// codeOver: what the agent presses next begins anew, and whom he speaks with may
// hear it.
func (c *Conversation) codeOver() {
	c.keys = ""
	if c.agent != nil {
		for _, l := range c.agent.legs {
			l.Media().CodeOver()
		}
	}
}

// feature does what the agent asks for. The error says why it cannot.
func (c *Conversation) feature(f Feature, to Target, how cases.TransferHow) error {
	moves := map[Feature]move{ToggleTransfer: toggle, CompleteTransfer: finish, CancelTransfer: cancel, Conference: confer}
	switch f {
	case WarmTransfer:
		return c.begin(order{kind: cases.TransferWarm, how: how, to: to})
	case BlindTransfer:
		return c.begin(order{kind: cases.TransferBlind, how: how, to: to})
	case WrongNumber:
		return c.mark(cases.CallbackWrongNumber)
	case AnsweredByRobot:
		return c.mark(cases.CallbackVoicemail)
	case RaiseAlarm:
		c.move(served, "") // from where the keys had brought him
		return c.alarm()
	case ToggleRecording:
		c.move(served, "") // from where the keys had brought him
		c.toggleRecording()
		return nil
	}
	if !c.move(moves[f], cases.TransferCancelled) {
		return ErrNotNow
	}
	return nil
}

// order is a wish of the agent to pass his caller on.
type order struct {
	kind     cases.TransferKind
	how      cases.TransferHow
	to       Target
	referral *sip.Referral // nil: it is not his phone's
}

// can says whether m means something now.
func (c *Conversation) can(m move) bool {
	_, ok := transfers[c.state][m]
	return ok
}

// begin rings whom the agent asks for.
func (c *Conversation) begin(o order) error {
	m := warm
	if o.kind == cases.TransferBlind {
		m = blind
	}
	if !c.can(m) {
		return ErrNotNow
	}
	g, why := c.find(o)
	c.start(o, g)
	if why == "" && m == blind && g.queue != "" {
		c.move(handOn, "")
		return nil
	}
	if why == "" {
		why = c.reach(g)
	}
	if why == "" {
		c.move(m, "")
		switch {
		case g.queue != "":
			c.arm(0) // the queue knows how long
		case g.number != "":
			c.arm(ringsLongest)
		}
		return nil
	}
	if !c.move(noTarget, why) { // the agent dialled nothing: nothing has changed
		c.failed(why, cases.CallerWithAgent)
	}
	return &TargetError{Target: o.to.String(), Reason: why}
}

// start records that the caller is to be passed on.
func (c *Conversation) start(o order, g goal) {
	t := cases.Transfer{Kind: o.kind, How: o.how, By: c.agent.User, To: g.user, Extension: o.to.Extension, Queue: g.queue, Number: g.number}
	if g.department != nil {
		t.Department = g.department.Name
	}
	c.passing = &transfer{Transfer: t, referral: o.referral}
	c.log.Info("transfer started", "kind", t.Kind, "how", t.How, "by", t.By, "to", t.To, "extension", t.Extension, "department", t.Department, "queue", t.Queue)
	c.record(cases.Fact{TransferStarted: &cases.TransferStarted{Transfer: t}})
	c.live.Target = cmp.Or(t.To, t.Department, t.Queue, string(t.Number)) // on show before the phone rings
	c.sw.show(c.live)
}

// move brings the transfer on; false if m means nothing in this state. why is
// the reason on record if that fails a transfer.
func (c *Conversation) move(m move, why cases.TransferFailure) bool {
	r, ok := transfers[c.state][m]
	if !ok {
		return false
	}
	if m == tooLong && c.passing != nil {
		why = cases.TransferNoAnswer
	}
	c.log.Debug("transfer", "move", m, "was", c.state, "is", r.to)
	if c.passing != nil {
		c.passing.confer(r.to == conferring)
	}
	if with, ok := switched[r.to]; ok && (m == toggle || m == confer) {
		c.record(cases.Fact{TransferSwitched: &cases.TransferSwitched{Transfer: c.passing.Transfer, With: with}})
	}
	switch {
	case m == handOn:
		c.handOn()
	case r.completed:
		c.completed()
	case c.passing != nil && (r.to == waiting || stands[r.to].target == gone):
		c.refused = why
		c.failed(why, callerAfter(r.to))
	}
	if r.to == waiting {
		c.requeue(m)
		return true
	}
	c.enter(r.to)
	c.arrange()
	return true
}

// switched is whom the agent speaks with where toggle and confer lead.
var switched = map[state]cases.AgentWith{
	consulted: cases.AgentWithTarget, toggled: cases.AgentWithCaller, conferring: cases.AgentWithBoth,
}

// target is what the caller is passed on to, as metrics count it.
func (t *transfer) target() metrics.TransferTarget {
	switch {
	case t.Department != "":
		return metrics.ToDepartment
	case t.Queue != "":
		return metrics.ToQueue
	case t.Number != "":
		return metrics.ToExternal
	}
	return metrics.ToAgent
}

// confer counts the time in which three speak.
func (t *transfer) confer(on bool) {
	if !t.together.IsZero() {
		t.conferred += time.Since(t.together)
	}
	if t.together = (time.Time{}); on {
		t.together = time.Now()
	}
}

// completed makes the target the caller's agent.
func (c *Conversation) completed() {
	now, t := time.Now(), c.passing
	f := &cases.TransferCompleted{Transfer: t.Transfer, Talk: cases.Span(c.left.Sub(c.since)), PickedUp: t.up.UTC(), Conferred: cases.Span(t.conferred)}
	if c.agent != nil {
		f.Talk, f.Consulted = cases.Span(now.Sub(c.since)), cases.Span(now.Sub(t.up))
	}
	c.log.Info("transfer completed", "kind", t.Kind, "by", t.By, "to", t.To)
	c.record(cases.Fact{TransferCompleted: f})
	if t.referral != nil {
		t.referral.Done(200) // before the agent's leg ends
	}
	c.sw.Metrics.Transfers.Finished(c.waitsIn.Name, metrics.TransferKind(t.Kind), t.target(), metrics.TransferCompleted)
	c.holdTarget(false)
	c.meeting.part()
	agent := c.target
	c.target = nil
	c.releaseAgent()
	c.sw.Board.Keep(agent.User, c.id)
	c.agent, c.passing, c.since, c.agentUp = agent, nil, now, t.up
	c.live.Agent, c.live.Target = agent.User, ""
	c.handles()
}

// failed records that the target does not get the caller.
func (c *Conversation) failed(why cases.TransferFailure, caller cases.CallerWith) {
	t, stay := c.passing, caller == cases.CallerGone && c.colleagues()
	c.passing, c.live.Target = nil, ""
	f := &cases.TransferFailed{Transfer: t.Transfer, Reason: why, Caller: caller}
	result := metrics.TransferReturned
	if caller != cases.CallerWithAgent {
		result = metrics.TransferFailed
	}
	switch {
	case c.agent == nil:
		f.Talk = cases.Span(c.left.Sub(c.since))
	case stay:
		f.Agent = cases.AgentWithTarget
	}
	if missed, ok := missedTransfer[why]; ok && c.target != nil && t.up.IsZero() {
		for _, user := range c.target.users() {
			c.sw.Board.Missed(user, c.id, missed)
		}
	}
	c.log.Info("transfer failed", "kind", t.Kind, "by", t.By, "to", t.To, "reason", why, "caller", caller)
	c.record(cases.Fact{TransferFailed: f})
	if t.referral != nil {
		t.referral.Done(statusOf(why))
	}
	c.sw.Metrics.Transfers.Finished(c.waitsIn.Name, metrics.TransferKind(t.Kind), t.target(), result)
}

// missedTransfer is what a failed transfer says of the target's phone, if anything.
var missedTransfer = map[cases.TransferFailure]metrics.Missed{
	cases.TransferBusy:          metrics.Declined,
	cases.TransferNotAcceptable: metrics.Unreachable,
	cases.TransferDeclined:      metrics.Declined,
	cases.TransferNoAnswer:      metrics.NoAnswer,
	cases.TransferUnreachable:   metrics.Unreachable,
}

// firstFor is how long a caller who has lost his agent rings nobody but his
// first-asker, if that one is free.
const firstFor = 12 * time.Second

// requeue puts a caller who has lost his agent in front of the queue, and sets
// everybody else free.
func (c *Conversation) requeue(after move) {
	c.log.Info("caller goes to the front of the queue", "queue", c.waitsIn.Name, "agent", c.live.Agent, "after", after)
	c.meeting.part()
	c.live.Agent, c.agentUp = "", time.Time{}
	c.wait = metrics.WaitAbandoned
	var others []string
	for _, p := range []*party{c.agent, c.target} {
		if p != nil {
			others = append(others, p.users()...)
		}
	}
	caller := c.asker()
	if after != handOn {
		caller.First, caller.FirstFor = c.first, firstFor
	}
	c.handled()
	c.join(func() (*acd.Ticket, error) { return c.sw.Board.Return(caller, others...) })
	c.releaseTarget()
	c.releaseAgent()
	c.playAgent(gone)
}

// failureOf says why a phone does not take a transferred caller.
func failureOf(e sip.Ended) cases.TransferFailure {
	switch {
	case e.Cause == sip.EndHangup, e.Cause == sip.EndLocal:
		return cases.TransferHungUp
	case e.Cause == sip.EndSpent:
		return cases.TransferDenied
	case e.Cause != sip.EndRejected:
		return cases.TransferUnreachable
	case e.Code == 486 || e.Code == 600:
		return cases.TransferBusy
	case e.Code == 603:
		return cases.TransferDeclined
	case e.Code == 488 || e.Code == 606:
		return cases.TransferNotAcceptable
	case e.Code == 480 || e.Code == 408 || e.Code == 487:
		return cases.TransferNoAnswer
	}
	return cases.TransferUnreachable
}

func (c *Conversation) limitOver(event) {
	c.refused = ""
	c.codeOver()
	c.move(tooLong, "")
}

// toned: the agent has heard the tone; where it is not plain, words follow.
func (c *Conversation) toned(event) {
	c.tone = nil
	if words := c.sw.Sounds.Words[wordsOf[c.refused]]; words != nil && c.state == returning && !c.spoken {
		c.spoken = true
		c.tone = c.sw.Pacer.Play(c.agent.legs[0].Media(), words, false)
		return
	}
	c.move(told, "")
}
