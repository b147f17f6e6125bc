package call

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/sip"
)

const (
	warnBefore = 15 * time.Second // the day's money is spent, whoever spends it is told
	hangUpBy   = time.Second      // before the next interval of a tariff begins: BYE takes its time
)

// account counts what the limits of a policy are about. It has neither clock nor
// lock of its own.
type account struct {
	actors  map[string]*bucket
	overall bucket
	running map[string]*running // by call id
	day     cases.Date
	spent   map[string]Money              // by actor, of the calls that ended on day
	others  map[string]store.OutboundCall // of other nodes, and of this one before it began, by id
	news    map[string]store.OutboundCall // what has changed of each call, by its id, since it was taken last
}

// running is a call to the outside that is up. Intervals are those of its tariff.
type running struct {
	actor  string
	since  time.Time
	tariff Money
	paid   int  // intervals accounted for, at least those that have begun
	before int  // of which on earlier days
	free   bool // of an emergency: nothing is counted
}

func newAccount() *account {
	return &account{
		actors: map[string]*bucket{}, running: map[string]*running{}, spent: map[string]Money{},
		others: map[string]store.OutboundCall{}, news: map[string]store.OutboundCall{},
	}
}

// placeOutbound decides whether actor may call number now, for a call with that id.
// What it allows is accounted for; end it by ended.
func (a *account) placeOutbound(p *OutboundPolicy, id, actor, number string, now time.Time) Decision {
	d := p.judge(number, now)
	if !d.Allowed() {
		return d
	}
	emergency := p.Plan.Kind(d.Number) == sip.NumberEmergency // nothing is counted against it
	switch {
	case emergency, p.urgent:
	case p.Concurrent > 0 && a.up() >= p.Concurrent:
		d.Reason = OutboundConcurrent
	case !a.affords(p, d.Tariff, now):
		d.Reason = OutboundSpend
	case !a.actorAffords(p, actor, d.Tariff, now):
		d.Reason = OutboundActorSpend
	case !a.bucket(actor).has(p.PerActor, now):
		d.Reason = OutboundActorRate
	case !a.overall.has(p.Overall, now):
		d.Reason = OutboundRate
	}
	if !d.Allowed() {
		return d
	}
	a.running[id] = &running{actor: actor, since: now, tariff: d.Tariff, paid: 1, free: emergency}
	if !emergency && !p.urgent {
		a.bucket(actor).take(now)
		a.overall.take(now)
	}
	a.note(id, now)
	return d
}

func (a *account) bucket(actor string) *bucket {
	b := a.actors[actor]
	if b == nil {
		b = &bucket{}
		a.actors[actor] = b
	}
	return b
}

// up is how many calls are.
func (a *account) up() int {
	n := len(a.running)
	for _, c := range a.others {
		if c.Up {
			n++
		}
	}
	return n
}

// affords says whether today's money is enough for another interval of that tariff.
func (a *account) affords(p *OutboundPolicy, tariff Money, now time.Time) bool {
	return p.SpendADay == 0 || tariff == 0 || a.spending(p, now, func(string) bool { return true })+tariff <= p.SpendADay
}

// actorAffords says whether the actor's is.
func (a *account) actorAffords(p *OutboundPolicy, actor string, tariff Money, now time.Time) bool {
	return p.ActorSpend == 0 || tariff == 0 || a.spending(p, now, func(who string) bool { return who == actor })+tariff <= p.ActorSpend
}

// spending is what today has cost so far by those who count, calls that are up included.
func (a *account) spending(p *OutboundPolicy, now time.Time, counts func(actor string) bool) (sum Money) {
	a.turn(p, now)
	for actor, spent := range a.spent {
		if counts(actor) {
			sum += spent
		}
	}
	for _, r := range a.running {
		if r.begin(p, now); counts(r.actor) {
			sum += r.cost()
		}
	}
	for _, c := range a.others {
		if counts(c.Actor) && cases.DateOf(c.Counted.In(p.Zone)) == a.day {
			sum += Money(c.Cost)
		}
	}
	return sum
}

// turn begins a new day when it is time. Of a call that is up, it costs what begins
// on it.
func (a *account) turn(p *OutboundPolicy, now time.Time) {
	today := cases.DateOf(now.In(p.Zone))
	if today == a.day {
		return
	}
	a.day, a.spent = today, map[string]Money{}
	yesterday := p.midnight(now).Add(-time.Nanosecond)
	for id, r := range a.running {
		if r.since.Before(yesterday) {
			r.before = r.begun(p, yesterday)
			a.note(id, now) // what of it is today's
		}
	}
}

// midnight is when the day of t began.
func (p *OutboundPolicy) midnight(t time.Time) time.Time {
	local := t.In(p.Zone)
	return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, p.Zone)
}

