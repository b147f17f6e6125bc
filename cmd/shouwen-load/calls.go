package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"shouwen/sip/siptest"
)

type callsCmd struct {
	common
	AgentsFile string        `help:"What to call and who answers: ready.json of a running Shouwen, or a file of that shape with sip.udp, sip.domain, hotline and agents." type:"existingfile"`
	Agents     int           `help:"How many of the agents register and answer; -1: all." default:"-1"`
	Server     string        `help:"ip:port of the server (UDP); overrides the file's."`
	To         string        `help:"Number to dial; overrides the file's hotline."`
	Rate       float64       `help:"Calls a second, placed whether or not earlier ones succeed." default:"10"`
	Callers    int           `help:"How many numbers they call from, one after the other." default:"1000000"`
	Poisson    bool          `help:"Calls come at random as from many people, not evenly."`
	Seed       uint64        `help:"Of the randomness." default:"1"`
	Concurrent int           `help:"Most calls at once; what is due beyond is skipped and counted." default:"1000"`
	Hold       time.Duration `help:"How long a call lasts from the pick-up." default:"30s"`
	HangUp     string        `help:"Who hangs up: ${enum}." enum:"caller,agent,either" default:"caller"`
	PickUp     string        `help:"Who picks up where several phones ring for a call: ${enum}." enum:"first,all" default:"first"`
	Patience   time.Duration `help:"How long to wait for any answer or agent." default:"30s"`
	WarmUp     time.Duration `help:"Part of --for that CPU, delay and loss are not measured in, e.g. while calls build up." default:"0s"`
	PID        []int         `name:"pid" help:"Process whose CPU and memory are measured; repeat it for more."`
}

// Run places the calls and prints the report.
func (c callsCmd) Run() error {
	l, err := newLoad(c)
	if err != nil {
		return err
	}
	ctx, stop := interrupted()
	defer stop()
	r, err := l.run(ctx)
	if err != nil {
		return err
	}
	return c.publish(r)
}

// target is the part of ready.json that is needed here.
type target struct {
	SIP struct {
		UDP    string `json:"udp"`
		Domain string `json:"domain"`
	} `json:"sip"`
	Hotline string  `json:"hotline"`
	Agents  []agent `json:"agents"`
}

type agent struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

func (c callsCmd) target() (t target, err error) {
	if c.AgentsFile != "" {
		b, err := os.ReadFile(c.AgentsFile)
		if err != nil {
			return t, fmt.Errorf("--agents-file: %w", err)
		}
		if err := json.Unmarshal(b, &t); err != nil {
			return t, fmt.Errorf("--agents-file %s: %w", c.AgentsFile, err)
		}
	}
	if c.Server != "" {
		t.SIP.UDP = c.Server
	}
	if c.To != "" {
		t.Hotline = c.To
	}
	server, err := netip.ParseAddrPort(t.SIP.UDP)
	switch {
	case err != nil:
		return t, fmt.Errorf("server %q: want ip:port, by --server or --agents-file", t.SIP.UDP)
	case t.Hotline == "":
		return t, errors.New("no number to dial: give --to or --agents-file")
	case c.Agents > len(t.Agents):
		return t, fmt.Errorf("--agents %d: the file has %d", c.Agents, len(t.Agents))
	case c.Rate <= 0 || c.Rate > 100_000 || c.Concurrent < 1 || c.Callers < 1 || c.Callers > 1_000_000 || c.Hold < 0 || c.WarmUp < 0 || c.WarmUp >= c.For:
		return t, errors.New("want --rate above 0 and at most 100000, --concurrent from 1, --callers from 1 and at most 1000000, --hold from 0, --warm-up from 0 and below --for")
	}
	if c.Agents >= 0 {
		t.Agents = t.Agents[:c.Agents]
	}
	if t.SIP.Domain == "" {
		t.SIP.Domain = t.SIP.UDP
	}
	return t, c.allow(server.Addr())
}

// A load is one run of callers and agents. run owns what has no other rule.
type load struct {
	callsCmd
	target  target
	sig     Signalling
	audio   Audio
	wheel   *wheel // nil without audio
	callers *siptest.Phone
	agents  []*siptest.Phone

	attempts sync.Map       // by subscriber; *attempt
	calls    sync.WaitGroup // callers' calls
	over     chan struct{}  // closed when calls are to be hung up, whatever --hold says
	hangUps  atomic.Int64   // so far, to take turns
	talking  atomic.Int64   // agents in a call
	foreign  atomic.Int64   // calls at agents that no caller of ours placed
}

