package acd_test

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// naive is a board that looks at everybody and everything whenever something
// happens: simple, slow, and right by being read. It has no goroutine; its time
// passes when it is told.
type naive struct {
	now       time.Time
	maxMissed int
	queues    []acd.Queue // with every field set
	agents    []*naiveAgent
	waiting   []*naiveTicket
	entered   int
	offers    map[string]map[string]int // by queue and reason
}

type naiveAgent struct {
	acd.Presence // as of the last note
	registered   bool
	paused       bool
	reason       string
	wrapUntil    time.Time
	restUntil    time.Time
	restFor      metrics.Missed
	rings        *naiveTicket
	calls        []naiveTalk
	gone         bool // from the directory
}

type naiveTalk struct {
	call     string
	wrapUp   time.Duration
	reserved bool
}

type naiveTicket struct {
	acd.Caller
	queue         acd.Queue
	number, round int
	entered       time.Time
	since         time.Time
	began, ends   time.Time
	reason        string
	tied, waiting bool
	over          bool
	tried         map[string]bool
	unread        []acd.Offer
}

func (n *naive) knows(user string) bool {
	return slices.ContainsFunc(n.agents, func(a *naiveAgent) bool { return a.User == user })
}

// agent returns an agent; one of nobody's if there is none, to whom anything may
// happen.
func (n *naive) agent(user string) *naiveAgent {
	i := slices.IndexFunc(n.agents, func(a *naiveAgent) bool { return a.User == user })
	if i < 0 {
		return &naiveAgent{gone: true}
	}
	return n.agents[i]
}

func (n *naive) serves(q acd.Queue, a *naiveAgent) bool {
	return !a.gone && (q.Members == nil || slices.Contains(q.Members, a.User))
}

// reorganise gives the board other agents, and some queue other members.
func (n *naive) reorganise(agents []acd.Agent, members map[string][]string) {
	was := n.agents
	n.agents = nil
	for _, a := range agents {
		i := slices.IndexFunc(was, func(o *naiveAgent) bool { return o.User == a.User })
		if i < 0 {
			n.agents = append(n.agents, &naiveAgent{Presence: acd.Presence{Agent: a, State: acd.Away, Since: n.now, Work: acd.Work{Idle: n.now}}})
			continue
		}
		was[i].Agent, was[i].gone = a, false
		n.agents = append(n.agents, was[i])
	}
	for _, a := range was {
		if !slices.Contains(n.agents, a) {
			a.gone = true
			n.agents = append(n.agents, a)
		}
	}
	for i := range n.queues {
		n.queues[i].Members = members[n.queues[i].Name]
	}
	for _, t := range n.waiting {
		t.queue.Members = members[t.queue.Name]
		t.tied = t.tied && n.serves(t.queue, n.agent(t.First))
	}
}

func (n *naive) state(a *naiveAgent) acd.State {
	resting := n.now.Before(a.restUntil)
	switch {
	case a.rings != nil:
		return acd.Ringing
	case len(a.calls) > 0:
		return acd.Talking
	case !a.registered || resting && a.restFor == metrics.Unreachable:
		return acd.Away
	case a.paused || resting:
		return acd.Paused
	case n.now.Before(a.wrapUntil):
		return acd.WrapUp
	}
	return acd.Ready
}

// note brings what can be seen of the agents up to date, and forgets who is gone.
func (n *naive) note() {
	n.agents = slices.DeleteFunc(n.agents, func(a *naiveAgent) bool { return a.gone && a.rings == nil && len(a.calls) == 0 })
	for _, a := range n.agents {
		s := n.state(a)
		if s != a.State {
			if a.State == acd.Talking {
				a.Talked += n.now.Sub(a.Since)
			}
			if s == acd.Ready && a.State != acd.Ringing {
				a.Idle = n.now
			}
			a.State, a.Since = s, n.now
		}
		a.Call, a.Reason, a.Until = "", "", time.Time{}
		switch s {
		case acd.Ringing:
			a.Call = a.rings.Call
		case acd.Talking:
			a.Call = a.calls[0].call
		case acd.WrapUp:
			a.Until = a.wrapUntil
		case acd.Paused:
			if a.Reason = a.reason; !a.paused {
				a.Reason = string(a.restFor)
			}
		}
	}
}

