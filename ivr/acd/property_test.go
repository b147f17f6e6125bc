package acd_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// The centre of the property test: two queues share agents. One rings all, with a
// stand-in for its head; the other has one or another strategy, weighs more and
// leaves something to wrap up.
var crew = append(agents[:2:2],
	acd.Agent{User: "head", Department: "office", Rank: 5, Post: "office", Skills: map[string]int{"calm": 1}},
	acd.Agent{User: "standin", Department: "office", Post: "office", Penalty: 1},
)

func centre(strategy acd.Strategy) []acd.Queue {
	return []acd.Queue{
		{Name: "hotline", RingTime: 15 * time.Second, MaxWait: time.Minute, TieWindow: time.Second, OverflowAfter: 10 * time.Second},
		{
			Name: "complaints", RingTime: 7 * time.Second, MaxWait: 40 * time.Second, WrapUp: 8 * time.Second,
			Strategy: strategy, Weight: 3, Members: []string{"clerk2", "head"},
		},
	}
}

// world drives a board and knows what conversations and agents know.
type world struct {
	b       *acd.Board
	n       int
	callers map[string]*conversation
	talking map[string][]string // user: calls
	claimed map[string]int      // user: how many
	paused  map[string]bool     // users
}

type conversation struct {
	*acd.Ticket
	acd.Caller
	ringing []string // users
	done    bool     // offers closed
}

// tied tells whether only the first-asker may be rung for c.
func (c *conversation) tied(since, now time.Time) bool {
	serves := c.Queue == "hotline" || c.First == "clerk2" || c.First == "head"
	return c.First != "" && serves && c.Priority != acd.Emergency && now.Before(since.Add(c.FirstFor))
}

func (c *conversation) class() int {
	switch {
	case c.Priority == acd.Emergency:
		return 11
	case c.Front:
		return 10
	}
	return int(c.Priority)
}

func (w *world) enter(t *rapid.T) {
	w.n++
	c := acd.Caller{
		Call:     strconv.Itoa(w.n),
		Queue:    rapid.SampledFrom([]string{"hotline", "complaints"}).Draw(t, "queue"),
		Front:    rapid.IntRange(0, 4).Draw(t, "front") == 0,
		Priority: rapid.SampledFrom([]acd.Priority{acd.Normal, acd.Normal, acd.Repeat, acd.Emergency}).Draw(t, "priority"),
		Wished:   map[string]int{"calm": 1},
	}
	if rapid.Bool().Draw(t, "tied") {
		c.First, c.FirstFor = w.agent(t), 6*time.Second
	}
	ticket, err := w.b.Enter(c)
	if err != nil {
		t.Fatal(err)
	}
	w.callers[c.Call] = &conversation{Ticket: ticket, Caller: c}
}

// some returns one of the conversations, if there is any.
func (w *world) some(t *rapid.T) (string, *conversation) {
	if len(w.callers) == 0 {
		t.Skip("no callers")
	}
	var calls []string
	for call := range w.callers {
		calls = append(calls, call)
	}
	slices.Sort(calls)
	call := rapid.SampledFrom(calls).Draw(t, "call")
	return call, w.callers[call]
}

func (w *world) rung(t *rapid.T) (string, *conversation, string) {
	call, c := w.some(t)
	if len(c.ringing) == 0 {
		t.Skip("nobody rings")
	}
	return call, c, rapid.SampledFrom(c.ringing).Draw(t, "user")
}

func (w *world) missed(t *rapid.T) {
	_, c, user := w.rung(t)
	c.Missed(user, rapid.SampledFrom([]metrics.Missed{metrics.NoAnswer, metrics.Declined, metrics.Unreachable}).Draw(t, "why"))
	c.ringing = slices.DeleteFunc(c.ringing, func(u string) bool { return u == user })
}

func (w *world) claim(t *rapid.T) {
	call, c, user := w.rung(t)
	claim, err := c.Claim(acd.Answer{User: user, At: time.Now()})
	if err != nil {
		if !c.done { // only an expired round may have lost him
			t.Fatalf("%s rings for %s: %v", user, call, err)
		}
		return
	}
	if claim.Agent.User != user {
		t.Fatalf("%s answered, %s won", user, claim.Agent.User)
	}
	if _, err := c.Claim(acd.Answer{User: user}); err == nil {
		t.Fatalf("%s claimed twice", call)
	}
	w.talking[user] = append(w.talking[user], call)
	w.claimed[user]++
	w.end(t, call)
}

func (w *world) leave(t *rapid.T) {
	call, c := w.some(t)
	c.Leave(metrics.WaitAbandoned)
	c.Leave(metrics.WaitAbandoned)
	w.end(t, call)
}

// end checks that nothing more is offered to call.
func (w *world) end(t *rapid.T, call string) {
	c := w.callers[call]
	if w.read(t, c); !c.done {
		t.Fatalf("%s is over, its offers are open", call)
	}
	delete(w.callers, call)
}

