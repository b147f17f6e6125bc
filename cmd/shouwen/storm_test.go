package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
	"shouwen/ivr/acd"
	"shouwen/ivr/call"
	"shouwen/metrics"
	"shouwen/sip/siptest"
)

var stormSeed = flag.Uint64("seed", 0, "of TestWhateverHappens; 0: a new one")

// TestWhateverHappens: callers, agents and a supervisor do at random what people
// and phones do, some of it at the same moment. After every step, each caller is in
// exactly one place and hears it, agents are in one call at most, and nobody is in
// silence; in the end everything is released and on record.
func TestWhateverHappens(t *testing.T) {
	t.Parallel()
	const callers, agents, steps = 6, 4, 25
	seed := *stormSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("again with: go test ./cmd/shouwen -run WhateverHappens -seed %d", seed)
	storetest.URL(t) // starts PostgreSQL, which outlives the server
	s := &storm{rand: rand.New(rand.NewPCG(seed, 0)), dialed: map[string]int{}}
	pprof.Do(t.Context(), pprof.Labels("server", t.Name()), func(context.Context) {
		s.bed = newBed(t, agents+1, soonDead, supervised(agents+1, agents), func(c *Config) {
			q := &c.Queues[0]
			q.RingTime, q.MaxWait, q.WrapUp, q.CallbackOfferAfter = Duration(3*time.Second), Duration(10*time.Second), Duration(100*time.Millisecond), 0
			q.WhenWaited, q.Voicemail = call.LeaveMessage, VoicemailConfig{Longest: Duration(4 * time.Second), Silence: Duration(2 * time.Second)}
			c.Hotlines[0].Greeting = "greeting"
			c.Agents.MaxMissed = 0
		})
	})
	for i := range agents + 1 {
		s.seats = append(s.seats, &seat{user: s.Agents[i].User, tone: toneOf(i)})
		s.sit(i)
	}
	for i := range callers {
		g := &guest{number: numbered(i), tone: 1100 + 100*i}
		g.phone = siptest.New(t, s.SIP.UDP, siptest.Config{User: g.number, Tone: g.tone, Patience: patience})
		s.guests = append(s.guests, g)
	}
	for range steps {
		s.step()
		s.settle(s.rand.IntN(4) > 0)
	}
	for _, g := range s.guests {
		if g.call != nil {
			_ = g.call.Hangup(t.Context())
		}
	}
	s.settle(false)
	for _, at := range s.seats { // who have each other talk on
		for _, l := range at.lines(true) {
			_ = l.Hangup(t.Context())
		}
	}
	until(t, "everybody is free", s.released)
	s.recorded()
	until(t, "no goroutine of the server is left", func() bool { return !running(t.Name()) })
}

// storm is a server on which anything happens.
type storm struct {
	*bed
	rand   *rand.Rand
	guests []*guest
	seats  []*seat        // the last is the supervisor's
	dialed map[string]int // calls, by number

	mu sync.Mutex // guards the calls of guests and seats
}

// guest is a caller.
type guest struct {
	number string
	tone   int
	phone  siptest.TestPhone
	call   *siptest.Call // answered; nil: none yet
}

// seat is somebody with an extension.
type seat struct {
	user  string
	tone  int
	phone siptest.TestPhone
	dead  bool // until somebody brings another phone
	calls []*line
}

// line is a call of a seat.
type line struct {
	*siptest.Call
	up, held bool
}

// alive is nil or g's call, if it is up.
func (g *guest) alive() *siptest.Call {
	if g.call == nil || over(g.call) {
		return nil
	}
	return g.call
}

func over(c *siptest.Call) bool {
	select {
	case <-c.Done():
		return true
	default:
		return false
	}
}

// lines are the calls of the seat that ring, or are up.
func (s *seat) lines(up bool) (all []*line) {
	for _, l := range s.calls {
		if !s.dead && !over(l.Call) && l.up == up {
			all = append(all, l)
		}
	}
	return all
}

// sit registers a phone for the i-th seat.
func (s *storm) sit(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.seats[i]
	at.dead, at.calls = false, nil
	at.phone = s.agent(i, siptest.Config{Tone: at.tone, Answer: func(c *siptest.Call) {
		s.mu.Lock()
		defer s.mu.Unlock()
		at.calls = append(at.calls, &line{Call: c})
	}})
}

// step lets one to three things happen at the same moment.
func (s *storm) step() {
	s.t.Helper()
	var todo []func()
	s.mu.Lock()
	for range 1 + s.rand.IntN(3) {
		c := s.draw()
		s.t.Log(c.what)
		todo = append(todo, c.do)
	}
	s.mu.Unlock()
	together(len(todo), func(i int) { todo[i]() })
}

// chance is something that can happen now, the more likely the larger its weight.
type chance struct {
	weight int
	what   string
	do     func()
}

// draw returns one of the things that can happen now.
func (s *storm) draw() chance {
	var all []chance
	for _, g := range s.guests {
		all = append(all, s.guestMay(g)...)
	}
	for i := range s.seats {
		all = append(all, s.seatMay(i)...)
	}
	total := 0
	for _, c := range all {
		total += c.weight
	}
	n := s.rand.IntN(total)
	for _, c := range all {
		if n -= c.weight; n < 0 {
			return c
		}
	}
	panic("unreachable")
}

