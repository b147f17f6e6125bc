package call

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shouwen/cases"
	"shouwen/sip"
)

func beijing(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

const mobile, desk = "+8613800138000", "+861055550101"

func TestWhoMayBeCalled(t *testing.T) {
	t.Parallel()
	zone := beijing(t)
	home := OutboundPolicy{Plan: sip.NumberingPlan{Country: "CN", AreaCode: "10"}, Zone: zone}
	with := func(change func(*OutboundPolicy)) OutboundPolicy {
		p := home
		change(&p)
		return p
	}
	abroad := with(func(p *OutboundPolicy) { p.Allow = []string{"+852", "+1900"} })
	day := with(func(p *OutboundPolicy) {
		p.Hours = []cases.Interval{{From: 8 * 60, To: 12 * 60}, {From: 14 * 60, To: 21 * 60}}
	})
	noon := time.Date(2026, 11, 23, 12, 30, 0, 0, zone)
	rest := with(func(p *OutboundPolicy) {
		p.Hours, p.Concurrent = day.Hours[1:], 1
		p.Quiet = func(t time.Time) time.Time {
			return cases.Policy{QuietHours: []string{"12:00-15:00"}}.Quiet(t, cases.Calendar{Zone: zone})
		}
	})
	morning := noon.Add(-time.Hour)
	tests := map[string]struct {
		policy OutboundPolicy
		number string
		at     time.Time
		want   OutboundReason
	}{
		"a mobile":                            {home, mobile, noon, OutboundAllowed},
		"a mobile as it is dialled here":      {home, "13800138000", noon, OutboundAllowed},
		"a desk with area code":               {home, "010 5555-0101", noon, OutboundAllowed},
		"with 00":                             {home, "008613800138000", noon, OutboundAllowed},
		"abroad":                              {home, "+442079460000", noon, OutboundInternational},
		"abroad with 00":                      {home, "00442079460000", noon, OutboundInternational},
		"abroad, allowed":                     {abroad, "+85221234567", noon, OutboundAllowed},
		"abroad, another country":             {abroad, "+442079460000", noon, OutboundInternational},
		"premium rate at home":                {home, "+8616812345", noon, OutboundPremium},
		"premium rate abroad":                 {home, "+19002345678", noon, OutboundPremium},
		"premium rate, allowed":               {abroad, "+19002345678", noon, OutboundAllowed},
		"satellite":                           {home, "+881612345678", noon, OutboundInternational},
		"nothing":                             {home, "", noon, OutboundInvalid},
		"words":                               {home, "anonymous", noon, OutboundInvalid},
		"a SIP address":                       {home, "+8613800138000@evil.example", noon, OutboundInvalid},
		"digits of another script":            {home, "１３８００１３８０００", noon, OutboundInvalid},
		"stars":                               {home, "*5" + mobile, noon, OutboundInvalid},
		"an extension":                        {home, "1001", noon, OutboundShort},
		"another hotline":                     {home, "12345", noon, OutboundShort},
		"the police":                          {home, "110", noon, OutboundEmergency},
		"the police, allowed, at any hour":    {with(func(p *OutboundPolicy) { p.Emergency, p.Hours = true, day.Hours }), "110", noon, OutboundAllowed},
		"too long":                            {home, "+861380013800012345678", noon, OutboundInvalid},
		"denied":                              {with(func(p *OutboundPolicy) { p.Deny = []string{"+86138"} }), mobile, noon, OutboundDenied},
		"denied, but one part of it allowed":  {with(func(p *OutboundPolicy) { p.Deny, p.Allow = []string{"+86138"}, []string{"+861380013"} }), mobile, noon, OutboundAllowed},
		"allowed, but one part of it denied":  {with(func(p *OutboundPolicy) { p.Allow, p.Deny = []string{"+86"}, []string{"+86138"} }), mobile, noon, OutboundDenied},
		"lunch":                               {day, mobile, noon, OutboundHours},
		"the morning":                         {day, mobile, morning, OutboundAllowed},
		"a quiet hour":                        {rest, mobile, noon.Add(2 * time.Hour), OutboundQuiet},
		"a quiet hour, and he asked":          {rest.on(Asked), mobile, noon.Add(2 * time.Hour), OutboundAllowed},
		"lunch, though he asked":              {rest.on(Asked), mobile, noon, OutboundHours},
		"lunch, and it is urgent":             {rest.on(Urgent), mobile, noon, OutboundAllowed},
		"abroad, though it is urgent":         {rest.on(Urgent), "+442079460000", noon, OutboundInternational},
		"no tariff, and spending is limited":  {with(func(p *OutboundPolicy) { p.SpendADay = 1000 }), mobile, noon, OutboundTariff},
		"a tariff that says it costs nothing": {with(func(p *OutboundPolicy) { p.SpendADay, p.Tariffs = 1000, map[string]Money{"+86": 0} }), mobile, noon, OutboundAllowed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := newAccount().placeOutbound(&tt.policy, "call", "agent", tt.number, tt.at); d.Reason != tt.want {
				t.Errorf("%s as %s: %s, want %s", tt.number, d.Number, d.Reason, tt.want)
			}
		})
	}
}