func (w *world) hangUp(t *rapid.T) {
	user := w.agent(t)
	if len(w.talking[user]) == 0 {
		t.Skip("talks to nobody")
	}
	w.b.Released(user, w.talking[user][0])
	w.talking[user] = w.talking[user][1:]
}

func (w *world) dial(t *rapid.T) {
	user := w.agent(t)
	w.n++
	call := fmt.Sprint("internal ", w.n)
	w.b.Busy(user, call)
	w.talking[user] = append(w.talking[user], call)
}

func (w *world) pause(t *rapid.T) {
	user := w.agent(t)
	w.b.Pause(user, "break")
	w.paused[user] = true
}

func (w *world) ready(t *rapid.T) {
	user := w.agent(t)
	w.b.Ready(user)
	delete(w.paused, user)
}

func (w *world) agent(t *rapid.T) string { return rapid.SampledFrom(crew).Draw(t, "agent").User }

// check reads the offers and compares them and the snapshot with the rules.
func (w *world) check(t *rapid.T) {
	synctest.Wait()
	s := w.b.Snapshot()
	state := map[string]acd.Presence{}
	for _, a := range s.Agents {
		state[a.User] = a
		w.checkAgent(t, a, s.At)
	}
	if got, want := len(s.Empty) == 1, absent(state["head"]) && absent(state["standin"]); got != want {
		t.Fatalf("empty posts %v, head %s, stand-in %s", s.Empty, state["head"].State, state["standin"].State)
	}
	ringing := map[string]string{} // user: call
	for _, q := range s.Queues {
		w.checkOrder(t, q, s.At)
		for _, waiting := range q.Waiting {
			c := w.callers[waiting.Call]
			for _, user := range waiting.Ringing {
				if other, ok := ringing[user]; ok {
					t.Fatalf("%s rings for %s and %s", user, other, waiting.Call)
				}
				ringing[user] = waiting.Call
			}
			if !slices.Equal(slices.Sorted(slices.Values(c.ringing)), waiting.Ringing) {
				t.Fatalf("%s rings %v, conversation was told %v", waiting.Call, waiting.Ringing, c.ringing)
			}
			if !c.tied(waiting.Since, s.At) {
				w.nobodyIdle(t, c, waiting, state, s.At)
			}
		}
	}
	for user, p := range state {
		if p.State == acd.Ringing && ringing[user] != p.Call || p.State != acd.Ringing && ringing[user] != "" {
			t.Fatalf("%s is %s (%s), rings for %q", user, p.State, p.Call, ringing[user])
		}
	}
	for _, c := range w.callers {
		w.read(t, c) // those that expired
	}
}

func absent(p acd.Presence) bool { return p.State == acd.Away || p.State == acd.Paused }

func (w *world) checkAgent(t *rapid.T, a acd.Presence, now time.Time) {
	switch {
	case (a.State == acd.Talking) != (len(w.talking[a.User]) > 0) && a.State != acd.Ringing:
		t.Fatalf("%s is %s in calls %v", a.User, a.State, w.talking[a.User])
	case w.paused[a.User] && (a.State == acd.Ready || a.State == acd.WrapUp):
		t.Fatalf("%s is %s, he wants no calls", a.User, a.State)
	case (a.State == acd.Paused) != (a.Reason != ""):
		t.Fatalf("%s is %s, reason %q", a.User, a.State, a.Reason)
	case (a.State == acd.WrapUp) != a.Until.After(now):
		t.Fatalf("%s is %s until %s, it is %s", a.User, a.State, a.Until, now)
	case a.Calls != w.claimed[a.User]:
		t.Fatalf("%s took %d calls, counted %d", a.User, w.claimed[a.User], a.Calls)
	}
}

// checkOrder: callers stand by class, then by wait, and who is not the first of the
// hotline gets no agent whom somebody before him would have got.
func (w *world) checkOrder(t *rapid.T, q acd.Line, now time.Time) {
	taker := "" // the first caller who takes every agent, but for stand-ins
	for i, waiting := range q.Waiting {
		c := w.callers[waiting.Call]
		if position, wait := c.Place(); position != i+1 || wait != waiting.Estimate {
			t.Fatalf("%s is told place %d, %s; stands at %d, %s", waiting.Call, position, wait, i+1, waiting.Estimate)
		}
		if i > 0 {
			before := q.Waiting[i-1]
			if was := w.callers[before.Call].class(); c.class() > was || c.class() == was && waiting.Since.Before(before.Since) {
				t.Fatalf("%s stands before %s", before.Call, waiting.Call)
			}
		}
		for _, user := range w.read(t, c) {
			if q.Queue == "hotline" && taker != "" && user != "standin" {
				t.Fatalf("%s was offered %s before %s", waiting.Call, user, taker)
			}
		}
		if taker == "" && c.First == "" {
			taker = waiting.Call
		}
	}
}

