package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/sip/media"
	"shouwen/sip/siptest"
)

// The demo's people are known by the tone their phones send.
const (
	callerTone = 440
	agentTone  = 660

	demoPatience = time.Minute // of a phone; the machine may be slow
)

type demoCmd struct {
	Keep    string `help:"Keep the data and the recordings of what each side heard in this folder." type:"path"`
	Verbose bool   `short:"v" help:"Show the server's log."`
}

// Run plays the story and fails if any part of it does not come true.
func (d demoCmd) Run() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	dir := d.Keep
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "shouwen-demo-"); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		defer os.RemoveAll(dir)
		if err := os.Chmod(dir, 0o711); err != nil { // see makeData
			return fmt.Errorf("demo: %w", err)
		}
	}
	log := slog.New(slog.DiscardHandler)
	if d.Verbose {
		log = newLog(os.Stderr, true)
	}
	cfg := Default()
	cfg.Data = dir
	cfg.RTP.Ports = PortRange{30000, 31000}
	cfg.HTTP = HTTPConfig{Console: "127.0.0.1:0", Metrics: "127.0.0.1:0"}
	s, err := newServer(ctx, cfg, serverOptions{agents: 3, anyPort: true, everyCall: true}, log)
	if err != nil {
		return err
	}
	life, stop := context.WithCancel(ctx)
	ready := make(chan Ready, 1)
	s.announce = func(r Ready) { ready <- r }
	done := make(chan error, 1)
	go func() { done <- s.run(life) }()
	var played error
	select {
	case r := <-ready:
		played = (&story{Ready: r, dir: dir, store: s.database.store, log: log, began: time.Now()}).play(ctx)
	case err := <-done:
		stop()
		return err
	}
	stop()
	return errors.Join(played, <-done)
}

// story is one call after another, told line by line as it happens.
type story struct {
	Ready
	dir    string
	store  *store.Store
	log    *slog.Logger
	began  time.Time
	agents []*siptest.Phone
}

