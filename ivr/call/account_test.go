package call

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shouwen/cases/store"
	"shouwen/sip"
)

// TestMoneyThatRunsShort: a call goes on as long as its minutes can be paid before
// they begin; 15 s before that ends it is warned, and a second before it is ended.
func TestMoneyThatRunsShort(t *testing.T) {
	t.Parallel()
	p := OutboundPolicy{
		Plan: sip.NumberingPlan{Country: "CN"}, Zone: beijing(t), Tariffs: map[string]Money{"+86": 100, "+861055": 0}, SpendADay: 350,
	}
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, p.Zone)
	at := func(d time.Duration) time.Time { return start.Add(d) }
	a := newAccount()
	want := func(id string, after, left time.Duration, enough bool) {
		t.Helper()
		l, e, ok := a.pay(&p, id, at(after))
		if !ok || l != left || e != enough {
			t.Errorf("%s after %s: %s left, enough %t (%t), want %s, %t", id, after, l, e, ok, left, enough)
		}
	}
	place := func(id, number string, after time.Duration) {
		t.Helper()
		if d := a.placeOutbound(&p, id, "agent", number, at(after)); !d.Allowed() {
			t.Fatalf("%s: %s", id, d.Reason)
		}
	}
	place("one", mobile, 0)
	want("one", 0, 59*time.Second, true)
	want("one", 43*time.Second, 16*time.Second, true)
	want("one", 44*time.Second, 75*time.Second, true) // the second minute is paid
	place("two", mobile, 50*time.Second)              // and has the third
	want("two", 50*time.Second, 59*time.Second, true)
	want("two", 94*time.Second, 15*time.Second, false)
	a.ended(&p, "one", at(55*time.Second)) // its second minute was not needed
	want("two", 109*time.Second, 60*time.Second, true)
	want("two", 154*time.Second, 15*time.Second, false)
	want("two", 169*time.Second, 0, false)
	place("free", "+861055550101", 170*time.Second)
	if _, _, ok := a.pay(&p, "free", at(171*time.Second)); ok {
		t.Error("a call that costs nothing is watched")
	}
	if _, _, ok := a.pay(&p, "unknown", at(171*time.Second)); ok {
		t.Error("a call there is not is watched")
	}
	midnight := 12 * time.Hour
	if _, enough, _ := a.pay(&p, "two", at(midnight)); !enough {
		t.Error("not even the money of another day is enough")
	}
}

// TestSpendingStaysWithinTheDay: whoever is placed when, calls that are paid for before
// each minute and hung up when they cannot be never cost more than the day has.
func TestSpendingStaysWithinTheDay(t *testing.T) {
	t.Parallel()
	zone := beijing(t)
	rapid.Check(t, func(t *rapid.T) {
		p := OutboundPolicy{
			Plan: sip.NumberingPlan{Country: "CN"}, Zone: zone, Tariffs: map[string]Money{"+86": 100, "+861055": 70},
			SpendADay: Money(rapid.IntRange(100, 2000).Draw(t, "spend")), Interval: rapid.SampledFrom([]time.Duration{time.Second, 6 * time.Second, time.Minute}).Draw(t, "interval"),
		}
		now := time.Date(2026, 11, 23, 23, 50, 0, 0, zone)
		nodes := newNodes(rapid.IntRange(1, 3).Draw(t, "nodes"))
		at := map[string]*account{}    // where a call is
		next := map[string]time.Time{} // when it is looked at again
		began := map[string]time.Time{}
		tariffs := map[string]Money{}
		var over []func(midnight time.Time) Money // of ended calls
		cost := func(id string, end time.Time) func(time.Time) Money {
			since, tariff := began[id], tariffs[id]
			return func(midnight time.Time) (sum Money) {
				for t := since; !t.After(end); t = t.Add(p.Interval) {
					if t.After(midnight) {
						sum += tariff
					}
				}
				return sum
			}
		}
		watch := func(id string) {
			nodes.settle(&p, now)
			left, enough, _ := at[id].pay(&p, id, now)
			switch {
			case enough:
				next[id] = now.Add(left - p.warning())
			case left > 0:
				next[id] = now.Add(left)
			default:
				at[id].ended(&p, id, now)
				over = append(over, cost(id, now))
				delete(next, id)
			}
		}
		for i := range 60 {
			until := now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
			for {
				id, ok := "", false
				for one, at := range next {
					if !at.After(until) && (!ok || at.Before(next[id]) || at.Equal(next[id]) && one < id) {
						id, ok = one, true
					}
				}
				if !ok {
					break
				}
				if next[id].After(now) {
					now = next[id]
				}
				watch(id)
			}
			now = until
			nodes.settle(&p, now)
			if id, number := fmt.Sprint(i), rapid.SampledFrom([]string{mobile, desk}).Draw(t, "number"); rapid.Bool().Draw(t, "placed") {
				a := rapid.SampledFrom(nodes.all).Draw(t, "node")
				at[id] = a
				if d := a.placeOutbound(&p, id, "agent", number, now); d.Allowed() {
					began[id], tariffs[id] = now, d.Tariff
					watch(id)
				}
			} else if ids := slices.Sorted(maps.Keys(next)); len(ids) > 0 && rapid.Bool().Draw(t, "ends") {
				id := rapid.SampledFrom(ids).Draw(t, "who")
				at[id].ended(&p, id, now)
				over = append(over, cost(id, now))
				delete(next, id)
			}
			midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, zone).Add(-time.Nanosecond)
			sum := Money(0)
			for _, c := range over {
				sum += c(midnight)
			}
			for id := range next {
				sum += cost(id, now)(midnight)
			}
			if sum > p.SpendADay {
				t.Fatalf("at %s %d is spent of %d", now, sum, p.SpendADay)
			}
		}
	})
}

