package sip

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestOverloadStates(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	repeat := func(lag time.Duration, n int) (all []time.Duration) {
		for range n {
			all = append(all, lag)
		}
		return all
	}
	late := repeat(200*ms, shedAfter)
	tests := map[string]struct {
		lags    []time.Duration
		offered int // calls after each
		want    pressure
	}{
		"nothing happens":               {repeat(0, 50), 10, ""},
		"at the target":                 {repeat(lagTarget, 50), 10, ""},
		"a short stall":                 {append(repeat(300*ms, shedAfter-1), 0), 10, ""},
		"late for long enough":          {late, 10, shedding},
		"very late":                     {repeat(lagCritical, shedAfter), 10, critical},
		"less late, but not by much":    {append(repeat(lagCritical, shedAfter), 600*ms), 10, critical},
		"less late by half":             {append(repeat(lagCritical, shedAfter), lagCritical/2), 10, shedding},
		"in time, some still refused":   {append(late, repeat(0, calmAfter-1)...), 1000, shedding},
		"in time, nobody refused":       {append(late, repeat(0, calmAfter)...), 0, calm},
		"nobody refused, not yet so":    {append(late, repeat(0, calmAfter-1)...), 0, shedding},
		"nobody comes, and still late":  {append(late, repeat(200*ms, 50)...), 0, shedding},
		"calm again, late once":         {append(append(late, repeat(0, calmAfter)...), 200*ms), 0, calm},
		"calm again, late again":        {append(append(late, repeat(0, calmAfter)...), late...), 0, shedding},
		"critical, then nothing is due": {append(repeat(lagCritical, shedAfter), repeat(0, calmAfter)...), 0, calm},
	}
	for name, test := range tests {
		var o overload
		now := time.Now()
		for _, lag := range test.lags {
			now = now.Add(lagInterval)
			o.adapt(lag, now)
			for range test.offered {
				o.take(0, now)
			}
		}
		if o.state != test.want {
			t.Errorf("%s: %q, want %q", name, o.state, test.want)
		}
	}
}

// The least is always taken, however late, or nobody could tell when it is over.
func TestOverloadTakesTheLeastAtAnyLag(t *testing.T) {
	t.Parallel()
	var o overload
	now := time.Now()
	taken := 0
	for i := range 1000 { // of 10 ms
		if now = now.Add(10 * time.Millisecond); i%10 == 0 {
			o.adapt(time.Minute, now)
		}
		if i >= 500 && o.take(0, now) {
			taken++
		}
	}
	if want := int(5 * leastRate); taken < want-2 || taken > want+2 {
		t.Errorf("%d taken in 5 s, want %d", taken, want)
	}
}

// plant is a server of a capacity in calls a second with a queue before it; its lag
// is what its callers have waited.
type plant struct {
	overload
	capacity        float64
	now             time.Time
	backlog         float64
	offered, served float64
	refusals        int
}

// load offers rate calls a second for d.
func (p *plant) load(rate float64, d time.Duration) {
	const step = 5 * time.Millisecond
	p.served, p.refusals = 0, 0
	for end := p.now.Add(d); p.now.Before(end); {
		if p.now = p.now.Add(step); p.now.UnixNano()/int64(step)%int64(lagInterval/step) == 0 {
			p.adapt(time.Duration(p.backlog/p.capacity*float64(time.Second)), p.now)
		}
		for p.offered += rate * step.Seconds(); p.offered >= 1; p.offered-- {
			if p.take(0, p.now) {
				p.backlog++
			} else {
				p.refusals++
			}
		}
		done := min(p.backlog, p.capacity*step.Seconds())
		p.backlog -= done
		p.served += done
	}
}

// Whatever the capacity and however many times it is asked for, a server works at
// 95 % of it at least, callers wait less than a second, and 5 s after the rush
// everybody is taken.
func TestOverloadKeepsGoodput(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := plant{capacity: rapid.Float64Range(20, 2000).Draw(t, "capacity"), now: time.Unix(0, 0)}
		times := rapid.Float64Range(1.2, 10).Draw(t, "times")
		p.load(p.capacity*0.8, 5*time.Second)
		if p.refusals > 0 {
			t.Fatalf("%d refused below the capacity", p.refusals)
		}
		p.load(p.capacity*times, 10*time.Second)
		p.load(p.capacity*times, 20*time.Second)
		if share := p.served / 20 / p.capacity; share < 0.95 {
			t.Errorf("goodput is %.2f of the capacity", share)
		}
		if wait := p.backlog / p.capacity; wait > 1 {
			t.Errorf("callers wait %.2f s", wait)
		}
		p.load(p.capacity*0.8, 5*time.Second)
		if p.load(p.capacity*0.8, 5*time.Second); p.refusals > 0 || !p.calm() {
			t.Errorf("5 s later %d were refused, %s", p.refusals, p.state)
		}
	})
}

func TestOverloadPrefersTrunks(t *testing.T) {
	t.Parallel()
	o := overload{state: shedding, rate: 100}
	now := time.Now()
	got := map[float64]int{}
	for range 1000 { // of 10 ms: all that 100 calls a second allow
		now = now.Add(10 * time.Millisecond)
		for _, reserve := range []float64{strangerReserve, phoneReserve, trunkReserve} {
			if o.take(reserve, now) {
				got[reserve]++
			}
		}
	}
	if got[trunkReserve] < 950 || got[phoneReserve]+got[strangerReserve] > 50 {
		t.Errorf("taken by reserve: %v, want those of trunks", got)
	}
}

// A call that was let in may repeat its INVITE and show its credentials, whatever
// the lag; who is in danger, or in a call that exists, is let in if he is known.
func TestNewCallsOfWhoIsIn(t *testing.T) {
	t.Parallel()
	invite := func(call, seq int, headers string) *wireMessage {
		text := fmt.Sprintf(callText, call, headers)
		text = strings.Replace(text, "CSeq: 1", fmt.Sprint("CSeq: ", seq), 1)
		v := inspect([]byte(text), malformedSource, false)
		if v.action != passMessage || !v.message.startsCall() {
			t.Fatalf("%q: %s", text, v.action)
		}
		return v.message
	}
	now := time.Now()
	n := newNewCalls(discard, now)
	n.control = overload{state: shedding, rate: leastRate, filled: now}
	full := n.control
	steps := []struct {
		name string
		m    *wireMessage
		free bool
		full bool // nothing may come now
		want bool
	}{
		{"the first", invite(1, 1, ""), false, false, true},
		{"another", invite(2, 1, ""), false, true, false},
		{"the first repeats himself", invite(1, 1, ""), false, true, true},
		{"the first shows credentials", invite(1, 2, ""), false, true, true},
		{"the other repeats himself", invite(2, 1, ""), false, true, false},
		{"the first skips a number", invite(1, 4, ""), false, true, false},
		{"one in danger", invite(3, 1, "Priority: Emergency\r\n"), true, true, true},
		{"a stranger in danger", invite(4, 1, "Priority: emergency\r\n"), false, true, false},
	}
	for _, s := range steps {
		if n.control = full; !s.full {
			n.control.tokens = 1
		}
		if got := n.lets(s.m, s.free && s.m.urgent(), trunkReserve, now); got != s.want {
			t.Errorf("%s: %v, want %v", s.name, got, s.want)
		}
	}
	if n.lets(invite(1, 1, ""), false, trunkReserve, now.Add(inviteMemory+time.Second)); n.control.refused == 0 {
		t.Error("a call is remembered for ever")
	}
}
