package sip_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"shouwen/sip"
)

// sipp starts SIPp; ends waits until its scenario has gone as written.
func sipp(t *testing.T, args ...string) (ends func()) {
	t.Helper()
	if _, err := exec.LookPath("sipp"); err != nil {
		t.Skip("sipp is not installed (Debian: apt install sip-tester)")
	}
	var output bytes.Buffer
	args = append(args, "-i", "127.0.0.1", "-mp", fmt.Sprint(freePort(t)), "-s", "12345", "-nostdin", "-timeout", "120", "-timeout_error")
	cmd := exec.CommandContext(t.Context(), "sipp", args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = &output, &output, t.TempDir()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return func() {
		t.Helper()
		if err := <-ended; err != nil {
			t.Errorf("sipp %v: %v\n%s", args, err, output.Bytes())
		}
	}
}

func scenario(t *testing.T, name string) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join("testdata", "sipp", name+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// freePort is a port nobody has at the moment, below those that the system gives out by
// itself meanwhile.
func freePort(t *testing.T) int {
	t.Helper()
	for range 300 {
		port := 6100 + 4*(os.Getpid()%300+int(ports.Add(1)))%1200
		if c, err := net.ListenPacket("udp", fmt.Sprint("127.0.0.1:", port)); err == nil {
			_ = c.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// ports counts what freePort has tried.
var ports atomic.Int64

// unhurried lets SIPp be slow: over TCP it takes a 200 that is sent again for the next.
func unhurried(_ *bed, cfg *sip.Config) { cfg.T1 = 5 * time.Second }

// TestSIPpTalks: hold and resume by re-INVITE and UPDATE, a digit by INFO,
// OPTIONS inside the dialog, by another implementation.
func TestSIPpTalks(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]string{"udp": "u1", "tcp": "t1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, unhurried)
			ends := sipp(t, "-sf", scenario(t, "talk"), "-m", "1", "-t", mode, b.ua.Addr(name).String())
			leg := receive(t, b.calls)
			leg.Ring()
			leg.Answer()
			next[sip.Answered](t, b, leg)
			next[sip.Held](t, b, leg)
			if d := next[sip.Digit](t, b, leg); d.Key != '5' || d.By != sip.ByInfo {
				t.Errorf("digit %+v", d)
			}
			next[sip.Resumed](t, b, leg)
			if e := next[sip.Ended](t, b, leg); e.Cause != sip.EndHangup {
				t.Errorf("ended %+v", e)
			}
			ends()
			gone(t, leg)
		})
	}
}

// TestSIPpLateOffer: the INVITE brings no SDP, the ACK brings the answer.
func TestSIPpLateOffer(t *testing.T) {
	t.Parallel()
	b := newBed(t, unhurried)
	ends := sipp(t, "-sf", scenario(t, "late_offer"), "-m", "1", b.server())
	leg := receive(t, b.calls)
	leg.Answer()
	next[sip.Answered](t, b, leg)
	if e := next[sip.Ended](t, b, leg); e.Cause != sip.EndHangup {
		t.Errorf("ended %+v", e)
	}
	ends()
}

// TestSIPpCancels: a caller gives up while it rings.
func TestSIPpCancels(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	ends := sipp(t, "-sf", scenario(t, "cancel"), "-m", "1", b.server())
	leg := receive(t, b.calls)
	leg.Ring()
	if e := next[sip.Ended](t, b, leg); e.Cause != sip.EndCancelled {
		t.Errorf("ended %+v", e)
	}
	ends()
	gone(t, leg)
}

// TestSIPpLosesMessages: of 50 calls one message in ten is lost, on either way,
// and every call is made, spoken and ended as it should.
func TestSIPpLosesMessages(t *testing.T) {
	t.Parallel()
	const calls = 50
	b := newBed(t, func(_ *bed, cfg *sip.Config) { cfg.T1 = 200 * time.Millisecond }) // SIPp may be slow
	ends := sipp(t, "-sf", scenario(t, "short"), "-m", fmt.Sprint(calls), "-r", "20", "-lost", "10", b.server())
	var legs []*sip.Leg
	over := 0
	for over < calls {
		select {
		case leg := <-b.calls:
			legs = append(legs, leg)
			leg.Answer()
		case e := <-b.events:
			if ended, ok := e.event.(sip.Ended); ok {
				over++
				if ended.Cause != sip.EndHangup {
					t.Errorf("leg ended %+v", ended)
				}
			}
		case <-time.After(patience):
			t.Fatalf("%d of %d calls over", over, calls)
		}
	}
	ends()
	if len(legs) != calls {
		t.Errorf("%d legs of %d calls", len(legs), calls)
	}
	for _, l := range legs {
		gone(t, l)
	}
}

// TestSIPpIsAPhone: it registers with its password and is called.
func TestSIPpIsAPhone(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	port := fmt.Sprint(freePort(t))
	sipp(t, "-sf", scenario(t, "register"), "-p", port, "-m", "1", b.server())()
	if got := receive(t, b.present); got != (presence{"1001", true}) {
		t.Fatalf("presence %+v", got)
	}
	ends := sipp(t, "-sn", "uas", "-p", port, "-m", "1")
	leg := b.dial(t, "1001")
	if _, rang := receive(t, b.events).event.(sip.Ringing); rang { // 200 may overtake 180
		next[sip.Answered](t, b, leg)
	}
	leg.Hangup(sip.Hangup{})
	if e := next[sip.Ended](t, b, leg); e.Cause != sip.EndLocal {
		t.Errorf("ended %+v", e)
	}
	ends()
	gone(t, leg)
}

// TestSIPpIsTheTrunk: a server by somebody else challenges INVITE and BYE, and
// checks the answers.
func TestSIPpIsTheTrunk(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	ends := sipp(t, "-sf", scenario(t, "carrier"), "-p", fmt.Sprint(port), "-m", "1")
	b := newBed(t, func(_ *bed, cfg *sip.Config) {
		cfg.Trunks = append(cfg.Trunks, sip.Trunk{Name: "sipp", Outbound: &sip.Outbound{
			Servers: []string{fmt.Sprintf("127.0.0.1:%d", port)}, Transport: "udp", Domain: realm, Realm: realm,
			User: account, Password: password, Format: sip.FormatE164,
		}})
	})
	leg := b.callOut(t)
	next[sip.Ringing](t, b, leg)
	next[sip.Answered](t, b, leg)
	leg.Hangup(sip.Hangup{})
	b.over(t, leg, sip.EndLocal)
	ends()
}