func (s *story) say(format string, args ...any) {
	fmt.Printf("%6.2f s  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

func (s *story) play(ctx context.Context) error {
	fmt.Print(s.box(), "\n")
	for _, a := range s.Agents {
		p, err := siptest.Listen(ctx, siptest.Config{Patience: demoPatience, Server: s.SIP.UDP, User: a.User, Password: a.Password, Tone: agentTone})
		if err != nil {
			return err
		}
		defer p.Close()
		if _, err := p.Register(ctx); err != nil {
			return err
		}
		s.agents = append(s.agents, p)
		s.say("phone %s has registered", a.User)
	}
	if err := s.answered(ctx); err != nil {
		return fmt.Errorf("the answered call: %w", err)
	}
	if err := s.abandoned(ctx); err != nil {
		return fmt.Errorf("the abandoned call: %w", err)
	}
	return s.ledger(ctx)
}

// pause lets the story be followed; it is cut short by ctx, whose error the next
// step meets.
func (s *story) pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// call has a caller dial the hotline and waits until he is answered.
func (s *story) call(ctx context.Context, from string) (c *siptest.Call, closePhone func(), err error) {
	caller, err := siptest.Listen(ctx, siptest.Config{Patience: demoPatience, Server: s.SIP.UDP, User: from, Tone: callerTone})
	if err != nil {
		return nil, nil, err
	}
	s.say("%s dials %s", from, s.Hotline)
	if c, err = caller.Dial(s.Hotline); err == nil {
		_, err = c.Answered(ctx)
	}
	if err != nil {
		caller.Close()
	}
	return c, caller.Close, err
}

// ringing waits until every agent's phone rings.
func (s *story) ringing(ctx context.Context) ([]*siptest.Call, error) {
	var all []*siptest.Call
	for _, p := range s.agents {
		in, err := p.Incoming(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, in)
	}
	return all, nil
}

// answered: three phones ring, the second picks up, they talk, the agent looks
// something up while the caller hears music, and the caller hangs up.
func (s *story) answered(ctx context.Context) error {
	c, hangUp, err := s.call(ctx, "+861055550101")
	if err != nil {
		return err
	}
	defer hangUp()
	s.say("Shouwen answers; the caller hears the greeting")
	ringing, err := s.ringing(ctx)
	if err != nil {
		return err
	}
	s.say("three phones ring")
	s.pause(ctx, 2*time.Second)
	if err := ringing[1].Answer(); err != nil {
		return err
	}
	for i, in := range ringing {
		if i == 1 {
			continue
		}
		if _, err := in.Ended(ctx); err != nil {
			return err
		}
	}
	agent := ringing[1]
	s.say("%s picks up first and is the first-asker; the others stop ringing", s.Agents[1].User)
	if err := errors.Join(c.Audio.Hears(ctx, agentTone), agent.Audio.Hears(ctx, callerTone)); err != nil {
		return err
	}
	s.say("caller and agent hear each other (%d Hz and %d Hz)", callerTone, agentTone)
	if _, err := agent.Do(ctx, "INVITE", agent.Audio.SDP(siptest.SendOnly)); err != nil {
		return err
	}
	if err := c.Audio.Silent(ctx, agentTone, 300*time.Millisecond); err != nil {
		return err
	}
	s.say("the agent holds: the caller hears music")
	s.pause(ctx, 2*time.Second)
	if _, err := agent.Do(ctx, "INVITE", agent.Audio.SDP(siptest.SendRecv)); err != nil {
		return err
	}
	if err := c.Audio.Hears(ctx, agentTone); err != nil {
		return err
	}
	s.say("and is back with the agent")
	s.pause(ctx, time.Second)
	if err := c.Hangup(ctx); err != nil {
		return err
	}
	if _, err := agent.Ended(ctx); err != nil {
		return err
	}
	s.say("the caller hangs up")
	return errors.Join(s.keep("caller", c.Audio.Record()), s.keep("agent", agent.Audio.Record()))
}

// abandoned: nobody picks up and the caller gives up; he is owed a callback.
func (s *story) abandoned(ctx context.Context) error {
	c, hangUp, err := s.call(ctx, "+861055550102")
	if err != nil {
		return err
	}
	defer hangUp()
	ringing, err := s.ringing(ctx)
	if err != nil {
		return err
	}
	s.pause(ctx, 2*time.Second)
	if err := c.Hangup(ctx); err != nil {
		return err
	}
	for _, in := range ringing {
		if _, err := in.Ended(ctx); err != nil {
			return err
		}
	}
	s.say("he gives up while the phones ring; they stop at once, and a callback is owed")
	return nil
}

// ledger prints what is on record, and checks it.
func (s *story) ledger(ctx context.Context) error {
	all, err := s.recorded(ctx)
	if err != nil {
		return err
	}
	slices.Reverse(all) // the store lists the newest first
	for _, c := range all {
		_, events, err := s.store.Case(ctx, c.Number)
		if err != nil {
			return err
		}
		fmt.Printf("\ncase %s  caller %s  first-asker %s  state %s\n", c.Number, c.Call.Caller.E164, orNobody(c.FirstAsker), c.State)
		for _, e := range events {
			fmt.Printf("  %d  %s  %-10s  %s…  %s\n", e.Seq, e.At.Format("15:04:05.000"), e.Kind, e.Sum.String()[:12], e.Body)
		}
	}
	n, err := s.store.VerifyLedger(ctx)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	fmt.Printf("\nledger ok: %d events\n", n)
	return nil
}

// recorded waits until PostgreSQL has both calls with their ends.
func (s *story) recorded(ctx context.Context) ([]cases.Case, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		all, _, err := s.store.Cases(ctx, store.Filter{})
		if err != nil {
			return nil, err
		}
		over := 0
		for _, c := range all {
			if !c.Call.Ended.IsZero() {
				over++
			}
		}
		if over >= 2 {
			return all, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("cases of both calls: %w", context.Cause(ctx))
		}
	}
}

// keep writes what a side heard to the demo's folder, if it stays.
func (s *story) keep(who string, samples []int16) error {
	f, err := os.Create(filepath.Join(s.dir, who+"-heard.wav"))
	if err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	defer f.Close()
	if err := media.WriteWAV(f, samples); err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	return f.Close()
}

func orNobody(user string) string {
	if user == "" {
		return "nobody"
	}
	return user
}
