package acd_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// office are the agents of the model test: skilled and less, stand-ins of two
// degrees, of a post and of none.
var office = []acd.Agent{
	{User: "a", Extension: "1", Skills: map[string]int{"en": 2}},
	{User: "b", Extension: "2", Rank: 2, RingTime: 9 * time.Second},
	{User: "c", Extension: "3", Post: "desk", Skills: map[string]int{"en": 1, "calm": 1}},
	{User: "d", Extension: "4", Post: "desk", Penalty: 1},
	{User: "e", Extension: "5", Penalty: 2, Weight: 3},
	{User: "f", Extension: "6"},
}

// lines of the model test: two share everybody, one has some; one weighs more.
func lines(one, two acd.Strategy) []acd.Queue {
	return []acd.Queue{
		{Name: "one", Strategy: one, Weight: 1, RingTime: 15 * time.Second, OverflowAfter: 10 * time.Second, MaxWait: time.Minute},
		{Name: "two", Strategy: two, Weight: 3, RingTime: 7 * time.Second, OverflowAfter: 8 * time.Second, MaxWait: 40 * time.Second, WrapUp: 6 * time.Second},
		{Name: "few", Strategy: two, Weight: 1, RingTime: 5 * time.Second, OverflowAfter: 20 * time.Second, MaxWait: 30 * time.Second, Members: []string{"b", "d"}},
	}
}

// pairOfBoards is a board and the naive one, which hear the same.
type pairOfBoards struct {
	b       *acd.Board
	n       *naive
	count   int
	tickets []pairOfTickets
	calls   []inCall
}

type pairOfTickets struct {
	*acd.Ticket
	is *naiveTicket
}

type inCall struct{ user, call string }

var (
	anybody = rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"})
	whys    = rapid.SampledFrom([]metrics.Missed{metrics.NoAnswer, metrics.Declined, metrics.Unreachable})
)

func (p *pairOfBoards) caller(t *rapid.T) acd.Caller {
	p.count++
	c := acd.Caller{
		Call:     fmt.Sprint(p.count),
		Queue:    rapid.SampledFrom([]string{"one", "two", "few"}).Draw(t, "queue"),
		Priority: rapid.SampledFrom([]acd.Priority{0, 0, 0, 3, acd.Repeat, acd.Emergency}).Draw(t, "priority"),
		Front:    rapid.IntRange(0, 5).Draw(t, "front") == 0,
		Avoid:    rapid.SampledFrom([]string{"", "", "", "2"}).Draw(t, "avoid"),
		Required: rapid.SampledFrom([]map[string]int{nil, nil, {"en": 2}, {"calm": 1}, {"fr": 1}}).Draw(t, "required"),
		Wished:   rapid.SampledFrom([]map[string]int{nil, {"en": 1}}).Draw(t, "wished"),
	}
	if rapid.IntRange(0, 2).Draw(t, "tied") == 0 {
		c.First, c.FirstFor = anybody.Draw(t, "first"), 6*time.Second
	}
	return c
}

func (p *pairOfBoards) enter(t *rapid.T) {
	c := p.caller(t)
	ticket, err := p.b.Enter(c)
	if err != nil {
		t.Fatal(err)
	}
	p.tickets = append(p.tickets, pairOfTickets{ticket, p.n.enter(c)})
}

func (p *pairOfBoards) back(t *rapid.T) {
	k := p.call(t)
	c := p.caller(t)
	c.Call = k.call
	ticket, err := p.b.Return(c, k.user)
	if err != nil {
		t.Fatal(err)
	}
	p.tickets = append(p.tickets, pairOfTickets{ticket, p.n.back(c, k.user)})
}

func (p *pairOfBoards) ticket(t *rapid.T) pairOfTickets {
	if len(p.tickets) == 0 {
		t.Skip("no tickets")
	}
	return rapid.SampledFrom(p.tickets).Draw(t, "ticket")
}

func (p *pairOfBoards) call(t *rapid.T) inCall {
	if len(p.calls) == 0 {
		t.Skip("no calls")
	}
	return rapid.SampledFrom(p.calls).Draw(t, "call")
}

