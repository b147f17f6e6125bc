package acd

import "time"

// Durable is what a board must not forget when the process ends, by user: who is
// paused and why, who has still to wrap up, and today's work. It is a plain value,
// good for JSON. Phones register anew and callers are in calls, so they are not in
// it.
type Durable map[string]Duty

// Duty is the part of one agent.
type Duty struct {
	At     time.Time `json:"at"` // when it was so
	Paused bool      `json:"paused,omitempty"`
	Reason string    `json:"reason,omitempty"` // of the pause
	Said   time.Time `json:"said,omitzero"`    // when a pause last began or ended; zero: never
	WrapUp time.Time `json:"wrap_up,omitzero"` // its end; zero: none
	Work   Work      `json:"work"`
}

// Merge returns what is known last of an agent of whom two nodes say something.
func (d Duty) Merge(other Duty) Duty {
	pause := d
	if other.Said.After(d.Said) {
		pause = other
	}
	if other.At.After(d.At) {
		d = other
	}
	d.Paused, d.Reason, d.Said = pause.Paused, pause.Reason, pause.Said
	return d
}

// Durable returns what is to be kept; it is nil once Run has ended.
func (b *Board) Durable() (d Durable) {
	_ = b.do(func(now time.Time) {
		d = make(Durable, len(b.roster))
		for _, m := range b.roster {
			kept := Duty{At: now, Paused: m.paused, Reason: m.reason, Said: m.said, Work: m.work}
			if now.Before(m.wrapUntil) {
				kept.WrapUp = m.wrapUntil
			}
			d[m.User] = kept
		}
	})
	return d
}

// Restore takes over what was kept, but for counts of another day. Agents it does
// not name begin as always, names that are no agents are ignored. Call it before
// Run.
func (b *Board) Restore(d Durable) {
	now := time.Now()
	b.tomorrow = b.midnight(now)
	b.takeOver(d, now)
}

// Learn takes over what another node kept, as Restore does.
func (b *Board) Learn(d Durable) {
	_ = b.do(func(now time.Time) { b.takeOver(d, now) })
}

func (b *Board) takeOver(d Durable, now time.Time) {
	for user, kept := range d {
		m, ok := b.agents[user]
		if !ok {
			continue
		}
		b.touch(m)
		m.paused, m.reason, m.said = kept.Paused, kept.Reason, kept.Said
		m.wrapUntil, m.work = kept.WrapUp, kept.Work
		if !now.Before(b.midnight(kept.At)) {
			m.work.Calls, m.work.Talked = 0, 0
		}
	}
}
