package call

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/sip"
)

// What CallBackNow and MarkCallback return, besides ErrNotNow, ErrNobody,
// acd.ErrTaken and acd.ErrNoAgent.
var (
	ErrNoCase   = errors.New("no such case")
	ErrNoNumber = errors.New("the caller left no number, or withheld it")
	ErrNoTrunk  = sip.ErrNoTrunk

	ErrQuiet = errors.New("it is a quiet hour: the caller is to be asked first whether he may be rung (move tell, of ring)")

	ErrNoDatabase = errors.New("cases cannot be looked up: the database does not answer")
)

// CaseList is where cases are found by their number.
type CaseList interface {
	Case(context.Context, cases.CaseNumber) (cases.Case, []cases.Event, error)
}

// CallbackCode is by default what an agent dials outside of a call, with the number of a case,
// to call its caller back.
const CallbackCode = "*5"

// lookUpFor bounds how long an agent waits for the case he dialled.
const lookUpFor = 3 * time.Second

// CallBackNow rings the phones of an agent and, when he picks up, the caller of a
// case. It returns when the agent's phone rings.
func (s *Switch) CallBackNow(ctx context.Context, n cases.CaseNumber, agent string) error {
	p, err := s.owed(ctx, n)
	if err != nil {
		return err
	}
	c := s.callBack(newID(), p)
	if err := s.claim(n); err != nil {
		return err
	}
	if err := c.fetch(agent); err != nil {
		s.Unstand(n)
		return err
	}
	s.runBack(c)
	return nil
}

// callBackBy is CallBackNow by an agent who is on the phone already: what he dialled says
// whom.
func (s *Switch) callBackBy(leg *sip.Leg, agent string, whom func(context.Context) (cases.Place, error)) func(sip.Event) {
	events := make(chan sip.Event, 256) // until the case is found
	s.wg.Go(func() {
		c, err := s.dialledBack(leg, agent, whom)
		if err != nil {
			s.Log.Info("callback not possible", "agent", agent, "err", err)
			leg.Reject(refusalOf(err))
		}
		for over := false; !over; {
			select {
			case e := <-events:
				_, over = e.(sip.Ended)
				if c != nil {
					c.post(event{kind: agentEvent(e), sip: e, leg: leg, user: agent})
				}
			case <-leg.Done():
				over = len(events) == 0
			}
		}
	})
	return func(e sip.Event) {
		select {
		case events <- e:
		default: // more keys than anybody presses
		}
	}
}

func (s *Switch) dialledBack(leg *sip.Leg, agent string, whom func(context.Context) (cases.Place, error)) (*Conversation, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookUpFor)
	defer cancel()
	p, err := whom(ctx)
	if err != nil {
		return nil, err
	}
	c := s.callBack(newID(), p)
	if err := s.claim(p.Case); err != nil {
		return nil, err
	}
	if err := s.Board.Take(agent, c.id, c.wrapUp); err != nil {
		s.Unstand(p.Case)
		return nil, err
	}
	c.ringing[agent] = &party{User: agent, legs: []*sip.Leg{leg}, summoned: true}
	leg.Log(c.log)
	leg.Answer()
	s.runBack(c)
	return c, nil
}

// refusalOf is the status that tells an agent's phone why there is no callback.
func refusalOf(err error) (code int, reason string) {
	switch {
	case errors.Is(err, ErrNoCase):
		return 404, "Not Found"
	case errors.Is(err, ErrNoNumber):
		return 484, "Address Incomplete"
	case errors.Is(err, ErrNotNow), errors.Is(err, ErrQuiet):
		return 486, "Busy Here"
	case errors.Is(err, ErrNoTrunk), errors.Is(err, ErrNoDatabase):
		return 503, "Service Unavailable"
	}
	return 480, "Temporarily Unavailable"
}

// owedTo is owed about the case that an agent dialled.
func (s *Switch) owedTo(ctx context.Context, dialled string) (cases.Place, error) {
	n, ok := caseDialled(dialled, s.Node, time.Now().In(s.Zone))
	if !ok {
		return cases.Place{}, ErrNoCase
	}
	return s.owed(ctx, n)
}

