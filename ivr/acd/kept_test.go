package acd_test

import (
	"testing"
	"time"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// TestKeptPlace: a caller who is not on the phone is served where he stood, is
// turned away by nothing, does not expire, takes no room and is not counted again.
func TestKeptPlace(t *testing.T) {
	small := hotline
	small.Limit = 1
	withBoard(t, small, nil, func(t *testing.T, b *acd.Board) {
		since := time.Now()
		time.Sleep(30 * time.Second)
		later := enter(t, b, "later")
		kept := enterAs(t, b, acd.Caller{Call: "kept", Queue: "hotline", Since: since, Kept: true})
		if position, _ := kept.Place(); position != 1 {
			t.Errorf("place %d, want before who came later", position)
		}
		if position, _ := later.Place(); position != 2 {
			t.Errorf("who came later is at %d", position)
		}
		line := b.Snapshot().Queues[0]
		if line.Callers() != 1 || line.Longest(time.Now()) != 0 || !line.Waiting[0].Kept {
			t.Errorf("on the phone are %d, for %s: %+v", line.Callers(), line.Longest(time.Now()), line.Waiting)
		}
		later.Leave(metrics.WaitAbandoned)
		enter(t, b, "another").Leave(metrics.WaitAbandoned) // there is room
		b.Drain()
		time.Sleep(24 * time.Hour)
		b.Registered("clerk1", true)
		if o := <-kept.Offers(); len(o.Agents) != 1 {
			t.Errorf("offer %+v after a day", o)
		}
		enterAs(t, b, acd.Caller{Call: "again", Queue: "hotline", Since: since, Kept: true}).Leave(metrics.WaitCallback)
		kept.Leave(metrics.WaitCallback)
	})
}

func TestStaff(t *testing.T) {
	q := hotline
	q.Members = []string{"clerk1", "clerk2"}
	withBoard(t, q, []string{"clerk1", "head"}, func(t *testing.T, b *acd.Board) {
		for _, step := range []struct {
			do   func()
			want int
		}{
			{func() {}, 1},
			{func() { b.Registered("clerk2", true) }, 2},
			{func() { b.Busy("clerk1", "x") }, 2}, // will be free again
			{func() { b.Pause("clerk2", "lunch") }, 1},
			{func() { b.Registered("clerk1", false) }, 1}, // still talks
			{func() { b.Released("clerk1", "x") }, 0},
		} {
			step.do()
			if got := b.Staff("hotline"); got != step.want {
				t.Errorf("%d at work, want %d", got, step.want)
			}
		}
		if n := b.Staff("no such queue"); n != 0 {
			t.Errorf("%d at work in no queue", n)
		}
	})
}
