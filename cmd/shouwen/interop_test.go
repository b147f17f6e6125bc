package main

import (
	"bytes"
	"fmt"
	"math/bits"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"shouwen/sip/media"
)

// TestRealPhones: SIPp brings a caller over a trunk to baresip phones, registered
// over UDP, TCP and TLS. Both sides hear each other, in what went over the wire.
func TestRealPhones(t *testing.T) {
	t.Parallel()
	needs(t, "sipp", "sip-tester")
	needs(t, "baresip", "baresip-core")
	b := newBed(t, 3, func(c *Config) { c.RTP.MediaTimeout = Duration(10 * time.Second) }) // SIPp may be slow
	tap := newWiretap(t)
	var phones []*baresip
	for i, transport := range []string{"udp", "tcp", "tls"} {
		phones = append(phones, startBaresip(t, b, i, transport))
	}
	for i, p := range phones {
		caller := startSIPp(t, b)
		for _, other := range phones {
			other.event("CALL_INCOMING")
		}
		p.command("accept", "")
		p.event("CALL_ESTABLISHED")
		for _, other := range phones {
			if other != p {
				other.event("CALL_CLOSED")
			}
		}
		atCaller, atAgent := tap.to(caller.rtp), tap.to(p.rtp)
		atCaller.Hears(toneOf(i))
		atAgent.Hears(callerSays)
		p.command("hold", "")
		atCaller.Hears(musicSays)
		p.command("resume", "")
		atCaller.Hears(toneOf(i))
		atAgent.Hears(callerSays)
		p.command("hangup", "")
		p.event("CALL_CLOSED")
		caller.ends()
	}

	caller := startSIPp(t, b) // the phone that picks up dies in the call
	for _, p := range phones {
		p.event("CALL_INCOMING")
	}
	phones[0].command("accept", "")
	atCaller := tap.to(caller.rtp)
	atCaller.Hears(toneOf(0))
	phones[0].kill()
	for _, p := range phones[1:] {
		p.event("CALL_CLOSED")
		p.event("CALL_INCOMING")
	}
	phones[1].command("accept", "")
	atCaller.Hears(toneOf(1))
	phones[1].command("hangup", "")
	caller.ends()

	all := b.cases()
	if len(all) != 4 {
		t.Fatalf("%d cases, want 4", len(all))
	}
	for i, c := range all {
		if want := b.Agents[i%3].User; c.FirstAsker != want || c.Call.Caller.E164 != "+861055550199" || !c.Call.Caller.Verified {
			t.Errorf("case %s: first-asker %s, want %s; caller %+v", c.Number, c.FirstAsker, want, c.Call.Caller)
		}
	}
}

// needs skips the test without a program that is installed by a package.
func needs(t *testing.T, program, debian string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed (Debian: apt install %s)", program, debian)
	}
}

// sipp is SIPp as the trunk, with one caller.
type sipp struct {
	t      *testing.T
	rtp    int // port it hears at
	output bytes.Buffer
	ended  chan error
}

func startSIPp(t *testing.T, b *bed) *sipp {
	t.Helper()
	dir := t.TempDir()
	var says []byte
	for _, s := range media.Tone(callerSays, time.Second) {
		says = append(says, aLaw(s))
	}
	if err := os.WriteFile(filepath.Join(dir, "tone.al"), says, 0o600); err != nil {
		t.Fatal(err)
	}
	scenario, err := filepath.Abs(filepath.Join("testdata", "caller.xml"))
	if err != nil {
		t.Fatal(err)
	}
	s := &sipp{t: t, rtp: freePort(t), ended: make(chan error, 1)}
	cmd := exec.CommandContext(t.Context(), "sipp", b.SIP.UDP, "-i", "127.0.0.1", "-sf", scenario, "-s", b.Hotline,
		"-m", "1", "-nostdin", "-timeout", "240", "-timeout_error", "-mp", fmt.Sprint(s.rtp))
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &s.output, &s.output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- cmd.Wait() }()
	return s
}

// ends waits until the scenario is over; it must have gone as written.
func (s *sipp) ends() {
	s.t.Helper()
	select {
	case err := <-s.ended:
		if err != nil {
			s.t.Errorf("sipp: %v\n%s", err, s.output.Bytes())
		}
	case <-time.After(patience):
		s.t.Fatal("sipp does not end")
	}
}

// aLaw encodes a sample (ITU-T G.711, table 1).
func aLaw(sample int16) byte {
	v, sign := int(sample), byte(0x80)
	if v < 0 {
		v, sign = -v-1, 0
	}
	segment := bits.Len(uint(v >> 8))
	code := byte(segment<<4 | v>>max(segment+3, 4)&15)
	return (sign | code) ^ 0x55
}
