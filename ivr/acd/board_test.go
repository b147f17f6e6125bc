package acd_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// agents of the tests: two clerks and their head.
var agents = []acd.Agent{
	{User: "clerk1", Extension: "1001", Department: "desk", Rank: 1},
	{User: "clerk2", Extension: "1002", Department: "desk", Rank: 1},
	{User: "head", Extension: "1003", Department: "office", Rank: 5},
}

// inOrder rings one agent after the other.
func inOrder(candidates []acd.Presence, _ acd.Caller) (tiers iter.Seq[[]acd.Presence], reason string) {
	return slices.Chunk(candidates, 1), "in_order"
}

// run starts a board that serves q, whose agents named by up are registered.
func run(t *testing.T, q acd.Queue, up ...string) (b *acd.Board, stop func()) {
	t.Helper()
	b = board([]acd.Queue{q}, agents)
	return b, start(t, b, up...)
}

func board(queues []acd.Queue, crew []acd.Agent) *acd.Board {
	b := acd.New(queues, crew, metrics.New("", "").Queue, slog.New(slog.DiscardHandler))
	b.Zone = time.UTC
	return b
}

// start runs b and registers up.
func start(t *testing.T, b *acd.Board, up ...string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	for _, user := range up {
		b.Registered(user, true)
	}
	return func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	}
}

// withBoard runs f with such a board in a bubble of fake time.
func withBoard(t *testing.T, q acd.Queue, up []string, f func(t *testing.T, b *acd.Board)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b, stop := run(t, q, up...)
		defer stop()
		f(t, b)
	})
}

var (
	hotline  = acd.Queue{Name: "hotline", RingTime: 15 * time.Second, MaxWait: time.Minute}
	everyone = []string{"clerk1", "clerk2", "head"}
)

func enter(t *testing.T, b *acd.Board, call string) *acd.Ticket {
	t.Helper()
	return enterAs(t, b, acd.Caller{Call: call, Queue: "hotline"})
}

