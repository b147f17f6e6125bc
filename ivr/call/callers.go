package call

import (
	"slices"
	"sync"
	"time"

	"shouwen/cases"
)

const (
	mostCallers = 100_000 // remembered; when there are more, the half heard of least lately is forgotten
	mostCalls   = 20      // of one of them
)

// Callers remembers who has called, for those who call again: their open case with
// its first-asker, and how often they called of late. It asks nobody, so it is as
// quick while the database is away. Its methods are safe from any goroutine.
type Callers struct {
	Shared       []cases.Number // of many people, as a company's switchboard: never one caller
	RepeatCalls  int            // so many calls, the present one too, …
	RepeatWithin time.Duration  // … in so long a time make a repeat caller; 0 calls: never

	mu    sync.Mutex // guards the following
	known map[cases.Number]*known
}

// known is what is known of one number.
type known struct {
	OpenCase
	learned time.Time   // when the case was heard of
	calls   []time.Time // the latest mostCalls
}

// OpenCase is the open case of a caller.
type OpenCase struct {
	Caller     cases.Number
	Case       cases.CaseNumber // empty: none
	FirstAsker string           // user; empty: nobody picked up
}

// Repeat says why somebody is a repeat caller. It is logged.
type Repeat string

// The reasons.
const (
	NoRepeat   Repeat = ""
	OpenMatter Repeat = "open_case"   // he has a case that is not settled
	OftenOf    Repeat = "calls_often" // see Callers.RepeatCalls
)

// Again is what is known of a caller who has called before.
type Again struct {
	OpenCase
	Repeat Repeat
}

// again notes a call of who to line, and returns what is known of him. On a line for
// complaints he is a stranger: his case may be that of whom he complains of.
func (s *Switch) again(line Hotline, who cases.Caller, at time.Time) Again {
	if line.Complaints {
		return Again{}
	}
	s.Callers.Called(who, at)
	return s.Callers.Again(who, at)
}

// Again returns what is known of who at now. A number that is withheld or shared
// is nobody's.
func (k *Callers) Again(who cases.Caller, now time.Time) Again {
	if who.Withheld || who.E164 == "" || slices.Contains(k.Shared, who.E164) {
		return Again{}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	one := k.known[who.E164]
	if one == nil {
		return Again{}
	}
	if one.Case != "" {
		return Again{one.OpenCase, OpenMatter}
	}
	lately := 0
	for _, at := range one.calls {
		if now.Sub(at) < k.RepeatWithin {
			lately++
		}
	}
	if k.RepeatCalls > 0 && lately >= k.RepeatCalls {
		return Again{Repeat: OftenOf}
	}
	return Again{}
}

// Called notes a call of who at a moment.
func (k *Callers) Called(who cases.Caller, at time.Time) {
	k.learn(who, at, func(one *known) {
		one.calls = append(one.calls[max(0, len(one.calls)-mostCalls+1):], at)
	})
}

// Opened notes a case of who. One without a first-asker does not take the place of
// another: it is part of that, see cases.Attach.
func (k *Callers) Opened(who cases.Caller, n cases.CaseNumber, firstAsker string, at time.Time) {
	k.learn(who, at, func(one *known) {
		if firstAsker != "" || one.Case == "" {
			one.Case, one.FirstAsker, one.learned = n, firstAsker, at
		}
	})
}

func (k *Callers) learn(who cases.Caller, at time.Time, f func(*known)) {
	if who.Withheld || who.E164 == "" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	one := k.known[who.E164]
	if one == nil {
		k.makeRoom()
		one = &known{OpenCase: OpenCase{Caller: who.E164}}
		k.known[who.E164] = one
	}
	f(one)
}

// Load takes over which cases are open, the newest of a caller first. What was
// learned before asOf and is not among them is settled; a zero asOf settles nothing.
func (k *Callers) Load(open []OpenCase, asOf time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, one := range k.known {
		if one.learned.Before(asOf) {
			one.Case, one.FirstAsker = "", ""
		}
	}
	for _, o := range open[:min(len(open), mostCallers)] {
		one := k.known[o.Caller]
		if one == nil {
			k.makeRoom()
			one = &known{}
			k.known[o.Caller] = one
		}
		if one.Case == "" || one.FirstAsker == "" && o.FirstAsker != "" {
			one.OpenCase = o
		}
	}
}

// makeRoom forgets half of the callers when there are too many.
func (k *Callers) makeRoom() {
	if k.known == nil {
		k.known = make(map[cases.Number]*known)
	}
	if len(k.known) < mostCallers {
		return
	}
	heard := make([]time.Time, 0, len(k.known))
	for _, one := range k.known {
		heard = append(heard, one.heard())
	}
	slices.SortFunc(heard, time.Time.Compare)
	median := heard[len(heard)/2]
	for number, one := range k.known {
		if !one.heard().After(median) {
			delete(k.known, number)
		}
	}
}

// heard is when a caller was heard of last.
func (o *known) heard() time.Time {
	if n := len(o.calls); n > 0 && o.calls[n-1].After(o.learned) {
		return o.calls[n-1]
	}
	return o.learned
}
