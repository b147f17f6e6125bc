package call

import (
	"cmp"
	"log/slog"
	"slices"
	"time"

	"shouwen/metrics"
	"shouwen/sip"
	"shouwen/sip/media"
)

// Intercom is a call from one extension to another, or to a number outside. No case
// comes of it.
//
// It is owned by the goroutine running run. Everybody else posts events.
type Intercom struct {
	id     string
	sw     *Switch
	log    *slog.Logger
	caller *sip.Leg
	events chan *event
	done   chan struct{}

	// Owned by run.
	live    Live
	from    string // user of the caller
	callee  *party
	up      bool        // the called phone picked up
	limit   *time.Timer // until then, of a phone outside; nil: none
	meeting *meeting
	telling *media.Playback // to who speaks with a phone outside; nil: nothing
	passing *forward        // nil: nobody is passed on

	successors successors
	probed     probes
	result     metrics.Result
	later      []*event // that came while another call was asked for something
	over       bool
}

// intercom makes the call of leg to the phones of user.
func (s *Switch) intercom(leg *sip.Leg, user string) func(sip.Event) {
	in := leg.Incoming()
	c := s.newIntercom(leg, in.Account, &party{User: user})
	c.live = Live{
		ID: c.id, Direction: metrics.Internal, State: metrics.Ringing, Caller: callerOf(in.Caller),
		Dialed: in.Dialed, Since: time.Now(),
	}
	c.log.Info("call between extensions", "from", in.Account, "to", user)
	s.show(c.live)
	s.wg.Go(func() { c.run(c.ring) })
	return func(e sip.Event) { c.post(event{kind: callerEvent(e), sip: e, leg: leg}) }
}

// newIntercom returns one that nobody runs yet.
func (s *Switch) newIntercom(leg *sip.Leg, from string, to *party) *Intercom {
	c := &Intercom{
		id: newID(), sw: s, caller: leg, from: from, callee: to,
		events: make(chan *event, 32), done: make(chan struct{}), meeting: s.meeting(), result: metrics.Failed, probed: make(probes),
	}
	c.log = s.Log.With("call", c.id)
	leg.Log(c.log)
	return c
}

func (c *Intercom) post(e event) {
	if e.kind == "" {
		return
	}
	select {
	case c.events <- &e:
	case <-c.done:
	}
}

func (c *Intercom) run(begin func()) {
	defer func() {
		c.sw.Board.Released(c.from, c.id)
		c.sw.Board.Released(c.callee.User, c.id)
		c.sw.hide(c.id)
		c.sw.Metrics.Calls.Finished(c.live.Direction, c.result)
		close(c.done)
	}()
	defer c.sw.recovered("intercom", c.log, func() { c.end(sip.Hangup{Cause: sip.EndPanic}) })
	begin()
	check := time.NewTicker(time.Second)
	defer check.Stop()
	for !c.over {
		if len(c.later) > 0 {
			e := c.later[0]
			c.later = c.later[1:]
			c.step(*e)
			continue
		}
		select {
		case e := <-c.events:
			c.step(*e)
		case <-done(c.telling):
			c.telling = nil
			c.meeting.reconnect()
		case <-check.C:
			c.checkParties()
		}
	}
}

// ring rings the phones of who is called.
func (c *Intercom) ring() {
	c.sw.Board.Busy(c.from, c.id)
	c.sw.Board.Busy(c.callee.User, c.id)
	c.callee.legs = c.sw.ring(c.callee.User, shown{Caller: c.live.Caller}, c.log, c.post)
	if len(c.callee.legs) == 0 {
		c.caller.Reject(480, "Temporarily Unavailable")
		c.result = metrics.Failed
	} else {
		c.caller.Ring()
	}
}

