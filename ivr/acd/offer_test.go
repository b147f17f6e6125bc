package acd_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// covered are a post with its stand-in, and two stand-ins for all.
var covered = []acd.Agent{
	{User: "primary", Department: "desk", Post: "reception"},
	{User: "standin", Department: "desk", Post: "reception", Penalty: 1},
	{User: "second", Department: "desk", Penalty: 1},
	{User: "third", Department: "desk", Penalty: 2},
}

// withCrew runs f with a board of those agents, all registered.
func withCrew(t *testing.T, q acd.Queue, crew []acd.Agent, f func(t *testing.T, b *acd.Board)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := board([]acd.Queue{q}, crew)
		var up []string
		for _, a := range crew {
			up = append(up, a.User)
		}
		stop := start(t, b, up...)
		defer stop()
		f(t, b)
	})
}

func TestWhenStandInsAreRung(t *testing.T) {
	q := acd.Queue{Name: "hotline", RingTime: time.Minute, OverflowAfter: 15 * time.Second}
	tests := map[string]struct {
		before func(b *acd.Board)
		caller acd.Caller
		after  time.Duration
		want   []string
	}{
		"only primaries at first":                   {func(*acd.Board) {}, acd.Caller{}, 15*time.Second - 1, []string{"primary"}},
		"stand-ins join after the overflow":         {func(*acd.Board) {}, acd.Caller{}, 15 * time.Second, []string{"primary", "standin", "second"}},
		"a higher penalty waits as often as long":   {func(*acd.Board) {}, acd.Caller{}, 30*time.Second - 1, []string{"primary", "standin", "second"}},
		"in the end all":                            {func(*acd.Board) {}, acd.Caller{}, 30 * time.Second, []string{"primary", "standin", "second", "third"}},
		"primary away: his stand-in at once":        {func(b *acd.Board) { b.Registered("primary", false) }, acd.Caller{}, 0, []string{"standin"}},
		"primary paused: his stand-in at once":      {func(b *acd.Board) { b.Pause("primary", "lunch") }, acd.Caller{}, 0, []string{"standin"}},
		"primary in a call is there: nobody yet":    {func(b *acd.Board) { b.Busy("primary", "x") }, acd.Caller{}, 0, nil},
		"nobody of the post: others when it is due": {func(b *acd.Board) { b.Pause("primary", ""); b.Pause("standin", "") }, acd.Caller{}, 15 * time.Second, []string{"second"}},
		"an emergency waits for no overflow":        {func(*acd.Board) {}, acd.Caller{Priority: acd.Emergency}, 0, []string{"primary", "standin", "second", "third"}},
		"who keeps his place has waited already":    {func(*acd.Board) {}, acd.Caller{Since: time.Date(1999, 12, 31, 23, 59, 45, 0, time.UTC)}, 0, []string{"primary", "standin", "second"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			withCrew(t, q, covered, func(t *testing.T, b *acd.Board) {
				tt.before(b)
				tt.caller.Call, tt.caller.Queue = "one", "hotline"
				ticket := enterAs(t, b, tt.caller)
				defer ticket.Leave(metrics.WaitAbandoned)
				time.Sleep(tt.after)
				synctest.Wait()
				if got := b.Snapshot().Queues[0].Waiting[0].Ringing; !slices.Equal(got, tt.want) {
					t.Errorf("%v ring, want %v", got, tt.want)
				}
			})
		})
	}
}

func TestPostThatNobodyFillsIsShown(t *testing.T) {
	withCrew(t, hotline, covered, func(t *testing.T, b *acd.Board) {
		steps := []struct {
			name string
			do   func()
			want []string
		}{
			{"both are there", func() {}, nil},
			{"the primary goes", func() { b.Registered("primary", false) }, nil},
			{"the stand-in goes too", func() { b.Pause("standin", "lunch") }, []string{"reception"}},
			{"the stand-in takes a call meanwhile", func() { b.Busy("standin", "x") }, nil},
			{"and ends it", func() { b.Released("standin", "x") }, []string{"reception"}},
			{"the primary comes", func() { b.Registered("primary", true) }, nil},
		}
		for _, s := range steps {
			s.do()
			if got := b.Snapshot().Empty; !slices.Equal(got, s.want) {
				t.Errorf("%s: empty are %v, want %v", s.name, got, s.want)
			}
		}
	})
}

