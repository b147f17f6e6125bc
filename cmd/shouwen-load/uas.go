package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"time"

	"shouwen/sip/siptest"
)

type uasCmd struct {
	common
	Port uint16 `help:"Of SIP (UDP); 0: any." default:"5070"`
}

// Run answers and prints the report.
func (u uasCmd) Run() error {
	ctx, stop := interrupted()
	defer stop()
	r, err := u.serve(ctx, func(at netip.AddrPort) { fmt.Fprintf(os.Stderr, "answering at %s for %s\n", at, u.For) })
	if err != nil {
		return err
	}
	return u.publish(r)
}

// serve answers calls until --for is over or ctx ends. It calls ready with its
// address.
func (u uasCmd) serve(ctx context.Context, ready func(netip.AddrPort)) (*Report, error) {
	local, err := u.check()
	if err != nil {
		return nil, err
	}
	var sig Signalling
	var audio Audio
	config := siptest.Config{
		Local: netip.AddrPortFrom(local, u.Port).String(), User: "uas", Trace: -1, NoAudio: true, Patience: time.Minute,
		Answer: func(c *siptest.Call) { u.answer(c, &sig) },
	}
	ctx, stop := context.WithTimeout(ctx, u.For)
	defer stop()
	var loops sync.WaitGroup
	if u.RTP {
		w := newWheel(local, true, &audio)
		config.Media = func() (siptest.Media, error) { return w.open(true) }
		loops.Go(func() { w.run(ctx) })
	}
	p, err := siptest.Listen(ctx, config)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	ready(p.Addr())
	m, _ := newMeter(nil, &sig) // no process, no error
	m.begin()
	<-ctx.Done()
	m.end()
	loops.Wait()
	r := &Report{Setting: fmt.Sprintf("answering for %s after %s, rtp %t", u.For, u.AnswerDelay, u.RTP), Seconds: m.last.at.Sub(m.first.at).Seconds(), Calls: sig.counts()}
	r.Calls.Seconds = (m.last.callTime - m.first.callTime).Seconds()
	r.Calls.Resent, r.Calls.Repeated = p.Retransmissions()
	if u.RTP {
		r.hears(audio.heard(), audio.Deaf.Load())
	}
	r.Generator.measure(m)
	return r, nil
}

// answer picks up and stays until the caller hangs up.
func (u uasCmd) answer(c *siptest.Call, sig *Signalling) {
	const plenty = 1 << 20
	sig.begin(plenty)
	siptest.AnswerAfter(u.AnswerDelay)(c)
	_, err := c.Answered(context.Background())
	<-c.Done()
	if err != nil {
		sig.end("not acknowledged")
		return
	}
	sig.end(completed)
}