// guestMay returns what a caller may do. Here and in seatMay, what fails has crossed
// something else.
func (s *storm) guestMay(g *guest) []chance {
	ctx, c := s.t.Context(), g.alive()
	if c == nil {
		return []chance{{6, g.number + " dials", func() { s.dial(g) }}}
	}
	key := string("1579*#"[s.rand.IntN(6)])
	return []chance{
		{1, g.number + " hangs up", func() { _ = c.Hangup(ctx) }},
		{1, g.number + " presses " + key, func() { _ = c.Audio.Press(ctx, key) }},
	}
}

// codes are what an agent dials in a call; %s is somebody's extension.
var codes = []string{"*2%s#", "*2%s#", "*6%s#", "*1", "*3", "*4", "**", "*", "*29999#"}

// seatMay returns what the i-th seat may do.
func (s *storm) seatMay(i int) []chance {
	ctx, at, other := s.t.Context(), s.seats[i], s.seats[s.rand.IntN(len(s.seats))]
	boss := i == len(s.seats)-1
	code := strings.Replace(codes[s.rand.IntN(len(codes))], "%s", other.user, 1)
	if boss {
		code = string("456"[s.rand.IntN(3)])
	}
	dies := func(l *line) chance {
		return chance{1, "the phone of " + at.user + " dies", func() { s.dies(at, l) }}
	}
	switch rings, up := at.lines(false), at.lines(true); {
	case at.dead:
		return []chance{{4, at.user + " has a new phone", func() { s.sit(i) }}}
	case len(up) > 0:
		return []chance{
			{2, at.user + " hangs up", func() { _ = up[0].Hangup(ctx) }},
			{4, at.user + " holds or resumes", func() { s.hold(up[0]) }},
			{16, at.user + " dials " + code, func() { _ = up[0].Audio.Press(ctx, code) }},
			dies(up[0]),
		}
	case len(rings) > 0:
		return []chance{
			{16, at.user + " picks up", func() { s.pickUp(rings[0]) }},
			{3, at.user + " rejects", func() { _ = rings[0].Reject(486) }},
			dies(rings[0]),
		}
	case boss && len(other.lines(true)) > 0:
		return []chance{{8, at.user + " listens to " + other.user, func() { s.listen(at, other) }}}
	}
	return nil
}

// dies takes the power from a phone in a call.
func (s *storm) dies(at *seat, l *line) {
	s.mu.Lock()
	phone, died := at.phone, at.dead
	at.dead = true
	s.mu.Unlock()
	if !died {
		unplug(s.t, phone, siptest.TestCall{TestAudio: siptest.TestAudio{Audio: l.Audio}})
	}
}

