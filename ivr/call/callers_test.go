package call

import (
	"fmt"
	"testing"
	"time"

	"shouwen/cases"
)

func TestCallersWhoCallAgain(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	const boss, switchboard cases.Number = "+861055550101", "+861055550000"
	who := cases.Caller{E164: boss}
	called := func(times ...time.Duration) func(*Callers) {
		return func(k *Callers) {
			for _, ago := range times {
				k.Called(who, now.Add(-ago))
			}
		}
	}
	opened := func(number cases.CaseNumber, by string) func(*Callers) {
		return func(k *Callers) { k.Opened(who, number, by, now) }
	}
	tests := map[string]struct {
		who   cases.Caller
		after []func(*Callers)
		want  Again
	}{
		"never heard of":                 {who: who},
		"called once":                    {who: who, after: []func(*Callers){called(0)}},
		"called thrice":                  {who: who, after: []func(*Callers){called(2*time.Hour, time.Hour, 0)}, want: Again{Repeat: OftenOf}},
		"called thrice, long ago":        {who: who, after: []func(*Callers){called(25*time.Hour, time.Hour, 0)}},
		"an open case":                   {who: who, after: []func(*Callers){opened("c1", "other")}, want: Again{OpenCase{boss, "c1", "other"}, OpenMatter}},
		"an open case nobody picked up":  {who: who, after: []func(*Callers){opened("c1", "")}, want: Again{OpenCase{boss, "c1", ""}, OpenMatter}},
		"a missed call after it":         {who: who, after: []func(*Callers){opened("c1", "other"), opened("c2", "")}, want: Again{OpenCase{boss, "c1", "other"}, OpenMatter}},
		"another first-asker after it":   {who: who, after: []func(*Callers){opened("c1", "other"), opened("c2", "clerk")}, want: Again{OpenCase{boss, "c2", "clerk"}, OpenMatter}},
		"of another number":              {who: cases.Caller{E164: "+861055550102"}, after: []func(*Callers){opened("c1", "other")}},
		"withheld":                       {who: cases.Caller{E164: boss, Withheld: true}, after: []func(*Callers){opened("c1", "other")}},
		"no number":                      {who: cases.Caller{}, after: []func(*Callers){opened("c1", "other")}},
		"a shared number":                {who: cases.Caller{E164: switchboard}, after: []func(*Callers){func(k *Callers) { k.Opened(cases.Caller{E164: switchboard}, "c1", "other", now) }}},
		"from the database":              {who: who, after: []func(*Callers){load(now, OpenCase{boss, "c1", "other"})}, want: Again{OpenCase{boss, "c1", "other"}, OpenMatter}},
		"the newest with a first-asker":  {who: who, after: []func(*Callers){load(now, OpenCase{boss, "c2", ""}, OpenCase{boss, "c1", "other"}, OpenCase{boss, "c0", "clerk"})}, want: Again{OpenCase{boss, "c1", "other"}, OpenMatter}},
		"settled since":                  {who: who, after: []func(*Callers){opened("c1", "other"), load(now.Add(time.Second))}},
		"not in the database yet":        {who: who, after: []func(*Callers){opened("c1", "other"), load(now)}, want: Again{OpenCase{boss, "c1", "other"}, OpenMatter}},
		"the database is behind":         {who: who, after: []func(*Callers){opened("c1", "other"), load(time.Time{})}, want: Again{OpenCase{boss, "c1", "other"}, OpenMatter}},
		"settled, but he calls so often": {who: who, after: []func(*Callers){opened("c1", "other"), called(3, 2, 1), load(now.Add(time.Second))}, want: Again{Repeat: OftenOf}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			k := &Callers{Shared: []cases.Number{switchboard}, RepeatCalls: 3, RepeatWithin: 24 * time.Hour}
			for _, f := range tt.after {
				f(k)
			}
			if got := k.Again(tt.who, now); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func load(asOf time.Time, open ...OpenCase) func(*Callers) {
	return func(k *Callers) { k.Load(open, asOf) }
}

// TestCallersAreBounded: who calls endlessly from ever new numbers fills no memory,
// and those who called last are known.
func TestCallersAreBounded(t *testing.T) {
	k, now := &Callers{}, time.Now()
	number := func(i int) cases.Caller { return cases.Caller{E164: cases.Number(fmt.Sprint("+86", i))} }
	const n = 5*mostCallers/2 + 7
	for i := range n {
		k.Opened(number(i), "c", "other", now.Add(time.Duration(i)))
	}
	if len(k.known) > mostCallers {
		t.Errorf("%d callers remembered", len(k.known))
	}
	if k.Again(number(n-1), now).Case == "" || k.Again(number(0), now).Case != "" {
		t.Error("the wrong half was forgotten")
	}
	for range 3 * mostCalls {
		k.Called(number(n-1), now)
	}
	if got := len(k.known[number(n-1).E164].calls); got != mostCalls {
		t.Errorf("%d calls of one remembered", got)
	}
}
