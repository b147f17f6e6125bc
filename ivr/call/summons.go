package call

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"shouwen/cases"
	"shouwen/ivr/prompts"
	"shouwen/metrics"
	"shouwen/sip"
	"shouwen/sip/media"
)

// What somebody rung for an emergency has: until he picks up, then until he takes it, and
// to hear that he has.
const (
	summonsRings  = 15 * time.Second
	summonsHeard  = 25 * time.Second
	summonsThanks = time.Second

	// SummonsLimit is the longest an attempt takes.
	SummonsLimit = summonsRings + summonsHeard + summonsThanks + time.Second
)

// takeKey is what who was rung presses to take it.
const takeKey = '1'

var (
	// ErrNotTaken reports that who was rung has not taken it.
	ErrNotTaken = errors.New("not taken")
	// ErrNoManager reports that there is nobody to be rung.
	ErrNoManager = errors.New("nobody can be rung for an emergency: somebody with the role supervisor needs a phone, or a mobile in the directory")
)

// Summon rings one of those who manage emergencies, another one with each attempt (from
// 1), and tells him the number of the case. It returns nil when he has taken it, an error
// that wraps ErrNotTaken or ErrNoManager otherwise. It asks no database; every attempt is
// on record.
func (s *Switch) Summon(ctx context.Context, m cases.Summons, attempt int) error {
	if s.isTaken(m.Key) {
		return nil
	}
	var there []cases.Recipient
	for _, r := range s.Managers(m) {
		if len(s.Phones.Contacts(r.Person.User)) > 0 || r.Person.Mobile != "" && s.Outbound != nil {
			there = append(there, r)
		}
	}
	if len(there) == 0 {
		return ErrNoManager
	}
	who := there[(attempt-1)%len(there)]
	c := &alarmCall{
		id: newID(), sw: s, Summons: m, who: who.Person, log: s.Log.With("summons", m.Key, "case", m.Case, "manager", who.Person.User),
		events: make(chan event, 32), over: make(chan struct{}),
	}
	s.wg.Add(1)
	defer s.wg.Done()
	result, outside := c.ring(ctx)
	c.log.Warn("emergency", "result", result, "attempt", attempt, "outside", outside)
	c.record(cases.Fact{Summoned: &cases.Summoned{
		Key: m.Key, User: who.Person.User, As: who.As, Attempt: attempt, Outside: outside, Result: result,
	}})
	if result != cases.SummonsTaken {
		return fmt.Errorf("%w by %s: %s", ErrNotTaken, who.Person.User, result)
	}
	s.noteTaken(m.Key)
	return nil
}

// alarmCall is one attempt to have somebody come. It is owned by the goroutine that runs
// ring; everybody else posts events.
type alarmCall struct {
	cases.Summons
	id     string
	sw     *Switch
	who    cases.Person
	log    *slog.Logger
	events chan event
	over   chan struct{} // closed when ring has returned

	legs    []*sip.Leg
	up      *sip.Leg // that he picked up; nil: none yet
	playing *media.Playback
	next    []*media.Prompt
}

func (c *alarmCall) post(e event) {
	select {
	case c.events <- e:
	case <-c.over:
	}
}

// ring rings his phones, or, if they are not there, his number outside, until he has
// taken it or will not.
func (c *alarmCall) ring(ctx context.Context) (result cases.SummonsResult, outside bool) {
	result = cases.SummonsUnreachable // also should this panic
	defer close(c.over)
	defer c.sw.recovered("summons", c.log, func() {})
	if !c.sw.take(c.who.User, c.id) {
		return result, false
	}
	defer c.sw.Board.Released(c.who.User, c.id)
	defer c.hangup()
	line := c.sw.Hotlines[0].Number
	c.sw.show(Live{ID: c.id, Direction: metrics.Internal, State: metrics.Ringing, Dialed: c.who.Extension, Caller: cases.Caller{E164: cases.Number(line)}, Case: c.Case, Since: time.Now()})
	defer c.sw.hide(c.id)
	c.legs = c.sw.ring(c.who.User, shown{Caller: cases.Caller{E164: cases.Number(line), Display: string(c.Case)}, number: c.Case}, c.log, c.post)
	if outside = len(c.legs) == 0; outside {
		c.legs = c.callOut(line)
	}
	if len(c.legs) == 0 {
		return result, outside
	}
	return c.wait(ctx), outside
}

// callOut rings his number outside.
func (c *alarmCall) callOut(line string) []*sip.Leg {
	if c.who.Mobile == "" || c.sw.Outbound == nil {
		return nil
	}
	var leg *sip.Leg
	known := make(chan struct{}) // leg is set before its first event is told
	leg, err := c.sw.Outbound.Place(Placing{
		Actor: c.who.User, Number: cases.Number(c.who.Mobile), Occasion: Urgent, Record: c.record,
		Dialing: sip.Dialing{Caller: line, Log: c.log, Events: func(e sip.Event) {
			<-known
			c.post(event{kind: agentEvent(e), sip: e, leg: leg})
		}},
	})
	close(known)
	if err != nil {
		c.log.Warn("not rung outside", "err", err)
		return nil
	}
	return []*sip.Leg{leg}
}