func TestLimitsOfCallsToTheOutside(t *testing.T) {
	t.Parallel()
	p := OutboundPolicy{
		Plan: sip.NumberingPlan{Country: "CN"}, Zone: beijing(t), PerActor: Rate{2, time.Hour}, Overall: Rate{5, time.Hour},
		Concurrent: 3, Tariffs: map[string]Money{"+86": 100, "+861055": 300}, SpendADay: 2000,
	}
	start := time.Date(2026, 11, 23, 23, 0, 0, 0, p.Zone)
	type step struct {
		after  time.Duration // from the start
		actor  string
		number string // empty: the call with this id ends
		want   OutboundReason
	}
	tests := map[string][]step{
		"two by one actor, and another after half an hour": {
			{0, "a", mobile, OutboundAllowed}, {0, "a", mobile, OutboundAllowed}, {0, "a", mobile, OutboundActorRate},
			{0, "0", "", ""}, {0, "1", "", ""}, {29 * time.Minute, "a", mobile, OutboundActorRate}, {30 * time.Minute, "a", mobile, OutboundAllowed},
		},
		"three at once": {
			{0, "a", mobile, OutboundAllowed}, {0, "b", mobile, OutboundAllowed}, {0, "c", mobile, OutboundAllowed},
			{0, "d", mobile, OutboundConcurrent}, {0, "0", "", ""}, {0, "d", mobile, OutboundAllowed},
		},
		"five in all": {
			{0, "a", mobile, OutboundAllowed}, {0, "b", mobile, OutboundAllowed}, {0, "c", mobile, OutboundAllowed}, {0, "0", "", ""},
			{0, "d", mobile, OutboundAllowed}, {0, "1", "", ""}, {0, "e", mobile, OutboundAllowed}, {0, "2", "", ""}, {0, "f", mobile, OutboundRate},
		},
		"a call that is up costs, each day what begins on it": {
			{0, "a", desk, OutboundAllowed}, // 300 a minute
			{4 * time.Minute, "b", desk, OutboundAllowed},
			{5 * time.Minute, "c", mobile, OutboundSpend}, // 6 + 2 minutes begun
			{6 * time.Minute, "0", "", ""},
			{65 * time.Minute, "c", mobile, OutboundAllowed}, // 6 since midnight
			{66 * time.Minute, "d", mobile, OutboundSpend},
			{67 * time.Minute, "1", "", ""},
			{25*time.Hour + time.Minute, "d", mobile, OutboundAllowed},
		},
		"what is denied costs nobody a token": {
			{0, "a", "+442079460000", OutboundInternational}, {0, "a", "+442079460000", OutboundInternational}, {0, "a", "+442079460000", OutboundInternational},
			{0, "a", mobile, OutboundAllowed}, {0, "a", mobile, OutboundAllowed},
		},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount()
			for i, s := range steps {
				if s.number == "" {
					a.ended(&p, s.actor, start.Add(s.after))
				} else if d := a.placeOutbound(&p, fmt.Sprint(i), s.actor, s.number, start.Add(s.after)); d.Reason != s.want {
					t.Errorf("step %d: %s, want %s", i, d.Reason, s.want)
				}
			}
		})
	}
}

// TestEmergenciesLeaveLimitsAlone: a call of one is made whatever was called before, and
// gives nobody calls back.
func TestEmergenciesLeaveLimitsAlone(t *testing.T) {
	t.Parallel()
	p := OutboundPolicy{Plan: sip.NumberingPlan{Country: "CN"}, Zone: beijing(t), PerActor: Rate{1, time.Hour}, Overall: Rate{2, time.Hour}, Concurrent: 2}
	urgent := p.on(Urgent)
	a, now := newAccount(), time.Date(2026, 11, 23, 12, 0, 0, 0, p.Zone)
	for i, s := range []struct {
		policy *OutboundPolicy
		actor  string
		want   OutboundReason
	}{
		{&p, "a", OutboundAllowed}, {&p, "a", OutboundActorRate}, {&urgent, "a", OutboundAllowed}, {&p, "a", OutboundActorRate},
		{&p, "b", OutboundAllowed}, {&p, "c", OutboundRate}, {&urgent, "c", OutboundAllowed}, {&p, "c", OutboundRate},
	} {
		id := fmt.Sprint(i)
		if d := a.placeOutbound(s.policy, id, s.actor, mobile, now); d.Reason != s.want {
			t.Errorf("step %d: %s, want %s", i, d.Reason, s.want)
		}
		a.ended(&p, id, now)
	}
}

