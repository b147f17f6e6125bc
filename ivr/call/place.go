package call

import (
	"cmp"
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

// Spending is where the nodes of an installation keep the calls to the outside that limits
// have counted: the limits are those of all nodes together.
type Spending interface {
	// SettleOutbound hands count what others have counted and k does not know, and keeps
	// what it returns. No two nodes do so at once.
	SettleOutbound(ctx context.Context, k store.Outbound, count func(others []store.OutboundCall) (ours []store.OutboundCall)) (seen time.Time, err error)
	// Alone says whether no other node can place calls now.
	Alone() bool
}

// Outbound places calls to the outside. Nothing else does: whoever wants one comes
// through Place, which asks the policy. Its methods are safe from any goroutine.
type Outbound struct {
	Patience time.Duration // how long at most a call waits for what other nodes count; 0: 300 ms

	policy   OutboundPolicy
	trunks   Trunks
	spending Spending
	metrics  *metrics.CallsOut
	log      *slog.Logger

	mu      sync.Mutex
	account *account
	timers  map[string]*time.Timer // of calls that cost money, by id

	turn  chan struct{}  // who has it settles
	known store.Outbound // guarded by turn
	away  time.Time      // until when spending is not asked for a call; guarded by turn
}

// NewOutbound returns what places calls by trunks as far as policy allows.
func NewOutbound(policy OutboundPolicy, trunks Trunks, spending Spending, m *metrics.CallsOut, log *slog.Logger) *Outbound {
	return &Outbound{
		policy: policy, trunks: trunks, spending: spending, metrics: m, log: log, account: newAccount(), timers: map[string]*time.Timer{},
		turn: make(chan struct{}, 1), known: store.Outbound{Began: time.Now()},
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

// Place has a number called. It returns as soon as it is decided, see settle; the events
// of the leg go to Events. The error is a *DeniedError, or one of sip.UA.DialOut.
func (o *Outbound) Place(p Placing) (*sip.Leg, error) {
	id, policy := newID(), o.policy.on(p.Occasion)
	var decision Decision
	o.settle(func(now time.Time) {
		decision = o.account.placeOutbound(&policy, id, p.Actor, string(p.Number), now)
	})
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
	if policy.limitsSpending() {
		o.watch(id, leg, cases.OutboundDecided{Actor: p.Actor, Number: cases.Number(decision.Number), Reason: string(OutboundSpend)})
	}
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
	var left time.Duration
	var enough, ok bool
	o.settle(func(now time.Time) {
		if left, enough, ok = o.account.pay(&o.policy, id, now); ok && (enough || left > 0) {
			next := left
			if enough {
				next -= o.policy.warning()
			}
			o.timers[id] = time.AfterFunc(next, func() { o.watch(id, leg, spent) })
		}
	})
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
	patience    = 300 * time.Millisecond
	settleAgain = 3 * time.Second // after it was too long
)

// settle does f with the account. While other nodes live f sees what they have counted by
// then, and they see what it did before they do anything themselves. If PostgreSQL does
// not say so in time, f sees what this node knows: its own calls, and of others what it
// learned last.
func (o *Outbound) settle(f func(now time.Time)) {
	if !o.spending.Alone() {
		ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(o.Patience, patience))
		defer cancel()
		if o.exchange(ctx, f) {
			return
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	f(time.Now())
}

// exchange is settle with the other nodes; done says whether it did f.
func (o *Outbound) exchange(ctx context.Context, f func(now time.Time)) (done bool) {
	select {
	case o.turn <- struct{}{}:
		defer func() { <-o.turn }()
	case <-ctx.Done():
		return false
	}
	if time.Now().Before(o.away) {
		return false
	}
	err := o.share(ctx, func(now time.Time) {
		f(now)
		done = true
	})
	if err != nil {
		o.away = time.Now().Add(settleAgain)
		o.log.Warn("limits of calls to the outside do not know what other nodes count now", "err", err)
	}
	return done
}

// share does f with an account that knows what others have counted, and keeps what this
// node has; the caller has the turn. On an error that is done the next time.
func (o *Outbound) share(ctx context.Context, f func(now time.Time)) error {
	var news map[string]store.OutboundCall
	o.known.Since = o.policy.since(time.Now())
	seen, err := o.spending.SettleOutbound(ctx, o.known, func(others []store.OutboundCall) []store.OutboundCall {
		o.mu.Lock()
		defer o.mu.Unlock()
		now := time.Now()
		o.account.learn(&o.policy, others, o.known.Seen.IsZero(), now)
		f(now)
		news, o.account.news = o.account.news, map[string]store.OutboundCall{}
		return slices.Collect(maps.Values(news))
	})
	if err == nil {
		o.known.Seen = seen
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, c := range news {
		if _, newer := o.account.news[id]; !newer {
			o.account.news[id] = c
		}
	}
	return err
}

// Run keeps what the limits count, and learns what other nodes do, until ctx ends.
func (o *Outbound) Run(ctx context.Context) error {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	away := false
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		if err := o.Keep(ctx); (err != nil) != away {
			away = err != nil
			o.log.Info("calls to the outside in PostgreSQL", "away", away, "err", err)
		}
	}
}

// Keep writes down what the limits have counted since it was called last, and learns what
// others have; the first time, what was counted before the program began. On an error it
// is to be called again.
func (o *Outbound) Keep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	select {
	case o.turn <- struct{}{}:
		defer func() { <-o.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	o.mu.Lock()
	news := len(o.account.news)
	o.mu.Unlock()
	if news == 0 && !o.known.Seen.IsZero() && o.spending.Alone() {
		return nil
	}
	return o.share(ctx, func(time.Time) {})
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