// wait waits for what becomes of it.
func (c *alarmCall) wait(ctx context.Context) cases.SummonsResult {
	result := cases.SummonsNoAnswer
	limit := time.NewTimer(summonsRings)
	defer limit.Stop()
	for {
		select {
		case e := <-c.events:
			switch {
			case e.kind == evAgentUp && c.up == nil:
				c.up, result = e.leg, cases.SummonsNotTaken
				limit.Reset(summonsHeard)
				c.say()
			case e.kind == evAgentUp && e.leg != c.up:
				e.leg.Hangup(sip.Hangup{Reason: elsewhere})
			case e.kind == evAgentDigit && e.leg == c.up && e.sip.(sip.Digit).Key == takeKey:
				c.thank()
				return cases.SummonsTaken
			case e.kind == evAgentEnded && e.leg == c.up:
				return result
			case e.kind == evAgentEnded:
				if result = c.rejected(e, result); len(c.legs) == 0 {
					return result
				}
			}
		case <-done(c.playing):
			c.say()
		case <-limit.C:
			return result
		case <-ctx.Done():
			return result
		}
	}
}

// rejected forgets a phone that will not take the call, and says what is known then.
func (c *alarmCall) rejected(e event, result cases.SummonsResult) cases.SummonsResult {
	p := party{legs: c.legs}
	p.drop(e.leg)
	if c.legs = p.legs; c.up != nil {
		return result
	}
	switch missedBecause(e.sip.(sip.Ended)) {
	case metrics.Declined:
		return cases.SummonsDeclined
	case metrics.NoAnswer:
		return cases.SummonsNoAnswer
	}
	return cases.SummonsUnreachable
}

// say says what it is about, over and over.
func (c *alarmCall) say() {
	if c.playing == nil {
		for _, l := range c.legs {
			if l != c.up {
				l.Hangup(sip.Hangup{Reason: elsewhere})
			}
		}
		c.legs = []*sip.Leg{c.up}
	}
	if len(c.next) == 0 {
		seq := string(c.Case)[strings.LastIndexByte(string(c.Case), '-')+1:]
		said := append([]prompts.Name{prompts.EmergencyCase}, c.sw.Sounds.Say.Digits(seq)...)
		c.next = c.sw.words(c.sw.Sounds, append(said, prompts.Pause, prompts.TakeIt, prompts.Pause, prompts.Pause)...)
	}
	c.playing, c.next = c.sw.Pacer.Play(c.up.Media(), c.next[0], false), c.next[1:]
}

// thank lets who has taken it hear so.
func (c *alarmCall) thank() {
	c.playing.Stop()
	select {
	case <-c.sw.Pacer.Play(c.up.Media(), onceTone, false).Done():
	case <-time.After(summonsThanks):
	}
}

func (c *alarmCall) hangup() {
	for _, l := range c.legs {
		l.Hangup(sip.Hangup{})
	}
}

// record appends a fact about the case.
func (c *alarmCall) record(f cases.Fact) {
	f.At, f.Call, f.Case = time.Now().UTC(), c.Call, c.Case
	if _, err := c.sw.Journal.Append(context.Background(), f); err != nil {
		c.log.Error("fact not recorded", "err", err)
	}
}

// alarms are the summons this process has to do with.
type alarms struct {
	ringing map[string]context.CancelFunc // by key: those that no outbox keeps
	taken   map[string]bool
}

func (s *Switch) isTaken(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.alarms.taken[key]
}

func (s *Switch) noteTaken(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.alarms.taken == nil || len(s.alarms.taken) > 10_000 {
		s.alarms.taken = map[string]bool{}
	}
	s.alarms.taken[key] = true
}

const (
	alarmAttempts = 40
	alarmPause    = 5 * time.Second // between two
)

// Alarm summons whoever manages emergencies until somebody has taken it. It returns at
// once, and needs no database. What is under way already is left alone.
func (s *Switch) Alarm(m cases.Summons) {
	ctx, stop := context.WithCancel(context.Background())
	s.mu.Lock()
	if s.alarms.ringing == nil {
		s.alarms.ringing = map[string]context.CancelFunc{}
	}
	if s.draining || s.alarms.ringing[m.Key] != nil {
		s.mu.Unlock()
		stop()
		return
	}
	s.alarms.ringing[m.Key] = stop
	s.mu.Unlock()
	s.wg.Go(func() {
		defer func() {
			stop()
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.alarms.ringing, m.Key)
		}()
		for n := 1; n <= alarmAttempts && ctx.Err() == nil; n++ {
			err := s.Summon(ctx, m, n)
			if err == nil {
				return
			}
			s.Log.Error("emergency not taken", "case", m.Case, "attempt", n, "err", err)
			select {
			case <-time.After(alarmPause):
			case <-ctx.Done():
			}
		}
	})
}

// RaiseAlarm has whoever manages emergencies rung, for agent by, who talks with the
// caller of a call. Errors as of Transfer.
func (s *Switch) RaiseAlarm(call, by string) error { return s.command(call, by, RaiseAlarm, Target{}) }

// alarm raises the alarm for the agent's caller.
func (c *Conversation) alarm() error {
	if c.live.Case == "" {
		return ErrNotNow
	}
	c.log.Warn("alarm", "agent", c.agent.User)
	c.record(cases.Fact{Emergency: &cases.Emergency{By: c.agent.User, Summoned: []string{}}})
	c.sw.Alarm(cases.Summons{Key: "alarm:" + c.id, Case: c.live.Case, Call: c.id})
	c.tell(c.agent.legs[0], onceTone, func(bool) {})
	return nil
}
