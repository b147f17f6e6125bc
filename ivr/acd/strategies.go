package acd

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
)

// strategyNames lists the strategies, as Named knows them.
var strategyNames = []string{
	"ring_all", "longest_idle", "round_robin", "fewest_calls", "least_talk_time", "linear", "weighted_random", "skills",
}

// Named returns the strategy of that name; its reason is the name too. The seed
// decides what weighted_random draws. The error lists the names.
//
//   - ring_all: everybody at once
//   - longest_idle: one by one, who has waited longest for a call first
//   - round_robin: one by one, who was rung longest ago first
//   - fewest_calls: one by one, who took the fewest calls today first
//   - least_talk_time: one by one, who talked least today first
//   - linear: one by one, in the order of the directory
//   - weighted_random: one by one, drawn anew for every call; who weighs twice as
//     much is twice as often the first
//   - skills: everybody who has what the caller requires, those together who have
//     equally much of what he wishes, the most first; in an emergency everybody
func Named(name string, seed uint64) (Strategy, error) {
	switch name {
	case "ring_all":
		return RingAll, nil
	case "longest_idle":
		return longestIdle, nil
	case "round_robin":
		return roundRobin, nil
	case "fewest_calls":
		return fewestCalls, nil
	case "least_talk_time":
		return leastTalkTime, nil
	case "linear":
		return linear, nil
	case "weighted_random":
		return weightedRandom(seed), nil
	case "skills":
		return skills, nil
	}
	return nil, fmt.Errorf("%q is no strategy, want one of %s", name, strings.Join(strategyNames, ", "))
}

// RingAll rings every agent at once.
func RingAll(candidates []Presence, _ Caller) (iter.Seq[[]Presence], string) {
	return slices.Values([][]Presence{candidates}), "ring_all"
}

func longestIdle(candidates []Presence, _ Caller) (iter.Seq[[]Presence], string) {
	return singly(candidates, idleFirst), "longest_idle"
}

func roundRobin(candidates []Presence, _ Caller) (iter.Seq[[]Presence], string) {
	return singly(candidates, func(a, b *Presence) int { return a.Rung.Compare(b.Rung) }), "round_robin"
}

func fewestCalls(candidates []Presence, _ Caller) (iter.Seq[[]Presence], string) {
	return singly(candidates, func(a, b *Presence) int {
		return cmp.Or(cmp.Compare(a.Calls, b.Calls), idleFirst(a, b))
	}), "fewest_calls"
}

func leastTalkTime(candidates []Presence, _ Caller) (iter.Seq[[]Presence], string) {
	return singly(candidates, func(a, b *Presence) int {
		return cmp.Or(cmp.Compare(a.Talked, b.Talked), idleFirst(a, b))
	}), "least_talk_time"
}

func linear(candidates []Presence, _ Caller) (iter.Seq[[]Presence], string) {
	return singly(candidates, func(_, _ *Presence) int { return 0 }), "linear"
}

func idleFirst(a, b *Presence) int { return a.Idle.Compare(b.Idle) }

// singly puts every candidate into a tier of his own. Who compares equal stays in
// the order of the directory. A Presence is large, so what is sorted is places; and
// as mostly the first alone is wanted, the others are sorted only when they are.
func singly(candidates []Presence, order func(a, b *Presence) int) iter.Seq[[]Presence] {
	return func(yield func([]Presence) bool) {
		one := func(place int) []Presence { return candidates[place : place+1 : place+1] }
		first := 0
		for i := range candidates {
			if order(&candidates[i], &candidates[first]) < 0 {
				first = i
			}
		}
		if len(candidates) == 0 || !yield(one(first)) {
			return
		}
		places := make([]int, len(candidates))
		for i := range places {
			places[i] = i
		}
		slices.SortFunc(places, func(i, j int) int { return cmp.Or(order(&candidates[i], &candidates[j]), i-j) })
		for _, place := range places[1:] {
			if !yield(one(place)) {
				return
			}
		}
	}
}

// weightedRandom draws without replacement in proportion to the weights: the
// smallest of exponential variates at these rates comes first. What an agent draws
// depends on seed, call and agent alone, so that asking again changes nothing.
func weightedRandom(seed uint64) Strategy {
	return func(candidates []Presence, c Caller) (iter.Seq[[]Presence], string) {
		drawn := make(map[string]float64, len(candidates))
		for _, p := range candidates {
			h := fnv.New64a()
			_, _ = h.Write([]byte(c.Call + "\x00" + p.User)) // never fails
			draw := rand.New(rand.NewPCG(seed, h.Sum64()))
			drawn[p.User] = draw.ExpFloat64() / float64(cmp.Or(p.Weight, 1))
		}
		return singly(candidates, func(a, b *Presence) int {
			return cmp.Compare(drawn[a.User], drawn[b.User])
		}), "weighted_random"
	}
}

func skills(candidates []Presence, c Caller) (iter.Seq[[]Presence], string) {
	if c.Priority == Emergency { // rather anybody than nobody
		c.Required = nil
	}
	tiers := make([][]Presence, len(c.Wished)+1)
	for _, p := range candidates {
		if has(p.Skills, c.Required) == len(c.Required) {
			missing := len(c.Wished) - has(p.Skills, c.Wished)
			tiers[missing] = append(tiers[missing], p)
		}
	}
	return slices.Values(slices.DeleteFunc(tiers, func(tier []Presence) bool { return len(tier) == 0 })), "skills"
}

// has returns how many of the wanted skills there are, at the level wanted or above.
func has(skills, wanted map[string]int) (n int) {
	for skill, level := range wanted {
		if skills[skill] >= level {
			n++
		}
	}
	return n
}
