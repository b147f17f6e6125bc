package acd

import "time"

// Durable is what a board must not forget when the process ends: who is paused and
// why, who has still to wrap up, and today's work. It is a plain value, good for
// JSON. Phones register anew and callers are in calls, so they are not in it.
type Durable struct {
	At     time.Time       `json:"at"` // when it was so
	Agents map[string]Duty `json:"agents"`
}

// Duty is the part of one agent.
type Duty struct {
	Paused bool      `json:"paused,omitempty"`
	Reason string    `json:"reason,omitempty"` // of the pause
	WrapUp time.Time `json:"wrap_up,omitzero"` // its end; zero: none
	Work   Work      `json:"work"`
}

// Durable returns what is to be kept; it is zero once Run has ended.
func (b *Board) Durable() (d Durable) {
	_ = b.do(func(now time.Time) {
		d = Durable{At: now, Agents: map[string]Duty{}}
		for _, m := range b.roster {
			kept := Duty{Paused: m.paused, Reason: m.reason, Work: m.work}
			if now.Before(m.wrapUntil) {
				kept.WrapUp = m.wrapUntil
			}
			d.Agents[m.User] = kept
		}
	})
	return d
}

// Restore takes over what was kept, but for the counts if they are of another day.
// Agents it does not name begin as always, names that are no agents are ignored.
// Call it before Run.
func (b *Board) Restore(d Durable) {
	b.tomorrow = b.midnight(d.At)
	for user, kept := range d.Agents {
		if m, ok := b.agents[user]; ok {
			m.paused, m.reason, m.wrapUntil, m.work = kept.Paused, kept.Reason, kept.WrapUp, kept.Work
		}
	}
}
