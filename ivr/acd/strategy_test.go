package acd_test

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shouwen/ivr/acd"
)

// strategies are the names of all.
var strategies = []string{
	"ring_all", "longest_idle", "round_robin", "fewest_calls", "least_talk_time", "linear", "weighted_random", "skills",
}

func named(t interface{ Fatal(...any) }, name string) acd.Strategy {
	s, err := acd.Named(name, 7)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ready returns a ready agent whose facts are changed by f.
func ready(user string, f func(*acd.Presence)) acd.Presence {
	p := acd.Presence{Agent: acd.Agent{User: user}, State: acd.Ready}
	f(&p)
	return p
}

// users names the agents of tiers: "a b" are rung together, then others.
func users(tiers iter.Seq[[]acd.Presence]) (all []string) {
	for tier := range tiers {
		var together []string
		for _, p := range tier {
			together = append(together, p.User)
		}
		all = append(all, strings.Join(together, " "))
	}
	return all
}

func TestStrategies(t *testing.T) {
	at := func(minute int) time.Time { return morning.Add(time.Duration(minute) * time.Minute) }
	// Three agents who differ in everything; c is like b but for his place.
	crew := []acd.Presence{
		ready("a", func(p *acd.Presence) {
			p.Work = acd.Work{Idle: at(9), Rung: at(2), Calls: 3, Talked: time.Minute}
			p.Skills = map[string]int{"english": 2}
		}),
		ready("b", func(p *acd.Presence) {
			p.Work = acd.Work{Idle: at(5), Rung: at(8), Calls: 2, Talked: time.Hour}
			p.Skills = map[string]int{"english": 1, "tax": 3}
		}),
		ready("c", func(p *acd.Presence) {
			p.Work = acd.Work{Idle: at(4), Rung: at(8), Calls: 2, Talked: time.Hour}
			p.Skills = map[string]int{"english": 3, "tax": 1, "calm": 1}
		}),
	}
	fresh := []acd.Presence{ready("x", func(*acd.Presence) {}), ready("y", func(*acd.Presence) {})}
	tests := map[string]struct {
		strategy   string
		candidates []acd.Presence
		caller     acd.Caller
		want       []string
	}{
		"everybody at once":                                {"ring_all", crew, acd.Caller{}, []string{"a b c"}},
		"the longest idle first":                           {"longest_idle", crew, acd.Caller{}, []string{"c", "b", "a"}},
		"who was rung longest ago first, then as listed":   {"round_robin", crew, acd.Caller{}, []string{"a", "b", "c"}},
		"who was never rung before all":                    {"round_robin", append(crew[:2:2], fresh[0]), acd.Caller{}, []string{"x", "a", "b"}},
		"the fewest calls first, then the longest idle":    {"fewest_calls", crew, acd.Caller{}, []string{"c", "b", "a"}},
		"the least talk time first, then the longest idle": {"least_talk_time", crew, acd.Caller{}, []string{"a", "c", "b"}},
		"as listed":                                          {"linear", crew, acd.Caller{}, []string{"a", "b", "c"}},
		"equal agents stay as listed":                        {"longest_idle", fresh, acd.Caller{}, []string{"x", "y"}},
		"drawn for one call":                                 {"weighted_random", crew, acd.Caller{Call: "1"}, []string{"a", "c", "b"}},
		"drawn for another":                                  {"weighted_random", crew, acd.Caller{Call: "2"}, []string{"a", "b", "c"}},
		"skills: without demands everybody":                  {"skills", crew, acd.Caller{}, []string{"a b c"}},
		"skills: who lacks what is required is left out":     {"skills", crew, acd.Caller{Required: map[string]int{"tax": 1}}, []string{"b c"}},
		"skills: a lower level does not do":                  {"skills", crew, acd.Caller{Required: map[string]int{"english": 2}}, []string{"a c"}},
		"skills: everything required is needed":              {"skills", crew, acd.Caller{Required: map[string]int{"english": 2, "tax": 1}}, []string{"c"}},
		"skills: nobody has them":                            {"skills", crew, acd.Caller{Required: map[string]int{"russian": 1}}, nil},
		"skills: in an emergency everybody will do":          {"skills", crew, acd.Caller{Priority: acd.Emergency, Required: map[string]int{"english": 2}}, []string{"a b c"}},
		"skills: who has what is wished goes first":          {"skills", crew, acd.Caller{Wished: map[string]int{"tax": 2}}, []string{"b", "a c"}},
		"skills: the more wishes the earlier":                {"skills", crew, acd.Caller{Wished: map[string]int{"tax": 1, "calm": 1}}, []string{"c", "b", "a"}},
		"skills: what is required decides before the wishes": {"skills", crew, acd.Caller{Required: map[string]int{"english": 2}, Wished: map[string]int{"tax": 2}}, []string{"a c"}},
		"nobody, everybody at once":                          {"ring_all", nil, acd.Caller{}, []string{""}},
		"nobody, one by one":                                 {"linear", nil, acd.Caller{}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tiers, reason := named(t, tt.strategy)(tt.candidates, tt.caller)
			if diff := cmp.Diff(tt.want, users(tiers)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if reason != tt.strategy {
				t.Errorf("reason %s, want %s", reason, tt.strategy)
			}
		})
	}
}

func TestUnknownStrategyNamesAll(t *testing.T) {
	_, err := acd.Named("fifo", 0)
	for _, name := range strategies {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: does not name %s", err, name)
		}
	}
}

