package acd

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"shouwen/metrics"
)

// Take reserves an agent for a call that no queue brings him: a transferred one, a
// callback. He is in it at once, whether ready or not, until Released. When he has
// the caller, say so by Keep. WrapUp is what he then has to finish the call.
// Errors: ErrTaken if he is in a call or his phone rings, ErrNoAgent, ErrClosed.
func (b *Board) Take(user, call string, wrapUp time.Duration) error {
	err := ErrNoAgent
	gone := b.do(func(time.Time) {
		m, ok := b.agents[user]
		if !ok {
			return
		}
		if err = ErrTaken; m.ticket == nil && len(m.calls) == 0 && m.elsewhere == "" {
			b.touch(m)
			m.calls, err = []talk{{call: call, wrapUp: wrapUp, reserved: true}}, nil
		}
	})
	if gone != nil {
		err = gone
	}
	if err == nil && b.Leases != nil {
		given, unknown := b.claim(call, []string{user})
		if unknown == nil && len(given) == 0 {
			b.Released(user, call)
			err = ErrTaken
		}
	}
	if err != nil {
		return fmt.Errorf("take %q: %w", user, err)
	}
	return nil
}

// Keep reports that an agent who was taken for a call has the caller.
func (b *Board) Keep(user, call string) {
	b.update(user, func(m *member, _ time.Time) {
		for i, t := range m.calls {
			if t.call == call {
				m.calls[i].reserved = false
				m.work.Missed = 0
			}
		}
	})
}

// Carry moves an agent from one call to another, as if he had been taken for that
// with his wrap-up; nobody is offered him meanwhile. Who is not in the first is
// taken for the second whatever else he is in.
func (b *Board) Carry(user, from, to string, wrapUp time.Duration) {
	b.update(user, func(m *member, now time.Time) {
		m.calls = append(m.calls, talk{call: to, wrapUp: wrapUp, reserved: true})
		b.release(m, from, now)
	})
}

// Missed reports that an agent who was taken for a call will not take it; his phone
// did not. He is free, and left alone as after Ticket.Missed. Where his phone was
// stopped for another reason, he is to be released instead.
func (b *Board) Missed(user, call string, why metrics.Missed) {
	b.update(user, func(m *member, now time.Time) {
		if slices.ContainsFunc(m.calls, func(t talk) bool { return t.call == call && t.reserved }) {
			b.metrics.Missed(m.Department, m.User, why)
			b.release(m, call, now)
			b.leaveAlone(m, why, now)
		}
	})
}

// Return puts a caller who has lost his agent in front of the queue, and releases
// agents from his call, in one: nobody set free by it is offered to another before.
// First is heeded only if that agent was ready before. Errors as of Enter; agents
// are released all the same.
func (b *Board) Return(c Caller, release ...string) (t *Ticket, err error) {
	c.Front = true
	gone := b.do(func(now time.Time) {
		if m, ok := b.agents[c.First]; ok && m.state(now) != Ready { // he would only be waited for
			c.First = ""
		}
		t, err = b.enter(c, now)
		for _, user := range release {
			if m, ok := b.agents[user]; ok {
				b.touch(m)
				b.release(m, c.Call, now)
			}
		}
	})
	return t.entry(cmp.Or(gone, err))
}