// TestNoLimitIsEverExceeded: whatever comes in whatever order, the counts made by
// the test itself stay within the policy.
func TestNoLimitIsEverExceeded(t *testing.T) {
	t.Parallel()
	zone := beijing(t)
	rapid.Check(t, func(t *rapid.T) {
		p := OutboundPolicy{
			Plan: sip.NumberingPlan{Country: "CN"}, Zone: zone, Concurrent: rapid.IntRange(1, 4).Draw(t, "concurrent"),
			PerActor: Rate{rapid.IntRange(1, 4).Draw(t, "per actor"), 10 * time.Minute}, Overall: Rate{rapid.IntRange(1, 6).Draw(t, "overall"), 10 * time.Minute},
			Tariffs: map[string]Money{"+86": 100}, SpendADay: Money(rapid.IntRange(100, 1500).Draw(t, "spend")),
		}
		nodes := newNodes(rapid.IntRange(1, 3).Draw(t, "nodes"))
		if len(nodes.all) > 1 { // nobody pays here for calls as they go on, which others would know of
			p.Tariffs, p.SpendADay = nil, 0
		}
		type placed struct {
			actor string
			at    time.Time
		}
		now := time.Date(2026, 11, 23, 22, 0, 0, 0, zone)
		var all []placed
		up, at := map[string]time.Time{}, map[string]*account{}
		spent, day := Money(0), now.YearDay()
		cost := func(since time.Time) Money {
			n := 1 + now.Sub(since)/time.Minute
			if midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, -1, zone); since.Before(midnight) {
				n -= 1 + midnight.Sub(since)/time.Minute
			}
			return 100 * Money(n)
		}
		for i := range rapid.IntRange(1, 80).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "seconds")) * time.Second)
			if now.YearDay() != day {
				spent, day = 0, now.YearDay()
			}
			if rapid.Bool().Draw(t, "ends") && len(up) > 0 {
				for id, since := range up {
					at[id].ended(&p, id, now)
					spent += cost(since)
					delete(up, id)
					break
				}
				continue
			}
			id := fmt.Sprint(i)
			actor := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "actor")
			number := rapid.SampledFrom([]string{mobile, desk, "+442079460000", "+8616812345", "110", "+", "0086138"}).Draw(t, "number")
			nodes.settle(&p, now)
			at[id] = rapid.SampledFrom(nodes.all).Draw(t, "node")
			if !at[id].placeOutbound(&p, id, actor, number, now).Allowed() {
				continue
			}
			if number != mobile && number != desk {
				t.Fatalf("%s allowed", number)
			}
			up[id], all = now, append(all, placed{actor, now})
			sum := spent
			for _, since := range up {
				sum += cost(since)
			}
			if p.SpendADay > 0 && sum > p.SpendADay || len(up) > p.Concurrent {
				t.Fatalf("%d of %d spent, %d of %d at once", sum, p.SpendADay, len(up), p.Concurrent)
			}
			// A bucket lets through at most its calls and what flows back meanwhile.
			for from := range all {
				mine, span := 0, now.Sub(all[from].at).Minutes()/10
				for _, c := range all[from:] {
					if c.actor == actor {
						mine++
					}
				}
				if float64(mine) > float64(p.PerActor.Calls)*(1+span)+1e-6 || float64(len(all[from:])) > float64(p.Overall.Calls)*(1+span)+1e-6 {
					t.Fatalf("%d by one and %d in all within %.1f times the time of %+v, %+v", mine, len(all[from:]), span, p.PerActor, p.Overall)
				}
			}
		}
	})
}

// TestNumbersInAnyFormStayInside: no writing of a number gets round the policy.
func TestNumbersInAnyFormStayInside(t *testing.T) {
	t.Parallel()
	p := OutboundPolicy{Plan: sip.NumberingPlan{Country: "CN", AreaCode: "10"}, Zone: time.UTC}
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`(\+|00|011|\*|#|tel:)?[0-9\-. ()/]{0,22}(;phone-context=\+[0-9]{1,3})?`).Draw(t, "number")
		d := p.judge(number, time.Unix(0, 0))
		if d.Allowed() && !strings.HasPrefix(d.Number, "+86") {
			t.Fatalf("%q allowed as %s", number, d.Number)
		}
	})
}
