package call

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/metrics"
	"shouwen/sip"
)

// Trunks is the part of the SIP side that calls out.
type Trunks interface {
	DialOut(number string, d sip.Dialing) (*sip.Leg, error)
}

// Spending is where the calls to the outside are kept that limits have counted.
type Spending interface {
	SaveOutbound(context.Context, []store.OutboundCall) error
	// OutboundCalls returns those placed before a time that were counted after
	// another; the first placed first.
	OutboundCalls(ctx context.Context, after, before time.Time) ([]store.OutboundCall, error)
}

// Outbound places calls to the outside. Nothing else does: whoever wants one comes
// through Place, which asks the policy. Its methods are safe from any goroutine.
type Outbound struct {
	policy  OutboundPolicy
	trunks  Trunks
	metrics *metrics.CallsOut
	log     *slog.Logger
	began   time.Time

	mu      sync.Mutex
	account *account
	timers  map[string]*time.Timer // of calls that cost money, by id

	keeping sync.Mutex
	learned bool // what was counted before; guarded by keeping
}

// NewOutbound returns what places calls by trunks as far as policy allows.
func NewOutbound(policy OutboundPolicy, trunks Trunks, m *metrics.CallsOut, log *slog.Logger) *Outbound {
	return &Outbound{
		policy: policy, trunks: trunks, metrics: m, log: log, began: time.Now(), account: newAccount(), timers: map[string]*time.Timer{},
	}
}

// Placing is a call to the outside that somebody wants.
type Placing struct {
	Actor    string // user of the agent on whose behalf
	Number   cases.Number
	Occasion Occasion
	sip.Dialing
	Record func(cases.Fact) // is handed what was decided, before anything is dialled, also when it was no
}

// runsShort tells the owner of a leg to the outside how long the day's money still lasts,
// because that is not enough; or, by 0, that it is spent and the leg is hung up.
type runsShort struct {
	left    time.Duration
	decided cases.OutboundDecided
}

// Place has a number called. It returns at once; the events of the leg go to
// Events. The error is a *DeniedError, or one of sip.UA.DialOut.
func (o *Outbound) Place(p Placing) (*sip.Leg, error) {
	id, policy := newID(), o.policy.on(p.Occasion)
	o.mu.Lock()
	decision := o.account.placeOutbound(&policy, id, p.Actor, string(p.Number), time.Now())
	o.mu.Unlock()
	o.metrics.Decided(string(decision.Reason))
	p.Log.Info("call to the outside decided", "actor", p.Actor, "number", cases.Number(decision.Number), "reason", decision.Reason)
	p.Record(cases.Fact{OutboundDecided: &cases.OutboundDecided{
		Actor: p.Actor, Number: cases.Number(decision.Number), Allowed: decision.Allowed(), Reason: string(decision.Reason),
	}})
	if !decision.Allowed() {
		return nil, &DeniedError{decision}
	}
	events := p.Events
	p.Events = func(e sip.Event) {
		if _, over := e.(sip.Ended); over {
			o.ended(id)
		}
		events(e)
	}
	leg, err := o.trunks.DialOut(decision.Number, p.Dialing)
	if err != nil {
		o.ended(id)
		return nil, err
	}
	o.watch(id, leg, cases.OutboundDecided{Actor: p.Actor, Number: cases.Number(decision.Number), Reason: string(OutboundSpend)})
	return leg, nil
}

func (o *Outbound) ended(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.account.ended(&o.policy, id, time.Now())
	if t := o.timers[id]; t != nil {
		t.Stop()
		delete(o.timers, id)
	}
}

// watch has a call go on only as long as there is money for it; spent is what is on record
// when there is none.
func (o *Outbound) watch(id string, leg *sip.Leg, spent cases.OutboundDecided) {
	o.mu.Lock()
	left, enough, ok := o.account.pay(&o.policy, id, time.Now())
	if ok && (enough || left > 0) {
		next := left
		if enough {
			next -= o.policy.warning()
		}
		o.timers[id] = time.AfterFunc(next, func() { o.watch(id, leg, spent) })
	}
	o.mu.Unlock()
	if !ok || enough {
		return
	}
	leg.Ask(runsShort{left, spent})
	if left == 0 {
		o.metrics.Decided(string(OutboundSpend))
		o.log.Warn("the day's money for calls to the outside is spent: a call ends")
		leg.Hangup(sip.Hangup{Cause: sip.EndSpent})
	}
}

const (
	keepEvery   = time.Second
	keepTimeout = 2 * time.Second
)

// Run keeps what the limits count in db until ctx ends.
func (o *Outbound) Run(ctx context.Context, db Spending) error {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	away := false
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		if err := o.Keep(ctx, db); (err != nil) != away {
			away = err != nil
			o.log.Info("calls to the outside in PostgreSQL", "away", away, "err", err)
		}
	}
}

// Keep writes to db what the limits have counted since it was called last; when it
// first can, it counts what they did before the program began. On an error it is to be
// called again.
func (o *Outbound) Keep(ctx context.Context, db Spending) error {
	o.keeping.Lock()
	defer o.keeping.Unlock()
	ctx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	if !o.learned {
		now := time.Now()
		past, err := db.OutboundCalls(ctx, o.policy.since(now), o.began)
		if err != nil {
			return err
		}
		o.mu.Lock()
		o.account.restore(&o.policy, past, now)
		o.mu.Unlock()
		o.learned = true
	}
	o.mu.Lock()
	news := o.account.news
	o.account.news = map[string]store.OutboundCall{}
	o.mu.Unlock()
	if len(news) == 0 {
		return nil
	}
	err := db.SaveOutbound(ctx, slices.Collect(maps.Values(news)))
	if err != nil {
		o.mu.Lock()
		maps.Copy(news, o.account.news) // what is newer
		o.account.news = news
		o.mu.Unlock()
	}
	return err
}

// since is when what limits count at now began.
func (p *OutboundPolicy) since(now time.Time) time.Time {
	return now.Add(-max(now.Sub(p.midnight(now)), p.PerActor.Per, p.Overall.Per))
}

// nextOpen is the first moment from t on at which calls may be made on an occasion.
func (o *Outbound) nextOpen(t time.Time, on Occasion) time.Time {
	policy := o.policy.on(on)
	return policy.nextOpen(t)
}
