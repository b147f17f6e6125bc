package call

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"shouwen/cases"
	"shouwen/sip"
)

// OutboundPolicy says which calls to the outside may be made. Prefixes are the
// beginnings of numbers in E.164, with the plus; of several that fit the longest
// counts. Without any of them national numbers may be called, and no others.
type OutboundPolicy struct {
	Plan       sip.NumberingPlan // of numbers without the plus
	Allow      []string          // prefixes that may be called whatever they are: abroad, of premium rate
	Deny       []string          // prefixes that may not, though others do
	Emergency  bool              // agents may call police, fire brigade, ambulance
	PerActor   Rate
	Overall    Rate
	Concurrent int              // calls at once; 0: any number
	Tariffs    map[string]Money // of each minute begun, by prefix
	SpendADay  Money            // 0: without limit; otherwise what has no tariff is denied
	Hours      []cases.Interval // of every day; none: always
	Zone       *time.Location   // of days and hours
}

// Money is an amount in thousandths of the currency's unit.
type Money int64

// Rate is so many calls in that time, as a token bucket: all of them at once, or
// spread out. Zero Calls: without limit.
type Rate struct {
	Calls int
	Per   time.Duration
}

// OutboundReason says why a call to the outside may be made or not. The set is
// closed.
type OutboundReason string

// The reasons.
const (
	OutboundAllowed       OutboundReason = "allowed"
	OutboundInvalid       OutboundReason = "invalid"        // no number, as far as the numbering plans tell
	OutboundShort         OutboundReason = "short"          // a short code, not an emergency number
	OutboundEmergency     OutboundReason = "emergency"      // policy does not allow those
	OutboundInternational OutboundReason = "international"  // not in Allow
	OutboundPremium       OutboundReason = "premium"        // not in Allow
	OutboundDenied        OutboundReason = "denied_prefix"  // in Deny
	OutboundHours         OutboundReason = "hours"          // not at this time of the day
	OutboundActorRate     OutboundReason = "actor_rate"     // too many by this actor of late
	OutboundRate          OutboundReason = "rate"           // too many of late
	OutboundConcurrent    OutboundReason = "concurrent"     // too many at once
	OutboundTariff        OutboundReason = "unknown_tariff" // nobody knows what it costs, and spending is limited
	OutboundSpend         OutboundReason = "spend"          // today's money is spent
)

// OutboundReasons are all reasons.
var OutboundReasons = []string{
	string(OutboundAllowed), string(OutboundInvalid), string(OutboundShort), string(OutboundEmergency), string(OutboundInternational),
	string(OutboundPremium), string(OutboundDenied), string(OutboundHours), string(OutboundActorRate), string(OutboundRate),
	string(OutboundConcurrent), string(OutboundTariff), string(OutboundSpend),
}

// Decision is whether a call to the outside may be made.
type Decision struct {
	Reason OutboundReason
	Number string // normalised
	Tariff Money
}

// Allowed says whether the call may be made.
func (d Decision) Allowed() bool { return d.Reason == OutboundAllowed }

// account counts what the limits of a policy are about. It has neither clock nor
// lock of its own.
type account struct {
	actors  map[string]*bucket
	overall bucket
	running map[string]running // by call id
	day     cases.Date
	spent   Money // of the calls that ended on day
}

// running is a call to the outside that is up.
type running struct {
	since  time.Time
	tariff Money
}

func newAccount() *account {
	return &account{actors: map[string]*bucket{}, running: map[string]running{}}
}

// placeOutbound decides whether actor may call number now, for a call with that id.
// What it allows is accounted for; end it by ended.
func (a *account) placeOutbound(p *OutboundPolicy, id, actor, number string, now time.Time) Decision {
	d := p.judge(number, now)
	if !d.Allowed() {
		return d
	}
	mine := a.actors[actor]
	if mine == nil {
		mine = &bucket{}
	}
	switch {
	case p.Plan.Kind(d.Number) == sip.NumberEmergency: // nothing is counted against it
		a.running[id] = running{now, d.Tariff}
	case p.Concurrent > 0 && len(a.running) >= p.Concurrent:
		d.Reason = OutboundConcurrent
	case p.SpendADay > 0 && a.spending(p, now)+d.Tariff > p.SpendADay:
		d.Reason = OutboundSpend
	case !mine.has(p.PerActor, now):
		d.Reason = OutboundActorRate
	case !a.overall.has(p.Overall, now):
		d.Reason = OutboundRate
	default:
		mine.take()
		a.overall.take()
		a.actors[actor] = mine
		a.running[id] = running{now, d.Tariff}
	}
	return d
}