func (p *pairOfBoards) claim(t *rapid.T) {
	ticket, user := p.ticket(t), anybody.Draw(t, "user")
	if rung := p.n.ringing(ticket.is); len(rung) > 0 {
		user = rapid.SampledFrom(rung).Draw(t, "rung").User
	}
	_, err := ticket.Claim(acd.Answer{User: user, At: time.Now()})
	if ok := p.n.claim(ticket.is, user); ok != (err == nil) {
		t.Fatalf("claim of %s by %s: %v, want success %t", ticket.is.Call, user, err, ok)
	}
	if err == nil {
		p.calls = append(p.calls, inCall{user, ticket.is.Call})
	}
}

func (p *pairOfBoards) missed(t *rapid.T) {
	ticket, user, why := p.ticket(t), anybody.Draw(t, "user"), whys.Draw(t, "why")
	if rung := p.n.ringing(ticket.is); len(rung) > 0 {
		user = rapid.SampledFrom(rung).Draw(t, "rung").User
	}
	ticket.Missed(user, why)
	p.n.missed(ticket.is, user, why)
}

func (p *pairOfBoards) take(t *rapid.T) {
	p.count++
	user, call := anybody.Draw(t, "user"), fmt.Sprint("taken ", p.count)
	err := p.b.Take(user, call, 4*time.Second)
	if ok := p.n.take(user, call, 4*time.Second); ok != (err == nil) {
		t.Fatalf("take of %s: %v, want success %t", user, err, ok)
	}
	if err == nil {
		p.calls = append(p.calls, inCall{user, call})
	}
}

func (p *pairOfBoards) busy(t *rapid.T) {
	p.count++
	k := inCall{anybody.Draw(t, "user"), fmt.Sprint("internal ", p.count)}
	p.b.Busy(k.user, k.call)
	p.n.busy(k.user, k.call)
	p.calls = append(p.calls, k)
}

func (p *pairOfBoards) register(user string, up bool) {
	p.b.Registered(user, up)
	a := p.n.agent(user)
	a.registered, a.restUntil = up, time.Time{}
	p.n.settle()
}

// reorganise gives both boards some of the agents, in another order, some of them with
// other duties, and the queue of some other members.
func (p *pairOfBoards) reorganise(t *rapid.T) {
	agents := rapid.Permutation(office).Draw(t, "order")[rapid.IntRange(0, 3).Draw(t, "gone"):]
	for i := range agents {
		switch rapid.IntRange(0, 9).Draw(t, "edit") {
		case 0:
			agents[i].Post, agents[i].Penalty = "", 0
		case 1:
			agents[i].Penalty, agents[i].Rank = 1, 9
		case 2:
			agents[i].Extension, agents[i].Skills = "2", map[string]int{"en": 2}
		}
	}
	some := rapid.SampledFrom([][]string{{"b", "d"}, {}, nil, {"a", "c", "f"}}).Draw(t, "few")
	members := map[string][]string{"few": some}
	p.b.Reorganise(agents, members)
	p.n.reorganise(agents, members)
}

// of has both boards do what is about one agent.
func of(real func(user string), model func(user string)) func(*rapid.T) {
	return func(t *rapid.T) {
		user := anybody.Draw(t, "user")
		real(user)
		model(user)
	}
}

func (p *pairOfBoards) pass(t *rapid.T) {
	d := time.Duration(rapid.IntRange(1, 12).Draw(t, "s")) * time.Second
	time.Sleep(d)
	synctest.Wait()
	p.n.pass(d)
}

// in has both boards do what is about an agent in a call.
func (p *pairOfBoards) in(real, model func(k inCall)) func(*rapid.T) {
	return func(t *rapid.T) {
		k := p.call(t)
		real(k)
		model(k)
	}
}

// read reads the offers of a conversation and compares them.
func (p *pairOfBoards) read(t *rapid.T, ticket pairOfTickets) {
	var got []acd.Offer
	open := true
	for open && len(ticket.Offers()) > 0 {
		got = append(got, <-ticket.Offers())
	}
	if diff := cmp.Diff(ticket.is.unread, got); diff != "" {
		t.Fatalf("offers to %s, -want +got\n%s", ticket.is.Call, diff)
	}
	ticket.is.unread = nil
	select {
	case _, open = <-ticket.Offers():
	default:
	}
	if open != ticket.is.waiting {
		t.Fatalf("%s waits: %t, want %t", ticket.is.Call, open, ticket.is.waiting)
	}
	if errors.Is(ticket.Err(), acd.ErrExpired) == (ticket.is.waiting || ticket.is.over) && !open && !ticket.is.over {
		t.Fatalf("%s ended with %v", ticket.is.Call, ticket.Err())
	}
}