func TestFirstAsker(t *testing.T) {
	const alone = 12 * time.Second
	other := func(t *testing.T, b *acd.Board) *acd.Ticket { return enter(t, b, "other") }
	tests := map[string]struct {
		before    func(t *testing.T, b *acd.Board)
		caller    acd.Caller
		meanwhile func(t *testing.T, b *acd.Board, ticket *acd.Ticket)
		want      []offer
	}{
		"is rung alone, then the queue": {
			meanwhile: func(*testing.T, *acd.Board, *acd.Ticket) { time.Sleep(alone) },
			want:      []offer{{1, []string{"clerk2"}, "first_asker"}, {1, nil, acd.RoundOver}, {2, everyone, "ring_all"}},
		},
		"is rung alone no moment shorter": {
			meanwhile: func(*testing.T, *acd.Board, *acd.Ticket) { time.Sleep(alone - 1) },
			want:      []offer{{1, []string{"clerk2"}, "first_asker"}},
		},
		"declines: the queue at once": {
			meanwhile: func(_ *testing.T, _ *acd.Board, ticket *acd.Ticket) { ticket.Missed("clerk2", metrics.Declined) },
			want:      []offer{{1, []string{"clerk2"}, "first_asker"}, {2, []string{"clerk1", "head"}, "ring_all"}},
		},
		"declined and is ready again: he is one of the queue": {
			meanwhile: func(_ *testing.T, b *acd.Board, ticket *acd.Ticket) {
				b.Registered("clerk1", false)
				b.Registered("head", false)
				ticket.Missed("clerk2", metrics.Declined)
				b.Ready("clerk2")
			},
			want: []offer{{1, []string{"clerk2"}, "first_asker"}, {2, []string{"clerk2"}, "ring_all_again"}},
		},
		"is away: the queue at once": {
			before: func(_ *testing.T, b *acd.Board) { b.Registered("clerk2", false) },
			want:   []offer{{1, []string{"clerk1", "head"}, "ring_all"}},
		},
		"is in a call: the queue at once, and he may join": {
			before:    func(_ *testing.T, b *acd.Board) { b.Busy("clerk2", "x") },
			meanwhile: func(_ *testing.T, b *acd.Board, _ *acd.Ticket) { b.Released("clerk2", "x") },
			want:      []offer{{1, []string{"clerk1", "head"}, "ring_all"}, {1, []string{"clerk2"}, "ring_all_joined"}},
		},
		"rings for another, who is then served: he comes": {
			before: func(t *testing.T, b *acd.Board) {
				o := other(t, b)
				time.AfterFunc(2*time.Second, func() {
					if _, err := o.Claim(acd.Answer{User: "head", At: time.Now()}); err != nil {
						t.Error(err)
					}
				})
			},
			meanwhile: func(*testing.T, *acd.Board, *acd.Ticket) { time.Sleep(3 * time.Second) },
			want:      []offer{{1, []string{"clerk2"}, "first_asker"}},
		},
		"is rung alone for one who keeps his place too": {
			caller: acd.Caller{Since: time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)},
			want:   []offer{{1, []string{"clerk2"}, "first_asker"}},
		},
		"does not serve the queue: nobody waits for him": {
			caller: acd.Caller{First: "stranger"},
			want:   []offer{{1, everyone, "ring_all"}},
		},
		"emergencies wait for nobody": {
			caller: acd.Caller{Priority: acd.Emergency},
			want:   []offer{{1, everyone, "ring_all"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			withBoard(t, hotline, everyone, func(t *testing.T, b *acd.Board) {
				if tt.before != nil {
					tt.before(t, b)
				}
				c := tt.caller
				c.Call, c.Queue, c.FirstFor = "one", "hotline", alone
				if c.First == "" {
					c.First = "clerk2"
				}
				ticket := enterAs(t, b, c)
				if tt.meanwhile != nil {
					tt.meanwhile(t, b, ticket)
				}
				synctest.Wait()
				for _, want := range tt.want {
					wantOffer(t, ticket, want)
				}
				wantOffer(t, ticket, offer{})
				ticket.Leave(metrics.WaitAbandoned)
			})
		})
	}
}

func TestWhoWaitsBehindATiedCallerIsServed(t *testing.T) {
	withBoard(t, hotline, everyone, func(t *testing.T, b *acd.Board) {
		tied := enterAs(t, b, acd.Caller{Call: "tied", Queue: "hotline", First: "clerk2", FirstFor: 12 * time.Second})
		next := enter(t, b, "next")
		wantOffer(t, tied, offer{1, []string{"clerk2"}, "first_asker"})
		wantOffer(t, next, offer{1, []string{"clerk1", "head"}, "ring_all"})
		c, err := tied.Claim(acd.Answer{User: "clerk2", At: time.Now()})
		if err != nil || c.Agent.User != "clerk2" {
			t.Errorf("claim: %+v, %v", c, err)
		}
	})
}

