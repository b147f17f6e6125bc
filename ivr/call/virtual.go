package call

import (
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
)

// Standing is a caller who stands in line without being on the phone. Whoever is
// given one reads the ticket's offers, has the agents' phones rung and, when one
// picked up and claimed, the caller's; and ends the ticket by Claim or Leave.
type Standing struct {
	cases.Place
	ID     string // id of the call to be made, as the ticket names it
	Ticket *acd.Ticket
}

// Stand puts a caller who takes a callback back into line, where he was, and hands
// him to s.CallBack. Whoever stands there already is left alone. It may be called
// from any goroutine.
func (s *Switch) Stand(p cases.Place) {
	if now := time.Now(); s.CallBack == nil || !s.mayCall(now, s.occasion(p, now)) || !s.stands(p.Case) {
		return
	}
	if line, ok := s.hotline(p.Hotline); ok && p.Queue == "" {
		p.Queue = line.Queue
	}
	id := newID()
	caller := acd.Caller{
		Call: id, Queue: p.Queue, Since: p.Since, Kept: true, First: p.FirstAsker, FirstFor: firstFor,
		Priority: acd.Priority(p.Priority), Avoid: p.Avoid,
	}
	t, err := s.Board.Enter(caller)
	if err != nil {
		s.Log.Warn("no place in line for a callback; it is owed all the same", "case", p.Case, "queue", p.Queue, "err", err)
		s.Unstand(p.Case)
		return
	}
	s.Log.Info("stands in line for a callback", "case", p.Case, "queue", p.Queue, "waited", time.Since(p.Since))
	s.CallBack(Standing{Place: p, ID: id, Ticket: t})
}

// placeTaken is how long it takes at most until everybody knows of a place in line.
const placeTaken = 3 * time.Second

// StandOnly takes those out of line who are not among all, which were asked for at that
// time: somebody has spoken with them meanwhile, or another node calls them.
func (s *Switch) StandOnly(all []cases.Place, asked time.Time) {
	owed := make(map[cases.CaseNumber]bool, len(all))
	for _, p := range all {
		owed[p.Case] = true
	}
	s.mu.Lock()
	var gone []*Conversation
	for _, c := range s.calls {
		if b := c.back; b != nil && !b.stands.IsZero() && b.stands.Before(asked.Add(-placeTaken)) && !owed[b.Case] {
			gone = append(gone, c)
		}
	}
	s.mu.Unlock()
	for _, c := range gone {
		c.post(event{kind: evForgo})
	}
}

// keepsPlaces says whether those who take a callback are called when it is their
// turn; else somebody calls them back when he can.
func (s *Switch) keepsPlaces() bool { return s.CallBack != nil && s.mayCall(time.Now(), Asked) }

// stands notes that the caller of a case stands in line; false if he does already.
func (s *Switch) stands(n cases.CaseNumber) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.standing[n] || s.draining {
		return false
	}
	if s.standing == nil {
		s.standing = make(map[cases.CaseNumber]bool)
	}
	s.standing[n] = true
	return true
}

// Unstand says that the caller of a case stands in line no longer: he was reached,
// or will be tried again later by Stand.
func (s *Switch) Unstand(n cases.CaseNumber) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.standing, n)
}

// mayCall says whether it is the hour for calls to the outside.
func (s *Switch) mayCall(now time.Time, on Occasion) bool {
	return s.Outbound == nil || !s.Outbound.nextOpen(now, on).After(now)
}

// occasion is that of calling back whom p is about at t.
func (s *Switch) occasion(p cases.Place, t time.Time) Occasion {
	if p.Asked(t, s.Zone) {
		return Asked
	}
	return Unasked
}