// TestWeightedRandomFollowsTheWeights: of 4,000 calls those who weigh 1, 2 and 5
// are the first in these proportions, within three standard deviations.
func TestWeightedRandomFollowsTheWeights(t *testing.T) {
	const calls = 4000
	strategy := named(t, "weighted_random")
	weights := map[string]int{"one": 1, "two": 2, "five": 5}
	var crew []acd.Presence
	for _, user := range []string{"one", "two", "five"} {
		crew = append(crew, ready(user, func(p *acd.Presence) { p.Weight = weights[user] }))
	}
	firsts := map[string]int{}
	for i := range calls {
		tiers, _ := strategy(crew, acd.Caller{Call: fmt.Sprint(i)})
		firsts[users(tiers)[0]]++
	}
	for user, weight := range weights {
		share := float64(weight) / 8
		if off := float64(firsts[user]) - calls*share; math.Abs(off) > 3*math.Sqrt(calls*share*(1-share)) {
			t.Errorf("%s was first in %d of %d, want about %.0f", user, firsts[user], calls, calls*share)
		}
	}
}

func presences() *rapid.Generator[[]acd.Presence] {
	skill := rapid.MapOf(rapid.SampledFrom([]string{"english", "tax"}), rapid.IntRange(1, 3))
	one := rapid.Custom(func(t *rapid.T) acd.Presence {
		return ready(rapid.StringN(1, 4, -1).Draw(t, "user"), func(p *acd.Presence) {
			p.Weight = rapid.IntRange(0, 3).Draw(t, "weight")
			p.Skills = skill.Draw(t, "skills")
			p.Idle = morning.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "idle")))
			p.Rung = morning.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "rung")))
			p.Calls = rapid.IntRange(0, 3).Draw(t, "calls")
		})
	})
	return rapid.SliceOfNDistinct(one, 0, 6, func(p acd.Presence) string { return p.User })
}

// TestStrategiesArePure: every strategy gives the same answer twice, changes
// nothing it was given, invents and repeats nobody, and leaves nobody out, but for
// skills the caller requires.
func TestStrategiesArePure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		strategy := named(t, rapid.SampledFrom(strategies).Draw(t, "strategy"))
		crew := presences().Draw(t, "crew")
		caller := acd.Caller{Call: rapid.String().Draw(t, "call"), Wished: map[string]int{"tax": 2}}
		before := append([]acd.Presence{}, crew...)
		lazy, reason := strategy(crew, caller)
		again, _ := strategy(crew, caller)
		tiers := slices.Collect(lazy)
		if diff := cmp.Diff(tiers, slices.Collect(lazy)) + cmp.Diff(tiers, slices.Collect(again)) + cmp.Diff(before, append([]acd.Presence{}, crew...)); diff != "" {
			t.Fatalf("%s: %s", reason, diff)
		}
		seen := map[string]bool{}
		for _, tier := range tiers {
			for _, p := range tier {
				if seen[p.User] {
					t.Fatalf("%s: %q twice", reason, p.User)
				}
				seen[p.User] = true
			}
		}
		for _, p := range crew {
			if !seen[p.User] {
				t.Fatalf("%s: %q left out", reason, p.User)
			}
		}
		if len(seen) != len(crew) {
			t.Fatalf("%s: %d of %d", reason, len(seen), len(crew))
		}
	})
}

// TestStrategiesAtWork: whom three calls reach that follow each other, each taken
// at once by the first phone that rings. clerk1 talks for 3 minutes, clerk2 for 2,
// head for 1.
func TestStrategiesAtWork(t *testing.T) {
	tests := map[string][]string{
		"longest_idle":    {"clerk1", "clerk2", "head", "clerk1", "clerk2"},
		"round_robin":     {"clerk1", "clerk2", "head", "clerk1", "clerk2"},
		"fewest_calls":    {"clerk1", "clerk2", "head", "clerk1", "clerk2"},
		"least_talk_time": {"clerk1", "clerk2", "head", "head", "clerk2"},
		"linear":          {"clerk1", "clerk1", "clerk1", "clerk1", "clerk1"},
	}
	lasts := map[string]time.Duration{"clerk1": 3 * time.Minute, "clerk2": 2 * time.Minute, "head": time.Minute}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			q := hotline
			q.Strategy = named(t, name)
			withBoard(t, q, everyone, func(t *testing.T, b *acd.Board) {
				var got []string
				for i := range want {
					call := fmt.Sprint(i)
					ticket := enter(t, b, call)
					o := <-ticket.Offers()
					if o.Reason != name || len(o.Agents) != 1 {
						t.Fatalf("offered %+v", o)
					}
					user := o.Agents[0].User
					got = append(got, user)
					if _, err := ticket.Claim(acd.Answer{User: user, At: time.Now()}); err != nil {
						t.Fatal(err)
					}
					time.Sleep(lasts[user])
					b.Released(user, call)
					synctest.Wait()
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
			})
		})
	}
}