func TestFirstAskerWhoRingsForAnotherIsWaitedForInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := board([]acd.Queue{hotline, {Name: "direct", Members: []string{"clerk2"}, RingTime: time.Minute}}, agents)
		stop := start(t, b, everyone...)
		defer stop()
		enterAs(t, b, acd.Caller{Call: "other", Queue: "direct"})
		tied := enterAs(t, b, acd.Caller{Call: "tied", Queue: "hotline", First: "clerk2", FirstFor: 12 * time.Second})
		time.Sleep(12*time.Second - 1)
		wantOffer(t, tied, offer{})
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		wantOffer(t, tied, offer{1, []string{"clerk1", "head"}, "ring_all"})
	})
}

// TestWhomACallerAvoidsIsNeverRung: not as first-asker, not after the overflow, not
// in a second round, not in an emergency.
func TestWhomACallerAvoidsIsNeverRung(t *testing.T) {
	q := acd.Queue{Name: "hotline", RingTime: 10 * time.Second, OverflowAfter: 15 * time.Second, MaxWait: time.Hour}
	crew := []acd.Agent{{User: "a", Extension: "1"}, {User: "b", Extension: "2"}, {User: "standin", Extension: "3", Penalty: 1}}
	tests := map[string]struct {
		caller acd.Caller
		want   []string // users rung within a minute
	}{
		"a primary":               {acd.Caller{Avoid: "2"}, []string{"a", "standin"}},
		"a stand-in":              {acd.Caller{Avoid: "3"}, []string{"a", "b"}},
		"the first-asker":         {acd.Caller{Avoid: "2", First: "b", FirstFor: 12 * time.Second}, []string{"a", "standin"}},
		"in an emergency":         {acd.Caller{Avoid: "2", Priority: acd.Emergency}, []string{"a", "standin"}},
		"nobody of this number":   {acd.Caller{Avoid: "9"}, []string{"a", "b", "standin"}},
		"nobody":                  {acd.Caller{}, []string{"a", "b", "standin"}},
		"but another first-asker": {acd.Caller{Avoid: "2", First: "a", FirstFor: 12 * time.Second}, []string{"a", "standin"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			withCrew(t, q, crew, func(t *testing.T, b *acd.Board) {
				tt.caller.Call, tt.caller.Queue = "one", "hotline"
				ticket := enterAs(t, b, tt.caller)
				var rung []string
				for range 60 {
					time.Sleep(time.Second)
					synctest.Wait()
					for len(ticket.Offers()) > 0 {
						for _, a := range (<-ticket.Offers()).Agents {
							rung = append(rung, a.User)
						}
					}
				}
				ticket.Leave(metrics.WaitAbandoned)
				slices.Sort(rung)
				if got := slices.Compact(rung); !slices.Equal(got, tt.want) {
					t.Errorf("%v were rung, want %v", got, tt.want)
				}
			})
		})
	}
}

func TestRoundLastsAsLongAsThePhonesRing(t *testing.T) {
	crew := []acd.Agent{{User: "quick", RingTime: 8 * time.Second}, {User: "usual"}, {User: "slow", RingTime: 25 * time.Second}}
	tests := map[string]struct {
		up   []string
		want time.Duration
	}{
		"his own time":              {[]string{"quick"}, 8 * time.Second},
		"the queue's time":          {[]string{"usual"}, 15 * time.Second},
		"of several the longest":    {[]string{"quick", "slow"}, 25 * time.Second},
		"the queue's if it is more": {[]string{"quick", "usual"}, 15 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := board([]acd.Queue{hotline}, crew)
				stop := start(t, b, tt.up...)
				defer stop()
				ticket := enter(t, b, "one")
				wantOffer(t, ticket, offer{1, tt.up, "ring_all"})
				time.Sleep(tt.want - 1)
				wantOffer(t, ticket, offer{})
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				wantOffer(t, ticket, offer{1, nil, acd.RoundOver})
			})
		})
	}
}

