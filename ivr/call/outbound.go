package call

import (
	"cmp"
	"fmt"
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
	Tariffs    map[string]Money // of each Interval begun, by prefix
	Interval   time.Duration    // 0: a minute
	SpendADay  Money            // 0: without limit; otherwise what has no tariff is denied, and who spends the last of it is cut off
	ActorSpend Money            // the same, of each actor
	Hours      []cases.Interval // of every day; none: always
	Zone       *time.Location   // of days and hours

	// Quiet tells when the hours end, if it is one of them, in which nobody is called who
	// did not ask for it; see cases.Policy.Quiet. nil: there are none.
	Quiet func(time.Time) (until time.Time)

	urgent bool // no limit counts
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
	OutboundQuiet         OutboundReason = "quiet_hours"    // he did not ask to be called in them
	OutboundActorRate     OutboundReason = "actor_rate"     // too many by this actor of late
	OutboundRate          OutboundReason = "rate"           // too many of late
	OutboundConcurrent    OutboundReason = "concurrent"     // too many at once
	OutboundTariff        OutboundReason = "unknown_tariff" // nobody knows what it costs, and spending is limited
	OutboundSpend         OutboundReason = "spend"          // today's money is spent
	OutboundActorSpend    OutboundReason = "actor_spend"    // this actor's is
)

// OutboundReasons are all reasons.
var OutboundReasons = []string{
	string(OutboundAllowed), string(OutboundInvalid), string(OutboundShort), string(OutboundEmergency), string(OutboundInternational),
	string(OutboundPremium), string(OutboundDenied), string(OutboundHours), string(OutboundQuiet), string(OutboundActorRate), string(OutboundRate),
	string(OutboundConcurrent), string(OutboundTariff), string(OutboundSpend), string(OutboundActorSpend),
}

// Occasion says what a call is made for, and so which limits hold.
type Occasion string

// The occasions.
const (
	Unasked Occasion = ""       // nobody asked for it: not in quiet hours
	Asked   Occasion = "asked"  // whom it is for asked to be called
	Urgent  Occasion = "urgent" // one of our own people in an emergency: at any hour, however much was called and spent
)

// on returns p as it is on an occasion.
func (p OutboundPolicy) on(o Occasion) OutboundPolicy {
	if o == Asked || o == Urgent {
		p.Quiet = nil
	}
	if o == Urgent {
		p.Hours, p.urgent = nil, true
	}
	return p
}

// Decision is whether a call to the outside may be made.
type Decision struct {
	Reason OutboundReason
	Number string // normalised
	Tariff Money
}

// Allowed says whether the call may be made.
func (d Decision) Allowed() bool { return d.Reason == OutboundAllowed }

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
		case p.quiet(now):
			return OutboundQuiet
		case p.limitsSpending() && !known:
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

// limitsSpending says whether calls are to be paid for.
func (p *OutboundPolicy) limitsSpending() bool {
	return !p.urgent && (p.SpendADay > 0 || p.ActorSpend > 0)
}

// interval is what tariffs are of.
func (p *OutboundPolicy) interval() time.Duration { return cmp.Or(p.Interval, time.Minute) }

// warning is how long before its end a call is warned.
func (p *OutboundPolicy) warning() time.Duration { return min(warnBefore, p.interval()) }

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

// quiet says whether nobody is called at that time who did not ask for it.
func (p *OutboundPolicy) quiet(now time.Time) bool { return p.Quiet != nil && !p.Quiet(now).IsZero() }

// nextOpen is the first moment from t on at which calls may be made.
func (p *OutboundPolicy) nextOpen(t time.Time) time.Time {
	for range 48 * 60 { // a day that turns the clock has 25 hours
		if p.open(t) && !p.quiet(t) {
			return t
		}
		t = t.Truncate(time.Minute).Add(time.Minute)
	}
	return t
}

// DeniedError says that policy does not allow a call to the outside.
type DeniedError struct{ Decision }

func (e *DeniedError) Error() string { return fmt.Sprintf("call to the outside denied: %s", e.Reason) }
