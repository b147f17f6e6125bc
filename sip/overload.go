package sip

import "time"

// pressure is a state of the overload control.
type pressure string

const (
	calm     pressure = "calm"     // every new call is taken
	shedding pressure = "shedding" // those above the rate get 503
	critical pressure = "critical" // and are asked to stay away for a while
)

const (
	lagInterval = 100 * time.Millisecond // between looks at the lag
	lagTarget   = 150 * time.Millisecond // T1 is 500 ms
	lagCritical = time.Second

	shedAfter   = 3  // intervals above the target in a row
	calmAfter   = 20 // intervals in a row in which nobody was refused
	longestHold = 300 * time.Millisecond
	leastRate   = 5.0 // new calls a second that are always taken, or nothing could be measured
	burstTime   = 200 * time.Millisecond
)

// overload says how many new calls are taken while the process lags: a rate that
// falls while the lag is above its target and rises below it, the faster the
// further (RFC 6357 5). The lag answers for what was taken a lag ago, so the rate
// falls only once in that time, or in longestHold. The zero value is calm.
type overload struct {
	state pressure // empty: calm
	rate  float64  // new calls a second; meaningless when calm

	tokens float64
	filled time.Time // tokens, last

	usual   float64   // new calls taken a second, of about the last five seconds
	held    time.Time // until then the rate does not fall
	late    int       // intervals in a row above the target
	refused int       // in this interval
	taken   int       // in this interval
	quiet   int       // intervals in a row in which nobody was refused
}

// adapt is called every lagInterval with the lag there is, and returns the state.
func (o *overload) adapt(lag time.Duration, now time.Time) pressure {
	o.usual += 0.02 * (float64(o.taken)/lagInterval.Seconds() - o.usual)
	if o.late++; lag <= lagTarget {
		o.late = 0
	}
	if o.quiet++; o.refused > 0 || lag > lagTarget {
		o.quiet = 0
	}
	switch {
	case o.calm() && o.late < shedAfter:
	case o.calm():
		o.state, o.rate, o.tokens, o.filled = shedding, max(leastRate, o.usual), 0, now
		o.fall(lag, now)
	case o.quiet >= calmAfter:
		o.state = calm
	case lag > lagTarget:
		o.fall(lag, now)
	case o.refused > 0:
		o.rate *= 1 + 0.05*(1-float64(lag)/float64(lagTarget))
	}
	if !o.calm() {
		o.state = severity(o.state, lag)
	}
	o.taken, o.refused = 0, 0
	return o.state
}

func (o *overload) calm() bool { return o.state == "" || o.state == calm }

func (o *overload) fall(lag time.Duration, now time.Time) {
	if now.Before(o.held) {
		return
	}
	o.held = now.Add(min(lag, longestHold))
	excess := min(1, float64(lag-lagTarget)/float64(lagTarget))
	o.rate = max(leastRate, o.rate*(1-0.1*excess))
}

// severity tells shedding from critical.
func severity(was pressure, lag time.Duration) pressure {
	switch {
	case lag >= lagCritical:
		return critical
	case was == critical && lag > lagCritical/2:
		return critical
	}
	return shedding
}

// take says whether a new call is taken that leaves reserve, 0 to 1, of what may
// come at once to more important ones.
func (o *overload) take(reserve float64, now time.Time) bool {
	if o.calm() {
		o.taken++
		return true
	}
	burst := max(2, o.rate*burstTime.Seconds())
	o.tokens = min(burst, o.tokens+max(0, now.Sub(o.filled).Seconds())*o.rate)
	o.filled = now
	if o.tokens < 1+reserve*(burst-1) {
		o.refused++
		return false
	}
	o.tokens--
	o.taken++
	return true
}
