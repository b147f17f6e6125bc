package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"shouwen/ivr/acd"
)

// TestMetricsAndAPI: what calls leave in /metrics, and in the API for who has the
// token.
func TestMetricsAndAPI(t *testing.T) {
	t.Parallel()
	b := newBed(t, 2, func(c *Config) {
		c.HTTP = HTTPConfig{Console: "127.0.0.1:0", Metrics: "127.0.0.1:0"}
		c.Agents.Metrics = true // those of each agent, too
	})
	phones := b.agents(2)
	caller, agent := b.talk(phones, 0)

	var live struct {
		Calls []struct{ State, Agent, Case string }
	}
	b.get(t, "/calls", &live)
	if len(live.Calls) != 1 || live.Calls[0].State != "talking" || live.Calls[0].Agent != b.Agents[0].User || live.Calls[0].Case == "" {
		t.Errorf("live calls %+v", live)
	}
	for _, want := range []string{
		`shouwen_calls_in_progress{direction="inbound",state="talking"} 1`,
		`shouwen_sip_registrations{kind="agent"} 2`,
	} {
		b.scrapes(t, want)
	}
	caller.Hangup()
	agent.Ended()
	abandons := b.dial(numbered(2))
	rings := incoming(phones)
	rings[1].Reject(603)
	until(t, "the agent is left alone", func() bool { return b.state(1) == acd.Paused })
	abandons.Hangup()
	rings[0].Ended()
	intercom := phones[0].Dial(b.Agents[1].Ext)
	phones[1].Incoming().Reject(486)
	intercom.Ended()

	until(t, "the calls are over and in PostgreSQL", func() bool {
		n, _ := b.server.journal.Pending()
		return n == 0 && len(b.server.calls.Live()) == 0
	})
	for _, want := range []string{
		`shouwen_calls_total{direction="inbound",result="answered"} 1`,
		`shouwen_calls_total{direction="inbound",result="abandoned"} 1`,
		`shouwen_calls_total{direction="internal",result="busy"} 1`,
		`shouwen_calls_in_progress{direction="inbound",state="talking"} 0`,
		`shouwen_queue_wait_seconds_bucket{outcome="answered",queue="hotline",le="120"} 1`,
		`shouwen_queue_wait_seconds_bucket{outcome="answered",queue="hotline",le="300"} 1`,
		`shouwen_queue_wait_seconds_count{outcome="abandoned",queue="hotline"} 1`,
		`shouwen_sip_responses_total{code="200",direction="sent",method="REGISTER"} 2`,
		"shouwen_build_info{",
		fmt.Sprintf(`shouwen_agent_contacts_total{agent=%q} 1`, b.Agents[0].User),
		fmt.Sprintf(`shouwen_agent_contacts_total{agent=%q} 0`, b.Agents[1].User),
		fmt.Sprintf(`shouwen_agent_contact_seconds_total{agent=%q,part="wrapup"} 0`, b.Agents[0].User),
		fmt.Sprintf(`shouwen_agent_offers_missed_total{agent=%q,reason="declined"} 1`, b.Agents[1].User),
	} {
		b.scrapes(t, want)
	}
	b.promtool(t)

	var list struct {
		Cases []struct{ Number, State string }
	}
	b.get(t, "/cases", &list)
	if len(list.Cases) != 2 {
		t.Fatalf("cases %+v", list)
	}
	var one map[string]any
	b.get(t, "/cases/"+list.Cases[1].Number, &one)
	if events, _ := one["events"].([]any); len(events) != 3 {
		t.Errorf("case %v", one)
	}
	for token, want := range map[string]int{"": 401, "sw_wrong": 401, b.API.Token: 404} {
		if got := status(t, b.API.Base+"/cases/261124-1-9999", token); got != want {
			t.Errorf("an unknown case with token %.5q: %d, want %d", token, got, want)
		}
	}
	var document map[string]any
	b.get(t, "/openapi.json", &document)
	if document["openapi"] == nil {
		t.Error("no OpenAPI document")
	}
}