func (s *storm) dial(g *guest) {
	c, err := g.phone.Phone.Dial(s.Hotline)
	if err == nil {
		_, err = c.Answered(s.t.Context())
	}
	if err != nil {
		s.t.Errorf("%s is not answered: %v", g.number, err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g.call = c
	s.dialed[g.number]++
}

func (s *storm) pickUp(l *line) {
	if l.Answer() == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		l.up = true
	}
}

func (s *storm) hold(l *line) {
	s.mu.Lock()
	hold := !l.held
	s.mu.Unlock()
	how := siptest.SendRecv
	if hold {
		how = siptest.SendOnly
	}
	if res, err := l.Do(s.t.Context(), "INVITE", l.Audio.SDP(how)); err == nil && res.Status == 200 {
		s.mu.Lock()
		defer s.mu.Unlock()
		l.held = hold
	}
}

func (s *storm) listen(boss, agent *seat) {
	c, err := boss.phone.Phone.Dial(call.MonitorCode + agent.user)
	if err == nil {
		_, err = c.Answered(s.t.Context())
	}
	if err == nil { // else the agent has no call any more
		s.mu.Lock()
		defer s.mu.Unlock()
		boss.calls = append(boss.calls, &line{Call: c, up: true})
	}
}

// settle waits until everybody is where he should be, and, greeted, until whoever was
// greeted can be rung for.
func (s *storm) settle(greeted bool) {
	s.t.Helper()
	var wrong []string
	defer func() {
		if s.t.Failed() {
			s.t.Log(strings.Join(wrong, "\n"))
		}
	}()
	until(s.t, "everybody is in his place", func() bool {
		wrong = s.wrong()
		return len(wrong) == 0 && !(greeted && s.greeting())
	})
}

// greeting reports whether somebody is being greeted.
func (s *storm) greeting() bool {
	return slices.ContainsFunc(s.guests, func(g *guest) bool {
		c := g.alive()
		return c != nil && len(s.listens(c, []int{greetingSays})) > 0
	})
}

// wrong says who is not in his place.
func (s *storm) wrong() (wrong []string) {
	live, agents := s.server.calls.Live(), s.server.board.Snapshot().Agents
	s.mu.Lock()
	defer s.mu.Unlock()
	no := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, g := range s.guests {
		in := slices.Collect(func(yield func(call.Live) bool) {
			for _, l := range live {
				if string(l.Caller.E164) == g.number && !yield(l) {
					return
				}
			}
		})
		c := g.alive()
		switch {
		case c == nil && len(in) > 0:
			no("%s has hung up and is shown as %s", g.number, in[0].State)
		case c != nil && len(in) != 1:
			no("%s is in %d calls", g.number, len(in))
		case c != nil:
			s.hears(g, in[0], no)
		}
	}
	held := slices.ContainsFunc(s.seats, func(at *seat) bool {
		return slices.ContainsFunc(at.lines(true), func(l *line) bool { return l.held })
	})
	for i, at := range s.seats {
		up, in := at.lines(true), 0
		for _, l := range live {
			who := []string{l.Agent, l.Target, l.Supervisor}
			if l.Direction == metrics.Internal { // colleagues, whose caller has hung up
				who = append(who, string(l.Caller.E164))
			}
			for _, user := range who {
				if user == at.user {
					in++
					if agents[i].Call != l.ID {
						no("%s is in %s, and on the board in %q", user, l.ID, agents[i].Call)
					}
				}
			}
		}
		if len(up) > 1 || in > 1 {
			no("%s is in %d calls, and shown in %d", at.user, len(up), in)
		}
		for _, l := range up {
			if in == 0 {
				no("%s is in no call, and his phone is", at.user)
			}
			if callers := s.listens(l.Call, s.callerTones()); len(callers) > 1 {
				no("%s hears the callers %v", at.user, callers)
			}
			all := slices.Concat(s.callerTones(), s.seatTones(), sounds, []int{toneHz})
			if !held && len(s.listens(l.Call, all)) == 0 {
				no("%s is in silence", at.user)
			}
		}
	}
	return wrong
}

// sounds are what callers hear of the server.
var sounds = []int{greetingSays, pleaseHoldSays, allBusySays, apologySays, goodbyeSays, musicSays, leaveMessageSays, messageKeptSays}

// hears checks that a caller hears those he is with, and they him, or else the server.
func (s *storm) hears(g *guest, in call.Live, no func(string, ...any)) {
	voices, music := s.listens(g.call, s.seatTones()), s.listens(g.call, sounds)
	if len(voices) > 0 && len(music) > 0 {
		no("%s hears %v and %v", g.number, voices, music)
	}
	message := in.State == metrics.InIVR && g.call.Audio.Heard(leaveMessageSays)
	if len(voices)+len(music) == 0 && !message {
		no("%s, who is %s, is in silence", g.number, in.State)
	}
	for _, at := range s.seats {
		if !slices.Contains(voices, at.tone) {
			continue
		}
		if !slices.Contains([]string{in.Agent, in.Target, in.Supervisor}, at.user) {
			no("%s hears %s, who is not in the call", g.number, at.user)
		}
		for _, l := range at.lines(true) {
			if !l.held && len(s.listens(l.Call, []int{g.tone})) == 0 {
				no("%s hears %s, who does not hear him", g.number, at.user)
			}
		}
	}
}

// listens returns which of the tones c hears now.
func (s *storm) listens(c *siptest.Call, tones []int) (heard []int) {
	fresh := func(s siptest.Stream) bool { return time.Since(s.Last) < silentFor }
	if !slices.ContainsFunc(c.Audio.Streams(), fresh) {
		return nil
	}
	for _, hz := range tones {
		if c.Audio.Level(hz) > 0.025 {
			heard = append(heard, hz)
		}
	}
	return heard
}

func (s *storm) callerTones() (all []int) {
	for _, g := range s.guests {
		all = append(all, g.tone)
	}
	return all
}

func (s *storm) seatTones() (all []int) {
	for _, at := range s.seats {
		all = append(all, at.tone)
	}
	return all
}

// released reports whether nobody is in a call any more, and every agent whose phone
// is there can take one.
func (s *storm) released() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, a := range s.server.board.Snapshot().Agents {
		at := s.seats[i]
		if a.Call != "" || len(at.lines(true))+len(at.lines(false)) > 0 || !at.dead && a.State != acd.Ready {
			return false
		}
	}
	return len(s.server.calls.Live()) == 0
}

// recorded checks that every call is a case, which somebody has had or is owed a
// callback.
func (s *storm) recorded() {
	s.t.Helper()
	got := map[string]int{}
	for _, c := range s.cases() {
		got[string(c.Call.Caller.E164)]++
		if c.Call.Ended.IsZero() || c.FirstAsker == "" && c.CallbackDue.IsZero() && c.State != cases.Closed && c.State != cases.Merged {
			s.t.Errorf("lost: %+v", c)
		}
	}
	for number, n := range s.dialed {
		if got[number] != n {
			s.t.Errorf("%s called %d times and has %d cases", number, n, got[number])
		}
	}
}

// running reports whether goroutines of a server so labelled are left.
func running(server string) bool {
	var b bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&b, 1) // into memory
	return strings.Contains(b.String(), fmt.Sprintf("%q:%q", "server", server))
}