// judge is the part of the decision that depends on the number and the hour only.
func (p *OutboundPolicy) judge(number string, now time.Time) Decision {
	d := Decision{Number: p.Plan.Number(number)}
	kind := p.Plan.Kind(d.Number)
	allow, deny := longest(p.Allow, d.Number), longest(p.Deny, d.Number)
	tariff, known := p.tariff(d.Number)
	d.Tariff = tariff
	d.Reason = func() OutboundReason {
		switch {
		case kind == sip.NumberEmergency && p.Emergency:
			return OutboundAllowed // at any hour
		case kind == sip.NumberEmergency:
			return OutboundEmergency
		case kind == sip.NumberShort:
			return OutboundShort
		case !strings.HasPrefix(d.Number, "+"):
			return OutboundInvalid
		case deny > allow:
			return OutboundDenied
		case allow > 0:
		case kind == sip.NumberInvalid:
			return OutboundInvalid
		case kind == sip.NumberPremium:
			return OutboundPremium
		case kind == sip.NumberInternational:
			return OutboundInternational
		}
		switch {
		case !p.open(now):
			return OutboundHours
		case p.SpendADay > 0 && !known:
			return OutboundTariff
		}
		return OutboundAllowed
	}()
	return d
}

// longest is the length of the longest prefix of number, 0 if none fits.
func longest(prefixes []string, number string) (n int) {
	for _, p := range prefixes {
		if strings.HasPrefix(number, p) {
			n = max(n, len(p))
		}
	}
	return n
}

func (p *OutboundPolicy) tariff(number string) (tariff Money, known bool) {
	n := -1
	for prefix, m := range p.Tariffs {
		if strings.HasPrefix(number, prefix) && len(prefix) > n {
			n, tariff = len(prefix), m
		}
	}
	return tariff, n >= 0
}

// open says whether calls may be made at that time of the day.
func (p *OutboundPolicy) open(now time.Time) bool {
	local := now.In(p.Zone)
	minute := 60*local.Hour() + local.Minute()
	for _, iv := range p.Hours {
		if iv.From <= minute && minute < iv.To {
			return true
		}
	}
	return len(p.Hours) == 0
}

// nextOpen is the first moment from t on at which calls may be made.
func (p *OutboundPolicy) nextOpen(t time.Time) time.Time {
	for range 48 * 60 { // a day that turns the clock has 25 hours
		if p.open(t) {
			return t
		}
		t = t.Truncate(time.Minute).Add(time.Minute)
	}
	return t
}

// spending is what today has cost so far, calls that are up included.
func (a *account) spending(p *OutboundPolicy, now time.Time) Money {
	a.turn(p, now)
	sum := a.spent
	for _, r := range a.running {
		sum += r.cost(now)
	}
	return sum
}

// turn begins a new day when it is time.
func (a *account) turn(p *OutboundPolicy, now time.Time) {
	if today := cases.DateOf(now.In(p.Zone)); today != a.day {
		a.day, a.spent = today, 0
	}
}

// ended says that the call with that id is over.
func (a *account) ended(p *OutboundPolicy, id string, now time.Time) {
	a.turn(p, now)
	a.spent += a.running[id].cost(now)
	delete(a.running, id)
}

// cost is that of the minutes begun.
func (r running) cost(now time.Time) Money {
	return r.tariff * Money(1+max(0, now.Sub(r.since))/time.Minute)
}

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
	return b.used+1 <= float64(r.Calls)
}

func (b *bucket) take() { b.used++ }

// DeniedError says that policy does not allow a call to the outside.
type DeniedError struct{ Decision }

func (e *DeniedError) Error() string { return fmt.Sprintf("call to the outside denied: %s", e.Reason) }