// fetch gets a URL, with the token unless it is empty.
func fetch(t *testing.T, url, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func status(t *testing.T, url, token string) int {
	t.Helper()
	code, _ := fetch(t, url, token)
	return code
}

// TestShownWhileItRings: a call is queued until a phone rings for it, and again when
// none does any more.
func TestShownWhileItRings(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, func(c *Config) { c.HTTP = HTTPConfig{Console: "127.0.0.1:0", Metrics: "127.0.0.1:0"} })
	shown := func(want string) {
		t.Helper()
		until(t, "the call is shown as "+want, func() bool {
			var live struct{ Calls []struct{ State string } }
			b.get(t, "/calls", &live)
			return len(live.Calls) == 1 && live.Calls[0].State == want
		})
		b.scrapes(t, fmt.Sprintf(`shouwen_calls_in_progress{direction="inbound",state=%q} 1`, want))
	}
	caller := b.dial(numbered(1))
	shown("queued")
	phones := b.agents(1)
	rings := phones[0].Incoming()
	shown("ringing")
	rings.Reject(486)
	shown("queued")
	caller.Hangup()
}

// get reads a page of the API.
func (b *bed) get(t *testing.T, path string, v any) {
	t.Helper()
	code, body := fetch(t, b.API.Base+path, b.API.Token)
	if code != 200 {
		t.Fatalf("GET %s: %d %s", path, code, body)
	}
	if err := json.Unmarshal([]byte(body), v); err != nil {
		t.Fatal(err)
	}
}

// scrapes waits until a line of /metrics begins with want.
func (b *bed) scrapes(t *testing.T, want string) {
	t.Helper()
	var body string
	defer func() {
		name, _, _ := strings.Cut(want, "{")
		for line := range strings.Lines(body) {
			if t.Failed() && strings.HasPrefix(line, name) {
				t.Logf("there is %s", line)
			}
		}
	}()
	until(t, want, func() bool {
		_, body = fetch(t, b.MetricsURL, "")
		return strings.Contains(body, "\n"+want)
	})
}

// promtool has the judge of Prometheus look at a scrape.
func (b *bed) promtool(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Log("promtool is not installed (Debian: apt install prometheus): metrics not linted")
		return
	}
	_, body := fetch(t, b.MetricsURL, "")
	cmd := exec.Command("promtool", "check", "metrics")
	cmd.Stdin = strings.NewReader(body)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// TestExamplesOfTheReadme: every call of the API that the README shows works as it
// stands there, in a folder with ready.json.
func TestExamplesOfTheReadme(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"curl", "jq", "uuidgen"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s (packages curl, jq, uuid-runtime)", program)
		}
	}
	b := newBed(t, 1, func(c *Config) { c.HTTP.Console = "127.0.0.1:0" })
	b.talk(b.agents(1), 0)
	var list struct {
		Cases []struct{ Number string }
	}
	until(t, "the case is in PostgreSQL", func() bool {
		b.get(t, "/cases", &list)
		return len(list.Cases) == 1
	})
	dir := t.TempDir()
	ready, err := json.Marshal(b.Ready)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, readyFile), ready, 0o600); err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## API\n")
	section, _, _ = strings.Cut(section, "\n## ")
	examples := strings.Split(section, "\n    curl ")[1:]
	if len(examples) < 7 {
		t.Fatalf("%d examples", len(examples))
	}
	for _, example := range examples {
		example, _, _ = strings.Cut(example, "\n\n")
		c := exec.CommandContext(t.Context(), "sh", "-c", "curl --fail-with-body --silent --show-error "+example)
		c.Dir, c.Env = dir, append(os.Environ(), "NUMBER="+list.Cases[0].Number)
		out, err := c.CombinedOutput()
		if err != nil || strings.Contains(example, "$NUMBER") && !strings.Contains(string(out), list.Cases[0].Number) {
			t.Errorf("curl %s: %v\n%s", example, err, out)
		}
	}
}
