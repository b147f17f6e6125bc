package acd

import (
	"slices"
	"time"

	"shouwen/metrics"
)

// Registered reports that user's phone has registered, first or anew, or is gone.
// Users who are not agents are ignored, here and below.
func (b *Board) Registered(user string, up bool) {
	b.update(user, func(m *member, _ time.Time) {
		m.registered = up
		m.restUntil = time.Time{}
	})
}

// Pause says that the agent wants no calls, and why. A phone that already rings
// goes on ringing.
func (b *Board) Pause(user, reason string) {
	b.update(user, func(m *member, now time.Time) { m.paused, m.reason, m.said = true, reason, now })
}

// Ready says that the agent wants calls, at once: it ends a pause, and a wrap-up
// before its time. Agents begin ready.
func (b *Board) Ready(user string) {
	b.update(user, func(m *member, now time.Time) {
		if m.paused {
			m.paused, m.reason, m.said = false, "", now
		}
		m.wrapUntil, m.restUntil = time.Time{}, time.Time{}
		m.work.Missed = 0
	})
}

// ExtendWrapUp gives the agent d more to finish what his last call left to do. It
// reports whether he had still something to finish; if not, nothing changes.
func (b *Board) ExtendWrapUp(user string, d time.Duration) (extended bool) {
	b.update(user, func(m *member, now time.Time) {
		if extended = now.Before(m.wrapUntil); extended {
			m.wrapUntil = m.wrapUntil.Add(d)
		}
	})
	return extended
}

// Busy reports that the agent is in a call that no ticket of his brought: one
// between extensions. Not for a call he claimed or was taken for. It leaves
// nothing to wrap up, and a wrap-up under way goes on beside it.
func (b *Board) Busy(user, call string) {
	b.update(user, func(m *member, _ time.Time) {
		if !slices.ContainsFunc(m.calls, func(t talk) bool { return t.call == call }) {
			m.calls = append(m.calls, talk{call: call})
			m.work.Missed = 0
		}
	})
}

// Released reports that the agent is no longer in the call: claimed, kept, or
// reported by Busy. After the first two his wrap-up begins.
func (b *Board) Released(user, call string) {
	b.update(user, func(m *member, now time.Time) { b.release(m, call, now) })
}

// Handled reports how long the agent spoke with a caller of a queue and had him on
// hold. It is measured when he is released and his wrap-up has ended. Call it before
// Released or Return.
func (b *Board) Handled(user, call string, c metrics.Contact) {
	b.update(user, func(m *member, _ time.Time) {
		for i, t := range m.calls {
			if t.call == call {
				m.calls[i].contact = &c
			}
		}
	})
}

// release ends the agent's part in a call.
func (b *Board) release(m *member, call string, now time.Time) {
	m.calls = slices.DeleteFunc(m.calls, func(t talk) bool {
		if t.call != call {
			return false
		}
		if t.contact != nil {
			b.measure(m, now.Add(-t.contact.Talk-t.contact.Hold)) // then he left the last one alone
			m.handled, m.wrapFrom = t.contact, now
		}
		if t.wrapUp > 0 && !t.reserved {
			m.wrapUntil = now.Add(t.wrapUp)
		}
		return true
	})
}

// measure measures the contact that m has been finishing until at, or less long.
func (b *Board) measure(m *member, at time.Time) {
	if m.handled == nil {
		return
	}
	if m.wrapUntil.After(m.wrapFrom) && m.wrapUntil.Before(at) {
		at = m.wrapUntil
	}
	m.handled.WrapUp = max(at.Sub(m.wrapFrom), 0)
	b.metrics.Handled(m.User, *m.handled)
	m.handled = nil
}

// Lost reports that user's phone has vanished in a call. The agent is left alone
// as after Missed.
func (b *Board) Lost(user string) {
	b.update(user, func(m *member, now time.Time) {
		m.restUntil, m.restFor = now.Add(rest), metrics.Unreachable
	})
}

// miss ends the offer to m.
func (b *Board) miss(m *member, why metrics.Missed) {
	b.metrics.Missed(m.Department, m.User, why)
	m.ticket.ringing = out(m.ticket.ringing, m)
	m.ticket = nil
	b.touch(m)
}

// leaveAlone lets the agent rest whose phone did not take a call.
func (b *Board) leaveAlone(m *member, why metrics.Missed, now time.Time) {
	m.restUntil, m.restFor = now.Add(rest), why
	if why == metrics.NoAnswer {
		b.unanswered(m, now)
	}
}

// unanswered counts a phone that rang in vain, and pauses its agent when he seems
// not to be there.
func (b *Board) unanswered(m *member, now time.Time) {
	m.work.Missed++
	if b.MaxMissed == 0 || m.work.Missed < b.MaxMissed || m.paused {
		return
	}
	m.paused, m.reason, m.said = true, string(metrics.NoAnswer), now
	b.log.Info("phone not answered", "agent", m.User, "missed", m.work.Missed)
	if b.OnPaused != nil {
		b.OnPaused(m.User, m.reason)
	}
}

func (b *Board) update(user string, f func(m *member, now time.Time)) {
	_ = b.do(func(now time.Time) {
		if m, ok := b.agents[user]; ok {
			b.touch(m)
			f(m, now)
		}
	})
}