// vacant tells whether no primary of a post is there.
func (n *naive) vacant(post string) bool {
	return !slices.ContainsFunc(n.agents, func(a *naiveAgent) bool {
		s := n.state(a)
		return !a.gone && a.Post == post && a.Penalty == 0 && s != acd.Away && s != acd.Paused
	})
}

func (t *naiveTicket) expires() time.Time { return t.entered.Add(t.queue.MaxWait) }
func (t *naiveTicket) tiedUntil() time.Time {
	return t.entered.Add(t.FirstFor)
}
func (t *naiveTicket) overflow(penalty int) time.Time {
	return t.since.Add(time.Duration(penalty) * t.queue.OverflowAfter)
}

func (t *naiveTicket) class() int {
	switch {
	case t.Priority == acd.Emergency:
		return 11
	case t.Front:
		return 10
	}
	return int(t.Priority)
}

func (n *naive) ringing(t *naiveTicket) (all []*naiveAgent) {
	for _, a := range n.agents {
		if a.rings == t {
			all = append(all, a)
		}
	}
	return all
}

// settle does what is due now.
func (n *naive) settle() {
	for _, t := range slices.Clone(n.waiting) {
		expired := !n.now.Before(t.expires())
		if !t.ends.IsZero() && (expired || !n.now.Before(t.ends)) {
			t.tell(acd.Offer{Round: t.round, Reason: acd.RoundOver})
			for _, a := range n.ringing(t) {
				a.rings = nil
				if !a.Rung.After(t.began) {
					n.unanswered(a)
				}
			}
			t.ends = time.Time{}
		}
		if expired {
			n.stop(t)
		}
	}
	n.note()
	for _, t := range n.waiting {
		if t.tied {
			s := n.state(n.agent(t.First))
			rungBefore := t.round > 0 && n.agent(t.First).rings != t
			t.tied = n.now.Before(t.tiedUntil()) && (s == acd.Ready || s == acd.Ringing) && !rungBefore
		}
	}
	slices.SortStableFunc(n.waiting, func(a, b *naiveTicket) int {
		wait := func(t *naiveTicket) time.Duration { return n.now.Sub(t.since) * time.Duration(t.queue.Weight) }
		return cmp.Or(cmp.Compare(b.class(), a.class()), cmp.Compare(wait(b), wait(a)), a.number-b.number)
	})
	for _, t := range n.waiting {
		if len(t.unread) < 8 {
			n.offer(t)
			n.note()
		}
	}
}

func (n *naive) offer(t *naiveTicket) {
	if t.tied {
		if first := n.agent(t.First); first.State == acd.Ready {
			n.ring(t, []*naiveAgent{first}, acd.FirstAsker, t.tiedUntil().Sub(n.now))
		}
		return
	}
	var candidates []acd.Presence
	ready := false
	for _, a := range n.agents {
		due := a.Penalty == 0 || a.Post != "" && n.vacant(a.Post) || t.Priority == acd.Emergency || !n.now.Before(t.overflow(a.Penalty))
		free := a.State == acd.Ready && due && (t.Avoid == "" || t.Avoid != a.Extension)
		if n.serves(t.queue, a) && free || a.rings == t {
			candidates = append(candidates, a.Presence)
		}
		ready = ready || n.serves(t.queue, a) && free
	}
	if !ready {
		return
	}
	all, reason := t.queue.Strategy(candidates, t.Caller)
	tiers := slices.Collect(all)
	has := func(what func(acd.Presence) bool) func([]acd.Presence) bool {
		return func(tier []acd.Presence) bool { return slices.ContainsFunc(tier, what) }
	}
	joins := slices.IndexFunc(tiers, has(func(p acd.Presence) bool { return p.State == acd.Ringing }))
	fresh := slices.IndexFunc(tiers, has(func(p acd.Presence) bool { return !t.tried[p.User] }))
	var tier []acd.Presence
	lasts := time.Duration(1)
	switch {
	case joins >= 0:
		tier, reason, lasts = tiers[joins], reason+"_joined", 0
	case fresh >= 0:
		tier = tiers[fresh]
	case len(tiers) > 0:
		tier, reason = tiers[0], reason+"_again"
		clear(t.tried)
	default:
		t.reason = reason + "_nobody"
		return
	}
	var rung []*naiveAgent
	for _, p := range tier {
		if p.State == acd.Ready {
			rung = append(rung, n.agent(p.User))
			if lasts > 0 {
				lasts = max(lasts, cmp.Or(p.RingTime, t.queue.RingTime))
			}
		}
	}
	n.ring(t, rung, reason, lasts)
}

