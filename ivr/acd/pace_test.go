package acd_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

func wantPlace(t *testing.T, ticket *acd.Ticket, position int, wait time.Duration) {
	t.Helper()
	if p, w := ticket.Place(); p != position || w != wait {
		t.Errorf("place %d, %s to wait; want %d, %s", p, w, position, wait)
	}
}

func TestPlaceInTheQueue(t *testing.T) {
	q := hotline
	q.MaxWait = time.Hour
	withBoard(t, q, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
		var line []*acd.Ticket
		for i := range 5 {
			line = append(line, enter(t, b, strconv.Itoa(i)))
		}
		serve := func() { // clerk1 talks with the first in line for a minute
			t.Helper()
			if _, err := line[0].Claim(acd.Answer{User: "clerk1", At: time.Now()}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			b.Released("clerk1", strconv.Itoa(5-len(line)))
			line = line[1:]
		}
		wantPlace(t, line[0], 1, 0)
		wantPlace(t, line[4], 5, 0)
		first := line[0]
		serve()
		wantPlace(t, first, 0, 0) // served
		wantPlace(t, line[0], 1, 0)
		serve()
		wantPlace(t, line[0], 1, time.Minute)
		wantPlace(t, line[2], 3, 3*time.Minute)
		for i, w := range b.Snapshot().Queues[0].Waiting {
			if want := time.Duration(i+1) * time.Minute; w.Estimate != want {
				t.Errorf("%s waits %s more, want %s", w.Call, w.Estimate, want)
			}
		}
		b.Busy("clerk2", "internal") // twice the agents, though one is in a call
		b.Registered("clerk2", true)
		wantPlace(t, line[2], 3, 90*time.Second)
		b.Registered("clerk2", false)
		b.Released("clerk2", "internal")
		wantPlace(t, line[2], 3, 3*time.Minute)
		line[0].Leave(metrics.WaitAbandoned)
		wantPlace(t, line[2], 2, 2*time.Minute)
		b.Pause("clerk1", "lunch") // whom the next rings for; then nobody is there
		line[1].Missed("clerk1", metrics.Declined)
		wantPlace(t, line[2], 2, 0)
	})
}

func TestPickUpsWhileAgentsAreEnoughSayNothingOfTheLine(t *testing.T) {
	withBoard(t, hotline, []string{"clerk1"}, func(t *testing.T, b *acd.Board) {
		for i := range 3 {
			ticket := enter(t, b, strconv.Itoa(i))
			time.Sleep(2 * time.Second)
			if _, err := ticket.Claim(acd.Answer{User: "clerk1", At: time.Now()}); err != nil {
				t.Fatal(err)
			}
			b.Released("clerk1", strconv.Itoa(i))
		}
		b.Busy("clerk1", "internal")
		wantPlace(t, enter(t, b, "last"), 1, 0)
	})
}

func TestWaitForTheFirstAskerSaysNothingOfTheLine(t *testing.T) {
	withBoard(t, hotline, everyone, func(t *testing.T, b *acd.Board) {
		other := enter(t, b, "other") // all phones ring for it
		tied := enterAs(t, b, acd.Caller{Call: "tied", Queue: "hotline", First: "clerk2", FirstFor: 12 * time.Second})
		time.Sleep(5 * time.Second)
		other.Leave(metrics.WaitAbandoned)
		if _, err := tied.Claim(acd.Answer{User: "clerk2", At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		wantPlace(t, enter(t, b, "last"), 1, 0)
	})
}

// TestEstimatedWaitOfASimulatedQueue: callers come at random to three agents who
// talk three minutes on average and are busy nine tenths of the time (M/M/3). Over
// 6,000 callers the estimate told on entering agrees with what those who stood in
// line then waited: on average within 10 %, and within 20 % for each of the first
// six positions and for what theory says of the first. Short lines are told a bit too
// little and long ones too much, since a line is short after quick answers.
func TestEstimatedWaitOfASimulatedQueue(t *testing.T) {
	const (
		callers = 6000
		talks   = 3 * time.Minute
		between = talks * 10 / (3 * 9)
	)
	type told struct {
		position int
		estimate time.Duration
		waited   chan time.Duration
	}
	random := rand.New(rand.NewPCG(1, 2))
	q := acd.Queue{Name: "hotline", MaxWait: 24 * time.Hour, Limit: callers}
	withBoard(t, q, everyone, func(t *testing.T, b *acd.Board) {
		var line []told
		for i := range callers {
			time.Sleep(time.Duration(random.ExpFloat64() * float64(between)))
			call, talk := strconv.Itoa(i), time.Duration(random.ExpFloat64()*float64(talks))
			ticket := enter(t, b, call)
			waited := make(chan time.Duration, 1)
			if len(ticket.Offers()) == 0 {
				position, estimate := ticket.Place()
				if i > callers/100 { // something was measured
					line = append(line, told{position, estimate, waited})
				}
			}
			go func() {
				user := (<-ticket.Offers()).Agents[0].User
				c, err := ticket.Claim(acd.Answer{User: user, At: time.Now()})
				if err != nil {
					t.Error(err)
				}
				waited <- c.Waited
				time.Sleep(talk)
				b.Released(user, call)
			}()
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		var all, first mean
		var at [7]mean
		for _, c := range line {
			waited := <-c.waited
			all.add(c.estimate, waited)
			if c.position < len(at) {
				at[c.position].add(c.estimate, waited)
			}
			if c.position == 1 {
				first.add(c.estimate, talks/3)
			}
		}
		all.within(t, "all", 0.10)
		first.within(t, "theory", 0.20)
		for position, m := range at[1:] {
			m.within(t, "position "+strconv.Itoa(position+1), 0.20)
		}
	})
}

// mean compares estimates with what came.
type mean struct {
	n              int
	estimate, came time.Duration
}

func (m *mean) add(estimate, came time.Duration) {
	m.n++
	m.estimate += estimate
	m.came += came
}

func (m *mean) within(t *testing.T, name string, tolerance float64) {
	t.Helper()
	off := float64(m.estimate)/float64(m.came) - 1
	t.Logf("%s: %d callers, told %s, waited %s, off by %+.1f %%", name, m.n,
		(m.estimate / time.Duration(m.n)).Round(time.Second), (m.came / time.Duration(m.n)).Round(time.Second), 100*off)
	if m.n < 100 || math.Abs(off) > tolerance {
		t.Errorf("%s: off by more than %.0f %%", name, 100*tolerance)
	}
}