// check compares what can be seen.
func (p *pairOfBoards) check(t *rapid.T) {
	p.n.settle()
	synctest.Wait()
	got, want := p.b.Snapshot(), p.n.snapshot()
	p.n.settle() // as after the snapshot
	slices.Sort(got.Empty)
	opts := cmp.Options{cmpopts.IgnoreFields(acd.Waiting{}, "Estimate"), cmpopts.EquateEmpty()}
	if diff := cmp.Diff(want, got, opts); diff != "" {
		t.Fatalf("-naive +board\n%s", diff)
	}
}

// TestBoardIsAsTheNaiveOne: a board that looks only at what has changed does what
// one does that looks at everything.
func TestBoardIsAsTheNaiveOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(struct{ testing.TB }{t}, func(t *rapid.T) { // a bubble has no Deadline to ask for
			draw := func(label string) acd.Strategy { return named(t, rapid.SampledFrom(strategies).Draw(t, label)) }
			queues := lines(draw("one"), draw("two"))
			p := &pairOfBoards{
				b: acd.New(queues, office, metrics.New("", "").Queue, slog.New(slog.DiscardHandler)),
				n: &naive{now: time.Now(), maxMissed: 2, queues: queues, offers: map[string]map[string]int{"one": {}, "two": {}, "few": {}}},
			}
			p.b.MaxMissed, p.b.Zone = 2, time.FixedZone("", -int(time.Now().Unix()%(24*60*60))) // a day of work begins
			for _, a := range office {
				p.n.agents = append(p.n.agents, &naiveAgent{Presence: acd.Presence{Agent: a, State: acd.Away, Since: p.n.now, Work: acd.Work{Idle: p.n.now}}})
			}
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error)
			go func() { ended <- p.b.Run(ctx) }()
			defer func() { cancel(); <-ended }()
			for _, a := range office {
				if rapid.IntRange(0, 4).Draw(t, "up") > 0 {
					p.register(a.User, true)
				}
			}
			p.run(t)
		})
	})
}

func (p *pairOfBoards) run(t *rapid.T) {
	b, n := p.b, p.n
	t.Repeat(map[string]func(*rapid.T){
		"":       p.check,
		"enter":  p.enter,
		"enter2": p.enter, // often
		"back":   p.back,
		"claim":  p.claim,
		"missed": p.missed,
		"leave": func(t *rapid.T) {
			ticket := p.ticket(t)
			ticket.Leave(metrics.WaitAbandoned)
			n.leave(ticket.is)
		},
		"take":       p.take,
		"busy":       p.busy,
		"keep":       p.in(func(k inCall) { b.Keep(k.user, k.call) }, func(k inCall) { n.keep(k.user, k.call) }),
		"declined":   p.in(func(k inCall) { b.Missed(k.user, k.call, metrics.NoAnswer) }, func(k inCall) { n.declined(k.user, k.call, metrics.NoAnswer) }),
		"release":    p.in(func(k inCall) { b.Released(k.user, k.call) }, func(k inCall) { n.release(k.user, k.call) }),
		"released":   p.in(func(k inCall) { b.Released(k.user, k.call) }, func(k inCall) { n.release(k.user, k.call) }),
		"register":   func(t *rapid.T) { p.register(anybody.Draw(t, "user"), rapid.IntRange(0, 3).Draw(t, "up") > 0) },
		"pause":      of(func(u string) { b.Pause(u, "lunch") }, func(u string) { n.agent(u).paused, n.agent(u).reason = true, "lunch" }),
		"ready":      of(b.Ready, n.ready),
		"lost":       of(b.Lost, func(u string) { n.rest(n.agent(u), metrics.Unreachable) }),
		"reorganise": p.reorganise,
		"extend":     of(func(u string) { b.ExtendWrapUp(u, 3*time.Second) }, n.extend),
		"read":       func(t *rapid.T) { p.read(t, p.ticket(t)) },
		"pass":       p.pass,
		"pass2":      p.pass,
	})
	for _, ticket := range p.tickets {
		p.read(t, ticket)
	}
}
