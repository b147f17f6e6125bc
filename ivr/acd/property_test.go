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

	"pgregory.net/rapid"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// The centre of the property test: two queues share an agent; one rings all, the
// other one after the other and leaves something to wrap up.
var centre = []acd.Queue{
	{Name: "hotline", RingTime: 15 * time.Second, MaxWait: time.Minute, TieWindow: time.Second},
	{Name: "complaints", RingTime: 7 * time.Second, MaxWait: 40 * time.Second, Strategy: inOrder, WrapUp: 8 * time.Second, Members: []string{"clerk2", "head"}},
}

// world drives a board and knows what conversations know.
type world struct {
	b       *acd.Board
	n       int
	callers map[string]*conversation
	talking map[string][]string // user: calls
}

type conversation struct {
	*acd.Ticket
	queue   string
	ringing []string // users
	done    bool     // offers closed
}

func (w *world) enter(t *rapid.T) {
	w.n++
	c := acd.Caller{
		Call:  strconv.Itoa(w.n),
		Queue: rapid.SampledFrom(centre).Draw(t, "queue").Name,
		Front: rapid.IntRange(0, 4).Draw(t, "front") == 0,
	}
	ticket, err := w.b.Enter(c)
	if err != nil {
		t.Fatal(err)
	}
	w.callers[c.Call] = &conversation{Ticket: ticket, queue: c.Queue}
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
	if w.read(c); !c.done {
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

func (w *world) agent(t *rapid.T) string { return rapid.SampledFrom(agents).Draw(t, "agent").User }

// check reads the offers and compares them and the snapshot with the rules.
func (w *world) check(t *rapid.T) {
	synctest.Wait()
	s := w.b.Snapshot()
	state := map[string]acd.Presence{}
	for _, a := range s.Agents {
		state[a.User] = a
		if (a.State == acd.Talking) != (len(w.talking[a.User]) > 0) && a.State != acd.Ringing {
			t.Fatalf("%s is %s in calls %v", a.User, a.State, w.talking[a.User])
		}
	}
	ringing := map[string]string{} // user: call
	for _, q := range s.Queues {
		for i, waiting := range q.Waiting {
			c := w.callers[waiting.Call]
			offered := w.read(c)
			if offered && q.Queue == "hotline" && i > 0 {
				t.Fatalf("%s was offered agents before %s", waiting.Call, q.Waiting[0].Call)
			}
			for _, user := range waiting.Ringing {
				if other, ok := ringing[user]; ok {
					t.Fatalf("%s rings for %s and %s", user, other, waiting.Call)
				}
				ringing[user] = waiting.Call
			}
			if !slices.Equal(slices.Sorted(slices.Values(c.ringing)), waiting.Ringing) {
				t.Fatalf("%s rings %v, conversation was told %v", waiting.Call, waiting.Ringing, c.ringing)
			}
			w.nobodyIdle(t, q.Queue, waiting, state)
		}
	}
	for user, p := range state {
		if p.State == acd.Ringing && ringing[user] != p.Call || p.State != acd.Ringing && ringing[user] != "" {
			t.Fatalf("%s is %s (%s), rings for %q", user, p.State, p.Call, ringing[user])
		}
	}
	for _, c := range w.callers {
		w.read(c) // those that expired
	}
}

// nobodyIdle: the hotline rings everybody for its first caller, so nobody may be
// ready while one waits; of the complaints each caller has at least one phone.
func (w *world) nobodyIdle(t *rapid.T, queue string, c acd.Waiting, state map[string]acd.Presence) {
	for user, p := range state {
		serves := queue == "hotline" || slices.Contains(centre[1].Members, user)
		if serves && p.State == acd.Ready && (queue == "hotline" || len(c.Ringing) == 0) {
			t.Fatalf("%s is idle, %s waits in %s", user, c.Call, queue)
		}
	}
}

// read takes what lies in the offers of c and reports whether there was any.
func (w *world) read(c *conversation) (any bool) {
	for !c.done {
		select {
		case o, ok := <-c.Offers():
			if !ok {
				c.done = true
				return any
			}
			if len(o.Agents) == 0 {
				c.ringing = nil
			}
			any = any || len(o.Agents) > 0
			for _, a := range o.Agents {
				c.ringing = append(c.ringing, a.User)
			}
		default:
			return any
		}
	}
	return any
}

var sample = regexp.MustCompile(`(?m)^(shouwen_queue_entered_total|shouwen_queue_wait_seconds_count)\{.*\} (\d+)$`)

// TestRules: whatever happens in whatever order, an agent is in one state and rung
// for one caller, nobody idles while a caller waits, callers are served in order,
// and every ticket ends once.
func TestRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(struct{ testing.TB }{t}, func(t *rapid.T) { // a bubble has no Deadline to ask for
			m := metrics.New("", "")
			w := &world{
				b:       acd.New(centre, agents, m.Queue, slog.New(slog.DiscardHandler)),
				callers: map[string]*conversation{}, talking: map[string][]string{},
			}
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
				"pause":    func(t *rapid.T) { w.b.Pause(w.agent(t), "break") },
				"ready":    func(t *rapid.T) { w.b.Ready(w.agent(t)) },
				"extend":   func(t *rapid.T) { w.b.ExtendWrapUp(w.agent(t), 5*time.Second) },
				"pass":     func(t *rapid.T) { time.Sleep(time.Duration(rapid.IntRange(1, 12).Draw(t, "s")) * time.Second) },
			})
			for call, c := range w.callers {
				c.Leave(metrics.WaitOverflow)
				w.end(t, call)
			}
			w.allCounted(t, m)
		})
	})
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