func newLoad(c callsCmd) (*load, error) {
	local, err := c.check()
	if err != nil {
		return nil, err
	}
	l := &load{callsCmd: c, over: make(chan struct{})}
	if l.target, err = c.target(); err != nil {
		return nil, err
	}
	if c.RTP {
		l.wheel = newWheel(local, false, &l.audio)
	}
	return l, nil
}

// run opens the phones, places the calls, hangs them up and reports.
func (l *load) run(ctx context.Context) (*Report, error) {
	alive, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if err := l.open(alive); err != nil {
		l.close()
		return nil, err
	}
	defer l.close()
	var loops sync.WaitGroup
	defer loops.Wait()
	defer stop()
	if l.wheel != nil {
		loops.Go(func() { l.wheel.run(alive) })
	}
	m, err := newMeter(l.PID, &l.sig)
	if err != nil {
		return nil, err
	}
	loops.Go(func() { m.run(alive, l.progress) })
	placed := make(chan struct{})
	go func() {
		defer close(placed)
		l.place(ctx)
	}()
	if sleep(ctx, l.WarmUp) && l.WarmUp > 0 {
		l.audio.reset()
	}
	m.begin()
	<-placed
	m.end()
	heard := l.audio.heard() // before all hang up at once
	close(l.over)
	l.calls.Wait()
	stuck := l.settled(2 * time.Second)
	l.unregister()
	return l.report(m, heard, stuck), nil
}

// config is what all phones have in common.
func (l *load) config(legs func() (siptest.Media, error)) siptest.Config {
	c := siptest.Config{
		Server: l.target.SIP.UDP, Domain: l.target.SIP.Domain, Local: netip.AddrPortFrom(netip.MustParseAddr(l.Local), 0).String(),
		Patience: l.Patience, Trace: -1, NoAudio: true,
	}
	if l.wheel != nil {
		c.Media = legs
	}
	return c
}

// open opens the callers' phone and registers the agents'.
func (l *load) open(ctx context.Context) (err error) {
	callers := l.config(func() (siptest.Media, error) { return l.wheel.open(false) })
	if l.callers, err = siptest.Listen(ctx, callers); err != nil {
		return err
	}
	l.agents = make([]*siptest.Phone, len(l.target.Agents))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i, a := range l.target.Agents {
		c := l.config(func() (siptest.Media, error) { return l.wheel.open(true) })
		c.User, c.Password, c.Answer = a.User, a.Password, l.ring
		g.Go(func() error {
			p, err := siptest.Listen(ctx, c)
			if err == nil {
				l.agents[i] = p
				_, err = p.Register(ctx)
			}
			if err != nil {
				return fmt.Errorf("agent %s: %w", a.User, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// unregister leaves no dead phones behind; who does not answer is left to expire.
func (l *load) unregister() {
	ctx, cancel := context.WithTimeout(context.Background(), l.Patience)
	defer cancel()
	var g errgroup.Group
	g.SetLimit(8)
	for _, p := range l.agents {
		g.Go(func() error { return p.Unregister(ctx) })
	}
	_ = g.Wait()
}

func (l *load) close() {
	for _, p := range append(l.agents, l.callers) {
		if p != nil {
			p.Close()
		}
	}
}

// settled waits until every agent is out of his call, at most for d, and returns
// how many are not.
func (l *load) settled(d time.Duration) int {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(d); l.talking.Load() > 0 && time.Now().Before(end); {
		<-tick.C
	}
	return int(l.talking.Load())
}

// place places calls until --for is over or ctx ends.
func (l *load) place(ctx context.Context) {
	began, n := time.Now(), 0
	for at := range arrivals(l.Rate, l.Poisson, l.Seed) {
		if at >= l.For {
			break
		}
		due := began.Add(at)
		if !sleep(ctx, time.Until(due)) {
			return
		}
		l.sig.Late.Add(time.Since(due))
		n++
		if l.sig.begin(l.Concurrent) {
			number := fmt.Sprintf("+861055%06d", n%l.Callers)
			l.calls.Go(func() { l.sig.end(l.call(context.WithoutCancel(ctx), number)) })
		}
	}
	sleep(ctx, time.Until(began.Add(l.For)))
}
