package call

import (
	"slices"
	"time"

	"shouwen/cases"
	"shouwen/metrics"
	"shouwen/sip"
)

// opened: the case is durable and has its number; the two may speak.
func (c *Conversation) opened(e event) {
	if e.fact.PickedUp == nil { // an earlier fact of this call
		return
	}
	if e.err == nil {
		c.log.Info("case opened", "case", c.live.Case, "agent", c.agent.User)
	} // else the disk fails under a live call: talking goes before recording
	if e.fact.PickedUp.OffPool {
		c.sw.offer(c.live.Case, c.agent.User)
	}
	c.enter(talking)
	c.arrange()
}

func (c *Conversation) held(e event)        { c.hold(e.leg, true) }
func (c *Conversation) resumed(e event)     { c.hold(e.leg, false) }
func (c *Conversation) callerHeld(event)    { c.hold(c.caller, true) }
func (c *Conversation) callerResumed(event) { c.hold(c.caller, false) }

// agentEnded: the agent hung up, or his phone died under the call. Unless he hung
// up on a caller he spoke with, the caller is not to suffer; see transfers.
func (c *Conversation) agentEnded(e event) {
	if c.agent == nil || !c.agent.drop(e.leg) {
		return
	}
	ended := e.sip.(sip.Ended)
	cause := ended.Cause
	if c.agent.lost(ended) {
		cause = sip.EndGone
	}
	switch cause {
	case sip.EndHangup, sip.EndLocal:
		if !c.move(agentHungUp, "") && !c.survey() {
			c.conclude(cases.EndAgent, "")
		}
	case sip.EndShutdown:
		c.conclude(cases.EndShutdown, "")
	case sip.EndSpent:
		c.move(agentLost, "")
	default:
		c.log.Warn("phone lost", "agent", c.agent.User, "cause", cause)
		c.sw.Board.Lost(c.agent.User)
		c.move(agentLost, "")
	}
}

// releaseAgent unbridges the agent, and who is on his line, and makes him free for
// others.
func (c *Conversation) releaseAgent() {
	c.handled()
	c.releaseSupervisor()
	c.meeting.part()
	if c.agent != nil {
		c.agent.hangup("")
		c.sw.Board.Released(c.agent.User, c.id)
		c.agent, c.left, c.keys = nil, time.Now(), ""
	}
}

// checkAudio ends a call on which both sides are silent, unless one holds the other.
func (c *Conversation) checkAudio(e event) {
	if c.sw.MediaTimeout > 0 && !c.meeting.held() &&
		min(silent(c.caller, c.since), silent(c.agent.legs[0], c.since)) > c.sw.MediaTimeout {
		c.log.Warn("no audio from either side")
		c.conclude(cases.EndSilence, "")
		return
	}
	c.checkParties(e)
}

// checkParties asks whoever is silent for half the media timeout whether he is still
// there: a phone may have died without a word, or send nothing because it is muted or
// holds.
func (c *Conversation) checkParties(event) {
	legs := []*sip.Leg{c.caller}
	if c.agent != nil {
		legs = append(legs, c.agent.legs...)
	}
	if c.target != nil && !c.passing.up.IsZero() {
		legs = append(legs, c.target.legs...)
	}
	if c.supervisor != nil && !c.supervisor.since.IsZero() {
		legs = append(legs, c.supervisor.legs...)
	}
	for _, l := range legs {
		if c.sw.MediaTimeout > 0 && silent(l, c.since) > c.sw.MediaTimeout/2 {
			c.probed.ask(l, c.sw.MediaTimeout/2)
		}
	}
}

// checkCaller asks a caller who waits in silence whether he is still there.
func (c *Conversation) checkCaller(event) {
	if c.sw.MediaTimeout > 0 && silent(c.caller, c.live.Since) > c.sw.MediaTimeout {
		c.probed.ask(c.caller, c.sw.MediaTimeout/2)
	}
}

// silent is how long nothing was heard from l, counted from since at the earliest.
func silent(l *sip.Leg, since time.Time) time.Duration {
	if heard := l.Media().Heard(); heard.After(since) {
		since = heard
	}
	return time.Since(since)
}

// probes is when silent phones were last asked whether they are there.
type probes map[*sip.Leg]time.Time

// ask asks l, unless it was within that time.
func (p probes) ask(l *sip.Leg, within time.Duration) {
	if time.Since(p[l]) > within {
		p[l] = time.Now()
		l.Probe()
	}
}

