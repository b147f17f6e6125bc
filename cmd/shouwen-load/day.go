package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"shouwen/cmd/shouwen-load/day"
)

type dayCmd struct {
	SetUp daySetUp `cmd:"" name:"set-up" help:"Make a data directory with the configuration of a hotline on which a day can be played, for shouwen serve --config DIR/shouwen.yaml."`
	Play  dayPlay  `cmd:"" default:"withargs" help:"Play a day on that hotline, while it is served."`
}

type daySetUp struct {
	Dir         string  `arg:"" help:"Data directory to make." type:"path"`
	Speedup     float64 `help:"How much faster than a real day callers come, departments work and clocks of cases run." default:"60"`
	CallSpeedup float64 `help:"How much faster it is rung, waited and talked." default:"6"`
	Agents      int     `help:"Who answer the hotline." default:"16"`
	Port        uint16  `help:"Of SIP; the next one is that of TLS." default:"5060"`
	Console     string  `help:"Address and port of console and API." default:"127.0.0.1:8080"`
	Metrics     string  `help:"Address and port of the metrics." default:"127.0.0.1:8081"`
	Outside     string  `help:"Address and port of those outside, who call and are called back." default:"127.0.0.1:5070"`
}

// Run makes the directory.
func (c daySetUp) Run() error {
	return day.Office{
		Pace: day.Pace{Work: c.Speedup, Calls: c.CallSpeedup}, Agents: c.Agents, Port: c.Port,
		Console: c.Console, Metrics: c.Metrics, Outside: c.Outside,
	}.Write(c.Dir)
}

type dayPlay struct {
	Dir        string        `arg:"" help:"Data directory that day set-up has made, of a Shouwen that is running." type:"existingdir"`
	Seed       uint64        `help:"Of all chance: who calls when, how long he waits, what becomes of his case, which department is late." default:"1"`
	Calls      int           `help:"How many call with something new." default:"150"`
	Compare    []string      `help:"Where the figures are that must equal what was counted, else it fails: /metrics and /metrics/state of every node; left out: of the Shouwen in the directory. none: nowhere." placeholder:"URL"`
	Prometheus string        `help:"A Prometheus that scrapes them, whose figures must, too." placeholder:"URL"`
	Settle     time.Duration `help:"How long figures may take to become equal." default:"2m"`
	JSON       string        `name:"json" help:"Write the report to this file as JSON; - is standard output." type:"path"`
	Quiet      bool          `short:"q" help:"No progress."`
}

// Run plays the day, prints the report, and fails if something did not go as it should.
func (c dayPlay) Run() error {
	ctx, stop := interrupted()
	defer stop()
	r, err := c.play(ctx)
	if err != nil {
		return err
	}
	if c.JSON != "-" {
		fmt.Print(r)
	}
	if err := write(c.JSON, r.JSON); err != nil {
		return err
	}
	if !r.OK() {
		return fmt.Errorf("%d figures differ, %d problems", len(r.Differences), len(r.Problems))
	}
	return nil
}

func (c dayPlay) play(ctx context.Context) (*day.Report, error) {
	p, metrics, err := c.player()
	if err != nil {
		return nil, err
	}
	switch {
	case len(c.Compare) == 0:
		c.Compare = []string{metrics, metrics + "/state"}
	case slices.Contains(c.Compare, "none"):
		c.Compare = nil
	}
	defer p.Close()
	if err := p.Open(ctx); err != nil {
		return nil, err
	}
	if p.Plan, err = day.New(day.Config{Seed: c.Seed, Calls: c.Calls, Categories: p.Categories()}); err != nil {
		return nil, err
	}
	comparison, err := day.Compare(ctx, p, c.Compare, c.Prometheus)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	p.Play(ctx)
	r := &day.Report{
		Setting: fmt.Sprintf("seed %d, %d callers, work %g times and calls %g times as fast as on a real day", c.Seed, c.Calls, p.Pace.Work, p.Pace.Calls),
		Seconds: time.Since(began).Seconds(), Courses: p.Plan.Courses(), Compared: len(c.Compare) > 0 || c.Prometheus != "",
	}
	r.Counts, r.Differences, err = comparison.Settle(context.WithoutCancel(ctx), c.Settle)
	r.Problems = p.Problems()
	return r, err
}

// player is one for the Shouwen that runs in the directory; metrics is where it serves
// its own.
func (c dayPlay) player() (p *day.Player, metrics string, err error) {
	office, err := day.ReadOffice(c.Dir)
	if err != nil {
		return nil, "", err
	}
	b, err := os.ReadFile(filepath.Join(c.Dir, "ready.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, "", fmt.Errorf("no Shouwen runs in %s: start shouwen serve --config %s", c.Dir, filepath.Join(c.Dir, "shouwen.yaml"))
	}
	var ready struct {
		target
		API struct {
			Base  string `json:"base"`
			Token string `json:"token"`
		} `json:"api"`
		Metrics string `json:"metrics_url"`
	}
	if err == nil {
		err = json.Unmarshal(b, &ready)
	}
	if err != nil {
		return nil, "", fmt.Errorf("ready.json: %w", err)
	}
	at := day.Place{
		Server: ready.SIP.UDP, Domain: ready.SIP.Domain, API: ready.API.Base, Token: ready.API.Token,
		Outside: office.Outside, Passwords: map[string]string{},
	}
	for _, a := range ready.Agents {
		at.Passwords[a.User] = a.Password
	}
	return &day.Player{Pace: office.Pace, Place: at, Say: c.say}, ready.Metrics, nil
}

func (c dayPlay) say(format string, args ...any) {
	if !c.Quiet {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}
}
