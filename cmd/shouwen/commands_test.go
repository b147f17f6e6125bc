package main

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shouwen/sip/siptest"
)

// TestDemo: the story plays to its end, with the prompts callers really hear.
func TestDemo(t *testing.T) {
	t.Parallel()
	c := launch(t, "demo", "--keep", dataDir(t))
	if err := c.wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	for _, want := range []string{"Shouwen is ready", "hear each other", "first-asker 1002", "first-asker nobody", "ledger ok: 4 events"} {
		if !strings.Contains(c.output.String(), want) {
			t.Errorf("does not say %q", want)
		}
	}
}

// TestCommands: the commands beside a server, while it runs and when it does not.
func TestCommands(t *testing.T) {
	t.Parallel()
	p := prepare(t, time.Second)
	says := func(want string, args ...string) string {
		t.Helper()
		c := launch(t, args...)
		if err := c.wait(); err != nil || !strings.Contains(c.output.String(), want) {
			t.Errorf("%v: %v, want %q in\n%s", args, err, want, c.output)
		}
		return c.output.String()
	}
	refuses := func(want string, args ...string) {
		t.Helper()
		c := launch(t, args...)
		if err := c.wait(); err == nil || !strings.Contains(c.output.String(), want) {
			t.Errorf("%v: %v, want %q in\n%s", args, err, want, c.output)
		}
	}
	says("shouwen "+version, "version")
	refuses("start the server once", "user", "--data", p.data)

	c := p.start(t, "--agents", "2")
	for _, a := range c.Agents {
		says(a.Password, "user", "--data", p.data)
	}
	says("ledger ok: 0 events", "ledger", "verify", "--data", p.data)
	says("首问登记台账", "export", "--data", p.data)
	refuses("no register", "export", "lost", "--data", p.data)
	file := filepath.Join(t.TempDir(), "register.csv")
	says("first_ask_register_2026-11-01_2026-11-30.csv: 0 lines", "export", "first_ask_register", "--format", "csv", "--from", "2026-11-01", "-o", file, "--data", p.data)
	refuses("exists", "export", "first_ask_register", "-o", file, "--data", p.data)
	says("\uFEFF工单编号", "export", "first_ask_register", "--format", "csv", "-o", "-", "--data", p.data)
	says("user 1003, extension 1003", "user", "add", "1003", "--data", p.data)
	refuses("user 1003 is there twice", "user", "add", "1003", "--data", p.data)
	refuses("cannot stand in a SIP address", "user", "add", "a@b", "--data", p.data)
	says("user 1001, extension 1001", "user", "pass", "1001", "--data", p.data)
	shown := says("password of the console", "user", "pass", "1001", "--console", "--data", p.data)
	_, secret, _ := strings.Cut(shown, "password of the console ")
	secret, _, _ = strings.Cut(secret, "\n")
	refuses("no phone", "user", "del", "1009", "--data", p.data)
	says("", "user", "del", "1002", "--data", p.data)
	c.terminate()

	again := p.start(t, "--agents", "2")
	if len(again.Agents) != 2 || again.Agents[0].User != "1001" || again.Agents[1].User != "1003" || again.Agents[0].Password == c.Agents[0].Password {
		t.Errorf("phones after the changes: %v, before %v", again.Agents, c.Agents)
	}
	for password, want := range map[string]int{secret: http.StatusSeeOther, again.Agents[0].Password: http.StatusForbidden} {
		if got := signIn(t, again.Console, "1001", password); got != want {
			t.Errorf("sign-in with password %s: %d, want %d", password, got, want)
		}
	}
	register(t, again.Ready, 1, siptest.Config{})
	old := siptest.New(t, again.SIP.UDP, siptest.Config{User: "1001", Password: c.Agents[0].Password, Domain: again.SIP.Domain, Patience: patience})
	if _, err := old.Phone.Register(t.Context()); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("REGISTER with the old password: %v, want 403", err)
	}
	again.terminate()
	says("ledger ok: 0 events", "ledger", "verify", "--data", p.data)
	noneLeft(t, p.data)
}

// signIn returns the status of signing in to the console.
func signIn(t *testing.T, console, user, password string) int {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := client.PostForm(console+"sign-in", url.Values{"user": {user}, "password": {password}})
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	return r.StatusCode
}