// owed returns whom to call about a case.
func (s *Switch) owed(ctx context.Context, n cases.CaseNumber) (cases.Place, error) {
	if s.Outbound == nil {
		return cases.Place{}, ErrNoTrunk
	}
	c, _, err := s.Cases.Case(ctx, n)
	if err != nil {
		return cases.Place{}, noCase(err)
	}
	p := cases.Place{
		Taken: c.CallBackAt != "", MayRing: c.File.MayRing,
		Case: c.Number, Call: c.Call.ID, Caller: c.Call.Caller, Hotline: c.Call.Hotline, Number: c.CallBackAt,
		Due: c.CallbackDue, FirstAsker: c.FirstAsker, Attempts: c.CalledBack.Attempts,
	}
	if p.Number == "" && !p.Caller.Withheld {
		p.Number = p.Caller.E164
	}
	if p.Number == "" {
		return cases.Place{}, ErrNoNumber
	}
	if now := time.Now(); s.occasion(p, now) == Unasked && s.Outbound.policy.quiet(now) {
		return cases.Place{}, ErrQuiet
	}
	return p, nil
}

// noCase is what an error of the CaseList means to who asked.
func noCase(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ErrNoCase
	}
	return fmt.Errorf("%w: %w", ErrNoDatabase, err)
}

// claim makes an agent's attempt the only one for a case: who stands in line for it
// gives way, who is being called already does not.
func (s *Switch) claim(n cases.CaseNumber) error {
	for _, c := range s.backs(n) {
		if err := s.ask(c.id, event{kind: evForgo}); err != nil && !errors.Is(err, ErrNoCall) {
			return ErrNotNow
		}
		<-c.done
	}
	if !s.stands(n) {
		return ErrNotNow
	}
	return nil
}

// backs are the conversations that call back on a case.
func (s *Switch) backs(n cases.CaseNumber) (all []*Conversation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c.back != nil && c.back.Case == n {
			all = append(all, c)
		}
	}
	return all
}

// engaged refuses to give way: the caller is being called.
func (c *Conversation) engaged(e event) {
	if e.reply != nil {
		e.reply <- ErrNotNow
	}
}

// Drain puts off the callbacks for which an agent is still waited: they are owed all
// the same. None begins from now on.
func (s *Switch) Drain() {
	s.mu.Lock()
	s.draining = true
	for _, stop := range s.alarms.ringing {
		stop()
	}
	var all []*Conversation
	for _, c := range s.calls {
		if c.back != nil {
			all = append(all, c)
		}
	}
	s.mu.Unlock()
	for _, c := range all {
		c.post(event{kind: evForgo})
	}
}

// MarkCallback says who answered the last callback of a case, for an agent who has
// hung up: a machine, or somebody else. It returns when that is durable.
func (s *Switch) MarkCallback(ctx context.Context, n cases.CaseNumber, by string, as cases.CallbackResult) error {
	if as != cases.CallbackWrongNumber && as != cases.CallbackVoicemail {
		return fmt.Errorf("%q: %w", as, ErrNotNow)
	}
	if s.Outbound == nil {
		return ErrNoTrunk
	}
	c, _, err := s.Cases.Case(ctx, n)
	switch {
	case err != nil:
		return noCase(err)
	case c.CalledBack.Last != cases.CallbackReached || len(s.backs(n)) > 0:
		return ErrNotNow
	}
	line, ok := s.hotline(c.Call.Hotline)
	if !ok {
		line = s.Hotlines[0]
	}
	f := s.marked(by, c.CalledBack.Attempts, as, line.CallbackWithin)
	f.At, f.Call, f.Case = time.Now().UTC(), c.CalledBack.Call, n
	_, err = s.Journal.Append(ctx, f)
	return err
}

var caseParts = regexp.MustCompile(`^(\d{6})\*(\d{1,4})\*(\d+)$`)

// caseDialled reads the number of a case as phones can dial it: all of it with stars
// for the dashes or without any, or the last part, of today. Without stars it is of
// this node.
func caseDialled(keys string, node int, today time.Time) (cases.CaseNumber, bool) {
	day, of, seq := today.Format("060102"), strconv.Itoa(node), keys
	if m := caseParts.FindStringSubmatch(keys); m != nil {
		day, of, seq = m[1], m[2], m[3]
	} else if rest, ok := strings.CutPrefix(keys[min(6, len(keys)):], of); ok && len(keys) > 6+len(of)+3 {
		day, seq = keys[:6], rest
	}
	n, err := strconv.Atoi(seq)
	if err != nil || n < 1 || len(seq) > 9 {
		return "", false
	}
	number := cases.CaseNumber(fmt.Sprintf("%s-%s-%04d", day, of, n))
	if _, _, _, err := number.Parse(); err != nil {
		return "", false
	}
	return number, true
}