// pay accounts for the next interval of the call with that id, before it begins, if
// the day's money is enough; left is how long the call may go on by what is paid. ok
// is false for calls that need no money.
func (a *account) pay(p *OutboundPolicy, id string, now time.Time) (left time.Duration, enough, ok bool) {
	r := a.running[id]
	if r == nil || !p.limitsSpending() || r.tariff == 0 {
		return 0, true, false
	}
	for {
		left = r.since.Add(time.Duration(r.paid)*p.interval() - hangUpBy).Sub(now)
		switch {
		case left > p.warning():
			return left, true, true
		case !a.affords(p, r.tariff, now), !a.actorAffords(p, r.actor, r.tariff, now):
			return max(left, 0), false, true
		}
		r.paid++
		a.note(id, now)
	}
}

// ended says that the call with that id is over.
func (a *account) ended(p *OutboundPolicy, id string, now time.Time) {
	r := a.running[id]
	if r == nil {
		return
	}
	a.turn(p, now)
	r.paid = r.begun(p, now)
	a.spent[r.actor] += r.cost()
	delete(a.running, id)
	a.keep(id, r, now, false)
}

// note has what is known of a call that is up put on record.
func (a *account) note(id string, now time.Time) { a.keep(id, a.running[id], now, true) }

func (a *account) keep(id string, r *running, now time.Time, up bool) {
	if !r.free {
		a.news[id] = store.OutboundCall{ID: id, Actor: r.actor, Placed: r.since, Counted: now, Cost: int64(r.cost()), Up: up}
	}
}

// learn counts what others have, the first placed first; all is whether it is all there
// is, since p.since(now).
func (a *account) learn(p *OutboundPolicy, others []store.OutboundCall, all bool, now time.Time) {
	a.turn(p, now)
	var placed []time.Time
	by := map[string][]time.Time{}
	for _, c := range others {
		if _, known := a.others[c.ID]; !known {
			placed, by[c.Actor] = append(placed, c.Placed), append(by[c.Actor], c.Placed)
		}
		a.others[c.ID] = c
	}
	for actor, calls := range by {
		a.bucket(actor).add(p.PerActor, calls, all, now)
	}
	a.overall.add(p.Overall, placed, all, now)
	since := p.since(now)
	maps.DeleteFunc(a.others, func(_ string, c store.OutboundCall) bool { return !c.Up && c.Counted.Before(since) })
}

// begun is how many intervals have begun by now.
func (r *running) begun(p *OutboundPolicy, now time.Time) int {
	return 1 + int(max(0, now.Sub(r.since))/p.interval())
}

// begin accounts for what has begun by now.
func (r *running) begin(p *OutboundPolicy, now time.Time) { r.paid = max(r.paid, r.begun(p, now)) }

// cost is that of the day.
func (r *running) cost() Money { return r.tariff * Money(max(0, r.paid-r.before)) }

// bucket is the token bucket of a Rate; the zero bucket is full. It keeps the calls of the
// latest Per, as those of other nodes become known only later.
type bucket struct {
	used  float64 // tokens
	at    time.Time
	calls []time.Time // since, in their order
}

// has says whether there is a token left.
func (b *bucket) has(r Rate, now time.Time) bool {
	if r.Calls == 0 {
		*b = bucket{}
		return true
	}
	for len(b.calls) > 0 && b.calls[0].Before(now.Add(-r.per())) {
		b.used, b.at = r.used(b.used, b.at, b.calls[0]), b.calls[0]
		b.calls = b.calls[1:]
	}
	used, at := b.used, b.at
	for _, placed := range b.calls {
		used, at = r.used(used, at, placed), placed
	}
	const rounding = 1e-6
	return r.back(used, at, now)+1 <= float64(r.Calls)+rounding
}

func (b *bucket) take(now time.Time) { b.calls = append(b.calls, now) }

// add takes the tokens of calls that others placed. What was before the time of the rate
// is not known when all there is comes: the bucket is taken to have been empty then, which
// counts none of them more than once.
func (b *bucket) add(r Rate, calls []time.Time, all bool, now time.Time) {
	from := now.Add(-r.per())
	if all && b.at.IsZero() {
		b.used, b.at = float64(r.Calls), from
	}
	for _, placed := range calls {
		if !placed.Before(from) {
			b.calls = append(b.calls, placed)
		}
	}
	slices.SortFunc(b.calls, time.Time.Compare)
}

func (r Rate) per() time.Duration { return cmp.Or(r.Per, time.Hour) }

// back is how many tokens of those used at a time are at now.
func (r Rate) back(used float64, at, now time.Time) float64 {
	return math.Max(0, used-max(0, now.Sub(at)).Seconds()*float64(r.Calls)/r.per().Seconds())
}

// used is how many are with that of a call placed then. Nodes that knew nothing of each
// other may have placed more calls than there are tokens: those are forgiven.
func (r Rate) used(used float64, at, placed time.Time) float64 {
	return math.Min(r.back(used, at, placed)+1, float64(r.Calls))
}
