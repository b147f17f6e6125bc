package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// A meter reads the clocks and counters that are not the calls' own: CPU and
// memory of the server and of ourselves. Its methods are called in the order new,
// begin, end; run goes on beside them.
type meter struct {
	sig         *Signalling
	before      []process // before the first call
	first, last reading
}

// reading is where everything stands at a moment.
type reading struct {
	moment
	servers   []process
	own       process
	overflows uint64
}

func newMeter(pids []int, sig *Signalling) (*meter, error) {
	m := &meter{sig: sig}
	for _, pid := range pids {
		p, err := readProcess(pid)
		if err != nil {
			return nil, err
		}
		m.before = append(m.before, p)
	}
	return m, nil
}

func (m *meter) begin() { m.first = m.read() }
func (m *meter) end()   { m.last = m.read() }

func (m *meter) read() reading {
	r := reading{moment: m.sig.moment(), overflows: overflows()}
	r.own, _ = readProcess(os.Getpid()) // all 0 where there is no /proc
	for _, p := range m.before {
		if now, err := readProcess(p.PID); err == nil {
			p = now
		} // else it is gone: the calls tell
		r.servers = append(r.servers, p)
	}
	return r
}

// run calls progress every second until ctx ends.
func (m *meter) run(ctx context.Context, progress func(last, now moment)) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	last := m.sig.moment()
	for {
		select {
		case <-ticker.C:
			now := m.sig.moment()
			progress(last, now)
			last = now
		case <-ctx.Done():
			return
		}
	}
}

// progress prints a line about the second that has passed.
func (l *load) progress(last, now moment) {
	if l.Quiet {
		return
	}
	fmt.Fprintf(os.Stderr, "%s  placed %d (+%d)  live %d  completed %d  failed %d  rtp lost %d  late p99 %.1f ms\n",
		now.at.Format("15:04:05"), now.placed, now.placed-last.placed, now.live, now.completed,
		now.over-now.completed, l.audio.Missing.Load(), l.sig.Late.Quantiles().P99)
}