// nodes are the accounts of nodes that tell each other what they count.
type nodes struct {
	all  []*account
	told []store.OutboundCall
	by   []*account // told
	know map[*account]int
}

func newNodes(n int) *nodes {
	s := &nodes{know: map[*account]int{}}
	for range n {
		s.all = append(s.all, newAccount())
	}
	return s
}

// settle has every node know what the others have.
func (s *nodes) settle(p *OutboundPolicy, now time.Time) {
	for range 2 { // at midnight they have something to tell as they learn
		for _, a := range s.all {
			for id := range a.news {
				s.told, s.by = append(s.told, a.news[id]), append(s.by, a)
			}
			clear(a.news)
			var others []store.OutboundCall
			for i := s.know[a]; i < len(s.told); i++ {
				if s.by[i] != a {
					others = append(others, s.told[i])
				}
			}
			s.know[a] = len(s.told)
			a.learn(p, others, false, now)
		}
	}
}

// TestLimitsOutliveTheProgram: who begins anew with what was on record decides as who
// went on, or is stricter where as many have called lately as may.
func TestLimitsOutliveTheProgram(t *testing.T) {
	t.Parallel()
	zone := beijing(t)
	rapid.Check(t, func(t *rapid.T) {
		p := OutboundPolicy{
			Plan: sip.NumberingPlan{Country: "CN"}, Zone: zone,
			PerActor: Rate{rapid.IntRange(0, 4).Draw(t, "per actor"), 10 * time.Minute}, Overall: Rate{rapid.IntRange(0, 6).Draw(t, "overall"), 20 * time.Minute},
			Tariffs: map[string]Money{"+86": 100}, SpendADay: Money(rapid.IntRange(0, 2000).Draw(t, "spend")),
		}
		a, now := newAccount(), time.Date(2026, 11, 23, 23, 40, 0, 0, zone)
		record := map[string]store.OutboundCall{}
		pass := func() { now = now.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "seconds")) * time.Second) }
		for i := range 30 {
			pass()
			id := fmt.Sprint(i)
			a.placeOutbound(&p, id, rapid.SampledFrom([]string{"a", "b"}).Draw(t, "actor"), rapid.SampledFrom([]string{mobile, "110"}).Draw(t, "number"), now)
			pass()
			a.ended(&p, id, now) // every call: none outlives the program
			maps.Copy(record, a.news)
		}
		past := slices.SortedFunc(maps.Values(record), func(a, b store.OutboundCall) int { return a.Placed.Compare(b.Placed) })
		past = slices.DeleteFunc(past, func(c store.OutboundCall) bool { return c.Counted.Before(p.since(now)) })
		b := newAccount()
		b.learn(&p, past, true, now)
		lately := func(r Rate, actors ...string) (n int) {
			for _, c := range past {
				if slices.Contains(actors, c.Actor) && now.Sub(c.Placed) <= r.Per {
					n++
				}
			}
			return n
		}
		was, is := a.placeOutbound(&p, "later", "a", mobile, now), b.placeOutbound(&p, "later", "a", mobile, now)
		stricter := is.Reason == OutboundActorRate && lately(p.PerActor, "a") >= p.PerActor.Calls ||
			is.Reason == OutboundRate && lately(p.Overall, "a", "b") >= p.Overall.Calls
		if was.Reason != is.Reason && !stricter {
			t.Fatalf("at %s: %s, and %s by who remembers", now, is.Reason, was.Reason)
		}
	})
}
