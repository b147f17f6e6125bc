package call

import (
	"cmp"
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
	case by.Trunk() != "": // nobody outside passes on one of ours
		r.Refuse(403)
	case !c.up || c.passing != nil:
		r.Refuse(491)
	case c.other(by) == "" && c.facing(by).Trunk() == "": // a caller, of another node: feature codes reach that
		r.Refuse(603)
	case r.Replaces != nil:
		leg, _ := c.sw.Phones.Replaced(*r.Replaces)
		c.attended(r, by, leg)
	default:
		r.Accept()
		if why := c.forward(r, by); why != "" {
			c.log.Info("REFER not fulfilled", "reason", why)
			r.Done(statusOf(why))
		}
	}
}

// attended connects whom by speaks with to whom its phone called itself, on leg; nil:
// that call is over, or was never ours.
func (c *Intercom) attended(r *sip.Referral, by, leg *sip.Leg) {
	got := given{status: 481}
	if leg != nil && leg != c.caller && !c.callee.has(leg) {
		var late []*event
		got, late = demand(leg.Ask, wanted{call: c.id, user: c.userOf(by), early: r.Replaces.EarlyOnly, outside: c.facing(by).Trunk() != ""}, c.events)
		c.later = append(c.later, late...)
	}
	if got.status == nobodys && leg.Ask(brought{r, by}) { // his call may have whom by speaks with
		return
	}
	r.Accept()
	if got.status != 0 {
		c.log.Info("attended transfer not possible", "status", got.status)
		r.Done(got.status)
		return
	}
	c.pursue(r, by, got.party)
	for _, l := range got.party.legs { // tells at once if it is up
		c.adopt(l, got.party.User)
	}
	if got.up.IsZero() {
		r.Progress(180)
	}
	got.left.Reject(487, "Replaced") // BYE, if it was answered
}

// userOf is whose phone leg is.
func (c *Intercom) userOf(leg *sip.Leg) string {
	if leg == c.caller {
		return c.from
	}
	return c.callee.User
}

// other is who the phone by speaks with; empty: another node's caller.
func (c *Intercom) other(by *sip.Leg) string {
	if by == c.caller {
		return c.callee.User
	}
	return c.from
}

// adopt makes leg, a phone of user, one of this call.
func (c *Intercom) adopt(leg *sip.Leg, user string) {
	leg.Log(c.log)
	leg.Handle(func(e sip.Event) { c.post(event{kind: agentEvent(e), sip: e, leg: leg, user: user}) })
}

// forward rings the phones of whom r asks for; or says why it cannot.
func (c *Intercom) forward(r *sip.Referral, by *sip.Leg) cases.TransferFailure {
	target, _ := c.sw.Directory().Lookup(r.To)
	if target.Person == nil { // callers are passed on to departments and queues, not colleagues
		return cases.TransferUnknown
	}
	user := target.Person.User
	if c.sw.Board.Take(user, c.id, 0) != nil {
		return cases.TransferBusy
	}
	kept := c.callee
	if by != c.caller {
		kept = &party{User: c.from}
	}
	told := shown{Caller: c.sw.nameOf(kept), by: c.userOf(by)}
	legs := c.sw.ring(user, told, c.log, c.post)
	if len(legs) == 0 {
		c.sw.Board.Missed(user, c.id, metrics.Unreachable)
		return cases.TransferUnreachable
	}
	c.pursue(r, by, &party{User: user, legs: legs})
	return ""
}

// facing is the leg of whom leg speaks with.
func (c *Intercom) facing(leg *sip.Leg) *sip.Leg {
	if leg == c.caller {
		return c.callee.legs[0]
	}
	return c.caller
}

// nameOf is how phones name who they are passed.
func (s *Switch) nameOf(p *party) cases.Caller {
	if p.outside {
		return cases.Caller{E164: p.number}
	}
	person, _ := s.Directory().Person(p.User)
	return cases.Caller{E164: cases.Number(person.Extension), Display: person.Name}
}

// pursue waits until to picks up, who gets whom by speaks with.
func (c *Intercom) pursue(r *sip.Referral, by *sip.Leg, to *party) {
	kept := c.facing(by)
	c.meeting.part()
	c.passing = &forward{
		referral: r, by: by, kept: kept, to: to,
		music: c.sw.Pacer.Play(kept.Media(), c.sw.Sounds.Music, true),
		limit: time.AfterFunc(c.sw.limit(passing), func() { c.post(event{kind: evLimit}) }),
	}
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
	f.to.legs = []*sip.Leg{leg}
	if f.kept == c.caller {
		c.sw.Board.Released(c.callee.User, c.id)
		c.callee, c.live.Dialed = f.to, string(c.sw.nameOf(f.to).E164)
	} else {
		c.sw.Board.Released(c.from, c.id)
		c.from = f.to.User
		c.callsFrom(leg)
	}
	switch {
	case f.to.outside:
		c.live.Direction, c.live.Caller = metrics.Outbound, c.sw.nameOf(f.to)
	case c.live.Direction == metrics.Internal:
		c.live.Caller = c.sw.nameOf(&party{User: c.from})
	}
	c.live.Agent = cmp.Or(c.callee.User, c.from)
	c.meeting.join(c.caller, c.callee.legs[0])
	c.sw.show(c.live)
}

// callsFrom makes leg the caller's.
func (c *Intercom) callsFrom(leg *sip.Leg) {
	c.caller = leg
	leg.Handle(func(e sip.Event) { c.post(event{kind: callerEvent(e), sip: e, leg: leg}) })
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
		c.end(sip.Hangup{})
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
	case e.kind == evAgentAsked:
		return false
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
