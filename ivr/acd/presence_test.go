package acd_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

func TestSnapshot(t *testing.T) {
	withBoard(t, hotline, everyone, func(t *testing.T, b *acd.Board) {
		b.Pause("head", "break")
		began := time.Now()
		time.Sleep(3 * time.Second)
		one := enter(t, b, "one")
		enter(t, b, "two")
		time.Sleep(2 * time.Second)
		if _, err := one.Claim(acd.Answer{User: "clerk1", At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		entered, claimed := began.Add(3*time.Second), began.Add(5*time.Second)
		want := acd.Snapshot{
			At: claimed.Add(time.Second),
			Agents: []acd.Presence{
				{Agent: agents[0], State: acd.Talking, Since: claimed, Call: "one", Work: acd.Work{Idle: began, Rung: entered, Calls: 1}},
				{Agent: agents[1], State: acd.Ringing, Since: claimed, Call: "two", Work: acd.Work{Idle: began, Rung: claimed}},
				{Agent: agents[2], State: acd.Paused, Since: began, Reason: "break", Work: acd.Work{Idle: began}},
			},
			Queues: []acd.Line{{Queue: "hotline", Offers: map[string]int{"ring_all": 2}, Waiting: []acd.Waiting{
				{Call: "two", Since: entered, Round: 1, Ringing: []string{"clerk2"}, Reason: "ring_all"},
			}}},
		}
		if diff := cmp.Diff(want, b.Snapshot()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

func TestPhoneThatDoesNotTakeTheCallRests(t *testing.T) {
	tests := map[string]struct {
		why   metrics.Missed
		state acd.State
		ends  func(b *acd.Board)
	}{
		"unreachable, for 10 s":                {metrics.Unreachable, acd.Away, func(*acd.Board) { time.Sleep(10 * time.Second) }},
		"unreachable, until it registers anew": {metrics.Unreachable, acd.Away, func(b *acd.Board) { b.Registered("clerk1", true) }},
		"declined, for 10 s":                   {metrics.Declined, acd.Paused, func(*acd.Board) { time.Sleep(10 * time.Second) }},
		"declined, until he says ready":        {metrics.Declined, acd.Paused, func(b *acd.Board) { b.Ready("clerk1") }},
		"gave up ringing, for 10 s":            {metrics.NoAnswer, acd.Paused, func(*acd.Board) { time.Sleep(10 * time.Second) }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			withBoard(t, hotline, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
				ticket := enter(t, b, "one")
				wantOffer(t, ticket, offer{1, []string{"clerk1"}, "ring_all"})
				ticket.Missed("clerk1", tt.why)
				ticket.Missed("clerk1", tt.why) // said twice is said once
				wantOffer(t, ticket, offer{})
				wantStates(t, b, tt.state, acd.Away, acd.Away)
				tt.ends(b)
				synctest.Wait()
				wantOffer(t, ticket, offer{2, []string{"clerk1"}, "ring_all_again"})
			})
		})
	}
}

func TestWhoIsRung(t *testing.T) {
	tests := map[string]struct {
		before func(b *acd.Board)
		want   acd.State
	}{
		"not registered": {func(b *acd.Board) { b.Registered("clerk1", false) }, acd.Away},
		"paused":         {func(b *acd.Board) { b.Pause("clerk1", "break") }, acd.Paused},
		"in a call":      {func(b *acd.Board) { b.Busy("clerk1", "internal") }, acd.Talking},
		"one of two calls over": {func(b *acd.Board) {
			b.Busy("clerk1", "a")
			b.Busy("clerk1", "b")
			b.Released("clerk1", "a")
		}, acd.Talking},
		"call told twice, over": {func(b *acd.Board) {
			b.Busy("clerk1", "a")
			b.Busy("clerk1", "a")
			b.Released("clerk1", "a")
		}, acd.Ringing},
		"not registered and paused": {func(b *acd.Board) {
			b.Pause("clerk1", "break")
			b.Registered("clerk1", false)
		}, acd.Away},
		"unknown users are no matter": {func(b *acd.Board) { b.Busy("door", "a") }, acd.Ringing},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			withBoard(t, hotline, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
				tt.before(b)
				ticket := enter(t, b, "one")
				wantStates(t, b, tt.want, acd.Away, acd.Away)
				if rung := len(ticket.Offers()) == 1; rung != (tt.want == acd.Ringing) {
					t.Errorf("rung: %t", rung)
				}
			})
		})
	}
}

func TestPhoneThatRingsStaysReservedUntilItsOfferEnds(t *testing.T) {
	withBoard(t, hotline, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
		ticket := enter(t, b, "one")
		b.Pause("clerk1", "break")
		b.Busy("clerk1", "internal")
		wantStates(t, b, acd.Ringing, acd.Away, acd.Away)
		time.Sleep(15 * time.Second)
		wantStates(t, b, acd.Talking, acd.Away, acd.Away)
		b.Released("clerk1", "internal")
		wantStates(t, b, acd.Paused, acd.Away, acd.Away)
		wantOffer(t, ticket, offer{1, []string{"clerk1"}, "ring_all"})
		wantOffer(t, ticket, offer{1, nil, acd.RoundOver})
		wantOffer(t, ticket, offer{})
	})
}
