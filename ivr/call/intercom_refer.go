package call

import (
	"time"

	"shouwen/cases"
	"shouwen/metrics"
	"shouwen/sip"
	"shouwen/sip/media"
)

// forward is an intercom in which one passes the other on, who hears music
// meanwhile.
type forward struct {
	referral *sip.Referral
	by, kept *sip.Leg // who asks for it; whom it is about
	left     bool     // he has hung up
	to       *party   // who rings
	music    *media.Playback
	limit    *time.Timer
}

// referred: one of the two passes the other on by his phone's own key.
func (c *Intercom) referred(e event, by *sip.Leg) {
	r := e.sip.(sip.Referred).Referral
	switch {
	case r.Replaces != nil:
		leg := c.sw.Phones.Replaced(*r.Replaces)
		if leg == nil || leg == c.caller || c.callee.has(leg) || !leg.Ask(brought{r, by}) {
			r.Accept()
			r.Done(481)
		}
	case !c.up || c.passing != nil:
		r.Refuse(491)
	default:
		r.Accept()
		if why := c.forward(r, by); why != "" {
			c.log.Info("REFER not fulfilled", "reason", why)
			r.Done(statusOf(why))
		}
	}
}

// forward rings the phones of whom r asks for; or says why it cannot.
func (c *Intercom) forward(r *sip.Referral, by *sip.Leg) cases.TransferFailure {
	target, _ := c.sw.Directory.Lookup(r.To)
	if target.Person == nil { // callers are passed on to departments and queues, not colleagues
		return cases.TransferUnknown
	}
	user := target.Person.User
	if c.sw.Board.Take(user, c.id, 0) != nil {
		return cases.TransferBusy
	}
	told := shown{Caller: c.live.Caller, by: c.from}
	if by == c.caller {
		told.by = c.callee.User
	}
	legs := c.sw.ring(user, told, c.log, c.post)
	if len(legs) == 0 {
		c.sw.Board.Missed(user, c.id, metrics.Unreachable)
		return cases.TransferUnreachable
	}
	kept := c.caller
	if by == c.caller {
		kept = c.callee.legs[0]
	}
	c.meeting.part()
	c.passing = &forward{
		referral: r, by: by, kept: kept, to: &party{User: user, legs: legs},
		music: c.sw.Pacer.Play(kept.Media(), c.sw.Sounds.Music, true),
		limit: time.AfterFunc(limits[passing], func() { c.post(event{kind: evLimit}) }),
	}
	return ""
}

// pass lets the phone that picked up take the place of who passed the other on.
func (c *Intercom) pass(leg *sip.Leg) {
	f := c.passing
	c.passing = nil
	f.end()
	for _, l := range f.to.legs {
		if l != leg {
			l.Hangup(sip.Hangup{Reason: elsewhere})
		}
	}
	f.referral.Done(200) // before his leg ends
	f.by.Hangup(sip.Hangup{})
	if f.kept == c.caller {
		c.sw.Board.Released(c.callee.User, c.id)
		c.callee = &party{User: f.to.User, legs: []*sip.Leg{leg}}
	} else {
		c.sw.Board.Released(c.from, c.id)
		c.caller, c.from = leg, f.to.User
		leg.Handle(func(e sip.Event) { c.post(event{kind: callerEvent(e), sip: e, leg: leg}) })
	}
	c.live.Agent = c.callee.User
	c.meeting.join(c.caller, c.callee.legs[0])
	c.sw.show(c.live)
}

// notPassed gives the other back to who wanted to pass him on; if he has left,
// the call is over.
func (c *Intercom) notPassed(why cases.TransferFailure) {
	f := c.passing
	c.passing = nil
	f.end()
	f.to.hangup("")
	if missed, ok := missedTransfer[why]; ok {
		c.sw.Board.Missed(f.to.User, c.id, missed)
	}
	c.sw.Board.Released(f.to.User, c.id)
	f.referral.Done(statusOf(why))
	if f.left {
		c.end(sip.EndLocal)
		return
	}
	c.meeting.join(c.caller, c.callee.legs[0])
}

func (f *forward) end() {
	f.limit.Stop()
	f.music.Stop()
}

// forwarding does what e means while one passes the other on; false: nothing
// particular.
func (c *Intercom) forwarding(e event) bool {
	f := c.passing
	leg := e.leg
	switch to := f.to.has(leg); {
	case e.kind == evLimit:
		c.notPassed(cases.TransferNoAnswer)
	case to && e.kind == evAgentRings:
		f.referral.Progress(180)
	case to && e.kind == evAgentUp:
		c.pass(leg)
	case to && e.kind == evAgentEnded:
		if f.to.drop(leg); len(f.to.legs) == 0 {
			c.notPassed(failureOf(e.sip.(sip.Ended)))
		}
	case leg == f.by && (e.kind == evAgentEnded || e.kind == evCallerEnded):
		f.left = true
	case leg == f.kept && (e.kind == evAgentEnded || e.kind == evCallerEnded):
		f.left = true // there is nobody to pass on
		c.notPassed(cases.TransferCallEnded)
	default:
		return to
	}
	return true
}
