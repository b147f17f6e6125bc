package acd_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"shouwen/ivr/acd"
)

func TestOrderOfService(t *testing.T) {
	// Callers enter a second apart.
	tests := map[string]struct {
		weights []int // of the queues a and b
		callers []acd.Caller
		after   time.Duration
		want    []string
	}{
		"by arrival": {nil, []acd.Caller{{Call: "1"}, {Call: "2"}, {Call: "3"}}, 0, []string{"1", "2", "3"}},
		"by class: emergency, thrown back, repeat, normal": {nil, []acd.Caller{
			{Call: "normal"}, {Call: "repeat", Priority: acd.Repeat}, {Call: "back", Front: true}, {Call: "emergency", Priority: acd.Emergency},
		}, 0, []string{"emergency", "back", "repeat", "normal"}},
		"by the priority a flow gives: 9 is the highest": {nil, []acd.Caller{
			{Call: "1", Priority: 1}, {Call: "repeat", Priority: acd.Repeat}, {Call: "9", Priority: 9}, {Call: "back", Front: true}, {Call: "4", Priority: 4},
		}, 0, []string{"back", "9", "repeat", "4", "1"}},
		"by arrival within a class": {nil, []acd.Caller{
			{Call: "1", Priority: acd.Repeat}, {Call: "2"}, {Call: "3", Priority: acd.Repeat}, {Call: "4"},
		}, 0, []string{"1", "3", "2", "4"}},
		"thrown back does not make a repeat caller more, nor an emergency less": {nil, []acd.Caller{
			{Call: "1", Front: true}, {Call: "2", Front: true, Priority: acd.Repeat}, {Call: "3", Front: true, Priority: acd.Emergency},
		}, 0, []string{"3", "1", "2"}},
		"who keeps his place has it": {nil, []acd.Caller{
			{Call: "1"}, {Call: "2"}, {Call: "kept", Since: time.Date(2000, 1, 1, 0, 0, 0, 5e8, time.UTC)},
		}, 0, []string{"1", "kept", "2"}},
		"a time to come is now": {nil, []acd.Caller{
			{Call: "1", Since: time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC)}, {Call: "2"},
		}, 0, []string{"1", "2"}},
		"equal queues are one line":                    {nil, []acd.Caller{{Call: "a1", Queue: "a"}, {Call: "b1", Queue: "b"}, {Call: "a2", Queue: "a"}}, 0, []string{"a1", "b1", "a2"}},
		"a heavy queue does not pass at once":          {[]int{1, 3}, []acd.Caller{{Call: "a1", Queue: "a"}, {Call: "b1", Queue: "b"}}, 400 * time.Millisecond, []string{"a1", "b1"}},
		"but as its callers count three times as long": {[]int{1, 3}, []acd.Caller{{Call: "a1", Queue: "a"}, {Call: "b1", Queue: "b"}}, 600 * time.Millisecond, []string{"b1", "a1"}},
		"weight is less than class":                    {[]int{1, 3}, []acd.Caller{{Call: "a1", Queue: "a", Priority: acd.Repeat}, {Call: "b1", Queue: "b"}}, time.Minute, []string{"a1", "b1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				queues := []acd.Queue{{Name: "a", MaxWait: time.Hour}, {Name: "b", MaxWait: time.Hour}}
				for i, w := range tt.weights {
					queues[i].Weight = w
				}
				b := board(queues, agents[:1])
				stop := start(t, b)
				defer stop()
				var tickets []*acd.Ticket
				for i, c := range tt.callers {
					if i > 0 {
						time.Sleep(time.Second)
					}
					if c.Queue == "" {
						c.Queue = "a"
					}
					tickets = append(tickets, enterAs(t, b, c))
				}
				time.Sleep(tt.after)
				b.Registered("clerk1", true)
				var got []string
				for range tickets { // each call taken frees him for the next
					synctest.Wait()
					i := slices.IndexFunc(tickets, func(t *acd.Ticket) bool { return len(t.Offers()) > 0 })
					<-tickets[i].Offers()
					got = append(got, tt.callers[i].Call)
					if _, err := tickets[i].Claim(acd.Answer{User: "clerk1", At: time.Now()}); err != nil {
						t.Fatal(err)
					}
					b.Released("clerk1", tt.callers[i].Call)
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("served %v, want %v", got, tt.want)
				}
			})
		})
	}
}

func TestEmergencyIsNotTurnedAway(t *testing.T) {
	q := hotline
	q.Limit = 1
	withBoard(t, q, nil, func(t *testing.T, b *acd.Board) {
		enter(t, b, "one")
		enterAs(t, b, acd.Caller{Call: "full", Queue: "hotline", Priority: acd.Emergency})
		b.Drain()
		enterAs(t, b, acd.Caller{Call: "closed", Queue: "hotline", Priority: acd.Emergency})
	})
}
