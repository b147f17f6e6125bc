package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/sip/siptest"
)

// TestKilled: the program is killed at random moments of 50 calls, in the end when
// somebody is put through, and started again on its data. No case that was acknowledged (caller and agent heard each
// other) is lost or there twice, every caller who was answered is on record, and
// no process is left behind.
func TestKilled(t *testing.T) {
	t.Parallel()
	const rounds, perRound, agents = 5, 10, 5
	p := prepare(t, time.Second)
	c := p.start(t, "--agents", "5")
	s := &survivors{t: t, pickedUp: map[string]string{}, through: make(chan struct{}, 1)}
	for i := range agents { // they register once: the program must remember them
		register(t, c.Ready, i, siptest.Config{Tone: agentSays, Answer: s.pickUp(c.Agents[i].User)})
	}
	for round := range rounds {
		if round < rounds-1 {
			moment := time.Duration(rand.IntN(1500)) * time.Millisecond
			t.Logf("round %d: killed after %s", round, moment)
			ctx, cancel := context.WithTimeout(t.Context(), moment)
			s.round(ctx, c, round*perRound, perRound, moment)
			cancel()
		} else {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			s.talkOn = true
			go func() {
				select {
				case <-s.through:
				case <-ctx.Done():
				}
				cancel()
			}()
			s.round(ctx, c, round*perRound, perRound, time.Second)
			cancel()
		}
		_ = c.wait()
		noneLeft(t, p.data)
		c = p.start(t, "--agents", "5")
	}
	until(t, "the program has caught up", func() bool { return s.missing(p.data) == 0 })
	c.terminate()
	noneLeft(t, p.data)
	s.check(p.data, rounds*perRound)
}

// survivors are what the phones saw of the calls, by the caller's number.
type survivors struct {
	t       *testing.T
	talkOn  bool          // callers do not hang up
	through chan struct{} // of capacity 1: an agent has heard his caller since it was emptied

	mu       sync.Mutex
	answered []string          // callers who were answered
	pickedUp map[string]string // agents who heard their caller
}

// pickUp answers a call at once, and notes it when the caller is heard.
func (s *survivors) pickUp(agent string) func(*siptest.Call) {
	return func(c *siptest.Call) {
		if c.Answer() != nil || c.Audio.Hears(s.t.Context(), callerSays) != nil {
			return
		}
		number, _, _ := strings.Cut(strings.TrimPrefix(c.Invite.Get("From"), "<sip:"), "@")
		s.mu.Lock()
		defer s.mu.Unlock()
		s.pickedUp[number] = agent
		select {
		case s.through <- struct{}{}:
		default:
		}
	}
}

// round dials n calls, one after the other within that time, and kills the program when
// ctx ends.
func (s *survivors) round(ctx context.Context, c *child, first, n int, within time.Duration) {
	select {
	case <-s.through: // before
	default:
	}
	var wg sync.WaitGroup
	for i := range n {
		number := numbered(first + i)
		wg.Go(func() { s.call(ctx, c, number, time.Duration(i)*within/time.Duration(n)) })
	}
	<-ctx.Done()
	c.signal(syscall.SIGKILL)
	wg.Wait()
}

// call speaks for a moment after the caller's pick-up, or until ctx ends.
func (s *survivors) call(ctx context.Context, c *child, number string, after time.Duration) {
	select {
	case <-time.After(after):
	case <-ctx.Done():
		return
	}
	p, err := siptest.Listen(ctx, siptest.Config{Server: c.SIP.UDP, User: number, Tone: callerSays})
	if err != nil {
		return
	}
	defer p.Close()
	call, err := p.Dial(c.Hotline)
	if err != nil {
		s.t.Error(err)
		return
	}
	if _, err := call.Answered(ctx); err != nil {
		return
	}
	s.mu.Lock()
	s.answered = append(s.answered, number)
	s.mu.Unlock()
	if call.Audio.Hears(ctx, agentSays) == nil && !s.talkOn {
		_ = call.Hangup(ctx) // makes room for the others
	}
	<-ctx.Done()
}

func (s *survivors) cases(data string) []cases.Case {
	st, done, err := openStore(s.t.Context(), data, "", slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	defer done()
	return recordedCases(s.t, st)
}

// missing counts the callers whose call is not over on record.
func (s *survivors) missing(data string) int {
	over := map[cases.Number]bool{}
	for _, k := range s.cases(data) {
		over[k.Call.Caller.E164] = !k.Call.Ended.IsZero()
	}
	return len(slices.DeleteFunc(slices.Clone(s.answered), func(n string) bool { return over[cases.Number(n)] }))
}

func (s *survivors) check(data string, dialed int) {
	all := s.cases(data)
	seen := map[cases.Number]bool{}
	numbers := map[cases.CaseNumber]bool{}
	interrupted := 0
	for _, k := range all {
		who := k.Call.Caller.E164
		if seen[who] || numbers[k.Number] {
			s.t.Errorf("case %s of %s is there twice", k.Number, who)
		}
		seen[who], numbers[k.Number] = true, true
		if k.Call.Ended.IsZero() {
			s.t.Errorf("the call of case %s goes on", k.Number)
		}
		if k.Call.Cause == cases.EndInterrupted || k.Call.Missed == cases.MissedInterrupted {
			interrupted++
		}
		if agent := s.pickedUp[string(who)]; agent != "" && k.FirstAsker != agent {
			s.t.Errorf("case %s: first-asker %q, but %s spoke with the caller", k.Number, k.FirstAsker, agent)
		}
	}
	for _, n := range s.answered {
		if !seen[cases.Number(n)] {
			s.t.Errorf("caller %s was answered and is not on record", n)
		}
	}
	for n := range s.pickedUp {
		if !seen[cases.Number(n)] {
			s.t.Errorf("caller %s spoke with an agent and has no case", n)
		}
	}
	s.t.Logf("of %d callers %d were answered, %d put through; %d cases, %d of them interrupted",
		dialed, len(s.answered), len(s.pickedUp), len(all), interrupted)
	if interrupted == 0 || len(s.pickedUp) == 0 {
		s.t.Error("nothing was interrupted: that was no test")
	}
}
