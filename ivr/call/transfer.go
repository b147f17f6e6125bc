package call

import (
	"errors"
	"slices"
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
	if c.agent == nil || !c.agent.has(e.leg) {
		return
	}
	key, now := e.sip.(sip.Digit).Key, time.Now()
	if now.Sub(c.lastKey) > limits[collecting] {
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
		err := c.feature(f, extension, cases.ByFeatureCode)
		if err != nil {
			c.log.Info("feature not given", "feature", f, "err", err)
		}
		if errors.Is(err, ErrNotNow) {
			c.refused = ""
			c.move(miskeyed, "")
		}
	}
	c.keys = ""
}

// feature does what the agent asks for. The error says why it cannot.
func (c *Conversation) feature(f Feature, extension string, how cases.TransferHow) error {
	moves := map[Feature]move{ToggleTransfer: toggle, CompleteTransfer: finish, CancelTransfer: cancel, Conference: confer}
	switch f {
	case WarmTransfer:
		return c.begin(order{kind: cases.TransferWarm, how: how, extension: extension})
	case BlindTransfer:
		return c.begin(order{kind: cases.TransferBlind, how: how, extension: extension})
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
	kind      cases.TransferKind
	how       cases.TransferHow
	extension string
	referral  *sip.Referral // nil: it is not his phone's
}

// can says whether m means something now.
func (c *Conversation) can(m move) bool {
	_, ok := transfers[c.state][m]
	return ok
}

// begin rings the phone of an extension.
func (c *Conversation) begin(o order) error {
	m := warm
	if o.kind == cases.TransferBlind {
		m = blind
	}
	if !c.can(m) {
		return ErrNotNow
	}
	to, why := "", cases.TransferUnknown
	target, _ := c.sw.Directory.Lookup(o.extension)
	if target.Person != nil {
		to = target.Person.User
	}
	c.start(o, to)
	if to != "" {
		why = c.reach(to)
	}
	if why == "" {
		c.move(m, "")
		return nil
	}
	if !c.move(noTarget, why) { // the agent dialled nothing: nothing has changed
		c.failed(why, cases.CallerWithAgent)
	}
	return &TargetError{Extension: o.extension, Reason: why}
}

// start records that the caller is to be passed on to a user; empty: nobody has
// that extension.
func (c *Conversation) start(o order, to string) {
	t := cases.Transfer{Kind: o.kind, How: o.how, By: c.agent.User, To: to, Extension: o.extension}
	c.passing = &transfer{Transfer: t, referral: o.referral}
	c.log.Info("transfer started", "kind", t.Kind, "how", t.How, "by", t.By, "to", t.To, "extension", t.Extension)
	c.record(cases.Fact{TransferStarted: &cases.TransferStarted{Transfer: t}})
	c.live.Target = to // on show before the phone rings
	c.sw.show(c.live)
}

// reach rings every phone of user, who is busy from now on; or says why it cannot.
func (c *Conversation) reach(user string) cases.TransferFailure {
	if c.avoids(user) {
		return cases.TransferAvoided
	}
	if user == c.agent.User || user == c.caller.Incoming().Account || c.sw.Board.Take(user, c.id, c.wrapUp) != nil {
		return cases.TransferBusy
	}
	told := shown{Caller: c.live.Caller, number: c.live.Case, by: c.passing.By}
	told.Display = string(c.live.Case)
	legs := c.sw.ring(user, told, c.log, c.post)
	if len(legs) == 0 {
		c.sw.Board.Missed(user, c.id, metrics.Unreachable)
		return cases.TransferUnreachable
	}
	c.target = &party{User: user, legs: legs}
	return ""
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
	switch {
	case r.completed:
		c.completed()
	case c.passing != nil && (r.to == waiting || stands[r.to].target == gone):
		c.refused = why
		c.failed(why, callerAfter(r.to))
	}
	if r.to == waiting {
		c.requeue()
		return true
	}
	c.enter(r.to)
	c.arrange()
	return true
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
	f := &cases.TransferCompleted{Transfer: t.Transfer, Talk: cases.Span(c.left.Sub(c.since)), Conferred: cases.Span(t.conferred)}
	if c.agent != nil {
		f.Talk, f.Consulted = cases.Span(now.Sub(c.since)), cases.Span(now.Sub(t.up))
	}
	c.log.Info("transfer completed", "kind", t.Kind, "by", t.By, "to", t.To)
	c.record(cases.Fact{TransferCompleted: f})
	if t.referral != nil {
		t.referral.Done(200) // before the agent's leg ends
	}
	c.sw.Metrics.Transfers.Finished(c.waitsIn.Name, metrics.TransferKind(t.Kind), metrics.ToAgent, metrics.TransferCompleted)
	c.holdTarget(false)
	c.meeting.part()
	agent := c.target
	c.target = nil
	c.releaseAgent()
	c.sw.Board.Keep(agent.User, c.id)
	c.agent, c.passing, c.since = agent, nil, now
	c.live.Agent, c.live.Target = agent.User, ""
}

// failed records that the target does not get the caller.
func (c *Conversation) failed(why cases.TransferFailure, caller cases.CallerWith) {
	t := c.passing
	c.passing, c.live.Target = nil, ""
	f := &cases.TransferFailed{Transfer: t.Transfer, Reason: why, Caller: caller}
	result := metrics.TransferReturned
	if caller != cases.CallerWithAgent {
		result = metrics.TransferFailed
	}
	if c.agent == nil {
		f.Talk = cases.Span(c.left.Sub(c.since))
	}
	if missed, ok := missedTransfer[why]; ok && c.target != nil && t.up.IsZero() {
		c.sw.Board.Missed(c.target.User, c.id, missed)
	}
	c.log.Info("transfer failed", "kind", t.Kind, "by", t.By, "to", t.To, "reason", why, "caller", caller)
	c.record(cases.Fact{TransferFailed: f})
	if t.referral != nil {
		t.referral.Done(statusOf(why))
	}
	c.sw.Metrics.Transfers.Finished(c.waitsIn.Name, metrics.TransferKind(t.Kind), metrics.ToAgent, result)
}

// missedTransfer is what a failed transfer says of the target's phone, if anything.
var missedTransfer = map[cases.TransferFailure]metrics.Missed{
	cases.TransferBusy:        metrics.Declined,
	cases.TransferDeclined:    metrics.Declined,
	cases.TransferNoAnswer:    metrics.NoAnswer,
	cases.TransferUnreachable: metrics.Unreachable,
}

// firstFor is how long a caller who has lost his agent rings nobody but his
// first-asker, if that one is free.
const firstFor = 12 * time.Second

// requeue puts a caller who has lost his agent in front of the queue, and sets
// everybody else free.
func (c *Conversation) requeue() {
	c.log.Warn("caller goes back to the front of the queue", "agent", c.live.Agent)
	c.meeting.part()
	c.live.Agent = ""
	c.wait = metrics.WaitAbandoned
	var others []string
	for _, p := range []*party{c.agent, c.target} {
		if p != nil {
			others = append(others, p.User)
		}
	}
	back := c.asker()
	back.First, back.FirstFor = c.first, firstFor
	c.join(func() (*acd.Ticket, error) {
		return c.sw.Board.Return(back, others...)
	})
	c.releaseTarget()
	c.releaseAgent()
	c.playAgent(gone)
}

// targetUp: the target picked up one of his phones.
func (c *Conversation) targetUp(e event) {
	if !c.passing.up.IsZero() {
		return // he had, before he came to this call
	}
	for _, l := range c.target.legs {
		if l != e.leg {
			l.Hangup(sip.Hangup{Reason: elsewhere})
		}
	}
	c.target.legs = []*sip.Leg{e.leg}
	c.passing.up = time.Now()
	c.move(targetUp, "")
}

// targetEnded: the last phone of the target is out.
func (c *Conversation) targetEnded(e event) {
	if !c.target.drop(e.leg) || len(c.target.legs) > 0 {
		return
	}
	ended := e.sip.(sip.Ended)
	if ended.Cause == sip.EndShutdown {
		c.conclude(cases.EndShutdown, cases.MissedInterrupted)
		return
	}
	c.move(targetOut, failureOf(ended))
}

// failureOf says why a phone does not take a transferred caller.
func failureOf(e sip.Ended) cases.TransferFailure {
	switch {
	case e.Cause == sip.EndHangup, e.Cause == sip.EndLocal:
		return cases.TransferHungUp
	case e.Cause != sip.EndRejected:
		return cases.TransferUnreachable
	case e.Code == 486 || e.Code == 600:
		return cases.TransferBusy
	case e.Code == 603:
		return cases.TransferDeclined
	case e.Code == 480 || e.Code == 408 || e.Code == 487:
		return cases.TransferNoAnswer
	}
	return cases.TransferUnreachable
}

func (c *Conversation) limitOver(event) {
	c.keys, c.refused = "", ""
	c.move(tooLong, "")
}

func (c *Conversation) toned(event) {
	c.tone = nil
	c.move(told, "")
}

// releaseTarget lets the target go.
func (c *Conversation) releaseTarget() {
	if c.target == nil {
		return
	}
	c.holdTarget(false)
	if slices.ContainsFunc(c.meeting.legs, c.target.has) {
		c.meeting.part()
	}
	c.target.hangup("")
	c.sw.Board.Released(c.target.User, c.id)
	c.target = nil
}