// nobodyIdle: the hotline rings everybody for its first caller, stand-ins when it is
// their turn, so nobody may be ready while one waits; of the complaints each caller
// has at least one phone.
func (w *world) nobodyIdle(t *rapid.T, c *conversation, waiting acd.Waiting, state map[string]acd.Presence, now time.Time) {
	for user, p := range state {
		if p.State != acd.Ready {
			continue
		}
		serves := user == "clerk2" || user == "head"
		if c.Queue == "hotline" {
			due := c.Priority == acd.Emergency || absent(state["head"]) || now.Sub(waiting.Since) >= 10*time.Second
			serves = user != "standin" || due
		}
		if serves && (c.Queue == "hotline" || len(c.ringing) == 0) {
			t.Fatalf("%s is idle, %s waits in %s", user, waiting.Call, c.Queue)
		}
	}
}

// read takes what lies in the offers of c and returns who was to be rung.
func (w *world) read(t *rapid.T, c *conversation) (users []string) {
	for !c.done {
		select {
		case o, ok := <-c.Offers():
			if !ok {
				c.done = true
				return users
			}
			if len(o.Agents) == 0 {
				c.ringing = nil
			}
			for _, a := range o.Agents {
				c.ringing = append(c.ringing, a.User)
				users = append(users, a.User)
			}
			if o.Reason == acd.FirstAsker && !slices.Equal(c.ringing, []string{c.First}) {
				t.Fatalf("%s: %s was to ring alone, %v ring", c.Call, c.First, c.ringing)
			}
		default:
			return users
		}
	}
	return users
}

var sample = regexp.MustCompile(`(?m)^(shouwen_queue_entered_total|shouwen_queue_wait_seconds_count)\{.*\} (\d+)$`)

// TestRules: whatever happens in whatever order, an agent is in one state and rung
// for one caller, nobody idles while a caller waits, callers are served in order,
// and every ticket ends once.
func TestRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(struct{ testing.TB }{t}, func(t *rapid.T) { // a bubble has no Deadline to ask for
			m, in := metrics.New("", ""), metrics.Installation{}
			queues := centre(named(t, rapid.SampledFrom(strategies).Draw(t, "strategy")))
			for _, q := range queues {
				in.Queues = append(in.Queues, q.Name)
			}
			m.Declare(in)
			w := &world{
				b:       acd.New(queues, crew, m.Queue, slog.New(slog.DiscardHandler)),
				callers: map[string]*conversation{}, talking: map[string][]string{},
				claimed: map[string]int{}, paused: map[string]bool{},
			}
			w.b.MaxMissed = 2
			w.b.OnPaused = func(user, _ string) { w.paused[user] = true }
			w.b.Zone = time.FixedZone("", -int(time.Now().Unix()%(24*60*60))) // a day of work begins
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error)
			go func() { ended <- w.b.Run(ctx) }()
			defer func() { cancel(); <-ended }()
			t.Repeat(map[string]func(*rapid.T){
				"":         w.check,
				"enter":    w.enter,
				"missed":   w.missed,
				"claim":    w.claim,
				"leave":    w.leave,
				"hang up":  w.hangUp,
				"dial":     w.dial,
				"register": func(t *rapid.T) { w.b.Registered(w.agent(t), rapid.IntRange(0, 3).Draw(t, "up") > 0) },
				"pause":    w.pause,
				"ready":    w.ready,
				"extend":   func(t *rapid.T) { w.b.ExtendWrapUp(w.agent(t), 5*time.Second) },
				"pass":     func(t *rapid.T) { time.Sleep(time.Duration(rapid.IntRange(1, 12).Draw(t, "s")) * time.Second) },
			})
			w.restarts(t)
			for call, c := range w.callers {
				c.Leave(metrics.WaitOverflow)
				w.end(t, call)
			}
			w.allCounted(t, m)
		})
	})
}

// restarts: a board that takes over what was kept keeps the same.
func (w *world) restarts(t *rapid.T) {
	kept := w.b.Durable()
	again := board(nil, crew)
	again.Zone = w.b.Zone
	again.Restore(written(t, kept))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { _ = again.Run(ctx) }()
	if diff := cmp.Diff(kept, again.Durable()); diff != "" {
		t.Fatalf("after a restart, -want +got\n%s", diff)
	}
}

// allCounted: as many waits ended as began.
func (w *world) allCounted(t *rapid.T, m *metrics.Metrics) {
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	body, err := io.ReadAll(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	sum := map[string]int{}
	for _, found := range sample.FindAllStringSubmatch(string(body), -1) {
		n, err := strconv.Atoi(found[2])
		if err != nil {
			t.Fatal(err)
		}
		sum[found[1]] += n
	}
	if len(sum) != 2 || sum["shouwen_queue_entered_total"] != sum["shouwen_queue_wait_seconds_count"] {
		t.Fatalf("entered and ended: %v", sum)
	}
}
