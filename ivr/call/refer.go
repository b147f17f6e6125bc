package call

import (
	"context"
	"slices"
	"time"

	"shouwen/cases"
	"shouwen/sip"
)

// referred: a phone passes on who it speaks with by its own key. The agent's may.
func (c *Conversation) referred(e event) {
	r := e.sip.(sip.Referred).Referral
	switch {
	case !c.agent.has(e.leg):
		r.Refuse(403)
	case r.Replaces != nil:
		leg, _ := c.sw.Phones.Replaced(*r.Replaces)
		c.attended(r, leg)
	case !c.can(blind):
		r.Refuse(491)
	default:
		r.Accept()
		o := order{kind: cases.TransferBlind, how: cases.ByRefer, to: Target{Extension: r.To}, referral: r}
		if err := c.begin(o); err != nil {
			c.log.Info("REFER not fulfilled", "err", err)
		}
	}
}

// callerReferred: a caller's phone may be one of ours, but passes nobody on.
func (c *Conversation) callerReferred(e event) { e.sip.(sip.Referred).Refuse(403) }

// attended passes the caller on to whom the agent's phone called itself, on leg;
// nil: that call is over, or was never ours.
func (c *Conversation) attended(r *sip.Referral, leg *sip.Leg) {
	if c.passing != nil && (c.agent.has(leg) || c.target.has(leg)) { // the agent consults by us already
		r.Accept()
		c.passing.referral = r
		c.move(finish, "")
		return
	}
	if !c.can(joined) {
		r.Refuse(491)
		return
	}
	r.Accept()
	if leg == nil && c.takeOver(r) {
		return
	}
	got := given{status: 481}
	if leg != nil && leg != c.caller && !c.agent.has(leg) {
		var late []*event
		got, late = demand(leg.Ask, wanted{call: c.id, user: c.agent.User, wrapUp: c.wrapUp, early: r.Replaces.EarlyOnly, avoids: c.matter.Avoid, firm: true}, c.events)
		c.later = append(c.later, late...)
	}
	if got.status != 0 {
		c.log.Info("attended transfer not possible", "status", got.status)
		r.Done(got.status)
		return
	}
	c.accept(r, got)
}

// accept takes whom the agent's phone called itself into this call.
func (c *Conversation) accept(r *sip.Referral, got given) {
	c.target = got.party
	for _, l := range got.party.legs {
		l.Log(c.log)
		l.Handle(c.from(l, got.party.User))
	}
	o := order{kind: cases.TransferWarm, how: cases.ByRefer, to: Target{Extension: string(c.sw.nameOf(got.party).E164)}, referral: r}
	c.start(o, goal{user: got.party.User, number: got.party.number})
	c.passing.up = got.up
	if got.up.IsZero() {
		c.move(blind, "")
		r.Progress(180)
	} else {
		c.move(joined, "")
	}
	got.left.Reject(487, "Replaced") // BYE, if it was answered
}

// from posts the events of leg, the phone of user.
func (c *Conversation) from(leg *sip.Leg, user string) func(sip.Event) {
	return func(e sip.Event) { c.post(event{kind: agentEvent(e), sip: e, leg: leg, user: user}) }
}

// rang: the target's phone rings, as the agent's is told.
func (c *Conversation) rang(e event) {
	if c.passing != nil && c.passing.referral != nil && c.target.has(e.leg) {
		c.passing.referral.Progress(180)
	}
}

// demanded: another call wants something of this one, or a leg's money runs short.
func (c *Conversation) demanded(e event) {
	switch what := e.sip.(sip.Asked).What.(type) {
	case successor:
		c.succeed(e.leg, what)
	case wanted: // a caller is nobody's to take
		what.reply(given{status: nobodys})
	case brought:
		if !c.agent.has(e.leg) {
			what.referral.Refuse(403)
			return
		}
		c.attended(what.referral, what.leg)
	case runsShort:
		c.short(what)
	}
}

// statusOf is what a phone is told of a transfer that failed.
func statusOf(why cases.TransferFailure) int {
	switch why {
	case cases.TransferUnknown:
		return 404
	case cases.TransferBusy:
		return 486
	case cases.TransferDeclined, cases.TransferDenied:
		return 603
	case cases.TransferNoAnswer:
		return 408
	case cases.TransferNotAcceptable:
		return 488
	case cases.TransferCancelled, cases.TransferCallEnded:
		return 487
	}
	return 480
}