func (n *naive) ring(t *naiveTicket, agents []*naiveAgent, reason string, lasts time.Duration) {
	if len(agents) == 0 {
		return
	}
	if lasts > 0 {
		t.round++
		t.began, t.ends = n.now, n.now.Add(lasts)
	}
	o := acd.Offer{Round: t.round, Reason: reason}
	for _, a := range agents {
		a.rings, a.Rung = t, n.now
		t.tried[a.User] = true
		o.Agents = append(o.Agents, a.Agent)
	}
	t.reason = reason
	n.offers[t.queue.Name][reason]++
	t.tell(o)
}

func (t *naiveTicket) tell(o acd.Offer) {
	t.unread = append(t.unread, o)
}

func (n *naive) stop(t *naiveTicket) {
	t.waiting = false
	n.waiting = slices.DeleteFunc(n.waiting, func(o *naiveTicket) bool { return o == t })
}

func (n *naive) unanswered(a *naiveAgent) {
	a.Missed++
	if n.maxMissed > 0 && a.Missed >= n.maxMissed && !a.paused {
		a.paused, a.reason = true, "no_answer"
	}
}

// pass lets time go by, from one thing that is due to the next.
func (n *naive) pass(d time.Duration) {
	for end := n.now.Add(d); ; {
		next := end
		at := func(t time.Time) {
			if n.now.Before(t) && t.Before(next) {
				next = t
			}
		}
		for _, a := range n.agents {
			at(a.restUntil)
			at(a.wrapUntil)
		}
		for _, t := range n.waiting {
			at(t.expires())
			at(t.ends)
			at(t.tiedUntil())
			for _, a := range n.agents {
				at(t.overflow(a.Penalty))
			}
		}
		n.now = next
		n.settle()
		if next.Equal(end) {
			return
		}
	}
}

// What can be asked of a board. Each is followed by settle.

func (n *naive) enter(c acd.Caller) *naiveTicket {
	n.entered++
	i := slices.IndexFunc(n.queues, func(q acd.Queue) bool { return q.Name == c.Queue })
	t := &naiveTicket{Caller: c, queue: n.queues[i], number: n.entered, entered: n.now, since: n.now, waiting: true, tried: map[string]bool{}}
	t.tied = c.First != "" && n.serves(t.queue, n.agent(c.First)) && c.Priority != acd.Emergency && (c.Avoid == "" || n.agent(c.First).Extension != c.Avoid)
	n.waiting = append(n.waiting, t)
	return t
}

func (n *naive) back(c acd.Caller, release string) *naiveTicket {
	c.Front = true
	if c.First != "" && n.state(n.agent(c.First)) != acd.Ready {
		c.First = ""
	}
	t := n.enter(c)
	n.release(release, c.Call)
	return t
}

