package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/ivr/call"
	"shouwen/sip"
)

// load reads a configuration, with the password of trunk x in the file that PASSWORD
// stands for.
func load(t *testing.T, text string) (Config, error) {
	t.Helper()
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	file := filepath.Join(dir, "shouwen.yaml")
	for name, content := range map[string]string{password: "pa ss\n", file: strings.ReplaceAll(text, "PASSWORD", password)} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return LoadConfig(file)
}

const outboundTrunk = "trunks:\n  - name: x\n    country: CN\n    outbound: {kind: ip, servers: ['192.0.2.1:5060']}\n"

func TestBadOutboundConfiguration(t *testing.T) {
	t.Parallel()
	trunk := func(outbound string) string {
		return "trunks: [{name: x, country: CN, outbound: {" + outbound + "}}]\n"
	}
	const server = "servers: ['192.0.2.1:5060']"
	for name, bad := range map[string]struct{ text, says string }{
		"no kind":                 {trunk(server), "want register or ip"},
		"another kind":            {trunk("kind: both, " + server), "want register or ip"},
		"no servers":              {trunk("kind: ip"), "name one as host:port"},
		"a server, no port":       {trunk("kind: ip, servers: [192.0.2.1]"), "want host:port"},
		"a server, brackets":      {trunk("kind: ip, servers: ['[::1]']"), "want host:port"},
		"a server of two words":   {trunk("kind: ip, servers: ['sip example']"), "want host:port"},
		"a server, port 0":        {trunk("kind: ip, servers: ['192.0.2.1:0']"), "want host:port"},
		"no such transport":       {trunk("kind: ip, transport: sctp, " + server), "want udp, tcp or tls"},
		"a transport that is off": {"sip: {tls: 0}\n" + trunk("kind: ip, transport: tls, "+server), "give sip.tls a port"},
		"register as nobody":      {trunk("kind: register, " + server), "takes an account"},
		"no password":             {trunk("kind: register, user: me, " + server), "SHOUWEN_TRUNK_X_PASSWORD"},
		"no password file":        {trunk("kind: register, user: me, password_file: /nowhere, " + server), "/nowhere"},
		"a caller with letters":   {trunk("kind: ip, caller: me, " + server), "want a number like"},
		"no such writing":         {trunk("kind: ip, numbers: roman, " + server), "want e164, digits or national"},
		"a prefix with letters":   {trunk("kind: ip, prefix: x, " + server), "want digits"},
		"too many OPTIONS":        {trunk("kind: ip, options: 1s, " + server), "at least 5s"},
		"TLS required, not used":  {"trunks: [{name: x, country: CN, require_tls: true, outbound: {kind: ip, " + server + "}}]\n", "require_tls is true"},
		"allow without a plus":    {"outbound: {allow: ['852']}\n", "like +852"},
		"deny with letters":       {"outbound: {deny: ['+x']}\n", "like +852"},
		"a rate of no time":       {"outbound: {per_actor: {calls: 3, per: 0s}}\n", "at least 1s"},
		"a negative rate":         {"outbound: {overall: {calls: -1}}\n", "want 0 or more"},
		"negative at once":        {"outbound: {concurrent: -1}\n", "want 0 (any number)"},
		"money that is none":      {"outbound: {spend_per_day: 'much'}\n", "write it like 0.15"},
		"negative money":          {"outbound: {spend_per_day: '-1'}\n", "write it like 0.15"},
		"a tariff of letters":     {"outbound: {tariffs: {'+86': free}}\n", "write it like 0.15"},
		"a tariff for a word":     {"outbound: {tariffs: {home: '1'}}\n", "write it like"},
		"tariffs of no time":      {"outbound: {tariff_per: 0s}\n", "at least 1s"},
		"hours over midnight":     {"outbound: {hours: ['21:00-08:00']}\n", "no part of a day"},
		"retry at once":           {"callbacks: {retry: [0s]}\n", "at least 1s"},
		"no attempts":             {"callbacks: {attempts: 0}\n", "want 1 or more"},
		"an unknown key":          {trunk("kind: ip, pasword: x, " + server), "pasword"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := load(t, bad.text); err == nil || !strings.Contains(err.Error(), bad.says) {
				t.Errorf("got %v, want … %s", err, bad.says)
			}
		})
	}
}

func TestGoodOutboundConfiguration(t *testing.T) {
	t.Parallel()
	c, err := load(t, `
trunks:
  - name: a
    country: CN
    area_code: "10"
    outbound:
      kind: register
      servers: [sip.example.org, "[2001:db8::1]:5070"]
      transport: tcp
      realm: other
      user: me
      password_file: PASSWORD
      caller: "+861055550100"
      numbers: national
      prefix: "9"
      asserted_identity: true
      options: 1m
      priority: 2
outbound:
  allow: ["+852"]
  deny: ["+86170"]
  emergency: true
  per_actor: {calls: 5, per: 10m}
  overall: {calls: 0}
  concurrent: 3
  tariffs: {"+86": "0.15", "+852": "1"}
  spend_per_day: "100"
  hours: ["08:00-12:00", "14:00-21:00"]
callbacks: {retry: [5m], attempts: 2}
`)
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Trunks[0].outbound()
	want := &sip.Outbound{
		Register: true, Servers: []string{"sip.example.org", "[2001:db8::1]:5070"}, Transport: "tcp", Domain: "sip.example.org", Realm: "other",
		User: "me", Password: "pa ss", Caller: "+861055550100", Format: sip.FormatNational, Prefix: "9", Assert: true, Probe: time.Minute, Priority: 2,
	}
	if err != nil || !reflect.DeepEqual(out, want) {
		t.Errorf("trunk %+v, want %+v, %v", out, want, err)
	}
	p, ok := c.policy(time.UTC)
	policy := call.OutboundPolicy{
		Plan: sip.NumberingPlan{Country: "CN", AreaCode: "10"}, Allow: []string{"+852"}, Deny: []string{"+86170"}, Emergency: true,
		PerActor: call.Rate{Calls: 5, Per: 10 * time.Minute}, Overall: call.Rate{Per: time.Hour}, Concurrent: 3,
		Tariffs: map[string]call.Money{"+86": 150, "+852": 1000}, SpendADay: 100_000, Interval: time.Minute,
		Hours: []cases.Interval{{From: 480, To: 720}, {From: 840, To: 1260}}, Zone: time.UTC,
	}
	if !ok || !reflect.DeepEqual(p, policy) {
		t.Errorf("policy %+v, want %+v", p, policy)
	}
	if r := c.Callbacks.retries(); !reflect.DeepEqual(r, call.Retries{After: []time.Duration{5 * time.Minute}, Attempts: 2}) {
		t.Errorf("retries %+v", r)
	}
	if c, err = load(t, outboundTrunk); err != nil {
		t.Fatal(err)
	}
	if out, err = c.Trunks[0].outbound(); err != nil || out.Domain != "192.0.2.1" || out.Realm != "192.0.2.1" || out.Transport != "udp" || out.Probe != 30*time.Second || out.Format != sip.FormatE164 {
		t.Errorf("what is left out: %+v, %v", out, err)
	}
	if _, ok := Default().policy(time.UTC); ok {
		t.Error("calls to the outside without a trunk for them")
	}
}