func enterAs(t *testing.T, b *acd.Board, c acd.Caller) *acd.Ticket {
	t.Helper()
	ticket, err := b.Enter(c)
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

// offer is an acd.Offer with the users only.
type offer struct {
	Round  int
	Users  []string
	Reason string
}

// wantOffer checks the offer that lies ready for ticket; the zero offer means none.
func wantOffer(t *testing.T, ticket *acd.Ticket, want offer) {
	t.Helper()
	var got offer
	select {
	case o, ok := <-ticket.Offers():
		if !ok {
			t.Fatalf("offers closed (%v), want %v", ticket.Err(), want)
		}
		got = offer{Round: o.Round, Reason: o.Reason}
		for _, a := range o.Agents {
			got.Users = append(got.Users, a.User)
		}
	default:
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("offer, -want +got\n%s", diff)
	}
}

func wantEnd(t *testing.T, ticket *acd.Ticket, want error) {
	t.Helper()
	select {
	case o, ok := <-ticket.Offers():
		if ok {
			t.Fatalf("offered %v, want the end", o)
		}
	default:
		t.Fatal("offers still open")
	}
	if !errors.Is(ticket.Err(), want) {
		t.Fatalf("ended with %v, want %v", ticket.Err(), want)
	}
}

func wantStates(t *testing.T, b *acd.Board, want ...acd.State) {
	t.Helper()
	var got []acd.State
	for _, a := range b.Snapshot().Agents {
		got = append(got, a.State)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("states %v, want %v", got, want)
	}
}

func TestRingAllOffersAllReadyToTheLongestWaiting(t *testing.T) {
	withBoard(t, hotline, []string{"clerk1", "clerk2"}, func(t *testing.T, b *acd.Board) {
		one, two := enter(t, b, "one"), enter(t, b, "two")
		wantOffer(t, one, offer{1, []string{"clerk1", "clerk2"}, "ring_all"})
		wantOffer(t, two, offer{})
		wantStates(t, b, acd.Ringing, acd.Ringing, acd.Away)

		time.Sleep(4 * time.Second)
		b.Registered("head", true)
		wantOffer(t, one, offer{1, []string{"head"}, "ring_all_joined"})

		c, err := one.Claim(acd.Answer{User: "clerk2", At: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(acd.Claim{Agent: agents[1], Reason: acd.FirstOK, Waited: 4 * time.Second}, c); diff != "" {
			t.Errorf("claim, -want +got\n%s", diff)
		}
		wantEnd(t, one, nil)
		wantOffer(t, two, offer{1, []string{"clerk1", "head"}, "ring_all"})
		wantStates(t, b, acd.Ringing, acd.Talking, acd.Ringing)

		b.Released("clerk2", "one")
		wantOffer(t, two, offer{1, []string{"clerk2"}, "ring_all_joined"})
		two.Leave(metrics.WaitAbandoned)
		wantStates(t, b, acd.Ready, acd.Ready, acd.Ready)
	})
}

func TestNobodyAnswersNextRoundThenExpired(t *testing.T) {
	withBoard(t, hotline, []string{"clerk1", "clerk2"}, func(t *testing.T, b *acd.Board) {
		ticket := enter(t, b, "one")
		for round, reason := range []string{"ring_all", "ring_all_again", "ring_all_again", "ring_all_again"} {
			wantOffer(t, ticket, offer{round + 1, []string{"clerk1", "clerk2"}, reason})
			time.Sleep(15*time.Second - 1)
			wantOffer(t, ticket, offer{})
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			wantOffer(t, ticket, offer{round + 1, nil, acd.RoundOver})
		}
		wantEnd(t, ticket, acd.ErrExpired)
		wantStates(t, b, acd.Ready, acd.Ready, acd.Away)
		if c, err := ticket.Claim(acd.Answer{User: "clerk1", At: time.Now()}); err != nil || c.Agent.User != "clerk1" {
			t.Errorf("a phone that picked up at the last moment: %v, %v", c, err)
		}
	})
}

func TestOneAfterTheOther(t *testing.T) {
	q := hotline
	q.Strategy = inOrder
	withBoard(t, q, everyone, func(t *testing.T, b *acd.Board) {
		one, two := enter(t, b, "one"), enter(t, b, "two")
		wantOffer(t, one, offer{1, []string{"clerk1"}, "in_order"})
		wantOffer(t, two, offer{1, []string{"clerk2"}, "in_order"})
		one.Missed("clerk1", metrics.Declined)
		wantOffer(t, one, offer{2, []string{"head"}, "in_order"})
		time.Sleep(15 * time.Second)
		synctest.Wait()
		// Both rounds are over at once; clerk1 has rested.
		wantOffer(t, one, offer{2, nil, acd.RoundOver})
		wantOffer(t, two, offer{1, nil, acd.RoundOver})
		wantOffer(t, one, offer{3, []string{"clerk2"}, "in_order"})
		wantOffer(t, two, offer{2, []string{"clerk1"}, "in_order"})
	})
}

func TestAfterTheLastTierTheFirstAgain(t *testing.T) {
	q := hotline
	q.Strategy = inOrder
	withBoard(t, q, []string{"clerk1", "clerk2"}, func(t *testing.T, b *acd.Board) {
		ticket := enter(t, b, "one")
		for round, want := range []offer{
			{1, []string{"clerk1"}, "in_order"}, {2, []string{"clerk2"}, "in_order"},
			{3, []string{"clerk1"}, "in_order_again"}, {4, []string{"clerk2"}, "in_order"},
		} {
			wantOffer(t, ticket, want)
			time.Sleep(15 * time.Second)
			synctest.Wait()
			wantOffer(t, ticket, offer{round + 1, nil, acd.RoundOver})
		}
	})
}

func TestRoundWithoutPhonesHasNoEnd(t *testing.T) {
	withBoard(t, hotline, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
		ticket := enter(t, b, "one")
		wantOffer(t, ticket, offer{1, []string{"clerk1"}, "ring_all"})
		ticket.Missed("clerk1", metrics.Unreachable)
		b.Registered("clerk1", false)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		wantOffer(t, ticket, offer{})
	})
}

func TestClaim(t *testing.T) {
	q := hotline
	q.TieWindow = 200 * time.Millisecond
	withBoard(t, q, everyone, func(t *testing.T, b *acd.Board) {
		one, two := enter(t, b, "one"), enter(t, b, "two")
		now := time.Now()
		c, err := one.Claim(acd.Answer{User: "clerk1", At: now}, acd.Answer{User: "head", At: now.Add(one.TieWindow)})
		if err != nil || c.Agent.User != "head" || c.Reason != acd.HigherRank || len(c.Tied) != 1 || c.Tied[0].User != "clerk1" {
			t.Errorf("claim: %+v, %v", c, err)
		}
		if _, err := one.Claim(acd.Answer{User: "clerk1", At: now}); !errors.Is(err, acd.ErrOver) {
			t.Errorf("second claim: %v", err)
		}
		if _, err := two.Claim(acd.Answer{User: "head", At: now}); !errors.Is(err, acd.ErrTaken) {
			t.Errorf("claim of somebody who talks: %v", err)
		}
		if c, err := two.Claim(acd.Answer{User: "head", At: now}, acd.Answer{User: "clerk2", At: now}); err != nil || c.Agent.User != "clerk2" || c.Reason != acd.FirstOK {
			t.Errorf("claim of one who talks and one who does not: %+v, %v", c, err)
		}
		wantStates(t, b, acd.Ready, acd.Talking, acd.Talking)
	})
}

func TestThrownBackGoesToTheFront(t *testing.T) {
	q := hotline
	q.Limit = 2
	withBoard(t, q, nil, func(t *testing.T, b *acd.Board) {
		enter(t, b, "one")
		enter(t, b, "two")
		b.Drain()
		for _, call := range []string{"back", "back too"} {
			if _, err := b.Enter(acd.Caller{Call: call, Queue: "hotline", Front: true}); err != nil {
				t.Errorf("%s: %v", call, err)
			}
		}
		time.Sleep(7 * time.Second)
		s := b.Snapshot()
		var order []string
		for _, w := range s.Queues[0].Waiting {
			order = append(order, w.Call)
		}
		if want := []string{"back", "back too", "one", "two"}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
		if got := s.Queues[0].Longest(s.At); got != 7*time.Second {
			t.Errorf("longest wait %s", got)
		}
	})
}

func TestEnterRefuses(t *testing.T) {
	q := hotline
	q.Limit = 1
	withBoard(t, q, nil, func(t *testing.T, b *acd.Board) {
		want := func(queue string, want error) {
			t.Helper()
			if _, err := b.Enter(acd.Caller{Call: "x", Queue: queue}); !errors.Is(err, want) {
				t.Errorf("enter %s: %v, want %v", queue, err, want)
			}
		}
		want("nowhere", acd.ErrNoQueue)
		want("hotline", nil)
		want("hotline", acd.ErrFull)
		b.Drain()
		want("hotline", acd.ErrClosed)
	})
}

func TestStopEndsEveryTicket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, stop := run(t, hotline)
		ticket := enter(t, b, "one")
		stop()
		wantEnd(t, ticket, acd.ErrClosed)
		ticket.Leave(metrics.WaitAbandoned)
		if _, err := ticket.Claim(acd.Answer{User: "clerk1"}); !errors.Is(err, acd.ErrClosed) {
			t.Errorf("claim: %v", err)
		}
		if _, err := b.Enter(acd.Caller{Call: "two", Queue: "hotline"}); !errors.Is(err, acd.ErrClosed) {
			t.Errorf("enter: %v", err)
		}
		if s := b.Snapshot(); len(s.Agents) != 0 {
			t.Errorf("snapshot: %v", s)
		}
	})
}