func TestPhoneThatIsNeverAnsweredIsPaused(t *testing.T) {
	round := func(*acd.Board, *acd.Ticket) { time.Sleep(15 * time.Second); synctest.Wait() }
	reported := func(why metrics.Missed) func(*acd.Board, *acd.Ticket) {
		return func(b *acd.Board, ticket *acd.Ticket) {
			ticket.Missed("clerk1", why)
			time.Sleep(10 * time.Second)
			synctest.Wait()
		}
	}
	type step = func(*acd.Board, *acd.Ticket)
	tests := map[string]struct {
		steps  []step
		paused bool
	}{
		"three rounds in vain":                 {[]step{round, round, round}, true},
		"two rounds in vain":                   {[]step{round, round}, false},
		"told by the phone counts too":         {[]step{round, reported(metrics.NoAnswer), reported(metrics.NoAnswer)}, true},
		"who declines is there":                {[]step{round, round, reported(metrics.Declined)}, false},
		"who cannot be reached is away":        {[]step{round, round, reported(metrics.Unreachable)}, false},
		"who says ready begins anew":           {[]step{round, round, func(b *acd.Board, _ *acd.Ticket) { b.Ready("clerk1") }, round}, false},
		"a call of his own shows he is in":     {[]step{round, round, func(b *acd.Board, _ *acd.Ticket) { b.Busy("clerk1", "x"); b.Released("clerk1", "x") }, round}, false},
		"a phone that registers shows nothing": {[]step{round, round, func(b *acd.Board, _ *acd.Ticket) { b.Registered("clerk1", true) }, round}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := hotline
				q.MaxWait = time.Hour
				b := board([]acd.Queue{q}, agents)
				b.MaxMissed = 3
				var told []string
				b.OnPaused = func(user, reason string) { told = append(told, user+" "+reason) }
				stop := start(t, b, "clerk1")
				defer stop()
				ticket := enter(t, b, "one")
				for _, step := range tt.steps {
					step(b, ticket)
				}
				var want []string
				if tt.paused {
					want = []string{"clerk1 no_answer"}
					p := b.Snapshot().Agents[0]
					if p.State != acd.Paused || p.Reason != "no_answer" || p.Missed != 3 {
						t.Errorf("%+v", p)
					}
					b.Ready("clerk1")
				}
				wantStates(t, b, acd.Ringing, acd.Away, acd.Away)
				if diff := cmp.Diff(want, told); diff != "" {
					t.Errorf("told, -want +got\n%s", diff)
				}
			})
		})
	}
}

func TestWhoPausedHimselfKeepsHisReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := board([]acd.Queue{hotline}, agents)
		b.MaxMissed = 1
		b.OnPaused = func(user, reason string) { t.Errorf("told that %s is paused for %s", user, reason) }
		stop := start(t, b, "clerk1")
		defer stop()
		enter(t, b, "one")
		b.Pause("clerk1", "lunch")
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if p := b.Snapshot().Agents[0]; p.Reason != "lunch" {
			t.Errorf("%+v", p)
		}
	})
}

func TestWhoJoinedARoundLateHasNotLetItRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := board([]acd.Queue{hotline}, agents)
		b.MaxMissed = 1
		stop := start(t, b, "clerk1")
		defer stop()
		enter(t, b, "one")
		time.Sleep(14 * time.Second)
		b.Registered("clerk2", true)
		time.Sleep(time.Second)
		synctest.Wait()
		wantStates(t, b, acd.Paused, acd.Ringing, acd.Away)
	})
}

func TestNobodyWhoIsReadyWillDo(t *testing.T) {
	q := hotline
	q.Strategy, q.Required = named(t, "skills"), map[string]int{"english": 1}
	crew := []acd.Agent{{User: "clerk"}, {User: "linguist", Skills: map[string]int{"english": 2}}}
	withCrew(t, q, crew, func(t *testing.T, b *acd.Board) {
		b.Pause("linguist", "lunch")
		if n := b.Staff("hotline"); n != 0 {
			t.Errorf("%d at work, of whom nobody will do", n)
		}
		ticket := enterAs(t, b, acd.Caller{Call: "one", Queue: "hotline"})
		wantOffer(t, ticket, offer{})
		if got := b.Snapshot().Queues[0].Waiting[0].Reason; got != "skills_nobody" {
			t.Errorf("reason %s", got)
		}
		b.Ready("linguist")
		if n := b.Staff("hotline"); n != 1 {
			t.Errorf("%d at work, want the linguist", n)
		}
		wantOffer(t, ticket, offer{1, []string{"linguist"}, "skills"})
		ticket.Leave(metrics.WaitAbandoned)
		if diff := cmp.Diff(map[string]int{"skills": 1}, b.Snapshot().Queues[0].Offers); diff != "" {
			t.Errorf("offers, -want +got\n%s", diff)
		}
	})
}
