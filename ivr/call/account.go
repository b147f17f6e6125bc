package call

import (
	"cmp"
	"math"
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
	spent   Money                         // of the calls that ended on day
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
	return &account{actors: map[string]*bucket{}, running: map[string]*running{}, news: map[string]store.OutboundCall{}}
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
	case emergency:
	case p.Concurrent > 0 && len(a.running) >= p.Concurrent:
		d.Reason = OutboundConcurrent
	case !a.affords(p, d.Tariff, now):
		d.Reason = OutboundSpend
	case !a.bucket(actor).has(p.PerActor, now):
		d.Reason = OutboundActorRate
	case !a.overall.has(p.Overall, now):
		d.Reason = OutboundRate
	}
	if !d.Allowed() {
		return d
	}
	a.running[id] = &running{actor: actor, since: now, tariff: d.Tariff, paid: 1, free: emergency}
	if !emergency {
		a.bucket(actor).take()
		a.overall.take()
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

// affords says whether today's money is enough for another interval of that tariff.
func (a *account) affords(p *OutboundPolicy, tariff Money, now time.Time) bool {
	return p.SpendADay == 0 || tariff == 0 || a.spending(p, now)+tariff <= p.SpendADay
}

// spending is what today has cost so far, calls that are up included.
func (a *account) spending(p *OutboundPolicy, now time.Time) Money {
	a.turn(p, now)
	sum := a.spent
	for _, r := range a.running {
		r.begin(p, now)
		sum += r.cost()
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
	a.day, a.spent = today, 0
	yesterday := p.midnight(now).Add(-time.Nanosecond)
	for _, r := range a.running {
		if r.since.Before(yesterday) {
			r.before = r.begun(p, yesterday)
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
	if r == nil || p.SpendADay == 0 || r.tariff == 0 {
		return 0, true, false
	}
	for {
		left = r.since.Add(time.Duration(r.paid)*p.interval() - hangUpBy).Sub(now)
		switch {
		case left > p.warning():
			return left, true, true
		case !a.affords(p, r.tariff, now):
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
	a.note(id, now)
	a.spent += r.cost()
	delete(a.running, id)
}

// note has what is known of a call put on record.
func (a *account) note(id string, now time.Time) {
	r := a.running[id]
	if r.free {
		return
	}
	a.news[id] = store.OutboundCall{ID: id, Actor: r.actor, Placed: r.since, Counted: now, Cost: int64(r.cost())}
}

// restore counts calls of before, the first placed first.
func (a *account) restore(p *OutboundPolicy, past []store.OutboundCall, now time.Time) {
	a.turn(p, now)
	var all []time.Time
	by := map[string][]time.Time{}
	for _, c := range past {
		all, by[c.Actor] = append(all, c.Placed), append(by[c.Actor], c.Placed)
		if cases.DateOf(c.Counted.In(p.Zone)) == a.day {
			a.spent += Money(c.Cost)
		}
	}
	for actor, calls := range by {
		a.bucket(actor).add(p.PerActor, calls, now)
	}
	a.overall.add(p.Overall, all, now)
}

// begun is how many intervals have begun by now.
func (r *running) begun(p *OutboundPolicy, now time.Time) int {
	return 1 + int(max(0, now.Sub(r.since))/p.interval())
}

// begin accounts for what has begun by now.
func (r *running) begin(p *OutboundPolicy, now time.Time) { r.paid = max(r.paid, r.begun(p, now)) }

// cost is that of the day.
func (r *running) cost() Money { return r.tariff * Money(max(0, r.paid-r.before)) }

// bucket is the token bucket of a Rate; the zero bucket is full.
type bucket struct {
	used float64 // tokens
	at   time.Time
}

// has says whether there is a token left.
func (b *bucket) has(r Rate, now time.Time) bool {
	if r.Calls == 0 {
		b.used = 0
		return true
	}
	back := max(0, now.Sub(b.at)).Seconds() * float64(r.Calls) / cmp.Or(r.Per, time.Hour).Seconds()
	b.used, b.at = math.Max(0, b.used-back), now
	const rounding = 1e-6
	return b.used+1 <= float64(r.Calls)+rounding
}

func (b *bucket) take() { b.used++ }

// add takes the tokens of calls of before, the first placed first. What was before
// the time of the rate is not known: the bucket is taken to have been empty then, which
// counts none of them more than once.
func (b *bucket) add(r Rate, calls []time.Time, now time.Time) {
	before := bucket{used: float64(r.Calls), at: now.Add(-cmp.Or(r.Per, time.Hour))}
	for _, placed := range calls {
		if placed.Before(before.at) {
			continue
		}
		if !before.has(r, placed) {
			before.used = float64(r.Calls) - 1
		}
		before.take()
	}
	b.has(r, now)
	before.has(r, now)
	b.used += before.used
}