// wanted asks the owner of a leg to hand over whom it speaks with, or rings.
type wanted struct {
	ctx     context.Context // of the asker's patience
	call    string          // of the asker
	user    string          // whose phone the leg must be
	wrapUp  time.Duration   // what its callers leave to do
	early   bool            // only if it was not answered
	avoids  string          // extension of whom the asker must not get; empty: none
	firm    bool            // who asks has nobody to hand over himself
	outside bool            // who asks would leave it to somebody outside
	answer  chan given      // unbuffered: what was not received was not given
}

// given is the answer: a party that is the asker's from now on, or a status that
// says why not.
type given struct {
	party  *party
	up     time.Time // pick-up; zero: it rings
	left   *sip.Leg  // who spoke with it; the asker's, too
	status int
}

// brought asks the owner of a leg to take whom leg, of the same phone, speaks
// with.
type brought struct {
	referral *sip.Referral
	leg      *sip.Leg
}

// nobodys is the status of whom no other call may have: a caller.
const nobodys = 603

// handOver bounds how long a call waits for another one.
const handOver = time.Second

// demand asks the owner of a leg for whom that speaks with. Two calls may want each
// other's at once, and would wait for each other in vain: so who asks looks at what is
// asked of him; a caller's call has its way, else the older. Other events that come meanwhile are
// returned, to be dealt with later.
func demand(ask func(any) bool, w wanted, events <-chan *event) (g given, late []*event) {
	ctx, cancel := context.WithTimeout(context.Background(), handOver)
	defer cancel()
	w.ctx, w.answer = ctx, make(chan given)
	if !ask(w) {
		return given{status: 481}, nil
	}
	for {
		select {
		case g := <-w.answer:
			return g, late
		case <-ctx.Done():
			return given{status: 481}, late
		case e := <-events:
			other, ok := wantedBy(e)
			switch {
			case !ok:
				late = append(late, e)
			case w.firm:
				go other.reply(given{status: nobodys}) // who may be just as firm
			case other.firm || other.call < w.call:
				return given{status: 491}, append(late, e)
			default:
				other.reply(given{status: 491})
			}
		}
	}
}

// wantedBy returns what another call wants by e, if that is somebody to talk with.
func wantedBy(e *event) (w wanted, ok bool) {
	if asked, is := e.sip.(sip.Asked); is {
		w, ok = asked.What.(wanted)
	}
	return w, ok
}

// reply answers; false if nobody waits for it any more.
func (w wanted) reply(g given) bool {
	select {
	case w.answer <- g:
		return true
	case <-w.ctx.Done():
		return false
	}
}

// give hands over whom leg speaks with, or says why not.
func (c *Intercom) give(w wanted, leg *sip.Leg) {
	p := *c.callee // its owner may change it
	g := given{left: leg, party: &p, up: c.live.Answered}
	if p.legs = slices.Clone(p.legs); leg != c.caller {
		p = party{User: c.from, legs: []*sip.Leg{c.caller}, outside: c.caller.Trunk() != ""}
	}
	switch {
	case p.User == "" && !p.outside: // a caller, of another node
		g.status = nobodys
	case c.userOf(leg) != w.user, w.outside && p.outside: // nobody pays for two outside without one of ours
		g.status = 403
	case c.sw.isAt(g.party.User, w.avoids):
		g.status = nobodys
	case c.up && w.early:
		g.status = 486
	case !c.up && leg != c.caller, c.passing != nil:
		g.status = 481
	}
	if g.status != 0 {
		w.reply(given{status: g.status})
		return
	}
	c.meeting.part()
	c.sw.Board.Carry(g.party.User, c.id, w.call, w.wrapUp)
	if !w.reply(g) {
		c.sw.Board.Carry(g.party.User, w.call, c.id, 0)
		if c.up {
			c.meeting.join(c.caller, c.callee.legs[0])
		}
		return
	}
	c.log.Info("passed on to a caller", "call", w.call, "user", g.party.User)
	c.over = true
}

// demanded: another call wants something of this one.
func (c *Intercom) demanded(e event, of *sip.Leg) {
	switch what := e.sip.(sip.Asked).What.(type) {
	case wanted:
		c.give(what, of)
	case successor:
		c.succeed(of, what)
	case runsShort:
		c.short(what)
	case brought: // the call of that leg could have had whom of speaks with
		what.referral.Refuse(603)
	}
}
