package day

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"shouwen/sip/siptest"
)

// Place is where a running Shouwen is reached, and who has phones there.
type Place struct {
	Server, Domain string            // ip:port, and what phones are user@
	API, Token     string            // its address, and what opens it
	Outside        string            // ip:port of those outside, who call and are called back
	Passwords      map[string]string // of the phones, by user
}

// Player plays one day. Play may be called once.
type Player struct {
	Plan  Plan
	Pace  Pace
	Place Place
	Say   func(format string, args ...any) // tells how far the day is

	api       *api
	directory directoryBody
	outside   *siptest.Phone
	phones    []*siptest.Phone
	callers   sync.Map   // by subscriber; *caller
	counts    tally      // of what the phones saw
	adviser   sync.Mutex // one caller at a time makes use of the adviser's absence

	mu       sync.Mutex // guards problems
	problems []string   // what should not happen
}

// What callers and agents say, in Hz.
const (
	callerTone = 440
	agentTone  = 660
)

// Open registers the phones of all agents and handlers. Close them.
func (p *Player) Open(ctx context.Context) (err error) {
	p.api = &api{base: p.Place.API, token: p.Place.Token}
	if p.directory, err = p.api.directory(ctx); err != nil {
		return fmt.Errorf("directory: %w", err)
	}
	at, err := netip.ParseAddrPort(p.Place.Outside)
	if err != nil {
		return fmt.Errorf("outside: %w", err)
	}
	config := siptest.Config{Server: p.Place.Server, Domain: p.Place.Domain, RTCP: siptest.OwnRTCP, Patience: patience, Trace: -1}
	outside := config
	outside.Local, outside.User, outside.Tone, outside.Answer = at.String(), "outside", callerTone, p.reached
	if p.outside, err = siptest.Listen(ctx, outside); err != nil {
		return err
	}
	users := append(p.directory.with("agent", ""), p.directory.with("handler", "")...)
	p.phones = make([]*siptest.Phone, len(users))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i, user := range users {
		c := config
		c.Local, c.User, c.Password = netip.AddrPortFrom(at.Addr(), 0).String(), user, p.Place.Passwords[user]
		c.Tone, c.Answer = agentTone, p.rings(user)
		g.Go(func() error {
			phone, err := siptest.Listen(ctx, c)
			if err != nil {
				return err
			}
			p.phones[i] = phone
			// First those that the player of another day has left.
			if _, err = phone.Register(ctx, "Contact: *", "Expires: 0"); err == nil {
				_, err = phone.Register(ctx)
			}
			if err != nil {
				return fmt.Errorf("phone %s: %w", user, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// Close puts the phones away, as a power cut does. They stay registered: so the
// supervisors see their people until the evening.
func (p *Player) Close() {
	for _, phone := range append(p.phones, p.outside) {
		if phone != nil {
			phone.Close()
		}
	}
}

// Categories returns what the departments of the open player are competent for.
func (p *Player) Categories() []Category { return p.directory.Categories }

// Play plays the day and returns when everybody has gone home. The phones still answer:
// Shouwen calls some callers back by itself.
func (p *Player) Play(ctx context.Context) {
	began := time.Now()
	phone := context.WithoutCancel(ctx) // whoever is on the phone ends his call
	today, home := context.WithDeadline(ctx, began.Add(p.Pace.work(Length+Overtime)))
	defer home()
	var all sync.WaitGroup
	defer all.Wait()
	for i, agent := range p.directory.with("agent", hotline.queue) {
		all.Go(func() { p.lunches(phone, today, agent, i) })
	}
	for i, k := range p.Plan.Contacts {
		if !sleep(today, time.Until(began.Add(p.Pace.work(k.At)))) {
			return
		}
		if i%10 == 0 {
			p.Say("%s: caller %d of %d", clock(k.At), i+1, len(p.Plan.Contacts))
		}
		all.Go(func() { p.lives(phone, today, newCaller(k)) })
	}
}

// lunch is how long each agent is away around noon: a quarter of them at a time.
const lunch = 30 * time.Minute

// lunches lets the i-th agent have his lunch.
func (p *Player) lunches(ctx, today context.Context, agent string, i int) {
	if !sleep(today, p.Pace.work(3*time.Hour+lunch*time.Duration(i%4))) {
		return
	}
	err := p.api.pause(ctx, agent, "lunch")
	sleep(today, p.Pace.work(lunch))
	if err = errors.Join(err, p.api.makeReady(ctx, agent)); err != nil {
		p.problem("%s has no lunch: %v", agent, err)
	}
}

// clock is a time of the day as a clock shows it.
func clock(at time.Duration) string {
	return time.Time{}.Add(8*time.Hour + at).Format("15:04")
}

// problem notes what should not happen.
func (p *Player) problem(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

// Problems returns what should not have happened and did.
func (p *Player) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.problems...)
}

// lives is what becomes of somebody who calls. People go home when today ends; who is
// on the phone then ends his call.
func (p *Player) lives(ctx, today context.Context, who *caller) {
	p.callers.Store(subscriber(who.Number), who)
	m := &matter{Player: p, ctx: ctx, today: today, who: who}
	var working sync.WaitGroup
	defer working.Wait()
	work := func() {
		err := m.works()
		if errors.Is(err, errHome) {
			err = m.handsOff()
		}
		if err != nil {
			p.problem("%s, case %s of %s: %v", who.Course, m.number, who.Number, err)
		}
	}
	if who.Course == TakesPlace {
		if m.takesPlace() {
			work()
		}
		return
	}
	if p.calls(ctx, who, func() { working.Go(work) }) || who.refused {
		return
	}
	if m.callsBack(p.Pace.work(who.Work.CallBack)) {
		work()
	}
}

// newCase waits for the case that a caller's call has opened to be as wanted.
func (p *Player) newCase(ctx context.Context, who *caller, want func(caseBody) bool) (caseBody, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		all, err := p.api.cases(ctx, who.Number)
		if err != nil {
			return caseBody{}, err
		}
		if len(all) > who.before && want(all[0]) {
			return all[0], nil
		}
		if !sleep(ctx, 50*time.Millisecond) {
			return caseBody{}, errors.New("is not on record as expected")
		}
	}
}

// subscriber is the end of a number, which survives its being written in another way.
func subscriber(number string) string {
	if _, user, ok := strings.Cut(number, "sip:"); ok {
		number, _, _ = strings.Cut(user, "@")
	}
	return number[max(0, len(number)-8):]
}
