// Command shouwen-load measures a SIP server: it plays callers and agents with
// audio, and says how long everything took, what was lost, and whether the server
// or the generator itself was at its limit.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

type cli struct {
	Calls callsCmd `cmd:"" help:"Place calls at a rate, answer them as agents, and report."`
	Day   dayCmd   `cmd:"" help:"Play a working day: callers, agents, departments; and compare what happened with the figures of the server."`
	UAS   uasCmd   `cmd:"" name:"uas" help:"Answer every call and echo its audio: the other end for a plain server, or for measuring the generator itself."`
}

func main() {
	debug.SetGCPercent(400) // what is left of calls is let go after half a minute: looking for it costs more than it takes
	var c cli
	k := kong.Parse(&c, kong.Name("shouwen-load"), kong.Description("Load generator for SIP servers."), kong.UsageOnError())
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "shouwen-load:", err)
		os.Exit(1)
	}
}

// common is what both commands are told.
type common struct {
	For         time.Duration `help:"How long calls are placed or answered." default:"30s"`
	RTP         bool          `name:"rtp" help:"Send and measure audio (G.711, Linux, IPv4)."`
	AnswerDelay time.Duration `help:"How long a phone rings before it is picked up." default:"0s"`
	Local       string        `help:"Address of the phones." default:"127.0.0.1"`
	Anywhere    bool          `help:"Allow addresses beyond loopback: only for servers you may put under load."`
	Quiet       bool          `short:"q" help:"No progress."`
	JSON        string        `name:"json" help:"Write the report to this file as JSON; - is standard output." type:"path"`
	CSV         string        `name:"csv" help:"Write the report to this file as CSV; - is standard output." type:"path"`
}

// check returns the local address, or says what is wrong.
func (c common) check() (netip.Addr, error) {
	if c.For <= 0 || c.For > 50*time.Minute {
		return netip.Addr{}, fmt.Errorf("--for %s: want more than 0 and at most 50m, the life of a registration", c.For)
	}
	local, err := netip.ParseAddr(c.Local)
	if err != nil {
		return local, fmt.Errorf("--local %s: want an IP address of this machine", c.Local)
	}
	return local, c.allow(local)
}

func (c common) allow(a netip.Addr) error {
	if !a.Unmap().IsLoopback() && !c.Anywhere {
		return fmt.Errorf("%s is not of this machine alone; --anywhere if you may put load on it", a)
	}
	return nil
}

// interrupted ends when the user has had enough; the report comes all the same.
func interrupted() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

// publish writes the report where it is wanted.
func (c common) publish(r *Report) error {
	if c.JSON != "-" && c.CSV != "-" {
		fmt.Print(r)
	}
	return errors.Join(write(c.JSON, r.json), write(c.CSV, r.csv))
}

func write(name string, content func() []byte) error {
	switch name {
	case "":
		return nil
	case "-":
		_, err := os.Stdout.Write(content())
		return err
	}
	return os.WriteFile(name, content(), 0o644)
}

// sleep returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
