package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/sip/siptest"
)

// TestDrain: SIGTERM ends nothing that lives. New calls are refused and kept on
// record, the live call goes on until it is over, then everything is gone; the
// next start finds the same data.
func TestDrain(t *testing.T) {
	t.Parallel()
	p := prepare(t, time.Minute)
	c := p.start(t)
	checkReady(t, p.data, c)

	phone := register(t, c.Ready, 0, siptest.Config{})
	caller := outside(t, c.Ready, numbered(1)).Dial(c.Hotline)
	agent := phone.Incoming()
	agent.Answer()
	caller.Hears(toneOf(0))

	c.signal(syscall.SIGTERM)
	options := siptest.New(t, c.SIP.UDP, siptest.Config{User: "monitor", Patience: patience})
	until(t, "OPTIONS is answered with 503", func() bool {
		return options.Do(options.Request("OPTIONS", "sip:"+c.SIP.UDP)).Status == 503
	})
	if m := outside(t, c.Ready, numbered(2)).Dial(c.Hotline).Ended(); m.Status != 503 {
		t.Errorf("a new call while draining: %d, want 503", m.Status)
	}
	caller.Hears(toneOf(0))
	agent.Hears(callerSays)
	agent.Do("INVITE", agent.SDP(siptest.SendOnly)) // even hold works
	caller.Hears(musicSays)
	caller.Hangup()
	agent.Ended()
	if err := c.wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	gone(t, p.data)

	again := p.start(t)
	if !reflect.DeepEqual(again.Agents, c.Agents) || again.API.Token != c.API.Token {
		t.Error("passwords or token changed over a restart")
	}
	caller = outside(t, again.Ready, numbered(3)).Dial(again.Hotline)
	in := phone.Incoming() // registered with the process before
	in.Answer()
	caller.Hears(toneOf(0))
	caller.Hangup()
	in.Ended()
	again.terminate()
	gone(t, p.data)

	all := (&survivors{t: t}).cases(p.data)
	if len(all) != 3 {
		t.Fatalf("%d cases, want 3", len(all))
	}
	for i, k := range all {
		if sequence(t, k) != i+1 || k.Call.Caller.E164 != cases.Number(numbered(i+1)) {
			t.Errorf("case %d is %s of %s", i+1, k.Number, k.Call.Caller.E164)
		}
	}
	if all[0].Call.Cause != cases.EndCaller || all[1].Call.Missed != cases.MissedRefused || all[1].CallbackDue.IsZero() {
		t.Errorf("on record: %+v, %+v", all[0].Call, all[1].Call)
	}
}

// gone checks that a server has left nothing running and does not say that it is
// ready.
func gone(t *testing.T, data string) {
	t.Helper()
	noneLeft(t, data)
	if _, err := os.Stat(filepath.Join(data, readyFile)); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", readyFile, err)
	}
}

// checkReady: everything a script needs is in ready.json, for its owner's eyes.
func checkReady(t *testing.T, data string, c *child) {
	t.Helper()
	file := filepath.Join(data, readyFile)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %s, want 0600", info.Mode())
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]any
	if err := json.Unmarshal(b, &keys); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sip", "rtp_range", "hotline", "agents", "feature_codes", "api", "console", "metrics_url", "data_dir", "pid"} {
		if _, ok := keys[want]; !ok {
			t.Errorf("no %s", want)
		}
	}
	r := c.Ready
	if r.PID != c.cmd.Process.Pid || r.DataDir != data || r.Hotline != "12345" || r.RTPRange != "10000-20000" || len(r.Agents) != 3 ||
		!strings.HasPrefix(r.API.Base, "http://127.0.0.1:") || !strings.HasSuffix(r.API.Base, "/api/v1") ||
		!strings.HasSuffix(r.MetricsURL, "/metrics") || len(r.API.Token) < 32 || r.SIP.TCP != "" || r.SIP.Domain != "127.0.0.1" {
		t.Errorf("ready.json: %s", b)
	}
}

// TestDrainTimeout: who still speaks when the time is up is hung up, on both sides.
func TestDrainTimeout(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	b := startBed(t, cfg, serverOptions{agents: 2, anyPort: true})
	phones := b.agents(2)
	caller, agent := b.talk(phones, 0)
	waiting := b.caller(numbered(2)).Dial(b.Hotline)
	rings := phones[1].Incoming()
	began := time.Now()
	go b.stop()
	for who, c := range map[string]siptest.TestCall{"caller": caller, "agent": agent, "waiting caller": waiting} {
		if m := c.Ended(); m.Method != "BYE" {
			t.Errorf("the %s got %s, want BYE", who, m.Method)
		}
	}
	if m := rings.Ended(); m.Method != "CANCEL" {
		t.Errorf("the ringing phone got %s, want CANCEL", m.Method)
	}
	if d := time.Since(began); d < time.Duration(hangUpAlone) {
		t.Errorf("hung up after %s, want %s", d, time.Duration(hangUpAlone))
	}
	b.stop()
	st, done, err := openStore(context.Background(), cfg.Data, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	all := recordedCases(t, st)
	if len(all) != 2 {
		t.Fatalf("%d cases, want 2", len(all))
	}
	if all[0].Call.Cause != cases.EndShutdown || all[1].Call.Missed != cases.MissedInterrupted || all[1].CallbackDue.IsZero() {
		t.Errorf("on record: %+v, %+v", all[0].Call, all[1].Call)
	}
}
