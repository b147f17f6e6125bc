package call

import (
	"strings"
	"time"

	"shouwen/cases"
	"shouwen/metrics"
	"shouwen/sip"
)

// nodePatience is how long another node has to give us whom it is asked for.
const nodePatience = 4 * time.Second

// phoneLost is the Reason of a BYE to another node: a phone is lost, and nobody hung up.
const phoneLost = `SIP;cause=408;text="Phone lost"`

// takeOver passes the caller on to whom the agent's phone called itself, at another node,
// which puts us in the place of that phone: whom it spoke with stays there, and is ours at
// the far end of that leg. False: no other node has the call, or it is not with whom the
// phone says.
func (c *Conversation) takeOver(r *sip.Referral) bool {
	target, _ := c.sw.Directory().Lookup(r.To)
	if target.Person == nil || c.avoids(target.Person.User) {
		return false
	}
	user, extension := target.Person.User, target.Person.Extension
	var leg *sip.Leg
	known := make(chan struct{})
	leg, err := c.sw.Phones.TakeOver(*r.Replaces, c.agent.User, extension, sip.Dialing{
		Name: string(c.live.Case), Log: c.log.With("agent", user),
		Events: func(e sip.Event) {
			<-known
			c.post(event{kind: agentEvent(e), sip: e, leg: leg, user: user})
		},
	})
	close(known)
	if err != nil {
		c.log.Info("call not taken over from another node", "err", err)
		return false
	}
	c.start(order{kind: cases.TransferWarm, how: cases.ByRefer, to: Target{Extension: extension}, referral: r}, goal{user: user})
	c.target = &party{legs: []*sip.Leg{leg}, abroad: true}
	c.move(blind, "")
	c.arm(nodePatience)
	return true
}

// lost says whether p, who is at another node, did not hang up himself.
func (p *party) lost(e sip.Ended) bool {
	return p.abroad && e.Cause == sip.EndHangup && strings.HasPrefix(e.Reason, "SIP ")
}

// because is how who is left of a call is hung up when a leg of it has ended so.
func because(e sip.Ended) sip.Hangup {
	switch e.Cause {
	case sip.EndHangup, sip.EndLocal, sip.EndCancelled:
		return sip.Hangup{}
	}
	return sip.Hangup{Reason: phoneLost}
}

// toNode returns the status of the wish of another node to take the place of leg, so that
// its caller gets whom leg speaks with; 0: it is granted.
func (c *Intercom) toNode(leg *sip.Leg, next successor) int {
	switch other := c.other(leg); {
	case !c.up || c.passing != nil || other == "":
		return 481
	case other != next.whom: // the case would name the wrong one
		return 403
	}
	return 0
}

// handedOver: leg, of another node, has taken the place of a phone of user, who is free.
// Its caller is there.
func (c *Intercom) handedOver(user string, leg *sip.Leg) {
	c.log.Info("passed on to a caller at another node", "node", leg.Incoming().Node, "by", user)
	if leg == c.caller {
		c.from, c.live.Caller = "", cases.Caller{Display: leg.Incoming().Caller.Display}
	} else {
		c.callee.User, c.live.Agent = "", ""
	}
	c.sw.Board.Released(user, c.id)
	c.live.State = metrics.Talking
	c.sw.show(c.live)
}
