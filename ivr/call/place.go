package call

import (
	"log/slog"
	"sync"
	"time"

	"shouwen/cases"
	"shouwen/metrics"
	"shouwen/sip"
)

// Trunks is the part of the SIP side that calls out.
type Trunks interface {
	DialOut(number string, d sip.Dialing) (*sip.Leg, error)
}

// Outbound places calls to the outside. Nothing else does: whoever wants one comes
// through Place, which asks the policy. Its methods are safe from any goroutine.
type Outbound struct {
	policy  OutboundPolicy
	trunks  Trunks
	metrics *metrics.CallsOut
	log     *slog.Logger

	mu      sync.Mutex
	account *account
}

// NewOutbound returns what places calls by trunks as far as policy allows.
func NewOutbound(policy OutboundPolicy, trunks Trunks, m *metrics.CallsOut, log *slog.Logger) *Outbound {
	return &Outbound{policy: policy, trunks: trunks, metrics: m, log: log, account: newAccount()}
}

// Place has number called on behalf of actor, the user of an agent. It returns at
// once; the events of the leg go to d.Events. What was decided, and why, is handed
// to record before anything is dialled, also when it was no. The error is a
// *DeniedError, or one of sip.UA.DialOut.
func (o *Outbound) Place(actor string, number cases.Number, d sip.Dialing, record func(cases.Fact)) (*sip.Leg, error) {
	id := newID()
	o.mu.Lock()
	decision := o.account.placeOutbound(&o.policy, id, actor, string(number), time.Now())
	o.mu.Unlock()
	o.metrics.Decided(string(decision.Reason))
	d.Log.Info("call to the outside decided", "actor", actor, "number", cases.Number(decision.Number), "reason", decision.Reason)
	record(cases.Fact{OutboundDecided: &cases.OutboundDecided{
		Actor: actor, Number: cases.Number(decision.Number), Allowed: decision.Allowed(), Reason: string(decision.Reason),
	}})
	if !decision.Allowed() {
		return nil, &DeniedError{decision}
	}
	events := d.Events
	d.Events = func(e sip.Event) {
		if _, over := e.(sip.Ended); over {
			o.ended(id)
		}
		events(e)
	}
	leg, err := o.trunks.DialOut(decision.Number, d)
	if err != nil {
		o.ended(id)
	}
	return leg, err
}

func (o *Outbound) ended(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.account.ended(&o.policy, id, time.Now())
}

// nextOpen is the first moment from t on at which calls may be made.
func (o *Outbound) nextOpen(t time.Time) time.Time { return o.policy.nextOpen(t) }
