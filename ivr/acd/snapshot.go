package acd

import (
	"maps"
	"time"

	"shouwen/metrics"
)

// Snapshot is a board at one moment; the reader owns it.
type Snapshot struct {
	At     time.Time
	Agents []Presence // in the order of the directory
	Queues []Line     // in the order of the configuration
	Empty  []string   // posts where neither a primary nor a stand-in is there
}

// Line is one queue's callers.
type Line struct {
	Queue   string
	Waiting []Waiting      // in the order of service
	Offers  map[string]int // made since the start, by reason
}

// Waiting is one caller who waits.
type Waiting struct {
	Call    string
	Since   time.Time
	Kept    bool     // is not on the phone, but to be called back
	Round   int      // 0: nobody was rung yet
	Ringing []string // users whose phones ring for him
	Reason  string   // of his last offer, or why those who are ready are not rung

	Estimate time.Duration // how long he has still to wait, see Ticket.Place
}

// Callers returns how many wait on the phone.
func (l Line) Callers() (n int) {
	for _, w := range l.Waiting {
		if !w.Kept {
			n++
		}
	}
	return n
}

// Longest returns the longest wait on the phone at the moment of the snapshot, 0 if
// nobody waits there.
func (l Line) Longest(at time.Time) (longest time.Duration) {
	for _, w := range l.Waiting {
		if w.Kept {
			continue
		}
		longest = max(longest, at.Sub(w.Since))
	}
	return longest
}

// Snapshot returns the board as it is; it is empty once Run has ended.
func (b *Board) Snapshot() (s Snapshot) {
	_ = b.do(func(now time.Time) {
		s.At = now
		for _, m := range b.roster {
			s.Agents = append(s.Agents, m.presence(now))
		}
		for _, q := range b.lines {
			s.Queues = append(s.Queues, q.show())
		}
		for _, p := range b.posts {
			if p.empty {
				s.Empty = append(s.Empty, p.name)
			}
		}
	})
	return s
}

func (q *line) show() Line {
	l := Line{Queue: q.Name, Offers: maps.Clone(q.offers)}
	for i, t := range q.waiting {
		w := Waiting{Call: t.caller.Call, Since: t.since, Kept: t.caller.Kept, Round: t.round, Reason: t.reason, Estimate: q.pace.wait(i+1, q.staff)}
		for _, m := range t.ringing {
			w.Ringing = append(w.Ringing, m.User)
		}
		l.Waiting = append(l.Waiting, w)
	}
	return l
}

func (b *Board) readWaiting() map[string]metrics.Waiting {
	all := map[string]metrics.Waiting{}
	_ = b.do(func(now time.Time) {
		for _, q := range b.lines {
			l := q.show()
			all[q.Name] = metrics.Waiting{Callers: l.Callers(), Longest: l.Longest(now)}
		}
	})
	return all
}