func (n *naive) missed(t *naiveTicket, user string, why metrics.Missed) {
	a := n.agent(user)
	if a.rings != t {
		return
	}
	a.rings = nil
	n.rest(a, why)
	if len(n.ringing(t)) == 0 {
		t.ends = time.Time{}
	}
}

func (n *naive) rest(a *naiveAgent, why metrics.Missed) {
	a.restUntil, a.restFor = n.now.Add(10*time.Second), why
	if why == metrics.NoAnswer {
		n.unanswered(a)
	}
}

func (n *naive) claim(t *naiveTicket, user string) bool {
	a := n.agent(user)
	if t.over || !n.knows(user) || a.rings != t && (a.rings != nil || len(a.calls) > 0) {
		return false
	}
	n.leave(t)
	a.calls = append(a.calls, naiveTalk{t.Call, t.queue.WrapUp, false})
	a.Calls++
	a.Missed = 0
	return true
}

func (n *naive) leave(t *naiveTicket) {
	if t.over {
		return
	}
	t.over = true
	for _, a := range n.ringing(t) {
		a.rings = nil
	}
	n.stop(t)
}

func (n *naive) take(user, call string, wrapUp time.Duration) bool {
	a := n.agent(user)
	if !n.knows(user) || a.rings != nil || len(a.calls) > 0 {
		return false
	}
	a.calls = []naiveTalk{{call, wrapUp, true}}
	return true
}

func (n *naive) keep(user, call string) {
	a := n.agent(user)
	for i := range a.calls {
		if a.calls[i].call == call {
			a.calls[i].reserved, a.Missed = false, 0
		}
	}
}

func (n *naive) declined(user, call string, why metrics.Missed) {
	a := n.agent(user)
	if slices.ContainsFunc(a.calls, func(k naiveTalk) bool { return k.call == call && k.reserved }) {
		n.release(user, call)
		n.rest(a, why)
	}
}

func (n *naive) busy(user, call string) {
	a := n.agent(user)
	a.calls = append(a.calls, naiveTalk{call: call})
	a.Missed = 0
}

func (n *naive) release(user, call string) {
	a := n.agent(user)
	a.calls = slices.DeleteFunc(a.calls, func(k naiveTalk) bool {
		if k.call == call && k.wrapUp > 0 && !k.reserved {
			a.wrapUntil = n.now.Add(k.wrapUp)
		}
		return k.call == call
	})
}

func (n *naive) ready(user string) {
	a := n.agent(user)
	a.paused, a.reason, a.Missed = false, "", 0
	a.wrapUntil, a.restUntil = time.Time{}, time.Time{}
}

func (n *naive) extend(user string) {
	if a := n.agent(user); n.now.Before(a.wrapUntil) {
		a.wrapUntil = a.wrapUntil.Add(3 * time.Second)
	}
}

// snapshot is what acd.Board.Snapshot would tell, but for estimates.
func (n *naive) snapshot() acd.Snapshot {
	s := acd.Snapshot{At: n.now}
	posts := map[string]bool{} // by name: somebody is there
	for _, a := range n.agents {
		s.Agents = append(s.Agents, a.Presence)
		if a.Post != "" && !a.gone {
			posts[a.Post] = posts[a.Post] || a.State != acd.Away && a.State != acd.Paused
		}
	}
	for name, filled := range posts {
		if !filled {
			s.Empty = append(s.Empty, name)
		}
	}
	slices.SortFunc(s.Empty, strings.Compare)
	for _, q := range n.queues {
		l := acd.Line{Queue: q.Name, Offers: n.offers[q.Name]}
		for _, t := range n.waiting {
			if t.queue.Name != q.Name {
				continue
			}
			w := acd.Waiting{Call: t.Call, Since: t.since, Round: t.round, Reason: t.reason}
			for _, a := range n.ringing(t) {
				w.Ringing = append(w.Ringing, a.User)
			}
			l.Waiting = append(l.Waiting, w)
		}
		s.Queues = append(s.Queues, l)
	}
	return s
}