// callerEnded: the caller has hung up, given up, or is lost.
func (c *Conversation) callerEnded(e event) {
	c.gone = true
	ended := e.sip.(sip.Ended)
	cause, missed := cases.EndCaller, c.missed
	switch ended.Cause {
	case sip.EndShutdown:
		cause, missed = cases.EndShutdown, cases.MissedInterrupted
	case sip.EndSpent:
		cause, missed = cases.EndSpent, cases.MissedInterrupted
	case sip.EndHangup, sip.EndCancelled, sip.EndLocal:
	default:
		cause = cases.EndFailure
	}
	c.conclude(cause, missed)
}

// conclude ends the call and records how: an agent was speaking with the caller,
// or nobody was, and a callback is owed.
func (c *Conversation) conclude(cause cases.EndCause, missed cases.MissedReason) {
	stay := c.gone && cause != cases.EndShutdown && c.colleagues()
	if c.passing != nil {
		c.failed(cases.TransferCallEnded, cases.CallerGone)
	}
	talked := c.agent != nil
	c.silence()
	if c.kept.Case != "" && !talked {
		c.sw.Stand(c.kept) // before he leaves the queue: nobody moves up meanwhile
	}
	c.leaveQueue()
	if stay {
		c.leaveColleagues()
	}
	c.releaseTarget()
	c.releaseAgent()
	c.playAgent(gone)
	if !c.gone {
		c.caller.Hangup(sip.Hangup{})
	}
	c.finish(talked, cause, missed)
}

func (c *Conversation) finish(talked bool, cause cases.EndCause, missed cases.MissedReason) {
	c.account(talked, cause, missed)
	c.enter(concluding)
}

// account records how the call ended.
func (c *Conversation) account(talked bool, cause cases.EndCause, missed cases.MissedReason) {
	if c.back != nil && c.live.Answered.IsZero() {
		c.accountBack()
		return
	}
	now := time.Now()
	due := now.Add(c.line.CallbackWithin).UTC()
	result := metrics.Answered
	c.stopRecording()
	c.recordQuality()
	switch {
	case talked:
		ended := &cases.Ended{Cause: cause, Talk: cases.Span(now.Sub(c.live.Answered))}
		if !c.agentUp.IsZero() {
			ended.TargetTalk = cases.Span(now.Sub(c.agentUp))
		}
		if slices.Contains(unwanted, cause) {
			ended.CallbackDue = due
		}
		c.record(cases.Fact{Ended: ended})
		if c.back != nil && c.back.mark != "" {
			c.record(c.sw.marked(c.first, c.back.Attempts+1, c.back.mark, c.line.CallbackWithin))
		}
	default:
		c.tellFirstAsker("")
		var waited time.Duration
		if !c.entered.IsZero() {
			waited = now.Sub(c.entered)
		}
		c.record(cases.Fact{Missed: &cases.Missed{
			Reason: missed, Waited: cases.Span(waited), CallbackDue: due, OpenCase: c.again.Case,
		}})
		result = resultOf(missed)
	}
	c.sw.Metrics.Calls.Finished(c.live.Direction, result)
	c.log.Info("call ended", "result", result, "cause", cause, "case", c.live.Case)
}

// unwanted are the ends that neither the caller nor his agent wanted.
var unwanted = []cases.EndCause{cases.EndShutdown, cases.EndFailure, cases.EndSpent}

// resultOf is how a call nobody answered counts.
func resultOf(r cases.MissedReason) metrics.Result {
	switch r {
	case cases.MissedAbandoned:
		return metrics.Abandoned
	case cases.MissedRefused:
		return metrics.Rejected
	case cases.MissedCallbackTaken:
		return metrics.CallbackTaken
	case cases.MissedVoicemail:
		return metrics.Voicemail
	}
	return metrics.Failed
}

// ignore is for events that mean nothing any more, or whose meaning step took.
func (c *Conversation) ignore(event) {}

func (c *Conversation) callerGone(event) {
	c.gone = true
	c.concluded(event{})
}

// concluded: the call is over when the caller's leg has ended, its recording is
// complete and every fact is on record.
func (c *Conversation) concluded(event) {
	if c.gone && c.unrecorded == 0 && c.recording == nil {
		c.enter(over)
	}
}
