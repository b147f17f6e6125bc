package main

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"shouwen/cases"
	"shouwen/cases/poll"
	"shouwen/cases/store"
	"shouwen/ivr/call"
	"shouwen/metrics"
	"shouwen/sip/media"
)

// installation is what figures are labelled with.
func (c Config) installation(d cases.Directory, rules cases.Policy) metrics.Installation {
	in := metrics.Installation{
		Queues: c.queueNames(), Clocks: []string{string(cases.ClockCallback), string(cases.ClockPromise)}, Queries: store.Operations(),
		Decisions: call.OutboundReasons, Hotlines: map[string]string{},
	}
	for _, t := range d.Departments {
		in.Departments = append(in.Departments, t.Name)
	}
	for _, p := range d.People {
		in.Departments = append(in.Departments, p.Department) // it may be of none
		if c.Agents.Metrics {
			in.Agents = append(in.Agents, p.User)
		}
	}
	for _, t := range c.Trunks {
		in.Trunks = append(in.Trunks, t.Name)
	}
	for _, h := range c.Hotlines {
		in.Hotlines[h.Number] = h.Queue
		in.Menus = append(in.Menus, h.Flow, h.Survey)
	}
	for _, q := range c.Queues {
		in.Menus = append(in.Menus, q.Survey)
	}
	in.Menus = slices.DeleteFunc(in.Menus, func(file string) bool { return file == "" })
	for i, file := range in.Menus {
		in.Menus[i] = flowName(file)
	}
	for _, t := range rules.Clocks {
		in.Clocks = append(in.Clocks, string(t.Kind))
	}
	return in
}

// flowName is what the flow of a file is called.
func flowName(file string) string { return strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)) }

// measure has the parts that know nothing of metrics tell what they do.
func (s *server) measure(sounds map[string]call.Sounds) {
	s.metrics.RTP.ReadPorts(s.ports.InUse, s.ports.Limit)
	s.metrics.Calls.ReadLive(s.calls.CountLive)
	s.metrics.Recordings.ReadFree(func() float64 {
		free, _ := s.recordings.Free() // unreadable: nothing is left
		return float64(free)
	})
	s.metrics.Database.ReadConnections(s.database.store.Connections)
	s.metrics.Database.ReadSkew(s.skew.read)
	prompts := map[*media.Prompt]bool{}
	for _, one := range sounds {
		for _, p := range one.Words {
			prompts[p] = p != one.Music
		}
	}
	s.pacer.Played = func(p *media.Prompt, how media.PlayResult) {
		if prompts[p] {
			s.metrics.Prompts.Played(metrics.PromptResult(how))
		}
	}
}

// job is a loop that is counted.
func (s *server) job(name metrics.Job, every time.Duration, do func(context.Context) error) poll.Loop {
	return poll.Loop{What: strings.ReplaceAll(string(name), "_", " "), Every: every, Log: s.log, Do: func(ctx context.Context) error {
		err := do(ctx)
		s.ran(ctx, name, err)
		return err
	}}
}

// ran counts a run of a job, unless it was cut off because the program stops.
func (s *server) ran(ctx context.Context, name metrics.Job, err error) {
	if ctx.Err() == nil {
		s.metrics.Jobs.Ran(name, err)
	}
}

const (
	skewEvery = 10 * time.Second // between two comparisons of the clocks
	skewKnown = time.Minute      // for how long one counts
)

// skew is how far the clock of this machine is ahead of the database's.
type skew struct {
	mu    sync.Mutex // guards the following
	ahead time.Duration
	at    time.Time // when that was known; zero: never
}

// compare compares the clocks again and again until ctx ends.
func (k *skew) compare(ctx context.Context, s *server) error {
	return poll.Loop{What: "clock comparison", Every: skewEvery, Log: s.log, Do: func(ctx context.Context) error {
		limited, cancel := context.WithTimeout(ctx, skewEvery)
		defer cancel()
		ahead, err := s.database.store.Ahead(limited)
		if err != nil {
			return err
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		k.ahead, k.at = ahead, time.Now()
		return nil
	}}.Run(ctx)
}

// read returns it as far as it is known.
func (k *skew) read() (time.Duration, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ahead, !k.at.IsZero() && time.Since(k.at) < skewKnown
}