func TestCallerWhoDoesNotReadIsPassedOver(t *testing.T) {
	withBoard(t, acd.Queue{Name: "hotline", MaxWait: time.Hour}, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
		deaf, next := enter(t, b, "deaf"), enter(t, b, "next")
		for range cap(deaf.Offers()) - 1 {
			wantOffer(t, next, offer{})
			deaf.Missed("clerk1", metrics.Declined)
			b.Ready("clerk1")
		}
		wantOffer(t, next, offer{1, []string{"clerk1"}, "ring_all"})
		next.Missed("clerk1", metrics.Declined)
		next.Leave(metrics.WaitAbandoned)
		b.Ready("clerk1")
		for len(deaf.Offers()) > 0 {
			<-deaf.Offers()
		}
		b.Snapshot() // the board may look again at any command
		if o := <-deaf.Offers(); len(o.Agents) != 1 {
			t.Errorf("who reads again is offered %v", o)
		}
		deaf.Leave(metrics.WaitAbandoned)
	})
}

func TestAgentWhosePhoneVanishedIsLeftAloneForAWhile(t *testing.T) {
	withBoard(t, hotline, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
		first := enter(t, b, "first")
		wantOffer(t, first, offer{1, []string{"clerk1"}, "ring_all"})
		if _, err := first.Claim(acd.Answer{User: "clerk1", At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		b.Lost("clerk1")
		b.Released("clerk1", "first")
		second := enter(t, b, "second")
		defer second.Leave(metrics.WaitAbandoned)
		wantOffer(t, second, offer{})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		wantOffer(t, second, offer{1, []string{"clerk1"}, "ring_all"})
	})
}