// checkParties is as that of a conversation. A call to the outside ends when both sides
// are silent: somebody pays for it.
func (c *Intercom) checkParties() {
	if !c.up || c.sw.MediaTimeout == 0 {
		return
	}
	if c.live.Direction == metrics.Outbound && c.passing == nil && !c.meeting.held() &&
		min(silent(c.caller, c.live.Answered), silent(c.callee.legs[0], c.live.Answered)) > c.sw.MediaTimeout {
		c.log.Warn("no audio from either side")
		c.end(sip.Hangup{})
		return
	}
	for _, l := range append([]*sip.Leg{c.caller}, c.callee.legs...) {
		if silent(l, c.live.Answered) > c.sw.MediaTimeout/2 {
			c.probed.ask(l, c.sw.MediaTimeout/2)
		}
	}
}

// callerEvents are the kinds of what happens on the caller's leg.
var callerEvents = []eventKind{evCallerUp, evCallerEnded, evCallerHeld, evCallerResumed, evCallerRefers, evCallerAsked}

func (c *Intercom) step(e event) {
	if slices.Contains(callerEvents, e.kind) && e.leg != c.caller || c.passing != nil && c.forwarding(e) {
		return // somebody else has taken the caller's place, or is about to
	}
	switch e.kind {
	case evAgentUp:
		if old := c.successors.take(e.leg); old != nil {
			c.succeeded(old, e.leg)
			return
		}
		c.pickedUp(e)
	case evCallerUp:
		if len(c.callee.legs) > 0 {
			c.meeting.join(c.caller, c.callee.legs[0])
		}
	case evAgentRings:
		c.calleeRings(e)
	case evLimit:
		if !c.up {
			c.callee.hangup("")
		}
	case evAgentHeld, evAgentResumed:
		c.hold(e.leg, e.kind == evAgentHeld)
	case evCallerHeld, evCallerResumed:
		c.hold(c.caller, e.kind == evCallerHeld)
	case evCallerEnded:
		if !c.up && e.sip.(sip.Ended).Cause != sip.EndLocal { // not rejected by us
			c.result = metrics.Abandoned
		}
		c.end(because(e.sip.(sip.Ended)))
	case evAgentEnded:
		c.phoneEnded(e)
	case evCallerRefers:
		c.referred(e, c.caller)
	case evAgentRefers:
		c.referred(e, e.leg)
	case evCallerAsked:
		c.demanded(e, c.caller)
	case evAgentAsked:
		c.demanded(e, e.leg)
	}
}

func (c *Intercom) pickedUp(e event) {
	if c.up {
		if !c.callee.has(e.leg) {
			e.leg.Hangup(sip.Hangup{Reason: elsewhere})
		}
		return
	}
	for _, l := range c.callee.legs {
		if l != e.leg {
			l.Hangup(sip.Hangup{Reason: elsewhere})
		}
	}
	c.callee.legs, c.up, c.result = []*sip.Leg{e.leg}, true, metrics.Answered
	c.live.Agent, c.live.State, c.live.Answered = cmp.Or(c.callee.User, c.from), metrics.Talking, time.Now()
	c.sw.show(c.live)
	c.caller.Answer() // unless he hears the network already
}

// phoneEnded: a phone of the called extension is out; the last one ends the call.
func (c *Intercom) phoneEnded(e event) {
	if !c.callee.drop(e.leg) || len(c.callee.legs) > 0 {
		return
	}
	if c.up {
		c.end(because(e.sip.(sip.Ended)))
		return
	}
	why := e.sip.(sip.Ended)
	if c.callee.outside {
		c.notOutside(why)
		return
	}
	code, reason := 480, "Temporarily Unavailable"
	if missedBecause(why) == metrics.Declined {
		code, reason = why.Code, why.Reason
		c.result = metrics.Busy
	}
	c.caller.Reject(code, reason)
}

// end hangs up whoever is left.
func (c *Intercom) end(h sip.Hangup) {
	if c.limit != nil {
		c.limit.Stop()
	}
	c.meeting.part()
	c.caller.Hangup(h)
	c.callee.hangup(h.Reason)
	c.over = true
}

func (c *Intercom) hold(leg *sip.Leg, on bool) {
	c.meeting.hold(leg, on)
	if len(c.meeting.legs) > 0 {
		c.live.State = talking.shown(false, c.meeting.held())
		c.sw.show(c.live)
	}
}
